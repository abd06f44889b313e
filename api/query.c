/* api/query.c - a query, put together. */
#include "api/query.h"

#include "core/routing_key.h"

#include <string.h>

enum { PAGE_ROWS = 5000, IN_MAX = 65535 };

int tally_find(tally_query **query, tally_table *table, tally_error *error) {
  tally_query *q = net_alloc(&table->session->heap, sizeof *q);

  *query = q;
  if (q == NULL)
    return error_no_memory(error);
  q->table = table;
  q->page_rows = PAGE_ROWS;
  q->consistency = table->session->read_consistency;
  q->timeout = TIMEOUT_READ;
  q->counters = table_counters(table);
  return 0;
}

void tally_query_free(tally_query *query) {
  const struct net_heap *heap;

  if (query == NULL)
    return;
  tally_cursor_close(query->first);
  heap = &query->table->session->heap;
  for (size_t i = 0; i < query->term_count; i++)
    net_free(heap, query->terms[i].values);
  net_free(heap, query->terms);
  net_free(heap, query->order);
  net_free(heap, query);
}

/* ---- Relations ---------------------------------------------------------- */

static bool is_operator(int op) {
  return op >= TALLY_EQ && op <= TALLY_GE;
}

static int refuse_operator(const tally_query *q, int op, tally_error *e) {
  return error_set(e, TALLY_EINVAL,
                   "%s: %d is no operator: TALLY_EQ, TALLY_LT, TALLY_LE, "
                   "TALLY_GT and TALLY_GE are",
                   q->table->qualified, op);
}

/* One more, with room for its values and their bytes; NULL: no memory. */
static struct term *add_term(tally_query *q, uint16_t column, int op,
                             size_t count, size_t bytes) {
  const struct net_heap *heap = &q->table->session->heap;
  struct term *terms =
      net_resize(heap, q->terms, sizeof *terms * (q->term_count + 1));
  struct term *term;

  if (terms == NULL)
    return NULL;
  q->terms = terms;
  term = &terms[q->term_count];
  term->column = column;
  term->op = (uint8_t)op;
  term->count = (uint32_t)count;
  term->values = net_alloc(heap, sizeof *term->values * count + bytes);
  if (term->values == NULL)
    return NULL;
  q->term_count++;
  return term;
}

static int add_rows(tally_query *q, const char *name, int op,
                    const void *const *rows, size_t count, tally_error *e) {
  const tally_table *t = q->table;
  size_t column, bytes = 0;
  int rc = table_find(t, name, &column, e);
  struct term *term;
  struct value v;
  uint8_t *next;

  for (size_t i = 0; i < count && rc == 0; i++) {
    rc = bind_check(t, &t->columns[column], rows[i], &v, e);
    bytes += v.len;
  }
  if (rc != 0)
    return rc;
  term = add_term(q, (uint16_t)column, op, count, bytes);
  if (term == NULL)
    return error_no_memory(e);
  next = (uint8_t *)(term->values + count);
  for (size_t i = 0; i < count; i++) {
    struct value *to = &term->values[i];

    bind_check(t, &t->columns[column], rows[i], to, NULL);
    if (to->p == NULL)
      continue;
    if (to->len > 0)
      memcpy(next, to->p, to->len);
    to->p = next;
    next += to->len;
  }
  return 0;
}

int tally_where(tally_query *query, const char *column, int op, const void *row,
                tally_error *error) {
  if (!is_operator(op))
    return refuse_operator(query, op, error);
  return add_rows(query, column, op, &row, 1, error);
}

int tally_where_in(tally_query *query, const char *column,
                   const void *const *rows, size_t count, tally_error *error) {
  if (count == 0 || count > IN_MAX)
    return error_set(error, TALLY_EINVAL,
                     "%s: column %s: IN takes from 1 to %d values, not %zu",
                     query->table->qualified, column, IN_MAX, count);
  return add_rows(query, column, OPERATOR_IN, rows, count, error);
}

