/* api/execute_values.c - values for the markers of a statement: kept as they
 * were given until the markers' types are known, and then written as these want
 * them. */
#include "api/execute.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

enum { VALUES_MAX = 65535, DEPTH_MAX = 32 };

/* ---- Giving ------------------------------------------------------------- */

static bool has_room(tally_statement *s) {
  const struct net_heap *heap = &s->session->heap;
  uint32_t cap = s->given_cap == 0 ? 16 : s->given_cap * 2;
  struct given *p;

  if (s->given_count < s->given_cap)
    return true;
  p = cap > UINT32_MAX / 4 ? NULL : net_resize(heap, s->given, sizeof *p * cap);
  if (p == NULL)
    return false;
  s->given = p;
  s->given_cap = cap;
  return true;
}

/* It counts for what it stands in. */
static int add(tally_statement *s, const struct given *g, tally_error *e) {
  if (s->open == NOT_NESTED && s->value_count == VALUES_MAX)
    return error_set(e, TALLY_EINVAL, "a statement takes at most %d values",
                     VALUES_MAX);
  if (!has_room(s))
    return error_no_memory(e);
  s->given[s->given_count++] = *g;
  if (s->open == NOT_NESTED)
    s->value_count++;
  else
    s->given[s->open].count++;
  return 0;
}

static int add_bytes(tally_statement *s, struct given *g, const void *p,
                     size_t len, tally_error *e) {
  if (p == NULL)
    return error_set(e, TALLY_EINVAL,
                     "value %u is NULL: tally_bind_null() is for that",
                     (unsigned)s->value_count + (s->open == NOT_NESTED));
  g->at = s->bytes.len;
  g->len = len;
  text_bytes(&s->bytes, p, len);
  return s->bytes.failed ? error_no_memory(e) : add(s, g, e);
}

int tally_bind_null(tally_statement *statement, tally_error *error) {
  return add(statement, &(struct given){.kind = GIVEN_NULL}, error);
}

int tally_bind_unset(tally_statement *statement, tally_error *error) {
  return add(statement, &(struct given){.kind = GIVEN_UNSET}, error);
}

int tally_bind_boolean(tally_statement *statement, int value,
                       tally_error *error) {
  return add(statement,
             &(struct given){.kind = GIVEN_BOOLEAN, .number = value != 0},
             error);
}

int tally_bind_int64(tally_statement *statement, int64_t value,
                     tally_error *error) {
  return add(statement, &(struct given){.kind = GIVEN_INT64, .number = value},
             error);
}

int tally_bind_double(tally_statement *statement, double value,
                      tally_error *error) {
  return add(statement, &(struct given){.kind = GIVEN_DOUBLE, .real = value},
             error);
}

int tally_bind_text(tally_statement *statement, const char *value,
                    tally_error *error) {
  return add_bytes(statement, &(struct given){.kind = GIVEN_TEXT}, value,
                   value == NULL ? 0 : strlen(value), error);
}

int tally_bind_bytes(tally_statement *statement, tally_bytes value,
                     tally_error *error) {
  return add_bytes(statement, &(struct given){.kind = GIVEN_BYTES}, value.p,
                   value.len, error);
}

int tally_bind_uuid(tally_statement *statement, const tally_uuid *value,
                    tally_error *error) {
  return add_bytes(statement, &(struct given){.kind = GIVEN_UUID}, value,
                   sizeof value->bytes, error);
}

int tally_bind_inet(tally_statement *statement, const tally_inet *value,
                    tally_error *error) {
  bool none = value == NULL || value->len == 0 || value->len > 16;

  return add_bytes(statement, &(struct given){.kind = GIVEN_INET},
                   none ? NULL : value->bytes, none ? 0 : value->len, error);
}

int tally_bind_decimal(tally_statement *statement, tally_decimal value,
                       tally_error *error) {
  return add_bytes(statement,
                   &(struct given){.kind = GIVEN_DECIMAL, .scale = value.scale},
                   value.unscaled.p, value.unscaled.len, error);
}

