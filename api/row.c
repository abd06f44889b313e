/* api/row.c - rows by column name: memory in the shape of the table's
 * definition, and the texts in it. */
#include "api/internal.h"

#include <string.h>

struct tally_row {
  tally_table *table;
  void *data;   /* what tally_increment() takes */
  char **texts; /* by column: what the data's pointers point to */
};

int tally_row_new(tally_row **row, tally_table *table, tally_error *error) {
  const struct net_heap *heap = &table->session->heap;
  tally_row *r = net_alloc(heap, sizeof *r);

  *row = NULL;
  if (r == NULL)
    return error_no_memory(error);
  r->table = table;
  r->data = net_alloc(heap, table->row_size);
  r->texts = net_alloc(heap, sizeof *r->texts * table->column_count);
  if (r->data == NULL || r->texts == NULL) {
    tally_row_free(r);
    return error_no_memory(error);
  }
  *row = r;
  return 0;
}

static void drop_texts(tally_row *row) {
  for (size_t i = 0; row->texts != NULL && i < row->table->column_count; i++) {
    net_free(&row->table->session->heap, row->texts[i]);
    row->texts[i] = NULL;
  }
}

void tally_row_free(tally_row *row) {
  const struct net_heap *heap;

  if (row == NULL)
    return;
  heap = &row->table->session->heap;
  drop_texts(row);
  net_free(heap, row->texts);
  net_free(heap, row->data);
  net_free(heap, row);
}

void tally_row_clear(tally_row *row) {
  drop_texts(row);
  memset(row->data, 0, row->table->row_size);
}

void *tally_row_data(tally_row *row) {
  return row->data;
}

/* ---- Columns ------------------------------------------------------------ */

static int unknown_column(const tally_table *t, const char *name,
                          tally_error *e) {
  struct text known;

  text_init(&known, &t->session->heap);
  for (size_t i = 0; i < t->column_count; i++) {
    text_add(&known, i == 0 ? "" : ", ");
    text_add(&known, t->columns[t->display[i]].name);
  }
  error_set(e, TALLY_EINVAL, "%s has no column %s; it has %s", t->qualified,
            name, known.failed ? "others" : known.p);
  net_free(&t->session->heap, known.p);
  return TALLY_EINVAL;
}

static int find(const tally_row *row, const char *name, size_t *index,
                tally_error *e) {
  const tally_table *t = row->table;

  for (size_t i = 0; i < t->column_count; i++)
    if (strcmp(t->columns[i].name, name) == 0) {
      *index = i;
      return 0;
    }
  return unknown_column(t, name, e);
}

static int find_of_type(const tally_row *row, const char *name, bool text,
                        size_t *index, tally_error *e) {
  int rc = find(row, name, index, e);
  const tally_column *c;

  if (rc != 0)
    return rc;
  c = &row->table->columns[*index];
  if ((c->type == TALLY_TEXT) != text)
    return error_set(e, TALLY_ETYPE, "%s: column %s is %s, not %s",
                     row->table->qualified, name, type_name(c->type),
                     text ? "text" : "a number");
  return 0;
}

static char *member(const tally_row *row, size_t index) {
  return (char *)row->data + row->table->columns[index].offset;
}

int tally_row_set_text(tally_row *row, const char *column, const char *value,
                       tally_error *error) {
  const struct net_heap *heap = &row->table->session->heap;
  size_t i;
  int rc = find_of_type(row, column, true, &i, error);
  char *copy;

  if (rc != 0)
    return rc;
  copy = value == NULL ? NULL : string_copy(heap, value);
  if (copy == NULL && value != NULL)
    return error_no_memory(error);
  net_free(heap, row->texts[i]);
  row->texts[i] = copy;
  memcpy(member(row, i), &copy, sizeof copy);
  return 0;
}

int tally_row_set_int64(tally_row *row, const char *column, int64_t value,
                        tally_error *error) {
  size_t i;
  int rc = find_of_type(row, column, false, &i, error);
  int32_t narrow = (int32_t)value;

  if (rc != 0)
    return rc;
  if (row->table->columns[i].type != TALLY_INT) {
    memcpy(member(row, i), &value, sizeof value);
    return 0;
  }
  if (value < INT32_MIN || value > INT32_MAX)
    return error_set(error, TALLY_ERANGE,
                     "%s: column %s is int, and %lld does not fit",
                     row->table->qualified, column, (long long)value);
  memcpy(member(row, i), &narrow, sizeof narrow);
  return 0;
}

int tally_row_get_text(const tally_row *row, const char *column,
                       const char **value, tally_error *error) {
  size_t i;
  int rc = find_of_type(row, column, true, &i, error);

  if (rc == 0)
    memcpy(value, member(row, i), sizeof *value);
  return rc;
}

int tally_row_get_int64(const tally_row *row, const char *column,
                        int64_t *value, tally_error *error) {
  size_t i;
  int rc = find_of_type(row, column, false, &i, error);
  int32_t narrow;

  if (rc != 0)
    return rc;
  if (row->table->columns[i].type == TALLY_INT) {
    memcpy(&narrow, member(row, i), sizeof narrow);
    *value = narrow;
  } else {
    memcpy(value, member(row, i), sizeof *value);
  }
  return 0;
}
