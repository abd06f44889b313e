/* tool/replicas.h - which hosts there are, how many of them a keyspace is on,
 * and how many a consistency needs. */
#ifndef TOOL_REPLICAS_H
#define TOOL_REPLICAS_H

#include <stdbool.h>
#include <stddef.h>
#include <tally.h>

struct census {
  size_t hosts, up;
};

struct data_centers {
  char name[64]; /* of the local one */
  struct census local, all;
  char why[256]; /* a host of the local one is down: which, and why; else "" */
};

/* 0, or as tally_hosts(). */
int centers_read(struct data_centers *c, tally_session *session,
                 tally_error *error);

struct replicas {
  bool found; /* there is such a keyspace */
  bool known; /* its strategy is one of the two that say a number */
  size_t local, all;
  char text[256]; /* "dc1 3, dc2 3" */
};

/* Returns a status. */
int replicas_read(struct replicas *r, tally_session *session,
                  const char *keyspace, const char *dc);

/* How many hosts have to be up for it, and of which. */
size_t replicas_needed(const struct replicas *r, int consistency);
bool replicas_are_local(int consistency);
/* "LOCAL_QUORUM" */
const char *replicas_level(int consistency);

#endif
