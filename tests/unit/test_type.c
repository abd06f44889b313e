/* tests/unit/test_type.c - type options and Java class expressions. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "proto/type.h"
#include "tests/unit/golden.h"
#include "tests/unit/suites.h"

#define MARSHAL "org.apache.cassandra.db.marshal."

static struct golden_bytes g_bytes;

static bool is_text(struct cql_span s, const char *text) {
  return cql_span_equal(s, cql_span_of(text));
}

static void release(void) {
  free(g_bytes.p);
  g_bytes.p = NULL;
}

/* Decode an option that takes up all of `text`. */
static struct cql_type decode(const char *text) {
  struct cql_reader r;
  struct cql_type t;

  g_bytes = golden_parse(text);
  cql_reader_init(&r, g_bytes.p, g_bytes.len);
  ck_assert_int_eq(cql_type_decode(&r, &t), CQL_OK);
  ck_assert_uint_eq(cql_left(&r), 0);
  return t;
}

static struct cql_type part(const struct cql_type *t, uint16_t index,
                            const char *field) {
  struct cql_span name;
  struct cql_type out;

  ck_assert_int_eq(cql_type_part(t, index, &out, &name), CQL_OK);
  ck_assert(is_text(name, field));
  return out;
}

static const struct {
  const char *text;
  const char *name;
} k_scalars[] = {
    {"0001", "ascii"},     {"0002", "bigint"},   {"0003", "blob"},
    {"0004", "boolean"},   {"0005", "counter"},  {"0006", "decimal"},
    {"0007", "double"},    {"0008", "float"},    {"0009", "int"},
    {"000b", "timestamp"}, {"000c", "uuid"},     {"000d", "text"},
    {"000e", "varint"},    {"000f", "timeuuid"}, {"0010", "inet"},
    {"0011", "date"},      {"0012", "time"},     {"0013", "smallint"},
    {"0014", "tinyint"},   {"0015", "duration"},
};

START_TEST(scalars) {
  struct cql_type t = decode(k_scalars[_i].text), none;

  ck_assert_str_eq(cql_type_name(t.id), k_scalars[_i].name);
  ck_assert_uint_eq(t.part_count, 0);
  ck_assert_ptr_null(t.name.p);
  ck_assert_int_eq(cql_type_part(&t, 0, &none, NULL), CQL_END);
}
END_TEST

START_TEST(names) {
  ck_assert_str_eq(cql_type_name(CQL_TYPE_CUSTOM), "custom");
  ck_assert_str_eq(cql_type_name(CQL_TYPE_LIST), "list");
  ck_assert_str_eq(cql_type_name(CQL_TYPE_MAP), "map");
  ck_assert_str_eq(cql_type_name(CQL_TYPE_SET), "set");
  ck_assert_str_eq(cql_type_name(CQL_TYPE_UDT), "udt");
  ck_assert_str_eq(cql_type_name(CQL_TYPE_TUPLE), "tuple");
  ck_assert_str_eq(cql_type_name(0x0016), "unknown");
  ck_assert_str_eq(cql_type_name(0xffff), "unknown");
}
END_TEST

START_TEST(unknown_id_is_data) {
  struct cql_type t = decode("7777");

  ck_assert_uint_eq(t.id, 0x7777);
  ck_assert_uint_eq(t.part_count, 0);
}
END_TEST

START_TEST(collections) {
  struct cql_type t = decode("0021 000d 0020 0022 000c"), v, e;

  ck_assert_uint_eq(t.id, CQL_TYPE_MAP);
  ck_assert_uint_eq(t.part_count, 2);
  ck_assert_uint_eq(part(&t, 0, NULL).id, CQL_TYPE_TEXT);
  v = part(&t, 1, NULL);
  ck_assert_uint_eq(v.id, CQL_TYPE_LIST);
  ck_assert_uint_eq(v.part_count, 1);
  e = part(&v, 0, NULL);
  ck_assert_uint_eq(e.id, CQL_TYPE_SET);
  ck_assert_uint_eq(part(&e, 0, NULL).id, CQL_TYPE_UUID);
  ck_assert_int_eq(cql_type_part(&t, 2, &v, NULL), CQL_END);
  ck_assert_int_eq(cql_type_part(&t, 65535, &v, NULL), CQL_END);
}
END_TEST

START_TEST(tuples) {
  struct cql_type t = decode("0031 0003 0009 0031 0000 000d");

  ck_assert_uint_eq(t.part_count, 3);
  ck_assert_uint_eq(part(&t, 0, NULL).id, CQL_TYPE_INT);
  ck_assert_uint_eq(part(&t, 1, NULL).id, CQL_TYPE_TUPLE);
  ck_assert_uint_eq(part(&t, 1, NULL).part_count, 0);
  ck_assert_uint_eq(part(&t, 2, NULL).id, CQL_TYPE_TEXT);
}
END_TEST

