/* tests/unit/test_statement.c - the CQL of a table, word for word, and rows by
 * column name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/schema.h"
#include "tests/unit/suites.h"

typedef struct row {
  const char *url;
  const char *day;
  int32_t hour;
  int64_t at;
  int64_t views;
  int64_t uniq;
  int64_t total;
} row;

static tally_session session;
static char my_ks[] = "ks";

static void setup(void) {
  memset(&session, 0, sizeof session);
  session.keyspace = my_ks;
}

static void tear_down(void) {
  keyspaces_fini(&session.keyspaces);
}

static tally_table *open_columns(const char *name, const char *keyspace,
                                 const tally_column *columns, size_t count) {
  tally_definition d = {.struct_size = sizeof d,
                        .name = name,
                        .keyspace = keyspace,
                        .row_size = sizeof(row),
                        .columns = columns,
                        .column_count = count};
  tally_table *table;
  tally_error e;
  int rc = tally_table_open(&table, &session, &d, &e);

  ck_assert_msg(rc == 0, "%s", e.message);
  return table;
}

#define OPEN(name, columns)                                                    \
  open_columns(name, NULL, columns, sizeof columns / sizeof columns[0])

static void expect_create(tally_table *t, const char *cql) {
  struct text text;

  text_init(&text, &session.heap);
  statement_create(t, &text);
  ck_assert_str_eq(text.p, cql);
  free(text.p);
}

static void expect_update(tally_table *t, uint64_t mask, const char *cql) {
  const struct update *u = table_update(t, mask);

  ck_assert_str_eq(u->statement.text, cql);
  ck_assert_uint_eq(u->statement.text_len, strlen(cql));
  ck_assert_int_eq(u->statement.effect, EFFECT_COUNT);
  ck_assert_ptr_eq(table_update(t, mask), u); /* made once */
}

/* The partition key is bound from there on, in its order. */
static void expect_key(const struct statement *s, uint16_t first,
                       uint16_t count, const char *first_name,
                       const char *last_name) {
  ck_assert_uint_eq(s->key_count, count);
  ck_assert_str_eq(s->binds[first].name, first_name);
  ck_assert_str_eq(s->binds[first + count - 1].name, last_name);
}

/* ---- The page of the documentation -------------------------------------- */

static const tally_column page_hits[] = {
    TALLY_PARTITION_KEY(row, url, TALLY_TEXT),
    TALLY_COUNTER(row, views),
    TALLY_COUNTER(row, uniq),
};

START_TEST(one_key) {
  tally_table *t = OPEN("page_hits", page_hits);

  expect_create(t, "CREATE TABLE IF NOT EXISTS ks.page_hits (\"url\" text, "
                   "\"views\" counter, \"uniq\" counter, "
                   "PRIMARY KEY (\"url\"))");
  expect_update(t, 3,
                "UPDATE ks.page_hits SET \"views\" = \"views\" + ?, "
                "\"uniq\" = \"uniq\" + ? WHERE \"url\" = ?");
  expect_update(t, 1,
                "UPDATE ks.page_hits SET \"views\" = \"views\" + ? "
                "WHERE \"url\" = ?");
  expect_update(t, 2,
                "UPDATE ks.page_hits SET \"uniq\" = \"uniq\" + ? "
                "WHERE \"url\" = ?");
  ck_assert_str_eq(t->select.text, "SELECT \"views\", \"uniq\" FROM "
                                   "ks.page_hits WHERE \"url\" = ? LIMIT 2");
  ck_assert_int_eq(t->select.effect, EFFECT_READ);
  expect_key(&t->select, 0, 1, "url", "url");
  expect_key(&table_update(t, 3)->statement, 2, 1, "url", "url");
  expect_key(&table_update(t, 2)->statement, 1, 1, "url", "url");
  table_free(t);
}
END_TEST

