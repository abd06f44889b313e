/* api/select.c - the SELECT of a query, its values, and the rows that it
 * gives. */
#include "api/query.h"

#include <string.h>

/* Kinds of queries that a table keeps prepared; further ones are sent as
 * text. */
enum { KEPT_MAX = 256 };

/* ---- The text ----------------------------------------------------------- */

/* A statement being made. */
struct making {
  const tally_query *query;
  struct select *select;
  struct text text;
  struct statement_column *columns; /* binds, then results */
  uint16_t bind_count;
  uint16_t result_count;
  const char *between; /* relations */
};

static void add_bind(struct making *m, const char *name, int type) {
  m->columns[m->bind_count++] =
      (struct statement_column){name, (uint16_t)type, NULL};
}

static void add_result(struct making *m, uint16_t column) {
  const tally_column *c = &m->query->table->columns[column];

  text_add(&m->text, m->result_count == 0 ? " " : ", ");
  text_quoted(&m->text, c->name);
  m->columns[m->bind_count + m->result_count++] =
      (struct statement_column){c->name, (uint16_t)c->type, NULL};
}

static const char *operator_text(int op) {
  static const char *const texts[] = {
      [TALLY_EQ] = " = ?", [TALLY_LT] = " < ?",  [TALLY_LE] = " <= ?",
      [TALLY_GT] = " > ?", [TALLY_GE] = " >= ?", [OPERATOR_IN] = " IN ?"};

  return texts[op];
}

static void add_token(struct making *m) {
  const tally_table *t = m->query->table;

  text_add(&m->text, "token(");
  for (uint16_t i = 0; i < t->partition_count; i++) {
    text_add(&m->text, i > 0 ? ", " : "");
    text_quoted(&m->text, t->columns[t->keys[i]].name);
  }
  text_add(&m->text, ")");
}

static void add_term(struct making *m, const struct term *term) {
  text_add(&m->text, m->between);
  m->between = " AND ";
  if (term->column == COLUMN_TOKEN) {
    add_token(m);
    add_bind(m, NULL, TALLY_BIGINT);
  } else {
    const tally_column *c = &m->query->table->columns[term->column];

    text_quoted(&m->text, c->name);
    if (term->op == OPERATOR_IN)
      add_bind(m, NULL, VALUE_LIST);
    else
      add_bind(m, c->name, c->type);
  }
  text_add(&m->text, operator_text(term->op));
}

static const struct term *token_term(const tally_query *q) {
  for (size_t i = 0; i < q->term_count; i++)
    if (q->terms[i].column == COLUMN_TOKEN)
      return &q->terms[i];
  return NULL;
}

/* The term that is bound as part number i, when parts of the partition key are
 * what = names: they come first, in the key's order, so that the token can be
 * told of them.  Or the one that names the token. */
static const struct term *part(const tally_query *q, uint16_t i) {
  const tally_table *t = q->table;
  const struct term *token = token_term(q);

  if (token != NULL)
    return i == 0 ? token : NULL;
  for (uint16_t n = 0; n < t->partition_count; n++)
    if (query_equal(q, t->keys[n], false) == NULL)
      return NULL;
  return i < t->partition_count ? query_equal(q, t->keys[i], false) : NULL;
}

static bool is_part(const tally_query *q, const struct term *term) {
  for (uint16_t i = 0; i < q->table->partition_count; i++)
    if (part(q, i) == term)
      return true;
  return false;
}

static void add_where(struct making *m) {
  const tally_query *q = m->query;
  const struct term *term;

  m->between = " WHERE ";
  for (uint16_t i = 0; (term = part(q, i)) != NULL; i++)
    add_term(m, term);
  m->select->statement.key_count =
      token_term(q) != NULL ? (uint16_t)KEY_IS_TOKEN : m->bind_count;
  for (size_t i = 0; i < q->term_count; i++)
    if (!is_part(q, &q->terms[i]))
      add_term(m, &q->terms[i]);
}

static void add_order(struct making *m) {
  const tally_query *q = m->query;

  for (size_t i = 0; i < q->order_count; i++) {
    text_add(&m->text, i == 0 ? " ORDER BY " : ", ");
    text_quoted(&m->text, q->table->columns[q->order[i].column].name);
    text_add(&m->text, q->order[i].descending ? " DESC" : " ASC");
  }
}

