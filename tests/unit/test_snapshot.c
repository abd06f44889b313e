/* tests/unit/test_snapshot.c - a cluster at one time, and who holds it. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/snapshot.h"
#include "tests/unit/suites.h"

static int left;         /* allocations that succeed */
static _Atomic int held; /* pieces */

static void *allocate(void *user, size_t size) {
  void *p = left-- > 0 ? calloc(1, size) : NULL;

  (void)user;
  if (p != NULL)
    held++;
  return p;
}

static void *resize(void *user, void *p, size_t size) {
  (void)user;
  if (p == NULL)
    held++;
  return realloc(p, size);
}

static void release(void *user, void *p) {
  (void)user;
  held -= p != NULL;
  free(p);
}

static const struct net_heap heap = {allocate, resize, release, NULL};

static char *copy(const char *text) {
  char *p = net_alloc(&heap, strlen(text) + 1);

  strcpy(p, text);
  return p;
}

/* Hosts with tokens 0, 100, 200, ... in one data center. */
static struct topology town(size_t hosts, bool tokens) {
  struct topology t = {.murmur3 = true};

  left = 1000;
  t.hosts = net_alloc(&heap, hosts * sizeof *t.hosts);
  for (size_t i = 0; i < hosts; i++) {
    struct host_info *h = &t.hosts[t.count++];

    h->dc = copy("dc1");
    h->rack = copy("r1");
    h->version = copy("5.0.6");
    h->address.len = 4;
    if (!tokens)
      continue;
    h->tokens = net_alloc(&heap, sizeof *h->tokens);
    h->tokens[0] = (int64_t)i * 100;
    h->token_count = 1;
  }
  return t;
}

static const struct replication keyspaces[] = {
    {.class = REPLICATION_SIMPLE, .factor = 2},
    {.class = REPLICATION_OTHER},
    {.class = REPLICATION_SIMPLE, .factor = 1},
};

START_TEST(replicas_by_keyspace) {
  struct topology t = town(4, true);
  struct snapshot *s = snapshot_make(&heap, NULL, &t, keyspaces, 3);
  const uint16_t *replicas;
  uint32_t count;

  ck_assert_uint_eq(t.count, 0);
  ck_assert_uint_eq(s->topology->count, 4);
  replicas = snapshot_replicas(s, 0, 150, &count);
  ck_assert_uint_eq(count, 2);
  ck_assert_uint_eq(replicas[0], 2);
  ck_assert_uint_eq(replicas[1], 3);
  replicas = snapshot_replicas(s, 2, 301, &count);
  ck_assert_uint_eq(count, 1);
  ck_assert_uint_eq(replicas[0], 0);
  ck_assert_ptr_null(snapshot_replicas(s, 1, 150, &count)); /* not known */
  ck_assert_uint_eq(count, 0);
  ck_assert_ptr_null(snapshot_replicas(s, 3, 150, &count)); /* new since */
  snapshot_release(s);
  ck_assert_int_eq(held, 0);
}
END_TEST

static void is_another(struct snapshot *s, struct topology *t,
                       const struct replication *how, uint32_t count) {
  struct snapshot *next = snapshot_make(&heap, s, t, how, count);

  ck_assert_ptr_ne(next, s);
  snapshot_release(next);
}

/* What lies between and behind its members is not part of an address. */
static void pad(struct net_address *a) {
  struct net_address own = *a;

  memset(a, 0xff, sizeof *a);
  memcpy(a->bytes, own.bytes, own.len);
  a->len = own.len;
  a->port = own.port;
  a->scope = own.scope;
}

/* Tables are read again every few minutes, and mostly say the same. */
START_TEST(the_same_again) {
  static const struct replication other[] = {
      {.class = REPLICATION_SIMPLE, .factor = 3},
      {.class = REPLICATION_OTHER},
      {.class = REPLICATION_SIMPLE, .factor = 1},
  };
  struct topology t = town(4, true), again = town(4, true);
  struct snapshot *s = snapshot_make(&heap, NULL, &t, keyspaces, 3);

  pad(&again.hosts[2].address);
  ck_assert_ptr_eq(snapshot_make(&heap, s, &again, keyspaces, 3), s);
  ck_assert_uint_eq(again.count, 0);
  snapshot_release(s);
  again = town(4, true);
  is_another(s, &again, other, 3);
  again = town(4, true);
  is_another(s, &again, keyspaces, 2);
  snapshot_release(s);
  ck_assert_int_eq(held, 0);
}
END_TEST

