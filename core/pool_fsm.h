/* core/pool_fsm.h - how the connections to one host are opened, one by one, as
 * a pure function: core/pool.c performs the actions. */
#ifndef POOL_FSM_H
#define POOL_FSM_H

#include <stdint.h>

enum pool_state {
  POOL_RESTING,       /* as many connections as are wanted */
  POOL_DIALING,       /* one is in its handshake */
  POOL_DIALING_SHORT, /* ... and one that stood was lost meanwhile: if more are
                         wanted after it, they follow a pause */
  POOL_PAUSING,       /* before the next attempt */
  POOL_CLOSED,        /* for good */
  POOL_STATE_COUNT
};

enum pool_event {
  POOL_EV_OPEN,   /* the host is known: connect */
  POOL_EV_READY,  /* the handshake is done, and no more are wanted */
  POOL_EV_FEW,    /* ... and more are wanted */
  POOL_EV_FAILED, /* no connection, or no handshake */
  POOL_EV_SHORT,  /* one that stood was lost, or owes too much */
  POOL_EV_TIMER,  /* the pause is over */
  POOL_EV_HINT,   /* the host is said to be up, or elsewhere */
  POOL_EV_CLOSE,
  POOL_EVENT_COUNT
};

/* Action bits, performed in this order. */
enum pool_action {
  POOL_DO_HURRY = 1 << 0, /* the next pause is a short one */
  POOL_DO_PAUSE = 1 << 1,
  POOL_DO_DIAL = 1 << 2,
};

struct pool_step {
  enum pool_state next;
  uint16_t actions;
};

struct pool_step pool_fsm_step(enum pool_state state, enum pool_event event);

#endif
