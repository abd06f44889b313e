/* tests/sim/model_place.c - whose a key is, as the servers' description has it:
 * walk the ring.  Slow, and shares nothing with the client. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/model_private.h"

/* ---- Murmur3, as Cassandra has it ---------------------------------------- */

static uint64_t rotate(uint64_t x, unsigned n) {
  return x << n | x >> (64 - n);
}

static uint64_t finish(uint64_t x) {
  x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
  x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
  return x ^ x >> 33;
}

static const uint64_t c1 = UINT64_C(0x87c37b91114253d5);
static const uint64_t c2 = UINT64_C(0x4cf5ad432745937f);

/* Eight bytes, the lowest first. */
static uint64_t little(const uint8_t *p) {
  uint64_t x = 0;

  for (unsigned i = 8; i > 0; i--)
    x = x << 8 | p[i - 1];
  return x;
}

/* What is left over; its bytes are signed, as Java's are. */
static uint64_t rest(const uint8_t *p, size_t n) {
  uint64_t x = 0;

  for (size_t i = 0; i < n; i++)
    x ^= (uint64_t)(int64_t)(int8_t)p[i] << 8 * i;
  return x;
}

static int64_t token_of(const uint8_t *p, size_t n) {
  uint64_t h1 = 0, h2 = 0;
  size_t left = n;

  for (; left >= 16; left -= 16, p += 16) {
    h1 ^= rotate(little(p) * c1, 31) * c2;
    h1 = (rotate(h1, 27) + h2) * 5 + 0x52dce729;
    h2 ^= rotate(little(p + 8) * c2, 33) * c1;
    h2 = (rotate(h2, 31) + h1) * 5 + 0x38495ab5;
  }
  if (left > 8)
    h2 ^= rotate(rest(p + 8, left - 8) * c2, 33) * c1;
  h1 ^= rotate(rest(p, left > 8 ? 8 : left) * c1, 31) * c2;
  h1 ^= n;
  h2 ^= n;
  h1 += h2;
  h2 += h1;
  h1 = finish(h1);
  h2 = finish(h2);
  h1 += h2;
  return h1 == UINT64_C(1) << 63 ? INT64_MAX : (int64_t)h1;
}

/* ---- The ring ----------------------------------------------------------- */

struct place {
  int64_t token;
  unsigned host;
};

/* A token that two hosts have is the first one's. */
static int compare(const void *a, const void *b) {
  const struct place *x = a, *y = b;

  if (x->token != y->token)
    return x->token < y->token ? -1 : 1;
  return x->host < y->host ? -1 : 1;
}

/* From the token's place on, once round. */
static unsigned walk_of(int64_t token,
                        struct place walk[MODEL_HOSTS * MODEL_TOKENS]) {
  struct place ring[MODEL_HOSTS * MODEL_TOKENS];
  unsigned count = 0, first = 0;

  for (unsigned i = 0; i < model.plan.hosts; i++)
    for (unsigned t = 0; model.hosts[i].member && t < model.plan.tokens; t++)
      ring[count++] = (struct place){model.hosts[i].tokens[t], i};
  qsort(ring, count, sizeof ring[0], compare);
  while (first < count && ring[first].token < token)
    first++;
  for (unsigned i = 0; i < count; i++)
    walk[i] = ring[(first + i) % count];
  return count;
}

static unsigned bits(unsigned set) {
  unsigned count = 0;

  for (; set != 0; set &= set - 1)
    count++;
  return count;
}

static unsigned simple(const struct place *walk, unsigned count,
                       unsigned factor) {
  unsigned found = 0;

  for (unsigned i = 0; i < count && bits(found) < factor; i++)
    found |= 1u << walk[i].host;
  return found;
}

static unsigned racks_of(unsigned dc) {
  unsigned racks = 0;

  for (unsigned i = 0; i < model.plan.hosts; i++)
    if (model.hosts[i].member && model.hosts[i].dc == dc)
      racks |= 1u << model.hosts[i].rack;
  return bits(racks);
}

/* A host of each rack, as they come; those passed over follow once all racks
 * are there. */
static unsigned network(const struct place *walk, unsigned count, unsigned dc,
                        unsigned factor) {
  unsigned passed[MODEL_HOSTS * MODEL_TOKENS], passed_count = 0;
  unsigned found = 0, racks = 0, all = racks_of(dc);

  for (unsigned i = 0; i < count && bits(found) < factor; i++) {
    const struct host *h = &model.hosts[walk[i].host];

    if (h->dc != dc)
      continue;
    if ((racks >> h->rack & 1) != 0 && bits(racks) < all) {
      passed[passed_count++] = walk[i].host;
      continue;
    }
    racks |= 1u << h->rack;
    found |= 1u << walk[i].host;
    for (unsigned k = 0; bits(racks) == all && k < passed_count; k++)
      if (bits(found) < factor)
        found |= 1u << passed[k];
  }
  return found;
}

static const char *value_of(const struct replication_map *how,
                            const char *key) {
  for (unsigned i = 0; i < how->count; i++)
    if (strcmp(how->pairs[i].key, key) == 0)
      return how->pairs[i].value;
  return "0";
}

static bool is_class(const struct replication_map *how, const char *name) {
  const char *class = value_of(how, "class");
  size_t n = strlen(class), k = strlen(name);

  return n >= k && strcmp(class + n - k, name) == 0;
}

unsigned model_replicas_of(int64_t token) {
  const struct replication_map *how = data_keyspace("ks");
  struct place walk[MODEL_HOSTS * MODEL_TOKENS];
  unsigned count = walk_of(token, walk);

  if (how == NULL || model.plan.other_partitioner)
    return 0;
  if (is_class(how, "SimpleStrategy"))
    return simple(walk, count,
                  (unsigned)atoi(value_of(how, "replication_factor")));
  if (is_class(how, "NetworkTopologyStrategy"))
    return network(walk, count, 0, (unsigned)atoi(value_of(how, "dc1"))) |
           network(walk, count, 1, (unsigned)atoi(value_of(how, "dc2")));
  return 0;
}

int64_t place_token(struct slice key) {
  return token_of(key.p, (size_t)key.len);
}

int64_t model_token(const char *key) {
  return token_of((const uint8_t *)key, strlen(key));
}

unsigned model_replicas(const char *key) {
  return model_replicas_of(model_token(key));
}

int64_t model_host_token(unsigned host, unsigned i) {
  return model.hosts[host].tokens[i];
}
