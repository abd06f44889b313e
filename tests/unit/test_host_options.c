/* tests/unit/test_host_options.c - what programs say of hosts, and are told:
 * host_filter, translate_address, on_host. */
#include <string.h>

#include "tests/unit/hosts_rig.h"
#include "tests/unit/suites.h"

/* ---- host_filter -------------------------------------------------------- */

static int filter_host(void *user, const tally_host *host) {
  seen_note(user, host);
  return ((struct seen *)user)->answer;
}

/* All but those of another server. */
static int filter_second(void *user, const tally_host *host) {
  seen_note(user, host);
  return strcmp(host->version, "4.1.9") != 0;
}

START_TEST(filter_allows_none) {
  const struct seen_host *h;
  struct seen seen = {0};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.host_filter = filter_host;
  r.options.host_user = &seen;
  ck_assert_int_eq(rig_try_connect(&r), TALLY_EINVAL);
  ck_assert_ptr_nonnull(strstr(r.error.detail, "host_filter"));
  ck_assert_uint_ge(seen.count, 1);
  h = &seen.hosts[0];
  ck_assert_str_eq(h->address, "127.0.0.1");
  ck_assert_uint_eq(h->host.port, script_port(r.server));
  ck_assert_str_eq(h->dc, "dc1");
  ck_assert_str_eq(h->rack, "rack1");
  ck_assert_str_eq(h->version, "5.0.2");
  ck_assert_str_eq(h->why, "");
  ck_assert_uint_eq(h->host.tokens, 1);
  rig_fini(&r);
}
END_TEST

START_TEST(filter_allows_one) {
  struct seen seen = {0}, looked;
  struct peer p;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  peer_init(&p, &r, "dc1", "rack1");
  r.options.host_filter = filter_second;
  r.options.host_user = &seen;
  rig_connect(&r);
  for (int i = 0; i < 10; i++)
    rig_applied(&r, "/home");
  seen_look(&r, &looked);
  ck_assert_uint_eq(seen.count, 2);
  ck_assert_int_eq(looked.hosts[1].host.distance, TALLY_FILTERED);
  ck_assert_int_eq(looked.hosts[1].host.up, 0);
  ck_assert_ptr_nonnull(strstr(looked.hosts[1].why, "host_filter"));
  rig_close(&r);
  ck_assert_uint_eq(script_accepted(p.server), 0);
  rig_fini(&r);
  peer_fini(&p);
}
END_TEST

/* ---- translate_address -------------------------------------------------- */

static int translate(void *user, const char *given, uint16_t port,
                     char translated[46], uint16_t *translated_port) {
  struct seen *s = user;
  tally_host host = {.address = given,
                     .port = port,
                     .dc = "",
                     .rack = "",
                     .version = "",
                     .why = ""};

  ck_assert_str_eq(translated, given);
  ck_assert_uint_eq(*translated_port, port);
  seen_note(user, &host);
  if (s->to == NULL)
    return 0;
  strcpy(translated, s->to);
  if (s->port != 0)
    *translated_port = s->port;
  return 1;
}

START_TEST(address_of_a_host) {
  struct seen seen = {.to = "127.0.0.1"}, looked;
  struct script_server *elsewhere = script_start();
  struct peer p;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  peer_init(&p, &r, "dc1", "rack1");
  seen.port = script_port(elsewhere);
  r.options.translate_address = translate;
  r.options.host_user = &seen;
  rig_connect(&r);
  seen_look(&r, &looked);
  /* The contact point is where it was found. */
  ck_assert_uint_eq(seen.count, 1);
  ck_assert_str_eq(seen.hosts[0].address, "127.0.0.1");
  ck_assert_uint_eq(seen.hosts[0].host.port, script_port(p.server));
  ck_assert_uint_eq(looked.hosts[1].host.port, script_port(elsewhere));
  ck_assert_int_eq(looked.hosts[1].host.up, 1);
  rig_close(&r);
  ck_assert_uint_eq(script_accepted(p.server), 0);
  ck_assert_uint_eq(script_accepted(elsewhere), 1);
  rig_fini(&r);
  peer_fini(&p);
  script_stop(elsewhere);
}
END_TEST

START_TEST(address_stays) {
  struct seen seen = {0}, looked;
  struct peer p;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  peer_init(&p, &r, "dc1", "rack1");
  r.options.translate_address = translate;
  r.options.host_user = &seen;
  rig_connect(&r);
  seen_look(&r, &looked);
  ck_assert_uint_eq(seen.count, 1);
  ck_assert_uint_eq(looked.hosts[1].host.port, script_port(p.server));
  rig_fini(&r);
  peer_fini(&p);
}
END_TEST

START_TEST(address_that_is_none) {
  struct log log = {.word = "translate_address"};
  struct seen seen = {.to = "db.example"}, looked;
  struct peer p;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  peer_init(&p, &r, "dc1", "rack1");
  r.options.translate_address = translate;
  r.options.host_user = &seen;
  tally_log(&r.options, log_note, &log, TALLY_LOG_WARNING);
  rig_connect(&r);
  seen_look(&r, &looked);
  ck_assert_uint_eq(looked.hosts[1].host.port, script_port(p.server));
  ck_assert(rig_until(&r, log_has, &log));
  ck_assert_ptr_nonnull(strstr(log.text, "\"db.example\""));
  ck_assert_ptr_nonnull(strstr(log.text, "127.0.0.1"));
  rig_fini(&r);
  peer_fini(&p);
}
END_TEST

/* What a server says to be down is asked to show that it lives: that it was the
 * right one shows that the address was translated. */
