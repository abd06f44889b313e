/* tests/live/test_modes.c - the same counting in each of the three modes:
 * threads of our own, inline, and a libuv loop of the caller's. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "tests/live/live.h"
#include "tests/live/suites.h"

/* ---- Blocking calls: own threads, several of them, inline --------------- */

static const int k_threads[] = {0, 1, 2, 4};

START_TEST(blocking) {
  tally_session *session = live_connect(k_threads[_i]);
  tally_table *hits = live_table(session, &page_hits_definition);
  page_hits page;
  tally_error e;

  for (int i = 0; i < 10; i++)
    LIVE_OK(tally_increment(hits, &(page_hits){"/home", 2, 1}, &e), &e);
  LIVE_OK(tally_decrement(hits, &(page_hits){"/home", 5, 0}, &e), &e);
  page = live_page(hits, "/home");
  ck_assert_int_eq(page.views, 15);
  ck_assert_int_eq(page.unique_visitors, 10);
  ck_assert_str_eq(live_cql("SELECT * FROM %s", live_qualified(hits)),
                   "/home\t10\t15\n");
  /* The two for other loops are for the two modes without threads. */
  ck_assert_int_eq(tally_backend_fd(session) >= 0, k_threads[_i] == 0);
  if (k_threads[_i] > 0)
    LIVE_RETURNS(tally_poll(session, 0, &e), TALLY_EINVAL, &e);
  ck_assert_int_eq(tally_close(session), 0);
}
END_TEST

START_TEST(close_is_forgiving) {
  ck_assert_int_eq(tally_close(NULL), 0);
  ck_assert_int_eq(tally_close(live_connect(k_threads[_i])), 0);
}
END_TEST

/* ---- Inline: callbacks run inside tally_poll() -------------------------- */

struct seen {
  int ended;
  int applied;
  int unknown;
  int64_t views;
};

static void on_counted(void *user, const tally_result *result) {
  struct seen *seen = user;

  seen->ended++;
  seen->applied += result->outcome == TALLY_APPLIED;
  seen->unknown += result->outcome == TALLY_UNKNOWN;
}

static void on_read(void *user, const tally_result *result) {
  struct seen *seen = user;
  const page_hits *row = result->row;

  seen->ended++;
  if (result->status == 0)
    seen->views = row->views;
}

static void poll_until_idle(tally_session *session) {
  tally_error e;
  int pending = 1;

  while (pending > 0)
    pending = tally_poll(session, 1000, &e);
  LIVE_OK(pending, &e);
}

START_TEST(inline_polled) {
  tally_session *session = live_connect(0);
  tally_table *hits = live_table(session, &page_hits_definition);
  struct seen seen = {0};
  tally_error e;

  for (int i = 0; i < 100; i++)
    LIVE_OK(tally_increment_async(hits, &(page_hits){"/home", 1, 0}, on_counted,
                                  &seen, &e),
            &e);
  ck_assert_int_eq(seen.ended, 0);
  poll_until_idle(session);
  ck_assert_int_eq(seen.applied, 100);
  LIVE_OK(
      tally_get_async(hits, &(page_hits){.url = "/home"}, on_read, &seen, &e),
      &e);
  poll_until_idle(session);
  ck_assert_int_eq(seen.ended, 101);
  ck_assert_int_eq(seen.views, 100);
  ck_assert_int_eq(tally_poll(session, 0, &e), 0);
  ck_assert_int_eq(tally_poll(session, -1, &e), 0);
  ck_assert_int_eq(tally_close(session), 0);
}
END_TEST

/* A blocking call drives the others along: their callbacks run inside it. */
START_TEST(inline_mixed) {
  tally_session *session = live_connect(0);
  tally_table *hits = live_table(session, &page_hits_definition);
  struct seen seen = {0};
  tally_error e;

  for (int i = 0; i < 50; i++) {
    LIVE_OK(tally_increment_async(hits, &(page_hits){"/home", 1, 0}, on_counted,
                                  &seen, &e),
            &e);
    LIVE_OK(tally_increment(hits, &(page_hits){"/home", 1, 1}, &e), &e);
  }
  ck_assert_int_ge(seen.applied, 40);
  poll_until_idle(session);
  ck_assert_int_eq(seen.applied, 50);
  ck_assert_int_eq(live_page(hits, "/home").views, 100);
  ck_assert_int_eq(tally_close(session), 0);
}
END_TEST

