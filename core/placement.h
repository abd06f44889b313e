/* core/placement.h - the replicas of each range of a ring, under one keyspace's
 * replication.  Made whole, never changed afterwards. */
#ifndef PLACEMENT_H
#define PLACEMENT_H

#include "core/ring.h"

enum replication_class {
  REPLICATION_SIMPLE,  /* SimpleStrategy: hosts as they come */
  REPLICATION_NETWORK, /* NetworkTopologyStrategy: so many in each data center,
                          in different racks if there are as many */
  REPLICATION_LOCAL,   /* LocalStrategy: system tables, of which each host has
                          its own */
  REPLICATION_OTHER,   /* any other: its replicas are not known */
};

enum { REPLICATION_DCS = 32, REPLICATION_NAME = 128 };

/* With more replicas than these nearly any host is one: they are not worth
 * their memory. */
enum { PLACEMENT_WIDTH_MAX = 64 };
/* ... and so many entries, 16 MiB, are more than any cluster needs that is not
 * made up: 1,000 hosts of 256 tokens and nine replicas have a quarter. */
enum { PLACEMENT_ENTRIES_MAX = 8 * 1024 * 1024 };

struct replication {
  enum replication_class class;
  uint32_t factor; /* SIMPLE */
  uint32_t dc_count;
  struct {
    char dc[REPLICATION_NAME];
    uint32_t factor;
  } dcs[REPLICATION_DCS]; /* NETWORK */
};

struct placement {
  uint32_t width;  /* replicas of each range */
  uint16_t *hosts; /* [range * width]: SIMPLE in the ring's order, NETWORK by
                      data centers as the replication names them */
};

/* For REPLICATION_OTHER, beyond either limit, where no host is a replica, and
 * where looking for them takes too long, width is 0.  NULL: no memory. */
struct placement *placement_make(const struct net_heap *heap,
                                 const struct ring *ring,
                                 const struct replication *how);
void placement_free(const struct net_heap *heap, struct placement *p);

/* The replicas of a token; p->width of them. */
static inline const uint16_t *placement_find(const struct placement *p,
                                             const struct ring *ring,
                                             int64_t token) {
  uint32_t near = ring_near(ring, token);

  /* Two waits for memory at once: the right row is this one or close by. */
  __builtin_prefetch(p->hosts + (size_t)near * p->width);
  return p->hosts + (size_t)ring_find_from(ring, near, token) * p->width;
}

#endif
