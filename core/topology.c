#include "core/topology.h"

#include <string.h>

#include "core/failure.h"
#include "core/peer.h"
#include "proto/value.h"

/* What every query begins with. */
enum { HOST_ID, DC, RACK, VERSION, SCHEMA, TOKENS, COMMON, CELLS_MAX = 9 };
/* ... and then */
enum { PARTITIONER = COMMON, LOCAL_CELLS };
enum {
  PEER = COMMON,
  NATIVE_ADDRESS,
  PEERS_CELLS,
  NATIVE_PORT = PEERS_CELLS,
  PEERS_V2_CELLS
};

/* ---- Memory ------------------------------------------------------------- */

static void free_host(const struct net_heap *heap, struct host_info *h) {
  net_free(heap, h->dc);
  net_free(heap, h->rack);
  net_free(heap, h->version);
  net_free(heap, h->tokens);
}

void topology_free(const struct net_heap *heap, struct topology *t) {
  for (size_t i = 0; i < t->count; i++)
    free_host(heap, &t->hosts[i]);
  net_free(heap, t->hosts);
  memset(t, 0, sizeof *t);
}

static bool same_host(const struct host_info *a, const struct host_info *b) {
  return peer_same_address(&a->address, &b->address) &&
         memcmp(a->id, b->id, sizeof a->id) == 0 && strcmp(a->dc, b->dc) == 0 &&
         strcmp(a->rack, b->rack) == 0 && strcmp(a->version, b->version) == 0 &&
         a->contact == b->contact && a->translated == b->translated &&
         a->distance == b->distance && a->token_count == b->token_count &&
         (a->token_count == 0 ||
          memcmp(a->tokens, b->tokens, a->token_count * sizeof *a->tokens) ==
              0);
}

bool topology_same(const struct topology *a, const struct topology *b) {
  if (a->count != b->count || a->murmur3 != b->murmur3)
    return false;
  for (size_t i = 0; i < a->count; i++)
    if (!same_host(&a->hosts[i], &b->hosts[i]))
      return false;
  return true;
}

const struct host_info *topology_find(const struct topology *t,
                                      const uint8_t id[16]) {
  for (size_t i = 0; i < t->count; i++)
    if (memcmp(t->hosts[i].id, id, sizeof t->hosts[i].id) == 0)
      return &t->hosts[i];
  return NULL;
}

static struct host_info *new_host(struct topology *t,
                                  const struct net_heap *heap) {
  struct host_info *more;

  if (t->count == t->cap) {
    size_t cap = t->cap == 0 ? 8 : 2 * t->cap;

    more = net_resize(heap, t->hosts, cap * sizeof *more);
    if (more == NULL)
      return NULL;
    t->hosts = more;
    t->cap = cap;
  }
  memset(&t->hosts[t->count], 0, sizeof *more);
  return &t->hosts[t->count];
}

/* ---- Cells -------------------------------------------------------------- */

/* Decimal, all of it. */
static bool parse_token(struct cql_span text, int64_t *token) {
  bool negative = text.len > 0 && text.p[0] == '-';
  uint64_t most = negative ? UINT64_C(1) << 63 : INT64_MAX, value = 0;
  size_t i = negative;

  if (i == text.len || text.len > 20)
    return false;
  for (; i < text.len; i++) {
    unsigned digit = text.p[i] - (unsigned)'0';

    if (digit > 9 || value > (most - digit) / 10)
      return false;
    value = value * 10 + digit;
  }
  *token = negative ? (int64_t)(0 - value) : (int64_t)value;
  return true;
}

/* set<text>.  Anything else than numbers is of another partitioner: there are
 * none then. */
static int take_tokens(struct host_info *h, const struct net_heap *heap,
                       const struct cell *cell) {
  static const struct cql_type set = {.id = CQL_TYPE_SET, .part_count = 1};
  struct cql_span v = {cell->p, cell->len}, text;
  struct cql_elements e;

  if (cell->p == NULL || cql_elements_init(&e, &set, v) != CQL_OK ||
      e.left == 0)
    return 0;
  h->tokens = net_alloc(heap, e.left * sizeof *h->tokens);
  if (h->tokens == NULL)
    return FAILURE_NO_MEMORY;
  while (cql_elements_next(&e, &text) == CQL_OK) {
    if (!parse_token(text, &h->tokens[h->token_count])) {
      h->token_count = 0;
      return 0;
    }
    h->token_count++;
  }
  return 0;
}

static bool take_address(struct net_address *to, const struct cell *cell) {
  static const uint8_t anywhere[16];
  struct cql_span v = {cell->p, cell->len};
  struct cql_inet inet;

  if (cell->p == NULL || cql_decode_inet(v, &inet) != CQL_OK ||
      memcmp(inet.address, anywhere, inet.len) == 0)
    return false;
  memcpy(to->bytes, inet.address, inet.len);
  to->len = inet.len;
  return true;
}

