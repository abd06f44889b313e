/* tests/unit/test_compress.c - bodies of frames and LZ4: what is compressed,
 * what is read, and what is refused before memory is asked for. */
#include <stdlib.h>
#include <string.h>

#include "core/compress.h"
#include "tests/support/lz4_block.h"
#include "tests/support/pool.h"
#include "tests/unit/lz4_bodies.h"
#include "tests/unit/suites.h"

enum { MAX_FRAME = 1 << 20 };

/* ---- Blocks ------------------------------------------------------------- */

/* The first one is a live server's, the second another client's test; the
 * others are written by the format's description. */
static const struct {
  const uint8_t *body;
  size_t len;
  const uint8_t *plain;
  size_t plain_len;
} bodies[] = {
    {BYTES("\0\0\0\4\x40\xff\xff\xff\xff"), BYTES("\xff\xff\xff\xff")},
    {BYTES("\0\0\0\x08\x80, World!"), BYTES(", World!")},
    {BYTES("\0\0\0\x14\x38"
           "abc\3\0\x50"
           "abcde"),
     BYTES("abcabcabcabcabcabcde")},
    {BYTES("\0\0\0\x1a\x1f"
           "x\1\0\1\x50"
           "abcde"),
     BYTES("xxxxxxxxxxxxxxxxxxxxxabcde")},
    {BYTES("\0\0\0\x12\xf0\3aaaaabbbbbcccccddd"), BYTES("aaaaabbbbbcccccddd")},
    {BYTES("\0\0\0\0\0"), BYTES("")},
    {BYTES("\0\0\0\0"), BYTES("")},
};
enum { BODIES = sizeof bodies / sizeof bodies[0] };

static bool opens(struct compress *z, struct pool *pool, struct cql_frame *f,
                  const uint8_t *body, size_t len, struct failure *why) {
  const struct net_heap heap = pool_heap(pool);

  memset(f, 0, sizeof *f);
  f->header.flags = CQL_FLAG_COMPRESSED | CQL_FLAG_WARNING;
  f->header.body_len = (uint32_t)len;
  f->body = body;
  failure_init(why, FAILURE_PROTOCOL, OUTCOME_NOT_APPLIED, "broken");
  return compress_open(z, &heap, true, MAX_FRAME, f, why);
}

START_TEST(good_body) {
  struct compress z = {0};
  struct pool pool = {0};
  struct failure why;
  struct cql_frame f;
  const struct net_heap heap = pool_heap(&pool);

  ck_assert_msg(opens(&z, &pool, &f, bodies[_i].body, bodies[_i].len, &why),
                "%s", why.detail);
  ck_assert_uint_eq(f.header.flags, CQL_FLAG_WARNING);
  ck_assert_uint_eq(f.header.body_len, bodies[_i].plain_len);
  if (bodies[_i].plain_len > 0)
    ck_assert_mem_eq(f.body, bodies[_i].plain, bodies[_i].plain_len);
  compress_done(&z, &heap);
  compress_fini(&z, &heap);
  ck_assert_uint_eq(pool.live, 0);
}
END_TEST

/* Ours by lz4, and lz4's by ours. */
START_TEST(both_ways) {
  static char text[LARGE + 1];
  static uint8_t frame[9 + LARGE], packed[4 + 2 * LARGE], plain[LARGE];
  size_t n = (size_t)(_i < 600 ? _i : 1000 * (_i - 599)), len;
  struct compress z = {0};
  struct pool pool = {0};
  struct failure why;
  struct cql_frame f;
  const struct net_heap heap = pool_heap(&pool);

  wild_key(text, n);
  for (size_t i = 0; i + 30 < n; i += 50)
    memset(text + i, 'r', 3 + i % 27);
  len = lz4_block_encode((const uint8_t *)text, n, packed + 4);
  ck_assert_uint_le(len, lz4_block_bound(n));
  packed[2] = (uint8_t)(n >> 8);
  packed[3] = (uint8_t)n;
  ck_assert_msg(opens(&z, &pool, &f, packed, 4 + len, &why), "%s", why.detail);
  ck_assert_uint_eq(f.header.body_len, n);
  ck_assert(n == 0 || memcmp(f.body, text, n) == 0);

  cql_header_encode(frame, 0, 1, CQL_OP_QUERY, (uint32_t)n);
  memcpy(frame + 9, text, n);
  len = compress_frame(&z, &heap, frame, 9 + n) - 9;
  ck_assert(n > COMPRESS_ABOVE ? len < n : len == n);
  ck_assert_uint_eq(frame[1], len < n ? CQL_FLAG_COMPRESSED : 0);
  ck_assert_uint_eq((size_t)frame[7] << 8 | frame[8], len);
  if (len < n) {
    ck_assert_mem_eq(frame + 9, packed, 4);
    ck_assert(lz4_block_decode(frame + 13, len - 4, plain, n));
    ck_assert_mem_eq(plain, text, n);
  }
  compress_fini(&z, &heap);
  ck_assert_uint_eq(pool.live, 0);
}
END_TEST

