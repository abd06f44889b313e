/* tests/unit/test_router.c - which host a request goes to. */
#include <string.h>

#include "core/router.h"
#include "tests/unit/suites.h"

enum { HOSTS = 8, PICKS = 20000 };

static const uint64_t NOW = UINT64_C(1000000000000);

/* 0, 1: local rack; 2 to 4: local data center; 5, 6: remote; 7: filtered. */
struct town {
  struct route_host hosts[HOSTS];
  struct route_host *numbered[HOSTS];
  struct router r;
  struct route route;
  unsigned picked[HOSTS];
  unsigned routed[4];
};

static void town_init(struct town *t) {
  static const uint8_t distances[HOSTS] = {LOCAL_RACK, LOCAL_RACK, LOCAL_DC,
                                           LOCAL_DC,   LOCAL_DC,   REMOTE_DC,
                                           REMOTE_DC,  NEVER};

  memset(t, 0, sizeof *t);
  router_init(&t->r, 7);
  t->r.hosts = t->numbered;
  t->r.host_count = HOSTS;
  for (int i = 0; i < HOSTS; i++) {
    t->numbered[i] = &t->hosts[i];
    t->hosts[i] = (struct route_host){.distance = distances[i], .ready = true};
  }
}

static void replicas(struct town *t, const uint16_t *hosts, uint32_t count) {
  t->route.replicas = hosts;
  t->route.replica_count = count;
}

static void pick(struct town *t, unsigned times) {
  memset(t->picked, 0, sizeof t->picked);
  memset(t->routed, 0, sizeof t->routed);
  while (times-- > 0) {
    uint16_t host = ROUTER_NONE;
    enum routed routed = router_pick(&t->r, &t->route, NOW, &host);

    t->routed[routed]++;
    if (routed != ROUTED_NOWHERE)
      t->picked[host]++;
  }
}

static void all_go(struct town *t, enum routed how, const uint16_t *hosts,
                   uint32_t count) {
  unsigned sum = 0;

  pick(t, PICKS);
  ck_assert_uint_eq(t->routed[how], PICKS);
  for (uint32_t i = 0; i < count; i++) {
    /* Equals get an equal share, within a tenth of it. */
    ck_assert_uint_ge(t->picked[hosts[i]], PICKS / count * 9 / 10);
    sum += t->picked[hosts[i]];
  }
  ck_assert_uint_eq(sum, PICKS);
}

static const uint16_t of_each[] = {6, 4, 0, 7}, local[] = {3, 2, 6},
                      remote[] = {5, 7}, zero[] = {0}, four[] = {4},
                      two_three[] = {2, 3}, five[] = {5},
                      any_local[] = {0, 1, 2, 3, 4}, five_six[] = {5, 6};

START_TEST(local_rack_first) {
  struct town t;

  town_init(&t);
  replicas(&t, of_each, 4);
  all_go(&t, ROUTED_REPLICA, zero, 1);
}
END_TEST

START_TEST(then_local_data_center) {
  struct town t;

  town_init(&t);
  replicas(&t, local, 3);
  all_go(&t, ROUTED_REPLICA, two_three, 2);
  replicas(&t, of_each, 4);
  t.hosts[0].ready = false;
  all_go(&t, ROUTED_REPLICA, four, 1);
}
END_TEST

START_TEST(then_any_local_host) {
  struct town t;

  town_init(&t);
  replicas(&t, remote, 2);
  all_go(&t, ROUTED_LOCAL, any_local, 5);
  replicas(&t, NULL, 0);
  all_go(&t, ROUTED_LOCAL, any_local, 5);
  for (int i = 0; i < 5; i++)
    t.hosts[i].ready = i == 3;
  pick(&t, 100);
  ck_assert_uint_eq(t.picked[3], 100);
}
END_TEST

START_TEST(remote_by_choice_alone) {
  struct town t;

  town_init(&t);
  replicas(&t, remote, 2);
  for (int i = 0; i < 5; i++)
    t.hosts[i].ready = false;
  pick(&t, 100);
  ck_assert_uint_eq(t.routed[ROUTED_NOWHERE], 100);
  t.r.remote = true;
  all_go(&t, ROUTED_REMOTE, five, 1);
  replicas(&t, zero, 1);
  all_go(&t, ROUTED_REMOTE, five_six, 2);
}
END_TEST

