/* tool/output.h - rows on standard output: table, TAB-separated, JSON. */
#ifndef TOOL_OUTPUT_H
#define TOOL_OUTPUT_H

#include "tool/options.h"

/* All three descriptors exist afterwards, so that no socket becomes standard
 * output; what was missing cannot be written to. */
void output_begin(void);
/* Returns a status. */
int output_row(const struct options *o, const tally_table *table,
               const tally_row *row);
/* `status`, or STATUS_FAILED (reported) when not all was written. */
int output_end(int status);

#endif
