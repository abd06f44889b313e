/* tests/live/test_delete.c - rows, counters and whole tables that go. */
#include <check.h>
#include <string.h>

#include "tests/live/live.h"
#include "tests/live/suites.h"

static tally_session *session;
static tally_error e;

typedef struct visits {
  const char *site;
  int32_t hour;
  int64_t views;
  int64_t bytes;
  int64_t total;
} visits;
static const tally_column visits_columns[] = {
    TALLY_PARTITION_KEY(visits, site, TALLY_TEXT),
    TALLY_CLUSTERING_KEY(visits, hour, TALLY_INT, TALLY_ASC),
    TALLY_COUNTER(visits, views),
    TALLY_COUNTER(visits, bytes),
    TALLY_STATIC_COUNTER(visits, total),
};
static const tally_definition visits_definition =
    TALLY_DEFINITION(visits, "visits", visits_columns);
static tally_table *t;

static void setup(void) {
  session = live_connect(1);
  t = live_table(session, &visits_definition);
  for (int hour = 1; hour <= 3; hour++)
    LIVE_OK(tally_increment(t, &(visits){"a", hour, 10 * hour, hour, 1}, &e),
            &e);
}

static void teardown(void) {
  ck_assert_int_eq(tally_close(session), 0);
}

/* What the independent client reads. */
static void has(const char *rows) {
  ck_assert_str_eq(live_cql("SELECT site, hour, total, views, bytes FROM %s",
                            live_qualified(t)),
                   rows);
}

static void ended(struct live_gate *gate) {
  live_gate_wait(gate, 0);
  ck_assert_int_eq(gate->status, 0);
  ck_assert_uint_eq(gate->outcomes[TALLY_APPLIED], gate->begun);
}

START_TEST(row) {
  struct live_gate gate;
  visits two = {"a", 2, 7, 7, 7};

  /* The counters of the row that names it mean nothing. */
  LIVE_OK(tally_delete(t, &two, &e), &e);
  has("a\t1\t3\t10\t1\n"
      "a\t3\t3\t30\t3\n");
  LIVE_RETURNS(tally_get(t, &two, &e), TALLY_ENOTFOUND, &e);
  live_gate_init(&gate);
  live_gate_begin(&gate);
  LIVE_OK(tally_delete_async(t, &(visits){.site = "a", .hour = 1},
                             live_gate_end, &gate, &e),
          &e);
  ended(&gate);
  has("a\t3\t3\t30\t3\n");
  /* One that is not there. */
  LIVE_OK(tally_delete(t, &(visits){.site = "b"}, &e), &e);
}
END_TEST

START_TEST(counter) {
  struct live_gate gate;

  LIVE_OK(
      tally_delete_counter(t, &(visits){.site = "a", .hour = 2}, "views", &e),
      &e);
  has("a\t1\t3\t10\t1\n"
      "a\t2\t3\tnull\t2\n"
      "a\t3\t3\t30\t3\n");
  live_gate_init(&gate);
  live_gate_begin(&gate);
  LIVE_OK(tally_delete_counter_async(t, &(visits){.site = "a", .hour = 2},
                                     "bytes", live_gate_end, &gate, &e),
          &e);
  ended(&gate);
  has("a\t1\t3\t10\t1\n"
      "a\t3\t3\t30\t3\n");
}
END_TEST

/* It is the partition's, whatever row is named. */
START_TEST(static_counter) {
  LIVE_OK(tally_delete_counter(t, &(visits){.site = "a"}, "total", &e), &e);
  has("a\t1\tnull\t10\t1\n"
      "a\t2\tnull\t20\t2\n"
      "a\t3\tnull\t30\t3\n");
}
END_TEST

/* What the header says of the server: with the counter in its cache it goes on
 * from the old sum, without it begins anew. */
START_TEST(counted_again) {
  visits two = {"a", 2, 5, 0, 0};

  LIVE_OK(tally_delete(t, &two, &e), &e);
  LIVE_OK(tally_increment(t, &two, &e), &e);
  LIVE_OK(tally_get(t, &two, &e), &e);
  ck_assert_msg(two.views == 25 || two.views == 5, "%lld",
                (long long)two.views);
}
END_TEST

START_TEST(refused) {
  LIVE_REFUSED(tally_delete(t, &(visits){.site = NULL}, &e), TALLY_EINVAL, &e);
  live_says(&e, "site");
  LIVE_REFUSED(tally_delete_counter(t, &(visits){.site = "a"}, "hits", &e),
               TALLY_EINVAL, &e);
  live_says(&e, "no column hits");
  LIVE_REFUSED(tally_delete_counter(t, &(visits){.site = "a"}, "hour", &e),
               TALLY_EINVAL, &e);
  live_says(&e, "no counter");
}
END_TEST

START_TEST(whole_table) {
  struct live_gate gate;

  LIVE_OK(tally_truncate(t, &e), &e);
  has("");
  LIVE_OK(tally_increment(t, &(visits){"a", 1, 1, 0, 0}, &e), &e);
  has("a\t1\tnull\t1\tnull\n");
  live_gate_init(&gate);
  live_gate_begin(&gate);
  LIVE_OK(tally_truncate_async(t, live_gate_end, &gate, &e), &e);
  ended(&gate);
  has("");
}
END_TEST

START_TEST(no_such_table) {
  tally_table *none = live_open(session, &visits_definition);

  LIVE_REFUSED(tally_truncate(none, &e), TALLY_ESERVER, &e);
  live_says(&e, tally_table_name(none));
  LIVE_REFUSED(tally_delete(none, &(visits){.site = "a"}, &e), TALLY_ESCHEMA,
               &e);
}
END_TEST

Suite *delete_suite(void) {
  Suite *s = suite_create("delete");
  TCase *tc = tcase_create("delete");

  tcase_set_timeout(tc, 120);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, row);
  tcase_add_test(tc, counter);
  tcase_add_test(tc, static_counter);
  tcase_add_test(tc, counted_again);
  tcase_add_test(tc, refused);
  tcase_add_test(tc, whole_table);
  tcase_add_test(tc, no_such_table);
  suite_add_tcase(s, tc);
  return s;
}