int tally_bind_duration(tally_statement *statement, tally_duration value,
                        tally_error *error) {
  const struct given g = {.kind = GIVEN_DURATION,
                          .scale = value.months,
                          .days = value.days,
                          .number = value.nanoseconds};

  return add(statement, &g, error);
}

int tally_bind_begin(tally_statement *statement, tally_error *error) {
  struct given g = {.kind = GIVEN_BEGIN, .within = statement->open};
  uint32_t at = statement->given_count;
  int rc;

  if (statement->depth == DEPTH_MAX)
    return error_set(error, TALLY_EINVAL, "values nest at most %d deep",
                     DEPTH_MAX);
  rc = add(statement, &g, error);
  if (rc != 0)
    return rc;
  statement->open = at;
  statement->depth++;
  return 0;
}

int tally_bind_end(tally_statement *statement, tally_error *error) {
  if (statement->open == NOT_NESTED)
    return error_set(error, TALLY_EINVAL, "no value was begun");
  statement->open = statement->given[statement->open].within;
  statement->depth--;
  return 0;
}

bool given_copy(tally_statement *to, const tally_statement *from) {
  size_t size = sizeof *from->given * from->given_count;

  to->given = net_alloc(&to->session->heap, size + 1);
  if (to->given == NULL)
    return false;
  if (size > 0)
    memcpy(to->given, from->given, size);
  /* What is empty points there as well. */
  if (from->bytes.p != NULL)
    text_bytes(&to->bytes, from->bytes.p, from->bytes.len);
  to->given_count = to->given_cap = from->given_count;
  to->value_count = from->value_count;
  to->open = from->open;
  to->depth = from->depth;
  return !to->bytes.failed;
}

/* ---- Writing ------------------------------------------------------------ */

/* Goes over all twice: to learn how much it is, and to write it. */
struct writing {
  const tally_statement *s;
  struct cql_writer w;
  uint32_t next; /* of the statement's */
  size_t key_at; /* where marker number `key_first` begins */
  int code;      /* what is wrong, once something is ... */
  char fault[FAULT_TEXT];
};

/* ... as the end of a sentence. */
static bool wrong(struct writing *x, int code, const char *fault) {
  if (x->code == 0) {
    x->code = code;
    snprintf(x->fault, sizeof x->fault, "%s", fault);
  }
  return false;
}

static const char *kind_name(enum given_kind kind) {
  static const char *const names[] = {
      [GIVEN_NULL] = "null",         [GIVEN_UNSET] = "unset",
      [GIVEN_BOOLEAN] = "boolean",   [GIVEN_INT64] = "int64",
      [GIVEN_DOUBLE] = "double",     [GIVEN_TEXT] = "text",
      [GIVEN_BYTES] = "bytes",       [GIVEN_UUID] = "uuid",
      [GIVEN_INET] = "inet",         [GIVEN_DECIMAL] = "decimal",
      [GIVEN_DURATION] = "duration", [GIVEN_BEGIN] = "begin"};

  return names[kind];
}

#define BIT(type) (UINT32_C(1) << (type))

/* The types that a kind is for. */
static bool takes(const struct type *type, enum given_kind kind) {
  static const uint32_t types[] = {
      [GIVEN_BOOLEAN] = BIT(TALLY_BOOLEAN),
      [GIVEN_INT64] = BIT(TALLY_TINYINT) | BIT(TALLY_SMALLINT) |
                      BIT(TALLY_INT) | BIT(TALLY_BIGINT) | BIT(TALLY_VARINT) |
                      BIT(TALLY_TYPE_COUNTER) | BIT(TALLY_TIMESTAMP) |
                      BIT(TALLY_DATE) | BIT(TALLY_TIME),
      [GIVEN_DOUBLE] = BIT(TALLY_FLOAT) | BIT(TALLY_DOUBLE),
      [GIVEN_TEXT] = BIT(TALLY_TEXT) | BIT(TALLY_ASCII),
      [GIVEN_BYTES] = BIT(TALLY_BLOB) | BIT(TALLY_TEXT) | BIT(TALLY_ASCII) |
                      BIT(TALLY_VARINT) | BIT(TALLY_CUSTOM),
      [GIVEN_UUID] = BIT(TALLY_UUID) | BIT(TALLY_TIMEUUID),
      [GIVEN_INET] = BIT(TALLY_INET),
      [GIVEN_DECIMAL] = BIT(TALLY_DECIMAL),
      [GIVEN_DURATION] = BIT(TALLY_DURATION),
      [GIVEN_BEGIN] = 0};

  return type->id < 32 && (types[kind] >> type->id & 1) != 0;
}

