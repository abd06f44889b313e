#include "core/nested.h"

#include <string.h>

/* ---- Reading ------------------------------------------------------------ */

static bool is_counted(uint16_t id) {
  return id == CQL_TYPE_LIST || id == CQL_TYPE_SET || id == CQL_TYPE_MAP;
}

bool parts_have(const struct type *type) {
  return is_counted(type->id) || type->id == CQL_TYPE_TUPLE ||
         type->id == CQL_TYPE_UDT || type->dimension > 0;
}

bool parts_init(struct parts *p, const struct type *type,
                const struct cell *value) {
  const struct cql_type wire = {.id = type->id, .part_count = type->part_count};
  struct cql_span v = {value->p, value->len};
  enum cql_rc rc;

  memset(p, 0, sizeof *p);
  p->type = type;
  if (value->p == NULL)
    return true;
  rc = type->dimension > 0 ? cql_elements_vector(&p->elements, type->dimension,
                                                 type->element_len, v)
                           : cql_elements_init(&p->elements, &wire, v);
  p->count = p->elements.left;
  return rc == CQL_OK;
}

int parts_next(struct parts *p, const struct type **type, struct cell *part) {
  const struct type *t = p->type;
  struct cql_span span = {NULL, 0};
  enum cql_rc rc;

  if (p->next == p->count)
    return 0;
  rc = cql_elements_next(&p->elements, &span);
  if (rc != CQL_OK && rc != CQL_END)
    return -1;
  if (is_counted(t->id) || t->dimension > 0)
    *type = &t->parts[p->next % t->part_count];
  else
    *type = &t->parts[p->next];
  p->next++;
  *part = (struct cell){span.p, span.len};
  return 1;
}

bool duration_read(struct duration *out, const struct cell *cell) {
  struct cql_duration d;

  if (cql_decode_duration((struct cql_span){cell->p, cell->len}, &d) != CQL_OK)
    return false;
  *out = (struct duration){d.months, d.days, d.nanoseconds};
  return true;
}

/* ---- Writing ------------------------------------------------------------ */

void nested_begin(struct cql_writer *w, void *room, size_t size) {
  cql_writer_init(w, room, size);
}

size_t nested_size(const struct cql_writer *w) {
  return w->need;
}

void nested_null(struct cql_writer *w) {
  cql_put_bytes(w, (struct cql_span){NULL, 0});
}

void nested_unset(struct cql_writer *w) {
  cql_put_unset(w);
}

/* Where what follows begins; its length goes in front of it in the end. */
static size_t open_any(struct cql_writer *w, bool bare) {
  if (!bare)
    cql_put_int(w, 0);
  return w->need;
}

void nested_close(struct cql_writer *w, size_t opened, bool bare) {
  size_t len = w->need - opened;

  if (bare || w->need == SIZE_MAX)
    return;
  if (len > INT32_MAX)
    w->need = SIZE_MAX; /* for good */
  else
    cql_patch_int(w, opened - 4, (int32_t)len);
}

void nested_value(struct cql_writer *w, const struct value *v, bool bare) {
  size_t opened = open_any(w, bare);

  value_encode(w, v);
  nested_close(w, opened, bare);
}

bool nested_duration(struct cql_writer *w, const struct duration *d) {
  struct cql_duration wire = {d->months, d->days, d->nanoseconds};
  size_t opened = open_any(w, false);
  enum cql_rc rc = cql_encode_duration(w, &wire);

  nested_close(w, opened, false);
  return rc == CQL_OK;
}

size_t nested_open(struct cql_writer *w, const struct type *type,
                   uint32_t count, bool bare) {
  size_t opened = open_any(w, bare);

  if (is_counted(type->id))
    cql_encode_count(w, (int32_t)(count / type->part_count));
  return opened;
}
