/* tool/session.h - connecting, as the options say. */
#ifndef TOOL_SESSION_H
#define TOOL_SESSION_H

#include "tool/options.h"

/* Where the dot of keyspace.table is: the first outside quotes, or the end. */
size_t session_table_dot(const char *name);
/* Names its keyspace, or the options do?  Returns a status. */
int session_check_table(const struct options *o, const char *name);

/* Returns a status.  `work`: as for report_error(). */
int session_open(tally_session **session, const struct options *o,
                 enum work work);

#endif
