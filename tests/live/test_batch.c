/* tests/live/test_batch.c - counter batches, read back by the independent
 * client. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/live/live.h"
#include "tests/live/suites.h"

static tally_session *session;
static tally_table *hits;
static tally_batch *batch;
static tally_error e;
static unsigned warnings;

static void on_log(void *user, int level, const char *text) {
  (void)user;
  (void)text;
  warnings += level <= TALLY_LOG_WARNING;
}

static void open_with(int io_threads) {
  tally_options o;

  warnings = 0;
  live_options(&o, io_threads);
  o.log = on_log;
  session = live_connect_with(&o);
  hits = live_table(session, &page_hits_definition);
  LIVE_OK(tally_batch_new(&batch, session, &e), &e);
}

static void setup(void) {
  open_with(1);
}

static void teardown(void) {
  tally_batch_free(batch);
  ck_assert_int_eq(tally_close(session), 0);
}

static void add(const char *url, int64_t views, int64_t visitors) {
  page_hits row = {url, views, visitors};

  LIVE_OK(tally_batch_increment(batch, hits, &row, &e), &e);
}

/* Of the table, sorted by nothing: one partition each. */
static void reads(const char *url, const char *line) {
  ck_assert_str_eq(live_cql("SELECT views, unique_visitors FROM %s WHERE "
                            "url = '%s'",
                            live_qualified(hits), url),
                   line);
}

/* The reference's test_counter_batch: two partitions, 5, and 3 and 1. */
START_TEST(counter_batch) {
  add("/a", 5, 0);
  add("/b", 3, 1);
  ck_assert_uint_eq(tally_batch_count(batch), 2);
  ck_assert_int_eq(tally_batch_outcome(batch, 0), TALLY_NOT_APPLIED);
  LIVE_OK(tally_batch_send(batch, &e), &e);
  for (size_t i = 0; i < 2; i++)
    ck_assert_int_eq(tally_batch_outcome(batch, i), TALLY_APPLIED);
  reads("/a", "5\tnull\n");
  reads("/b", "3\t1\n");
}
END_TEST

/* Three times one row is 3; a decrement among them. */
START_TEST(one_row_often) {
  for (int i = 0; i < 4; i++)
    add("/a", 1, 0);
  LIVE_OK(tally_batch_decrement(batch, hits, &(page_hits){"/a", 1, 0}, &e), &e);
  LIVE_OK(tally_batch_send(batch, &e), &e);
  reads("/a", "3\tnull\n");
}
END_TEST

START_TEST(empty) {
  LIVE_OK(tally_batch_send(batch, &e), &e);
  add("/a", 1, 0);
  tally_batch_clear(batch);
  LIVE_OK(tally_batch_send(batch, &e), &e);
  reads("/a", "");
}
END_TEST

/* Sent once; the next increment begins another one. */
START_TEST(sent_once) {
  struct live_gate gate;

  add("/a", 1, 0);
  LIVE_OK(tally_batch_send(batch, &e), &e);
  LIVE_REFUSED(tally_batch_send(batch, &e), TALLY_EINVAL, &e);
  live_says(&e, "was sent");
  add("/b", 1, 0);
  ck_assert_uint_eq(tally_batch_count(batch), 1);
  live_gate_init(&gate);
  live_gate_begin(&gate);
  LIVE_OK(tally_batch_send_async(batch, live_gate_end, &gate, &e), &e);
  live_gate_wait(&gate, 0);
  ck_assert_uint_eq(gate.outcomes[TALLY_APPLIED], 1);
  reads("/a", "1\tnull\n");
  reads("/b", "1\tnull\n");
}
END_TEST

/* Split into many frames, none of which a server warns of. */
START_TEST(thousand_rows) {
  char url[300], pad[200];

  memset(pad, 'x', sizeof pad);
  teardown();
  open_with(_i);
  for (int i = 0; i < 1000; i++) {
    snprintf(url, sizeof url, "/%d%.*s", i % 500, i % 7 == 0 ? 199 : 0, pad);
    add(url, 2, 1);
  }
  LIVE_OK(tally_batch_send(batch, &e), &e);
  ck_assert_str_eq(live_cql("SELECT sum(views), sum(unique_visitors) FROM %s",
                            live_qualified(hits)),
                   "2000\t1000\n");
  ck_assert_uint_eq(warnings, 0);
}
END_TEST

START_TEST(refused) {
  tally_session *other = live_connect(1);
  tally_table *theirs = live_open(other, &page_hits_definition);
  tally_table *none = live_open(session, &page_hits_definition);
  page_hits row = {"/a", 0, 0};

  LIVE_REFUSED(tally_batch_increment(batch, hits, &row, &e), TALLY_EINVAL, &e);
  live_says(&e, "nothing to add");
  row.views = INT64_MIN;
  LIVE_REFUSED(tally_batch_decrement(batch, hits, &row, &e), TALLY_ERANGE, &e);
  row = (page_hits){NULL, 1, 0};
  LIVE_REFUSED(tally_batch_increment(batch, hits, &row, &e), TALLY_EINVAL, &e);
  row.url = "/a";
  LIVE_REFUSED(tally_batch_increment(batch, theirs, &row, &e), TALLY_EINVAL,
               &e);
  ck_assert_uint_eq(tally_batch_count(batch), 0);
  /* A table that is not there: all of that frame is NOT_APPLIED. */
  LIVE_OK(tally_batch_increment(batch, none, &row, &e), &e);
  LIVE_OK(tally_batch_increment(batch, hits, &row, &e), &e);
  LIVE_REFUSED(tally_batch_send(batch, &e), TALLY_ESERVER, &e);
  live_says(&e, tally_table_name(none));
  ck_assert_int_eq(tally_batch_outcome(batch, 1), TALLY_NOT_APPLIED);
  reads("/a", "");
  ck_assert_int_eq(tally_close(other), 0);
}
END_TEST

Suite *batch_suite(void) {
  Suite *s = suite_create("batch");
  TCase *tc = tcase_create("batch");

  tcase_set_timeout(tc, 120);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, counter_batch);
  tcase_add_test(tc, one_row_often);
  tcase_add_test(tc, empty);
  tcase_add_test(tc, sent_once);
  tcase_add_loop_test(tc, thousand_rows, 0, 3);
  tcase_add_test(tc, refused);
  suite_add_tcase(s, tc);
  return s;
}
