/* tool/near_table.h - the table that somebody probably meant. */
#ifndef TOOL_NEAR_TABLE_H
#define TOOL_NEAR_TABLE_H

#include "tool/options.h"

/* There is no table `word`: into the error's hint goes the counter table of its
 * keyspace that it is a misspelling of, if there is one. */
void near_table(tally_error *error, tally_session *session,
                const struct options *o, const char *word);

#endif
