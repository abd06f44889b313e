/* tests/unit/test_unknown_id.c - what ends UNKNOWN has an id, and no other has
 * the same. */
#include <string.h>

#include "tests/support/rig.h"
#include "tests/unit/suites.h"

static void is_unknown(const struct done *d) {
  ck_assert_int_eq(d->calls, 1);
  ck_assert_int_eq(d->status, TALLY_EUNKNOWN);
  ck_assert_int_eq(d->outcome, TALLY_UNKNOWN);
  ck_assert_uint_ne(d->error.operation, 0);
  ck_assert_uint_eq(d->error.reserved, 0);
}

static void answered(struct rig *r, int32_t code, int outcome) {
  struct done d;

  script_next_error(r->server, AT_UPDATE, code, 1);
  rig_increment(r, "/home", 1, &d);
  ck_assert_int_eq(d.outcome, outcome);
  ck_assert((d.error.operation != 0) == (outcome == TALLY_UNKNOWN));
}

/* Every UNKNOWN has one, whatever the reason; nothing else has. */
START_TEST(ids_of_unknowns_alone) {
  struct done d;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  answered(&r, 0x2200, TALLY_NOT_APPLIED);
  answered(&r, 0x1001, TALLY_UNKNOWN);
  answered(&r, 0x1002, TALLY_NOT_APPLIED);
  script_next_kind(r.server, AT_UPDATE, SCRIPT_RESET, 1);
  rig_increment(&r, "/home", 1, &d);
  is_unknown(&d);
  rig_applied(&r, "/next");
  rig_fini(&r);
}
END_TEST

/* Also what closing leaves UNKNOWN. */
START_TEST(ids_at_the_end) {
  struct done done[2] = {{0}};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.close_timeout_ms = 50;
  rig_connect(&r);
  rig_applied(&r, "/first");
  script_next_kind(r.server, AT_UPDATE, SCRIPT_IGNORE, 2);
  rig_submit(&r, "/home", 1, &done[0]);
  rig_submit(&r, "/home", 1, &done[1]);
  ck_assert(rig_served(&r, AT_UPDATE, 3));
  rig_fini(&r);
  is_unknown(&done[0]);
  is_unknown(&done[1]);
  ck_assert_uint_ne(done[0].error.operation, done[1].error.operation);
}
END_TEST

/* In each of several loops. */
START_TEST(ids_are_the_sessions) {
  enum { LOOPS = 3, COUNT = 60 };
  static struct done done[COUNT];
  struct rig r;

  memset(done, 0, sizeof done);
  rig_init(&r, RIG_THREADS);
  r.options.io_threads = LOOPS;
  rig_connect(&r);
  script_next_error(r.server, AT_UPDATE, 0x1001, 0);
  for (int i = 0; i < COUNT; i++)
    rig_submit(&r, "/home", 1, &done[i]);
  for (int i = 0; i < COUNT; i++) {
    ck_assert(rig_done(&r, &done[i]));
    is_unknown(&done[i]);
    for (int j = 0; j < i; j++)
      ck_assert_uint_ne(done[i].error.operation, done[j].error.operation);
  }
  rig_fini(&r);
}
END_TEST

Suite *unknown_id_suite(void) {
  Suite *s = suite_create("unknown_id");
  TCase *tc = tcase_create("modes");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, ids_of_unknowns_alone, 0, RIG_MODES);
  tcase_add_loop_test(tc, ids_at_the_end, 0, RIG_MODES);
  tcase_add_test(tc, ids_are_the_sessions);
  suite_add_tcase(s, tc);
  return s;
}
