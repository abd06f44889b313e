/* api/aggregate.c - what servers reckon of many rows, and the first row. */
#include "api/query.h"

#include "core/rows.h"

#include <string.h>

/* One SELECT of functions.  Its texts are made before it is sent. */
struct reckoning {
  struct net_heap heap;
  const tally_table *table;
  struct select *select;
  struct page page; /* how many rows servers read at a time for it */
  tally_aggregate *list;
  size_t count;
  struct waiter *waiter; /* or NULL: */
  tally_callback callback;
  void *user;
};

static void reckoning_free(struct reckoning *r) {
  const struct net_heap heap = r->heap;

  if (r->select != NULL && !r->select->kept)
    select_free(&heap, r->select);
  net_free(&heap, r);
}

static int refuse(const struct reckoning *r, const char *why, tally_error *e) {
  return error_set(e, TALLY_EPROTOCOL, "read %s: %s", r->table->qualified, why);
}

/* The one row of the answer. */
static int decode(struct reckoning *r, struct rows *rows, tally_error *e) {
  if (rows_count(rows) != 1 || (size_t)rows_columns(rows) != r->count)
    return refuse(r, "the answer has other rows than functions were asked for",
                  e);
  for (size_t i = 0; i < r->count; i++) {
    tally_aggregate *a = &r->list[i];
    struct cell cell;

    if (!rows_next(rows, &cell))
      return refuse(r, "the answer is cut short", e);
    a->value = 0;
    a->is_null = cell.p == NULL;
    if (!a->is_null && !cell_bigint(&cell, &a->value))
      return refuse(r, "a function gave what is not 8 bytes", e);
  }
  return 0;
}

static void on_reckoned(op_callback *callback, void *user,
                        const struct answer *answer) {
  struct reckoning *r = user;
  struct listener to = {r->waiter, r->callback, r->user};
  tally_result result = {.outcome = TALLY_NOT_APPLIED};
  tally_error error;

  (void)callback;
  result.status = answer->code != 0 ? error_from_answer(&error, answer)
                                    : decode(r, answer->rows, &error);
  if (result.status != 0)
    result.error = &error;
  reckoning_free(r);
  listener_tell(&to, &result);
}

static int submit(struct reckoning *r, const tally_query *q, struct loop **loop,
                  tally_error *e) {
  tally_session *s = q->table->session;
  struct op *op = session_take(s, e);

  if (op == NULL)
    return TALLY_EBUSY;
  if (!select_bind(q, op)) {
    op_release(&s->heap, op);
    return error_no_memory(e);
  }
  op->kind = r->select->kept ? OP_EXECUTE : OP_QUERY;
  op->statement = &r->select->statement;
  op->page = &r->page;
  op->consistency = q->consistency;
  op->timeout = q->timeout;
  op->done = on_reckoned;
  op->user = r;
  *loop = session_loop(s);
  return session_submit(*loop, op, e);
}

static int start(const tally_query *query, tally_aggregate *list, size_t count,
                 const struct listener *to, struct loop **loop,
                 tally_error *e) {
  const struct net_heap *heap = &query->table->session->heap;
  struct reckoning *r;
  tally_query q = *query;
  int rc;

  q.functions = list;
  q.function_count = count;
  rc = query_check_functions(&q, e);
  if (rc != 0)
    return rc;
  r = net_alloc(heap, sizeof *r);
  if (r == NULL)
    return error_no_memory(e);
  *r = (struct reckoning){.heap = *heap,
                          .table = q.table,
                          .select = select_of(&q),
                          .page = {.rows = q.page_rows},
                          .list = list,
                          .count = count,
                          .waiter = to->waiter,
                          .callback = to->callback,
                          .user = to->user};
  rc = r->select == NULL ? error_no_memory(e) : submit(r, &q, loop, e);
  if (rc != 0)
    reckoning_free(r);
  return rc;
}

int tally_aggregates(const tally_query *query, tally_aggregate *list,
                     size_t count, tally_error *error) {
  tally_session *s = query->table->session;
  struct waiter w = {.error = error};
  struct listener to = {.waiter = &w};
  struct loop *loop;
  int rc = wait_begin(s, error);

  if (rc == 0)
    rc = start(query, list, count, &to, &loop, error);
  if (rc != 0)
    return rc;
  wait_for(s, loop, &w);
  return w.code;
}

int tally_aggregates_async(const tally_query *query, tally_aggregate *list,
                           size_t count, tally_callback callback, void *user,
                           tally_error *error) {
  struct listener to = {NULL, callback, user};
  struct loop *loop;

  return start(query, list, count, &to, &loop, error);
}

static int one(const tally_query *query, int function, const char *counter,
               int64_t *value, tally_error *error) {
  tally_aggregate a = {.function = function, .counter = counter};
  int rc = tally_aggregates(query, &a, 1, error);

  if (rc == 0 && a.is_null)
    return error_set(error, TALLY_ENOTFOUND,
                     "read %s: no row that the query leaves has this counter",
                     query->table->qualified);
  if (rc == 0)
    *value = a.value;
  return rc;
}

int tally_count(const tally_query *query, int64_t *value, tally_error *error) {
  return one(query, TALLY_COUNT, NULL, value, error);
}

int tally_sum(const tally_query *query, const char *counter, int64_t *value,
              tally_error *error) {
  return one(query, TALLY_SUM, counter, value, error);
}

int tally_min(const tally_query *query, const char *counter, int64_t *value,
              tally_error *error) {
  return one(query, TALLY_MIN, counter, value, error);
}

int tally_max(const tally_query *query, const char *counter, int64_t *value,
              tally_error *error) {
  return one(query, TALLY_MAX, counter, value, error);
}

int tally_avg(const tally_query *query, const char *counter, int64_t *value,
              tally_error *error) {
  return one(query, TALLY_AVG, counter, value, error);
}

int tally_first(tally_query *query, void *row, tally_error *error) {
  tally_query q = *query;
  int rc;

  tally_cursor_close(query->first);
  query->first = NULL;
  q.limit = 1;
  rc = tally_cursor_open(&query->first, &q, error);
  if (rc == 0)
    rc = tally_next(query->first, row, error);
  if (rc == 0)
    return error_set(error, TALLY_ENOTFOUND, "read %s: there is no such row",
                     query->table->qualified);
  return rc == 1 ? 0 : rc;
}
