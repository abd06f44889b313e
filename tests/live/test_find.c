/* tests/live/test_find.c - queries: what the rows are, page by page, against
 * what was counted and what the independent client reads. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/live/live.h"
#include "tests/live/suites.h"

typedef struct visits {
  const char *site;
  int32_t day;
  const char *path;
  int64_t views;
  int64_t bytes;
  int64_t total;
} visits;

static const tally_column visits_columns[] = {
    TALLY_PARTITION_KEY(visits, site, TALLY_TEXT),
    TALLY_PARTITION_KEY(visits, day, TALLY_DATE),
    TALLY_CLUSTERING_KEY(visits, path, TALLY_TEXT, TALLY_ASC),
    TALLY_COUNTER(visits, views),
    TALLY_COUNTER(visits, bytes),
    TALLY_STATIC_COUNTER(visits, total),
};
static const tally_definition visits_definition =
    TALLY_DEFINITION(visits, "visits", visits_columns);

static tally_session *session;
static tally_table *table;
static tally_query *q;
static tally_error e;

static void open_with(int io_threads) {
  session = live_connect(io_threads);
  table = live_table(session, &visits_definition);
  LIVE_OK(tally_find(&q, table, &e), &e);
}

static void setup(void) {
  open_with(1);
}

static void teardown(void) {
  tally_query_free(q);
  ck_assert_int_eq(tally_close(session), 0);
}

static void count(const char *site, int32_t day, const char *path,
                  int64_t views, int64_t bytes) {
  visits row = {site, day, path, views, bytes, 0};

  LIVE_OK(tally_increment(table, &row, &e), &e);
}

/* Sites a and b, two days, paths /a to /d; views is 1 to 4. */
static void fill(void) {
  for (int site = 0; site < 2; site++)
    for (int day = 1; day <= 2; day++)
      for (int i = 1; i <= 4; i++) {
        char path[3] = {'/', (char)('a' + i - 1), '\0'};

        count(site == 0 ? "a" : "b", day, path, i, i == 1 ? 0 : 10 * day);
      }
}

static void again(void) {
  tally_query_free(q);
  LIVE_OK(tally_find(&q, table, &e), &e);
}

static void where(const char *column, int op, visits row) {
  LIVE_OK(tally_where(q, column, op, &row, &e), &e);
}

static void of_a_1(void) {
  where("site", TALLY_EQ, (visits){.site = "a"});
  where("day", TALLY_EQ, (visits){.day = 1});
}

/* "site day path views bytes,", one row after another, as they came. */
static const char *found(void) {
  static char text[4096];
  tally_cursor *cursor;
  visits row = {0};
  size_t len = 0;
  int rc;

  text[0] = '\0';
  LIVE_OK(tally_cursor_open(&cursor, q, &e), &e);
  while ((rc = tally_next(cursor, &row, &e)) > 0)
    len += (size_t)snprintf(text + len, sizeof text - len, "%s %d %s %d %d,",
                            row.site, (int)row.day,
                            row.path == NULL ? "-" : row.path, (int)row.views,
                            (int)row.bytes);
  LIVE_OK(rc, &e);
  LIVE_OK(tally_next(cursor, &row, &e), &e); /* there are still none */
  tally_cursor_close(cursor);
  return text;
}

START_TEST(one_partition) {
  fill();
  of_a_1();
  ck_assert_str_eq(found(), "a 1 /a 1 0,a 1 /b 2 10,a 1 /c 3 10,a 1 /d 4 10,");
  LIVE_OK(tally_order_by(q, "path", TALLY_DESC, &e), &e);
  LIVE_OK(tally_limit(q, 2, &e), &e);
  ck_assert_str_eq(found(), "a 1 /d 4 10,a 1 /c 3 10,");
  again();
  of_a_1();
  where("path", TALLY_GT, (visits){.path = "/a"});
  where("path", TALLY_LE, (visits){.path = "/c"});
  LIVE_OK(tally_select(q, "views", &e), &e);
  ck_assert_str_eq(found(), "a 1 /b 2 0,a 1 /c 3 0,");
  again();
  of_a_1();
  where("path", TALLY_EQ, (visits){.path = "/nix"});
  ck_assert_str_eq(found(), "");
}
END_TEST

