/* tool/target.h - the one row that a command is about, from the words
 * TABLE column=value ... */
#ifndef TOOL_TARGET_H
#define TOOL_TARGET_H

#include "tool/options.h"

struct assignment;

struct target {
  tally_session *session;
  tally_table *table;
  tally_row *row;
  struct assignment *assignments;
  size_t count;
  enum work work; /* as for report_error() */
};

/* Check the words, connect, learn the table, fill in the row.  Returns a
 * status; target_close() is due in any case. */
int target_open(struct target *t, const struct options *o, enum work work);
/* The same without the words behind the table; *t is zeroes before. */
int target_begin(struct target *t, const struct options *o, enum work work);
void target_close(struct target *t);
/* NULL: there is none. */
const tally_column *target_find(const tally_table *table, const char *name);
/* Set a column of the row from text; returns a status. */
int target_set(struct target *t, const char *name, const char *value);

/* "my_ks.page_hits", for messages. */
void target_name(const struct target *t, char *name, size_t size);
/* Was this column given a value? */
bool target_has(const struct target *t, const tally_column *column);
/* Every key column up to `last_kind` must have been given. */
int target_require_keys(const struct target *t, int last_kind);

#endif
