#include "core/sharding.h"

#include <string.h>

/* A number up to 65,535, and nothing else. */
static bool read_number(struct cql_span text, uint16_t *out) {
  uint32_t n = 0;

  if (text.len < 1 || text.len > 5)
    return false;
  for (uint32_t i = 0; i < (uint32_t)text.len; i++) {
    if (text.p[i] < '0' || text.p[i] > '9')
      return false;
    n = n * 10 + (uint32_t)(text.p[i] - '0');
  }
  *out = (uint16_t)n;
  return n <= UINT16_MAX;
}

static bool ends_with(struct cql_span text, const char *end) {
  size_t len = strlen(end);

  return (size_t)text.len >= len &&
         memcmp(text.p + (size_t)text.len - len, end, len) == 0;
}

/* What a server says, before all of it is judged. */
struct told {
  uint16_t count, shard, ignore_bits, port;
  bool known; /* the algorithm and the partitioner are */
  bool bad;
};

static void learn_option(struct told *t, struct cql_span key,
                         struct cql_span value) {
  static const struct {
    const char *key;
    size_t at;
  } numbers[] = {
      {"SCYLLA_NR_SHARDS", offsetof(struct told, count)},
      {"SCYLLA_SHARD", offsetof(struct told, shard)},
      {"SCYLLA_SHARDING_IGNORE_MSB", offsetof(struct told, ignore_bits)},
      {"SCYLLA_SHARD_AWARE_PORT", offsetof(struct told, port)},
  };

  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
    if (cql_span_equal(key, cql_span_of(numbers[i].key)))
      t->bad |= !read_number(value, (uint16_t *)((char *)t + numbers[i].at));
  if (cql_span_equal(key, cql_span_of("SCYLLA_SHARDING_ALGORITHM")))
    t->known = cql_span_equal(value, cql_span_of("biased-token-round-robin"));
  if (cql_span_equal(key, cql_span_of("SCYLLA_PARTITIONER")))
    t->bad |= !ends_with(value, "Murmur3Partitioner");
}

void sharding_learn(struct sharding *s, struct cql_list options) {
  struct told t = {0};
  struct cql_span key, value;
  struct cql_list values;

  while (cql_list_next_multi(&options, &key, &values))
    if (cql_list_next_string(&values, &value))
      learn_option(&t, key, value);
  memset(s, 0, sizeof *s);
  if (t.bad || !t.known || t.count < 1 || t.count > SHARDS_MAX ||
      t.shard >= t.count || t.ignore_bits > 63)
    return;
  s->count = t.count;
  s->shard = t.shard;
  s->port = t.port;
  s->ignore_bits = (uint8_t)t.ignore_bits;
}

bool sharding_matters(const struct sharding *s) {
  return s->count > 1;
}

uint32_t sharding_shard_of(const struct sharding *s, int64_t token) {
  uint64_t biased = ((uint64_t)token ^ UINT64_C(1) << 63) << s->ignore_bits;

  /* The high half of biased * count. */
  return (uint32_t)(((biased >> 32) * s->count +
                     ((biased & UINT32_MAX) * s->count >> 32)) >>
                    32);
}