START_TEST(several_partitions) {
  const visits a = {.site = "a"}, b = {.site = "b"};
  const void *sites[] = {&a, &b};
  const visits first = {.path = "/a"}, last = {.path = "/d"};
  const void *paths[] = {&last, &first};

  fill();
  LIVE_OK(tally_where_in(q, "site", sites, 2, &e), &e);
  where("day", TALLY_EQ, (visits){.day = 2});
  LIVE_OK(tally_where_in(q, "path", paths, 2, &e), &e);
  ck_assert_str_eq(found(), "a 2 /a 1 0,a 2 /d 4 20,b 2 /a 1 0,b 2 /d 4 20,");
  again();
  where("views", TALLY_GE, (visits){.views = 4});
  tally_allow_filtering(q);
  where("bytes", TALLY_LT, (visits){.bytes = 20});
  found();
  ck_assert_ptr_nonnull(strstr(found(), "a 1 /d 4 10,"));
  ck_assert_uint_eq(strlen(found()), 2 * strlen("a 1 /d 4 10,"));
  again();
  LIVE_OK(tally_where_in(q, "path", paths, 2, &e), &e);
  where("views", TALLY_EQ, (visits){.views = 1});
  tally_allow_filtering(q);
  ck_assert_uint_eq(strlen(found()), 4 * strlen("a 1 /a 1 0,"));
  again();
  LIVE_OK(tally_per_partition_limit(q, 1, &e), &e);
  ck_assert_uint_eq(strlen(found()), 4 * strlen("a 1 /a 1 0,"));
}
END_TEST

/* Partitions once each, with their static counters; one has nothing else. */
START_TEST(partitions) {
  tally_cursor *cursor;
  visits row = {.site = "only", .day = 9, .total = 7};
  uint64_t nulls, seen = 0;
  int rc;

  fill();
  LIVE_OK(tally_increment(table, &row, &e), &e);
  tally_distinct(q);
  LIVE_OK(tally_cursor_open(&cursor, q, &e), &e);
  for (; (rc = tally_next_nulls(cursor, &row, &nulls, &e)) > 0; seen++)
    if (strcmp(row.site, "only") == 0) {
      ck_assert_int_eq(row.total, 7);
      ck_assert_uint_eq(nulls, 3);
    } else {
      ck_assert_uint_eq(nulls, 7);
    }
  LIVE_OK(rc, &e);
  ck_assert_uint_eq(seen, 5);
  tally_cursor_close(cursor);
  again();
  where("site", TALLY_EQ, (visits){.site = "only"});
  where("day", TALLY_EQ, (visits){.day = 9});
  ck_assert_str_eq(found(), "only 9 - 0 0,");
}
END_TEST

/* A row that the struct cannot hold is told, and passed over: the next ones are
 * whole. */
START_TEST(what_does_not_fit) {
  tally_cursor *cursor;
  visits row = {0};
  int rc, bad = 0, good = 0;

  fill();
  live_cql("UPDATE %s SET views = views + 5 WHERE site = 'a' AND day = "
           "'1970-01-02' AND path = blobAsText(0x2f610062)",
           live_qualified(table));
  of_a_1();
  LIVE_OK(tally_cursor_open(&cursor, q, &e), &e);
  while ((rc = tally_next(cursor, &row, &e)) != 0)
    if (rc > 0) {
      ck_assert_int_eq(row.path[1], 'a' + good++);
      ck_assert_int_eq(row.views, good);
    } else {
      LIVE_REFUSED(rc, TALLY_ETYPE, &e);
      live_says(&e, "column path");
      bad++;
    }
  ck_assert_int_eq(bad, 1);
  ck_assert_int_eq(good, 4);
  tally_cursor_close(cursor);
}
END_TEST

