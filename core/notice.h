/* core/notice.h - what the loops of a session tell each other. */
#ifndef NOTICE_H
#define NOTICE_H

#include "core/snapshot.h"

enum notice_kind {
  NOTICE_VIEW,   /* `snapshot`, held */
  NOTICE_UP,     /* the host at `address` is said to be up ... */
  NOTICE_DOWN,   /* ... or down */
  NOTICE_IN_USE, /* to the loop with the control connection: look for keyspaces
                    that are in use now */
};

struct notice {
  struct notice *next;
  enum notice_kind kind;
  struct snapshot *snapshot;
  struct net_address address;
};

#endif
