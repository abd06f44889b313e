#include "core/value.h"

#include <string.h>

#include "proto/value.h"

bool value_is_text(const void *p, size_t len) {
  return cql_check_text((struct cql_span){p, len}) == CQL_OK;
}

static struct cql_span bytes_of(const struct value *v) {
  return (struct cql_span){v->p, v->len};
}

_Static_assert((int)VALUE_LIST == (int)CQL_TYPE_LIST, "they are one number");

/* ---- What no server takes ----------------------------------------------- */

static const char *number_fault(const struct value *v, int64_t least,
                                int64_t most) {
  return v->number < least || v->number > most ? "is out of range" : NULL;
}

static const char *time_fault(const struct value *v) {
  return v->number < 0 || v->number >= INT64_C(86400000000000)
             ? "is not within a day"
             : NULL;
}

static const char *uuid_fault(const struct value *v) {
  uint8_t uuid[16];

  if (v->len != sizeof uuid)
    return "is not 16 bytes";
  return v->type == CQL_TYPE_TIMEUUID &&
                 cql_decode_timeuuid(bytes_of(v), uuid) != CQL_OK
             ? "is no timeuuid: its version is not 1"
             : NULL;
}

const char *value_fault(const struct value *v) {
  switch (v->type) {
  case CQL_TYPE_TEXT:
    return cql_check_text(bytes_of(v)) == CQL_OK ? NULL : "is not UTF-8";
  case CQL_TYPE_ASCII:
    return cql_check_ascii(bytes_of(v)) == CQL_OK ? NULL : "is not ASCII";
  case CQL_TYPE_BOOLEAN:
    return number_fault(v, 0, 1);
  case CQL_TYPE_TINYINT:
    return number_fault(v, INT8_MIN, INT8_MAX);
  case CQL_TYPE_SMALLINT:
    return number_fault(v, INT16_MIN, INT16_MAX);
  case CQL_TYPE_INT:
  case CQL_TYPE_DATE:
    return number_fault(v, INT32_MIN, INT32_MAX);
  case CQL_TYPE_TIME:
    return time_fault(v);
  case CQL_TYPE_VARINT:
    return v->p != NULL && v->len == 0 ? "has no bytes" : NULL;
  case CQL_TYPE_DECIMAL:
    return v->len == 0 ? "has no bytes" : NULL;
  case CQL_TYPE_UUID:
  case CQL_TYPE_TIMEUUID:
    return uuid_fault(v);
  case CQL_TYPE_INET:
    return v->len != 4 && v->len != 16 ? "is neither 4 nor 16 bytes" : NULL;
  default:
    return NULL;
  }
}

/* ---- To the wire -------------------------------------------------------- */

void value_encode(struct cql_writer *w, const struct value *v) {
  switch (v->type) {
  case CQL_TYPE_BOOLEAN:
    cql_encode_boolean(w, v->number != 0);
    break;
  case CQL_TYPE_TINYINT:
    cql_encode_tinyint(w, (int8_t)v->number);
    break;
  case CQL_TYPE_SMALLINT:
    cql_encode_smallint(w, (int16_t)v->number);
    break;
  case CQL_TYPE_INT:
    cql_encode_int(w, (int32_t)v->number);
    break;
  case CQL_TYPE_DATE:
    cql_encode_date(w, v->number);
    break;
  case CQL_TYPE_BIGINT:
  case CQL_TYPE_COUNTER:
  case CQL_TYPE_TIMESTAMP:
  case CQL_TYPE_TIME:
    cql_encode_bigint(w, v->number);
    break;
  case CQL_TYPE_FLOAT:
    cql_encode_float(w, (float)v->real);
    break;
  case CQL_TYPE_DOUBLE:
    cql_encode_double(w, v->real);
    break;
  case CQL_TYPE_VARINT:
    if (v->p == NULL)
      cql_encode_varint(w, v->number);
    else
      cql_encode_varint_bytes(w, bytes_of(v));
    break;
  case CQL_TYPE_DECIMAL:
    cql_encode_decimal(w, v->scale, bytes_of(v));
    break;
  default:
    cql_put_raw(w, v->p, v->len);
  }
}

