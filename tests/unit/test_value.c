/* tests/unit/test_value.c - values of every scalar type, both ways.  Bytes are
 * from the protocol's description and from a live server. */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suites.h"
#include "tests/unit/value_rig.h"

/* test_value_elements.c */
TCase *value_elements_case(void);

/* Fixed sizes */

START_TEST(booleans) {
  bool b = true;

  ck_assert_int_eq(cql_decode_boolean(value("00"), &b), CQL_OK);
  ck_assert(!b);
  ck_assert_int_eq(cql_decode_boolean(value("01"), &b), CQL_OK);
  ck_assert(b);
  ck_assert_int_eq(cql_decode_boolean(value("80"), &b), CQL_OK);
  ck_assert(b);
  cql_encode_boolean(&g_writer, true);
  ck_assert(encoded("01"));
  cql_encode_boolean(&g_writer, false);
  ck_assert(encoded("00"));
}
END_TEST

static const struct {
  int64_t v;
  const char *tinyint, *smallint, *integer, *bigint;
} k_integers[] = {
    {0, "00", "0000", "00000000", "0000000000000000"},
    {1, "01", "0001", "00000001", "0000000000000001"},
    {-1, "ff", "ffff", "ffffffff", "ffffffffffffffff"},
    {-2, "fe", "fffe", "fffffffe", "fffffffffffffffe"},
    {127, "7f", "007f", "0000007f", "000000000000007f"},
    {-128, "80", "ff80", "ffffff80", "ffffffffffffff80"},
    {32767, NULL, "7fff", "00007fff", "0000000000007fff"},
    {-32768, NULL, "8000", "ffff8000", "ffffffffffff8000"},
    {INT32_MAX, NULL, NULL, "7fffffff", "000000007fffffff"},
    {INT32_MIN, NULL, NULL, "80000000", "ffffffff80000000"},
    {INT64_MAX, NULL, NULL, NULL, "7fffffffffffffff"},
    {INT64_MIN, NULL, NULL, NULL, "8000000000000000"},
    {1000, NULL, "03e8", "000003e8", "00000000000003e8"},
};

START_TEST(integers) {
  const int64_t v = k_integers[_i].v;
  int8_t i8;
  int16_t i16;
  int32_t i32;
  int64_t i64;

  if (k_integers[_i].tinyint != NULL) {
    ck_assert_int_eq(cql_decode_tinyint(value(k_integers[_i].tinyint), &i8),
                     CQL_OK);
    ck_assert(i8 == v);
    cql_encode_tinyint(&g_writer, (int8_t)v);
    ck_assert(encoded(k_integers[_i].tinyint));
  }
  if (k_integers[_i].smallint != NULL) {
    ck_assert_int_eq(cql_decode_smallint(value(k_integers[_i].smallint), &i16),
                     CQL_OK);
    ck_assert(i16 == v);
    cql_encode_smallint(&g_writer, (int16_t)v);
    ck_assert(encoded(k_integers[_i].smallint));
  }
  if (k_integers[_i].integer != NULL) {
    ck_assert_int_eq(cql_decode_int(value(k_integers[_i].integer), &i32),
                     CQL_OK);
    ck_assert(i32 == v);
    cql_encode_int(&g_writer, (int32_t)v);
    ck_assert(encoded(k_integers[_i].integer));
  }
  ck_assert_int_eq(cql_decode_bigint(value(k_integers[_i].bigint), &i64),
                   CQL_OK);
  ck_assert(i64 == v);
  cql_encode_bigint(&g_writer, v);
  ck_assert(encoded(k_integers[_i].bigint));
}
END_TEST

