/* tests/unit/test_routing_key.c - the token of an operation.  Tokens are those
 * of tests/vectors/murmur3.tsv, made by Cassandra's own partitioner. */
#include <stdlib.h>
#include <string.h>

#include "core/routing_key.h"
#include "proto/murmur3.h"
#include "tests/unit/suites.h"

static const struct net_heap heap;

static struct op *op_about(const struct statement *s) {
  struct op *op = op_make(&heap);

  ck_assert_ptr_nonnull(op);
  op->statement = s;
  return op;
}

static void is_token(struct op *op, int64_t expected) {
  int64_t token = 0;

  ck_assert(routing_key_token(op, &heap, &token));
  ck_assert_int_eq(token, expected);
  op_release(&heap, op);
}

static void has_none(struct op *op) {
  int64_t token;

  ck_assert(!routing_key_token(op, &heap, &token));
  op_release(&heap, op);
}

/* Plain bytes, whatever is bound before and after. */
START_TEST(one_column) {
  static const struct statement update = {.key_count = 1};
  struct op *op = op_about(&update);

  ck_assert(op_bind_bigint(op, &heap, 1));
  ck_assert(op_bind_unset(op, &heap));
  op->key_at = op->values_len;
  ck_assert(op_bind_bytes(op, &heap, "hello", 5));
  ck_assert(op_bind_int(op, &heap, 7)); /* a clustering key */
  is_token(op, INT64_C(-3758069500696749310));
}
END_TEST

/* A range's end. */
START_TEST(a_token) {
  static const struct statement select = {.key_count = KEY_IS_TOKEN};
  struct op *op = op_about(&select);

  ck_assert(op_bind_bigint(op, &heap, INT64_MIN + 3));
  ck_assert(op_bind_bigint(op, &heap, 7));
  is_token(op, INT64_MIN + 3);
}
END_TEST

START_TEST(one_int) {
  static const struct statement select = {.key_count = 1};
  struct op *op = op_about(&select);

  ck_assert(op_bind_int(op, &heap, -1));
  is_token(op, INT64_C(7297452126230313552));
}
END_TEST

START_TEST(two_columns) {
  static const struct statement select = {.key_count = 2};
  struct op *op = op_about(&select);

  ck_assert(op_bind_bytes(op, &heap, "a", 1));
  ck_assert(op_bind_bytes(op, &heap, "b", 1));
  is_token(op, INT64_C(7470152180878494447));
  op = op_about(&select);
  ck_assert(op_bind_int(op, &heap, 1));
  ck_assert(op_bind_bytes(op, &heap, "hello", 5));
  is_token(op, INT64_C(-5964652701051312773));
  op = op_about(&select);
  ck_assert(op_bind_bytes(op, &heap, "", 0));
  ck_assert(op_bind_bigint(op, &heap, -2));
  is_token(op, INT64_C(-4637448700204959946));
}
END_TEST

static int left; /* allocations that succeed */

static void *allocate(void *user, size_t size) {
  (void)user;
  return left-- > 0 ? calloc(1, size) : NULL;
}

static void *resize(void *user, void *p, size_t size) {
  (void)user;
  return realloc(p, size);
}

static void release(void *user, void *p) {
  (void)user;
  free(p);
}

/* Parts around the size that fits the room on the stack: the same as put
 * together here. */
START_TEST(long_columns) {
  static const struct statement select = {.key_count = 2};
  static char text[1100];
  uint8_t key[1200] = {0};
  struct net_heap tight = {allocate, resize, release, NULL};
  size_t n = 1000 + (size_t)_i;
  struct op *op = op_about(&select);
  int64_t token;

  memset(text, 'x', sizeof text);
  ck_assert(op_bind_bytes(op, &heap, text, n));
  ck_assert(op_bind_bytes(op, &heap, "yz", 2));
  key[0] = (uint8_t)(n >> 8);
  key[1] = (uint8_t)n;
  memcpy(key + 2, text, n);
  key[n + 4] = 2;
  memcpy(key + n + 5, "yz", 2);
  left = 0;
  ck_assert_int_eq(routing_key_token(op, &tight, &token), n + 8 <= 1024);
  left = 1;
  ck_assert(routing_key_token(op, &tight, &token));
  is_token(op, cql_murmur3_token(key, n + 8));
}
END_TEST

START_TEST(none) {
  static const struct statement schema = {.key_count = 0};
  static const struct statement one = {.key_count = 1};
  static const struct statement two = {.key_count = 2};
  static char text[65536];
  struct op *op = op_about(&schema);

  ck_assert(op_bind_int(op, &heap, 1));
  has_none(op);
  op = op_about(&one); /* nothing is bound */
  has_none(op);
  op = op_about(&one);
  ck_assert(op_bind_unset(op, &heap));
  has_none(op);
  op = op_about(&two);
  ck_assert(op_bind_int(op, &heap, 1));
  has_none(op);
  op = op_about(&two);
  ck_assert(op_bind_int(op, &heap, 1));
  ck_assert(op_bind_unset(op, &heap));
  has_none(op);
  op = op_about(&two); /* longer than a part may be */
  ck_assert(op_bind_bytes(op, &heap, text, sizeof text));
  ck_assert(op_bind_int(op, &heap, 1));
  has_none(op);
}
END_TEST

Suite *routing_key_suite(void) {
  Suite *s = suite_create("routing_key");
  TCase *tc = tcase_create("tokens");

  tcase_add_test(tc, one_column);
  tcase_add_test(tc, a_token);
  tcase_add_test(tc, one_int);
  tcase_add_test(tc, two_columns);
  tcase_add_loop_test(tc, long_columns, 0, 40);
  tcase_add_test(tc, none);
  suite_add_tcase(s, tc);
  return s;
}
