#include "core/reply.h"

#include <string.h>

#include "core/failure.h"

static enum specs_made take_specs(struct reply *r, const struct net_heap *heap,
                                  const struct cql_result *result) {
  switch (result->kind) {
  case CQL_RESULT_ROWS:
    rows_init(&r->rows, &result->u.rows);
    return specs_make(&r->specs, heap, &result->u.rows.metadata);
  case CQL_RESULT_PREPARED:
    r->prepared = result->u.prepared;
    return specs_make(&r->specs, heap, &result->u.prepared.bind);
  default:
    return SPECS_OK;
  }
}

int reply_take(struct reply *r, const struct net_heap *heap,
               const struct cql_frame *frame) {
  struct cql_frame copy = *frame;
  size_t len = frame->header.body_len;
  struct cql_reader message;
  struct cql_prefix prefix;
  struct cql_result result;
  enum specs_made made;

  memset(r, 0, sizeof *r);
  r->bytes = net_alloc(heap, len + 1);
  if (r->bytes == NULL)
    return FAILURE_NO_MEMORY;
  memcpy(r->bytes, frame->body, len);
  copy.body = r->bytes;
  if (cql_prefix_decode(&copy, &prefix, &message) != CQL_OK ||
      cql_result_decode(&message, &result) != CQL_OK)
    return FAILURE_PROTOCOL;
  r->kind = result.kind;
  r->trace_id = prefix.trace_id;
  r->warnings = prefix.warnings;
  r->payload = prefix.payload;
  made = take_specs(r, heap, &result);
  if (made == SPECS_NO_MEMORY)
    return FAILURE_NO_MEMORY;
  return made == SPECS_OK ? 0 : FAILURE_PROTOCOL;
}

void reply_free(struct reply *r, const struct net_heap *heap) {
  specs_free(&r->specs, heap);
  net_free(heap, r->bytes);
  memset(r, 0, sizeof *r);
}

bool reply_warning(struct cql_list *warnings, struct cell *text) {
  struct cql_span s;

  if (!cql_list_next_string(warnings, &s))
    return false;
  *text = (struct cell){s.p, s.len};
  return true;
}

bool reply_payload(struct cql_list *payload, struct cell *name,
                   struct cell *value) {
  struct cql_span n, v;

  if (!cql_list_next_bytes(payload, &n, &v))
    return false;
  *name = (struct cell){n.p, n.len};
  *value = (struct cell){v.p, v.len};
  return true;
}

uint16_t reply_key(const struct reply *r, uint16_t *first) {
  const struct cql_metadata *m = &r->prepared.bind;
  struct cql_reader indexes = m->key_indexes;

  if (m->key_count == 0)
    return 0;
  *first = cql_get_short(&indexes);
  for (uint16_t i = 1; i < m->key_count; i++)
    if (cql_get_short(&indexes) != *first + i)
      return 0;
  return *first + m->key_count <= m->column_count ? m->key_count : 0;
}
