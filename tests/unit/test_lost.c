/* tests/unit/test_lost.c - connections that end: what was sent whole is
 * UNKNOWN and never sent again, what was not is sent on the next one. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"
#include "tests/support/rig.h"
#include "tests/unit/suites.h"

/* ---- After the frame was accepted --------------------------------------- */

static void lost_after(enum rig_mode mode, enum script_kind how) {
  struct done d;
  struct rig r;

  rig_init(&r, mode);
  rig_connect(&r);
  rig_applied(&r, "/first");
  script_next_kind(r.server, AT_UPDATE, how, 1);
  rig_increment(&r, "/home", 1, &d);
  ck_assert_int_eq(d.status, TALLY_EUNKNOWN);
  ck_assert_int_eq(d.outcome, TALLY_UNKNOWN);
  ck_assert_int_eq(d.error.cause, TALLY_ELOST);
  ck_assert_str_eq(d.error.host, script_host(r.server));
  rig_applied(&r, "/next");
  ck_assert_int_eq(d.calls, 1);
  ck_assert_uint_eq(script_seen(r.server, "/home"), 1);
  ck_assert_uint_eq(script_accepted(r.server), 2);
  rig_fini(&r);
}

START_TEST(closed_after_accept) {
  lost_after((enum rig_mode)_i, SCRIPT_CLOSE);
}
END_TEST

START_TEST(reset_after_accept) {
  lost_after((enum rig_mode)_i, SCRIPT_RESET);
}
END_TEST

/* Several in flight: those that were answered are applied, all others are
 * unknown, and each ends once. */
START_TEST(many_in_flight) {
  enum { COUNT = 40, ANSWERED = 13 };
  static struct done done[COUNT];
  struct rig r;

  memset(done, 0, sizeof done);
  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  rig_applied(&r, "/first");
  script_next_kind(r.server, AT_UPDATE, SCRIPT_NORMAL, ANSWERED);
  script_next_kind(r.server, AT_UPDATE, SCRIPT_IGNORE, COUNT - ANSWERED);
  for (int i = 0; i < COUNT; i++)
    rig_submit(&r, "/home", 1, &done[i]);
  ck_assert(rig_served(&r, AT_UPDATE, 1 + COUNT));
  ck_assert(rig_done(&r, &done[ANSWERED - 1]));
  script_drop(r.server, true);
  for (int i = 0; i < COUNT; i++) {
    ck_assert(rig_done(&r, &done[i]));
    ck_assert_int_eq(done[i].outcome,
                     i < ANSWERED ? TALLY_APPLIED : TALLY_UNKNOWN);
  }
  rig_applied(&r, "/next");
  for (int i = 0; i < COUNT; i++)
    ck_assert_int_eq(done[i].calls, 1);
  ck_assert_uint_eq(script_seen(r.server, "/home"), COUNT);
  rig_fini(&r);
}
END_TEST

/* ---- Before the last byte was accepted ---------------------------------- */

/* Keys so long that the sockets between fill up. */
enum { BIG_COUNT = 300, BIG_LEN = 60000 };

struct big {
  char *keys[BIG_COUNT];
  struct done done[BIG_COUNT];
};

static struct big *big_new(void) {
  struct big *b = calloc(1, sizeof *b);

  ck_assert_ptr_nonnull(b);
  for (int i = 0; i < BIG_COUNT; i++) {
    b->keys[i] = malloc(BIG_LEN + 1);
    ck_assert_ptr_nonnull(b->keys[i]);
    memset(b->keys[i], 'x', BIG_LEN);
    b->keys[i][BIG_LEN] = '\0';
    snprintf(b->keys[i], 16, "key-%06d", i);
    b->keys[i][strlen(b->keys[i])] = '-';
  }
  return b;
}

static void big_free(struct big *b) {
  for (int i = 0; i < BIG_COUNT; i++)
    free(b->keys[i]);
  free(b);
}

/* Every one has ended once; APPLIED was seen once, UNKNOWN once or never.
 * Returns how many were unknown. */
static int big_check(struct rig *r, struct big *b) {
  int unknown = 0;

  for (int i = 0; i < BIG_COUNT; i++) {
    unsigned seen;

    ck_assert(rig_done(r, &b->done[i]));
    seen = script_seen(r->server, b->keys[i]);
    ck_assert_int_eq(b->done[i].calls, 1);
    if (b->done[i].outcome == TALLY_APPLIED)
      ck_assert_msg(seen == 1, "%d is applied and was seen %u times", i, seen);
    else
      ck_assert_msg(seen <= 1, "%d is unknown and was seen %u times", i, seen);
    ck_assert_int_ne(b->done[i].outcome, TALLY_NOT_APPLIED);
    unknown += b->done[i].outcome == TALLY_UNKNOWN;
  }
  return unknown;
}

