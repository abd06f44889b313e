/* tests/unit/test_cluster.c - three scripted hosts: what goes where, what goes
 * on to another host, and what is made of what servers tell. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/suites.h"
#include "tests/unit/town.h"

/* ---- Routing ------------------------------------------------------------ */

START_TEST(to_the_owner) {
  struct town t;

  town_begin(&t, (enum rig_mode)_i, 1);
  town_connect(&t);
  town_warm_up(&t);
  for (int n = 0; n < 60; n++) {
    const char *key = town_key(n % TOWN_HOSTS, n);

    rig_applied(&t.r, key);
    for (int i = 0; i < TOWN_HOSTS; i++)
      ck_assert_uint_eq(town_seen(&t, i, key), i == n % TOWN_HOSTS);
  }
  town_fini(&t);
}
END_TEST

/* Replicas are the owner and the next one of the ring. */
START_TEST(to_two_replicas) {
  unsigned first = 0, second = 0;
  struct town t;

  town_begin(&t, (enum rig_mode)_i, 2);
  town_connect(&t);
  town_warm_up(&t);
  for (int n = 0; n < 60; n++) {
    const char *key = town_key(2, n);

    rig_applied(&t.r, key);
    ck_assert_uint_eq(town_seen(&t, 1, key), 0);
    first += town_seen(&t, 2, key);
    second += town_seen(&t, 0, key);
  }
  ck_assert_uint_gt(first, 5);
  ck_assert_uint_gt(second, 5);
  town_fini(&t);
}
END_TEST

/* ---- The next host ------------------------------------------------------ */

/* The tail of UNAVAILABLE: LOCAL_QUORUM needs 2, one is alive. */
static const uint8_t unavailable_tail[] = {0, 6, 0, 0, 0, 2, 0, 0, 0, 1};
static const struct script_step unavailable = {.kind = SCRIPT_ERROR,
                                               .code = 0x1000,
                                               .bytes = unavailable_tail,
                                               .len = sizeof unavailable_tail};

START_TEST(unavailable_once) {
  struct done done = {0};
  unsigned asked = 0;
  struct town t;
  const char *key;

  town_begin(&t, (enum rig_mode)_i, 1);
  town_connect(&t);
  town_warm_up(&t);
  script_next(t.hosts[1], AT_UPDATE, &unavailable, 1);
  key = town_key(1, 1);
  rig_applied(&t.r, key);
  ck_assert_uint_eq(town_seen(&t, 1, key), 1);
  ck_assert_uint_eq(town_seen(&t, 0, key) + town_seen(&t, 2, key), 1);

  /* All of them: two are asked, and both are in the error. */
  for (int i = 0; i < TOWN_HOSTS; i++)
    script_next(t.hosts[i], AT_UPDATE, &unavailable, 0);
  key = town_key(1, 2);
  rig_increment(&t.r, key, 1, &done);
  ck_assert_int_eq(done.status, TALLY_EUNAVAILABLE);
  ck_assert_int_eq(done.outcome, TALLY_NOT_APPLIED);
  for (int i = 0; i < TOWN_HOSTS; i++)
    asked += town_seen(&t, i, key);
  ck_assert_uint_eq(asked, 2);
  ck_assert_msg(strstr(done.error.detail, script_host(t.hosts[1])) != NULL,
                "%s", done.error.detail);
  ck_assert_ptr_nonnull(
      strstr(done.error.detail, "not enough replicas alive: 0x1000"));
  ck_assert_ptr_nonnull(strstr(done.error.detail, "; 127.0.0.1:"));
  town_fini(&t);
}
END_TEST

START_TEST(bootstrapping_each_once) {
  struct done done = {0};
  struct town t;
  const char *key;

  town_begin(&t, (enum rig_mode)_i, 1);
  town_connect(&t);
  town_warm_up(&t);
  for (int i = 0; i < TOWN_HOSTS; i++)
    script_next_error(t.hosts[i], AT_UPDATE, 0x1002, 0);
  key = town_key(0, 1);
  rig_increment(&t.r, key, 1, &done);
  ck_assert_int_eq(done.outcome, TALLY_NOT_APPLIED);
  for (int i = 0; i < TOWN_HOSTS; i++) {
    ck_assert_uint_eq(town_seen(&t, i, key), 1);
    ck_assert_msg(strstr(done.error.detail, script_host(t.hosts[i])) != NULL,
                  "%s", done.error.detail);
  }
  town_fini(&t);
}
END_TEST

