/* tests/unit/test_key_types.c - values of every type that a key may have: their
 * text, their bytes as another driver has them, their members in a struct. */
#include <check.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"
#include "proto/murmur3.h"
#include "tests/unit/golden.h"
#include "tests/unit/suites.h"

static const struct net_heap heap;

/* ---- Text, against what the Python driver sends ------------------------- */

enum { VECTOR_ROWS = 96, LINE = 8192 };

struct vector {
  char line[LINE];
  const char *type, *typed, *hex, *token, *printed;
};

static const char *cell_of(char **rest) {
  char *begin = *rest, *tab;

  ck_assert_ptr_nonnull(begin);
  tab = begin + strcspn(begin, "\t\n");
  *rest = *tab == '\t' ? tab + 1 : NULL;
  *tab = '\0';
  return begin;
}

static bool next_vector(FILE *f, struct vector *v) {
  char *rest = v->line;

  if (fgets(v->line, sizeof v->line, f) == NULL)
    return false;
  v->type = cell_of(&rest);
  v->typed = cell_of(&rest);
  v->hex = cell_of(&rest);
  v->token = cell_of(&rest);
  v->printed = cell_of(&rest);
  return true;
}

/* The bytes of a typed value, as they are bound. */
static size_t bind_text(const char *type, const char *text, uint8_t *to) {
  uint8_t *room = malloc(PARSE_ROOM(strlen(text)));
  struct op *op = op_make(&heap);
  char fault[FAULT_TEXT];
  struct value v;
  uint32_t at = 0, len = 0;
  uint8_t *p;

  ck_assert_msg(value_parse(&v, tally_type_find(type), text, room, fault),
                "%s \"%s\" %s", type, text, fault);
  ck_assert_ptr_null(value_fault(&v));
  ck_assert(value_bind(op, &heap, &v));
  ck_assert(op_value_next(op, &at, &p, &len));
  ck_assert_uint_eq(at, op->values_len);
  memcpy(to, p, len);
  op_release(&heap, op);
  free(room);
  return len;
}

static void check_printed(const struct vector *v, const uint8_t *p,
                          size_t len) {
  const struct cell cell = {p, len};
  struct value value;
  struct text out;

  text_init(&out, &heap);
  ck_assert(value_read(&value, (uint16_t)tally_type_find(v->type), &cell));
  value_print(&value, &out);
  ck_assert_str_eq(out.p, v->printed);
  net_free(&heap, out.p);
}

START_TEST(vectors) {
  FILE *f = fopen(TALLY_VECTORS "/key_types.tsv", "r");
  uint8_t got[LINE];
  struct vector v;
  int rows = 0;

  ck_assert_ptr_nonnull(f);
  for (; next_vector(f, &v); rows++) {
    struct golden_bytes want = golden_parse(v.hex);
    size_t len = bind_text(v.type, v.typed, got);

    ck_assert_msg(len == want.len && memcmp(got, want.p, len) == 0,
                  "%s \"%s\" is not %s", v.type, v.typed, v.hex);
    ck_assert_int_eq(cql_murmur3_token(got, len), strtoimax(v.token, NULL, 10));
    check_printed(&v, got, len);
    /* What is printed is read as the same value. */
    ck_assert_uint_eq(bind_text(v.type, v.printed, got), want.len);
    ck_assert_mem_eq(got, want.p, want.len);
    free(want.p);
  }
  fclose(f);
  ck_assert_int_eq(rows, VECTOR_ROWS);
}
END_TEST

/* A process may have a comma for the dot.  The locale is made here. */
START_TEST(locale) {
  char directory[] = "/tmp/tally-locale-XXXXXX", command[128], text[32];
  double real = 0;

  ck_assert_ptr_nonnull(mkdtemp(directory));
  snprintf(command, sizeof command,
           "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8", directory);
  ck_assert_int_eq(system(command), 0);
  setenv("LOCPATH", directory, 1);
  ck_assert_ptr_nonnull(setlocale(LC_NUMERIC, "de_DE.UTF-8"));
  snprintf(text, sizeof text, "%.1f", 1.5);
  ck_assert_str_eq(text, "1,5");
  ck_assert_int_eq(
      tally_parse(TALLY_DOUBLE, &real, sizeof real, "1.5", NULL, 0, NULL), 0);
  ck_assert(real == 1.5);
  ck_assert_int_eq(
      tally_print(TALLY_DOUBLE, &real, sizeof real, text, sizeof text), 3);
  ck_assert_str_eq(text, "1.5");
  snprintf(command, sizeof command, "rm -r %s", directory);
  ck_assert_int_eq(system(command), 0);
}
END_TEST

