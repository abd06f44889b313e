/* proto/response.c - responses other than RESULT, decoded in place. */
#include "proto/response.h"

#include <string.h>

static enum cql_rc reader_rc(const struct cql_reader *r) {
  return r->bad ? CQL_ESHORT : CQL_OK;
}

static bool named(struct cql_span s, const char *name) {
  return cql_span_equal(s, cql_span_of(name));
}

/* The three lists differ in what one entry is; each entry is stepped over
 * once here, so that the walkers meet checked bytes. */
typedef void step_fn(struct cql_reader *r);

static void get_list(struct cql_reader *r, struct cql_list *out, size_t least,
                     step_fn *step) {
  uint16_t count = cql_get_short(r);
  const uint8_t *start = r->p;

  memset(out, 0, sizeof *out);
  if (count > cql_left(r) / least)
    r->bad = true;
  for (size_t i = 0; i < count && !r->bad; i++)
    step(r);
  if (r->bad || count == 0)
    return;
  out->count = count;
  cql_reader_init(&out->items, start, (size_t)(r->p - start));
}

static void step_string(struct cql_reader *r) {
  cql_get_string(r);
}

static void step_bytes(struct cql_reader *r) {
  cql_get_string(r);
  cql_get_bytes(r);
}

static void get_strings(struct cql_reader *r, struct cql_list *out) {
  get_list(r, out, 2, step_string);
}

static void step_multi(struct cql_reader *r) {
  struct cql_list values;

  cql_get_string(r);
  get_strings(r, &values);
}

static bool list_has_next(struct cql_list *l) {
  if (l->count == 0)
    return false;
  l->count--;
  return true;
}

bool cql_list_next_string(struct cql_list *l, struct cql_span *out) {
  if (!list_has_next(l))
    return false;
  *out = cql_get_string(&l->items);
  return !l->items.bad;
}

bool cql_list_next_bytes(struct cql_list *l, struct cql_span *key,
                         struct cql_span *value) {
  if (!list_has_next(l))
    return false;
  *key = cql_get_string(&l->items);
  *value = cql_get_bytes(&l->items);
  return !l->items.bad;
}

bool cql_list_next_multi(struct cql_list *l, struct cql_span *key,
                         struct cql_list *values) {
  if (!list_has_next(l))
    return false;
  *key = cql_get_string(&l->items);
  get_strings(&l->items, values);
  return !l->items.bad;
}

enum cql_rc cql_prefix_decode(const struct cql_frame *frame,
                              struct cql_prefix *prefix,
                              struct cql_reader *message) {
  uint8_t flags = frame->header.flags;

  memset(prefix, 0, sizeof *prefix);
  cql_reader_init(message, frame->body, frame->header.body_len);
  if (flags & CQL_FLAG_TRACING)
    prefix->trace_id = cql_take(message, 16);
  if (flags & CQL_FLAG_WARNING)
    get_strings(message, &prefix->warnings);
  if (flags & CQL_FLAG_CUSTOM_PAYLOAD)
    get_list(message, &prefix->payload, 6, step_bytes);
  return reader_rc(message);
}

enum cql_rc cql_schema_change_decode(struct cql_reader *message,
                                     struct cql_schema_change *out) {
  bool callable;

  memset(out, 0, sizeof *out);
  out->change = cql_get_string(message);
  out->target = cql_get_string(message);
  callable = named(out->target, "FUNCTION") || named(out->target, "AGGREGATE");
  if (named(out->target, "KEYSPACE")) {
    out->keyspace = cql_get_string(message);
  } else if (callable || named(out->target, "TABLE") ||
             named(out->target, "TYPE")) {
    out->keyspace = cql_get_string(message);
    out->name = cql_get_string(message);
  }
  if (callable)
    get_strings(message, &out->arguments);
  return reader_rc(message);
}

/* Consistency and two counts stand first in most tails. */
static void get_counts(struct cql_reader *r, int32_t *first, int32_t *second,
                       struct cql_error *e) {
  e->consistency = cql_get_short(r);
  *first = cql_get_int(r);
  *second = cql_get_int(r);
}

