/* proto/value.c - values of the v4 types, both ways (section 6). */
#include "proto/value.h"

#include <string.h>

#include "proto/bytes.h"

static const int64_t k_date_epoch = INT64_C(1) << 31;
static const int64_t k_day_ns = INT64_C(86400000000000);

enum cql_rc cql_decode_boolean(struct cql_span v, bool *out) {
  if (v.len != 1)
    return CQL_ESIZE;
  *out = v.p[0] != 0;
  return CQL_OK;
}

enum cql_rc cql_decode_tinyint(struct cql_span v, int8_t *out) {
  if (v.len != 1)
    return CQL_ESIZE;
  *out = (int8_t)v.p[0];
  return CQL_OK;
}

enum cql_rc cql_decode_smallint(struct cql_span v, int16_t *out) {
  if (v.len != 2)
    return CQL_ESIZE;
  *out = (int16_t)load_be16(v.p);
  return CQL_OK;
}

enum cql_rc cql_decode_int(struct cql_span v, int32_t *out) {
  if (v.len != 4)
    return CQL_ESIZE;
  *out = (int32_t)load_be32(v.p);
  return CQL_OK;
}

enum cql_rc cql_decode_bigint(struct cql_span v, int64_t *out) {
  if (v.len != 8)
    return CQL_ESIZE;
  *out = (int64_t)load_be64(v.p);
  return CQL_OK;
}

enum cql_rc cql_decode_float(struct cql_span v, float *out) {
  uint32_t bits;

  if (v.len != 4)
    return CQL_ESIZE;
  bits = load_be32(v.p);
  memcpy(out, &bits, sizeof *out);
  return CQL_OK;
}

enum cql_rc cql_decode_double(struct cql_span v, double *out) {
  uint64_t bits;

  if (v.len != 8)
    return CQL_ESIZE;
  bits = load_be64(v.p);
  memcpy(out, &bits, sizeof *out);
  return CQL_OK;
}

enum cql_rc cql_decode_date(struct cql_span v, int64_t *days) {
  if (v.len != 4)
    return CQL_ESIZE;
  *days = (int64_t)load_be32(v.p) - k_date_epoch;
  return CQL_OK;
}

enum cql_rc cql_decode_time(struct cql_span v, int64_t *ns) {
  int64_t n;

  if (v.len != 8)
    return CQL_ESIZE;
  n = (int64_t)load_be64(v.p);
  if (n < 0 || n >= k_day_ns)
    return CQL_ERANGE;
  *ns = n;
  return CQL_OK;
}

enum cql_rc cql_decode_uuid(struct cql_span v, uint8_t out[16]) {
  if (v.len != 16)
    return CQL_ESIZE;
  memcpy(out, v.p, 16);
  return CQL_OK;
}

static bool is_version_1(const uint8_t *uuid) {
  return uuid[6] >> 4 == 1;
}

enum cql_rc cql_decode_timeuuid(struct cql_span v, uint8_t out[16]) {
  if (v.len == 16 && !is_version_1(v.p))
    return CQL_ERANGE;
  return cql_decode_uuid(v, out);
}

enum cql_rc cql_decode_inet(struct cql_span v, struct cql_inet *out) {
  if (v.len != 4 && v.len != 16)
    return CQL_ESIZE;
  memset(out, 0, sizeof *out);
  memcpy(out->address, v.p, v.len);
  out->len = (uint8_t)v.len;
  return CQL_OK;
}

/* Bytes of the UTF-8 sequence at p, 0 for none.  The second byte's range
 * depends on the first: it is there that overlong forms, surrogates and what
 * lies above U+10FFFF show. */
