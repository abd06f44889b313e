/* tests/unit/test_conformance_find.c - the unit tests that coodie has of
 * queries: what is asked for and what becomes of it; see test_conformance.c.
 *
 * Not here, as they have no meaning:
 *   ..._returns_new_queryset, ..._preserved_through_chaining, test_clone_...: a
 *     tally_query is put together in place, and is copied by what it opens;
 *   test_like_filter, test_build_select_like_filter and
 *   test_parse_filter_kwargs
 *     of like, ne, contains, contains_key; isnull: no key and no counter takes
 *     these operators, and tally_operator has no names for them;
 *   test_group_by_..., test_cast_..., test_select_token_..., test_json_...,
 *     test_writetime_..., test_column_ttl_..., test_values_list_...,
 *     test_validate_..., test_all_lazy_..., ann: not offered (tally_execute());
 *   test_multiple_filter_chains_accumulate_for_delete: a delete is of one row,
 *     named by its whole key, and takes no query. */
#include <check.h>
#include <string.h>

#include "api/query.h"
#include "tests/unit/suites.h"

typedef struct item {
  const char *id;
  int32_t brand;
  int64_t rating;
  int64_t sold;
} item;

static const tally_column item_columns[] = {
    TALLY_PARTITION_KEY(item, id, TALLY_TEXT),
    TALLY_CLUSTERING_KEY(item, brand, TALLY_INT, TALLY_ASC),
    TALLY_COUNTER(item, rating),
    TALLY_COUNTER(item, sold),
};
static const tally_definition item_definition =
    TALLY_DEFINITION(item, "items", item_columns);

static const item of[] = {{"a", 1, 3, 100}, {"b", 2, 4, 200}, {"c", 3, 5, 300}};

static tally_session session;
static char my_ks[] = "ks";
static tally_table *table;
static tally_query *q;
static tally_error e;

static void setup(void) {
  memset(&session, 0, sizeof session);
  session.keyspace = my_ks;
  session.read_consistency = TALLY_LOCAL_QUORUM;
  ck_assert_int_eq(tally_table_open(&table, &session, &item_definition, &e), 0);
  ck_assert_int_eq(tally_find(&q, table, &e), 0);
}

static void tear_down(void) {
  tally_query_free(q);
  table_free(table);
  keyspaces_fini(&session.keyspaces);
}

static void again(void) {
  tally_query_free(q);
  ck_assert_int_eq(tally_find(&q, table, &e), 0);
}

static void ok(int rc) {
  ck_assert_msg(rc == 0, "%s", e.message);
}

static void where(const char *column, int op) {
  ok(tally_where(q, column, op, &of[0], &e));
}

static void in(const char *column, size_t count) {
  const void *rows[] = {&of[0], &of[1], &of[2]};

  ok(tally_where_in(q, column, rows, count, &e));
}

static const struct select *made(void) {
  const struct select *s;

  ck_assert_msg(query_check(q, &e) == 0, "%s", e.message);
  s = select_of(q);
  ck_assert_ptr_nonnull(s);
  return s;
}

#define ALL "SELECT \"id\", \"brand\", \"rating\", \"sold\" FROM ks.items"

static void becomes(const char *cql) {
  ck_assert_str_eq(made()->statement.text, cql);
}

/* What is bound, in bytes. */
static void binds(const char *bytes, size_t len) {
  struct op *op = op_make(&session.heap);

  ck_assert(select_bind(q, op));
  ck_assert_uint_eq(op->values_len, len);
  ck_assert_mem_eq(op->values, bytes, len);
  op_release(&session.heap, op);
}
#define BINDS(bytes) binds(bytes, sizeof bytes - 1)

/* ---- The statement (test_cql_builder.py) -------------------------------- */

START_TEST(test_build_select_simple) {
  becomes(ALL);
}
END_TEST

START_TEST(test_build_select_with_where) {
  where("id", TALLY_EQ);
  becomes(ALL " WHERE \"id\" = ?");
  BINDS("\0\0\0\1a");
}
END_TEST

START_TEST(test_build_select_with_limit) {
  ok(tally_limit(q, 10, &e));
  becomes(ALL " LIMIT ?");
  BINDS("\0\0\0\4\0\0\0\12");
}
END_TEST