/* It may have been applied: nobody else hears of it. */
START_TEST(unknown_goes_nowhere) {
  static const enum script_kind ends[] = {SCRIPT_CLOSE, SCRIPT_RESET};
  struct done done = {0};
  struct town t;
  const char *key;

  town_begin(&t, (enum rig_mode)(_i / 3), 1);
  town_connect(&t);
  town_warm_up(&t);
  if (_i % 3 == 2)
    script_next_error(t.hosts[1], AT_UPDATE, 0x1001, 1); /* OVERLOADED */
  else
    script_next_kind(t.hosts[1], AT_UPDATE, ends[_i % 3], 1);
  key = town_key(1, 1);
  rig_increment(&t.r, key, 1, &done);
  ck_assert_int_eq(done.status, TALLY_EUNKNOWN);
  ck_assert_uint_eq(town_seen(&t, 1, key), 1);
  ck_assert_uint_eq(town_seen(&t, 0, key) + town_seen(&t, 2, key), 0);
  town_fini(&t);
}
END_TEST

/* 0x1200: READ_TIMEOUT, 1 of 1 has answered, without the data. */
static const uint8_t enough_tail[] = {0, 6, 0, 0, 0, 1, 0, 0, 0, 1, 0};
static const struct script_step read_ends[] = {
    {.kind = SCRIPT_ERROR,
     .code = 0x1000,
     .bytes = unavailable_tail,
     .len = sizeof unavailable_tail},
    {.kind = SCRIPT_ERROR, .code = 0x1001},
    {.kind = SCRIPT_ERROR, .code = 0x1002},
    {.kind = SCRIPT_ERROR,
     .code = 0x1200,
     .bytes = enough_tail,
     .len = sizeof enough_tail},
    {.kind = SCRIPT_CLOSE},
    {.kind = SCRIPT_RESET},
};
enum { READ_ENDS = sizeof read_ends / sizeof read_ends[0] };

static unsigned selects(const struct town *t) {
  unsigned sum = 0;

  for (int i = 0; i < TOWN_HOSTS; i++)
    sum += script_count(t->hosts[i], AT_SELECT);
  return sum;
}

START_TEST(a_read_elsewhere_once) {
  struct town t;
  unsigned before;

  town_begin(&t, (enum rig_mode)(_i / READ_ENDS), 1);
  town_connect(&t);
  town_warm_up(&t);
  script_next(t.hosts[1], AT_SELECT, &read_ends[_i % READ_ENDS], 1);
  before = selects(&t);
  rig_answered(&t.r, town_key(1, 1));
  ck_assert_uint_eq(selects(&t) - before, 2);
  ck_assert_uint_eq(script_count(t.hosts[1], AT_SELECT), 1);
  town_fini(&t);
}
END_TEST

/* A host that refuses to prepare, being overloaded, bootstrapping or about to
 * shut down, has not refused the statement. */
START_TEST(prepared_elsewhere) {
  int32_t code = _i % 2 == 0 ? 0x1001 : 0x1002;
  struct town t;
  const char *key;

  town_begin(&t, (enum rig_mode)(_i / 2), 1);
  town_connect(&t);
  town_warm_up(&t);
  script_next_kind(t.hosts[1], AT_UPDATE, SCRIPT_UNPREPARED, 1);
  script_next_error(t.hosts[1], AT_PREPARE, code, 1);
  key = town_key(1, 1);
  rig_applied(&t.r, key);
  ck_assert_uint_eq(town_seen(&t, 1, key), 1);
  ck_assert_uint_eq(town_seen(&t, 0, key) + town_seen(&t, 2, key), 1);
  key = town_key(1, 2);
  rig_applied(&t.r, key);
  ck_assert_uint_eq(town_seen(&t, 1, key), 1);
  town_fini(&t);
}
END_TEST