START_TEST(floats) {
  float f;
  double d;

  ck_assert_int_eq(cql_decode_float(value("bfc00000"), &f), CQL_OK);
  ck_assert(f == -1.5f);
  cql_encode_float(&g_writer, -1.5f);
  ck_assert(encoded("bfc00000"));
  ck_assert_int_eq(cql_decode_float(value("7f800000"), &f), CQL_OK);
  ck_assert(isinf(f) && f > 0);
  ck_assert_int_eq(cql_decode_float(value("7fc00000"), &f), CQL_OK);
  ck_assert(isnan(f));
  cql_encode_float(&g_writer, FLT_MAX);
  ck_assert(encoded("7f7fffff"));
  cql_encode_float(&g_writer, -0.0f);
  ck_assert(encoded("80000000"));

  ck_assert_int_eq(cql_decode_double(value("c004000000000000"), &d), CQL_OK);
  ck_assert(d == -2.5);
  cql_encode_double(&g_writer, -2.5);
  ck_assert(encoded("c004000000000000"));
  ck_assert_int_eq(cql_decode_double(value("0000000000000001"), &d), CQL_OK);
  ck_assert(d > 0 && d < DBL_MIN);
  cql_encode_double(&g_writer, DBL_MAX);
  ck_assert(encoded("7fefffffffffffff"));
}
END_TEST

static const struct {
  const char *text;
  int64_t days;
} k_dates[] = {
    {"80000000", 0},           {"7fffffff", -1},
    {"80004d46", 19782}, /* 2024-02-29 */
    {"00000000", -2147483648}, {"ffffffff", 2147483647},
};

START_TEST(dates) {
  int64_t days;

  ck_assert_int_eq(cql_decode_date(value(k_dates[_i].text), &days), CQL_OK);
  ck_assert_int_eq(days, k_dates[_i].days);
  ck_assert_int_eq(cql_encode_date(&g_writer, days), CQL_OK);
  ck_assert(encoded(k_dates[_i].text));
}
END_TEST

START_TEST(dates_out_of_range) {
  static const int64_t days[] = {INT64_C(-2147483649), INT64_C(2147483648),
                                 INT64_MIN, INT64_MAX};

  ck_assert_int_eq(cql_encode_date(&g_writer, days[_i]), CQL_ERANGE);
  ck_assert_uint_eq(g_writer.need, 0);
}
END_TEST

START_TEST(times) {
  int64_t ns = 7;

  ck_assert_int_eq(cql_decode_time(value("00002c4032559a80"), &ns), CQL_OK);
  ck_assert_int_eq(ns, INT64_C(48654234) * 1000000); /* 13:30:54.234 */
  ck_assert_int_eq(cql_encode_time(&g_writer, ns), CQL_OK);
  ck_assert(encoded("00002c4032559a80"));
  ck_assert_int_eq(cql_decode_time(value("00004e94914effff"), &ns), CQL_OK);
  ck_assert_int_eq(ns, INT64_C(86399999999999));
  ck_assert_int_eq(cql_encode_time(&g_writer, 0), CQL_OK);
  ck_assert(encoded("0000000000000000"));

  ns = 7;
  ck_assert_int_eq(cql_decode_time(value("00004e94914f0000"), &ns), CQL_ERANGE);
  ck_assert_int_eq(cql_decode_time(value("ffffffffffffffff"), &ns), CQL_ERANGE);
  ck_assert_int_eq(ns, 7);
  ck_assert_int_eq(cql_encode_time(&g_writer, INT64_C(86400000000000)),
                   CQL_ERANGE);
  ck_assert_int_eq(cql_encode_time(&g_writer, -1), CQL_ERANGE);
  ck_assert_uint_eq(g_writer.need, 0);
}
END_TEST

START_TEST(uuids) {
  static const char v1[] = "d2177dd0eaa211de a572001b779c76e3";
  static const char v4[] = "00112233445546778899aabbccddeeff";
  struct golden_bytes want = golden_parse(v4);
  uint8_t u[16] = {0};

  ck_assert_int_eq(cql_decode_uuid(value(v4), u), CQL_OK);
  ck_assert_mem_eq(u, want.p, 16);
  cql_encode_uuid(&g_writer, u);
  ck_assert(encoded(v4));
  ck_assert_int_eq(cql_encode_timeuuid(&g_writer, u), CQL_ERANGE);
  ck_assert_uint_eq(g_writer.need, 0);
  ck_assert_int_eq(cql_decode_timeuuid(value(v1), u), CQL_OK);
  ck_assert_uint_eq(u[0], 0xd2);
  ck_assert_int_eq(cql_encode_timeuuid(&g_writer, u), CQL_OK);
  ck_assert(encoded(v1));
  ck_assert_int_eq(cql_decode_timeuuid(value(v4), u), CQL_ERANGE);
  free(want.p);
}
END_TEST

