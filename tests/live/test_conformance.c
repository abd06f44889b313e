/* tests/live/test_conformance.c - the integration tests of counters that
 * coodie has, the Python library whose users this one wants to make feel at
 * home: by the names that they have there, blocking and asynchronous, and with
 * more of the kind behind them.  Those of queries and schemas are in
 * test_conformance_find.c and test_conformance_schema.c, those that need no
 * server in tests/unit.  Not here, having no meaning:
 *
 *   test_logged_batch_multiple_models, test_unlogged_batch,
 *   test_batch_context_manager_rollback_on_exception,
 *   test_conditional_batch_reports_lwt_result: batches are of counters alone,
 *     and are sent by a call;
 *   test_ttl, test_ttl_timestamp, test_lwt, test_update, test_udt, test_vector,
 *   test_views, test_custom_index, test_raw_cql of INSERT: not for counters. */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/live/live.h"
#include "tests/live/suites.h"

static tally_session *session;
static tally_table *hits;
static tally_error e;

/* One table for all of them, made in the parent process; a page for each. */
static char table_name[48], home[48];

static void make_table(void) {
  session = live_connect(0);
  hits = live_table(session, &page_hits_definition);
  snprintf(table_name, sizeof table_name, "%s", tally_table_name(hits));
  ck_assert_int_eq(tally_close(session), 0);
}

static void setup(void) {
  tally_definition d = page_hits_definition;

  session = live_connect(1);
  d.name = table_name;
  LIVE_OK(tally_table_open(&hits, session, &d, &e), &e);
  live_name(home, "/home");
}

static void teardown(void) {
  ck_assert_int_eq(tally_close(session), 0);
}

static void increment(int form, const char *url, int64_t views,
                      int64_t unique_visitors) {
  page_hits row = {url, views, unique_visitors};

  LIVE_OK(live_calls[form].increment(hits, &row, &e), &e);
}

static void decrement(int form, const char *url, int64_t views,
                      int64_t unique_visitors) {
  page_hits row = {url, views, unique_visitors};

  LIVE_OK(live_calls[form].decrement(hits, &row, &e), &e);
}

static void reads(int form, const char *url, int64_t views,
                  int64_t unique_visitors) {
  page_hits row = {.url = url, .views = 99, .unique_visitors = 98};
  uint64_t nulls = 77;

  LIVE_OK(live_calls[form].get(hits, &row, &nulls, &e), &e);
  ck_assert_msg(row.views == views && row.unique_visitors == unique_visitors,
                "%s: %s has %" PRId64 " and %" PRId64, live_calls[form].name,
                url, row.views, row.unique_visitors);
}

START_TEST(test_counter_sync_table) {
  tally_table *table = live_open(session, &page_hits_definition);

  LIVE_OK(live_calls[_i].sync(table, &e), &e);
  LIVE_OK(live_calls[_i].sync(table, &e), &e);
  ck_assert_str_eq(live_cql("SELECT count(*) FROM %s", live_qualified(table)),
                   "0\n");
}
END_TEST

START_TEST(test_counter_increment) {
  increment(_i, home, 1, 0);
  reads(_i, home, 1, 0);
}
END_TEST

START_TEST(test_counter_decrement) {
  increment(_i, home, 5, 0);
  decrement(_i, home, 2, 0);
  reads(_i, home, 3, 0);
}
END_TEST

START_TEST(test_counter_read_value) {
  increment(_i, home, 10, 3);
  reads(_i, home, 10, 3);
}
END_TEST

START_TEST(test_counter_multiple_increments_accumulate) {
  increment(_i, home, 1, 0);
  increment(_i, home, 1, 0);
  increment(_i, home, 1, 0);
  reads(_i, home, 3, 0);
}
END_TEST

/* Two calls are two statements: each adds its own. */
START_TEST(test_counter_increment_accumulates) {
  increment(_i, home, 1, 0);
  reads(_i, home, 1, 0);
  increment(_i, home, 3, 0);
  reads(_i, home, 4, 0);
}
END_TEST

START_TEST(test_counter_multiple_fields) {
  increment(_i, home, 2, 1);
  reads(_i, home, 2, 1);
}
END_TEST

START_TEST(test_counter_increment_multiple) {
  increment(_i, home, 5, 1);
  decrement(_i, home, 1, 1);
  reads(_i, home, 4, 0);
}
END_TEST

/* Neither call is there for anyone to make. */
static void compiler_says(const char *call, const char *words) {
  char source[512], out[8192];

  snprintf(source, sizeof source,
           "#include <tally.h>\n"
           "int f(tally_table *t, const void *row);\n"
           "int f(tally_table *t, const void *row) {\n"
           "  return %s(t, row, NULL);\n"
           "}\n",
           call);
  ck_assert_int_ne(live_compile(source, out, sizeof out), 0);
  ck_assert_msg(strstr(out, words) != NULL, "%s", out);
}

START_TEST(test_counter_save_raises) {
  compiler_says("tally_save",
                "Counter tables do not support save(). Use "
                "tally_increment() or tally_decrement() instead.");
}
END_TEST

START_TEST(test_counter_insert_raises) {
  compiler_says("tally_insert",
                "Counter tables do not support insert(). Use tally_increment() "
                "or tally_decrement() instead.");
}
END_TEST

static void send_batch(int form, tally_batch *batch) {
  struct live_gate gate;

  if (form == 0) {
    LIVE_OK(tally_batch_send(batch, &e), &e);
    return;
  }
  live_gate_init(&gate);
  live_gate_begin(&gate);
  LIVE_OK(tally_batch_send_async(batch, live_gate_end, &gate, &e), &e);
  live_gate_wait(&gate, 0);
  ck_assert_int_eq(gate.status, 0);
}

