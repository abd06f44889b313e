/* core/reply.h - an answer as a whole, in memory of its own: for statements
 * that are somebody else's. */
#ifndef REPLY_H
#define REPLY_H

#include "core/specs.h"
#include "core/rows.h"
#include "proto/response.h"

enum reply_kind {
  REPLY_VOID = CQL_RESULT_VOID,
  REPLY_ROWS = CQL_RESULT_ROWS,
  REPLY_KEYSPACE = CQL_RESULT_SET_KEYSPACE,
  REPLY_PREPARED = CQL_RESULT_PREPARED,
  REPLY_SCHEMA = CQL_RESULT_SCHEMA_CHANGE,
};

struct reply {
  uint8_t *bytes;          /* what all else points to, or into */
  int32_t kind;            /* enum reply_kind, or an unknown number */
  const uint8_t *trace_id; /* 16 bytes, or NULL */
  struct cql_list warnings;
  struct cql_list payload;
  struct rows rows;
  struct specs specs; /* of the rows, or the bind markers */
  struct cql_prepared prepared;
};

/* Of a RESULT that request_answered() has found to be sound.  Gives 0 or
 * FAILURE_NO_MEMORY, or FAILURE_PROTOCOL: more types than TYPES_MAX. */
int reply_take(struct reply *r, const struct net_heap *heap,
               const struct cql_frame *frame);
void reply_free(struct reply *r, const struct net_heap *heap);
/* One after another, of a copy of r->warnings and r->payload.  False: no
 * more. */
bool reply_warning(struct cql_list *warnings, struct cell *text);
bool reply_payload(struct cql_list *payload, struct cell *name,
                   struct cell *value);
/* The bind markers that are the partition key, when they stand one after
 * another in its order; 0: they do not, or are not all there. */
uint16_t reply_key(const struct reply *r, uint16_t *first);

#endif