/* ---- Text that is no value ---------------------------------------------- */

static const struct {
  int type;
  const char *text;
  const char *words;
} bad[] = {
    {TALLY_TEXT, "\xff", "is not UTF-8"},
    {TALLY_TEXT, "\xed\xa0\x80", "is not UTF-8"},
    {TALLY_ASCII, "caf\xc3\xa9", "is not ASCII"},
    {TALLY_BLOB, "", "is not a blob"},
    {TALLY_BLOB, "cafe", "is not a blob"},
    {TALLY_BLOB, "0xcaf", "is not a blob"},
    {TALLY_BLOB, "0xcg", "is not a blob"},
    {TALLY_BOOLEAN, "yes", "is neither true nor false"},
    {TALLY_BOOLEAN, "truer", "is neither true nor false"},
    {TALLY_TINYINT, "128", "from -128 to 127"},
    {TALLY_TINYINT, "-129", "from -128 to 127"},
    {TALLY_SMALLINT, "32768", "from -32768 to 32767"},
    {TALLY_INT, "2147483648", "from -2147483648 to 2147483647"},
    {TALLY_INT, "", "is not a whole number"},
    {TALLY_INT, "-", "is not a whole number"},
    {TALLY_INT, " 1", "is not a whole number"},
    {TALLY_INT, "1.0", "is not a whole number"},
    {TALLY_BIGINT, "9223372036854775808", "is out of range"},
    {TALLY_BIGINT, "-9223372036854775809", "is out of range"},
    {TALLY_TYPE_COUNTER, "99999999999999999999", "a delta goes from"},
    {TALLY_VARINT, "0x10", "is not a whole number"},
    {TALLY_VARINT, "1e3", "is not a whole number"},
    {TALLY_DECIMAL, ".", "is not a decimal number"},
    {TALLY_DECIMAL, "1e", "is not a decimal number"},
    {TALLY_DECIMAL, "1.2.3", "is not a decimal number"},
    {TALLY_DECIMAL, "1e2147483649", "has an exponent"},
    {TALLY_DECIMAL, "0.1e-2147483647", "has an exponent"},
    {TALLY_DECIMAL, "1e99999999999999999999", "has an exponent"},
    {TALLY_FLOAT, "NaN", "equals nothing"},
    {TALLY_FLOAT, "3.5e38", "is out of range"},
    {TALLY_DOUBLE, "nan", "equals nothing"},
    {TALLY_DOUBLE, "1e309", "is out of range"},
    {TALLY_DOUBLE, "1,5", "is not a number"},
    {TALLY_DOUBLE, "0x1p3", "is not a number"},
    {TALLY_DOUBLE, "inf", "is not a number"},
    {TALLY_UUID, "550e8400e29b41d4a716446655440000", "is not a UUID"},
    {TALLY_UUID, "550e8400-e29b-41d4-a716-44665544000", "is not a UUID"},
    {TALLY_UUID, "550e8400-e29b-41d4-a716-4466554400000", "is not a UUID"},
    {TALLY_UUID, "550e8400-e29b-41d4-a716_446655440000", "is not a UUID"},
    {TALLY_TIMEUUID, "550e8400-e29b-41d4-a716-446655440000", "no timeuuid"},
    {TALLY_TIMESTAMP, "2026-02-29", "is not a date that there is"},
    {TALLY_TIMESTAMP, "2026-11-28 24:00", "is not a time"},
    {TALLY_TIMESTAMP, "2026-11-28 22:60", "is not a time"},
    {TALLY_TIMESTAMP, "2026-11-28 22:57 CET", "has no time zone"},
    {TALLY_TIMESTAMP, "2026-11-28 22:57:21.1234", "is finer than"},
    {TALLY_TIMESTAMP, "9223372036854775808", "is out of range"},
    {TALLY_TIMESTAMP, "now", "is not a time"},
    {TALLY_DATE, "2026-13-01", "is not a date that there is"},
    {TALLY_DATE, "1900-02-29", "is not a date that there is"},
    {TALLY_DATE, "2026-1-1", "is not a date"},
    {TALLY_DATE, "26-01-01", "is not a date"},
    {TALLY_DATE, "2026-01-01x", "is not a date"},
    {TALLY_DATE, "+5881580-07-12", "is out of range"},
    {TALLY_DATE, "-5877641-06-22", "is out of range"},
    {TALLY_DATE, "4294967296", "is out of range"},
    {TALLY_DATE, "-1", "is out of range"},
    {TALLY_TIME, "24:00", "is not a time of day"},
    {TALLY_TIME, "8:12", "is not a time of day"},
    {TALLY_TIME, "08:12:00.", "is not a time of day"},
    {TALLY_TIME, "08:12:00.1234567890", "is not a time of day"},
    {TALLY_TIME, "86400000000000", "is not within a day"},
    {TALLY_TIME, "-1", "is not within a day"},
    {TALLY_INET, "localhost", "is not an address"},
    {TALLY_INET, "10.0.0", "is not an address"},
    {TALLY_INET, "fe80::1%lo", "is not an address"},
    {TALLY_INET, "[::1]", "is not an address"},
};
enum { BAD = sizeof bad / sizeof bad[0] };

