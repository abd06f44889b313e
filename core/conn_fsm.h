/* core/conn_fsm.h - the life of a connection as a pure function.
 *
 * No sockets, timers or memory: core/conn.c turns what happens into events,
 * calls conn_fsm_step(), and performs the actions it is handed. */
#ifndef CONN_FSM_H
#define CONN_FSM_H

#include <stdint.h>

enum conn_state {
  CONN_IDLE,       /* made, not started */
  CONN_CONNECTING, /* TCP */
  CONN_SECURING,   /* the handshake of TLS */
  CONN_OPTIONS,    /* OPTIONS sent */
  CONN_STARTUP,    /* STARTUP sent */
  CONN_LOGIN,      /* AUTH_RESPONSE sent */
  CONN_READY,      /* takes requests */
  CONN_DRAINING,   /* takes no more; waits for answers */
  CONN_CLOSED,     /* for good */
  CONN_STATE_COUNT
};

enum conn_event {
  CONN_EV_START,
  CONN_EV_SECURE,       /* TCP is up, and TLS is next */
  CONN_EV_CONNECTED,    /* TCP is up, or TLS: the peer may be talked to */
  CONN_EV_SUPPORTED,    /* answer to OPTIONS on stream 0 */
  CONN_EV_READY,        /* READY on stream 0 */
  CONN_EV_AUTHENTICATE, /* the server wants a login, and there is an answer */
  CONN_EV_CHALLENGE,    /* AUTH_CHALLENGE, and there is one */
  CONN_EV_LOGGED_IN,    /* AUTH_SUCCESS, and the client is content */
  CONN_EV_DRAIN,        /* take no more requests */
  CONN_EV_EMPTY,        /* the last answer that was waited for has come */
  CONN_EV_FAIL,         /* lost, timed out, broke the rules, or close */
  CONN_EVENT_COUNT
};

/* Action bits, performed in this order. */
enum conn_action {
  CONN_DO_HANDSHAKE = 1 << 0, /* of TLS */
  CONN_DO_OPTIONS = 1 << 1,
  CONN_DO_STARTUP = 1 << 2,
  CONN_DO_LOGIN = 1 << 3,     /* send the AUTH_RESPONSE */
  CONN_DO_ANNOUNCE = 1 << 4,  /* tell the owner: takes requests */
  CONN_DO_VIOLATION = 1 << 5, /* an event that does not fit: say so */
  CONN_DO_CLOSE = 1 << 6,     /* settle what is in flight and close */
};

struct conn_step {
  enum conn_state next;
  uint16_t actions;
};

struct conn_step conn_fsm_step(enum conn_state state, enum conn_event event);
const char *conn_state_name(enum conn_state state);

#endif
