/* tests/sim/model_rows.c - RESULT Rows: what a SELECT finds, now. */
#include <string.h>

#include "tests/sim/model_private.h"

void cell_text(struct out *o, const char *text) {
  out_int(o, (uint32_t)strlen(text));
  out_bytes(o, text, strlen(text));
}

void cell_null(struct out *o) {
  out_int(o, UINT32_MAX);
}

void answer_rows_metadata(struct out *o, const struct statement *s, bool skip,
                          const struct spot *more) {
  const struct table *t = s->table;
  uint32_t flags = METADATA_GLOBAL;

  if (s->kind != CQL_SELECT) {
    out_int(o, METADATA_NONE);
    out_int(o, 0);
    return;
  }
  flags |= skip ? METADATA_NONE : 0;
  flags |= more != NULL ? METADATA_MORE : 0;
  out_int(o, flags);
  out_int(o, s->column_count);
  if (more != NULL) {
    out_int(o, 16);
    out_long(o, (uint64_t)more->token);
    out_long(o, more->born);
  }
  if (skip)
    return;
  out_string(o, t->keyspace);
  out_string(o, t->name);
  for (unsigned i = 0; i < s->column_count; i++) {
    out_string(o, t->columns[s->columns[i]].name);
    out_type(o, t->columns[s->columns[i]].type);
  }
}

/* ---- Counters ----------------------------------------------------------- */

static void counter_cells(struct out *o, const struct statement *s,
                          const struct row *row) {
  for (unsigned i = 0; i < s->column_count; i++) {
    const struct column *c = &s->table->columns[s->columns[i]];
    uint64_t sum;

    if (c->type != TYPE_COUNTER) {
      struct slice key =
          data_key(row, c->kind == COLUMN_PARTITION
                            ? c->position
                            : s->table->partition_keys + c->position);

      out_int(o, (uint32_t)key.len);
      out_bytes(o, key.p, (size_t)key.len);
    } else if (data_sum(row, c, &sum)) {
      out_int(o, 8);
      out_long(o, sum);
    } else {
      cell_null(o);
    }
  }
}

static bool shows(const struct request *r) {
  const struct table *t = r->statement->table;

  /* Without clustering there are no statics, and a partition is a row. */
  return data_row_exists(t, r->row);
}

/* ---- Pages --------------------------------------------------------------- */

/* A server may give fewer rows than it was asked for: here as many as any
 * plan's frames hold. */
enum { PAGE_BYTES = 70000 };

/* How many rows the page has, and where it ends. */
static uint32_t measure(const struct request *r, struct spot *end) {
  struct spot next = r->from;
  const struct row *row;
  uint32_t rows = 0;
  size_t bytes = 0;

  *end = r->from;
  while ((r->page_size <= 0 || rows < (uint32_t)r->page_size) &&
         (row = data_next(r->statement->table, &next, r->last)) != NULL) {
    bytes += 40 + (size_t)data_key(row, 0).len;
    if (rows > 0 && bytes > PAGE_BYTES)
      break;
    *end = next;
    rows++;
  }
  return rows;
}

static void page_rows(struct out *o, const struct request *r) {
  const struct statement *s = r->statement;
  struct spot end, behind, at = r->from;
  uint32_t rows = measure(r, &end);
  bool more;

  behind = end;
  more = data_next(s->table, &behind, r->last) != NULL;
  answer_rows_metadata(o, s, r->skip_metadata, more ? &end : NULL);
  out_int(o, rows);
  for (uint32_t i = 0; i < rows; i++)
    counter_cells(o, s, data_next(s->table, &at, r->last));
}

/* ---- system_schema.columns ---------------------------------------------- */

static const char *kind_name(enum column_kind kind) {
  static const char *const names[] = {"partition_key", "clustering", "static",
                                      "regular"};

  return names[kind];
}

static void definition_cell(struct out *o, const struct table *t,
                            const struct column *c, const char *name) {
  bool is_key = c->kind == COLUMN_PARTITION || c->kind == COLUMN_CLUSTERING;

  if (strcmp(name, "keyspace_name") == 0)
    cell_text(o, t->keyspace);
  else if (strcmp(name, "table_name") == 0)
    cell_text(o, t->name);
  else if (strcmp(name, "column_name") == 0)
    cell_text(o, c->name);
  else if (strcmp(name, "kind") == 0)
    cell_text(o, kind_name(c->kind));
  else if (strcmp(name, "type") == 0)
    cell_text(o, data_type_name(c->type));
  else if (strcmp(name, "clustering_order") == 0)
    cell_text(o, c->kind != COLUMN_CLUSTERING ? "none"
                 : c->descending              ? "desc"
                                              : "asc");
  else {
    out_int(o, 4);
    out_int(o, is_key ? c->position : UINT32_MAX);
  }
}

/* The next name in the order of the alphabet. */
static const struct column *next_by_name(const struct table *t,
                                         const struct column *last) {
  const struct column *best = NULL;

  for (unsigned i = 0; i < t->column_count; i++) {
    const struct column *c = &t->columns[i];

    if ((last == NULL || strcmp(c->name, last->name) > 0) &&
        (best == NULL || strcmp(c->name, best->name) < 0))
      best = c;
  }
  return best;
}

static void definition_rows(struct out *o, const struct request *r) {
  const struct statement *s = r->statement;
  const struct column *c = NULL;

  if (r->about == NULL) {
    out_int(o, 0);
    return;
  }
  out_int(o, r->about->column_count);
  while ((c = next_by_name(r->about, c)) != NULL)
    for (unsigned i = 0; i < s->column_count; i++)
      definition_cell(o, r->about, c, s->table->columns[s->columns[i]].name);
}

/* ---- Any ---------------------------------------------------------------- */

void answer_rows(struct out *o, const struct request *r) {
  if (r->statement->scans) {
    page_rows(o, r);
    return;
  }
  answer_rows_metadata(o, r->statement, r->skip_metadata, NULL);
  switch (r->statement->table->is) {
  case TABLE_IS_LOCAL:
  case TABLE_IS_PEERS:
    cluster_rows(o, r);
    return;
  case TABLE_IS_KEYSPACES:
    cluster_keyspace_rows(o, r);
    return;
  case TABLE_IS_COLUMNS:
    definition_rows(o, r);
    return;
  case TABLE_IS_COUNTERS:
  default:
    out_int(o, shows(r));
    if (shows(r))
      counter_cells(o, r->statement, r->row);
  }
}