START_TEST(clustering_order) {
  static const tally_column columns[] = {
      TALLY_PARTITION_KEY(row, url, TALLY_TEXT),
      TALLY_CLUSTERING_KEY(row, day, TALLY_TEXT, TALLY_DESC),
      TALLY_COUNTER(row, views),
      TALLY_COUNTER(row, uniq),
  };
  tally_table *t = OPEN("page_hits", columns);

  expect_create(t, "CREATE TABLE IF NOT EXISTS ks.page_hits (\"url\" text, "
                   "\"day\" text, \"views\" counter, \"uniq\" counter, "
                   "PRIMARY KEY (\"url\", \"day\")) "
                   "WITH CLUSTERING ORDER BY (\"day\" DESC)");
  expect_update(t, 3,
                "UPDATE ks.page_hits SET \"views\" = \"views\" + ?, \"uniq\" "
                "= \"uniq\" + ? WHERE \"url\" = ? AND \"day\" = ?");
  table_free(t);
}
END_TEST

/* Keys anywhere in the definition: partition key first, then clustering key,
 * each in its order. */
START_TEST(composite_keys) {
  static const tally_column columns[] = {
      TALLY_COUNTER(row, views),
      TALLY_CLUSTERING_KEY(row, at, TALLY_BIGINT, TALLY_ASC),
      TALLY_PARTITION_KEY(row, hour, TALLY_INT),
      TALLY_CLUSTERING_KEY(row, day, TALLY_TEXT, TALLY_DESC),
      TALLY_PARTITION_KEY(row, url, TALLY_TEXT),
  };
  tally_table *t = OPEN("hits", columns);

  expect_create(t, "CREATE TABLE IF NOT EXISTS ks.hits (\"views\" counter, "
                   "\"at\" bigint, \"hour\" int, \"day\" text, \"url\" text, "
                   "PRIMARY KEY ((\"hour\", \"url\"), \"at\", \"day\")) WITH "
                   "CLUSTERING ORDER BY (\"at\" ASC, \"day\" DESC)");
  expect_key(&t->select, 0, 2, "hour", "url");
  expect_key(&table_update(t, 1)->statement, 1, 2, "hour", "url");
  expect_update(t, 1,
                "UPDATE ks.hits SET \"views\" = \"views\" + ? WHERE \"hour\" "
                "= ? AND \"url\" = ? AND \"at\" = ? AND \"day\" = ?");
  table_free(t);
}
END_TEST

START_TEST(composite_partition_key_alone) {
  static const tally_column columns[] = {
      TALLY_PARTITION_KEY(row, hour, TALLY_INT),
      TALLY_PARTITION_KEY(row, url, TALLY_TEXT),
      TALLY_COUNTER(row, views),
  };
  tally_table *t = OPEN("hits", columns);

  expect_create(t, "CREATE TABLE IF NOT EXISTS ks.hits (\"hour\" int, "
                   "\"url\" text, \"views\" counter, "
                   "PRIMARY KEY ((\"hour\", \"url\")))");
  table_free(t);
}
END_TEST

/* Ascending is the server's own order: nothing is said. */
START_TEST(all_ascending) {
  static const tally_column columns[] = {
      TALLY_PARTITION_KEY(row, url, TALLY_TEXT),
      TALLY_CLUSTERING_KEY(row, day, TALLY_TEXT, TALLY_ASC),
      TALLY_CLUSTERING_KEY(row, at, TALLY_BIGINT, TALLY_ASC),
      TALLY_COUNTER(row, views),
  };
  tally_table *t = OPEN("hits", columns);

  expect_create(t, "CREATE TABLE IF NOT EXISTS ks.hits (\"url\" text, "
                   "\"day\" text, \"at\" bigint, \"views\" counter, "
                   "PRIMARY KEY (\"url\", \"day\", \"at\"))");
  table_free(t);
}
END_TEST

/* ---- Statics ------------------------------------------------------------ */

