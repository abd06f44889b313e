/* tests/unit/test_settle.c - increments that ended UNKNOWN and whose answer
 * comes after all: who is told what, how often, and where. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/rig.h"
#include "tests/unit/suites.h"

/* ---- What the callback saw ---------------------------------------------- */

struct seen {
  _Atomic int calls; /* written last */
  struct rig *r;
  void (*inside)(struct seen *seen); /* may be NULL */
  uint64_t operation;
  int outcome;
  char table[32];
  bool has_row;
  page_hits row;
  char url[600];
  struct done done; /* what `inside` submits */
  struct done closed;
  int64_t allocations; /* r->heap.calls at that time */
};

static void on_settled(void *user, const tally_settled *settled) {
  struct seen *seen = user;

  seen->operation = settled->operation;
  seen->outcome = settled->outcome;
  strcpy(seen->table, tally_table_name(settled->table));
  seen->has_row = settled->row != NULL;
  seen->allocations = (int64_t)seen->r->heap.calls;
  if (settled->row != NULL) {
    memcpy(&seen->row, settled->row, sizeof seen->row);
    strcpy(seen->url, seen->row.url);
  }
  if (seen->inside != NULL)
    seen->inside(seen);
  atomic_fetch_add(&seen->calls, 1);
}

static bool is_settled(void *arg) {
  return atomic_load(&((struct seen *)arg)->calls) > 0;
}

/* Only what is held back may take so long, under a sanitizer too: all else is
 * read, and reads have the rig's patience. */
enum { TIMEOUT_MS = 250 };

static void setup(struct rig *r, struct seen *seen, enum rig_mode mode) {
  memset(seen, 0, sizeof *seen);
  seen->r = r;
  rig_init(r, mode);
  r->options.increment_timeout_ms = TIMEOUT_MS;
  r->options.on_settled = on_settled;
  r->options.on_settled_user = seen;
}

static void open_rig(struct rig *r, struct seen *seen, enum rig_mode mode) {
  setup(r, seen, mode);
  rig_connect(r);
  rig_answered(r, "/first");
}

static void is_unknown(const struct done *d) {
  ck_assert_int_eq(d->status, TALLY_EUNKNOWN);
  ck_assert_int_eq(d->outcome, TALLY_UNKNOWN);
  ck_assert_uint_ne(d->error.operation, 0);
}

/* One that is UNKNOWN at its deadline; its answer is held back. */
static void hold_one(struct rig *r, const struct script_step *step,
                     struct done *d) {
  if (step == NULL)
    script_next_kind(r->server, AT_UPDATE, SCRIPT_HOLD, 1);
  else
    script_next(r->server, AT_UPDATE, step, 1);
  rig_increment(r, "/home", 7, d);
  is_unknown(d);
  ck_assert_int_eq(d->error.cause, TALLY_ETIMEDOUT);
}

/* The server has sent what it held back, and it was read: later answers of the
 * same connection have come. */
static void release_and_read(struct rig *r) {
  script_release(r->server);
  for (int i = 0; i < 3; i++)
    rig_answered(r, "/next");
}

static void expect(const struct seen *seen, const struct done *d, int outcome) {
  ck_assert_int_eq(seen->calls, 1);
  ck_assert_uint_eq(seen->operation, d->error.operation);
  ck_assert_int_eq(seen->outcome, outcome);
  ck_assert_str_eq(seen->table, "page_hits");
  ck_assert(seen->has_row);
  ck_assert_str_eq(seen->url, "/home");
  ck_assert_int_eq(seen->row.views, 7);
  ck_assert_int_eq(seen->row.unique_visitors, 0);
  ck_assert_int_eq(d->calls, 1);
}

/* ---- Verdicts ----------------------------------------------------------- */

START_TEST(settles_applied) {
  struct seen seen;
  struct done d;
  struct rig r;

  open_rig(&r, &seen, (enum rig_mode)_i);
  hold_one(&r, NULL, &d);
  ck_assert_int_eq(seen.calls, 0);
  script_release(r.server);
  ck_assert(rig_until(&r, is_settled, &seen));
  release_and_read(&r);
  expect(&seen, &d, TALLY_APPLIED);
  ck_assert_int_eq(script_sum(r.server, "/home", "views"), 7);
  rig_fini(&r);
  ck_assert_int_eq(seen.calls, 1);
}
END_TEST