/* Nothing is lost with a host that falls silent before it has prepared. */
START_TEST(prepare_unanswered) {
  struct town t;
  const char *key;

  town_begin(&t, (enum rig_mode)_i, 1);
  t.r.options.read_timeout_ms = 100;
  t.r.options.increment_timeout_ms = 3000;
  town_connect(&t);
  town_warm_up(&t);
  script_next_kind(t.hosts[1], AT_UPDATE, SCRIPT_UNPREPARED, 1);
  script_next_kind(t.hosts[1], AT_PREPARE, SCRIPT_HOLD, 0);
  key = town_key(1, 1);
  rig_applied(&t.r, key);
  ck_assert_uint_eq(town_seen(&t, 1, key), 1);
  ck_assert_uint_eq(town_seen(&t, 0, key) + town_seen(&t, 2, key), 1);
  town_fini(&t);
}
END_TEST

/* ---- Hosts that go and come --------------------------------------------- */

START_TEST(a_dead_host_is_left_alone) {
  struct town t;

  town_begin(&t, (enum rig_mode)_i, 1);
  t.r.options.reconnect_max_ms = 100;
  town_connect(&t);
  town_warm_up(&t);
  script_listen(t.hosts[1], false);
  script_drop(t.hosts[1], true);
  /* At worst the first one is written before the end is seen. */
  for (int n = 0; n < 20; n++) {
    struct done done = {0};

    rig_increment(&t.r, town_key(1, n), 1, &done);
    ck_assert(done.outcome == TALLY_APPLIED ||
              (n == 0 && done.outcome == TALLY_UNKNOWN));
  }
  script_listen(t.hosts[1], true);
  ck_assert(town_standing(&t, 1, 1));
  town_warm_up(&t);
  town_fini(&t);
}
END_TEST

/* The control connection was to the first one, and is to another now: what
 * that one tells is heard. */
START_TEST(the_control_connection_moves) {
  unsigned others;
  struct town t;

  town_begin(&t, (enum rig_mode)_i, 1);
  t.r.options.reconnect_min_ms = 60000; /* nobody comes back by itself */
  t.r.options.reconnect_max_ms = 60000;
  town_connect(&t);
  town_warm_up(&t);
  ck_assert_uint_ge(script_count(t.hosts[0], AT_CONTROL), 3);
  script_drop(t.hosts[0], true);
  for (int n = 0; n < 1000; n++) {
    others = script_count(t.hosts[1], AT_CONTROL) +
             script_count(t.hosts[2], AT_CONTROL);
    if (others >= 3)
      break;
    rig_step(&t.r);
  }
  ck_assert_uint_ge(others, 3);
  for (int i = 1; i < TOWN_HOSTS; i++)
    script_tell(t.hosts[i], "STATUS_CHANGE", "UP", t.hosts[0]);
  town_fini(&t);
}
END_TEST

START_TEST(a_new_node) {
  struct town t;

  town_begin(&t, (enum rig_mode)_i, 1);
  script_cluster(t.hosts, 2);
  rig_connect(&t.r);
  ck_assert(town_standing(&t, 1, 1));
  ck_assert_uint_eq(script_accepted(t.hosts[2]), 0);
  script_cluster(t.hosts, TOWN_HOSTS);
  script_tell(t.hosts[0], "TOPOLOGY_CHANGE", "NEW_NODE", t.hosts[2]);
  ck_assert(town_standing(&t, 2, 1));
  town_warm_up(&t);
  town_fini(&t);
}
END_TEST

