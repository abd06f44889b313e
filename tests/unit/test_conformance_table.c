/* tests/unit/test_conformance_table.c - the unit tests that coodie has of
 * tables: names, definitions, and the statements of one; see
 * test_conformance.c. */
#include <stdlib.h>
#include <string.h>

#include "api/schema.h"
#include "tests/unit/suites.h"

typedef struct PageViews {
  const char *url;
  const char *tenant;
  int64_t at;
  int32_t rank;
  int64_t view_count;
  int64_t unique_visitors;
  const char *title;
} PageViews;

static tally_session session;
static char my_ks[] = "test_ks";
static tally_table *table;
static tally_error e;
static const tally_table_option *options; /* of the next one to be opened */
static size_t option_count;

static void setup(void) {
  memset(&session, 0, sizeof session);
  session.keyspace = my_ks;
  table = NULL;
}

static void tear_down(void) {
  options = NULL;
  option_count = 0;
  if (table != NULL)
    table_free(table);
  keyspaces_fini(&session.keyspaces);
}

#define URL   TALLY_PARTITION_KEY(PageViews, url, TALLY_TEXT)
#define VIEWS TALLY_COUNTER(PageViews, view_count)
#define OPEN(name, ...)                                                        \
  open_columns(name, (const tally_column[]){__VA_ARGS__},                      \
               sizeof((const tally_column[]){__VA_ARGS__}) /                   \
                   sizeof(tally_column))

static int try_columns(const char *name, const tally_column *columns,
                       size_t count) {
  tally_definition d = {.struct_size = sizeof d,
                        .name = name,
                        .row_size = sizeof(PageViews),
                        .columns = columns,
                        .column_count = count,
                        .options = options,
                        .option_count = option_count,
                        .type_name = "PageViews"};

  return tally_table_open(&table, &session, &d, &e);
}

static void open_columns(const char *name, const tally_column *columns,
                         size_t count) {
  ck_assert_msg(try_columns(name, columns, count) == 0, "%s", e.message);
}

static void with(const tally_table_option *all, size_t count) {
  options = all;
  option_count = count;
}

static void statement_is(void (*write)(const tally_table *, struct text *),
                         const char *cql) {
  struct text text;

  text_init(&text, &session.heap);
  write(table, &text);
  ck_assert_str_eq(text.p, cql);
  free(text.p);
}

static void creates(const char *cql) {
  statement_is(statement_create, cql);
}

/* ---- Counters ----------------------------------------------------------- */

START_TEST(test_counter_table_valid_schema) {
  OPEN("page_views", URL, VIEWS);
  ck_assert_uint_eq(table->counter_count, 1);
  ck_assert_str_eq(tally_table_column(table, 1)->name, "view_count");
  ck_assert_int_eq(tally_table_column(table, 1)->type, TALLY_TYPE_COUNTER);
}
END_TEST

START_TEST(test_counter_table_mixed_columns_raises) {
  tally_column mixed[] = {
      URL, VIEWS,
      TALLY_CLUSTERING_KEY(PageViews, title, TALLY_TEXT, TALLY_ASC)};

  mixed[2].kind = TALLY_KIND_COUNTER;
  ck_assert_int_eq(try_columns("page_views", mixed, 3), TALLY_EINVAL);
  ck_assert_str_eq(e.message,
                   "Counter tables can only have counter and primary key "
                   "columns. Non-counter data columns found: title");
}
END_TEST

static void updates(uint64_t mask, const char *cql) {
  ck_assert_str_eq(table_update(table, mask)->statement.text, cql);
}

START_TEST(test_build_counter_update_single) {
  OPEN("page_views", URL, VIEWS);
  updates(1, "UPDATE test_ks.page_views SET \"view_count\" = \"view_count\" + "
             "? WHERE \"url\" = ?");
}
END_TEST

START_TEST(test_build_counter_update_multiple) {
  OPEN("page_views", URL, VIEWS, TALLY_COUNTER(PageViews, unique_visitors));
  updates(3, "UPDATE test_ks.page_views SET \"view_count\" = \"view_count\" + "
             "?, \"unique_visitors\" = \"unique_visitors\" + ? WHERE \"url\" "
             "= ?");
}
END_TEST

/* There is one text for both ways: what is bound is negated
 * (test_counter_decrement). */
START_TEST(test_build_counter_update_decrement) {
  OPEN("page_views", URL, VIEWS);
  ck_assert_ptr_null(
      strstr(table_update(table, 1)->statement.text, "\"view_count\" - ?"));
}
END_TEST

/* ---- CREATE TABLE (test_cql_builder.py, test_schema.py) ----------------- */