START_TEST(inets) {
  struct cql_inet a;

  ck_assert_int_eq(cql_decode_inet(value("c0a80102"), &a), CQL_OK);
  ck_assert_uint_eq(a.len, 4);
  ck_assert_uint_eq(a.address[0], 192);
  ck_assert_int_eq(a.port, 0);
  ck_assert_int_eq(cql_encode_inet(&g_writer, &a), CQL_OK);
  ck_assert(encoded("c0a80102"));
  ck_assert_int_eq(
      cql_decode_inet(value("20010db8000000000000000000000001"), &a), CQL_OK);
  ck_assert_uint_eq(a.len, 16);
  ck_assert_int_eq(cql_encode_inet(&g_writer, &a), CQL_OK);
  ck_assert(encoded("20010db8000000000000000000000001"));
  a.len = 5;
  ck_assert_int_eq(cql_encode_inet(&g_writer, &a), CQL_ERANGE);
  ck_assert_uint_eq(g_writer.need, 0);
}
END_TEST

/* Every decoder of a fixed size, on every size that is not its own.  The empty
 * value is one of them. */
START_TEST(wrong_sizes) {
  union {
    bool b;
    int8_t i8;
    int16_t i16;
    int32_t i32;
    int64_t i64;
    float f;
    double d;
    uint8_t uuid[16];
    struct cql_inet inet;
  } out;
  const size_t n = (size_t)_i;
  struct golden_bytes b = {calloc(1, n > 0 ? n : 1), n};
  const struct cql_span v = {b.p, n};

  ck_assert_ptr_nonnull(b.p);
  if (n > 6)
    b.p[6] = 0x10; /* a version 1 uuid, if it has 16 bytes */
  ck_assert((cql_decode_boolean(v, &out.b) == CQL_ESIZE) == (n != 1));
  ck_assert((cql_decode_tinyint(v, &out.i8) == CQL_ESIZE) == (n != 1));
  ck_assert((cql_decode_smallint(v, &out.i16) == CQL_ESIZE) == (n != 2));
  ck_assert((cql_decode_int(v, &out.i32) == CQL_ESIZE) == (n != 4));
  ck_assert((cql_decode_bigint(v, &out.i64) == CQL_ESIZE) == (n != 8));
  ck_assert((cql_decode_float(v, &out.f) == CQL_ESIZE) == (n != 4));
  ck_assert((cql_decode_double(v, &out.d) == CQL_ESIZE) == (n != 8));
  ck_assert((cql_decode_date(v, &out.i64) == CQL_ESIZE) == (n != 4));
  ck_assert((cql_decode_time(v, &out.i64) == CQL_ESIZE) == (n != 8));
  ck_assert((cql_decode_uuid(v, out.uuid) == CQL_ESIZE) == (n != 16));
  ck_assert((cql_decode_timeuuid(v, out.uuid) == CQL_ESIZE) == (n != 16));
  ck_assert((cql_decode_inet(v, &out.inet) == CQL_ESIZE) ==
            (n != 4 && n != 16));
  free(b.p);
}
END_TEST

START_TEST(null_is_a_wrong_size) {
  const struct cql_span null = {NULL, 0};
  struct cql_duration d;
  struct cql_span s;
  int64_t i64;
  int32_t i32;

  ck_assert_int_eq(cql_decode_bigint(null, &i64), CQL_ESIZE);
  ck_assert_int_eq(cql_decode_varint(null, &i64), CQL_ESIZE);
  ck_assert_int_eq(cql_decode_decimal(null, &i32, &s), CQL_ESIZE);
  ck_assert_int_eq(cql_decode_duration(null, &d), CQL_ESIZE);
}
END_TEST