static void take_uuid(uint8_t to[16], const struct cell *cell) {
  if (cell->p != NULL && cell->len == 16)
    memcpy(to, cell->p, 16);
}

/* ---- Rows --------------------------------------------------------------- */

static bool read_row(struct rows *rows, struct cell *cells, int count) {
  for (int i = 0; i < count; i++)
    if (!rows_next(rows, &cells[i]))
      return false;
  return true;
}

static int take_common(struct host_info *h, const struct net_heap *heap,
                       const struct cell *cells) {
  int rc = take_tokens(h, heap, &cells[TOKENS]);

  memcpy(h->id, cells[HOST_ID].p, 16);
  take_uuid(h->schema, &cells[SCHEMA]);
  h->dc = cell_copy(heap, &cells[DC]);
  h->rack = cell_copy(heap, &cells[RACK]);
  h->version = cell_copy(heap, &cells[VERSION]);
  if (h->dc == NULL || h->rack == NULL || h->version == NULL)
    return FAILURE_NO_MEMORY;
  return rc;
}

/* Longer names are made up: every host's are compared with those of others. */
enum { NAME_MOST = 255 };

static bool is_name(const struct cell *cell) {
  return cell->p != NULL && cell->len <= NAME_MOST;
}

/* Without these it is half written. */
static bool is_whole(const struct cell *cells) {
  return cells[HOST_ID].p != NULL && cells[HOST_ID].len == 16 &&
         is_name(&cells[DC]) && is_name(&cells[RACK]) &&
         cells[VERSION].len <= NAME_MOST;
}

/* Of two rows with one id, or with one address (a host has lived twice), the
 * first is taken. */
static bool is_known(const struct topology *t, const uint8_t id[16],
                     const struct net_address *address) {
  for (size_t i = 0; i < t->count; i++)
    if (peer_same_address(&t->hosts[i].address, address))
      return true;
  return topology_find(t, id) != NULL;
}

static int add_host(struct topology *t, const struct net_heap *heap,
                    const struct cell *cells,
                    const struct net_address *address) {
  struct host_info *h = new_host(t, heap);
  int rc;

  if (h == NULL)
    return FAILURE_NO_MEMORY;
  h->address = *address;
  rc = take_common(h, heap, cells);
  if (rc == 0)
    t->count++;
  else
    free_host(heap, h);
  return rc;
}

/* "org.apache.cassandra.dht.Murmur3Partitioner" */
static bool is_murmur3(const struct cell *cell) {
  static const char name[] = "Murmur3Partitioner";
  size_t n = sizeof name - 1;

  return cell->p != NULL && cell->len >= n &&
         memcmp(cell->p + cell->len - n, name, n) == 0;
}

int topology_add_local(struct topology *t, const struct net_heap *heap,
                       struct rows *rows, const struct net_address *asked) {
  struct cell cells[CELLS_MAX];

  if (rows_count(rows) != 1 || rows_columns(rows) != LOCAL_CELLS ||
      !read_row(rows, cells, LOCAL_CELLS) || !is_whole(cells))
    return FAILURE_PROTOCOL;
  t->murmur3 = is_murmur3(&cells[PARTITIONER]);
  return add_host(t, heap, cells, asked);
}

/* Where clients find it: its own word, or where its peers do. */
static bool find_address(struct net_address *to, const struct cell *cells,
                         bool v2, uint16_t port) {
  int32_t own = 0;

  memset(to, 0, sizeof *to);
  to->port = port;
  if (v2 && cells[NATIVE_PORT].p != NULL &&
      cell_int(&cells[NATIVE_PORT], &own) && own > 0 && own <= UINT16_MAX)
    to->port = (uint16_t)own;
  return take_address(to, &cells[NATIVE_ADDRESS]) ||
         take_address(to, &cells[PEER]);
}

int topology_add_peers(struct topology *t, const struct net_heap *heap,
                       struct rows *rows, bool v2, uint16_t port) {
  int columns = v2 ? PEERS_V2_CELLS : PEERS_CELLS;
  struct cell cells[CELLS_MAX];
  struct net_address address;

  if (rows_columns(rows) != columns)
    return FAILURE_PROTOCOL;
  for (int32_t i = 0; i < rows_count(rows); i++) {
    int rc;

    if (!read_row(rows, cells, columns))
      return FAILURE_PROTOCOL;
    if (t->count == TOPOLOGY_HOSTS_MAX || !is_whole(cells) ||
        !find_address(&address, cells, v2, port) ||
        is_known(t, cells[HOST_ID].p, &address)) {
      t->ignored++;
      continue;
    }
    rc = add_host(t, heap, cells, &address);
    if (rc != 0)
      return rc;
  }
  return 0;
}