int tally_where_token(tally_query *query, int op, int64_t token,
                      tally_error *error) {
  struct term *term;

  if (!is_operator(op))
    return refuse_operator(query, op, error);
  term = add_term(query, COLUMN_TOKEN, op, 1, 0);
  if (term == NULL)
    return error_no_memory(error);
  term->values[0] = (struct value){.type = TALLY_BIGINT, .number = token};
  return 0;
}

int tally_token(const tally_table *table, const void *row, int64_t *token,
                tally_error *error) {
  const struct net_heap *heap = &table->session->heap;
  struct op *op = op_make(heap);
  int rc;

  if (op == NULL)
    return error_no_memory(error);
  op->statement = &table->select; /* which knows how many parts there are */
  rc = bind_key(op, table, row, true, error);
  if (rc == 0 && !routing_key_token(op, heap, token))
    rc = error_no_memory(error);
  op_release(heap, op);
  return rc;
}

/* ---- The rest ----------------------------------------------------------- */

int tally_order_by(tally_query *query, const char *column, int order,
                   tally_error *error) {
  const struct net_heap *heap = &query->table->session->heap;
  struct ordering *all;
  size_t index;
  int rc = table_find(query->table, column, &index, error);

  if (rc != 0)
    return rc;
  if (order != TALLY_ASC && order != TALLY_DESC)
    return error_set(error, TALLY_EINVAL,
                     "%s: column %s: %d is no order: TALLY_ASC or TALLY_DESC",
                     query->table->qualified, column, order);
  all = net_resize(heap, query->order, sizeof *all * (query->order_count + 1));
  if (all == NULL)
    return error_no_memory(error);
  query->order = all;
  all[query->order_count++] =
      (struct ordering){(uint16_t)index, order == TALLY_DESC};
  return 0;
}

int tally_select(tally_query *query, const char *counter, tally_error *error) {
  const tally_table *t = query->table;
  size_t index;
  int rc = table_find(t, counter, &index, error);

  if (rc != 0)
    return rc;
  for (uint16_t i = 0; i < t->counter_count; i++)
    if (t->counters[i] == index) {
      query->counters = (query->some ? query->counters : 0) | UINT64_C(1) << i;
      query->some = true;
      return 0;
    }
  return error_set(error, TALLY_EINVAL,
                   "%s: column %s is part of the key, which every row has",
                   t->qualified, counter);
}

static int set_number(const tally_query *q, int32_t *to, int32_t n,
                      const char *what, tally_error *e) {
  if (n < 1)
    return error_set(e, TALLY_EINVAL, "%s: a %s of %ld: 1 is the least",
                     q->table->qualified, what, (long)n);
  *to = n;
  return 0;
}

int tally_limit(tally_query *query, int32_t rows, tally_error *error) {
  return set_number(query, &query->limit, rows, "limit", error);
}

int tally_per_partition_limit(tally_query *query, int32_t rows,
                              tally_error *error) {
  return set_number(query, &query->per_partition_limit, rows,
                    "limit for each partition", error);
}

int tally_page_size(tally_query *query, int32_t rows, tally_error *error) {
  return set_number(query, &query->page_rows, rows, "page", error);
}

void tally_allow_filtering(tally_query *query) {
  query->allow_filtering = true;
}

void tally_distinct(tally_query *query) {
  query->distinct = true;
}

int tally_query_consistency(tally_query *query, int consistency,
                            tally_error *error) {
  if (!consistency_exists(consistency))
    return error_set(error, TALLY_EINVAL, "%s: there is no consistency %d",
                     query->table->qualified, consistency);
  query->consistency = (uint16_t)consistency;
  return 0;
}

int tally_query_timeout(tally_query *query, uint32_t ms, tally_error *error) {
  if (ms == 0)
    return error_set(error, TALLY_EINVAL, "%s: a timeout of 0 is none",
                     query->table->qualified);
  return call_timeout(query->table->session, ms, &query->timeout, error);
}
