/* core/routing_key.h - the token of what an operation is about. */
#ifndef ROUTING_KEY_H
#define ROUTING_KEY_H

#include "core/op.h"

/* The Murmur3 token of the operation's partition key, which its statement says
 * is there, and which begins at op.key_at.  False: it has
 * none, a part of it is null, or (a composite key of over 1 KiB) there is no
 * memory: any host will do then. */
bool routing_key_token(const struct op *op, const struct net_heap *heap,
                       int64_t *token);

#endif