START_TEST(test_build_select_order_by_desc) {
  where("id", TALLY_EQ);
  ok(tally_order_by(q, "brand", TALLY_DESC, &e));
  becomes(ALL " WHERE \"id\" = ? ORDER BY \"brand\" DESC");
}
END_TEST

START_TEST(test_build_select_allow_filtering) {
  where("rating", TALLY_GT);
  tally_allow_filtering(q);
  becomes(ALL " WHERE \"rating\" > ? ALLOW FILTERING");
}
END_TEST

START_TEST(test_build_select_per_partition_limit) {
  ok(tally_per_partition_limit(q, 2, &e));
  ok(tally_limit(q, 10, &e));
  becomes(ALL " PER PARTITION LIMIT ? LIMIT ?");
  BINDS("\0\0\0\4\0\0\0\2\0\0\0\4\0\0\0\12");
}
END_TEST

/* The key always comes, so that rows are whole. */
START_TEST(test_build_select_with_columns) {
  ok(tally_select(q, "sold", &e));
  becomes("SELECT \"id\", \"brand\", \"sold\" FROM ks.items");
}
END_TEST

/* Not what the reference does: a list is one value, so one statement serves
 * all lengths. */
START_TEST(test_build_select_cache_varies_by_in_length) {
  const struct select *two, *three;

  in("id", 2);
  two = made();
  BINDS("\0\0\0\16\0\0\0\2\0\0\0\1a\0\0\0\1b");
  again();
  in("id", 3);
  three = made();
  BINDS("\0\0\0\23\0\0\0\3\0\0\0\1a\0\0\0\1b\0\0\0\1c");
  ck_assert_ptr_eq(two, three);
}
END_TEST

START_TEST(test_build_select_cache_varies_by_shape) {
  const struct select *one;

  where("id", TALLY_EQ);
  one = made();
  where("brand", TALLY_EQ);
  ck_assert_ptr_ne(one, made());
}
END_TEST

START_TEST(test_build_select_cql_caching) {
  const struct select *one;

  where("id", TALLY_EQ);
  one = made();
  again();
  ok(tally_where(q, "id", TALLY_EQ, &of[1], &e));
  ck_assert_ptr_eq(one, made());
}
END_TEST

START_TEST(test_build_where_clause_empty) {
  ck_assert_ptr_null(strstr(made()->statement.text, "WHERE"));
  BINDS("");
}
END_TEST

START_TEST(test_build_where_clause_eq) {
  where("id", TALLY_EQ);
  where("brand", TALLY_EQ);
  becomes(ALL " WHERE \"id\" = ? AND \"brand\" = ?");
  BINDS("\0\0\0\1a\0\0\0\4\0\0\0\1");
}
END_TEST

START_TEST(test_build_where_clause_in) {
  in("id", 2);
  becomes(ALL " WHERE \"id\" IN ?");
}
END_TEST

#define HUNDRED     "\0\0\0\10\0\0\0\0\0\0\0\144"
#define TWO_HUNDRED "\0\0\0\10\0\0\0\0\0\0\0\310"

START_TEST(test_build_where_clause_token) {
  ok(tally_where_token(q, TALLY_GT, 100, &e));
  becomes(ALL " WHERE token(\"id\") > ?");
  BINDS(HUNDRED);
}
END_TEST

START_TEST(test_build_where_clause_token_range) {
  ok(tally_where_token(q, TALLY_GT, 100, &e));
  ok(tally_where_token(q, TALLY_LE, 200, &e));
  becomes(ALL " WHERE token(\"id\") > ? AND token(\"id\") <= ?");
  BINDS(HUNDRED TWO_HUNDRED);
}
END_TEST

START_TEST(test_build_select_with_token_filter) {
  ok(tally_where_token(q, TALLY_GT, 100, &e));
  ok(tally_where_token(q, TALLY_LE, 200, &e));
  tally_allow_filtering(q);
  becomes(ALL
          " WHERE token(\"id\") > ? AND token(\"id\") <= ? ALLOW FILTERING");
}
END_TEST