static size_t utf8_len(const uint8_t *p, size_t left) {
  uint8_t low = 0x80, high = 0xbf;
  size_t n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

  if (p[0] < 0x80)
    return 1;
  if (p[0] < 0xc2 || p[0] > 0xf4 || n > left)
    return 0;
  if (p[0] == 0xe0)
    low = 0xa0;
  else if (p[0] == 0xed)
    high = 0x9f;
  else if (p[0] == 0xf0)
    low = 0x90;
  else if (p[0] == 0xf4)
    high = 0x8f;
  if (p[1] < low || p[1] > high)
    return 0;
  for (size_t i = 2; i < n; i++)
    if ((p[i] & 0xc0) != 0x80)
      return 0;
  return n;
}

/* Nothing but ASCII, as most text is?  Eight bytes at a time, of which the last
 * ones may have been among those before. */
static bool is_ascii(struct cql_span v) {
  uint64_t eight, high = 0;

  if (v.len < sizeof eight) {
    for (size_t i = 0; i < v.len; i++)
      high |= v.p[i];
    return high < 0x80;
  }
  for (size_t i = 0; i + sizeof eight < v.len; i += sizeof eight) {
    memcpy(&eight, v.p + i, sizeof eight);
    high |= eight;
  }
  memcpy(&eight, v.p + v.len - sizeof eight, sizeof eight);
  return ((high | eight) & UINT64_C(0x8080808080808080)) == 0;
}

enum cql_rc cql_check_ascii(struct cql_span v) {
  return is_ascii(v) ? CQL_OK : CQL_ERANGE;
}

enum cql_rc cql_check_text(struct cql_span v) {
  size_t n;

  if (is_ascii(v))
    return CQL_OK;
  for (size_t i = 0; i < v.len; i += n) {
    n = utf8_len(v.p + i, v.len - i);
    if (n == 0)
      return CQL_ERANGE;
  }
  return CQL_OK;
}

/* Without the leading bytes that only repeat the sign of the next one. */
static struct cql_span shortest(struct cql_span v) {
  while (v.len > 1 && ((v.p[0] == 0x00 && v.p[1] < 0x80) ||
                       (v.p[0] == 0xff && v.p[1] >= 0x80))) {
    v.p++;
    v.len--;
  }
  return v;
}

enum cql_rc cql_decode_varint(struct cql_span v, int64_t *out) {
  uint64_t n;

  if (v.len == 0)
    return CQL_ESIZE;
  v = shortest(v);
  if (v.len > 8)
    return CQL_ERANGE;
  n = v.p[0] < 0x80 ? 0 : UINT64_MAX;
  for (size_t i = 0; i < v.len; i++)
    n = n << 8 | v.p[i];
  *out = (int64_t)n;
  return CQL_OK;
}

enum cql_rc cql_decode_decimal(struct cql_span v, int32_t *scale,
                               struct cql_span *unscaled) {
  if (v.len < 5)
    return CQL_ESIZE;
  *scale = (int32_t)load_be32(v.p);
  *unscaled = (struct cql_span){v.p + 4, v.len - 4};
  return CQL_OK;
}

/* Signed vints are zig-zag: 0, -1, 1, -2, ... */
static int64_t get_signed_vint(struct cql_reader *r) {
  uint64_t n = cql_get_vint(r);

  return (int64_t)(n >> 1 ^ (0 - (n & 1)));
}

static void put_signed_vint(struct cql_writer *w, int64_t v) {
  uint64_t sign = v < 0 ? UINT64_MAX : 0;

  cql_put_vint(w, (uint64_t)v << 1 ^ sign);
}

static bool same_sign(int64_t a, int64_t b, int64_t c) {
  return (a >= 0 && b >= 0 && c >= 0) || (a <= 0 && b <= 0 && c <= 0);
}

enum cql_rc cql_decode_duration(struct cql_span v, struct cql_duration *out) {
  int64_t months, days, ns;
  struct cql_reader r;

  cql_reader_init(&r, v.p, v.len);
  months = get_signed_vint(&r);
  days = get_signed_vint(&r);
  ns = get_signed_vint(&r);
  if (r.bad || cql_left(&r) > 0)
    return CQL_ESIZE;
  if (months < INT32_MIN || months > INT32_MAX || days < INT32_MIN ||
      days > INT32_MAX || !same_sign(months, days, ns))
    return CQL_ERANGE;
  out->months = (int32_t)months;
  out->days = (int32_t)days;
  out->nanoseconds = ns;
  return CQL_OK;
}

