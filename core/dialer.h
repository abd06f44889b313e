/* core/dialer.h - which address to try next, and when: contact points in
 * turn, every address of each, and pauses with full jitter between rounds. */
#ifndef DIALER_H
#define DIALER_H

#include "core/context.h"
#include "core/failure.h"

/* A contact point as the user named it. */
struct contact {
  char *name;
  uint16_t port;
};

enum { DIALER_ADDRESSES = 16 };

enum dialer_state {
  DIALER_IDLE,      /* a connection stands, or nothing was started */
  DIALER_RESOLVING, /* a name is being looked up */
  DIALER_DIALING,   /* the owner tries an address */
  DIALER_NEXT,      /* it did not do: on with what comes next */
  DIALER_WAITING,   /* the pause between two rounds */
  DIALER_STOPPED,   /* for good */
};

struct dialer_owner {
  /* Try this address until the deadline (net_clock()), then call
   * dialer_failed() or dialer_connected(). */
  void (*dial)(void *arg, const struct net_address *address, uint64_t deadline);
  /* Every address of every contact point was tried in vain; the next round
   * follows after a pause.  `why` has each one's reason in its detail. */
  void (*round_failed)(void *arg, const struct failure *why);
};

struct dialer {
  struct context *context;
  const struct dialer_owner *owner;
  void *owner_arg;
  enum dialer_state state;
  const struct contact *contacts;
  size_t contact_count;
  size_t contact; /* index of the one under way */
  size_t tried;   /* contact points done with in this round */
  struct net_address addresses[DIALER_ADDRESSES];
  size_t address_count;
  size_t address;
  bool going_on; /* one that fails does so inside of go_on() */
  struct net_lookup *lookup;
  struct timer timer;   /* the end of a pause, or of a look-up's patience */
  uint64_t round_end;   /* when this round is given up */
  uint64_t contact_end; /* ... and this contact point */
  uint64_t pause;       /* the longest the next pause may be */
  struct failure round; /* the reasons so far in this round */
  struct failure last;  /* ... and those of the last one that failed */
};

void dialer_init(struct dialer *d, struct context *c,
                 const struct dialer_owner *owner, void *arg,
                 const struct contact *contacts, size_t contact_count);
/* Begin a round in the next turn, unless one is under way.  Calls nobody
 * back. */
void dialer_start(struct dialer *d);
/* Begin one after a pause. */
void dialer_start_later(struct dialer *d);
/* Whose the address in hand is, as the user named it. */
const char *dialer_name(const struct dialer *d);
/* The address in hand did not do. */
void dialer_failed(struct dialer *d, const struct failure *why);
/* It did: no more dialing, and the next pause is a short one again. */
void dialer_connected(struct dialer *d);
/* Nobody wants a contact point any more. */
void dialer_rest(struct dialer *d);
void dialer_stop(struct dialer *d);

#endif
