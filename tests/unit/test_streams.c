/* tests/unit/test_streams.c - stream ids. */
#include <stdlib.h>
#include <string.h>

#include "core/streams.h"
#include "tests/unit/suites.h"

static const struct net_heap heap;
static struct op ops[4];

/* The id, or 0. */
static int16_t take(struct streams *s, struct op *op) {
  int16_t id = streams_next(s);

  if (id != 0)
    streams_take(s, id, op);
  return id;
}

static const uint32_t k_max[] = {1, 2, 7, 2560, 32767, 32768, 100000};

/* Every id from 1 to the last, each once, never 0. */
START_TEST(ids_from_one_to_the_last) {
  uint32_t max = k_max[_i], all = max + STREAM_REST;
  uint32_t last = all > 32767 ? 32767 : all;
  uint8_t *seen = calloc(1, 32768);
  struct streams s;

  ck_assert_int_eq(streams_init(&s, &heap, max), 0);
  for (uint32_t i = 0; i < last; i++) {
    int16_t id = take(&s, &ops[i % 4]);

    if (id < 1 || (uint32_t)id > last || seen[id]++)
      ck_abort_msg("id %d at %u", (int)id, (unsigned)i);
    if (streams_find(&s, id) != &ops[i % 4])
      ck_abort_msg("id %d stands for another", (int)id);
  }
  ck_assert_int_eq(take(&s, &ops[0]), 0);
  /* The first one that is free again is the first to be taken, once enough of
   * them rest. */
  for (uint32_t id = last; id > last - STREAM_REST; id--) {
    streams_release(&s, (int16_t)id);
    ck_assert_ptr_null(streams_find(&s, (int16_t)id));
    ck_assert_int_eq(take(&s, &ops[0]), 0);
  }
  streams_release(&s, 1);
  ck_assert_int_eq(take(&s, &ops[3]), (int)last);
  ck_assert_int_eq(take(&s, &ops[0]), 0);
  streams_fini(&s, &heap);
  free(seen);
}
END_TEST

START_TEST(strange_ids_stand_for_nobody) {
  struct streams s;

  ck_assert_int_eq(streams_init(&s, &heap, 100), 0);
  ck_assert_int_eq(take(&s, &ops[0]), 1);
  for (int id = INT16_MIN; id <= INT16_MAX; id++)
    if ((streams_find(&s, (int16_t)id) != NULL) != (id == 1))
      ck_abort_msg("id %d", id);
  streams_fini(&s, &heap);
}
END_TEST

/* Taken, and standing for nothing that is remembered. */
START_TEST(forgotten_ids_stay_taken) {
  struct streams s;

  ck_assert_int_eq(streams_init(&s, &heap, 1), 0);
  for (int id = 1; id <= 1 + STREAM_REST; id++)
    ck_assert_int_eq(take(&s, &ops[0]), id);
  streams_forget(&s, 7);
  ck_assert(streams_is_forgotten(streams_find(&s, 7)));
  ck_assert(!streams_is_forgotten(streams_find(&s, 6)));
  ck_assert_int_eq(take(&s, &ops[0]), 0);
  streams_release(&s, 7);
  ck_assert_ptr_null(streams_find(&s, 7));
  streams_fini(&s, &heap);
}
END_TEST

/* Looking at the next one, as often as may be, moves nothing on: what could not
 * be sent used up no rest. */
START_TEST(looking_takes_nothing) {
  struct streams s;
  int16_t id;

  ck_assert_int_eq(streams_init(&s, &heap, 1), 0);
  for (int i = 0; i < 100; i++)
    ck_assert_int_eq(streams_next(&s), 1);
  for (int i = 0; i <= STREAM_REST; i++)
    streams_release(&s, (id = take(&s, &ops[0])));
  for (int i = 0; i < 100; i++)
    ck_assert_int_eq(streams_next(&s), 1);
  ck_assert_int_ne(id, 1);
  streams_fini(&s, &heap);
}
END_TEST

/* One that is free again rests until STREAM_REST others are. */
START_TEST(ids_rest) {
  int last[STREAM_REST + 2] = {0}; /* when each was released */
  struct streams s;

  ck_assert_int_eq(streams_init(&s, &heap, 1), 0);
  for (int i = 1; i < 1000; i++) {
    int16_t id = take(&s, &ops[0]);

    ck_assert_int_ge(id, 1);
    ck_assert_int_le(id, STREAM_REST + 1);
    if (last[id] > 0)
      ck_assert_int_gt(i - last[id], STREAM_REST);
    streams_release(&s, id);
    last[id] = i;
  }
  streams_fini(&s, &heap);
}
END_TEST

/* A long random life: an id is given out again only after its release. */
START_TEST(reuse_only_after_release) {
  enum { AT_ONCE = 50, MAX = AT_ONCE + STREAM_REST };
  struct op *owner[MAX + 1] = {NULL};
  uint32_t seed = 1 + (uint32_t)_i, taken = 0;
  struct streams s;

  ck_assert_int_eq(streams_init(&s, &heap, AT_ONCE), 0);
  for (int step = 0; step < 20000; step++) {
    int16_t id;

    seed = seed * 1664525 + 1013904223;
    id = (int16_t)(1 + (seed >> 8) % MAX);
    if (owner[id] != NULL && (seed >> 24) % 2 == 0) {
      streams_release(&s, id);
      owner[id] = NULL;
      taken--;
      continue;
    }
    id = take(&s, &ops[step % 4]);
    if (id == 0 && taken < AT_ONCE)
      ck_abort_msg("step %d: id %d with %u taken", step, (int)id, taken);
    if (id == 0)
      continue;
    if (owner[id] != NULL)
      ck_abort_msg("step %d: id %d is taken", step, (int)id);
    owner[id] = &ops[step % 4];
    taken++;
  }
  for (int id = 1; id <= MAX; id++)
    ck_assert_ptr_eq(streams_find(&s, (int16_t)id), owner[id]);
  streams_fini(&s, &heap);
}
END_TEST

Suite *streams_suite(void) {
  Suite *s = suite_create("streams");
  TCase *tc = tcase_create("ids");

  tcase_add_loop_test(tc, ids_from_one_to_the_last, 0,
                      (int)(sizeof k_max / sizeof k_max[0]));
  tcase_add_test(tc, strange_ids_stand_for_nobody);
  tcase_add_test(tc, forgotten_ids_stay_taken);
  tcase_add_test(tc, looking_takes_nothing);
  tcase_add_test(tc, ids_rest);
  tcase_add_loop_test(tc, reuse_only_after_release, 0, 10);
  suite_add_tcase(s, tc);
  return s;
}
