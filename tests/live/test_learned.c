/* tests/live/test_learned.c - tables that another client made, opened by
 * name. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/live/live.h"
#include "tests/live/suites.h"

static tally_session *session;
static tally_error e;
static char name[48];

static void setup(void) {
  session = live_connect(1);
  live_name(name, "learned");
}

static void teardown(void) {
  ck_assert_int_eq(tally_close(session), 0);
}

static tally_row *new_row(tally_table *t) {
  tally_row *row;

  LIVE_OK(tally_row_new(&row, t, &e), &e);
  return row;
}

static int64_t number(const tally_row *row, const char *column) {
  int64_t value = 77;

  LIVE_OK(tally_row_get_int64(row, column, &value, &e), &e);
  return value;
}

static void has_column(const tally_table *t, size_t index, const char *want,
                       tally_kind kind, tally_type type, tally_order order) {
  const tally_column *c = tally_table_column(t, index);

  ck_assert_ptr_nonnull(c);
  ck_assert_str_eq(c->name, want);
  ck_assert_int_eq(c->kind, (int)kind);
  ck_assert_int_eq(c->type, (int)type);
  ck_assert_int_eq(c->order, (int)order);
}

static void make_everything_table(void) {
  live_cql("CREATE TABLE %s.%s (site text, zone int, at bigint, page text, "
           "zz counter static, aa counter static, seen counter, "
           "paid counter, PRIMARY KEY ((zone, site), page, at)) "
           "WITH CLUSTERING ORDER BY (page ASC, at DESC)",
           live_keyspace, name);
}

/* Partition key, clustering key, statics, counters; the last two by name. */
START_TEST(columns_as_the_server_has_them) {
  tally_table *t;

  make_everything_table();
  LIVE_OK(tally_table_open_name(&t, session, name, &e), &e);
  ck_assert_str_eq(tally_table_keyspace(t), live_keyspace);
  ck_assert_str_eq(tally_table_name(t), name);
  ck_assert_uint_eq(tally_table_column_count(t), 8);
  has_column(t, 0, "zone", TALLY_KIND_PARTITION_KEY, TALLY_INT, TALLY_ASC);
  has_column(t, 1, "site", TALLY_KIND_PARTITION_KEY, TALLY_TEXT, TALLY_ASC);
  has_column(t, 2, "page", TALLY_KIND_CLUSTERING_KEY, TALLY_TEXT, TALLY_ASC);
  has_column(t, 3, "at", TALLY_KIND_CLUSTERING_KEY, TALLY_BIGINT, TALLY_DESC);
  has_column(t, 4, "aa", TALLY_KIND_STATIC_COUNTER, TALLY_TYPE_COUNTER,
             TALLY_ASC);
  has_column(t, 5, "zz", TALLY_KIND_STATIC_COUNTER, TALLY_TYPE_COUNTER,
             TALLY_ASC);
  has_column(t, 6, "paid", TALLY_KIND_COUNTER, TALLY_TYPE_COUNTER, TALLY_ASC);
  has_column(t, 7, "seen", TALLY_KIND_COUNTER, TALLY_TYPE_COUNTER, TALLY_ASC);
  ck_assert_ptr_null(tally_table_column(t, 8));
}
END_TEST

START_TEST(round_trip) {
  tally_table *t;
  tally_row *row;
  const char *text;
  uint64_t nulls;

  make_everything_table();
  LIVE_OK(tally_table_open_name(&t, session, name, &e), &e);
  row = new_row(t);
  LIVE_OK(tally_row_set_text(row, "site", "it's", &e), &e);
  LIVE_OK(tally_row_set_int64(row, "zone", -3, &e), &e);
  LIVE_OK(tally_row_set_text(row, "page", "", &e), &e);
  LIVE_OK(tally_row_set_int64(row, "at", INT64_MIN, &e), &e);
  LIVE_OK(tally_row_set_int64(row, "seen", 5, &e), &e);
  LIVE_OK(tally_row_set_int64(row, "zz", 2, &e), &e);
  LIVE_OK(tally_increment(t, tally_row_data(row), &e), &e);
  LIVE_OK(tally_row_set_int64(row, "zz", 0, &e), &e);
  LIVE_OK(tally_decrement(t, tally_row_data(row), &e), &e);
  LIVE_OK(tally_increment(t, tally_row_data(row), &e), &e);
  LIVE_OK(tally_row_set_int64(row, "paid", 77, &e), &e);
  LIVE_OK(tally_get_nulls(t, tally_row_data(row), &nulls, &e), &e);
  ck_assert_int_eq(number(row, "seen"), 5);
  ck_assert_int_eq(number(row, "zz"), 2);
  ck_assert_int_eq(number(row, "aa"), 0);
  ck_assert_int_eq(number(row, "paid"), 0);
  ck_assert_int_eq(number(row, "zone"), -3);
  ck_assert_int_eq(number(row, "at"), INT64_MIN);
  LIVE_OK(tally_row_get_text(row, "site", &text, &e), &e);
  ck_assert_str_eq(text, "it's");
  ck_assert_int_eq(__builtin_popcountll(nulls), 2);
  tally_row_free(row);
  ck_assert_str_eq(
      live_cql("SELECT site, zone, page, at, aa, zz, paid, seen FROM %s.%s",
               live_keyspace, name),
      "it's\t-3\t\t-9223372036854775808\tnull\t2\tnull\t5\n");
}
END_TEST

