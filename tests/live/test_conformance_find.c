/* tests/live/test_conformance_find.c - the integration tests of queries that
 * coodie has, over rows of counters: by their names there, each read by a
 * cursor and by tally_each_async(); see test_conformance.c.
 *
 * Not here, having no meaning: test_values_list_... and
 * test_only_and_values_list_combined (rows are structs); test_batch_insert,
 * test_list_..., test_set_..., test_map_... and the round trips of types that
 * are no key's (those of keys: test_types.py). */
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tests/live/live.h"
#include "tests/live/suites.h"

/* The reference's Event, Review and SensorReading in one. */
typedef struct event {
  const char *partition_a;
  const char *partition_b;
  int32_t seq;
  int64_t at;
  int64_t count;
  int64_t bytes;
  int64_t total;
} event;

static const tally_column event_columns[] = {
    TALLY_PARTITION_KEY(event, partition_a, TALLY_TEXT),
    TALLY_PARTITION_KEY(event, partition_b, TALLY_TEXT),
    TALLY_CLUSTERING_KEY(event, seq, TALLY_INT, TALLY_ASC),
    TALLY_CLUSTERING_KEY(event, at, TALLY_TIMESTAMP, TALLY_DESC),
    TALLY_COUNTER(event, count),
    TALLY_COUNTER(event, bytes),
    TALLY_STATIC_COUNTER(event, total),
};
static const tally_definition event_definition =
    TALLY_DEFINITION(event, "events", event_columns);

static tally_session *session;
static tally_table *events;
static tally_query *q;
static tally_error e;

/* One table for all of them, made in the parent process; partitions of its own
 * for each. */
static char table_name[48], mine[48];

static void make_table(void) {
  session = live_connect(0);
  events = live_table(session, &event_definition);
  snprintf(table_name, sizeof table_name, "%s", tally_table_name(events));
  ck_assert_int_eq(tally_close(session), 0);
}

static void again(void) {
  tally_query_free(q);
  LIVE_OK(tally_find(&q, events, &e), &e);
}

static void setup(void) {
  tally_definition d = event_definition;

  session = live_connect(1);
  d.name = table_name;
  LIVE_OK(tally_table_open(&events, session, &d, &e), &e);
  live_name(mine, "mine");
  again();
}

static void teardown(void) {
  tally_query_free(q);
  ck_assert_int_eq(tally_close(session), 0);
}

static void count(const char *a, int32_t seq, int64_t at, int64_t n) {
  event row = {a, mine, seq, at, n, 10 * n, 0};

  LIVE_OK(tally_increment(events, &row, &e), &e);
}

static void where(const char *column, int op, event row) {
  LIVE_OK(tally_where(q, column, op, &row, &e), &e);
}

/* One partition of this test's. */
static void of(const char *a) {
  where("partition_a", TALLY_EQ, (event){.partition_a = a});
  where("partition_b", TALLY_EQ, (event){.partition_b = mine});
}

/* All of this test's. */
static void of_mine(void) {
  where("partition_b", TALLY_EQ, (event){.partition_b = mine});
  tally_allow_filtering(q);
}

/* ---- What is found ------------------------------------------------------ */

struct found {
  struct live_gate gate;
  char text[4096]; /* "a seq at count," of this test's rows, as they came */
  int rows;
};
static struct found found;

static int note(void *user, const void *row, uint64_t nulls) {
  struct found *f = user;
  const event *ev = row;
  size_t len = strlen(f->text);

  (void)nulls;
  if (strcmp(ev->partition_b, mine) != 0)
    return 0;
  f->rows++;
  snprintf(f->text + len, sizeof f->text - len, "%s %d %d %d,", ev->partition_a,
           (int)ev->seq, (int)ev->at, (int)ev->count);
  return 0;
}

static void on_end(void *user, const tally_result *result) {
  struct found *f = user;

  live_gate_end(&f->gate, result);
}

static void read_by_cursor(void) {
  tally_cursor *cursor;
  event row = {0};
  int rc;

  LIVE_OK(tally_cursor_open(&cursor, q, &e), &e);
  while ((rc = tally_next(cursor, &row, &e)) > 0)
    note(&found, &row, 0);
  LIVE_OK(rc, &e);
  tally_cursor_close(cursor);
}

static void read_asynchronously(void) {
  live_gate_init(&found.gate);
  live_gate_begin(&found.gate);
  LIVE_OK(tally_each_async(q, note, on_end, &found, &e), &e);
  live_gate_wait(&found.gate, 0);
  ck_assert_int_eq(found.gate.status, 0);
}

static const char *find(int form) {
  memset(&found, 0, sizeof found);
  if (form == 0)
    read_by_cursor();
  else
    read_asynchronously();
  return found.text;
}

