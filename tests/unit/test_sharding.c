/* tests/unit/test_sharding.c - which shard a token belongs to, and what a
 * SUPPORTED says of shards. */
#include <string.h>

#include "core/sharding.h"
#include "tests/unit/suites.h"

/* Of ScyllaDB's document "protocol-extensions": count and ignored bits, then
 * the shards of the tokens below. */
static const int64_t tokens[] = {
    INT64_MIN, -1, 0, 1, INT64_MAX, -4069959284402364209, -3758069500696749310};
enum { TOKENS = sizeof tokens / sizeof tokens[0] };

static const struct {
  struct sharding s;
  uint32_t shards[TOKENS];
} rows[] = {
    {{.count = 1, .ignore_bits = 12}, {0, 0, 0, 0, 0, 0, 0}},
    {{.count = 2, .ignore_bits = 12}, {0, 1, 0, 0, 1, 0, 1}},
    {{.count = 3, .ignore_bits = 12}, {0, 2, 0, 0, 2, 0, 1}},
    {{.count = 8, .ignore_bits = 12}, {0, 7, 0, 0, 7, 2, 4}},
    {{.count = 8, .ignore_bits = 0}, {0, 3, 4, 4, 7, 2, 2}},
};

START_TEST(shard_of_a_token) {
  for (int i = 0; i < TOKENS; i++)
    ck_assert_uint_eq(sharding_shard_of(&rows[_i].s, tokens[i]),
                      rows[_i].shards[i]);
}
END_TEST

__extension__ typedef unsigned __int128 uint128;

/* No product of 128 bits may be taken for less than it is. */
START_TEST(shard_of_any_token) {
  uint64_t token = 1;

  for (int i = 0; i < 100000; i++) {
    struct sharding s = {.count = (uint16_t)(i % SHARDS_MAX + 1),
                         .ignore_bits = (uint8_t)(i % 64)};
    uint64_t biased = token + (UINT64_C(1) << 63);
    uint128 product = biased << s.ignore_bits;

    product *= s.count;
    ck_assert_uint_eq(sharding_shard_of(&s, (int64_t)token),
                      (uint32_t)(product >> 64));
    token = token * 6364136223846793005u + 1442695040888963407u;
  }
}
END_TEST

/* ---- SUPPORTED ---------------------------------------------------------- */

struct option {
  const char *key, *value; /* value NULL: the key has no value */
};

enum { OPTIONS = 7 };

static const struct option usual[OPTIONS] = {
    {"COMPRESSION", "lz4"},
    {"SCYLLA_SHARD", "3"},
    {"SCYLLA_NR_SHARDS", "12"},
    {"SCYLLA_SHARDING_IGNORE_MSB", "12"},
    {"SCYLLA_SHARDING_ALGORITHM", "biased-token-round-robin"},
    {"SCYLLA_PARTITIONER", "org.apache.cassandra.dht.Murmur3Partitioner"},
    {"SCYLLA_SHARD_AWARE_PORT", "19042"},
};

static size_t put_string(uint8_t *to, const char *s) {
  to[0] = 0;
  to[1] = (uint8_t)strlen(s);
  memcpy(to + 2, s, strlen(s));
  return 2 + strlen(s);
}

static struct sharding learn(const struct option *options) {
  struct sharding s = {.count = 99, .shard = 98, .port = 97};
  uint8_t body[1024] = {0, OPTIONS};
  struct cql_reader message;
  struct cql_list list;
  size_t len = 2;

  for (int i = 0; i < OPTIONS; i++) {
    len += put_string(body + len, options[i].key);
    body[len++] = 0;
    body[len++] = options[i].value != NULL;
    if (options[i].value != NULL)
      len += put_string(body + len, options[i].value);
  }
  cql_reader_init(&message, body, len);
  ck_assert_int_eq(cql_supported_decode(&message, &list), CQL_OK);
  sharding_learn(&s, list);
  return s;
}

START_TEST(options_of_scylla) {
  struct sharding s = learn(usual);

  ck_assert_uint_eq(s.count, 12);
  ck_assert_uint_eq(s.shard, 3);
  ck_assert_uint_eq(s.ignore_bits, 12);
  ck_assert_uint_eq(s.port, 19042);
  ck_assert(sharding_matters(&s));
}
END_TEST

START_TEST(options_without_port) {
  struct option options[OPTIONS];
  struct sharding s;

  memcpy(options, usual, sizeof options);
  options[6].key = "SCYLLA_SHARD_AWARE_PORT_SSL";
  s = learn(options);
  ck_assert_uint_eq(s.count, 12);
  ck_assert_uint_eq(s.port, 0);
}
END_TEST

/* Of each of these nothing is believed. */
static const struct {
  int number;
  struct option instead;
} odd[] = {
    {1, {"SCYLLA_SHARD", "12"}},
    {1, {"SCYLLA_SHARD", "-1"}},
    {1, {"SCYLLA_SHARD", "3 "}},
    {2, {"SCYLLA_NR_SHARDS", "0"}},
    {2, {"SCYLLA_NR_SHARDS", "257"}},
    {2, {"SCYLLA_NR_SHARDS", "65548"}},
    {2, {"SCYLLA_NR_SHARDS", ""}},
    {2, {"SCYLLA_NR_SHARDS", NULL}},
    {2, {"SCYLLA_NR_SHARDS", "4294967308"}},
    {3, {"SCYLLA_SHARDING_IGNORE_MSB", "64"}},
    {4, {"SCYLLA_SHARDING_ALGORITHM", "biased-token-round-robin-2"}},
    {4, {"SHARDING_ALGORITHM", "biased-token-round-robin"}},
    {5, {"SCYLLA_PARTITIONER", "org.apache.cassandra.dht.RandomPartitioner"}},
    {6, {"SCYLLA_SHARD_AWARE_PORT", "70000"}},
};

START_TEST(options_that_are_odd) {
  struct option options[OPTIONS];
  struct sharding s;

  memcpy(options, usual, sizeof options);
  options[odd[_i].number] = odd[_i].instead;
  s = learn(options);
  ck_assert_uint_eq(s.count, 0);
  ck_assert_uint_eq(s.port, 0);
  ck_assert(!sharding_matters(&s));
}
END_TEST

Suite *sharding_suite(void) {
  Suite *s = suite_create("sharding");
  TCase *tc = tcase_create("sharding");

  tcase_add_loop_test(tc, shard_of_a_token, 0, sizeof rows / sizeof rows[0]);
  tcase_add_test(tc, shard_of_any_token);
  tcase_add_test(tc, options_of_scylla);
  tcase_add_test(tc, options_without_port);
  tcase_add_loop_test(tc, options_that_are_odd, 0, sizeof odd / sizeof odd[0]);
  suite_add_tcase(s, tc);
  return s;
}
