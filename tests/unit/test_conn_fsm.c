/* tests/unit/test_conn_fsm.c - every (state, event) pair against a table that
 * was written out by hand. */
#include "core/conn_fsm.h"
#include "tests/unit/suites.h"

/* An event that does not fit: say so, and close. */
#define BROKEN                                                                 \
  { CONN_CLOSED, CONN_DO_VIOLATION | CONN_DO_CLOSE }
#define LATE                                                                   \
  { CONN_CLOSED, 0 }
#define CLOSE                                                                  \
  { CONN_CLOSED, CONN_DO_CLOSE }

/* Columns: START, SECURE, CONNECTED, SUPPORTED, READY, AUTHENTICATE,
 * CHALLENGE, LOGGED_IN, DRAIN, EMPTY, FAIL. */
static const struct conn_step expected[CONN_STATE_COUNT][CONN_EVENT_COUNT] = {
    /* IDLE */
    {{CONN_CONNECTING, 0},
     BROKEN,
     BROKEN,
     BROKEN,
     BROKEN,
     BROKEN,
     BROKEN,
     BROKEN,
     BROKEN,
     BROKEN,
     CLOSE},
    /* CONNECTING */
    {BROKEN,
     {CONN_SECURING, CONN_DO_HANDSHAKE},
     {CONN_OPTIONS, CONN_DO_OPTIONS},
     BROKEN,
     BROKEN,
     BROKEN,
     BROKEN,
     BROKEN,
     BROKEN,
     BROKEN,
     CLOSE},
    /* SECURING */
    {BROKEN,
     BROKEN,
     {CONN_OPTIONS, CONN_DO_OPTIONS},
     BROKEN,
     BROKEN,
     BROKEN,
     BROKEN,
     BROKEN,
     BROKEN,
     BROKEN,
     CLOSE},
    /* OPTIONS */
    {BROKEN,
     BROKEN,
     BROKEN,
     {CONN_STARTUP, CONN_DO_STARTUP},
     BROKEN,
     BROKEN,
     BROKEN,
     BROKEN,
     BROKEN,
     BROKEN,
     CLOSE},
    /* STARTUP */
    {BROKEN,
     BROKEN,
     BROKEN,
     BROKEN,
     {CONN_READY, CONN_DO_ANNOUNCE},
     {CONN_LOGIN, CONN_DO_LOGIN},
     BROKEN,
     BROKEN,
     BROKEN,
     BROKEN,
     CLOSE},
    /* LOGIN */
    {BROKEN,
     BROKEN,
     BROKEN,
     BROKEN,
     BROKEN,
     BROKEN,
     {CONN_LOGIN, CONN_DO_LOGIN},
     {CONN_READY, CONN_DO_ANNOUNCE},
     BROKEN,
     BROKEN,
     CLOSE},
    /* READY */
    {BROKEN,
     BROKEN,
     BROKEN,
     {CONN_READY, 0},
     BROKEN,
     BROKEN,
     BROKEN,
     BROKEN,
     {CONN_DRAINING, 0},
     {CONN_READY, 0},
     CLOSE},
    /* DRAINING */
    {BROKEN,
     BROKEN,
     BROKEN,
     {CONN_DRAINING, 0},
     BROKEN,
     BROKEN,
     BROKEN,
     BROKEN,
     {CONN_DRAINING, 0},
     CLOSE,
     CLOSE},
    /* CLOSED */
    {LATE, LATE, LATE, LATE, LATE, LATE, LATE, LATE, LATE, LATE, LATE},
};

START_TEST(every_pair) {
  enum conn_state state = (enum conn_state)(_i / CONN_EVENT_COUNT);
  enum conn_event event = (enum conn_event)(_i % CONN_EVENT_COUNT);
  struct conn_step step = conn_fsm_step(state, event);
  const struct conn_step *want = &expected[state][event];

  ck_assert_msg(step.next == want->next && step.actions == want->actions,
                "%s, event %d: goes to %s with actions 0x%x, not to %s with "
                "0x%x",
                conn_state_name(state), (int)event, conn_state_name(step.next),
                (unsigned)step.actions, conn_state_name(want->next),
                (unsigned)want->actions);
}
END_TEST

/* Whatever happens, in any order: what is closed stays closed, and a
 * connection is announced only on the way from STARTUP or LOGIN to READY. */
START_TEST(no_path_breaks_the_rules) {
  enum { E = CONN_EVENT_COUNT };

  for (unsigned path = 0; path < E * E * E * E * E * E; path++) {
    enum conn_state state = CONN_IDLE;

    for (unsigned at = 0, rest = path; at < 6; at++, rest /= E) {
      struct conn_step step = conn_fsm_step(state, (enum conn_event)(rest % E));

      if (state == CONN_CLOSED && (step.next != CONN_CLOSED || step.actions))
        ck_abort_msg("path %u leaves CLOSED", path);
      if ((step.actions & CONN_DO_ANNOUNCE) &&
          ((state != CONN_STARTUP && state != CONN_LOGIN) ||
           step.next != CONN_READY))
        ck_abort_msg("path %u announces in vain", path);
      if ((step.next == CONN_CLOSED && state != CONN_CLOSED) !=
          ((step.actions & CONN_DO_CLOSE) != 0))
        ck_abort_msg("path %u closes halfway", path);
      state = step.next;
    }
  }
}
END_TEST

START_TEST(states_have_names) {
  for (int state = 0; state < CONN_STATE_COUNT; state++)
    ck_assert_str_ne(conn_state_name((enum conn_state)state), "");
}
END_TEST

Suite *conn_fsm_suite(void) {
  Suite *s = suite_create("conn_fsm");
  TCase *tc = tcase_create("table");

  tcase_add_loop_test(tc, every_pair, 0, CONN_STATE_COUNT * CONN_EVENT_COUNT);
  tcase_add_test(tc, no_path_breaks_the_rules);
  tcase_add_test(tc, states_have_names);
  suite_add_tcase(s, tc);
  return s;
}
