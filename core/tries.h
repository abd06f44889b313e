/* core/tries.h - where an operation was in vain before it is sent to yet
 * another host: for the choice of that host, and for the error if it fails
 * there, too. */
#ifndef TRIES_H
#define TRIES_H

#include "core/failure.h"
#include "core/net.h"

enum { TRIES_MAX = 16 };

struct tries {
  uint32_t hosts[TRIES_MAX]; /* host.number of each */
  uint32_t count;
  char text[400]; /* "10.0.0.2:9042: not enough replicas alive: ..." */
};

/* *tries, NULL at first: it was at that host.  Without memory for it nobody
 * knows. */
void tries_add(struct tries **tries, const struct net_heap *heap,
               uint32_t host);
/* It may go on to other hosts: those where it was can be told from others. */
bool tries_may_go_on(const struct tries *t);
/* What came of it. */
void tries_note(struct tries *t, const struct failure *why);
/* Puts the tries in front of what the last one says. */
void tries_tell(const struct tries *t, struct failure *f);

#endif