/* ---- Pages -------------------------------------------------------------- */

enum { PARTITIONS = 10000 };

static void fill_many(void) {
  struct live_gate gate;

  live_gate_init(&gate);
  for (int i = 0; i < PARTITIONS; i++) {
    char site[16];
    visits row = {.site = site, .day = i, .path = "", .views = i + 1};

    snprintf(site, sizeof site, "s%d", i);
    live_gate_begin(&gate);
    LIVE_OK(tally_increment_async(table, &row, live_gate_end, &gate, &e), &e);
    live_gate_wait(&gate, 500);
  }
  live_gate_wait(&gate, 0);
  ck_assert_uint_eq(gate.outcomes[TALLY_APPLIED], PARTITIONS);
}

static void see(char *seen, const visits *row) {
  char site[16];

  ck_assert_int_ge(row->day, 0);
  ck_assert_int_lt(row->day, PARTITIONS);
  snprintf(site, sizeof site, "s%d", (int)row->day);
  ck_assert_str_eq(row->site, site);
  ck_assert_int_eq(row->views, row->day + 1);
  ck_assert_int_eq(seen[row->day]++, 0);
}

static void see_all(int32_t page) {
  char *seen = calloc(PARTITIONS, 1);
  tally_cursor *cursor;
  visits row = {0};
  int rows = 0, rc;

  again();
  LIVE_OK(tally_page_size(q, page, &e), &e);
  LIVE_OK(tally_cursor_open(&cursor, q, &e), &e);
  for (; (rc = tally_next(cursor, &row, &e)) > 0; rows++)
    see(seen, &row);
  LIVE_OK(rc, &e);
  ck_assert_int_eq(rows, PARTITIONS);
  tally_cursor_close(cursor);
  free(seen);
}

/* Half of the ring at a time. */
static int rows_of_tokens(int op, int64_t token) {
  tally_cursor *cursor;
  visits row = {0};
  int rows = 0, rc;

  again();
  LIVE_OK(tally_where_token(q, op, token, &e), &e);
  LIVE_OK(tally_cursor_open(&cursor, q, &e), &e);
  while ((rc = tally_next(cursor, &row, &e)) > 0)
    rows++;
  LIVE_OK(rc, &e);
  tally_cursor_close(cursor);
  return rows;
}

struct each {
  struct live_gate gate;
  char *seen;
  int rows;
  int stop_at;
};

static int on_row(void *user, const void *row, uint64_t nulls) {
  struct each *each = user;

  ck_assert_uint_eq(nulls, 6);
  see(each->seen, row);
  return ++each->rows == each->stop_at;
}

static void on_end(void *user, const tally_result *result) {
  struct each *each = user;

  ck_assert_int_eq(result->outcome, TALLY_NOT_APPLIED);
  live_gate_end(&each->gate, result);
}

static void see_each(int stop_at, int rows) {
  struct each each = {.seen = calloc(PARTITIONS, 1), .stop_at = stop_at};

  again();
  LIVE_OK(tally_page_size(q, 700, &e), &e);
  live_gate_init(&each.gate);
  live_gate_begin(&each.gate);
  LIVE_OK(tally_each_async(q, on_row, on_end, &each, &e), &e);
  live_gate_wait(&each.gate, 0);
  ck_assert_int_eq(each.gate.status, 0);
  ck_assert_int_eq(each.rows, rows);
  free(each.seen);
}

/* Page by page, each going on from the state of the one before. */
struct turn {
  struct each each;
  uint8_t state[4096];
  size_t len;
};

static void on_turned(void *user, const tally_result *result, const void *state,
                      size_t len) {
  struct turn *turn = user;

  ck_assert_uint_le(len, sizeof turn->state);
  turn->len = len;
  if (len > 0)
    memcpy(turn->state, state, len);
  on_end(&turn->each, result);
}