static void add_limits(struct making *m) {
  if (m->query->per_partition_limit > 0) {
    text_add(&m->text, " PER PARTITION LIMIT ?");
    add_bind(m, NULL, TALLY_INT);
  }
  if (m->query->limit > 0) {
    text_add(&m->text, " LIMIT ?");
    add_bind(m, NULL, TALLY_INT);
  }
  if (m->query->allow_filtering)
    text_add(&m->text, " ALLOW FILTERING");
}

/* The server says what type each has: Cassandra makes counters of counters, and
 * a bigint of COUNT. */
static void add_functions(struct making *m) {
  static const char *const names[] = {[TALLY_COUNT] = "COUNT",
                                      [TALLY_SUM] = "SUM",
                                      [TALLY_MIN] = "MIN",
                                      [TALLY_MAX] = "MAX",
                                      [TALLY_AVG] = "AVG"};
  const tally_query *q = m->query;

  text_add(&m->text, "SELECT ");
  for (size_t i = 0; i < q->function_count; i++) {
    const tally_aggregate *f = &q->functions[i];

    text_add(&m->text, i > 0 ? ", " : "");
    text_add(&m->text, names[f->function]);
    text_add(&m->text, "(");
    if (f->counter != NULL)
      text_quoted(&m->text, f->counter);
    else
      text_add(&m->text, "*");
    text_add(&m->text, ")");
  }
}

/* In the order in which rows are read: keys, then counters. */
static void add_results(struct making *m) {
  const tally_query *q = m->query;
  const tally_table *t = q->table;
  struct select *s = m->select;

  s->keys = q->distinct ? t->partition_count : t->key_count;
  s->counters = q->distinct ? q->counters & t->statics : q->counters;
  text_add(&m->text, q->distinct ? "SELECT DISTINCT" : "SELECT");
  for (uint16_t i = 0; i < s->keys; i++)
    add_result(m, t->keys[i]);
  for (uint16_t i = 0; i < t->counter_count; i++)
    if ((s->counters >> i & 1) != 0)
      add_result(m, t->counters[i]);
}

/* ---- The statement ------------------------------------------------------ */

void select_free(const struct net_heap *heap, struct select *s) {
  net_free(heap, s->statement.text);
  net_free(heap, s->statement.binds);
  net_free(heap, s);
}

static void finish(struct making *m) {
  struct statement *s = &m->select->statement;
  const tally_table *t = m->query->table;
  struct statement_column *results = m->columns + m->bind_count;

  s->text = m->text.p;
  s->text_len = m->text.len;
  s->table = t->qualified;
  s->keyspace = t->in;
  s->effect = EFFECT_READ;
  s->binds = m->columns;
  s->bind_count = m->bind_count;
  s->results = m->result_count > 0 ? results : NULL;
  s->result_count = m->result_count;
}

/* The results' columns stand behind the binds, which are counted first. */
static struct select *make(const tally_query *q) {
  const tally_table *t = q->table;
  const struct net_heap *heap = &t->session->heap;
  struct making m = {.query = q, .select = net_alloc(heap, sizeof *m.select)};

  m.columns = net_alloc(heap, sizeof *m.columns *
                                  (q->term_count + 2 + t->column_count));
  text_init(&m.text, heap);
  if (m.select == NULL || m.columns == NULL)
    goto fail;
  m.bind_count =
      (uint16_t)(q->term_count + (q->limit > 0) + (q->per_partition_limit > 0));
  if (q->function_count > 0)
    add_functions(&m);
  else
    add_results(&m);
  m.bind_count = 0;
  text_add(&m.text, " FROM ");
  text_add(&m.text, t->qualified);
  add_where(&m);
  add_order(&m);
  add_limits(&m);
  if (m.text.failed)
    goto fail;
  finish(&m);
  return m.select;

fail:
  net_free(heap, m.text.p);
  net_free(heap, m.columns);
  net_free(heap, m.select);
  return NULL;
}

/* Any thread may come with a new kind of query: two may both be kept. */
struct select *select_of(const tally_query *q) {
  tally_table *t = q->table;
  struct select *made = make(q), *s;
  uint32_t count = 0;

