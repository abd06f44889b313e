/* tests/unit/test_shards.c - a host of ScyllaDB: a connection to each shard,
 * and each increment to the shard of its key.  A scripted server stands for it,
 * that looks at the client's ports. */
#include <stdio.h>
#include <string.h>

#include "proto/murmur3.h"
#include "tests/unit/hosts_rig.h"
#include "tests/unit/suites.h"

enum { SHARDS = 4 };

/* As the server has it: 12 bits are ignored, and the next two tell. */
static unsigned shard_of(const char *key) {
  uint64_t token = (uint64_t)cql_murmur3_token(key, strlen(key));

  return (unsigned)((token + (UINT64_C(1) << 63)) << 12 >> 62);
}

static const char *key_of(unsigned shard, int number) {
  static char key[24];

  for (int i = 0;; i++) {
    snprintf(key, sizeof key, "/%d/%d", number, i);
    if (shard_of(key) == shard)
      return key;
  }
}

/* One increment after the other, each for another shard. */
static void apply_in_turn(struct rig *r, int count) {
  for (int n = 0; n < count; n++)
    rig_applied(r, key_of((unsigned)n % SHARDS, n));
}

static void begin(struct rig *r, int mode, enum script_shard_port port) {
  rig_init(r, (enum rig_mode)mode);
  script_shards(r->server, SHARDS, port);
}

static bool has_all(void *arg) {
  for (unsigned i = 0; i < SHARDS; i++)
    if (script_shard_standing(arg, i) != 1)
      return false;
  return true;
}

/* Of those that are held one is on each connection. */
static bool has_come_to_all(void *arg) {
  bool seen[SHARDS] = {false};
  unsigned count = 0;

  for (int n = 0; n < 64; n++) {
    int shard = script_shard_seen(arg, key_of((unsigned)n % SHARDS, 1000 + n));

    if (shard >= 0)
      seen[shard] = true;
  }
  for (unsigned i = 0; i < SHARDS; i++)
    count += seen[i];
  return count == SHARDS;
}

/* The server has all connections before the client knows it. */
static void until_each_is_used(struct rig *r, int number) {
  int last = number + 3000;

  for (unsigned shard = 0; shard < SHARDS; shard++)
    for (;;) {
      const char *key = key_of(shard, number++);

      rig_applied(r, key);
      if (script_shard_seen(r->server, key) == (int)shard)
        break;
      ck_assert_int_lt(number, last);
      rig_step(r);
    }
}

START_TEST(each_shard_gets_its_own) {
  struct seen seen;
  struct rig r;

  begin(&r, _i, SHARD_PORT_RIGHT);
  rig_connect(&r);
  ck_assert(rig_until(&r, has_all, r.server));
  until_each_is_used(&r, 0);
  for (int n = 0; n < 100; n++) {
    unsigned shard = (unsigned)n % SHARDS;
    const char *key = key_of(shard, 200000 + n);

    rig_applied(&r, key);
    ck_assert_int_eq(script_shard_seen(r.server, key), (int)shard);
  }
  ck_assert_uint_eq(script_accepted(r.server), SHARDS);
  ck_assert_uint_eq(script_shard_accepted(r.server), SHARDS - 1);
  seen_look(&r, &seen);
  ck_assert_uint_eq(seen.hosts[0].host.shards, SHARDS);
  ck_assert_uint_eq(seen.hosts[0].host.connections, SHARDS);
  rig_fini(&r);
}
END_TEST

START_TEST(shard_comes_back) {
  struct rig r;

  begin(&r, _i, SHARD_PORT_RIGHT);
  rig_connect(&r);
  ck_assert(rig_until(&r, has_all, r.server));
  until_each_is_used(&r, 0);
  script_shard_drop(r.server, 2);
  ck_assert(rig_accepted(&r, SHARDS + 1));
  ck_assert(rig_until(&r, has_all, r.server));
  until_each_is_used(&r, 5000);
  ck_assert_uint_eq(script_accepted(r.server), SHARDS + 1);
  rig_fini(&r);
}
END_TEST

/* After the host was away its own port is asked first again.  Its connections
 * are reset at once, but are not found so at once: one may be dialed again
 * while the host still counts as there, and then once more. */
START_TEST(host_comes_back) {
  struct rig r;

  begin(&r, _i, SHARD_PORT_RIGHT);
  rig_connect(&r);
  ck_assert(rig_until(&r, has_all, r.server));
  until_each_is_used(&r, 10000);
  script_drop(r.server, true);
  ck_assert(rig_accepted(&r, 2 * SHARDS));
  ck_assert(rig_until(&r, has_all, r.server));
  until_each_is_used(&r, 0);
  ck_assert_uint_ge(script_shard_accepted(r.server), 2 * (SHARDS - 1));
  ck_assert_uint_lt(script_shard_accepted(r.server), 3 * (SHARDS - 1));
  rig_fini(&r);
}
END_TEST

