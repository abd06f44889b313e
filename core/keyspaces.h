/* core/keyspaces.h - the keyspaces that a session's statements name, each with
 * a number.  Any thread may add one; none is ever taken away. */
#ifndef KEYSPACES_H
#define KEYSPACES_H

#include "core/net.h"

struct keyspace {
  struct keyspace *next;
  uint32_t number;     /* from 0 */
  char *name;          /* as the server has it */
  _Atomic bool in_use; /* a statement on it was prepared: how it is replicated
                          is worth knowing */
};

struct keyspaces {
  struct net_heap heap;
  _Atomic(struct keyspace *) newest;
};

void keyspaces_init(struct keyspaces *k, const struct net_heap *heap);
void keyspaces_fini(struct keyspaces *k);
/* The one of this name, made when it is new; NULL: no memory. */
struct keyspace *keyspaces_find(struct keyspaces *k, const char *name);

#endif