static const uint8_t unavailable[] = {0, 1, 0, 0, 0, 1, 0, 0, 0, 0};
static const uint8_t write_timeout[] = {
    0, 6, 0, 0, 0, 2, 0, 0, 0, 1, 0, 7, 'C', 'O', 'U', 'N', 'T', 'E', 'R'};
static const uint8_t void_and_warning[] = {0,   1, 0, 3, 'h', 'm',
                                           'm', 0, 0, 0, 1};
static const uint8_t rows[] = {0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0};
static const uint8_t cut[] = {0, 0};

#define ERROR_OF(number, tail)                                                 \
  {                                                                            \
    .kind = SCRIPT_ERROR, .code = number, .bytes = tail, .len = sizeof tail,   \
    .held = true                                                               \
  }
#define PLAIN(number)                                                          \
  { .kind = SCRIPT_ERROR, .code = number, .held = true }
#define FRAME(op, flag, body)                                                  \
  {                                                                            \
    .kind = SCRIPT_FRAME, .opcode = op, .flags = flag, .bytes = body,          \
    .len = sizeof body, .held = true                                           \
  }

/* As the same answer in time would have been; UNKNOWN settles nothing. */
static const struct {
  const char *what;
  struct script_step step;
  int outcome;
} answers[] = {
    {"INVALID", PLAIN(0x2200), TALLY_NOT_APPLIED},
    {"SYNTAX_ERROR", PLAIN(0x2000), TALLY_NOT_APPLIED},
    {"UNAUTHORIZED", PLAIN(0x2100), TALLY_NOT_APPLIED},
    {"IS_BOOTSTRAPPING", PLAIN(0x1002), TALLY_NOT_APPLIED},
    {"UNAVAILABLE", ERROR_OF(0x1000, unavailable), TALLY_NOT_APPLIED},
    {"Void behind a warning", FRAME(0x08, 8, void_and_warning), TALLY_APPLIED},
    {"WRITE_TIMEOUT", ERROR_OF(0x1100, write_timeout), TALLY_UNKNOWN},
    {"OVERLOADED", PLAIN(0x1001), TALLY_UNKNOWN},
    {"SERVER_ERROR", PLAIN(0), TALLY_UNKNOWN},
    {"another code", PLAIN(0x7777), TALLY_UNKNOWN},
    {"Rows", FRAME(0x08, 0, rows), TALLY_UNKNOWN},
    {"a cut RESULT", FRAME(0x08, 0, cut), TALLY_UNKNOWN},
    {"a cut ERROR", FRAME(0x00, 0, cut), TALLY_UNKNOWN},
    {"AUTH_SUCCESS", FRAME(0x10, 0, cut), TALLY_UNKNOWN},
};
enum { ANSWERS = sizeof answers / sizeof answers[0] };

START_TEST(late_answer) {
  int which = _i / RIG_MODES;
  struct seen seen;
  struct done d;
  struct rig r;

  open_rig(&r, &seen, (enum rig_mode)(_i % RIG_MODES));
  hold_one(&r, &answers[which].step, &d);
  release_and_read(&r);
  ck_assert_msg(seen.calls == (answers[which].outcome != TALLY_UNKNOWN),
                "%s: %d calls", answers[which].what, seen.calls);
  if (answers[which].outcome != TALLY_UNKNOWN)
    expect(&seen, &d, answers[which].outcome);
  ck_assert_uint_eq(script_accepted(r.server), 1);
  ck_assert_uint_eq(script_seen(r.server, "/home"), 1);
  rig_fini(&r);
}
END_TEST

/* In time it would be prepared and sent again. */
START_TEST(late_unprepared_is_not_sent_again) {
  static const struct script_step step = {.kind = SCRIPT_UNPREPARED,
                                          .held = true};
  struct seen seen;
  unsigned prepares;
  struct done d;
  struct rig r;

  open_rig(&r, &seen, (enum rig_mode)_i);
  hold_one(&r, &step, &d);
  prepares = script_count(r.server, AT_PREPARE);
  release_and_read(&r);
  expect(&seen, &d, TALLY_NOT_APPLIED);
  ck_assert_uint_eq(script_seen(r.server, "/home"), 1);
  ck_assert_uint_eq(script_count(r.server, AT_PREPARE), prepares);
  rig_fini(&r);
}
END_TEST

/* ---- Never -------------------------------------------------------------- */

