/* tests/unit/test_rounds.c - rounds over several contact points: none depends
 * on those before it, nobody is called back too early, and who waits in vain is
 * told why. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/rig.h"
#include "tests/unit/suites.h"

/* ---- Hosts that say nothing --------------------------------------------- */

/* With a full backlog not even the system answers; else it takes the connection
 * and nobody ever reads from it. */
struct silent {
  int listener;
  int fillers[4];
  uint16_t port;
  char host[32];
};
enum { FILLERS = 4 };

static void fill(struct silent *s, const struct sockaddr_in *address) {
  struct pollfd last = {.events = POLLOUT};

  for (int i = 0; i < FILLERS; i++) {
    s->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    ck_assert_int_ge(s->fillers[i], 0);
    (void)connect(s->fillers[i], (const void *)address, sizeof *address);
  }
  last.fd = s->fillers[FILLERS - 1];
  ck_assert_int_eq(poll(&last, 1, 0), 0);
}

static void silent_open(struct silent *s, bool full) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t len = sizeof address;

  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  s->listener = socket(AF_INET, SOCK_STREAM, 0);
  ck_assert_int_eq(bind(s->listener, (void *)&address, sizeof address), 0);
  ck_assert_int_eq(listen(s->listener, full ? 0 : 64), 0);
  ck_assert_int_eq(getsockname(s->listener, (void *)&address, &len), 0);
  s->port = ntohs(address.sin_port);
  snprintf(s->host, sizeof s->host, "127.0.0.1:%u", (unsigned)s->port);
  for (int i = 0; i < FILLERS; i++)
    s->fillers[i] = -1;
  if (full)
    fill(s, &address);
}

static void silent_close(struct silent *s) {
  for (int i = 0; i < FILLERS; i++)
    if (s->fillers[i] >= 0)
      close(s->fillers[i]);
  close(s->listener);
}

/* ---- Each contact point has its share ----------------------------------- */

/* "silent-name" has two addresses; nobody else has any. */
static int resolve_silent(void *user, const char *name, char (*addresses)[46],
                          int max) {
  (void)user;
  ck_assert_int_ge(max, 2);
  if (strcmp(name, "silent-name") != 0)
    return -1;
  snprintf(addresses[0], 46, "127.0.0.1");
  snprintf(addresses[1], 46, "127.0.0.1");
  return 2;
}

/* The simulator looks at this to the millisecond; here a machine may be
 * busy. */
enum { BUSY_MS = 900 };

static void connects_in_time(struct rig *r) {
  uint64_t begun = rig_ms();

  r->options.connect_timeout_ms = 1000;
  rig_connect(r);
  ck_assert_uint_le(rig_ms() - begun, 1000 + BUSY_MS);
  rig_applied(r, "/home");
  ck_assert_uint_eq(script_accepted(r->server), 1);
}

START_TEST(silent_addresses_first) {
  struct silent silent;
  char hosts[96];
  struct rig r;

  silent_open(&silent, _i / RIG_MODES != 0);
  rig_init(&r, (enum rig_mode)(_i % RIG_MODES));
  snprintf(hosts, sizeof hosts, "silent-name:%u,%s", (unsigned)silent.port,
           script_host(r.server));
  r.options.hosts = hosts;
  r.options.resolve = resolve_silent;
  connects_in_time(&r);
  rig_fini(&r);
  silent_close(&silent);
}
END_TEST

/* Three of them leave a quarter of the time for the one that serves. */
START_TEST(silent_contacts_first) {
  struct silent silent;
  char hosts[160];
  struct rig r;

  silent_open(&silent, false);
  rig_init(&r, (enum rig_mode)_i);
  snprintf(hosts, sizeof hosts, "%s,%s,%s,%s", silent.host, silent.host,
           silent.host, script_host(r.server));
  r.options.hosts = hosts;
  connects_in_time(&r);
  rig_fini(&r);
  silent_close(&silent);
}
END_TEST