START_TEST(test_create_table_simple) {
  OPEN("products", URL, VIEWS);
  creates("CREATE TABLE IF NOT EXISTS test_ks.products (\"url\" text, "
          "\"view_count\" counter, PRIMARY KEY (\"url\"))");
}
END_TEST

START_TEST(test_create_table_composite_pk) {
  OPEN("products", URL, TALLY_PARTITION_KEY(PageViews, tenant, TALLY_TEXT),
       VIEWS);
  creates("CREATE TABLE IF NOT EXISTS test_ks.products (\"url\" text, "
          "\"tenant\" text, \"view_count\" counter, "
          "PRIMARY KEY ((\"url\", \"tenant\")))");
}
END_TEST

START_TEST(test_create_table_with_clustering) {
  OPEN("reviews", URL,
       TALLY_CLUSTERING_KEY(PageViews, at, TALLY_TIMESTAMP, TALLY_DESC), VIEWS);
  creates("CREATE TABLE IF NOT EXISTS test_ks.reviews (\"url\" text, \"at\" "
          "timestamp, \"view_count\" counter, PRIMARY KEY (\"url\", \"at\")) "
          "WITH CLUSTERING ORDER BY (\"at\" DESC)");
}
END_TEST

START_TEST(test_create_table_no_pk_raises) {
  const tally_column columns[] = {VIEWS};

  ck_assert_int_eq(try_columns("products", columns, 1), TALLY_EINVAL);
  ck_assert_str_eq(e.message, "table products has no partition key column");
}
END_TEST

START_TEST(test_create_table_with_static_column) {
  OPEN("sensors", URL,
       TALLY_CLUSTERING_KEY(PageViews, at, TALLY_TIMESTAMP, TALLY_ASC),
       TALLY_STATIC_COUNTER(PageViews, unique_visitors), VIEWS);
  creates("CREATE TABLE IF NOT EXISTS test_ks.sensors (\"url\" text, \"at\" "
          "timestamp, \"unique_visitors\" counter static, \"view_count\" "
          "counter, PRIMARY KEY (\"url\", \"at\"))");
}
END_TEST

/* The reference gives counters a TTL; no server does. */
START_TEST(test_create_table_with_default_ttl) {
  const tally_column columns[] = {URL, VIEWS};

  with(&(tally_table_option){"default_time_to_live", "86400"}, 1);
  ck_assert_int_eq(try_columns("products", columns, 2), TALLY_EINVAL);
  ck_assert_ptr_nonnull(strstr(e.message, "default_time_to_live"));
}
END_TEST

START_TEST(test_create_table_no_options) {
  OPEN("products", URL, VIEWS);
  ck_assert_uint_eq(table->option_count, 0);
  creates("CREATE TABLE IF NOT EXISTS test_ks.products (\"url\" text, "
          "\"view_count\" counter, PRIMARY KEY (\"url\"))");
}
END_TEST

static const tally_table_option both_options[] = {
    {"gc_grace_seconds", "864000"}, {"comment", "it's a test"}};

START_TEST(test_create_table_with_string_option) {
  with(both_options + 1, 1);
  OPEN("products", URL, VIEWS);
  creates("CREATE TABLE IF NOT EXISTS test_ks.products (\"url\" text, "
          "\"view_count\" counter, PRIMARY KEY (\"url\")) WITH comment = "
          "'it''s a test'");
}
END_TEST

START_TEST(test_create_table_with_multiple_options) {
  with(both_options, 2);
  OPEN("products", URL, VIEWS);
  creates("CREATE TABLE IF NOT EXISTS test_ks.products (\"url\" text, "
          "\"view_count\" counter, PRIMARY KEY (\"url\")) WITH "
          "gc_grace_seconds = 864000 AND comment = 'it''s a test'");
}
END_TEST

START_TEST(test_create_table_with_clustering_and_options) {
  with(both_options, 1);
  OPEN("reviews", URL,
       TALLY_CLUSTERING_KEY(PageViews, rank, TALLY_INT, TALLY_DESC), VIEWS);
  creates("CREATE TABLE IF NOT EXISTS test_ks.reviews (\"url\" text, \"rank\" "
          "int, \"view_count\" counter, PRIMARY KEY (\"url\", \"rank\")) WITH "
          "CLUSTERING ORDER BY (\"rank\" DESC) AND gc_grace_seconds = 864000");
}
END_TEST

/* ---- ALTER TABLE -------------------------------------------------------- */

static void alters(uint64_t which, const char *cql) {
  struct text text;

  text_init(&text, &session.heap);
  statement_set_options(table, which, &text);
  ck_assert_str_eq(text.p, cql);
  free(text.p);
}