/* What most keys are goes straight. */
bool value_bind(struct op *op, const struct net_heap *heap,
                const struct value *v) {
  struct cql_writer w;

  switch (v->type) {
  case CQL_TYPE_TEXT:
  case CQL_TYPE_ASCII:
  case CQL_TYPE_BLOB:
    return op_bind_bytes(op, heap, v->p, v->len);
  case CQL_TYPE_BIGINT:
  case CQL_TYPE_COUNTER:
    return op_bind_bigint(op, heap, v->number);
  case CQL_TYPE_INT:
    return op_bind_int(op, heap, (int32_t)v->number);
  default:
    break;
  }
  cql_writer_init(&w, NULL, 0);
  value_encode(&w, v);
  if (!op_bind_begin(op, heap, w.need, &w))
    return false;
  value_encode(&w, v);
  return true;
}

static void encode_list(struct cql_writer *w, const struct value *values,
                        size_t count) {
  cql_encode_count(w, (int32_t)count);
  for (size_t i = 0; i < count; i++) {
    struct cql_writer one;

    cql_writer_init(&one, NULL, 0);
    value_encode(&one, &values[i]);
    cql_put_int(w, (int32_t)one.need);
    value_encode(w, &values[i]);
  }
}

bool value_bind_list(struct op *op, const struct net_heap *heap,
                     const struct value *values, size_t count) {
  struct cql_writer w;

  cql_writer_init(&w, NULL, 0);
  encode_list(&w, values, count);
  if (!op_bind_begin(op, heap, w.need, &w))
    return false;
  encode_list(&w, values, count);
  return true;
}

/* ---- From the wire ------------------------------------------------------ */

static bool read_number(struct value *out, struct cql_span s) {
  bool yes;
  int8_t tiny;
  int16_t small;
  int32_t i;

  switch (out->type) {
  case CQL_TYPE_BOOLEAN:
    if (cql_decode_boolean(s, &yes) != CQL_OK)
      return false;
    out->number = yes;
    return true;
  case CQL_TYPE_TINYINT:
    if (cql_decode_tinyint(s, &tiny) != CQL_OK)
      return false;
    out->number = (int64_t)tiny;
    return true;
  case CQL_TYPE_SMALLINT:
    if (cql_decode_smallint(s, &small) != CQL_OK)
      return false;
    out->number = small;
    return true;
  case CQL_TYPE_INT:
    if (cql_decode_int(s, &i) != CQL_OK)
      return false;
    out->number = i;
    return true;
  case CQL_TYPE_DATE:
    return cql_decode_date(s, &out->number) == CQL_OK;
  case CQL_TYPE_TIME:
    return cql_decode_time(s, &out->number) == CQL_OK;
  default:
    return cql_decode_bigint(s, &out->number) == CQL_OK;
  }
}

static bool read_real(struct value *out, struct cql_span s) {
  float narrow;

  if (out->type == CQL_TYPE_DOUBLE)
    return cql_decode_double(s, &out->real) == CQL_OK;
  if (cql_decode_float(s, &narrow) != CQL_OK)
    return false;
  out->real = narrow;
  return true;
}

static bool read_varint(struct value *out, struct cql_span s) {
  enum cql_rc rc = cql_decode_varint(s, &out->number);

  out->is_long = rc == CQL_ERANGE;
  return rc == CQL_OK || rc == CQL_ERANGE;
}

static bool read_decimal(struct value *out, struct cql_span s) {
  struct cql_span unscaled;

  if (cql_decode_decimal(s, &out->scale, &unscaled) != CQL_OK)
    return false;
  out->p = unscaled.p;
  out->len = unscaled.len;
  return true;
}

bool value_read(struct value *out, uint16_t type, const struct cell *cell) {
  struct cql_span s = {cell->p, cell->len};

  memset(out, 0, sizeof *out);
  out->type = type;
  out->p = s.p;
  out->len = s.len;
  switch (type) {
  case CQL_TYPE_TEXT:
  case CQL_TYPE_ASCII:
  case CQL_TYPE_UUID:
  case CQL_TYPE_TIMEUUID:
  case CQL_TYPE_INET:
    return value_fault(out) == NULL;
  case CQL_TYPE_BLOB:
    return true;
  case CQL_TYPE_VARINT:
    return read_varint(out, s);
  case CQL_TYPE_DECIMAL:
    return read_decimal(out, s);
  case CQL_TYPE_FLOAT:
  case CQL_TYPE_DOUBLE:
    return read_real(out, s);
  case CQL_TYPE_BOOLEAN:
  case CQL_TYPE_TINYINT:
  case CQL_TYPE_SMALLINT:
  case CQL_TYPE_INT:
  case CQL_TYPE_BIGINT:
  case CQL_TYPE_COUNTER:
  case CQL_TYPE_TIMESTAMP:
  case CQL_TYPE_DATE:
  case CQL_TYPE_TIME:
    return read_number(out, s);
  default:
    return false;
  }
}
