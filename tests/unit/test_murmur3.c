/* tests/unit/test_murmur3.c - tokens, against what Cassandra's own partitioner
 * gave for the same keys. */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/murmur3.h"
#include "tests/unit/golden.h"
#include "tests/unit/suites.h"

#ifndef TALLY_VECTORS
#  error "TALLY_VECTORS must name the directory of murmur3.tsv"
#endif

enum { VECTOR_ROWS = 67 };

/* A row is the key in hexadecimal, a tab, the token in decimal. */
START_TEST(vectors) {
  FILE *f = fopen(TALLY_VECTORS "/murmur3.tsv", "r");
  char line[512];
  int rows = 0;

  ck_assert_ptr_nonnull(f);
  while (fgets(line, sizeof line, f) != NULL) {
    char *tab = strchr(line, '\t'), *end;
    struct golden_bytes key;
    int64_t want, got;

    ck_assert_ptr_nonnull(tab);
    *tab = '\0';
    want = strtoimax(tab + 1, &end, 10);
    ck_assert_msg(end != tab + 1 && *end == '\n', "row %d", rows);
    key = golden_parse(line);
    got = cql_murmur3_token(key.p, key.len);
    ck_assert_msg(got == want, "key %s: got %" PRId64 ", want %" PRId64, line,
                  got, want);
    free(key.p);
    rows++;
  }
  fclose(f);
  ck_assert_int_eq(rows, VECTOR_ROWS);
}
END_TEST

/* The published description, byte by byte, to hold the quick one against on
 * keys of every length and of many high bytes. */
static uint64_t rotl(uint64_t x, int n) {
  return x << n | x >> (64 - n);
}

static uint64_t word(const uint8_t *p, size_t n, int is_signed) {
  uint64_t w = 0;

  for (size_t i = 0; i < n; i++) {
    uint64_t byte = p[i];

    if (is_signed && byte >= 0x80)
      byte |= ~(uint64_t)0xff;
    w ^= byte << (8 * i);
  }
  return w;
}

static uint64_t fmix(uint64_t k) {
  k ^= k >> 33;
  k *= UINT64_C(0xff51afd7ed558ccd);
  k ^= k >> 33;
  k *= UINT64_C(0xc4ceb9fe1a85ec53);
  return k ^ k >> 33;
}

static int64_t slow_token(const uint8_t *p, size_t len) {
  const uint64_t c1 = UINT64_C(0x87c37b91114253d5);
  const uint64_t c2 = UINT64_C(0x4cf5ad432745937f);
  uint64_t h1 = 0, h2 = 0, h;
  size_t i, rest = len % 16;

  for (i = 0; i + 16 <= len; i += 16) {
    h1 ^= rotl(word(p + i, 8, 0) * c1, 31) * c2;
    h1 = (rotl(h1, 27) + h2) * 5 + 0x52dce729;
    h2 ^= rotl(word(p + i + 8, 8, 0) * c2, 33) * c1;
    h2 = (rotl(h2, 31) + h1) * 5 + 0x38495ab5;
  }
  if (rest > 8)
    h2 ^= rotl(word(p + i + 8, rest - 8, 1) * c2, 33) * c1;
  if (rest > 0)
    h1 ^= rotl(word(p + i, rest < 8 ? rest : 8, 1) * c1, 31) * c2;
  h1 ^= len;
  h2 ^= len;
  h1 += h2;
  h2 += h1;
  h = fmix(h1) + fmix(h2);
  return h == UINT64_C(1) << 63 ? INT64_MAX : (int64_t)h;
}

START_TEST(every_length_and_sign) {
  uint32_t seed = 12345;

  for (size_t len = 1; len <= 80; len++) {
    for (int round = 0; round < 64; round++) {
      uint8_t key[80];
      struct golden_bytes exact;

      for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525u + 1013904223u;
        key[i] = (uint8_t)(seed >> 24);
        if (round == 0)
          key[i] |= 0x80;
        if (round == 1)
          key[i] &= 0x7f;
      }
      exact = golden_copy(key, len);
      ck_assert_int_eq(cql_murmur3_token(exact.p, len), slow_token(key, len));
      free(exact.p);
    }
  }
}
END_TEST

START_TEST(empty_key_is_the_minimum) {
  ck_assert(cql_murmur3_token(NULL, 0) == INT64_MIN);
  ck_assert(cql_murmur3_token("", 0) == INT64_MIN);
}
END_TEST

/* Composite keys of the facts, put together part by part. */
static const struct {
  const char *parts[3];
  const char *key;
  int64_t token;
} k_composites[] = {
    {{"'a'", "'b'"}, "0001 61 00 0001 62 00", 7470152180878494447},
    {{"00000001", "'hello'"},
     "0004 00000001 00 0005 68656c6c6f 00",
     -5964652701051312773},
    {{"", "fffffffffffffffe"},
     "0000 00 0008 fffffffffffffffe 00",
     -4637448700204959946},
};

START_TEST(composite_keys) {
  struct golden_bytes want = golden_parse(k_composites[_i].key);
  uint8_t buf[64];
  struct cql_writer w;

  cql_writer_init(&w, buf, sizeof buf);
  for (int i = 0; k_composites[_i].parts[i] != NULL; i++) {
    struct golden_bytes part = golden_parse(k_composites[_i].parts[i]);

    ck_assert_int_eq(
        cql_routing_key_put(&w, (struct cql_span){part.p, part.len}), CQL_OK);
    free(part.p);
  }
  ck_assert_uint_eq(w.need, want.len);
  ck_assert_mem_eq(buf, want.p, want.len);
  ck_assert_int_eq(cql_murmur3_token(buf, w.need), k_composites[_i].token);
  free(want.p);
}
END_TEST

START_TEST(component_too_long) {
  static const uint8_t bytes[UINT16_MAX + 1];
  struct cql_writer w;

  cql_writer_init(&w, NULL, 0);
  ck_assert_int_eq(cql_routing_key_put(&w, (struct cql_span){bytes, 65536}),
                   CQL_ELENGTH);
  ck_assert_uint_eq(w.need, 0);
  ck_assert_int_eq(cql_routing_key_put(&w, (struct cql_span){bytes, 65535}),
                   CQL_OK);
  ck_assert_uint_eq(w.need, 65538);
}
END_TEST

Suite *murmur3_suite(void) {
  Suite *s = suite_create("murmur3");
  TCase *tc = tcase_create("token");

  tcase_add_test(tc, vectors);
  tcase_add_test(tc, every_length_and_sign);
  tcase_add_test(tc, empty_key_is_the_minimum);
  tcase_add_loop_test(tc, composite_keys, 0, 3);
  tcase_add_test(tc, component_too_long);
  suite_add_tcase(s, tc);
  return s;
}
