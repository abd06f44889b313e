/* core/control.h - the control connection: one connection of one loop, over
 * which the servers say what the cluster is, and when that changes.
 *
 * At first, and when no host can be reached any more, it is opened to a contact
 * point; once the hosts are known it is one of the connections to them, and
 * moves when that one ends.  What a server tells of changes is a hint to look:
 * only tables are believed, and only connections show that a host is up. */
#ifndef CONTROL_H
#define CONTROL_H

#include "core/conn.h"
#include "core/control_fsm.h"
#include "core/deadline.h"
#include "core/dialer.h"
#include "core/keyspaces.h"
#include "core/snapshot.h"

enum control_hint { HINT_UP, HINT_DOWN };

struct control_owner {
  /* A connection that takes requests; NULL: there is none. */
  struct conn *(*pick)(void *arg);
  /* What the cluster is now; held by the control connection.  `contact`, if not
   * NULL, was opened to a contact point, which is the first host of the view:
   * true when it has another owner now. */
  bool (*view)(void *arg, struct snapshot *snapshot, struct conn *contact);
  void (*hint)(void *arg, enum control_hint hint,
               const struct net_address *address);
  /* A host at this address is connected to anyway; why that fails, so far. */
  const struct failure *(*known)(void *arg, const struct net_address *address);
  /* See struct dialer_owner. */
  void (*round_failed)(void *arg, const struct failure *why);
};

struct known_keyspace {
  struct replication how;
  bool known;
  bool warned;
};

struct control {
  struct context *context;
  struct deadlines *deadlines;
  const struct control_owner *owner;
  void *owner_arg;
  enum control_state state;
  struct dialer dialer;
  struct conn *dialing; /* to a contact point, in its handshake */
  struct conn *conn;    /* NULL: SEEKING */
  bool own;             /* it is to a contact point, and not adopted yet */
  bool by_contacts;     /* a host that is up did not do: one round of contact
                           points before the next host */
  uint32_t request;     /* number of the one that is under way */
  struct timer timer;
  uint64_t contact_deadline; /* for the one in hand */
  uint64_t read_began;
  uint64_t read_took;
  bool again;
  bool fresh;               /* `topology` was read anew */
  struct topology topology; /* as far as it is read */
  struct keyspaces *keyspaces;
  struct known_keyspace *replications; /* [keyspace's number] */
  uint32_t replication_count;
  struct keyspace *reading;
  struct snapshot *latest;
  char local_dc[REPLICATION_NAME]; /* "": not known yet */
  bool partitioner_warned;
  struct failure why; /* of the request that failed last */
};

void control_init(struct control *c, struct context *context,
                  struct deadlines *deadlines, struct keyspaces *keyspaces,
                  const struct contact *contacts, size_t contact_count,
                  const struct control_owner *owner, void *arg);
/* Begin with the contact points. */
void control_start(struct control *c);
/* A host is up, and this is a connection to it. */
void control_host_up(struct control *c, struct conn *conn);
/* No host can be reached: try the contact points again, or read again which
 * hosts there are. */
void control_all_down(struct control *c);
/* This connection takes no more requests. */
void control_left(struct control *c, struct conn *conn);
/* A keyspace is in use now. */
void control_in_use(struct control *c);
/* An EVENT has come. */
void control_told(struct control *c, struct conn *conn,
                  const struct cql_frame *frame);
void control_close(struct control *c, const struct failure *why);
void control_fini(struct control *c);

#endif
