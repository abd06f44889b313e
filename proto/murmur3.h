/* proto/murmur3.h - routing keys and their tokens under Cassandra's
 * Murmur3Partitioner. */
#ifndef CQL_MURMUR3_H
#define CQL_MURMUR3_H

#include "proto/protocol.h"
#include "proto/wire.h"

/**
 * The token of a routing key.
 *
 * MurmurHash3 x64-128 with seed 0, first word, except that Cassandra reads
 * the tail bytes as signed (key bytes from 0x80 up differ from the published
 * hash), that a result of INT64_MIN becomes INT64_MAX, and that the empty key
 * has the partitioner's minimum token, INT64_MIN.
 */
int64_t cql_murmur3_token(const void *key, size_t len);

/* One component of a composite routing key: [short] length, bytes, 0x00.  A
 * partition key of a single column is its plain bytes instead.  CQL_ELENGTH
 * (nothing written) for a component over 65,535 bytes. */
enum cql_rc cql_routing_key_put(struct cql_writer *w,
                                struct cql_span component);

#endif