START_TEST(statics) {
  static const tally_column columns[] = {
      TALLY_PARTITION_KEY(row, url, TALLY_TEXT),
      TALLY_CLUSTERING_KEY(row, day, TALLY_TEXT, TALLY_ASC),
      TALLY_COUNTER(row, views),
      TALLY_STATIC_COUNTER(row, total),
  };
  tally_table *t = OPEN("hits", columns);
  const struct update *u;

  expect_create(t, "CREATE TABLE IF NOT EXISTS ks.hits (\"url\" text, "
                   "\"day\" text, \"views\" counter, \"total\" counter "
                   "static, PRIMARY KEY (\"url\", \"day\"))");
  /* Alone they are the partition's: the clustering key is not bound. */
  expect_update(t, 2,
                "UPDATE ks.hits SET \"total\" = \"total\" + ? "
                "WHERE \"url\" = ?");
  u = table_update(t, 2);
  ck_assert(u->partition_only);
  ck_assert_uint_eq(u->statement.bind_count, 2);
  /* Mixed: one UPDATE with the whole key. */
  expect_update(t, 3,
                "UPDATE ks.hits SET \"views\" = \"views\" + ?, "
                "\"total\" = \"total\" + ? "
                "WHERE \"url\" = ? AND \"day\" = ?");
  ck_assert(!table_update(t, 3)->partition_only);
  table_free(t);
}
END_TEST

/* ---- Names -------------------------------------------------------------- */

static const struct {
  const char *given;
  const char *cql;
  const char *real;
} names[] = {
    {"page_hits", "page_hits", "page_hits"},
    {"PageHits", "pagehits", "pagehits"},
    {"\"PageHits\"", "\"PageHits\"", "PageHits"},
    {"\"page_hits\"", "page_hits", "page_hits"},
    {"t2", "t2", "t2"},
    {"2t", "\"2t\"", "2t"},
    {"_t", "\"_t\"", "_t"},
    {"table", "\"table\"", "table"},
    {"Select", "\"select\"", "select"},
    {"order", "\"order\"", "order"},
    {"counter", "counter", "counter"}, /* a word, not a reserved one */
    {"key", "key", "key"},
    {"unset", "\"unset\"", "unset"},
};
enum { NAMES = sizeof names / sizeof names[0] };

START_TEST(table_names) {
  tally_table *t = open_columns(names[_i].given, names[_i].given, page_hits, 3);
  char expected[200];

  ck_assert_str_eq(tally_table_name(t), names[_i].real);
  ck_assert_str_eq(tally_table_keyspace(t), names[_i].real);
  snprintf(expected, sizeof expected,
           "UPDATE %s.%s SET \"views\" = \"views\" + ? WHERE \"url\" = ?",
           names[_i].cql, names[_i].cql);
  expect_update(t, 1, expected);
  table_free(t);
}
END_TEST

static const char *const bad_names[] = {
    "",         "\"",        "\"\"",    "a\"b",    "\"a", "a\"",
    "\"a\"b\"", "\"\"\"",    "\"a\"\"", "a-b",     "a b", "\"a\"\"b\"",
    "a;drop",   "h\xc3\xa9", "a.b",     "\"a-b\"",
};
enum { BAD_NAMES = sizeof bad_names / sizeof bad_names[0] };

START_TEST(bad_table_names) {
  tally_definition d = {.struct_size = sizeof d,
                        .name = bad_names[_i],
                        .row_size = sizeof(row),
                        .columns = page_hits,
                        .column_count = 3};
  tally_table *table;
  tally_error e;

  ck_assert_int_eq(tally_table_open(&table, &session, &d, &e), TALLY_EINVAL);
  ck_assert_ptr_null(table);
  d.name = "t";
  d.keyspace = bad_names[_i];
  ck_assert_int_eq(tally_table_open(&table, &session, &d, &e), TALLY_EINVAL);
  ck_assert_ptr_nonnull(strstr(e.message, "keyspace"));
}
END_TEST

