/* tests/unit/test_guest.c - a session on the caller's loop: when it keeps
 * uv_run() going, and that nothing waits for the next event. */
#include <string.h>

#include "tests/support/rig.h"
#include "tests/unit/suites.h"

START_TEST(idle_does_not_hold_the_loop) {
  uint64_t begun;
  struct rig r;

  rig_init(&r, RIG_GUEST);
  rig_connect(&r);
  rig_applied(&r, "/home");
  begun = rig_ms();
  ck_assert_int_eq(uv_run(&r.loop, UV_RUN_DEFAULT), 0);
  ck_assert_int_eq(uv_loop_alive(&r.loop), 0);
  /* Its heartbeat is ten seconds away, and nobody waited for that. */
  ck_assert_uint_lt(rig_ms() - begun, 5000);
  rig_applied(&r, "/home");
  rig_fini(&r);
}
END_TEST

START_TEST(pending_holds_the_loop) {
  struct done done[5] = {{0}};
  struct rig r;

  rig_init(&r, RIG_GUEST);
  rig_connect(&r);
  for (int i = 0; i < 5; i++)
    rig_submit(&r, "/home", 1, &done[i]);
  ck_assert_int_ne(uv_loop_alive(&r.loop), 0);
  uv_run(&r.loop, UV_RUN_DEFAULT);
  for (int i = 0; i < 5; i++)
    ck_assert_int_eq(done[i].outcome, TALLY_APPLIED);
  ck_assert_int_eq(uv_loop_alive(&r.loop), 0);
  rig_fini(&r);
}
END_TEST

