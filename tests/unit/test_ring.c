/* tests/unit/test_ring.c - whose a token is, and who its replicas are.  What is
 * expected was computed by Cassandra 5.0's own strategy classes, but for the
 * random rings, which a slow and plain walk decides. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/placement.h"
#include "tests/unit/suites.h"

static const struct net_heap heap;

/* ---- A ring of two data centers ----------------------------------------- */

static const struct {
  const char *name, *dc, *rack;
  int64_t token;
} nine[] = {
    {"A1", "dc1", "r1", 0},   {"A2", "dc1", "r1", 100},
    {"A3", "dc1", "r2", 200}, {"A4", "dc1", "r2", 300},
    {"A5", "dc1", "r3", 400}, {"A6", "dc1", "r3", 500},
    {"B1", "dc2", "rA", 50},  {"B2", "dc2", "rA", 150},
    {"B3", "dc2", "rB", 250},
};
enum { NINE = sizeof nine / sizeof nine[0] };

static struct ring *ring_of_nine(void) {
  struct ring_host hosts[NINE];
  struct ring *r;

  for (int i = 0; i < NINE; i++)
    hosts[i] = (struct ring_host){nine[i].dc, nine[i].rack, &nine[i].token, 1};
  r = ring_make(&heap, hosts, NINE);
  ck_assert_ptr_nonnull(r);
  return r;
}

/* "simple 3", "dc1 3 dc2 2" */
static struct replication replication_of(const char *text) {
  struct replication how = {.class = REPLICATION_NETWORK};
  unsigned factor;
  int n;

  if (sscanf(text, "simple %u", &factor) == 1) {
    how.class = REPLICATION_SIMPLE;
    how.factor = factor;
    return how;
  }
  while (sscanf(text, " %127s %u%n", how.dcs[how.dc_count].dc, &factor, &n) ==
         2) {
    how.dcs[how.dc_count++].factor = factor;
    text += n;
  }
  return how;
}

/* Of each data center by itself, in its order. */
static const struct {
  int64_t token;
  const char *how;
  const char *replicas;
} placed[] = {
    {-5, "simple 3", "A1 B1 A2"},
    {0, "simple 3", "A1 B1 A2"},
    {501, "simple 3", "A1 B1 A2"},
    {INT64_MAX, "simple 3", "A1 B1 A2"},
    {INT64_MIN, "simple 3", "A1 B1 A2"},
    {1, "simple 3", "B1 A2 B2"},
    {50, "simple 3", "B1 A2 B2"},
    {120, "simple 3", "B2 A3 B3"},
    {250, "simple 3", "B3 A4 A5"},
    {260, "simple 3", "A4 A5 A6"},
    {450, "simple 3", "A6 A1 B1"},
    {0, "dc1 3 dc2 2", "A1 A3 A5 B1 B3"},
    {501, "dc1 3 dc2 2", "A1 A3 A5 B1 B3"},
    {1, "dc1 3 dc2 2", "A2 A3 A5 B1 B3"},
    {120, "dc1 3 dc2 2", "A3 A5 A1 B2 B3"},
    {250, "dc1 3 dc2 2", "A4 A5 A1 B3 B1"},
    {260, "dc1 3 dc2 2", "A4 A5 A1 B1 B3"},
    {450, "dc1 3 dc2 2", "A6 A1 A3 B1 B3"},
    {0, "dc2 2 dc1 3", "B1 B3 A1 A3 A5"},
    {0, "dc1 2 dc2 1", "A1 A3 B1"},
    {1, "dc1 2 dc2 1", "A2 A3 B1"},
    {120, "dc1 2 dc2 1", "A3 A5 B2"},
    {250, "dc1 2 dc2 1", "A4 A5 B3"},
    {260, "dc1 2 dc2 1", "A4 A5 B1"},
    {450, "dc1 2 dc2 1", "A6 A1 B1"},
    {0, "dc1 4 dc2 3", "A1 A2 A3 A5 B1 B2 B3"},
    {50, "dc1 4 dc2 3", "A2 A3 A4 A5 B1 B2 B3"},
    {120, "dc1 4 dc2 3", "A3 A4 A5 A1 B2 B3 B1"},
    {250, "dc1 4 dc2 3", "A4 A5 A6 A1 B3 B1 B2"},
    {260, "dc1 4 dc2 3", "A4 A5 A6 A1 B1 B2 B3"},
    {450, "dc1 4 dc2 3", "A6 A1 A2 A3 B1 B2 B3"},
    {0, "dc1 6", "A1 A2 A3 A4 A5 A6"},
    {1, "dc1 6", "A2 A3 A4 A5 A6 A1"},
    {450, "dc1 6", "A6 A1 A2 A3 A4 A5"},
    {0, "dc1 5 dc2 5", "A1 A2 A3 A4 A5 B1 B2 B3"},
    {0, "dc1 0 dc2 1", "B1"},
    {0, "dc3 3", ""},
    {0, "dc3 3 dc1 1", "A1"},
    {0, "simple 100", "A1 B1 A2 B2 A3 B3 A4 A5 A6"},
    {0, "simple 0", ""},
    {0, "", ""},
};
enum { PLACED = sizeof placed / sizeof placed[0] };

