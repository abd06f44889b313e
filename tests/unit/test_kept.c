/* tests/unit/test_kept.c - which increments are kept for a late answer, and
 * which slots that leaves. */
#include <string.h>

#include "tests/support/rig.h"
#include "tests/unit/suites.h"

/* Long enough for what is to be applied, short enough to wait for what is held
 * back. */
enum { TIMEOUT_MS = 500, SLOTS = 6 };

struct seen {
  _Atomic int calls;
  uint64_t operations[SLOTS];
};

static void on_settled(void *user, const tally_settled *settled) {
  struct seen *seen = user;

  if (seen->calls < SLOTS)
    seen->operations[seen->calls] = settled->operation;
  atomic_fetch_add(&seen->calls, 1);
}

static void setup(struct rig *r, struct seen *seen, enum rig_mode mode,
                  uint32_t slots) {
  memset(seen, 0, sizeof *seen);
  rig_init(r, mode);
  r->options.increment_timeout_ms = TIMEOUT_MS;
  r->options.max_in_flight = slots;
  r->options.on_settled = on_settled;
  r->options.on_settled_user = seen;
}

static void is_unknown(struct rig *r, struct done *d) {
  ck_assert(rig_done(r, d));
  ck_assert_int_eq(d->status, TALLY_EUNKNOWN);
  ck_assert_int_eq(d->error.cause, TALLY_ETIMEDOUT);
  ck_assert_uint_ne(d->error.operation, 0);
}

static void all_applied(struct rig *r, int count) {
  static struct done done[SLOTS];

  memset(done, 0, sizeof done);
  for (int i = 0; i < count; i++)
    rig_submit(r, "/more", 1, &done[i]);
  for (int i = 0; i < count; i++) {
    ck_assert(rig_done(r, &done[i]));
    ck_assert_int_eq(done[i].outcome, TALLY_APPLIED);
  }
}

/* The server has sent what it held back, and it was read: later answers of the
 * same connection have come. */
static void release_and_read(struct rig *r) {
  script_release(r->server);
  for (int i = 0; i < 3; i++)
    rig_answered(r, "/next");
}

/* All slots were in flight on a host that fell silent: they are free again at
 * their deadline, but for the newest half of them, and these settle. */
START_TEST(the_newest_half) {
  static struct done held[SLOTS];
  struct seen seen;
  struct rig r;

  memset(held, 0, sizeof held);
  setup(&r, &seen, (enum rig_mode)_i, SLOTS);
  rig_connect(&r);
  rig_answered(&r, "/first");
  script_next_kind(r.server, AT_UPDATE, SCRIPT_HOLD, SLOTS);
  for (int i = 0; i < SLOTS; i++)
    rig_submit(&r, "/home", 1 + i, &held[i]);
  for (int i = 0; i < SLOTS; i++)
    is_unknown(&r, &held[i]);
  all_applied(&r, SLOTS / 2);
  release_and_read(&r);
  ck_assert_int_eq(seen.calls, SLOTS / 2);
  for (int i = 0; i < SLOTS / 2; i++)
    ck_assert_uint_eq(seen.operations[i], held[SLOTS / 2 + i].error.operation);
  /* All answers have come: all slots are free. */
  all_applied(&r, SLOTS);
  ck_assert_int_eq(script_sum(r.server, "/home", "views"), 21);
  ck_assert_uint_eq(script_accepted(r.server), 1);
  rig_fini(&r);
}
END_TEST

/* Nobody wants to know, or half of the slots are none: nothing is kept. */
START_TEST(none) {
  struct done d;
  struct seen seen;
  struct rig r;

  setup(&r, &seen, (enum rig_mode)(_i / 2), 1);
  if (_i % 2 == 0)
    r.options.on_settled = NULL;
  rig_connect(&r);
  rig_answered(&r, "/first");
  for (int i = 0; i < 3; i++) {
    memset(&d, 0, sizeof d);
    script_next_kind(r.server, AT_UPDATE, SCRIPT_HOLD, 1);
    rig_submit(&r, "/home", 7, &d);
    is_unknown(&r, &d);
  }
  all_applied(&r, 1);
  release_and_read(&r);
  all_applied(&r, 1);
  ck_assert_int_eq(seen.calls, 0);
  ck_assert_int_eq(script_sum(r.server, "/home", "views"), 21);
  ck_assert_uint_eq(script_accepted(r.server), 1);
  rig_fini(&r);
}
END_TEST

/* The connection ends: what was kept on it gives its slots back. */
START_TEST(none_without_a_connection) {
  struct done d[2] = {{0}}, lost = {0};
  struct seen seen;
  struct rig r;

  setup(&r, &seen, (enum rig_mode)_i, SLOTS);
  rig_connect(&r);
  rig_answered(&r, "/first");
  script_next_kind(r.server, AT_UPDATE, SCRIPT_HOLD, 2);
  for (int i = 0; i < 2; i++)
    rig_submit(&r, "/home", 7, &d[i]);
  for (int i = 0; i < 2; i++)
    is_unknown(&r, &d[i]);
  script_next_kind(r.server, AT_UPDATE, SCRIPT_CLOSE, 1);
  rig_increment(&r, "/home", 1, &lost);
  ck_assert_int_eq(lost.error.cause, TALLY_ELOST);
  rig_answered(&r, "/next");
  all_applied(&r, SLOTS);
  ck_assert_int_eq(seen.calls, 0);
  rig_fini(&r);
}
END_TEST

Suite *kept_suite(void) {
  Suite *s = suite_create("kept");
  TCase *tc = tcase_create("slots");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, the_newest_half, 0, RIG_MODES);
  tcase_add_loop_test(tc, none, 0, 2 * RIG_MODES);
  tcase_add_loop_test(tc, none_without_a_connection, 0, RIG_MODES);
  suite_add_tcase(s, tc);
  return s;
}
