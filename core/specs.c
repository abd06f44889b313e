#include "core/specs.h"

#include <string.h>

/* Goes over everything twice: first it counts, then it writes. */
struct maker {
  struct type *types; /* NULL: counting ... */
  char *text;         /* ... both */
  size_t type_count;
  size_t text_len;
};

static const char *keep(struct maker *m, const char *between, struct cql_span a,
                        struct cql_span b) {
  size_t between_len = strlen(between);
  char *to = m->text == NULL ? NULL : m->text + m->text_len;

  m->text_len += a.len + between_len + b.len + 1;
  if (to == NULL)
    return NULL;
  if (a.len > 0)
    memcpy(to, a.p, a.len);
  memcpy(to + a.len, between, between_len);
  if (b.len > 0)
    memcpy(to + a.len + between_len, b.p, b.len);
  to[a.len + between_len + b.len] = '\0';
  return to;
}

static const char *keep_one(struct maker *m, struct cql_span s) {
  static const struct cql_span none = {NULL, 0};

  return keep(m, "", s, none);
}

/* Parts stand one after another. */
static struct type *take(struct maker *m, size_t count) {
  struct type *at = m->types == NULL ? NULL : m->types + m->type_count;

  m->type_count += count;
  return at;
}

static const char *name_of(struct maker *m, const struct cql_type *wire) {
  if (wire->id == CQL_TYPE_UDT)
    return keep(m, ".", wire->keyspace, wire->name);
  if (wire->id == CQL_TYPE_CUSTOM && wire->vector_dimension == 0)
    return keep_one(m, wire->name);
  return NULL;
}

/* As deep as proto/ lets types nest.  False: too many. */
static bool make_type(struct maker *m, const struct cql_type *wire,
                      struct type *to) {
  struct cql_reader reader = wire->parts;
  struct type *parts = take(m, wire->part_count), scrap = {0};
  struct cql_span field;
  struct cql_type part;

  if (m->type_count > TYPES_MAX)
    return false;
  to->id = wire->id;
  to->part_count = wire->part_count;
  to->dimension = wire->vector_dimension;
  to->element_len = 0;
  to->name = name_of(m, wire);
  to->parts = wire->part_count > 0 ? parts : NULL;
  for (uint16_t i = 0; i < wire->part_count; i++) {
    struct type *one = parts == NULL ? &scrap : &parts[i];

    if (cql_type_next_part(wire, &reader, &part, &field) != CQL_OK ||
        !make_type(m, &part, one))
      return false;
    one->field = field.p == NULL ? NULL : keep_one(m, field);
    if (wire->vector_dimension > 0)
      to->element_len = cql_type_fixed_len(&part);
  }
  return true;
}

/* Names that stand once for all columns are kept once, too. */
static bool make_all(struct maker *m, const struct cql_metadata *wire,
                     struct spec *columns) {
  bool global = wire->keyspace.p != NULL;
  const char *keyspace = global ? keep_one(m, wire->keyspace) : NULL;
  const char *table = global ? keep_one(m, wire->table) : NULL;
  struct cql_reader reader = wire->columns;
  struct spec scrap = {0};
  struct cql_column one;

  for (int32_t i = 0; i < wire->column_count; i++) {
    struct spec *to = columns == NULL ? &scrap : &columns[i];

    if (cql_column_next(wire, &reader, &one) != CQL_OK ||
        !make_type(m, &one.type, &to->type))
      return false;
    to->keyspace = global ? keyspace : keep_one(m, one.keyspace);
    to->table = global ? table : keep_one(m, one.table);
    to->name = keep_one(m, one.name);
    to->type.field = NULL;
  }
  return true;
}

enum specs_made specs_make(struct specs *c, const struct net_heap *heap,
                           const struct cql_metadata *m) {
  struct maker maker = {0};
  size_t columns_size, types_size;
  uint8_t *piece;

  memset(c, 0, sizeof *c);
  if (!m->has_columns)
    return SPECS_OK;
  if (m->column_count > TYPES_MAX || !make_all(&maker, m, NULL))
    return SPECS_TOO_MANY;
  columns_size = sizeof *c->all * (size_t)m->column_count;
  types_size = sizeof *maker.types * maker.type_count;
  piece = net_alloc(heap, columns_size + types_size + maker.text_len + 1);
  if (piece == NULL)
    return SPECS_NO_MEMORY;
  c->all = (struct spec *)(void *)piece;
  c->count = (uint32_t)m->column_count;
  maker.types = (struct type *)(void *)(piece + columns_size);
  maker.text = (char *)piece + columns_size + types_size;
  maker.type_count = 0;
  maker.text_len = 0;
  make_all(&maker, m, c->all);
  return SPECS_OK;
}

void specs_free(struct specs *c, const struct net_heap *heap) {
  net_free(heap, c->all);
  memset(c, 0, sizeof *c);
}

/* `name` is one string, and what the wire has may be "keyspace" and "name". */
static bool is_name(const char *name, const struct cql_type *wire) {
  size_t len = wire->keyspace.len;

  if (wire->id != CQL_TYPE_UDT)
    return cql_span_equal(cql_span_of(name), wire->name);
  return strncmp(name, (const char *)wire->keyspace.p, len) == 0 &&
         name[len] == '.' &&
         cql_span_equal(cql_span_of(name + len + 1), wire->name);
}

bool specs_is_type(const struct type *type, const struct cql_type *wire) {
  struct cql_reader reader = wire->parts;
  struct cql_span field;
  struct cql_type part;

  if (type->id != wire->id || type->part_count != wire->part_count ||
      type->dimension != wire->vector_dimension ||
      (type->name != NULL && !is_name(type->name, wire)))
    return false;
  for (uint16_t i = 0; i < wire->part_count; i++) {
    const struct type *own = &type->parts[i];

    if (cql_type_next_part(wire, &reader, &part, &field) != CQL_OK ||
        !specs_is_type(own, &part) ||
        (own->field != NULL && !cql_span_equal(cql_span_of(own->field), field)))
      return false;
  }
  return true;
}
