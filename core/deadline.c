#include "core/deadline.h"

#include "core/mark.h"

void deadlines_init(struct deadlines *d) {
  for (int i = 0; i < TIMEOUT_KINDS; i++)
    list_init(&d->fifo[i]);
  d->used = TIMEOUT_OTHER;
}

void deadlines_add(struct deadlines *d, struct op *op) {
  /* Operations of other threads come a little late and may stand behind ones
   * with a later deadline: they are noticed that much later, no harm. */
  ENSURE(op->timeout < TIMEOUT_KINDS && list_empty(&op->deadline_link));
  if (op->timeout >= d->used)
    d->used = op->timeout + 1;
  list_push(&d->fifo[op->timeout], &op->deadline_link);
}

static struct op *head(const struct deadlines *d, int kind) {
  const struct list *fifo = &d->fifo[kind];

  return list_empty(fifo) ? NULL
                          : LIST_ENTRY(fifo->next, struct op, deadline_link);
}

uint64_t deadlines_next(const struct deadlines *d) {
  uint64_t first = 0;

  for (int i = 0; i < d->used; i++) {
    const struct op *op = head(d, i);

    if (op != NULL && (first == 0 || op->deadline < first))
      first = op->deadline;
  }
  return first;
}

struct op *deadlines_due(const struct deadlines *d, uint64_t now) {
  for (int i = 0; i < d->used; i++) {
    struct op *op = head(d, i);

    if (op != NULL && op->deadline <= now)
      return op;
  }
  return NULL;
}