static void see_turns(int32_t page, int stop_at) {
  struct turn turn = {.each = {.seen = calloc(PARTITIONS, 1)}};
  int pages = 0, most = stop_at > 0 ? stop_at : page;

  again();
  LIVE_OK(tally_page_size(q, page, &e), &e);
  do {
    int before = turn.each.rows;

    turn.each.stop_at = stop_at > 0 ? before + stop_at : 0;
    live_gate_init(&turn.each.gate);
    live_gate_begin(&turn.each.gate);
    LIVE_OK(
        tally_page_async(q, turn.state, turn.len, on_row, on_turned, &turn, &e),
        &e);
    live_gate_wait(&turn.each.gate, 0);
    ck_assert_int_eq(turn.each.gate.status, 0);
    ck_assert_int_le(turn.each.rows - before, most);
    pages++;
  } while (turn.len > 0);
  ck_assert_int_eq(turn.each.rows, PARTITIONS);
  ck_assert_int_ge(pages, PARTITIONS / most);
  free(turn.each.seen);
}

static void see_scan(uint32_t at_once, int32_t page, int stop_at, int rows) {
  struct each each = {.seen = calloc(PARTITIONS, 1), .stop_at = stop_at};

  again();
  LIVE_OK(tally_page_size(q, page, &e), &e);
  LIVE_OK(tally_scan(q, at_once, on_row, &each, &e), &e);
  ck_assert_int_eq(each.rows, rows);
  each.rows = 0;
  memset(each.seen, 0, PARTITIONS);
  live_gate_init(&each.gate);
  live_gate_begin(&each.gate);
  LIVE_OK(tally_scan_async(q, at_once, on_row, on_end, &each, &e), &e);
  live_gate_wait(&each.gate, 0);
  ck_assert_int_eq(each.gate.status, 0);
  ck_assert_int_eq(each.rows, rows);
  free(each.seen);
}

START_TEST(every_row_once) {
  int below;

  fill_many();
  see_all(1);
  see_all(7);
  see_all(100);
  see_all(5000);
  see_all(PARTITIONS);
  below = rows_of_tokens(TALLY_LT, 0);
  ck_assert_int_gt(below, PARTITIONS / 3);
  ck_assert_int_eq(below + rows_of_tokens(TALLY_GE, 0), PARTITIONS);
  see_each(0, PARTITIONS);
  see_each(1000, 1000);
  see_turns(700, 0);
  see_turns(700, 300);
  see_scan(0, 100, 0, PARTITIONS);
  see_scan(1, 5000, 0, PARTITIONS);
  see_scan(256, 7, 0, PARTITIONS);
  see_scan(8, 100, 1000, 1000);
}
END_TEST

/* ---- Ends --------------------------------------------------------------- */

/* A page is under way, or is there and was not read. */
START_TEST(closed_early) {
  tally_cursor *cursor;
  visits row = {0};

  open_with(_i);
  fill();
  LIVE_OK(tally_page_size(q, 1, &e), &e);
  for (int rows = 0; rows < 18; rows++) {
    LIVE_OK(tally_cursor_open(&cursor, q, &e), &e);
    for (int i = 0; i < rows; i++)
      ck_assert_int_eq(tally_next(cursor, &row, &e), i < 16);
    tally_cursor_close(cursor);
  }
  tally_cursor_close(NULL);
  teardown();
}
END_TEST

START_TEST(session_closed_first) {
  tally_cursor *cursor;
  visits row = {0};

  open_with(_i);
  fill();
  LIVE_OK(tally_page_size(q, 1, &e), &e);
  LIVE_OK(tally_cursor_open(&cursor, q, &e), &e);
  ck_assert_int_eq(tally_next(cursor, &row, &e), 1);
  teardown();
  LIVE_REFUSED(tally_next(cursor, &row, &e), TALLY_ECLOSED, &e);
  tally_cursor_close(cursor);
}
END_TEST

static void on_closed(void *user) {
  live_gate_end(user, &(tally_result){.outcome = TALLY_NOT_APPLIED});
}

