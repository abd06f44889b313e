/* tests/live/test_names.c - names and keys that are hard to get right: made,
 * counted and read back where the server allows them, by the independent client
 * as well; where it does not, what is said of it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/live/live.h"
#include "tests/live/suites.h"

static tally_session *session;
static tally_error e;

static void setup(void) {
  session = live_connect(1);
}

static void teardown(void) {
  ck_assert_int_eq(tally_close(session), 0);
}

typedef struct row {
  const char *k;
  const char *c;
  int64_t n;
  int64_t s;
} row;

static const tally_column plain_columns[] = {
    TALLY_PARTITION_KEY(row, k, TALLY_TEXT),
    TALLY_CLUSTERING_KEY(row, c, TALLY_TEXT, TALLY_DESC),
    TALLY_COUNTER(row, n),
    TALLY_STATIC_COUNTER(row, s),
};

/* "name" as CQL has it in quotes; four may be in use at a time. */
static const char *quoted(const char *name) {
  static char texts[4][2048];
  static unsigned next;
  char *text = texts[next++ % 4], *to = text;

  *to++ = '"';
  for (; *name != '\0'; name++) {
    if (*name == '"')
      *to++ = '"';
    *to++ = *name;
  }
  *to++ = '"';
  *to = '\0';
  return text;
}

static char *repeated(char *out, char c, size_t times) {
  memset(out, c, times);
  out[times] = '\0';
  return out;
}

/* ---- Columns ------------------------------------------------------------ */

static const char *const columns_of[][4] = {
    {"select", "from", "where", "counter"},
    {"Site", "sITE", "SITE", "site"},
    {"\"", "\"\"", "a\"b", "\"ab\""},
    {"two words", "a-b", "a.b", " "},
    {"'", "''", "?", ":x"},
    {"v\" = 1; --", "/*", "$$", "%s"},
    {"\xe6\x97\xa5\xe6\x9c\xac", "h\xc3\xa9", "\xf0\x9f\x93\x88", "\xc3\x89"},
    {"\t", "\n", "\r\n", "\\n"},
    {"48", "49", "300", "1000"}, /* so many letters */
};
enum { COLUMNS = sizeof columns_of / sizeof columns_of[0] };

static char names[4][1001];

static void name_columns(tally_column columns[4], int which) {
  memcpy(columns, plain_columns, sizeof plain_columns);
  for (int i = 0; i < 4; i++) {
    const char *name = columns_of[which][i];

    if (which == COLUMNS - 1)
      name = repeated(names[i], (char)('a' + i), (size_t)atoi(name));
    columns[i].name = name;
  }
}

/* By a query that names all of them. */
static void is_found(tally_table *t, const tally_column *columns) {
  const row key = {"x", "y", 0, 0};
  row got = {0};
  tally_query *q;

  LIVE_OK(tally_find(&q, t, &e), &e);
  LIVE_OK(tally_where(q, columns[0].name, TALLY_EQ, &key, &e), &e);
  LIVE_OK(tally_where(q, columns[1].name, TALLY_GE, &key, &e), &e);
  LIVE_OK(tally_order_by(q, columns[1].name, TALLY_ASC, &e), &e);
  LIVE_OK(tally_select(q, columns[2].name, &e), &e);
  LIVE_OK(tally_first(q, &got, &e), &e);
  ck_assert_str_eq(got.c, "y");
  ck_assert_int_eq(got.n, 3);
  tally_query_free(q);
}

/* As the server lists them. */
static void is_learned(const char *name, const tally_column *columns) {
  tally_table *t;
  tally_row *r;
  int64_t n;

  LIVE_OK(tally_table_open_name(&t, session, name, &e), &e);
  ck_assert_str_eq(tally_table_column(t, 0)->name, columns[0].name);
  ck_assert_str_eq(tally_table_column(t, 1)->name, columns[1].name);
  ck_assert_str_eq(tally_table_column(t, 2)->name, columns[3].name);
  ck_assert_str_eq(tally_table_column(t, 3)->name, columns[2].name);
  LIVE_OK(tally_row_new(&r, t, &e), &e);
  LIVE_OK(tally_row_set_text(r, columns[0].name, "x", &e), &e);
  LIVE_OK(tally_row_set_text(r, columns[1].name, "y", &e), &e);
  LIVE_OK(tally_get(t, tally_row_data(r), &e), &e);
  LIVE_OK(tally_row_get_int64(r, columns[3].name, &n, &e), &e);
  ck_assert_int_eq(n, 4);
  tally_row_free(r);
}