/* ---- One row (test_document.py, test_query.py) -------------------------- */

struct got {
  struct live_gate gate;
  event row;
};

static void on_got(void *user, const tally_result *result) {
  struct got *got = user;

  if (result->row != NULL)
    got->row.count = ((const event *)result->row)->count;
  live_gate_end(&got->gate, result);
}

static int get(int form, event *row) {
  struct got got = {0};

  if (form == 0)
    return tally_get(events, row, &e);
  live_gate_init(&got.gate);
  live_gate_begin(&got.gate);
  LIVE_OK(tally_get_async(events, row, on_got, &got, &e), &e);
  live_gate_wait(&got.gate, 0);
  row->count = got.row.count;
  e = got.gate.error;
  return got.gate.status;
}

START_TEST(test_find_one_returns_document) {
  event row = {.partition_a = "a", .partition_b = mine, .seq = 1, .at = 2};

  count("a", 1, 2, 5);
  LIVE_OK(get(_i, &row), &e);
  ck_assert_int_eq(row.count, 5);
}
END_TEST

static void not_there(int form) {
  event row = {.partition_a = "a", .partition_b = mine, .seq = 1, .at = 2};

  LIVE_RETURNS(get(form, &row), TALLY_ENOTFOUND, &e);
  live_says(&e, table_name);
}

START_TEST(test_find_one_returns_none_when_empty) {
  not_there(_i);
}
END_TEST

START_TEST(test_get_raises_document_not_found) {
  not_there(_i);
}
END_TEST

static void is_first(int form, int want) {
  event row = {0};
  char text[32] = "";

  if (want != 0)
    snprintf(text, sizeof text, "a %d 0 1,", want);
  if (form == 0) {
    LIVE_RETURNS(tally_first(q, &row, &e), want == 0 ? TALLY_ENOTFOUND : 0, &e);
    ck_assert_int_eq(row.seq, want);
    return;
  }
  LIVE_OK(tally_limit(q, 1, &e), &e);
  ck_assert_str_eq(find(form), text);
}

START_TEST(test_first_returns_single) {
  count("a", 2, 0, 1);
  count("a", 1, 0, 1);
  of("a");
  is_first(_i, 1);
}
END_TEST

START_TEST(test_queryset_first) {
  count("a", 2, 0, 1);
  count("a", 1, 0, 1);
  of("a");
  LIVE_OK(tally_order_by(q, "seq", TALLY_DESC, &e), &e);
  is_first(_i, 2);
}
END_TEST

START_TEST(test_first_returns_none_on_empty) {
  of("a");
  is_first(_i, 0);
}
END_TEST

START_TEST(test_all_returns_list) {
  count("a", 1, 0, 1);
  count("a", 2, 0, 2);
  of("a");
  ck_assert_str_eq(find(_i), "a 1 0 1,a 2 0 2,");
}
END_TEST

/* ---- Functions ---------------------------------------------------------- */

static tally_aggregate ask(int form, int function, const char *counter) {
  tally_aggregate f = {function, counter, -1, -1};
  struct live_gate gate;

  if (form == 0) {
    LIVE_OK(tally_aggregates(q, &f, 1, &e), &e);
    return f;
  }
  live_gate_init(&gate);
  live_gate_begin(&gate);
  LIVE_OK(tally_aggregates_async(q, &f, 1, live_gate_end, &gate, &e), &e);
  live_gate_wait(&gate, 0);
  ck_assert_int_eq(gate.status, 0);
  return f;
}

START_TEST(test_count_returns_int) {
  count("a", 1, 0, 1);
  count("a", 2, 0, 1);
  of("a");
  ck_assert_int_eq(ask(_i, TALLY_COUNT, NULL).value, 2);
}
END_TEST

START_TEST(test_queryset_len) {
  count("a", 1, 0, 1);
  count("b", 1, 0, 1);
  of_mine();
  ck_assert_int_eq(ask(_i, TALLY_COUNT, NULL).value, 2);
}
END_TEST

START_TEST(test_count_returns_zero_on_none) {
  of("a");
  ck_assert_int_eq(ask(_i, TALLY_COUNT, NULL).value, 0);
}
END_TEST

START_TEST(test_aggregate_returns_none_on_empty) {
  of("a");
  ck_assert_int_eq(ask(_i, TALLY_MAX, "count").is_null, 1);
  ck_assert_int_eq(ask(_i, TALLY_MIN, "count").is_null, 1);
  ck_assert_int_eq(ask(_i, TALLY_SUM, "count").value, 0);
}
END_TEST

/* ---- Keys and their order (test_extended.py) ---------------------------- */

