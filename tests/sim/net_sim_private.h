/* tests/sim/net_sim_private.h - what the parts of the seam in memory share. */
#ifndef SIM_NET_SIM_PRIVATE_H
#define SIM_NET_SIM_PRIVATE_H

#include "core/list.h"
#include "core/net.h"
#include "tests/sim/run.h"

struct net_loop {
  struct net_heap heap;
  struct net_loop_events events;
  void *arg;
  bool guest;
  bool hurry;
  bool woken;
  bool held;
  bool closing;
  bool closed;
  bool turning;
  uint64_t now_ms;   /* the loop's reading of the clock */
  uint64_t alarm;    /* 0: not set */
  uint64_t alarm_ms; /* when it is due by now_ms */
  struct list sockets;
  struct list gone; /* sockets closed in this turn */
  struct list lookups;
  void (*on_closed)(void *arg);
};

/* What is open, of all loops. */
struct net_sim {
  unsigned loops;
  unsigned sockets;
  unsigned lookups;
};
extern struct net_sim net_sim;

/* ---- net_sim_socket.c --------------------------------------------------- */

/* Something is to be told of one of the loop's sockets. */
bool sockets_ready(const struct net_loop *l);
/* Those that are ready now are told, in any order. */
void sockets_tell(struct net_loop *l);
/* Frees those that were closed. */
void sockets_reap(struct net_loop *l);

/* ---- net_sim_lookup.c --------------------------------------------------- */

bool lookups_ready(const struct net_loop *l);
void lookups_tell(struct net_loop *l);

#endif
