#include "core/late.h"

#include "core/mark.h"

static void remove_kept(struct context *c, struct op *op) {
  ENSURE(op->state == OP_UNSETTLED && c->unsettled_count > 0);
  list_remove(&op->queue);
  c->unsettled_count--;
}

/* Were they to keep all slots, nothing could be sent any more. */
static struct op *make_room(struct context *c) {
  struct op *oldest;

  if (c->unsettled_count < c->config.max_unsettled)
    return NULL;
  MARK(unsettled_forgotten);
  oldest = LIST_ENTRY(c->unsettled.next, struct op, queue);
  remove_kept(c, oldest);
  return oldest;
}

struct op *late_keep(struct context *c, struct op *op) {
  struct op *oldest;

  if (c->settled == NULL || !op_is_increment(op) ||
      c->config.max_unsettled == 0)
    return op;
  oldest = make_room(c);
  op->state = OP_UNSETTLED;
  list_push(&c->unsettled, &op->queue);
  c->unsettled_count++;
  return oldest;
}

void late_answered(struct context *c, struct op *op,
                   const struct cql_frame *frame, const struct peer *peer) {
  remove_kept(c, op);
  request_answered_late(c, op, frame, peer);
  op_release(&c->heap, op);
}

void late_drop_all(struct context *c, const struct conn *conn) {
  struct list *next, *node = c->unsettled.next;

  for (; node != &c->unsettled; node = next) {
    struct op *op = LIST_ENTRY(node, struct op, queue);

    next = node->next;
    if (op->conn != conn)
      continue;
    MARK(late_reply_never);
    remove_kept(c, op);
    op_release(&c->heap, op);
  }
}
