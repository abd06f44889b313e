/* core/deadline.h - when operations give up: one FIFO for each timeout, so
 * that an operation costs two pointers and not a timer. */
#ifndef DEADLINE_H
#define DEADLINE_H

#include "core/op.h"

struct deadlines {
  struct list fifo[TIMEOUT_KINDS];
  int used; /* those behind were never used */
};

void deadlines_init(struct deadlines *d);
/* op->deadline and op->timeout are set. */
void deadlines_add(struct deadlines *d, struct op *op);
/* When the first is due; 0 when there is none. */
uint64_t deadlines_next(const struct deadlines *d);
/* One that is due at `now`, or NULL; it stays in until it is finished. */
struct op *deadlines_due(const struct deadlines *d, uint64_t now);

#endif
