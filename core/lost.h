/* core/lost.h - what becomes of the requests that were on a connection when it
 * ended: their verdict, by the bytes that the system accepted. */
#ifndef LOST_H
#define LOST_H

#include "core/op.h"
#include "core/output.h"

/* Ends each of `sent`, or moves it to `again`, in order: those that certainly
 * were not applied, and reads. */
void lost_settle(struct context *c, struct list *sent, const struct output *out,
                 const struct failure *why, struct list *again);

#endif
