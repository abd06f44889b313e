/* tests/unit/test_value_elements.c - vints, and what lists, sets, maps, tuples,
 * UDTs and vectors are made of: a part of the value suite. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/value_rig.h"

TCase *value_elements_case(void);

static bool is_text(struct cql_span s, const char *text) {
  return cql_span_equal(s, cql_span_of(text));
}

static const struct {
  uint64_t v;
  const char *text;
} k_vints[] = {
    {0, "00"},
    {127, "7f"},
    {128, "8080"},
    {16383, "bfff"},
    {16384, "c04000"},
    {256000, "c3e800"},
    {0x1fffff, "dfffff"},
    {0x200000, "e0200000"},
    {0xfffffff, "efffffff"},
    {0x10000000, "f010000000"},
    {0x7ffffffff, "f7ffffffff"},
    {0x800000000, "f80800000000"},
    {0x3ffffffffff, "fbffffffffff"},
    {0x40000000000, "fc040000000000"},
    {0x1ffffffffffff, "fdffffffffffff"},
    {0x2000000000000, "fe02000000000000"},
    {0xffffffffffffff, "feffffffffffffff"},
    {0x100000000000000, "ff0100000000000000"},
    {INT64_MAX, "ff7fffffffffffffff"},
    {UINT64_MAX, "ffffffffffffffffff"},
};

START_TEST(vints) {
  struct cql_span v = value(k_vints[_i].text);
  struct cql_reader r;

  cql_reader_init(&r, v.p, v.len);
  ck_assert(cql_get_vint(&r) == k_vints[_i].v);
  ck_assert(!r.bad);
  ck_assert_uint_eq(cql_left(&r), 0);
  cql_put_vint(&g_writer, k_vints[_i].v);
  ck_assert(encoded(k_vints[_i].text));
  for (size_t len = 0; len < v.len; len++) {
    struct golden_bytes cut = golden_copy(v.p, len);

    cql_reader_init(&r, cut.p, len);
    ck_assert(cql_get_vint(&r) == 0);
    ck_assert(r.bad);
    free(cut.p);
  }
}
END_TEST

/* The type of which `text` is the option; it lives until the next call. */
static struct cql_type type_of(const char *option) {
  static uint8_t bytes[256];
  struct cql_reader r;
  struct cql_type t;

  cql_reader_init(&r, bytes, golden_write(option, bytes));
  ck_assert_int_eq(cql_type_decode(&r, &t), CQL_OK);
  return t;
}

static struct cql_type type_of_class(const char *class_name) {
  struct cql_type t;

  ck_assert_int_eq(cql_type_from_class(cql_span_of(class_name), &t), CQL_OK);
  return t;
}

/* "-" stands for null, NULL for the end. */
static void check_elements(const struct cql_type *t, const char *text,
                           const char *const *want) {
  struct cql_elements e;
  struct cql_span s;

  ck_assert_int_eq(cql_elements_init(&e, t, value(text)), CQL_OK);
  for (; *want != NULL; want++) {
    ck_assert_int_eq(cql_elements_next(&e, &s), CQL_OK);
    if (strcmp(*want, "-") == 0)
      ck_assert_ptr_null(s.p);
    else
      ck_assert(is_text(s, *want));
  }
  ck_assert_int_eq(cql_elements_next(&e, &s), CQL_END);
  ck_assert_int_eq(cql_elements_next(&e, &s), CQL_END);
}

START_TEST(lists_and_maps) {
  static const char *const two[] = {"a", "bc", NULL};
  static const char *const odd[] = {"", "-", NULL};
  static const char *const none[] = {NULL};
  static const char *const entries[] = {"a", "1", "b", "-", NULL};
  struct cql_type t = type_of("0020 000d");

  check_elements(&t, "00000002 00000001 'a' 00000002 'bc'", two);
  check_elements(&t, "00000002 00000000 ffffffff", odd);
  check_elements(&t, "00000000", none);
  check_elements(&t, "00000000 cafe", none);
  t = type_of("0022 000d");
  check_elements(&t, "00000002 00000001 'a' 00000002 'bc'", two);
  t = type_of("0021 000d 000d");
  check_elements(&t, "00000002 00000001 'a' 00000001 '1' 00000001 'b' ffffffff",
                 entries);
}
END_TEST

