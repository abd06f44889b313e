/* tests/unit/test_login.c - servers that want a login: SASL PLAIN, mechanisms
 * of the caller's, and who does not get the password. */
#include <stdio.h>
#include <string.h>

#include "core/login.h"
#include "core/peer.h"
#include "tests/support/rig.h"
#include "tests/unit/suites.h"

#define PASSWORD_AUTHENTICATOR "org.apache.cassandra.auth.PasswordAuthenticator"
#define DSE_AUTHENTICATOR      "com.datastax.bdp.cassandra.auth.DseAuthenticator"

/* RFC 4616: no identity to act as, the user's, the password. */
static const char token[] = "\0jane\0s3cret";
enum { TOKEN = sizeof token - 1 };

static void begin(struct rig *r, int mode, const char *authenticator) {
  rig_init(r, (enum rig_mode)mode);
  script_want_login(r->server, authenticator, token, TOKEN);
  r->options.user = "jane";
  r->options.password = "s3cret";
}

static void has_words(const struct rig *r, const char *words) {
  ck_assert_msg(strstr(r->error.message, words) != NULL ||
                    strstr(r->error.detail, words) != NULL,
                "no \"%s\" in: %s: %s", words, r->error.message,
                r->error.detail);
}

static void is_refused(struct rig *r, const char *words) {
  ck_assert_int_eq(rig_try_connect(r), TALLY_EAUTH);
  ck_assert_int_eq(r->error.outcome, TALLY_NOT_APPLIED);
  has_words(r, script_host(r->server));
  has_words(r, words);
  ck_assert_ptr_null(strstr(r->error.message, "s3cret"));
  ck_assert_ptr_null(strstr(r->error.detail, "s3cret"));
  rig_fini(r);
}

/* ---- SASL PLAIN --------------------------------------------------------- */

START_TEST(plain) {
  static const uint8_t body[] = "\0\0\0\x0c\0jane\0s3cret";
  uint8_t seen[64];
  struct rig r;

  begin(&r, _i, PASSWORD_AUTHENTICATOR);
  rig_connect(&r);
  rig_applied(&r, "/home");
  ck_assert_uint_eq(script_last(r.server, AT_LOGIN, seen, sizeof seen),
                    sizeof body - 1);
  ck_assert_mem_eq(seen, body, sizeof body - 1);
  ck_assert_uint_eq(script_count(r.server, AT_LOGIN), 1);
  rig_fini(&r);
}
END_TEST

START_TEST(again_after_a_reconnect) {
  struct rig r;

  begin(&r, _i, PASSWORD_AUTHENTICATOR);
  rig_connect(&r);
  rig_applied(&r, "/home");
  script_drop(r.server, true);
  ck_assert(rig_served(&r, AT_LOGIN, 2));
  rig_applied(&r, "/home");
  rig_fini(&r);
}
END_TEST

START_TEST(wrong_password) {
  struct rig r;

  begin(&r, _i, PASSWORD_AUTHENTICATOR);
  script_want_login(r.server, PASSWORD_AUTHENTICATOR, "\0jane\0other", 11);
  is_refused(&r, "user \"jane\": 0x0100: Provided username and/or");
}
END_TEST

START_TEST(nobody_to_log_in_as) {
  struct rig r;

  begin(&r, _i, PASSWORD_AUTHENTICATOR);
  r.options.user = r.options.password = NULL;
  is_refused(&r, "it wants " PASSWORD_AUTHENTICATOR);
}
END_TEST

static const struct {
  const char *authenticator;
  const char *named; /* by the option */
  bool gets_it;
} classes[] = {
    {PASSWORD_AUTHENTICATOR, NULL, true},
    {"com.scylladb.auth.TransitionalAuthenticator", NULL, true},
    {"com.amazon.helenus.auth.HelenusAuthenticator", NULL, true},
    {"com.example.Ours", "com.example.Ours", true},
    {PASSWORD_AUTHENTICATOR, "com.example.Ours", true},
    {"com.example.Ours", NULL, false},
    {"com.example.Ours", "com.example.Our", false},
    {PASSWORD_AUTHENTICATOR "2", NULL, false},
    {"PasswordAuthenticator", NULL, false},
    {"com.scylladb.auth.", NULL, false},
    {"", NULL, false},
};
enum { CLASSES = sizeof classes / sizeof classes[0] };

