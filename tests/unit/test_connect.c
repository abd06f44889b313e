/* tests/unit/test_connect.c - what can go wrong before the first increment:
 * the right code, the host in the message, NOT_APPLIED, and nothing left. */
#include <stdio.h>
#include <string.h>

#include "tests/support/rig.h"
#include "tests/unit/suites.h"

/* The failure names the host and has these words in it. */
static void expect_error(const struct rig *r, int rc, int code,
                         const char *host, const char *words) {
  const tally_error *e = &r->error;

  ck_assert_msg(rc == code, "%s: %s, not %s: %s: %s", rig_mode_name(r->mode),
                tally_error_name(rc), tally_error_name(code), e->message,
                e->detail);
  ck_assert_int_eq(e->code, code);
  ck_assert_int_eq(e->outcome, TALLY_NOT_APPLIED);
  ck_assert_str_ne(e->message, "");
  ck_assert_msg(strstr(e->message, host) != NULL ||
                    strstr(e->detail, host) != NULL ||
                    strstr(e->host, host) != NULL,
                "no %s in: %s: %s", host, e->message, e->detail);
  ck_assert_msg(strstr(e->message, words) != NULL ||
                    strstr(e->detail, words) != NULL,
                "no \"%s\" in: %s: %s", words, e->message, e->detail);
}

static void finish(struct rig *r) {
  if (r->mode != RIG_GUEST)
    ck_assert_ptr_null(r->session);
  rig_fini(r);
}

static void fails(struct rig *r, int code, const char *words) {
  int rc = rig_try_connect(r);

  expect_error(r, rc, code, script_host(r->server), words);
  finish(r);
}

START_TEST(works) {
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  rig_applied(&r, "/home");
  ck_assert_uint_eq(script_accepted(r.server), 1);
  ck_assert_uint_eq(script_seen(r.server, "/home"), 1);
  rig_fini(&r);
}
END_TEST

START_TEST(refused) {
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  script_listen(r.server, false);
  fails(&r, TALLY_ECONNECT, "refused");
}
END_TEST

START_TEST(closes_at_once) {
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  script_refuse(r.server, false, 1000);
  fails(&r, TALLY_ECONNECT, "closed");
}
END_TEST

START_TEST(resets_at_once) {
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  script_refuse(r.server, true, 1000);
  fails(&r, TALLY_ECONNECT, "connect");
}
END_TEST

/* What a peer says first instead of SUPPORTED. */
static const uint8_t frame_v3[] = {
    0x83, 0,   0,   0,   0x00, 0,   0,   0,   46,  0,   0,   0,   0x0a, 0,
    40,   'I', 'n', 'v', 'a',  'l', 'i', 'd', ' ', 'o', 'r', ' ', 'u',  'n',
    's',  'u', 'p', 'p', 'o',  'r', 't', 'e', 'd', ' ', 'p', 'r', 'o',  't',
    'o',  'c', 'o', 'l', ' ',  'v', 'e', 'r', 's', 'i', 'o', 'n', '4'};
static const uint8_t frame_over_cap[] = {0x84, 0, 0, 0, 0x06, 1, 0, 0, 1};
static const uint8_t frame_negative[] = {0x84, 0, 0, 0, 0x06, 0xff, 0, 0, 1};
static const uint8_t frame_stranger[] = {0x84, 0, 0, 77, 0x08, 0, 0,
                                         0,    4, 0, 0,  0,    1};
static const uint8_t frame_early_ready[] = {0x84, 0, 0, 0, 0x02, 0, 0, 0, 0};
static const uint8_t frame_minus_two[] = {0x84, 0, 0xff, 0xfe, 0x06,
                                          0,    0, 0,    0};
static const uint8_t frame_warnings_cut[] = {0x84, 0x08, 0, 0, 0x06, 0,   0,
                                             0,    4,    0, 1, 0xff, 0xff};
/* One key, and no list of values. */
static const uint8_t frame_supported_cut[] = {
    0x84, 0,   0,   0,   0x06, 0,   0,   0,   16,  0,   1,   0,  12,
    'S',  'C', 'Y', 'L', 'L',  'A', '_', 'S', 'H', 'A', 'R', 'D'};
static const uint8_t tls_alert[] = {0x15, 3, 1, 0, 2, 2, 10};
static const uint8_t noise[] = {0xfe, 0xed, 0xfa, 0xce};

#define HTTP "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
#define SSH  "SSH-2.0-OpenSSH_9.2p1\r\n"

