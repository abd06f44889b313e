/* core/pool.h - the connections of one loop to one host: opened one by one,
 * and again after pauses with full jitter.  To a ScyllaDB host it is one for
 * each shard, where that can be had. */
#ifndef POOL_H
#define POOL_H

#include "core/conn.h"
#include "core/pool_fsm.h"

/* So many replaced connections may wait for their last answers. */
enum { POOL_DRAINING = 2 };
enum { NO_SHARD = SHARDS_MAX };

struct pool;

struct pool_owner {
  /* The first connection is ready. */
  void (*up)(void *arg);
  /* The last one is gone. */
  void (*down)(void *arg, const struct failure *why);
  /* One could not be opened; another attempt follows. */
  void (*failed)(void *arg, const struct failure *why);
  /* This one takes no more requests. */
  void (*left)(void *arg, struct conn *conn);
  /* As those of struct conn_owner. */
  void (*answered)(void *arg, struct conn *conn, struct op *op,
                   const struct cql_frame *frame);
  void (*lost)(void *arg, const struct failure *why, struct list *again);
  void (*event)(void *arg, struct conn *conn, const struct cql_frame *frame);
};

struct pool {
  struct context *context;
  const struct pool_owner *owner;
  void *owner_arg;
  uint32_t *load;             /* see conn.load */
  uint32_t number;            /* the host's */
  struct net_address address; /* where the next connection is opened */
  const char *contact;        /* as the user named it; NULL: he did not */
  char name[NET_ADDRESS_TEXT];
  enum pool_state state;
  struct timer timer; /* the pause */
  uint64_t pause;     /* the longest that the next one may be */
  struct conn *dialing;
  struct list ready; /* connections that take requests */
  uint32_t ready_count;
  struct conn *newest;      /* the last attempt's, while it stands; else NULL */
  struct sharding sharding; /* of the host, as the first of those tells it */
  struct conn **shards;     /* [sharding.count]; NULL: none of that shard */
  uint16_t asked;           /* the shard that is being dialed, or NO_SHARD */
  bool one_port;            /* the host is to be found at its address only */
  uint16_t shard_failures;  /* attempts in a row */
  bool shards_given_up;     /* ... there are none any more */
  bool shards_moved;        /* its port for them leads to others */
  struct list draining;     /* replaced, still owed answers */
  struct failure last;      /* why it is down, or was */
  uint64_t since;           /* net_clock(): when it went up or down */
  uint64_t hinted;          /* when the pause was last cut short by a hint */
  bool failed;              /* an attempt has failed since it was last up */
};

void pool_init(struct pool *p, struct context *c,
               const struct net_address *address, uint32_t number,
               uint32_t *load, const struct pool_owner *owner, void *arg);
/* Connect, unless that is under way. */
void pool_open(struct pool *p);
/* The host is at this address now: for connections to come.  translated: no
 * other port of it is known to lead to it. */
void pool_move(struct pool *p, const struct net_address *address,
               bool translated);
/* A connection to this host that was opened elsewhere and is ready. */
void pool_adopt(struct pool *p, struct conn *conn);
/* The host is said to be up: the next attempt comes soon, once a second. */
void pool_hint_up(struct pool *p);
/* It is said to be down: those that stand are to show that they live. */
void pool_probe(struct pool *p);
/* The one that has least to do; NULL: none is ready. */
struct conn *pool_pick(const struct pool *p);
/* The one of the token's shard, if that has room. */
struct conn *pool_pick_shard(const struct pool *p, int64_t token);
/* Hand what is encoded to the system. */
void pool_flush(struct pool *p);
/* A connection has proved useful: if the last attempt made it, the next pause
 * is a short one again. */
void pool_proved(struct pool *p, const struct conn *conn);
/* If the connection owes too many answers: it is replaced first, and drained
 * after. */
void pool_check(struct pool *p, const struct conn *conn);
/* No more requests and no more attempts; answers are waited for. */
void pool_retire(struct pool *p, const struct failure *why);
/* Closed or retired, and nothing is left. */
bool pool_is_empty(const struct pool *p);
void pool_close(struct pool *p, const struct failure *why);
void pool_fini(struct pool *p);

#endif
