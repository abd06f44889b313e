/* api/wait.c - blocking calls: submit, then wait in the way of the session's
 * mode. */
#include "api/internal.h"

int wait_begin(tally_session *s, tally_error *e) {
  bool ours = s->mode == MODE_GUEST;

  for (uint32_t i = 0; i < s->loop_count && !ours; i++)
    ours = loop_is_mine(&s->loops[i]);
  if (ours)
    return error_set(e, TALLY_EDEADLK,
                     s->mode == MODE_GUEST
                         ? "a blocking call on a session of the caller's loop"
                         : "a blocking call inside a callback");
  /* A connection that ended while nobody drove the loop is noticed before
   * anything is written to it. */
  if (s->mode == MODE_INLINE)
    loop_turn(&s->loops[0], false);
  return 0;
}

void wait_done(struct waiter *w) {
  net_unpark(&w->flag);
}

void wait_for(tally_session *s, struct loop *l, struct waiter *w) {
  if (s->mode == MODE_THREADS) {
    net_park(&w->flag, 0);
    return;
  }
  loop_flush(l);
  while (atomic_load(&w->flag.set) == 0)
    loop_turn(l, true);
}

struct loop *session_loop(tally_session *s) {
  uint32_t n;

  if (s->loop_count == 1)
    return &s->loops[0];
  for (uint32_t i = 0; i < s->loop_count; i++)
    if (loop_is_mine(&s->loops[i]))
      return &s->loops[i];
  n = atomic_fetch_add_explicit(&s->next_loop, 1, memory_order_relaxed);
  return &s->loops[n % s->loop_count];
}

int session_submit(struct loop *l, struct op *op, tally_error *e) {
  int rc = loop_submit(l, op);

  if (rc == 0)
    return 0;
  op_release(&l->context.heap, op);
  return error_set(e, TALLY_ECLOSED, "the session is closed or closing");
}
