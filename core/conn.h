/* core/conn.h - one connection: handshake, streams, heartbeat, and the exact
 * account of what was sent. */
#ifndef CONN_H
#define CONN_H

#include "core/conn_fsm.h"
#include "core/input.h"
#include "core/op.h"
#include "core/output.h"
#include "core/request.h"
#include "core/streams.h"

struct conn;

/* What a connection tells its owner.  None of these is called inside a
 * function of the owner's call, except `closed` inside conn_fail(). */
struct conn_owner {
  /* It takes requests from now on. */
  void (*ready)(void *arg, struct conn *conn);
  /* The answer to op, whose stream is free again. */
  void (*answered)(void *arg, struct conn *conn, struct op *op,
                   const struct cql_frame *frame);
  /* The end.  What may have been applied was completed; `unsent` are the
   * operations that certainly were not, in their order, still accepted. The
   * owner frees it with conn_free(), in a later turn or at the end of this. */
  void (*closed)(void *arg, struct conn *conn, const struct failure *why,
                 struct list *unsent);
};

struct conn {
  struct list link; /* the owner's */
  struct context *context;
  const struct conn_owner *owner;
  void *owner_arg;
  enum conn_state state;
  struct peer peer;
  struct net_socket *socket;
  int write_error; /* a write failed; told at the end of the turn */

  struct input in;
  struct output out;
  bool wants_writable;

  struct streams streams;
  struct list sent; /* operations in flight, in the order of their bytes */
  uint32_t in_flight;
  uint32_t answers_owed; /* to operations that have ended */

  struct timer timer; /* handshake, heartbeat, end of draining */
  /* net_clock(), when a whole frame came: bytes alone do not show that the peer
   * lives, for a frame may never end. */
  uint64_t last_frame;
  uint64_t last_answer;
  uint64_t heartbeat_sent; /* 0: none under way */
};

enum conn_sent { CONN_SENT, CONN_FULL, CONN_NO_MEMORY, CONN_TOO_LARGE };

/* Start to connect.  FAILURE_NO_MEMORY or FAILURE_SYSTEM (with *error, a
 * negative errno) when even that cannot be done. */
int conn_open(struct conn **conn, struct context *c,
              const struct net_address *to, const struct conn_owner *owner,
              void *owner_arg, uint64_t handshake_deadline, int *error);
/* Encode op's frame into the output and give it a stream.  CONN_FULL: no
 * stream or no room now.  `id` is the prepared id of an OP_EXECUTE. */
enum conn_sent conn_send(struct conn *conn, struct op *op, struct cql_span id);
/* Hand what is encoded to the system. */
void conn_flush(struct conn *conn);
/* After the reads of a turn: deal with a write that failed before it. */
void conn_settle(struct conn *conn);
/* op is about to end without its answer, which stays owed.  It may be kept for
 * that (core/late.h), and an older one be forgotten for it; of what is not kept
 * the stream alone is left, taken. */
void conn_abandon(struct conn *conn, struct op *op);
/* No more requests; close when the last answer has come. */
void conn_drain(struct conn *conn);
/* Close now: what was accepted is UNKNOWN, the rest goes to owner->closed. */
void conn_fail(struct conn *conn, const struct failure *why);
void conn_free(struct conn *conn);

#endif