/* What is pending when an inline session is closed ends inside the close. */
START_TEST(inline_close_drains) {
  tally_session *session = live_connect(0);
  tally_table *hits = live_table(session, &page_hits_definition);
  struct seen seen = {0};
  char table[128];
  tally_error e;

  snprintf(table, sizeof table, "%s", live_qualified(hits));
  for (int i = 0; i < 100; i++)
    LIVE_OK(tally_increment_async(hits, &(page_hits){"/home", 1, 0}, on_counted,
                                  &seen, &e),
            &e);
  ck_assert_int_eq(tally_close(session), 0);
  ck_assert_int_eq(seen.ended, 100);
  ck_assert_int_eq(seen.applied, 100);
  ck_assert_str_eq(live_cql("SELECT views FROM %s", table), "100\n");
}
END_TEST

/* ---- The caller's loop -------------------------------------------------- */

enum { GUEST_INCREMENTS = 1000 };

struct guest {
  tally_session *session;
  tally_table *hits;
  int connected, synced, applied, closed;
  page_hits read;
  uint64_t nulls;
};

/* Everything on one thread, so a plain struct does; the tests look at it when
 * uv_run() has returned. */
static void guest_closed(void *user) {
  ((struct guest *)user)->closed++;
}

static void guest_read(void *user, const tally_result *result) {
  struct guest *g = user;

  ck_assert_msg(result->status == 0, "%s", result->error->message);
  g->read = *(const page_hits *)result->row;
  g->read.url = NULL; /* lives inside the callback only */
  g->nulls = result->nulls;
  ck_assert_int_eq(tally_close_async(g->session, guest_closed, g), 0);
  ck_assert_int_eq(tally_close_async(g->session, guest_closed, g),
                   TALLY_ECLOSED);
}

static void guest_counted(void *user, const tally_result *result) {
  struct guest *g = user;
  tally_error e;

  ck_assert_msg(result->status == 0, "%s", result->error->message);
  if (++g->applied == GUEST_INCREMENTS)
    LIVE_OK(tally_get_async(g->hits, &(page_hits){.url = "/home"}, guest_read,
                            g, &e),
            &e);
}

static void guest_synced(void *user, const tally_result *result) {
  struct guest *g = user;
  page_hits row = {.url = "/home"};
  tally_error e;

  ck_assert_msg(result->status == 0, "%s", result->error->message);
  g->synced++;
  LIVE_RETURNS(tally_increment(g->hits, &(page_hits){"/home", 1, 0}, &e),
               TALLY_EDEADLK, &e);
  ck_assert_int_eq(e.outcome, TALLY_NOT_APPLIED);
  LIVE_RETURNS(tally_get(g->hits, &row, &e), TALLY_EDEADLK, &e);
  LIVE_RETURNS(tally_sync_table(g->hits, NULL, &e), TALLY_EDEADLK, &e);
  ck_assert_int_eq(tally_close(g->session), TALLY_EDEADLK);
  for (int i = 0; i < GUEST_INCREMENTS; i++)
    LIVE_OK(tally_increment_async(g->hits, &(page_hits){"/home", 2, 0},
                                  guest_counted, g, &e),
            &e);
}

static void guest_connected(void *user, const tally_result *result) {
  ck_assert_msg(result->status == 0, "%s", result->error->message);
  ((struct guest *)user)->connected++;
}

/* uv_run() returns by itself: an idle session keeps no loop alive. */
START_TEST(callers_loop) {
  struct guest g = {0};
  tally_options options;
  tally_error e;
  uv_loop_t loop;

  uv_loop_init(&loop);
  live_options(&options, 1);
  LIVE_OK(
      tally_connect_on(&g.session, &loop, &options, guest_connected, &g, &e),
      &e);
  g.hits = live_open(g.session, &page_hits_definition);
  LIVE_OK(tally_sync_table_async(g.hits, NULL, guest_synced, &g, &e), &e);
  ck_assert_int_eq(g.connected, 0);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert_int_eq(uv_loop_close(&loop), 0);
  ck_assert_int_eq(g.connected, 1);
  ck_assert_int_eq(g.synced, 1);
  ck_assert_int_eq(g.applied, GUEST_INCREMENTS);
  ck_assert_int_eq(g.closed, 1);
  ck_assert_int_eq(g.read.views, 2 * GUEST_INCREMENTS);
  ck_assert_uint_eq(g.nulls, 2);
}
END_TEST

