/* core/late.h - increments that ended UNKNOWN at their deadline.  When somebody
 * wants to know (context.settled), the newest of a loop are kept (state
 * OP_UNSETTLED), each in its slot, so that their answer can settle them when it
 * comes after all.  Increments only: their statements live as long as the
 * session, those of others may be gone by then. */
#ifndef LATE_H
#define LATE_H

#include "core/request.h"

/* Keep op, which is about to end.  Returns what is not kept, and is in no list:
 * op itself, the oldest that was, or NULL. */
struct op *late_keep(struct context *c, struct op *op);
/* The answer has come to one that was kept. */
void late_answered(struct context *c, struct op *op,
                   const struct cql_frame *frame, const struct peer *peer);
/* The connection ends: no answer will come on it. */
void late_drop_all(struct context *c, const struct conn *conn);

#endif
