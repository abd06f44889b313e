/* api/schema.h - what is behind the calls that change keyspaces and tables. */
#ifndef SCHEMA_H
#define SCHEMA_H

#include "api/internal.h"

/* ---- change.c: one statement, and agreement on it ----------------------- */

struct change_end {
  int code;                 /* 0: made, or there already */
  bool changed;             /* it was not there already */
  uint32_t host;            /* that made it, and knows of it (host.number) */
  const tally_error *error; /* NULL when code is 0 */
};
typedef void change_done(void *user, const struct change_end *end);

/* What is changed, for messages: "creating table", "ks.page_hits". */
struct change_of {
  const char *doing; /* a literal */
  const char *about;
  bool of_table; /* what the server finds invalid is the table's fault */
};

/* Takes over the text, also when it fails.  `done` runs once when 0 is
 * returned; *loop is where. */
int change_start(tally_session *s, struct text *cql, const struct change_of *of,
                 change_done *done, void *user, struct loop **loop,
                 tally_error *e);

/* The end of one, or of what consists of some. */
void change_told(const struct listener *to, int code, const tally_error *error);
/* A change that one listener waits for; takes over the text. */
int change_tell(tally_session *s, struct text *cql, const struct change_of *of,
                const struct listener *to, tally_error *e);
/* ... blocking. */
int change_wait(tally_session *s, struct text *cql, const struct change_of *of,
                tally_error *e);

/* ---- columns.c: the columns of a table, as the server has them ----------- */

/* One at a time of system_schema.columns; keys carry a position. */
struct server_column {
  tally_column column; /* its name is the list's */
  int32_t position;
};

struct server_columns {
  const struct net_heap *heap;
  const char *about; /* "ks.page_hits", for messages */
  struct server_column *list;
  size_t count;
  size_t row_size; /* of a struct that holds them all */
};

/* For a table's name and a keyspace's, both unquoted, bound in this order. */
extern const char columns_cql[];
/* None is no error: there is no such table.  TALLY_ESCHEMA for one that is no
 * counter table, TALLY_ETYPE for a key of a type that we do not know. */
int columns_read(struct server_columns *in, struct rows *rows, tally_error *e);
void columns_free(struct server_columns *in);

/* ---- statement.c: what changes a table ----------------------------------- */

/* CREATE TABLE IF NOT EXISTS ... */
void statement_create(const tally_table *t, struct text *out);
/* ALTER TABLE ... ADD; the counter is a bit's number. */
void statement_add_counter(const tally_table *t, uint16_t counter,
                           struct text *out);
/* ALTER TABLE ... WITH; a bit for each of the table's options. */
void statement_set_options(const tally_table *t, uint64_t which,
                           struct text *out);
/* DROP TABLE IF EXISTS ... */
void statement_drop(const tally_table *t, struct text *out);

/* ---- table_option.c: what stands behind WITH ----------------------------- */

/* Are these options that there are, with values that they may have? */
int table_options_check(const tally_definition *d, tally_error *e);
/* name = value, as CQL wants it. */
void table_option_cql(const tally_table_option *option, struct text *out);
/* Is this what system_schema.tables has for it? */
bool table_option_is(const tally_table_option *option, const struct cell *cell);

#endif