/* [1, 2] of int and {'a': 1}, as the server writes them. */
START_TEST(lists_and_maps_of_ints) {
  struct cql_type t = type_of("0020 0009");
  struct cql_elements e;
  struct cql_span s;
  int32_t n;

  ck_assert_int_eq(
      cql_elements_init(&e, &t,
                        value("00000002 00000004 00000001 00000004 00000002")),
      CQL_OK);
  for (int32_t i = 1; i <= 2; i++) {
    ck_assert_int_eq(cql_elements_next(&e, &s), CQL_OK);
    ck_assert_int_eq(cql_decode_int(s, &n), CQL_OK);
    ck_assert_int_eq(n, i);
  }
  t = type_of("0021 000d 0009");
  ck_assert_int_eq(cql_elements_init(
                       &e, &t, value("00000001 00000001 61 00000004 00000001")),
                   CQL_OK);
  ck_assert_int_eq(cql_elements_next(&e, &s), CQL_OK);
  ck_assert(is_text(s, "a"));
  ck_assert_int_eq(cql_elements_next(&e, &s), CQL_OK);
  ck_assert_int_eq(cql_decode_int(s, &n), CQL_OK);
  ck_assert_int_eq(n, 1);
}
END_TEST

START_TEST(tuples_and_udts) {
  static const char *const with_null[] = {"abcd", "-", NULL};
  static const char *const early[] = {"S", NULL};
  static const char *const late[] = {"-", "5", NULL};
  static const char *const none[] = {NULL};
  struct cql_type t = type_of("0031 0002 0009 000d");

  check_elements(&t, "00000004 'abcd' ffffffff", with_null);
  check_elements(&t, "00000004 'abcd' ffffffff 00000001 'x'", with_null);
  check_elements(&t, "", none);
  t = type_of("0030 0001 'k' 0001 'a' 0002 0001 's' 000d 0001 'z' 0009");
  check_elements(&t, "00000001 'S'", early);
  check_elements(&t, "ffffffff 00000001 '5'", late);
}
END_TEST

START_TEST(vectors_of_fixed_size) {
  static const char *const three[] = {"abcd", "efgh", "ijkl", NULL};
  static const char *const flags[] = {"a", "b", NULL};
  struct cql_type t = type_of_class("VectorType(FloatType , 3)");
  struct cql_elements e;
  struct cql_span s;
  float f;

  check_elements(&t, "'abcdefghijkl'", three);
  ck_assert_int_eq(
      cql_elements_init(&e, &t, value("3f800000 40000000 40400000")), CQL_OK);
  for (int i = 1; i <= 3; i++) {
    ck_assert_int_eq(cql_elements_next(&e, &s), CQL_OK);
    ck_assert_int_eq(cql_decode_float(s, &f), CQL_OK);
    ck_assert(f == (float)i);
  }
  ck_assert_int_eq(cql_elements_init(&e, &t, value("'abcdefghijk'")),
                   CQL_ESIZE);
  ck_assert_int_eq(cql_elements_init(&e, &t, value("'abcdefghijklm'")),
                   CQL_ESIZE);
  ck_assert_int_eq(cql_elements_init(&e, &t, value("")), CQL_ESIZE);
  t = type_of_class("VectorType(BooleanType,2)");
  check_elements(&t, "'ab'", flags);
  t = type_of_class("VectorType(VectorType(Int32Type,1),3)");
  check_elements(&t, "'abcdefghijkl'", three);
}
END_TEST

START_TEST(vectors_of_variable_size) {
  static const char *const words[] = {"ab", "c", NULL};
  static const char *const empty[] = {"", "", NULL};
  struct cql_type t = type_of_class("VectorType(UTF8Type, 2)");
  struct cql_elements e;
  struct cql_span s;

  check_elements(&t, "02 6162 01 63", words);
  check_elements(&t, "00 00", empty);
  ck_assert_int_eq(cql_elements_init(&e, &t, value("00")), CQL_ESIZE);
  ck_assert_int_eq(cql_elements_init(&e, &t, value("02 61")), CQL_OK);
  ck_assert_int_eq(cql_elements_next(&e, &s), CQL_ESHORT);
  ck_assert_int_eq(cql_elements_next(&e, &s), CQL_ESHORT);
  ck_assert_int_eq(cql_elements_init(&e, &t, value("ff ffffffffffffffff 01")),
                   CQL_OK);
  ck_assert_int_eq(cql_elements_next(&e, &s), CQL_ESHORT);
  ck_assert_int_eq(cql_elements_init(&e, &t, value("00 80")), CQL_OK);
  ck_assert_int_eq(cql_elements_next(&e, &s), CQL_OK);
  ck_assert_int_eq(cql_elements_next(&e, &s), CQL_ESHORT);
  t = type_of_class("VectorType(ShortType, 2)"); /* lengths here, too */
  check_elements(&t, "02 'ab' 01 'c'", words);
}
END_TEST

