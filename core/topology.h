/* core/topology.h - the hosts of a cluster, as one of them lists them in its
 * system tables.
 *
 * A host's row may be half written while it joins or leaves, and a table may
 * list one twice: what cannot be used is left out and counted.  The order is
 * that of the rows, the host that was asked first. */
#ifndef TOPOLOGY_H
#define TOPOLOGY_H

#include "core/net.h"
#include "core/rows.h"

/* The columns that the functions below expect, in this order.  system.peers_v2
 * is there from Cassandra 4.0 on; older servers and ScyllaDB answer INVALID,
 * and have system.peers, which knows no ports. */
#define TOPOLOGY_LOCAL                                                         \
  "SELECT host_id, data_center, rack, release_version, schema_version, "       \
  "tokens, partitioner FROM system.local WHERE key = 'local'"
#define TOPOLOGY_PEERS_V2                                                      \
  "SELECT host_id, data_center, rack, release_version, schema_version, "       \
  "tokens, peer, native_address, native_port FROM system.peers_v2"
#define TOPOLOGY_PEERS                                                         \
  "SELECT host_id, data_center, rack, release_version, schema_version, "       \
  "tokens, peer, rpc_address FROM system.peers"

/* No cluster has more hosts; of what lists more, the first are taken. */
enum { TOPOLOGY_HOSTS_MAX = 4096 };

/* The last three members are for whoever takes the topology into use. */
struct host_info {
  struct net_address address; /* where it takes clients */
  uint8_t id[16];
  uint8_t schema[16]; /* zeroes when it tells none */
  char *dc;           /* these three are never NULL */
  char *rack;
  char *version;
  int64_t *tokens; /* NULL: it has none, or not of Murmur3 */
  size_t token_count;
  const char *contact; /* as the user named it; NULL: he did not */
  bool translated;     /* the address is not the servers' own */
  uint8_t distance;    /* enum distance */
};

struct topology {
  struct host_info *hosts;
  size_t count;
  size_t cap;
  size_t ignored; /* rows that no host could be made of */
  bool murmur3;   /* the partitioner whose tokens are known here */
};

void topology_free(const struct net_heap *heap, struct topology *t);

/* The host with this id, or NULL. */
const struct host_info *topology_find(const struct topology *t,
                                      const uint8_t id[16]);

/* The same hosts in the same order, with all that is said of them above but
 * their schema. */
bool topology_same(const struct topology *a, const struct topology *b);

/* The one row of TOPOLOGY_LOCAL; `asked` is where it was asked.  Returns 0,
 * FAILURE_NO_MEMORY, or FAILURE_PROTOCOL for an answer without a usable row. */
int topology_add_local(struct topology *t, const struct net_heap *heap,
                       struct rows *rows, const struct net_address *asked);
/* The rows of TOPOLOGY_PEERS_V2, or (v2 false) of TOPOLOGY_PEERS, whose hosts
 * have this port.  A host that listens everywhere (0.0.0.0) is taken to be
 * where its peers find it.  Returns 0, FAILURE_NO_MEMORY or
 * FAILURE_PROTOCOL. */
int topology_add_peers(struct topology *t, const struct net_heap *heap,
                       struct rows *rows, bool v2, uint16_t port);

#endif
