/* tests/unit/test_session.c - the life of a session: callbacks, limits, and
 * closing with operations in flight. */
#include <string.h>

#include "tests/support/rig.h"
#include "tests/unit/suites.h"

/* ---- Blocking calls where they cannot be -------------------------------- */

struct inside {
  struct done done;
  struct rig *r;
};

static void deadlocks(struct rig *r) {
  page_hits row = {.url = "/home", .views = 1};
  tally_table *table;
  uint64_t nulls;

  ck_assert_int_eq(tally_increment(r->hits, &row, &r->error), TALLY_EDEADLK);
  ck_assert_int_eq(r->error.code, TALLY_EDEADLK);
  ck_assert_int_eq(r->error.outcome, TALLY_NOT_APPLIED);
  ck_assert_str_ne(r->error.message, "");
  ck_assert_str_ne(r->error.hint, "");
  ck_assert_int_eq(tally_decrement(r->hits, &row, NULL), TALLY_EDEADLK);
  ck_assert_int_eq(tally_get(r->hits, &row, NULL), TALLY_EDEADLK);
  ck_assert_int_eq(tally_get_nulls(r->hits, &row, &nulls, NULL), TALLY_EDEADLK);
  ck_assert_int_eq(tally_sync_table(r->hits, NULL, NULL), TALLY_EDEADLK);
  ck_assert_int_eq(tally_create_keyspace(r->session, "ks", NULL, NULL),
                   TALLY_EDEADLK);
  ck_assert_int_eq(tally_table_open_name(&table, r->session, "page_hits", NULL),
                   TALLY_EDEADLK);
  ck_assert_int_eq(tally_close(r->session), TALLY_EDEADLK);
  if (r->mode == RIG_INLINE)
    ck_assert_int_eq(tally_poll(r->session, 0, NULL), TALLY_EDEADLK);
}

static void deadlocks_in_callback(void *user, const tally_result *result) {
  struct inside *inside = user;

  deadlocks(inside->r);
  done_record(&inside->done, result);
}

START_TEST(blocking_call_in_a_callback) {
  page_hits row = {.url = "/first", .views = 1};
  struct inside inside = {0};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  inside.r = &r;
  ck_assert_int_eq(tally_increment_async(r.hits, &row, deadlocks_in_callback,
                                         &inside, &r.error),
                   0);
  ck_assert(rig_done(&r, &inside.done));
  ck_assert_int_eq(inside.done.outcome, TALLY_APPLIED);
  /* Nothing of it reached the server. */
  rig_applied(&r, "/next");
  ck_assert_uint_eq(script_count(r.server, AT_UPDATE), 2);
  rig_fini(&r);
}
END_TEST

START_TEST(blocking_call_on_the_callers_loop) {
  struct rig r;

  rig_init(&r, RIG_GUEST);
  rig_connect(&r);
  deadlocks(&r);
  rig_fini(&r);
}
END_TEST

START_TEST(poll_is_for_inline_sessions) {
  struct rig r;

  rig_init(&r, _i == 0 ? RIG_THREADS : RIG_GUEST);
  rig_connect(&r);
  ck_assert_int_eq(tally_poll(r.session, 0, &r.error), TALLY_EINVAL);
  ck_assert_ptr_nonnull(strstr(r.error.message, "inline"));
  if (r.mode == RIG_THREADS) {
    ck_assert_int_eq(tally_backend_fd(r.session), -1);
    ck_assert_int_eq(tally_backend_timeout(r.session), -1);
  }
  rig_fini(&r);
}
END_TEST

START_TEST(poll_counts_what_is_pending) {
  struct done done[3] = {{0}};
  struct rig r;

  rig_init(&r, RIG_INLINE);
  rig_connect(&r);
  ck_assert_int_eq(tally_poll(r.session, -1, NULL), 0);
  script_next_kind(r.server, AT_UPDATE, SCRIPT_HOLD, 3);
  for (int i = 0; i < 3; i++)
    rig_submit(&r, "/home", 1, &done[i]);
  ck_assert_int_eq(tally_poll(r.session, 0, NULL) >= 3, 1);
  ck_assert(rig_served(&r, AT_UPDATE, 3));
  ck_assert_int_eq(tally_poll(r.session, 1, NULL), 3);
  script_release(r.server);
  while (tally_poll(r.session, 1000, NULL) > 0)
    continue;
  for (int i = 0; i < 3; i++)
    ck_assert_int_eq(done[i].calls, 1);
  rig_fini(&r);
}
END_TEST

