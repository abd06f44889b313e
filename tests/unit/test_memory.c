/* tests/unit/test_memory.c - whose memory it is, how much, and that an
 * increment asks for none. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/malloc_count.h"
#include "tests/support/rig.h"
#include "tests/unit/suites.h"

/* ---- No allocation per increment ---------------------------------------- */

enum { BATCH = 100, ROUNDS = 20 };

/* Not on the stack of a test: the callbacks may outlive a failed one. */
static _Atomic int ended, applied;

static void count_end(void *user, const tally_result *result) {
  (void)user;
  applied += result->outcome == TALLY_APPLIED;
  ended++;
}

static bool batch_ended(void *arg) {
  return atomic_load(&ended) >= *(const int *)arg;
}

/* A key of 100 bytes and two counters are, with their lengths, the 128 bytes
 * of values that a slot holds.  No checks here: they allocate. */
static void batch(struct rig *r, int *total) {
  static const char key[12 + 12 + 4 + 100 <= 128 ? 101 : -1] =
      "/012345678901234567890123456789012345678901234567890123456789012345678"
      "012345678901234567890123456789";
  page_hits row = {.url = key, .views = 1, .unique_visitors = -1};

  for (int i = 0; i < BATCH; i++)
    if (tally_increment_async(r->hits, &row, count_end, NULL, NULL) == 0)
      ++*total;
}

static _Atomic uint64_t uv_calls;

static void *uv_malloc(size_t size) {
  uv_calls++;
  return malloc(size);
}

static void *uv_realloc(void *p, size_t size) {
  uv_calls++;
  return realloc(p, size);
}

static void *uv_calloc(size_t n, size_t size) {
  uv_calls++;
  return calloc(n, size);
}

START_TEST(no_allocation_per_increment) {
  uint64_t own, all, uv;
  int total = 0;
  struct rig r;

  ended = applied = 0;
  script_thread_begins = malloc_count_leave_out;
  ck_assert_int_eq(uv_replace_allocator(uv_malloc, uv_realloc, uv_calloc, free),
                   0);
  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  batch(&r, &total); /* prepares the statement */
  ck_assert(rig_until(&r, batch_ended, &total));
  own = r.heap.calls;
  all = malloc_count();
  uv = uv_calls;
  for (int i = 0; i < ROUNDS; i++) {
    batch(&r, &total);
    rig_until(&r, batch_ended, &total);
  }
  own = r.heap.calls - own;
  all = malloc_count() - all;
  uv = uv_calls - uv;
  ck_assert_int_eq(total, BATCH * (ROUNDS + 1));
  ck_assert_int_eq(applied, total);
  ck_assert_msg(own == 0 && all == 0 && uv == 0,
                "%s: %d increments asked %llu times through the allocator, "
                "%llu times malloc, libuv %llu times",
                rig_mode_name(r.mode), BATCH * ROUNDS, (unsigned long long)own,
                (unsigned long long)all, (unsigned long long)uv);
  rig_fini(&r);
}
END_TEST

/* The counter counts: longer keys need a piece each. */
START_TEST(long_keys_need_memory) {
  char key[500];
  uint64_t own;
  struct rig r;

  memset(key, 'k', sizeof key - 1);
  key[sizeof key - 1] = '\0';
  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  rig_applied(&r, key);
  own = r.heap.calls;
  rig_applied(&r, key);
  ck_assert_uint_eq(r.heap.calls - own, 1);
  rig_fini(&r);
}
END_TEST

/* ---- The allocator option ----------------------------------------------- */

/* Connect, open, count, read and close; returns the first error. */
static int scenario(struct rig *r) {
  page_hits row = {.url = "/home", .views = 1};
  int rc = tally_connect(&r->session, &r->options, &r->error);

  if (rc != 0)
    return rc;
  rc = tally_table_open(&r->hits, r->session, &page_hits_definition, &r->error);
  if (rc == 0)
    rc = tally_sync_table(r->hits, NULL, &r->error);
  if (rc == 0)
    rc = tally_increment(r->hits, &row, &r->error);
  if (rc == 0)
    rc = tally_get(r->hits, &row, &r->error);
  tally_close(r->session);
  r->session = NULL;
  return rc;
}

/* All of it goes through the option: the library's own objects never call
 * malloc beside it. */
START_TEST(everything_through_the_allocator) {
  uint64_t own, all;
  struct rig r;
  int rc;

  script_thread_begins = malloc_count_leave_out;
  rig_init(&r, _i == 0 ? RIG_THREADS : RIG_INLINE);
  own = r.heap.calls;
  all = malloc_count();
  rc = scenario(&r);
  own = r.heap.calls - own;
  all = malloc_count() - all;
  ck_assert_int_eq(rc, 0);
  /* The rig's allocator calls malloc once for each. */
  ck_assert_uint_eq(own, all);
  ck_assert_uint_gt(own, 10);
  rig_fini(&r);
}
END_TEST

/* ---- No memory ---------------------------------------------------------- */

struct scarce {
  _Atomic int64_t left; /* allocations that succeed */
  _Atomic int64_t live;
};

static void *scarce_allocate(void *user, size_t size) {
  struct scarce *scarce = user;

  if (atomic_fetch_sub(&scarce->left, 1) <= 0)
    return NULL;
  scarce->live++;
  return malloc(size);
}

static void *scarce_resize(void *user, void *p, size_t size) {
  struct scarce *scarce = user;

  if (atomic_fetch_sub(&scarce->left, 1) <= 0)
    return NULL;
  scarce->live += p == NULL;
  return realloc(p, size);
}

