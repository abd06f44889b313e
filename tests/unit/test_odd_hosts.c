/* tests/unit/test_odd_hosts.c - hosts whose rows are half written or wrong, and
 * hosts that let one in and say nothing: the session counts on, and tells. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/hosts_rig.h"
#include "tests/unit/suites.h"

/* ---- Rows --------------------------------------------------------------- */

/* What the second host's row is like, whether it is a host nevertheless, and
 * its tokens. */
static const struct {
  enum script_oddity oddity;
  bool is_host;
  unsigned tokens;
} rows[] = {
    {ROW_WHOLE, true, 1},           {ROW_WITHOUT_ID, false, 0},
    {ROW_WITHOUT_DC, false, 0},     {ROW_WITHOUT_RACK, false, 0},
    {ROW_WITHOUT_VERSION, true, 1}, {ROW_WITHOUT_SCHEMA, true, 1},
    {ROW_WITHOUT_TOKENS, true, 0},  {ROW_WITHOUT_ADDRESS, true, 1},
    {ROW_EVERYWHERE, true, 1},      {ROW_NOWHERE, false, 0},
    {ROW_TWICE, true, 1},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static void count_both(struct rig *r, const struct peer *p, bool both) {
  unsigned there;

  for (int i = 0; i < 200; i++) {
    char key[16];

    snprintf(key, sizeof key, "/%d", i);
    rig_applied(r, key);
  }
  there = script_count(p->server, AT_UPDATE);
  ck_assert_uint_eq(script_count(r->server, AT_UPDATE) + there, 200);
  if (!both)
    ck_assert_uint_eq(there, 0);
}

START_TEST(odd_row) {
  const char *version = rows[_i].oddity == ROW_WITHOUT_VERSION ? "" : "4.1.9";
  struct seen seen;
  struct peer p;
  struct rig r;

  rig_init(&r, (enum rig_mode)(_i % RIG_MODES));
  peer_init(&p, &r, "dc1", "rack1");
  script_odd_row(p.server, rows[_i].oddity);
  rig_connect(&r);
  seen_look(&r, &seen);
  ck_assert_uint_eq(seen.count, rows[_i].is_host ? 2 : 1);
  ck_assert_int_eq(seen.hosts[0].host.up, 1);
  if (rows[_i].is_host) {
    ck_assert_int_eq(seen.hosts[1].host.up, 1);
    ck_assert_str_eq(seen.hosts[1].address, "127.0.0.1");
    ck_assert_uint_eq(seen.hosts[1].host.port, script_port(p.server));
    ck_assert_uint_eq(seen.hosts[1].host.tokens, rows[_i].tokens);
    ck_assert_str_eq(seen.hosts[1].version, version);
  }
  count_both(&r, &p, rows[_i].is_host);
  rig_fini(&r);
  peer_fini(&p);
}
END_TEST

/* The port is that of the host which lists it: nobody is there. */
START_TEST(row_without_port) {
  struct seen seen;
  struct peer p;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  peer_init(&p, &r, "dc1", "rack1");
  script_odd_row(p.server, ROW_WITHOUT_PORT);
  rig_connect(&r);
  seen_look(&r, &seen);
  /* Two at one address: the first is taken. */
  ck_assert_uint_eq(seen.count, 1);
  count_both(&r, &p, false);
  rig_fini(&r);
  peer_fini(&p);
}
END_TEST

/* Both say that the token is theirs: one of them is right, and neither refuses
 * what it is sent. */
START_TEST(token_of_two) {
  struct seen seen;
  struct peer p;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  peer_init(&p, &r, "dc1", "rack1");
  script_own(p.server, "0", 1);
  rig_connect(&r);
  seen_look(&r, &seen);
  ck_assert_uint_eq(seen.count, 2);
  ck_assert_uint_eq(seen.hosts[1].host.tokens, 1);
  ck_assert(seen.hosts[0].host.share + seen.hosts[1].host.share > 0.999);
  ck_assert(seen.hosts[0].host.share + seen.hosts[1].host.share < 1.001);
  count_both(&r, &p, true);
  rig_fini(&r);
  peer_fini(&p);
}
END_TEST

/* ---- Hosts that say nothing --------------------------------------------- */

static const enum script_place silent_at[] = {AT_OPTIONS, AT_STARTUP};
static const char *const silent_while[] = {"asking for options", "starting up"};

START_TEST(peer_never_starts) {
  struct seen seen;
  struct peer p;
  struct rig r;

  rig_init(&r, (enum rig_mode)(_i / 2));
  peer_init(&p, &r, "dc1", "rack1");
  script_next_kind(p.server, silent_at[_i % 2], SCRIPT_IGNORE, 0);
  r.options.connect_timeout_ms = 300;
  rig_connect(&r);
  count_both(&r, &p, false);
  seen_look(&r, &seen);
  ck_assert_int_eq(seen.hosts[0].host.up, 1);
  ck_assert_int_eq(seen.hosts[1].host.up, 0);
  ck_assert_ptr_nonnull(strstr(seen.hosts[1].why, "no CQL answer in time"));
  ck_assert_ptr_nonnull(strstr(seen.hosts[1].why, silent_while[_i % 2]));
  rig_fini(&r);
  peer_fini(&p);
}
END_TEST

START_TEST(contact_never_starts) {
  struct rig r;

  rig_init(&r, (enum rig_mode)(_i / 2));
  script_next_kind(r.server, silent_at[_i % 2], SCRIPT_IGNORE, 0);
  r.options.connect_timeout_ms = 300;
  ck_assert_int_eq(rig_try_connect(&r), TALLY_ETIMEDOUT);
  ck_assert_ptr_nonnull(strstr(r.error.detail, script_host(r.server)));
  ck_assert_ptr_nonnull(strstr(r.error.detail, silent_while[_i % 2]));
  rig_fini(&r);
}
END_TEST

Suite *odd_hosts_suite(void) {
  Suite *s = suite_create("odd_hosts");
  TCase *tc = tcase_create("rows");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, odd_row, 0, ROWS);
  tcase_add_loop_test(tc, row_without_port, 0, RIG_MODES);
  tcase_add_loop_test(tc, token_of_two, 0, RIG_MODES);
  suite_add_tcase(s, tc);
  tc = tcase_create("silence");
  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, peer_never_starts, 0, RIG_MODES * 2);
  tcase_add_loop_test(tc, contact_never_starts, 0, RIG_MODES * 2);
  suite_add_tcase(s, tc);
  return s;
}
