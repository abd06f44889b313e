/* proto/request.c - requests, encoded.  A request is written by one pass of a
 * writer that counts on where the buffer ends, and its length is filled in
 * last; EXECUTE with values in wire form has a shorter way. */
#include "proto/request.h"

#include <string.h>

#include "proto/bytes.h"

enum {
  QUERY_FLAGS = 0x7f, /* those that v4 has */
  BATCH_FLAGS = CQL_QUERY_SERIAL_CONSISTENCY | CQL_QUERY_DEFAULT_TIMESTAMP,
};

static const size_t k_frame_max = CQL_HEADER_LEN + CQL_BODY_MAX;

static uint8_t header_flags(const struct cql_request_options *o) {
  unsigned flags = 0;

  if (o->tracing)
    flags |= CQL_FLAG_TRACING;
  if (o->payload.count > 0)
    flags |= CQL_FLAG_CUSTOM_PAYLOAD;
  return (uint8_t)flags;
}

static void begin(struct cql_writer *w, void *buf, size_t cap,
                  const struct cql_request_options *o, uint8_t opcode) {
  uint8_t header[CQL_HEADER_LEN];

  cql_writer_init(w, buf, cap);
  store_header(header, header_flags(o), o->stream, opcode, 0);
  cql_put_raw(w, header, sizeof header);
  if (o->payload.count == 0)
    return;
  cql_put_short(w, o->payload.count);
  for (size_t i = 0; i < o->payload.count; i++) {
    cql_put_string(w, o->payload.entries[i].key);
    cql_put_bytes(w, o->payload.entries[i].value);
  }
}

/* The size of the frame; 0 when it is over the limit, as it also is after
 * anything that a notation could not hold. */
static size_t finish(struct cql_writer *w) {
  if (w->need > k_frame_max)
    return 0;
  cql_patch_int(w, 5, (int32_t)(w->need - CQL_HEADER_LEN));
  return w->need;
}

static void put_bind(struct cql_writer *w, const struct cql_bind *v) {
  const struct cql_span null = {NULL, 0};

  if (v->kind == CQL_VALUE_UNSET)
    cql_put_unset(w);
  else
    cql_put_bytes(w, v->kind == CQL_VALUE_BYTES ? v->bytes : null);
}

static void put_values(struct cql_writer *w, const struct cql_bind *values,
                       uint16_t count, struct cql_span encoded, bool named) {
  cql_put_short(w, count);
  if (encoded.p != NULL) {
    cql_put_raw(w, encoded.p, encoded.len);
    return;
  }
  for (size_t i = 0; i < count; i++) {
    if (named)
      cql_put_string(w, values[i].name);
    put_bind(w, &values[i]);
  }
}

static void put_parameters(struct cql_writer *w,
                           const struct cql_parameters *p) {
  cql_put_short(w, p->consistency);
  cql_put_byte(w, p->flags);
  if (p->flags & CQL_QUERY_VALUES)
    put_values(w, p->values, p->value_count, p->encoded_values,
               (p->flags & CQL_QUERY_NAMES_FOR_VALUES) != 0);
  if (p->flags & CQL_QUERY_PAGE_SIZE)
    cql_put_int(w, p->page_size);
  if (p->flags & CQL_QUERY_PAGING_STATE)
    cql_put_bytes(w, p->paging_state);
  if (p->flags & CQL_QUERY_SERIAL_CONSISTENCY)
    cql_put_short(w, p->serial_consistency);
  if (p->flags & CQL_QUERY_DEFAULT_TIMESTAMP)
    cql_put_long(w, p->timestamp_us);
}

size_t cql_startup_encode(void *buf, size_t cap,
                          const struct cql_request_options *o,
                          const struct cql_pair *options, uint16_t count) {
  struct cql_writer w;

  begin(&w, buf, cap, o, CQL_OP_STARTUP);
  cql_put_short(&w, count);
  for (size_t i = 0; i < count; i++) {
    cql_put_string(&w, options[i].key);
    cql_put_string(&w, options[i].value);
  }
  return finish(&w);
}

size_t cql_options_encode(void *buf, size_t cap,
                          const struct cql_request_options *o) {
  struct cql_writer w;

  begin(&w, buf, cap, o, CQL_OP_OPTIONS);
  return finish(&w);
}

size_t cql_query_encode(void *buf, size_t cap,
                        const struct cql_request_options *o,
                        struct cql_span text, const struct cql_parameters *p) {
  struct cql_writer w;

  if (p->flags & ~(unsigned)QUERY_FLAGS)
    return 0;
  begin(&w, buf, cap, o, CQL_OP_QUERY);
  cql_put_long_string(&w, text);
  put_parameters(&w, p);
  return finish(&w);
}

