/* core/control_fsm.h - how the control connection finds out what the cluster
 * is, as a pure function: core/control.c performs the actions. */
#ifndef CONTROL_FSM_H
#define CONTROL_FSM_H

#include <stdint.h>

enum control_state {
  CONTROL_SEEKING,     /* no connection */
  CONTROL_REGISTERING, /* for events, before anything is read: what changes
                          meanwhile is told */
  CONTROL_LOCAL,       /* reading system.local */
  CONTROL_PEERS_V2,    /* reading system.peers_v2 */
  CONTROL_PEERS,       /* reading system.peers */
  CONTROL_KEYSPACES,   /* reading how those in use are replicated */
  CONTROL_IDLE,        /* all is read */
  CONTROL_DUE,         /* something has changed: soon it is read again */
  CONTROL_CLOSED,
  CONTROL_STATE_COUNT
};

enum control_event {
  CONTROL_EV_ATTACHED, /* a connection is there to be used */
  CONTROL_EV_DONE,     /* the request under way was answered */
  CONTROL_EV_REFUSED,  /* ... by INVALID: there is no such table */
  CONTROL_EV_FAILED,   /* ... not, or not as it must be */
  CONTROL_EV_ALL,      /* no keyspace is left to be read */
  CONTROL_EV_DETACHED, /* the connection is gone */
  CONTROL_EV_HINT,     /* hosts or keyspaces have changed, or may have */
  CONTROL_EV_KEYSPACE, /* one is in use now */
  CONTROL_EV_TIMER,
  CONTROL_EV_CLOSE,
  CONTROL_EVENT_COUNT
};

/* Action bits, performed in this order. */
enum control_action {
  CONTROL_DO_AGAIN = 1 << 0, /* what is being read may be old already */
  CONTROL_DO_REGISTER = 1 << 1,
  CONTROL_DO_LOCAL = 1 << 2,
  CONTROL_DO_PEERS_V2 = 1 << 3,
  CONTROL_DO_PEERS = 1 << 4,
  CONTROL_DO_KEYSPACE = 1 << 5, /* the next one */
  CONTROL_DO_PUBLISH = 1 << 6,
  CONTROL_DO_WAIT = 1 << 7,  /* a short time: more may come */
  CONTROL_DO_LEAVE = 1 << 8, /* this connection does not do */
  CONTROL_DO_SEEK = 1 << 9,  /* another connection */
};

struct control_step {
  enum control_state next;
  uint16_t actions;
};

struct control_step control_fsm_step(enum control_state state,
                                     enum control_event event);

#endif
