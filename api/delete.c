/* api/delete.c - rows and counters that go. */
#include "api/internal.h"

static int fill(struct op *op, tally_table *t, const void *row,
                uint16_t counter, const tally_call *call, tally_error *e) {
  const struct removal *r = table_removal(t, counter);
  int rc;

  if (r == NULL)
    return error_no_memory(e);
  op->kind = OP_EXECUTE;
  op->statement = &r->statement;
  op->consistency = t->session->consistency;
  op->timeout = TIMEOUT_INCREMENT;
  op->note = NOTE_DELETE;
  rc = call_apply(call, t->session, &op->consistency, &op->timeout, e);
  return rc != 0
             ? rc
             : bind_key(op, t, row, r->statement.bind_count < t->key_count, e);
}

/* `loop` is where it went. */
static int submit(tally_table *t, const void *row, uint16_t counter,
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
  rc = fill(op, t, row, counter, call, e);
  if (rc != 0) {
    op_release(&s->heap, op);
    return rc;
  }
  *loop = session_loop(s);
  return session_submit(*loop, op, e);
}

static int find_counter(const tally_table *t, const char *name,
                        uint16_t *counter, tally_error *e) {
  size_t column;
  int rc = table_find(t, name, &column, e);

  if (rc != 0)
    return rc;
  for (*counter = 0; *counter < t->counter_count; ++*counter)
    if (t->counters[*counter] == column)
      return 0;
  return error_set(e, TALLY_EINVAL,
                   "%s: column %s is part of the key, and no counter",
                   t->qualified, name);
}

static int submit_and_wait(tally_table *t, const void *row, uint16_t counter,
                           const tally_call *call, tally_error *e) {
  struct waiter w = {.error = e};
  struct loop *loop;
  int rc = wait_begin(t->session, e);

  if (rc == 0)
    rc = submit(t, row, counter, call, done_wait, NULL, &w, &loop, e);
  if (rc != 0)
    return rc;
  wait_for(t->session, loop, &w);
  return w.code;
}

static int submit_async(tally_table *t, const void *row, uint16_t counter,
                        const tally_call *call, tally_callback callback,
                        void *user, tally_error *e) {
  struct loop *loop;

  return submit(t, row, counter, call, done_tell, (op_callback *)callback, user,
                &loop, e);
}

int tally_delete_with(tally_table *table, const void *row,
                      const tally_call *call, tally_error *error) {
  return submit_and_wait(table, row, REMOVAL_ROW, call, error);
}

int tally_delete_async_with(tally_table *table, const void *row,
                            const tally_call *call, tally_callback callback,
                            void *user, tally_error *error) {
  return submit_async(table, row, REMOVAL_ROW, call, callback, user, error);
}

int tally_delete_counter_with(tally_table *table, const void *row,
                              const char *counter, const tally_call *call,
                              tally_error *error) {
  uint16_t bit;
  int rc = find_counter(table, counter, &bit, error);

  return rc != 0 ? rc : submit_and_wait(table, row, bit, call, error);
}

int tally_delete_counter_async_with(tally_table *table, const void *row,
                                    const char *counter, const tally_call *call,
                                    tally_callback callback, void *user,
                                    tally_error *error) {
  uint16_t bit;
  int rc = find_counter(table, counter, &bit, error);

  return rc != 0 ? rc
                 : submit_async(table, row, bit, call, callback, user, error);
}

int tally_delete(tally_table *table, const void *row, tally_error *error) {
  return tally_delete_with(table, row, NULL, error);
}

int tally_delete_async(tally_table *table, const void *row,
                       tally_callback callback, void *user,
                       tally_error *error) {
  return tally_delete_async_with(table, row, NULL, callback, user, error);
}

int tally_delete_counter(tally_table *table, const void *row,
                         const char *counter, tally_error *error) {
  return tally_delete_counter_with(table, row, counter, NULL, error);
}

int tally_delete_counter_async(tally_table *table, const void *row,
                               const char *counter, tally_callback callback,
                               void *user, tally_error *error) {
  return tally_delete_counter_async_with(table, row, counter, NULL, callback,
                                         user, error);
}