START_TEST(bad_text) {
  uint8_t room[PARSE_ROOM(64)], member[64];
  size_t size = tally_type_size(bad[_i].type);
  char fault[FAULT_TEXT] = "";
  tally_error e = {0};
  struct value v;

  ck_assert_msg(!value_parse(&v, bad[_i].type, bad[_i].text, room, fault), "%s",
                bad[_i].text);
  ck_assert_msg(strstr(fault, bad[_i].words) != NULL, "%s: %s", bad[_i].text,
                fault);
  ck_assert_int_eq(tally_parse(bad[_i].type, member, size, bad[_i].text, room,
                               sizeof room, &e),
                   TALLY_EINVAL);
  ck_assert_ptr_nonnull(strstr(e.message, bad[_i].words));
}
END_TEST

/* More digits than a key may have bytes end in words, and soon. */
START_TEST(endless_number) {
  size_t len = 200000;
  char *text = malloc(len + 1), fault[FAULT_TEXT];
  uint8_t *room = malloc(PARSE_ROOM(len));
  struct value v;

  memset(text, '9', len);
  text[len] = '\0';
  ck_assert(!value_parse(&v, TALLY_VARINT, text, room, fault));
  ck_assert_ptr_nonnull(strstr(fault, "more digits"));
  ck_assert(!value_parse(&v, TALLY_DECIMAL, text, room, fault));
  text[1001] = '\0';
  ck_assert(!value_parse(&v, TALLY_DOUBLE, text, room, fault));
  free(room);
  free(text);
}
END_TEST

/* ---- Members ------------------------------------------------------------ */

typedef struct all {
  const char *t;
  tally_bytes tb;
  char *a;
  tally_bytes ab;
  tally_bytes b;
  bool yes;
  int8_t tiny;
  int16_t small;
  int32_t i;
  int64_t big;
  int64_t v;
  tally_bytes vb;
  tally_decimal dec;
  float f;
  double d;
  tally_uuid u;
  tally_uuid tu;
  int64_t ts;
  int32_t day;
  int64_t time;
  tally_inet inet;
  int64_t hits;
} all;