START_TEST(not_where_it_was) {
  static const uint16_t tried[] = {0, 3, 1, 2, 4};
  struct town t;

  town_init(&t);
  replicas(&t, any_local, 4); /* 0 to 3 */
  t.route.tried = tried;
  t.route.tried_count = 1;
  pick(&t, 100);
  ck_assert_uint_eq(t.picked[1], 100);
  t.route.tried_count = 3;
  pick(&t, 100);
  ck_assert_uint_eq(t.picked[2], 100);
  t.route.tried_count = 4;
  pick(&t, 100);
  ck_assert_uint_eq(t.picked[4], 100);
  ck_assert_uint_eq(t.routed[ROUTED_LOCAL], 100);
  t.route.tried_count = 5;
  pick(&t, 100);
  ck_assert_uint_eq(t.routed[ROUTED_NOWHERE], 100);
}
END_TEST

START_TEST(the_less_loaded_of_two) {
  struct town t;

  town_init(&t);
  replicas(&t, local, 3);
  t.hosts[2].in_flight = 10;
  t.hosts[3].in_flight = 9;
  pick(&t, 100);
  ck_assert_uint_eq(t.picked[3], 100);
  t.hosts[3].in_flight = 11;
  pick(&t, 100);
  ck_assert_uint_eq(t.picked[2], 100);
}
END_TEST

/* Of three, two at random are compared: the busiest is never chosen. */
START_TEST(the_busiest_of_three_never) {
  struct town t;

  town_init(&t);
  replicas(&t, any_local + 2, 3);
  t.hosts[2].in_flight = 5;
  t.hosts[3].in_flight = 50;
  t.hosts[4].in_flight = 500;
  pick(&t, PICKS);
  ck_assert_uint_eq(t.picked[4], 0);
  ck_assert_uint_ge(t.picked[2], PICKS * 6 / 10);
  ck_assert_uint_ge(t.picked[3], PICKS * 3 / 10);
}
END_TEST

/* One that has just come up takes a sixteenth, then more and more. */
START_TEST(eased_in) {
  struct town t;

  town_init(&t);
  replicas(&t, local, 2); /* 3, 2 */
  t.hosts[2].in_flight = 15;
  t.hosts[3].up_since = NOW;
  pick(&t, 100);
  ck_assert_uint_gt(t.picked[3], 20); /* 1 * 16 is 15 + 1 */
  ck_assert_uint_gt(t.picked[2], 20);
  t.hosts[2].in_flight = 14;
  pick(&t, 100);
  ck_assert_uint_eq(t.picked[2], 100);
  t.hosts[3].up_since = NOW - ROUTER_EASE_NS / 2; /* eight sixteenths */
  pick(&t, 100);
  ck_assert_uint_eq(t.picked[3], 100);
  t.hosts[2].in_flight = 0;
  pick(&t, 100);
  ck_assert_uint_eq(t.picked[2], 100);
  t.hosts[3].up_since = NOW - ROUTER_EASE_NS;
  pick(&t, PICKS);
  ck_assert_uint_ge(t.picked[3], PICKS * 4 / 10);
}
END_TEST

/* The local rack's host does not get all of its keys at once. */
START_TEST(eased_in_among_racks) {
  static const uint16_t both[] = {0, 2};
  struct town t;

  town_init(&t);
  replicas(&t, both, 2);
  t.hosts[0].up_since = NOW;
  pick(&t, 100);
  ck_assert_uint_eq(t.picked[2], 100);
  t.hosts[2].ready = false;
  pick(&t, 100);
  ck_assert_uint_eq(t.picked[0], 100);
  t.hosts[2].ready = true;
  t.hosts[0].up_since = NOW - ROUTER_EASE_NS;
  pick(&t, 100);
  ck_assert_uint_eq(t.picked[0], 100);
}
END_TEST

START_TEST(no_hosts) {
  struct town t;

  town_init(&t);
  t.r.host_count = 0;
  pick(&t, 10);
  ck_assert_uint_eq(t.routed[ROUTED_NOWHERE], 10);
}
END_TEST

Suite *router_suite(void) {
  Suite *s = suite_create("router");
  TCase *tc = tcase_create("picks");

  tcase_add_test(tc, local_rack_first);
  tcase_add_test(tc, then_local_data_center);
  tcase_add_test(tc, then_any_local_host);
  tcase_add_test(tc, remote_by_choice_alone);
  tcase_add_test(tc, not_where_it_was);
  tcase_add_test(tc, the_less_loaded_of_two);
  tcase_add_test(tc, the_busiest_of_three_never);
  tcase_add_test(tc, eased_in);
  tcase_add_test(tc, eased_in_among_racks);
  tcase_add_test(tc, no_hosts);
  suite_add_tcase(s, tc);
  return s;
}