/* All bytes that the system ever took of the session's one connection. */
static uint64_t accepted_bytes(const struct rig *r) {
  struct list *hosts = &r->session->loops[0].cluster.hosts.all;
  const struct host *host = LIST_ENTRY(hosts->next, struct host, link);

  return pool_pick(&host->pool)->out.accepted;
}

/* Header, id, consistency and flags, count, the delta, the key. */
enum { BIG_FRAME = 9 + 18 + 3 + 2 + 12 + 4 + BIG_LEN };

/* The server stops to read and then resets: what the system had taken whole is
 * unknown, exactly that, and the rest goes over the next connection. */
START_TEST(reset_while_writing) {
  struct big *b = big_new();
  uint64_t before = 0, taken = 0;
  struct rig r;
  int unknown;

  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  rig_applied(&r, "/first");
  script_read(r.server, false);
  if (r.mode != RIG_THREADS)
    before = accepted_bytes(&r);
  for (int i = 0; i < BIG_COUNT; i++)
    rig_submit(&r, b->keys[i], 1, &b->done[i]);
  /* Many a turn, in which the socket takes what it can. */
  for (int i = 0; i < 50; i++)
    rig_step(&r);
  if (r.mode != RIG_THREADS)
    taken = accepted_bytes(&r) - before;
  script_drop(r.server, true);
  script_read(r.server, true);
  unknown = big_check(&r, b);
  ck_assert_int_gt(unknown, 0);
  ck_assert_int_lt(unknown, BIG_COUNT);
  if (r.mode != RIG_THREADS)
    ck_assert_uint_eq((unsigned)unknown, taken / BIG_FRAME);
  ck_assert_uint_eq(script_accepted(r.server), 2);
  rig_fini(&r);
  big_free(b);
}
END_TEST

/* The server reads some of the bytes, not to the end of a frame. */
START_TEST(cut_inside_a_frame) {
  struct big *b = big_new();
  struct rig r;

  rig_init(&r, (enum rig_mode)(_i / 2));
  rig_connect(&r);
  rig_applied(&r, "/first");
  script_cut_after(r.server, 1000 + 10 * BIG_LEN, _i % 2 != 0);
  for (int i = 0; i < BIG_COUNT; i++)
    rig_submit(&r, b->keys[i], 1, &b->done[i]);
  ck_assert_int_gt(big_check(&r, b), 0);
  rig_fini(&r);
  big_free(b);
}
END_TEST

/* ---- No signal ---------------------------------------------------------- */

static volatile sig_atomic_t pipes_broken;

static void on_sigpipe(int signal) {
  (void)signal;
  pipes_broken++;
}

struct burst {
  struct done first;
  struct rig *r;
  bool reset;
  struct big *big;
};

/* In a callback nothing is read before what is submitted is written: the peer
 * is gone by then, and the second write meets a broken pipe. */
static void write_to_the_dead(void *user, const tally_result *result) {
  struct burst *burst = user;

  script_drop(burst->r->server, burst->reset);
  ck_assert(script_wait_standing(burst->r->server, 0));
  for (int i = 0; i < BIG_COUNT; i++)
    rig_submit(burst->r, burst->big->keys[i], 1, &burst->big->done[i]);
  done_record(&burst->first, result);
}

START_TEST(no_signal) {
  struct burst burst = {.big = big_new(), .reset = _i % 2 != 0};
  page_hits row = {.url = "/first", .views = 1};
  struct rig r;

  signal(SIGPIPE, on_sigpipe);
  rig_init(&r, (enum rig_mode)(_i / 2));
  burst.r = &r;
  rig_connect(&r);
  ck_assert_int_eq(
      tally_increment_async(r.hits, &row, write_to_the_dead, &burst, &r.error),
      0);
  ck_assert(rig_done(&r, &burst.first));
  big_check(&r, burst.big);
  ck_assert_int_eq(pipes_broken, 0);
  rig_fini(&r);
  big_free(burst.big);
}
END_TEST

/* ---- Ends that came while nobody looked --------------------------------- */

/* Each new connection is asked for the tables: REGISTER, the host, its peers
 * and the keyspace.  Until that is over the socket has other things to tell. */
static void until_control_rests(struct rig *r, unsigned connections) {
  ck_assert(rig_served(r, AT_CONTROL, 4 * connections));
  ck_assert(script_wait_answered(r->server, AT_CONTROL, 4 * connections));
  for (int i = 0; i < 3; i++)
    rig_step(r);
}

/* The end of the connection lies in the socket before the increment is made:
 * it goes over a new connection, and its outcome is known. */