static const tally_column all_columns[] = {
    TALLY_PARTITION_KEY(all, t, TALLY_TEXT),
    TALLY_PARTITION_KEY(all, tb, TALLY_TEXT),
    TALLY_PARTITION_KEY(all, a, TALLY_ASCII),
    TALLY_PARTITION_KEY(all, ab, TALLY_ASCII),
    TALLY_PARTITION_KEY(all, b, TALLY_BLOB),
    TALLY_PARTITION_KEY(all, yes, TALLY_BOOLEAN),
    TALLY_PARTITION_KEY(all, tiny, TALLY_TINYINT),
    TALLY_PARTITION_KEY(all, small, TALLY_SMALLINT),
    TALLY_PARTITION_KEY(all, i, TALLY_INT),
    TALLY_PARTITION_KEY(all, big, TALLY_BIGINT),
    TALLY_CLUSTERING_KEY(all, v, TALLY_VARINT, TALLY_ASC),
    TALLY_CLUSTERING_KEY(all, vb, TALLY_VARINT, TALLY_DESC),
    TALLY_CLUSTERING_KEY(all, dec, TALLY_DECIMAL, TALLY_ASC),
    TALLY_CLUSTERING_KEY(all, f, TALLY_FLOAT, TALLY_ASC),
    TALLY_CLUSTERING_KEY(all, d, TALLY_DOUBLE, TALLY_ASC),
    TALLY_CLUSTERING_KEY(all, u, TALLY_UUID, TALLY_ASC),
    TALLY_CLUSTERING_KEY(all, tu, TALLY_TIMEUUID, TALLY_ASC),
    TALLY_CLUSTERING_KEY(all, ts, TALLY_TIMESTAMP, TALLY_ASC),
    TALLY_CLUSTERING_KEY(all, day, TALLY_DATE, TALLY_ASC),
    TALLY_CLUSTERING_KEY(all, time, TALLY_TIME, TALLY_ASC),
    TALLY_CLUSTERING_KEY(all, inet, TALLY_INET, TALLY_ASC),
    TALLY_COUNTER(all, hits),
};
static const tally_definition all_definition =
    TALLY_DEFINITION(all, "every_type", all_columns);
enum { KEYS = sizeof all_columns / sizeof all_columns[0] - 1 };

/* What each key of the row below is in text. */
static const char *const all_texts[KEYS] = {
    "/home",
    "b",
    "plain",
    "too",
    "0x0102",
    "True",
    "-8",
    "-16",
    "-32",
    "-64",
    "-65",
    "-256",
    "-1.25",
    "1.5",
    "0.1",
    "550e8400-e29b-41d4-a716-446655440000",
    "8e7a4b00-e2ad-11ed-b5ea-0242ac120002",
    "1970-01-01 00:00:00.001000+0000",
    "1969-12-31",
    "00:00:01.000000000",
    "::1"};

static tally_session session;
static char my_ks[] = "my_ks";
static tally_table *table;

static void setup(void) {
  tally_error e;

  memset(&session, 0, sizeof session);
  session.keyspace = my_ks;
  ck_assert_msg(tally_table_open(&table, &session, &all_definition, &e) == 0,
                "%s", e.message);
}

static void tear_down(void) {
  table_free(table);
  keyspaces_fini(&session.keyspaces);
}

static all all_row(void) {
  static char plain[] = "plain";
  static const uint8_t minus_256[] = {0xff, 0xff, 0x00}, minus_125[] = {0x83};
  all row = {.t = "/home",
             .tb = {"b", 1},
             .a = plain,
             .ab = {"too", 3},
             .b = {"\1\2", 2},
             .yes = true,
             .tiny = -8,
             .small = -16,
             .i = -32,
             .big = -64,
             .v = -65,
             .vb = {minus_256, 3},
             .dec = {2, {minus_125, 1}},
             .f = 1.5f,
             .d = 0.1,
             .ts = 1,
             .day = -1,
             .time = 1000000000,
             .inet = {.len = 16},
             .hits = 1};

  row.inet.bytes[15] = 1;
  ck_assert_int_eq(tally_parse(TALLY_UUID, &row.u, sizeof row.u, all_texts[15],
                               NULL, 0, NULL),
                   0);
  ck_assert_int_eq(tally_parse(TALLY_TIMEUUID, &row.tu, sizeof row.tu,
                               all_texts[16], NULL, 0, NULL),
                   0);
  return row;
}

/* Each member binds the bytes that its text does. */
START_TEST(members) {
  all row = all_row();
  struct op *op = op_make(&heap);
  uint32_t at = 0, len;
  uint8_t want[64], *p;
  tally_error e;

  ck_assert_msg(bind_key(op, table, &row, false, &e) == 0, "%s", e.message);
  for (int i = 0; i < KEYS; i++) {
    size_t size =
        bind_text(tally_type_name(all_columns[i].type), all_texts[i], want);

    ck_assert(op_value_next(op, &at, &p, &len));
    ck_assert_msg(len == size && memcmp(p, want, len) == 0, "%s",
                  all_columns[i].name);
  }
  ck_assert_uint_eq(at, op->values_len);
  op_release(&heap, op);
}
END_TEST