/* Counts of both clients are one. */
START_TEST(two_clients_one_count) {
  tally_table *t;
  tally_row *row;

  live_cql("CREATE TABLE %s.%s (k text PRIMARY KEY, n counter)", live_keyspace,
           name);
  live_cql("UPDATE %s.%s SET n = n + 40 WHERE k = 'x'", live_keyspace, name);
  LIVE_OK(tally_table_open_name(&t, session, name, &e), &e);
  row = new_row(t);
  LIVE_OK(tally_row_set_text(row, "k", "x", &e), &e);
  LIVE_OK(tally_row_set_int64(row, "n", 2, &e), &e);
  LIVE_OK(tally_increment(t, tally_row_data(row), &e), &e);
  LIVE_OK(tally_get(t, tally_row_data(row), &e), &e);
  ck_assert_int_eq(number(row, "n"), 42);
  live_cql("UPDATE %s.%s SET n = n - 50 WHERE k = 'x'", live_keyspace, name);
  LIVE_OK(tally_get(t, tally_row_data(row), &e), &e);
  ck_assert_int_eq(number(row, "n"), -8);
  tally_row_free(row);
}
END_TEST

/* A definition and a name open the same table. */
START_TEST(opened_both_ways) {
  tally_table *hits = live_table(session, &page_hits_definition), *t;
  tally_row *row;

  LIVE_OK(tally_increment(hits, &(page_hits){.url = "/", .views = 3}, &e), &e);
  LIVE_OK(tally_table_open_name(&t, session, live_qualified(hits), &e), &e);
  ck_assert_str_eq(tally_table_name(t), tally_table_name(hits));
  row = new_row(t);
  LIVE_OK(tally_row_set_text(row, "url", "/", &e), &e);
  LIVE_OK(tally_get(t, tally_row_data(row), &e), &e);
  ck_assert_int_eq(number(row, "views"), 3);
  tally_row_free(row);
}
END_TEST

START_TEST(row_setters_refuse) {
  tally_table *t;
  tally_row *row;
  const char *text;
  int64_t value;

  make_everything_table();
  LIVE_OK(tally_table_open_name(&t, session, name, &e), &e);
  row = new_row(t);
  LIVE_REFUSED(tally_row_set_text(row, "nope", "x", &e), TALLY_EINVAL, &e);
  live_says(&e, "nope");
  live_says(&e, "zone, site, page, at, aa, zz, paid, seen");
  LIVE_REFUSED(tally_row_set_text(row, "zone", "x", &e), TALLY_ETYPE, &e);
  LIVE_REFUSED(tally_row_set_int64(row, "site", 1, &e), TALLY_ETYPE, &e);
  LIVE_REFUSED(tally_row_set_int64(row, "zone", INT64_C(1) << 31, &e),
               TALLY_ERANGE, &e);
  LIVE_OK(tally_row_set_int64(row, "zone", INT32_MIN, &e), &e);
  LIVE_REFUSED(tally_row_get_text(row, "seen", &text, &e), TALLY_ETYPE, &e);
  LIVE_REFUSED(tally_row_get_int64(row, "page", &value, &e), TALLY_ETYPE, &e);
  /* Columns are exact. */
  LIVE_REFUSED(tally_row_set_text(row, "Site", "x", &e), TALLY_EINVAL, &e);
  tally_row_free(row);
}
END_TEST

/* ---- Names -------------------------------------------------------------- */

START_TEST(quoted_names) {
  static const char *const columns[] = {"My Key", "we\"ird", "UPDATE"};
  char quoted[128];
  tally_table *t;
  tally_row *row;

  snprintf(quoted, sizeof quoted, "%s.\"My_%s\"", live_keyspace, name);
  live_cql("CREATE TABLE %s (\"My Key\" text, \"we\"\"ird\" int, "
           "\"UPDATE\" counter, PRIMARY KEY (\"My Key\", \"we\"\"ird\"))",
           quoted);
  LIVE_OK(tally_table_open_name(&t, session, quoted, &e), &e);
  ck_assert_str_eq(tally_table_keyspace(t), live_keyspace);
  ck_assert_int_eq(strncmp(tally_table_name(t), "My_learned_", 11), 0);
  for (size_t i = 0; i < 3; i++)
    ck_assert_str_eq(tally_table_column(t, i)->name, columns[i]);
  row = new_row(t);
  LIVE_OK(tally_row_set_text(row, columns[0], "x", &e), &e);
  LIVE_OK(tally_row_set_int64(row, columns[1], 9, &e), &e);
  LIVE_OK(tally_row_set_int64(row, columns[2], 4, &e), &e);
  LIVE_OK(tally_increment(t, tally_row_data(row), &e), &e);
  LIVE_OK(tally_get(t, tally_row_data(row), &e), &e);
  ck_assert_int_eq(number(row, columns[2]), 4);
  tally_row_free(row);
  ck_assert_str_eq(live_cql("SELECT * FROM %s", quoted), "x\t9\t4\n");
}
END_TEST

