#include "core/encode.h"

#include "proto/request.h"

static void add_page(const struct page *page, struct cql_parameters *p) {
  p->flags |= CQL_QUERY_PAGE_SIZE;
  p->page_size = page->rows;
  if (page->state == NULL)
    return;
  p->flags |= CQL_QUERY_PAGING_STATE;
  p->paging_state = (struct cql_span){page->state, page->state_len};
}

size_t op_encode(const struct op *op, struct cql_span id, uint8_t *buf,
                 size_t cap) {
  static const struct cql_span events[] = {
      {(const uint8_t *)"TOPOLOGY_CHANGE", 15},
      {(const uint8_t *)"STATUS_CHANGE", 13},
      {(const uint8_t *)"SCHEMA_CHANGE", 13},
  };
  struct cql_span text = {(const uint8_t *)op->statement->text,
                          op->statement->text_len};
  struct cql_request_options o = {.stream = op->stream};
  struct cql_batch batch = {.type = CQL_BATCH_COUNTER};
  struct cql_parameters p = {.consistency = op->consistency};

  if (op->value_count > 0) {
    p.flags = CQL_QUERY_VALUES;
    p.encoded_values.p = op->values;
    p.encoded_values.len = op->values_len;
    p.value_count = op->value_count;
  }
  if (op->page != NULL)
    add_page(op->page, &p);
  switch ((enum op_kind)op->kind) {
  case OP_EXECUTE:
    /* The columns of our own SELECTs are known without being told again. */
    p.flags |= CQL_QUERY_SKIP_METADATA;
    return cql_execute_encode(buf, cap, &o, id, &p);
  case OP_PREPARE:
    return cql_prepare_encode(buf, cap, &o, text);
  case OP_BATCH:
    batch.encoded_entries = p.encoded_values;
    batch.entry_count = op->value_count;
    batch.consistency = op->consistency;
    return cql_batch_encode(buf, cap, &o, &batch);
  case OP_REGISTER:
    return cql_register_encode(buf, cap, &o, events, 3);
  case OP_QUERY:
  default:
    return cql_query_encode(buf, cap, &o, text, &p);
  }
}
