/* api/learn.c - a table's definition, learned from the server. */
#include "api/internal.h"

#include "core/rows.h"

#include <stdio.h>
#include <string.h>

/* ---- Columns ------------------------------------------------------------ */

/* What is asked of a column, and how many columns a table may have: no table
 * of counters comes near, and a server that makes them up shall not keep us
 * busy. */
enum { LEARNED_CELLS = 5, LEARNED_MAX = 512 };

/* What system_schema.columns tells, one at a time; keys carry a position. */
struct learned {
  tally_column column;
  int32_t position;
};

struct learning {
  const struct net_heap *heap;
  const char *about;
  struct learned *columns;
  size_t count;
  size_t row_size;
};

static int read_type(struct learning *in, tally_column *c,
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
static void place(struct learning *in, tally_column *c) {
  c->struct_size = sizeof *c;
  c->offset = in->row_size;
  c->size = tally_type_size(c->type);
  in->row_size += (c->size + 7) / 8 * 8;
}

static int read_column(struct learning *in, struct rows *rows, tally_error *e) {
  struct learned *l = &in->columns[in->count];
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

static int on_columns(void *arg, struct rows *rows, tally_error *e) {
  struct learning *in = arg;
  int32_t n = rows_count(rows);
  int rc = 0;

  if (n == 0)
    return error_set(e, TALLY_ESCHEMA, "there is no table %s", in->about);
  if (rows_columns(rows) != LEARNED_CELLS)
    return error_set(e, TALLY_EPROTOCOL, "%s: an answer with other columns",
                     in->about);
  if (n > LEARNED_MAX)
    return error_set(e, TALLY_ESCHEMA, "%s: %d columns are too many", in->about,
                     (int)n);
  in->columns = net_alloc(in->heap, sizeof *in->columns * (size_t)n);
  if (in->columns == NULL)
    return error_no_memory(e);
  for (int32_t i = 0; i < n && rc == 0; i++)
    rc = read_column(in, rows, e);
  for (size_t i = 0; i < in->count && rc == 0; i++)
    if (in->columns[i].column.type == TALLY_TYPE_COUNTER)
      return 0;
  return rc != 0 ? rc
                 : error_set(e, TALLY_ESCHEMA,
                             "%s is not a counter table: it has keys alone",
                             in->about);
}

/* The server sorts by name; keys stand by position. */
static void sort_columns(struct learning *in) {
  for (size_t i = 1; i < in->count; i++) {
    struct learned l = in->columns[i];
    size_t at = i;

    while (at > 0 && (in->columns[at - 1].column.kind > l.column.kind ||
                      (in->columns[at - 1].column.kind == l.column.kind &&
                       in->columns[at - 1].position > l.position))) {
      in->columns[at] = in->columns[at - 1];
      at--;
    }
    in->columns[at] = l;
  }
}

static int make_table(tally_table **table, tally_session *s,
                      struct learning *in, const char *keyspace,
                      const char *name, tally_error *e) {
  tally_definition d = {.struct_size = sizeof d,
                        .name = name,
                        .row_size = in->row_size,
                        .column_count = in->count};
  tally_column *columns =
      net_alloc(in->heap, sizeof *columns * (in->count + 1));
  int rc;

  if (columns == NULL)
    return error_no_memory(e);
  sort_columns(in);
  for (size_t i = 0; i < in->count; i++)
    columns[i] = in->columns[i].column;
  d.columns = columns;
  rc = tally_definition_check(&d, e);
  if (rc == 0)
    rc = table_make(table, s, &d, keyspace, e);
  net_free(in->heap, columns);
  return rc;
}

static void learning_free(struct learning *in) {
  for (size_t i = 0; i < in->count; i++)
    net_free(in->heap, in->columns[i].column.name);
  net_free(in->heap, in->columns);
}

static int learn(tally_table **table, tally_session *s, const char *keyspace,
                 const char *name, tally_error *e) {
  static const char cql[] =
      "SELECT column_name, kind, position, clustering_order, type "
      "FROM system_schema.columns WHERE keyspace_name = ? AND table_name = ?";
  struct learning in = {.heap = &s->heap};
  char *values[2] = {name_folded(&s->heap, keyspace),
                     name_folded(&s->heap, name)};
  struct text about;
  int rc = name_check(keyspace, "keyspace", e);

  if (rc == 0)
    rc = name_check(name, "table", e);
  text_init(&about, &s->heap);
  text_name(&about, keyspace);
  text_add(&about, ".");
  text_name(&about, name);
  if (rc == 0 && (values[0] == NULL || values[1] == NULL || about.failed)) {
    rc = error_no_memory(e);
  } else if (rc == 0) {
    const char *const texts[2] = {values[0], values[1]};

    in.about = about.p;
    rc = query_wait(s, cql, about.p, texts, 2, on_columns, &in, e);
    if (rc == 0)
      rc = make_table(table, s, &in, keyspace, name, e);
  }
  learning_free(&in);
  net_free(&s->heap, values[0]);
  net_free(&s->heap, values[1]);
  net_free(&s->heap, about.p);
  return rc;
}

/* The dot between keyspace and table is the first one outside quotes. */
static const char *find_dot(const char *name) {
  bool quoted = false;

  for (; *name != '\0'; name++) {
    if (*name == '"')
      quoted = !quoted;
    else if (*name == '.' && !quoted)
      return name;
  }
  return NULL;
}

int tally_table_open_name(tally_table **table, tally_session *session,
                          const char *name, tally_error *error) {
  const char *dot = name == NULL ? NULL : find_dot(name);
  char *keyspace;
  int rc;

  *table = NULL;
  if (name == NULL || name[0] == '\0' || (dot != NULL && dot[1] == '\0') ||
      dot == name)
    return error_set(error, TALLY_EINVAL,
                     "\"%s\" is no table name: write table or keyspace.table",
                     name == NULL ? "" : name);
  if (dot == NULL && session->keyspace == NULL)
    return error_set(error, TALLY_EINVAL,
                     "table %s: no keyspace configured; write keyspace.%s",
                     name, name);
  keyspace =
      string_copy(&session->heap, dot == NULL ? session->keyspace : name);
  if (keyspace == NULL)
    return error_no_memory(error);
  if (dot != NULL)
    keyspace[dot - name] = '\0';
  rc = learn(table, session, keyspace, dot == NULL ? name : dot + 1, error);
  net_free(&session->heap, keyspace);
  return rc;
}
