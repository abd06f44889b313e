#include "core/conn_fsm.h"

/* One row a state.  An event that a row does not name is a broken rule, and
 * closes the connection; late events after the end are harmless. */
static const struct conn_step steps[CONN_STATE_COUNT][CONN_EVENT_COUNT] = {
    [CONN_IDLE] = {[CONN_EV_START] = {CONN_CONNECTING, 0},
                   [CONN_EV_FAIL] = {CONN_CLOSED, CONN_DO_CLOSE}},
    [CONN_CONNECTING] = {[CONN_EV_SECURE] = {CONN_SECURING, CONN_DO_HANDSHAKE},
                         [CONN_EV_CONNECTED] = {CONN_OPTIONS, CONN_DO_OPTIONS},
                         [CONN_EV_FAIL] = {CONN_CLOSED, CONN_DO_CLOSE}},
    [CONN_SECURING] = {[CONN_EV_CONNECTED] = {CONN_OPTIONS, CONN_DO_OPTIONS},
                       [CONN_EV_FAIL] = {CONN_CLOSED, CONN_DO_CLOSE}},
    [CONN_OPTIONS] = {[CONN_EV_SUPPORTED] = {CONN_STARTUP, CONN_DO_STARTUP},
                      [CONN_EV_FAIL] = {CONN_CLOSED, CONN_DO_CLOSE}},
    [CONN_STARTUP] = {[CONN_EV_READY] = {CONN_READY, CONN_DO_ANNOUNCE},
                      [CONN_EV_AUTHENTICATE] = {CONN_LOGIN, CONN_DO_LOGIN},
                      [CONN_EV_FAIL] = {CONN_CLOSED, CONN_DO_CLOSE}},
    [CONN_LOGIN] = {[CONN_EV_CHALLENGE] = {CONN_LOGIN, CONN_DO_LOGIN},
                    [CONN_EV_LOGGED_IN] = {CONN_READY, CONN_DO_ANNOUNCE},
                    [CONN_EV_FAIL] = {CONN_CLOSED, CONN_DO_CLOSE}},
    /* SUPPORTED answers a heartbeat from here on. */
    [CONN_READY] = {[CONN_EV_SUPPORTED] = {CONN_READY, 0},
                    [CONN_EV_DRAIN] = {CONN_DRAINING, 0},
                    [CONN_EV_EMPTY] = {CONN_READY, 0},
                    [CONN_EV_FAIL] = {CONN_CLOSED, CONN_DO_CLOSE}},
    [CONN_DRAINING] = {[CONN_EV_SUPPORTED] = {CONN_DRAINING, 0},
                       [CONN_EV_DRAIN] = {CONN_DRAINING, 0},
                       [CONN_EV_EMPTY] = {CONN_CLOSED, CONN_DO_CLOSE},
                       [CONN_EV_FAIL] = {CONN_CLOSED, CONN_DO_CLOSE}},
};

struct conn_step conn_fsm_step(enum conn_state state, enum conn_event event) {
  static const struct conn_step late = {CONN_CLOSED, 0};
  static const struct conn_step broken = {CONN_CLOSED,
                                          CONN_DO_VIOLATION | CONN_DO_CLOSE};
  struct conn_step step;

  if (state == CONN_CLOSED)
    return late;
  step = steps[state][event];
  /* No row leads back to CONN_IDLE, so a zero entry is one not written. */
  return step.next == CONN_IDLE ? broken : step;
}

const char *conn_state_name(enum conn_state state) {
  static const char *const names[CONN_STATE_COUNT] = {
      "idle",        "connecting", "agreeing on TLS", "asking for options",
      "starting up", "logging in", "ready",           "draining",
      "closed"};

  return names[state];
}
