/* core/cluster.h - the servers as one loop knows them: its hosts, what goes to
 * which, and the operations that wait until one is ready. */
#ifndef CLUSTER_H
#define CLUSTER_H

#include "core/control.h"
#include "core/hosts.h"
#include "core/notice.h"

/* Called once, when the first connection is ready (why == NULL), or when a
 * first round over all contact points, or over all hosts, has failed. */
typedef void cluster_connected(void *arg, const struct failure *why);

struct cluster_settings {
  struct keyspaces *keyspaces;
  /* NULL: another loop has the control connection, and tells what it sees. */
  const struct contact *contacts;
  size_t contact_count;
  /* To the session's other loops. */
  void (*tell)(void *arg, const struct notice *notice);
  void *tell_arg;
};

struct cluster {
  struct context *context;
  struct cluster_settings settings;
  struct deadlines deadlines;
  struct control control; /* settings.contacts is not NULL */
  struct hosts hosts;
  struct list queue;  /* operations in state OP_QUEUED */
  size_t queue_bytes; /* about what their frames will take */
  bool closed;
  cluster_connected *connected; /* NULL once called */
  void *connected_arg;
};

void cluster_init(struct cluster *cl, struct context *c,
                  const struct cluster_settings *settings);
void cluster_connect(struct cluster *cl, cluster_connected *connected,
                     void *arg);
/* Another loop has told something. */
void cluster_told(struct cluster *cl, const struct notice *notice);
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
