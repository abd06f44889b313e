/* tests/live/test_execute.c - any CQL: values of every type, written here and
 * read as text by the independent client, and the other way round. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/live/live.h"
#include "tests/live/suites.h"

static tally_session *session;
static tally_statement *s;
static tally_answer *answer;
static tally_error e;

static void setup(void) {
  session = live_connect(1);
}

static void teardown(void) {
  tally_answer_free(answer);
  tally_statement_free(s);
  ck_assert_int_eq(tally_close(session), 0);
}

/* A statement of this keyspace: "%s" in it. */
static void begin(const char *cql) {
  const char *place = strstr(cql, "%s");
  char text[4096];

  if (place == NULL)
    snprintf(text, sizeof text, "%s", cql);
  else
    snprintf(text, sizeof text, "%.*s%s%s", (int)(place - cql), cql,
             live_keyspace, place + 2);
  tally_statement_free(s);
  s = NULL;
  LIVE_OK(tally_statement_new(&s, session, text, &e), &e);
}

static void execute(void) {
  tally_answer_free(answer);
  LIVE_OK(tally_execute(&answer, s, &e), &e);
}

static void run(const char *cql) {
  begin(cql);
  execute();
}

/* The one row that is there. */
static void one_row(const char *cql) {
  run(cql);
  ck_assert_int_eq(tally_answer_kind_of(answer), TALLY_ANSWER_ROWS);
  ck_assert_uint_eq(tally_answer_row_count(answer), 1);
  ck_assert_int_eq(tally_answer_next(answer), 1);
}

static tally_value get(const char *column) {
  tally_value value;

  LIVE_OK(tally_answer_get(answer, column, &value, &e), &e);
  return value;
}

static void prints(const char *column, const char *want) {
  tally_value value = get(column);
  char text[1024];

  ck_assert_int_ge(tally_value_print(&value, text, sizeof text), 0);
  ck_assert_str_eq(text, want);
}

static const char *json(const char *columns, const char *table) {
  static char text[8192];
  char list[1024] = "";
  const char *at = columns;

  while (*at != '\0') {
    size_t n = strcspn(at, " ");

    snprintf(list + strlen(list), sizeof list - strlen(list), "%stoJson(%.*s)",
             list[0] == '\0' ? "" : ", ", (int)n, at);
    at += n + (at[n] == ' ');
  }
  snprintf(text, sizeof text, "%s",
           live_cql("SELECT %s FROM %s.%s", list, live_keyspace, table));
  text[strcspn(text, "\n")] = '\0';
  return text;
}

/* ---- Every type --------------------------------------------------------- */

#define SCALARS                                                                \
  "a ascii, b bigint, c blob, d boolean, e decimal, f double, g float, "       \
  "h int, i timestamp, j uuid, k text, l varint, m timeuuid, n inet, o date, " \
  "p time, q smallint, r tinyint, s duration"
#define SCALAR_NAMES  "a b c d e f g h i j k l m n o p q r s"
#define SCALAR_MARKS  "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
#define SCALAR_COMMAS "a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s"

static const tally_uuid some_uuid = {{0x55, 0x0e, 0x84, 0x00, 0xe2, 0x9b, 0x41,
                                      0xd4, 0xa7, 0x16, 0x44, 0x66, 0x55, 0x44,
                                      0x00, 0x00}};
static const tally_uuid some_timeuuid = {{0x58, 0xe0, 0xa7, 0xd7, 0xee, 0xbc,
                                          0x11, 0xd8, 0x96, 0x69, 0x08, 0x00,
                                          0x20, 0x0c, 0x9a, 0x66}};