/* Columns are exact, and always quoted. */
START_TEST(column_names_are_exact) {
  tally_column columns[3];
  tally_table *t;

  memcpy(columns, page_hits, sizeof columns);
  columns[0].name = "Say \"hi\"";
  columns[1].name = "select";
  columns[2].name = "\"\"";
  t = open_columns("t", NULL, columns, 3);
  expect_update(t, 3,
                "UPDATE ks.t SET \"select\" = \"select\" + ?, \"\"\"\"\"\" = "
                "\"\"\"\"\"\" + ? WHERE \"Say \"\"hi\"\"\" = ?");
  table_free(t);
}
END_TEST

/* ---- More sets than statements ------------------------------------------ */

/* Six counters have 63 sets: 31 get a statement of their own, all others share
 * the one with every counter. */
START_TEST(more_than_32_sets) {
  static char column_names[6][4];
  tally_column columns[7];
  const struct update *shared;
  tally_table *t;

  columns[0] = page_hits[0];
  for (int i = 0; i < 6; i++) {
    snprintf(column_names[i], 4, "c%d", i);
    columns[i + 1] = page_hits[1];
    columns[i + 1].name = column_names[i];
  }
  t = open_columns("t", NULL, columns, 7);
  for (uint64_t mask = 1; mask <= 31; mask++)
    ck_assert_uint_eq(table_update(t, mask)->mask, mask);
  shared = table_update(t, 32);
  ck_assert_uint_eq(shared->mask, 63);
  ck_assert_uint_eq(shared->statement.bind_count, 7);
  for (uint64_t mask = 32; mask <= 63; mask++)
    ck_assert_ptr_eq(table_update(t, mask), shared);
  for (uint64_t mask = 1; mask <= 31; mask++)
    ck_assert_uint_eq(table_update(t, mask)->mask, mask);
  ck_assert_uint_eq(session.statement_count, 33); /* and the SELECT */
  table_free(t);
}
END_TEST

/* With a static among them: the shared one for rows binds the whole key, the
 * one for statics alone the partition key. */
START_TEST(more_than_32_sets_with_statics) {
  static char names_of[6][4];
  tally_column columns[8];
  const struct update *shared;
  tally_table *t;

  columns[0] = page_hits[0];
  columns[1] =
      (tally_column)TALLY_CLUSTERING_KEY(row, day, TALLY_TEXT, TALLY_ASC);
  for (int i = 0; i < 6; i++) {
    snprintf(names_of[i], 4, "c%d", i);
    columns[i + 2] = page_hits[1];
    columns[i + 2].name = names_of[i];
    if (i >= 4)
      columns[i + 2].kind = TALLY_KIND_STATIC_COUNTER;
  }
  t = open_columns("t", NULL, columns, 8);
  for (uint64_t mask = 1; mask <= 63; mask++)
    ck_assert_uint_eq(table_update(t, mask)->mask & mask, mask);
  shared = table_update(t, 63);
  ck_assert_uint_eq(shared->mask, 63);
  ck_assert(!shared->partition_only);
  ck_assert_uint_eq(shared->statement.bind_count, 8);
  for (uint64_t mask = 16; mask <= 48; mask += 16) {
    ck_assert(table_update(t, mask)->partition_only);
    ck_assert_uint_eq(table_update(t, mask)->mask & ~UINT64_C(48), 0);
  }
  for (uint64_t mask = 1; mask <= 63; mask++)
    if (mask % 16 != 0)
      ck_assert(!table_update(t, mask)->partition_only);
  ck_assert_uint_le(session.statement_count, 33);
  table_free(t);
}
END_TEST

/* ---- As the server lists it --------------------------------------------- */

START_TEST(display_order) {
  static const char *const expected[] = {"hour",  "url",  "day",
                                         "total", "uniq", "views"};
  static const tally_column columns[] = {
      TALLY_COUNTER(row, views),
      TALLY_PARTITION_KEY(row, hour, TALLY_INT),
      TALLY_STATIC_COUNTER(row, total),
      TALLY_CLUSTERING_KEY(row, day, TALLY_TEXT, TALLY_ASC),
      TALLY_COUNTER(row, uniq),
      TALLY_PARTITION_KEY(row, url, TALLY_TEXT),
  };
  tally_table *t = OPEN("t", columns);

  ck_assert_uint_eq(tally_table_column_count(t), 6);
  for (size_t i = 0; i < 6; i++)
    ck_assert_str_eq(tally_table_column(t, i)->name, expected[i]);
  ck_assert_ptr_null(tally_table_column(t, 6));
  table_free(t);
}
END_TEST

