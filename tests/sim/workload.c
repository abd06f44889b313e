#include "tests/sim/workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/view.h"

static struct {
  unsigned to_submit; /* operations that the safety phase has left */
  bool liveness;
  bool resting; /* the application is not inside a call */
} work;

void workload_begin(void) {
  work.to_submit = (unsigned)plan.operations;
  work.liveness = work.resting = false;
  sim_session = NULL;
}

static void on_done(void *user, const tally_result *result);
static void on_read(void *user, const tally_result *result);
static void maybe_reenter(void);

/* ---- One operation ------------------------------------------------------ */

/* Every delta carries the operation's number (tests/sim/model.h). */
static int64_t draw_delta(uint32_t number) {
  int64_t delta = (int64_t)number << LEDGER_SHIFT;

  delta += (int64_t)draw_below(CHANCE_WORKLOAD, 1 << LEDGER_SHIFT);
  return draw_once_in(CHANCE_WORKLOAD, 3) ? -delta : delta;
}

/* With this a frame is larger than a buffer. */
enum { KEY_MOST = 65500 };

static void draw_key(struct key *key, uint32_t number) {
  uint64_t most = (uint64_t)KEY_MOST >> draw_below(CHANCE_WORKLOAD, 10);

  key->more = 0;
  if (draw_once_in(CHANCE_WORKLOAD, 2)) {
    snprintf(key->text, KEY_MAX, "/op%u", (unsigned)number);
    /* Longer than a slot's place for values, up to longer than a buffer. */
    if (draw_once_in(CHANCE_WORKLOAD, plan.long_keys))
      key->more = most == KEY_MOST || plan.long_keys == 1
                      ? KEY_MOST
                      : (uint32_t)draw_below(CHANCE_WORKLOAD, most);
  } else {
    snprintf(key->text, KEY_MAX, "/hot%u",
             (unsigned)draw_below(CHANCE_WORKLOAD, plan.hot_keys));
  }
}

struct record *workload_draw(void) {
  struct record *r = check_new_record();
  uint64_t which = draw_below(CHANCE_WORKLOAD, 4);

  if (r == NULL)
    return NULL;
  r->table = draw_once_in(CHANCE_WORKLOAD, 4) ? TABLE_DAILY : TABLE_PAGE_HITS;
  draw_key(&r->key, r->number);
  if (which != 1)
    r->deltas[0] = draw_delta(r->number);
  if (which != 0)
    r->deltas[1] = draw_delta(r->number);
  r->decrement = draw_once_in(CHANCE_WORKLOAD, 4);
  return r;
}

struct row {
  union {
    page_hits hits;
    daily daily;
  } of;
  char key[KEY_BYTES]; /* not shared: other threads go on in the meantime */
};

/* A decrement's row has the deltas negated. */
static void fill_row(struct row *row, const struct record *r) {
  int64_t sign = r->decrement ? -1 : 1;

  memset(&row->of, 0, sizeof row->of);
  if (r->table == TABLE_PAGE_HITS) {
    row->of.hits.url = key_text(&r->key, row->key);
    row->of.hits.views = sign * r->deltas[0];
    row->of.hits.unique_visitors = sign * r->deltas[1];
  } else {
    row->of.daily.site = key_text(&r->key, row->key);
    row->of.daily.day = SIM_DAY;
    row->of.daily.total = sign * r->deltas[0];
    row->of.daily.hits = sign * r->deltas[1];
  }
}

/* Drawn, filled in and entered in the books; NULL: the books are full. */
static struct record *begin_operation(struct row *row) {
  struct record *r = workload_draw();

  if (r != NULL) {
    fill_row(row, r);
    check_submit(r);
  }
  return r;
}

static void submit_async(void) {
  struct row row;
  struct record *r = begin_operation(&row);
  tally_error e;
  int rc;

  if (r == NULL)
    return;
  rc = (r->decrement ? tally_decrement_async : tally_increment_async)(
      sim_tables[r->table], &row.of, on_done, r, &e);
  check_submitted(r, rc, &e);
}

static void submit_blocking(void) {
  struct row row;
  struct record *r = begin_operation(&row);
  tally_error e;
  int rc;

  if (r == NULL)
    return;
  rc = (r->decrement ? tally_decrement : tally_increment)(sim_tables[r->table],
                                                          &row.of, &e);
  check_blocking_done(r, rc, &e);
}

/* ---- Several at once ---------------------------------------------------- */

