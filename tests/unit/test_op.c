/* tests/unit/test_op.c - operations: their slots, their values, their one
 * end. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/op.h"
#include "tests/unit/suites.h"

static const struct net_heap heap;

/* ---- Slots -------------------------------------------------------------- */

START_TEST(slots_run_out_and_come_back) {
  struct op *taken[10], *again;
  struct slab slab;

  ck_assert_int_eq(slab_init(&slab, &heap, 10, _i != 0), 0);
  for (int i = 0; i < 10; i++) {
    taken[i] = op_take(&slab);
    ck_assert_ptr_nonnull(taken[i]);
    for (int j = 0; j < i; j++)
      ck_assert_ptr_ne(taken[i], taken[j]);
  }
  ck_assert_ptr_null(op_take(&slab));
  op_release(&heap, taken[3]);
  again = op_take(&slab);
  ck_assert_ptr_eq(again, taken[3]);
  ck_assert_ptr_null(op_take(&slab));
  for (int i = 0; i < 10; i++)
    op_release(&heap, taken[i]);
  for (int i = 0; i < 10; i++)
    ck_assert_ptr_nonnull(op_take(&slab));
  ck_assert_ptr_null(op_take(&slab));
  slab_fini(&slab);
}
END_TEST

/* Whatever the last one left behind. */
START_TEST(slots_come_back_fresh) {
  struct slab slab;
  struct op *op;

  ck_assert_int_eq(slab_init(&slab, &heap, 1, false), 0);
  op = op_take(&slab);
  ck_assert(op_bind_bigint(op, &heap, 7));
  op->deadline = 99;
  op->prepares = 2;
  op->state = OP_UNSETTLED;
  op->user = &slab;
  op_release(&heap, op);
  op = op_take(&slab);
  ck_assert_uint_eq(op->values_len, 0);
  ck_assert_uint_eq(op->value_count, 0);
  ck_assert_uint_eq(op->deadline, 0);
  ck_assert_uint_eq(op->prepares, 0);
  ck_assert_uint_eq(op->state, OP_NEW);
  ck_assert_ptr_null(op->user);
  ck_assert_ptr_eq(op->values, op->inline_values);
  ck_assert(list_empty(&op->queue));
  ck_assert(list_empty(&op->deadline_link));
  slab_fini(&slab);
}
END_TEST

enum { SLOTS = 16, THREADS = 4, TURNS = 20000 };

struct hammer {
  struct slab slab;
  _Atomic int owners[SLOTS];
  _Atomic int failures;
  _Atomic int empty;
};

/* Nobody else may own what was taken. */
static void *hammer(void *arg) {
  struct hammer *h = arg;
  struct op *held[3];

  for (int turn = 0; turn < TURNS; turn++) {
    int n = 0;

    while (n < 1 + turn % 3) {
      struct op *op = op_take(&h->slab);

      if (op == NULL) {
        h->empty++;
        break;
      }
      if (atomic_fetch_add(&h->owners[op - h->slab.ops], 1) != 0)
        h->failures++;
      op->user = held; /* not atomic: a race would be seen by a sanitizer */
      held[n++] = op;
    }
    while (n > 0) {
      struct op *op = held[--n];

      if (op->user != held)
        h->failures++;
      atomic_fetch_sub(&h->owners[op - h->slab.ops], 1);
      op_release(&heap, op);
    }
  }
  return NULL;
}

START_TEST(slots_under_the_hammer) {
  static struct hammer h;
  pthread_t threads[THREADS];

  memset(&h, 0, sizeof h);
  /* Few enough to run out now and then. */
  ck_assert_int_eq(slab_init(&h.slab, &heap, (uint32_t)_i, true), 0);
  for (int i = 0; i < THREADS; i++)
    ck_assert_int_eq(pthread_create(&threads[i], NULL, hammer, &h), 0);
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  ck_assert_int_eq(h.failures, 0);
  for (int i = 0; i < _i; i++)
    ck_assert_ptr_nonnull(op_take(&h.slab));
  ck_assert_ptr_null(op_take(&h.slab));
  slab_fini(&h.slab);
}
END_TEST

