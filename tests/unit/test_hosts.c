/* tests/unit/test_hosts.c - what programs see of hosts: data centers,
 * tally_hosts(), tally_metrics(). */
#include <stdio.h>
#include <string.h>

#include "tests/support/script_private.h"
#include "tests/unit/hosts_rig.h"
#include "tests/unit/suites.h"

/* ---- Data centers ------------------------------------------------------- */

START_TEST(wrong_local_dc) {
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.local_dc = "dc9";
  ck_assert_int_eq(rig_try_connect(&r), TALLY_EINVAL);
  ck_assert_ptr_nonnull(strstr(r.error.detail, "local_dc"));
  ck_assert_ptr_nonnull(strstr(r.error.detail, "\"dc9\""));
  ck_assert_ptr_nonnull(strstr(r.error.detail, "which has dc1"));
  rig_fini(&r);
}
END_TEST

/* The text is not needed any more once the call has returned. */
START_TEST(right_local_dc) {
  char dc[] = "dc1", rack[] = "rack1";
  struct seen seen;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.local_dc = dc;
  r.options.local_rack = rack;
  rig_connect(&r);
  memset(dc, 'x', 3);
  memset(rack, 'x', 5);
  seen_look(&r, &seen);
  ck_assert_int_eq(seen.hosts[0].host.distance, TALLY_LOCAL_RACK);
  rig_applied(&r, "/home");
  rig_fini(&r);
}
END_TEST

/* It routes as if there were no racks: that is told, once. */
START_TEST(wrong_local_rack) {
  struct log log = {.word = "option local_rack"};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.local_rack = "rack9";
  tally_log(&r.options, log_note, &log, TALLY_LOG_WARNING);
  rig_connect(&r);
  rig_applied(&r, "/home");
  ck_assert_uint_eq(log.count, 1);
  ck_assert_ptr_nonnull(strstr(log.text, "\"rack9\" now (the first one is in "
                                         "\"rack1\")"));
  rig_fini(&r);
}
END_TEST

START_TEST(nobody_to_tell) {
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  ck_assert_int_eq(tally_hosts(r.session, NULL, NULL, &r.error),
                   _i == RIG_GUEST ? TALLY_EDEADLK : TALLY_EINVAL);
  ck_assert_int_eq(tally_hosts_async(r.session, NULL, NULL, NULL, &r.error),
                   TALLY_EINVAL);
  rig_fini(&r);
}
END_TEST

START_TEST(learned_local_dc) {
  struct log log = {.word = "data centers"};
  struct peer p;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  peer_init(&p, &r, "dc2", "rack1");
  tally_log(&r.options, log_note, &log, TALLY_LOG_WARNING);
  rig_connect(&r);
  ck_assert_uint_eq(log.count, 1);
  ck_assert_ptr_nonnull(strstr(log.text, "dc1, dc2"));
  ck_assert_ptr_nonnull(strstr(log.text, "\"dc1\""));
  rig_fini(&r);
  peer_fini(&p);
}
END_TEST

/* ---- tally_hosts() ------------------------------------------------------ */

START_TEST(one_host) {
  const struct seen_host *h;
  struct seen seen;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  if (_i == RIG_THREADS)
    r.options.io_threads = 3;
  rig_connect(&r);
  seen_look(&r, &seen);
  ck_assert_uint_eq(seen.count, 1);
  h = &seen.hosts[0];
  ck_assert_str_eq(h->address, "127.0.0.1");
  ck_assert_uint_eq(h->host.port, script_port(r.server));
  ck_assert_str_eq(h->dc, "dc1");
  ck_assert_str_eq(h->rack, "rack1");
  ck_assert_str_eq(h->version, "5.0.2");
  ck_assert_str_eq(h->why, "");
  ck_assert_int_eq(h->host.distance, TALLY_LOCAL_DC);
  ck_assert_int_eq(h->host.up, 1);
  ck_assert_uint_lt(h->host.since_ms, WAIT_LIMIT_MS);
  ck_assert_uint_eq(h->host.connections, _i == RIG_THREADS ? 3 : 1);
  ck_assert_uint_eq(h->host.in_flight, 0);
  ck_assert_uint_eq(h->host.tokens, 1);
  ck_assert_uint_eq(h->host.shards, 0);
  ck_assert_double_eq(h->host.share, 1);
  rig_fini(&r);
}
END_TEST

