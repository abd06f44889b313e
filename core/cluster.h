/* core/cluster.h - the servers as one loop knows them: for now the contact
 * points, of which one is connected, and the operations that wait for it. */
#ifndef CLUSTER_H
#define CLUSTER_H

#include "core/conn.h"
#include "core/deadline.h"
#include "core/dialer.h"
#include "core/prepared.h"

/* Called once, when the first connection is ready (why == NULL) or the first
 * round over all contact points has failed. */
typedef void cluster_connected(void *arg, const struct failure *why);

/* So many replaced connections may wait for their last answers. */
enum { CLUSTER_DRAINING = 4 };

struct cluster {
  struct context *context;
  struct deadlines deadlines;
  struct dialer dialer;
  struct conn *dialing; /* in its handshake */
  struct conn *current; /* takes requests */
  struct list draining; /* connections replaced, still owed answers */
  struct list dead;     /* closed in this turn */
  struct list queue;    /* operations in state OP_QUEUED */
  size_t queue_bytes;   /* about what their frames will take */
  struct prepared_table prepared;
  struct net_address dialed;      /* the address in hand ... */
  struct net_address prepared_at; /* ... and whose statements we know */
  bool closed;
  cluster_connected *connected; /* NULL once called */
  void *connected_arg;
};

void cluster_init(struct cluster *cl, struct context *c,
                  const struct contact *contacts, size_t contact_count);
void cluster_connect(struct cluster *cl, cluster_connected *connected,
                     void *arg);
/* Accept an operation (its deadline is set); it will be finished once, never
 * inside this call. */
void cluster_submit(struct cluster *cl, struct op *op);
/* Send what waits: at the end of a turn, and when bytes should leave at once.
 * finish: what cannot be sent ends here; else in the next turn, since its
 * callback must run inside of one. */
void cluster_flush(struct cluster *cl, bool finish);
/* After a poll: what the reads have left to do. */
void cluster_settle(struct cluster *cl);
/* Give up on what is due at `now`. */
void cluster_expire(struct cluster *cl, uint64_t now);
/* Complete everything (unsent NOT_APPLIED, sent UNKNOWN) and close all
 * connections. */
void cluster_close(struct cluster *cl);
void cluster_fini(struct cluster *cl);

#endif
