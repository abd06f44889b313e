/* core/encode.h - an operation's frame. */
#ifndef ENCODE_H
#define ENCODE_H

#include "core/op.h"
#include "proto/wire.h"

/* The frame of op on its stream, as the encoders of proto/request.h: the size
 * it needs, written when that is at most cap; 0 when it cannot be expressed.
 * `id` is the prepared id of an OP_EXECUTE. */
size_t op_encode(const struct op *op, struct cql_span id, uint8_t *buf,
                 size_t cap);

#endif
