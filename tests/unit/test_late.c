/* tests/unit/test_late.c - deadlines, and answers that come late: after them,
 * or before them to a loop that was busy. */
#include <string.h>

#include "core/streams.h"
#include "tests/support/rig.h"
#include "tests/unit/suites.h"

/* ---- Deadlines ---------------------------------------------------------- */

START_TEST(unanswered) {
  struct done d;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.increment_timeout_ms = 100;
  rig_connect(&r);
  script_next_kind(r.server, AT_UPDATE, SCRIPT_HOLD, 1);
  rig_increment(&r, "/home", 1, &d);
  ck_assert_int_eq(d.status, TALLY_EUNKNOWN);
  ck_assert_int_eq(d.outcome, TALLY_UNKNOWN);
  ck_assert_int_eq(d.error.cause, TALLY_ETIMEDOUT);
  ck_assert_str_eq(d.error.host, script_host(r.server));
  /* The answer may come or not: the connection serves on. */
  rig_applied(&r, "/next");
  script_release(r.server);
  rig_applied(&r, "/next");
  ck_assert_int_eq(d.calls, 1);
  ck_assert_uint_eq(script_seen(r.server, "/home"), 1);
  ck_assert_uint_eq(script_accepted(r.server), 1);
  rig_fini(&r);
}
END_TEST

/* Not one byte of it was encoded: a read that is not answered has all the room
 * that there is on the connection. */
START_TEST(never_encoded) {
  page_hits row = {.url = "/home"};
  struct done read = {0}, d = {0};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.connection_max_in_flight = 1;
  rig_connect(&r);
  rig_applied(&r, "/first");
  rig_close(&r);
  r.options.increment_timeout_ms = 150;
  r.options.read_timeout_ms = 60000;
  rig_connect(&r);
  script_next_kind(r.server, AT_SELECT, SCRIPT_HOLD, 1);
  ck_assert_int_eq(tally_get_async(r.hits, &row, done_record, &read, &r.error),
                   0);
  ck_assert(rig_served(&r, AT_SELECT, 1));
  rig_submit(&r, "/home", 1, &d);
  ck_assert(rig_done(&r, &d));
  ck_assert_int_eq(d.outcome, TALLY_NOT_APPLIED);
  ck_assert_int_eq(d.status, TALLY_ETIMEDOUT);
  ck_assert_uint_eq(script_seen(r.server, "/home"), 0);
  script_release(r.server);
  ck_assert(rig_done(&r, &read));
  rig_fini(&r);
}
END_TEST

/* A read that timed out may be made again: it never counts as UNKNOWN. */
START_TEST(unanswered_read) {
  page_hits row = {.url = "/home"};
  struct done d = {0};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.read_timeout_ms = 100;
  rig_connect(&r);
  script_next_kind(r.server, AT_SELECT, SCRIPT_IGNORE, 1);
  ck_assert_int_eq(tally_get_async(r.hits, &row, done_record, &d, &r.error), 0);
  ck_assert(rig_done(&r, &d));
  ck_assert_int_eq(d.status, TALLY_ETIMEDOUT);
  ck_assert_int_eq(d.outcome, TALLY_NOT_APPLIED);
  rig_fini(&r);
}
END_TEST

/* ---- Too many abandoned ------------------------------------------------- */

START_TEST(too_many_abandoned) {
  enum { MAX = 3 };
  struct done d;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.increment_timeout_ms = 100;
  r.options.max_abandoned = MAX;
  rig_connect(&r);
  script_next_kind(r.server, AT_UPDATE, SCRIPT_HOLD, MAX + 1);
  for (int i = 0; i < MAX; i++) {
    rig_increment(&r, "/home", 1, &d);
    ck_assert_int_eq(d.outcome, TALLY_UNKNOWN);
  }
  ck_assert_uint_eq(script_accepted(r.server), 1);
  rig_increment(&r, "/home", 1, &d);
  ck_assert_int_eq(d.outcome, TALLY_UNKNOWN);
  /* Replaced first ... */
  ck_assert(rig_accepted(&r, 2));
  rig_applied(&r, "/next");
  ck_assert_uint_eq(script_standing(r.server), 2);
  /* ... and closed when the last answer that was owed has come. */
  script_release(r.server);
  ck_assert(rig_standing(&r, 1));
  rig_applied(&r, "/next");
  ck_assert_uint_eq(script_accepted(r.server), 2);
  ck_assert_uint_eq(script_seen(r.server, "/home"), MAX + 1);
  rig_fini(&r);
}
END_TEST

