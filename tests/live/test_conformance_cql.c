/* tests/live/test_conformance_cql.c - what Cassandra's own tests demand of
 * counters (CountersTest, and those of batches), seen through this library:
 * what no call can say is said by tally_execute(), and is the server's to
 * refuse. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/live/live.h"
#include "tests/live/suites.h"

static tally_session *session;
static tally_error e;
static char name[48], qualified[128];

static void setup(void) {
  session = live_connect(1);
  live_name(name, "counters");
  snprintf(qualified, sizeof qualified, "%s.%s", live_keyspace, name);
}

static void teardown(void) {
  ck_assert_int_eq(tally_close(session), 0);
}

/* A statement about the table of this test: "$" in it. */
static tally_statement *say(const char *cql) {
  char text[1024] = "";
  tally_statement *s;

  for (; *cql != '\0'; cql++) {
    size_t len = strlen(text);

    snprintf(text + len, sizeof text - len, "%.*s", *cql == '$' ? 127 : 1,
             *cql == '$' ? qualified : cql);
  }
  LIVE_OK(tally_statement_new(&s, session, text, &e), &e);
  return s;
}

static void run(const char *cql) {
  tally_statement *s = say(cql);

  LIVE_OK(tally_execute(NULL, s, &e), &e);
  tally_statement_free(s);
}

static void fails(const char *cql, const char *words) {
  tally_statement *s = say(cql);

  LIVE_REFUSED(tally_execute(NULL, s, &e), TALLY_ESERVER, &e);
  live_says(&e, words);
  tally_statement_free(s);
}

static void has(const char *columns, const char *rows) {
  ck_assert_str_eq(live_cql("SELECT %s FROM %s", columns, qualified), rows);
}

/* ---- Tables ------------------------------------------------------------- */

START_TEST(mixed_columns_rejected) {
  fails("CREATE TABLE $ (k int PRIMARY KEY, c counter, v text)",
        "counter and non counter columns in the same table");
}
END_TEST

START_TEST(plain_column_is_not_added) {
  run("CREATE TABLE $ (k int PRIMARY KEY, c counter)");
  fails("ALTER TABLE $ ADD v text", "counter table");
  live_cql("UPDATE %s SET c = c + 1 WHERE k = 1", qualified);
  has("c", "1\n");
}
END_TEST

static const char *const collections[] = {
    "list<counter>", "set<counter>", "map<text, counter>", "map<counter, text>",
    "tuple<counter, int>"};

START_TEST(collections_of_counters_rejected) {
  char cql[160];

  snprintf(cql, sizeof cql, "CREATE TABLE $ (k int PRIMARY KEY, c %s)",
           collections[_i]);
  fails(cql, "ounter");
}
END_TEST

START_TEST(counter_in_primary_key_rejected) {
  fails("CREATE TABLE $ (k counter PRIMARY KEY, c counter)",
        "counter type is not supported for PRIMARY KEY column 'k'");
  fails("CREATE TABLE $ (k int, ck counter, c counter, PRIMARY KEY (k, ck))",
        "counter type is not supported for PRIMARY KEY column 'ck'");
}
END_TEST

/* ---- Values ------------------------------------------------------------- */

static void make_wide(void) {
  run("CREATE TABLE $ (k int, ck int, a counter, b counter, "
      "PRIMARY KEY (k, ck))");
}

START_TEST(unset_delta_is_no_op) {
  tally_statement *s;

  make_wide();
  run("UPDATE $ SET a = a + 3 WHERE k = 1 AND ck = 1");
  s = say("UPDATE $ SET a = a + ?, b = b + ? WHERE k = 1 AND ck = 1");
  LIVE_OK(tally_bind_unset(s, &e), &e);
  LIVE_OK(tally_bind_unset(s, &e), &e);
  LIVE_OK(tally_execute(NULL, s, &e), &e);
  has("a, b", "3\tnull\n");
  tally_statement_clear(s);
  LIVE_OK(tally_bind_unset(s, &e), &e);
  LIVE_OK(tally_bind_int64(s, 2, &e), &e);
  LIVE_OK(tally_execute(NULL, s, &e), &e);
  has("a, b", "3\t2\n");
  tally_statement_free(s);
}
END_TEST

START_TEST(null_delta_rejected) {
  tally_statement *s;

  make_wide();
  s = say("UPDATE $ SET a = a + ? WHERE k = 1 AND ck = 1");
  LIVE_OK(tally_bind_null(s, &e), &e);
  LIVE_REFUSED(tally_execute(NULL, s, &e), TALLY_ESERVER, &e);
  live_says(&e, "Invalid null value for counter increment");
  tally_statement_free(s);
}
END_TEST