static void bind_scalars(void) {
  const tally_decimal decimal = {2, {"\x04\xd2", 2}};
  const tally_duration duration = {14, 3, INT64_C(14706000000000)};

  LIVE_OK(tally_bind_int64(s, 1, &e), &e);
  LIVE_OK(tally_bind_text(s, "ascii", &e), &e);
  LIVE_OK(tally_bind_int64(s, INT64_MIN, &e), &e);
  LIVE_OK(tally_bind_bytes(s, (tally_bytes){"\xca\xfe\0", 3}, &e), &e);
  LIVE_OK(tally_bind_boolean(s, 1, &e), &e);
  LIVE_OK(tally_bind_decimal(s, decimal, &e), &e);
  LIVE_OK(tally_bind_double(s, -0.5, &e), &e);
  LIVE_OK(tally_bind_double(s, 1.25, &e), &e);
  LIVE_OK(tally_bind_int64(s, -7, &e), &e);
  LIVE_OK(tally_bind_int64(s, INT64_C(1793946896789), &e), &e);
  LIVE_OK(tally_bind_uuid(s, &some_uuid, &e), &e);
  LIVE_OK(tally_bind_text(s, "caf\xc3\xa9", &e), &e);
  LIVE_OK(tally_bind_int64(s, -129, &e), &e);
  LIVE_OK(tally_bind_uuid(s, &some_timeuuid, &e), &e);
  LIVE_OK(tally_bind_inet(s, &(tally_inet){{10, 0, 0, 1}, 4}, &e), &e);
  LIVE_OK(tally_bind_int64(s, -1, &e), &e);
  LIVE_OK(tally_bind_int64(s, INT64_C(3723000000004), &e), &e);
  LIVE_OK(tally_bind_int64(s, 32767, &e), &e);
  LIVE_OK(tally_bind_int64(s, -128, &e), &e);
  LIVE_OK(tally_bind_duration(s, duration, &e), &e);
}

START_TEST(scalars_as_the_server_has_them) {
  run("CREATE TABLE IF NOT EXISTS %s.scalars (id int PRIMARY KEY, " SCALARS
      ")");
  begin("INSERT INTO %s.scalars (id, " SCALAR_COMMAS
        ") VALUES (?, " SCALAR_MARKS ")");
  bind_scalars();
  execute();
  ck_assert_int_eq(tally_answer_kind_of(answer), TALLY_ANSWER_VOID);
  ck_assert_str_eq(
      json(SCALAR_NAMES, "scalars"),
      "\"ascii\"\t-9223372036854775808\t\"0xcafe00\"\ttrue\t12.34\t-0.5\t1.25\t"
      "-7\t\"2026-11-06 06:34:56.789Z\"\t"
      "\"550e8400-e29b-41d4-a716-446655440000\"\t\"caf\xc3\xa9\"\t-129\t"
      "\"58e0a7d7-eebc-11d8-9669-0800200c9a66\"\t\"10.0.0.1\"\t\"1969-12-31\"\t"
      "\"01:02:03.000000004\"\t32767\t-128\t\"1y2mo3d4h5m6s\"");
}
END_TEST

static void check_scalars(void) {
  tally_decimal decimal;
  tally_duration duration;
  tally_bytes bytes;
  tally_uuid uuid;
  tally_inet inet;
  tally_value v;
  int64_t n;
  double real;
  int yes;

  v = get("b");
  LIVE_OK(tally_value_get_int64(&v, &n, &e), &e);
  ck_assert_int_eq(n, INT64_MIN);
  v = get("c");
  LIVE_OK(tally_value_get_bytes(&v, &bytes, &e), &e);
  ck_assert_uint_eq(bytes.len, 3);
  ck_assert_mem_eq(bytes.p, "\xca\xfe\0", 3);
  v = get("d");
  LIVE_OK(tally_value_get_boolean(&v, &yes, &e), &e);
  ck_assert_int_eq(yes, 1);
  v = get("e");
  LIVE_OK(tally_value_get_decimal(&v, &decimal, &e), &e);
  ck_assert_int_eq(decimal.scale, 2);
  ck_assert_mem_eq(decimal.unscaled.p, "\x04\xd2", 2);
  v = get("g");
  LIVE_OK(tally_value_get_double(&v, &real, &e), &e);
  ck_assert(real == 1.25);
  v = get("m");
  LIVE_OK(tally_value_get_uuid(&v, &uuid, &e), &e);
  ck_assert_mem_eq(uuid.bytes, some_timeuuid.bytes, 16);
  v = get("n");
  LIVE_OK(tally_value_get_inet(&v, &inet, &e), &e);
  ck_assert_uint_eq(inet.len, 4);
  v = get("s");
  LIVE_OK(tally_value_get_duration(&v, &duration, &e), &e);
  ck_assert_int_eq(duration.months, 14);
  ck_assert_int_eq(duration.days, 3);
  ck_assert_int_eq(duration.nanoseconds, INT64_C(14706000000000));
  v = get("k");
  LIVE_OK(tally_value_get_text(&v, &bytes, &e), &e);
  ck_assert_uint_eq(bytes.len, 5);
  LIVE_RETURNS(tally_value_get_int64(&v, &n, &e), TALLY_ETYPE, &e);
}