/* Text */

START_TEST(ascii) {
  ck_assert_int_eq(cql_check_ascii(value("'abc' 00 7f")), CQL_OK);
  ck_assert_int_eq(cql_check_ascii(value("")), CQL_OK);
  ck_assert_int_eq(cql_check_ascii(value("'a' 80")), CQL_ERANGE);
  ck_assert_int_eq(cql_check_ascii(value("ff")), CQL_ERANGE);
  ck_assert_int_eq(cql_check_ascii((struct cql_span){NULL, 0}), CQL_OK);
  ck_assert_int_eq(cql_check_text((struct cql_span){NULL, 0}), CQL_OK);
}
END_TEST

static const struct {
  const char *text;
  enum cql_rc want;
} k_texts[] = {
    {"", CQL_OK},
    {"00", CQL_OK},
    {"7f", CQL_OK},
    {"68c3a9", CQL_OK}, /* h, e acute */
    {"c280", CQL_OK},
    {"dfbf", CQL_OK},
    {"e0a080", CQL_OK},
    {"e697a5e69cace8aa9e", CQL_OK},
    {"ed9fbf", CQL_OK}, /* the last before the surrogates */
    {"ee8080", CQL_OK}, /* the first after them */
    {"efbfbf", CQL_OK},
    {"f0908080", CQL_OK},
    {"f48fbfbf", CQL_OK}, /* U+10FFFF */
    {"80", CQL_ERANGE},
    {"bf", CQL_ERANGE},
    {"c080", CQL_ERANGE}, /* overlong NUL */
    {"c1bf", CQL_ERANGE},
    {"c2", CQL_ERANGE},
    {"c241", CQL_ERANGE},
    {"c2c0", CQL_ERANGE},
    {"e09fbf", CQL_ERANGE}, /* overlong */
    {"e0a0", CQL_ERANGE},
    {"e0a041", CQL_ERANGE},
    {"eda080", CQL_ERANGE}, /* surrogates */
    {"edbfbf", CQL_ERANGE},
    {"f08fbfbf", CQL_ERANGE}, /* overlong */
    {"f09080", CQL_ERANGE},
    {"f0908041", CQL_ERANGE},
    {"f0904180", CQL_ERANGE},
    {"f4908080", CQL_ERANGE}, /* above U+10FFFF */
    {"f5808080", CQL_ERANGE},
    {"fe", CQL_ERANGE},
    {"ff", CQL_ERANGE},
    {"'ok' c3", CQL_ERANGE},
};

START_TEST(utf8) {
  ck_assert_int_eq(cql_check_text(value(k_texts[_i].text)), k_texts[_i].want);
}
END_TEST

/* Variable sizes */

static const struct {
  int64_t v;
  const char *text;
} k_varints[] = {
    {0, "00"},
    {1, "01"},
    {127, "7f"},
    {128, "0080"},
    {255, "00ff"},
    {256, "0100"},
    {32767, "7fff"},
    {32768, "008000"},
    {-1, "ff"},
    {-128, "80"},
    {-129, "ff7f"},
    {-256, "ff00"},
    {-32768, "8000"},
    {-32769, "ff7fff"},
    {INT64_MAX, "7fffffffffffffff"},
    {INT64_MIN, "8000000000000000"},
    {INT64_MIN + 1, "8000000000000001"},
};

START_TEST(varints) {
  int64_t v = 7;

  ck_assert_int_eq(cql_decode_varint(value(k_varints[_i].text), &v), CQL_OK);
  ck_assert(v == k_varints[_i].v);
  cql_encode_varint(&g_writer, v);
  ck_assert(encoded(k_varints[_i].text));
  ck_assert_int_eq(
      cql_encode_varint_bytes(&g_writer, value(k_varints[_i].text)), CQL_OK);
  ck_assert(encoded(k_varints[_i].text));
}
END_TEST