size_t cql_prepare_encode(void *buf, size_t cap,
                          const struct cql_request_options *o,
                          struct cql_span text) {
  struct cql_writer w;

  begin(&w, buf, cap, o, CQL_OP_PREPARE);
  cql_put_long_string(&w, text);
  return finish(&w);
}

/* The shape that every increment has: values in wire form and nothing behind
 * them. */
static bool is_plain(const struct cql_request_options *o,
                     const struct cql_parameters *p) {
  return p->encoded_values.p != NULL && o->payload.count == 0 &&
         (p->flags & ~(unsigned)CQL_QUERY_SKIP_METADATA) == CQL_QUERY_VALUES;
}

static size_t execute_plain(uint8_t *to, size_t cap,
                            const struct cql_request_options *o,
                            struct cql_span id,
                            const struct cql_parameters *p) {
  struct cql_span values = p->encoded_values;
  size_t fixed = CQL_HEADER_LEN + 2 + 2 + 1 + 2; /* all but id and values */
  size_t size;

  if (id.len > UINT16_MAX || values.len > CQL_BODY_MAX)
    return 0;
  size = fixed + id.len + values.len;
  if (size > k_frame_max)
    return 0;
  if (size > cap)
    return size;

  store_header(to, header_flags(o), o->stream, CQL_OP_EXECUTE,
               (uint32_t)(size - CQL_HEADER_LEN));
  to += CQL_HEADER_LEN;
  store_be16(to, (uint16_t)id.len);
  to += 2;
  if (id.len > 0)
    memcpy(to, id.p, id.len);
  to += id.len;
  store_be16(to, p->consistency);
  to[2] = p->flags;
  store_be16(to + 3, p->value_count);
  memcpy(to + 5, values.p, values.len);
  return size;
}

size_t cql_execute_encode(void *buf, size_t cap,
                          const struct cql_request_options *o,
                          struct cql_span id, const struct cql_parameters *p) {
  struct cql_writer w;

  if (is_plain(o, p))
    return execute_plain(buf, cap, o, id, p);
  if (p->flags & ~(unsigned)QUERY_FLAGS)
    return 0;
  begin(&w, buf, cap, o, CQL_OP_EXECUTE);
  cql_put_short_bytes(&w, id);
  put_parameters(&w, p);
  return finish(&w);
}

static void put_batch_entry(struct cql_writer *w,
                            const struct cql_batch_entry *e) {
  cql_put_byte(w, e->prepared ? 1 : 0);
  if (e->prepared)
    cql_put_short_bytes(w, e->text);
  else
    cql_put_long_string(w, e->text);
  put_values(w, e->values, e->value_count, e->encoded_values, false);
}

size_t cql_batch_encode(void *buf, size_t cap,
                        const struct cql_request_options *o,
                        const struct cql_batch *batch) {
  struct cql_writer w;

  if (batch->flags & ~(unsigned)BATCH_FLAGS)
    return 0;
  begin(&w, buf, cap, o, CQL_OP_BATCH);
  cql_put_byte(&w, batch->type);
  cql_put_short(&w, batch->entry_count);
  if (batch->encoded_entries.p != NULL)
    cql_put_raw(&w, batch->encoded_entries.p, batch->encoded_entries.len);
  for (size_t i = 0; batch->entries != NULL && i < batch->entry_count; i++)
    put_batch_entry(&w, &batch->entries[i]);
  cql_put_short(&w, batch->consistency);
  cql_put_byte(&w, batch->flags);
  if (batch->flags & CQL_QUERY_SERIAL_CONSISTENCY)
    cql_put_short(&w, batch->serial_consistency);
  if (batch->flags & CQL_QUERY_DEFAULT_TIMESTAMP)
    cql_put_long(&w, batch->timestamp_us);
  return finish(&w);
}

size_t cql_register_encode(void *buf, size_t cap,
                           const struct cql_request_options *o,
                           const struct cql_span *events, uint16_t count) {
  struct cql_writer w;

  begin(&w, buf, cap, o, CQL_OP_REGISTER);
  cql_put_short(&w, count);
  for (size_t i = 0; i < count; i++)
    cql_put_string(&w, events[i]);
  return finish(&w);
}

size_t cql_auth_response_encode(void *buf, size_t cap,
                                const struct cql_request_options *o,
                                struct cql_span token) {
  struct cql_writer w;

  begin(&w, buf, cap, o, CQL_OP_AUTH_RESPONSE);
  cql_put_bytes(&w, token);
  return finish(&w);
}
