#include "core/routing_key.h"

#include "proto/murmur3.h"

/* Composite keys are put together here, unless they are longer. */
enum { SHORT_KEY = 1024 };

/* [short] length, bytes, 0 for each part.  Whether it fits or not: w->need. */
static bool put_parts(const struct op *op, uint32_t at, struct cql_writer *w) {
  uint8_t *p;
  uint32_t len;

  for (uint16_t i = 0; i < op->statement->key_count; i++)
    if (!op_value_next(op, &at, &p, &len) || p == NULL ||
        cql_routing_key_put(w, (struct cql_span){p, len}) != CQL_OK)
      return false;
  return true;
}

static bool composite_token(const struct op *op, const struct net_heap *heap,
                            uint32_t at, int64_t *token) {
  uint8_t room[SHORT_KEY], *key = room;
  struct cql_writer w;
  bool ok;

  cql_writer_init(&w, room, sizeof room);
  ok = put_parts(op, at, &w);
  if (ok && w.need > sizeof room) {
    key = net_alloc(heap, w.need);
    ok = key != NULL;
    if (ok) {
      cql_writer_init(&w, key, w.need);
      put_parts(op, at, &w);
    }
  }
  if (ok)
    *token = cql_murmur3_token(key, w.need);
  if (key != room)
    net_free(heap, key);
  return ok;
}

static bool read_token(const struct op *op, uint32_t at, int64_t *token) {
  struct cql_reader r;
  uint8_t *p;
  uint32_t len;

  if (!op_value_next(op, &at, &p, &len) || p == NULL || len != 8)
    return false;
  cql_reader_init(&r, p, len);
  *token = cql_get_long(&r);
  return true;
}

bool routing_key_token(const struct op *op, const struct net_heap *heap,
                       int64_t *token) {
  uint8_t *p;
  uint32_t at = op->key_at, len;
  uint16_t parts = op->statement->key_count;

  if (parts != 1)
    return parts == KEY_IS_TOKEN
               ? read_token(op, at, token)
               : parts > 1 && composite_token(op, heap, at, token);
  if (!op_value_next(op, &at, &p, &len) || p == NULL)
    return false;
  *token = cql_murmur3_token(p, len);
  return true;
}
