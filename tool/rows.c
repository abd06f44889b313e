#include "tool/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A table's columns are as wide as so many rows need, then those of the next
 * ones, under a header of their own. */
enum { HELD_MAX = 1000 };

static int no_memory(void) {
  report("out of memory", NULL, NULL, NULL);
  return STATUS_FAILED;
}

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
  r->options = o;
  r->table = table;
  r->count = tally_table_column_count(table);
  r->columns = calloc(r->count, sizeof *r->columns);
  r->cells = calloc(r->count, sizeof *r->cells);
  r->held = calloc(r->count * HELD_MAX, sizeof *r->held);
  if (r->columns == NULL || r->cells == NULL || r->held == NULL)
    return no_memory();
  for (size_t i = 0; i < r->count; i++) {
    const tally_column *c = tally_table_column(table, i);

    r->columns[i] = (struct output_column){c->name, is_number(c)};
  }
  if (o->value[OPTION_CSV] != NULL)
    put_header(r);
  return STATUS_DONE;
}

int rows_cells(struct rows *r, tally_row *row) {
  tally_error error;

  for (size_t i = 0; i < r->count; i++)
    if (tally_row_print(row, r->columns[i].name, &r->cells[i], &error) != 0)
      return report_error(&error, WORK_READ);
  return STATUS_DONE;
}

/* ---- CSV (RFC 4180) ----------------------------------------------------- */

static void put_csv_cell(const char *text) {
  if (text[strcspn(text, ",\"\r\n")] == '\0') {
    fputs(text, stdout);
    return;
  }
  putchar('"');
  for (; *text != '\0'; text++) {
    if (*text == '"')
      putchar('"');
    putchar(*text);
  }
  putchar('"');
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

/* What JSON has no number for is text: infinity. No value is null. */
static void put_json_cell(const tally_column *c, const char *text) {
  if (c->type == TALLY_BOOLEAN)
    fputs(text[0] == 'T' ? "true" : "false", stdout);
  else if (is_number(c) && strchr(text, 'I') == NULL)
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
  for (size_t i = 0; i < r->held_rows * r->count; i++)
    free(r->held[i]);
  r->held_rows = 0;
}

static int hold(struct rows *r, const char *const *cells) {
  char **to = r->held + r->held_rows * r->count;

  for (size_t i = 0; i < r->count; i++) {
    to[i] = strdup(cells[i]);
    if (to[i] == NULL) {
      while (i > 0)
        free(to[--i]);
      return no_memory();
    }
  }
  if (++r->held_rows == HELD_MAX)
    write_held(r);
  return STATUS_DONE;
}

/* ------------------------------------------------------------------------- */

int rows_put_cells(struct rows *r, const char *const *cells) {
  if (output_is_table(r->options))
    return hold(r, cells);
  if (r->options->value[OPTION_JSON] != NULL)
    put_json(r, cells);
  else if (r->options->value[OPTION_CSV] != NULL)
    put_csv(r, cells);
  else
    output_rows(r->options, r->columns, r->count, cells, 1);
  return STATUS_DONE;
}

int rows_put(struct rows *r, tally_row *row) {
  int status = rows_cells(r, row);

  return status == STATUS_DONE ? rows_put_cells(r, r->cells) : status;
}

int rows_end(struct rows *r) {
  write_held(r);
  return STATUS_DONE;
}

void rows_free(struct rows *r) {
  for (size_t i = 0; r->held != NULL && i < r->held_rows * r->count; i++)
    free(r->held[i]);
  free(r->held);
  free(r->cells);
  free(r->columns);
}