/* A copy holds all that the row points to. */
START_TEST(copies) {
  all row = all_row(), copy;
  char *bytes = malloc(row_bytes(table, &row)), text[64];

  row_copy(table, &copy, &row, bytes);
  ck_assert_ptr_ne(copy.t, row.t);
  ck_assert_ptr_ne(copy.vb.p, row.vb.p);
  ck_assert_ptr_ne(copy.dec.unscaled.p, row.dec.unscaled.p);
  for (int i = 0; i < KEYS; i++) {
    const tally_column *c = &all_columns[i];

    ck_assert_int_eq(tally_print(c->type, (char *)&copy + c->offset, c->size,
                                 text, sizeof text),
                     (int)strlen(all_texts[i]));
    ck_assert_str_eq(text, all_texts[i]);
  }
  free(bytes);
}
END_TEST

/* Setters, by what they take, and what the getters say afterwards. */
START_TEST(setters) {
  tally_row *row;
  all from = all_row(), *data;
  tally_error e;
  const char *text;
  int64_t n = 0;
  double real = 0;
  int yes = 0;
  tally_bytes bytes = {0};
  tally_uuid uuid;
  tally_inet inet;
  tally_decimal decimal;

  ck_assert_int_eq(tally_row_new(&row, table, &e), 0);
  data = tally_row_data(row);
  ck_assert_int_eq(tally_row_set_text(row, "t", "/home", &e), 0);
  ck_assert_int_eq(tally_row_set_bytes(row, "tb", from.tb, &e), 0);
  ck_assert_int_eq(tally_row_set_bytes(row, "a", from.ab, &e), 0);
  ck_assert_int_eq(tally_row_set_text(row, "ab", "too", &e), 0);
  ck_assert_int_eq(tally_row_set_bytes(row, "b", from.b, &e), 0);
  ck_assert_int_eq(tally_row_set_boolean(row, "yes", 7, &e), 0);
  ck_assert_int_eq(tally_row_set_int64(row, "tiny", -8, &e), 0);
  ck_assert_int_eq(tally_row_set_int64(row, "vb", -256, &e), 0);
  ck_assert_int_eq(tally_row_set_bytes(row, "v", from.vb, &e), 0);
  ck_assert_int_eq(tally_row_set_decimal(row, "dec", from.dec, &e), 0);
  ck_assert_int_eq(tally_row_set_double(row, "f", 0.1, &e), 0);
  ck_assert_int_eq(tally_row_set_uuid(row, "tu", &from.tu, &e), 0);
  ck_assert_int_eq(tally_row_set_inet(row, "inet", &from.inet, &e), 0);
  ck_assert_str_eq(data->t, "/home");
  ck_assert_str_eq(data->a, "too");
  ck_assert_int_eq(data->yes, true);
  ck_assert_int_eq(data->v, -256);
  ck_assert(data->f == 0.1f);

  ck_assert_int_eq(tally_row_get_text(row, "ab", &text, &e), 0);
  ck_assert_str_eq(text, "too");
  ck_assert_int_eq(tally_row_get_int64(row, "vb", &n, &e), 0);
  ck_assert_int_eq(n, -256);
  ck_assert_int_eq(tally_row_get_bytes(row, "vb", &bytes, &e), 0);
  ck_assert_uint_eq(bytes.len, 8);
  ck_assert_int_eq(tally_row_get_double(row, "f", &real, &e), 0);
  ck_assert(real == (double)0.1f);
  ck_assert_int_eq(tally_row_get_boolean(row, "yes", &yes, &e), 0);
  ck_assert_int_eq(yes, 1);
  ck_assert_int_eq(tally_row_get_uuid(row, "tu", &uuid, &e), 0);
  ck_assert_mem_eq(&uuid, &from.tu, sizeof uuid);
  ck_assert_int_eq(tally_row_get_inet(row, "inet", &inet, &e), 0);
  ck_assert_mem_eq(&inet, &from.inet, sizeof inet);
  ck_assert_int_eq(tally_row_get_decimal(row, "dec", &decimal, &e), 0);
  ck_assert_int_eq(decimal.scale, 2);
  ck_assert_int_eq(tally_row_print(row, "dec", &text, &e), 0);
  ck_assert_str_eq(text, "-1.25");
  tally_row_free(row);
}
END_TEST

