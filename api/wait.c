/* api/wait.c - blocking calls: submit, then wait in the way of the session's
 * mode. */
#include "api/internal.h"

#include <string.h>

#include "core/mark.h"
#include "core/rows.h"

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

void done_tell(op_callback *callback, void *user, const struct answer *answer) {
  tally_callback call = (tally_callback)callback;
  tally_result result = {0};
  tally_error error;

  if (call == NULL)
    return;
  result.outcome = (int)answer->outcome;
  if (answer->code != 0) {
    result.status = error_from_answer(&error, answer);
    result.error = &error;
  }
  call(user, &result);
}

void done_wait(op_callback *callback, void *user, const struct answer *answer) {
  struct waiter *w = user;

  (void)callback;
  if (answer->code != 0)
    w->code = error_from_answer(w->error, answer);
  wait_done(w);
}

void listener_tell(const struct listener *to, const tally_result *result) {
  if (to->waiter != NULL) {
    to->waiter->code = result->status;
    if (result->status != 0 && to->waiter->error != NULL)
      *to->waiter->error = *result->error;
    wait_done(to->waiter);
  } else if (to->callback != NULL) {
    to->callback(to->user, result);
  }
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

struct op *session_take(tally_session *s, tally_error *e) {
  struct op *op = op_take(&s->slab);

  if (op == NULL) {
    MARK(session_busy);
    error_set(e, TALLY_EBUSY,
              "%u operations are in flight or wait for late answers, the "
              "session's limit (max_in_flight)",
              (unsigned)s->slab.capacity);
  }
  return op;
}

int session_submit(struct loop *l, struct op *op, tally_error *e) {
  int rc = loop_submit(l, op);

  if (rc == 0)
    return 0;
  op_release(&l->context.heap, op);
  return error_set(e, TALLY_ECLOSED, "the session is closed or closing");
}

int session_turn(struct loop *l, enum timeout_kind when, op_done *done,
                 void *user, tally_error *e) {
  struct op *op = op_make(&l->context.heap);

  if (op == NULL)
    return error_no_memory(e);
  op->kind = OP_PAUSE;
  op->timeout = (uint8_t)when;
  op->done = done;
  op->user = user;
  return session_submit(l, op, e);
}

/* ---- A query with text values, blocking --------------------------------- */

struct query {
  struct waiter w;
  query_rows *rows;
  void *arg;
};

static void on_query(op_callback *callback, void *user,
                     const struct answer *answer) {
  struct query *q = user;

  (void)callback;
  if (answer->code != 0)
    q->w.code = error_from_answer(q->w.error, answer);
  else
    q->w.code = q->rows(q->arg, answer->rows, q->w.error);
  wait_done(&q->w);
}

int query_wait(tally_session *s, const char *cql, const char *about,
               const char *const *values, size_t value_count, query_rows *rows,
               void *arg, tally_error *e) {
  struct query q = {.w = {.error = e}, .rows = rows, .arg = arg};
  struct statement statement = {.text = cql,
                                .text_len = strlen(cql),
                                .table = about,
                                .effect = EFFECT_READ};
  struct loop *loop;
  struct op *op;
  int rc = wait_begin(s, e);

  if (rc != 0)
    return rc;
  op = op_make(&s->heap);
  for (size_t i = 0; op != NULL && i < value_count; i++)
    if (!op_bind_bytes(op, &s->heap, values[i], strlen(values[i]))) {
      op_release(&s->heap, op);
      op = NULL;
    }
  if (op == NULL)
    return error_no_memory(e);
  op->kind = OP_QUERY;
  op->statement = &statement;
  op->consistency = TALLY_ONE; /* each node has system tables of its own */
  op->timeout = TIMEOUT_READ;
  op->done = on_query;
  op->user = &q;
  loop = session_loop(s);
  rc = session_submit(loop, op, e);
  if (rc != 0)
    return rc;
  wait_for(s, loop, &q.w);
  return q.w.code;
}
