/* tests/live/test_node.c - a node that forgets, dies, and falls silent.
 *
 * Restarting takes TALLY_TEST_RESTART=1 and TALLY_CASSANDRA_DIR; what can be
 * had by ALTER TABLE alone is always run. */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/live/live.h"
#include "tests/live/suites.h"

enum { STREAM = 256, ATTEMPTS = 200 };

static tally_session *session;
static tally_table *hits;
static tally_error e;

static void connect_with_deadline(uint32_t increment_timeout_ms) {
  tally_options options;

  live_options(&options, 1);
  options.increment_timeout_ms = increment_timeout_ms;
  options.reconnect_max_ms = 1000;
  session = live_connect_with(&options);
  hits = live_table(session, &page_hits_definition);
}

static void setup(void) {
  connect_with_deadline(30000);
}

static void teardown(void) {
  ck_assert_int_eq(tally_close(session), 0);
}

/* ---- Statements that the server forgot ---------------------------------- */

/* ALTER TABLE throws the table's prepared statements away: UNPREPARED. */
START_TEST(prepared_again_after_alter) {
  page_hits both = {"/home", 1, 1};
  page_hits page;

  for (int i = 0; i < 3; i++) {
    LIVE_OK(tally_increment(hits, &both, &e), &e);
    page = live_page(hits, "/home");
    ck_assert_int_eq(page.views, i + 1);
    ck_assert_int_eq(page.unique_visitors, i + 1);
    live_cql("ALTER TABLE %s ADD more%d counter", live_qualified(hits), i);
  }
  LIVE_OK(tally_increment(hits, &both, &e), &e);
  ck_assert_int_eq(live_page(hits, "/home").views, 4);
}
END_TEST

/* The same with many in flight: all are sent again, none twice. */
START_TEST(prepared_again_in_flight) {
  struct live_gate gate;
  uint32_t count = 0;

  live_gate_init(&gate);
  LIVE_OK(tally_increment(hits, &(page_hits){.url = "/home", .views = 1}, &e),
          &e);
  for (int alter = 0; alter < 3; alter++) {
    for (uint32_t i = 0; i < 1000; i++, count++) {
      live_gate_wait(&gate, STREAM - 1);
      live_gate_begin(&gate);
      LIVE_OK(tally_increment_async(hits,
                                    &(page_hits){.url = "/home", .views = 1},
                                    live_gate_end, &gate, &e),
              &e);
    }
    live_cql("ALTER TABLE %s ADD more%d counter", live_qualified(hits), alter);
  }
  live_gate_wait(&gate, 0);
  ck_assert_msg(gate.outcomes[TALLY_APPLIED] == count, "%s (%s)",
                gate.error.message, gate.error.detail);
  ck_assert_int_eq(live_page(hits, "/home").views, count + 1);
}
END_TEST

/* Nothing was in flight, so the connection's end costs no UNKNOWN: neither on
 * a loop of our own, nor inline, where the FIN waits unseen in the socket. */
START_TEST(prepared_again_after_restart) {
  tally_definition d = page_hits_definition;
  tally_session *idle = live_connect(0);
  page_hits one = {.url = "/home", .views = 1};
  tally_table *same;

  d.name = tally_table_name(hits);
  LIVE_OK(tally_table_open(&same, idle, &d, &e), &e);
  LIVE_OK(tally_increment(hits, &one, &e), &e);
  LIVE_OK(tally_increment(same, &one, &e), &e);
  live_node("restart", "1");
  LIVE_OK(tally_increment(hits, &one, &e), &e);
  LIVE_OK(tally_increment(same, &one, &e), &e);
  ck_assert_int_eq(live_page(hits, "/home").views, 4);
  ck_assert_int_eq(live_page(same, "/home").views, 4);
  ck_assert_str_eq(live_cql("SELECT views FROM %s", live_qualified(hits)),
                   "4\n");
  ck_assert_int_eq(tally_close(idle), 0);
}
END_TEST

/* ---- A stream of increments that goes on by itself ---------------------- */

struct stream {
  struct live_gate gate;
  pthread_mutex_t lock;
  int stopped;
};

struct drop {
  struct stream *stream;
  uint32_t ended;
};

static int is_stopped(struct stream *stream) {
  int stopped;

  pthread_mutex_lock(&stream->lock);
  stopped = stream->stopped;
  pthread_mutex_unlock(&stream->lock);
  return stopped;
}

