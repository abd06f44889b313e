/* core/sharding.h - how a ScyllaDB server divides its tokens among its shards,
 * each of which serves connections of its own.
 *
 * The server tells it in SUPPORTED (its document "protocol-extensions", section
 * "Intranode sharding"): which shard serves this connection, how many there
 * are, and a port where the client's own port, modulo their number, says which
 * shard the connection is for. */
#ifndef SHARDING_H
#define SHARDING_H

#include <stdbool.h>

#include "proto/response.h"

/* A server that says it has more is taken for one that says nothing. */
enum { SHARDS_MAX = 256 };

struct sharding {
  uint16_t count;      /* 0: none, or divided in a way not known here */
  uint16_t shard;      /* the one that serves this connection */
  uint16_t port;       /* where the client chooses the shard; 0: nowhere */
  uint8_t ignore_bits; /* so many of a token's first bits do not count */
};

/* What a SUPPORTED that was decoded says of it. */
void sharding_learn(struct sharding *s, struct cql_list options);
/* Is anything to be gained by choosing a shard? */
bool sharding_matters(const struct sharding *s);
/* The shard that owns the token; s->count is not 0. */
uint32_t sharding_shard_of(const struct sharding *s, int64_t token);

#endif
