/* tool/ask.h - what the servers' own tables say. */
#ifndef TOOL_ASK_H
#define TOOL_ASK_H

#include "tool/report.h"

/* Has a row; returns a status, and other than 0 ends the asking. */
typedef int ask_row(void *user, tally_answer *row);

/* A SELECT from one of system_schema's tables, read to its end; `values` are
 * text, for its markers, and end with NULL.  Returns a status. */
int ask(tally_session *session, const char *cql, const char *const *values,
        ask_row *each, void *user);

/* The same for the counter tables of a keyspace: their table_name and
 * comment. */
int ask_counter_tables(tally_session *session, const char *keyspace,
                       ask_row *each, void *user);

/* As cqlsh writes it, to be freed; NULL: no memory. */
char *ask_print(const tally_value *value);
/* The same of a column of a row. */
char *ask_text(const tally_answer *row, const char *column);

#endif
