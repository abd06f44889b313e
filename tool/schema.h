/* tool/schema.h - a table as CREATE TABLE and as JSON. */
#ifndef TOOL_SCHEMA_H
#define TOOL_SCHEMA_H

#include <stdbool.h>
#include <stdio.h>
#include <tally.h>

/* `options` is the table's row of system_schema.tables.  False: no memory. */
bool schema_cql(FILE *to, const tally_table *table, tally_answer *options);
/* On standard output, one object with the columns and options. */
bool schema_json(const tally_table *table, tally_answer *options);

#endif
