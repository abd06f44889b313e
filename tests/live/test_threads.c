/* tests/live/test_threads.c - many threads on one session of two loops.  Run
 * under ThreadSanitizer as well. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/live/live.h"
#include "tests/live/suites.h"

enum { THREADS = 8, ROUNDS = 300, ROWS = 5 };

static tally_session *session;
static tally_table *hits;

static void setup(void) {
  session = live_connect(2);
  hits = live_table(session, &page_hits_definition);
}

static void teardown(void) {
  ck_assert_int_eq(tally_close(session), 0);
}

struct worker {
  pthread_t thread;
  uint32_t number;
  struct live_gate gate;
  uint32_t refused; /* calls that gave another code than 0 */
  tally_error error;
};

static void note(struct worker *w, int rc, const tally_error *e) {
  if (rc == 0)
    return;
  w->refused++;
  w->error = *e;
}

/* Blocking and asynchronous calls, increments and decrements, one counter and
 * both, so that every thread meets every statement. */
static void one_round(struct worker *w, uint32_t round) {
  char url[16];
  page_hits one = {.url = url, .views = 2};
  page_hits both = {.url = url, .views = 1, .unique_visitors = 1};
  tally_error e;
  int rc;

  snprintf(url, sizeof url, "/%u", (unsigned)((round + w->number) % ROWS));
  live_gate_begin(&w->gate);
  rc = tally_increment_async(hits, &both, live_gate_end, &w->gate, &e);
  if (rc != 0)
    live_gate_withdraw(&w->gate);
  note(w, rc, &e);
  rc = tally_increment(hits, &one, &e);
  note(w, rc, &e);
  one.views = 1;
  live_gate_begin(&w->gate);
  rc = tally_decrement_async(hits, &one, live_gate_end, &w->gate, &e);
  if (rc != 0)
    live_gate_withdraw(&w->gate);
  note(w, rc, &e);
  if (round % 10 == 0)
    note(w, tally_get(hits, &one, &e), &e);
}

static void *work(void *arg) {
  struct worker *w = arg;

  for (uint32_t round = 0; round < ROUNDS; round++)
    one_round(w, round);
  live_gate_wait(&w->gate, 0);
  return NULL;
}

