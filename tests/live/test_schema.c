/* tests/live/test_schema.c - keyspaces and tables that are not there, are not
 * there any more, or are not as the definition says. */
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tests/live/live.h"
#include "tests/live/suites.h"

static tally_session *session;
static tally_error e;
static page_hits one = {"/home", 1, 0};

static void setup(void) {
  session = live_connect(1);
}

static void teardown(void) {
  ck_assert_int_eq(tally_close(session), 0);
}

/* page_hits under any keyspace and name. */
static tally_table *open_as(const char *keyspace, const char *table_name) {
  tally_definition d = page_hits_definition;
  tally_table *table;

  d.keyspace = keyspace;
  d.name = table_name;
  LIVE_OK(tally_table_open(&table, session, &d, &e), &e);
  return table;
}

/* ---- A keyspace that does not exist ------------------------------------- */

START_TEST(no_keyspace_at_sync) {
  char missing[48];
  tally_table *t;

  live_name(missing, "missing");
  t = open_as(missing, "page_hits");
  LIVE_REFUSED(live_calls[_i].sync(t, &e), TALLY_ESCHEMA, &e);
  live_says(&e, missing);
}
END_TEST

START_TEST(no_keyspace_at_increment) {
  char missing[48];
  tally_table *t;

  live_name(missing, "missing");
  t = open_as(missing, "page_hits");
  LIVE_REFUSED(live_calls[_i].increment(t, &one, &e), TALLY_ESCHEMA, &e);
  live_says(&e, missing);
  ck_assert_int_eq(e.server_code, 0x2200);
  ck_assert_str_ne(e.host, "");
  LIVE_REFUSED(live_calls[_i].decrement(t, &one, &e), TALLY_ESCHEMA, &e);
}
END_TEST

START_TEST(no_keyspace_at_get) {
  page_hits row = {.url = "/home", .views = 7};
  char missing[48];
  uint64_t nulls;
  tally_table *t;

  live_name(missing, "missing");
  t = open_as(missing, "page_hits");
  LIVE_REFUSED(live_calls[_i].get(t, &row, &nulls, &e), TALLY_ESCHEMA, &e);
  live_says(&e, missing);
  ck_assert_int_eq(row.views, 7);
}
END_TEST

/* It is made later: the same table counts then. */
START_TEST(keyspace_comes_later) {
  char late[48];
  tally_table *t;

  live_name(late, "tally_live");
  t = open_as(late, "page_hits");
  LIVE_REFUSED(tally_increment(t, &one, &e), TALLY_ESCHEMA, &e);
  LIVE_OK(tally_create_keyspace(session, late, NULL, &e), &e);
  LIVE_REFUSED(tally_increment(t, &one, &e), TALLY_ESCHEMA, &e);
  LIVE_OK(tally_sync_table(t, NULL, &e), &e);
  LIVE_OK(tally_increment(t, &one, &e), &e);
  ck_assert_int_eq(live_page(t, "/home").views, 1);
  live_cql("DROP KEYSPACE %s", late);
}
END_TEST

/* The session of a service with a typing error in options.keyspace connects:
 * names are qualified, nothing is asked for before it is needed. */
START_TEST(session_with_missing_keyspace) {
  tally_options options;
  tally_session *other;
  tally_table *t;
  char missing[48];

  live_name(missing, "missing");
  live_options(&options, 1);
  options.keyspace = missing;
  LIVE_OK(tally_connect(&other, &options, &e), &e);
  LIVE_OK(tally_table_open(&t, other, &page_hits_definition, &e), &e);
  ck_assert_str_eq(tally_table_keyspace(t), missing);
  LIVE_REFUSED(tally_sync_table(t, NULL, &e), TALLY_ESCHEMA, &e);
  LIVE_REFUSED(tally_increment(t, &one, &e), TALLY_ESCHEMA, &e);
  ck_assert_int_eq(tally_close(other), 0);
}
END_TEST

START_TEST(no_keyspace_configured) {
  tally_options options;
  tally_session *other;
  tally_table *t;

  live_options(&options, 1);
  options.keyspace = NULL;
  LIVE_OK(tally_connect(&other, &options, &e), &e);
  LIVE_REFUSED(tally_table_open(&t, other, &page_hits_definition, &e),
               TALLY_EINVAL, &e);
  live_says(&e, "no keyspace configured");
  LIVE_REFUSED(tally_table_open_name(&t, other, "page_hits", &e), TALLY_EINVAL,
               &e);
  live_says(&e, "no keyspace configured");
  ck_assert_int_eq(tally_close(other), 0);
}
END_TEST

/* ---- Tables that go ----------------------------------------------------- */

START_TEST(no_such_table) {
  char missing[48];
  uint64_t nulls;
  page_hits row = one;
  tally_table *t;

  live_name(missing, "missing");
  t = open_as(live_keyspace, missing);
  LIVE_REFUSED(live_calls[_i].increment(t, &one, &e), TALLY_ESCHEMA, &e);
  live_says(&e, missing);
  LIVE_REFUSED(live_calls[_i].get(t, &row, &nulls, &e), TALLY_ESCHEMA, &e);
}
END_TEST

START_TEST(table_dropped_meanwhile) {
  tally_table *t = live_table(session, &page_hits_definition);
  page_hits row = one;
  uint64_t nulls;

  LIVE_OK(live_calls[_i].increment(t, &one, &e), &e);
  LIVE_OK(live_calls[_i].get(t, &row, &nulls, &e), &e);
  live_cql("DROP TABLE %s", live_qualified(t));
  LIVE_REFUSED(live_calls[_i].increment(t, &one, &e), TALLY_ESCHEMA, &e);
  live_says(&e, tally_table_name(t));
  LIVE_REFUSED(live_calls[_i].get(t, &row, &nulls, &e), TALLY_ESCHEMA, &e);
  /* Made again it is a new table: from 0. */
  LIVE_OK(live_calls[_i].sync(t, &e), &e);
  LIVE_OK(live_calls[_i].increment(t, &one, &e), &e);
  ck_assert_int_eq(live_page(t, "/home").views, 1);
}
END_TEST

