/* proto/wire.c - the notations of section 3, read and written. */
#include "proto/wire.h"

#include <string.h>

#include "proto/bytes.h"

/* What a reader over no bytes points at, so that the parts it hands out are
 * empty and never null. */
static const uint8_t k_nothing[1];

void cql_reader_init(struct cql_reader *r, const void *data, size_t len) {
  r->p = len > 0 ? data : k_nothing;
  r->end = r->p + len;
  r->bad = false;
}

size_t cql_left(const struct cql_reader *r) {
  /* Compared first: a zeroed reader has no pointers to subtract. */
  return r->p == r->end ? 0 : (size_t)(r->end - r->p);
}

const uint8_t *cql_take(struct cql_reader *r, size_t n) {
  const uint8_t *p = r->p;

  if (r->bad || n > cql_left(r)) {
    r->bad = true;
    return NULL;
  }
  if (n == 0)
    return p != NULL ? p : k_nothing;
  r->p = p + n;
  return p;
}

uint8_t cql_get_byte(struct cql_reader *r) {
  const uint8_t *p = cql_take(r, 1);

  return p != NULL ? p[0] : 0;
}

uint16_t cql_get_short(struct cql_reader *r) {
  const uint8_t *p = cql_take(r, 2);

  return p != NULL ? load_be16(p) : 0;
}

int32_t cql_get_int(struct cql_reader *r) {
  const uint8_t *p = cql_take(r, 4);

  return p != NULL ? (int32_t)load_be32(p) : 0;
}

int64_t cql_get_long(struct cql_reader *r) {
  const uint8_t *p = cql_take(r, 8);

  return p != NULL ? (int64_t)load_be64(p) : 0;
}

static struct cql_span take_span(struct cql_reader *r, size_t n) {
  struct cql_span s = {cql_take(r, n), 0};

  if (s.p != NULL)
    s.len = n;
  return s;
}

struct cql_span cql_get_string(struct cql_reader *r) {
  return take_span(r, cql_get_short(r));
}

struct cql_span cql_get_long_string(struct cql_reader *r) {
  int32_t n = cql_get_int(r);

  if (n < 0) {
    r->bad = true;
    n = 0;
  }
  return take_span(r, (size_t)n);
}

struct cql_span cql_get_short_bytes(struct cql_reader *r) {
  return cql_get_string(r);
}

struct cql_span cql_get_bytes(struct cql_reader *r) {
  int32_t n = cql_get_int(r);

  if (n < 0)
    return (struct cql_span){NULL, 0};
  return take_span(r, (size_t)n);
}

enum cql_value_kind cql_get_value(struct cql_reader *r, struct cql_span *out) {
  int32_t n = cql_get_int(r);

  *out = (struct cql_span){NULL, 0};
  if (n < -2)
    r->bad = true;
  if (n == -2)
    return CQL_VALUE_UNSET;
  if (n < 0)
    return CQL_VALUE_NULL;
  *out = take_span(r, (size_t)n);
  return CQL_VALUE_BYTES;
}

void cql_get_inet(struct cql_reader *r, struct cql_inet *out) {
  uint8_t len = cql_get_byte(r);
  const uint8_t *p;

  memset(out, 0, sizeof *out);
  if (len != 4 && len != 16) {
    r->bad = true;
    return;
  }
  p = cql_take(r, len);
  if (p == NULL)
    return;
  memcpy(out->address, p, len);
  out->len = len;
  out->port = cql_get_int(r);
}

void cql_writer_init(struct cql_writer *w, void *buf, size_t cap) {
  w->buf = buf;
  w->cap = cap;
  w->need = 0;
}

bool cql_writer_fits(const struct cql_writer *w) {
  return w->need <= w->cap;
}

/* Count n bytes; where they go, or NULL when they do not fit.  A count that
 * would overflow stays at SIZE_MAX, which no buffer has. */
static uint8_t *claim(struct cql_writer *w, size_t n) {
  size_t at = w->need;

  w->need = n < SIZE_MAX - at ? at + n : SIZE_MAX;
  return w->need <= w->cap && n > 0 ? w->buf + at : NULL;
}

/* No cap is large enough for what the wire cannot say. */
static void refuse(struct cql_writer *w) {
  w->need = SIZE_MAX;
}

void cql_put_byte(struct cql_writer *w, uint8_t v) {
  uint8_t *p = claim(w, 1);

  if (p != NULL)
    p[0] = v;
}

void cql_put_short(struct cql_writer *w, uint16_t v) {
  uint8_t *p = claim(w, 2);

  if (p != NULL)
    store_be16(p, v);
}

void cql_put_int(struct cql_writer *w, int32_t v) {
  uint8_t *p = claim(w, 4);

  if (p != NULL)
    store_be32(p, (uint32_t)v);
}

void cql_put_long(struct cql_writer *w, int64_t v) {
  uint8_t *p = claim(w, 8);

  if (p != NULL)
    store_be64(p, (uint64_t)v);
}

void cql_put_raw(struct cql_writer *w, const void *p, size_t n) {
  uint8_t *to = claim(w, n);

  if (to != NULL)
    memcpy(to, p, n);
}

void cql_put_string(struct cql_writer *w, struct cql_span s) {
  if (s.len > UINT16_MAX) {
    refuse(w);
    return;
  }
  cql_put_short(w, (uint16_t)s.len);
  cql_put_raw(w, s.p, s.len);
}

void cql_put_long_string(struct cql_writer *w, struct cql_span s) {
  if (s.len > INT32_MAX) {
    refuse(w);
    return;
  }
  cql_put_int(w, (int32_t)s.len);
  cql_put_raw(w, s.p, s.len);
}

void cql_put_short_bytes(struct cql_writer *w, struct cql_span s) {
  cql_put_string(w, s);
}

void cql_put_bytes(struct cql_writer *w, struct cql_span s) {
  if (s.p == NULL)
    cql_put_int(w, -1);
  else
    cql_put_long_string(w, s);
}

void cql_put_unset(struct cql_writer *w) {
  cql_put_int(w, -2);
}

void cql_patch_int(struct cql_writer *w, size_t at, int32_t v) {
  size_t written = w->need < w->cap ? w->need : w->cap;

  if (written >= 4 && at <= written - 4)
    store_be32(w->buf + at, (uint32_t)v);
}

struct cql_span cql_span_of(const char *text) {
  struct cql_span s = {(const uint8_t *)text, 0};

  if (text != NULL)
    s.len = strlen(text);
  return s;
}

bool cql_span_equal(struct cql_span a, struct cql_span b) {
  if (a.p == NULL || b.p == NULL)
    return a.p == b.p;
  return a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}
