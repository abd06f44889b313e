#include "core/encode.h"

#include "proto/request.h"

static void add_page(const struct page *page, struct cql_parameters *p) {
  if (page->rows > 0) {
    p->flags |= CQL_QUERY_PAGE_SIZE;
    p->page_size = page->rows;
  }
  if (page->state == NULL)
    return;
  p->flags |= CQL_QUERY_PAGING_STATE;
  p->paging_state = (struct cql_span){page->state, page->state_len};
}

static void add_extras(const struct extras *extras,
                       struct cql_pair pairs[PAYLOAD_MAX],
                       struct cql_request_options *o,
                       struct cql_parameters *p) {
  o->tracing = extras->tracing;
  o->payload.entries = pairs;
  o->payload.count = extras->payload_count;
  for (uint16_t i = 0; i < extras->payload_count; i++) {
    const struct payload *from = &extras->payload[i];

    pairs[i].key = cql_span_of(from->name);
    pairs[i].value = (struct cql_span){from->p, from->len};
  }
  if (extras->serial_consistency == 0)
    return;
  p->flags |= CQL_QUERY_SERIAL_CONSISTENCY;
  p->serial_consistency = extras->serial_consistency;
}

static size_t encode(const struct op *op, struct cql_span id, uint8_t *buf,
                     size_t cap, const struct cql_request_options *o,
                     const struct cql_parameters *p) {
  static const struct cql_span events[] = {
      {(const uint8_t *)"TOPOLOGY_CHANGE", 15},
      {(const uint8_t *)"STATUS_CHANGE", 13},
      {(const uint8_t *)"SCHEMA_CHANGE", 13},
  };
  struct cql_span text = {(const uint8_t *)op->statement->text,
                          op->statement->text_len};
  struct cql_batch batch = {.type = CQL_BATCH_COUNTER};

  switch ((enum op_kind)op->kind) {
  case OP_EXECUTE:
    return cql_execute_encode(buf, cap, o, id, p);
  case OP_PREPARE:
    return cql_prepare_encode(buf, cap, o, text);
  case OP_BATCH:
    batch.encoded_entries = p->encoded_values;
    batch.entry_count = op->value_count;
    batch.consistency = op->consistency;
    return cql_batch_encode(buf, cap, o, &batch);
  case OP_REGISTER:
    return cql_register_encode(buf, cap, o, events, 3);
  case OP_QUERY:
  default:
    return cql_query_encode(buf, cap, o, text, p);
  }
}

size_t op_encode(const struct op *op, struct cql_span id, uint8_t *buf,
                 size_t cap) {
  struct cql_request_options o = {.stream = op->stream};
  struct cql_parameters p = {.consistency = op->consistency};
  struct cql_pair pairs[PAYLOAD_MAX];

  if (op->value_count > 0) {
    p.flags = CQL_QUERY_VALUES;
    p.encoded_values.p = op->values;
    p.encoded_values.len = op->values_len;
    p.value_count = op->value_count;
  }
  if (op->page != NULL)
    add_page(op->page, &p);
  if (op->page != NULL && op->page->extras != NULL)
    add_extras(op->page->extras, pairs, &o, &p);
  else if (op->kind == OP_EXECUTE)
    /* The columns of our own SELECTs are known without being told again. */
    p.flags |= CQL_QUERY_SKIP_METADATA;
  return encode(op, id, buf, cap, &o, &p);
}