START_TEST(replicas_of_nine) {
  struct replication how = replication_of(placed[_i].how);
  struct ring *r = ring_of_nine();
  struct placement *p = placement_make(&heap, r, &how);
  const uint16_t *replicas = placement_find(p, r, placed[_i].token);
  char text[100] = "";

  for (uint32_t i = 0; i < p->width; i++)
    sprintf(text + strlen(text), "%s%s", i > 0 ? " " : "",
            nine[replicas[i]].name);
  ck_assert_str_eq(text, placed[_i].replicas);
  placement_free(&heap, p);
  ring_free(&heap, r);
}
END_TEST

START_TEST(others_are_not_known) {
  struct replication how = {.class = REPLICATION_OTHER, .factor = 3};
  struct ring *r = ring_of_nine();
  struct placement *p = placement_make(&heap, r, &how);

  ck_assert_uint_eq(p->width, 0);
  placement_free(&heap, p);
  ring_free(&heap, r);
}
END_TEST

/* ---- Several tokens a host ---------------------------------------------- */

static const struct {
  int64_t token;
  const char *how;
  const char *replicas;
} vnodes[] = {
    {0, "simple 2", "12"},  {15, "simple 2", "23"}, {25, "simple 2", "32"},
    {35, "simple 2", "25"}, {45, "simple 2", "51"}, {55, "simple 2", "12"},
    {0, "dc1 2", "13"},     {15, "dc1 2", "23"},    {25, "dc1 2", "32"},
    {35, "dc1 2", "25"},    {45, "dc1 2", "51"},    {15, "dc1 4", "2351"},
    {45, "dc1 4", "5123"},
};
enum { VNODES = sizeof vnodes / sizeof vnodes[0] };

/* Hosts 0 and 4 have no token: they are replicas of nothing. */
START_TEST(replicas_of_vnodes) {
  static const int64_t one[] = {10, 0}, two[] = {20, 40}, three[] = {30},
                       five[] = {50};
  static const struct ring_host hosts[] = {
      {"dc1", "r9", NULL, 0},  {"dc1", "r1", one, 2},  {"dc1", "r1", two, 2},
      {"dc1", "r2", three, 1}, {"dc1", "r2", NULL, 0}, {"dc1", "r3", five, 1}};
  struct replication how = replication_of(vnodes[_i].how);
  struct ring *r = ring_make(&heap, hosts, 6);
  struct placement *p = placement_make(&heap, r, &how);
  const uint16_t *replicas = placement_find(p, r, vnodes[_i].token);
  char text[16] = "";

  for (uint32_t i = 0; i < p->width; i++)
    sprintf(text + i, "%u", (unsigned)replicas[i]);
  ck_assert_str_eq(text, vnodes[_i].replicas);
  placement_free(&heap, p);
  ring_free(&heap, r);
}
END_TEST