/* From the moment that closing begins. */
START_TEST(session_closing) {
  struct live_gate gate;
  tally_cursor *cursor;
  visits row = {0};

  open_with(1);
  fill();
  LIVE_OK(tally_cursor_open(&cursor, q, &e), &e);
  ck_assert_int_eq(tally_next(cursor, &row, &e), 1);
  tally_query_free(q);
  live_gate_init(&gate);
  live_gate_begin(&gate);
  ck_assert_int_eq(tally_close_async(session, on_closed, &gate), 0);
  LIVE_REFUSED(tally_next(cursor, &row, &e), TALLY_ECLOSED, &e);
  live_gate_wait(&gate, 0);
  LIVE_REFUSED(tally_next(cursor, &row, &e), TALLY_ECLOSED, &e);
  tally_cursor_close(cursor);
}
END_TEST

/* A program that takes longer over a page than an answer may take. */
START_TEST(slow_reader) {
  const struct timespec longer = {0, 400 * 1000000};
  tally_options options;
  tally_cursor *cursor;
  visits row = {0};
  int rows = 0, rc;

  live_options(&options, _i);
  options.read_timeout_ms = 200;
  session = live_connect_with(&options);
  table = live_table(session, &visits_definition);
  LIVE_OK(tally_find(&q, table, &e), &e);
  fill();
  LIVE_OK(tally_page_size(q, 6, &e), &e);
  LIVE_OK(tally_cursor_open(&cursor, q, &e), &e);
  while ((rc = tally_next(cursor, &row, &e)) > 0)
    if (++rows % 6 == 1)
      nanosleep(&longer, NULL);
  LIVE_OK(rc, &e);
  ck_assert_int_eq(rows, 16);
  tally_cursor_close(cursor);
  teardown();
}
END_TEST

/* Refused here, and by the server: one must know as well as the other. */
START_TEST(refused) {
  tally_cursor *cursor;
  visits row = {0};

  where("site", TALLY_EQ, (visits){.site = "a"});
  LIVE_REFUSED(tally_cursor_open(&cursor, q, &e), TALLY_EINVAL, &e);
  live_says(&e, "needs column day");
  ck_assert_ptr_null(cursor);
  again();
  live_cql("DROP TABLE %s", live_qualified(table));
  LIVE_OK(tally_cursor_open(&cursor, q, &e), &e);
  LIVE_REFUSED(tally_next(cursor, &row, &e), TALLY_ESCHEMA, &e);
  LIVE_REFUSED(tally_next(cursor, &row, &e), TALLY_ESCHEMA, &e);
  tally_cursor_close(cursor);
}
END_TEST

/* ---- Functions ---------------------------------------------------------- */

START_TEST(functions) {
  tally_aggregate all[] = {
      {TALLY_COUNT, NULL, 0, 0},  {TALLY_COUNT, "bytes", 0, 0},
      {TALLY_SUM, "views", 0, 0}, {TALLY_MIN, "views", 0, 0},
      {TALLY_MAX, "views", 0, 0}, {TALLY_AVG, "views", 0, 0}};
  static const int64_t want[] = {4, 3, 10, 1, 4, 2};
  struct live_gate gate;
  int64_t value;

  fill();
  of_a_1();
  LIVE_OK(tally_aggregates(q, all, 6, &e), &e);
  for (int i = 0; i < 6; i++)
    ck_assert_msg(all[i].value == want[i] && !all[i].is_null, "%d: %lld", i,
                  (long long)all[i].value);
  live_gate_init(&gate);
  live_gate_begin(&gate);
  memset(&all[2].value, 0xff, sizeof all[2].value);
  LIVE_OK(tally_aggregates_async(q, all, 6, live_gate_end, &gate, &e), &e);
  live_gate_wait(&gate, 0);
  ck_assert_int_eq(gate.status, 0);
  ck_assert_int_eq(all[2].value, 10);
  LIVE_OK(tally_sum(q, "bytes", &value, &e), &e);
  ck_assert_int_eq(value, 30);
  LIVE_OK(tally_avg(q, "views", &value, &e), &e);
  ck_assert_int_eq(value, 2);
  /* Of the whole table. */
  again();
  LIVE_OK(tally_count(q, &value, &e), &e);
  ck_assert_int_eq(value, 16);
  LIVE_OK(tally_page_size(q, 3, &e), &e);
  LIVE_OK(tally_sum(q, "views", &value, &e), &e);
  ck_assert_int_eq(value, 40);
}
END_TEST

