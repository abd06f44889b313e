/* tests/live/test_conformance_paging.c - the integration tests of pages that
 * coodie has (test_pagination.py), by their names: 25 rows, five on a page; see
 * test_conformance.c. */
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tests/live/live.h"
#include "tests/live/suites.h"

enum { TOTAL_ROWS = 25, FETCH_SIZE = 5 };

static tally_session *session;
static tally_table *hits;
static tally_query *q;
static tally_error e;
static char table_name[48];

/* Rows 1 to 25, a partition each; their views are their number. */
static void make_table(void) {
  char url[16];

  session = live_connect(0);
  hits = live_table(session, &page_hits_definition);
  snprintf(table_name, sizeof table_name, "%s", tally_table_name(hits));
  for (int i = 1; i <= TOTAL_ROWS; i++) {
    snprintf(url, sizeof url, "/%d", i);
    LIVE_OK(tally_increment(hits, &(page_hits){url, i, 1}, &e), &e);
  }
  ck_assert_int_eq(tally_close(session), 0);
}

static void setup(void) {
  tally_definition d = page_hits_definition;

  session = live_connect(1);
  d.name = table_name;
  LIVE_OK(tally_table_open(&hits, session, &d, &e), &e);
  LIVE_OK(tally_find(&q, hits, &e), &e);
  LIVE_OK(tally_page_size(q, FETCH_SIZE, &e), &e);
}

static void teardown(void) {
  tally_query_free(q);
  ck_assert_int_eq(tally_close(session), 0);
}

/* Each once, and whole. */
struct seen {
  struct live_gate gate;
  int rows;
  bool row[TOTAL_ROWS + 1];
};
static struct seen seen;

static int see(void *user, const void *row, uint64_t nulls) {
  const page_hits *hit = row;
  struct seen *s = user;
  char url[16];

  ck_assert_uint_eq(nulls, 0);
  ck_assert(hit->views >= 1 && hit->views <= TOTAL_ROWS);
  ck_assert(!s->row[hit->views]);
  s->row[hit->views] = true;
  s->rows++;
  snprintf(url, sizeof url, "/%d", (int)hit->views);
  ck_assert_str_eq(hit->url, url);
  return 0;
}

static void on_end(void *user, const tally_result *result) {
  struct seen *s = user;

  live_gate_end(&s->gate, result);
}

START_TEST(test_full_table_scan_spanning_multiple_pages) {
  tally_cursor *cursor;
  page_hits row;
  int rc;

  LIVE_OK(tally_cursor_open(&cursor, q, &e), &e);
  while ((rc = tally_next(cursor, &row, &e)) > 0)
    see(&seen, &row, 0);
  LIVE_OK(rc, &e);
  ck_assert_int_eq(seen.rows, TOTAL_ROWS);
  tally_cursor_close(cursor);
}
END_TEST

START_TEST(test_async_paged_iteration) {
  live_gate_init(&seen.gate);
  live_gate_begin(&seen.gate);
  LIVE_OK(tally_each_async(q, see, on_end, &seen, &e), &e);
  live_gate_wait(&seen.gate, 0);
  ck_assert_int_eq(seen.gate.status, 0);
  ck_assert_int_eq(seen.rows, TOTAL_ROWS);
}
END_TEST

/* One page in each cursor: read, save, go on in another. */
static int next_page(uint8_t *saved, size_t *len) {
  const void *state;
  tally_cursor *cursor;
  page_hits row;
  int more;

  LIVE_OK(tally_cursor_open_at(&cursor, q, saved, *len, &e), &e);
  for (int i = 0; i < FETCH_SIZE && tally_next(cursor, &row, &e) > 0; i++)
    see(&seen, &row, 0);
  more = tally_cursor_state(cursor, &state, len, &e);
  ck_assert_uint_le(*len, 4096);
  if (more == 1)
    memcpy(saved, state, *len);
  tally_cursor_close(cursor);
  return more;
}