/* A name made up is no reason to hand out a password. */
START_TEST(who_gets_it) {
  struct rig r;

  begin(&r, RIG_INLINE, classes[_i].authenticator);
  r.options.authenticator = classes[_i].named;
  if (classes[_i].gets_it) {
    rig_connect(&r);
    rig_applied(&r, "/home");
    rig_fini(&r);
  } else {
    unsigned count;

    ck_assert_int_eq(rig_try_connect(&r), TALLY_EAUTH);
    has_words(&r, classes[_i].authenticator);
    has_words(&r, "option authenticator");
    count = script_count(r.server, AT_LOGIN);
    rig_fini(&r);
    ck_assert_uint_eq(count, 0);
  }
}
END_TEST

/* [bytes] "PLAIN-START" */
static const uint8_t plain_start[] = "\0\0\0\x0bPLAIN-START";
static const uint8_t other_start[] = "\0\0\0\x0cGSSAPI-START";

/* It wants to hear which mechanism it is first. */
START_TEST(mechanism_first) {
  const struct script_step challenge = {.kind = SCRIPT_FRAME,
                                        .opcode = 0x0e,
                                        .bytes = plain_start,
                                        .len = sizeof plain_start - 1};
  uint8_t seen[64];
  struct rig r;

  begin(&r, _i, DSE_AUTHENTICATOR);
  script_next(r.server, AT_LOGIN, &challenge, 1);
  rig_connect(&r);
  rig_applied(&r, "/home");
  ck_assert_uint_eq(script_count(r.server, AT_LOGIN), 2);
  ck_assert_uint_eq(script_last(r.server, AT_LOGIN, seen, sizeof seen),
                    4 + TOKEN);
  rig_fini(&r);
}
END_TEST

START_TEST(odd_challenge) {
  const struct script_step challenge = {.kind = SCRIPT_FRAME,
                                        .opcode = 0x0e,
                                        .bytes = other_start,
                                        .len = sizeof other_start - 1};
  struct rig r;

  begin(&r, RIG_INLINE, _i == 0 ? DSE_AUTHENTICATOR : PASSWORD_AUTHENTICATOR);
  script_next(r.server, AT_LOGIN, &challenge, 0);
  is_refused(&r, "has no answer to a challenge");
}
END_TEST

/* Out of turn, cut short, or silent. */
static const struct {
  enum script_place place;
  struct script_step step;
  int code;
  const char *words;
} broken[] = {
    {AT_STARTUP,
     {.kind = SCRIPT_FRAME, .opcode = 0x10, .bytes = "\0\0\0", .len = 4},
     TALLY_EPROTOCOL,
     "unexpected message while starting up"},
    {AT_STARTUP,
     {.kind = SCRIPT_FRAME, .opcode = 0x0e, .bytes = "\0\0\0", .len = 4},
     TALLY_EPROTOCOL,
     "unexpected message while starting up"},
    {AT_STARTUP,
     {.kind = SCRIPT_FRAME, .opcode = 0x03, .bytes = "\0\x09org", .len = 5},
     TALLY_EPROTOCOL,
     "AUTHENTICATE is cut short"},
    {AT_LOGIN,
     {.kind = SCRIPT_FRAME, .opcode = 0x02},
     TALLY_EPROTOCOL,
     "unexpected message while logging in"},
    {AT_LOGIN,
     {.kind = SCRIPT_FRAME, .opcode = 0x10, .bytes = "\0\0\0\x09org", .len = 7},
     TALLY_EPROTOCOL,
     "token is cut short"},
    {AT_LOGIN, {.kind = SCRIPT_CLOSE}, TALLY_ECONNECT, "closed"},
    {AT_LOGIN, {.kind = SCRIPT_IGNORE}, TALLY_ETIMEDOUT, "logging in"},
    {AT_LOGIN,
     {.kind = SCRIPT_ERROR, .code = 0x1001},
     TALLY_EPROTOCOL,
     "0x1001"},
};
enum { BROKEN = sizeof broken / sizeof broken[0] };

