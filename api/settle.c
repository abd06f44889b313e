/* api/settle.c - increments that had ended UNKNOWN and whose answer came after
 * all. */
#include "api/internal.h"

#include <string.h>

#include "core/mark.h"
#include "core/rows.h"

/* The values as they were bound, one after another. */
struct values {
  const struct op *op;
  uint32_t at;
};

static uint8_t *next_value(struct values *v, struct cell *cell) {
  uint8_t *p = NULL;
  uint32_t len = 0;

  if (!op_value_next(v->op, &v->at, &p, &len))
    return NULL;
  cell->p = p;
  cell->len = len;
  return p;
}

static void read_delta(struct values *v, const tally_column *c, void *row) {
  struct cell cell;
  int64_t delta;

  if (next_value(v, &cell) != NULL && cell_bigint(&cell, &delta))
    memcpy((char *)row + c->offset, &delta, sizeof delta);
}

static void read_key(struct values *v, const tally_column *c, void *row) {
  struct cell cell;
  struct value value;
  uint8_t *p = next_value(v, &cell);

  if (p == NULL)
    return;
  /* Nobody reads the operation's values after this. */
  if (column_has_text(c))
    cell_terminate(&cell, p);
  if (value_read(&value, (uint16_t)c->type, &cell))
    member_store(c, (char *)row + c->offset, &value);
}

/* In the order of the UPDATE's bind markers. */
static void read_row(const struct op *op, const struct update *u, void *row) {
  const tally_table *t = u->table;
  uint16_t keys = u->partition_only ? t->partition_count : t->key_count;
  struct values v = {op, 0};

  for (uint16_t i = 0; i < t->counter_count; i++)
    if ((u->mask >> i & 1) != 0)
      read_delta(&v, &t->columns[t->counters[i]], row);
  for (uint16_t i = 0; i < keys; i++)
    read_key(&v, &t->columns[t->keys[i]], row);
  ENSURE(v.at == op->values_len);
}

void settle(void *arg, const struct op *op, enum outcome outcome) {
  const struct update *u = update_of(op->statement);
  tally_session *s = arg;
  tally_settled settled = {
      .operation = op->operation, .outcome = (int)outcome, .table = u->table};
  void *row = net_alloc(&s->heap, u->table->row_size);

  if (row != NULL)
    read_row(op, u, row);
  else
    MARK(settled_row_no_memory);
  settled.row = row;
  s->on_settled(s->on_settled_user, &settled);
  net_free(&s->heap, row);
}
