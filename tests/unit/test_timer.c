/* tests/unit/test_timer.c - the sorted list of timers, and the FIFOs of
 * deadlines. */
#include <stdlib.h>
#include <string.h>

#include "core/deadline.h"
#include "core/timer.h"
#include "tests/unit/suites.h"

/* ---- Timers ------------------------------------------------------------- */

enum { TIMERS = 5 };

struct clockwork {
  struct timer timer; /* first: a timer is its clockwork */
  int number;
};

static struct timer_list list;
static struct clockwork works[TIMERS];
static int fired[64], fired_count;

static void note(struct timer *timer) {
  fired[fired_count++] = ((struct clockwork *)(void *)timer)->number;
}

static void wind_up(void (*fire)(struct timer *timer)) {
  timer_list_init(&list);
  fired_count = 0;
  for (int i = 0; i < TIMERS; i++) {
    works[i].number = i;
    timer_init(&works[i].timer, fire);
  }
}

START_TEST(no_timers) {
  wind_up(note);
  ck_assert_uint_eq(timer_next(&list), 0);
  timer_run(&list, UINT64_MAX);
  timer_stop(&works[0].timer); /* never set: harmless */
  ck_assert_int_eq(fired_count, 0);
}
END_TEST

/* Every order in which five timers may be set: they fire by time, and those of
 * the same time in the order they were set. */
START_TEST(fire_in_order) {
  static const uint64_t at[TIMERS] = {30, 10, 20, 20, 40};
  int rest = _i, left[TIMERS] = {0, 1, 2, 3, 4}, order[TIMERS];

  wind_up(note);
  for (int n = TIMERS; n > 0; n--) {
    int pick = rest % n;

    rest /= n;
    order[TIMERS - n] = left[pick];
    for (int i = pick; i + 1 < n; i++)
      left[i] = left[i + 1];
  }
  for (int i = 0; i < TIMERS; i++)
    timer_set(&list, &works[order[i]].timer, at[order[i]]);
  ck_assert_uint_eq(timer_next(&list), 10);
  timer_run(&list, 9);
  ck_assert_int_eq(fired_count, 0);
  timer_run(&list, 10);
  ck_assert_int_eq(fired_count, 1);
  ck_assert_int_eq(fired[0], 1);
  timer_run(&list, 39);
  ck_assert_int_eq(fired_count, 4);
  ck_assert_int_eq(fired[3], 0);
  for (int i = 0; i < TIMERS; i++) /* 2 and 3: as they were set */
    if (order[i] == 2 || order[i] == 3) {
      ck_assert_int_eq(fired[1], order[i]);
      break;
    }
  ck_assert_uint_eq(timer_next(&list), 40);
  timer_run(&list, 1000);
  ck_assert_int_eq(fired_count, 5);
  ck_assert_uint_eq(timer_next(&list), 0);
}
END_TEST

START_TEST(move_and_stop) {
  wind_up(note);
  timer_set(&list, &works[0].timer, 10);
  timer_set(&list, &works[1].timer, 20);
  timer_set(&list, &works[0].timer, 30);
  ck_assert_uint_eq(timer_next(&list), 20);
  timer_set(&list, &works[0].timer, 5);
  ck_assert_uint_eq(timer_next(&list), 5);
  timer_stop(&works[0].timer);
  timer_stop(&works[0].timer);
  ck_assert_uint_eq(timer_next(&list), 20);
  timer_run(&list, 100);
  ck_assert_int_eq(fired_count, 1);
  ck_assert_int_eq(fired[0], 1);
}
END_TEST

/* 0 stops 1 and 2 (both due), and sets itself and 3 again. */
static void meddle(struct timer *timer) {
  note(timer);
  if (timer != &works[0].timer)
    return;
  timer_stop(&works[1].timer);
  timer_stop(&works[2].timer);
  if (fired_count < 3)
    timer_set(&list, timer, 15);
  timer_set(&list, &works[3].timer, 100);
}

START_TEST(timers_meddle_with_others) {
  wind_up(meddle);
  for (int i = 0; i < 3; i++)
    timer_set(&list, &works[i].timer, 10 + (uint64_t)i);
  timer_run(&list, 20);
  ck_assert_int_eq(fired_count, 3); /* 0, set again while due, three times */
  for (int i = 0; i < 3; i++)
    ck_assert_int_eq(fired[i], 0);
  ck_assert_uint_eq(timer_next(&list), 100);
}
END_TEST