START_TEST(test_page_token_handoff_between_pages) {
  static uint8_t saved[4096], before[4096];
  size_t len = 0, len_before = 0;
  int pages = 1;

  for (; next_page(saved, &len) == 1; pages++) {
    ck_assert(len != len_before || memcmp(saved, before, len) != 0);
    memcpy(before, saved, len);
    len_before = len;
  }
  ck_assert_int_eq(seen.rows, TOTAL_ROWS);
  ck_assert_int_ge(pages, TOTAL_ROWS / FETCH_SIZE);
  ck_assert_uint_eq(len, 0); /* there is no state behind the last one */
}
END_TEST

START_TEST(test_paging_state_passed_to_driver) {
  static uint8_t saved[4096];
  size_t len = 0;

  ck_assert_int_eq(next_page(saved, &len), 1);
  ck_assert_int_eq(seen.rows, FETCH_SIZE);
  ck_assert_int_eq(next_page(saved, &len), 1);
  ck_assert_int_eq(seen.rows, 2 * FETCH_SIZE);
}
END_TEST

START_TEST(test_paged_all_none_paging_state_when_exhausted) {
  const void *state = "";
  tally_cursor *cursor;
  page_hits row;
  size_t len = 7;

  LIVE_OK(tally_where(q, "url", TALLY_EQ, &(page_hits){"/3", 0, 0}, &e), &e);
  LIVE_OK(tally_cursor_open(&cursor, q, &e), &e);
  ck_assert_int_eq(tally_next(cursor, &row, &e), 1);
  ck_assert_int_eq(row.views, 3);
  ck_assert_int_eq(tally_cursor_state(cursor, &state, &len, &e), 0);
  ck_assert_ptr_null(state);
  ck_assert_uint_eq(len, 0);
  tally_cursor_close(cursor);
}
END_TEST

/* ---- Page by page ------------------------------------------------------- */

/* What a server puts in one answer, tally_execute() shows. */
static int pages_of(int32_t rows, size_t most) {
  tally_statement *s;
  tally_answer *answer;
  char cql[160];
  int rc, pages = 0;

  snprintf(cql, sizeof cql, "SELECT * FROM %s", live_qualified(hits));
  LIVE_OK(tally_statement_new(&s, session, cql, &e), &e);
  if (rows > 0)
    LIVE_OK(tally_statement_page_size(s, rows, &e), &e);
  do {
    LIVE_OK(tally_execute(&answer, s, &e), &e);
    ck_assert_uint_le(tally_answer_row_count(answer), most);
    seen.rows += (int)tally_answer_row_count(answer);
    pages++;
    rc = tally_statement_next_page(s, answer, &e);
    tally_answer_free(answer);
  } while (rc > 0);
  LIVE_OK(rc, &e);
  tally_statement_free(s);
  ck_assert_int_eq(seen.rows, TOTAL_ROWS);
  return pages;
}

START_TEST(test_fetch_size_limits_rows_per_page) {
  ck_assert_int_ge(pages_of(FETCH_SIZE, FETCH_SIZE), TOTAL_ROWS / FETCH_SIZE);
}
END_TEST

START_TEST(test_paged_all_without_fetch_size) {
  ck_assert_int_eq(pages_of(0, TOTAL_ROWS), 1);
}
END_TEST

Suite *conformance_paging_suite(void) {
  Suite *s = suite_create("conformance_paging");
  TCase *tc = tcase_create("coodie");

  tcase_set_timeout(tc, 120);
  tcase_add_unchecked_fixture(tc, make_table, NULL);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, test_full_table_scan_spanning_multiple_pages);
  tcase_add_test(tc, test_async_paged_iteration);
  tcase_add_test(tc, test_page_token_handoff_between_pages);
  tcase_add_test(tc, test_paging_state_passed_to_driver);
  tcase_add_test(tc, test_paged_all_none_paging_state_when_exhausted);
  tcase_add_test(tc, test_fetch_size_limits_rows_per_page);
  tcase_add_test(tc, test_paged_all_without_fetch_size);
  suite_add_tcase(s, tc);
  return s;
}