START_TEST(udts) {
  struct cql_type t = decode("0030 0002 'ks' 0004 'addr' 0002"
                             "0006 'street' 000d 0003 'zip' 0020 0009");
  struct cql_reader parts = t.parts;
  struct cql_type field;
  struct cql_span name;

  ck_assert_uint_eq(t.id, CQL_TYPE_UDT);
  ck_assert(is_text(t.keyspace, "ks"));
  ck_assert(is_text(t.name, "addr"));
  ck_assert_uint_eq(t.part_count, 2);
  ck_assert_uint_eq(part(&t, 0, "street").id, CQL_TYPE_TEXT);
  ck_assert_uint_eq(part(&t, 1, "zip").id, CQL_TYPE_LIST);

  ck_assert_int_eq(cql_type_next_part(&t, &parts, &field, &name), CQL_OK);
  ck_assert(is_text(name, "street"));
  ck_assert_int_eq(cql_type_next_part(&t, &parts, &field, NULL), CQL_OK);
  ck_assert_uint_eq(field.id, CQL_TYPE_LIST);
  ck_assert_int_eq(cql_type_next_part(&t, &parts, &field, &name), CQL_END);
}
END_TEST

START_TEST(custom_keeps_its_class_name) {
  struct cql_type t = decode("0000 0013 'com.example.MyThing'");

  ck_assert_uint_eq(t.id, CQL_TYPE_CUSTOM);
  ck_assert(is_text(t.name, "com.example.MyThing"));
  ck_assert_uint_eq(t.part_count, 0);
  ck_assert_uint_eq(t.vector_dimension, 0);
  ck_assert_uint_eq(cql_type_fixed_len(&t), 0);
}
END_TEST

START_TEST(duration_comes_as_custom) {
  struct cql_type t =
      decode("0000 002c 'org.apache.cassandra.db.marshal.DurationType'");

  ck_assert_uint_eq(t.id, CQL_TYPE_DURATION);
  ck_assert(is_text(t.name, MARSHAL "DurationType"));
}
END_TEST

START_TEST(vector_comes_as_custom) {
  struct cql_type t =
      decode("0020 0000 0059 'org.apache.cassandra.db.marshal.VectorType("
             "org.apache.cassandra.db.marshal.FloatType , 3)'");
  struct cql_type v = part(&t, 0, NULL), none;
  struct cql_reader parts = v.parts;

  ck_assert_uint_eq(v.id, CQL_TYPE_CUSTOM);
  ck_assert_uint_eq(v.vector_dimension, 3);
  ck_assert(is_text(v.vector_element, MARSHAL "FloatType"));
  ck_assert_uint_eq(v.part_count, 1);
  ck_assert_uint_eq(part(&v, 0, NULL).id, CQL_TYPE_FLOAT);
  ck_assert_int_eq(cql_type_part(&v, 1, &none, NULL), CQL_END);
  ck_assert_int_eq(cql_type_next_part(&v, &parts, &none, NULL), CQL_OK);
  ck_assert_int_eq(cql_type_next_part(&v, &parts, &none, NULL), CQL_END);
}
END_TEST

/* Options cut at every byte: none is taken for whole. */
static const char *const k_options[] = {
    "0009",
    "0020 0009",
    "0021 000d 0020 0022 000c",
    "0031 0003 0009 0031 0000 000d",
    "0030 0002 'ks' 0004 'addr' 0002 0006 'street' 000d 0003 'zip' 0020 0009",
    "0000 0005 'a.b.C'",
};

START_TEST(options_cut_anywhere) {
  struct golden_bytes whole = golden_parse(k_options[_i]);
  struct cql_reader r;
  struct cql_type t;

  for (size_t len = 0; len < whole.len; len++) {
    struct golden_bytes cut = golden_copy(whole.p, len);

    cql_reader_init(&r, cut.p, len);
    ck_assert_int_eq(cql_type_decode(&r, &t), CQL_ESHORT);
    free(cut.p);
  }
  free(whole.p);
}
END_TEST

START_TEST(counts_are_held_against_the_bytes) {
  static const char *const texts[] = {
      "0031 ffff 0009",
      "0031 0002 0009",
      "0030 0000 0000 ffff 0000 0009",
      "0030 0000 0000 0001 0009",
  };
  struct cql_reader r;
  struct cql_type t;

  g_bytes = golden_parse(texts[_i]);
  cql_reader_init(&r, g_bytes.p, g_bytes.len);
  ck_assert_int_eq(cql_type_decode(&r, &t), CQL_ESHORT);
}
END_TEST

