#include "core/control_fsm.h"

#define LEAVE                                                                  \
  { CONTROL_SEEKING, CONTROL_DO_LEAVE }
#define SEEK                                                                   \
  { CONTROL_SEEKING, CONTROL_DO_SEEK }
#define AGAIN(state)                                                           \
  { state, CONTROL_DO_AGAIN }

/* What a row does not name changes nothing. */
static const struct control_step
    steps[CONTROL_STATE_COUNT][CONTROL_EVENT_COUNT] = {
        [CONTROL_SEEKING] = {[CONTROL_EV_ATTACHED] = {CONTROL_REGISTERING,
                                                      CONTROL_DO_REGISTER},
                             [CONTROL_EV_TIMER] = SEEK},
        [CONTROL_REGISTERING] = {[CONTROL_EV_DONE] = {CONTROL_LOCAL,
                                                      CONTROL_DO_LOCAL},
                                 [CONTROL_EV_REFUSED] = LEAVE,
                                 [CONTROL_EV_FAILED] = LEAVE,
                                 [CONTROL_EV_DETACHED] = SEEK},
        [CONTROL_LOCAL] = {[CONTROL_EV_DONE] = {CONTROL_PEERS_V2,
                                                CONTROL_DO_PEERS_V2},
                           [CONTROL_EV_REFUSED] = LEAVE,
                           [CONTROL_EV_FAILED] = LEAVE,
                           [CONTROL_EV_DETACHED] = SEEK,
                           [CONTROL_EV_HINT] = AGAIN(CONTROL_LOCAL)},
        [CONTROL_PEERS_V2] = {[CONTROL_EV_DONE] = {CONTROL_KEYSPACES,
                                                   CONTROL_DO_KEYSPACE},
                              [CONTROL_EV_REFUSED] = {CONTROL_PEERS,
                                                      CONTROL_DO_PEERS},
                              [CONTROL_EV_FAILED] = LEAVE,
                              [CONTROL_EV_DETACHED] = SEEK,
                              [CONTROL_EV_HINT] = AGAIN(CONTROL_PEERS_V2)},
        [CONTROL_PEERS] = {[CONTROL_EV_DONE] = {CONTROL_KEYSPACES,
                                                CONTROL_DO_KEYSPACE},
                           [CONTROL_EV_REFUSED] = LEAVE,
                           [CONTROL_EV_FAILED] = LEAVE,
                           [CONTROL_EV_DETACHED] = SEEK,
                           [CONTROL_EV_HINT] = AGAIN(CONTROL_PEERS)},
        [CONTROL_KEYSPACES] = {[CONTROL_EV_DONE] = {CONTROL_KEYSPACES,
                                                    CONTROL_DO_KEYSPACE},
                               [CONTROL_EV_ALL] = {CONTROL_IDLE,
                                                   CONTROL_DO_PUBLISH},
                               [CONTROL_EV_REFUSED] = LEAVE,
                               [CONTROL_EV_FAILED] = LEAVE,
                               [CONTROL_EV_DETACHED] = SEEK,
                               [CONTROL_EV_HINT] = AGAIN(CONTROL_KEYSPACES)},
        [CONTROL_IDLE] = {[CONTROL_EV_FAILED] = LEAVE,
                          [CONTROL_EV_DETACHED] = SEEK,
                          [CONTROL_EV_HINT] = {CONTROL_DUE, CONTROL_DO_WAIT},
                          [CONTROL_EV_KEYSPACE] = {CONTROL_KEYSPACES,
                                                   CONTROL_DO_KEYSPACE},
                          [CONTROL_EV_TIMER] = {CONTROL_LOCAL,
                                                CONTROL_DO_LOCAL}},
        [CONTROL_DUE] = {[CONTROL_EV_DETACHED] = SEEK,
                         [CONTROL_EV_KEYSPACE] = {CONTROL_KEYSPACES,
                                                  CONTROL_DO_AGAIN |
                                                      CONTROL_DO_KEYSPACE},
                         [CONTROL_EV_TIMER] = {CONTROL_LOCAL,
                                               CONTROL_DO_LOCAL}},
};

struct control_step control_fsm_step(enum control_state state,
                                     enum control_event event) {
  struct control_step step = steps[state][event];

  if (state == CONTROL_CLOSED || event == CONTROL_EV_CLOSE)
    return (struct control_step){CONTROL_CLOSED, 0};
  /* No row leads to SEEKING without an action: such a one is not written. */
  if (step.next == CONTROL_SEEKING && step.actions == 0)
    step.next = state;
  return step;
}