static enum cql_rc begin_counted(struct cql_elements *e, uint32_t per_entry) {
  int32_t count = cql_get_int(&e->r);

  if (e->r.bad || count < 0 ||
      (size_t)count > cql_left(&e->r) / (4 * (size_t)per_entry))
    return CQL_ESIZE;
  e->left = (uint32_t)count * per_entry;
  return CQL_OK;
}

enum cql_rc cql_elements_vector(struct cql_elements *e, uint32_t dimension,
                                uint32_t fixed_len, struct cql_span v) {
  memset(e, 0, sizeof *e);
  cql_reader_init(&e->r, v.p, v.len);
  e->left = dimension;
  e->fixed_len = fixed_len;
  e->vint_len = fixed_len == 0;
  if (e->vint_len)
    return dimension > v.len ? CQL_ESIZE : CQL_OK;
  return (uint64_t)dimension * fixed_len == v.len ? CQL_OK : CQL_ESIZE;
}

static enum cql_rc begin_vector(struct cql_elements *e,
                                const struct cql_type *type,
                                struct cql_span v) {
  struct cql_type element;
  enum cql_rc rc = cql_type_from_class(type->vector_element, &element);

  if (rc != CQL_OK)
    return rc;
  return cql_elements_vector(e, type->vector_dimension,
                             cql_type_fixed_len(&element), v);
}

enum cql_rc cql_elements_init(struct cql_elements *e,
                              const struct cql_type *type, struct cql_span v) {
  memset(e, 0, sizeof *e);
  cql_reader_init(&e->r, v.p, v.len);
  switch (type->id) {
  case CQL_TYPE_LIST:
  case CQL_TYPE_SET:
    return begin_counted(e, 1);
  case CQL_TYPE_MAP:
    return begin_counted(e, 2);
  case CQL_TYPE_TUPLE:
  case CQL_TYPE_UDT:
    e->left = type->part_count;
    e->may_stop = true;
    return CQL_OK;
  default:
    return type->vector_dimension > 0 ? begin_vector(e, type, v) : CQL_ERANGE;
  }
}

enum cql_rc cql_elements_next(struct cql_elements *e, struct cql_span *out) {
  struct cql_reader *r = &e->r;
  uint64_t n;

  if (r->bad)
    return CQL_ESHORT;
  if (e->left == 0 || (e->may_stop && cql_left(r) == 0))
    return CQL_END;
  e->left--;
  if (!e->vint_len && e->fixed_len == 0) {
    *out = cql_get_bytes(r);
    return r->bad ? CQL_ESHORT : CQL_OK;
  }
  n = e->vint_len ? cql_get_vint(r) : e->fixed_len;
  if (n > cql_left(r))
    r->bad = true;
  if (r->bad)
    return CQL_ESHORT;
  *out = (struct cql_span){cql_take(r, (size_t)n), (size_t)n};
  return CQL_OK;
}

void cql_encode_boolean(struct cql_writer *w, bool v) {
  cql_put_byte(w, v ? 1 : 0);
}

void cql_encode_tinyint(struct cql_writer *w, int8_t v) {
  cql_put_byte(w, (uint8_t)v);
}

void cql_encode_smallint(struct cql_writer *w, int16_t v) {
  cql_put_short(w, (uint16_t)v);
}

void cql_encode_int(struct cql_writer *w, int32_t v) {
  cql_put_int(w, v);
}

void cql_encode_bigint(struct cql_writer *w, int64_t v) {
  cql_put_long(w, v);
}

void cql_encode_float(struct cql_writer *w, float v) {
  uint32_t bits;

  memcpy(&bits, &v, sizeof bits);
  cql_put_int(w, (int32_t)bits);
}