START_TEST(broken_login) {
  struct rig r;
  int rc;

  begin(&r, RIG_INLINE, PASSWORD_AUTHENTICATOR);
  r.options.connect_timeout_ms =
      broken[_i].step.kind == SCRIPT_IGNORE ? 300 : 20000;
  script_next(r.server, broken[_i].place, &broken[_i].step, 0);
  rc = rig_try_connect(&r);
  ck_assert_msg(rc == broken[_i].code, "%d: %s: %s", rc, r.error.message,
                r.error.detail);
  has_words(&r, broken[_i].words);
  rig_fini(&r);
}
END_TEST

/* ---- Over plaintext ----------------------------------------------------- */

static const struct {
  const char *address;
  bool is_loopback;
} addresses[] = {
    {"127.0.0.1", true},
    {"127.255.3.4", true},
    {"::1", true},
    {"::ffff:127.0.0.2", true},
    {"128.0.0.1", false},
    {"10.0.0.1", false},
    {"::ffff:10.0.0.1", false},
    {"::", false},
    {"fe80::1", false},
    {"::2", false},
    {"7f00:1::", false},
    {"0.0.0.0", false},
};
enum { ADDRESSES = sizeof addresses / sizeof addresses[0] };

START_TEST(loopback) {
  struct net_address a;

  ck_assert(net_address_parse(&a, addresses[_i].address, 9042));
  ck_assert(peer_is_loopback(&a) == addresses[_i].is_loopback);
}
END_TEST

static bool begins(bool sheltered, bool allowed, struct failure *why) {
  static const char class[] = PASSWORD_AUTHENTICATOR;
  const struct cql_span span = {(const uint8_t *)class, sizeof class - 1};
  const struct login_settings settings = {
      .user = "jane", .password = "s3cret", .plaintext = allowed};
  struct login l;
  bool begun;

  failure_init(why, FAILURE_PROTOCOL, OUTCOME_NOT_APPLIED, "");
  login_init(&l, &settings, "10.0.0.1:9042", sheltered);
  begun = login_begin(&l, span, why);
  if (begun)
    ck_assert_uint_eq(login_token(&l).len, TOKEN);
  login_fini(&l);
  return begun;
}

START_TEST(no_password_in_plaintext) {
  struct failure why;

  ck_assert(begins(true, false, &why));
  ck_assert(begins(false, true, &why));
  ck_assert(!begins(false, false, &why));
  ck_assert_int_eq(why.code, FAILURE_AUTH);
  ck_assert_ptr_nonnull(strstr(why.detail, "allow_plaintext_password"));
}
END_TEST

/* ---- Credentials that change -------------------------------------------- */

struct vault {
  char password[32];
  bool empty;
  _Atomic unsigned asked;
};

static int open_vault(void *user, const char *host, char name[256],
                      char password[1024]) {
  struct vault *vault = user;

  ck_assert_ptr_nonnull(strchr(host, ':'));
  ck_assert_str_eq(name, "");
  vault->asked++;
  if (vault->empty)
    return 1;
  strcpy(name, "jane");
  strcpy(password, vault->password);
  return 0;
}

START_TEST(changed_password) {
  struct vault vault = {.password = "s3cret"};
  struct rig r;

  begin(&r, _i, PASSWORD_AUTHENTICATOR);
  r.options.user = r.options.password = NULL;
  r.options.credentials = open_vault;
  r.options.login_user = &vault;
  rig_connect(&r);
  rig_applied(&r, "/home");
  ck_assert_uint_eq(vault.asked, 1);
  strcpy(vault.password, "n3w");
  script_want_login(r.server, PASSWORD_AUTHENTICATOR, "\0jane\0n3w", 9);
  script_drop(r.server, true);
  ck_assert(rig_served(&r, AT_LOGIN, 2));
  rig_applied(&r, "/home");
  ck_assert_uint_eq(vault.asked, 2);
  rig_fini(&r);
}
END_TEST