START_TEST(scalars_of_another_client) {
  static const char *const printed[][2] = {
      {"a", "ascii"},
      {"b", "-9223372036854775808"},
      {"c", "0xcafe00"},
      {"d", "True"},
      {"e", "12.34"},
      {"f", "-0.5"},
      {"g", "1.25"},
      {"h", "-7"},
      {"i", "2026-11-06 06:34:56.789000+0000"},
      {"j", "550e8400-e29b-41d4-a716-446655440000"},
      {"k", "caf\xc3\xa9"},
      {"l", "-129"},
      {"m", "58e0a7d7-eebc-11d8-9669-0800200c9a66"},
      {"n", "10.0.0.1"},
      {"o", "1969-12-31"},
      {"p", "01:02:03.000000004"},
      {"q", "32767"},
      {"r", "-128"},
      {"s", "1y2mo3d4h5m6s"}};

  run("CREATE TABLE IF NOT EXISTS %s.others (id int PRIMARY KEY, " SCALARS ")");
  live_cql("INSERT INTO %s.others (id, " SCALAR_COMMAS ") VALUES (1, 'ascii', "
           "-9223372036854775808, 0xcafe00, true, 12.34, -0.5, 1.25, -7, "
           "1793946896789, 550e8400-e29b-41d4-a716-446655440000, "
           "'caf\xc3\xa9', -129, 58e0a7d7-eebc-11d8-9669-0800200c9a66, "
           "'10.0.0.1', '1969-12-31', '01:02:03.000000004', 32767, -128, "
           "1y2mo3d4h5m6s)",
           live_keyspace);
  one_row("SELECT * FROM %s.others");
  ck_assert_uint_eq(tally_answer_column_count(answer), 20);
  for (size_t i = 0; i < sizeof printed / sizeof printed[0]; i++)
    prints(printed[i][0], printed[i][1]);
  check_scalars();
}
END_TEST

/* ---- Nested ------------------------------------------------------------- */

static void make_nested(void) {
  run("CREATE TYPE IF NOT EXISTS %s.geo (lat double, lon double)");
  run("CREATE TYPE IF NOT EXISTS %s.address (street text, zips "
      "frozen<list<int>>, at frozen<geo>)");
  run("CREATE TABLE IF NOT EXISTS %s.nested (id int PRIMARY KEY, "
      "l list<frozen<map<text, int>>>, st set<int>, "
      "m map<text, frozen<list<int>>>, "
      "t tuple<int, text, frozen<set<inet>>>, ad frozen<address>, "
      "ads map<int, frozen<address>>)");
}

static void bind_geo(double lat, double lon) {
  LIVE_OK(tally_bind_begin(s, &e), &e);
  LIVE_OK(tally_bind_double(s, lat, &e), &e);
  LIVE_OK(tally_bind_double(s, lon, &e), &e);
  LIVE_OK(tally_bind_end(s, &e), &e);
}

static void bind_ints(int64_t a, int64_t b) {
  LIVE_OK(tally_bind_begin(s, &e), &e);
  LIVE_OK(tally_bind_int64(s, a, &e), &e);
  LIVE_OK(tally_bind_int64(s, b, &e), &e);
  LIVE_OK(tally_bind_end(s, &e), &e);
}

static void bind_address(const char *street, int whole) {
  LIVE_OK(tally_bind_begin(s, &e), &e);
  LIVE_OK(tally_bind_text(s, street, &e), &e);
  if (whole) {
    bind_ints(1, 2);
    bind_geo(1.5, -2.5);
  }
  LIVE_OK(tally_bind_end(s, &e), &e);
}

static void bind_map_and_tuple(void) {
  LIVE_OK(tally_bind_begin(s, &e), &e); /* m */
  LIVE_OK(tally_bind_text(s, "it's", &e), &e);
  bind_ints(5, 6);
  LIVE_OK(tally_bind_end(s, &e), &e);
  LIVE_OK(tally_bind_begin(s, &e), &e); /* t */
  LIVE_OK(tally_bind_int64(s, 8, &e), &e);
  LIVE_OK(tally_bind_null(s, &e), &e);
  LIVE_OK(tally_bind_begin(s, &e), &e);
  LIVE_OK(tally_bind_inet(s, &(tally_inet){{127, 0, 0, 1}, 4}, &e), &e);
  LIVE_OK(tally_bind_end(s, &e), &e);
  LIVE_OK(tally_bind_end(s, &e), &e);
}

