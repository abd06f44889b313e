/* tool/session.h - connecting, as the options say. */
#ifndef TOOL_SESSION_H
#define TOOL_SESSION_H

#include "tool/options.h"

/* Where the dot of keyspace.table is: the first outside quotes, or the end. */
size_t session_table_dot(const char *name);
/* Names its keyspace, or the options do?  Returns a status. */
int session_check_table(const struct options *o, const char *name);

/* Whose table that is, as the servers have its name, to be freed; NULL: nobody
 * says.  Returns a status. */
int session_keyspace(const struct options *o, const char *table,
                     char **keyspace);

/* Returns a status.  `work`: as for report_error(). */
int session_open(tally_session **session, const struct options *o,
                 enum work work);
/* Its two halves: a TALLY_E..., of which nothing is said yet, and saying it,
 * which returns a status. */
int session_try(tally_session **session, const struct options *o,
                tally_error *error);
int session_failed(const struct options *o, const tally_error *error,
                   enum work work);

#endif
