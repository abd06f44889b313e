#include "tool/rows.h"

#include "tool/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A table's columns are as wide as so many rows need, then those of the next
 * ones, under a header of their own. */
enum { HELD_MAX = 1000 };

static bool is_number(const tally_column *c) {
  switch (c->type) {
  case TALLY_TINYINT:
  case TALLY_SMALLINT:
  case TALLY_INT:
  case TALLY_BIGINT:
  case TALLY_VARINT:
  case TALLY_TYPE_COUNTER:
  case TALLY_FLOAT:
  case TALLY_DOUBLE:
  case TALLY_DECIMAL:
    return true;
  default:
    return false;
  }
}

static void put_header(const struct rows *r);

int rows_begin(struct rows *r, const struct options *o,
               const tally_table *table) {
  memset(r, 0, sizeof *r);
  if (o->value[OPTION_CSV] != NULL && o->value[OPTION_JSON] != NULL)
    return report_usage(NULL, "--csv and --json are two ways to write rows: "
                              "give one");
  r->options = o;
  r->table = table;
  r->count = tally_table_column_count(table);
  r->columns = calloc(r->count, sizeof *r->columns);
  r->cells = calloc(r->count, sizeof *r->cells);
  r->copies = calloc(r->count, sizeof *r->copies);
  r->held = calloc(r->count * HELD_MAX, sizeof *r->held);
  if (r->columns == NULL || r->cells == NULL || r->copies == NULL ||
      r->held == NULL)
    return report_no_memory();
  for (size_t i = 0; i < r->count; i++) {
    const tally_column *c = tally_table_column(table, i);

    r->columns[i] = (struct output_column){c->name, is_number(c)};
  }
  if (o->value[OPTION_CSV] != NULL)
    put_header(r);
  return STATUS_DONE;
}

/* A partition with nothing but static counters has no clustering key. */
static bool is_partition_alone(const struct rows *r, uint64_t nulls) {
  uint64_t counter = 1;
  bool statics = false;

  for (size_t i = 0; i < r->count; i++) {
    const tally_column *c = tally_table_column(r->table, i);

    if (c->type != TALLY_TYPE_COUNTER)
      continue;
    if (c->kind == TALLY_KIND_STATIC_COUNTER)
      statics = true;
    else if ((nulls & counter) == 0)
      return false;
    counter <<= 1;
  }
  return statics;
}

/* What the library prints for a NUL might as well stand in the text. */
static int read_cell(struct rows *r, size_t i, const tally_column *c,
                     tally_row *row) {
  tally_bytes bytes = {0};
  tally_error error;

  if (tally_row_print(row, c->name, &r->cells[i], &error) != 0)
    return report_error(&error, WORK_READ);
  if (!text_is_type(c->type))
    return STATUS_DONE;
  if (tally_row_get_bytes(row, c->name, &bytes, &error) != 0)
    return report_error(&error, WORK_READ);
  if (bytes.len == 0 || memchr(bytes.p, '\0', bytes.len) == NULL)
    return STATUS_DONE;
  free(r->copies[i]);
  r->copies[i] = text_with_nuls(bytes.p, bytes.len);
  r->cells[i] = r->copies[i];
  return r->copies[i] == NULL ? report_no_memory() : STATUS_DONE;
}

int rows_cells(struct rows *r, tally_row *row, uint64_t nulls) {
  bool alone = is_partition_alone(r, nulls);

  for (size_t i = 0; i < r->count; i++) {
    const tally_column *c = tally_table_column(r->table, i);
    int status = read_cell(r, i, c, row);

    if (status != STATUS_DONE)
      return status;
    if (alone && c->kind == TALLY_KIND_CLUSTERING_KEY)
      r->cells[i] = NULL;
  }
  return STATUS_DONE;
}

/* ---- CSV (RFC 4180) ----------------------------------------------------- */