START_TEST(unknown_name_first) {
  char hosts[96];
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  snprintf(hosts, sizeof hosts, "nobody:9042,%s", script_host(r.server));
  r.options.hosts = hosts;
  r.options.resolve = resolve_silent;
  connects_in_time(&r);
  rig_fini(&r);
}
END_TEST

/* Each fails at once: none may stand on the stack of the one before it. */
START_TEST(thousands_in_vain) {
  enum { HOSTS = 10000, ROOM = 28 * HOSTS + 32 };
  static const char barred[] = "255.255.255.255"; /* by the system */
  char *hosts = malloc(ROOM);
  size_t len = 0;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  for (int i = 0; i < HOSTS; i++)
    len += (size_t)snprintf(hosts + len, ROOM - len, "nobody,%s:9042,", barred);
  snprintf(hosts + len, ROOM - len, "%s", script_host(r.server));
  r.options.hosts = hosts;
  r.options.resolve = resolve_silent;
  r.options.connect_timeout_ms = 60000; /* how long it takes is not the point */
  rig_connect(&r);
  rig_applied(&r, "/home");
  rig_fini(&r);
  free(hosts);
}
END_TEST

/* ---- A look-up that does not end ---------------------------------------- */

/* libuv looks names up in its pool of threads: all of them are busy. */
enum { BLOCKERS = 4 };

struct busy_pool {
  uv_loop_t loop;
  uv_work_t works[BLOCKERS];
  uv_sem_t end;
};

static void block(uv_work_t *work) {
  uv_sem_wait(work->data);
}

static void pool_block(struct busy_pool *pool) {
  char size[8];

  snprintf(size, sizeof size, "%d", BLOCKERS);
  setenv("UV_THREADPOOL_SIZE", size, 1);
  ck_assert_int_eq(uv_loop_init(&pool->loop), 0);
  ck_assert_int_eq(uv_sem_init(&pool->end, 0), 0);
  for (int i = 0; i < BLOCKERS; i++) {
    pool->works[i].data = &pool->end;
    ck_assert_int_eq(uv_queue_work(&pool->loop, &pool->works[i], block, NULL),
                     0);
  }
}

static void pool_free(struct busy_pool *pool) {
  for (int i = 0; i < BLOCKERS; i++)
    uv_sem_post(&pool->end);
  uv_run(&pool->loop, UV_RUN_DEFAULT);
  uv_sem_destroy(&pool->end);
  ck_assert_int_eq(uv_loop_close(&pool->loop), 0);
}

START_TEST(slow_lookup_first) {
  struct busy_pool pool;
  char hosts[96];
  struct rig r;

  pool_block(&pool);
  rig_init(&r, (enum rig_mode)_i);
  snprintf(hosts, sizeof hosts, "slow.invalid,%s", script_host(r.server));
  r.options.hosts = hosts;
  connects_in_time(&r);
  rig_fini(&r);
  pool_free(&pool);
}
END_TEST

/* A name with addresses of both kinds, the first of which leads nowhere; and
 * one that the system looks up, which has both on most machines. */
static int resolve_both(void *user, const char *name, char (*addresses)[46],
                        int max) {
  (void)user;
  (void)name;
  ck_assert_int_ge(max, 2);
  snprintf(addresses[0], 46, "::1");
  snprintf(addresses[1], 46, "127.0.0.1");
  return 2;
}

START_TEST(both_kinds_of_address) {
  bool by_system = _i / RIG_MODES != 0;
  struct busy_pool pool;
  char hosts[64];
  struct rig r;

  /* libuv's threads, which stay, are there before ours are counted. */
  pool_block(&pool);
  pool_free(&pool);
  rig_init(&r, (enum rig_mode)(_i % RIG_MODES));
  snprintf(hosts, sizeof hosts, "%s:%u", by_system ? "localhost" : "both",
           script_port(r.server));
  r.options.hosts = hosts;
  if (!by_system)
    r.options.resolve = resolve_both;
  rig_connect(&r);
  rig_applied(&r, "/home");
  rig_fini(&r);
}
END_TEST