/* One that finds no memory is as if it had never been. */
static void add_row(struct batch_record *b) {
  struct record *r = workload_draw();
  struct row row;
  tally_error e;
  int rc;

  if (r == NULL)
    return;
  r->batched = true;
  fill_row(&row, r);
  rc = (r->decrement ? tally_batch_decrement : tally_batch_increment)(
      b->batch, sim_tables[r->table], &row.of, &e);
  if (rc == 0)
    b->rows[b->count++] = r;
  else if (rc != TALLY_ENOMEM || !plan.faults)
    violation("operation %u: a batch refuses it: %s", r->number, e.message);
  else
    r->outcome = TALLY_NOT_APPLIED;
}

static struct batch_record *begin_batch(void) {
  struct batch_record *b = calloc(1, sizeof *b);
  uint64_t most = draw_once_in(CHANCE_WORKLOAD, 2) ? 4 : BATCH_MOST;
  tally_error e;

  if (tally_batch_new(&b->batch, sim_session, &e) == 0)
    for (uint64_t n = draw_between(CHANCE_WORKLOAD, 1, most); n > 0; n--)
      add_row(b);
  if (b->count > 0) {
    check_batch_submit(b);
    return b;
  }
  tally_batch_free(b->batch);
  free(b);
  return NULL;
}

static void end_batch(struct batch_record *b, int rc, const tally_error *e) {
  check_batch_end(b, rc, e);
  tally_batch_free(b->batch);
  free(b);
}

static void on_batch(void *user, const tally_result *result) {
  struct batch_record *b = user;

  if (b->submitting && plan.mode != SIM_THREADS)
    violation("a batch ends inside the call that sends it");
  end_batch(b, result->status, result->error);
  maybe_reenter();
}

/* With threads it may have ended before the call returns. */
void workload_batch(bool blocking) {
  struct batch_record *b = begin_batch();
  tally_error e;
  int rc;

  if (b == NULL)
    return;
  if (blocking) {
    end_batch(b, tally_batch_send(b->batch, &e), &e);
    return;
  }
  rc = tally_batch_send_async(b->batch, on_batch, b, &e);
  if (rc != 0)
    end_batch(b, rc, &e);
  else if (plan.mode != SIM_THREADS)
    b->submitting = false;
}

/* ---- Reads --------------------------------------------------------------- */

static void fill_read(struct row *row, struct read_record *r) {
  memset(&row->of, 0, sizeof row->of);
  r->table = draw_once_in(CHANCE_WORKLOAD, 4) ? TABLE_DAILY : TABLE_PAGE_HITS;
  draw_key(&r->key, (uint32_t)draw_below(CHANCE_WORKLOAD, 64) + 1);
  if (r->table == TABLE_PAGE_HITS) {
    row->of.hits.url = key_text(&r->key, row->key);
  } else {
    row->of.daily.site = key_text(&r->key, row->key);
    row->of.daily.day = SIM_DAY;
  }
}

static struct read_record *begin_read(struct row *row) {
  struct read_record *r = check_new_read();

  if (r != NULL) {
    fill_read(row, r);
    check_read_submit(r);
  }
  return r;
}

static void read_async(void) {
  struct row row;
  struct read_record *r = begin_read(&row);
  tally_error e;

  if (r != NULL)
    check_read_submitted(
        r, tally_get_async(sim_tables[r->table], &row.of, on_read, r, &e));
}

static void read_blocking(void) {
  struct row row;
  struct read_record *r = begin_read(&row);
  uint64_t nulls = 0;
  tally_error e;
  int rc;

  if (r == NULL)
    return;
  rc = tally_get_nulls(sim_tables[r->table], &row.of, &nulls, &e);
  check_read_result(r, rc, &row.of, nulls);
}

/* ---- Inside callbacks --------------------------------------------------- */

static void block_inside(void) {
  page_hits row = {.url = "/inside", .views = 1};
  tally_error e;
  int rc = tally_increment(sim_tables[TABLE_PAGE_HITS], &row, &e);

  if (rc != TALLY_EDEADLK)
    violation("a blocking call inside a callback returns %s",
              tally_error_name(rc));
  if (tally_close(sim_session) != TALLY_EDEADLK)
    violation("tally_close() inside a callback is not refused");
}

static void maybe_reenter(void) {
  uint64_t detail;

  if (!fault(FAULT_REENTER, &detail) || session_is_closing() || work.liveness)
    return;
  switch (detail_below(&detail, 4)) {
  case 0:
    block_inside();
    return;
  case 1:
    read_async();
    return;
  case 2:
    /* With threads, another one may be inside a call. */
    if (plan.close_in_callback &&
        (plan.mode != SIM_THREADS || (plan.app_threads == 1 && work.resting)))
      session_close_inside();
    return;
  default:
    for (uint64_t n = detail_below(&detail, 4) + 1; n > 0; n--)
      submit_async();
  }
}