START_TEST(varints_beyond_64_bits) {
  int64_t v = 7;

  ck_assert_int_eq(cql_decode_varint(value("008000000000000000"), &v),
                   CQL_ERANGE);
  ck_assert_int_eq(cql_decode_varint(value("ff7fffffffffffffff"), &v),
                   CQL_ERANGE);
  ck_assert_int_eq(cql_decode_varint(value("0102030405060708090a"), &v),
                   CQL_ERANGE);
  ck_assert_int_eq(v, 7);
  /* Bytes that only repeat the sign do not make it larger. */
  ck_assert_int_eq(cql_decode_varint(value("00000000000000000000000005"), &v),
                   CQL_OK);
  ck_assert_int_eq(v, 5);
  ck_assert_int_eq(cql_decode_varint(value("ffffffffffffffffffff80"), &v),
                   CQL_OK);
  ck_assert_int_eq(v, -128);
  ck_assert_int_eq(cql_encode_varint_bytes(&g_writer, value("0000007f")),
                   CQL_OK);
  ck_assert(encoded("7f"));
  ck_assert_int_eq(cql_encode_varint_bytes(&g_writer, value("00000080")),
                   CQL_OK);
  ck_assert(encoded("0080"));
  ck_assert_int_eq(cql_encode_varint_bytes(&g_writer, value("ffffff7f")),
                   CQL_OK);
  ck_assert(encoded("ff7f"));
  ck_assert_int_eq(
      cql_encode_varint_bytes(&g_writer, value("0102030405060708090a")),
      CQL_OK);
  ck_assert(encoded("0102030405060708090a"));
  ck_assert_int_eq(cql_encode_varint_bytes(&g_writer, value("")), CQL_ESIZE);
  ck_assert_uint_eq(g_writer.need, 0);
}
END_TEST

static const struct {
  const char *text;
  int32_t scale;
  const char *unscaled;
} k_decimals[] = {
    {"00000002 04d2", 2, "04d2"},     /* 12.34 */
    {"00000003 ff", 3, "ff"},         /* -0.001 */
    {"00000000 00", 0, "00"},         /* 0 */
    {"fffffffd 01", -3, "01"},        /* 1E+3 */
    {"7fffffff 80", INT32_MAX, "80"}, /* very small */
    {"80000000 7f", INT32_MIN, "7f"}, /* very large */
    {"00000001 0102030405060708090a", 1, "0102030405060708090a"},
};

START_TEST(decimals) {
  struct golden_bytes want = golden_parse(k_decimals[_i].unscaled);
  struct cql_span unscaled;
  int32_t scale;

  ck_assert_int_eq(
      cql_decode_decimal(value(k_decimals[_i].text), &scale, &unscaled),
      CQL_OK);
  ck_assert_int_eq(scale, k_decimals[_i].scale);
  ck_assert_uint_eq(unscaled.len, want.len);
  ck_assert_mem_eq(unscaled.p, want.p, want.len);
  ck_assert_int_eq(cql_encode_decimal(&g_writer, scale, unscaled), CQL_OK);
  ck_assert(encoded(k_decimals[_i].text));
  free(want.p);
}
END_TEST

START_TEST(decimals_of_the_wrong_size) {
  struct cql_span unscaled;
  int32_t scale;

  ck_assert_int_eq(cql_decode_decimal(value("00000002"), &scale, &unscaled),
                   CQL_ESIZE);
  ck_assert_int_eq(cql_decode_decimal(value(""), &scale, &unscaled), CQL_ESIZE);
  ck_assert_int_eq(cql_encode_decimal(&g_writer, 1, value("")), CQL_ESIZE);
  ck_assert_uint_eq(g_writer.need, 0);
  ck_assert_int_eq(cql_encode_decimal(&g_writer, 1, value("000007")), CQL_OK);
  ck_assert(encoded("00000001 07"));
}
END_TEST

