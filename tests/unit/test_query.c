/* tests/unit/test_query.c - what a query becomes: the statement, its values in
 * order, and what CQL does not allow, refused with the column to blame. */
#include <check.h>
#include <string.h>

#include "api/query.h"
#include "proto/murmur3.h"
#include "tests/unit/suites.h"

typedef struct visits {
  const char *site;
  int32_t day;
  const char *path;
  int64_t hour;
  int64_t views;
  int64_t bytes;
  int64_t total;
} visits;

static const tally_column visits_columns[] = {
    TALLY_PARTITION_KEY(visits, site, TALLY_TEXT),
    TALLY_PARTITION_KEY(visits, day, TALLY_DATE),
    TALLY_CLUSTERING_KEY(visits, path, TALLY_TEXT, TALLY_ASC),
    TALLY_CLUSTERING_KEY(visits, hour, TALLY_TIMESTAMP, TALLY_DESC),
    TALLY_COUNTER(visits, views),
    TALLY_COUNTER(visits, bytes),
    TALLY_STATIC_COUNTER(visits, total),
};
static const tally_definition visits_definition =
    TALLY_DEFINITION(visits, "visits", visits_columns);

static const visits row = {
    .site = "a", .day = 1, .path = "/z", .hour = 2, .views = 3};
static const visits other = {.site = "bc", .day = 2, .path = "/y", .hour = 4};

static tally_session session;
static char my_ks[] = "my_ks";
static tally_table *table;
static tally_query *q;
static tally_error e;

static void setup(void) {
  memset(&session, 0, sizeof session);
  session.keyspace = my_ks;
  session.read_consistency = TALLY_LOCAL_QUORUM;
  ck_assert_int_eq(tally_table_open(&table, &session, &visits_definition, &e),
                   0);
  ck_assert_int_eq(tally_find(&q, table, &e), 0);
}

static void tear_down(void) {
  tally_query_free(q);
  table_free(table);
  keyspaces_fini(&session.keyspaces);
}

static void where(const char *column, int op) {
  ck_assert_msg(tally_where(q, column, op, &row, &e) == 0, "%s", e.message);
}

static void in(const char *column) {
  const void *rows[] = {&row, &other};

  ck_assert_msg(tally_where_in(q, column, rows, 2, &e) == 0, "%s", e.message);
}

static void again(void) {
  tally_query_free(q);
  ck_assert_int_eq(tally_find(&q, table, &e), 0);
}

/* ---- The statement ------------------------------------------------------ */

#define COLUMNS                                                                \
  "\"site\", \"day\", \"path\", \"hour\", \"views\", \"bytes\", \"total\""
#define FROM " FROM my_ks.visits"

static const struct select *made(const char *text) {
  const struct select *s;

  ck_assert_msg(query_check(q, &e) == 0, "%s", e.message);
  s = select_of(q);
  ck_assert_ptr_nonnull(s);
  ck_assert_str_eq(s->statement.text, text);
  return s;
}

START_TEST(all_rows) {
  const struct select *s = made("SELECT " COLUMNS FROM);

  ck_assert_uint_eq(s->keys, 4);
  ck_assert_uint_eq(s->counters, 7);
  ck_assert_uint_eq(s->statement.bind_count, 0);
  ck_assert_uint_eq(s->statement.key_count, 0);
  ck_assert_uint_eq(s->statement.result_count, 7);
  ck_assert_str_eq(s->statement.results[0].name, "site");
  ck_assert_uint_eq(s->statement.results[1].type, TALLY_DATE);
  ck_assert_uint_eq(s->statement.results[6].type, TALLY_TYPE_COUNTER);
}
END_TEST

/* Relations in any order; the partition key is bound first, as the token needs
 * it, and the limits last. */
START_TEST(whole_query) {
  const struct select *s;

  where("path", TALLY_GE);
  where("day", TALLY_EQ);
  where("site", TALLY_EQ);
  ck_assert_int_eq(tally_order_by(q, "path", TALLY_DESC, &e), 0);
  ck_assert_int_eq(tally_limit(q, 7, &e), 0);
  ck_assert_int_eq(tally_per_partition_limit(q, 2, &e), 0);
  ck_assert_int_eq(tally_select(q, "bytes", &e), 0);
  s = made("SELECT \"site\", \"day\", \"path\", \"hour\", \"bytes\"" FROM
           " WHERE \"site\" = ? AND \"day\" = ? AND \"path\" >= ? ORDER BY "
           "\"path\" DESC PER PARTITION LIMIT ? LIMIT ?");
  ck_assert_uint_eq(s->statement.bind_count, 5);
  ck_assert_uint_eq(s->statement.key_count, 2);
  ck_assert_str_eq(s->statement.binds[0].name, "site");
  ck_assert_str_eq(s->statement.binds[2].name, "path");
  ck_assert_uint_eq(s->statement.binds[4].type, TALLY_INT);
}
END_TEST