START_TEST(lost_is_never_settled) {
  struct done late, lost = {0};
  struct seen seen;
  struct rig r;

  setup(&r, &seen, (enum rig_mode)_i);
  r.options.increment_timeout_ms = 400;
  rig_connect(&r);
  rig_answered(&r, "/first");
  hold_one(&r, NULL, &late);
  script_next_kind(r.server, AT_UPDATE, SCRIPT_CLOSE, 1);
  rig_submit(&r, "/home", 7, &lost);
  ck_assert(rig_done(&r, &lost));
  is_unknown(&lost);
  ck_assert_int_eq(lost.error.cause, TALLY_ELOST);
  ck_assert_uint_ne(lost.error.operation, late.error.operation);
  release_and_read(&r);
  ck_assert_uint_eq(script_accepted(r.server), 2);
  rig_fini(&r);
  ck_assert_int_eq(seen.calls, 0);
  ck_assert_int_eq(late.calls, 1);
  ck_assert_int_eq(lost.calls, 1);
}
END_TEST

/* Late answers to what counts nothing: a read, and a PREPARE, whose statement
 * is that of an increment. */
START_TEST(others_are_never_settled) {
  static const struct script_step invalid = PLAIN(0x2200);
  page_hits row = {.url = "/home", .views = 5};
  struct done read = {0}, unsent = {0};
  struct seen seen;
  struct rig r;

  setup(&r, &seen, (enum rig_mode)_i);
  r.options.increment_timeout_ms = 600;
  r.options.read_timeout_ms = TIMEOUT_MS;
  rig_connect(&r);
  script_next_kind(r.server, AT_SELECT, SCRIPT_HOLD, 1);
  ck_assert_int_eq(tally_get_async(r.hits, &row, done_record, &read, &r.error),
                   0);
  ck_assert(rig_done(&r, &read));
  ck_assert_int_eq(read.outcome, TALLY_NOT_APPLIED);
  ck_assert_uint_eq(read.error.operation, 0);
  script_next(r.server, AT_PREPARE, &invalid, 0);
  rig_submit(&r, "/home", 1, &unsent);
  ck_assert(rig_done(&r, &unsent));
  ck_assert_int_eq(unsent.outcome, TALLY_NOT_APPLIED);
  ck_assert_uint_eq(unsent.error.operation, 0);
  script_clear(r.server, AT_PREPARE);
  release_and_read(&r);
  ck_assert_int_eq(seen.calls, 0);
  /* ... while an increment's is: */
  hold_one(&r, NULL, &unsent);
  release_and_read(&r);
  expect(&seen, &unsent, TALLY_APPLIED);
  rig_fini(&r);
}
END_TEST

START_TEST(never_after_close) {
  struct seen seen;
  struct done d;
  struct rig r;

  open_rig(&r, &seen, (enum rig_mode)_i);
  hold_one(&r, NULL, &d);
  rig_close(&r);
  script_release(r.server);
  ck_assert(script_wait_standing(r.server, 0));
  rig_fini(&r);
  ck_assert_int_eq(seen.calls, 0);
  ck_assert_int_eq(d.calls, 1);
}
END_TEST

/* ---- Closing ------------------------------------------------------------ */

static void count_closed(void *user) {
  atomic_fetch_add(&((struct done *)user)->calls, 1);
}

static void wait_closed(struct rig *r, struct done *closed) {
  while (r->mode == RIG_INLINE && closed->calls == 0)
    tally_poll(r->session, 10, NULL);
  ck_assert(rig_done(r, closed));
  r->session = NULL;
}

/* It waits for the read, and what comes meanwhile is told. */
START_TEST(settles_while_closing) {
  page_hits row = {.url = "/home"};
  struct done d, read = {0};
  struct seen seen;
  struct rig r;

  open_rig(&r, &seen, (enum rig_mode)_i);
  hold_one(&r, NULL, &d);
  script_next_kind(r.server, AT_SELECT, SCRIPT_HOLD, 1);
  ck_assert_int_eq(tally_get_async(r.hits, &row, done_record, &read, &r.error),
                   0);
  ck_assert(rig_served(&r, AT_SELECT, 2));
  ck_assert_int_eq(tally_close_async(r.session, count_closed, &seen.closed), 0);
  script_release(r.server);
  wait_closed(&r, &seen.closed);
  ck_assert_int_eq(read.status, 0);
  expect(&seen, &d, TALLY_APPLIED);
  rig_fini(&r);
}
END_TEST

