/* api/columns.c - the columns of a table, as system_schema.columns has them. */
#include "api/schema.h"

#include "core/rows.h"

#include <stdio.h>
#include <string.h>

const char columns_cql[] =
    "SELECT column_name, kind, position, clustering_order, type "
    "FROM system_schema.columns WHERE keyspace_name = ? AND table_name = ?";

/* What is asked of a column, and how many columns a table may have: no table
 * of counters comes near, and a server that makes them up shall not keep us
 * busy. */
enum { COLUMNS_CELLS = 5, COLUMNS_MAX = 512 };

static int read_type(struct server_columns *in, tally_column *c,
                     const struct cell *type, tally_error *e) {
  bool is_key = c->kind == TALLY_KIND_PARTITION_KEY ||
                c->kind == TALLY_KIND_CLUSTERING_KEY;
  char name[16];

  if (!is_key && !cell_is(type, "counter"))
    return error_set(e, TALLY_ESCHEMA,
                     "%s is not a counter table: column %s is %.*s", in->about,
                     c->name, (int)type->len, (const char *)type->p);
  snprintf(name, sizeof name, "%.*s",
           (int)(type->len < sizeof name ? type->len : 0),
           (const char *)type->p);
  c->type = tally_type_find(name);
  if (c->type == 0)
    return error_set(e, TALLY_ETYPE,
                     "%s: key column %s is %.*s, which is not supported",
                     in->about, c->name, (int)type->len, (const char *)type->p);
  return 0;
}

static void read_kind(tally_column *c, const struct cell *kind) {
  if (cell_is(kind, "partition_key"))
    c->kind = TALLY_KIND_PARTITION_KEY;
  else if (cell_is(kind, "clustering"))
    c->kind = TALLY_KIND_CLUSTERING_KEY;
  else if (cell_is(kind, "static"))
    c->kind = TALLY_KIND_STATIC_COUNTER;
  else
    c->kind = TALLY_KIND_COUNTER;
}

/* Members one after the other, each at a multiple of 8. */
static void place(struct server_columns *in, tally_column *c) {
  c->struct_size = sizeof *c;
  c->offset = in->row_size;
  c->size = tally_type_size(c->type);
  in->row_size += (c->size + 7) / 8 * 8;
}

static int read_column(struct server_columns *in, struct rows *rows,
                       tally_error *e) {
  struct server_column *l = &in->list[in->count];
  struct cell name, kind, position, order, type;
  char *copy;
  int rc;

  if (!rows_next(rows, &name) || !rows_next(rows, &kind) ||
      !rows_next(rows, &position) || !rows_next(rows, &order) ||
      !rows_next(rows, &type) || !cell_int(&position, &l->position))
    return error_set(e, TALLY_EPROTOCOL, "%s: an answer cut short", in->about);
  copy = cell_copy(in->heap, &name);
  if (copy == NULL)
    return error_no_memory(e);
  l->column.name = copy;
  in->count++;
  read_kind(&l->column, &kind);
  l->column.order = cell_is(&order, "desc") ? TALLY_DESC : TALLY_ASC;
  rc = read_type(in, &l->column, &type, e);
  if (rc == 0)
    place(in, &l->column);
  return rc;
}

/* The server sorts by name; keys stand by position. */
static void sort_columns(struct server_columns *in) {
  for (size_t i = 1; i < in->count; i++) {
    struct server_column l = in->list[i];
    size_t at = i;

    while (at > 0 && (in->list[at - 1].column.kind > l.column.kind ||
                      (in->list[at - 1].column.kind == l.column.kind &&
                       in->list[at - 1].position > l.position))) {
      in->list[at] = in->list[at - 1];
      at--;
    }
    in->list[at] = l;
  }
}

int columns_read(struct server_columns *in, struct rows *rows, tally_error *e) {
  int32_t n = rows_count(rows);
  int rc = 0;

  if (n == 0)
    return 0;
  if (rows_columns(rows) != COLUMNS_CELLS)
    return error_set(e, TALLY_EPROTOCOL, "%s: an answer with other columns",
                     in->about);
  if (n > COLUMNS_MAX)
    return error_set(e, TALLY_ESCHEMA, "%s: %d columns are too many", in->about,
                     (int)n);
  in->list = net_alloc(in->heap, sizeof *in->list * (size_t)n);
  if (in->list == NULL)
    return error_no_memory(e);
  for (int32_t i = 0; i < n && rc == 0; i++)
    rc = read_column(in, rows, e);
  if (rc != 0)
    return rc;
  sort_columns(in);
  for (size_t i = 0; i < in->count; i++)
    if (in->list[i].column.type == TALLY_TYPE_COUNTER)
      return 0;
  return error_set(e, TALLY_ESCHEMA,
                   "%s is not a counter table: it has keys alone", in->about);
}

void columns_free(struct server_columns *in) {
  for (size_t i = 0; i < in->count; i++)
    net_free(in->heap, in->list[i].column.name);
  net_free(in->heap, in->list);
  in->list = NULL;
  in->count = in->row_size = 0;
}