/* ---- Rows by name ------------------------------------------------------- */

static tally_table *row_table(void) {
  static const tally_column columns[] = {
      TALLY_PARTITION_KEY(row, url, TALLY_TEXT),
      TALLY_CLUSTERING_KEY(row, hour, TALLY_INT, TALLY_ASC),
      TALLY_CLUSTERING_KEY(row, at, TALLY_BIGINT, TALLY_ASC),
      TALLY_COUNTER(row, views),
  };

  return OPEN("hits", columns);
}

START_TEST(row_values) {
  tally_table *t = row_table();
  char text[] = "/home";
  const char *url;
  tally_row *r;
  int64_t v;
  row *data;

  ck_assert_int_eq(tally_row_new(&r, t, NULL), 0);
  ck_assert_int_eq(tally_row_get_text(r, "url", &url, NULL), 0);
  ck_assert_ptr_null(url);
  ck_assert_int_eq(tally_row_set_text(r, "url", text, NULL), 0);
  text[1] = 'X'; /* it was copied */
  ck_assert_int_eq(tally_row_set_int64(r, "hour", INT32_MIN, NULL), 0);
  ck_assert_int_eq(tally_row_set_int64(r, "at", INT64_MIN, NULL), 0);
  ck_assert_int_eq(tally_row_set_int64(r, "views", -3, NULL), 0);
  data = tally_row_data(r);
  ck_assert_str_eq(data->url, "/home");
  ck_assert_int_eq(data->hour, INT32_MIN);
  ck_assert_int_eq(data->at, INT64_MIN);
  ck_assert_int_eq(data->views, -3);
  ck_assert_int_eq(tally_row_get_text(r, "url", &url, NULL), 0);
  ck_assert_str_eq(url, "/home");
  ck_assert_int_eq(tally_row_get_int64(r, "hour", &v, NULL), 0);
  ck_assert_int_eq(v, INT32_MIN);
  ck_assert_int_eq(tally_row_get_int64(r, "at", &v, NULL), 0);
  ck_assert_int_eq(v, INT64_MIN);
  ck_assert_int_eq(tally_row_set_text(r, "url", "/next", NULL), 0);
  ck_assert_str_eq(data->url, "/next");
  tally_row_clear(r);
  ck_assert_ptr_null(data->url);
  ck_assert_int_eq(data->views, 0);
  tally_row_free(r);
  tally_row_free(NULL);
  table_free(t);
}
END_TEST

START_TEST(row_errors) {
  tally_table *t = row_table();
  const char *url;
  tally_error e;
  tally_row *r;
  int64_t v;

  ck_assert_int_eq(tally_row_new(&r, t, &e), 0);
  ck_assert_int_eq(tally_row_set_int64(r, "viewz", 1, &e), TALLY_EINVAL);
  ck_assert_str_eq(e.message,
                   "ks.hits has no column viewz; it has url, hour, at, views");
  ck_assert_int_eq(tally_row_get_int64(r, "Views", &v, NULL), TALLY_EINVAL);
  ck_assert_int_eq(tally_row_set_text(r, "hour", "1", &e), TALLY_ETYPE);
  ck_assert_ptr_nonnull(strstr(e.message, "column hour is int"));
  ck_assert_int_eq(tally_row_set_int64(r, "url", 1, &e), TALLY_ETYPE);
  ck_assert_ptr_nonnull(strstr(e.message, "column url is text"));
  ck_assert_int_eq(tally_row_get_text(r, "views", &url, &e), TALLY_ETYPE);
  ck_assert_int_eq(tally_row_set_int64(r, "hour", INT64_C(2147483648), &e),
                   TALLY_ERANGE);
  ck_assert_ptr_nonnull(strstr(e.message, "2147483648"));
  ck_assert_int_eq(tally_row_set_int64(r, "hour", INT64_C(-2147483649), &e),
                   TALLY_ERANGE);
  ck_assert_int_eq(tally_row_set_int64(r, "hour", INT32_MAX, &e), 0);
  tally_row_free(r);
  table_free(t);
}
END_TEST