static const struct {
  const char *cql, *says;
} writes[] = {
    {"UPDATE $ SET a = 5 WHERE k = 1 AND ck = 1",
     "Cannot set the value of counter column a"},
    {"INSERT INTO $ (k, ck, a) VALUES (1, 1, 5)",
     "INSERT statements are not allowed on counter tables"},
    {"INSERT INTO $ JSON '{\"k\": 1, \"ck\": 1, \"a\": 5}'",
     "INSERT statements are not allowed on counter tables"},
    {"UPDATE $ USING TTL 5 SET a = a + 1 WHERE k = 1 AND ck = 1",
     "Cannot provide custom TTL for counter updates"},
    {"UPDATE $ USING TIMESTAMP 5 SET a = a + 1 WHERE k = 1 AND ck = 1",
     "Cannot provide custom timestamp for counter updates"},
    {"UPDATE $ SET a = a + 1 WHERE k = 1 AND ck = 1 IF EXISTS",
     "Conditional updates are not supported on counter tables"},
    {"DELETE FROM $ USING TIMESTAMP 5 WHERE k = 1 AND ck = 1",
     "Cannot provide custom timestamp for counter updates"},
    {"BEGIN BATCH UPDATE $ SET a = a + 1 WHERE k = 1 AND ck = 1; APPLY BATCH",
     "Cannot include a counter statement in a logged batch"},
    {"CREATE INDEX ON $ (a)", "ndexes on counter"},
};
enum { WRITES = sizeof writes / sizeof writes[0] };

/* What the reference sends all the same: no call here says it. */
START_TEST(other_writes_rejected) {
  make_wide();
  fails(writes[_i].cql, writes[_i].says);
  has("a, b", "");
}
END_TEST

/* ---- Filtering ---------------------------------------------------------- */

typedef struct wide {
  int32_t k;
  int32_t ck;
  int64_t a;
  int64_t b;
} wide;
static const tally_column wide_columns[] = {
    TALLY_PARTITION_KEY(wide, k, TALLY_INT),
    TALLY_CLUSTERING_KEY(wide, ck, TALLY_INT, TALLY_ASC),
    TALLY_COUNTER(wide, a),
    TALLY_COUNTER(wide, b),
};

static tally_table *open_wide(void) {
  tally_definition d = TALLY_DEFINITION(wide, name, wide_columns);
  tally_table *t;

  LIVE_OK(tally_table_open(&t, session, &d, &e), &e);
  LIVE_OK(tally_sync_table(t, NULL, &e), &e);
  return t;
}

/* "a b," of what is left, "-" for null. */
static const char *filtered(tally_table *t, const char *column, int op,
                            int64_t value) {
  static char text[256];
  wide row = {.a = value, .b = value};
  tally_cursor *cursor;
  tally_query *q;
  uint64_t nulls;
  size_t len = 0;

  text[0] = '\0';
  LIVE_OK(tally_find(&q, t, &e), &e);
  LIVE_OK(tally_where(q, column, op, &row, &e), &e);
  tally_allow_filtering(q);
  LIVE_OK(tally_cursor_open(&cursor, q, &e), &e);
  while (tally_next_nulls(cursor, &row, &nulls, &e) > 0) {
    len += (size_t)snprintf(text + len, sizeof text - len,
                            nulls & 1 ? "- " : "%d ", (int)row.a);
    len += (size_t)snprintf(text + len, sizeof text - len,
                            nulls & 2 ? "-," : "%d,", (int)row.b);
  }
  tally_cursor_close(cursor);
  tally_query_free(q);
  return text;
}

/* One partition, so that rows have an order; a null never matches. */
START_TEST(filtering_on_values_and_null_siblings) {
  tally_table *t = open_wide();

  for (int ck = 1; ck <= 3; ck++)
    LIVE_OK(
        tally_increment(
            t, &(wide){.k = 1, .ck = ck, .a = ck, .b = ck == 2 ? 0 : 10}, &e),
        &e);
  LIVE_OK(tally_increment(t, &(wide){.k = 1, .ck = 4, .b = 5}, &e), &e);
  ck_assert_str_eq(filtered(t, "a", TALLY_EQ, 2), "2 -,");
  ck_assert_str_eq(filtered(t, "a", TALLY_GT, 1), "2 -,3 10,");
  ck_assert_str_eq(filtered(t, "a", TALLY_GE, 2), "2 -,3 10,");
  ck_assert_str_eq(filtered(t, "a", TALLY_LT, 3), "1 10,2 -,");
  ck_assert_str_eq(filtered(t, "a", TALLY_LE, 1), "1 10,");
  ck_assert_str_eq(filtered(t, "b", TALLY_GE, 0), "1 10,3 10,- 5,");
  ck_assert_str_eq(filtered(t, "b", TALLY_LT, 10), "- 5,");
  ck_assert_str_eq(filtered(t, "a", TALLY_EQ, 0), "");
}
END_TEST