START_TEST(functions_of_nothing) {
  int64_t value = 7;

  of_a_1();
  LIVE_OK(tally_count(q, &value, &e), &e);
  ck_assert_int_eq(value, 0);
  LIVE_OK(tally_sum(q, "views", &value, &e), &e);
  ck_assert_int_eq(value, 0);
  LIVE_RETURNS(tally_min(q, "views", &value, &e), TALLY_ENOTFOUND, &e);
  LIVE_RETURNS(tally_max(q, "views", &value, &e), TALLY_ENOTFOUND, &e);
  LIVE_OK(tally_avg(q, "views", &value, &e), &e);
  ck_assert_int_eq(value, 0);
}
END_TEST

START_TEST(functions_refused) {
  tally_aggregate a = {TALLY_AVG + 1, "views", 0, 0};
  int64_t value;

  LIVE_REFUSED(tally_aggregates(q, &a, 1, &e), TALLY_EINVAL, &e);
  live_says(&e, "is no function");
  a.function = TALLY_SUM;
  a.counter = NULL;
  LIVE_REFUSED(tally_aggregates(q, &a, 1, &e), TALLY_EINVAL, &e);
  LIVE_REFUSED(tally_aggregates(q, &a, 0, &e), TALLY_EINVAL, &e);
  LIVE_REFUSED(tally_sum(q, "hits", &value, &e), TALLY_EINVAL, &e);
  live_says(&e, "no column hits");
  LIVE_REFUSED(tally_sum(q, "path", &value, &e), TALLY_EINVAL, &e);
  live_says(&e, "column path");
  LIVE_OK(tally_limit(q, 1, &e), &e);
  LIVE_REFUSED(tally_count(q, &value, &e), TALLY_EINVAL, &e);
  live_says(&e, "limits");
}
END_TEST

START_TEST(first_row) {
  visits row;

  fill();
  of_a_1();
  LIVE_OK(tally_first(q, &row, &e), &e);
  ck_assert_str_eq(row.path, "/a");
  LIVE_OK(tally_order_by(q, "path", TALLY_DESC, &e), &e);
  LIVE_OK(tally_first(q, &row, &e), &e);
  ck_assert_str_eq(row.path, "/d");
  ck_assert_int_eq(row.views, 4);
  again();
  where("site", TALLY_EQ, (visits){.site = "none"});
  where("day", TALLY_EQ, (visits){.day = 1});
  LIVE_RETURNS(tally_first(q, &row, &e), TALLY_ENOTFOUND, &e);
}
END_TEST

/* ---- Saved and gone on with --------------------------------------------- */

enum { SAVED_ROWS = 23 };
static const int32_t saved_pages[] = {1, 7, 10, 5000};

/* Read so many rows, save, and go on in a new cursor (with another page size),
 * again and again: each row once. */
START_TEST(saved_and_resumed) {
  int32_t page = saved_pages[_i / 3], step = (int32_t[]){1, 7, 10}[_i % 3];
  uint8_t saved[4096];
  size_t len = 0;
  int rows = 0, rounds = 0, more = 1;

  for (int i = 0; i < SAVED_ROWS; i++) {
    char path[16];

    snprintf(path, sizeof path, "/%02d", i);
    count("a", 1, path, i + 1, 0);
  }
  of_a_1();
  while (more == 1) {
    const void *state;
    tally_cursor *cursor;
    visits row;

    LIVE_OK(tally_page_size(q, rounds++ % 2 == 0 ? page : page + 3, &e), &e);
    LIVE_OK(tally_cursor_open_at(&cursor, q, saved, len, &e), &e);
    /* Before the first row it stands where it stood. */
    ck_assert_int_eq(tally_cursor_state(cursor, &state, &len, &e), 1);
    ck_assert(rounds == 1 || memcmp(state, saved, len) == 0);
    for (int i = 0; i < step && tally_next(cursor, &row, &e) == 1; i++)
      ck_assert_int_eq(row.views, ++rows);
    more = tally_cursor_state(cursor, &state, &len, &e);
    ck_assert(len <= sizeof saved && (more == 1) == (len > 0));
    if (more == 1)
      memcpy(saved, state, len);
    tally_cursor_close(cursor);
    ck_assert_int_lt(rounds, 100);
  }
  ck_assert_int_eq(more, 0);
  ck_assert_int_eq(rows, SAVED_ROWS);
}
END_TEST