START_TEST(sums_are_exact) {
  static struct worker workers[THREADS];
  int64_t views = 0, unique_visitors = 0;
  char url[16];

  for (uint32_t i = 0; i < THREADS; i++) {
    workers[i].number = i;
    live_gate_init(&workers[i].gate);
    ck_assert_int_eq(
        pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
  }
  for (uint32_t i = 0; i < THREADS; i++) {
    pthread_join(workers[i].thread, NULL);
    ck_assert_msg(workers[i].refused == 0, "%u calls: %s (%s)",
                  (unsigned)workers[i].refused, workers[i].error.message,
                  workers[i].error.detail);
    ck_assert_uint_eq(workers[i].gate.outcomes[TALLY_APPLIED], 2 * ROUNDS);
    ck_assert_uint_eq(workers[i].gate.ended, 2 * ROUNDS);
  }
  for (int i = 0; i < ROWS; i++) {
    page_hits row;

    snprintf(url, sizeof url, "/%d", i);
    row = live_page(hits, url);
    ck_assert_int_eq(row.views, 2 * THREADS * ROUNDS / ROWS);
    views += row.views;
    unique_visitors += row.unique_visitors;
  }
  ck_assert_int_eq(views, 2 * THREADS * ROUNDS);
  ck_assert_int_eq(unique_visitors, THREADS * ROUNDS);
}
END_TEST

/* ---- All at once on what nobody touched before -------------------------- */

struct racer {
  pthread_t thread;
  pthread_barrier_t *start;
  int64_t views, unique_visitors;
  int rc;
  tally_error error;
};

static void *race(void *arg) {
  struct racer *r = arg;
  page_hits row = {"/race", r->views, r->unique_visitors};

  pthread_barrier_wait(r->start);
  r->rc = tally_increment(hits, &row, &r->error);
  return NULL;
}

/* The statements are made, and prepared, by whoever comes first. */
START_TEST(first_touch_is_a_race) {
  pthread_barrier_t start;
  struct racer racers[THREADS];
  page_hits row;

  pthread_barrier_init(&start, NULL, THREADS);
  for (int i = 0; i < THREADS; i++) {
    racers[i] = (struct racer){
        .start = &start, .views = i % 3 != 0, .unique_visitors = i % 3 != 1};
    ck_assert_int_eq(pthread_create(&racers[i].thread, NULL, race, &racers[i]),
                     0);
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(racers[i].thread, NULL);
    LIVE_OK(racers[i].rc, &racers[i].error);
  }
  pthread_barrier_destroy(&start);
  row = live_page(hits, "/race");
  ck_assert_int_eq(row.views, 5);           /* 8 less 0, 3, 6 */
  ck_assert_int_eq(row.unique_visitors, 5); /* 8 less 1, 4, 7 */
}
END_TEST

/* ---- Callbacks that submit, on two loops -------------------------------- */

struct chain {
  struct live_gate *gate;
  uint32_t left;
};

static void on_link(void *user, const tally_result *result) {
  struct chain *chain = user;
  tally_error e;

  live_gate_end(chain->gate, result);
  if (result->status != 0 || chain->left == 0)
    return;
  chain->left--;
  live_gate_begin(chain->gate);
  if (tally_increment_async(hits, &(page_hits){.url = "/chain", .views = 1},
                            on_link, chain, &e) != 0)
    live_gate_withdraw(chain->gate);
}

START_TEST(chains_on_two_loops) {
  static struct chain chains[THREADS * 4];
  uint32_t total = THREADS * 4 * 51;
  struct live_gate gate;
  tally_error e;

  live_gate_init(&gate);
  for (int i = 0; i < THREADS * 4; i++) {
    chains[i] = (struct chain){&gate, 50};
    live_gate_begin(&gate);
    LIVE_OK(tally_increment_async(hits,
                                  &(page_hits){.url = "/chain", .views = 1},
                                  on_link, &chains[i], &e),
            &e);
  }
  live_gate_wait_ended(&gate, total);
  ck_assert_uint_eq(gate.outcomes[TALLY_APPLIED], total);
  ck_assert_int_eq(live_page(hits, "/chain").views, total);
}
END_TEST

/* ---- Closing while callbacks go on submitting --------------------------- */

struct endless {
  struct live_gate *gate;
  int refused_with;
};

static void on_endless(void *user, const tally_result *result) {
  struct endless *chain = user;
  tally_error e;

  live_gate_begin(chain->gate);
  chain->refused_with = tally_increment_async(
      hits, &(page_hits){.url = "/end", .views = 1}, on_endless, chain, &e);
  if (chain->refused_with != 0)
    live_gate_withdraw(chain->gate);
  live_gate_end(chain->gate, result);
}

/* tally_close() returns when every accepted operation has ended, once, and
 * what came meanwhile was refused. */
START_TEST(close_ends_them_all) {
  static struct endless chains[THREADS * 4];
  struct live_gate gate;
  char table[128];
  int64_t views;
  tally_error e;

  live_gate_init(&gate);
  snprintf(table, sizeof table, "%s", live_qualified(hits));
  for (int i = 0; i < THREADS * 4; i++) {
    chains[i].gate = &gate;
    live_gate_begin(&gate);
    LIVE_OK(tally_increment_async(hits, &(page_hits){.url = "/end", .views = 1},
                                  on_endless, &chains[i], &e),
            &e);
  }
  live_gate_wait_ended(&gate, 500);
  ck_assert_int_eq(tally_close(session), 0);
  ck_assert_uint_eq(gate.begun, gate.ended);
  ck_assert_uint_ge(gate.ended, 500);
  for (int i = 0; i < THREADS * 4; i++)
    ck_assert_int_eq(chains[i].refused_with, TALLY_ECLOSED);
  views = strtoll(live_cql("SELECT views FROM %s", table), NULL, 10);
  ck_assert_int_ge(views, gate.outcomes[TALLY_APPLIED]);
  ck_assert_int_le(views,
                   gate.outcomes[TALLY_APPLIED] + gate.outcomes[TALLY_UNKNOWN]);
  session = live_connect(2); /* for the teardown */
}
END_TEST

Suite *threads_suite(void) {
  Suite *s = suite_create("threads");
  TCase *tc = tcase_create("threads");

  tcase_set_timeout(tc, 180);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, sums_are_exact);
  tcase_add_test(tc, first_touch_is_a_race);
  tcase_add_test(tc, chains_on_two_loops);
  tcase_add_test(tc, close_ends_them_all);
  suite_add_tcase(s, tc);
  return s;
}