static const struct {
  const char *why;
  const void *bytes;
  size_t len;
  int code;
  const char *words;
} greetings[] = {
    {"HTTP", HTTP, sizeof HTTP - 1, TALLY_EPROTOCOL, "HTTP/1.1 400"},
    {"SSH", SSH, sizeof SSH - 1, TALLY_EPROTOCOL, "SSH-2.0"},
    {"v3 only", frame_v3, sizeof frame_v3, TALLY_EPROTOCOL,
     "the server speaks v3 only"},
    {"over the cap", frame_over_cap, sizeof frame_over_cap, TALLY_EPROTOCOL,
     "max_frame_bytes"},
    {"negative length", frame_negative, sizeof frame_negative, TALLY_EPROTOCOL,
     "frame"},
    {"a stream nobody asked", frame_stranger, sizeof frame_stranger,
     TALLY_EPROTOCOL, "stream 77"},
    {"READY too early", frame_early_ready, sizeof frame_early_ready,
     TALLY_EPROTOCOL, "unexpected"},
    {"stream -2", frame_minus_two, sizeof frame_minus_two, TALLY_EPROTOCOL,
     "negative stream"},
    {"warnings cut short", frame_warnings_cut, sizeof frame_warnings_cut,
     TALLY_EPROTOCOL, "warnings"},
    {"SUPPORTED cut short", frame_supported_cut, sizeof frame_supported_cut,
     TALLY_EPROTOCOL, "SUPPORTED is cut short"},
    {"TLS", tls_alert, sizeof tls_alert, TALLY_EPROTOCOL, "TLS"},
    {"noise", noise, sizeof noise, TALLY_EPROTOCOL, "0xfe"},
};
enum { GREETINGS = sizeof greetings / sizeof greetings[0] };

START_TEST(strange_greeting) {
  int which = _i / RIG_MODES;
  struct script_step step = {.kind = SCRIPT_BYTES,
                             .bytes = greetings[which].bytes,
                             .len = greetings[which].len};
  struct rig r;

  rig_init(&r, (enum rig_mode)(_i % RIG_MODES));
  script_next(r.server, AT_OPTIONS, &step, 0);
  fails(&r, greetings[which].code, greetings[which].words);
}
END_TEST

START_TEST(wants_a_login) {
  static const char body[] = "\0\x0dPasswordCheck";
  struct script_step step = {.kind = SCRIPT_FRAME,
                             .opcode = 0x03,
                             .bytes = body,
                             .len = sizeof body - 1};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  script_next(r.server, AT_STARTUP, &step, 0);
  fails(&r, TALLY_EAUTH, "PasswordCheck");
}
END_TEST

START_TEST(startup_is_refused) {
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  script_next_error(r.server, AT_STARTUP, 0x000a, 0);
  fails(&r, TALLY_EPROTOCOL, "scripted");
}
END_TEST

START_TEST(closes_in_the_handshake) {
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  script_next_kind(r.server, AT_STARTUP, SCRIPT_CLOSE, 0);
  fails(&r, TALLY_ECONNECT, "closed");
}
END_TEST

START_TEST(never_answers) {
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.connect_timeout_ms = 100;
  script_next_kind(r.server, AT_OPTIONS, SCRIPT_IGNORE, 0);
  fails(&r, TALLY_ETIMEDOUT, "time");
}
END_TEST

/* ---- Names -------------------------------------------------------------- */

static int resolve_nothing(void *user, const char *name, char (*addresses)[46],
                           int max) {
  (void)addresses;
  (void)max;
  snprintf(user, 64, "%s", name);
  return -1;
}

static int resolve_loopback(void *user, const char *name, char (*addresses)[46],
                            int max) {
  (void)user;
  (void)name;
  ck_assert_int_ge(max, 2);
  snprintf(addresses[0], 46, "no address at all");
  snprintf(addresses[1], 46, "127.0.0.1");
  return 2;
}

START_TEST(unknown_name_by_own_resolver) {
  char asked[64] = "";
  struct rig r;
  int rc;

  rig_init(&r, (enum rig_mode)_i);
  r.options.hosts = "db.nowhere:9042";
  r.options.resolve = resolve_nothing;
  r.options.resolve_user = asked;
  rc = rig_try_connect(&r);
  expect_error(&r, rc, TALLY_ECONNECT, "db.nowhere", "unknown host name");
  ck_assert_str_eq(asked, "db.nowhere");
  finish(&r);
}
END_TEST

START_TEST(known_name_by_own_resolver) {
  char hosts[64];
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  snprintf(hosts, sizeof hosts, "db.somewhere:%u",
           (unsigned)script_port(r.server));
  r.options.hosts = hosts;
  r.options.resolve = resolve_loopback;
  rig_connect(&r);
  rig_applied(&r, "/home");
  rig_fini(&r);
}
END_TEST