/* Depth: so many containers around an int, and one more. */
static enum cql_rc decode_nested(size_t depth, uint16_t id, const char *leaf) {
  struct golden_bytes end = golden_parse(leaf);
  size_t each = id == CQL_TYPE_TUPLE ? 4 : 2;
  struct golden_bytes b = {malloc(depth * each + end.len),
                           depth * each + end.len};
  struct cql_reader r;
  struct cql_type t;
  enum cql_rc rc;

  ck_assert_ptr_nonnull(b.p);
  memset(b.p, 0, b.len);
  for (size_t i = 0; i < depth; i++) {
    b.p[i * each + 1] = (uint8_t)id;
    if (each == 4)
      b.p[i * each + 3] = 1;
  }
  memcpy(b.p + depth * each, end.p, end.len);
  cql_reader_init(&r, b.p, b.len);
  rc = cql_type_decode(&r, &t);
  free(b.p);
  free(end.p);
  return rc;
}

START_TEST(depth_is_capped) {
  static const uint16_t ids[] = {CQL_TYPE_LIST, CQL_TYPE_SET, CQL_TYPE_TUPLE};
  const uint16_t id = ids[_i];

  ck_assert_int_eq(decode_nested(CQL_TYPE_DEPTH_MAX, id, "0009"), CQL_OK);
  ck_assert_int_eq(decode_nested(CQL_TYPE_DEPTH_MAX + 1, id, "0009"),
                   CQL_EDEPTH);
  ck_assert_int_eq(decode_nested(100000, id, "0009"), CQL_EDEPTH);
  /* A vector inside counts as one more. */
  ck_assert_int_eq(decode_nested(CQL_TYPE_DEPTH_MAX - 1, id,
                                 "0000 0017 'VectorType(Int32Type,1)'"),
                   CQL_OK);
  ck_assert_int_eq(decode_nested(CQL_TYPE_DEPTH_MAX, id,
                                 "0000 0017 'VectorType(Int32Type,1)'"),
                   CQL_EDEPTH);
}
END_TEST

/* Class expressions */

static const struct {
  const char *class_name;
  uint16_t id;
} k_classes[] = {
    {MARSHAL "AsciiType", CQL_TYPE_ASCII},
    {MARSHAL "LongType", CQL_TYPE_BIGINT},
    {MARSHAL "BytesType", CQL_TYPE_BLOB},
    {MARSHAL "BooleanType", CQL_TYPE_BOOLEAN},
    {MARSHAL "CounterColumnType", CQL_TYPE_COUNTER},
    {MARSHAL "DecimalType", CQL_TYPE_DECIMAL},
    {MARSHAL "DoubleType", CQL_TYPE_DOUBLE},
    {MARSHAL "FloatType", CQL_TYPE_FLOAT},
    {MARSHAL "Int32Type", CQL_TYPE_INT},
    {MARSHAL "TimestampType", CQL_TYPE_TIMESTAMP},
    {MARSHAL "DateType", CQL_TYPE_TIMESTAMP},
    {MARSHAL "UUIDType", CQL_TYPE_UUID},
    {MARSHAL "UTF8Type", CQL_TYPE_TEXT},
    {MARSHAL "IntegerType", CQL_TYPE_VARINT},
    {MARSHAL "TimeUUIDType", CQL_TYPE_TIMEUUID},
    {MARSHAL "InetAddressType", CQL_TYPE_INET},
    {MARSHAL "SimpleDateType", CQL_TYPE_DATE},
    {MARSHAL "TimeType", CQL_TYPE_TIME},
    {MARSHAL "ShortType", CQL_TYPE_SMALLINT},
    {MARSHAL "ByteType", CQL_TYPE_TINYINT},
    {MARSHAL "DurationType", CQL_TYPE_DURATION},
    {"DurationType", CQL_TYPE_DURATION},
    {" \tDurationType  ", CQL_TYPE_DURATION},
    {"", CQL_TYPE_CUSTOM},
    {"   ", CQL_TYPE_CUSTOM},
    {MARSHAL, CQL_TYPE_CUSTOM},
    {"Duration", CQL_TYPE_CUSTOM},
    {"DurationTypes", CQL_TYPE_CUSTOM},
    {"durationtype", CQL_TYPE_CUSTOM},
    {"com.example.DurationType", CQL_TYPE_CUSTOM},
    {MARSHAL "EmptyType", CQL_TYPE_CUSTOM},
    {MARSHAL "ListType(" MARSHAL "Int32Type)", CQL_TYPE_CUSTOM},
    {MARSHAL "UserType(ks,61,62:" MARSHAL "Int32Type)", CQL_TYPE_CUSTOM},
};