/* ---- Callbacks that go on ----------------------------------------------- */

struct chain {
  struct done done;
  struct rig *r;
  int left;
};

static void go_on(void *user, const tally_result *result) {
  page_hits row = {.url = "/chain", .views = 1};
  struct chain *chain = user;

  ck_assert_int_eq(result->outcome, TALLY_APPLIED);
  if (--chain->left == 0)
    done_record(&chain->done, result);
  else
    ck_assert_int_eq(
        tally_increment_async(chain->r->hits, &row, go_on, chain, NULL), 0);
}

/* One slot is enough: it is free again when the callback runs. */
START_TEST(callbacks_submit) {
  page_hits row = {.url = "/chain", .views = 1};
  struct chain chain = {.left = 200};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.max_in_flight = 1;
  rig_connect(&r);
  chain.r = &r;
  ck_assert_int_eq(tally_increment_async(r.hits, &row, go_on, &chain, NULL), 0);
  ck_assert(rig_done(&r, &chain.done));
  ck_assert_int_eq(script_sum(r.server, "/chain", "views"), 200);
  rig_fini(&r);
}
END_TEST

/* A callback never runs inside the call that submits. */
START_TEST(never_inside_the_submit) {
  struct done d = {0};
  struct rig r;

  rig_init(&r, _i == 0 ? RIG_GUEST : RIG_INLINE);
  rig_connect(&r);
  rig_submit(&r, "/home", 1, &d);
  ck_assert_int_eq(d.calls, 0);
  ck_assert(rig_done(&r, &d));
  rig_fini(&r);
}
END_TEST

START_TEST(callback_may_be_null) {
  page_hits row = {.url = "/home", .views = 1};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  ck_assert_int_eq(tally_increment_async(r.hits, &row, NULL, NULL, NULL), 0);
  ck_assert(rig_served(&r, AT_UPDATE, 1));
  rig_applied(&r, "/home");
  ck_assert_int_eq(script_sum(r.server, "/home", "views"), 2);
  rig_fini(&r);
}
END_TEST

/* ---- The limit ---------------------------------------------------------- */

START_TEST(busy_at_the_limit) {
  enum { LIMIT = 4 };
  page_hits row = {.url = "/home", .views = 1};
  struct done done[LIMIT] = {{0}}, never = {0};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.max_in_flight = LIMIT;
  rig_connect(&r);
  script_next_kind(r.server, AT_UPDATE, SCRIPT_HOLD, LIMIT);
  for (int i = 0; i < LIMIT; i++)
    rig_submit(&r, "/home", 1, &done[i]);
  ck_assert_int_eq(
      tally_increment_async(r.hits, &row, done_record, &never, &r.error),
      TALLY_EBUSY);
  ck_assert_int_eq(r.error.outcome, TALLY_NOT_APPLIED);
  ck_assert_ptr_nonnull(strstr(r.error.message, "max_in_flight"));
  ck_assert_int_eq(tally_get_async(r.hits, &row, done_record, &never, NULL),
                   TALLY_EBUSY);
  ck_assert(rig_served(&r, AT_UPDATE, LIMIT));
  script_release(r.server);
  for (int i = 0; i < LIMIT; i++) {
    ck_assert(rig_done(&r, &done[i]));
    ck_assert_int_eq(done[i].outcome, TALLY_APPLIED);
  }
  rig_applied(&r, "/next");
  ck_assert_int_eq(never.calls, 0);
  ck_assert_uint_eq(script_seen(r.server, "/home"), LIMIT);
  rig_fini(&r);
}
END_TEST

