/* core/look.h - a look at the hosts: what each loop of a session knows of them,
 * copied on its own thread and added up. */
#ifndef LOOK_H
#define LOOK_H

#include "core/cluster.h"

struct look_host {
  bool up;       /* a connection of any loop stands */
  bool is_early; /* none does, and no attempt to connect has ended yet */
  uint32_t connections;
  uint32_t in_flight;
  uint32_t shards;
  uint64_t since;     /* net_clock(): when it went up or down; 0: no loop
                         connects to it */
  struct failure why; /* it is down; since != 0 */
  double share;       /* of the ring, from 0 to 1: what it is the first for */
};

struct look {
  struct snapshot *snapshot; /* held; NULL: the first loop knows no hosts yet */
  struct look_host *hosts;   /* [number in the snapshot's topology] */
};

/* Add what a loop knows; on its thread.  The first one says which hosts there
 * are.  False: no memory. */
bool look_add(struct look *look, const struct cluster *cl);
/* Would a look a little later tell more? */
bool look_is_early(const struct look *look);
/* As far as one loop knows: no connection to it stands, and the latest attempt
 * has failed. */
bool look_is_down(const struct cluster *cl, const uint8_t id[16]);
/* Ready for the next first one. */
void look_clear(struct look *look, const struct net_heap *heap);

#endif