static const struct {
  const char *column;
  int op;
  const char *cql;
} lookups[] = {
    {"id", TALLY_EQ, " WHERE \"id\" = ?"},
    {"rating", TALLY_GE, " WHERE \"rating\" >= ?"},
    {"sold", TALLY_LT, " WHERE \"sold\" < ?"},
    {"sold", TALLY_GT, " WHERE \"sold\" > ?"},
    {"rating", TALLY_LE, " WHERE \"rating\" <= ?"},
    {"id", OPERATOR_IN, " WHERE \"id\" IN ?"},
};
enum { LOOKUPS = sizeof lookups / sizeof lookups[0] };

START_TEST(test_parse_filter_kwargs) {
  tally_allow_filtering(q);
  if (lookups[_i].op == OPERATOR_IN)
    in(lookups[_i].column, 3);
  else
    where(lookups[_i].column, lookups[_i].op);
  ck_assert_ptr_nonnull(strstr(made()->statement.text, lookups[_i].cql));
}
END_TEST

static const struct {
  int op;
  const char *cql;
} token_lookups[] = {{TALLY_GT, ALL " WHERE token(\"id\") > ?"},
                     {TALLY_GE, ALL " WHERE token(\"id\") >= ?"},
                     {TALLY_LT, ALL " WHERE token(\"id\") < ?"},
                     {TALLY_LE, ALL " WHERE token(\"id\") <= ?"}};

START_TEST(test_parse_filter_kwargs_token) {
  ok(tally_where_token(q, token_lookups[_i].op, 100, &e));
  becomes(token_lookups[_i].cql);
}
END_TEST

START_TEST(test_parse_filter_kwargs_token_range) {
  ok(tally_where_token(q, TALLY_GT, 100, &e));
  ok(tally_where_token(q, TALLY_LE, 200, &e));
  ck_assert_uint_eq(q->term_count, 2);
  made();
}
END_TEST

/* Beside what is no part of the partition key. */
START_TEST(test_parse_filter_kwargs_mixed_token_and_regular) {
  ok(tally_where_token(q, TALLY_GT, 100, &e));
  where("brand", TALLY_EQ);
  tally_allow_filtering(q);
  becomes(ALL " WHERE token(\"id\") > ? AND \"brand\" = ? ALLOW FILTERING");
}
END_TEST

/* ---- The query (test_query.py) ------------------------------------------ */

START_TEST(test_chaining) {
  where("id", TALLY_EQ);
  where("rating", TALLY_GE);
  ok(tally_limit(q, 10, &e));
  ok(tally_order_by(q, "brand", TALLY_DESC, &e));
  tally_allow_filtering(q);
  becomes(ALL " WHERE \"id\" = ? AND \"rating\" >= ? ORDER BY \"brand\" DESC "
              "LIMIT ? ALLOW FILTERING");
  BINDS("\0\0\0\1a\0\0\0\10\0\0\0\0\0\0\0\3\0\0\0\4\0\0\0\12");
}
END_TEST

START_TEST(test_only_generates_column_projection) {
  ok(tally_select(q, "rating", &e));
  becomes("SELECT \"id\", \"brand\", \"rating\" FROM ks.items");
}
END_TEST

/* There is no call for it: the others are selected. */
START_TEST(test_defer_excludes_columns) {
  ok(tally_select(q, "sold", &e));
  ck_assert_ptr_null(strstr(made()->statement.text, "rating"));
}
END_TEST

START_TEST(test_per_partition_limit_in_cql) {
  ok(tally_per_partition_limit(q, 5, &e));
  ok(tally_limit(q, 100, &e));
  ck_assert_ptr_nonnull(
      strstr(made()->statement.text, "PER PARTITION LIMIT ? LIMIT ?"));
}
END_TEST

/* The key's parts of the row need not be named. */
START_TEST(test_distinct_generates_select_distinct_cql) {
  tally_distinct(q);
  becomes("SELECT DISTINCT \"id\" FROM ks.items");
}
END_TEST

START_TEST(test_token_filter_generates_correct_cql) {
  ok(tally_where_token(q, TALLY_GT, -100, &e));
  becomes(ALL " WHERE token(\"id\") > ?");
  BINDS("\0\0\0\10\377\377\377\377\377\377\377\234");
}
END_TEST

/* ---- Functions ---------------------------------------------------------- */

static void asks(const tally_aggregate *list, size_t count, const char *cql) {
  q->functions = list;
  q->function_count = count;
  ok(query_check_functions(q, &e));
  ck_assert_str_eq(select_of(q)->statement.text, cql);
  q->functions = NULL;
  q->function_count = 0;
}

