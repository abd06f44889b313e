/* core/outcome.h - what each event says about an increment, and what may happen
 * next, to it and to a read.  One array, from which the documentation and the
 * tests are made; nothing else in the library decides this. */
#ifndef OUTCOME_H
#define OUTCOME_H

#include <stdbool.h>
#include <stddef.h>

#include "core/failure.h"

enum next_step {
  NEXT_NONE,
  NEXT_HOST,      /* send it to the next host, within the deadline */
  NEXT_HOST_ONCE, /* the same, once */
  NEXT_PREPARE,   /* prepare the statement and send again, twice at most */
};

/* Whose answer it is decides how far it can be believed. */
enum server_kind { SERVER_CASSANDRA, SERVER_SCYLLA };

enum event {
  EVENT_VOID,            /* RESULT Void */
  EVENT_NEVER_ENCODED,   /* deadline or close before a byte was encoded */
  EVENT_LOST_UNACCEPTED, /* connection lost before the last byte was accepted */
  EVENT_LOST_ACCEPTED,   /* ... after the whole frame was accepted */
  EVENT_DEADLINE,        /* client deadline after encoding */
  EVENT_STREAM_0,        /* PROTOCOL_ERROR on stream 0 after the handshake */
  EVENT_STREAM_0_OTHER,  /* ... with any other code: it is shutting down */
  EVENT_UNDECODABLE,     /* an answer that cannot be decoded */
  EVENT_OTHER_RESULT,    /* a RESULT that is not Void */
  EVENT_BOOTSTRAPPING,
  EVENT_UNAVAILABLE_ONE, /* one partition, Cassandra */
  EVENT_UNAVAILABLE,     /* several partitions, or ScyllaDB */
  EVENT_UNPREPARED,
  EVENT_SYNTAX,
  EVENT_UNAUTHORIZED,
  EVENT_INVALID,
  EVENT_CONFIG, /* Cassandra */
  EVENT_CONFIG_SCYLLA,
  EVENT_ALREADY_EXISTS,
  EVENT_RATE_LIMIT_COORDINATOR, /* ScyllaDB, rejected by the coordinator */
  EVENT_RATE_LIMIT_REPLICA,
  EVENT_WRITE_TIMEOUT,
  EVENT_WRITE_FAILURE,
  EVENT_OVERLOADED,
  EVENT_TRUNCATE,
  EVENT_SERVER_ERROR,
  EVENT_READ_TIMEOUT_ENOUGH, /* enough replicas have answered a read */
  EVENT_OTHER_ERROR,         /* any other code, known or not */
  EVENT_COUNT
};

struct outcome_row {
  const char *name; /* as the documentation names the event */
  enum outcome outcome;
  enum next_step next;
  int code;                 /* enum failure_code for the caller */
  const char *what;         /* "write timeout" */
  enum next_step read_next; /* the same for a read, which can do no harm */
};

extern const struct outcome_row outcome_table[EVENT_COUNT];

/* The event that an ERROR with this code is, for an update of `partitions`
 * partitions.  ScyllaDB's rate limit has a negotiated code and is told apart
 * by the caller. */
enum event outcome_event(int32_t server_code, size_t partitions,
                         enum server_kind server);

#endif