static void close_inside(struct seen *seen) {
  if (seen->calls == 0)
    ck_assert_int_eq(
        tally_close_async(seen->r->session, count_closed, &seen->closed), 0);
}

START_TEST(closes_inside) {
  struct done first, second;
  struct seen seen;
  struct rig r;

  open_rig(&r, &seen, (enum rig_mode)_i);
  seen.inside = close_inside;
  hold_one(&r, NULL, &first);
  hold_one(&r, NULL, &second);
  script_release(r.server);
  wait_closed(&r, &seen.closed);
  /* The second may have come in time, or not. */
  ck_assert_int_ge(seen.calls, 1);
  ck_assert_int_le(seen.calls, 2);
  ck_assert_int_eq(seen.closed.calls, 1);
  rig_fini(&r);
}
END_TEST

/* ---- Inside the callback ------------------------------------------------ */

static void submit_inside(struct seen *seen) {
  rig_submit(seen->r, "/inside", 3, &seen->done);
}

START_TEST(submits_inside) {
  struct seen seen;
  struct done d;
  struct rig r;

  open_rig(&r, &seen, (enum rig_mode)_i);
  seen.inside = submit_inside;
  hold_one(&r, NULL, &d);
  script_release(r.server);
  ck_assert(rig_done(&r, &seen.done));
  ck_assert_int_eq(seen.done.outcome, TALLY_APPLIED);
  expect(&seen, &d, TALLY_APPLIED);
  ck_assert_int_eq(script_sum(r.server, "/inside", "views"), 3);
  rig_fini(&r);
}
END_TEST

static void block_inside(struct seen *seen) {
  page_hits row = {.url = "/inside", .views = 1};
  struct rig *r = seen->r;

  ck_assert_int_eq(tally_increment(r->hits, &row, NULL), TALLY_EDEADLK);
  ck_assert_int_eq(tally_get(r->hits, &row, NULL), TALLY_EDEADLK);
  ck_assert_int_eq(tally_close(r->session), TALLY_EDEADLK);
  if (r->mode == RIG_INLINE)
    ck_assert_int_eq(tally_poll(r->session, 0, NULL), TALLY_EDEADLK);
}

START_TEST(may_not_block_inside) {
  struct seen seen;
  struct done d;
  struct rig r;

  open_rig(&r, &seen, (enum rig_mode)_i);
  seen.inside = block_inside;
  hold_one(&r, NULL, &d);
  release_and_read(&r);
  expect(&seen, &d, TALLY_APPLIED);
  ck_assert_uint_eq(script_seen(r.server, "/inside"), 0);
  rig_fini(&r);
}
END_TEST

/* The program learns the id by a blocking call, and what became of it in a
 * later one. */
START_TEST(blocking_calls) {
  page_hits row = {.url = "/home", .views = 7};
  struct done d = {.calls = 1};
  struct seen seen;
  struct rig r;

  open_rig(&r, &seen, _i == 0 ? RIG_THREADS : RIG_INLINE);
  script_next_kind(r.server, AT_UPDATE, SCRIPT_HOLD, 1);
  ck_assert_int_eq(tally_increment(r.hits, &row, &d.error), TALLY_EUNKNOWN);
  ck_assert_uint_ne(d.error.operation, 0);
  ck_assert_uint_eq(d.error.reserved, 0);
  ck_assert_int_eq(seen.calls, 0);
  script_release(r.server);
  row.url = "/next";
  for (int i = 0; i < 3; i++)
    ck_assert_int_eq(tally_get(r.hits, &row, &r.error), TALLY_ENOTFOUND);
  expect(&seen, &d, TALLY_APPLIED);
  rig_fini(&r);
}
END_TEST

/* ---- Memory ---------------------------------------------------------- */

/* Values outside the slot; and one allocation, no more. */
START_TEST(row_with_a_long_key) {
  struct done d = {0};
  int64_t before;
  struct seen seen;
  char key[500];
  struct rig r;

  memset(key, 'k', sizeof key - 1);
  key[sizeof key - 1] = '\0';
  open_rig(&r, &seen, (enum rig_mode)_i);
  script_next_kind(r.server, AT_UPDATE, SCRIPT_HOLD, 1);
  rig_increment(&r, key, 2, &d);
  is_unknown(&d);
  before = (int64_t)r.heap.calls;
  script_release(r.server);
  ck_assert(rig_until(&r, is_settled, &seen));
  ck_assert_str_eq(seen.url, key);
  ck_assert_int_eq(seen.row.views, 2);
  ck_assert_int_eq(seen.allocations - before, 1);
  rig_fini(&r);
}
END_TEST