/* Whether the code has a tail, which is read then. */
static bool get_tail(struct cql_reader *r, struct cql_error *e) {
  switch (e->code) {
  case CQL_ERROR_UNAVAILABLE:
    get_counts(r, &e->required, &e->received, e);
    return true;
  case CQL_ERROR_WRITE_TIMEOUT:
    get_counts(r, &e->received, &e->required, e);
    e->write_type = cql_get_string(r);
    return true;
  case CQL_ERROR_READ_TIMEOUT:
    get_counts(r, &e->received, &e->required, e);
    e->data_present = cql_get_byte(r) != 0;
    return true;
  case CQL_ERROR_READ_FAILURE:
    get_counts(r, &e->received, &e->required, e);
    e->failures = cql_get_int(r);
    e->data_present = cql_get_byte(r) != 0;
    return true;
  case CQL_ERROR_WRITE_FAILURE:
    get_counts(r, &e->received, &e->required, e);
    e->failures = cql_get_int(r);
    e->write_type = cql_get_string(r);
    return true;
  case CQL_ERROR_CAS_WRITE_UNKNOWN:
    get_counts(r, &e->received, &e->required, e);
    return true;
  case CQL_ERROR_FUNCTION_FAILURE:
    e->keyspace = cql_get_string(r);
    e->name = cql_get_string(r);
    get_strings(r, &e->arguments);
    return true;
  case CQL_ERROR_ALREADY_EXISTS:
    e->keyspace = cql_get_string(r);
    e->name = cql_get_string(r);
    return true;
  case CQL_ERROR_UNPREPARED:
    e->id = cql_get_short_bytes(r);
    return true;
  default:
    return false;
  }
}

enum cql_rc cql_error_decode(struct cql_reader *message,
                             struct cql_error *out) {
  struct cql_error whole;
  struct cql_reader tail;

  memset(out, 0, sizeof *out);
  out->code = cql_get_int(message);
  out->text = cql_get_string(message);
  if (message->bad)
    return CQL_ESHORT;

  /* The tail is tried on copies: half of one would be worse than none. */
  whole = *out;
  tail = *message;
  if (get_tail(&tail, &whole) && !tail.bad) {
    *out = whole;
    out->has_tail = true;
    *message = tail;
  }
  return CQL_OK;
}

enum cql_rc cql_rate_limit_decode(struct cql_reader *message,
                                  struct cql_rate_limit *out) {
  out->operation = cql_get_byte(message);
  out->rejected_by_coordinator = cql_get_byte(message) != 0;
  return reader_rc(message);
}

enum cql_rc cql_authenticate_decode(struct cql_reader *message,
                                    struct cql_span *authenticator) {
  *authenticator = cql_get_string(message);
  return reader_rc(message);
}

enum cql_rc cql_auth_token_decode(struct cql_reader *message,
                                  struct cql_span *token) {
  *token = cql_get_bytes(message);
  return reader_rc(message);
}

enum cql_rc cql_supported_decode(struct cql_reader *message,
                                 struct cql_list *options) {
  get_list(message, options, 4, step_multi);
  return reader_rc(message);
}

enum cql_rc cql_event_decode(struct cql_reader *message,
                             struct cql_event *out) {
  memset(out, 0, sizeof *out);
  out->type = CQL_EVENT_OTHER;
  out->name = cql_get_string(message);
  if (named(out->name, "SCHEMA_CHANGE")) {
    out->type = CQL_EVENT_SCHEMA_CHANGE;
    cql_schema_change_decode(message, &out->schema);
    out->change = out->schema.change;
    return reader_rc(message);
  }
  if (named(out->name, "TOPOLOGY_CHANGE"))
    out->type = CQL_EVENT_TOPOLOGY_CHANGE;
  else if (named(out->name, "STATUS_CHANGE"))
    out->type = CQL_EVENT_STATUS_CHANGE;
  else
    return reader_rc(message);
  out->change = cql_get_string(message);
  cql_get_inet(message, &out->address);
  return reader_rc(message);
}