/* A label of more than 63 letters is no name to anybody: no server of names is
 * asked.  libuv's pool has threads for look-ups, which stay. */
START_TEST(unknown_name) {
  static const char name[] =
      "0123456789012345678901234567890123456789012345678901234567890123456789";
  struct rig r;
  int rc;

  rig_init(&r, (enum rig_mode)_i);
  r.options.hosts = name;
  r.tasks += 4;
  rc = rig_try_connect(&r);
  expect_error(&r, rc, TALLY_ECONNECT, name, "unknown host name");
  finish(&r);
}
END_TEST

/* ---- Several contact points --------------------------------------------- */

START_TEST(second_contact_serves) {
  char hosts[96];
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  /* Port 1 of the loopback has no server. */
  snprintf(hosts, sizeof hosts, "127.0.0.1:1, %s", script_host(r.server));
  r.options.hosts = hosts;
  rig_connect(&r);
  rig_applied(&r, "/home");
  rig_fini(&r);
}
END_TEST

START_TEST(each_contact_has_its_reason) {
  char hosts[96];
  struct rig r;
  int rc;

  rig_init(&r, (enum rig_mode)_i);
  script_listen(r.server, false);
  snprintf(hosts, sizeof hosts, "127.0.0.1:1,%s", script_host(r.server));
  r.options.hosts = hosts;
  rc = rig_try_connect(&r);
  expect_error(&r, rc, TALLY_ECONNECT, "127.0.0.1:1:", "refused");
  expect_error(&r, rc, TALLY_ECONNECT, script_host(r.server), "refused");
  finish(&r);
}
END_TEST

/* ---- Options ------------------------------------------------------------ */

START_TEST(bad_options_are_refused) {
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.hosts = " , ";
  ck_assert_int_eq(rig_try_connect(&r), TALLY_EINVAL);
  ck_assert_ptr_nonnull(strstr(r.error.message, "hosts"));
  ck_assert_ptr_null(r.session);
  ck_assert_uint_eq(script_accepted(r.server), 0);
  rig_fini(&r);
}
END_TEST

/* Bytes come one by one at the door: each is no reason to wait longer. */
struct drip {
  struct rig *r;
  struct done *d;
  enum script_place place;
};

static bool drips(void *arg) {
  struct drip *drip = arg;

  if (atomic_load(&drip->d->calls) > 0)
    return true;
  if (script_answered(drip->r->server, drip->place) > 0)
    script_say(drip->r->server, "", 1);
  return false;
}

START_TEST(a_door_that_drips) {
  static const uint8_t header[] = {0x84, 0, 0, 0, 0x06, 0, 0x0f, 0, 0};
  struct script_step step = {
      .kind = SCRIPT_BYTES, .bytes = header, .len = sizeof header};
  struct done d = {0};
  struct rig r;
  struct drip drip = {&r, &d, _i == 0 ? AT_OPTIONS : AT_STARTUP};
  uint64_t begun;

  rig_init(&r, RIG_GUEST);
  r.options.connect_timeout_ms = 300;
  script_next(r.server, drip.place, &step, 0);
  begun = rig_ms();
  ck_assert_int_eq(tally_connect_on(&r.session, &r.loop, &r.options,
                                    done_record, &d, &r.error),
                   0);
  ck_assert(rig_until(&r, drips, &drip));
  ck_assert_uint_ge(rig_ms() - begun, 299);
  ck_assert_int_eq(d.status, TALLY_ETIMEDOUT);
  rig_fini(&r);
}
END_TEST

Suite *connect_suite(void) {
  const TTest *const in_every_mode[] = {works,
                                        refused,
                                        closes_at_once,
                                        resets_at_once,
                                        wants_a_login,
                                        startup_is_refused,
                                        closes_in_the_handshake,
                                        never_answers,
                                        unknown_name_by_own_resolver,
                                        known_name_by_own_resolver,
                                        unknown_name,
                                        second_contact_serves,
                                        each_contact_has_its_reason,
                                        bad_options_are_refused};
  Suite *s = suite_create("connect");
  TCase *tc = tcase_create("modes");

  tcase_set_timeout(tc, 60);
  for (size_t i = 0; i < sizeof in_every_mode / sizeof in_every_mode[0]; i++)
    tcase_add_loop_test(tc, in_every_mode[i], 0, RIG_MODES);
  tcase_add_loop_test(tc, strange_greeting, 0, GREETINGS * RIG_MODES);
  tcase_add_loop_test(tc, a_door_that_drips, 0, 2);
  suite_add_tcase(s, tc);
  return s;
}