/* ---- What is broken ----------------------------------------------------- */

START_TEST(broken_body) {
  struct compress z = {0};
  struct pool pool = {0};
  struct failure why;
  struct cql_frame f;
  const struct net_heap heap = pool_heap(&pool);
  /* One byte too many to read is one that the sanitizer sees. */
  uint8_t *body = malloc(broken[_i].len + (broken[_i].len == 0));

  memcpy(body, broken[_i].body, broken[_i].len);
  ck_assert(!opens(&z, &pool, &f, body, broken[_i].len, &why));
  ck_assert_int_eq(why.code, FAILURE_PROTOCOL);
  ck_assert_msg(strstr(why.detail, broken[_i].words) != NULL, "%s", why.detail);
  ck_assert_uint_le(pool.largest, COMPRESS_KEEP);
  compress_fini(&z, &heap);
  ck_assert_uint_eq(pool.live, 0);
  free(body);
}
END_TEST

/* Without memory a request goes as it is. */
START_TEST(no_memory_for_a_request) {
  static uint8_t frame[9 + LARGE];
  struct pool pool = {.limit = _i == 0 ? 1 : 0};
  struct compress z = {0};
  const struct net_heap heap = pool_heap(&pool);

  cql_header_encode(frame, 0, 1, CQL_OP_QUERY, LARGE);
  ck_assert_uint_eq(compress_frame(&z, &heap, frame, 9 + 600) < 9 + 600,
                    _i == 1);
  ck_assert_uint_eq(frame[1], _i == 1);
  compress_fini(&z, &heap);
  ck_assert_uint_eq(pool.live, 0);
}
END_TEST

/* A callback may send while an answer is looked at. */
START_TEST(answer_outlives_a_request) {
  static uint8_t frame[9 + LARGE];
  struct compress z = {0};
  struct pool pool = {0};
  struct failure why;
  struct cql_frame f;
  const struct net_heap heap = pool_heap(&pool);

  ck_assert(opens(&z, &pool, &f, bodies[2].body, bodies[2].len, &why));
  cql_header_encode(frame, 0, 1, CQL_OP_QUERY, LARGE);
  ck_assert_uint_lt(compress_frame(&z, &heap, frame, sizeof frame), LARGE);
  ck_assert_mem_eq(f.body, bodies[2].plain, bodies[2].plain_len);
  compress_fini(&z, &heap);
}
END_TEST

/* ... and large requests leave as little as large answers do. */
START_TEST(large_request_leaves_nothing) {
  size_t large = 10 * COMPRESS_KEEP;
  uint8_t *frame = calloc(1, 9 + large);
  struct compress z = {0};
  struct pool pool = {0};
  const struct net_heap heap = pool_heap(&pool);

  cql_header_encode(frame, 0, 1, CQL_OP_QUERY, 1000);
  ck_assert_uint_lt(compress_frame(&z, &heap, frame, 1009), 1009);
  ck_assert_uint_le(pool.live, COMPRESS_KEEP + 20 * 1024);
  cql_header_encode(frame, 0, 1, CQL_OP_QUERY, (uint32_t)large);
  ck_assert_uint_lt(compress_frame(&z, &heap, frame, 9 + large), large);
  ck_assert_uint_ge(pool.largest, large);
  ck_assert_uint_le(pool.live, COMPRESS_KEEP + 20 * 1024);
  compress_fini(&z, &heap);
  ck_assert_uint_eq(pool.live, 0);
  free(frame);
}
END_TEST

Suite *compress_suite(void) {
  Suite *s = suite_create("compress");
  TCase *tc = tcase_create("bodies");

  if (compress_is_built()) {
    tcase_add_loop_test(tc, good_body, 0, BODIES);
    tcase_add_loop_test(tc, both_ways, 0, 620);
    tcase_add_loop_test(tc, no_memory_for_a_request, 0, 2);
    tcase_add_test(tc, answer_outlives_a_request);
    tcase_add_test(tc, large_request_leaves_nothing);
  }
  tcase_add_loop_test(tc, broken_body, 0, BROKEN);
  suite_add_tcase(s, tc);
  return s;
}
