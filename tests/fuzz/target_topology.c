/* tests/fuzz/target_topology.c - what servers tell of their cluster: rows of
 * system.local and system.peers, replications, shards; and the ring and the
 * replicas that are made of it, held against a plain walk.
 *
 * Input: parts, each of a kind (a byte), a length (two bytes) and the
 * message of an answer. */
#include <string.h>

#include "core/failure.h"
#include "core/placement.h"
#include "core/replication.h"
#include "core/sharding.h"
#include "core/topology.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/plain.h"

enum kind { LOCAL, PEERS_V2, PEERS, KEYSPACES, SUPPORTED, KIND_COUNT };
enum { INPUT_MAX = 60000, PLACE = 3 };

struct known {
  struct fuzz_heap heap;
  struct topology topology;
  struct replication how;
};

static void hear_shards(struct cql_reader *message) {
  struct cql_list options;
  struct sharding s;

  if (cql_supported_decode(message, &options) != CQL_OK)
    return;
  sharding_learn(&s, options);
  FUZZ_CHECK(s.count <= SHARDS_MAX && (s.count == 0 || s.shard < s.count));
  for (int i = 0; s.count > 0 && i < 64; i++)
    FUZZ_CHECK(sharding_shard_of(&s, (int64_t)(UINT64_C(1) << i)) < s.count);
}

static void hear_keyspaces(struct known *k, struct rows *rows) {
  struct cell cell;

  while (rows_next(rows, &cell)) {
    replication_parse(&k->how, &cell);
    FUZZ_CHECK(k->how.dc_count <= REPLICATION_DCS);
    for (uint32_t i = 0; i < k->how.dc_count; i++)
      FUZZ_CHECK(memchr(k->how.dcs[i].dc, 0, REPLICATION_NAME) != NULL);
  }
}

static void hear_rows(struct known *k, enum kind kind, struct rows *rows) {
  static const struct net_address asked = {{10, 0, 0, 1}, 4, 9042, 0};
  int rc = 0;

  switch (kind) {
  case LOCAL:
    if (k->topology.count > 0) /* it is asked for first, and once */
      return;
    rc = topology_add_local(&k->topology, &k->heap.heap, rows, &asked);
    break;
  case PEERS_V2:
  case PEERS:
    rc = topology_add_peers(&k->topology, &k->heap.heap, rows, kind == PEERS_V2,
                            9042);
    break;
  default:
    hear_keyspaces(k, rows);
    break;
  }
  FUZZ_CHECK(rc == 0 || rc == FAILURE_PROTOCOL);
}

static void hear(struct known *k, struct fuzz_input *in) {
  enum kind kind = (enum kind)(fuzz_byte(in) % KIND_COUNT);
  size_t len = fuzz_u16(in);
  const uint8_t *p = fuzz_take(in, &len);
  struct cql_reader message;
  struct cql_result result;
  struct rows rows;

  cql_reader_init(&message, p, len);
  if (kind == SUPPORTED) {
    hear_shards(&message);
  } else if (cql_result_decode(&message, &result) == CQL_OK &&
             result.kind == CQL_RESULT_ROWS) {
    rows_init(&rows, &result.u.rows);
    hear_rows(k, kind, &rows);
  }
}

/* ---- What is made of it ------------------------------------------------- */

static void check_hosts(const struct topology *t) {
  FUZZ_CHECK(topology_same(t, t));
  for (size_t i = 0; i < t->count; i++) {
    const struct host_info *h = &t->hosts[i];

    FUZZ_CHECK(topology_find(t, h->id) == h);
    FUZZ_CHECK(h->dc != NULL && h->rack != NULL && h->version != NULL);
    FUZZ_CHECK(h->address.len == 4 || h->address.len == 16);
    FUZZ_CHECK(h->token_count == 0 || h->tokens != NULL);
  }
}

