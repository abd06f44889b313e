/* tests/live/test_callbacks.c - what a callback may do: submit and close; and
 * what it may not: block.  With threads of our own, and inline. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/live/live.h"
#include "tests/live/suites.h"

enum { LINKS = 200, PENDING = 100 };

static const int k_threads[] = {1, 0};
enum { MODES = 2 };

static tally_session *session;
static tally_table *hits;
static tally_error e;

static void connect_in_mode(int mode) {
  session = live_connect(k_threads[mode]);
  hits = live_table(session, &page_hits_definition);
}

/* Until `want` operations have ended, in the way of the session's mode. */
static void wait_ended(int mode, struct live_gate *gate, uint32_t want) {
  if (k_threads[mode] > 0) {
    live_gate_wait_ended(gate, want);
    return;
  }
  while (gate->ended < want)
    ck_assert_int_ge(tally_poll(session, 1000, &e), 0);
}

/* ---- Callbacks that submit ---------------------------------------------- */

struct chain {
  struct live_gate gate;
  uint32_t left;
  int inside; /* a submission is under way */
  int refused;
};

static void on_link(void *user, const tally_result *result) {
  struct chain *chain = user;
  tally_error error;

  /* Never inside the call that submitted it. */
  ck_assert_int_eq(chain->inside, 0);
  if (result->status == 0 && chain->left > 0) {
    chain->left--;
    chain->inside = 1;
    live_gate_begin(&chain->gate);
    chain->refused = tally_increment_async(hits, &(page_hits){"/chain", 1, 0},
                                           on_link, chain, &error);
    chain->inside = 0;
  }
  live_gate_end(&chain->gate, result);
}

START_TEST(submits) {
  struct chain chain = {.left = LINKS - 1};

  connect_in_mode(_i);
  live_gate_init(&chain.gate);
  live_gate_begin(&chain.gate);
  LIVE_OK(tally_increment_async(hits, &(page_hits){"/chain", 1, 0}, on_link,
                                &chain, &e),
          &e);
  wait_ended(_i, &chain.gate, LINKS);
  ck_assert_int_eq(chain.refused, 0);
  ck_assert_uint_eq(chain.gate.outcomes[TALLY_APPLIED], LINKS);
  ck_assert_int_eq(live_page(hits, "/chain").views, LINKS);
  ck_assert_int_eq(tally_close(session), 0);
}
END_TEST

/* ---- Callbacks that block are refused ----------------------------------- */

static void on_blocking(void *user, const tally_result *result) {
  page_hits row = {"/home", 1, 0};
  uint64_t nulls;
  tally_table *table;
  tally_error error;

  LIVE_REFUSED(tally_increment(hits, &row, &error), TALLY_EDEADLK, &error);
  LIVE_REFUSED(tally_decrement(hits, &row, &error), TALLY_EDEADLK, &error);
  LIVE_REFUSED(tally_get(hits, &row, &error), TALLY_EDEADLK, &error);
  LIVE_REFUSED(tally_get_nulls(hits, &row, &nulls, &error), TALLY_EDEADLK,
               &error);
  LIVE_REFUSED(tally_sync_table(hits, NULL, &error), TALLY_EDEADLK, &error);
  LIVE_REFUSED(tally_create_keyspace(session, "x", NULL, &error), TALLY_EDEADLK,
               &error);
  LIVE_REFUSED(tally_table_open_name(&table, session, "x", &error),
               TALLY_EDEADLK, &error);
  if (tally_backend_fd(session) >= 0)
    LIVE_REFUSED(tally_poll(session, 0, &error), TALLY_EDEADLK, &error);
  ck_assert_int_eq(tally_close(session), TALLY_EDEADLK);
  live_gate_end(user, result);
}

START_TEST(blocks) {
  struct live_gate gate;

  connect_in_mode(_i);
  live_gate_init(&gate);
  live_gate_begin(&gate);
  LIVE_OK(tally_increment_async(hits, &(page_hits){"/home", 1, 0}, on_blocking,
                                &gate, &e),
          &e);
  wait_ended(_i, &gate, 1);
  ck_assert_int_eq(live_page(hits, "/home").views, 1);
  ck_assert_int_eq(tally_close(session), 0);
}
END_TEST

/* ---- Callbacks that close ----------------------------------------------- */

struct closer {
  struct live_gate gate;
  struct live_gate closed;
  struct live_gate submitting; /* nobody may submit to a closed session */
  uint32_t ended_before_closed;
  int rc, again, submit;
};

static void on_closed(void *user) {
  struct closer *closer = user;

  closer->ended_before_closed = closer->gate.ended;
  live_gate_end(&closer->closed, &(tally_result){.outcome = TALLY_NOT_APPLIED});
}

static void on_other(void *user, const tally_result *result) {
  live_gate_end(&((struct closer *)user)->gate, result);
}

static void on_close(void *user, const tally_result *result) {
  struct closer *closer = user;
  tally_error error;

  live_gate_wait(&closer->submitting, 0);
  closer->rc = tally_close_async(session, on_closed, closer);
  closer->again = tally_close_async(session, on_closed, closer);
  live_gate_begin(&closer->gate);
  closer->submit = tally_increment_async(hits, &(page_hits){"/home", 1, 0},
                                         on_other, closer, &error);
  if (closer->submit != 0)
    live_gate_withdraw(&closer->gate);
  live_gate_end(&closer->gate, result);
}

