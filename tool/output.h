/* tool/output.h - rows on standard output: table, TAB-separated, JSON. */
#ifndef TOOL_OUTPUT_H
#define TOOL_OUTPUT_H

#include "tool/options.h"

/* All three descriptors exist afterwards, so that no socket becomes standard
 * output; what was missing cannot be written to. */
void output_begin(void);

struct output_column {
  const char *name;
  bool is_number;
};

/* Not for a program: a header is wanted, and words for people. */
bool output_is_table(const struct options *o);
/* May what stands there be written over? */
bool output_is_screen(void);
/* A table, or a line of values with TABs between them for each row; the cells
 * are those of the first row, then of the next. */
void output_rows(const struct options *o, const struct output_column *columns,
                 size_t count, const char *const *cells, size_t rows);
/* As it is, backslashes too, so that CQL can be pasted; on a terminal without
 * what would move its cursor. */
void output_text(const char *text);
/* In quotes; NULL is null. */
void output_json_text(const char *text);
/* At once; false: it could not be written, as output_end() will tell. */
bool output_now(void);
/* `status`, or STATUS_FAILED (reported) when not all was written. */
int output_end(int status);

#endif