START_TEST(values) {
  /* "a"; 1970-01-02; a list of two texts; the limit. */
  static const uint8_t bytes[] = {
      0, 0, 0, 1, 'a', 0,   0, 0, 4, 0x80, 0,   0,   1, 0, 0, 0, 16, 0, 0, 0, 2,
      0, 0, 0, 2, '/', 'z', 0, 0, 0, 2,    '/', 'y', 0, 0, 0, 4, 0,  0, 0, 7};
  struct op *op = op_make(&session.heap);

  in("path");
  where("day", TALLY_EQ);
  where("site", TALLY_EQ);
  ck_assert_int_eq(tally_limit(q, 7, &e), 0);
  made("SELECT " COLUMNS FROM
       " WHERE \"site\" = ? AND \"day\" = ? AND \"path\" IN ? LIMIT ?");
  ck_assert(select_bind(q, op));
  ck_assert_uint_eq(op->value_count, 4);
  ck_assert_uint_eq(op->key_at, 0);
  ck_assert_uint_eq(op->values_len, sizeof bytes);
  ck_assert_mem_eq(op->values, bytes, sizeof bytes);
  op_release(&session.heap, op);
}
END_TEST

START_TEST(other_shapes) {
  const struct select *s;

  in("site");
  where("day", TALLY_EQ);
  made("SELECT " COLUMNS FROM " WHERE \"site\" IN ? AND \"day\" = ?");
  again();
  ck_assert_int_eq(tally_where_token(q, TALLY_GT, INT64_MIN, &e), 0);
  ck_assert_int_eq(tally_where_token(q, TALLY_LE, 0, &e), 0);
  s = made("SELECT " COLUMNS FROM " WHERE token(\"site\", \"day\") > ? AND "
           "token(\"site\", \"day\") <= ?");
  ck_assert_uint_eq(s->statement.key_count, KEY_IS_TOKEN);
  again();
  tally_distinct(q);
  made("SELECT DISTINCT \"site\", \"day\", \"total\"" FROM);
  again();
  where("site", TALLY_EQ);
  where("day", TALLY_EQ);
  where("path", TALLY_EQ);
  ck_assert_int_eq(tally_order_by(q, "hour", TALLY_ASC, &e), 0);
  made("SELECT " COLUMNS FROM " WHERE \"site\" = ? AND \"day\" = ? AND "
       "\"path\" = ? ORDER BY \"hour\" ASC");
  again();
  where("views", TALLY_GT);
  tally_allow_filtering(q);
  made("SELECT " COLUMNS FROM " WHERE \"views\" > ? ALLOW FILTERING");
  again();
  in("path");
  in("views");
  tally_allow_filtering(q);
  made("SELECT " COLUMNS FROM
       " WHERE \"path\" IN ? AND \"views\" IN ? ALLOW FILTERING");
  again();
  where("site", TALLY_EQ);
  where("day", TALLY_EQ);
  where("path", TALLY_EQ);
  where("hour", TALLY_GT);
  where("hour", TALLY_LE);
  ck_assert_int_eq(tally_order_by(q, "path", TALLY_DESC, &e), 0);
  ck_assert_int_eq(tally_order_by(q, "hour", TALLY_ASC, &e), 0);
  made("SELECT " COLUMNS FROM
       " WHERE \"site\" = ? AND \"day\" = ? AND \"path\" = ? AND \"hour\" > ? "
       "AND \"hour\" <= ? ORDER BY \"path\" DESC, \"hour\" ASC");
}
END_TEST

/* One statement for a kind of query, whatever its values are. */
START_TEST(kinds_are_kept) {
  const struct select *first, *second;

  where("site", TALLY_EQ);
  where("day", TALLY_EQ);
  ck_assert_int_eq(tally_limit(q, 1, &e), 0);
  first = select_of(q);
  again();
  ck_assert_int_eq(tally_where(q, "day", TALLY_EQ, &other, &e), 0);
  ck_assert_int_eq(tally_where(q, "site", TALLY_EQ, &other, &e), 0);
  ck_assert_int_eq(tally_limit(q, 1000, &e), 0);
  second = select_of(q);
  ck_assert_ptr_eq(first, second);
  ck_assert(first->kept);
}
END_TEST