void cql_encode_double(struct cql_writer *w, double v) {
  uint64_t bits;

  memcpy(&bits, &v, sizeof bits);
  cql_put_long(w, (int64_t)bits);
}

enum cql_rc cql_encode_date(struct cql_writer *w, int64_t days) {
  if (days < -k_date_epoch || days >= k_date_epoch)
    return CQL_ERANGE;
  cql_put_int(w, (int32_t)(uint32_t)(days + k_date_epoch));
  return CQL_OK;
}

enum cql_rc cql_encode_time(struct cql_writer *w, int64_t ns) {
  if (ns < 0 || ns >= k_day_ns)
    return CQL_ERANGE;
  cql_put_long(w, ns);
  return CQL_OK;
}

void cql_encode_uuid(struct cql_writer *w, const uint8_t v[16]) {
  cql_put_raw(w, v, 16);
}

enum cql_rc cql_encode_timeuuid(struct cql_writer *w, const uint8_t v[16]) {
  if (!is_version_1(v))
    return CQL_ERANGE;
  cql_put_raw(w, v, 16);
  return CQL_OK;
}

enum cql_rc cql_encode_inet(struct cql_writer *w, const struct cql_inet *v) {
  if (v->len != 4 && v->len != 16)
    return CQL_ERANGE;
  cql_put_raw(w, v->address, v->len);
  return CQL_OK;
}

void cql_encode_varint(struct cql_writer *w, int64_t v) {
  uint8_t bytes[8];
  struct cql_span s;

  store_be64(bytes, (uint64_t)v);
  s = shortest((struct cql_span){bytes, sizeof bytes});
  cql_put_raw(w, s.p, s.len);
}

enum cql_rc cql_encode_varint_bytes(struct cql_writer *w, struct cql_span v) {
  if (v.len == 0)
    return CQL_ESIZE;
  v = shortest(v);
  cql_put_raw(w, v.p, v.len);
  return CQL_OK;
}

enum cql_rc cql_encode_decimal(struct cql_writer *w, int32_t scale,
                               struct cql_span unscaled) {
  if (unscaled.len == 0)
    return CQL_ESIZE;
  cql_put_int(w, scale);
  return cql_encode_varint_bytes(w, unscaled);
}

enum cql_rc cql_encode_duration(struct cql_writer *w,
                                const struct cql_duration *v) {
  if (!same_sign(v->months, v->days, v->nanoseconds))
    return CQL_ERANGE;
  put_signed_vint(w, v->months);
  put_signed_vint(w, v->days);
  put_signed_vint(w, v->nanoseconds);
  return CQL_OK;
}

/* The first byte starts with as many ones as there are bytes after it; what
 * it has left are the number's highest bits. */
uint64_t cql_get_vint(struct cql_reader *r) {
  uint8_t first = cql_get_byte(r);
  unsigned extra = 0;
  const uint8_t *p;
  uint64_t n;

  while (extra < 8 && (first & 0x80u >> extra) != 0)
    extra++;
  p = cql_take(r, extra);
  if (p == NULL)
    return 0;
  n = first & 0xffu >> extra;
  for (unsigned i = 0; i < extra; i++)
    n = n << 8 | p[i];
  return n;
}

void cql_put_vint(struct cql_writer *w, uint64_t v) {
  unsigned extra = 0;
  uint8_t bytes[9];

  while (extra < 8 && v >> 7 * (extra + 1) != 0)
    extra++;
  for (unsigned i = extra; i > 0; i--) {
    bytes[i] = (uint8_t)v;
    v >>= 8;
  }
  bytes[0] = (uint8_t)((0xff00u >> extra & 0xff) | v);
  cql_put_raw(w, bytes, extra + 1);
}

void cql_encode_count(struct cql_writer *w, int32_t count) {
  cql_put_int(w, count);
}

void cql_encode_vector_element(struct cql_writer *w, bool fixed_size,
                               struct cql_span v) {
  if (!fixed_size)
    cql_put_vint(w, v.len);
  cql_put_raw(w, v.p, v.len);
}
