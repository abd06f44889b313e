/* tests/fuzz/walk.c - responses. */
#include "tests/fuzz/walk.h"

#include "proto/response.h"
#include "tests/fuzz/fuzz.h"

static void tell_span(struct story *s, struct cql_span v) {
  tell_bytes(s, v.p, v.len);
}

static void tell_strings(struct story *s, struct cql_list list) {
  struct cql_span v;
  unsigned n = 0;

  tell_number(s, list.count);
  for (; cql_list_next_string(&list, &v); n++)
    tell_span(s, v);
  FUZZ_CHECK(list.count == 0 && !list.items.bad &&
             (n == 0 || cql_left(&list.items) == 0));
}

static bool tell_prefix(struct story *s, const struct cql_frame *frame,
                        struct cql_reader *message) {
  struct cql_prefix prefix;
  struct cql_span key, value;

  if (cql_prefix_decode(frame, &prefix, message) != CQL_OK)
    return false;
  tell_bytes(s, prefix.trace_id, prefix.trace_id != NULL ? 16 : 0);
  if (frame->header.flags & CQL_FLAG_WARNING)
    tell_strings(s, prefix.warnings);
  if ((frame->header.flags & CQL_FLAG_CUSTOM_PAYLOAD) == 0)
    return true;
  tell_number(s, prefix.payload.count);
  while (cql_list_next_bytes(&prefix.payload, &key, &value)) {
    tell_span(s, key);
    tell_span(s, value);
  }
  FUZZ_CHECK(prefix.payload.count == 0 && !prefix.payload.items.bad);
  return true;
}

static void tell_schema_change(struct story *s,
                               const struct cql_schema_change *c) {
  tell_span(s, c->change);
  tell_span(s, c->target);
  if (c->keyspace.p != NULL)
    tell_span(s, c->keyspace);
  if (c->name.p != NULL)
    tell_span(s, c->name);
  if (cql_span_equal(c->target, cql_span_of("FUNCTION")) ||
      cql_span_equal(c->target, cql_span_of("AGGREGATE")))
    tell_strings(s, c->arguments);
}

static void tell_tail(struct story *s, const struct cql_error *e) {
  bool unavailable = e->code == CQL_ERROR_UNAVAILABLE;

  switch (e->code) {
  case CQL_ERROR_FUNCTION_FAILURE:
  case CQL_ERROR_ALREADY_EXISTS:
    tell_span(s, e->keyspace);
    tell_span(s, e->name);
    if (e->code == CQL_ERROR_FUNCTION_FAILURE)
      tell_strings(s, e->arguments);
    return;
  case CQL_ERROR_UNPREPARED:
    tell_span(s, e->id);
    return;
  default:
    break;
  }
  tell_number(s, e->consistency);
  tell_number(s, unavailable ? e->required : e->received);
  tell_number(s, unavailable ? e->received : e->required);
  if (e->code == CQL_ERROR_READ_FAILURE || e->code == CQL_ERROR_WRITE_FAILURE)
    tell_number(s, e->failures);
  if (e->code == CQL_ERROR_READ_FAILURE || e->code == CQL_ERROR_READ_TIMEOUT)
    tell(s, e->data_present ? "yes" : "no");
  if (e->code == CQL_ERROR_WRITE_FAILURE || e->code == CQL_ERROR_WRITE_TIMEOUT)
    tell_span(s, e->write_type);
}

static bool tell_error(struct story *s, struct cql_reader *message) {
  struct cql_error e;

  if (cql_error_decode(message, &e) != CQL_OK)
    return false;
  tell_number(s, e.code);
  tell_span(s, e.text);
  if (e.has_tail)
    tell_tail(s, &e);
  return true;
}

static bool tell_supported(struct story *s, struct cql_reader *message) {
  struct cql_list options, values;
  struct cql_span key;

  if (cql_supported_decode(message, &options) != CQL_OK)
    return false;
  tell_number(s, options.count);
  while (cql_list_next_multi(&options, &key, &values)) {
    tell_span(s, key);
    tell_strings(s, values);
  }
  FUZZ_CHECK(options.count == 0 && !options.items.bad);
  return true;
}

static bool tell_event(struct story *s, struct cql_reader *message) {
  struct cql_event e;

  if (cql_event_decode(message, &e) != CQL_OK)
    return false;
  tell_span(s, e.name);
  switch (e.type) {
  case CQL_EVENT_SCHEMA_CHANGE:
    tell_schema_change(s, &e.schema);
    break;
  case CQL_EVENT_TOPOLOGY_CHANGE:
  case CQL_EVENT_STATUS_CHANGE:
    tell_span(s, e.change);
    tell_bytes(s, e.address.address, e.address.len);
    tell_number(s, e.address.port);
    break;
  case CQL_EVENT_OTHER:
    break;
  }
  return true;
}