static void end_while_idle(enum rig_mode mode, bool reset, bool blocking) {
  page_hits row = {.url = "/home", .views = 1};
  struct pollfd wait = {.events = POLLIN};
  struct rig r;

  rig_init(&r, mode);
  rig_connect(&r);
  rig_applied(&r, "/first");
  for (int round = 1; round <= 5; round++) {
    until_control_rests(&r, (unsigned)round);
    script_drop(r.server, reset);
    wait.fd = tally_backend_fd(r.session);
    ck_assert_int_eq(poll(&wait, 1, WAIT_LIMIT_MS), 1);
    if (blocking)
      ck_assert_int_eq(tally_increment(r.hits, &row, &r.error), 0);
    else
      rig_applied(&r, "/home");
    ck_assert_uint_eq(script_seen(r.server, "/home"), (unsigned)round);
    ck_assert_uint_eq(script_accepted(r.server), 1 + (unsigned)round);
  }
  rig_fini(&r);
}

START_TEST(idle_inline_blocking) {
  end_while_idle(RIG_INLINE, _i != 0, true);
}
END_TEST

START_TEST(idle_inline) {
  end_while_idle(RIG_INLINE, _i != 0, false);
}
END_TEST

START_TEST(idle_guest) {
  end_while_idle(RIG_GUEST, _i != 0, false);
}
END_TEST

/* ---- Broken rules ------------------------------------------------------- */

static const uint8_t stranger[] = {0x84, 0, 0x01, 0x00, 0x08, 0, 0,
                                   0,    4, 0,    0,    0,    1};
static const uint8_t over_cap[] = {0x84, 0, 0, 1, 0x08, 0x7f, 0, 0, 0};
static const uint8_t http[] = "HTTP/1.1 200 OK\r\n\r\n";
static const uint8_t error_on_0[] = {0x84, 0,   0,   0,   0x00, 0,    0,
                                     0,    12,  0,   0,   0,    0x0a, 0,
                                     6,    'b', 'r', 'o', 'k',  'e',  'n'};
static const uint8_t shutting_down[] = {0x84, 0,   0,   0,    0x00, 0,  0, 0,
                                        13,   0,   0,   0x10, 1,    0,  7, 'g',
                                        'o',  'o', 'd', 'b',  'y',  'e'};
static const uint8_t supported_and_ready[] = {
    0x84, 0, 0, 0, 0x06, 0, 0, 0, 2, 0, 0, 0x84, 0, 0, 0, 2, 0, 0, 0, 0};

static const struct {
  const char *why;
  const uint8_t *bytes;
  size_t len;
  const char *words;
  int cause;
} broken[] = {
    {"a stream nobody asked", stranger, sizeof stranger, "stream 256",
     TALLY_EPROTOCOL},
    {"a frame over the cap", over_cap, sizeof over_cap, "max_frame_bytes",
     TALLY_EPROTOCOL},
    {"HTTP in the middle", http, sizeof http - 1, "HTTP/1.1 200",
     TALLY_EPROTOCOL},
    {"PROTOCOL_ERROR on stream 0", error_on_0, sizeof error_on_0, "broken",
     TALLY_EPROTOCOL},
    {"OVERLOADED on stream 0", shutting_down, sizeof shutting_down,
     "0x1001: goodbye", TALLY_ESERVER},
    {"READY out of turn", supported_and_ready, sizeof supported_and_ready,
     "unexpected", TALLY_EPROTOCOL},
};
enum { BROKEN = sizeof broken / sizeof broken[0] };

/* The connection is closed, what was sent there is unknown, and the next
 * increment goes over another. */
START_TEST(broken_rule) {
  int which = _i / RIG_MODES;
  struct done d = {0};
  struct rig r;

  rig_init(&r, (enum rig_mode)(_i % RIG_MODES));
  rig_connect(&r);
  script_next_kind(r.server, AT_UPDATE, SCRIPT_IGNORE, 1);
  rig_submit(&r, "/home", 1, &d);
  ck_assert(rig_served(&r, AT_UPDATE, 1));
  script_say(r.server, broken[which].bytes, broken[which].len);
  ck_assert(rig_done(&r, &d));
  ck_assert_int_eq(d.status, TALLY_EUNKNOWN);
  ck_assert_int_eq(d.error.cause, broken[which].cause);
  ck_assert_msg(strstr(d.error.detail, broken[which].words) != NULL ||
                    strstr(d.error.message, broken[which].words) != NULL,
                "%s: %s: %s", broken[which].why, d.error.message,
                d.error.detail);
  rig_applied(&r, "/next");
  ck_assert_uint_eq(script_accepted(r.server), 2);
  ck_assert_uint_eq(script_seen(r.server, "/home"), 1);
  rig_fini(&r);
}
END_TEST

/* Nobody registered for events: they are no reason to worry. */
START_TEST(events_are_ignored) {
  static const uint8_t event[] = {0x84, 0, 0xff, 0xff, 0x0c, 0,
                                  0,    0, 3,    0,    1,    'x'};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  script_say(r.server, event, sizeof event);
  rig_applied(&r, "/home");
  ck_assert_uint_eq(script_accepted(r.server), 1);
  rig_fini(&r);
}
END_TEST