static void on_done(void *user, const tally_result *result) {
  check_done(user, result);
  maybe_reenter();
}

static void on_read(void *user, const tally_result *result) {
  check_read_done(user, result);
  maybe_reenter();
}

void workload_settled(void *user, const tally_settled *settled) {
  check_settled(user, settled);
  maybe_reenter();
}

/* ---- The safety phase --------------------------------------------------- */

static void rest(void) {
  uint64_t most = 1 + plan.pause_ms * MILLISECOND;

  if (!draw_once_in(CHANCE_WORKLOAD, 3))
    return;
  work.resting = true;
  session_pass(draw_below(CHANCE_WORKLOAD, most));
  work.resting = false;
}

static void burst(void) {
  for (uint64_t n = draw_between(CHANCE_WORKLOAD, 2, 20); n > 0; n--)
    submit_async();
}

static void act(void) {
  bool may_block = plan.mode != SIM_GUEST;
  uint64_t what = draw_below(CHANCE_WORKLOAD, 100);

  if (what < 50)
    submit_async();
  else if (what < 58)
    burst();
  else if (what < 68)
    read_async();
  else if (what < 73 && may_block)
    read_blocking();
  else if (what < 90 && may_block)
    submit_blocking();
  else if (what < 93)
    workload_batch(false);
  else if (what < 94 && may_block)
    workload_batch(true);
  else if (what < 95)
    scan_async();
  else if (what < 96 && may_block)
    scan_blocking();
  else if (what < 98)
    execute(may_block && draw_once_in(CHANCE_WORKLOAD, 2));
  rest();
}

static bool has_work(void) {
  return check_record_count() < work.to_submit;
}

/* A thread of the application's. */
static void application(void *arg) {
  (void)arg;
  while (has_work() && !session_is_closing())
    act();
}

static bool applications_ended(void *arg) {
  (void)arg;
  return threads_running() == 0;
}

static void work_in_threads(void) {
  for (uint64_t i = 1; i < plan.app_threads; i++)
    threads_spawn(application, NULL);
  application(NULL);
  threads_wait(applications_ended, NULL, 0);
}

static void set_up(void) {
  session_open();
  for (int tries = 0; session_create() != 0; tries++) {
    if (tries == 20)
      fault_allow(false);
    session_pass(SECOND);
  }
  fault_allow(plan.faults);
}

void workload_safety(void) {
  fault_allow(plan.faults && plan.setup_faults);
  set_up();
  if (plan.mode == SIM_THREADS && plan.app_threads > 1) {
    work_in_threads();
    return;
  }
  while (has_work()) {
    act();
    if (session_is_closing() ||
        (plan.reopen && draw_once_in(CHANCE_WORKLOAD, plan.reopen))) {
      session_close();
      session_open();
      fault_allow(plan.faults);
    }
  }
}

/* ---- The liveness phase ------------------------------------------------- */

/* What the options allow it to take: the longest wait of each kind, a few
 * times over; and hosts that accept requests and never answer are left only
 * when they owe too many answers. */
static uint64_t patience(void) {
  uint64_t ms = 4 * (plan.heartbeat + plan.heartbeat_timeout) +
                8 * (plan.reconnect_max + plan.connect_timeout) +
                8 * (plan.increment_timeout + plan.read_timeout) + 40000;
  /* A PREPARE that is not answered keeps the time of a read. */
  uint64_t each = plan.increment_timeout > plan.read_timeout
                      ? plan.increment_timeout
                      : plan.read_timeout;
  uint64_t owed = (plan.max_abandoned + 2) * (each + 100) * plan.io_threads;

  return (ms + plan.hosts * (owed + plan.connect_timeout)) * MILLISECOND;
}

static bool none_pending(void *arg) {
  (void)arg;
  return check_pending() == 0;
}

static bool has_ended(void *arg) {
  return ((struct record *)arg)->completions > 0;
}

static void wait_for_end(struct record *r) {
  uint64_t patient = 10 * plan.increment_timeout * MILLISECOND;

  while (!session_drive(has_ended, r, world_now() + patient))
    if (!somebody_stalls())
      violation("operation %u does not end", r->number);
}