START_TEST(classes) {
  struct cql_span name = cql_span_of(k_classes[_i].class_name);
  struct golden_bytes exact = golden_copy(name.p, name.len);
  struct cql_type t;

  name.p = exact.p;
  ck_assert_int_eq(cql_type_from_class(name, &t), CQL_OK);
  ck_assert_msg(t.id == k_classes[_i].id, "%s: %u", k_classes[_i].class_name,
                (unsigned)t.id);
  ck_assert(is_text(t.name, k_classes[_i].class_name));
  ck_assert_uint_eq(t.vector_dimension, 0);
  ck_assert_ptr_null(t.vector_element.p);
  ck_assert_uint_eq(t.part_count, 0);
  free(exact.p);
}
END_TEST

static const struct {
  const char *text;
  const char *element;
  uint32_t dimension; /* 0: not taken for a vector */
} k_vectors[] = {
    {"VectorType(FloatType,3)", "FloatType", 3},
    {MARSHAL "VectorType(" MARSHAL "FloatType , 3)", MARSHAL "FloatType", 3},
    {"  VectorType ( FloatType,3 )  ", "FloatType", 3},
    {"VectorType(\tFloatType\t,\t3\t)", "FloatType", 3},
    {"VectorType(FloatType,0003)", "FloatType", 3},
    {"VectorType(FloatType,2147483647)", "FloatType", INT32_MAX},
    {"VectorType(FloatType,2147483648)", NULL, 0},
    {"VectorType(VectorType(Int32Type, 2), 4)", "VectorType(Int32Type, 2)", 4},
    {"VectorType(MapType(Int32Type,UTF8Type),1)", "MapType(Int32Type,UTF8Type)",
     1},
    {"VectorType(FloatType,0)", NULL, 0},
    {"VectorType(FloatType,-3)", NULL, 0},
    {"VectorType(FloatType,3x)", NULL, 0},
    {"VectorType(FloatType,3 3)", NULL, 0},
    {"VectorType(FloatType,)", NULL, 0},
    {"VectorType(FloatType,99999999999)", NULL, 0},
    {"VectorType(FloatType,4294967299)", NULL, 0},
    {"VectorType(FloatType)", NULL, 0},
    {"VectorType(,3)", NULL, 0},
    {"VectorType( ,3)", NULL, 0},
    {"VectorType(3)", NULL, 0},
    {"VectorType()", NULL, 0},
    {"VectorType", NULL, 0},
    {"VectorType(", NULL, 0},
    {"VectorType(FloatType,3", NULL, 0},
    {"VectorType(FloatType,3))", NULL, 0},
    {"VectorType(FloatType),VectorType(FloatType,3)", NULL, 0},
    {"VectorType(ListType(FloatType,3)", NULL, 0},
    {"VectorTypes(FloatType,3)", NULL, 0},
    {"(FloatType,3)", NULL, 0},
    {"Vector(FloatType,3)", NULL, 0},
};

START_TEST(vectors) {
  struct cql_span name = cql_span_of(k_vectors[_i].text);
  struct golden_bytes exact = golden_copy(name.p, name.len);
  struct cql_type t;

  name.p = exact.p;
  ck_assert_int_eq(cql_type_from_class(name, &t), CQL_OK);
  ck_assert_uint_eq(t.id, CQL_TYPE_CUSTOM);
  ck_assert_msg(t.vector_dimension == k_vectors[_i].dimension, "%s: %u",
                k_vectors[_i].text, (unsigned)t.vector_dimension);
  ck_assert(is_text(t.vector_element, k_vectors[_i].element));
  ck_assert_uint_eq(t.part_count, t.vector_dimension > 0 ? 1 : 0);
  ck_assert(is_text(t.name, k_vectors[_i].text));
  free(exact.p);
}
END_TEST

/* "VectorType(VectorType(...Int32Type,1)...,1)" */
static enum cql_rc nested_vector(size_t depth, struct cql_type *t) {
  char text[4096] = "";
  enum cql_rc rc;

  for (size_t i = 0; i < depth; i++)
    strcat(text, "VectorType(");
  strcat(text, "Int32Type");
  for (size_t i = 0; i < depth; i++)
    strcat(text, ",1)");
  rc = cql_type_from_class(cql_span_of(text), t);
  if (rc == CQL_OK)
    ck_assert_uint_eq(cql_type_fixed_len(t), 4);
  return rc;
}