/* Streams are used again only after their answer, also when all the others
 * were used up. */
START_TEST(abandoned_streams_are_not_reused) {
  enum { HELD = 4, ROUNDS = 3 * HELD + STREAM_REST + 1 };
  static struct done held[HELD];
  struct rig r;

  memset(held, 0, sizeof held);
  rig_init(&r, (enum rig_mode)_i);
  r.options.increment_timeout_ms = 200;
  r.options.connection_max_in_flight = HELD;
  r.options.max_abandoned = HELD;
  rig_connect(&r);
  script_next_kind(r.server, AT_UPDATE, SCRIPT_HOLD, HELD);
  for (int i = 0; i < HELD; i++)
    rig_submit(&r, "/held", 1, &held[i]);
  for (int i = 0; i < HELD; i++) {
    ck_assert(rig_done(&r, &held[i]));
    ck_assert_int_eq(held[i].outcome, TALLY_UNKNOWN);
  }
  for (int i = 0; i < ROUNDS; i++)
    rig_applied(&r, "/next");
  script_release(r.server);
  for (int i = 0; i < ROUNDS; i++)
    rig_applied(&r, "/next");
  for (int i = 0; i < HELD; i++)
    ck_assert_int_eq(held[i].calls, 1);
  ck_assert_uint_eq(script_seen(r.server, "/next"), 2 * ROUNDS);
  ck_assert_uint_eq(script_accepted(r.server), 1);
  rig_fini(&r);
}
END_TEST

/* ---- A loop that was busy ----------------------------------------------- */

enum { STALL_TIMEOUT_MS = 200, STALL_MS = 400 };

struct stall {
  struct done first;
  struct done second;
  struct rig *r;
  uint64_t submitted;
};

/* The second answer is on its way, and its deadline passes, while this
 * callback keeps the loop from looking. */
static void stall_here(void *user, const tally_result *result) {
  struct stall *stall = user;
  struct script_server *server = stall->r->server;

  ck_assert(script_wait(server, AT_UPDATE, 3));
  script_release(server);
  ck_assert(script_wait_answered(server, AT_UPDATE, 3));
  rig_busy_until(stall->submitted + STALL_MS);
  done_record(&stall->first, result);
}

static void stall_open(struct rig *r, enum rig_mode mode) {
  rig_init(r, mode);
  r->options.increment_timeout_ms = STALL_TIMEOUT_MS;
  rig_connect(r);
  rig_applied(r, "/first");
}

START_TEST(answer_waits_during_a_callback) {
  page_hits row = {.url = "/home", .views = 1};
  struct stall stall = {0};
  struct rig r;

  stall_open(&r, (enum rig_mode)_i);
  stall.r = &r;
  script_next_kind(r.server, AT_UPDATE, SCRIPT_HOLD, 1);
  stall.submitted = rig_ms();
  rig_submit(&r, "/home", 1, &stall.second);
  /* What is not sent yet could not be while the callback keeps the loop. */
  ck_assert(rig_served(&r, AT_UPDATE, 2));
  ck_assert_int_eq(
      tally_increment_async(r.hits, &row, stall_here, &stall, &r.error), 0);
  ck_assert(rig_done(&r, &stall.first));
  ck_assert(rig_done(&r, &stall.second));
  ck_assert_msg(stall.second.outcome == TALLY_APPLIED, "%s: %s",
                stall.second.error.message, stall.second.error.detail);
  rig_fini(&r);
}
END_TEST

