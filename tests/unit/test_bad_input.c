/* tests/unit/test_bad_input.c - what other clients send all the same, and a
 * server answers with an error or with worse: refused here, naming column and
 * reason, before anything is sent.
 *
 * What no call can say is not here: values that are set, TTLs, timestamps and
 * conditions of counters; inserts; the tests of definitions, queries, key types
 * and rows (test_definition.c, test_query.c, test_key_types.c, test_bind.c)
 * have what they refuse. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/rig.h"
#include "tests/unit/suites.h"

typedef struct visits {
  const char *site;
  const char *path;
  int64_t views;
  int64_t total;
} visits;

static const tally_column visits_columns[] = {
    TALLY_PARTITION_KEY(visits, site, TALLY_TEXT),
    TALLY_CLUSTERING_KEY(visits, path, TALLY_TEXT, TALLY_ASC),
    TALLY_COUNTER(visits, views),
    TALLY_STATIC_COUNTER(visits, total),
};
static const tally_definition visits_definition =
    TALLY_DEFINITION(visits, "visits", visits_columns);

static const visits good = {"a", "/", 1, 0};

static struct rig r;
static tally_table *t;
static tally_row *row;
static tally_query *q;
static tally_error e;

static void setup(void) {
  rig_init(&r, RIG_INLINE);
  rig_connect(&r);
  ck_assert_int_eq(tally_table_open(&t, r.session, &visits_definition, &e), 0);
  ck_assert_int_eq(tally_row_new(&row, t, &e), 0);
  ck_assert_int_eq(tally_find(&q, t, &e), 0);
}

static void tear_down(void) {
  for (enum script_place at = AT_QUERY; at <= AT_BATCH; at++)
    ck_assert_uint_eq(script_count(r.server, at), 0);
  tally_query_free(q);
  tally_row_free(row);
  rig_fini(&r);
}

static void refused(int rc, int code, const char *sentence) {
  ck_assert_msg(rc == code, "%s, not %s (%s)", tally_error_name(rc),
                tally_error_name(code), sentence);
  ck_assert_int_eq(e.code, code);
  ck_assert_int_eq(e.outcome, TALLY_NOT_APPLIED);
  ck_assert_str_eq(e.message, sentence);
  memset(&e, 0, sizeof e);
}

/* ---- Deltas ------------------------------------------------------------- */

/* Python's drivers take true for 1, and find out about a float when they
 * bind. */
START_TEST(deltas_of_other_types) {
  const tally_uuid uuid = {{0}};

  refused(tally_row_set_text(row, "views", "5", &e), TALLY_ETYPE,
          "my_ks.visits: column views is counter, not text");
  refused(tally_row_set_double(row, "views", 1.5, &e), TALLY_ETYPE,
          "my_ks.visits: column views is counter, not a floating-point number");
  refused(tally_row_set_boolean(row, "views", 1, &e), TALLY_ETYPE,
          "my_ks.visits: column views is counter, not a boolean");
  refused(tally_row_set_bytes(row, "views", (tally_bytes){"5", 1}, &e),
          TALLY_ETYPE, "my_ks.visits: column views is counter, not bytes");
  refused(tally_row_set_uuid(row, "total", &uuid, &e), TALLY_ETYPE,
          "my_ks.visits: column total is counter, not a UUID");
}
END_TEST

static const struct {
  const char *text, *says;
} deltas[] = {
    {"", "is not a whole number"},
    {"five", "is not a whole number"},
    {"true", "is not a whole number"},
    {"1.5", "is not a whole number"},
    {"1e3", "is not a whole number"},
    {"+", "is not a whole number"},
    {"0x10", "is not a whole number"},
    {" 1", "is not a whole number"},
    {"9223372036854775808",
     "is out of range: a delta goes from -9223372036854775808 to "
     "9223372036854775807"},
    {"-9223372036854775809",
     "is out of range: a delta goes from -9223372036854775808 to "
     "9223372036854775807"},
};
enum { DELTAS = sizeof deltas / sizeof deltas[0] };

START_TEST(deltas_in_text) {
  char sentence[200];

  snprintf(sentence, sizeof sentence, "my_ks.visits: column views: \"%s\" %s",
           deltas[_i].text, deltas[_i].says);
  refused(tally_row_parse(row, "views", deltas[_i].text, &e), TALLY_EINVAL,
          sentence);
}
END_TEST

