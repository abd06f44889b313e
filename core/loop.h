/* core/loop.h - one loop of a session: accepts operations from any thread,
 * turns, and closes. */
#ifndef LOOP_H
#define LOOP_H

#include "core/cluster.h"

struct loop {
  struct context context;
  struct cluster cluster;
  bool guest;    /* on a loop of the caller's */
  bool threaded; /* has a thread of its own */
  struct net_thread *thread;
  _Atomic(const void *) runner; /* net_thread_self() of that thread, while it
                                   runs the loop */
  _Atomic(struct list *) inbox; /* a stack of operations from other threads */
  _Atomic(struct notice *) notices; /* a stack of what other loops tell */
  struct loop *loops;               /* of the session, this one among them */
  uint32_t loop_count;
  struct timer close_timer;
  uint64_t armed;   /* when the alarm will ring, 0: not set */
  uint64_t alarmed; /* when it rang: what was due then expires after a poll that
                       began later, or answers that wait in the socket would be
                       reported UNKNOWN */
  int postponed;    /* turns in which nothing expired, as sockets were full */
  _Atomic(struct snapshot *) view; /* told by the first loop; not yet taken */
  bool held;
  bool turning; /* loop_turn() is at work */
  _Atomic bool close_asked;
  bool closing;
  bool close_now; /* the close timeout has passed */
  bool closed;
  void (*on_closed)(void *arg);
  void *on_closed_arg;
  struct net_flag gone; /* set after that, but for guests */
};

struct loop_settings {
  uint32_t number; /* among the session's loops, from 0: that one has the
                      control connection */
  struct loop *loops;
  uint32_t loop_count;
  struct keyspaces *keyspaces;
  struct net_heap heap;
  struct log log;
  struct config config;
  const struct contact *contacts; /* outlive the loop */
  size_t contact_count;
  op_settled *settled; /* may be NULL */
  void *settled_arg;
};

/* A loop of our own, or (attach != NULL) a guest on the caller's. */
int loop_init(struct loop *l, const struct loop_settings *settings,
              struct uv_loop_s *attach);
/* Give it a thread of its own, which then is the only one that may call
 * anything but loop_submit(), loop_close() and loop_is_mine(). */
int loop_start_thread(struct loop *l);
void loop_join(struct loop *l);

/* On the loop's thread, or before it has one. */
void loop_connect(struct loop *l, cluster_connected *connected, void *arg);

/* Hand over an operation: kind, statement, timeout, consistency, values, done
 * are set.  From any thread when `threaded`.  0, or FAILURE_CLOSED and the
 * operation is the caller's still. */
int loop_submit(struct loop *l, struct op *op);

/* Inline loops: one turn. */
void loop_turn(struct loop *l, bool wait);
/* ... that waits at most so many nanoseconds. */
void loop_turn_within(struct loop *l, uint64_t ns);
/* What was submitted leaves now and not in the next turn. */
void loop_flush(struct loop *l);

/* The calling thread is in one of this loop's callbacks. */
bool loop_is_mine(const struct loop *l);

/* No new operations; wait for those in flight up to the close timeout; then
 * on_closed runs, last (in a threaded loop: on its thread, which ends).  From
 * any thread. */
void loop_close(struct loop *l, void (*on_closed)(void *arg), void *arg);
/* After on_closed (and loop_join); loops of our own need it, guests too. */
void loop_fini(struct loop *l);

#endif
