/* proto/result.c - RESULT, decoded in place.  The decoder walks the column
 * specs, which are few, and not the cells, which are many. */
#include "proto/result.h"

#include <string.h>

/* One column spec; table names stand in it unless they are global. */
static enum cql_rc get_column(struct cql_reader *r, bool global,
                              struct cql_column *out) {
  enum cql_rc rc;

  if (!global) {
    out->keyspace = cql_get_string(r);
    out->table = cql_get_string(r);
  }
  out->name = cql_get_string(r);
  rc = cql_type_decode(r, &out->type);
  return r->bad ? CQL_ESHORT : rc;
}

/* The part that NO_METADATA leaves out.  That flag is looked at before the
 * global one, since servers set both and then write neither. */
static enum cql_rc get_columns(struct cql_reader *r, struct cql_metadata *m) {
  bool global = (m->flags & CQL_METADATA_GLOBAL_TABLES_SPEC) != 0;
  size_t least = global ? 4 : 8;
  struct cql_column column;
  const uint8_t *start;
  enum cql_rc rc;

  if (m->flags & CQL_METADATA_NO_METADATA)
    return r->bad ? CQL_ESHORT : CQL_OK;
  m->has_columns = true;
  if (global) {
    m->keyspace = cql_get_string(r);
    m->table = cql_get_string(r);
  }
  if (r->bad || (size_t)m->column_count > cql_left(r) / least)
    return CQL_ESHORT;
  start = r->p;
  for (int32_t i = 0; i < m->column_count; i++) {
    rc = get_column(r, global, &column);
    if (rc != CQL_OK)
      return rc;
  }
  cql_reader_init(&m->columns, start, (size_t)(r->p - start));
  return CQL_OK;
}

static enum cql_rc get_head(struct cql_reader *r, struct cql_metadata *m) {
  memset(m, 0, sizeof *m);
  m->flags = cql_get_int(r);
  m->column_count = cql_get_int(r);
  if (r->bad)
    return CQL_ESHORT;
  return m->column_count < 0 ? CQL_ELENGTH : CQL_OK;
}

static enum cql_rc get_rows_metadata(struct cql_reader *r,
                                     struct cql_metadata *m) {
  enum cql_rc rc = get_head(r, m);

  if (rc != CQL_OK)
    return rc;
  if (m->flags & CQL_METADATA_HAS_MORE_PAGES)
    m->paging_state = cql_get_bytes(r);
  return get_columns(r, m);
}

/* The bind side of Prepared has key indexes and never a paging state. */
static enum cql_rc get_bind_metadata(struct cql_reader *r,
                                     struct cql_metadata *m) {
  enum cql_rc rc = get_head(r, m);
  int32_t count;
  const uint8_t *indexes;

  if (rc != CQL_OK)
    return rc;
  count = cql_get_int(r);
  if (count < 0 || count > UINT16_MAX)
    return CQL_ELENGTH;
  indexes = cql_take(r, (size_t)count * 2);
  if (indexes == NULL)
    return CQL_ESHORT;
  m->key_count = (uint16_t)count;
  cql_reader_init(&m->key_indexes, indexes, (size_t)count * 2);
  return get_columns(r, m);
}

/* Each cell has four bytes at least: more rows than that cannot have come. */
static enum cql_rc get_rows(struct cql_reader *r, struct cql_rows *rows) {
  enum cql_rc rc = get_rows_metadata(r, &rows->metadata);
  size_t columns;

  if (rc != CQL_OK)
    return rc;
  rows->row_count = cql_get_int(r);
  if (r->bad)
    return CQL_ESHORT;
  if (rows->row_count < 0)
    return CQL_ELENGTH;
  columns = (size_t)rows->metadata.column_count;
  if (columns == 0)
    rows->row_count = 0;
  else if ((size_t)rows->row_count > cql_left(r) / 4 / columns)
    return CQL_ESHORT;
  rows->cells = *r;
  return CQL_OK;
}

static enum cql_rc get_prepared(struct cql_reader *r, struct cql_prepared *p) {
  enum cql_rc rc;

  p->id = cql_get_short_bytes(r);
  rc = get_bind_metadata(r, &p->bind);
  return rc != CQL_OK ? rc : get_rows_metadata(r, &p->result);
}

enum cql_rc cql_result_decode(struct cql_reader *message,
                              struct cql_result *out) {
  memset(out, 0, sizeof *out);
  out->kind = cql_get_int(message);
  if (message->bad)
    return CQL_ESHORT;
  switch (out->kind) {
  case CQL_RESULT_ROWS:
    return get_rows(message, &out->u.rows);
  case CQL_RESULT_SET_KEYSPACE:
    out->u.keyspace = cql_get_string(message);
    return message->bad ? CQL_ESHORT : CQL_OK;
  case CQL_RESULT_PREPARED:
    return get_prepared(message, &out->u.prepared);
  case CQL_RESULT_SCHEMA_CHANGE:
    return cql_schema_change_decode(message, &out->u.schema);
  default:
    return CQL_OK; /* Void, and what a later server may send */
  }
}

enum cql_rc cql_column_next(const struct cql_metadata *m,
                            struct cql_reader *columns,
                            struct cql_column *out) {
  if (cql_left(columns) == 0)
    return CQL_END;
  out->keyspace = m->keyspace;
  out->table = m->table;
  return get_column(columns, m->flags & CQL_METADATA_GLOBAL_TABLES_SPEC, out);
}

enum cql_rc cql_row_cell(struct cql_reader *cells, struct cql_span *out) {
  if (cells->bad)
    return CQL_ESHORT;
  if (cql_left(cells) == 0)
    return CQL_END;
  *out = cql_get_bytes(cells);
  return cells->bad ? CQL_ESHORT : CQL_OK;
}
