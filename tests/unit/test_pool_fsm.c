/* tests/unit/test_pool_fsm.c - every (state, event) pair against a table that
 * was written out by hand. */
#include <stdbool.h>

#include "core/pool_fsm.h"
#include "tests/unit/suites.h"

#define REST                                                                   \
  { POOL_RESTING, 0 }
#define STAY_D                                                                 \
  { POOL_DIALING, 0 }
#define DIAL                                                                   \
  { POOL_DIALING, POOL_DO_DIAL }
#define STAY_S                                                                 \
  { POOL_DIALING_SHORT, 0 }
#define STAY_P                                                                 \
  { POOL_PAUSING, 0 }
#define PAUSE                                                                  \
  { POOL_PAUSING, POOL_DO_PAUSE }
#define SOON                                                                   \
  { POOL_PAUSING, POOL_DO_HURRY | POOL_DO_PAUSE }
#define CLOSED                                                                 \
  { POOL_CLOSED, 0 }

/* Columns: OPEN, READY, FEW, FAILED, SHORT, TIMER, HINT, CLOSE. */
static const struct pool_step expected[POOL_STATE_COUNT][POOL_EVENT_COUNT] = {
    /* RESTING */ {DIAL, REST, DIAL, REST, PAUSE, REST, REST, CLOSED},
    /* DIALING */ {STAY_D, REST, DIAL, PAUSE, STAY_S, STAY_D, STAY_D, CLOSED},
    /* DIALING_SHORT */
    {STAY_S, REST, PAUSE, PAUSE, STAY_S, STAY_S, STAY_S, CLOSED},
    /* PAUSING */ {STAY_P, REST, STAY_P, STAY_P, STAY_P, DIAL, SOON, CLOSED},
    /* CLOSED */
    {CLOSED, CLOSED, CLOSED, CLOSED, CLOSED, CLOSED, CLOSED, CLOSED},
};

START_TEST(every_pair) {
  int state = _i / POOL_EVENT_COUNT, event = _i % POOL_EVENT_COUNT;
  struct pool_step step =
      pool_fsm_step((enum pool_state)state, (enum pool_event)event);
  const struct pool_step *want = &expected[state][event];

  ck_assert_msg(step.next == want->next && step.actions == want->actions,
                "state %d, event %d: goes to %d with actions 0x%x, not to %d "
                "with 0x%x",
                state, event, (int)step.next, (unsigned)step.actions,
                (int)want->next, (unsigned)want->actions);
}
END_TEST

/* Whatever happens, in any order: one attempt at a time, each failed one is
 * followed by a pause, and what is closed stays closed. */
START_TEST(no_path_breaks_the_rules) {
  for (unsigned path = 0; path < 8 * 8 * 8 * 8 * 8 * 8; path++) {
    enum pool_state state = POOL_RESTING;
    bool dialing = false;

    for (unsigned at = 0, rest = path; at < 6; at++, rest /= 8) {
      enum pool_event event = (enum pool_event)(rest % 8);
      struct pool_step step = pool_fsm_step(state, event);
      bool ended = event == POOL_EV_READY || event == POOL_EV_FEW ||
                   event == POOL_EV_FAILED;

      dialing = dialing && !ended;
      if ((step.actions & POOL_DO_DIAL) && dialing)
        ck_abort_msg("path 0%o dials twice", path);
      if ((state == POOL_DIALING || state == POOL_DIALING_SHORT) &&
          event == POOL_EV_FAILED && !(step.actions & POOL_DO_PAUSE))
        ck_abort_msg("path 0%o does not pause", path);
      if (state == POOL_CLOSED && (step.next != POOL_CLOSED || step.actions))
        ck_abort_msg("path 0%o leaves CLOSED", path);
      dialing = dialing || (step.actions & POOL_DO_DIAL) != 0;
      state = step.next;
    }
  }
}
END_TEST

Suite *pool_fsm_suite(void) {
  Suite *s = suite_create("pool_fsm");
  TCase *tc = tcase_create("table");

  tcase_add_loop_test(tc, every_pair, 0, POOL_STATE_COUNT * POOL_EVENT_COUNT);
  tcase_add_test(tc, no_path_breaks_the_rules);
  suite_add_tcase(s, tc);
  return s;
}