static void asks_one(int function, const char *cql) {
  tally_aggregate one = {function, "rating", 0, 0};

  asks(&one, 1, cql);
}

START_TEST(test_build_count) {
  tally_aggregate rows = {TALLY_COUNT, NULL, 0, 0};

  where("id", TALLY_EQ);
  asks(&rows, 1, "SELECT COUNT(*) FROM ks.items WHERE \"id\" = ?");
}
END_TEST

START_TEST(test_sum_executes_aggregate) {
  asks_one(TALLY_SUM, "SELECT SUM(\"rating\") FROM ks.items");
}
END_TEST

START_TEST(test_avg_executes_aggregate) {
  asks_one(TALLY_AVG, "SELECT AVG(\"rating\") FROM ks.items");
}
END_TEST

START_TEST(test_min_executes_aggregate) {
  asks_one(TALLY_MIN, "SELECT MIN(\"rating\") FROM ks.items");
}
END_TEST

START_TEST(test_max_executes_aggregate) {
  asks_one(TALLY_MAX, "SELECT MAX(\"rating\") FROM ks.items");
}
END_TEST

START_TEST(test_aggregate_with_filter) {
  where("id", TALLY_EQ);
  asks_one(TALLY_SUM, "SELECT SUM(\"rating\") FROM ks.items WHERE \"id\" = ?");
}
END_TEST

/* One SELECT for all of them; the reference sends one for each. */
START_TEST(test_aggregate_method) {
  const tally_aggregate list[] = {{TALLY_SUM, "rating", 0, 0},
                                  {TALLY_AVG, "sold", 0, 0},
                                  {TALLY_COUNT, NULL, 0, 0}};

  asks(list, 3,
       "SELECT SUM(\"rating\"), AVG(\"sold\"), COUNT(*) FROM ks.items");
}
END_TEST

/* ---- Options of a request ----------------------------------------------- */

START_TEST(test_consistency_passed_to_driver) {
  ck_assert_uint_eq(q->consistency, TALLY_LOCAL_QUORUM);
  ok(tally_query_consistency(q, TALLY_ONE, &e));
  ck_assert_uint_eq(q->consistency, TALLY_ONE);
}
END_TEST

START_TEST(test_fetch_size_passed_to_driver) {
  ok(tally_page_size(q, 50, &e));
  ck_assert_int_eq(q->page_rows, 50);
}
END_TEST

Suite *conformance_find_suite(void) {
  const TTest *const tests[] = {
      test_build_select_simple,
      test_build_select_with_where,
      test_build_select_with_limit,
      test_build_select_order_by_desc,
      test_build_select_allow_filtering,
      test_build_select_per_partition_limit,
      test_build_select_with_columns,
      test_build_select_cache_varies_by_in_length,
      test_build_select_cache_varies_by_shape,
      test_build_select_cql_caching,
      test_build_where_clause_empty,
      test_build_where_clause_eq,
      test_build_where_clause_in,
      test_build_where_clause_token,
      test_build_where_clause_token_range,
      test_build_select_with_token_filter,
      test_parse_filter_kwargs_token_range,
      test_parse_filter_kwargs_mixed_token_and_regular,
      test_chaining,
      test_only_generates_column_projection,
      test_defer_excludes_columns,
      test_per_partition_limit_in_cql,
      test_distinct_generates_select_distinct_cql,
      test_token_filter_generates_correct_cql,
      test_build_count,
      test_sum_executes_aggregate,
      test_avg_executes_aggregate,
      test_min_executes_aggregate,
      test_max_executes_aggregate,
      test_aggregate_with_filter,
      test_aggregate_method,
      test_consistency_passed_to_driver,
      test_fetch_size_passed_to_driver,
  };
  Suite *s = suite_create("conformance_find");
  TCase *tc = tcase_create("coodie");

  tcase_add_checked_fixture(tc, setup, tear_down);
  for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
    tcase_add_test(tc, tests[i]);
  tcase_add_loop_test(tc, test_parse_filter_kwargs, 0, LOOKUPS);
  tcase_add_loop_test(tc, test_parse_filter_kwargs_token, 0, 4);
  suite_add_tcase(s, tc);
  return s;
}
