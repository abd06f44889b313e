#include "core/encode.h"

#include "proto/request.h"

static void add_extras(const struct extras *extras,
                       struct cql_request_options *o,
                       struct cql_parameters *p) {
  o->tracing = extras->tracing;
  o->payload = extras->payload;
  if (extras->serial_consistency == 0)
    return;
  p->flags |= CQL_QUERY_SERIAL_CONSISTENCY;
  p->serial_consistency = extras->serial_consistency;
}

static void add_page(const struct page *page, struct cql_request_options *o,
                     struct cql_parameters *p) {
  if (page->extras != NULL)
    add_extras(page->extras, o, p);
  if (page->rows > 0) {
    p->flags |= CQL_QUERY_PAGE_SIZE;
    p->page_size = page->rows;
  }
  if (page->state == NULL)
    return;
  p->flags |= CQL_QUERY_PAGING_STATE;
  p->paging_state = (struct cql_span){page->state, page->state_len};
}

static struct cql_span text_of(const struct op *op) {
  return (struct cql_span){(const uint8_t *)op->statement->text,
                           op->statement->text_len};
}

static size_t encode_batch(const struct op *op, uint8_t *buf, size_t cap,
                           const struct cql_request_options *o) {
  struct cql_batch batch = {
      .type = CQL_BATCH_COUNTER,
      .encoded_entries = {op->values, op->values_len},
      .entry_count = op->value_count,
      .consistency = op->consistency,
  };

  return cql_batch_encode(buf, cap, o, &batch);
}

size_t op_encode(const struct op *op, struct cql_span id, uint8_t *buf,
                 size_t cap) {
  static const struct cql_span events[] = {
      {(const uint8_t *)"TOPOLOGY_CHANGE", 15},
      {(const uint8_t *)"STATUS_CHANGE", 13},
      {(const uint8_t *)"SCHEMA_CHANGE", 13},
  };
  struct cql_request_options o = {.stream = op->stream};
  struct cql_parameters p = {.consistency = op->consistency};

  if (op->value_count > 0) {
    p.flags = CQL_QUERY_VALUES;
    p.encoded_values.p = op->values;
    p.encoded_values.len = op->values_len;
    p.value_count = op->value_count;
  }
  if (op->page != NULL)
    add_page(op->page, &o, &p);
  switch ((enum op_kind)op->kind) {
  case OP_EXECUTE:
    /* The columns of our own statements are known without being told again. */
    if (!op->statement->whole)
      p.flags |= CQL_QUERY_SKIP_METADATA;
    return cql_execute_encode(buf, cap, &o, id, &p);
  case OP_PREPARE:
    return cql_prepare_encode(buf, cap, &o, text_of(op));
  case OP_BATCH:
    return encode_batch(op, buf, cap, &o);
  case OP_REGISTER:
    return cql_register_encode(buf, cap, &o, events, 3);
  case OP_QUERY:
  default:
    return cql_query_encode(buf, cap, &o, text_of(op), &p);
  }
}