static void bind_nested(void) {
  LIVE_OK(tally_bind_int64(s, 1, &e), &e);
  LIVE_OK(tally_bind_begin(s, &e), &e); /* l */
  LIVE_OK(tally_bind_begin(s, &e), &e);
  LIVE_OK(tally_bind_text(s, "a", &e), &e);
  LIVE_OK(tally_bind_int64(s, 1, &e), &e);
  LIVE_OK(tally_bind_text(s, "b", &e), &e);
  LIVE_OK(tally_bind_int64(s, 2, &e), &e);
  LIVE_OK(tally_bind_end(s, &e), &e);
  LIVE_OK(tally_bind_begin(s, &e), &e);
  LIVE_OK(tally_bind_end(s, &e), &e);
  LIVE_OK(tally_bind_end(s, &e), &e);
  bind_ints(4, 3); /* st */
  bind_map_and_tuple();
  bind_address("main", 1); /* ad */
  LIVE_OK(tally_bind_begin(s, &e), &e);
  LIVE_OK(tally_bind_int64(s, 9, &e), &e);
  bind_address("short", 0);
  LIVE_OK(tally_bind_end(s, &e), &e);
}

START_TEST(nested_as_the_server_has_them) {
  make_nested();
  begin("INSERT INTO %s.nested (id, l, st, m, t, ad, ads) VALUES (?, ?, ?, ?, "
        "?, ?, ?)");
  bind_nested();
  execute();
  ck_assert_str_eq(
      json("l st m t ad ads", "nested"),
      "[{\"a\": 1, \"b\": 2}, {}]\t[3, 4]\t{\"it's\": [5, 6]}\t"
      "[8, null, [\"127.0.0.1\"]]\t"
      "{\"street\": \"main\", \"zips\": [1, 2], \"at\": {\"lat\": 1.5, "
      "\"lon\": -2.5}}\t"
      "{\"9\": {\"street\": \"short\", \"zips\": null, \"at\": null}}");
}
END_TEST

static void check_address(void) {
  tally_value v = get("ad"), part, inner;
  tally_parts parts, inners;
  double lon = 0;

  ck_assert_int_eq(tally_value_type(&v), TALLY_UDT);
  LIVE_OK(tally_parts_init(&parts, &v, &e), &e);
  ck_assert_uint_eq(parts.count, 3);
  ck_assert_int_eq(tally_parts_next(&parts, &part, &e), 1);
  ck_assert_str_eq(tally_value_field(&part), "street");
  ck_assert_int_eq(tally_parts_next(&parts, &part, &e), 1);
  ck_assert_str_eq(tally_value_field(&part), "zips");
  ck_assert_int_eq(tally_value_type(&part), TALLY_LIST);
  ck_assert_int_eq(tally_parts_next(&parts, &part, &e), 1);
  ck_assert_str_eq(tally_value_field(&part), "at");
  LIVE_OK(tally_parts_init(&inners, &part, &e), &e);
  while (tally_parts_next(&inners, &inner, &e) > 0)
    LIVE_OK(tally_value_get_double(&inner, &lon, &e), &e);
  ck_assert(lon == -2.5);
  ck_assert_int_eq(tally_parts_next(&parts, &part, &e), 0);
}

START_TEST(nested_of_another_client) {
  make_nested();
  live_cql("TRUNCATE %s.nested", live_keyspace);
  live_cql("INSERT INTO %s.nested (id, l, st, m, t, ad, ads) VALUES (1, "
           "[{'a': 1, 'b': 2}, {}], {3, 4}, {'it''s': [5, 6]}, "
           "(8, null, {'127.0.0.1'}), {street: 'main', zips: [1, 2], at: {lat: "
           "1.5, lon: -2.5}}, {9: {street: 'short'}})",
           live_keyspace);
  one_row("SELECT id, l, st, m, t, ad, ads FROM %s.nested");
  prints("l", "[{'a': 1, 'b': 2}, {}]");
  prints("st", "{3, 4}");
  prints("m", "{'it''s': [5, 6]}");
  prints("t", "(8, null, {'127.0.0.1'})");
  prints("ad", "{street: 'main', zips: [1, 2], at: {lat: 1.5, lon: -2.5}}");
  prints("ads", "{9: {street: 'short', zips: null, at: null}}");
  ck_assert_str_eq(tally_answer_column_type(answer, 1),
                   "list<frozen<map<text, int>>>");
  ck_assert_str_eq(tally_answer_column_type(answer, 4),
                   "tuple<int, text, frozen<set<inet>>>");
  ck_assert_ptr_nonnull(
      strstr(tally_answer_column_type(answer, 6), ".address>>"));
  check_address();
}
END_TEST