START_TEST(elements_refused) {
  static const struct {
    const char *option;
    const char *text;
    enum cql_rc want;
  } rows[] = {
      {"0020 0009", "", CQL_ESIZE},
      {"0020 0009", "000000", CQL_ESIZE},
      {"0020 0009", "ffffffff", CQL_ESIZE},
      {"0020 0009", "80000000", CQL_ESIZE},
      {"0020 0009", "7fffffff 00000000", CQL_ESIZE},
      {"0020 0009", "00000002 00000000", CQL_ESIZE},
      {"0021 0009 0009", "00000001 00000000 000000", CQL_ESIZE},
      {"0021 0009 0009", "7fffffff 00000000 00000000", CQL_ESIZE},
      {"0009", "00000001", CQL_ERANGE},
      {"0000 0001 'x'", "00000001", CQL_ERANGE},
  };
  struct cql_type t = type_of(rows[_i].option);
  struct cql_elements e;

  ck_assert_int_eq(cql_elements_init(&e, &t, value(rows[_i].text)),
                   rows[_i].want);
}
END_TEST

START_TEST(element_beyond_its_value) {
  struct cql_type t = type_of("0020 000d");
  struct cql_elements e;
  struct cql_span s;

  ck_assert_int_eq(cql_elements_init(&e, &t, value("00000001 00000002 'a'")),
                   CQL_OK);
  ck_assert_int_eq(cql_elements_next(&e, &s), CQL_ESHORT);
  ck_assert_int_eq(cql_elements_next(&e, &s), CQL_ESHORT);
  t = type_of("0031 0001 0009");
  ck_assert_int_eq(cql_elements_init(&e, &t, value("000000")), CQL_OK);
  ck_assert_int_eq(cql_elements_next(&e, &s), CQL_ESHORT);
}
END_TEST

/* A vector type that no decoder made, nested too deeply. */
START_TEST(vector_too_deep) {
  struct cql_type t = {.vector_dimension = 1};
  struct cql_elements e;
  char text[1024] = "";

  for (int i = 0; i < 40; i++)
    strcat(text, "VectorType(");
  strcat(text, "Int32Type");
  for (int i = 0; i < 40; i++)
    strcat(text, ",1)");
  t.vector_element = cql_span_of(text);
  ck_assert_int_eq(cql_elements_init(&e, &t, value("00000001")), CQL_EDEPTH);
}
END_TEST

START_TEST(collections_are_built_in_place) {
  cql_encode_count(&g_writer, 2);
  for (int32_t i = 1; i <= 2; i++) {
    uint8_t bytes[4];
    struct cql_writer w;

    cql_writer_init(&w, bytes, sizeof bytes);
    cql_encode_int(&w, i);
    cql_put_bytes(&g_writer, (struct cql_span){bytes, 4});
  }
  ck_assert(encoded("00000002 00000004 00000001 00000004 00000002"));

  cql_encode_vector_element(&g_writer, false, cql_span_of("ab"));
  cql_encode_vector_element(&g_writer, false, cql_span_of("c"));
  ck_assert(encoded("02 6162 01 63"));
  cql_encode_vector_element(&g_writer, true, value("3f800000"));
  cql_encode_vector_element(&g_writer, true, value("40000000"));
  ck_assert(encoded("3f800000 40000000"));
}
END_TEST

TCase *value_elements_case(void) {
  TCase *tc = tcase_create("elements");

  tcase_add_checked_fixture(tc, setup, release);
  tcase_add_loop_test(tc, vints, 0, (int)(sizeof k_vints / sizeof k_vints[0]));
  tcase_add_test(tc, lists_and_maps);
  tcase_add_test(tc, lists_and_maps_of_ints);
  tcase_add_test(tc, tuples_and_udts);
  tcase_add_test(tc, vectors_of_fixed_size);
  tcase_add_test(tc, vectors_of_variable_size);
  tcase_add_loop_test(tc, elements_refused, 0, 10);
  tcase_add_test(tc, element_beyond_its_value);
  tcase_add_test(tc, vector_too_deep);
  tcase_add_test(tc, collections_are_built_in_place);
  return tc;
}
