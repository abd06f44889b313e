/* tests/fuzz/walk_value.c - types and values, and the values back again. */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/walk.h"

void walk_type(struct story *s, const struct cql_type *type,
               struct cql_span field) {
  struct cql_reader parts = type->parts;
  struct cql_type part;
  enum cql_rc rc;

  if (field.p != NULL)
    tell_bytes(s, field.p, field.len);
  tell(s, "(");
  tell_number(s, type->id);
  tell_bytes(s, type->keyspace.p, type->keyspace.len);
  tell_bytes(s, type->name.p, type->name.len);
  tell_number(s, type->vector_dimension);
  for (unsigned n = 0;; n++) {
    field = (struct cql_span){NULL, 0};
    rc = cql_type_next_part(type, &parts, &part, &field);
    FUZZ_CHECK(rc == (n < type->part_count ? CQL_OK : CQL_END));
    if (rc == CQL_END)
      break;
    if (field.p == NULL)
      tell_bytes(s, NULL, 0);
    walk_type(s, &part, field);
  }
  tell(s, ")");
}

/* ---- Scalars ------------------------------------------------------------ */

static bool good(struct story *s, enum cql_rc rc) {
  FUZZ_CHECK(rc == CQL_OK || rc == CQL_ESIZE || rc == CQL_ERANGE);
  if (rc != CQL_OK)
    tell(s, rc == CQL_ESIZE ? "size" : "range");
  return rc == CQL_OK;
}

/* An encoder's bytes, next to one that nobody may write to. */
enum { ENCODED = 64, GUARD = 0x5a };
struct encoded {
  uint8_t bytes[ENCODED + 1];
  struct cql_writer w;
};

static struct cql_writer *begin_encode(struct encoded *e) {
  memset(e->bytes, GUARD, sizeof e->bytes);
  cql_writer_init(&e->w, e->bytes, ENCODED);
  return &e->w;
}

static void is_same(const struct encoded *e, struct cql_span v) {
  FUZZ_CHECK(cql_writer_fits(&e->w) && e->w.need == v.len);
  FUZZ_CHECK(memcmp(e->bytes, v.p, v.len) == 0 && e->bytes[v.len] == GUARD);
}

static void walk_boolean(struct story *s, struct cql_span v) {
  struct encoded e;
  bool b;

  if (!good(s, cql_decode_boolean(v, &b)))
    return;
  tell(s, b ? "yes" : "no");
  cql_encode_boolean(begin_encode(&e), b);
  is_same(&e, (struct cql_span){b ? (const uint8_t *)"\1" : v.p, 1});
}