START_TEST(a_removed_node) {
  struct town t;

  town_begin(&t, (enum rig_mode)_i, 1);
  town_connect(&t);
  town_warm_up(&t);
  script_cluster(t.hosts, 2);
  script_tell(t.hosts[0], "TOPOLOGY_CHANGE", "REMOVED_NODE", t.hosts[2]);
  ck_assert(town_standing(&t, 2, 0));
  for (int n = 0; n < 20; n++) {
    const char *key = town_key(2, n);

    rig_applied(&t.r, key);
    ck_assert_uint_eq(town_seen(&t, 2, key), 0);
  }
  ck_assert_uint_eq(script_accepted(t.hosts[2]), 1);
  town_fini(&t);
}
END_TEST

/* Events lie: a host that answers is up, whatever is told of it. */
START_TEST(down_of_a_live_host) {
  unsigned asked;
  struct town t;

  town_begin(&t, (enum rig_mode)_i, 1);
  town_connect(&t);
  town_warm_up(&t);
  asked = script_count(t.hosts[1], AT_OPTIONS);
  script_tell(t.hosts[0], "STATUS_CHANGE", "DOWN", t.hosts[1]);
  ck_assert(town_count(&t, 1, AT_OPTIONS, asked + 1)); /* it is probed */
  town_warm_up(&t);
  ck_assert_uint_eq(script_accepted(t.hosts[1]), 1);
  town_fini(&t);
}
END_TEST

/* Half open: nothing is answered, and nothing refused.  DOWN makes it known
 * long before the heartbeat would. */
START_TEST(down_of_a_silent_host) {
  struct town t;

  town_begin(&t, (enum rig_mode)_i, 1);
  t.r.options.heartbeat_ms = 600000;
  t.r.options.heartbeat_timeout_ms = 100;
  t.r.options.reconnect_min_ms = 60000;
  t.r.options.reconnect_max_ms = 60000;
  town_connect(&t);
  town_warm_up(&t);
  script_next_kind(t.hosts[1], AT_OPTIONS, SCRIPT_IGNORE, 0);
  script_tell(t.hosts[0], "STATUS_CHANGE", "DOWN", t.hosts[1]);
  ck_assert(town_standing(&t, 1, 0));
  rig_applied(&t.r, town_key(1, 1));
  town_fini(&t);
}
END_TEST

START_TEST(up_is_tried_soon) {
  struct town t;

  town_begin(&t, (enum rig_mode)_i, 1);
  t.r.options.reconnect_min_ms = 50;
  t.r.options.reconnect_max_ms = 600000;
  town_connect(&t);
  town_warm_up(&t);
  script_listen(t.hosts[1], false);
  script_drop(t.hosts[1], true);
  /* Pauses have grown to seconds by then. */
  for (uint64_t end = rig_ms() + 1500; rig_ms() < end;)
    rig_step(&t.r);
  script_listen(t.hosts[1], true);
  script_tell(t.hosts[0], "STATUS_CHANGE", "UP", t.hosts[1]);
  ck_assert(town_standing(&t, 1, 1));
  town_fini(&t);
}
END_TEST

/* ---- Reading the tables ------------------------------------------------- */

/* Before Cassandra 4.0, and on ScyllaDB: system.peers, which knows no ports. */
START_TEST(without_peers_v2) {
  static const struct script_step normal = {.kind = SCRIPT_NORMAL};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  script_next(r.server, AT_CONTROL, &normal, 2); /* REGISTER, system.local */
  script_next_error(r.server, AT_CONTROL, 0x2200, 1);
  script_next(
      r.server, AT_CONTROL,
      &(struct script_step){.kind = SCRIPT_FRAME,
                            .opcode = 0x08,
                            /* Rows, without metadata, 8 columns, none. */
                            .bytes = "\0\0\0\2\0\0\0\4\0\0\0\10\0\0\0\0",
                            .len = 16},
      1);
  rig_connect(&r);
  rig_applied(&r, "/home");
  ck_assert_uint_ge(script_count(r.server, AT_CONTROL), 4);
  rig_fini(&r);
}
END_TEST

