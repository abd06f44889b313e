/* proto/frame.c - frame headers and the assembler.  It never looks into a
 * body and never copies one, except to make room for its rest. */
#include "proto/frame.h"

#include <string.h>

#include "proto/bytes.h"

static inline enum cql_rc decode_header(struct cql_header *h, const uint8_t *p,
                                        size_t len, uint32_t max_body) {
  uint32_t body_len;

  if (len > 0 && p[0] != CQL_V4_RESPONSE)
    return CQL_EVERSION;
  if (len < CQL_HEADER_LEN)
    return CQL_MORE;
  body_len = load_be32(p + 5);
  if (body_len > INT32_MAX || body_len > max_body)
    return CQL_ELENGTH;

  h->version = p[0];
  h->flags = p[1];
  h->stream = (int16_t)load_be16(p + 2);
  h->opcode = p[4];
  h->body_len = body_len;
  return CQL_OK;
}

enum cql_rc cql_header_decode(struct cql_header *h, const void *data,
                              size_t len, uint32_t max_body) {
  return decode_header(h, data, len, max_body);
}

void cql_header_encode(uint8_t out[CQL_HEADER_LEN], uint8_t flags,
                       int16_t stream, uint8_t opcode, uint32_t body_len) {
  store_header(out, flags, stream, opcode, body_len);
}

void cql_assembler_init(struct cql_assembler *a, void *buf, size_t cap,
                        uint32_t max_body) {
  a->buf = buf;
  a->cap = cap;
  a->head = 0;
  a->tail = 0;
  a->max_body = max_body;
}

size_t cql_assembler_pending(const struct cql_assembler *a) {
  return a->tail - a->head;
}

size_t cql_assembler_wants(const struct cql_assembler *a) {
  size_t pending = a->tail - a->head;
  struct cql_header h;

  if (pending < CQL_HEADER_LEN ||
      decode_header(&h, a->buf + a->head, pending, a->max_body) != CQL_OK)
    return CQL_HEADER_LEN;
  return CQL_HEADER_LEN + (size_t)h.body_len;
}

/* Moving costs a copy, so it is done only when the free end of the buffer is
 * small, or too small for the frame under way. */
static bool worth_moving(const struct cql_assembler *a) {
  return a->head > 0 && (a->cap - a->tail < a->cap / 2 ||
                         a->cap - a->head < cql_assembler_wants(a));
}

void cql_assembler_room(struct cql_assembler *a, uint8_t **p, size_t *n) {
  size_t pending = a->tail - a->head;

  if (pending == 0) {
    a->head = 0;
    a->tail = 0;
  } else if (worth_moving(a)) {
    memmove(a->buf, a->buf + a->head, pending);
    a->head = 0;
    a->tail = pending;
  }
  *n = a->cap - a->tail;
  *p = *n > 0 ? a->buf + a->tail : a->buf;
}

void cql_assembler_fed(struct cql_assembler *a, size_t n) {
  a->tail += n;
}

void cql_assembler_lend(struct cql_assembler *a, void *buf, size_t cap) {
  size_t pending = a->tail - a->head;

  if (pending > 0)
    memcpy(buf, a->buf + a->head, pending);
  a->buf = buf;
  a->cap = cap;
  a->head = 0;
  a->tail = pending;
}

enum cql_rc cql_assembler_next(struct cql_assembler *a, struct cql_frame *out) {
  size_t pending = a->tail - a->head;
  const uint8_t *p;
  struct cql_header h;
  enum cql_rc rc;

  if (pending == 0)
    return CQL_MORE;
  p = a->buf + a->head;
  rc = decode_header(&h, p, pending, a->max_body);
  if (rc != CQL_OK)
    return rc; /* head stays: the next call finds the same bytes */
  if (pending - CQL_HEADER_LEN < h.body_len)
    return CQL_MORE;

  a->head += CQL_HEADER_LEN + (size_t)h.body_len;
  out->header = h;
  out->body = p + CQL_HEADER_LEN;
  return CQL_OK;
}