struct scarce {
  _Atomic bool none;
  _Atomic int64_t live;
};

static void *scarce_resize(void *user, void *p, size_t size) {
  struct scarce *scarce = user;

  if (scarce->none)
    return NULL;
  scarce->live += p == NULL;
  return realloc(p, size);
}

static void *scarce_allocate(void *user, size_t size) {
  return scarce_resize(user, NULL, size);
}

static void scarce_release(void *user, void *p) {
  ((struct scarce *)user)->live -= p != NULL;
  free(p);
}

START_TEST(no_memory_no_row) {
  struct scarce scarce = {0};
  struct seen seen;
  struct done d;
  struct rig r;

  setup(&r, &seen, (enum rig_mode)_i);
  r.options.allocator = (tally_allocator){scarce_allocate, scarce_resize,
                                          scarce_release, &scarce};
  rig_connect(&r);
  rig_answered(&r, "/first");
  hold_one(&r, NULL, &d);
  scarce.none = true;
  script_release(r.server);
  ck_assert(rig_until(&r, is_settled, &seen));
  scarce.none = false;
  ck_assert_uint_eq(seen.operation, d.error.operation);
  ck_assert_int_eq(seen.outcome, TALLY_APPLIED);
  ck_assert_str_eq(seen.table, "page_hits");
  ck_assert(!seen.has_row);
  rig_answered(&r, "/next");
  rig_fini(&r);
  ck_assert_int_eq(seen.calls, 1);
  ck_assert_int_eq(scarce.live, 0);
}
END_TEST

/* ---- Many --------------------------------------------------------------- */

/* Several at once, each with its own id and deltas. */
START_TEST(each_by_its_id) {
  enum { COUNT = 20 };
  static struct done done[COUNT];
  struct seen seen;
  struct rig r;
  int found = 0;

  memset(done, 0, sizeof done);
  open_rig(&r, &seen, (enum rig_mode)_i);
  script_next_kind(r.server, AT_UPDATE, SCRIPT_HOLD, COUNT - 1);
  script_next(r.server, AT_UPDATE, &answers[0].step, 1);
  for (int i = 0; i < COUNT; i++)
    rig_submit(&r, "/home", 1 + i, &done[i]);
  for (int i = 0; i < COUNT; i++)
    ck_assert(rig_done(&r, &done[i]));
  release_and_read(&r);
  ck_assert_int_eq(seen.calls, COUNT);
  /* The last was refused. */
  ck_assert_int_eq(seen.outcome, TALLY_NOT_APPLIED);
  ck_assert_int_eq(seen.row.views, COUNT);
  for (int i = 0; i < COUNT; i++)
    found += done[i].error.operation == seen.operation;
  ck_assert_int_eq(found, 1);
  ck_assert_uint_eq(done[COUNT - 1].error.operation, seen.operation);
  rig_fini(&r);
}
END_TEST

Suite *settle_suite(void) {
  Suite *s = suite_create("settle");
  TCase *tc = tcase_create("modes");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, settles_applied, 0, RIG_MODES);
  tcase_add_loop_test(tc, late_answer, 0, ANSWERS * RIG_MODES);
  tcase_add_loop_test(tc, late_unprepared_is_not_sent_again, 0, RIG_MODES);
  tcase_add_loop_test(tc, lost_is_never_settled, 0, RIG_MODES);
  tcase_add_loop_test(tc, others_are_never_settled, 0, RIG_MODES);
  tcase_add_loop_test(tc, never_after_close, 0, RIG_MODES);
  tcase_add_loop_test(tc, settles_while_closing, 0, RIG_MODES);
  tcase_add_loop_test(tc, closes_inside, 0, RIG_MODES);
  tcase_add_loop_test(tc, submits_inside, 0, RIG_MODES);
  tcase_add_loop_test(tc, may_not_block_inside, 0, RIG_MODES);
  tcase_add_loop_test(tc, blocking_calls, 0, 2);
  tcase_add_loop_test(tc, row_with_a_long_key, 0, RIG_MODES);
  tcase_add_loop_test(tc, no_memory_no_row, 0, RIG_MODES);
  tcase_add_loop_test(tc, each_by_its_id, 0, RIG_MODES);
  suite_add_tcase(s, tc);
  return s;
}
