/* tests/unit/test_no_tls.c - a build without TLS (-DTALLY_TLS=OFF) says so. */
#include <string.h>

#include "tests/support/rig.h"
#include "tests/unit/suites.h"

START_TEST(asking_for_it) {
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.tls = TALLY_TLS_VERIFY_FULL;
  ck_assert_int_eq(rig_try_connect(&r), TALLY_EINVAL);
  ck_assert_ptr_nonnull(strstr(r.error.message, "option tls: this build"));
  ck_assert_uint_eq(script_accepted(r.server), 0);
  rig_fini(&r);
}
END_TEST

Suite *channel_suite(void) {
  return suite_create("channel");
}

Suite *tls_hostile_suite(void) {
  return suite_create("tls_hostile");
}

Suite *tls_matrix_suite(void) {
  return suite_create("tls_matrix");
}

Suite *tls_relay_suite(void) {
  return suite_create("tls_relay");
}

Suite *tls_session_suite(void) {
  return suite_create("tls_session");
}

Suite *tls_suite(void) {
  Suite *s = suite_create("tls");
  TCase *tc = tcase_create("none");

  tcase_add_loop_test(tc, asking_for_it, 0, RIG_MODES);
  suite_add_tcase(s, tc);
  return s;
}
