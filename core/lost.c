#include "core/lost.h"

#include "core/mark.h"

static void mark_lost(const struct op *op, uint64_t accepted) {
  if (op->end_offset <= accepted)
    MARK(lost_after_last_byte);
  else
    MARK(lost_before_last_byte);
  /* The values are the last bytes of a frame that is not compressed. */
  if (op->end_offset > accepted && op->end_offset - op->values_len < accepted)
    MARK(lost_half_sent);
}

static void settle(struct context *c, struct op *op, const struct output *out,
                   const struct failure *why, struct list *again) {
  bool accepted = op->end_offset <= out->accepted;
  enum event event = accepted ? EVENT_LOST_ACCEPTED : EVENT_LOST_UNACCEPTED;
  enum next_step next = op_next(op, event);
  struct failure f;

  ENSURE(op->state == OP_SENT && op->end_offset <= out->queued);
  mark_lost(op, out->accepted);
  if (next != NEXT_NONE) {
    op->retried |= next == NEXT_HOST_ONCE;
    op->state = OP_QUEUED;
    op->conn = NULL;
    list_push(again, &op->queue);
    return;
  }
  f = *why;
  f.outcome = outcome_table[event].outcome;
  op_fail_with(c, op, &f);
}

void lost_settle(struct context *c, struct list *sent, const struct output *out,
                 const struct failure *why, struct list *again) {
  struct list all, *node;

  list_init(&all);
  list_append(&all, sent);
  while ((node = list_shift(&all)) != NULL)
    settle(c, LIST_ENTRY(node, struct op, queue), out, why, again);
}
