/* core/replication.h - how a keyspace is replicated, as system_schema.keyspaces
 * tells it. */
#ifndef REPLICATION_H
#define REPLICATION_H

#include "core/placement.h"
#include "core/rows.h"

/* One value is bound: the keyspace's name.  Cassandra from 3.0 on, ScyllaDB. */
#define REPLICATION_QUERY                                                      \
  "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?"

/* From the cell of that column, a map<text, text> with a Java class name under
 * "class".  What cannot be understood as a whole (a strategy of somebody's own,
 * over REPLICATION_DCS data centers, a factor that is no number) is
 * REPLICATION_OTHER. */
void replication_parse(struct replication *how, const struct cell *cell);

#endif