/* More than a connection takes: the rest waits its turn, in order. */
START_TEST(more_than_a_connection_takes) {
  enum { COUNT = 500 };
  static struct done done[COUNT];
  struct rig r;

  memset(done, 0, sizeof done);
  rig_init(&r, (enum rig_mode)_i);
  r.options.connection_max_in_flight = 7;
  rig_connect(&r);
  for (int i = 0; i < COUNT; i++)
    rig_submit(&r, "/home", 1, &done[i]);
  for (int i = 0; i < COUNT; i++) {
    ck_assert(rig_done(&r, &done[i]));
    ck_assert_int_eq(done[i].outcome, TALLY_APPLIED);
  }
  ck_assert_int_eq(script_sum(r.server, "/home", "views"), COUNT);
  rig_fini(&r);
}
END_TEST

/* ---- Closing ------------------------------------------------------------ */

enum { OPEN = 50, SENT = 10 };

/* Ten are sent and unanswered, forty wait for room. */
static void leave_open(struct rig *r, enum rig_mode mode, struct done *done) {
  rig_init(r, mode);
  r->options.connection_max_in_flight = SENT;
  r->options.close_timeout_ms = 100;
  rig_connect(r);
  rig_applied(r, "/first");
  script_next_kind(r->server, AT_UPDATE, SCRIPT_HOLD, OPEN);
  for (int i = 0; i < OPEN; i++)
    rig_submit(r, "/home", 1, &done[i]);
  ck_assert(rig_served(r, AT_UPDATE, 1 + SENT));
}

static void check_left_open(struct rig *r, struct done *done) {
  for (int i = 0; i < OPEN; i++) {
    const tally_error *e = &done[i].error;

    ck_assert_int_eq(done[i].calls, 1);
    if (i < SENT) {
      ck_assert_int_eq(done[i].status, TALLY_EUNKNOWN);
      ck_assert_int_eq(e->cause, TALLY_ECLOSED);
    } else {
      ck_assert_int_eq(done[i].status, TALLY_ECLOSED);
      ck_assert_int_eq(done[i].outcome, TALLY_NOT_APPLIED);
    }
  }
  ck_assert_uint_eq(script_seen(r->server, "/home"), SENT);
}

START_TEST(close_with_operations_in_flight) {
  static struct done done[OPEN];
  struct rig r;

  memset(done, 0, sizeof done);
  leave_open(&r, (enum rig_mode)_i, done);
  rig_close(&r);
  check_left_open(&r, done);
  rig_fini(&r);
}
END_TEST

/* What is answered while it closes still counts. */
START_TEST(close_waits_for_answers) {
  static struct done done[OPEN];
  struct rig r;

  memset(done, 0, sizeof done);
  rig_init(&r, (enum rig_mode)_i);
  r.options.connection_max_in_flight = SENT;
  r.options.close_timeout_ms = 20000;
  rig_connect(&r);
  for (int i = 0; i < OPEN; i++)
    rig_submit(&r, "/home", 1, &done[i]);
  rig_close(&r);
  for (int i = 0; i < OPEN; i++) {
    ck_assert_int_eq(done[i].calls, 1);
    ck_assert_int_eq(done[i].outcome, TALLY_APPLIED);
  }
  ck_assert_int_eq(script_sum(r.server, "/home", "views"), OPEN);
  rig_fini(&r);
}
END_TEST

START_TEST(close_of_null) {
  ck_assert_int_eq(tally_close(NULL), 0);
}
END_TEST

/* With no server there: what waits is NOT_APPLIED, and nothing hangs. */
START_TEST(close_without_a_connection) {
  struct done d = {0};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.close_timeout_ms = 100;
  rig_connect(&r);
  script_listen(r.server, false);
  script_drop(r.server, true);
  ck_assert(rig_standing(&r, 0));
  rig_submit(&r, "/home", 1, &d);
  rig_close(&r);
  ck_assert_int_eq(d.calls, 1);
  ck_assert_uint_eq(script_seen(r.server, "/home"), 0);
  rig_fini(&r);
}
END_TEST

/* ---- Closing in a callback ---------------------------------------------- */