#define WALK_NUMBER(name, type)                                                \
  static void walk_##name(struct story *s, struct cql_span v) {                \
    struct encoded e;                                                          \
    type n;                                                                    \
                                                                               \
    if (!good(s, cql_decode_##name(v, &n)))                                    \
      return;                                                                  \
    tell_number(s, n);                                                         \
    cql_encode_##name(begin_encode(&e), n);                                    \
    is_same(&e, v);                                                            \
  }
WALK_NUMBER(tinyint, int8_t)
WALK_NUMBER(smallint, int16_t)
WALK_NUMBER(int, int32_t)
WALK_NUMBER(bigint, int64_t)
WALK_NUMBER(date, int64_t)
WALK_NUMBER(time, int64_t)

/* Told by their bits: not every NaN is the same. */
static void walk_float(struct story *s, struct cql_span v) {
  struct encoded e;
  int32_t bits;
  float f;

  if (!good(s, cql_decode_float(v, &f)))
    return;
  memcpy(&bits, &f, sizeof bits);
  tell_number(s, bits);
  cql_encode_float(begin_encode(&e), f);
  is_same(&e, v);
}

static void walk_double(struct story *s, struct cql_span v) {
  struct encoded e;
  int64_t bits;
  double d;

  if (!good(s, cql_decode_double(v, &d)))
    return;
  memcpy(&bits, &d, sizeof bits);
  tell_number(s, bits);
  cql_encode_double(begin_encode(&e), d);
  is_same(&e, v);
}

static void walk_uuid(struct story *s, struct cql_span v, bool timed) {
  uint8_t uuid[16];
  struct encoded e;

  if (!good(s, timed ? cql_decode_timeuuid(v, uuid) : cql_decode_uuid(v, uuid)))
    return;
  tell_bytes(s, uuid, sizeof uuid);
  if (timed)
    FUZZ_CHECK(cql_encode_timeuuid(begin_encode(&e), uuid) == CQL_OK);
  else
    cql_encode_uuid(begin_encode(&e), uuid);
  is_same(&e, v);
}

static void walk_inet(struct story *s, struct cql_span v) {
  struct cql_inet inet;
  struct encoded e;

  if (!good(s, cql_decode_inet(v, &inet)))
    return;
  tell_bytes(s, inet.address, inet.len);
  FUZZ_CHECK(cql_encode_inet(begin_encode(&e), &inet) == CQL_OK);
  is_same(&e, v);
}

/* The bytes may be longer than they need to be: what is made of the value is
 * the shortest form, which is the value again. */
static void walk_varint(struct story *s, struct cql_span v) {
  struct encoded e, again;
  int64_t n, back;

  if (!good(s, cql_decode_varint(v, &n)))
    return;
  tell_number(s, n);
  cql_encode_varint(begin_encode(&e), n);
  FUZZ_CHECK(e.w.need <= v.len);
  FUZZ_CHECK(cql_decode_varint((struct cql_span){e.bytes, e.w.need}, &back) ==
                 CQL_OK &&
             back == n);
  FUZZ_CHECK(cql_encode_varint_bytes(begin_encode(&again), v) == CQL_OK);
  is_same(&again, (struct cql_span){e.bytes, e.w.need});
}

static void walk_decimal(struct story *s, struct cql_span v) {
  struct cql_span unscaled;
  int32_t scale;
  struct cql_writer w;

  if (!good(s, cql_decode_decimal(v, &scale, &unscaled)))
    return;
  tell_number(s, scale);
  tell_bytes(s, unscaled.p, unscaled.len);
  cql_writer_init(&w, NULL, 0); /* only counts */
  FUZZ_CHECK(cql_encode_decimal(&w, scale, unscaled) == CQL_OK);
  FUZZ_CHECK(w.need <= v.len && w.need >= 5);
}

static void walk_duration(struct story *s, struct cql_span v) {
  struct cql_duration d, back;
  struct encoded e;

  if (!good(s, cql_decode_duration(v, &d)))
    return;
  tell_number(s, d.months);
  tell_number(s, d.days);
  tell_number(s, d.nanoseconds);
  FUZZ_CHECK(cql_encode_duration(begin_encode(&e), &d) == CQL_OK);
  FUZZ_CHECK(e.w.need <= v.len);
  FUZZ_CHECK(cql_decode_duration((struct cql_span){e.bytes, e.w.need}, &back) ==
             CQL_OK);
  FUZZ_CHECK(back.months == d.months && back.days == d.days &&
             back.nanoseconds == d.nanoseconds);
}

/* ---- What has parts ----------------------------------------------------- */

static void walk_elements(struct story *s, const struct cql_type *type,
                          struct cql_span v) {
  struct cql_reader parts = type->parts;
  bool each = type->id == CQL_TYPE_TUPLE || type->id == CQL_TYPE_UDT;
  struct cql_elements elements;
  struct cql_type part[2];
  struct cql_span element;
  enum cql_rc rc;

  if (!good(s, cql_elements_init(&elements, type, v)))
    return;
  for (unsigned i = 0; !each && i < type->part_count; i++)
    FUZZ_CHECK(cql_type_part(type, (uint16_t)i, &part[i], NULL) == CQL_OK);
  for (unsigned i = 0; (rc = cql_elements_next(&elements, &element)) == CQL_OK;
       i++) {
    unsigned which = each ? 0 : i % type->part_count;

    if (each)
      FUZZ_CHECK(cql_type_next_part(type, &parts, &part[0], NULL) == CQL_OK);
    if (element.p == NULL)
      tell(s, "null");
    else
      walk_value(s, &part[which], element);
  }
  FUZZ_CHECK(rc == CQL_END || rc == CQL_ESHORT);
  tell(s, rc == CQL_END ? "end" : "short");
}

void walk_value(struct story *s, const struct cql_type *type,
                struct cql_span v) {
  switch (type->id) {
  case CQL_TYPE_BOOLEAN:
    walk_boolean(s, v);
    break;
  case CQL_TYPE_TINYINT:
    walk_tinyint(s, v);
    break;
  case CQL_TYPE_SMALLINT:
    walk_smallint(s, v);
    break;
  case CQL_TYPE_INT:
    walk_int(s, v);
    break;
  case CQL_TYPE_BIGINT:
  case CQL_TYPE_COUNTER:
  case CQL_TYPE_TIMESTAMP:
    walk_bigint(s, v);
    break;
  case CQL_TYPE_FLOAT:
    walk_float(s, v);
    break;
  case CQL_TYPE_DOUBLE:
    walk_double(s, v);
    break;
  case CQL_TYPE_DATE:
    walk_date(s, v);
    break;
  case CQL_TYPE_TIME:
    walk_time(s, v);
    break;
  case CQL_TYPE_UUID:
  case CQL_TYPE_TIMEUUID:
    walk_uuid(s, v, type->id == CQL_TYPE_TIMEUUID);
    break;
  case CQL_TYPE_INET:
    walk_inet(s, v);
    break;
  case CQL_TYPE_ASCII:
    if (good(s, cql_check_ascii(v)))
      tell_bytes(s, v.p, v.len);
    break;
  case CQL_TYPE_TEXT:
    if (good(s, cql_check_text(v)))
      tell_bytes(s, v.p, v.len);
    break;
  case CQL_TYPE_VARINT:
    walk_varint(s, v);
    break;
  case CQL_TYPE_DECIMAL:
    walk_decimal(s, v);
    break;
  case CQL_TYPE_DURATION:
    walk_duration(s, v);
    break;
  default:
    if (type->part_count > 0 || type->id == CQL_TYPE_TUPLE ||
        type->id == CQL_TYPE_UDT)
      walk_elements(s, type, v);
    else
      tell_bytes(s, v.p, v.len);
    break;
  }
}