/* None is no delta, and no delta is nothing to send. */
START_TEST(no_delta) {
  ck_assert_int_eq(tally_row_set_text(row, "site", "a", &e), 0);
  ck_assert_int_eq(tally_row_set_text(row, "path", "/", &e), 0);
  ck_assert_int_eq(tally_row_parse(row, "views", NULL, &e), 0);
  refused(tally_increment(t, tally_row_data(row), &e), TALLY_EINVAL,
          "my_ks.visits: nothing to add: every counter of the row is 0");
  refused(tally_decrement(t, tally_row_data(row), &e), TALLY_EINVAL,
          "my_ks.visits: nothing to add: every counter of the row is 0");
  refused(tally_decrement(t, &(visits){"a", "/", INT64_MIN, 0}, &e),
          TALLY_ERANGE,
          "my_ks.visits: column views: -9223372036854775808 cannot be "
          "subtracted, it has no negative");
}
END_TEST

/* What the reference takes for a counter's name. */
static const char *const keywords[] = {
    "batch", "ttl", "timestamp", "timeout", "viewz", "Views", "", "site\"; "};
enum { KEYWORDS = sizeof keywords / sizeof keywords[0] };

START_TEST(unknown_columns) {
  const char *name = keywords[_i];
  tally_aggregate sum = {TALLY_SUM, name, 0, 0};
  char sentence[200];

  snprintf(sentence, sizeof sentence,
           "my_ks.visits has no column %s; it has site, path, total, views",
           name);
  refused(tally_row_set_int64(row, name, 1, &e), TALLY_EINVAL, sentence);
  refused(tally_row_parse(row, name, "1", &e), TALLY_EINVAL, sentence);
  refused(tally_delete_counter(t, &good, name, &e), TALLY_EINVAL, sentence);
  refused(tally_where(q, name, TALLY_EQ, &good, &e), TALLY_EINVAL, sentence);
  refused(tally_select(q, name, &e), TALLY_EINVAL, sentence);
  refused(tally_order_by(q, name, TALLY_ASC, &e), TALLY_EINVAL, sentence);
  refused(tally_aggregates(q, &sum, 1, &e), TALLY_EINVAL, sentence);
}
END_TEST

START_TEST(no_column_at_all) {
  static const char sentence[] =
      "my_ks.visits has no column (NULL); it has site, path, total, views";
  const void *rows[] = {&good};
  int64_t sum;

  refused(tally_row_set_int64(row, NULL, 1, &e), TALLY_EINVAL, sentence);
  refused(tally_delete_counter(t, &good, NULL, &e), TALLY_EINVAL, sentence);
  refused(tally_where(q, NULL, TALLY_EQ, &good, &e), TALLY_EINVAL, sentence);
  refused(tally_where_in(q, NULL, rows, 1, &e), TALLY_EINVAL, sentence);
  refused(tally_select(q, NULL, &e), TALLY_EINVAL, sentence);
  refused(tally_order_by(q, NULL, TALLY_ASC, &e), TALLY_EINVAL, sentence);
  refused(tally_sum(q, NULL, &sum, &e), TALLY_EINVAL,
          "my_ks.visits: only TALLY_COUNT goes without a counter");
}
END_TEST

/* ---- Keys --------------------------------------------------------------- */

static const struct {
  visits row;
  const char *says;
} keys[] = {
    {{NULL, "/", 1, 0}, "my_ks.visits: key column site is NULL"},
    {{"", "/", 1, 0},
     "my_ks.visits: key column site is empty, and an empty partition key is "
     "not allowed"},
    {{"\xc3(", "/", 1, 0}, "my_ks.visits: key column site is not UTF-8"},
    {{"a", NULL, 1, 0}, "my_ks.visits: key column path is NULL"},
    {{"a", "\xed\xa0\x80", 1, 0}, "my_ks.visits: key column path is not UTF-8"},
};
enum { KEYS = sizeof keys / sizeof keys[0] };

/* The reference deletes what a key that is not whole names, or without one
 * says DELETE FROM and nothing behind it. */
