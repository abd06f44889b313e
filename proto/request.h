/* proto/request.h - every request of protocol v4, encoded into a buffer of
 * the caller's.
 *
 * All encoders share one contract: they return the exact size of the whole
 * frame (header and body).  When that is at most `cap`, the frame stands at
 * `buf`; when it is larger nothing useful was written and the caller comes
 * back with more room; 0 means that the request cannot be expressed (a string
 * over 65,535 bytes where a [string] is due, a body over 256 MiB, a query flag
 * that v4 does not have).  They allocate nothing and keep nothing. */
#ifndef CQL_REQUEST_H
#define CQL_REQUEST_H

#include "proto/frame.h"

/* A bound value: bytes, null or not set.  Bytes with p == NULL are null, too;
 * an empty value has p != NULL. */
struct cql_bind {
  enum cql_value_kind kind;
  struct cql_span bytes; /* CQL_VALUE_BYTES only */
  struct cql_span name;  /* with CQL_QUERY_NAMES_FOR_VALUES only */
};

struct cql_pair {
  struct cql_span key;
  struct cql_span value;
};

/* What every request may carry in front of its body (header flag 0x04). */
struct cql_payload {
  const struct cql_pair *entries;
  uint16_t count; /* 0: no custom payload */
};

struct cql_request_options {
  int16_t stream;
  bool tracing;
  struct cql_payload payload;
};

/* The query parameters of QUERY and EXECUTE (section 4.1.4).  Which optional
 * fields are written is told by `flags`, a union of enum cql_query_flag. */
struct cql_parameters {
  uint16_t consistency;
  uint8_t flags;
  const struct cql_bind *values; /* with VALUES: this array ... */
  uint16_t value_count;
  struct cql_span encoded_values; /* ... or, when p != NULL, value_count
                                     [value]s that are in wire form already
                                     (with their names, if those are used) */
  int32_t page_size;
  struct cql_span paging_state;
  uint16_t serial_consistency;
  int64_t timestamp_us;
};

struct cql_batch_entry {
  bool prepared;        /* text is the prepared id */
  struct cql_span text; /* CQL text or prepared id */
  const struct cql_bind *values;
  uint16_t value_count;
  struct cql_span encoded_values; /* as above */
};

struct cql_batch {
  uint8_t type; /* enum cql_batch_type */
  const struct cql_batch_entry *entries;
  struct cql_span encoded_entries; /* in wire form, instead of `entries` */
  uint16_t entry_count;
  uint16_t consistency;
  uint8_t flags; /* SERIAL_CONSISTENCY and DEFAULT_TIMESTAMP only; any other
                    makes the batch one that cannot be expressed */
  uint16_t serial_consistency;
  int64_t timestamp_us;
};

size_t cql_startup_encode(void *buf, size_t cap,
                          const struct cql_request_options *o,
                          const struct cql_pair *options, uint16_t count);
size_t cql_options_encode(void *buf, size_t cap,
                          const struct cql_request_options *o);
size_t cql_query_encode(void *buf, size_t cap,
                        const struct cql_request_options *o,
                        struct cql_span text, const struct cql_parameters *p);
size_t cql_prepare_encode(void *buf, size_t cap,
                          const struct cql_request_options *o,
                          struct cql_span text);
/* With encoded_values, no payload and no flags but VALUES and SKIP_METADATA,
 * as every increment has it, this is one straight run. */
size_t cql_execute_encode(void *buf, size_t cap,
                          const struct cql_request_options *o,
                          struct cql_span id, const struct cql_parameters *p);
size_t cql_batch_encode(void *buf, size_t cap,
                        const struct cql_request_options *o,
                        const struct cql_batch *batch);
size_t cql_register_encode(void *buf, size_t cap,
                           const struct cql_request_options *o,
                           const struct cql_span *events, uint16_t count);
size_t cql_auth_response_encode(void *buf, size_t cap,
                                const struct cql_request_options *o,
                                struct cql_span token);

#endif