/* Idle, it lets uv_run() go; the next operation keeps it until it ends. */
START_TEST(callers_loop_idle) {
  struct guest g = {.applied = -1000000};
  tally_options options;
  tally_error e;
  uv_loop_t loop;

  uv_loop_init(&loop);
  live_options(&options, 1);
  LIVE_OK(
      tally_connect_on(&g.session, &loop, &options, guest_connected, &g, &e),
      &e);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert_int_eq(g.connected, 1);
  g.hits = live_open(g.session, &page_hits_definition);
  LIVE_OK(tally_sync_table_async(g.hits, NULL, guest_connected, &g, &e), &e);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert_int_eq(g.connected, 2);
  for (int i = 1; i <= 3; i++) {
    LIVE_OK(tally_increment_async(g.hits, &(page_hits){"/home", 1, 0},
                                  guest_counted, &g, &e),
            &e);
    ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
    ck_assert_int_eq(g.applied, -1000000 + i);
  }
  ck_assert_int_eq(tally_close_async(g.session, guest_closed, &g), 0);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert_int_eq(g.closed, 1);
  ck_assert_int_eq(uv_loop_close(&loop), 0);
}
END_TEST

/* A submit from the program's own prepare callback leaves at once, though
 * nothing else will happen on the loop. */
static void on_prepare(uv_prepare_t *handle) {
  struct guest *g = handle->data;
  tally_error e;

  uv_prepare_stop(handle);
  LIVE_OK(tally_increment_async(g->hits, &(page_hits){"/home", 1, 0},
                                guest_counted, g, &e),
          &e);
}

START_TEST(callers_prepare) {
  struct guest g = {.applied = -1000000};
  uv_prepare_t prepare;
  tally_options options;
  tally_error e;
  uv_loop_t loop;

  uv_loop_init(&loop);
  uv_prepare_init(&loop, &prepare);
  prepare.data = &g;
  live_options(&options, 1);
  LIVE_OK(tally_connect_on(&g.session, &loop, &options, NULL, NULL, &e), &e);
  g.hits = live_open(g.session, &page_hits_definition);
  LIVE_OK(tally_sync_table_async(g.hits, NULL, guest_connected, &g, &e), &e);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  for (int i = 1; i <= 3; i++) {
    uv_prepare_start(&prepare, on_prepare);
    ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
    ck_assert_int_eq(g.applied, -1000000 + i);
  }
  uv_close((uv_handle_t *)&prepare, NULL);
  ck_assert_int_eq(tally_close_async(g.session, guest_closed, &g), 0);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert_int_eq(uv_loop_close(&loop), 0);
}
END_TEST

/* Nobody listens: `connected` says so, and what was submitted ends by itself,
 * never sent. */
static void guest_refused(void *user, const tally_result *result) {
  struct guest *g = user;

  ck_assert_int_ne(result->status, 0);
  ck_assert_int_eq(result->outcome, TALLY_NOT_APPLIED);
  ck_assert_int_eq(result->error->outcome, TALLY_NOT_APPLIED);
  g->applied++;
}

START_TEST(callers_loop_nobody_there) {
  struct guest g = {0};
  tally_options options;
  tally_error e;
  uv_loop_t loop;

  uv_loop_init(&loop);
  live_options(&options, 1);
  options.hosts = "127.0.0.1:1"; /* tcpmux: nobody has it */
  options.connect_timeout_ms = 500;
  options.increment_timeout_ms = 500;
  LIVE_OK(tally_connect_on(&g.session, &loop, &options, guest_refused, &g, &e),
          &e);
  g.hits = live_open(g.session, &page_hits_definition);
  LIVE_OK(tally_increment_async(g.hits, &(page_hits){"/home", 1, 0},
                                guest_refused, &g, &e),
          &e);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert_int_eq(g.applied, 2);
  ck_assert_int_eq(tally_close_async(g.session, guest_closed, &g), 0);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert_int_eq(g.closed, 1);
  ck_assert_int_eq(uv_loop_close(&loop), 0);
}
END_TEST