START_TEST(test_composite_pk_and_clustering) {
  count("alpha", 1, 3, 1);
  count("alpha", 1, 2, 2);
  count("alpha", 2, 1, 3);
  count("beta", 1, 1, 4);
  of("alpha");
  ck_assert_str_eq(find(_i), "alpha 1 3 1,alpha 1 2 2,alpha 2 1 3,");
}
END_TEST

START_TEST(test_clustering_asc_order) {
  count("a", 3, 0, 1);
  count("a", 1, 0, 1);
  count("a", 2, 0, 1);
  of("a");
  ck_assert_str_eq(find(_i), "a 1 0 1,a 2 0 1,a 3 0 1,");
}
END_TEST

START_TEST(test_queryset_order_by_clustering) {
  count("a", 1, 1, 1);
  count("a", 1, 2, 2);
  count("a", 2, 1, 3);
  of("a");
  LIVE_OK(tally_order_by(q, "seq", TALLY_DESC, &e), &e);
  ck_assert_str_eq(find(_i), "a 2 1 3,a 1 1 1,a 1 2 2,");
  LIVE_OK(tally_order_by(q, "at", TALLY_ASC, &e), &e);
  ck_assert_str_eq(find(_i), "a 2 1 3,a 1 1 1,a 1 2 2,");
}
END_TEST

static void three_partitions(void) {
  count("a", 1, 0, 10);
  count("b", 1, 0, 20);
  count("c", 1, 0, 30);
}

START_TEST(test_filter_in) {
  const event a = {.partition_a = "a"}, c = {.partition_a = "c"};
  const void *rows[] = {&a, &c};

  three_partitions();
  LIVE_OK(tally_where_in(q, "partition_a", rows, 2, &e), &e);
  where("partition_b", TALLY_EQ, (event){.partition_b = mine});
  find(_i);
  ck_assert_int_eq(found.rows, 2);
  ck_assert_ptr_nonnull(strstr(found.text, "a 1 0 10,"));
  ck_assert_ptr_nonnull(strstr(found.text, "c 1 0 30,"));
}
END_TEST

START_TEST(test_filter_multi_pk_in) {
  const event rows[] = {{.partition_a = "a", .partition_b = mine},
                        {.partition_a = "b", .partition_b = "no such"},
                        {.partition_a = "c", .partition_b = mine}};
  const void *all[] = {&rows[0], &rows[1], &rows[2]};

  three_partitions();
  LIVE_OK(tally_where_in(q, "partition_a", all, 3, &e), &e);
  LIVE_OK(tally_where_in(q, "partition_b", all, 3, &e), &e);
  find(_i);
  ck_assert_int_eq(found.rows, 3);
  ck_assert_ptr_nonnull(strstr(found.text, "b 1 0 20,"));
}
END_TEST

START_TEST(test_datetime_range_filter) {
  for (int at = 1; at <= 5; at++)
    count("a", 1, at, at);
  of("a");
  where("seq", TALLY_EQ, (event){.seq = 1});
  where("at", TALLY_GE, (event){.at = 2});
  where("at", TALLY_LT, (event){.at = 5});
  ck_assert_str_eq(find(_i), "a 1 4 4,a 1 3 3,a 1 2 2,");
}
END_TEST

/* ---- Statics ------------------------------------------------------------ */

static int totals(int64_t want) {
  tally_cursor *cursor;
  event row = {0};
  int rows = 0;

  LIVE_OK(tally_cursor_open(&cursor, q, &e), &e);
  for (; tally_next(cursor, &row, &e) > 0; rows++)
    ck_assert_int_eq(row.total, want);
  tally_cursor_close(cursor);
  return rows;
}

START_TEST(test_static_value_shared_across_clustering_rows) {
  event row = {"a", mine, 1, 0, 1, 0, 7};

  LIVE_OK(tally_increment(events, &row, &e), &e);
  row.seq = 2;
  row.total = 0;
  LIVE_OK(tally_increment(events, &row, &e), &e);
  of("a");
  ck_assert_int_eq(totals(7), 2);
}
END_TEST

START_TEST(test_static_update_reflects_across_rows) {
  event row = {"a", mine, 0, 0, 0, 0, 3};

  count("a", 1, 0, 1);
  count("a", 2, 0, 1);
  of("a");
  ck_assert_int_eq(totals(0), 2);
  LIVE_OK(tally_increment(events, &row, &e), &e);
  ck_assert_int_eq(totals(3), 2);
}
END_TEST

/* ---- Limits, tokens, columns (test_advanced_query.py) ------------------- */

START_TEST(test_per_partition_limit_returns_n_rows) {
  for (int i = 1; i <= 5; i++)
    count("a", i, 0, i);
  of("a");
  LIVE_OK(tally_per_partition_limit(q, 2, &e), &e);
  ck_assert_str_eq(find(_i), "a 1 0 1,a 2 0 2,");
}
END_TEST