START_TEST(outside_the_limit) {
  struct op *op = op_make(&heap);

  ck_assert_ptr_nonnull(op);
  ck_assert_ptr_null(op->slab);
  op_release(&heap, op);
}
END_TEST

static void *no_memory(void *user, size_t size) {
  (void)size;
  return --*(int *)user < 0 ? NULL : malloc(size);
}

static void *no_more(void *user, void *p, size_t size) {
  return --*(int *)user < 0 ? NULL : realloc(p, size);
}

static void give_back(void *user, void *p) {
  (void)user;
  free(p);
}

START_TEST(no_memory_for_slots) {
  int left = _i;
  struct net_heap scarce = {no_memory, no_more, give_back, &left};
  struct slab slab;

  ck_assert_int_eq(slab_init(&slab, &scarce, 4, true), FAILURE_NO_MEMORY);
  left = 0;
  ck_assert_ptr_null(op_make(&scarce));
}
END_TEST

/* ---- Values ------------------------------------------------------------- */

START_TEST(values_in_wire_form) {
  static const uint8_t expected[] = {
      0,    0,    0,    8,    0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xfe,                            /* -2 */
      0,    0,    0,    4,    0x80, 0,    0,    0, /* the smallest int */
      0xff, 0xff, 0xff, 0xfe,                      /* not set */
      0,    0,    0,    5,    '/',  'h',  'o',  'm',  'e', /* text */
      0,    0,    0,    0,                                 /* empty text */
      0,    0,    0,    8,    0x80, 0,    0,    0,    0,
      0,    0,    0};
  struct op *op = op_make(&heap);

  ck_assert(op_bind_bigint(op, &heap, -2));
  ck_assert(op_bind_int(op, &heap, INT32_MIN));
  ck_assert(op_bind_unset(op, &heap));
  ck_assert(op_bind_bytes(op, &heap, "/home", 5));
  ck_assert(op_bind_bytes(op, &heap, "", 0));
  ck_assert(op_bind_bigint(op, &heap, INT64_MIN));
  ck_assert_uint_eq(op->value_count, 6);
  ck_assert_uint_eq(op->values_len, sizeof expected);
  ck_assert_mem_eq(op->values, expected, sizeof expected);
  ck_assert_ptr_eq(op->values, op->inline_values);
  op_release(&heap, op);
}
END_TEST

START_TEST(values_read_back) {
  struct op *op = op_make(&heap);
  uint32_t at = 0, len;
  uint8_t *p;

  ck_assert(!op_value_next(op, &at, &p, &len));
  ck_assert(op_bind_bigint(op, &heap, 258));
  ck_assert(op_bind_unset(op, &heap));
  ck_assert(op_bind_bytes(op, &heap, "", 0));
  ck_assert(op_bind_bytes(op, &heap, "/home", 5));
  ck_assert(op_value_next(op, &at, &p, &len));
  ck_assert_uint_eq(len, 8);
  ck_assert_mem_eq(p, "\0\0\0\0\0\0\1\2", 8);
  ck_assert(op_value_next(op, &at, &p, &len));
  ck_assert_ptr_null(p);
  ck_assert_uint_eq(len, 0);
  ck_assert(op_value_next(op, &at, &p, &len));
  ck_assert_ptr_nonnull(p);
  ck_assert_uint_eq(len, 0);
  ck_assert(op_value_next(op, &at, &p, &len));
  ck_assert_uint_eq(len, 5);
  ck_assert_mem_eq(p, "/home", 5);
  ck_assert(!op_value_next(op, &at, &p, &len));
  op_release(&heap, op);
}
END_TEST