/* The first answer's callback closes; the others, in flight, all end before
 * closed() runs, the last thing of all.  What is submitted right after may be
 * too late or just in time, and ends exactly once in that case. */
START_TEST(closes) {
  struct closer closer = {0};
  char table[128], want[32];
  uint32_t count;

  connect_in_mode(_i);
  snprintf(table, sizeof table, "%s", live_qualified(hits));
  live_gate_init(&closer.gate);
  live_gate_init(&closer.closed);
  live_gate_init(&closer.submitting);
  LIVE_OK(tally_increment(hits, &(page_hits){"/home", 1, 0}, &e), &e);
  live_gate_begin(&closer.submitting);
  for (int i = 0; i < PENDING; i++) {
    live_gate_begin(&closer.gate);
    LIVE_OK(tally_increment_async(hits, &(page_hits){"/home", 1, 0},
                                  i == 0 ? on_close : on_other, &closer, &e),
            &e);
  }
  live_gate_end(&closer.submitting, &(tally_result){.status = 0});
  wait_ended(_i, &closer.closed, 1);
  ck_assert_int_eq(closer.rc, 0);
  ck_assert_int_eq(closer.again, TALLY_ECLOSED);
  ck_assert(closer.submit == TALLY_ECLOSED || closer.submit == 0);
  count = PENDING + (closer.submit == 0);
  ck_assert_uint_eq(closer.gate.begun, count);
  ck_assert_uint_eq(closer.gate.ended, count);
  ck_assert_uint_eq(closer.ended_before_closed, count);
  ck_assert_uint_eq(closer.gate.outcomes[TALLY_APPLIED], count);
  snprintf(want, sizeof want, "%u\n", (unsigned)count + 1);
  ck_assert_str_eq(live_cql("SELECT views FROM %s", table), want);
}
END_TEST

/* Closed while a blocking call waits (inline): the call still ends. */
START_TEST(closes_inside_a_blocking_call) {
  struct closer closer = {0};

  connect_in_mode(1);
  live_gate_init(&closer.gate);
  live_gate_init(&closer.closed);
  live_gate_init(&closer.submitting);
  live_gate_begin(&closer.gate);
  LIVE_OK(tally_increment_async(hits, &(page_hits){"/home", 1, 0}, on_close,
                                &closer, &e),
          &e);
  LIVE_OK(tally_increment(hits, &(page_hits){"/home", 1, 0}, &e), &e);
  wait_ended(1, &closer.closed, 1);
  ck_assert_int_eq(closer.rc, 0);
  ck_assert_uint_eq(closer.gate.begun, closer.gate.ended);
}
END_TEST

/* ---- Nobody listens ----------------------------------------------------- */

START_TEST(no_callback_at_all) {
  connect_in_mode(_i);
  for (int i = 0; i < 20; i++)
    LIVE_OK(tally_increment_async(hits, &(page_hits){"/home", 1, 0}, NULL, NULL,
                                  &e),
            &e);
  LIVE_OK(tally_get_async(hits, &(page_hits){.url = "/home"}, NULL, NULL, &e),
          &e);
  if (k_threads[_i] == 0)
    while (tally_poll(session, 1000, &e) > 0)
      continue;
  /* Behind the others on the same connection; the server answers in any
   * order, so the sum is read after the close. */
  {
    char table[128];

    snprintf(table, sizeof table, "%s", live_qualified(hits));
    ck_assert_int_eq(tally_close(session), 0);
    ck_assert_str_eq(live_cql("SELECT views FROM %s", table), "20\n");
  }
}
END_TEST

/* ---- The session's bound ------------------------------------------------ */

START_TEST(busy_at_the_bound) {
  struct live_gate gate;
  tally_options options;
  int rc = 0, accepted = 0;

  live_options(&options, k_threads[_i]);
  options.max_in_flight = 16;
  session = live_connect_with(&options);
  hits = live_table(session, &page_hits_definition);
  live_gate_init(&gate);
  for (int i = 0; i < 100000 && rc == 0; i++) {
    live_gate_begin(&gate);
    rc = tally_increment_async(hits, &(page_hits){"/home", 1, 0}, live_gate_end,
                               &gate, &e);
    accepted += rc == 0;
  }
  live_gate_withdraw(&gate);
  LIVE_REFUSED(rc, TALLY_EBUSY, &e);
  ck_assert_int_ge(accepted, 16);
  wait_ended(_i, &gate, (uint32_t)accepted);
  /* And it goes on. */
  LIVE_OK(tally_increment(hits, &(page_hits){"/home", 1, 0}, &e), &e);
  ck_assert_int_eq(live_page(hits, "/home").views, accepted + 1);
  ck_assert_int_eq(tally_close(session), 0);
}
END_TEST

Suite *callbacks_suite(void) {
  Suite *s = suite_create("callbacks");
  TCase *tc = tcase_create("callbacks");

  tcase_set_timeout(tc, 120);
  tcase_add_loop_test(tc, submits, 0, MODES);
  tcase_add_loop_test(tc, blocks, 0, MODES);
  tcase_add_loop_test(tc, closes, 0, MODES);
  tcase_add_test(tc, closes_inside_a_blocking_call);
  tcase_add_loop_test(tc, no_callback_at_all, 0, MODES);
  tcase_add_loop_test(tc, busy_at_the_bound, 0, MODES);
  suite_add_tcase(s, tc);
  return s;
}