/* It lets clients in, and does not say what it is. */
START_TEST(tables_that_fail) {
  static const struct script_step normal = {.kind = SCRIPT_NORMAL},
                                  none = {.kind = SCRIPT_FRAME,
                                          .opcode = 0x08,
                                          .bytes = "\0\0\0\2\0\0\0\4\0\0\0\7"
                                                   "\0\0\0\0",
                                          .len = 16},
                                  refused = {.kind = SCRIPT_ERROR,
                                             .code = 0x2100},
                                  silent = {.kind = SCRIPT_IGNORE};
  static const struct script_step *const steps[] = {&none, &refused, &silent};
  static const char *const words[] = {"system tables cannot be read", "0x2100",
                                      "no answer in time"};
  struct rig r;

  rig_init(&r, (enum rig_mode)(_i / 6));
  r.options.connect_timeout_ms = 300;
  if (_i % 6 >= 3) /* REGISTER does, system.local does not */
    script_next(r.server, AT_CONTROL, &normal, 1);
  script_next(r.server, AT_CONTROL, steps[_i % 3], 0);
  ck_assert_int_ne(rig_try_connect(&r), 0);
  if (_i % 6 >= 3 || _i % 3 > 0)
    ck_assert_msg(strstr(r.error.detail, words[_i % 3]) != NULL, "%s",
                  r.error.detail);
  ck_assert_ptr_nonnull(strstr(r.error.detail, script_host(r.server)));
  rig_fini(&r);
}
END_TEST

/* ---- Loops -------------------------------------------------------------- */

/* Four loops share what one of them reads; each has its own connections. */
START_TEST(several_loops) {
  struct town t;

  town_begin(&t, RIG_THREADS, 1);
  t.r.options.io_threads = 4;
  rig_connect(&t.r);
  for (int i = 0; i < TOWN_HOSTS; i++)
    ck_assert(town_standing(&t, i, 4));
  ck_assert_uint_eq(script_count(t.hosts[1], AT_CONTROL) +
                        script_count(t.hosts[2], AT_CONTROL),
                    0);
  for (int n = 0; n < 10; n++)
    town_warm_up(&t);
  script_cluster(t.hosts, 2);
  script_tell(t.hosts[0], "TOPOLOGY_CHANGE", "REMOVED_NODE", t.hosts[2]);
  ck_assert(town_standing(&t, 2, 0));
  town_fini(&t);
}
END_TEST

Suite *cluster_suite(void) {
  Suite *s = suite_create("cluster");
  TCase *tc = tcase_create("cluster");

  tcase_set_timeout(tc, 20);
  tcase_add_loop_test(tc, to_the_owner, 0, RIG_MODES);
  tcase_add_loop_test(tc, to_two_replicas, 0, RIG_MODES);
  tcase_add_loop_test(tc, unavailable_once, 0, RIG_MODES);
  tcase_add_loop_test(tc, bootstrapping_each_once, 0, RIG_MODES);
  tcase_add_loop_test(tc, unknown_goes_nowhere, 0, 3 * RIG_MODES);
  tcase_add_loop_test(tc, a_read_elsewhere_once, 0, READ_ENDS * RIG_MODES);
  tcase_add_loop_test(tc, prepared_elsewhere, 0, 2 * RIG_MODES);
  tcase_add_loop_test(tc, prepare_unanswered, 0, RIG_MODES);
  tcase_add_loop_test(tc, a_dead_host_is_left_alone, 0, RIG_MODES);
  tcase_add_loop_test(tc, the_control_connection_moves, 0, RIG_MODES);
  tcase_add_loop_test(tc, a_new_node, 0, RIG_MODES);
  tcase_add_loop_test(tc, a_removed_node, 0, RIG_MODES);
  tcase_add_loop_test(tc, down_of_a_live_host, 0, RIG_MODES);
  tcase_add_loop_test(tc, down_of_a_silent_host, 0, RIG_MODES);
  tcase_add_loop_test(tc, up_is_tried_soon, 0, RIG_MODES);
  tcase_add_loop_test(tc, without_peers_v2, 0, RIG_MODES);
  tcase_add_loop_test(tc, tables_that_fail, 0, 6 * RIG_MODES);
  tcase_add_test(tc, several_loops);
  suite_add_tcase(s, tc);
  return s;
}