static void put_doubled(const char *text, size_t len) {
  for (size_t i = 0; i < len; i++) {
    if (text[i] == '"')
      putchar('"');
    putchar(text[i]);
  }
}

/* A NUL as it is: nothing here escapes. */
static void put_csv_cell(const char *text) {
  bool quoted = text[strcspn(text, ",\"\r\n")] != '\0';
  const char *nul;

  fputs(quoted ? "\"" : "", stdout);
  for (; (nul = strstr(text, TEXT_NUL)) != NULL;
       text = nul + strlen(TEXT_NUL)) {
    put_doubled(text, (size_t)(nul - text));
    putchar('\0');
  }
  put_doubled(text, strlen(text));
  fputs(quoted ? "\"" : "", stdout);
}

static void put_header(const struct rows *r) {
  for (size_t i = 0; i < r->count; i++) {
    if (i > 0)
      putchar(',');
    put_csv_cell(r->columns[i].name);
  }
  fputs("\r\n", stdout);
}

static void put_csv(const struct rows *r, const char *const *cells) {
  for (size_t i = 0; i < r->count; i++) {
    if (i > 0)
      putchar(',');
    put_csv_cell(cells[i]);
  }
  fputs("\r\n", stdout);
}

/* ---- JSON --------------------------------------------------------------- */

/* What JSON has no number for is text: infinity, NaN. */
static void put_json_cell(const tally_column *c, const char *text) {
  if (text == NULL)
    fputs("null", stdout);
  else if (c->type == TALLY_BOOLEAN)
    fputs(text[0] == 'T' ? "true" : "false", stdout);
  else if (is_number(c) && text[strcspn(text, "IN")] == '\0')
    fputs(text, stdout);
  else
    output_json_text(text);
}

static void put_json(const struct rows *r, const char *const *cells) {
  for (size_t i = 0; i < r->count; i++) {
    putchar(i == 0 ? '{' : ',');
    output_json_text(r->columns[i].name);
    putchar(':');
    put_json_cell(tally_table_column(r->table, i), cells[i]);
  }
  fputs("}\n", stdout);
}

/* ---- A table on a terminal ---------------------------------------------- */

static void write_held(struct rows *r) {
  if (r->held_rows > 0)
    output_rows(r->options, r->columns, r->count, (const char *const *)r->held,
                r->held_rows);
  text_free(r->held, r->held_rows * r->count);
  r->held_rows = 0;
}

static int hold(struct rows *r, const char *const *cells) {
  if (!text_copies(r->held + r->held_rows * r->count, cells, r->count))
    return report_no_memory();
  if (++r->held_rows == HELD_MAX)
    write_held(r);
  return STATUS_DONE;
}

/* ------------------------------------------------------------------------- */

int rows_put_cells(struct rows *r, const char *const *cells) {
  if (r->options->value[OPTION_JSON] != NULL) {
    put_json(r, cells);
    return STATUS_DONE;
  }
  for (size_t i = 0; i < r->count; i++)
    r->cells[i] = cells[i] == NULL ? "" : cells[i];
  cells = r->cells;
  if (output_is_table(r->options))
    return hold(r, cells);
  if (r->options->value[OPTION_CSV] != NULL)
    put_csv(r, cells);
  else
    output_rows(r->options, r->columns, r->count, cells, 1);
  return STATUS_DONE;
}

int rows_put(struct rows *r, tally_row *row, uint64_t nulls) {
  int status = rows_cells(r, row, nulls);

  return status == STATUS_DONE ? rows_put_cells(r, r->cells) : status;
}

int rows_end(struct rows *r) {
  write_held(r);
  return STATUS_DONE;
}

void rows_free(struct rows *r) {
  if (r->held != NULL)
    text_free(r->held, r->held_rows * r->count);
  free(r->held);
  if (r->copies != NULL)
    text_free(r->copies, r->count);
  free(r->copies);
  free(r->cells);
  free(r->columns);
}