START_TEST(test_per_partition_limit_multiple_partitions) {
  for (int i = 1; i <= 4; i++) {
    count("a", i, 0, i);
    count("b", i, 0, i);
  }
  of_mine();
  LIVE_OK(tally_per_partition_limit(q, 2, &e), &e);
  find(_i);
  ck_assert_int_eq(found.rows, 4);
  ck_assert_ptr_nonnull(strstr(found.text, "a 1 0 1,a 2 0 2,"));
  ck_assert_ptr_nonnull(strstr(found.text, "b 1 0 1,b 2 0 2,"));
}
END_TEST

static void all_three_by_token(int form, bool above, bool below) {
  three_partitions();
  if (above)
    LIVE_OK(tally_where_token(q, TALLY_GT, INT64_MIN, &e), &e);
  if (below)
    LIVE_OK(tally_where_token(q, TALLY_LT, INT64_MAX, &e), &e);
  find(form);
  ck_assert_int_eq(found.rows, 3);
}

START_TEST(test_token_gt_returns_rows) {
  all_three_by_token(_i, true, false);
}
END_TEST

START_TEST(test_token_lt_returns_rows) {
  all_three_by_token(_i, false, true);
}
END_TEST

START_TEST(test_token_range_gt_and_lt) {
  int64_t token;

  all_three_by_token(_i, true, true);
  again();
  LIVE_OK(tally_token(events, &(event){"b", mine, 0, 0, 0, 0, 0}, &token, &e),
          &e);
  LIVE_OK(tally_where_token(q, TALLY_GE, token, &e), &e);
  LIVE_OK(tally_where_token(q, TALLY_LE, token, &e), &e);
  ck_assert_str_eq(find(_i), "b 1 0 20,");
}
END_TEST

/* Those that were not asked for are 0, and null. */
static void selected(bool with_count, bool with_bytes) {
  tally_cursor *cursor;
  event row = {0};
  uint64_t nulls;

  count("a", 1, 0, 5);
  of("a");
  if (with_count)
    LIVE_OK(tally_select(q, "count", &e), &e);
  if (with_bytes)
    LIVE_OK(tally_select(q, "bytes", &e), &e);
  LIVE_OK(tally_cursor_open(&cursor, q, &e), &e);
  ck_assert_int_eq(tally_next_nulls(cursor, &row, &nulls, &e), 1);
  ck_assert_int_eq(row.count, with_count ? 5 : 0);
  ck_assert_int_eq(row.bytes, with_bytes ? 50 : 0);
  ck_assert_uint_eq(nulls, 4U | (with_count ? 0 : 1U) | (with_bytes ? 0 : 2U));
  tally_cursor_close(cursor);
}

START_TEST(test_only_returns_selected_columns) {
  selected(true, false);
}
END_TEST

START_TEST(test_only_multiple_columns) {
  selected(true, true);
}
END_TEST

START_TEST(test_defer_excludes_columns) {
  selected(false, true);
}
END_TEST

/* All but one of three: the static is null, as nobody counted it. */
START_TEST(test_defer_multiple_columns) {
  selected(true, false);
}
END_TEST

Suite *conformance_find_suite(void) {
  const TTest *const tests[] = {
      test_find_one_returns_document,
      test_find_one_returns_none_when_empty,
      test_get_raises_document_not_found,
      test_first_returns_single,
      test_queryset_first,
      test_first_returns_none_on_empty,
      test_all_returns_list,
      test_count_returns_int,
      test_queryset_len,
      test_count_returns_zero_on_none,
      test_aggregate_returns_none_on_empty,
      test_composite_pk_and_clustering,
      test_clustering_asc_order,
      test_queryset_order_by_clustering,
      test_filter_in,
      test_filter_multi_pk_in,
      test_datetime_range_filter,
      test_per_partition_limit_returns_n_rows,
      test_per_partition_limit_multiple_partitions,
      test_token_gt_returns_rows,
      test_token_lt_returns_rows,
      test_token_range_gt_and_lt,
  };
  Suite *s = suite_create("conformance_find");
  TCase *tc = tcase_create("coodie");

  tcase_set_timeout(tc, 120);
  tcase_add_unchecked_fixture(tc, make_table, NULL);
  tcase_add_checked_fixture(tc, setup, teardown);
  for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
    tcase_add_loop_test(tc, tests[i], 0, LIVE_FORMS);
  tcase_add_test(tc, test_static_value_shared_across_clustering_rows);
  tcase_add_test(tc, test_static_update_reflects_across_rows);
  tcase_add_test(tc, test_only_returns_selected_columns);
  tcase_add_test(tc, test_only_multiple_columns);
  tcase_add_test(tc, test_defer_excludes_columns);
  tcase_add_test(tc, test_defer_multiple_columns);
  suite_add_tcase(s, tc);
  return s;
}