/* Every key, from text and to text; and none at all after clear. */
START_TEST(row_texts) {
  tally_row *row;
  const char *text;
  tally_error e;

  ck_assert_int_eq(tally_row_new(&row, table, &e), 0);
  for (int i = 0; i < KEYS; i++)
    ck_assert_int_eq(
        tally_row_parse(row, all_columns[i].name, all_texts[i], &e), 0);
  for (int i = 0; i < KEYS; i++) {
    ck_assert_int_eq(tally_row_print(row, all_columns[i].name, &text, &e), 0);
    ck_assert_str_eq(text, all_texts[i]);
  }
  ck_assert_int_eq(tally_row_set_uuid(row, "u", NULL, &e), 0);
  ck_assert_int_eq(tally_row_set_inet(row, "inet", NULL, &e), 0);
  ck_assert_int_eq(tally_row_parse(row, "b", NULL, &e), 0);
  ck_assert_int_eq(tally_row_print(row, "inet", &text, &e), 0);
  ck_assert_str_eq(text, "");
  ck_assert_int_eq(tally_row_print(row, "b", &text, &e), 0);
  ck_assert_str_eq(text, "");
  ck_assert_int_eq(
      tally_row_set_bytes(row, "tb", (tally_bytes){"a\0\0b", 4}, &e), 0);
  ck_assert_int_eq(tally_row_print(row, "tb", &text, &e), 0);
  ck_assert_str_eq(text, "a\\x00\\x00b");
  tally_row_clear(row);
  ck_assert_int_eq(tally_row_print(row, "tb", &text, &e), 0);
  ck_assert_str_eq(text, "");
  ck_assert_int_eq(tally_row_parse(row, "day", "yesterday", &e), TALLY_EINVAL);
  ck_assert_str_eq(e.message, "my_ks.every_type: column day: \"yesterday\" is "
                              "not a date: write yyyy-mm-dd");
  ck_assert_int_eq(tally_row_parse(row, "nix", "1", &e), TALLY_EINVAL);
  ck_assert_ptr_nonnull(strstr(e.message, "has no column nix; it has t, tb,"));
  tally_row_free(row);
}
END_TEST

/* ---- Refused ------------------------------------------------------------ */

static void refused(int rc, const tally_error *e, int code, const char *words) {
  ck_assert_int_eq(rc, code);
  ck_assert_int_eq(e->code, code);
  ck_assert_int_eq(e->outcome, TALLY_NOT_APPLIED);
  ck_assert_msg(strstr(e->message, words) != NULL, "no \"%s\" in: %s", words,
                e->message);
}

START_TEST(setters_refuse) {
  tally_row *row;
  tally_error e;
  const char *text;
  int64_t n;
  tally_inet inet = {{0}, 5};
  tally_bytes nul = {"a\0b", 3}, nine = {"\1\0\0\0\0\0\0\0\0", 9};
  tally_bytes none = {"", 0};
  tally_uuid uuid = {{0}};

  ck_assert_int_eq(tally_row_new(&row, table, &e), 0);
  refused(tally_row_set_text(row, "b", "x", &e), &e, TALLY_ETYPE,
          "column b is blob, not text");
  refused(tally_row_set_int64(row, "f", 1, &e), &e, TALLY_ETYPE,
          "column f is float, not a number");
  refused(tally_row_set_int64(row, "tiny", 128, &e), &e, TALLY_ERANGE,
          "column tiny is tinyint, and 128 does not fit");
  refused(tally_row_set_int64(row, "time", -1, &e), &e, TALLY_ERANGE,
          "column time is time, and -1 does not fit");
  refused(tally_row_set_inet(row, "inet", &inet, &e), &e, TALLY_EINVAL,
          "column inet is neither 4 nor 16 bytes");
  refused(tally_row_set_double(row, "f", 1e300, &e), &e, TALLY_ERANGE,
          "column f is float, and that is out of range");
  refused(tally_row_set_double(row, "d", NAN, &e), &e, TALLY_EINVAL,
          "column d is NaN");
  ((all *)tally_row_data(row))->inet.len = 200;
  refused(tally_row_get_inet(row, "inet", &inet, &e), &e, TALLY_ETYPE,
          "column inet is no address: 200 bytes");
  refused(tally_row_set_uuid(row, "tu", &uuid, &e), &e, TALLY_EINVAL,
          "column tu is no timeuuid");
  refused(tally_row_set_text(row, "a", "caf\xc3\xa9", &e), &e, TALLY_EINVAL,
          "column a is not ASCII");
  refused(tally_row_set_bytes(row, "t", nul, &e), &e, TALLY_ETYPE,
          "column t has a member that ends at a NUL byte");
  refused(tally_row_set_bytes(row, "v", nine, &e), &e, TALLY_ETYPE,
          "column v has a member of 64 bits");
  refused(tally_row_set_bytes(row, "vb", none, &e), &e, TALLY_EINVAL,
          "column vb has no bytes");
  ck_assert_int_eq(tally_row_set_bytes(row, "tb", nul, &e), 0);
  refused(tally_row_get_text(row, "tb", &text, &e), &e, TALLY_ETYPE,
          "column tb has a NUL byte");
  ck_assert_int_eq(tally_row_set_bytes(row, "vb", nine, &e), 0);
  refused(tally_row_get_int64(row, "vb", &n, &e), &e, TALLY_ERANGE,
          "column vb has more than 64 bits");
  tally_row_free(row);
}
END_TEST