/* ---- RESULT ------------------------------------------------------------- */

static void tell_columns(struct story *s, const struct cql_metadata *m) {
  bool global = (m->flags & CQL_METADATA_GLOBAL_TABLES_SPEC) != 0;
  struct cql_reader columns = m->columns;
  struct cql_span no_field = {NULL, 0};
  struct cql_column column;
  int64_t n = 0;

  if (!m->has_columns)
    return;
  if (global) {
    tell_span(s, m->keyspace);
    tell_span(s, m->table);
  }
  for (; cql_column_next(m, &columns, &column) == CQL_OK; n++) {
    if (!global) {
      tell_span(s, column.keyspace);
      tell_span(s, column.table);
    }
    tell_span(s, column.name);
    walk_type(s, &column.type, no_field);
  }
  FUZZ_CHECK(n == m->column_count && cql_left(&columns) == 0);
}

static void tell_metadata(struct story *s, const struct cql_metadata *m) {
  tell_number(s, m->flags);
  tell_number(s, m->column_count);
  if (m->flags & CQL_METADATA_HAS_MORE_PAGES)
    tell_span(s, m->paging_state);
  tell_columns(s, m);
}

static void tell_prepared(struct story *s, const struct cql_prepared *p) {
  struct cql_reader keys = p->bind.key_indexes;

  tell_span(s, p->id);
  tell_number(s, p->bind.flags);
  tell_number(s, p->bind.column_count);
  for (unsigned i = 0; i < p->bind.key_count; i++)
    tell_number(s, cql_get_short(&keys));
  FUZZ_CHECK(!keys.bad && cql_left(&keys) == 0);
  tell_columns(s, &p->bind);
  tell_metadata(s, &p->result);
}

/* One row; false when the bytes end in it. */
static bool tell_row(struct story *s, const struct cql_metadata *m,
                     struct cql_reader *cells) {
  struct cql_reader columns = m->columns;
  struct cql_column column;
  struct cql_span cell;

  for (int32_t i = 0; i < m->column_count; i++) {
    if (m->has_columns)
      FUZZ_CHECK(cql_column_next(m, &columns, &column) == CQL_OK);
    if (cql_row_cell(cells, &cell) != CQL_OK)
      return false;
    if (m->has_columns && cell.p != NULL)
      walk_value(s, &column.type, cell);
    else
      tell_span(s, cell);
  }
  return true;
}

static void tell_rows(struct story *s, const struct cql_rows *rows,
                      struct cql_reader *message) {
  struct cql_reader cells = rows->cells;

  tell_metadata(s, &rows->metadata);
  tell_number(s, rows->row_count);
  for (int32_t i = 0; i < rows->row_count; i++)
    if (!tell_row(s, &rows->metadata, &cells)) {
      tell(s, "cut");
      cells.p = cells.end;
      break;
    }
  *message = cells;
}

static bool tell_result(struct story *s, struct cql_reader *message) {
  struct cql_result r;

  if (cql_result_decode(message, &r) != CQL_OK)
    return false;
  tell_number(s, r.kind);
  switch (r.kind) {
  case CQL_RESULT_ROWS:
    tell_rows(s, &r.u.rows, message);
    break;
  case CQL_RESULT_SET_KEYSPACE:
    tell_span(s, r.u.keyspace);
    break;
  case CQL_RESULT_PREPARED:
    tell_prepared(s, &r.u.prepared);
    break;
  case CQL_RESULT_SCHEMA_CHANGE:
    tell_schema_change(s, &r.u.schema);
    break;
  default:
    break;
  }
  return true;
}

static bool tell_message(struct story *s, uint8_t opcode,
                         struct cql_reader *message) {
  struct cql_span v;

  switch (opcode) {
  case CQL_OP_ERROR:
    return tell_error(s, message);
  case CQL_OP_SUPPORTED:
    return tell_supported(s, message);
  case CQL_OP_RESULT:
    return tell_result(s, message);
  case CQL_OP_EVENT:
    return tell_event(s, message);
  case CQL_OP_AUTHENTICATE:
    if (cql_authenticate_decode(message, &v) != CQL_OK)
      return false;
    break;
  case CQL_OP_AUTH_CHALLENGE:
  case CQL_OP_AUTH_SUCCESS:
    if (cql_auth_token_decode(message, &v) != CQL_OK)
      return false;
    break;
  default:
    return true;
  }
  tell_span(s, v);
  return true;
}

void walk_response(struct story *s, const struct cql_frame *frame) {
  struct cql_reader message;

  if (tell_prefix(s, frame, &message) &&
      tell_message(s, frame->header.opcode, &message)) {
    tell_number(s, (int64_t)cql_left(&message));
    return;
  }
  story_begin(s);
  tell(s, "broken");
}