/* ---- What is in the way ------------------------------------------------- */

/* One that misses is enough: no second attempt, whatever else happens. */
START_TEST(ports_are_translated) {
  struct log log = {.word = "asked for shard"};
  struct rig r;

  begin(&r, _i, SHARD_PORT_SKEWED);
  tally_log(&r.options, log_note, &log, TALLY_LOG_WARNING);
  rig_connect(&r);
  ck_assert(rig_until(&r, log_has, &log));
  ck_assert(rig_standing(&r, 1));
  apply_in_turn(&r, 100);
  ck_assert_uint_eq(script_accepted(r.server), 2);
  ck_assert_uint_eq(script_shard_accepted(r.server), 1);
  ck_assert_uint_eq(log.count, 1);
  rig_fini(&r);
}
END_TEST

/* One connection is to a host of four shards, the next one to a host of 256:
 * nothing is looked up among the four by a number of the others. */
START_TEST(divided_anew) {
  struct log log = {.word = "asked for shard"};
  struct rig r;

  begin(&r, _i, SHARD_PORT_RIGHT);
  tally_log(&r.options, log_note, &log, TALLY_LOG_WARNING);
  rig_connect(&r);
  ck_assert(rig_until(&r, has_all, r.server));
  until_each_is_used(&r, 0);
  script_shards(r.server, 256, SHARD_PORT_NONE);
  script_shard_drop(r.server, 2);
  ck_assert(rig_until(&r, log_has, &log));
  ck_assert(rig_standing(&r, 1));
  apply_in_turn(&r, 100);
  script_drop(r.server, true);
  ck_assert(rig_accepted(&r, SHARDS + 2));
  apply_in_turn(&r, 100);
  rig_fini(&r);
}
END_TEST

START_TEST(port_is_refused) {
  struct log log = {.word = "refused"};
  struct rig r;

  begin(&r, _i, SHARD_PORT_REFUSES);
  tally_log(&r.options, log_note, &log, TALLY_LOG_INFO);
  rig_connect(&r);
  ck_assert(rig_until(&r, log_has, &log));
  apply_in_turn(&r, 100);
  ck_assert_uint_eq(script_accepted(r.server), 1);
  rig_fini(&r);
}
END_TEST

/* After some attempts there are as many as the option says. */
START_TEST(port_is_given_up) {
  struct log log = {.word = "its port for shards"};
  struct rig r;

  begin(&r, _i, SHARD_PORT_REFUSES);
  r.options.connections_per_host = 2;
  tally_log(&r.options, log_note, &log, TALLY_LOG_WARNING);
  rig_connect(&r);
  ck_assert(rig_until(&r, log_has, &log));
  ck_assert(rig_standing(&r, 2));
  apply_in_turn(&r, 100);
  ck_assert_uint_eq(script_accepted(r.server), 2);
  ck_assert_uint_eq(log.count, 1);
  rig_fini(&r);
}
END_TEST

/* As many as the option says, then, to whichever shards. */
START_TEST(no_port) {
  struct rig r;

  begin(&r, _i, SHARD_PORT_NONE);
  r.options.connections_per_host = 2;
  rig_connect(&r);
  ck_assert(rig_standing(&r, 2));
  apply_in_turn(&r, 100);
  ck_assert_uint_eq(script_accepted(r.server), 2);
  rig_fini(&r);
}
END_TEST

static int translate(void *user, const char *given, uint16_t port,
                     char translated[46], uint16_t *translated_port) {
  (void)given;
  (void)port;
  (void)translated;
  *translated_port = script_port(user);
  return 1;
}

static bool is_connected(void *server) {
  return script_standing(server) > 0;
}

/* Where a host was named otherwise, no other port is known to be its. */
START_TEST(address_is_translated) {
  struct script_server *elsewhere = script_start();
  struct peer p;
  struct rig r;

  script_shards(elsewhere, SHARDS, SHARD_PORT_RIGHT);
  rig_init(&r, (enum rig_mode)_i);
  peer_init(&p, &r, "dc1", "rack1");
  r.options.translate_address = translate;
  r.options.host_user = elsewhere;
  rig_connect(&r);
  ck_assert(rig_until(&r, is_connected, elsewhere));
  apply_in_turn(&r, 200);
  ck_assert_uint_eq(script_accepted(elsewhere), 1);
  ck_assert_uint_eq(script_shard_accepted(elsewhere), 0);
  rig_fini(&r);
  peer_fini(&p);
  script_stop(elsewhere);
}
END_TEST

