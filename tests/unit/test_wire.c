/* tests/unit/test_wire.c - the notations of section 3. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire.h"
#include "tests/unit/golden.h"
#include "tests/unit/suites.h"

/* One reader over an exact-size copy of hand-written bytes. */
static struct golden_bytes g_bytes;

static struct cql_reader reader(const char *text) {
  struct cql_reader r;

  g_bytes = golden_parse(text);
  cql_reader_init(&r, g_bytes.p, g_bytes.len);
  return r;
}

static void release(void) {
  free(g_bytes.p);
  g_bytes.p = NULL;
}

static bool is_text(struct cql_span s, const char *text) {
  return cql_span_equal(s, cql_span_of(text));
}

START_TEST(integers_are_big_endian) {
  struct cql_reader r = reader("ff 8001 fffffffe 8000000000000001");

  ck_assert_uint_eq(cql_get_byte(&r), 0xff);
  ck_assert_uint_eq(cql_get_short(&r), 0x8001);
  ck_assert_int_eq(cql_get_int(&r), -2);
  ck_assert(cql_get_long(&r) == INT64_MIN + 1);
  ck_assert_uint_eq(cql_left(&r), 0);
  ck_assert(!r.bad);
}
END_TEST

START_TEST(strings_are_spans_of_the_input) {
  struct cql_reader r = reader("0002 'ab' 0000 00000003 'cde' 0001 ff");
  struct cql_span s;

  s = cql_get_string(&r);
  ck_assert(is_text(s, "ab"));
  ck_assert_ptr_eq(s.p, g_bytes.p + 2);
  s = cql_get_string(&r);
  ck_assert_uint_eq(s.len, 0);
  ck_assert_ptr_nonnull(s.p);
  ck_assert(is_text(cql_get_long_string(&r), "cde"));
  s = cql_get_short_bytes(&r);
  ck_assert_uint_eq(s.len, 1);
  ck_assert_uint_eq(s.p[0], 0xff);
  ck_assert(!r.bad);
}
END_TEST

START_TEST(bytes_tell_null_from_empty) {
  struct cql_reader r = reader("ffffffff 00000000 80000000 00000001 07");
  struct cql_span s;

  ck_assert_ptr_null(cql_get_bytes(&r).p);
  s = cql_get_bytes(&r);
  ck_assert_ptr_nonnull(s.p);
  ck_assert_uint_eq(s.len, 0);
  ck_assert_ptr_null(cql_get_bytes(&r).p); /* any negative length is null */
  ck_assert_uint_eq(cql_get_bytes(&r).p[0], 7);
  ck_assert(!r.bad);
}
END_TEST

START_TEST(empty_at_the_very_end_is_not_null) {
  struct cql_reader r = reader("00000000");
  struct cql_span s = cql_get_bytes(&r);

  ck_assert_ptr_nonnull(s.p);
  ck_assert_uint_eq(s.len, 0);
  ck_assert(!r.bad);
}
END_TEST

START_TEST(value_tells_three_kinds_apart) {
  struct cql_reader r = reader("ffffffff fffffffe 00000000 00000002 0102");
  struct cql_span s;

  ck_assert_int_eq(cql_get_value(&r, &s), CQL_VALUE_NULL);
  ck_assert_ptr_null(s.p);
  ck_assert_int_eq(cql_get_value(&r, &s), CQL_VALUE_UNSET);
  ck_assert_ptr_null(s.p);
  ck_assert_int_eq(cql_get_value(&r, &s), CQL_VALUE_BYTES);
  ck_assert_ptr_nonnull(s.p);
  ck_assert_uint_eq(s.len, 0);
  ck_assert_int_eq(cql_get_value(&r, &s), CQL_VALUE_BYTES);
  ck_assert_uint_eq(s.len, 2);
  ck_assert(!r.bad);
}
END_TEST

START_TEST(value_below_unset_is_bad) {
  struct cql_reader r = reader("fffffffd 00");
  struct cql_span s;

  ck_assert_int_eq(cql_get_value(&r, &s), CQL_VALUE_NULL);
  ck_assert_ptr_null(s.p);
  ck_assert(r.bad);
}
END_TEST

START_TEST(long_string_of_negative_length_is_bad) {
  struct cql_reader r = reader("ffffffff 'a'");

  ck_assert_ptr_null(cql_get_long_string(&r).p);
  ck_assert(r.bad);
}
END_TEST