/* The same, where it is the program that stays away. */
static void stall_outside(enum rig_mode mode, bool blocking_next) {
  page_hits row = {.url = "/next", .views = 1};
  struct done d = {0};
  uint64_t submitted;
  struct rig r;

  stall_open(&r, mode);
  submitted = rig_ms();
  rig_submit(&r, "/home", 1, &d);
  while (script_count(r.server, AT_UPDATE) < 2)
    rig_step(&r);
  ck_assert(script_wait_answered(r.server, AT_UPDATE, 2));
  rig_busy_until(submitted + STALL_MS);
  if (blocking_next)
    ck_assert_int_eq(tally_increment(r.hits, &row, &r.error), 0);
  ck_assert(rig_done(&r, &d));
  ck_assert_msg(d.outcome == TALLY_APPLIED, "%s: %s", d.error.message,
                d.error.detail);
  rig_fini(&r);
}

START_TEST(answer_waits_for_the_program) {
  stall_outside(_i == 0 ? RIG_GUEST : RIG_INLINE, false);
}
END_TEST

START_TEST(answer_waits_for_a_blocking_call) {
  stall_outside(RIG_INLINE, true);
}
END_TEST

/* More answers wait than one read takes: those at the end are no later. */
START_TEST(many_answers_wait) {
  /* Long enough for all to be sent, under a sanitizer too. */
  enum { COUNT = 8000, TIMEOUT = 4000 };
  static struct done done[COUNT];
  uint64_t submitted;
  struct rig r;

  memset(done, 0, sizeof done);
  rig_init(&r, _i == 0 ? RIG_GUEST : RIG_INLINE);
  r.options.increment_timeout_ms = TIMEOUT;
  r.options.connection_max_in_flight = COUNT;
  rig_connect(&r);
  script_next_kind(r.server, AT_UPDATE, SCRIPT_HOLD, COUNT);
  submitted = rig_ms();
  for (int i = 0; i < COUNT; i++)
    rig_submit(&r, "/home", 1, &done[i]);
  ck_assert(rig_served(&r, AT_UPDATE, COUNT));
  ck_assert_uint_lt(rig_ms(), submitted + TIMEOUT);
  script_release(r.server);
  ck_assert(script_wait_answered(r.server, AT_UPDATE, COUNT));
  rig_busy_until(submitted + TIMEOUT + 400);
  for (int i = 0; i < COUNT; i++) {
    ck_assert(rig_done(&r, &done[i]));
    ck_assert_msg(done[i].outcome == TALLY_APPLIED, "%d: %s: %s", i,
                  done[i].error.message, done[i].error.detail);
  }
  rig_fini(&r);
}
END_TEST

/* No answer waits: the deadline holds, however late the loop notices. */
START_TEST(nothing_waits) {
  uint64_t submitted;
  struct done d = {0};
  struct rig r;

  stall_open(&r, _i == 0 ? RIG_GUEST : RIG_INLINE);
  script_next_kind(r.server, AT_UPDATE, SCRIPT_IGNORE, 1);
  submitted = rig_ms();
  rig_submit(&r, "/home", 1, &d);
  while (script_count(r.server, AT_UPDATE) < 2)
    rig_step(&r);
  rig_busy_until(submitted + STALL_MS);
  ck_assert(rig_done(&r, &d));
  ck_assert_int_eq(d.outcome, TALLY_UNKNOWN);
  ck_assert_int_eq(d.error.cause, TALLY_ETIMEDOUT);
  rig_fini(&r);
}
END_TEST

/* ---- Heartbeats --------------------------------------------------------- */

/* Each follows a silence, not the patience for the one before. */
START_TEST(heartbeats_are_answered) {
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.heartbeat_ms = 20;
  r.options.heartbeat_timeout_ms = 60000;
  rig_connect(&r);
  ck_assert(rig_served(&r, AT_OPTIONS, 6));
  ck_assert_uint_eq(script_accepted(r.server), 1);
  rig_applied(&r, "/home");
  rig_fini(&r);
}
END_TEST