/* ---- Odd rings ---------------------------------------------------------- */

START_TEST(duplicates) {
  static const int64_t one[] = {5, 5, 7}, two[] = {7, 9, 5};
  static const struct ring_host hosts[] = {{"dc1", "r1", one, 3},
                                           {"dc1", "r1", two, 3}};
  struct ring *r = ring_make(&heap, hosts, 2);

  ck_assert_uint_eq(r->token_count, 3);
  ck_assert_uint_eq(r->duplicates, 2);
  ck_assert_uint_eq(r->owners[ring_find(r, 5)], 0);
  ck_assert_uint_eq(r->owners[ring_find(r, 7)], 0);
  ck_assert_uint_eq(r->owners[ring_find(r, 8)], 1);
  ring_free(&heap, r);
}
END_TEST

START_TEST(no_tokens) {
  static const struct ring_host host = {"dc1", "r1", NULL, 0};
  struct replication how = replication_of("simple 3");

  for (size_t hosts = 0; hosts < 2; hosts++) {
    struct ring *r = ring_make(&heap, &host, hosts);
    struct placement *p = placement_make(&heap, r, &how);

    ck_assert_uint_eq(r->token_count, 0);
    ck_assert_uint_eq(p->width, 0);
    placement_free(&heap, p);
    ring_free(&heap, r);
  }
}
END_TEST

/* More replicas than are worth their memory. */
START_TEST(too_many_replicas) {
  enum { MANY = PLACEMENT_WIDTH_MAX + 1 };
  static int64_t tokens[MANY];
  static struct ring_host hosts[MANY];

  for (int i = 0; i < MANY; i++) {
    tokens[i] = i * 1000;
    hosts[i] = (struct ring_host){"dc1", "r1", &tokens[i], 1};
  }
  for (uint32_t factor = MANY - 1; factor <= MANY; factor++) {
    struct replication how = {.class = REPLICATION_SIMPLE, .factor = factor};
    struct ring *r = ring_make(&heap, hosts, MANY);
    struct placement *p = placement_make(&heap, r, &how);

    ck_assert_uint_eq(p->width, factor < MANY ? factor : 0);
    placement_free(&heap, p);
    ring_free(&heap, r);
  }
}
END_TEST

/* One host has nearly all tokens: to find another, every walk goes round half
 * the ring.  And a made-up cluster of which the replicas alone would take
 * 128 MiB. */
START_TEST(more_than_can_be_had) {
  static const struct {
    size_t hosts, each;
    uint32_t factor, width;
  } shapes[] = {{2, 1000, 2, 2},
                {2, 1000000, 2, 0},
                {64, 500, 64, 64},
                {64, 16384, 64, 0}};
  size_t count = shapes[_i].hosts, each = shapes[_i].each;
  struct replication how = {.class = REPLICATION_SIMPLE,
                            .factor = shapes[_i].factor};
  int64_t *tokens = malloc(count * each * sizeof *tokens);
  struct ring_host hosts[64];
  struct placement *p;
  struct ring *r;

  for (size_t i = 0; i < count * each; i++)
    tokens[i] = (int64_t)(i % each * count + i / each) * 1000;
  for (size_t i = 0; i < count; i++)
    hosts[i] = (struct ring_host){"dc1", "r1", tokens + i * each,
                                  count == 2 && i == 1 ? 1 : each};
  r = ring_make(&heap, hosts, count);
  p = placement_make(&heap, r, &how);
  ck_assert_uint_eq(p->width, shapes[_i].width);
  placement_free(&heap, p);
  ring_free(&heap, r);
  free(tokens);
}
END_TEST