static int as_given(void *user, const char *given, uint16_t port,
                    char translated[46], uint16_t *translated_port) {
  (void)user;
  (void)given;
  (void)port;
  (void)translated;
  (void)translated_port;
  return 0;
}

/* The contact point's address may be another one than the servers know: what
 * leads to it is this port. */
START_TEST(contact_may_be_translated) {
  struct rig r;

  begin(&r, _i, SHARD_PORT_RIGHT);
  r.options.translate_address = as_given;
  rig_connect(&r);
  apply_in_turn(&r, 200);
  ck_assert_uint_eq(script_accepted(r.server), 1);
  rig_fini(&r);
}
END_TEST

/* ---- Hosts that leave ---------------------------------------------------- */

enum { MANY = 64 };

/* Whatever is on its connections is waited for: on each of them. */
START_TEST(leaves_with_answers_to_come) {
  struct done done[MANY] = {{0}};
  unsigned shards = 0;
  struct seen seen;
  struct peer p;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  peer_init(&p, &r, "dc1", "rack1");
  script_shards(p.server, SHARDS, SHARD_PORT_RIGHT);
  rig_connect(&r);
  ck_assert(rig_until(&r, has_all, p.server));
  do
    seen_look(&r, &seen);
  while (seen.hosts[1].host.connections < SHARDS);
  /* Its statement is prepared, and the ring is known. */
  while (script_count(p.server, AT_UPDATE) == 0)
    rig_applied(&r, key_of(0, (int)script_count(r.server, AT_UPDATE)));
  script_next_kind(p.server, AT_UPDATE, SCRIPT_HOLD, 0);
  for (int n = 0; n < MANY; n++)
    rig_submit(&r, key_of((unsigned)n % SHARDS, 1000 + n), 1, &done[n]);
  ck_assert(rig_until(&r, has_come_to_all, p.server));
  peer_leaves(&r);
  script_tell(r.server, "TOPOLOGY_CHANGE", "REMOVED_NODE", p.server);
  do
    seen_look(&r, &seen);
  while (seen.count > 1);
  for (unsigned i = 0; i < SHARDS; i++)
    shards += script_shard_standing(p.server, i);
  ck_assert_uint_eq(shards, SHARDS);
  script_release(p.server);
  for (int n = 0; n < MANY; n++) {
    ck_assert(rig_done(&r, &done[n]));
    ck_assert_int_eq(done[n].outcome, TALLY_APPLIED);
  }
  rig_fini(&r);
  peer_fini(&p);
}
END_TEST

/* A request does not wait for its shard while another one has room. */
START_TEST(shard_is_full) {
  struct done held = {0};
  const char *key;
  unsigned before;
  struct rig r;

  begin(&r, _i, SHARD_PORT_RIGHT);
  r.options.connection_max_in_flight = 1;
  rig_connect(&r);
  ck_assert(rig_until(&r, has_all, r.server));
  until_each_is_used(&r, 0);
  script_next_kind(r.server, AT_UPDATE, SCRIPT_HOLD, 1);
  before = script_count(r.server, AT_UPDATE);
  rig_submit(&r, key_of(1, 10000), 1, &held);
  ck_assert(rig_served(&r, AT_UPDATE, before + 1));
  key = key_of(1, 20000);
  rig_applied(&r, key);
  ck_assert_int_ne(script_shard_seen(r.server, key), 1);
  ck_assert_int_eq(atomic_load(&held.calls), 0);
  script_release(r.server);
  ck_assert(rig_done(&r, &held));
  ck_assert_int_eq(held.outcome, TALLY_APPLIED);
  rig_fini(&r);
}
END_TEST

Suite *shards_suite(void) {
  Suite *s = suite_create("shards");
  TCase *tc = tcase_create("shards");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, each_shard_gets_its_own, 0, RIG_MODES);
  tcase_add_loop_test(tc, shard_comes_back, 0, RIG_MODES);
  tcase_add_loop_test(tc, host_comes_back, 0, RIG_MODES);
  tcase_add_loop_test(tc, ports_are_translated, 0, RIG_MODES);
  tcase_add_loop_test(tc, divided_anew, 0, RIG_MODES);
  tcase_add_loop_test(tc, port_is_refused, 0, RIG_MODES);
  tcase_add_loop_test(tc, port_is_given_up, 0, RIG_MODES);
  tcase_add_loop_test(tc, contact_may_be_translated, 0, RIG_MODES);
  tcase_add_loop_test(tc, leaves_with_answers_to_come, 0, RIG_MODES);
  tcase_add_loop_test(tc, no_port, 0, RIG_MODES);
  tcase_add_loop_test(tc, address_is_translated, 0, RIG_MODES);
  tcase_add_loop_test(tc, shard_is_full, 0, RIG_MODES);
  suite_add_tcase(s, tc);
  return s;
}