/* The server's: of 1 byte "a", 4 of 1970-01-02 and what is between them. */
START_TEST(tokens) {
  int64_t token = 0;

  ck_assert_int_eq(tally_token(table, &row, &token, &e), 0);
  ck_assert_int_eq(token, cql_murmur3_token("\0\1a\0\0\4\x80\0\0\1\0", 11));
  ck_assert_int_eq(tally_token(table, &(visits){.site = NULL}, &token, &e),
                   TALLY_EINVAL);
}
END_TEST

/* ---- Refused ------------------------------------------------------------ */

static void refused(const char *words) {
  ck_assert_int_eq(query_check(q, &e), TALLY_EINVAL);
  ck_assert_int_eq(e.outcome, TALLY_NOT_APPLIED);
  ck_assert_msg(strstr(e.message, words) != NULL, "no \"%s\" in: %s", words,
                e.message);
  again();
}

START_TEST(keys_that_lack) {
  where("site", TALLY_EQ);
  refused("a relation on site needs column day by = or IN as well");
  where("site", TALLY_EQ);
  where("day", TALLY_GT);
  refused("a relation on site needs column day");
  where("site", TALLY_GT);
  refused("column site is part of the partition key, and takes = or IN alone");
  where("path", TALLY_EQ);
  refused("a relation on path needs column site");
  where("site", TALLY_EQ);
  where("day", TALLY_EQ);
  where("hour", TALLY_EQ);
  refused("a relation on hour needs column path");
  where("site", TALLY_EQ);
  where("day", TALLY_EQ);
  where("path", TALLY_GT);
  where("hour", TALLY_EQ);
  refused("a relation on hour needs column path");
  where("views", TALLY_GT);
  refused("column views is a counter, which no index finds");
}
END_TEST

START_TEST(relations_that_clash) {
  where("site", TALLY_EQ);
  where("site", TALLY_EQ);
  where("day", TALLY_EQ);
  refused("column site has two relations");
  where("site", TALLY_EQ);
  where("day", TALLY_EQ);
  where("path", TALLY_GT);
  where("path", TALLY_GE);
  refused("column path has two relations");
  ck_assert_int_eq(tally_where_token(q, TALLY_LT, 1, &e), 0);
  ck_assert_int_eq(tally_where_token(q, TALLY_LT, 2, &e), 0);
  refused("the token has two relations");
  ck_assert_int_eq(tally_where_token(q, TALLY_LT, 1, &e), 0);
  where("site", TALLY_EQ);
  where("day", TALLY_EQ);
  refused("the token and parts of the partition key are two ways");
  in("views");
  refused("column views is a counter, which no index finds");
  in("path");
  refused("a relation on path needs column site");
}
END_TEST

START_TEST(orders) {
  ck_assert_int_eq(tally_order_by(q, "path", TALLY_ASC, &e), 0);
  refused("column site is part of the partition key: rows have an order in one "
          "partition alone");
  in("site");
  where("day", TALLY_EQ);
  ck_assert_int_eq(tally_order_by(q, "path", TALLY_ASC, &e), 0);
  refused("column site is part of the partition key");
  where("site", TALLY_EQ);
  where("day", TALLY_EQ);
  ck_assert_int_eq(tally_order_by(q, "hour", TALLY_ASC, &e), 0);
  refused("column hour is out of place");
  where("site", TALLY_EQ);
  where("day", TALLY_EQ);
  ck_assert_int_eq(tally_order_by(q, "path", TALLY_ASC, &e), 0);
  ck_assert_int_eq(tally_order_by(q, "hour", TALLY_ASC, &e), 0);
  refused("column hour goes one way");
  where("site", TALLY_EQ);
  where("day", TALLY_EQ);
  ck_assert_int_eq(tally_order_by(q, "views", TALLY_ASC, &e), 0);
  refused("column views is out of place");
  where("site", TALLY_EQ);
  where("day", TALLY_EQ);
  where("path", TALLY_EQ);
  tally_distinct(q);
  refused("column path is part of the clustering key, and partitions");
  where("views", TALLY_GT);
  tally_allow_filtering(q);
  tally_distinct(q);
  refused("column views is a counter of rows, and partitions");
  tally_distinct(q);
  ck_assert_int_eq(tally_per_partition_limit(q, 1, &e), 0);
  refused("a limit of rows in each");
}
END_TEST