/* ... and what they say is compared whole. */
static void change(struct topology *t, int what) {
  struct host_info *h = &t->hosts[2];

  if (what == 0)
    h->address.bytes[0] = 1;
  else if (what == 1)
    h->id[15] = 1;
  else if (what == 2)
    h->dc[2] = '2';
  else if (what == 3)
    h->rack[1] = '2';
  else if (what == 4)
    h->version[0] = '4';
  else if (what == 5)
    h->tokens[0]++;
  else if (what == 6)
    h->distance = 2;
  else if (what == 7)
    h->translated = true;
  else if (what == 8)
    t->murmur3 = false;
}
enum { CHANGES = 9 };

START_TEST(not_the_same) {
  struct topology t = town(4, true), other = town(4, true);
  struct snapshot *s = snapshot_make(&heap, NULL, &t, keyspaces, 3);

  change(&other, _i);
  is_another(s, &other, keyspaces, 3);
  other = town(5, true);
  is_another(s, &other, keyspaces, 3);
  snapshot_release(s);
  ck_assert_int_eq(held, 0);
}
END_TEST

/* Hosts are known, and whose a key is is not. */
START_TEST(without_a_ring) {
  struct topology t = town(3, _i == 0);
  struct snapshot *s;
  uint32_t count;

  t.murmur3 = _i != 0;
  s = snapshot_make(&heap, NULL, &t, keyspaces, 3);
  ck_assert_ptr_null(s->ring);
  ck_assert_uint_eq(s->topology->count, 3);
  ck_assert_ptr_null(snapshot_replicas(s, 0, 150, &count));
  ck_assert_uint_eq(count, 0);
  snapshot_release(s);
  ck_assert_int_eq(held, 0);
}
END_TEST

START_TEST(no_memory) {
  for (int n = 0;; n++) {
    struct topology t = town(4, true);
    struct snapshot *s;

    left = n;
    s = snapshot_make(&heap, NULL, &t, keyspaces, 3);
    ck_assert_uint_eq(t.count, s != NULL ? 0 : 4);
    if (s == NULL)
      topology_free(&heap, &t);
    snapshot_release(s);
    ck_assert_int_eq(held, 0);
    if (s != NULL) {
      ck_assert_int_gt(n, 15);
      return;
    }
  }
}
END_TEST

static void *hold_and_release(void *arg) {
  for (int i = 0; i < 1000; i++) {
    uint32_t count;

    snapshot_hold(arg);
    ck_assert_ptr_nonnull(snapshot_replicas(arg, 0, i, &count));
    snapshot_release(arg);
  }
  snapshot_release(arg);
  return NULL;
}

/* Whoever is the last frees it. */
START_TEST(many_holders) {
  enum { HOLDERS = 4 };
  struct topology t = town(4, true);
  struct snapshot *s = snapshot_make(&heap, NULL, &t, keyspaces, 3);
  pthread_t threads[HOLDERS];

  for (int i = 0; i < HOLDERS; i++) {
    snapshot_hold(s);
    ck_assert_int_eq(pthread_create(&threads[i], NULL, hold_and_release, s), 0);
  }
  snapshot_release(s);
  for (int i = 0; i < HOLDERS; i++)
    pthread_join(threads[i], NULL);
  ck_assert_int_eq(held, 0);
}
END_TEST

Suite *snapshot_suite(void) {
  Suite *s = suite_create("snapshot");
  TCase *tc = tcase_create("whole");

  tcase_add_test(tc, replicas_by_keyspace);
  tcase_add_test(tc, the_same_again);
  tcase_add_loop_test(tc, not_the_same, 0, CHANGES);
  tcase_add_loop_test(tc, without_a_ring, 0, 2);
  tcase_add_test(tc, no_memory);
  tcase_add_test(tc, many_holders);
  suite_add_tcase(s, tc);
  return s;
}