START_TEST(in_flight) {
  struct done done = {0};
  struct seen seen;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  rig_applied(&r, "/home");
  script_next_kind(r.server, AT_UPDATE, SCRIPT_HOLD, 1);
  rig_submit(&r, "/held", 1, &done);
  ck_assert(rig_served(&r, AT_UPDATE, 2));
  seen_look(&r, &seen);
  ck_assert_uint_eq(seen.hosts[0].host.in_flight, 1);
  script_release(r.server);
  ck_assert(rig_done(&r, &done));
  rig_fini(&r);
}
END_TEST

/* It was known for a moment only, and is waited for. */
START_TEST(two_hosts) {
  const struct seen_host *h;
  struct seen seen;
  struct peer p;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  peer_init(&p, &r, "dc1", "rack2");
  r.options.local_rack = "rack2";
  rig_connect(&r);
  seen_look(&r, &seen);
  ck_assert_uint_eq(seen.count, 2);
  h = &seen.hosts[0];
  ck_assert_str_eq(h->rack, "rack1");
  ck_assert_int_eq(h->host.distance, TALLY_LOCAL_DC);
  ck_assert_double_eq(h->host.share, 0.5);
  h = &seen.hosts[1];
  ck_assert_uint_eq(h->host.port, script_port(p.server));
  ck_assert_str_eq(h->rack, "rack2");
  ck_assert_str_eq(h->version, "4.1.9");
  ck_assert_int_eq(h->host.distance, TALLY_LOCAL_RACK);
  ck_assert_int_eq(h->host.up, 1);
  ck_assert_uint_eq(h->host.connections, 1);
  ck_assert_double_eq(h->host.share, 0.5);
  ck_assert_uint_eq(script_accepted(p.server), 1);
  rig_fini(&r);
  peer_fini(&p);
}
END_TEST

START_TEST(one_is_down) {
  const struct seen_host *h;
  struct seen seen;
  struct peer p;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  peer_init(&p, &r, "dc1", "rack1");
  script_listen(p.server, false);
  rig_connect(&r);
  seen_look(&r, &seen);
  ck_assert_uint_eq(seen.count, 2);
  ck_assert_int_eq(seen.hosts[0].host.up, 1);
  h = &seen.hosts[1];
  ck_assert_int_eq(h->host.up, 0);
  ck_assert_uint_eq(h->host.connections, 0);
  ck_assert_msg(strstr(h->why, "refused") != NULL, "%s", h->why);
  rig_fini(&r);
  peer_fini(&p);
}
END_TEST

/* One that says nothing is waited for no longer than connecting may take. */
START_TEST(one_is_silent) {
  uint64_t began;
  struct seen seen;
  struct peer p;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  peer_init(&p, &r, "dc1", "rack1");
  script_next_kind(p.server, AT_OPTIONS, SCRIPT_IGNORE, 0);
  r.options.connect_timeout_ms = 300;
  rig_connect(&r);
  began = rig_ms();
  seen_look(&r, &seen);
  ck_assert_uint_ge(rig_ms() - began, 200);
  ck_assert_uint_eq(seen.count, 2);
  ck_assert_int_eq(seen.hosts[1].host.up, 0);
  ck_assert_str_ne(seen.hosts[1].why, "");
  rig_fini(&r);
  peer_fini(&p);
}
END_TEST

START_TEST(remote_hosts) {
  const struct seen_host *h;
  struct seen seen;
  struct peer p;
  struct rig r;

  rig_init(&r, RIG_INLINE);
  r.options.local_dc = "dc1";
  r.options.allow_remote = _i;
  peer_init(&p, &r, "dc2", "rack1");
  rig_connect(&r);
  seen_look(&r, &seen);
  ck_assert_uint_eq(seen.count, 2);
  h = &seen.hosts[1];
  ck_assert_str_eq(h->dc, "dc2");
  ck_assert_int_eq(h->host.distance, TALLY_REMOTE_DC);
  ck_assert_int_eq(h->host.up, _i);
  ck_assert_uint_eq(script_accepted(p.server), (unsigned)_i);
  if (_i == 0) {
    ck_assert_ptr_nonnull(strstr(h->why, "allow_remote"));
    ck_assert_uint_eq(h->host.since_ms, 0);
  }
  rig_fini(&r);
  peer_fini(&p);
}
END_TEST