START_TEST(inet_of_both_families) {
  struct cql_reader r = reader("04 c0a80102 00002352"
                               "10 20010db8000000000000000000000001 ffffffff");
  static const uint8_t v4[4] = {192, 168, 1, 2};
  struct cql_inet a;

  cql_get_inet(&r, &a);
  ck_assert_uint_eq(a.len, 4);
  ck_assert_mem_eq(a.address, v4, 4);
  ck_assert_int_eq(a.port, 9042);
  cql_get_inet(&r, &a);
  ck_assert_uint_eq(a.len, 16);
  ck_assert_uint_eq(a.address[0], 0x20);
  ck_assert_uint_eq(a.address[15], 0x01);
  ck_assert_int_eq(a.port, -1);
  ck_assert(!r.bad);
}
END_TEST

START_TEST(inet_of_any_other_size_is_bad) {
  static const char *const texts[] = {"00 00000000", "05 0102030405 00000000",
                                      "ff 00"};
  struct cql_reader r = reader(texts[_i]);
  struct cql_inet a;

  cql_get_inet(&r, &a);
  ck_assert(r.bad);
  ck_assert_uint_eq(a.len, 0);
}
END_TEST

/* Every getter on every proper prefix of a whole item. */
enum getter { BYTE, SHORT, INT, LONG, STRING, LONG_STRING, BYTES, VALUE, INET };

static const struct {
  enum getter getter;
  const char *text;
} k_items[] = {
    {BYTE, "01"},
    {SHORT, "0102"},
    {INT, "01020304"},
    {LONG, "0102030405060708"},
    {STRING, "0003 'abc'"},
    {LONG_STRING, "00000003 'abc'"},
    {BYTES, "00000003 'abc'"},
    {BYTES, "7fffffff 'abc'"},
    {VALUE, "00000003 'abc'"},
    {INET, "04 7f000001 00002352"},
    {INET, "10 00000000000000000000000000000001 00002352"},
};

static void get(enum getter getter, struct cql_reader *r) {
  struct cql_inet a;
  struct cql_span s;

  switch (getter) {
  case BYTE:
    ck_assert_uint_eq(cql_get_byte(r), 0);
    break;
  case SHORT:
    ck_assert_uint_eq(cql_get_short(r), 0);
    break;
  case INT:
    ck_assert_int_eq(cql_get_int(r), 0);
    break;
  case LONG:
    ck_assert_int_eq(cql_get_long(r), 0);
    break;
  case STRING:
    ck_assert_ptr_null(cql_get_string(r).p);
    break;
  case LONG_STRING:
    ck_assert_ptr_null(cql_get_long_string(r).p);
    break;
  case BYTES:
    s = cql_get_bytes(r);
    ck_assert_ptr_null(s.p);
    ck_assert_uint_eq(s.len, 0);
    break;
  case VALUE:
    cql_get_value(r, &s);
    ck_assert_ptr_null(s.p);
    break;
  case INET:
    cql_get_inet(r, &a);
    break;
  }
}

START_TEST(short_reads_are_bad_and_stay_so) {
  struct golden_bytes whole = golden_parse(k_items[_i].text);

  for (size_t len = 0; len < whole.len; len++) {
    struct golden_bytes cut = golden_copy(whole.p, len);
    const uint8_t *stopped;
    struct cql_reader r;

    cql_reader_init(&r, cut.p, len);
    get(k_items[_i].getter, &r);
    ck_assert_msg(r.bad, "item %d cut at %zu", _i, len);
    stopped = r.p;
    for (int g = BYTE; g <= INET; g++)
      get((enum getter)g, &r);
    ck_assert_ptr_eq(r.p, stopped);
    ck_assert(r.bad);
    ck_assert_ptr_null(cql_take(&r, 0));
    free(cut.p);
  }
  free(whole.p);
}
END_TEST

START_TEST(reader_over_nothing) {
  struct cql_reader r, zero;

  cql_reader_init(&r, NULL, 0);
  ck_assert_uint_eq(cql_left(&r), 0);
  ck_assert_ptr_nonnull(cql_take(&r, 0));
  ck_assert(!r.bad);
  cql_get_byte(&r);
  ck_assert(r.bad);

  memset(&zero, 0, sizeof zero);
  ck_assert_uint_eq(cql_left(&zero), 0);
  ck_assert_ptr_nonnull(cql_take(&zero, 0));
  ck_assert_ptr_null(cql_take(&zero, 1));
}
END_TEST

/* One of everything that a writer puts, and the bytes that must come. */
static const char k_written[] = "7f 8001 fffffffe 8000000000000001 cafe"
                                "0002 'ab' 00000003 'cde' 0001 ff"
                                "00000001 07 ffffffff 00000000 fffffffe";

