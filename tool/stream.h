/* tool/stream.h - increments from the lines of standard input, many of them
 * under way at once. */
#ifndef TOOL_STREAM_H
#define TOOL_STREAM_H

#include "tool/options.h"

/* tally_increment_async() or tally_decrement_async(). */
typedef int stream_change(tally_table *table, const void *row,
                          tally_callback callback, void *user,
                          tally_error *error);

/* Returns a status. */
int stream_run(struct options *o, stream_change *change);

#endif