static const struct {
  const char *text;
  struct cql_duration d;
} k_durations[] = {
    {"02 04 06", {1, 2, 3}},
    {"00 00 fc51dac207a000", {0, 0, INT64_C(45000000000000)}}, /* 12h30m */
    {"00 01 00", {0, -1, 0}},
    {"1c 00 00", {14, 0, 0}}, /* 1y2mo */
    {"00 00 00", {0, 0, 0}},
    {"01 01 01", {-1, -1, -1}},
    {"8080 00 00", {64, 0, 0}},
    {"f0fffffffe f0fffffffe fffffffffffffffffe",
     {INT32_MAX, INT32_MAX, INT64_MAX}},
    {"f0ffffffff f0ffffffff ffffffffffffffffff",
     {INT32_MIN, INT32_MIN, INT64_MIN}},
};

START_TEST(durations) {
  struct cql_span v = value(k_durations[_i].text);
  const struct cql_duration *want = &k_durations[_i].d;
  struct cql_duration d;

  ck_assert_int_eq(cql_decode_duration(v, &d), CQL_OK);
  ck_assert_int_eq(d.months, want->months);
  ck_assert_int_eq(d.days, want->days);
  ck_assert(d.nanoseconds == want->nanoseconds);
  ck_assert_int_eq(cql_encode_duration(&g_writer, &d), CQL_OK);
  ck_assert(encoded(k_durations[_i].text));
  for (size_t len = 0; len < v.len; len++) {
    struct golden_bytes cut = golden_copy(v.p, len);

    ck_assert_int_eq(cql_decode_duration((struct cql_span){cut.p, cut.len}, &d),
                     CQL_ESIZE);
    free(cut.p);
  }
}
END_TEST

START_TEST(durations_that_may_not_be) {
  static const struct {
    const char *text;
    enum cql_rc want;
  } rows[] = {
      {"02 01 00", CQL_ERANGE}, /* signs differ */
      {"01 00 02", CQL_ERANGE},         {"00 02 01", CQL_ERANGE},
      {"f100000000 00 00", CQL_ERANGE}, /* 2^31 months */
      {"f100000001 01 01", CQL_ERANGE}, /* -2^31 - 1 months */
      {"00 f100000000 00", CQL_ERANGE}, {"01 f100000001 01", CQL_ERANGE},
      {"02 04 06 00", CQL_ESIZE}, /* a byte too many */
  };
  static const struct cql_duration mixed = {1, 0, -1};
  struct cql_duration d = {7, 7, 7};

  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    ck_assert_int_eq(cql_decode_duration(value(rows[i].text), &d),
                     rows[i].want);
  ck_assert_int_eq(d.months, 7);
  ck_assert_int_eq(cql_encode_duration(&g_writer, &mixed), CQL_ERANGE);
  ck_assert_uint_eq(g_writer.need, 0);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

Suite *value_suite(void) {
  Suite *s = suite_create("value");
  TCase *tc = tcase_create("fixed");

  tcase_add_checked_fixture(tc, setup, release);
  tcase_add_test(tc, booleans);
  tcase_add_loop_test(tc, integers, 0, COUNT(k_integers));
  tcase_add_test(tc, floats);
  tcase_add_loop_test(tc, dates, 0, COUNT(k_dates));
  tcase_add_loop_test(tc, dates_out_of_range, 0, 4);
  tcase_add_test(tc, times);
  tcase_add_test(tc, uuids);
  tcase_add_test(tc, inets);
  tcase_add_loop_test(tc, wrong_sizes, 0, 20);
  tcase_add_test(tc, null_is_a_wrong_size);
  suite_add_tcase(s, tc);

  tc = tcase_create("variable");
  tcase_add_checked_fixture(tc, setup, release);
  tcase_add_test(tc, ascii);
  tcase_add_loop_test(tc, utf8, 0, COUNT(k_texts));
  tcase_add_loop_test(tc, varints, 0, COUNT(k_varints));
  tcase_add_test(tc, varints_beyond_64_bits);
  tcase_add_loop_test(tc, decimals, 0, COUNT(k_decimals));
  tcase_add_test(tc, decimals_of_the_wrong_size);
  tcase_add_loop_test(tc, durations, 0, COUNT(k_durations));
  tcase_add_test(tc, durations_that_may_not_be);
  suite_add_tcase(s, tc);

  suite_add_tcase(s, value_elements_case());
  return s;
}