START_TEST(odd_columns) {
  tally_column named[4];
  tally_definition d = TALLY_DEFINITION(row, "named", plain_columns);
  row got = {"x", "y", 0, 0};
  uint64_t nulls;
  tally_table *t;

  name_columns(named, _i);
  d.columns = named;
  t = live_table(session, &d);
  LIVE_OK(tally_increment(t, &(row){"x", "y", 3, 4}, &e), &e);
  LIVE_OK(tally_sync_table(t, NULL, &e), &e); /* finds nothing to do */
  ck_assert_str_eq(live_cql("SELECT %s, %s, %s, %s FROM %s",
                            quoted(named[0].name), quoted(named[1].name),
                            quoted(named[2].name), quoted(named[3].name),
                            live_qualified(t)),
                   "x\ty\t3\t4\n");
  is_found(t, named);
  is_learned(live_qualified(t), named);
  LIVE_OK(tally_delete_counter(t, &got, named[3].name, &e), &e);
  LIVE_OK(tally_get_nulls(t, &got, &nulls, &e), &e);
  ck_assert_uint_eq(nulls, 2);
  ck_assert_int_eq(got.n, 3);
}
END_TEST

/* ---- Tables and keyspaces ----------------------------------------------- */

static const char *const table_names[] = {"order", "\"MixedCase\"", "2nd",
                                          "_hidden"};
enum { TABLES = sizeof table_names / sizeof table_names[0] };

/* Their own keyspace, for the same names in every run. */
static void in_keyspace(char keyspace[48]) {
  live_name(keyspace, "Tally");
  LIVE_OK(tally_create_keyspace(session, keyspace, NULL, &e), &e);
}

static int make(const char *keyspace, const char *name, tally_table **t) {
  tally_definition d = TALLY_DEFINITION(row, name, plain_columns);

  d.keyspace = keyspace;
  LIVE_OK(tally_table_open(t, session, &d, &e), &e);
  return tally_sync_table(*t, NULL, &e);
}

static void counts(tally_table *t) {
  row got = {"x", "y", 3, 4};

  LIVE_OK(tally_increment(t, &got, &e), &e);
  got.n = got.s = 0;
  LIVE_OK(tally_get(t, &got, &e), &e);
  ck_assert_int_eq(got.n, 3);
  ck_assert_str_eq(live_cql("SELECT n, s FROM %s.%s", tally_table_keyspace(t),
                            quoted(tally_table_name(t))),
                   "3\t4\n");
}

static void letters(const char *keyspace, size_t length) {
  char name[256];
  tally_table *t;

  repeated(name, 't', length);
  LIVE_OK(make(keyspace, name, &t), &e);
  counts(t);
}

START_TEST(odd_tables) {
  char keyspace[48];
  tally_table *t;

  in_keyspace(keyspace);
  for (int i = 0; i < TABLES; i++) {
    LIVE_OK(make(keyspace, table_names[i], &t), &e);
    counts(t);
  }
  letters(keyspace, 49);
  letters(keyspace, 222);
  LIVE_OK(tally_drop_keyspace(session, keyspace, &e), &e);
}
END_TEST

/* Without quotes around them. */
static const char *const no_names[] = {"two words", "a-b",    "h\xc3\xa9",
                                       "a\"b",      "a;drop", "a.b"};
enum { NO_NAMES = sizeof no_names / sizeof no_names[0] };

#define SIMPLE                                                                 \
  "WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}"