static void scarce_release(void *user, void *p) {
  ((struct scarce *)user)->live--;
  free(p);
}

/* Once for each allocation, with that one and all after it failing. */
START_TEST(no_memory_anywhere) {
  struct scarce scarce = {0};
  int64_t limit = 0;
  struct rig r;
  int rc;

  rig_init(&r, _i == 0 ? RIG_THREADS : RIG_INLINE);
  r.options.connect_timeout_ms = 1000;
  r.options.increment_timeout_ms = 1000;
  r.options.read_timeout_ms = 1000;
  r.options.allocator = (tally_allocator){scarce_allocate, scarce_resize,
                                          scarce_release, &scarce};
  do {
    scarce.left = limit;
    rc = scenario(&r);
    ck_assert_msg(scarce.live == 0,
                  "%lld pieces are left when allocation "
                  "%lld fails",
                  (long long)scarce.live, (long long)limit);
    ck_assert_msg(rc == 0 || r.error.outcome == TALLY_NOT_APPLIED,
                  "allocation %lld: %s: %s", (long long)limit, r.error.message,
                  r.error.detail);
    ck_assert_msg(rc == 0 || rc == TALLY_ENOMEM || rc == TALLY_ESYSTEM ||
                      rc == TALLY_ECONNECT,
                  "allocation %lld: %s: %s: %s", (long long)limit,
                  tally_error_name(rc), r.error.message, r.error.detail);
    limit++;
  } while (rc != 0 && limit < 500);
  ck_assert_int_eq(rc, 0);
  ck_assert_int_gt(limit, 10);
  rig_fini(&r);
}
END_TEST

struct inside {
  tally_table *hits;
  int ended;
  int refused; /* blocking calls that were told EDEADLK */
};

static void block_inside(void *user, const tally_result *result) {
  page_hits row = {.url = "/inside", .views = 1, .unique_visitors = 1};
  struct inside *in = user;

  in->ended++;
  ck_assert_int_eq(result->status, TALLY_ENOMEM);
  in->refused += tally_increment(in->hits, &row, NULL) == TALLY_EDEADLK;
}

/* A blocking call of an inline session sends what waits, and of what waits one
 * that cannot be sent may end there: its callback is a callback like any. */
START_TEST(no_memory_inside_a_blocking_call) {
  page_hits known = {.url = "/", .views = 1, .unique_visitors = 1};
  page_hits first = {.url = "/", .views = 1};
  page_hits second = {.url = "/", .unique_visitors = 1};
  struct scarce scarce = {.left = INT64_MAX};
  struct inside in = {0};
  struct rig r;

  rig_init(&r, RIG_INLINE);
  r.options.allocator = (tally_allocator){scarce_allocate, scarce_resize,
                                          scarce_release, &scarce};
  rig_connect(&r);
  in.hits = r.hits;
  ck_assert_int_eq(tally_increment(r.hits, &known, &r.error), 0);
  ck_assert_int_eq(
      tally_increment_async(r.hits, &first, block_inside, &in, &r.error), 0);
  ck_assert_int_eq(
      tally_increment_async(r.hits, &second, block_inside, &in, &r.error), 0);
  scarce.left = 0;
  ck_assert_int_eq(tally_increment(r.hits, &known, &r.error), 0);
  ck_assert_int_eq(in.ended, 2);
  ck_assert_int_eq(in.refused, 2);
  scarce.left = INT64_MAX;
  rig_fini(&r);
}
END_TEST

/* ---- Many threads on one session ---------------------------------------- */

enum { THREADS = 4, EACH = 250 };

static void *work(void *arg) {
  page_hits row = {.url = "/shared", .views = 1, .unique_visitors = 2};
  struct rig *r = arg;
  tally_error error;

  for (int i = 0; i < EACH; i++)
    ck_assert_int_eq(i % 2 == 0 ? tally_increment(r->hits, &row, &error)
                                : tally_decrement(r->hits, &row, &error),
                     0);
  return NULL;
}

START_TEST(many_threads_on_one_session) {
  page_hits row = {.url = "/shared"};
  pthread_t threads[THREADS];
  struct rig r;

  rig_init(&r, RIG_THREADS);
  r.options.io_threads = 1 + _i;
  rig_connect(&r);
  ck_assert_uint_eq(script_accepted(r.server), 1 + (unsigned)_i);
  for (int i = 0; i < THREADS; i++)
    ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &r), 0);
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  ck_assert_uint_eq(script_seen(r.server, "/shared"), THREADS * EACH);
  ck_assert_int_eq(script_sum(r.server, "/shared", "views"), 0);
  ck_assert_int_eq(tally_get(r.hits, &row, &r.error), 0);
  ck_assert_int_eq(row.unique_visitors, 0);
  rig_fini(&r);
}
END_TEST

Suite *memory_suite(void) {
  Suite *s = suite_create("memory");
  TCase *tc = tcase_create("modes");

  tcase_set_timeout(tc, 90);
  tcase_add_loop_test(tc, no_allocation_per_increment, 0, RIG_MODES);
  tcase_add_loop_test(tc, long_keys_need_memory, 0, RIG_MODES);
  tcase_add_loop_test(tc, everything_through_the_allocator, 0, 2);
  tcase_add_loop_test(tc, no_memory_anywhere, 0, 2);
  tcase_add_test(tc, no_memory_inside_a_blocking_call);
  tcase_add_loop_test(tc, many_threads_on_one_session, 0, 3);
  suite_add_tcase(s, tc);
  return s;
}