/* 128 bytes stay in the slot; the next value moves them all to the heap. */
START_TEST(values_move_to_the_heap) {
  uint8_t key[124];
  struct op *op = op_make(&heap);

  memset(key, 'k', sizeof key);
  ck_assert(op_bind_bytes(op, &heap, key, sizeof key));
  ck_assert_uint_eq(op->values_len, 128);
  ck_assert_ptr_eq(op->values, op->inline_values);
  for (int i = 0; i < _i; i++) {
    ck_assert(op_bind_bigint(op, &heap, i));
    ck_assert_ptr_ne(op->values, op->inline_values);
  }
  ck_assert_uint_eq(op->values_len, 128 + 12 * (unsigned)_i);
  ck_assert_uint_ge(op->values_cap, op->values_len);
  ck_assert_uint_eq(op->values[3], 124);
  ck_assert_mem_eq(op->values + 4, key, sizeof key);
  for (int i = 0; i < _i; i++)
    ck_assert_uint_eq(op->values[128 + 12 * i + 11], (unsigned)i);
  op_release(&heap, op);
}
END_TEST

/* What was bound before is whole when there is no memory for more. */
START_TEST(no_memory_for_values) {
  uint8_t key[200] = {0};
  int left = 1 + _i;
  struct net_heap scarce = {no_memory, no_more, give_back, &left};
  struct op *op = op_make(&scarce);

  ck_assert_ptr_nonnull(op);
  ck_assert(op_bind_bigint(op, &scarce, 5));
  if (_i == 1) /* the first piece of the heap is there, the second not */
    ck_assert(op_bind_bytes(op, &scarce, key, 150));
  ck_assert(!op_bind_bytes(op, &scarce, key, sizeof key));
  ck_assert_uint_eq(op->value_count, 1 + (unsigned)_i);
  ck_assert_uint_eq(op->values[11], 5);
  op_release(&scarce, op);
}
END_TEST

/* ---- The end ------------------------------------------------------------ */

struct ending {
  int calls;
  uint64_t operation;
  int code;
  enum outcome outcome;
  struct op *slot; /* what op_take() gave inside */
  struct slab *slab;
};

static void on_end(op_callback *callback, void *user,
                   const struct answer *answer) {
  struct ending *e = user;

  ck_assert(callback == NULL);
  e->calls++;
  e->code = answer->code;
  e->outcome = answer->outcome;
  if (answer->failure != NULL)
    e->operation = answer->failure->operation;
  e->slot = op_take(e->slab);
}

static const struct statement counts = {.effect = EFFECT_COUNT, .table = "t"};
static const struct statement changes = {.effect = EFFECT_SCHEMA, .table = "t"};
static const struct statement reads = {.effect = EFFECT_READ, .table = "t"};

static struct op *pending(struct context *c, struct slab *slab,
                          struct ending *e, const struct statement *statement) {
  struct op *op = op_take(slab);

  memset(e, 0, sizeof *e);
  e->slab = slab;
  op->done = on_end;
  op->user = e;
  op->statement = statement;
  op->state = OP_QUEUED;
  c->pending++;
  return op;
}

START_TEST(ends_give_the_slot_back_first) {
  struct context c = {.pending = 0};
  struct list queue, fifo;
  struct ending e;
  struct slab slab;
  struct op *op;

  ck_assert_int_eq(slab_init(&slab, &heap, 1, false), 0);
  op = pending(&c, &slab, &e, &counts);
  list_init(&queue);
  list_init(&fifo);
  list_push(&queue, &op->queue);
  list_push(&fifo, &op->deadline_link);
  op_finish_applied(&c, op);
  ck_assert_int_eq(e.calls, 1);
  ck_assert_int_eq(e.outcome, OUTCOME_APPLIED);
  ck_assert_int_eq(e.code, 0);
  ck_assert_ptr_eq(e.slot, op);
  ck_assert_uint_eq(c.pending, 0);
  ck_assert(list_empty(&queue));
  ck_assert(list_empty(&fifo));
  slab_fini(&slab);
}
END_TEST

/* It is kept for its late answer: its slot is not free yet. */
START_TEST(abandoned_keeps_its_slot) {
  struct context c = {.pending = 0};
  struct ending e;
  struct slab slab;
  struct op *op;

  ck_assert_int_eq(slab_init(&slab, &heap, 1, false), 0);
  op = pending(&c, &slab, &e, &counts);
  op->state = OP_UNSETTLED;
  op_fail(&c, op, EVENT_DEADLINE, "h:1", NULL);
  ck_assert_int_eq(e.calls, 1);
  ck_assert_int_eq(e.outcome, OUTCOME_UNKNOWN);
  ck_assert_int_eq(e.code, FAILURE_TIMED_OUT);
  ck_assert_ptr_null(e.slot);
  op_release(&heap, op);
  ck_assert_ptr_nonnull(op_take(&slab));
  slab_fini(&slab);
}
END_TEST