static void write_all(struct cql_writer *w) {
  static const uint8_t raw[] = {0xca, 0xfe, 0xff, 0x07};

  cql_put_byte(w, 0x7f);
  cql_put_short(w, 0x8001);
  cql_put_int(w, -2);
  cql_put_long(w, INT64_MIN + 1);
  cql_put_raw(w, raw, 2);
  cql_put_raw(w, NULL, 0);
  cql_put_string(w, cql_span_of("ab"));
  cql_put_long_string(w, cql_span_of("cde"));
  cql_put_short_bytes(w, (struct cql_span){raw + 2, 1});
  cql_put_bytes(w, (struct cql_span){raw + 3, 1});
  cql_put_bytes(w, (struct cql_span){NULL, 0});
  cql_put_bytes(w, (struct cql_span){raw, 0});
  cql_put_unset(w);
}

START_TEST(writer_writes) {
  struct golden_bytes want = golden_parse(k_written);
  uint8_t buf[128];
  struct cql_writer w;

  cql_writer_init(&w, buf, sizeof buf);
  write_all(&w);
  ck_assert(cql_writer_fits(&w));
  ck_assert_uint_eq(w.need, want.len);
  ck_assert_mem_eq(buf, want.p, want.len);
  free(want.p);
}
END_TEST

/* Whatever the cap: the exact need, a true prefix, and no byte beyond. */
START_TEST(writer_keeps_to_every_cap) {
  struct golden_bytes want = golden_parse(k_written);

  for (size_t cap = 0; cap <= want.len; cap++) {
    uint8_t *buf = malloc(want.len + 1);
    struct cql_writer w;

    ck_assert_ptr_nonnull(buf);
    memset(buf, 0xee, want.len + 1);
    cql_writer_init(&w, buf, cap);
    write_all(&w);
    ck_assert_uint_eq(w.need, want.len);
    ck_assert_int_eq(cql_writer_fits(&w), cap == want.len);
    for (size_t i = cap; i <= want.len; i++)
      ck_assert_uint_eq(buf[i], 0xee);
    for (size_t i = 0; i < cap; i++)
      ck_assert(buf[i] == want.p[i] || buf[i] == 0xee);
    free(buf);
  }
  free(want.p);
}
END_TEST

START_TEST(writer_without_a_buffer_counts) {
  struct cql_writer w;

  cql_writer_init(&w, NULL, 0);
  ck_assert(cql_writer_fits(&w));
  write_all(&w);
  cql_patch_int(&w, 0, 1);
  ck_assert_uint_eq(w.need, golden_write(k_written, NULL));
}
END_TEST

/* The lengths alone are looked at: nothing behind the pointer is read. */
START_TEST(writer_refuses_what_the_wire_cannot_hold) {
  static const uint8_t byte = 0;
  const struct cql_span over_short = {&byte, UINT16_MAX + (size_t)1};
  const struct cql_span over_int = {&byte, (size_t)INT32_MAX + 1};
  uint8_t buf[64];
  struct cql_writer w;

  cql_writer_init(&w, buf, sizeof buf);
  cql_put_string(&w, over_short);
  ck_assert_uint_eq(w.need, SIZE_MAX);
  cql_put_byte(&w, 1);
  ck_assert_uint_eq(w.need, SIZE_MAX); /* for good */
  ck_assert(!cql_writer_fits(&w));

  cql_writer_init(&w, buf, sizeof buf);
  cql_put_short_bytes(&w, over_short);
  ck_assert_uint_eq(w.need, SIZE_MAX);
  cql_writer_init(&w, buf, sizeof buf);
  cql_put_long_string(&w, over_int);
  ck_assert_uint_eq(w.need, SIZE_MAX);
  cql_writer_init(&w, buf, sizeof buf);
  cql_put_bytes(&w, over_int);
  ck_assert_uint_eq(w.need, SIZE_MAX);
}
END_TEST

/* The most that each can hold is still counted. */
START_TEST(writer_counts_the_largest) {
  static const uint8_t byte = 0;
  struct cql_writer w;

  cql_writer_init(&w, NULL, 0);
  cql_put_short_bytes(&w, (struct cql_span){&byte, UINT16_MAX});
  ck_assert_uint_eq(w.need, UINT16_MAX + 2);
  cql_writer_init(&w, NULL, 0);
  cql_put_bytes(&w, (struct cql_span){&byte, INT32_MAX});
  ck_assert_uint_eq(w.need, (size_t)INT32_MAX + 4);
}
END_TEST