START_TEST(empty_vault) {
  struct vault vault = {.empty = true};
  struct rig r;

  begin(&r, _i, PASSWORD_AUTHENTICATOR);
  r.options.user = r.options.password = NULL;
  r.options.credentials = open_vault;
  r.options.login_user = &vault;
  is_refused(&r, "the credentials callback gave none");
}
END_TEST

/* ---- A mechanism of the caller's ---------------------------------------- */

struct mechanism {
  int refuse_at;   /* a step, or -1 */
  bool talks_much; /* a response over the limit */
  unsigned steps[4];
  unsigned open; /* exchanges that have begun and not ended */
};

/* Says how often it was challenged. */
static int speak(void *user, tally_sasl *x) {
  struct mechanism *m = user;

  ck_assert_str_eq(x->authenticator, "com.example.Ours");
  ck_assert_ptr_nonnull(strchr(x->host, ':'));
  ck_assert_int_ge(x->step, 0);
  ck_assert_int_le(x->step, 3);
  m->steps[x->step]++;
  if (x->step == TALLY_SASL_BEGIN) {
    ck_assert_ptr_null(x->challenge);
    ck_assert_ptr_null(x->state);
    x->state = m;
    m->open++;
  }
  ck_assert_ptr_eq(x->state, m);
  if (x->step == TALLY_SASL_CHALLENGE) {
    ck_assert_uint_eq(x->challenge_len, 12);
    ck_assert_mem_eq(x->challenge, "GSSAPI-START", 12);
  }
  if (x->step == TALLY_SASL_END)
    m->open--;
  if (x->step == TALLY_SASL_BEGIN || x->step == TALLY_SASL_CHALLENGE)
    x->response_len = (size_t)snprintf(x->response, x->response_cap, "step %u",
                                       m->steps[TALLY_SASL_CHALLENGE]);
  if (m->talks_much)
    x->response_len = x->response_cap + 1;
  return x->step == m->refuse_at;
}

static void begin_mechanism(struct rig *r, int mode, struct mechanism *m) {
  static const struct script_step challenge = {.kind = SCRIPT_FRAME,
                                               .opcode = 0x0e,
                                               .bytes = other_start,
                                               .len = sizeof other_start - 1};

  begin(r, mode, "com.example.Ours");
  script_want_login(r->server, "com.example.Ours", "step 2", 6);
  script_next(r->server, AT_LOGIN, &challenge, 2);
  r->options.sasl = speak;
  r->options.login_user = m;
}

START_TEST(callers_mechanism) {
  struct mechanism m = {.refuse_at = -1};
  struct rig r;

  begin_mechanism(&r, _i, &m);
  rig_connect(&r);
  rig_applied(&r, "/home");
  ck_assert_uint_eq(script_count(r.server, AT_LOGIN), 3);
  rig_fini(&r);
  ck_assert_uint_eq(m.open, 0);
  for (int step = 0; step < 4; step++)
    ck_assert_uint_eq(m.steps[step], step == TALLY_SASL_CHALLENGE ? 2 : 1);
}
END_TEST

/* PLAIN's own authenticators stay PLAIN's. */
START_TEST(mechanism_not_asked) {
  struct mechanism m = {.refuse_at = TALLY_SASL_BEGIN};
  struct rig r;

  begin(&r, _i, PASSWORD_AUTHENTICATOR);
  r.options.sasl = speak;
  r.options.login_user = &m;
  rig_connect(&r);
  rig_applied(&r, "/home");
  rig_fini(&r);
  ck_assert_uint_eq(m.steps[TALLY_SASL_BEGIN], 0);
}
END_TEST

