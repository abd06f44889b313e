/* core/ring.h - the tokens of all hosts, in order, and whose each is.  Made
 * whole from what the hosts say of themselves, never changed afterwards: any
 * thread may read it.
 *
 * A key with token T belongs first to the host with the smallest token that is
 * not below T, or to that with the smallest of all (Cassandra's
 * TokenMetadata). */
#ifndef RING_H
#define RING_H

#include "core/net.h"

enum { RING_HOSTS_MAX = UINT16_MAX };

/* What a ring is made of; nothing of it is kept. */
struct ring_host {
  const char *dc;
  const char *rack;
  const int64_t *tokens; /* in any order */
  size_t token_count;
};

struct ring {
  uint32_t host_count;
  uint32_t token_count;
  uint32_t duplicates; /* tokens that two hosts claimed: the first one has it */
  uint32_t dc_count;
  uint32_t rack_count;
  int64_t *tokens;   /* ascending */
  uint16_t *owners;  /* [token] the host, as it was numbered */
  uint32_t *buckets; /* [bucket] the first token that is in it or above */
  unsigned shift;    /* of a token's bits, to have its bucket */
  uint16_t *dcs;     /* [host] its data center, from 0 */
  uint16_t *racks;   /* [host] its rack, from 0; of two data centers, two */
  char **dc_names;   /* [data center] */
};

/* NULL: no memory, or more than RING_HOSTS_MAX hosts. */
struct ring *ring_make(const struct net_heap *heap,
                       const struct ring_host *hosts, size_t count);
void ring_free(const struct net_heap *heap, struct ring *r);
/* A token's bits, its sign turned round: in the order of tokens. */
static inline uint64_t ring_key(int64_t token) {
  return (uint64_t)token ^ UINT64_C(1) << 63;
}

/* The place of the token that a key with this one belongs to, in a ring that
 * has tokens; in two steps, of which the first gives a place close by. */
static inline uint32_t ring_near(const struct ring *r, int64_t token) {
  return r->buckets[ring_key(token) >> r->shift];
}
uint32_t ring_find_from(const struct ring *r, uint32_t near, int64_t token);

static inline uint32_t ring_find(const struct ring *r, int64_t token) {
  return ring_find_from(r, ring_near(r, token), token);
}

#endif
