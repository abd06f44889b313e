/* api/answer_value.c - values of an answer, and parts of values. */
#include "api/execute.h"

#include <inttypes.h>
#include <string.h>

static const struct net_heap system_heap;

static const struct type *type_of(const tally_value *v) {
  return v->type;
}

static struct cell cell_of(const tally_value *v) {
  return (struct cell){v->p, v->len};
}

int tally_value_type(const tally_value *value) {
  const struct type *type = type_of(value);

  return type->dimension > 0 ? (int)TALLY_VECTOR : type->id;
}

const char *tally_value_field(const tally_value *value) {
  return type_of(value)->field;
}

/* ---- Types -------------------------------------------------------------- */

/* Vectors are frozen without saying so. */
static bool is_frozen(const struct type *part) {
  return part->id == TALLY_LIST || part->id == TALLY_SET ||
         part->id == TALLY_MAP || part->id == TALLY_TUPLE ||
         part->id == TALLY_UDT;
}

static void print_parts(const struct type *type, struct text *out) {
  text_add(out, "<");
  for (uint16_t i = 0; i < type->part_count; i++) {
    bool frozen = is_frozen(&type->parts[i]);

    text_add(out, i > 0 ? ", " : "");
    text_add(out, frozen ? "frozen<" : "");
    type_print(&type->parts[i], out);
    text_add(out, frozen ? ">" : "");
  }
  if (type->dimension > 0)
    text_addf(out, ", %" PRIu32, type->dimension);
  text_add(out, ">");
}

/* As deep as proto/ lets types nest. */
void type_print(const struct type *type, struct text *out) {
  const char *name = tally_type_name(type->id);

  switch (type->id) {
  case TALLY_LIST:
    name = "list";
    break;
  case TALLY_SET:
    name = "set";
    break;
  case TALLY_MAP:
    name = "map";
    break;
  case TALLY_TUPLE:
    name = "tuple";
    break;
  case TALLY_DURATION:
    name = "duration";
    break;
  case TALLY_UDT:
  case TALLY_CUSTOM:
    name = type->dimension > 0 ? "vector" : type->name;
    break;
  default:
    break;
  }
  if (name == NULL)
    text_addf(out, "0x%04x", (unsigned)type->id);
  else
    text_add(out, name);
  if (type->part_count > 0 && type->id != TALLY_UDT)
    print_parts(type, out);
}

/* ---- Scalars ------------------------------------------------------------ */

static int refuse(const tally_value *v, int code, const char *why,
                  tally_error *e) {
  struct text type;
  int rc;

  text_init(&type, &system_heap);
  type_print(type_of(v), &type);
  rc = error_set(e, code, "a value of type %.100s %s",
                 type.failed ? "" : type.p, why);
  net_free(&system_heap, type.p);
  return rc;
}

#define BIT(type) (UINT32_C(1) << (type))

/* One of these types (as bits), called so.  A null is all zeroes. */
static int read(const tally_value *from, uint32_t types, const char *refusal,
                struct value *v, tally_error *e) {
  const struct type *type = type_of(from);
  const struct cell cell = cell_of(from);

  memset(v, 0, sizeof *v);
  if (type->id >= 32 || (types >> type->id & 1) == 0)
    return refuse(from, TALLY_ETYPE, refusal, e);
  if (cell.p != NULL && !value_read(v, type->id, &cell))
    return refuse(from, TALLY_ETYPE, "has bytes that are none of its type", e);
  return 0;
}

int tally_value_get_boolean(const tally_value *value, int *out,
                            tally_error *error) {
  struct value v;
  int rc = read(value, BIT(TALLY_BOOLEAN), "is no boolean", &v, error);

  if (rc == 0)
    *out = v.number != 0;
  return rc;
}

int tally_value_get_int64(const tally_value *value, int64_t *out,
                          tally_error *error) {
  static const uint32_t types =
      BIT(TALLY_TINYINT) | BIT(TALLY_SMALLINT) | BIT(TALLY_INT) |
      BIT(TALLY_BIGINT) | BIT(TALLY_VARINT) | BIT(TALLY_TYPE_COUNTER) |
      BIT(TALLY_TIMESTAMP) | BIT(TALLY_DATE) | BIT(TALLY_TIME);
  struct value v;
  int rc = read(value, types, "is no number", &v, error);

  if (rc != 0)
    return rc;
  if (v.is_long)
    return refuse(value, TALLY_ERANGE, "is beyond 64 bits", error);
  *out = v.number;
  return 0;
}

