/* core/snapshot.h - what is known of the cluster at one time: its hosts, whose
 * each token is, and the replicas of the keyspaces in use.  Made whole by the
 * loop that has the control connection, never changed afterwards, and shared by
 * all loops of a session: whoever holds one may read it without a lock. */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include "core/placement.h"
#include "core/topology.h"

struct snapshot {
  struct net_heap heap;
  _Atomic uint32_t holders;
  struct snapshot *base;         /* whose hosts and ring it shares; NULL: they
                                    are its own */
  struct topology *topology;     /* its hosts are numbered as the ring's */
  struct ring *ring;             /* NULL: not Murmur3, or no host has tokens */
  struct placement **placements; /* [keyspace's number in the session]; NULL:
                                    its replicas are not known */
  struct replication *keyspaces; /* what those were made of */
  uint32_t keyspace_count;
};

/* Takes the topology over (*topology is empty then), and is held once.
 * `keyspaces` has the replication of each keyspace by its number;
 * REPLICATION_OTHER where it is not known.  Where all that is what `latest`
 * (or NULL) was made of, that one is held once more.  NULL: no memory, and the
 * topology is still the caller's. */
struct snapshot *snapshot_make(const struct net_heap *heap,
                               struct snapshot *latest,
                               struct topology *topology,
                               const struct replication *keyspaces,
                               uint32_t count);
/* The same hosts under other replications. */
struct snapshot *snapshot_extend(struct snapshot *from,
                                 const struct replication *keyspaces,
                                 uint32_t count);
void snapshot_hold(struct snapshot *s);
/* The last holder frees it; NULL is fine. */
void snapshot_release(struct snapshot *s);

static inline bool snapshot_has_placement(const struct snapshot *s,
                                          uint32_t keyspace) {
  return keyspace < s->keyspace_count && s->placements[keyspace] != NULL;
}

/* The replicas of a token in a keyspace, by their numbers; *count is 0 when
 * they are not known.  The array lives as long as the snapshot. */
const uint16_t *snapshot_replicas(const struct snapshot *s, uint32_t keyspace,
                                  int64_t token, uint32_t *count);

#endif
