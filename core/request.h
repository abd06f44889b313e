/* core/request.h - what an answer means to the operation that waited for it,
 * by the table of core/outcome.h. */
#ifndef REQUEST_H
#define REQUEST_H

#include "core/op.h"
#include "core/peer.h"
#include "proto/response.h"

/* Completes the operation and returns NEXT_NONE, or leaves it alone and says
 * what to do with it, with the reason in *why.  Not for OP_PREPARE. */
enum next_step request_answered(struct context *c, struct op *op,
                                const struct cql_frame *frame,
                                const struct peer *peer, struct failure *why);

/* The same for one that was completed without it: settles an increment when
 * the answer tells what became of it (context.settled). Nothing is sent
 * again. */
void request_answered_late(struct context *c, const struct op *op,
                           const struct cql_frame *frame,
                           const struct peer *peer);

/* What an ERROR is, in words: fills in everything but code and outcome. */
void request_describe_error(struct failure *f, const struct cql_error *e,
                            const struct peer *peer);

#endif
