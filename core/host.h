/* core/host.h - one host as one loop knows it: the connections to it, what it
 * calls our statements, and the operations on their way to it. */
#ifndef HOST_H
#define HOST_H

#include "core/deadline.h"
#include "core/keyspaces.h"
#include "core/pool.h"
#include "core/prepared.h"
#include "core/router.h"

struct host;

struct host_owner {
  void (*up)(void *arg, struct host *host);
  void (*down)(void *arg, struct host *host, const struct failure *why);
  /* No connection could be made; the next attempt follows. */
  void (*failed)(void *arg, struct host *host, const struct failure *why);
  /* A connection takes no more requests. */
  void (*left)(void *arg, struct conn *conn);
  /* An operation that is in no list any more, and still accepted, may go to
   * another host; `wait`: it may also wait until there is one. */
  void (*again)(void *arg, struct host *host, struct op *op,
                const struct failure *why, bool wait);
  void (*event)(void *arg, struct conn *conn, const struct cql_frame *frame);
  /* The first statement on a keyspace was prepared. */
  void (*in_use)(void *arg);
};

/* What the hosts of a loop share. */
struct host_settings {
  struct context *context;
  struct deadlines *deadlines;
  struct list *dirty; /* hosts with work for the end of the turn */
  const struct host_owner *owner;
  void *owner_arg;
};

struct host {
  struct list link;        /* the owner's */
  struct route_host route; /* what the router knows of it */
  struct list dirty;
  const struct host_settings *s;
  uint32_t number; /* no other host of this loop ever has it; from 1 */
  uint8_t id[16];
  struct pool pool;
  struct list waiting; /* operations in state OP_WAITING */
  struct prepared_table prepared;
  bool seen; /* mark of a comparison with a new list of hosts */
};

/* NULL: no memory. */
struct host *host_make(const struct host_settings *s, uint32_t number,
                       const uint8_t id[16], const struct net_address *address);
/* Its pool is empty (pool_is_empty()). */
void host_free(struct host *h);

/* Send it, or let it wait for room.  CONN_NO_MEMORY and CONN_TOO_LARGE:
 * neither, it is where it was. */
enum conn_sent host_submit(struct host *h, struct op *op);
/* At the end of a turn, of those that were in the list of dirty hosts.  finish:
 * what cannot be sent at all ends here. */
void host_flush(struct host *h, bool finish);
/* An operation in state WAITING or PREPARING ends or goes elsewhere. */
void host_forget(struct op *op);
/* What waits for it may go elsewhere; no more requests. */
void host_retire(struct host *h, const struct failure *why);
void host_close(struct host *h, const struct failure *why);

/* Ends an operation that cannot be sent at all. */
void host_refuse(struct context *c, struct op *op, enum conn_sent why);

#endif