/* A member that fits no type of the protocol's is bytes as they are. */
static bool load(struct writing *x, const struct type *type,
                 const struct given *g, struct value *v) {
  memset(v, 0, sizeof *v);
  v->type = type->id;
  v->scale = g->scale;
  v->number = g->number;
  v->real = g->real;
  if (g->kind >= GIVEN_TEXT && g->kind <= GIVEN_DECIMAL) {
    v->p = (const uint8_t *)x->s->bytes.p + g->at;
    v->len = g->len;
  }
  if (type->id == TALLY_FLOAT && g->real - g->real == 0 &&
      (g->real > FLT_MAX || g->real < -FLT_MAX))
    return wrong(x, TALLY_ERANGE, "a number is out of a float's range");
  return true;
}

static bool write_scalar(struct writing *x, const struct type *type,
                         const struct given *g, bool bare) {
  const char *fault;
  struct value v;

  if (!load(x, type, g, &v))
    return false;
  fault = value_fault(&v);
  if (fault != NULL) {
    char text[FAULT_TEXT];

    snprintf(text, sizeof text, "what was bound %s", fault);
    return wrong(x, g->kind == GIVEN_INT64 ? TALLY_ERANGE : TALLY_EINVAL, text);
  }
  nested_value(&x->w, &v, bare);
  return true;
}

static bool write_duration(struct writing *x, const struct given *g) {
  const struct duration d = {g->scale, g->days, g->number};

  return nested_duration(&x->w, &d) ||
         wrong(x, TALLY_EINVAL, "a duration has parts of both signs");
}

static bool write_one(struct writing *x, const struct type *type, bool bare);

static bool count_fits(struct writing *x, const struct type *type,
                       uint32_t count) {
  char text[FAULT_TEXT];

  switch (type->id) {
  case TALLY_LIST:
  case TALLY_SET:
    return true;
  case TALLY_MAP:
    return count % 2 == 0 || wrong(x, TALLY_EINVAL, "a key has no value");
  case TALLY_TUPLE:
  case TALLY_UDT:
    snprintf(text, sizeof text, "there are %u parts, and it has %u",
             (unsigned)count, (unsigned)type->part_count);
    return count <= type->part_count || wrong(x, TALLY_EINVAL, text);
  default:
    break;
  }
  if (type->dimension == 0)
    return wrong(x, TALLY_ETYPE, "it has no parts, and some were begun");
  if (type->element_len == 0)
    return wrong(x, TALLY_ETYPE,
                 "a vector of elements that differ in size takes bytes");
  snprintf(text, sizeof text, "there are %u elements, not %u", (unsigned)count,
           (unsigned)type->dimension);
  return count == type->dimension || wrong(x, TALLY_EINVAL, text);
}

static const struct type *part_of(const struct type *type, uint32_t i) {
  if (type->id == TALLY_TUPLE || type->id == TALLY_UDT)
    return &type->parts[i];
  return &type->parts[i % type->part_count];
}