/* One key of the row is spoiled at a time. */
static void spoil(const all *row, const char *words) {
  struct op *op = op_make(&heap);
  tally_error e = {0};
  int rc = bind_key(op, table, row, false, &e);

  op_release(&heap, op);
  refused(rc, &e, TALLY_EINVAL, words);
}

START_TEST(bad_keys) {
  const all good = all_row();
  char *big = calloc(1, KEY_BYTES_MAX + 1);
  all row;

#define SPOIL(change, words)                                                   \
  do {                                                                         \
    row = good;                                                                \
    change;                                                                    \
    spoil(&row, words);                                                        \
  } while (0)
  SPOIL(row.t = NULL, "key column t is NULL");
  SPOIL(row.t = "\xc3(", "key column t is not UTF-8");
  SPOIL(row.tb.p = NULL, "key column tb is NULL");
  SPOIL(row.tb = ((tally_bytes){"\xff", 1}), "key column tb is not UTF-8");
  SPOIL(row.ab = ((tally_bytes){"\x80", 1}), "key column ab is not ASCII");
  SPOIL(row.b = ((tally_bytes){big, KEY_BYTES_MAX + 1}),
        "key column b has 65536 bytes");
  SPOIL(row.vb = ((tally_bytes){"", 0}), "key column vb has no bytes");
  SPOIL(row.dec.unscaled.p = NULL, "key column dec is NULL");
  SPOIL(row.dec.unscaled.len = 0, "key column dec has no bytes");
  SPOIL(row.dec.unscaled = ((tally_bytes){big, KEY_BYTES_MAX - 3}),
        "key column dec has 65536 bytes");
  SPOIL(row.f = (float)NAN, "key column f is NaN");
  SPOIL(row.d = -NAN, "key column d is NaN");
  SPOIL(row.tu = row.u, "key column tu is no timeuuid");
  SPOIL(row.time = -1, "key column time is not within a day");
  SPOIL(row.time = INT64_C(86400000000000),
        "key column time is not within a day");
  SPOIL(row.inet.len = 0, "key column inet has no address");
  SPOIL(row.inet.len = 8, "key column inet is neither 4 nor 16 bytes");
#undef SPOIL
  free(big);
}
END_TEST

/* ---- Values on their own ------------------------------------------------ */