static void stop(struct stream *stream) {
  pthread_mutex_lock(&stream->lock);
  stream->stopped = 1;
  pthread_mutex_unlock(&stream->lock);
}

static void on_drop(void *user, const tally_result *result) {
  struct drop *drop = user;
  struct live_gate *gate = &drop->stream->gate;
  tally_error error;

  drop->ended++;
  /* Failures come at once when there is no node: one is enough. */
  if (result->status == 0 && !is_stopped(drop->stream)) {
    live_gate_begin(gate);
    drop->ended--;
    if (tally_increment_async(hits, &(page_hits){.url = "/home", .views = 1},
                              on_drop, drop, &error) != 0)
      live_gate_withdraw(gate);
  }
  live_gate_end(gate, result);
}

static void start_stream(struct stream *stream, struct drop *drops) {
  live_gate_init(&stream->gate);
  pthread_mutex_init(&stream->lock, NULL);
  stream->stopped = 0;
  for (int i = 0; i < STREAM; i++) {
    drops[i] = (struct drop){.stream = stream};
    live_gate_begin(&stream->gate);
    LIVE_OK(tally_increment_async(hits,
                                  &(page_hits){.url = "/home", .views = 1},
                                  on_drop, &drops[i], &e),
            &e);
  }
}

/* Every drop ended its last operation exactly once. */
static void end_stream(struct stream *stream, const struct drop *drops) {
  stop(stream);
  live_gate_wait(&stream->gate, 0);
  ck_assert_uint_eq(stream->gate.begun, stream->gate.ended);
  for (int i = 0; i < STREAM; i++)
    ck_assert_uint_eq(drops[i].ended, 1);
}

/* Until one is applied: each attempt waits in the library, for a connection
 * or for its deadline.  What it leaves unsure is added to the account. */
static void count_again(uint32_t *applied, uint32_t *unknown) {
  for (int i = 0; i < ATTEMPTS; i++) {
    int rc =
        tally_increment(hits, &(page_hits){.url = "/home", .views = 1}, &e);

    if (rc == 0) {
      ++*applied;
      return;
    }
    *unknown += e.outcome == TALLY_UNKNOWN;
    ck_assert_int_eq(rc == TALLY_EUNKNOWN, e.outcome == TALLY_UNKNOWN);
  }
  ck_abort_msg("the session does not count again: %s (%s)", e.message,
               e.detail);
}

static void within_bounds(uint32_t applied, uint32_t unknown) {
  int64_t views = strtoll(live_cql("SELECT views FROM %s WHERE url = '/home'",
                                   live_qualified(hits)),
                          NULL, 10);

  ck_assert_msg(views >= applied && views <= (int64_t)applied + unknown,
                "%" PRId64 " is not within %u and %u more", views,
                (unsigned)applied, (unsigned)unknown);
  ck_assert_int_eq(live_page(hits, "/home").views, views);
}

START_TEST(killed_in_flight) {
  static struct drop drops[STREAM];
  struct stream stream;
  uint32_t applied, unknown;

  start_stream(&stream, drops);
  live_gate_wait_ended(&stream.gate, 2000);
  live_node("kill", "1");
  end_stream(&stream, drops);
  applied = stream.gate.outcomes[TALLY_APPLIED];
  unknown = stream.gate.outcomes[TALLY_UNKNOWN];
  ck_assert_uint_ge(applied, 1000);
  ck_assert_uint_gt(unknown, 0);
  ck_assert_int_ne(stream.gate.error.code, 0);
  live_node("restart", "1");
  count_again(&applied, &unknown);
  within_bounds(applied, unknown);
}
END_TEST

/* Until the node's port is closed. */
static void wait_refused(void) {
  tally_options options;
  tally_session *other;
  int rc = 0;

  live_options(&options, 1);
  options.connect_timeout_ms = 2000;
  for (int i = 0; i < ATTEMPTS && rc != TALLY_ECONNECT; i++) {
    rc = tally_connect(&other, &options, &e);
    tally_close(other);
  }
  LIVE_REFUSED(rc, TALLY_ECONNECT, &e);
  live_says(&e, "127.0.");
}

