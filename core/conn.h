/* core/conn.h - one connection: handshake, streams, heartbeat, and the exact
 * account of what was sent. */
#ifndef CONN_H
#define CONN_H

#include "core/conn_fsm.h"
#include "core/heartbeat.h"
#include "core/input.h"
#include "core/login.h"
#include "core/op.h"
#include "core/output.h"
#include "core/request.h"
#include "core/streams.h"

struct conn;

/* What a connection tells its owner.  None of these is called inside a
 * function of the owner's call, except `closed` inside conn_fail() and
 * conn_drain(). */
struct conn_owner {
  /* It takes requests from now on. */
  void (*ready)(void *arg, struct conn *conn);
  /* The answer to op, whose stream is free again. */
  void (*answered)(void *arg, struct conn *conn, struct op *op,
                   const struct cql_frame *frame);
  /* The end.  What may have been applied was completed; `again` are, in their
   * order and still accepted, the operations that may be sent to another host:
   * those that certainly were not applied, and reads.  The connection frees
   * itself in a later turn. */
  void (*closed)(void *arg, struct conn *conn, const struct failure *why,
                 struct list *again);
  /* The server tells of a change. */
  void (*event)(void *arg, struct conn *conn, const struct cql_frame *frame);
};

struct conn {
  struct list link;    /* the owner's; once closed: context.closed */
  struct list trouble; /* context.troubled */
  struct context *context;
  const struct conn_owner *owner;
  void *owner_arg;
  enum conn_state state;
  struct peer peer;
  struct login login;
  struct net_address address; /* the host's */
  struct channel channel;
  int write_error; /* a write failed; told at the end of the turn */

  struct input in;
  struct output out;
  bool wants_writable;

  struct streams streams;
  struct list sent; /* operations in flight, in the order of their bytes */
  uint32_t in_flight;
  uint32_t *load; /* counts what its host owes answers to, late ones too */
  uint32_t answers_owed; /* to operations that have ended */
  uint32_t uncounted;    /* what load counts, when it is nobody's */

  struct timer timer; /* handshake, heartbeat, end of draining */
  struct heartbeat heartbeat;
  uint64_t last_answer; /* net_clock() */
};

enum conn_sent { CONN_SENT, CONN_FULL, CONN_NO_MEMORY, CONN_TOO_LARGE };

/* Where to. */
struct conn_goal {
  struct net_address address;
  const struct net_source *from; /* as in net_socket_open() */
  const char *name; /* whose certificate it is to show; NULL: the address's */
};
/* Start to connect.  False and *why (*conn is NULL) when even that cannot be
 * done. */
bool conn_open(struct conn **conn, struct context *c,
               const struct conn_goal *goal, const struct conn_owner *owner,
               void *owner_arg, uint64_t handshake_deadline,
               struct failure *why);
/* Encode op's frame into the output and give it a stream.  CONN_FULL: no
 * stream or no room now.  `id` is the prepared id of an OP_EXECUTE. */
enum conn_sent conn_send(struct conn *conn, struct op *op, struct cql_span id);
/* Hand what is encoded to the system. */
void conn_flush(struct conn *conn);
/* After the reads of a turn: deal with writes that failed before it, and free
 * the connections that were closed. */
void conn_settle_all(struct context *c);
/* Free those that are closed, at the very end. */
void conn_reap(struct context *c);
/* From now on it has this owner, and counts there. */
void conn_own(struct conn *conn, const struct conn_owner *owner, void *arg,
              uint32_t *load);
/* Ask the server to show that it is alive, unless it was asked already. */
void conn_probe(struct conn *conn);
/* op is about to end without its answer, which stays owed.  It may be kept for
 * that (core/late.h), and an older one be forgotten for it; of what is not kept
 * the stream alone is left, taken. */
void conn_abandon(struct conn *conn, struct op *op);
/* No more requests; close when the last answer has come. */
void conn_drain(struct conn *conn);
/* Close now: what was accepted is UNKNOWN, the rest goes to owner->closed. */
void conn_fail(struct conn *conn, const struct failure *why);

#endif