/* Racks of the same name in two data centers are two. */
START_TEST(racks_belong_to_data_centers) {
  static const int64_t tokens[] = {0, 10, 20, 30};
  static const struct ring_host hosts[] = {{"dc1", "r", &tokens[0], 1},
                                           {"dc2", "r", &tokens[1], 1},
                                           {"dc1", "s", &tokens[2], 1},
                                           {"dc2", "r", &tokens[3], 1}};
  struct ring *r = ring_make(&heap, hosts, 4);

  ck_assert_uint_eq(r->dc_count, 2);
  ck_assert_uint_eq(r->rack_count, 3);
  ck_assert_uint_eq(r->racks[1], r->racks[3]);
  ck_assert_uint_ne(r->racks[0], r->racks[1]);
  ck_assert_str_eq(r->dc_names[r->dcs[3]], "dc2");
  ring_free(&heap, r);
}
END_TEST

/* ---- Random rings against a plain walk ---------------------------------- */

enum { HOSTS = 40, TOKENS = 8 };

struct town {
  char dcs[HOSTS][8], racks[HOSTS][8];
  int64_t tokens[HOSTS][TOKENS];
  struct ring_host hosts[HOSTS];
  unsigned count;
  uint64_t chance;
};

static uint64_t draw(struct town *t) {
  t->chance = t->chance * UINT64_C(6364136223846793005) + 1442695040888963407;
  return t->chance >> 20;
}

/* Some rings are crowded at one end. */
static void draw_town(struct town *t, unsigned number) {
  bool crowded = number % 3 == 0;

  t->chance = number;
  t->count = 1 + (unsigned)(draw(t) % HOSTS);
  for (unsigned i = 0; i < t->count; i++) {
    sprintf(t->dcs[i], "dc%u", (unsigned)(draw(t) % (1 + number % 3)));
    sprintf(t->racks[i], "r%u", (unsigned)(draw(t) % (1 + number % 5)));
    for (unsigned k = 0; k < TOKENS; k++)
      t->tokens[i][k] = crowded ? (int64_t)(draw(t) % 100000)
                                : (int64_t)(draw(t) << 21 ^ draw(t));
    t->hosts[i] = (struct ring_host){t->dcs[i], t->racks[i], t->tokens[i],
                                     draw(t) % (TOKENS + 1)};
  }
}

/* The host of the smallest token not below this one, or the smallest of all;
 * *token becomes that one.  -1: there are no tokens. */
static int owner_of(const struct town *t, int64_t *token) {
  int best = -1, least = -1;
  int64_t best_token = 0, least_token = 0;

  for (unsigned i = 0; i < t->count; i++)
    for (size_t k = 0; k < t->hosts[i].token_count; k++) {
      int64_t x = t->tokens[i][k];

      if (x >= *token && (best < 0 || x < best_token)) {
        best = (int)i;
        best_token = x;
      }
      if (least < 0 || x < least_token) {
        least = (int)i;
        least_token = x;
      }
    }
  *token = best >= 0 ? best_token : least_token;
  return best >= 0 ? best : least;
}

/* NetworkTopologyStrategy as its source has it, in one data center. */
static unsigned walk_plainly(const struct town *t, int64_t token,
                             const char *dc, unsigned factor, int *found) {
  unsigned n = 0, racks = 0, hosts = 0;
  int repeats;

  for (unsigned i = 0; i < t->count; i++) {
    bool is_new = true;

    if (strcmp(t->dcs[i], dc) != 0 || t->hosts[i].token_count == 0)
      continue;
    for (unsigned j = 0; j < i; j++)
      if (t->hosts[j].token_count > 0 && strcmp(t->dcs[j], dc) == 0 &&
          strcmp(t->racks[j], t->racks[i]) == 0)
        is_new = false;
    racks += is_new;
    hosts++;
  }
  repeats = (int)factor - (int)racks;
  factor = factor < hosts ? factor : hosts;
  while (n < factor) {
    int host = owner_of(t, &token);
    bool same_rack = false, same_host = false;

    token++;
    if (strcmp(t->dcs[host], dc) != 0)
      continue;
    for (unsigned i = 0; i < n; i++) {
      same_host = same_host || found[i] == host;
      same_rack = same_rack || strcmp(t->racks[found[i]], t->racks[host]) == 0;
    }
    if (same_host || (same_rack && repeats-- <= 0))
      continue;
    found[n++] = host;
  }
  return n;
}