/* So do the connecting, as long as somebody is to be told, ... */
START_TEST(connecting_holds_the_loop) {
  struct done connected = {0};
  struct rig r;

  rig_init(&r, RIG_GUEST);
  ck_assert_int_eq(tally_connect_on(&r.session, &r.loop, &r.options,
                                    done_record, &connected, &r.error),
                   0);
  uv_run(&r.loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(connected.calls, 1);
  ck_assert_int_eq(connected.status, 0);
  rig_fini(&r);
}
END_TEST

/* ... and the closing. */
START_TEST(closing_holds_the_loop) {
  struct rig r;

  rig_init(&r, RIG_GUEST);
  rig_connect(&r);
  ck_assert_int_eq(tally_close_async(r.session, NULL, NULL), 0);
  uv_run(&r.loop, UV_RUN_DEFAULT);
  r.session = NULL;
  ck_assert_int_eq(uv_loop_alive(&r.loop), 0);
  ck_assert_int_eq(r.heap.live, 0);
  rig_fini(&r);
}
END_TEST

/* Operations may be submitted before the connection stands. */
START_TEST(submit_before_connected) {
  struct done d = {0};
  struct rig r;

  rig_init(&r, RIG_GUEST);
  ck_assert_int_eq(
      tally_connect_on(&r.session, &r.loop, &r.options, NULL, NULL, &r.error),
      0);
  ck_assert_int_eq(
      tally_table_open(&r.hits, r.session, &page_hits_definition, &r.error), 0);
  rig_submit(&r, "/home", 1, &d);
  uv_run(&r.loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(d.outcome, TALLY_APPLIED);
  rig_fini(&r);
}
END_TEST

START_TEST(closed_before_connected) {
  struct done connected = {0};
  struct rig r;

  rig_init(&r, RIG_GUEST);
  script_next_kind(r.server, AT_OPTIONS, SCRIPT_IGNORE, 0);
  ck_assert_int_eq(tally_connect_on(&r.session, &r.loop, &r.options,
                                    done_record, &connected, &r.error),
                   0);
  ck_assert_int_eq(tally_close_async(r.session, NULL, NULL), 0);
  uv_run(&r.loop, UV_RUN_DEFAULT);
  r.session = NULL;
  ck_assert_int_eq(connected.calls, 1);
  ck_assert_int_eq(connected.status, TALLY_ECLOSED);
  rig_fini(&r);
}
END_TEST

/* The first round fails and is told; the session goes on trying. */
START_TEST(connects_after_the_first_round) {
  struct done connected = {0}, d = {0};
  struct rig r;

  rig_init(&r, RIG_GUEST);
  script_listen(r.server, false);
  ck_assert_int_eq(tally_connect_on(&r.session, &r.loop, &r.options,
                                    done_record, &connected, &r.error),
                   0);
  ck_assert(rig_done(&r, &connected));
  ck_assert_int_eq(connected.status, TALLY_ECONNECT);
  ck_assert_int_eq(
      tally_table_open(&r.hits, r.session, &page_hits_definition, &r.error), 0);
  rig_submit(&r, "/home", 1, &d);
  script_listen(r.server, true);
  ck_assert(rig_done(&r, &d));
  ck_assert_int_eq(d.outcome, TALLY_APPLIED);
  ck_assert_int_eq(connected.calls, 1);
  rig_fini(&r);
}
END_TEST

/* ---- Flushed at once ---------------------------------------------------- */

enum source { FROM_PREPARE, FROM_CHECK, FROM_IDLE, FROM_TIMER, SOURCES };

struct handle {
  union {
    uv_handle_t handle;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle;
    uv_timer_t timer;
  } as;
  struct rig *r;
  struct done done;
};

/* Stopped and not closed: the loop would go round at once for a closing
 * handle. */
static void submit_once(struct handle *handle) {
  rig_submit(handle->r, "/home", 1, &handle->done);
}

static void on_prepare(uv_prepare_t *h) {
  uv_prepare_stop(h);
  submit_once(h->data);
}

static void on_check(uv_check_t *h) {
  uv_check_stop(h);
  submit_once(h->data);
}

static void on_idle(uv_idle_t *h) {
  uv_idle_stop(h);
  submit_once(h->data);
}

static void on_timer(uv_timer_t *h) {
  submit_once(h->data);
}

static void handle_start(struct handle *handle, enum source source) {
  uv_loop_t *loop = &handle->r->loop;

  switch (source) {
  case FROM_PREPARE:
    uv_prepare_init(loop, &handle->as.prepare);
    uv_prepare_start(&handle->as.prepare, on_prepare);
    break;
  case FROM_CHECK:
    uv_check_init(loop, &handle->as.check);
    uv_check_start(&handle->as.check, on_check);
    break;
  case FROM_IDLE:
    uv_idle_init(loop, &handle->as.idle);
    uv_idle_start(&handle->as.idle, on_idle);
    break;
  default:
    uv_timer_init(loop, &handle->as.timer);
    uv_timer_start(&handle->as.timer, on_timer, 1, 0);
    break;
  }
  handle->as.handle.data = handle;
}

/* No other event comes: the heartbeat and the deadline are far away. */
START_TEST(submit_leaves_at_once) {
  struct handle handle = {0};
  enum source source = (enum source)_i;
  uv_async_t first_poll;
  uint64_t begun;
  struct rig r;

  rig_init(&r, RIG_GUEST);
  handle.r = &r;
  rig_connect(&r);
  rig_applied(&r, "/first");
  handle_start(&handle, source);
  uv_async_init(&r.loop, &first_poll, NULL);
  if (source == FROM_CHECK) /* something must end the first poll */
    uv_async_send(&first_poll);
  begun = rig_ms();
  while (handle.done.calls == 0)
    uv_run(&r.loop, UV_RUN_ONCE);
  ck_assert_int_eq(handle.done.outcome, TALLY_APPLIED);
  ck_assert_uint_lt(rig_ms() - begun, 5000);
  uv_close((uv_handle_t *)&first_poll, NULL);
  uv_close(&handle.as.handle, NULL);
  rig_fini(&r);
}
END_TEST

/* Two sessions on one loop do not get into each other's way. */
START_TEST(two_sessions_on_one_loop) {
  struct done connected = {0}, closed = {0};
  tally_session *other;
  struct rig r;

  rig_init(&r, RIG_GUEST);
  rig_connect(&r);
  ck_assert_int_eq(tally_connect_on(&other, &r.loop, &r.options, done_record,
                                    &connected, &r.error),
                   0);
  ck_assert(rig_done(&r, &connected));
  ck_assert_int_eq(connected.status, 0);
  rig_applied(&r, "/home");
  ck_assert_int_eq(tally_close_async(other, NULL, &closed), 0);
  uv_run(&r.loop, UV_RUN_DEFAULT);
  rig_applied(&r, "/home");
  rig_fini(&r);
}
END_TEST

Suite *guest_suite(void) {
  Suite *s = suite_create("guest");
  TCase *tc = tcase_create("loop");

  tcase_set_timeout(tc, 60);
  tcase_add_test(tc, idle_does_not_hold_the_loop);
  tcase_add_test(tc, pending_holds_the_loop);
  tcase_add_test(tc, connecting_holds_the_loop);
  tcase_add_test(tc, closing_holds_the_loop);
  tcase_add_test(tc, submit_before_connected);
  tcase_add_test(tc, closed_before_connected);
  tcase_add_test(tc, connects_after_the_first_round);
  tcase_add_loop_test(tc, submit_leaves_at_once, 0, SOURCES);
  tcase_add_test(tc, two_sessions_on_one_loop);
  suite_add_tcase(s, tc);
  return s;
}