/* Of Cassandra 5 on. */
START_TEST(vectors) {
  begin("CREATE TABLE IF NOT EXISTS %s.vectors (id int PRIMARY KEY, v "
        "vector<float, 3>, w vector<text, 2>)");
  if (tally_execute(NULL, s, &e) != 0)
    return;
  begin("INSERT INTO %s.vectors (id, v) VALUES (1, ?)");
  LIVE_OK(tally_bind_begin(s, &e), &e);
  for (int i = 0; i < 3; i++)
    LIVE_OK(tally_bind_double(s, i + 0.5, &e), &e);
  LIVE_OK(tally_bind_end(s, &e), &e);
  execute();
  ck_assert_str_eq(json("v", "vectors"), "[0.5, 1.5, 2.5]");
  live_cql("UPDATE %s.vectors SET w = ['a', 'it''s'] WHERE id = 1",
           live_keyspace);
  one_row("SELECT v, w FROM %s.vectors");
  prints("v", "[0.5, 1.5, 2.5]");
  prints("w", "['a', 'it''s']");
  ck_assert_str_eq(tally_answer_column_type(answer, 0), "vector<float, 3>");
}
END_TEST

START_TEST(null_and_unset) {
  run("CREATE TABLE IF NOT EXISTS %s.holes (id int PRIMARY KEY, a int, b int)");
  live_cql("INSERT INTO %s.holes (id, a, b) VALUES (1, 10, 20)", live_keyspace);
  begin("INSERT INTO %s.holes (id, a, b) VALUES (?, ?, ?)");
  LIVE_OK(tally_bind_int64(s, 1, &e), &e);
  LIVE_OK(tally_bind_null(s, &e), &e);
  LIVE_OK(tally_bind_unset(s, &e), &e);
  execute();
  one_row("SELECT a, b FROM %s.holes");
  ck_assert_ptr_null(get("a").p);
  prints("a", "");
  prints("b", "20");
}
END_TEST

/* ---- What does not fit -------------------------------------------------- */

static void refused(int code, const char *words) {
  tally_answer_free(answer);
  LIVE_REFUSED(tally_execute(&answer, s, &e), code, &e);
  ck_assert_ptr_null(answer);
  live_says(&e, words);
  tally_statement_clear(s);
}

START_TEST(values_that_do_not_fit) {
  make_nested();
  begin("UPDATE %s.nested SET m = ?, t = ? WHERE id = ?");
  LIVE_OK(tally_bind_int64(s, 1, &e), &e);
  refused(TALLY_EINVAL, "it has 3 markers, and 1 values were bound");
  LIVE_OK(tally_bind_text(s, "x", &e), &e);
  LIVE_OK(tally_bind_null(s, &e), &e);
  LIVE_OK(tally_bind_int64(s, 1, &e), &e);
  refused(TALLY_ETYPE, "marker 1 (\"m\", map<text, frozen<list<int>>>): text");
  LIVE_OK(tally_bind_null(s, &e), &e);
  LIVE_OK(tally_bind_null(s, &e), &e);
  LIVE_OK(tally_bind_int64(s, INT64_C(1) << 31, &e), &e);
  refused(TALLY_ERANGE, "marker 3 (\"id\", int): what was bound is out of");
  LIVE_OK(tally_bind_null(s, &e), &e);
  LIVE_OK(tally_bind_begin(s, &e), &e);
  LIVE_OK(tally_bind_int64(s, 1, &e), &e);
  LIVE_OK(tally_bind_int64(s, 2, &e), &e);
  LIVE_OK(tally_bind_end(s, &e), &e);
  LIVE_OK(tally_bind_int64(s, 1, &e), &e);
  refused(TALLY_ETYPE, "int64 was bound where text belongs");
}
END_TEST