START_TEST(address_in_an_event) {
  struct seen seen = {.to = "127.0.0.1"};
  struct peer p;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  peer_init(&p, &r, "dc1", "rack1");
  peer_leaves(&r); /* alone, here */
  seen.port = script_port(r.server);
  r.options.translate_address = translate;
  r.options.host_user = &seen;
  rig_connect(&r);
  ck_assert(rig_served(&r, AT_OPTIONS, 1));
  script_tell(r.server, "STATUS_CHANGE", "DOWN", NULL);
  ck_assert(rig_served(&r, AT_OPTIONS, 2));
  ck_assert_str_eq(seen.hosts[0].address, "10.9.9.9");
  ck_assert_uint_eq(seen.hosts[0].host.port, 9042);
  rig_fini(&r);
  peer_fini(&p);
}
END_TEST

/* ---- on_host ------------------------------------------------------------ */

START_TEST(up_and_down) {
  struct seen seen = {0};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.on_host = seen_note;
  r.options.host_user = &seen;
  if (_i == RIG_THREADS)
    r.options.io_threads = 3; /* and one of them alone tells */
  rig_connect(&r);
  ck_assert_uint_eq(seen.count, 1);
  ck_assert_int_eq(seen.hosts[0].host.up, 1);
  ck_assert_str_eq(seen.hosts[0].address, "127.0.0.1");
  ck_assert_uint_eq(seen.hosts[0].host.port, script_port(r.server));
  ck_assert_str_eq(seen.hosts[0].dc, "dc1");
  ck_assert_str_eq(seen.hosts[0].version, "5.0.2");
  ck_assert_str_eq(seen.hosts[0].why, "");
  ck_assert_int_eq(seen.hosts[0].host.distance, TALLY_LOCAL_DC);
  ck_assert_uint_eq(seen.hosts[0].host.connections, 1);
  script_listen(r.server, false);
  script_drop(r.server, true);
  ck_assert(seen_until(&r, &seen, 2));
  ck_assert_int_eq(seen.hosts[1].host.up, 0);
  ck_assert_str_eq(seen.hosts[1].rack, "rack1");
  ck_assert_str_ne(seen.hosts[1].why, "");
  ck_assert_uint_eq(seen.hosts[1].host.connections, 0);
  script_listen(r.server, true);
  ck_assert(seen_until(&r, &seen, 3));
  ck_assert_int_eq(seen.hosts[2].host.up, 1);
  rig_close(&r);
  ck_assert_uint_eq(seen.count, 3);
  rig_fini(&r);
}
END_TEST

struct replying {
  struct rig *r;
  _Atomic bool armed; /* the table is open */
  struct seen seen;
  struct done done;
};

/* It may do what a callback of an operation may. */
static void increment_when_up(void *user, const tally_host *host) {
  struct replying *a = user;
  page_hits row = {.url = "/up", .views = 1};

  seen_note(&a->seen, host);
  if (!atomic_load(&a->armed) || !host->up)
    return;
  ck_assert_int_eq(tally_increment(a->r->hits, &row, NULL), TALLY_EDEADLK);
  ck_assert_int_eq(
      tally_increment_async(a->r->hits, &row, done_record, &a->done, NULL), 0);
}

START_TEST(submits_when_up) {
  struct replying a = {0};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  a.r = &r;
  r.options.on_host = increment_when_up;
  r.options.host_user = &a;
  rig_connect(&r);
  atomic_store(&a.armed, true);
  script_drop(r.server, true);
  ck_assert(rig_done(&r, &a.done));
  ck_assert_int_eq(a.done.outcome, TALLY_APPLIED);
  ck_assert_int_eq(script_sum(r.server, "/up", "views"), 1);
  rig_fini(&r);
}
END_TEST

/* The list is read anew without it. */
START_TEST(host_leaves) {
  struct seen seen = {0};
  struct peer p;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  peer_init(&p, &r, "dc1", "rack1");
  r.options.on_host = seen_note;
  r.options.host_user = &seen;
  rig_connect(&r);
  ck_assert(seen_until(&r, &seen, 2));
  peer_leaves(&r);
  script_tell(r.server, "STATUS_CHANGE", "UP", NULL);
  ck_assert(seen_until(&r, &seen, 3));
  ck_assert_int_eq(seen.hosts[2].host.up, 0);
  ck_assert_uint_eq(seen.hosts[2].host.port, script_port(p.server));
  ck_assert_str_eq(seen.hosts[2].dc, "");
  ck_assert_ptr_nonnull(strstr(seen.hosts[2].why, "left the cluster"));
  rig_close(&r);
  ck_assert_uint_eq(seen.count, 3);
  rig_fini(&r);
  peer_fini(&p);
}
END_TEST

Suite *host_options_suite(void) {
  Suite *s = suite_create("host_options");
  TCase *tc = tcase_create("host_options");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, filter_allows_none, 0, RIG_MODES);
  tcase_add_loop_test(tc, filter_allows_one, 0, RIG_MODES);
  tcase_add_loop_test(tc, address_of_a_host, 0, RIG_MODES);
  tcase_add_loop_test(tc, address_stays, 0, RIG_MODES);
  tcase_add_loop_test(tc, address_that_is_none, 0, RIG_MODES);
  tcase_add_loop_test(tc, address_in_an_event, 0, RIG_MODES);
  tcase_add_loop_test(tc, up_and_down, 0, RIG_MODES);
  tcase_add_loop_test(tc, submits_when_up, 0, RIG_MODES);
  tcase_add_loop_test(tc, host_leaves, 0, RIG_MODES);
  suite_add_tcase(s, tc);
  return s;
}