START_TEST(state_of_another) {
  tally_cursor *cursor;
  const void *state;
  uint8_t saved[4096];
  size_t len;
  visits row;

  fill();
  of_a_1();
  LIVE_OK(tally_page_size(q, 2, &e), &e);
  LIVE_OK(tally_cursor_open(&cursor, q, &e), &e);
  ck_assert_int_eq(tally_next(cursor, &row, &e), 1);
  ck_assert_int_eq(tally_cursor_state(cursor, &state, &len, &e), 1);
  memcpy(saved, state, len);
  tally_cursor_close(cursor);
  LIVE_OK(tally_limit(q, 3, &e), &e);
  LIVE_REFUSED(tally_cursor_open_at(&cursor, q, saved, len, &e), TALLY_EINVAL,
               &e);
  live_says(&e, "of another query");
  ck_assert_ptr_null(cursor);
  again();
  where("site", TALLY_EQ, (visits){.site = "b"});
  where("day", TALLY_EQ, (visits){.day = 1});
  LIVE_REFUSED(tally_cursor_open_at(&cursor, q, saved, len, &e), TALLY_EINVAL,
               &e);
  again();
  of_a_1();
  /* Half of one, more than one, or one in which a bit is another. */
  for (size_t i = 1; i < len; i++) {
    LIVE_REFUSED(tally_cursor_open_at(&cursor, q, saved, i, &e), TALLY_EINVAL,
                 &e);
    live_says(&e, "no paging state");
  }
  LIVE_REFUSED(tally_cursor_open_at(&cursor, q, saved, len + 1, &e),
               TALLY_EINVAL, &e);
  for (size_t i = 0; i < len; i++) {
    saved[i] ^= 4;
    LIVE_REFUSED(tally_cursor_open_at(&cursor, q, saved, len, &e), TALLY_EINVAL,
                 &e);
    saved[i] ^= 4;
  }
  LIVE_OK(tally_cursor_open_at(&cursor, q, saved, len, &e), &e);
  tally_cursor_close(cursor);
}
END_TEST

Suite *find_suite(void) {
  Suite *s = suite_create("find");
  TCase *tc = tcase_create("find"), *ends = tcase_create("ends");

  tcase_set_timeout(tc, 120);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, one_partition);
  tcase_add_test(tc, several_partitions);
  tcase_add_test(tc, partitions);
  tcase_add_test(tc, what_does_not_fit);
  tcase_add_test(tc, every_row_once);
  tcase_add_test(tc, refused);
  tcase_add_test(tc, functions);
  tcase_add_test(tc, functions_of_nothing);
  tcase_add_test(tc, functions_refused);
  tcase_add_test(tc, first_row);
  tcase_add_loop_test(tc, saved_and_resumed, 0, 12);
  tcase_add_test(tc, state_of_another);
  suite_add_tcase(s, tc);
  tcase_set_timeout(ends, 60);
  tcase_add_loop_test(ends, closed_early, 0, 2);
  tcase_add_loop_test(ends, session_closed_first, 0, 2);
  tcase_add_test(ends, session_closing);
  tcase_add_loop_test(ends, slow_reader, 0, 2);
  suite_add_tcase(s, ends);
  return s;
}