static void refused_at_once(int rc, const char *words) {
  ck_assert_int_eq(rc, TALLY_EINVAL);
  ck_assert_msg(strstr(e.message, words) != NULL, "no \"%s\" in: %s", words,
                e.message);
}

static int any_row(void *user, const void *any, uint64_t nulls) {
  (void)user, (void)any, (void)nulls;
  return 0;
}

static void no_scan(const char *words) {
  refused_at_once(tally_scan_async(q, 8, any_row, NULL, NULL, &e), words);
  again();
}

static void any_page(void *user, const tally_result *result, const void *state,
                     size_t len) {
  (void)user, (void)result, (void)state, (void)len;
}

START_TEST(pages) {
  refused_at_once(tally_page_async(q, NULL, 0, any_row, NULL, NULL, &e),
                  "no callback for the page's end");
  refused_at_once(tally_page_async(q, NULL, 0, NULL, any_page, NULL, &e),
                  "no callback for the rows");
}
END_TEST

START_TEST(scans) {
  refused_at_once(tally_scan_async(q, 0, NULL, NULL, NULL, &e),
                  "no callback for the rows");
  refused_at_once(tally_scan_async(q, 257, any_row, NULL, NULL, &e),
                  "257 ranges at a time: 256 are the most");
  ck_assert_int_eq(tally_limit(q, 3, &e), 0);
  no_scan("a scan has no limit in all");
  ck_assert_int_eq(tally_where_token(q, TALLY_LT, 1, &e), 0);
  no_scan("a scan reads all tokens");
  where("day", TALLY_EQ);
  no_scan("column day is part of the partition key, and a scan reads all");
  ck_assert_int_eq(tally_order_by(q, "path", TALLY_ASC, &e), 0);
  no_scan("rows have an order in one partition alone");
  where("views", TALLY_GT);
  no_scan("column views is a counter, which no index finds");
}
END_TEST

START_TEST(bad_calls) {
  const visits none = {.site = NULL, .path = "\xff"};
  const void *rows[] = {&row, &none};

  refused_at_once(tally_where(q, "nix", TALLY_EQ, &row, &e),
                  "has no column nix; it has site, day, path");
  refused_at_once(tally_where(q, "site", 0, &row, &e), "0 is no operator");
  refused_at_once(tally_where(q, "site", OPERATOR_IN, &row, &e),
                  "is no operator");
  refused_at_once(tally_where(q, "site", TALLY_EQ, &none, &e), "site is NULL");
  refused_at_once(tally_where(q, "path", TALLY_EQ, &none, &e),
                  "path is not UTF-8");
  refused_at_once(tally_where_in(q, "site", rows, 2, &e), "site is NULL");
  refused_at_once(tally_where_in(q, "site", rows, 0, &e),
                  "IN takes from 1 to 65535 values, not 0");
  refused_at_once(tally_where_in(q, "site", rows, 65536, &e), "not 65536");
  refused_at_once(tally_where_token(q, 9, 0, &e), "9 is no operator");
  refused_at_once(tally_select(q, "site", &e),
                  "column site is part of the key");
  refused_at_once(tally_select(q, "nix", &e), "has no column nix");
  refused_at_once(tally_order_by(q, "path", 2, &e), "2 is no order");
  refused_at_once(tally_limit(q, 0, &e), "a limit of 0: 1 is the least");
  refused_at_once(tally_page_size(q, -1, &e), "a page of -1");
  refused_at_once(tally_per_partition_limit(q, 0, &e), "for each partition");
  refused_at_once(tally_query_consistency(q, 99, &e), "no consistency 99");
  made("SELECT " COLUMNS FROM); /* nothing of all that was taken */
}
END_TEST

Suite *query_suite(void) {
  Suite *s = suite_create("query");
  TCase *tc = tcase_create("query");

  tcase_add_checked_fixture(tc, setup, tear_down);
  tcase_add_test(tc, all_rows);
  tcase_add_test(tc, whole_query);
  tcase_add_test(tc, values);
  tcase_add_test(tc, other_shapes);
  tcase_add_test(tc, kinds_are_kept);
  tcase_add_test(tc, tokens);
  tcase_add_test(tc, keys_that_lack);
  tcase_add_test(tc, relations_that_clash);
  tcase_add_test(tc, orders);
  tcase_add_test(tc, pages);
  tcase_add_test(tc, scans);
  tcase_add_test(tc, bad_calls);
  suite_add_tcase(s, tc);
  return s;
}