/* The server's word on it: this text is refused. */
static void server_refuses(const char *before, const char *name,
                           const char *behind) {
  tally_statement *statement;
  char cql[1024];

  snprintf(cql, sizeof cql, "CREATE %s%s %s", before, name, behind);
  LIVE_OK(tally_statement_new(&statement, session, cql, &e), &e);
  LIVE_REFUSED(tally_execute(NULL, statement, &e), TALLY_ESERVER, &e);
  tally_statement_free(statement);
}

static void no_table(const char *name) {
  tally_definition d = TALLY_DEFINITION(row, name, plain_columns);
  tally_table *t;

  d.keyspace = live_keyspace;
  LIVE_REFUSED(tally_table_open(&t, session, &d, &e), TALLY_EINVAL, &e);
  LIVE_REFUSED(tally_table_open_name(&t, session, name, &e), TALLY_EINVAL, &e);
}

/* Letters, digits and _ are all that there is, also in quotes. */
START_TEST(no_such_names) {
  const char *name = quoted(no_names[_i]);

  no_table(name);
  live_says(&e, name);
  LIVE_REFUSED(tally_create_keyspace(session, name, NULL, &e), TALLY_EINVAL,
               &e);
  server_refuses("KEYSPACE ", name, SIMPLE);
  snprintf(names[0], sizeof names[0], "%s.%s", live_keyspace, name);
  server_refuses("TABLE ", names[0], "(k text PRIMARY KEY, n counter)");
}
END_TEST

/* 222 letters have a folder.  Cassandra 4.1 does not count, and fails to make
 * one for more. */
START_TEST(too_long_a_table) {
  char name[224];

  repeated(name, 't', 223);
  no_table(name);
  if (live_is_before_5())
    return;
  snprintf(names[0], sizeof names[0], "%s.%s", live_keyspace, name);
  server_refuses("TABLE ", names[0], "(k text PRIMARY KEY, n counter)");
}
END_TEST

START_TEST(odd_keyspaces) {
  char longest[50], mixed[64];

  snprintf(mixed, sizeof mixed, "%-48s", "Tally_");
  for (size_t i = 0; i < 48; i++)
    if (mixed[i] == ' ')
      mixed[i] = 'x';
  LIVE_OK(tally_create_keyspace(session, quoted(mixed), NULL, &e), &e);
  LIVE_OK(tally_drop_keyspace(session, quoted(mixed), &e), &e);
  LIVE_REFUSED(
      tally_create_keyspace(session, repeated(longest, 'k', 49), NULL, &e),
      TALLY_EINVAL, &e);
  live_says(&e, "49 characters, and 48 are the most");
  server_refuses("KEYSPACE ", longest, SIMPLE);
}
END_TEST

/* ---- Keys --------------------------------------------------------------- */

typedef struct bytes_row {
  tally_bytes k;
  tally_bytes c;
  int64_t n;
} bytes_row;

static tally_table *of_bytes(int key_type, int clustering_type) {
  tally_column columns[] = {
      TALLY_PARTITION_KEY(bytes_row, k, TALLY_TEXT),
      TALLY_CLUSTERING_KEY(bytes_row, c, TALLY_TEXT, TALLY_ASC),
      TALLY_COUNTER(bytes_row, n),
  };
  tally_definition d = TALLY_DEFINITION(bytes_row, "bytes", columns);

  columns[0].type = key_type;
  columns[1].type = clustering_type;
  return live_table(session, &d);
}

/* A NUL byte is a character as any other. */
START_TEST(text_with_nul) {
  const bytes_row first = {{"a\0b", 3}, {"\0", 1}, 2},
                  second = {{"a", 1}, {"", 0}, 3};
  tally_table *t = of_bytes(TALLY_TEXT, TALLY_ASCII);
  bytes_row got = first;

  LIVE_OK(tally_increment(t, &first, &e), &e);
  LIVE_OK(tally_increment(t, &second, &e), &e);
  LIVE_OK(tally_get(t, &got, &e), &e);
  ck_assert_int_eq(got.n, 2);
  ck_assert_str_eq(live_cql("SELECT textAsBlob(k), asciiAsBlob(c), n FROM %s "
                            "WHERE k = blobAsText(0x610062)",
                            live_qualified(t)),
                   "b'a\\x00b'\tb'\\x00'\t2\n");
}
END_TEST

