#include "core/pool_fsm.h"

struct pool_step pool_fsm_step(enum pool_state state, enum pool_event event) {
  static const struct pool_step steps[POOL_STATE_COUNT][POOL_EVENT_COUNT] = {
      [POOL_RESTING] = {[POOL_EV_OPEN] = {POOL_DIALING, POOL_DO_DIAL},
                        /* One was brought from elsewhere. */
                        [POOL_EV_READY] = {POOL_RESTING, 0},
                        [POOL_EV_FEW] = {POOL_DIALING, POOL_DO_DIAL},
                        [POOL_EV_FAILED] = {POOL_RESTING, 0},
                        [POOL_EV_SHORT] = {POOL_PAUSING, POOL_DO_PAUSE},
                        [POOL_EV_TIMER] = {POOL_RESTING, 0},
                        [POOL_EV_HINT] = {POOL_RESTING, 0},
                        [POOL_EV_CLOSE] = {POOL_CLOSED, 0}},
      [POOL_DIALING] = {[POOL_EV_OPEN] = {POOL_DIALING, 0},
                        [POOL_EV_READY] = {POOL_RESTING, 0},
                        [POOL_EV_FEW] = {POOL_DIALING, POOL_DO_DIAL},
                        [POOL_EV_FAILED] = {POOL_PAUSING, POOL_DO_PAUSE},
                        [POOL_EV_SHORT] = {POOL_DIALING_SHORT, 0},
                        [POOL_EV_TIMER] = {POOL_DIALING, 0},
                        [POOL_EV_HINT] = {POOL_DIALING, 0},
                        [POOL_EV_CLOSE] = {POOL_CLOSED, 0}},
      [POOL_DIALING_SHORT] = {[POOL_EV_OPEN] = {POOL_DIALING_SHORT, 0},
                              [POOL_EV_READY] = {POOL_RESTING, 0},
                              [POOL_EV_FEW] = {POOL_PAUSING, POOL_DO_PAUSE},
                              [POOL_EV_FAILED] = {POOL_PAUSING, POOL_DO_PAUSE},
                              [POOL_EV_SHORT] = {POOL_DIALING_SHORT, 0},
                              [POOL_EV_TIMER] = {POOL_DIALING_SHORT, 0},
                              [POOL_EV_HINT] = {POOL_DIALING_SHORT, 0},
                              [POOL_EV_CLOSE] = {POOL_CLOSED, 0}},
      [POOL_PAUSING] = {[POOL_EV_OPEN] = {POOL_PAUSING, 0},
                        [POOL_EV_READY] = {POOL_RESTING, 0},
                        [POOL_EV_FEW] = {POOL_PAUSING, 0},
                        [POOL_EV_FAILED] = {POOL_PAUSING, 0},
                        [POOL_EV_SHORT] = {POOL_PAUSING, 0},
                        [POOL_EV_TIMER] = {POOL_DIALING, POOL_DO_DIAL},
                        [POOL_EV_HINT] = {POOL_PAUSING,
                                          POOL_DO_HURRY | POOL_DO_PAUSE},
                        [POOL_EV_CLOSE] = {POOL_CLOSED, 0}},
      /* Whatever comes late is too late. */
      [POOL_CLOSED] = {[POOL_EV_OPEN] = {POOL_CLOSED, 0},
                       [POOL_EV_READY] = {POOL_CLOSED, 0},
                       [POOL_EV_FEW] = {POOL_CLOSED, 0},
                       [POOL_EV_FAILED] = {POOL_CLOSED, 0},
                       [POOL_EV_SHORT] = {POOL_CLOSED, 0},
                       [POOL_EV_TIMER] = {POOL_CLOSED, 0},
                       [POOL_EV_HINT] = {POOL_CLOSED, 0},
                       [POOL_EV_CLOSE] = {POOL_CLOSED, 0}},
  };

  return steps[state][event];
}