  if (made == NULL)
    return NULL;
  for (s = atomic_load(&t->selects); s != NULL; s = s->next, count++)
    if (strcmp(s->statement.text, made->statement.text) == 0) {
      select_free(&t->session->heap, made);
      return s;
    }
  if (count >= KEPT_MAX)
    return made;
  made->kept = true;
  made->statement.number = atomic_fetch_add(&t->session->statement_count, 1);
  made->next = atomic_load(&t->selects);
  while (!atomic_compare_exchange_weak(&t->selects, &made->next, made))
    continue;
  return made;
}

void selects_free(tally_table *t) {
  struct select *s = atomic_load(&t->selects);

  while (s != NULL) {
    struct select *next = s->next;

    select_free(&t->session->heap, s);
    s = next;
  }
}

/* ---- Values ------------------------------------------------------------- */

static bool bind_term(struct op *op, const tally_table *t,
                      const struct term *term) {
  const struct net_heap *heap = &t->session->heap;

  if (term->op == OPERATOR_IN)
    return value_bind_list(op, heap, term->values, term->count);
  return value_bind(op, heap, term->values);
}

bool select_bind(const tally_query *q, struct op *op) {
  const struct net_heap *heap = &q->table->session->heap;
  const struct term *term;
  bool bound = true;

  op->key_at = op->values_len;
  for (uint16_t i = 0; bound && (term = part(q, i)) != NULL; i++)
    bound = bind_term(op, q->table, term);
  for (size_t i = 0; i < q->term_count && bound; i++)
    if (!is_part(q, &q->terms[i]))
      bound = bind_term(op, q->table, &q->terms[i]);
  if (q->per_partition_limit > 0)
    bound = bound && op_bind_int(op, heap, q->per_partition_limit);
  if (q->limit > 0)
    bound = bound && op_bind_int(op, heap, q->limit);
  return bound;
}

/* ---- Rows --------------------------------------------------------------- */

static int refuse(const tally_table *t, int code, const char *column,
                  const char *why, tally_error *e) {
  return error_set(e, code, "read %s: column %s %s", t->qualified, column, why);
}

/* A partition with nothing but static counters has no clustering key. */
static int read_key(const tally_table *t, const tally_column *c,
                    struct received *from, struct cell *cell, void *row,
                    tally_error *e) {
  void *member = (char *)row + c->offset;
  struct value v;

  memset(member, 0, c->size);
  if (cell->p == NULL)
    return 0;
  if (column_has_text(c))
    cell_terminate(cell, from->bytes + (cell->p - from->bytes));
  if (!value_read(&v, (uint16_t)c->type, cell))
    return refuse(t, TALLY_ETYPE, c->name,
                  "has a value that is none of its type", e);
  if (!member_store(c, member, &v))
    return refuse(
        t, TALLY_ETYPE, c->name,
        "has a value that the member cannot hold: a NUL byte, or more "
        "than 64 bits",
        e);
  return 0;
}

/* A value that the row cannot hold does not keep the next row from being
 * read. */
int select_read(const tally_table *t, const struct select *s,
                struct received *from, void *row, uint64_t *nulls,
                tally_error *e) {
  struct cell cell;
  int rc = 0;

  *nulls = 0;
  for (uint16_t i = 0; i < s->keys; i++) {
    const tally_column *c = &t->columns[t->keys[i]];
    int one;

    if (!rows_next(&from->rows, &cell))
      return refuse(t, TALLY_EPROTOCOL, c->name, "is cut short", e);
    one = read_key(t, c, from, &cell, row, rc == 0 ? e : NULL);
    rc = rc == 0 ? one : rc;
  }
  for (uint16_t i = 0; i < t->counter_count; i++) {
    const tally_column *c = &t->columns[t->counters[i]];
    bool asked = (s->counters >> i & 1) != 0;
    int64_t sum = 0;

    if (asked && !rows_next(&from->rows, &cell))
      return refuse(t, TALLY_EPROTOCOL, c->name, "is cut short", e);
    if (!asked || cell.p == NULL)
      *nulls |= UINT64_C(1) << i;
    else if (!cell_bigint(&cell, &sum))
      return refuse(t, TALLY_EPROTOCOL, c->name, "is not 8 bytes", e);
    memcpy((char *)row + c->offset, &sum, sizeof sum);
  }
  return rc;
}