/* While nobody answers the door: refused, and never sent. */
START_TEST(killed_and_idle) {
  page_hits one = {.url = "/home", .views = 1};
  uint32_t applied = 1, unknown = 0;

  LIVE_OK(tally_increment(hits, &one, &e), &e);
  live_node("kill", "1");
  wait_refused();
  /* The port may close before the connection does: that costs one. */
  if (tally_increment(hits, &one, &e) == TALLY_EUNKNOWN) {
    ck_assert_int_eq(e.cause, TALLY_ELOST);
    unknown++;
  }
  LIVE_REFUSED(tally_increment(hits, &one, &e), TALLY_ENOHOST, &e);
  ck_assert_str_ne(e.detail, "");
  LIVE_REFUSED(tally_get(hits, &one, &e), TALLY_ENOHOST, &e);
  live_node("restart", "1");
  count_again(&applied, &unknown);
  ck_assert_uint_le(unknown, 1);
  within_bounds(applied, unknown);
}
END_TEST

/* ---- Silence ------------------------------------------------------------ */

START_TEST(paused_and_resumed) {
  static struct drop drops[STREAM];
  struct stream stream;
  uint32_t applied, unknown;

  start_stream(&stream, drops);
  live_gate_wait_ended(&stream.gate, 2000);
  live_node("pause", "1");
  end_stream(&stream, drops);
  applied = stream.gate.outcomes[TALLY_APPLIED];
  unknown = stream.gate.outcomes[TALLY_UNKNOWN];
  ck_assert_uint_gt(unknown, 0);
  ck_assert_int_eq(stream.gate.error.code, TALLY_EUNKNOWN);
  ck_assert_int_eq(stream.gate.error.cause, TALLY_ETIMEDOUT);
  LIVE_RETURNS(
      tally_increment(hits, &(page_hits){.url = "/home", .views = 1}, &e),
      TALLY_EUNKNOWN, &e);
  ck_assert_int_eq(e.cause, TALLY_ETIMEDOUT);
  ck_assert_int_eq(e.outcome, TALLY_UNKNOWN);
  unknown++;
  live_node("resume", "1");
  count_again(&applied, &unknown);
  within_bounds(applied, unknown);
}
END_TEST

/* A node that a failed test left paused or dead would fail the next one. */
static void heal(void) {
  char script[] = LIVE_SOURCE_DIR "/scripts/cassandra", out[8192];
  char resume[] = "resume", restart[] = "restart", node[] = "1";
  char status[] = "status";
  char *resume_argv[] = {script, resume, node, NULL};
  char *status_argv[] = {script, status, NULL};
  char *restart_argv[] = {script, restart, node, NULL};

  if (live_run(status_argv, out, sizeof out) == 0)
    return;
  live_run(resume_argv, out, sizeof out);
  if (live_run(status_argv, out, sizeof out) != 0)
    live_run(restart_argv, out, sizeof out);
}

static void setup_restart(void) {
  heal();
  setup();
}

static void setup_short(void) {
  heal();
  connect_with_deadline(3000);
}

static void add_restarts(Suite *s) {
  TCase *tc = tcase_create("restart");

  tcase_set_timeout(tc, 300);
  tcase_add_unchecked_fixture(tc, NULL, heal);
  tcase_add_checked_fixture(tc, setup_restart, teardown);
  tcase_add_test(tc, prepared_again_after_restart);
  suite_add_tcase(s, tc);

  tc = tcase_create("killed");
  tcase_set_timeout(tc, 300);
  tcase_add_unchecked_fixture(tc, NULL, heal);
  tcase_add_checked_fixture(tc, setup_short, teardown);
  tcase_add_test(tc, killed_in_flight);
  tcase_add_test(tc, killed_and_idle);
  suite_add_tcase(s, tc);

  tc = tcase_create("paused");
  tcase_set_timeout(tc, 300);
  tcase_add_unchecked_fixture(tc, NULL, heal);
  tcase_add_checked_fixture(tc, setup_short, teardown);
  tcase_add_test(tc, paused_and_resumed);
  suite_add_tcase(s, tc);
}

Suite *node_suite(void) {
  const char *restart = getenv("TALLY_TEST_RESTART");
  Suite *s = suite_create("node");
  TCase *tc = tcase_create("alter");

  tcase_set_timeout(tc, 180);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, prepared_again_after_alter);
  tcase_add_test(tc, prepared_again_in_flight);
  suite_add_tcase(s, tc);
  if (restart != NULL && strcmp(restart, "1") == 0)
    add_restarts(s);
  else
    fprintf(stderr, "node: TALLY_TEST_RESTART is not 1, so the node is not "
                    "killed, paused and restarted\n");
  return s;
}
