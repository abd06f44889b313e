/* tests/live/gate.c - waiting for callbacks, and the calls in both forms. */
#include "tests/live/live.h"

#include <errno.h>
#include <time.h>

enum { PATIENCE_SECONDS = 60 };

void live_gate_init(struct live_gate *gate) {
  *gate = (struct live_gate){0};
  pthread_mutex_init(&gate->lock, NULL);
  pthread_cond_init(&gate->moved, NULL);
}

void live_gate_begin(struct live_gate *gate) {
  pthread_mutex_lock(&gate->lock);
  gate->begun++;
  pthread_mutex_unlock(&gate->lock);
}

void live_gate_withdraw(struct live_gate *gate) {
  pthread_mutex_lock(&gate->lock);
  gate->begun--;
  pthread_cond_broadcast(&gate->moved);
  pthread_mutex_unlock(&gate->lock);
}

void live_gate_end(void *user, const tally_result *result) {
  struct live_gate *gate = user;

  pthread_mutex_lock(&gate->lock);
  gate->ended++;
  gate->outcomes[result->outcome]++;
  gate->status = result->status;
  if (result->status != 0)
    gate->error = *result->error;
  pthread_cond_broadcast(&gate->moved);
  pthread_mutex_unlock(&gate->lock);
}

static void wait_moved(struct live_gate *gate, const struct timespec *until) {
  int rc = pthread_cond_timedwait(&gate->moved, &gate->lock, until);

  ck_assert_msg(rc != ETIMEDOUT, "%u of %u operations never ended",
                (unsigned)(gate->begun - gate->ended), (unsigned)gate->begun);
}

void live_gate_wait(struct live_gate *gate, uint32_t most) {
  struct timespec until;

  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += PATIENCE_SECONDS;
  pthread_mutex_lock(&gate->lock);
  while (gate->begun - gate->ended > most)
    wait_moved(gate, &until);
  pthread_mutex_unlock(&gate->lock);
}

void live_gate_wait_ended(struct live_gate *gate, uint32_t ended) {
  struct timespec until;

  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += PATIENCE_SECONDS;
  pthread_mutex_lock(&gate->lock);
  while (gate->ended < ended)
    wait_moved(gate, &until);
  pthread_mutex_unlock(&gate->lock);
}

/* ---- Both forms of every call ------------------------------------------- */

static int sync_blocking(tally_table *table, tally_error *error) {
  return tally_sync_table(table, NULL, error);
}

/* Its own thread waits, so only for sessions with threads of their own. */
static int await(struct live_gate *gate, int rc, tally_error *error) {
  if (rc != 0)
    return rc;
  live_gate_wait(gate, 0);
  ck_assert_uint_eq(gate->ended, 1);
  if (gate->status != 0)
    *error = gate->error;
  else
    ck_assert_uint_eq(gate->outcomes[TALLY_UNKNOWN], 0);
  return gate->status;
}

static int sync_async(tally_table *table, tally_error *error) {
  struct live_gate gate;

  live_gate_init(&gate);
  live_gate_begin(&gate);
  return await(&gate,
               tally_sync_table_async(table, NULL, live_gate_end, &gate, error),
               error);
}

static int increment_async(tally_table *table, const void *row,
                           tally_error *error) {
  struct live_gate gate;

  live_gate_init(&gate);
  live_gate_begin(&gate);
  return await(&gate,
               tally_increment_async(table, row, live_gate_end, &gate, error),
               error);
}

static int decrement_async(tally_table *table, const void *row,
                           tally_error *error) {
  struct live_gate gate;

  live_gate_init(&gate);
  live_gate_begin(&gate);
  return await(&gate,
               tally_decrement_async(table, row, live_gate_end, &gate, error),
               error);
}

struct got {
  struct live_gate gate;
  page_hits *row;
  uint64_t *nulls;
};

static void on_got(void *user, const tally_result *result) {
  struct got *got = user;

  if (result->status == 0) {
    const page_hits *row = result->row;

    got->row->views = row->views;
    got->row->unique_visitors = row->unique_visitors;
    *got->nulls = result->nulls;
  }
  live_gate_end(&got->gate, result);
}

static int get_async(tally_table *table, page_hits *row, uint64_t *nulls,
                     tally_error *error) {
  struct got got = {.row = row, .nulls = nulls};

  live_gate_init(&got.gate);
  live_gate_begin(&got.gate);
  return await(&got.gate, tally_get_async(table, row, on_got, &got, error),
               error);
}

static int get_blocking(tally_table *table, page_hits *row, uint64_t *nulls,
                        tally_error *error) {
  return tally_get_nulls(table, row, nulls, error);
}

const struct live_calls live_calls[LIVE_FORMS] = {
    {"blocking", sync_blocking, tally_increment, tally_decrement, get_blocking},
    {"asynchronous", sync_async, increment_async, decrement_async, get_async},
};