/* ---- Batches ------------------------------------------------------------ */

/* Of other types than this library's own. */
START_TEST(unlogged_batch) {
  make_wide();
  run("BEGIN UNLOGGED BATCH "
      "UPDATE $ SET a = a + 1 WHERE k = 1 AND ck = 1; "
      "UPDATE $ SET a = a + 1 WHERE k = 1 AND ck = 1; "
      "UPDATE $ SET a = a + 1 WHERE k = 1 AND ck = 1; APPLY BATCH");
  has("k, ck, a, b", "1\t1\t3\tnull\n");
  run("BEGIN UNLOGGED BATCH "
      "UPDATE $ SET a = a + 1 WHERE k = 1 AND ck = 2; "
      "UPDATE $ SET b = b + 2 WHERE k = 1 AND ck = 2; "
      "UPDATE $ SET b = b + 3 WHERE k = 1 AND ck = 3; APPLY BATCH");
  has("k, ck, a, b", "1\t1\t3\tnull\n1\t2\t1\t2\n1\t3\tnull\t3\n");
  run("BEGIN UNLOGGED BATCH "
      "UPDATE $ SET a = a + 1 WHERE k = 1 AND ck = 3; "
      "UPDATE $ SET a = a + 4 WHERE k = 2 AND ck = 1; APPLY BATCH");
  ck_assert_str_eq(live_cql("SELECT a, b FROM %s WHERE k = 2", qualified),
                   "4\tnull\n");
}
END_TEST

/* The same three by this library's. */
START_TEST(counter_batch) {
  static const wide rows[] = {{1, 1, 1, 0}, {1, 1, 1, 0}, {1, 1, 1, 0},
                              {1, 2, 1, 0}, {1, 2, 0, 2}, {1, 3, 0, 3},
                              {1, 3, 1, 0}};
  tally_table *t = open_wide();
  tally_batch *batch;

  LIVE_OK(tally_batch_new(&batch, session, &e), &e);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    LIVE_OK(tally_batch_increment(batch, t, &rows[i], &e), &e);
  LIVE_OK(tally_batch_send(batch, &e), &e);
  tally_batch_free(batch);
  has("k, ck, a, b", "1\t1\t3\tnull\n1\t2\t1\t2\n1\t3\t1\t3\n");
}
END_TEST

START_TEST(mixed_batch_rejected) {
  char plain[64], cql[512];

  make_wide();
  live_name(plain, "plain");
  live_cql("CREATE TABLE %s.%s (k int PRIMARY KEY, v int)", live_keyspace,
           plain);
  snprintf(cql, sizeof cql,
           "BEGIN COUNTER BATCH UPDATE $ SET a = a + 1 WHERE k = 1 AND ck = 1; "
           "UPDATE %s.%s SET v = 1 WHERE k = 1; APPLY BATCH",
           live_keyspace, plain);
  fails(cql, "Cannot include non-counter statement in a counter batch");
  has("a, b", "");
}
END_TEST

Suite *conformance_cql_suite(void) {
  Suite *s = suite_create("conformance_cql");
  TCase *tc = tcase_create("cassandra");

  tcase_set_timeout(tc, 120);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, mixed_columns_rejected);
  tcase_add_test(tc, plain_column_is_not_added);
  tcase_add_loop_test(tc, collections_of_counters_rejected, 0, 5);
  tcase_add_test(tc, counter_in_primary_key_rejected);
  tcase_add_test(tc, unset_delta_is_no_op);
  tcase_add_test(tc, null_delta_rejected);
  tcase_add_loop_test(tc, other_writes_rejected, 0, WRITES);
  tcase_add_test(tc, filtering_on_values_and_null_siblings);
  tcase_add_test(tc, unlogged_batch);
  tcase_add_test(tc, counter_batch);
  tcase_add_test(tc, mixed_batch_rejected);
  suite_add_tcase(s, tc);
  return s;
}