START_TEST(column_dropped_meanwhile) {
  tally_table *t = live_table(session, &page_hits_definition);

  LIVE_OK(tally_increment(t, &one, &e), &e);
  live_cql("ALTER TABLE %s DROP views", live_qualified(t));
  LIVE_REFUSED(tally_increment(t, &one, &e), TALLY_ESCHEMA, &e);
  live_says(&e, "views");
  /* The other counter's statement has nothing to do with it. */
  LIVE_OK(tally_increment(t, &(page_hits){"/home", 0, 1}, &e), &e);
  ck_assert_str_eq(live_cql("SELECT * FROM %s", live_qualified(t)),
                   "/home\t1\n");
}
END_TEST

/* ---- Tables that are not as defined ------------------------------------- */

static const struct {
  const char *why;
  const char *columns;
  const char *says;
  bool is_alterable;
} k_different[] = {
    {"the key is an int",
     "(url int PRIMARY KEY, views counter, unique_visitors counter)", "url",
     false},
    {"the key is a blob",
     "(url blob PRIMARY KEY, views counter, unique_visitors counter)", "url",
     false},
    {"the key has another name",
     "(page text PRIMARY KEY, views counter, unique_visitors counter)", "url",
     false},
    {"one more key column",
     "(url text, day int, views counter, unique_visitors counter, "
     "PRIMARY KEY (url, day))",
     "day", false},
    {"no such counter", "(url text PRIMARY KEY, unique_visitors counter)",
     "views", true},
    {"no counter at all", "(url text PRIMARY KEY, views int)", "views", false},
    {"text that looks like one", "(url text PRIMARY KEY, views text)", "views",
     false},
};

/* The increment is refused by the column's name, and nothing is counted.  The
 * sync before it is refused, too: only a counter can be added. */
START_TEST(not_as_defined) {
  char other[48];
  tally_table *t;

  live_name(other, "different");
  live_cql("CREATE TABLE %s.%s %s", live_keyspace, other,
           k_different[_i].columns);
  t = open_as(live_keyspace, other);
  LIVE_REFUSED(tally_increment(t, &one, &e), TALLY_ESCHEMA, &e);
  ck_assert_msg(strstr(e.message, k_different[_i].says) != NULL ||
                    strstr(e.detail, k_different[_i].says) != NULL,
                "%s: %s (%s)", k_different[_i].why, e.message, e.detail);
  if (k_different[_i].is_alterable) {
    LIVE_OK(tally_sync_table(t, NULL, &e), &e);
    return;
  }
  LIVE_REFUSED(tally_sync_table(t, NULL, &e), TALLY_ESCHEMA, &e);
  live_says(&e, tally_table_name(t));
  ck_assert_str_eq(live_cql("SELECT count(*) FROM %s.%s", live_keyspace, other),
                   "0\n");
}
END_TEST

/* A plain number column read as a counter would be a silent lie. */
START_TEST(read_not_as_defined) {
  page_hits row = {"/home", 7, 8};
  char other[48];
  tally_table *t;

  live_name(other, "different");
  live_cql("CREATE TABLE %s.%s (url text PRIMARY KEY, views bigint, "
           "unique_visitors bigint)",
           live_keyspace, other);
  live_cql("INSERT INTO %s.%s (url, views, unique_visitors) "
           "VALUES ('/home', 1, 2)",
           live_keyspace, other);
  t = open_as(live_keyspace, other);
  LIVE_REFUSED(tally_get(t, &row, &e), TALLY_ESCHEMA, &e);
  live_says(&e, "views");
  ck_assert_int_eq(row.views, 7);
}
END_TEST

/* Other columns than the defined ones do no harm. */
START_TEST(more_columns_than_defined) {
  char other[48];
  tally_table *t;

  live_name(other, "different");
  live_cql("CREATE TABLE %s.%s (url text PRIMARY KEY, a counter, "
           "views counter, unique_visitors counter, z counter)",
           live_keyspace, other);
  t = open_as(live_keyspace, other);
  LIVE_OK(tally_increment(t, &one, &e), &e);
  ck_assert_int_eq(live_page(t, "/home").views, 1);
}
END_TEST

Suite *schema_suite(void) {
  Suite *s = suite_create("schema");
  TCase *tc = tcase_create("missing");

  tcase_set_timeout(tc, 120);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_loop_test(tc, no_keyspace_at_sync, 0, LIVE_FORMS);
  tcase_add_loop_test(tc, no_keyspace_at_increment, 0, LIVE_FORMS);
  tcase_add_loop_test(tc, no_keyspace_at_get, 0, LIVE_FORMS);
  tcase_add_test(tc, keyspace_comes_later);
  tcase_add_test(tc, session_with_missing_keyspace);
  tcase_add_test(tc, no_keyspace_configured);
  tcase_add_loop_test(tc, no_such_table, 0, LIVE_FORMS);
  tcase_add_loop_test(tc, table_dropped_meanwhile, 0, LIVE_FORMS);
  tcase_add_test(tc, column_dropped_meanwhile);
  suite_add_tcase(s, tc);

  tc = tcase_create("different");
  tcase_set_timeout(tc, 120);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_loop_test(tc, not_as_defined, 0,
                      (int)(sizeof k_different / sizeof k_different[0]));
  tcase_add_test(tc, read_not_as_defined);
  tcase_add_test(tc, more_columns_than_defined);
  suite_add_tcase(s, tc);
  return s;
}