/* As deep as tally_bind_begin() lets values nest. */
static bool write_nested(struct writing *x, const struct type *type,
                         uint32_t count, bool bare) {
  size_t opened;

  if (!count_fits(x, type, count))
    return false;
  opened = nested_open(&x->w, type, count, bare);
  for (uint32_t i = 0; i < count; i++)
    if (!write_one(x, part_of(type, i), type->dimension > 0))
      return false;
  nested_close(&x->w, opened, bare);
  return true;
}

static bool write_one(struct writing *x, const struct type *type, bool bare) {
  const struct given *g = &x->s->given[x->next++];
  char text[FAULT_TEXT];

  switch (g->kind) {
  case GIVEN_NULL:
    if (bare)
      return wrong(x, TALLY_EINVAL, "an element of a vector is null");
    nested_null(&x->w);
    return true;
  case GIVEN_UNSET:
    return wrong(x, TALLY_EINVAL, "a part cannot be unset");
  case GIVEN_BEGIN:
    return write_nested(x, type, g->count, bare);
  default:
    break;
  }
  if (takes(type, g->kind))
    return g->kind == GIVEN_DURATION ? write_duration(x, g)
                                     : write_scalar(x, type, g, bare);
  if (tally_type_name(type->id) != NULL)
    snprintf(text, sizeof text, "%s was bound where %s belongs",
             kind_name(g->kind), tally_type_name(type->id));
  else
    snprintf(text, sizeof text, "%s was bound where it does not belong",
             kind_name(g->kind));
  return wrong(x, TALLY_ETYPE, text);
}

static int tell_wrong(const struct writing *x, const struct specs *binds,
                      uint32_t marker, tally_error *e) {
  const struct spec *spec = &binds->all[marker];
  struct text type;
  int rc;

  text_init(&type, &x->s->session->heap);
  type_print(&spec->type, &type);
  rc = error_set(e, x->code, "execute %s: marker %u (\"%.60s\", %.60s): %s",
                 x->s->about, (unsigned)marker + 1, spec->name,
                 type.failed ? "" : type.p, x->fault);
  net_free(type.heap, type.p);
  return rc;
}

static int write_all(struct writing *x, const struct known *known,
                     tally_error *e) {
  const struct specs *binds = &known->binds;

  x->next = 0;
  for (uint32_t i = 0; i < binds->count; i++) {
    if (i == known->key_first)
      x->key_at = nested_size(&x->w);
    if (x->s->given[x->next].kind == GIVEN_UNSET) {
      x->next++;
      nested_unset(&x->w);
    } else if (!write_one(x, &binds->all[i].type, false)) {
      return tell_wrong(x, binds, i, e);
    }
  }
  return 0;
}

static int bind_written(struct writing *x, const struct known *known,
                        struct op *op, tally_error *e) {
  const struct net_heap *heap = &x->s->session->heap;
  size_t size = nested_size(&x->w);
  uint8_t *room;
  bool bound;
  int rc;

  if (size > INT32_MAX)
    return error_set(e, TALLY_EINVAL, "execute %s: the values take over 2 GiB",
                     x->s->about);
  room = net_alloc(heap, size + 1);
  if (room == NULL)
    return error_no_memory(e);
  nested_begin(&x->w, room, size);
  rc = write_all(x, known, e);
  bound = rc == 0 && op_bind_encoded(op, heap, room, (uint32_t)size,
                                     (uint16_t)known->binds.count);
  net_free(heap, room);
  op->key_at = (uint32_t)x->key_at;
  return rc != 0 || bound ? rc : error_no_memory(e);
}

int given_bind(const tally_statement *s, const struct known *known,
               struct op *op, tally_error *e) {
  struct writing x = {.s = s};
  int rc;

  if (s->value_count != known->binds.count)
    return error_set(e, TALLY_EINVAL,
                     "execute %s: it has %u markers, and %u values were bound",
                     s->about, (unsigned)known->binds.count,
                     (unsigned)s->value_count);
  nested_begin(&x.w, NULL, 0);
  rc = write_all(&x, known, e);
  return rc != 0 ? rc : bind_written(&x, known, op, e);
}