/* ---- Deadlines ---------------------------------------------------------- */

enum { OPS = 6 };

static struct deadlines deadlines;
static struct op ops[OPS];

static void add(int i, enum timeout_kind kind, uint64_t at) {
  list_init(&ops[i].deadline_link);
  ops[i].timeout = (uint8_t)kind;
  ops[i].deadline = at;
  deadlines_add(&deadlines, &ops[i]);
}

START_TEST(no_deadlines) {
  deadlines_init(&deadlines);
  ck_assert_uint_eq(deadlines_next(&deadlines), 0);
  ck_assert_ptr_null(deadlines_due(&deadlines, UINT64_MAX));
}
END_TEST

/* The next is the first over all FIFOs; what is due stays until it ends. */
START_TEST(first_of_all_kinds) {
  deadlines_init(&deadlines);
  add(0, TIMEOUT_INCREMENT, 600);
  add(1, TIMEOUT_READ, 200);
  add(2, TIMEOUT_SCHEMA, 1000);
  add(3, TIMEOUT_PAUSE, 100);
  add(4, TIMEOUT_READ, 210);
  ck_assert_uint_eq(deadlines_next(&deadlines), 100);
  ck_assert_ptr_null(deadlines_due(&deadlines, 99));
  ck_assert_ptr_eq(deadlines_due(&deadlines, 100), &ops[3]);
  ck_assert_ptr_eq(deadlines_due(&deadlines, 100), &ops[3]);
  list_remove(&ops[3].deadline_link);
  ck_assert_uint_eq(deadlines_next(&deadlines), 200);
  list_remove(&ops[1].deadline_link);
  ck_assert_uint_eq(deadlines_next(&deadlines), 210);
  for (int i = 0; i < 3; i++) {
    struct op *op = deadlines_due(&deadlines, UINT64_MAX);

    ck_assert_ptr_nonnull(op);
    list_remove(&op->deadline_link);
  }
  ck_assert_ptr_null(deadlines_due(&deadlines, UINT64_MAX));
}
END_TEST

/* An operation may leave from the middle. */
START_TEST(leave_from_the_middle) {
  deadlines_init(&deadlines);
  for (int i = 0; i < OPS; i++)
    add(i, TIMEOUT_INCREMENT, 100 + (uint64_t)i);
  list_remove(&ops[2].deadline_link);
  list_remove(&ops[5].deadline_link);
  for (int i = 0; i < 5; i++) {
    struct op *op;

    if (i == 2)
      continue;
    op = deadlines_due(&deadlines, 1000);
    ck_assert_ptr_eq(op, &ops[i]);
    list_remove(&op->deadline_link);
  }
  ck_assert_uint_eq(deadlines_next(&deadlines), 0);
}
END_TEST

/* One of another thread came late and stands behind a later deadline: it is
 * noticed after that one, and not lost. */
START_TEST(late_comer) {
  deadlines_init(&deadlines);
  add(0, TIMEOUT_INCREMENT, 110);
  add(1, TIMEOUT_INCREMENT, 100);
  ck_assert_ptr_null(deadlines_due(&deadlines, 105));
  ck_assert_ptr_eq(deadlines_due(&deadlines, 110), &ops[0]);
  list_remove(&ops[0].deadline_link);
  ck_assert_ptr_eq(deadlines_due(&deadlines, 110), &ops[1]);
}
END_TEST

Suite *timer_suite(void) {
  Suite *s = suite_create("timer");
  TCase *tc = tcase_create("timers");

  tcase_add_test(tc, no_timers);
  tcase_add_loop_test(tc, fire_in_order, 0, 120);
  tcase_add_test(tc, move_and_stop);
  tcase_add_test(tc, timers_meddle_with_others);
  suite_add_tcase(s, tc);
  tc = tcase_create("deadlines");
  tcase_add_test(tc, no_deadlines);
  tcase_add_test(tc, first_of_all_kinds);
  tcase_add_test(tc, leave_from_the_middle);
  tcase_add_test(tc, late_comer);
  suite_add_tcase(s, tc);
  return s;
}
