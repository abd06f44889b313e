/* tests/live/suites.h - every suite, once: main.c and CMake read this list.
 * A suite named x is x_suite(), in test_x.c. */
#ifndef TALLY_LIVE_SUITES_H
#define TALLY_LIVE_SUITES_H

#include <check.h>

/* clang-format off */
#define LIVE_SUITES(XX) \
  XX(page) \
  XX(coodie) \
  XX(conformance) \
  XX(conformance_find) \
  XX(conformance_paging) \
  XX(conformance_schema) \
  XX(conformance_cql) \
  XX(keys) \
  XX(names) \
  XX(statics) \
  XX(find) \
  XX(rules) \
  XX(delete) \
  XX(batch) \
  XX(execute) \
  XX(learned) \
  XX(modes) \
  XX(callbacks) \
  XX(schema) \
  XX(sync) \
  XX(alter) \
  XX(volume) \
  XX(threads) \
  XX(node)
/* clang-format on */

#define LIVE_DECLARE(name) Suite *name##_suite(void);
LIVE_SUITES(LIVE_DECLARE)
#undef LIVE_DECLARE

#endif