START_TEST(keys_that_are_not_whole) {
  const tally_call call = {sizeof call, TALLY_ONE, 0};
  visits bad = keys[_i].row;
  const char *says = keys[_i].says;
  tally_batch *batch;

  refused(tally_increment(t, &bad, &e), TALLY_EINVAL, says);
  refused(tally_decrement(t, &bad, &e), TALLY_EINVAL, says);
  refused(tally_increment_with(t, &bad, &call, &e), TALLY_EINVAL, says);
  refused(tally_increment_async(t, &bad, NULL, NULL, &e), TALLY_EINVAL, says);
  refused(tally_get(t, &bad, &e), TALLY_EINVAL, says);
  refused(tally_get_async(t, &bad, NULL, NULL, &e), TALLY_EINVAL, says);
  refused(tally_delete(t, &bad, &e), TALLY_EINVAL, says);
  refused(tally_delete_async(t, &bad, NULL, NULL, &e), TALLY_EINVAL, says);
  refused(tally_delete_counter(t, &bad, "views", &e), TALLY_EINVAL, says);
  ck_assert_int_eq(tally_batch_new(&batch, r.session, &e), 0);
  refused(tally_batch_increment(batch, t, &bad, &e), TALLY_EINVAL, says);
  ck_assert_uint_eq(tally_batch_count(batch), 0);
  tally_batch_free(batch);
}
END_TEST

/* A static counter is the partition's: only that part of the key counts. */
START_TEST(keys_of_static_counters) {
  const visits none = {NULL, NULL, 0, 1}, mixed = {"a", NULL, 1, 1};

  refused(tally_increment(t, &none, &e), TALLY_EINVAL,
          "my_ks.visits: key column site is NULL");
  refused(tally_delete_counter(t, &none, "total", &e), TALLY_EINVAL,
          "my_ks.visits: key column site is NULL");
  refused(tally_increment(t, &mixed, &e), TALLY_EINVAL,
          "my_ks.visits: key column path is NULL");
  refused(tally_delete_counter(t, &good, "site", &e), TALLY_EINVAL,
          "my_ks.visits: column site is part of the key, and no counter");
}
END_TEST

/* ---- Names -------------------------------------------------------------- */

/* A server would make other names of these. */
START_TEST(names_that_are_not_utf8) {
  tally_column columns[4];
  tally_definition d = visits_definition;
  tally_table *none;

  memcpy(columns, visits_columns, sizeof columns);
  columns[2].name = "v\xff";
  d.columns = columns;
  refused(tally_table_open(&none, r.session, &d, &e), TALLY_EINVAL,
          "table visits: the name of column 2 is not UTF-8");
  columns[2].name = "views";
  d.name = "t\xc3";
  refused(tally_table_open(&none, r.session, &d, &e), TALLY_EINVAL,
          "the table's name is not UTF-8");
  d.name = "visits";
  d.keyspace = "\"\xed\xa0\x80\"";
  refused(tally_table_open(&none, r.session, &d, &e), TALLY_EINVAL,
          "the keyspace's name is not UTF-8");
  refused(tally_create_keyspace(r.session, "\x80", NULL, &e), TALLY_EINVAL,
          "the keyspace's name is not UTF-8");
  refused(tally_drop_keyspace(r.session, "\x80", &e), TALLY_EINVAL,
          "the keyspace's name is not UTF-8");
}
END_TEST

START_TEST(counters_that_do_not_fit) {
  tally_column columns[4];
  tally_definition d = visits_definition;
  tally_table *none;

  memcpy(columns, visits_columns, sizeof columns);
  d.columns = columns;
  columns[2].size = 4;
  refused(tally_table_open(&none, r.session, &d, &e), TALLY_EINVAL,
          "table visits: column views is counter and needs a member of 8 "
          "bytes, not 4");
  columns[2] = columns[0];
  columns[2].kind = TALLY_KIND_CLUSTERING_KEY;
  refused(tally_table_open(&none, r.session, &d, &e), TALLY_EINVAL,
          "table visits: column site stands twice");
}
END_TEST

/* ---- Queries ------------------------------------------------------------ */

enum { MANY = 10000 };

/* One of 10,000 is wrong: none is taken. */
START_TEST(in_of_10000) {
  static visits values[MANY];
  static const void *rows[MANY];

  for (int i = 0; i < MANY; i++) {
    values[i] = (visits){"a", "/", 0, 0};
    rows[i] = &values[i];
  }
  values[MANY - 1].path = "\xff";
  refused(tally_where_in(q, "path", rows, MANY, &e), TALLY_EINVAL,
          "my_ks.visits: key column path is not UTF-8");
  refused(tally_where_in(q, "path", rows, 0, &e), TALLY_EINVAL,
          "my_ks.visits: column path: IN takes from 1 to 65535 values, not 0");
  values[MANY - 1].site = NULL;
  refused(tally_where_in(q, "site", rows, MANY, &e), TALLY_EINVAL,
          "my_ks.visits: key column site is NULL");
}
END_TEST

