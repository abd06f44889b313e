/* proto/response.h - every response of protocol v4, decoded in place: what
 * comes out points into the frame's body.
 *
 * Unknown enum strings, unknown error codes and bytes after the described
 * message are data, not errors.  All lengths are checked before use. */
#ifndef CQL_RESPONSE_H
#define CQL_RESPONSE_H

#include "proto/frame.h"
#include "proto/type.h"

/* [string list], [string multimap] and [bytes map], checked in full when they
 * are decoded, so that walking them cannot fail. */
struct cql_list {
  uint16_t count;
  struct cql_reader items;
};
bool cql_list_next_string(struct cql_list *l, struct cql_span *out);
bool cql_list_next_bytes(struct cql_list *l, struct cql_span *key,
                         struct cql_span *value);
bool cql_list_next_multi(struct cql_list *l, struct cql_span *key,
                         struct cql_list *values);

/* What stands in front of every response's message, each part only when its
 * header flag is set (section 2.2). */
struct cql_prefix {
  const uint8_t *trace_id; /* 16 bytes, or NULL */
  struct cql_list warnings;
  struct cql_list payload;
};

/* Strip the prefixes; *message reads what follows.  The body must have been
 * decompressed before.  CQL_ESHORT when a prefix reaches beyond the body. */
enum cql_rc cql_prefix_decode(const struct cql_frame *frame,
                              struct cql_prefix *prefix,
                              struct cql_reader *message);

/* SCHEMA_CHANGE, as a RESULT and as an EVENT (section 4.2.6).  Fields that a
 * target does not have are null. */
struct cql_schema_change {
  struct cql_span change; /* CREATED, UPDATED, DROPPED, or what came */
  struct cql_span target; /* KEYSPACE, TABLE, TYPE, FUNCTION, AGGREGATE, ... */
  struct cql_span keyspace;
  struct cql_span name;
  struct cql_list arguments;
};
enum cql_rc cql_schema_change_decode(struct cql_reader *message,
                                     struct cql_schema_change *out);

/* ERROR (section 9).  `code` and `text` are always there.  The tail fields are
 * filled in as far as the code has them; `has_tail` is false when the code
 * has none, is unknown, or its tail is cut short: then the tail fields are all
 * zero and the reader stands behind the text. */
struct cql_error {
  int32_t code;
  struct cql_span text;
  bool has_tail;
  uint16_t consistency;
  int32_t received; /* acknowledgements; UNAVAILABLE: alive */
  int32_t required; /* block_for; UNAVAILABLE: required */
  int32_t failures; /* READ_FAILURE, WRITE_FAILURE */
  bool data_present;
  struct cql_span write_type; /* any string */
  struct cql_span keyspace;   /* FUNCTION_FAILURE, ALREADY_EXISTS */
  struct cql_span name;       /* table or function */
  struct cql_list arguments;  /* FUNCTION_FAILURE */
  struct cql_span id;         /* UNPREPARED */
};
enum cql_rc cql_error_decode(struct cql_reader *message, struct cql_error *out);

/* The tail of the error whose code was negotiated as ScyllaDB's rate limit
 * (SCYLLA_RATE_LIMIT_ERROR); read from what follows the text. */
struct cql_rate_limit {
  uint8_t operation; /* 0 read, 1 write */
  bool rejected_by_coordinator;
};
enum cql_rc cql_rate_limit_decode(struct cql_reader *message,
                                  struct cql_rate_limit *out);

/* AUTHENTICATE: the authenticator's class name.  READY has no body. */
enum cql_rc cql_authenticate_decode(struct cql_reader *message,
                                    struct cql_span *authenticator);
/* AUTH_CHALLENGE and AUTH_SUCCESS: a token, which may be null. */
enum cql_rc cql_auth_token_decode(struct cql_reader *message,
                                  struct cql_span *token);
/* SUPPORTED: walk with cql_list_next_multi(). */
enum cql_rc cql_supported_decode(struct cql_reader *message,
                                 struct cql_list *options);

enum cql_event_type {
  CQL_EVENT_TOPOLOGY_CHANGE,
  CQL_EVENT_STATUS_CHANGE,
  CQL_EVENT_SCHEMA_CHANGE,
  CQL_EVENT_OTHER,
};
struct cql_event {
  enum cql_event_type type;
  struct cql_span name;   /* the type as it came */
  struct cql_span change; /* NEW_NODE, REMOVED_NODE, UP, DOWN, or what came */
  struct cql_inet address;
  struct cql_schema_change schema;
};
enum cql_rc cql_event_decode(struct cql_reader *message, struct cql_event *out);

#endif