START_TEST(test_build_alter_table_options_single) {
  with(both_options, 2);
  OPEN("products", URL, VIEWS);
  alters(1, "ALTER TABLE test_ks.products WITH gc_grace_seconds = 864000");
}
END_TEST

START_TEST(test_build_alter_table_options_multiple) {
  with(both_options, 2);
  OPEN("products", URL, VIEWS);
  alters(3, "ALTER TABLE test_ks.products WITH gc_grace_seconds = 864000 AND "
            "comment = 'it''s a test'");
}
END_TEST

START_TEST(test_build_alter_table_options_string_value) {
  with(both_options, 2);
  OPEN("products", URL, VIEWS);
  alters(2, "ALTER TABLE test_ks.products WITH comment = 'it''s a test'");
}
END_TEST

/* ---- Names -------------------------------------------------------------- */

START_TEST(test_snake_case_default_table_name) {
  OPEN(NULL, URL, VIEWS);
  ck_assert_str_eq(tally_table_name(table), "page_views");
}
END_TEST

START_TEST(test_get_table_name) {
  OPEN("page_hits", URL, VIEWS);
  ck_assert_str_eq(tally_table_name(table), "page_hits");
  ck_assert_str_eq(tally_table_keyspace(table), "test_ks");
}
END_TEST

/* A name in quotes is exact, as CQL has it; the reference folds others before
 * it quotes them, and takes names (My-Table, a"b) that no server takes. */
START_TEST(test_quote_ident_and_schema_name) {
  static const struct {
    const char *given, *cql;
  } names[] = {{"users", "test_ks.users"},
               {"Users", "test_ks.users"},
               {"table", "test_ks.\"table\""},
               {"\"Quoted\"", "test_ks.\"Quoted\""}};

  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    OPEN(names[i].given, URL, VIEWS);
    ck_assert_str_eq(table->qualified, names[i].cql);
    table_free(table);
  }
  table = NULL;
}
END_TEST

/* The reference's columns can end their quotes: v" = 1; -- does. */
START_TEST(test_identifier_quoting_in_generated_cql) {
  tally_column columns[] = {URL, VIEWS};

  columns[1].name = "v\" = 1; --";
  open_columns("order", columns, 2);
  updates(1, "UPDATE test_ks.\"order\" SET \"v\"\" = 1; --\" = \"v\"\" = 1; "
             "--\" + ? WHERE \"url\" = ?");
  creates("CREATE TABLE IF NOT EXISTS test_ks.\"order\" (\"url\" text, "
          "\"v\"\" = 1; --\" counter, PRIMARY KEY (\"url\"))");
}
END_TEST

/* ---- DELETE ------------------------------------------------------------- */

START_TEST(test_build_delete) {
  OPEN("page_views", URL, VIEWS);
  ck_assert_str_eq(table_removal(table, REMOVAL_ROW)->statement.text,
                   "DELETE FROM test_ks.page_views WHERE \"url\" = ?");
}
END_TEST

START_TEST(test_delete_columns_generates_delete_cols_cql) {
  OPEN("page_views", URL, VIEWS, TALLY_COUNTER(PageViews, unique_visitors));
  ck_assert_str_eq(table_removal(table, 1)->statement.text,
                   "DELETE \"unique_visitors\" FROM test_ks.page_views WHERE "
                   "\"url\" = ?");
}
END_TEST

Suite *conformance_table_suite(void) {
  const TTest *const tests[] = {
      test_counter_table_valid_schema,
      test_counter_table_mixed_columns_raises,
      test_build_counter_update_single,
      test_build_counter_update_multiple,
      test_build_counter_update_decrement,
      test_create_table_simple,
      test_create_table_composite_pk,
      test_create_table_with_clustering,
      test_create_table_no_pk_raises,
      test_create_table_with_static_column,
      test_create_table_with_default_ttl,
      test_create_table_no_options,
      test_create_table_with_string_option,
      test_create_table_with_multiple_options,
      test_create_table_with_clustering_and_options,
      test_build_alter_table_options_single,
      test_build_alter_table_options_multiple,
      test_build_alter_table_options_string_value,
      test_snake_case_default_table_name,
      test_get_table_name,
      test_quote_ident_and_schema_name,
      test_identifier_quoting_in_generated_cql,
      test_build_delete,
      test_delete_columns_generates_delete_cols_cql,
  };
  Suite *s = suite_create("conformance_table");
  TCase *tc = tcase_create("coodie");

  tcase_add_checked_fixture(tc, setup, tear_down);
  for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
    tcase_add_test(tc, tests[i]);
  suite_add_tcase(s, tc);
  return s;
}