int tally_value_get_double(const tally_value *value, double *out,
                           tally_error *error) {
  struct value v;
  int rc = read(value, BIT(TALLY_FLOAT) | BIT(TALLY_DOUBLE),
                "is no floating-point number", &v, error);

  if (rc == 0)
    *out = v.real;
  return rc;
}

int tally_value_get_text(const tally_value *value, tally_bytes *out,
                         tally_error *error) {
  struct value v;
  int rc =
      read(value, BIT(TALLY_TEXT) | BIT(TALLY_ASCII), "is no text", &v, error);

  if (rc == 0)
    *out = (tally_bytes){v.p, v.len};
  return rc;
}

int tally_value_get_bytes(const tally_value *value, tally_bytes *out,
                          tally_error *error) {
  (void)error;
  *out = (tally_bytes){value->p, value->len};
  return 0;
}

int tally_value_get_uuid(const tally_value *value, tally_uuid *out,
                         tally_error *error) {
  struct value v;
  int rc = read(value, BIT(TALLY_UUID) | BIT(TALLY_TIMEUUID), "is no UUID", &v,
                error);

  if (rc != 0)
    return rc;
  memset(out, 0, sizeof *out);
  if (v.p != NULL)
    memcpy(out->bytes, v.p, sizeof out->bytes);
  return 0;
}

int tally_value_get_inet(const tally_value *value, tally_inet *out,
                         tally_error *error) {
  struct value v;
  int rc = read(value, BIT(TALLY_INET), "is no address", &v, error);

  if (rc != 0)
    return rc;
  memset(out, 0, sizeof *out);
  if (v.p != NULL)
    memcpy(out->bytes, v.p, v.len);
  out->len = (uint8_t)v.len;
  return 0;
}

int tally_value_get_decimal(const tally_value *value, tally_decimal *out,
                            tally_error *error) {
  struct value v;
  int rc = read(value, BIT(TALLY_DECIMAL), "is no decimal", &v, error);

  if (rc == 0)
    *out = (tally_decimal){v.scale, {v.p, v.len}};
  return rc;
}

int tally_value_get_duration(const tally_value *value, tally_duration *out,
                             tally_error *error) {
  const struct cell cell = cell_of(value);
  struct duration d = {0};

  if (type_of(value)->id != TALLY_DURATION)
    return refuse(value, TALLY_ETYPE, "is no duration", error);
  if (cell.p != NULL && !duration_read(&d, &cell))
    return refuse(value, TALLY_ETYPE, "has bytes that are none of its type",
                  error);
  *out = (tally_duration){d.months, d.days, d.nanoseconds};
  return 0;
}

/* ---- Parts -------------------------------------------------------------- */

_Static_assert(sizeof(struct parts) <= sizeof((tally_parts){0}).own,
               "there is room for it");

int tally_parts_init(tally_parts *parts, const tally_value *value,
                     tally_error *error) {
  const struct cell cell = cell_of(value);
  struct parts own;

  memset(parts, 0, sizeof *parts);
  if (!parts_have(type_of(value)))
    return refuse(value, TALLY_ETYPE, "has no parts", error);
  if (!parts_init(&own, type_of(value), &cell))
    return refuse(value, TALLY_ETYPE, "has bytes that are none of its type",
                  error);
  memcpy(parts->own, &own, sizeof own);
  parts->count = own.count;
  return 0;
}

int tally_parts_next(tally_parts *parts, tally_value *part,
                     tally_error *error) {
  const struct type *type;
  struct parts own;
  struct cell cell;
  int rc;

  memcpy(&own, parts->own, sizeof own);
  rc = parts_next(&own, &type, &cell);
  memcpy(parts->own, &own, sizeof own);
  if (rc < 0)
    return error_set(error, TALLY_ETYPE, "part %u reaches beyond its value",
                     (unsigned)own.next + 1);
  if (rc > 0)
    *part = (tally_value){cell.p, cell.len, type};
  return rc;
}
