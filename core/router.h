/* core/router.h - which host a request goes to: a replica of its key in the
 * local rack, then one in the local data center, then any other host there, and
 * remote ones only where that is allowed.  Of two candidates the one with fewer
 * requests in flight; a host that has just come up counts as busier than it is.
 *
 * One for each loop, which keeps `hosts` as its pools are. */
#ifndef ROUTER_H
#define ROUTER_H

#include "core/net.h"

enum distance { LOCAL_RACK, LOCAL_DC, REMOTE_DC, NEVER };

enum { ROUTER_NONE = UINT16_MAX };

/* So long after it has come up a host gets less than its share. */
#define ROUTER_EASE_NS (20 * UINT64_C(1000000000))

struct route_host {
  uint32_t in_flight; /* requests of this loop that it owes an answer to, or
                         that wait for room on the way to it */
  uint8_t distance;   /* enum distance; NEVER: filtered out */
  bool ready;         /* a connection takes requests */
  uint64_t up_since;  /* net_clock() */
};

struct router {
  struct route_host **hosts; /* numbered as in the ring */
  uint32_t host_count;
  bool remote; /* remote data centers are allowed */
  uint64_t chance;
};

/* What a request knows of its way. */
struct route {
  const uint16_t *replicas; /* of its key; NULL: not known */
  uint32_t replica_count;
  const uint16_t *tried; /* hosts that it was at already */
  uint32_t tried_count;
};

enum routed {
  ROUTED_NOWHERE, /* no host is ready that was not tried */
  ROUTED_REPLICA, /* of the local data center */
  ROUTED_LOCAL,   /* to a host that is no replica of it */
  ROUTED_REMOTE,
};

/* `chance` makes different loops choose differently. */
void router_init(struct router *r, uint64_t chance);
/* The host's number in *host. */
enum routed router_pick(struct router *r, const struct route *route,
                        uint64_t now, uint16_t *host);

#endif