/* ---- A loop that stalled ------------------------------------------------ */

enum { BEHIND = 20, DEADLINE_MS = 2000 };

struct stall {
  struct seen seen;
  uint64_t from_ns;
};

/* Holds the loop up beyond the deadline of all that is in flight. */
static void on_stall(void *user, const tally_result *result) {
  struct stall *stall = user;

  while (uv_hrtime() - stall->from_ns < (DEADLINE_MS + 500) * 1000000ull)
    continue;
  on_counted(&stall->seen, result);
}

static void on_behind(void *user, const tally_result *result) {
  on_counted(&((struct stall *)user)->seen, result);
}

static void submit_all(tally_table *hits, struct stall *stall) {
  tally_error e;

  stall->from_ns = uv_hrtime();
  for (int i = 0; i <= BEHIND; i++)
    LIVE_OK(tally_increment_async(hits, &(page_hits){"/home", 1, 0},
                                  i == 0 ? on_stall : on_behind, stall, &e),
            &e);
}

/* The answers lie in the socket when the loop comes back, later than the
 * deadline: they were applied, and that is what is said. */
START_TEST(answers_wait_in_the_socket) {
  struct stall stall = {0};
  tally_options options;
  tally_session *session;
  tally_table *hits;
  tally_error e;

  live_options(&options, _i);
  options.increment_timeout_ms = DEADLINE_MS;
  session = live_connect_with(&options);
  hits = live_table(session, &page_hits_definition);
  LIVE_OK(tally_increment(hits, &(page_hits){"/home", 1, 0}, &e), &e);
  submit_all(hits, &stall);
  ck_assert_int_eq(tally_close(session), 0); /* joins, or drives the loop */
  ck_assert_int_eq(stall.seen.ended, BEHIND + 1);
  /* With threads the first answer may come before all are handed over: the
   * others were never sent then, and are not applied.  None is in doubt. */
  ck_assert_int_eq(stall.seen.unknown, 0);
  ck_assert_int_ge(stall.seen.applied, _i == 0 ? BEHIND + 1 : 1);
}
END_TEST

static void stall_warmed(void *user, const tally_result *result) {
  struct guest *g = user;

  ck_assert_msg(result->status == 0, "%s", result->error->message);
  g->synced++;
}

START_TEST(answers_wait_in_the_callers_socket) {
  struct stall stall = {0};
  struct guest g = {0};
  tally_options options;
  tally_error e;
  uv_loop_t loop;

  uv_loop_init(&loop);
  live_options(&options, 1);
  options.increment_timeout_ms = DEADLINE_MS;
  LIVE_OK(tally_connect_on(&g.session, &loop, &options, NULL, NULL, &e), &e);
  g.hits = live_open(g.session, &page_hits_definition);
  LIVE_OK(tally_sync_table_async(g.hits, NULL, stall_warmed, &g, &e), &e);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  LIVE_OK(tally_increment_async(g.hits, &(page_hits){"/home", 1, 0},
                                stall_warmed, &g, &e),
          &e);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert_int_eq(g.synced, 2);
  submit_all(g.hits, &stall);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert_int_eq(stall.seen.applied, BEHIND + 1);
  ck_assert_int_eq(tally_close_async(g.session, guest_closed, &g), 0);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert_int_eq(uv_loop_close(&loop), 0);
}
END_TEST

Suite *modes_suite(void) {
  Suite *s = suite_create("modes");
  TCase *tc = tcase_create("modes");

  tcase_set_timeout(tc, 120);
  tcase_add_loop_test(tc, blocking, 0, 4);
  tcase_add_loop_test(tc, close_is_forgiving, 0, 4);
  tcase_add_test(tc, inline_polled);
  tcase_add_test(tc, inline_mixed);
  tcase_add_test(tc, inline_close_drains);
  tcase_add_test(tc, callers_loop);
  tcase_add_test(tc, callers_loop_idle);
  tcase_add_test(tc, callers_prepare);
  tcase_add_test(tc, callers_loop_nobody_there);
  tcase_add_loop_test(tc, answers_wait_in_the_socket, 0, 2);
  tcase_add_test(tc, answers_wait_in_the_callers_socket);
  suite_add_tcase(s, tc);
  return s;
}