START_TEST(what_the_server_says) {
  begin("SELECT FROM");
  refused(TALLY_ESERVER, "0x2000");
  live_says(&e, "execute SELECT FROM failed: syntax error");
  begin("INSERT INTO %s.no_such (a) VALUES (?)");
  LIVE_OK(tally_bind_int64(s, 1, &e), &e);
  refused(TALLY_ESERVER, "0x2200");
  run("CREATE KEYSPACE IF NOT EXISTS %s WITH replication = {'class': "
      "'SimpleStrategy', 'replication_factor': 1}");
  begin("CREATE KEYSPACE %s WITH replication = {'class': 'SimpleStrategy', "
        "'replication_factor': 1}");
  refused(TALLY_ESERVER, "0x2400");
}
END_TEST

/* The session's idea of a text is asked for again when it is wrong. */
START_TEST(another_table_of_that_name) {
  run("CREATE TABLE IF NOT EXISTS %s.moving (id int PRIMARY KEY, v int)");
  ck_assert_int_eq(tally_answer_kind_of(answer), TALLY_ANSWER_SCHEMA);
  begin("INSERT INTO %s.moving (id, v) VALUES (1, ?)");
  LIVE_OK(tally_bind_int64(s, 1, &e), &e);
  execute();
  live_cql("DROP TABLE %s.moving", live_keyspace);
  live_cql("CREATE TABLE %s.moving (id int PRIMARY KEY, v text)",
           live_keyspace);
  refused(TALLY_ESCHEMA, "");
  LIVE_OK(tally_bind_text(s, "one", &e), &e);
  execute();
  ck_assert_str_eq(json("v", "moving"), "\"one\"");
}
END_TEST

/* ---- What comes with an answer ------------------------------------------ */

START_TEST(warned_and_traced) {
  const tally_uuid *id;
  char text[37] = "";

  run("CREATE TABLE IF NOT EXISTS %s.traced (id int PRIMARY KEY)");
  begin("SELECT count(*) FROM %s.traced");
  tally_statement_tracing(s, 1);
  execute();
  ck_assert_ptr_nonnull(tally_answer_warning(answer, 0));
  ck_assert_ptr_nonnull(strstr(tally_answer_warning(answer, 0),
                               "Aggregation query used without partition key"));
  ck_assert_ptr_null(tally_answer_warning(answer, 1));
  id = tally_answer_tracing_id(answer);
  ck_assert_ptr_nonnull(id);
  ck_assert_int_gt(tally_print(TALLY_UUID, id, sizeof *id, text, sizeof text),
                   0);
  for (int i = 0; i < 100; i++) {
    const char *found = live_cql(
        "SELECT command FROM system_traces.sessions WHERE session_id = %s",
        text);

    if (strstr(found, "QUERY") != NULL)
      return;
  }
  ck_abort_msg("no trace of %s", text);
}
END_TEST

static void fill_pages(void) {
  run("CREATE TABLE IF NOT EXISTS %s.pages (p int, c int, PRIMARY KEY (p, c))");
  begin("INSERT INTO %s.pages (p, c) VALUES (1, ?)");
  for (int i = 0; i < 1000; i++) {
    tally_statement_clear(s);
    LIVE_OK(tally_bind_int64(s, i, &e), &e);
    execute();
  }
}

START_TEST(pages) {
  int64_t next = 0, c;
  tally_value value;
  int count = 0, rc;

  fill_pages();
  begin("SELECT c FROM %s.pages WHERE p = ?");
  LIVE_OK(tally_bind_int64(s, 1, &e), &e);
  LIVE_OK(tally_statement_page_size(s, 100, &e), &e);
  do {
    execute();
    ck_assert_uint_le(tally_answer_row_count(answer), 100);
    while (tally_answer_next(answer)) {
      LIVE_OK(tally_answer_at(answer, 0, &value, &e), &e);
      LIVE_OK(tally_value_get_int64(&value, &c, &e), &e);
      ck_assert_int_eq(c, next++);
    }
    count++;
    rc = tally_statement_next_page(s, answer, &e);
  } while (rc > 0);
  ck_assert_int_eq(rc, 0);
  ck_assert_int_eq(next, 1000);
  ck_assert_int_ge(count, 10);
  ck_assert_int_le(count, 11);
}
END_TEST