static void function_refused(void) {
  int64_t value;

  refused(tally_count(q, &value, &e), TALLY_EINVAL,
          "my_ks.visits: a function takes all rows that the relations leave: "
          "without order, limits and distinct");
  tally_query_free(q);
  ck_assert_int_eq(tally_find(&q, t, &e), 0);
}

/* The reference's count() leaves the limit away and says nothing. */
START_TEST(functions_of_some_rows) {
  ck_assert_int_eq(tally_limit(q, 1, &e), 0);
  function_refused();
  ck_assert_int_eq(tally_per_partition_limit(q, 1, &e), 0);
  function_refused();
  tally_distinct(q);
  function_refused();
  ck_assert_int_eq(tally_where(q, "site", TALLY_EQ, &good, &e), 0);
  ck_assert_int_eq(tally_order_by(q, "path", TALLY_ASC, &e), 0);
  function_refused();
}
END_TEST

/* The reference sends 0 and -1. */
START_TEST(limits) {
  refused(tally_limit(q, -1, &e), TALLY_EINVAL,
          "my_ks.visits: a limit of -1: 1 is the least");
  refused(tally_limit(q, INT32_MIN, &e), TALLY_EINVAL,
          "my_ks.visits: a limit of -2147483648: 1 is the least");
  refused(tally_per_partition_limit(q, -1, &e), TALLY_EINVAL,
          "my_ks.visits: a limit for each partition of -1: 1 is the least");
  refused(tally_page_size(q, 0, &e), TALLY_EINVAL,
          "my_ks.visits: a page of 0: 1 is the least");
}
END_TEST

/* ---- Batches ------------------------------------------------------------ */

START_TEST(one_too_many) {
  tally_batch *batch;

  ck_assert_int_eq(tally_batch_new(&batch, r.session, &e), 0);
  for (int i = 0; i < 65536; i++)
    ck_assert_int_eq(tally_batch_increment(batch, t, &good, &e), 0);
  refused(tally_batch_increment(batch, t, &good, &e), TALLY_EINVAL,
          "a batch has 65536 increments at most");
  ck_assert_uint_eq(tally_batch_count(batch), 65536);
  tally_batch_free(batch);
}
END_TEST

/* ---- Numbers without end ------------------------------------------------ */

enum { DIGITS = 1000 };

/* A good key, however long; where it has to fit 64 bits it is told. */
START_TEST(varint_of_1000_digits) {
  char text[DIGITS + 1], printed[DIGITS + 8], sentence[300];
  uint8_t room[DIGITS];
  tally_bytes value;
  int64_t n;

  for (int i = 0; i < DIGITS; i++)
    text[i] = (char)('1' + i % 9);
  text[DIGITS] = '\0';
  ck_assert_int_eq(tally_parse(TALLY_VARINT, &value, sizeof value, text, room,
                               sizeof room, &e),
                   0);
  ck_assert_uint_eq(value.len, 415); /* log2(1.23e999) is 3,318.9 */
  ck_assert_int_eq(
      tally_print(TALLY_VARINT, &value, sizeof value, printed, sizeof printed),
      DIGITS);
  ck_assert_str_eq(printed, text);
  snprintf(sentence, sizeof sentence,
           "\"%.100s\" does not fit a member of 8 bytes", text);
  refused(tally_parse(TALLY_VARINT, &n, sizeof n, text, NULL, 0, &e),
          TALLY_ETYPE, sentence);
}
END_TEST

Suite *bad_input_suite(void) {
  Suite *s = suite_create("bad_input");
  TCase *tc = tcase_create("refused");

  tcase_set_timeout(tc, 60);
  tcase_add_checked_fixture(tc, setup, tear_down);
  tcase_add_test(tc, deltas_of_other_types);
  tcase_add_loop_test(tc, deltas_in_text, 0, DELTAS);
  tcase_add_test(tc, no_delta);
  tcase_add_loop_test(tc, unknown_columns, 0, KEYWORDS);
  tcase_add_test(tc, no_column_at_all);
  tcase_add_loop_test(tc, keys_that_are_not_whole, 0, KEYS);
  tcase_add_test(tc, keys_of_static_counters);
  tcase_add_test(tc, names_that_are_not_utf8);
  tcase_add_test(tc, counters_that_do_not_fit);
  tcase_add_test(tc, in_of_10000);
  tcase_add_test(tc, functions_of_some_rows);
  tcase_add_test(tc, limits);
  tcase_add_test(tc, one_too_many);
  tcase_add_test(tc, varint_of_1000_digits);
  suite_add_tcase(s, tc);
  return s;
}