/* ---- Whose turn it is --------------------------------------------------- */

enum { LINES = 3 };

struct lines {
  int count;
  char text[LINES][256];
};

static void keep_line(void *user, int level, const char *text) {
  struct lines *lines = user;

  (void)level;
  if (lines->count < LINES)
    snprintf(lines->text[lines->count++], sizeof lines->text[0], "%s", text);
}

static bool are_kept(void *arg) {
  return ((struct lines *)arg)->count == LINES;
}

/* Each round begins with another one than the round before it. */
START_TEST(rounds_take_turns) {
  static const char first[LINES][32] = {
      "no host reached: 127.0.0.1:1: ", "no host reached: 127.0.0.1:2: ",
      "no host reached: 127.0.0.1:1: "};
  struct lines lines = {0};
  struct rig r;

  rig_init(&r, RIG_GUEST);
  /* These ports of the loopback have no server. */
  r.options.hosts = "127.0.0.1:1,127.0.0.1:2";
  tally_log(&r.options, keep_line, &lines, TALLY_LOG_WARNING);
  ck_assert_int_eq(rig_try_connect(&r), TALLY_ECONNECT);
  ck_assert(rig_until(&r, are_kept, &lines));
  for (int i = 0; i < LINES; i++)
    ck_assert_msg(strncmp(lines.text[i], first[i], strlen(first[i])) == 0,
                  "round %d: %s", i + 1, lines.text[i]);
  rig_fini(&r);
}
END_TEST

/* ---- Not inside the call ------------------------------------------------ */

static int resolve_none(void *user, const char *name, char (*addresses)[46],
                        int max) {
  (void)user;
  (void)name;
  (void)addresses;
  (void)max;
  return 0;
}

struct told {
  struct done done;
  struct rig *r;
  bool inside;    /* tally_connect_on() has not returned */
  bool too_early; /* ... and neither had it, or there was no session */
};

static void on_told(void *user, const tally_result *result) {
  struct told *told = user;

  told->too_early = told->inside || told->r->session == NULL;
  done_record(&told->done, result);
}

/* The round fails at the first step: no address, or one that the system
 * refuses without asking anybody. */