/* Increments that end UNKNOWN are numbered, whatever else ends between them. */
START_TEST(unknown_increments_are_numbered) {
  struct context c = {.last_operation = 40};
  struct ending e;
  struct slab slab;
  struct op *op;

  ck_assert_int_eq(slab_init(&slab, &heap, 9, false), 0);
  op_fail(&c, pending(&c, &slab, &e, &counts), EVENT_OVERLOADED, NULL, NULL);
  ck_assert_uint_eq(e.operation, 41);
  op_fail(&c, pending(&c, &slab, &e, &counts), EVENT_INVALID, NULL, NULL);
  ck_assert_uint_eq(e.operation, 0);
  op_fail(&c, pending(&c, &slab, &e, &reads), EVENT_OVERLOADED, NULL, NULL);
  ck_assert_uint_eq(e.operation, 0);
  op = pending(&c, &slab, &e, &changes);
  op->kind = OP_QUERY;
  op_fail(&c, op, EVENT_OVERLOADED, NULL, NULL);
  ck_assert_int_eq(e.outcome, OUTCOME_UNKNOWN);
  ck_assert_uint_eq(e.operation, 0);
  op = pending(&c, &slab, &e, &counts);
  op->kind = OP_PREPARE;
  op_fail(&c, op, EVENT_DEADLINE, NULL, NULL);
  ck_assert_uint_eq(e.operation, 0);
  op = pending(&c, &slab, &e, &counts);
  op->state = OP_UNSETTLED;
  op_fail(&c, op, EVENT_DEADLINE, NULL, NULL);
  ck_assert_uint_eq(e.operation, 42);
  ck_assert_uint_eq(op->operation, 42);
  ck_assert_ptr_eq(op->statement, &counts);
  slab_fini(&slab);
}
END_TEST

START_TEST(fails_as_the_table_says) {
  struct context c = {.pending = 0};
  struct ending e;
  struct slab slab;

  ck_assert_int_eq(slab_init(&slab, &heap, 1, false), 0);
  op_fail(&c, pending(&c, &slab, &e, &counts), (enum event)_i, NULL, "why");
  ck_assert_int_eq(e.outcome, outcome_table[_i].outcome);
  ck_assert_int_eq(e.code, outcome_table[_i].code);
  op_release(&heap, e.slot);
  op_fail(&c, pending(&c, &slab, &e, &reads), (enum event)_i, NULL, "why");
  ck_assert_int_eq(e.outcome, OUTCOME_NOT_APPLIED); /* a read never counts */
  slab_fini(&slab);
}
END_TEST

Suite *op_suite(void) {
  Suite *s = suite_create("op");
  TCase *tc = tcase_create("slots");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, slots_run_out_and_come_back, 0, 2);
  tcase_add_test(tc, slots_come_back_fresh);
  tcase_add_loop_test(tc, slots_under_the_hammer, 1, SLOTS + 1);
  tcase_add_test(tc, outside_the_limit);
  tcase_add_loop_test(tc, no_memory_for_slots, 0, 2);
  suite_add_tcase(s, tc);
  tc = tcase_create("values");
  tcase_add_test(tc, values_in_wire_form);
  tcase_add_test(tc, values_read_back);
  tcase_add_loop_test(tc, values_move_to_the_heap, 0, 40);
  tcase_add_loop_test(tc, no_memory_for_values, 0, 2);
  suite_add_tcase(s, tc);
  tc = tcase_create("end");
  tcase_add_test(tc, ends_give_the_slot_back_first);
  tcase_add_test(tc, abandoned_keeps_its_slot);
  tcase_add_test(tc, unknown_increments_are_numbered);
  tcase_add_loop_test(tc, fails_as_the_table_says, EVENT_NEVER_ENCODED,
                      EVENT_COUNT);
  suite_add_tcase(s, tc);
  return s;
}
