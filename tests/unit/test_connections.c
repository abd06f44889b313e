/* tests/unit/test_connections.c - several connections to one host. */
#include "tests/unit/hosts_rig.h"
#include "tests/unit/suites.h"

/* The server has accepted them; here they may be in their handshake yet. */
static void until_connections(struct rig *r, uint32_t count) {
  struct seen seen;

  ck_assert(rig_standing(r, count));
  do
    seen_look(r, &seen);
  while (seen.hosts[0].host.connections < count);
}

START_TEST(several_connections) {
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.connections_per_host = 3;
  rig_connect(&r);
  until_connections(&r, 3);
  rig_fini(&r);
}
END_TEST

/* What a connection owes an answer to counts, also when nobody waits for it. */
START_TEST(the_least_loaded) {
  struct done d;
  struct rig r;
  int crowded;

  rig_init(&r, (enum rig_mode)_i);
  r.options.connections_per_host = 2;
  r.options.increment_timeout_ms = 100;
  rig_connect(&r);
  until_connections(&r, 2);
  rig_applied(&r, "/home");
  script_next_kind(r.server, AT_UPDATE, SCRIPT_IGNORE, 1);
  rig_increment(&r, "/slow", 1, &d);
  ck_assert_int_eq(d.outcome, TALLY_UNKNOWN);
  crowded = script_shard_seen(r.server, "/slow");
  for (int i = 0; i < 10; i++) {
    rig_applied(&r, "/next");
    ck_assert_int_ne(script_shard_seen(r.server, "/next"), crowded);
  }
  rig_fini(&r);
}
END_TEST

/* With every answer to the one that stands the next attempt came at once. */
START_TEST(one_of_several_is_refused) {
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.connections_per_host = 2;
  r.options.reconnect_max_ms = 10000;
  r.options.heartbeat_ms = 60000;
  /* The contact point's connection comes first. */
  script_next_kind(r.server, AT_OPTIONS, SCRIPT_NORMAL, 1);
  script_next_kind(r.server, AT_OPTIONS, SCRIPT_CLOSE, 0);
  rig_connect(&r);
  ck_assert(rig_accepted(&r, 4));
  for (int i = 0; i < 3000; i++)
    rig_applied(&r, "/home");
  /* Each pause is, in the mean, twice the one before. */
  ck_assert_uint_lt(script_accepted(r.server), 40);
  rig_fini(&r);
}
END_TEST

Suite *connections_suite(void) {
  Suite *s = suite_create("connections");
  TCase *tc = tcase_create("modes");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, several_connections, 0, RIG_MODES);
  tcase_add_loop_test(tc, the_least_loaded, 0, RIG_MODES);
  tcase_add_loop_test(tc, one_of_several_is_refused, 0, RIG_MODES);
  suite_add_tcase(s, tc);
  return s;
}