START_TEST(random_rings) {
  static struct town t;
  struct replication how = replication_of("dc0 3 dc2 2 dc1 1");
  struct ring *r;
  struct placement *p;

  draw_town(&t, (unsigned)_i);
  r = ring_make(&heap, t.hosts, t.count);
  p = placement_make(&heap, r, &how);
  if (r->token_count > 0)
    ck_assert_uint_gt(p->width, 0);
  for (int key = 0; key < 200 && r->token_count > 0; key++) {
    unsigned at = key % 40 == 0 ? 0 : (unsigned)(draw(&t) % t.count);
    int64_t token = key % 2 == 0 ? (int64_t)(draw(&t) << 21 ^ draw(&t))
                                 : t.tokens[at][draw(&t) % TOKENS];
    const uint16_t *replicas = placement_find(p, r, token);
    int64_t start = token;
    uint32_t n = 0;

    ck_assert_int_eq(r->owners[ring_find(r, token)], owner_of(&t, &start));
    for (uint32_t d = 0; d < how.dc_count; d++) {
      int found[8];
      unsigned count =
          walk_plainly(&t, token, how.dcs[d].dc, how.dcs[d].factor, found);

      for (unsigned i = 0; i < count; i++)
        ck_assert_msg(replicas[n + i] == found[i], "ring %d, key %d, %s", _i,
                      key, how.dcs[d].dc);
      n += count;
    }
    ck_assert_uint_eq(n, p->width);
  }
  placement_free(&heap, p);
  ring_free(&heap, r);
}
END_TEST

/* ---- No memory ---------------------------------------------------------- */

static int left; /* allocations that succeed */

static void *allocate(void *user, size_t size) {
  (void)user;
  return left-- > 0 ? calloc(1, size) : NULL;
}

static void release(void *user, void *p) {
  (void)user;
  free(p);
}

START_TEST(no_memory) {
  struct net_heap tight = {.allocate = allocate, .release = release};
  struct replication how = replication_of("dc1 3");
  struct ring_host hosts[NINE];
  struct ring *r;

  for (int i = 0; i < NINE; i++)
    hosts[i] = (struct ring_host){nine[i].dc, nine[i].rack, &nine[i].token, 1};
  for (int n = 0;; n++) {
    struct placement *p = NULL;

    left = n;
    r = ring_make(&tight, hosts, NINE);
    if (r != NULL)
      p = placement_make(&tight, r, &how);
    placement_free(&tight, p);
    ring_free(&tight, r);
    if (p != NULL) {
      ck_assert_int_gt(n, 10);
      return;
    }
    ck_assert_int_lt(n, 30);
  }
}
END_TEST

Suite *ring_suite(void) {
  Suite *s = suite_create("ring");
  TCase *tc = tcase_create("replicas");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, replicas_of_nine, 0, PLACED);
  tcase_add_test(tc, others_are_not_known);
  tcase_add_loop_test(tc, replicas_of_vnodes, 0, VNODES);
  tcase_add_test(tc, duplicates);
  tcase_add_test(tc, no_tokens);
  tcase_add_test(tc, too_many_replicas);
  tcase_add_loop_test(tc, more_than_can_be_had, 0, 4);
  tcase_add_test(tc, racks_belong_to_data_centers);
  tcase_add_loop_test(tc, random_rings, 0, 60);
  tcase_add_test(tc, no_memory);
  suite_add_tcase(s, tc);
  return s;
}
