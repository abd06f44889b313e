/* api/get.c - reading one row. */
#include "api/internal.h"

#include "core/rows.h"

#include <string.h>

static int row_error(tally_error *e, const tally_table *t, int code,
                     const char *why) {
  return error_set(e, code, "read %s: %s", t->qualified, why);
}

/* The counters of the one row of an answer, in the SELECT's order. */
static int decode(const tally_table *t, struct rows *rows, void *row,
                  uint64_t *nulls, tally_error *e) {
  int64_t values[COUNTERS_MAX] = {0};
  struct cell cell;

  if (rows_count(rows) == 0)
    return row_error(e, t, TALLY_ENOTFOUND, "no such row");
  if (rows_count(rows) > 1)
    return row_error(e, t, TALLY_EMANY, "the key names more rows than one");
  if (rows_columns(rows) != t->counter_count)
    return row_error(e, t, TALLY_EPROTOCOL,
                     "the answer has other columns than were asked for");
  *nulls = 0;
  for (uint16_t i = 0; i < t->counter_count; i++) {
    if (!rows_next(rows, &cell))
      return row_error(e, t, TALLY_EPROTOCOL, "the answer is cut short");
    if (cell.p == NULL)
      *nulls |= UINT64_C(1) << i;
    else if (!cell_bigint(&cell, &values[i]))
      return row_error(e, t, TALLY_EPROTOCOL, "a counter is not 8 bytes");
  }
  for (uint16_t i = 0; i < t->counter_count; i++)
    memcpy((char *)row + t->columns[t->counters[i]].offset, &values[i],
           sizeof values[i]);
  return 0;
}

static int submit(tally_table *t, const void *row, const tally_call *call,
                  op_done *done, void *user, struct loop **loop,
                  tally_error *e) {
  tally_session *s = t->session;
  struct op *op = session_take(s, e);
  int rc;

  if (op == NULL)
    return TALLY_EBUSY;
  op->kind = OP_EXECUTE;
  op->statement = &t->select;
  op->consistency = s->read_consistency;
  op->timeout = TIMEOUT_READ;
  op->done = done;
  op->user = user;
  rc = call_apply(call, s, &op->consistency, &op->timeout, e);
  if (rc == 0)
    rc = bind_key(op, t, row, false, e);
  if (rc != 0) {
    op_release(&s->heap, op);
    return rc;
  }
  *loop = session_loop(s);
  return session_submit(*loop, op, e);
}

/* ---- Blocking ----------------------------------------------------------- */

struct get_wait {
  struct waiter w;
  const tally_table *table;
  void *row;
  uint64_t nulls;
};

static void on_waited(op_callback *callback, void *user,
                      const struct answer *answer) {
  struct get_wait *g = user;

  (void)callback;
  if (answer->code != 0)
    g->w.code = error_from_answer(g->w.error, answer);
  else
    g->w.code = decode(g->table, answer->rows, g->row, &g->nulls, g->w.error);
  wait_done(&g->w);
}

int tally_get_with(tally_table *table, void *row, uint64_t *nulls,
                   const tally_call *call, tally_error *error) {
  struct get_wait g = {.w = {.error = error}, .table = table, .row = row};
  struct loop *loop;
  int rc = wait_begin(table->session, error);

  if (rc == 0)
    rc = submit(table, row, call, on_waited, &g, &loop, error);
  if (rc != 0)
    return rc;
  wait_for(table->session, loop, &g.w);
  if (g.w.code == 0 && nulls != NULL)
    *nulls = g.nulls;
  return g.w.code;
}

int tally_get_nulls(tally_table *table, void *row, uint64_t *nulls,
                    tally_error *error) {
  return tally_get_with(table, row, nulls, NULL, error);
}

int tally_get(tally_table *table, void *row, tally_error *error) {
  return tally_get_with(table, row, NULL, NULL, error);
}

/* ---- Asynchronous ------------------------------------------------------- */

/* The row's struct stands behind this, and behind that what its keys point
 * to. */
struct get_call {
  tally_table *table;
  tally_callback callback;
  void *user;
};

static void *call_row(struct get_call *call) {
  return call + 1;
}

static struct get_call *call_new(tally_table *t, const void *row) {
  struct get_call *call = net_alloc(
      &t->session->heap, sizeof *call + t->row_size + row_bytes(t, row));

  if (call == NULL)
    return NULL;
  row_copy(t, call_row(call), row, (char *)call_row(call) + t->row_size);
  call->table = t;
  return call;
}

static void on_done(op_callback *callback, void *user,
                    const struct answer *answer) {
  struct get_call *call = user;
  const struct net_heap heap = call->table->session->heap;
  tally_result result = {.outcome = TALLY_NOT_APPLIED};
  tally_error error;

  (void)callback;
  if (answer->code != 0)
    result.status = error_from_answer(&error, answer);
  else
    result.status = decode(call->table, answer->rows, call_row(call),
                           &result.nulls, &error);
  if (result.status != 0)
    result.error = &error;
  else
    result.row = call_row(call);
  if (call->callback != NULL)
    call->callback(call->user, &result);
  net_free(&heap, call);
}

int tally_get_async(tally_table *table, const void *row,
                    tally_callback callback, void *user, tally_error *error) {
  return tally_get_async_with(table, row, NULL, callback, user, error);
}

int tally_get_async_with(tally_table *table, const void *row,
                         const tally_call *options, tally_callback callback,
                         void *user, tally_error *error) {
  const struct net_heap *heap = &table->session->heap;
  struct get_call *call = call_new(table, row);
  struct loop *loop;
  int rc;

  if (call == NULL)
    return error_no_memory(error);
  call->callback = callback;
  call->user = user;
  rc = submit(table, row, options, on_done, call, &loop, error);
  if (rc != 0)
    net_free(heap, call);
  return rc;
}