/* One increment, and its outcome. */
static int try_one(void) {
  struct record *r = workload_draw();
  struct row row;
  tally_error e;
  int rc;

  if (r == NULL)
    return TALLY_APPLIED;
  r->decrement = false;
  fill_row(&row, r);
  check_submit(r);
  rc = tally_increment_async(sim_tables[r->table], &row.of, check_done, r, &e);
  check_submitted(r, rc, &e);
  if (rc == 0)
    wait_for_end(r);
  return r->outcome;
}

static uint64_t loops(void) {
  return plan.mode == SIM_THREADS ? plan.io_threads : 1;
}

static uint64_t connections(void) {
  return loops() * plan.hosts * (view_wanted() + 1);
}

/* Each loop asks each host whether it lives; where there is none it tries to
 * connect, half of the longest pause after the last time. */
static uint64_t idle_turns(uint64_t beats) {
  uint64_t attempts = 4 * beats * plan.heartbeat / plan.reconnect_max + 20;

  return loops() * 20 + connections() * (10 * beats + 4 * attempts);
}

/* Left alone, a session costs next to nothing. */
static void check_idle(void) {
  uint64_t turns, asked, beats = 5;

  /* An inline session is not turned, and this takes long. */
  if (plan.mode == SIM_INLINE || !draw_once_in(CHANCE_WORKLOAD, 8))
    return;
  /* What is still being replaced comes to its end: 60 s is the longest. */
  session_pass(70 * SECOND);
  turns = net_sim_turns();
  asked = model_counts.requests;
  session_pass(beats * plan.heartbeat * MILLISECOND);
  turns = net_sim_turns() - turns;
  if (turns > idle_turns(beats))
    violation("an idle session turns %llu times in %llu heartbeats",
              (unsigned long long)turns, (unsigned long long)beats);
  if (model_counts.requests - asked < beats / 2)
    violation("an idle session does not ask whether its host is alive");
  if (guest_is_held())
    violation("an idle session keeps the caller's loop alive");
  if (heap_bytes() > IDLE_BYTES + connections() * IDLE_BYTES_EACH)
    violation("an idle session holds %llu bytes",
              (unsigned long long)heap_bytes());
}

/* All rows can be read. */
static int read_hot(unsigned hot) {
  struct read_record *r = check_new_read();
  struct row row;
  tally_error e;
  int rc;

  if (r == NULL)
    return 0;
  memset(&row.of, 0, sizeof row.of);
  r->table = TABLE_PAGE_HITS;
  snprintf(r->key.text, KEY_MAX, "/hot%u", hot);
  row.of.hits.url = r->key.text;
  check_read_submit(r);
  rc = tally_get_async(sim_tables[r->table], &row.of, check_read_done, r, &e);
  check_read_submitted(r, rc);
  workload_settle();
  return rc != 0 ? rc : r->status;
}

static void read_all(void) {
  uint64_t end = world_now() + patience();

  for (unsigned i = 0; i < plan.hot_keys; i++)
    for (int rc = -1; rc != 0 && rc != TALLY_ENOTFOUND;) {
      rc = read_hot(i);
      if (world_now() > end)
        violation("a read ends with %s, and all is well", tally_error_name(rc));
    }
}

/* So many increments must be applied, one after the other. */
enum { IN_A_ROW = 5 };

void workload_liveness(void) {
  uint64_t end;

  work.liveness = true;
  /* A thread that stands still does so beyond the last fault. */
  while (somebody_stalls())
    session_pass(SECOND);
  end = world_now() + patience();
  if (session_is_closing())
    session_close();
  if (sim_session == NULL)
    session_open();
  /* What was under way when the faults ended may still come late. */
  for (int in_a_row = 0; in_a_row < IN_A_ROW;) {
    in_a_row = try_one() == TALLY_APPLIED ? in_a_row + 1 : 0;
    if (in_a_row > 0)
      continue;
    if (world_now() > end)
      violation("nothing is applied %llu s after the faults have ended",
                (unsigned long long)(patience() / SECOND));
    session_pass(100 * MILLISECOND);
  }
  workload_settle();
  read_all();
  workload_follow();
  check_idle();
}

void workload_count(bool blocking) {
  if (blocking && plan.mode != SIM_GUEST)
    submit_blocking();
  else
    submit_async();
}

void workload_read(bool blocking) {
  if (blocking && plan.mode != SIM_GUEST)
    read_blocking();
  else
    read_async();
}

void workload_settle(void) {
  if (!session_drive(none_pending, NULL, world_now() + patience()))
    violation("%llu operations do not end",
              (unsigned long long)check_pending());
}

void workload_close(void) {
  /* At times with operations in flight. */
  if (draw_once_in(CHANCE_WORKLOAD, 2))
    burst();
  session_close();
}
