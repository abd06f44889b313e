/* tests/unit/test_control_fsm.c - every (state, event) pair against a table
 * that was written out by hand. */
#include <stdbool.h>

#include "core/control_fsm.h"
#include "tests/unit/suites.h"

/* A table, laid out by hand. */
/* clang-format off */
/* What becomes of it is named by the state; what is asked by the action. */
#define S(state)      {CONTROL_##state, 0}
#define D(state, act) {CONTROL_##state, CONTROL_DO_##act}
#define LEAVE         D(SEEKING, LEAVE)
#define SEEK          D(SEEKING, SEEK)
#define END           S(CLOSED)

/* Columns: ATTACHED, DONE, REFUSED, FAILED, ALL, DETACHED, HINT, KEYSPACE,
 * TIMER, CLOSE. */
static const struct control_step
    expected[CONTROL_STATE_COUNT][CONTROL_EVENT_COUNT] = {
        /* SEEKING */
        {D(REGISTERING, REGISTER), S(SEEKING), S(SEEKING), S(SEEKING),
         S(SEEKING), S(SEEKING), S(SEEKING), S(SEEKING), SEEK, END},
        /* REGISTERING: all is read after it anyway */
        {S(REGISTERING), D(LOCAL, LOCAL), LEAVE, LEAVE, S(REGISTERING), SEEK,
         S(REGISTERING), S(REGISTERING), S(REGISTERING), END},
        /* LOCAL */
        {S(LOCAL), D(PEERS_V2, PEERS_V2), LEAVE, LEAVE, S(LOCAL), SEEK,
         D(LOCAL, AGAIN), S(LOCAL), S(LOCAL), END},
        /* PEERS_V2 */
        {S(PEERS_V2), D(KEYSPACES, KEYSPACE), D(PEERS, PEERS), LEAVE,
         S(PEERS_V2), SEEK, D(PEERS_V2, AGAIN), S(PEERS_V2), S(PEERS_V2), END},
        /* PEERS */
        {S(PEERS), D(KEYSPACES, KEYSPACE), LEAVE, LEAVE, S(PEERS), SEEK,
         D(PEERS, AGAIN), S(PEERS), S(PEERS), END},
        /* KEYSPACES: a new one is found by the search for the next */
        {S(KEYSPACES), D(KEYSPACES, KEYSPACE), LEAVE, LEAVE, D(IDLE, PUBLISH),
         SEEK, D(KEYSPACES, AGAIN), S(KEYSPACES), S(KEYSPACES), END},
        /* IDLE */
        {S(IDLE), S(IDLE), S(IDLE), LEAVE, S(IDLE), SEEK, D(DUE, WAIT),
         D(KEYSPACES, KEYSPACE), D(LOCAL, LOCAL), END},
        /* DUE */
        {S(DUE), S(DUE), S(DUE), S(DUE), S(DUE), SEEK, S(DUE),
         {CONTROL_KEYSPACES, CONTROL_DO_AGAIN | CONTROL_DO_KEYSPACE},
         D(LOCAL, LOCAL), END},
        /* CLOSED */
        {END, END, END, END, END, END, END, END, END, END},
};
/* clang-format on */

START_TEST(every_pair) {
  int state = _i / CONTROL_EVENT_COUNT, event = _i % CONTROL_EVENT_COUNT;
  struct control_step step =
      control_fsm_step((enum control_state)state, (enum control_event)event);
  const struct control_step *want = &expected[state][event];

  ck_assert_msg(step.next == want->next && step.actions == want->actions,
                "state %d, event %d: goes to %d with actions 0x%x, not to %d "
                "with 0x%x",
                state, event, (int)step.next, (unsigned)step.actions,
                (int)want->next, (unsigned)want->actions);
}
END_TEST

enum {
  ASKS = CONTROL_DO_REGISTER | CONTROL_DO_LOCAL | CONTROL_DO_PEERS_V2 |
         CONTROL_DO_PEERS | CONTROL_DO_KEYSPACE
};

/* Whatever happens, in any order: one request at a time, and none without a
 * connection. */
START_TEST(no_path_breaks_the_rules) {
  for (unsigned path = 0; path < 1000000; path++) {
    enum control_state state = CONTROL_SEEKING;
    bool asked = false;

    for (unsigned at = 0, rest = path; at < 6; at++, rest /= 10) {
      enum control_event event = (enum control_event)(rest % 10);
      struct control_step step = control_fsm_step(state, event);

      /* Answers come to what was asked, and connections to who has none. */
      if ((event == CONTROL_EV_DONE || event == CONTROL_EV_REFUSED ||
           event == CONTROL_EV_FAILED || event == CONTROL_EV_ALL) &&
          !asked)
        continue;
      if (event >= CONTROL_EV_DONE && event <= CONTROL_EV_DETACHED)
        asked = false;
      if ((step.actions & ASKS) && asked)
        ck_abort_msg("path %u asks twice", path);
      if ((step.actions & ASKS) && step.next == CONTROL_SEEKING)
        ck_abort_msg("path %u asks nobody", path);
      asked = asked || (step.actions & ASKS) != 0;
      state = step.next;
    }
  }
}
END_TEST

Suite *control_fsm_suite(void) {
  Suite *s = suite_create("control_fsm");
  TCase *tc = tcase_create("table");

  tcase_add_loop_test(tc, every_pair, 0,
                      CONTROL_STATE_COUNT * CONTROL_EVENT_COUNT);
  tcase_add_test(tc, no_path_breaks_the_rules);
  suite_add_tcase(s, tc);
  return s;
}
