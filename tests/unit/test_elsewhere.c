/* tests/unit/test_elsewhere.c - when a host cannot be used, others are: what
 * waits goes there, the control connection too, and one increment does not go
 * round for ever. */
#include <stdio.h>

#include "tests/unit/hosts_rig.h"
#include "tests/unit/suites.h"
#include "tests/unit/town.h"

/* ---- More hosts than an operation goes to ------------------------------- */

enum { MANY = 20 };

struct city {
  struct rig r;
  struct script_server *hosts[MANY];
};

/* Every host owns a twentieth of the ring. */
static void city_begin(struct city *c) {
  static char tokens[MANY][24];

  rig_init(&c->r, RIG_THREADS);
  c->hosts[0] = c->r.server;
  for (int i = 1; i < MANY; i++)
    c->hosts[i] = script_start();
  c->r.tasks = rig_tasks();
  for (int i = 0; i < MANY; i++) {
    snprintf(tokens[i], sizeof tokens[i], "%lld",
             (long long)(INT64_MIN / 10 * (10 - i)));
    script_own(c->hosts[i], tokens[i], 1);
  }
  script_cluster(c->hosts, MANY);
}

static void count_ready(void *user, const tally_host *host) {
  *(unsigned *)user += host->connections > 0;
}

/* A connection that stands is not ready yet for the client. */
static bool all_ready(void *arg) {
  struct city *c = arg;
  unsigned ready = 0;

  ck_assert_int_eq(tally_hosts(c->r.session, count_ready, &ready, &c->r.error),
                   0);
  return ready == MANY;
}

static unsigned sent(const struct city *c, enum script_place place) {
  unsigned count = 0;

  for (int i = 0; i < MANY; i++)
    count += script_count(c->hosts[i], place);
  return count;
}

/* Each host says that it is not applied, and each is asked once at most. */
static const struct {
  enum script_place place;
  int32_t code;
} everywhere[] = {{AT_UPDATE, 0x1002}, {AT_PREPARE, 0x1001}};

START_TEST(nowhere_of_many) {
  enum script_place place = everywhere[_i].place;
  struct city c;
  struct done d;

  city_begin(&c);
  rig_connect(&c.r);
  ck_assert(rig_until(&c.r, all_ready, &c));
  for (int i = 0; i < MANY; i++)
    script_next_error(c.hosts[i], place, everywhere[_i].code, 0);
  rig_increment(&c.r, "/home", 1, &d);
  ck_assert_int_eq(d.status, TALLY_ESERVER);
  ck_assert_int_eq(d.outcome, TALLY_NOT_APPLIED);
  ck_assert_uint_gt(sent(&c, place), 1);
  ck_assert_uint_le(sent(&c, place), MANY);
  rig_fini(&c.r);
  for (int i = 1; i < MANY; i++)
    script_stop(c.hosts[i]);
}
END_TEST

/* ---- Contact points that have gone -------------------------------------- */

static _Atomic bool names_are_gone;

static int resolve(void *user, const char *name, char (*addresses)[46],
                   int max) {
  (void)user;
  (void)name;
  (void)max;
  if (names_are_gone)
    return -1;
  snprintf(addresses[0], 46, "127.0.0.1");
  return 1;
}

static bool third_stands(void *arg) {
  struct town *t = arg;

  return script_standing(t->hosts[2]) == 1;
}

/* The control connection fails on a host that is up, and its name cannot be
 * looked up any more: another host is asked, and a third one is found. */
START_TEST(names_fail_for_good) {
  char name[32];
  struct town t;

  names_are_gone = false;
  town_begin(&t, (enum rig_mode)_i, 1);
  script_cluster(t.hosts, 2);
  snprintf(name, sizeof name, "db.example:%u", script_port(t.hosts[0]));
  t.r.options.hosts = name;
  t.r.options.resolve = resolve;
  t.r.options.read_timeout_ms = 200;
  rig_connect(&t.r);
  ck_assert(town_standing(&t, 1, 1));
  names_are_gone = true;
  for (int i = 0; i < 2; i++)
    script_next_kind(t.hosts[i], AT_CONTROL, SCRIPT_IGNORE, 1);
  script_cluster(t.hosts, 3);
  for (int i = 0; i < 2; i++)
    script_tell(t.hosts[i], "TOPOLOGY_CHANGE", "NEW_NODE", t.hosts[2]);
  ck_assert(rig_until(&t.r, third_stands, &t));
  rig_applied(&t.r, "/home");
  town_fini(&t);
}
END_TEST

/* ---- A host that leaves ------------------------------------------------- */

static bool has_left(void *arg) {
  struct town *t = arg;
  struct seen seen;

  seen_look(&t->r, &seen);
  return seen.count == 2;
}

static void until_it_has_left(struct town *t) {
  uint64_t limit = rig_ms() + WAIT_LIMIT_MS;

  script_cluster(t->hosts, 2);
  script_tell(t->hosts[0], "TOPOLOGY_CHANGE", "REMOVED_NODE", t->hosts[2]);
  script_tell(t->hosts[1], "TOPOLOGY_CHANGE", "REMOVED_NODE", t->hosts[2]);
  while (!has_left(t)) {
    ck_assert_uint_lt(rig_ms(), limit);
    rig_step(&t->r);
  }
}

/* It owes an answer, so that its connection stays, when the statement that an
 * increment waits for is prepared there, or was forgotten there. */
START_TEST(leaves_before_it_is_prepared) {
  const struct script_step held = {.kind = SCRIPT_UNPREPARED, .held = true};
  bool forgotten = _i % 2 != 0;
  struct done owed = {0}, done = {0};
  page_hits row = {.views = 1, .unique_visitors = 1};
  struct town t;

  town_begin(&t, (enum rig_mode)(_i / 2), 1);
  town_connect(&t);
  town_warm_up(&t);
  script_next_kind(t.hosts[2], AT_UPDATE, SCRIPT_IGNORE, 1);
  if (forgotten)
    script_next(t.hosts[2], AT_UPDATE, &held, 1);
  else
    script_next_kind(t.hosts[2], AT_PREPARE, SCRIPT_HOLD, 1);
  rig_submit(&t.r, town_key(2, 1), 1, &owed);
  row.url = town_key(2, 2);
  row.unique_visitors = forgotten ? 0 : 1;
  ck_assert_int_eq(
      tally_increment_async(t.r.hits, &row, done_record, &done, &t.r.error), 0);
  ck_assert(town_count(&t, 2, AT_PREPARE, forgotten ? 1 : 2));
  until_it_has_left(&t);
  script_release(t.hosts[2]);
  ck_assert(rig_done(&t.r, &done));
  ck_assert_msg(done.outcome == TALLY_APPLIED, "%s: %s", done.error.message,
                done.error.detail);
  ck_assert_int_eq(owed.calls, 0);
  town_fini(&t);
}
END_TEST

Suite *elsewhere_suite(void) {
  Suite *s = suite_create("elsewhere");
  TCase *tc = tcase_create("hosts");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, nowhere_of_many, 0,
                      sizeof everywhere / sizeof everywhere[0]);
  tcase_add_loop_test(tc, names_fail_for_good, 0, RIG_MODES);
  tcase_add_loop_test(tc, leaves_before_it_is_prepared, 0, 2 * RIG_MODES);
  suite_add_tcase(s, tc);
  return s;
}