enum { DIGITS = 1000 };

START_TEST(varint_of_1000_digits) {
  char text[DIGITS + 2], printed[DIGITS + 2], line[DIGITS + 8];
  static uint8_t room[DIGITS + 2];
  tally_table *t = of_bytes(TALLY_VARINT, TALLY_VARINT);
  bytes_row key = {.n = 7};
  tally_cursor *cursor;
  tally_query *q;

  text[0] = '-';
  for (int i = 1; i <= DIGITS; i++)
    text[i] = (char)('1' + i % 9);
  text[DIGITS + 1] = '\0';
  LIVE_OK(tally_parse(TALLY_VARINT, &key.k, sizeof key.k, text, room,
                      sizeof room, &e),
          &e);
  key.c = key.k;
  LIVE_OK(tally_increment(t, &key, &e), &e);
  snprintf(line, sizeof line, "%s\t7\n", text);
  ck_assert_str_eq(
      live_cql("SELECT c, n FROM %s WHERE k = %s", live_qualified(t), text),
      line);
  memset(&key, 0, sizeof key);
  LIVE_OK(tally_find(&q, t, &e), &e);
  LIVE_OK(tally_cursor_open(&cursor, q, &e), &e);
  ck_assert_int_eq(tally_next(cursor, &key, &e), 1);
  ck_assert_int_eq(
      tally_print(TALLY_VARINT, &key.k, sizeof key.k, printed, sizeof printed),
      DIGITS + 1);
  ck_assert_str_eq(printed, text);
  tally_cursor_close(cursor);
  tally_query_free(q);
}
END_TEST

enum { MANY = 10000 };

/* Of the partition key, with pages; one in a thousand is there. */
START_TEST(in_of_10000) {
  static char urls[MANY][8];
  static page_hits values[MANY];
  static const void *rows[MANY];
  tally_table *t = live_table(session, &page_hits_definition);
  int64_t sum = 0, rows_read = 0, all;
  tally_cursor *cursor;
  tally_query *q;
  page_hits got;

  for (int i = 0; i < MANY; i++) {
    snprintf(urls[i], sizeof urls[i], "/%d", i);
    values[i] = (page_hits){urls[i], i, 0};
    rows[i] = &values[i];
    if (i % 1000 == 1)
      LIVE_OK(tally_increment(t, &values[i], &e), &e);
  }
  LIVE_OK(tally_find(&q, t, &e), &e);
  LIVE_OK(tally_where_in(q, "url", rows, MANY, &e), &e);
  LIVE_OK(tally_page_size(q, 3, &e), &e);
  LIVE_OK(tally_cursor_open(&cursor, q, &e), &e);
  for (; tally_next(cursor, &got, &e) > 0; rows_read++)
    sum += got.views;
  ck_assert_int_eq(rows_read, 10);
  ck_assert_int_eq(sum, 45010);
  LIVE_OK(tally_sum(q, "views", &all, &e), &e);
  ck_assert_int_eq(all, 45010);
  tally_cursor_close(cursor);
  tally_query_free(q);
}
END_TEST

Suite *names_suite(void) {
  Suite *s = suite_create("names");
  TCase *tc = tcase_create("names");

  tcase_set_timeout(tc, 120);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_loop_test(tc, odd_columns, 0, COLUMNS);
  tcase_add_test(tc, odd_tables);
  tcase_add_loop_test(tc, no_such_names, 0, NO_NAMES);
  tcase_add_test(tc, too_long_a_table);
  tcase_add_test(tc, odd_keyspaces);
  tcase_add_test(tc, text_with_nul);
  tcase_add_test(tc, varint_of_1000_digits);
  tcase_add_test(tc, in_of_10000);
  suite_add_tcase(s, tc);
  return s;
}