/* The reference's cases, and those between. */
static const struct {
  const char *type, *name;
} k_names[] = {
    {"PageHits", "page_hits"},
    {"HTTPPageHits2", "http_page_hits2"},
    {"MyDocument", "my_document"},
    {"page_hits", "page_hits"},
    {"struct PageHits", "page_hits"},
    {"Hits", "hits"},
    {"hits2Day", "hits2_day"},
    {"My_Doc", "my_doc"},
    {"AB", "ab"},
};
enum { SNAKES = sizeof k_names / sizeof k_names[0] };

START_TEST(name_in_snake_case) {
  static const tally_column columns[] = {
      TALLY_PARTITION_KEY(row, url, TALLY_TEXT), TALLY_COUNTER(row, views)};
  tally_definition d = TALLY_DEFINITION(row, NULL, columns);
  tally_table *table;

  d.type_name = k_names[_i].type;
  ck_assert_int_eq(tally_table_open(&table, &session, &d, NULL), 0);
  ck_assert_str_eq(tally_table_name(table), k_names[_i].name);
  table_free(table);
}
END_TEST

START_TEST(deletes) {
  static const tally_column columns[] = {
      TALLY_PARTITION_KEY(row, url, TALLY_TEXT),
      TALLY_CLUSTERING_KEY(row, hour, TALLY_INT, TALLY_ASC),
      TALLY_COUNTER(row, views), TALLY_STATIC_COUNTER(row, total)};
  tally_table *t = OPEN("hits", columns);
  const struct removal *whole = table_removal(t, REMOVAL_ROW);

  ck_assert_str_eq(whole->statement.text,
                   "DELETE FROM ks.hits WHERE \"url\" = ? AND \"hour\" = ?");
  ck_assert_int_eq(whole->statement.effect, EFFECT_WRITE);
  ck_assert_str_eq(table_removal(t, 0)->statement.text,
                   "DELETE \"views\" FROM ks.hits WHERE \"url\" = ? AND "
                   "\"hour\" = ?");
  ck_assert_str_eq(table_removal(t, 1)->statement.text,
                   "DELETE \"total\" FROM ks.hits WHERE \"url\" = ?");
  /* Made once. */
  ck_assert_ptr_eq(table_removal(t, REMOVAL_ROW), whole);
  table_free(t);
}
END_TEST

Suite *statement_suite(void) {
  Suite *s = suite_create("statement");
  TCase *tc = tcase_create("cql");

  tcase_add_checked_fixture(tc, setup, tear_down);
  tcase_add_test(tc, one_key);
  tcase_add_test(tc, clustering_order);
  tcase_add_test(tc, composite_keys);
  tcase_add_test(tc, composite_partition_key_alone);
  tcase_add_test(tc, all_ascending);
  tcase_add_test(tc, statics);
  tcase_add_loop_test(tc, table_names, 0, NAMES);
  tcase_add_loop_test(tc, bad_table_names, 0, BAD_NAMES);
  tcase_add_test(tc, column_names_are_exact);
  tcase_add_test(tc, more_than_32_sets);
  tcase_add_test(tc, more_than_32_sets_with_statics);
  tcase_add_test(tc, display_order);
  tcase_add_test(tc, row_values);
  tcase_add_test(tc, row_errors);
  tcase_add_loop_test(tc, name_in_snake_case, 0, SNAKES);
  tcase_add_test(tc, deletes);
  suite_add_tcase(s, tc);
  return s;
}
