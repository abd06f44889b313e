/* tests/cluster/probe.h - what the programs here share: a session of one
 * thread, whose knowledge of the cluster can be looked at between two turns.
 * Whatever fails ends the program with a sentence and exit status 1. */
#ifndef TALLY_CLUSTER_PROBE_H
#define TALLY_CLUSTER_PROBE_H

#include "api/internal.h"

typedef struct page_hits {
  const char *url;
  int32_t day; /* by_day alone: the second part of its partition key */
  int64_t views;
} page_hits;

/* "page_hits": url text.  "page_hits_by_day": (url text, day int). */
extern const tally_definition page_hits_definition;
extern const tally_definition page_hits_by_day_definition;

_Noreturn void probe_fail(const char *what, const tally_error *e);

/* Inline.  `keyspace` is the one configured, or NULL. */
tally_session *probe_connect(const char *hosts, const char *keyspace,
                             int consistency);
tally_table *probe_open(tally_session *session,
                        const tally_definition *definition,
                        const char *keyspace);
/* Until the session knows the replicas of the keyspace's keys, which it asks
 * for when the first statement on it was prepared. */
void probe_wait_for_placement(tally_session *session, const tally_table *table);
/* Until there is a connection to each host of the local data center. */
void probe_wait_for_hosts(tally_session *session);
/* A whole number from `low` on; else the usage. */
unsigned probe_number(const char *text, unsigned low, const char *usage);
tally_counters probe_counters(const tally_session *session);

#endif
