/* tool/rows.h - rows of a table of the server's on standard output: as a table,
 * TAB-separated, as CSV or as JSON, one object a line. */
#ifndef TOOL_ROWS_H
#define TOOL_ROWS_H

#include "tool/output.h"

struct rows {
  const struct options *options;
  const tally_table *table;
  size_t count; /* of columns */
  struct output_column *columns;
  const char **cells; /* of the row at hand; they are its own */
  char **copies;      /* ... or, where there is a NUL in one, here */
  char **held;        /* of a table on a terminal: rows not written yet */
  size_t held_rows;
};

/* All return a status; rows_free() is due in any case. */
int rows_begin(struct rows *r, const struct options *o,
               const tally_table *table);
/* `nulls` as tally_next_nulls() and tally_get_nulls() have it. */
int rows_put(struct rows *r, tally_row *row, uint64_t nulls);
/* ... from cells that are texts already, `count` of them; NULL is no value. */
int rows_put_cells(struct rows *r, const char *const *cells);
/* The texts of a row in r->cells, until it changes; a NUL is TEXT_NUL. */
int rows_cells(struct rows *r, tally_row *row, uint64_t nulls);
int rows_end(struct rows *r);
void rows_free(struct rows *r);

#endif