START_TEST(silence_is_noticed) {
  struct done d = {0};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.heartbeat_ms = 50;
  r.options.heartbeat_timeout_ms = 50;
  rig_connect(&r);
  rig_applied(&r, "/first");
  script_next_kind(r.server, AT_OPTIONS, SCRIPT_IGNORE, 1);
  script_next_kind(r.server, AT_UPDATE, SCRIPT_IGNORE, 1);
  rig_submit(&r, "/home", 1, &d);
  /* Its own deadline is 20 seconds away. */
  ck_assert(rig_done(&r, &d));
  ck_assert_int_eq(d.outcome, TALLY_UNKNOWN);
  ck_assert_int_eq(d.error.cause, TALLY_ELOST);
  ck_assert_ptr_nonnull(strstr(d.error.detail, "heartbeat"));
  rig_applied(&r, "/next");
  ck_assert_uint_eq(script_accepted(r.server), 2);
  ck_assert_uint_eq(script_seen(r.server, "/home"), 1);
  rig_fini(&r);
}
END_TEST

struct drip {
  struct rig *r;
  struct done *d;
};

/* Done?  If not, one more byte comes. */
static bool drips(void *arg) {
  struct drip *drip = arg;

  if (atomic_load(&drip->d->calls) > 0)
    return true;
  script_say(drip->r->server, "", 1);
  return false;
}

/* A header that promises more than ever comes, and bytes one by one: answers to
 * heartbeats vanish in it, and bytes of it are no sign of life. */
START_TEST(a_frame_without_end_is_silence) {
  static const uint8_t header[] = {0x84, 0, 0, 9, 0x08, 0, 0x0f, 0, 0};
  struct done d = {0};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.heartbeat_ms = 50;
  r.options.heartbeat_timeout_ms = 200;
  rig_connect(&r);
  rig_applied(&r, "/first");
  script_say(r.server, header, sizeof header);
  rig_submit(&r, "/home", 1, &d);
  ck_assert(rig_until(&r, drips, &(struct drip){&r, &d}));
  ck_assert_int_eq(d.outcome, TALLY_UNKNOWN);
  ck_assert_int_eq(d.error.cause, TALLY_ELOST);
  ck_assert_ptr_nonnull(strstr(d.error.detail, "heartbeat"));
  rig_applied(&r, "/next");
  ck_assert_uint_eq(script_accepted(r.server), 2);
  rig_fini(&r);
}
END_TEST

Suite *late_suite(void) {
  Suite *s = suite_create("late");
  TCase *tc = tcase_create("modes");

  tcase_set_timeout(tc, 90);
  tcase_add_loop_test(tc, unanswered, 0, RIG_MODES);
  tcase_add_loop_test(tc, never_encoded, 0, RIG_MODES);
  tcase_add_loop_test(tc, unanswered_read, 0, RIG_MODES);
  tcase_add_loop_test(tc, too_many_abandoned, 0, RIG_MODES);
  tcase_add_loop_test(tc, abandoned_streams_are_not_reused, 0, RIG_MODES);
  tcase_add_loop_test(tc, answer_waits_during_a_callback, 0, RIG_MODES);
  tcase_add_loop_test(tc, answer_waits_for_the_program, 0, 2);
  tcase_add_test(tc, answer_waits_for_a_blocking_call);
  tcase_add_loop_test(tc, many_answers_wait, 0, 2);
  tcase_add_loop_test(tc, nothing_waits, 0, 2);
  tcase_add_loop_test(tc, heartbeats_are_answered, 0, RIG_MODES);
  tcase_add_loop_test(tc, silence_is_noticed, 0, RIG_MODES);
  tcase_add_loop_test(tc, a_frame_without_end_is_silence, 0, RIG_MODES);
  suite_add_tcase(s, tc);
  return s;
}
