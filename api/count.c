/* api/count.c - increments and decrements: the hot path. */
#include "api/internal.h"

#include <string.h>

static int64_t counter_of(const void *row, const tally_column *c) {
  int64_t v;

  memcpy(&v, (const char *)row + c->offset, sizeof v);
  return v;
}

/* ---- Deltas ------------------------------------------------------------- */

/* The counters that are not 0. */
static int touched(const tally_table *t, const void *row, bool negate,
                   uint64_t *mask, tally_error *e) {
  *mask = 0;
  for (uint16_t i = 0; i < t->counter_count; i++) {
    const tally_column *c = &t->columns[t->counters[i]];
    int64_t delta = counter_of(row, c);

    if (delta == 0)
      continue;
    if (negate && delta == INT64_MIN)
      return error_set(e, TALLY_ERANGE,
                       "%s: column %s: %lld cannot be subtracted, it has no "
                       "negative",
                       t->qualified, c->name, (long long)delta);
    *mask |= UINT64_C(1) << i;
  }
  if (*mask == 0)
    return error_set(e, TALLY_EINVAL,
                     "%s: nothing to add: every counter of the row is 0",
                     t->qualified);
  return 0;
}

static bool bind_deltas(struct op *op, const tally_table *t, const void *row,
                        const struct update *u, uint64_t mask, bool negate) {
  for (uint16_t i = 0; i < t->counter_count; i++) {
    int64_t delta;

    if ((u->mask >> i & 1) == 0)
      continue;
    if ((mask >> i & 1) == 0) {
      if (!op_bind_unset(op, &t->session->heap))
        return false;
      continue;
    }
    delta = counter_of(row, &t->columns[t->counters[i]]);
    if (!op_bind_bigint(op, &t->session->heap, negate ? -delta : delta))
      return false;
  }
  return true;
}

int count_fill(struct op *op, tally_table *t, const void *row, bool negate,
               tally_error *e) {
  const struct update *u;
  uint64_t mask;
  int rc = touched(t, row, negate, &mask, e);

  if (rc != 0)
    return rc;
  u = table_update(t, mask);
  if (u == NULL || !bind_deltas(op, t, row, u, mask, negate))
    return error_no_memory(e);
  op->kind = OP_EXECUTE;
  op->statement = &u->statement;
  op->consistency = t->session->consistency;
  op->timeout = TIMEOUT_INCREMENT;
  op->note = negate ? NOTE_DECREMENT : NOTE_INCREMENT;
  return bind_key(op, t, row, u->partition_only, e);
}

/* `loop` is where it went. */
static int submit(tally_table *t, const void *row, bool negate,
                  const tally_call *call, op_done *done, op_callback *callback,
                  void *user, struct loop **loop, tally_error *e) {
  tally_session *s = t->session;
  struct op *op = session_take(s, e);
  int rc;

  if (op == NULL)
    return TALLY_EBUSY;
  op->done = done;
  op->callback = callback;
  op->user = user;
  rc = count_fill(op, t, row, negate, e);
  if (rc == 0 && call != NULL)
    rc = call_apply(call, s, &op->consistency, &op->timeout, e);
  if (rc != 0) {
    op_release(&s->heap, op);
    return rc;
  }
  *loop = session_loop(s);
  return session_submit(*loop, op, e);
}

/* ---- Asynchronous ------------------------------------------------------- */

static int submit_async(tally_table *table, const void *row, bool negate,
                        const tally_call *call, tally_callback callback,
                        void *user, tally_error *error) {
  struct loop *loop;

  return submit(table, row, negate, call, done_tell, (op_callback *)callback,
                user, &loop, error);
}

int tally_increment_async(tally_table *table, const void *row,
                          tally_callback callback, void *user,
                          tally_error *error) {
  return submit_async(table, row, false, NULL, callback, user, error);
}

int tally_decrement_async(tally_table *table, const void *row,
                          tally_callback callback, void *user,
                          tally_error *error) {
  return submit_async(table, row, true, NULL, callback, user, error);
}

int tally_increment_async_with(tally_table *table, const void *row,
                               const tally_call *call, tally_callback callback,
                               void *user, tally_error *error) {
  return submit_async(table, row, false, call, callback, user, error);
}

int tally_decrement_async_with(tally_table *table, const void *row,
                               const tally_call *call, tally_callback callback,
                               void *user, tally_error *error) {
  return submit_async(table, row, true, call, callback, user, error);
}

/* ---- Blocking ----------------------------------------------------------- */

static int submit_and_wait(tally_table *t, const void *row, bool negate,
                           const tally_call *call, tally_error *error) {
  struct waiter w = {.error = error};
  struct loop *loop;
  int rc = wait_begin(t->session, error);

  if (rc == 0)
    rc = submit(t, row, negate, call, done_wait, NULL, &w, &loop, error);
  if (rc != 0)
    return rc;
  wait_for(t->session, loop, &w);
  return w.code;
}

int tally_increment(tally_table *table, const void *row, tally_error *error) {
  return submit_and_wait(table, row, false, NULL, error);
}

int tally_decrement(tally_table *table, const void *row, tally_error *error) {
  return submit_and_wait(table, row, true, NULL, error);
}

int tally_increment_with(tally_table *table, const void *row,
                         const tally_call *call, tally_error *error) {
  return submit_and_wait(table, row, false, call, error);
}

int tally_decrement_with(tally_table *table, const void *row,
                         const tally_call *call, tally_error *error) {
  return submit_and_wait(table, row, true, call, error);
}