/* Whatever step it gives up at, or the server does: it hears of the end. */
START_TEST(mechanism_gives_up) {
  struct mechanism m = {.refuse_at = _i < 3 ? _i : -1, .talks_much = _i == 3};
  struct rig r;

  begin_mechanism(&r, RIG_INLINE, &m);
  if (_i == 4)
    script_want_login(r.server, "com.example.Ours", "other", 5);
  is_refused(&r, _i < 3    ? "the sasl callback gave up"
                 : _i == 3 ? "answer is too long"
                           : "0x0100: Provided");
  ck_assert_uint_gt(m.steps[TALLY_SASL_BEGIN], 0);
  ck_assert_uint_eq(m.steps[TALLY_SASL_END], m.steps[TALLY_SASL_BEGIN]);
  ck_assert_uint_eq(m.open, 0);
}
END_TEST

/* ---- Options ------------------------------------------------------------ */

static char long_text[2000];

static const struct {
  const char *user;
  const char *password;
  bool credentials;
  const char *words;
} wrong[] = {
    {"jane", NULL, false, "option user: there is no password for \"jane\""},
    {NULL, "s3cret", false, "option password: nobody to log in as"},
    {"", "s3cret", false, "option password: nobody to log in as"},
    {"jane", "s3cret", true, "option credentials"},
    {long_text, "s3cret", false, "option user: longer than 255"},
    {"jane", long_text, false, "option password: longer than 1023"},
};
enum { WRONG = sizeof wrong / sizeof wrong[0] };

START_TEST(wrong_options) {
  struct rig r;

  memset(long_text, 'x', sizeof long_text - 1);
  rig_init(&r, RIG_INLINE);
  r.options.user = wrong[_i].user;
  r.options.password = wrong[_i].password;
  if (wrong[_i].credentials)
    r.options.credentials = open_vault;
  ck_assert_int_eq(rig_try_connect(&r), TALLY_EINVAL);
  has_words(&r, wrong[_i].words);
  ck_assert_ptr_null(strstr(r.error.message, "s3cret"));
  rig_fini(&r);
}
END_TEST

START_TEST(longest_that_fit) {
  static char user[256], password[1024], longest[1280];
  struct rig r;

  memset(user, 'u', 255);
  memset(password, 'p', 1023);
  snprintf(longest + 1, sizeof longest - 1, "%s", user);
  memcpy(longest + 257, password, 1023);
  begin(&r, RIG_INLINE, PASSWORD_AUTHENTICATOR);
  script_want_login(r.server, PASSWORD_AUTHENTICATOR, longest, 1280);
  r.options.user = user;
  r.options.password = password;
  rig_connect(&r);
  rig_applied(&r, "/home");
  rig_fini(&r);
}
END_TEST

static void add_plain(TCase *tc) {
  tcase_add_loop_test(tc, plain, 0, RIG_MODES);
  tcase_add_loop_test(tc, again_after_a_reconnect, 0, RIG_MODES);
  tcase_add_loop_test(tc, wrong_password, 0, RIG_MODES);
  tcase_add_loop_test(tc, nobody_to_log_in_as, 0, RIG_MODES);
  tcase_add_loop_test(tc, who_gets_it, 0, CLASSES);
  tcase_add_loop_test(tc, mechanism_first, 0, RIG_MODES);
  tcase_add_loop_test(tc, odd_challenge, 0, 2);
  tcase_add_loop_test(tc, broken_login, 0, BROKEN);
  tcase_add_loop_test(tc, loopback, 0, ADDRESSES);
  tcase_add_test(tc, no_password_in_plaintext);
  tcase_add_test(tc, longest_that_fit);
}

Suite *login_suite(void) {
  Suite *s = suite_create("login");
  TCase *tc = tcase_create("plain");

  add_plain(tc);
  suite_add_tcase(s, tc);
  tc = tcase_create("callbacks");
  tcase_add_loop_test(tc, changed_password, 0, RIG_MODES);
  tcase_add_loop_test(tc, empty_vault, 0, RIG_MODES);
  tcase_add_loop_test(tc, callers_mechanism, 0, RIG_MODES);
  tcase_add_loop_test(tc, mechanism_not_asked, 0, RIG_MODES);
  tcase_add_loop_test(tc, mechanism_gives_up, 0, 5);
  tcase_add_loop_test(tc, wrong_options, 0, WRONG);
  suite_add_tcase(s, tc);
  return s;
}