START_TEST(vector_depth_is_capped) {
  struct cql_type t;

  ck_assert_int_eq(nested_vector(1, &t), CQL_OK);
  ck_assert_int_eq(nested_vector(CQL_TYPE_DEPTH_MAX, &t), CQL_OK);
  ck_assert_int_eq(nested_vector(CQL_TYPE_DEPTH_MAX + 1, &t), CQL_EDEPTH);
  ck_assert_int_eq(nested_vector(200, &t), CQL_EDEPTH);
}
END_TEST

/* Parentheses without end are no depth: nothing descends into them. */
START_TEST(many_parentheses) {
  char text[2048];
  struct cql_type t;

  memset(text, '(', sizeof text);
  text[sizeof text - 1] = '\0';
  ck_assert_int_eq(cql_type_from_class(cql_span_of(text), &t), CQL_OK);
  memcpy(text, "VectorType(", 11);
  memcpy(text + sizeof text - 4, ",1)", 4);
  ck_assert_int_eq(cql_type_from_class(cql_span_of(text), &t), CQL_OK);
  ck_assert_uint_eq(t.vector_dimension, 0);
}
END_TEST

static const struct {
  const char *class_name;
  uint32_t fixed_len;
} k_fixed[] = {
    {"BooleanType", 1},
    {"Int32Type", 4},
    {"FloatType", 4},
    {"LongType", 8},
    {"DoubleType", 8},
    {"TimestampType", 8},
    {"UUIDType", 16},
    {"TimeUUIDType", 16},
    {"VectorType(FloatType, 3)", 12},
    {"VectorType(VectorType(FloatType, 3), 2)", 24},
    /* of constant size, and yet with lengths */
    {"CounterColumnType", 0},
    {"ShortType", 0},
    {"ByteType", 0},
    {"SimpleDateType", 0},
    {"TimeType", 0},
    {"UTF8Type", 0},
    {"VectorType(UTF8Type, 3)", 0},
    {"com.example.MyThing", 0},
    /* no value is so large */
    {"VectorType(LongType, 2147483639)", UINT32_MAX},
    {"VectorType(VectorType(VectorType(UUIDType, 2000000000), 2000000000), "
     "2000000000)",
     UINT32_MAX},
};

START_TEST(fixed_lengths) {
  struct cql_type t;

  ck_assert_int_eq(cql_type_from_class(cql_span_of(k_fixed[_i].class_name), &t),
                   CQL_OK);
  ck_assert_uint_eq(cql_type_fixed_len(&t), k_fixed[_i].fixed_len);
}
END_TEST

/* A type that no decoder made. */
START_TEST(fixed_length_of_a_vector_too_deep) {
  struct cql_type good, t = {.vector_dimension = 1};
  char text[1024] = "";

  for (int i = 0; i < 40; i++)
    strcat(text, "VectorType(");
  strcat(text, "Int32Type");
  for (int i = 0; i < 40; i++)
    strcat(text, ",1)");
  t.vector_element = cql_span_of(text);
  ck_assert_int_eq(cql_type_from_class(t.vector_element, &good), CQL_EDEPTH);
  ck_assert_uint_eq(cql_type_fixed_len(&t), 0);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

Suite *type_suite(void) {
  Suite *s = suite_create("type");
  TCase *tc = tcase_create("option");

  tcase_add_checked_fixture(tc, NULL, release);
  tcase_add_loop_test(tc, scalars, 0, COUNT(k_scalars));
  tcase_add_test(tc, names);
  tcase_add_test(tc, unknown_id_is_data);
  tcase_add_test(tc, collections);
  tcase_add_test(tc, tuples);
  tcase_add_test(tc, udts);
  tcase_add_test(tc, custom_keeps_its_class_name);
  tcase_add_test(tc, duration_comes_as_custom);
  tcase_add_test(tc, vector_comes_as_custom);
  tcase_add_loop_test(tc, options_cut_anywhere, 0, COUNT(k_options));
  tcase_add_loop_test(tc, counts_are_held_against_the_bytes, 0, 4);
  tcase_add_loop_test(tc, depth_is_capped, 0, 3);
  suite_add_tcase(s, tc);

  tc = tcase_create("class");
  tcase_add_loop_test(tc, classes, 0, COUNT(k_classes));
  tcase_add_loop_test(tc, vectors, 0, COUNT(k_vectors));
  tcase_add_test(tc, vector_depth_is_capped);
  tcase_add_test(tc, many_parentheses);
  tcase_add_loop_test(tc, fixed_lengths, 0, COUNT(k_fixed));
  tcase_add_test(tc, fixed_length_of_a_vector_too_deep);
  suite_add_tcase(s, tc);
  return s;
}