static void done_after_hosts(void *user, const tally_result *result) {
  done_record(&((struct seen *)user)->done, result);
}

START_TEST(asynchronous) {
  struct seen seen = {0};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  ck_assert_int_eq(tally_hosts_async(r.session, seen_note, done_after_hosts,
                                     &seen, &r.error),
                   0);
  ck_assert(rig_done(&r, &seen.done));
  ck_assert_int_eq(seen.done.status, 0);
  ck_assert_int_eq(seen.done.outcome, TALLY_NOT_APPLIED);
  ck_assert_uint_eq(seen.count, 1);
  rig_fini(&r);
}
END_TEST

/* The callback runs once, whether it was too late or not. */
START_TEST(closed_meanwhile) {
  struct seen seen = {0};
  struct peer p;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  peer_init(&p, &r, "dc1", "rack1");
  script_next_kind(p.server, AT_OPTIONS, SCRIPT_IGNORE, 0);
  rig_connect(&r);
  ck_assert_int_eq(tally_hosts_async(r.session, seen_note, done_after_hosts,
                                     &seen, &r.error),
                   0);
  rig_close(&r);
  ck_assert_int_eq(seen.done.calls, 1);
  ck_assert_int_eq(seen.done.status, TALLY_ECLOSED);
  ck_assert_uint_eq(seen.count, 0);
  rig_fini(&r);
  peer_fini(&p);
}
END_TEST

START_TEST(nobody_has_told) {
  struct seen seen = {0};
  struct rig r;

  rig_init(&r, RIG_GUEST);
  r.options.connect_timeout_ms = 100;
  script_listen(r.server, false);
  ck_assert_int_eq(
      tally_connect_on(&r.session, &r.loop, &r.options, NULL, NULL, &r.error),
      0);
  ck_assert_int_eq(tally_hosts_async(r.session, seen_note, done_after_hosts,
                                     &seen, &r.error),
                   0);
  ck_assert(rig_done(&r, &seen.done));
  ck_assert_int_eq(seen.done.status, TALLY_ENOHOST);
  ck_assert_uint_eq(seen.count, 0);
  rig_fini(&r);
}
END_TEST

/* ---- tally_metrics() ---------------------------------------------------- */

static tally_counters counted(struct rig *r) {
  tally_counters c = {.struct_size = sizeof c};

  ck_assert_int_eq(tally_metrics(r->session, &c, &r->error), 0);
  ck_assert_uint_eq(c.struct_size, sizeof c);
  return c;
}

START_TEST(requests) {
  tally_counters c;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  c = counted(&r);
  ck_assert_uint_eq(c.connects, 1);
  ck_assert_uint_eq(c.to_replica + c.to_other + c.unrouted + c.prepares, 0);
  for (int i = 0; i < 3; i++)
    rig_applied(&r, "/home");
  c = counted(&r);
  ck_assert_uint_eq(c.to_replica, 3);
  ck_assert_uint_eq(c.to_other + c.unrouted + c.remote + c.retries, 0);
  ck_assert_uint_eq(c.prepares, 1);
  ck_assert_uint_eq(c.reprepares, 0);
  ck_assert_uint_eq(c.connects, 1);
  ck_assert_uint_eq(c.disconnects, 0);
  rig_answered(&r, "/home");
  c = counted(&r);
  ck_assert_uint_eq(c.to_replica, 4);
  ck_assert_uint_eq(c.prepares, 2);
  rig_fini(&r);
}
END_TEST

START_TEST(prepared_again) {
  tally_counters c;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  rig_applied(&r, "/home");
  script_next_kind(r.server, AT_UPDATE, SCRIPT_UNPREPARED, 1);
  rig_applied(&r, "/home");
  c = counted(&r);
  ck_assert_uint_eq(c.prepares, 2);
  ck_assert_uint_eq(c.reprepares, 1);
  script_drop(r.server, true);
  ck_assert(rig_accepted(&r, 2));
  rig_applied(&r, "/home");
  c = counted(&r);
  ck_assert_uint_eq(c.prepares, 3);
  ck_assert_uint_eq(c.reprepares, 2);
  ck_assert_uint_eq(c.connects, 2);
  ck_assert_uint_eq(c.disconnects, 1);
  rig_fini(&r);
}
END_TEST