START_TEST(parse_and_print) {
  tally_inet wide = {{0}, 200};
  tally_bytes blob, none;
  tally_decimal decimal;
  int64_t n = 0;
  uint8_t room[2];
  char text[4];
  tally_error e;

  ck_assert_int_eq(tally_parse(TALLY_BLOB, &blob, sizeof blob, "0xcafe", room,
                               sizeof room, &e),
                   0);
  ck_assert_ptr_eq(blob.p, room);
  ck_assert_uint_eq(blob.len, 2);
  refused(tally_parse(TALLY_BLOB, &blob, sizeof blob, "0xcafe01", room,
                      sizeof room, &e),
          &e, TALLY_ERANGE, "room for 2 bytes, not 3");
  refused(
      tally_parse(TALLY_DECIMAL, &decimal, sizeof decimal, "1", NULL, 0, &e),
      &e, TALLY_ERANGE, "room for 0 bytes");
  ck_assert_int_eq(
      tally_parse(TALLY_BLOB, &none, sizeof none, "0x", NULL, 0, &e), 0);
  ck_assert_ptr_nonnull(none.p);
  ck_assert_uint_eq(none.len, 0);
  ck_assert_int_eq(tally_parse(TALLY_VARINT, &n, sizeof n, "-5", NULL, 0, &e),
                   0);
  ck_assert_int_eq(n, -5);
  refused(tally_parse(TALLY_VARINT, &n, sizeof n, "9223372036854775808", NULL,
                      0, &e),
          &e, TALLY_ETYPE, "does not fit a member of 8 bytes");
  refused(tally_parse(TALLY_INT, &n, sizeof n, "1", NULL, 0, &e), &e,
          TALLY_EINVAL, "int needs a member of 4 bytes, not 8");
  refused(tally_parse(99, &n, sizeof n, "1", NULL, 0, &e), &e, TALLY_EINVAL,
          "type 99");
  ck_assert_int_eq(tally_print(TALLY_BLOB, &blob, sizeof blob, text, 4), 6);
  ck_assert_str_eq(text, "0xc");
  ck_assert_int_eq(tally_print(TALLY_BLOB, &blob, sizeof blob, NULL, 0), 6);
  ck_assert_int_eq(tally_print(TALLY_INT, &n, sizeof n, text, 4), TALLY_EINVAL);
  ck_assert_int_eq(tally_print(TALLY_INET, &wide, sizeof wide, text, 4), 0);
}
END_TEST

START_TEST(uuids) {
  tally_uuid a, b;

  tally_uuid_random(&a);
  tally_uuid_random(&b);
  ck_assert_mem_ne(&a, &b, sizeof a);
  ck_assert_uint_eq(a.bytes[6] >> 4, 4);
  ck_assert_uint_eq(a.bytes[8] >> 6, 2);
  ck_assert_int_eq(tally_uuid_time(&a), 0);
  for (int64_t ms = -12219292800000; ms < INT64_C(4102444800000);
       ms += 999999999999) {
    tally_uuid_at(&a, ms);
    tally_uuid_at(&b, ms);
    ck_assert_mem_ne(&a, &b, sizeof a);
    ck_assert_uint_eq(a.bytes[6] >> 4, 1);
    ck_assert_int_eq(tally_uuid_time(&a), ms);
  }
  /* One whose time somebody else has worked out (Python's uuid). */
  ck_assert_int_eq(
      tally_parse(TALLY_TIMEUUID, &a, sizeof a, all_texts[16], NULL, 0, NULL),
      0);
  ck_assert_int_eq(tally_uuid_time(&a), INT64_C(1682347056595));
}
END_TEST

/* Names, numbers and sizes belong together. */
START_TEST(types) {
  int count = 0;

  for (int type = 0; type < 256; type++) {
    const char *name = tally_type_name(type);

    ck_assert_uint_eq(tally_type_size(type) != 0, name != NULL);
    if (name == NULL)
      continue;
    count++;
    ck_assert_int_eq(tally_type_find(name), type);
    ck_assert_str_eq(name, cql_type_name((uint16_t)type));
  }
  ck_assert_int_eq(count, 19);
  ck_assert_int_eq(tally_type_find("varchar"), TALLY_TEXT);
  ck_assert_int_eq(tally_type_find("duration"), 0);
  ck_assert_int_eq(tally_type_find(""), 0);
}
END_TEST

Suite *key_types_suite(void) {
  Suite *s = suite_create("key_types");
  TCase *text = tcase_create("text"), *members_case = tcase_create("members");

  tcase_add_test(text, vectors);
  tcase_add_test(text, locale);
  tcase_add_loop_test(text, bad_text, 0, BAD);
  tcase_add_test(text, endless_number);
  tcase_add_test(text, parse_and_print);
  tcase_add_test(text, uuids);
  tcase_add_test(text, types);
  tcase_set_timeout(text, 60);
  suite_add_tcase(s, text);
  tcase_add_checked_fixture(members_case, setup, tear_down);
  tcase_add_test(members_case, members);
  tcase_add_test(members_case, copies);
  tcase_add_test(members_case, setters);
  tcase_add_test(members_case, row_texts);
  tcase_add_test(members_case, setters_refuse);
  tcase_add_test(members_case, bad_keys);
  suite_add_tcase(s, members_case);
  return s;
}