/* ---- No connection ------------------------------------------------------ */

static void count_lines(void *user, int level, const char *text) {
  ck_assert_int_le(level, TALLY_LOG_WARNING);
  ck_assert_str_ne(text, "");
  atomic_fetch_add((_Atomic int *)user, 1);
}

static bool is_logged(void *arg) {
  return atomic_load((_Atomic int *)arg) > 0;
}

/* Accepted and kept until the server is back. */
START_TEST(waits_for_the_server) {
  struct done d = {0};
  _Atomic int lines = 0;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  tally_log(&r.options, count_lines, &lines, TALLY_LOG_WARNING);
  rig_connect(&r);
  rig_applied(&r, "/first");
  script_listen(r.server, false);
  script_drop(r.server, false);
  /* "the connection was lost" */
  ck_assert(rig_until(&r, is_logged, &lines));
  rig_submit(&r, "/home", 1, &d);
  for (int i = 0; i < 50; i++)
    rig_step(&r);
  ck_assert_msg(d.calls == 0, "%s: %s", d.error.message, d.error.detail);
  script_listen(r.server, true);
  ck_assert(rig_done(&r, &d));
  ck_assert_int_eq(d.outcome, TALLY_APPLIED);
  ck_assert_uint_eq(script_seen(r.server, "/home"), 1);
  rig_fini(&r);
}
END_TEST

START_TEST(no_host_at_the_deadline) {
  struct done d = {0};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.increment_timeout_ms = 150;
  rig_connect(&r);
  script_listen(r.server, false);
  script_drop(r.server, false);
  rig_submit(&r, "/home", 1, &d);
  ck_assert(rig_done(&r, &d));
  ck_assert_int_eq(d.status, TALLY_ENOHOST);
  ck_assert_int_eq(d.outcome, TALLY_NOT_APPLIED);
  ck_assert_msg(strstr(d.error.detail, script_host(r.server)) != NULL ||
                    strstr(d.error.host, script_host(r.server)) != NULL,
                "%s: %s", d.error.message, d.error.detail);
  ck_assert_uint_eq(script_seen(r.server, "/home"), 0);
  rig_fini(&r);
}
END_TEST

/* The server takes connections and says nothing: the deadline comes in the
 * middle of an attempt, and the host is named all the same. */
START_TEST(no_host_while_connecting) {
  struct done d = {0};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.increment_timeout_ms = 150;
  rig_connect(&r);
  script_next_kind(r.server, AT_OPTIONS, SCRIPT_IGNORE, 0);
  script_drop(r.server, false);
  ck_assert(rig_accepted(&r, 2));
  rig_submit(&r, "/home", 1, &d);
  ck_assert(rig_done(&r, &d));
  ck_assert_int_eq(d.status, TALLY_ENOHOST);
  ck_assert_int_eq(d.outcome, TALLY_NOT_APPLIED);
  ck_assert_msg(strstr(d.error.detail, script_host(r.server)) != NULL ||
                    strstr(d.error.host, script_host(r.server)) != NULL,
                "no host in: %s: %s", d.error.message, d.error.detail);
  rig_fini(&r);
}
END_TEST

Suite *lost_suite(void) {
  Suite *s = suite_create("lost");
  TCase *tc = tcase_create("modes");

  tcase_set_timeout(tc, 90);
  tcase_add_loop_test(tc, closed_after_accept, 0, RIG_MODES);
  tcase_add_loop_test(tc, reset_after_accept, 0, RIG_MODES);
  tcase_add_loop_test(tc, many_in_flight, 0, RIG_MODES);
  tcase_add_loop_test(tc, reset_while_writing, 0, RIG_MODES);
  tcase_add_loop_test(tc, cut_inside_a_frame, 0, RIG_MODES * 2);
  tcase_add_loop_test(tc, no_signal, 0, RIG_MODES * 2);
  tcase_add_loop_test(tc, idle_inline_blocking, 0, 2);
  tcase_add_loop_test(tc, idle_inline, 0, 2);
  tcase_add_loop_test(tc, idle_guest, 0, 2);
  tcase_add_loop_test(tc, broken_rule, 0, BROKEN * RIG_MODES);
  tcase_add_loop_test(tc, events_are_ignored, 0, RIG_MODES);
  tcase_add_loop_test(tc, waits_for_the_server, 0, RIG_MODES);
  tcase_add_loop_test(tc, no_host_at_the_deadline, 0, RIG_MODES);
  tcase_add_loop_test(tc, no_host_while_connecting, 0, RIG_MODES);
  suite_add_tcase(s, tc);
  return s;
}
