/* core/context.h - what everything on one loop shares. */
#ifndef CONTEXT_H
#define CONTEXT_H

#include "core/compress.h"
#include "core/failure.h"
#include "core/list.h"
#include "core/log.h"
#include "core/login.h"
#include "core/metrics.h"
#include "core/net.h"
#include "core/timer.h"
#include "core/tls.h"

#include <stdatomic.h>

/* One FIFO of deadlines for each kind of timeout. */
enum timeout_kind {
  TIMEOUT_INCREMENT,
  TIMEOUT_READ,
  TIMEOUT_SCHEMA,
  TIMEOUT_PAUSE, /* between two looks at something that changes slowly */
  TIMEOUT_NOW,   /* OP_PAUSE: on the loop's thread, in its next turn */
  TIMEOUT_OTHER, /* from here on: those that single calls ask for */
  TIMEOUT_KINDS = TIMEOUT_OTHER + 16
};

struct host;
struct host_info;

/* Times in nanoseconds. */
struct config {
  uint64_t timeout[TIMEOUT_OTHER];
  const _Atomic uint64_t *other_timeouts; /* of the session, from
                                             TIMEOUT_OTHER on; each is set
                                             before it is first used */
  uint64_t connect_timeout;
  uint64_t close_timeout;
  uint64_t heartbeat;
  uint64_t heartbeat_timeout;
  uint64_t reconnect_min;
  uint64_t reconnect_max;
  uint32_t connection_max_in_flight;
  uint32_t max_abandoned; /* of a connection */
  uint32_t connections_per_host;
  uint32_t max_unsettled; /* of a loop */
  uint32_t max_frame;
  int (*resolve)(void *user, const char *name, char (*addresses)[46], int max);
  void *resolve_user;
  const char *local_dc;   /* NULL: learned from the first contact point */
  const char *local_rack; /* NULL: racks are alike */
  bool remote;            /* requests may go to other data centers */
  bool (*host_allowed)(void *user, const struct host_info *host); /* or NULL */
  void (*translate)(void *user, struct net_address *address);     /* or NULL */
  /* A host went up (why == NULL) or down, as the loop with the control
   * connection sees it; or NULL. */
  void (*host_changed)(void *user, const struct host *host,
                       const struct failure *why);
  void *host_user;
  struct login_settings login;
  struct tls_context *tls; /* NULL: plaintext */
  /* The name that a host's certificate is to be for; false: its own (where it
   * is a contact point's, as typed; else its address).  NULL: always. */
  bool (*tls_name)(void *user, const struct net_address *address,
                   char name[TLS_NAME]);
  void *tls_user;
  enum compression compression;
};

struct op;

/* The answer to an increment that had ended UNKNOWN has come, and says this:
 * APPLIED or NOT_APPLIED. `op` still has its statement, values and number. */
typedef void op_settled(void *arg, const struct op *op, enum outcome outcome);

/* Operations are numbered when they end UNKNOWN: the loop's number stands
 * above this bit, and the loop's count below. */
enum { OPERATION_LOOP_SHIFT = 48 };

struct context {
  struct net_heap heap;
  struct log log;
  struct config config;
  struct net_loop *net;
  struct timer_list timers;
  uint64_t now;         /* net_clock(), read once a turn */
  uint64_t connect_end; /* the first connection must be there by then; 0: it is,
                           or it is known that there is none */
  bool in_turn;         /* our own code runs: `now` is fresh, a flush follows */
  bool unread; /* a socket had more than one read takes: what waits there
                         is read before anything expires */
  struct compress compress;
  struct metrics metrics;
  uint32_t pending;        /* operations accepted and not completed */
  uint64_t last_operation; /* the number that was given last */
  struct list troubled;    /* connections on which a write has failed ... */
  struct list closed;      /* ... and those that have ended in this turn */
  struct list unsettled;   /* OP_UNSETTLED, oldest first */
  uint32_t unsettled_count;
  op_settled *settled; /* NULL: nobody wants to know */
  void *settled_arg;
};

/* First thing in whatever the loop calls. */
static inline void context_enter(struct context *c) {
  if (!c->in_turn) {
    c->in_turn = true;
    c->now = net_clock();
  }
}

#endif