/* Names without quotes are folded, as CQL does. */
START_TEST(folded_names) {
  char upper[128];
  tally_table *t;

  live_cql("CREATE TABLE %s.%s (k text PRIMARY KEY, n counter)", live_keyspace,
           name);
  snprintf(upper, sizeof upper, "%s.%s", live_keyspace, name);
  upper[0] = 'T';
  upper[strlen(live_keyspace) + 1] = 'L';
  LIVE_OK(tally_table_open_name(&t, session, upper, &e), &e);
  ck_assert_str_eq(tally_table_name(t), name);
  snprintf(upper, sizeof upper, "%s.\"L%s\"", live_keyspace, name + 1);
  LIVE_REFUSED(tally_table_open_name(&t, session, upper, &e), TALLY_ESCHEMA,
               &e);
}
END_TEST

/* ---- What is no counter table ------------------------------------------- */

static const struct {
  const char *why;
  const char *columns;
  int code;
  const char *says;
} k_others[] = {
    {"a tuple as a key", "(k tuple<int, int> PRIMARY KEY, n counter)",
     TALLY_ETYPE, "k is frozen<tuple<int, int>>"},
    {"a set as a clustering key",
     "(k int, s frozen<set<int>>, n counter, PRIMARY KEY (k, s))", TALLY_ETYPE,
     "s is frozen<set<int>>"},
    {"a collection as a key", "(k frozen<list<int>> PRIMARY KEY, n counter)",
     TALLY_ETYPE, "list"},
    {"plain columns", "(k text PRIMARY KEY, v int)", TALLY_ESCHEMA,
     "not a counter table"},
    {"a plain text column", "(k text PRIMARY KEY, v text)", TALLY_ESCHEMA,
     "not a counter table"},
    {"keys alone", "(k text PRIMARY KEY)", TALLY_ESCHEMA,
     "not a counter table"},
    {"a plain static", "(k text, c int, s int static, PRIMARY KEY (k, c))",
     TALLY_ESCHEMA, "not a counter table"},
};

START_TEST(other_tables) {
  tally_table *t;

  live_cql("CREATE TABLE %s.%s %s", live_keyspace, name, k_others[_i].columns);
  LIVE_REFUSED(tally_table_open_name(&t, session, name, &e), k_others[_i].code,
               &e);
  live_says(&e, k_others[_i].says);
  live_says(&e, name);
  ck_assert_ptr_null(t);
}
END_TEST

START_TEST(no_such_table) {
  tally_table *t;
  char elsewhere[128];

  LIVE_REFUSED(tally_table_open_name(&t, session, name, &e), TALLY_ESCHEMA, &e);
  live_says(&e, name);
  ck_assert_ptr_null(t);
  snprintf(elsewhere, sizeof elsewhere, "no_%s.t", name);
  LIVE_REFUSED(tally_table_open_name(&t, session, elsewhere, &e), TALLY_ESCHEMA,
               &e);
  live_says(&e, elsewhere);
  LIVE_REFUSED(tally_table_open_name(&t, session, "system.local", &e),
               TALLY_ESCHEMA, &e);
  LIVE_REFUSED(tally_table_open_name(&t, session, "", &e), TALLY_EINVAL, &e);
  LIVE_REFUSED(tally_table_open_name(&t, session, "ks.", &e), TALLY_EINVAL, &e);
  LIVE_REFUSED(tally_table_open_name(&t, session, ".t", &e), TALLY_EINVAL, &e);
  LIVE_REFUSED(tally_table_open_name(&t, session, NULL, &e), TALLY_EINVAL, &e);
}
END_TEST

Suite *learned_suite(void) {
  Suite *s = suite_create("learned");
  TCase *tc = tcase_create("learned");

  tcase_set_timeout(tc, 120);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, columns_as_the_server_has_them);
  tcase_add_test(tc, round_trip);
  tcase_add_test(tc, two_clients_one_count);
  tcase_add_test(tc, opened_both_ways);
  tcase_add_test(tc, row_setters_refuse);
  tcase_add_test(tc, quoted_names);
  tcase_add_test(tc, folded_names);
  tcase_add_loop_test(tc, other_tables, 0,
                      (int)(sizeof k_others / sizeof k_others[0]));
  tcase_add_test(tc, no_such_table);
  suite_add_tcase(s, tc);
  return s;
}
