/* tests/unit/test_definition.c - the rules of a counter table: every wrong
 * definition is refused before any I/O, with the column named. */
#include <stdio.h>
#include <string.h>

#include "api/internal.h"
#include "tests/unit/suites.h"

typedef struct row {
  const char *url;
  const char *day;
  int32_t hour;
  int64_t at;
  int64_t views;
  int64_t unique_visitors;
} row;

/* A session that never saw a server: opening a table needs none. */
static tally_session session;
static char my_ks[] = "my_ks";

static void setup(void) {
  memset(&session, 0, sizeof session);
  session.keyspace = my_ks;
}

static void tear_down(void) {
  keyspaces_fini(&session.keyspaces);
}

/* The good definition that each test below spoils. */
static const tally_column good[] = {
    TALLY_PARTITION_KEY(row, url, TALLY_TEXT),
    TALLY_CLUSTERING_KEY(row, day, TALLY_TEXT, TALLY_DESC),
    TALLY_COUNTER(row, views),
    TALLY_STATIC_COUNTER(row, unique_visitors),
};
enum { GOOD = sizeof good / sizeof good[0] };

struct spoiled {
  tally_column columns[GOOD + 1];
  tally_definition definition;
};

static void begin(struct spoiled *s) {
  memset(s, 0, sizeof *s);
  memcpy(s->columns, good, sizeof good);
  s->definition = (tally_definition){.struct_size = sizeof s->definition,
                                     .name = "page_hits",
                                     .row_size = sizeof(row),
                                     .columns = s->columns,
                                     .column_count = GOOD};
}

static void drop(struct spoiled *s, size_t at) {
  s->definition.column_count--;
  memmove(&s->columns[at], &s->columns[at + 1],
          (GOOD - at) * sizeof s->columns[0]);
}

static void expect(struct spoiled *s, const char *words) {
  tally_table *table;
  tally_error e;
  int rc = tally_table_open(&table, &session, &s->definition, &e);

  ck_assert_int_eq(rc, TALLY_EINVAL);
  ck_assert_ptr_null(table);
  ck_assert_int_eq(e.code, TALLY_EINVAL);
  ck_assert_int_eq(e.outcome, TALLY_NOT_APPLIED);
  ck_assert_msg(strstr(e.message, words) != NULL, "no \"%s\" in: %s", words,
                e.message);
  ck_assert_int_eq(tally_table_open(&table, &session, &s->definition, NULL),
                   TALLY_EINVAL);
}

START_TEST(good_one) {
  struct spoiled s;
  tally_table *table;
  tally_error e;

  begin(&s);
  ck_assert_msg(tally_table_open(&table, &session, &s.definition, &e) == 0,
                "%s", e.message);
  table_free(table);
}
END_TEST

START_TEST(no_partition_key) {
  struct spoiled s;

  begin(&s);
  drop(&s, 0);
  expect(&s, "page_hits has no partition key");
}
END_TEST

START_TEST(no_counter) {
  struct spoiled s;

  begin(&s);
  s.definition.column_count = 2;
  expect(&s, "page_hits has no counter");
}
END_TEST

START_TEST(no_columns) {
  struct spoiled s;

  begin(&s);
  s.definition.column_count = 0;
  expect(&s, "partition key");
  s.definition.columns = NULL;
  expect(&s, "partition key");
  s.definition.column_count = 3;
  expect(&s, "NULL");
}
END_TEST

/* The reference's own sentence, with every such column. */
START_TEST(plain_data_columns) {
  struct spoiled s;

  begin(&s);
  s.columns[2].type = TALLY_TEXT;
  s.columns[2].name = "title";
  s.columns[3].type = TALLY_BIGINT;
  s.columns[3].name = "rank";
  expect(&s, "Counter tables can only have counter and primary key columns. "
             "Non-counter data columns found: title, rank");
}
END_TEST

START_TEST(counter_as_key) {
  struct spoiled s;

  begin(&s);
  s.columns[_i].type = TALLY_TYPE_COUNTER;
  s.columns[_i].size = 8;
  expect(&s, _i == 0 ? "column url: a counter" : "column day: a counter");
}
END_TEST

START_TEST(column_twice) {
  struct spoiled s;

  begin(&s);
  s.columns[3].name = "views";
  expect(&s, "column views stands twice");
  s.columns[3].name = "url";
  expect(&s, "column url stands twice");
}
END_TEST

/* Names are exact: another case is another column. */
START_TEST(names_are_exact) {
  struct spoiled s;
  tally_table *table;

  begin(&s);
  s.columns[3].name = "Views";
  ck_assert_int_eq(tally_table_open(&table, &session, &s.definition, NULL), 0);
  table_free(table);
}
END_TEST

START_TEST(static_without_clustering_key) {
  struct spoiled s;

  begin(&s);
  drop(&s, 1);
  expect(&s, "static counter");
}
END_TEST

START_TEST(unknown_order) {
  struct spoiled s;

  begin(&s);
  s.columns[1].order = 2;
  expect(&s, "column day has an unknown order (2)");
  s.columns[1].order = -1;
  expect(&s, "column day has an unknown order (-1)");
}
END_TEST

START_TEST(unknown_kind_and_type) {
  struct spoiled s;

  begin(&s);
  s.columns[2].kind = 0;
  expect(&s, "column views has no kind (0)");
  s.columns[2].kind = 5;
  expect(&s, "column views has no kind (5)");
  begin(&s);
  s.columns[0].type = 0x22;
  expect(&s, "column url has an unknown type (34)");
}
END_TEST