START_TEST(writer_count_does_not_wrap) {
  static const uint8_t byte = 0;
  struct cql_writer w;

  cql_writer_init(&w, NULL, 0);
  cql_put_raw(&w, &byte, SIZE_MAX - 1);
  ck_assert_uint_eq(w.need, SIZE_MAX - 1);
  cql_put_raw(&w, &byte, 2);
  ck_assert_uint_eq(w.need, SIZE_MAX);
}
END_TEST

START_TEST(string_of_the_largest_size) {
  struct cql_span s = {calloc(1, UINT16_MAX), UINT16_MAX};
  uint8_t *buf = malloc(UINT16_MAX + 2);
  struct cql_writer w;

  ck_assert(s.p != NULL && buf != NULL);
  cql_writer_init(&w, buf, UINT16_MAX + 2);
  cql_put_string(&w, s);
  ck_assert_uint_eq(w.need, UINT16_MAX + 2);
  ck_assert_uint_eq(buf[0], 0xff);
  ck_assert_uint_eq(buf[1], 0xff);
  free((void *)(uintptr_t)s.p);
  free(buf);
}
END_TEST

START_TEST(patch_only_what_is_written) {
  static const uint8_t want[] = {9, 0x01, 0x02, 0x03, 0x04, 9, 9, 9};
  uint8_t buf[8];
  struct cql_writer w;

  memset(buf, 9, sizeof buf);
  cql_writer_init(&w, buf, 6);
  cql_patch_int(&w, 0, -1); /* nothing is written yet */
  cql_put_byte(&w, 9);
  cql_put_int(&w, 0);
  cql_patch_int(&w, 1, 0x01020304);
  cql_patch_int(&w, 2, -1); /* one byte beyond what is written */
  cql_patch_int(&w, SIZE_MAX, -1);
  ck_assert_mem_eq(buf, want, sizeof want);
  cql_put_int(&w, 0); /* over the cap: what fits may be patched, no more */
  cql_patch_int(&w, 3, -1);
  ck_assert_mem_eq(buf, want, sizeof want);
  cql_patch_int(&w, 1, 0x01020304);
  ck_assert_mem_eq(buf, want, sizeof want);
}
END_TEST

START_TEST(spans_compare_bytes_and_nullness) {
  const struct cql_span null = {NULL, 0}, empty = cql_span_of("");

  ck_assert(is_text(cql_span_of("ab"), "ab"));
  ck_assert(!is_text(cql_span_of("ab"), "ac"));
  ck_assert(!is_text(cql_span_of("ab"), "abc"));
  ck_assert(cql_span_equal(empty, empty));
  ck_assert(cql_span_equal(null, cql_span_of(NULL)));
  ck_assert(!cql_span_equal(null, empty));
  ck_assert_uint_eq(cql_span_of("hello").len, 5);
  ck_assert_ptr_null(cql_span_of(NULL).p);
}
END_TEST

Suite *wire_suite(void) {
  Suite *s = suite_create("wire");
  TCase *tc = tcase_create("reader");

  tcase_add_checked_fixture(tc, NULL, release);
  tcase_add_test(tc, integers_are_big_endian);
  tcase_add_test(tc, strings_are_spans_of_the_input);
  tcase_add_test(tc, bytes_tell_null_from_empty);
  tcase_add_test(tc, empty_at_the_very_end_is_not_null);
  tcase_add_test(tc, value_tells_three_kinds_apart);
  tcase_add_test(tc, value_below_unset_is_bad);
  tcase_add_test(tc, long_string_of_negative_length_is_bad);
  tcase_add_test(tc, inet_of_both_families);
  tcase_add_loop_test(tc, inet_of_any_other_size_is_bad, 0, 3);
  tcase_add_loop_test(tc, short_reads_are_bad_and_stay_so, 0,
                      (int)(sizeof k_items / sizeof k_items[0]));
  tcase_add_test(tc, reader_over_nothing);
  suite_add_tcase(s, tc);

  tc = tcase_create("writer");
  tcase_add_test(tc, writer_writes);
  tcase_add_test(tc, writer_keeps_to_every_cap);
  tcase_add_test(tc, writer_without_a_buffer_counts);
  tcase_add_test(tc, writer_refuses_what_the_wire_cannot_hold);
  tcase_add_test(tc, writer_counts_the_largest);
  tcase_add_test(tc, writer_count_does_not_wrap);
  tcase_add_test(tc, string_of_the_largest_size);
  tcase_add_test(tc, patch_only_what_is_written);
  tcase_add_test(tc, spans_compare_bytes_and_nullness);
  suite_add_tcase(s, tc);
  return s;
}
