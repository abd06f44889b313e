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
/* The same for reading: the words are the whole key, and nothing else. */
int target_open_key(struct target *t, const struct options *o);
/* The same without the words behind the table; *t is zeroes before. */
int target_begin(struct target *t, const struct options *o, enum work work);
/* ... and from a session on: the table and a row, with what is wrong in
 * *error. */
int target_table(struct target *t, const struct options *o, tally_error *error);
/* A second time it does nothing. */
void target_close(struct target *t);
/* NULL: there is none. */
const tally_column *target_find(const tally_table *table, const char *name);
/* Set a column of the row from text; returns a status. */
int target_set(struct target *t, const char *name, const char *value);

/* "my_ks.page_hits", for messages. */
void target_name(const struct target *t, char *name, size_t size);
/* Was this column given a value? */
bool target_has(const struct target *t, const tally_column *column);
/* The first counter that was; NULL: none. */
const tally_column *target_given_counter(const struct target *t);
/* How many columns are of this tally_kind. */
size_t target_count_kind(const tally_table *table, int kind);
/* Columns that are given later, a value at a time; a name that there is not is
 * refused, and so is a second time.  They are counted in t->count. */
int target_expect(struct target *t, const char *name);
const tally_column *target_expected(const struct target *t, size_t index);

/* Are all deltas 0? */
bool target_adds_nothing(const struct target *t);
/* "unique_visitors, views", cut where the room ends. */
void target_counters(const struct target *t, char *list, size_t size);
/* The last kind of key that the counters which were given need: static ones are
 * the partition's; 0: none was given. */
int target_last_key(const struct target *t);
/* Every key column up to `last_kind` must have been given. */
int target_require_keys(const struct target *t, int last_kind);

#endif