static const struct {
  const char *why;
  int type;
  size_t size;
  size_t offset;
  const char *words;
} members[] = {
    {"int in 8 bytes", TALLY_INT, 8, 0, "is int and needs a member of 4"},
    {"int in 2 bytes", TALLY_INT, 2, 0, "4 bytes, not 2"},
    {"bigint in 4 bytes", TALLY_BIGINT, 4, 0, "8 bytes, not 4"},
    {"text in an array", TALLY_TEXT, 64, 0, "not 64"},
    {"no size", TALLY_TEXT, 0, 0, "not 0"},
    {"beyond the row", TALLY_BIGINT, 8, sizeof(row), "outside the row"},
    {"across the end", TALLY_BIGINT, 8, sizeof(row) - 7, "outside the row"},
    {"far away", TALLY_BIGINT, 8, SIZE_MAX, "outside the row"},
};
enum { MEMBERS = sizeof members / sizeof members[0] };

START_TEST(member_does_not_fit) {
  struct spoiled s;

  begin(&s);
  s.columns[0].type = members[_i].type;
  s.columns[0].size = members[_i].size;
  s.columns[0].offset = members[_i].offset;
  expect(&s, members[_i].words);
  expect(&s, "column url");
}
END_TEST

START_TEST(not_made_with_the_macros) {
  struct spoiled s;
  tally_table *table;
  tally_error e;

  begin(&s);
  s.columns[1].struct_size = 8;
  expect(&s, "column 1 was not made with the macros");
  begin(&s);
  s.columns[1].name = NULL;
  expect(&s, "column 1 has no name");
  s.columns[1].name = "";
  expect(&s, "column 1 has no name");
  begin(&s);
  s.definition.struct_size = 0;
  expect(&s, "TALLY_DEFINITION");
  begin(&s);
  s.definition.name = NULL;
  expect(&s, "names no table");
  s.definition.name = "";
  expect(&s, "names no table");
  ck_assert_int_eq(tally_table_open(&table, &session, NULL, &e), TALLY_EINVAL);
}
END_TEST

START_TEST(too_many_counters) {
  static char names[65][8];
  static tally_column columns[66];
  tally_definition d = {.struct_size = sizeof d,
                        .name = "t",
                        .row_size = sizeof(row),
                        .columns = columns,
                        .column_count = 66};
  tally_table *table;
  tally_error e;

  columns[0] = good[0];
  for (int i = 0; i < 65; i++) {
    snprintf(names[i], sizeof names[i], "c%d", i);
    columns[i + 1] = good[2];
    columns[i + 1].name = names[i];
  }
  ck_assert_int_eq(tally_table_open(&table, &session, &d, &e), TALLY_EINVAL);
  ck_assert_ptr_nonnull(strstr(e.message, "65 counters; 64"));
  d.column_count = 65;
  ck_assert_int_eq(tally_table_open(&table, &session, &d, &e), 0);
  ck_assert_uint_eq(table->counter_count, 64);
  table_free(table);
}
END_TEST

START_TEST(no_keyspace) {
  struct spoiled s;
  tally_table *table;

  begin(&s);
  session.keyspace = NULL;
  expect(&s, "page_hits: no keyspace configured");
  s.definition.keyspace = "other";
  ck_assert_int_eq(tally_table_open(&table, &session, &s.definition, NULL), 0);
  ck_assert_str_eq(tally_table_keyspace(table), "other");
  table_free(table);
}
END_TEST

/* ---- What the macros make ----------------------------------------------- */

START_TEST(macros) {
  static const tally_column columns[] = {
      TALLY_PARTITION_KEY(row, hour, TALLY_INT),
      TALLY_CLUSTERING_KEY(row, at, TALLY_BIGINT, TALLY_ASC),
      TALLY_COUNTER(row, views),
  };
  static const tally_definition d = TALLY_DEFINITION(row, "t", columns);

  ck_assert_str_eq(columns[0].name, "hour");
  ck_assert_int_eq(columns[0].kind, TALLY_KIND_PARTITION_KEY);
  ck_assert_int_eq(columns[0].type, TALLY_INT);
  ck_assert_uint_eq(columns[0].offset, offsetof(row, hour));
  ck_assert_uint_eq(columns[0].size, 4);
  ck_assert_int_eq(columns[1].kind, TALLY_KIND_CLUSTERING_KEY);
  ck_assert_int_eq(columns[2].type, TALLY_TYPE_COUNTER);
  ck_assert_uint_eq(columns[2].size, 8);
  ck_assert_uint_eq(d.column_count, 3);
  ck_assert_uint_eq(d.row_size, sizeof(row));
  ck_assert_ptr_null(d.keyspace);
}
END_TEST

Suite *definition_suite(void) {
  Suite *s = suite_create("definition");
  TCase *tc = tcase_create("rules");

  tcase_add_checked_fixture(tc, setup, tear_down);
  tcase_add_test(tc, good_one);
  tcase_add_test(tc, no_partition_key);
  tcase_add_test(tc, no_counter);
  tcase_add_test(tc, no_columns);
  tcase_add_test(tc, plain_data_columns);
  tcase_add_loop_test(tc, counter_as_key, 0, 2);
  tcase_add_test(tc, column_twice);
  tcase_add_test(tc, names_are_exact);
  tcase_add_test(tc, static_without_clustering_key);
  tcase_add_test(tc, unknown_order);
  tcase_add_test(tc, unknown_kind_and_type);
  tcase_add_loop_test(tc, member_does_not_fit, 0, MEMBERS);
  tcase_add_test(tc, not_made_with_the_macros);
  tcase_add_test(tc, too_many_counters);
  tcase_add_test(tc, no_keyspace);
  tcase_add_test(tc, macros);
  suite_add_tcase(s, tc);
  return s;
}