START_TEST(connected_runs_in_uv_run) {
  struct told told = {.inside = true};
  struct rig r;

  rig_init(&r, RIG_GUEST);
  told.r = &r;
  r.options.hosts = _i == 0 ? "db.nowhere" : "255.255.255.255:9042";
  r.options.resolve = resolve_none;
  ck_assert_int_eq(tally_connect_on(&r.session, &r.loop, &r.options, on_told,
                                    &told, &r.error),
                   0);
  told.inside = false;
  ck_assert_ptr_nonnull(r.session);
  ck_assert_int_eq(told.done.calls, 0);
  uv_run(&r.loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(told.done.calls, 1);
  ck_assert(!told.too_early);
  ck_assert_int_eq(told.done.status, TALLY_ECONNECT);
  rig_fini(&r);
  ck_assert_int_eq(told.done.calls, 1);
}
END_TEST

/* ---- Why there was no host ---------------------------------------------- */

static void expect_reason(const struct done *d, const char *host,
                          const char *words) {
  ck_assert_int_eq(d->status, TALLY_ENOHOST);
  ck_assert_int_eq(d->outcome, TALLY_NOT_APPLIED);
  ck_assert_msg(strstr(d->error.detail, host) != NULL &&
                    strstr(d->error.detail, words) != NULL,
                "no \"%s\" and \"%s\" in: %s: \"%s\"", host, words,
                d->error.message, d->error.detail);
}

/* The first round is not over at the deadline. */
START_TEST(no_host_yet) {
  struct silent silent;
  struct done d = {0};
  struct rig r;

  silent_open(&silent, _i != 0);
  rig_init(&r, RIG_GUEST);
  r.options.hosts = silent.host;
  r.options.increment_timeout_ms = 150;
  ck_assert_int_eq(
      tally_connect_on(&r.session, &r.loop, &r.options, NULL, NULL, &r.error),
      0);
  ck_assert_int_eq(
      tally_table_open(&r.hits, r.session, &page_hits_definition, &r.error), 0);
  rig_submit(&r, "/home", 1, &d);
  ck_assert(rig_done(&r, &d));
  expect_reason(&d, "127.0.0.1", "still connecting");
  rig_fini(&r);
  silent_close(&silent);
}
END_TEST

/* Rounds have failed, and one is under way at the deadline. */
START_TEST(silent_host_is_named) {
  struct done d = {0};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.connect_timeout_ms = 300;
  r.options.increment_timeout_ms = 1500;
  rig_connect(&r);
  script_next_kind(r.server, AT_OPTIONS, SCRIPT_IGNORE, 0);
  script_drop(r.server, false);
  rig_submit(&r, "/home", 1, &d);
  ck_assert(rig_done(&r, &d));
  expect_reason(&d, script_host(r.server), "no CQL answer in time");
  ck_assert_uint_eq(script_seen(r.server, "/home"), 0);
  rig_fini(&r);
}
END_TEST

START_TEST(refused_host_is_named) {
  struct done d = {0};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.increment_timeout_ms = 500;
  rig_connect(&r);
  script_listen(r.server, false);
  script_drop(r.server, false);
  rig_submit(&r, "/home", 1, &d);
  ck_assert(rig_done(&r, &d));
  expect_reason(&d, script_host(r.server), "refused");
  ck_assert_uint_eq(script_seen(r.server, "/home"), 0);
  rig_fini(&r);
}
END_TEST

/* ---- Ports -------------------------------------------------------------- */

/* Digits beyond the buffer that they were read into must not be forgotten. */
static const char *const bad_ports[] = {
    "127.0.0.1:00000090420", "127.0.0.1:090420",     "127.0.0.1:000000",
    "127.0.0.1:65536",       "127.0.0.1:4294976338", "[::1]:00000090420",
};
enum { BAD_PORTS = sizeof bad_ports / sizeof bad_ports[0] };

START_TEST(bad_port) {
  struct rig r;

  rig_init(&r, RIG_INLINE);
  r.options.hosts = bad_ports[_i];
  r.options.connect_timeout_ms = 1000;
  ck_assert_int_eq(rig_try_connect(&r), TALLY_EINVAL);
  ck_assert_ptr_null(r.session);
  ck_assert_msg(strstr(r.error.message, "port") != NULL &&
                    strstr(r.error.message, bad_ports[_i]) != NULL,
                "%s", r.error.message);
  rig_fini(&r);
}
END_TEST

Suite *rounds_suite(void) {
  Suite *s = suite_create("rounds");
  TCase *tc = tcase_create("modes");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, silent_addresses_first, 0, RIG_MODES * 2);
  tcase_add_loop_test(tc, silent_contacts_first, 0, RIG_MODES);
  tcase_add_loop_test(tc, both_kinds_of_address, 0, 2 * RIG_MODES);
  tcase_add_loop_test(tc, unknown_name_first, 0, RIG_MODES);
  tcase_add_loop_test(tc, thousands_in_vain, 0, RIG_MODES);
  tcase_add_loop_test(tc, slow_lookup_first, 0, RIG_MODES);
  tcase_add_test(tc, rounds_take_turns);
  tcase_add_loop_test(tc, connected_runs_in_uv_run, 0, 2);
  tcase_add_loop_test(tc, no_host_yet, 0, 2);
  tcase_add_loop_test(tc, silent_host_is_named, 0, RIG_MODES);
  tcase_add_loop_test(tc, refused_host_is_named, 0, RIG_MODES);
  tcase_add_loop_test(tc, bad_port, 0, BAD_PORTS);
  suite_add_tcase(s, tc);
  return s;
}