START_TEST(retried_elsewhere) {
  /* 0x1002 bootstrapping: NOT_APPLIED, and there is another host. */
  tally_counters c;
  struct peer p;
  struct rig r;
  struct seen seen;

  rig_init(&r, (enum rig_mode)_i);
  peer_init(&p, &r, "dc1", "rack1");
  rig_connect(&r);
  seen_look(&r, &seen);
  ck_assert_int_eq(seen.hosts[1].host.up, 1);
  script_next_error(r.server, AT_UPDATE, 0x1002, 0);
  for (int i = 0; i < 50 && script_count(r.server, AT_UPDATE) == 0; i++) {
    char url[16];

    snprintf(url, sizeof url, "/%d", i);
    rig_applied(&r, url);
  }
  c = counted(&r);
  ck_assert_uint_eq(c.retries, 1);
  ck_assert_uint_eq(c.connects, 2);
  ck_assert_uint_eq(script_count(r.server, AT_UPDATE), 1);
  rig_fini(&r);
  peer_fini(&p);
}
END_TEST

/* A program of another age has another size. */
START_TEST(sizes_of_counters) {
  struct {
    tally_counters c;
    uint64_t more;
  } newer = {.c = {.struct_size = sizeof newer}, .more = 7};
  tally_counters older = {.struct_size = offsetof(tally_counters, disconnects),
                          .disconnects = 99};
  tally_counters none = {0};
  struct rig r;

  rig_init(&r, RIG_INLINE);
  rig_connect(&r);
  ck_assert_int_eq(tally_metrics(r.session, &newer.c, NULL), 0);
  ck_assert_uint_eq(newer.c.connects, 1);
  ck_assert_uint_eq(newer.more, 0);
  ck_assert_int_eq(tally_metrics(r.session, &older, NULL), 0);
  ck_assert_uint_eq(older.connects, 1);
  ck_assert_uint_eq(older.disconnects, 99);
  ck_assert_int_eq(tally_metrics(r.session, &none, &r.error), TALLY_EINVAL);
  ck_assert_ptr_nonnull(strstr(r.error.message, "struct_size"));
  rig_fini(&r);
}
END_TEST

/* ---- Schema agreement --------------------------------------------------- */

/* All looks are at the host that made the change. */
START_TEST(agreement_of_one_host) {
  unsigned made = 0;
  struct seen seen;
  struct peer p;
  struct rig r;

  rig_init(&r, RIG_INLINE);
  peer_init(&p, &r, "dc1", "rack1");
  rig_connect(&r);
  seen_look(&r, &seen);
  for (int i = 0; i < 16; i++) {
    unsigned here, there;

    ck_assert_int_eq(tally_create_keyspace(r.session, "ks", NULL, &r.error), 0);
    here = script_count(r.server, AT_QUERY);
    there = script_count(p.server, AT_QUERY);
    ck_assert_uint_eq(here + there, 3 * ++made);
    ck_assert_uint_eq(here % 3, 0);
  }
  rig_fini(&r);
  peer_fini(&p);
}
END_TEST

/* RESULT Rows: that host's row has another version.  The step lives as long as
 * the bytes. */
static struct script_step differing_version(const struct script_server *of,
                                            struct bytes *b) {
  char id[17];

  bytes_u32(b, 2);
  bytes_u32(b, 1);
  bytes_u32(b, 2);
  bytes_string(b, "system");
  bytes_string(b, "peers");
  bytes_string(b, "schema_version");
  bytes_u16(b, 0x0c);
  bytes_string(b, "host_id");
  bytes_u16(b, 0x0c);
  bytes_u32(b, 1);
  bytes_u32(b, 16);
  bytes_add(b, "another version!", 16);
  bytes_u32(b, 16);
  script_host_id(of, id);
  bytes_add(b, id, 16);
  return (struct script_step){
      .kind = SCRIPT_FRAME, .opcode = 0x08, .bytes = b->p, .len = b->len};
}

/* A host that is up is looked at until it agrees; one that is down is not
 * waited for. */