/* Two partitions: 5, and 3 and 1. */
START_TEST(test_counter_batch) {
  tally_batch *batch;
  char other[48];

  live_name(other, "/other");
  LIVE_OK(tally_batch_new(&batch, session, &e), &e);
  LIVE_OK(tally_batch_increment(batch, hits, &(page_hits){home, 5, 0}, &e), &e);
  LIVE_OK(tally_batch_increment(batch, hits, &(page_hits){other, 3, 1}, &e),
          &e);
  send_batch(_i, batch);
  tally_batch_free(batch);
  reads(_i, home, 5, 0);
  reads(_i, other, 3, 1);
}
END_TEST

START_TEST(test_empty_batch_no_execute) {
  page_hits row = {home, 5, 0};
  tally_batch *batch;
  uint64_t nulls;

  LIVE_OK(tally_batch_new(&batch, session, &e), &e);
  LIVE_OK(tally_batch_increment(batch, hits, &row, &e), &e);
  tally_batch_clear(batch);
  send_batch(_i, batch);
  tally_batch_free(batch);
  LIVE_RETURNS(live_calls[_i].get(hits, &row, &nulls, &e), TALLY_ENOTFOUND, &e);
}
END_TEST

/* ---- More of the kind --------------------------------------------------- */

/* A delta below 0 passes through, both ways. */
START_TEST(counter_negative_delta) {
  increment(_i, home, -4, 0);
  reads(_i, home, -4, 0);
  decrement(_i, home, -9, 0);
  reads(_i, home, 5, 0);
}
END_TEST

/* The row that was passed in is not changed. */
START_TEST(counter_row_is_left_alone) {
  page_hits row = {home, 5, 1};

  LIVE_OK(live_calls[_i].increment(hits, &row, &e), &e);
  LIVE_OK(live_calls[_i].decrement(hits, &row, &e), &e);
  ck_assert_str_eq(row.url, home);
  ck_assert_int_eq(row.views, 5);
  ck_assert_int_eq(row.unique_visitors, 1);
}
END_TEST

/* coodie sends "SET  WHERE": nothing to add is refused here, unsent. */
START_TEST(counter_nothing_to_add) {
  page_hits row = {home, 0, 0};

  LIVE_REFUSED(live_calls[_i].increment(hits, &row, &e), TALLY_EINVAL, &e);
  live_says(&e, "nothing to add");
  LIVE_REFUSED(live_calls[_i].decrement(hits, &row, &e), TALLY_EINVAL, &e);
  ck_assert_str_eq(
      live_cql("SELECT * FROM %s WHERE url = '%s'", live_qualified(hits), home),
      "");
}
END_TEST

START_TEST(counter_decrement_of_the_least) {
  page_hits row = {home, INT64_MIN, 0};

  LIVE_REFUSED(live_calls[_i].decrement(hits, &row, &e), TALLY_ERANGE, &e);
  live_says(&e, "views");
  increment(_i, home, INT64_MIN, 0);
  reads(_i, home, INT64_MIN, 0);
}
END_TEST

/* Not in coodie's tests: the server wraps. */
START_TEST(counter_wraps) {
  increment(_i, home, INT64_MAX, INT64_MIN);
  reads(_i, home, INT64_MAX, INT64_MIN);
  increment(_i, home, 1, -1);
  reads(_i, home, INT64_MIN, INT64_MAX);
}
END_TEST

START_TEST(counter_not_found) {
  page_hits row = {.url = home, .views = 5};
  uint64_t nulls;

  LIVE_RETURNS(live_calls[_i].get(hits, &row, &nulls, &e), TALLY_ENOTFOUND, &e);
  ck_assert_int_eq(row.views, 5);
}
END_TEST

START_TEST(counter_key_is_missing) {
  page_hits row = {.url = NULL, .views = 5};
  uint64_t nulls;

  LIVE_REFUSED(live_calls[_i].increment(hits, &row, &e), TALLY_EINVAL, &e);
  live_says(&e, "url");
  LIVE_REFUSED(live_calls[_i].get(hits, &row, &nulls, &e), TALLY_EINVAL, &e);
  row.url = "";
  LIVE_REFUSED(live_calls[_i].increment(hits, &row, &e), TALLY_EINVAL, &e);
  live_says(&e, "url");
}
END_TEST

Suite *conformance_suite(void) {
  const TTest *const tests[] = {
      test_counter_sync_table,
      test_counter_increment,
      test_counter_decrement,
      test_counter_read_value,
      test_counter_multiple_increments_accumulate,
      test_counter_increment_accumulates,
      test_counter_multiple_fields,
      test_counter_increment_multiple,
      test_counter_batch,
      test_empty_batch_no_execute,
      counter_negative_delta,
      counter_row_is_left_alone,
      counter_nothing_to_add,
      counter_decrement_of_the_least,
      counter_wraps,
      counter_not_found,
      counter_key_is_missing,
  };
  Suite *s = suite_create("conformance");
  TCase *tc = tcase_create("counter");

  tcase_set_timeout(tc, 120);
  tcase_add_unchecked_fixture(tc, make_table, NULL);
  tcase_add_checked_fixture(tc, setup, teardown);
  for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
    tcase_add_loop_test(tc, tests[i], 0, LIVE_FORMS);
  tcase_add_test(tc, test_counter_save_raises);
  tcase_add_test(tc, test_counter_insert_raises);
  suite_add_tcase(s, tc);
  return s;
}