/* The owner of the smallest token that is not below, or of the smallest. */
static uint32_t plain_find(const struct ring *r, int64_t token) {
  for (uint32_t i = 0; i < r->token_count; i++)
    if (r->tokens[i] >= token)
      return i;
  return 0;
}

static void check_ring(const struct ring *r, size_t hosts) {
  FUZZ_CHECK(r->host_count == hosts);
  for (uint32_t i = 0; i < r->token_count; i++) {
    FUZZ_CHECK(i == 0 || r->tokens[i - 1] < r->tokens[i]);
    FUZZ_CHECK(r->owners[i] < hosts);
    for (int64_t by = -1; by <= 1; by++) {
      int64_t token = (int64_t)((uint64_t)r->tokens[i] + (uint64_t)by);

      if (i < 64)
        FUZZ_CHECK(ring_find(r, token) == plain_find(r, token));
    }
  }
}

/* All are hosts, none stands twice, and the first of SimpleStrategy owns the
 * range. */
static void check_placement(const struct placement *p, const struct ring *r,
                            const struct replication *how) {
  FUZZ_CHECK(p->width <= PLACEMENT_WIDTH_MAX);
  for (uint32_t i = 0; p->width > 0 && i < r->token_count; i++) {
    const uint16_t *hosts = placement_find(p, r, r->tokens[i]);

    for (uint32_t a = 0; a < p->width; a++) {
      FUZZ_CHECK(hosts[a] < r->host_count);
      for (uint32_t b = 0; b < a && r->token_count < 200; b++)
        FUZZ_CHECK(hosts[a] != hosts[b] || how->class == REPLICATION_NETWORK);
    }
    if (how->class == REPLICATION_SIMPLE)
      FUZZ_CHECK(hosts[0] == r->owners[i]);
  }
}

static void make(struct known *k) {
  const struct topology *t = &k->topology;
  const struct net_heap *heap = &k->heap.heap;
  struct ring_host *hosts = net_alloc(heap, (t->count + 1) * sizeof *hosts);
  struct placement *p;
  struct ring *r;

  for (size_t i = 0; i < t->count; i++)
    hosts[i] = (struct ring_host){t->hosts[i].dc, t->hosts[i].rack,
                                  t->hosts[i].tokens, t->hosts[i].token_count};
  r = ring_make(heap, hosts, t->count);
  FUZZ_CHECK(r != NULL);
  check_ring(r, t->count);
  if (r->token_count > 0) {
    p = placement_make(heap, r, &k->how);
    FUZZ_CHECK(p != NULL);
    check_placement(p, r, &k->how);
    placement_free(heap, p);
  }
  ring_free(heap, r);
  net_free(heap, hosts);
}

void fuzz_fields(const uint8_t *data, size_t size, struct fuzz_map *map) {
  static struct story nobody_reads;
  struct plain p;

  for (size_t at = 0; at + PLACE < size && map->count < FUZZ_FIELDS;) {
    size_t len = (size_t)data[at + 1] << 8 | data[at + 2];

    len = len < size - at - PLACE ? len : size - at - PLACE;
    map->fields[map->count++] =
        (struct fuzz_field){at + 1, at + PLACE, at + PLACE + len, 2, true};
    story_begin(&nobody_reads);
    plain_begin(&p, data, at + PLACE + len, &nobody_reads, map);
    p.at = at + PLACE;
    plain_response(&p, 0, data[at] % KIND_COUNT == SUPPORTED ? 0x06 : 0x08);
    at += PLACE + len;
  }
}

void fuzz_one(const uint8_t *data, size_t size) {
  struct fuzz_input in = {data, size};
  struct known k = {0};

  if (size > INPUT_MAX)
    return;
  /* A row of few bytes is a host of 200, in memory that doubles. */
  fuzz_heap_init(&k.heap, 16 * size);
  while (in.left > 0)
    hear(&k, &in);
  check_hosts(&k.topology);
  make(&k);
  topology_free(&k.heap.heap, &k.topology);
  fuzz_heap_check(&k.heap);
}