START_TEST(agreement_without_the_dead) {
  struct script_step rows;
  struct bytes body = {0};
  struct seen seen;
  struct peer p;
  struct rig r;

  rig_init(&r, RIG_INLINE);
  peer_init(&p, &r, "dc1", "rack1");
  rows = differing_version(p.server, &body);
  script_listen(p.server, false);
  rig_connect(&r);
  seen_look(&r, &seen);
  ck_assert_int_eq(seen.hosts[1].host.up, 0);
  script_next_kind(r.server, AT_QUERY, SCRIPT_NORMAL, 2);
  script_next(r.server, AT_QUERY, &rows, 1);
  ck_assert_int_eq(tally_create_keyspace(r.session, "ks", NULL, &r.error), 0);
  ck_assert_uint_eq(script_count(r.server, AT_QUERY), 3);
  script_listen(p.server, true);
  do
    seen_look(&r, &seen);
  while (!seen.hosts[1].host.up);
  script_next_kind(p.server, AT_QUERY, SCRIPT_CLOSE, 0); /* not there */
  script_next_kind(r.server, AT_QUERY, SCRIPT_NORMAL, 2);
  script_next(r.server, AT_QUERY, &rows, 1);
  while (script_count(r.server, AT_QUERY) == 3)
    tally_create_keyspace(r.session, "ks", NULL, &r.error);
  ck_assert_uint_eq(script_count(r.server, AT_QUERY), 8);
  rig_fini(&r);
  peer_fini(&p);
  bytes_free(&body);
}
END_TEST

/* Longer than schema_timeout: the change is made, and that is all that is
 * known. */
START_TEST(agreement_never) {
  struct script_step rows;
  struct log log = {.word = "not known whether the nodes agree"};
  struct bytes body = {0};
  struct seen seen;
  struct peer p;
  struct rig r;

  rig_init(&r, RIG_INLINE);
  peer_init(&p, &r, "dc1", "rack1");
  rows = differing_version(p.server, &body);
  r.options.schema_timeout_ms = 300;
  tally_log(&r.options, log_note, &log, TALLY_LOG_WARNING);
  rig_connect(&r);
  seen_look(&r, &seen);
  /* Whichever is asked makes it, and then tells two versions each time. */
  for (int i = 0; i < 20; i++) {
    script_next_kind(r.server, AT_QUERY, SCRIPT_NORMAL, i == 0 ? 2 : 1);
    script_next(r.server, AT_QUERY, &rows, 1);
    script_next_kind(p.server, AT_QUERY, SCRIPT_NORMAL, i == 0 ? 2 : 1);
    script_next(p.server, AT_QUERY, &rows, 1);
  }
  ck_assert_int_eq(tally_create_keyspace(r.session, "ks", NULL, &r.error), 0);
  ck_assert_uint_eq(log.count, 1);
  ck_assert_ptr_nonnull(strstr(log.text, "they still differ"));
  rig_fini(&r);
  peer_fini(&p);
  bytes_free(&body);
}
END_TEST

Suite *hosts_suite(void) {
  Suite *s = suite_create("hosts");
  TCase *tc = tcase_create("hosts");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, wrong_local_dc, 0, RIG_MODES);
  tcase_add_loop_test(tc, right_local_dc, 0, RIG_MODES);
  tcase_add_loop_test(tc, wrong_local_rack, 0, RIG_MODES);
  tcase_add_loop_test(tc, nobody_to_tell, 0, RIG_MODES);
  tcase_add_loop_test(tc, learned_local_dc, 0, RIG_MODES);
  tcase_add_loop_test(tc, one_host, 0, RIG_MODES);
  tcase_add_loop_test(tc, in_flight, 0, RIG_MODES);
  tcase_add_loop_test(tc, two_hosts, 0, RIG_MODES);
  tcase_add_loop_test(tc, one_is_down, 0, RIG_MODES);
  tcase_add_loop_test(tc, one_is_silent, 0, RIG_MODES);
  tcase_add_loop_test(tc, remote_hosts, 0, 2);
  tcase_add_loop_test(tc, asynchronous, 0, RIG_MODES);
  tcase_add_loop_test(tc, closed_meanwhile, 0, RIG_MODES);
  tcase_add_test(tc, nobody_has_told);
  suite_add_tcase(s, tc);
  tc = tcase_create("metrics");
  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, requests, 0, RIG_MODES);
  tcase_add_loop_test(tc, prepared_again, 0, RIG_MODES);
  tcase_add_loop_test(tc, retried_elsewhere, 0, RIG_MODES);
  tcase_add_test(tc, sizes_of_counters);
  tcase_add_test(tc, agreement_of_one_host);
  tcase_add_test(tc, agreement_without_the_dead);
  tcase_add_test(tc, agreement_never);
  suite_add_tcase(s, tc);
  return s;
}