struct closing {
  struct done done;   /* the operation whose callback closes */
  struct done closed; /* counts */
  struct done *others;
  struct rig *r;
  int others_at_end;
};

static void on_closed(void *user) {
  struct closing *closing = user;

  for (int i = 0; i < OPEN; i++)
    closing->others_at_end += closing->others[i].calls;
  atomic_fetch_add(&closing->closed.calls, 1);
}

static void close_here(void *user, const tally_result *result) {
  page_hits row = {.url = "/late", .views = 1};
  struct closing *closing = user;
  struct rig *r = closing->r;

  ck_assert_int_eq(tally_close_async(r->session, on_closed, closing), 0);
  ck_assert_int_eq(tally_close_async(r->session, on_closed, closing),
                   TALLY_ECLOSED);
  /* The session's own threads may take a moment to hear of it. */
  if (r->mode != RIG_THREADS) {
    ck_assert_int_eq(
        tally_increment_async(r->hits, &row, done_record, NULL, &r->error),
        TALLY_ECLOSED);
    ck_assert_int_eq(r->error.outcome, TALLY_NOT_APPLIED);
  }
  done_record(&closing->done, result);
}

static bool is_closed(void *arg) {
  return atomic_load(&((struct closing *)arg)->closed.calls) > 0;
}

/* All others end, each once, before `closed` runs. */
START_TEST(close_in_a_callback) {
  static struct done others[OPEN];
  page_hits row = {.url = "/home", .views = 1};
  struct closing closing = {.others = others};
  struct rig r;

  memset(others, 0, sizeof others);
  rig_init(&r, (enum rig_mode)_i);
  r.options.close_timeout_ms = 100;
  rig_connect(&r);
  closing.r = &r;
  script_next_kind(r.server, AT_UPDATE, SCRIPT_NORMAL, 1);
  script_next_kind(r.server, AT_UPDATE, SCRIPT_IGNORE, OPEN);
  ck_assert_int_eq(
      tally_increment_async(r.hits, &row, close_here, &closing, &r.error), 0);
  for (int i = 0; i < OPEN && closing.done.calls == 0; i++)
    if (tally_increment_async(r.hits, &row, done_record, &others[i], NULL) != 0)
      others[i].calls = 1; /* refused already: never called */
  if (r.mode == RIG_INLINE) {
    while (closing.closed.calls == 0)
      tally_poll(r.session, 10, NULL);
  } else {
    ck_assert(rig_until(&r, is_closed, &closing));
  }
  r.session = NULL;
  ck_assert_int_eq(closing.closed.calls, 1);
  for (int i = 0; i < OPEN; i++)
    ck_assert_int_eq(others[i].calls, 1);
  ck_assert_int_eq(closing.others_at_end, OPEN);
  rig_fini(&r);
}
END_TEST

Suite *session_suite(void) {
  Suite *s = suite_create("session");
  TCase *tc = tcase_create("modes");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, blocking_call_in_a_callback, 0, RIG_MODES);
  tcase_add_test(tc, blocking_call_on_the_callers_loop);
  tcase_add_loop_test(tc, poll_is_for_inline_sessions, 0, 2);
  tcase_add_test(tc, poll_counts_what_is_pending);
  tcase_add_loop_test(tc, callbacks_submit, 0, RIG_MODES);
  tcase_add_loop_test(tc, never_inside_the_submit, 0, 2);
  tcase_add_loop_test(tc, callback_may_be_null, 0, RIG_MODES);
  tcase_add_loop_test(tc, busy_at_the_limit, 0, RIG_MODES);
  tcase_add_loop_test(tc, more_than_a_connection_takes, 0, RIG_MODES);
  tcase_add_loop_test(tc, close_with_operations_in_flight, 0, RIG_MODES);
  tcase_add_loop_test(tc, close_waits_for_answers, 0, RIG_MODES);
  tcase_add_test(tc, close_of_null);
  tcase_add_loop_test(tc, close_without_a_connection, 0, RIG_MODES);
  tcase_add_loop_test(tc, close_in_a_callback, 0, RIG_MODES);
  suite_add_tcase(s, tc);
  return s;
}