/* A condition is a row to read; its consistency goes with it. */
START_TEST(conditions) {
  tally_value applied;
  int yes = 1;

  run("CREATE TABLE IF NOT EXISTS %s.once (id int PRIMARY KEY, v int)");
  for (int i = 0; i < 2; i++) {
    begin("INSERT INTO %s.once (id, v) VALUES (?, ?) IF NOT EXISTS");
    LIVE_OK(tally_statement_serial_consistency(s, TALLY_LOCAL_SERIAL, &e), &e);
    LIVE_OK(tally_bind_int64(s, 1, &e), &e);
    LIVE_OK(tally_bind_int64(s, i, &e), &e);
    execute();
    ck_assert_int_eq(tally_answer_next(answer), 1);
    applied = get("[applied]");
    LIVE_OK(tally_value_get_boolean(&applied, &yes, &e), &e);
    ck_assert_int_eq(yes, i == 0);
  }
  prints("v", "0");
  begin("SELECT v FROM %s.once WHERE id = 1");
  LIVE_OK(tally_statement_consistency(s, TALLY_SERIAL, &e), &e);
  execute();
  ck_assert_int_eq(tally_answer_next(answer), 1);
  prints("v", "0");
}
END_TEST

/* ---- Without waiting ---------------------------------------------------- */

struct arrival {
  struct live_gate gate;
  tally_answer *answer;
};

static void on_answer(void *user, const tally_result *result,
                      tally_answer *arrived) {
  struct arrival *a = user;

  a->answer = arrived;
  live_gate_end(&a->gate, result);
}

START_TEST(without_waiting) {
  struct arrival a = {.answer = NULL};

  run("CREATE TABLE IF NOT EXISTS %s.later (id int PRIMARY KEY, n counter)");
  live_gate_init(&a.gate);
  begin("UPDATE %s.later SET n = n + ? WHERE id = ?");
  for (int i = 0; i < 3; i++) {
    tally_statement_clear(s);
    LIVE_OK(tally_bind_int64(s, 2, &e), &e);
    LIVE_OK(tally_bind_int64(s, 1, &e), &e);
    live_gate_begin(&a.gate);
    LIVE_OK(tally_execute_async(s, on_answer, &a, &e), &e);
    tally_statement_clear(s); /* at once */
    live_gate_wait(&a.gate, 0);
    ck_assert_int_eq(a.gate.status, 0);
    ck_assert_uint_eq(a.gate.outcomes[TALLY_APPLIED], (unsigned)i + 1);
    ck_assert_int_eq(tally_answer_kind_of(a.answer), TALLY_ANSWER_VOID);
    tally_answer_free(a.answer);
  }
  ck_assert_str_eq(json("n", "later"), "6");
}
END_TEST

START_TEST(inline_session) {
  ck_assert_int_eq(tally_close(session), 0);
  session = live_connect(0);
  run("CREATE TABLE IF NOT EXISTS %s.here (id int PRIMARY KEY, v text)");
  begin("INSERT INTO %s.here (id, v) VALUES (?, ?)");
  LIVE_OK(tally_bind_int64(s, 1, &e), &e);
  LIVE_OK(tally_bind_text(s, "x", &e), &e);
  execute();
  one_row("SELECT v FROM %s.here");
  prints("v", "x");
}
END_TEST

Suite *execute_suite(void) {
  Suite *suite = suite_create("execute");
  TCase *tc = tcase_create("execute");

  tcase_set_timeout(tc, 120);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, scalars_as_the_server_has_them);
  tcase_add_test(tc, scalars_of_another_client);
  tcase_add_test(tc, nested_as_the_server_has_them);
  tcase_add_test(tc, nested_of_another_client);
  tcase_add_test(tc, vectors);
  tcase_add_test(tc, null_and_unset);
  tcase_add_test(tc, values_that_do_not_fit);
  tcase_add_test(tc, what_the_server_says);
  tcase_add_test(tc, another_table_of_that_name);
  tcase_add_test(tc, warned_and_traced);
  tcase_add_test(tc, pages);
  tcase_add_test(tc, conditions);
  tcase_add_test(tc, without_waiting);
  tcase_add_test(tc, inline_session);
  suite_add_tcase(suite, tc);
  return suite;
}
