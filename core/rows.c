#include "core/rows.h"

#include <string.h>

#include "proto/value.h"

void rows_init(struct rows *r, const struct cql_rows *wire) {
  r->wire = *wire;
  r->cells_left = (int64_t)wire->row_count * wire->metadata.column_count;
}

int32_t rows_count(const struct rows *r) {
  return r->wire.row_count;
}

int32_t rows_columns(const struct rows *r) {
  return r->wire.metadata.column_count;
}

struct cell rows_paging_state(const struct rows *r) {
  struct cql_span state = r->wire.metadata.paging_state;

  return (struct cell){state.p, state.len};
}

size_t rows_size(const struct rows *r) {
  return cql_left(&r->wire.cells);
}

void rows_move(struct rows *r, void *copy) {
  size_t len = rows_size(r);

  if (len > 0)
    memcpy(copy, r->wire.cells.p, len);
  cql_reader_init(&r->wire.cells, copy, len);
}

bool rows_next(struct rows *r, struct cell *out) {
  struct cql_span span;

  if (r->cells_left == 0 || cql_row_cell(&r->wire.cells, &span) != CQL_OK)
    return false;
  r->cells_left--;
  out->p = span.p;
  out->len = span.len;
  return true;
}

bool rows_are_sound(const struct rows *r) {
  struct rows rows = *r;
  struct cell cell;

  if (!r->wire.metadata.has_columns && r->wire.metadata.column_count > 0)
    return false;
  while (rows.cells_left > 0)
    if (!rows_next(&rows, &cell))
      return false;
  return true;
}

void cell_terminate(struct cell *cell, uint8_t *p) {
  uint8_t *text = p - 4;

  memmove(text, p, cell->len);
  text[cell->len] = '\0';
  cell->p = text;
}

bool cell_bigint(const struct cell *cell, int64_t *out) {
  struct cql_span v = {cell->p, cell->len};

  return cql_decode_bigint(v, out) == CQL_OK;
}

bool cell_int(const struct cell *cell, int32_t *out) {
  struct cql_span v = {cell->p, cell->len};

  return cql_decode_int(v, out) == CQL_OK;
}

char *cell_copy(const struct net_heap *heap, const struct cell *cell) {
  char *copy = net_alloc(heap, cell->len + 1);

  if (copy != NULL && cell->len > 0)
    memcpy(copy, cell->p, cell->len);
  return copy;
}

bool cell_map_find(const struct cell *map, const char *key,
                   struct cell *value) {
  static const struct cql_type texts = {.id = CQL_TYPE_MAP, .part_count = 2};
  struct cql_span all = {map->p, map->len}, k, v;
  struct cql_elements e;

  if (map->p == NULL || cql_elements_init(&e, &texts, all) != CQL_OK)
    return false;
  while (cql_elements_next(&e, &k) == CQL_OK &&
         cql_elements_next(&e, &v) == CQL_OK)
    if (cql_span_equal(k, cql_span_of(key))) {
      *value = (struct cell){v.p, v.len};
      return true;
    }
  return false;
}

bool cell_is(const struct cell *cell, const char *text) {
  size_t len = strlen(text);

  return cell->p != NULL && cell->len == len && memcmp(cell->p, text, len) == 0;
}
