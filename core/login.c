#include "core/login.h"

#include <string.h>

#include "core/mark.h"

/* All that a login needs, in memory that no core dump has. */
struct login_room {
  char authenticator[256];
  char user[LOGIN_USER_MAX];
  char password[LOGIN_PASSWORD_MAX];
  uint8_t token[LOGIN_TOKEN_MAX];
  size_t token_len;
};

static const struct cql_span nothing = {NULL, 0};

static bool refuse(struct failure *why, const char *what) {
  why->code = FAILURE_AUTH;
  why->what = what;
  return false;
}

/* ---- Who may have the password ------------------------------------------ */

static const char dse[] = "com.datastax.bdp.cassandra.auth.DseAuthenticator";
static const char scylla[] = "com.scylladb.auth.";

/* Those that are known to speak SASL PLAIN; any other could be a name made up
 * to get at passwords. */
static bool speaks_plain(const struct login_settings *s,
                         struct cql_span class) {
  return cql_span_equal(
             class,
             cql_span_of("org.apache.cassandra.auth.PasswordAuthenticator")) ||
         cql_span_equal(class, cql_span_of(dse)) ||
         cql_span_equal(
             class,
             cql_span_of("com.amazon.helenus.auth.HelenusAuthenticator")) ||
         (class.len > sizeof scylla - 1 &&
          memcmp(class.p, scylla, sizeof scylla - 1) == 0) ||
         (s->authenticator != NULL &&
          cql_span_equal(class, cql_span_of(s->authenticator)));
}

static bool may_have_password(const struct login *l, struct cql_span class,
                              struct failure *why) {
  const struct login_settings *s = l->settings;
  int len = (int)(class.len < 200 ? class.len : 200);

  if (s->user == NULL && s->credentials == NULL) {
    MARK(login_wanted);
    failure_detail(why, "it wants %.*s: set the options user and password", len,
                   (const char *)class.p);
    return refuse(why, "the server asks for a login");
  }
  if (!speaks_plain(s, class)) {
    failure_detail(why,
                   "it wants %.*s; if that may have the password, name it in "
                   "the option authenticator",
                   len, (const char *)class.p);
    return refuse(why, "the server asks for a login of an unknown kind");
  }
  if (!l->sheltered && !s->plaintext) {
    failure_detail(why, "turn TLS on, or set the option "
                        "allow_plaintext_password");
    return refuse(why, "the password would cross the network in plaintext");
  }
  return true;
}

/* ---- SASL PLAIN (RFC 4616) ---------------------------------------------- */

static bool find_credentials(struct login *l, struct failure *why) {
  const struct login_settings *s = l->settings;
  struct login_room *room = l->room;

  if (s->credentials == NULL) {
    memcpy(room->user, s->user, strlen(s->user));
    memcpy(room->password, s->password, strlen(s->password));
    return true;
  }
  if (!s->credentials(s->arg, l->host, room->user, room->password)) {
    failure_detail(why, "the credentials callback gave none");
    return refuse(why, "there is no login");
  }
  room->user[LOGIN_USER_MAX - 1] = '\0';
  room->password[LOGIN_PASSWORD_MAX - 1] = '\0';
  return true;
}

/* An empty identity to act as, and the user's; no NUL at the end. */
static bool make_plain(struct login *l, struct failure *why) {
  struct login_room *room = l->room;
  size_t user, password;

  if (!find_credentials(l, why))
    return false;
  user = strlen(room->user);
  password = strlen(room->password);
  room->token[0] = 0;
  memcpy(room->token + 1, room->user, user + 1);
  memcpy(room->token + 2 + user, room->password, password);
  room->token_len = 2 + user + password;
  return true;
}

static void say(struct login_room *room, const char *word) {
  room->token_len = strlen(word);
  memcpy(room->token, word, room->token_len);
}

/* ---- The caller's mechanism --------------------------------------------- */

static bool ask_caller(struct login *l, enum sasl_step step,
                       struct cql_span challenge, struct failure *why) {
  struct sasl exchange = {.host = l->host,
                          .authenticator = l->room->authenticator,
                          .step = step,
                          .challenge = challenge,
                          .response = l->room->token,
                          .state = l->state};
  /* "by_caller" says that there is one.
   * NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage) */
  bool content = l->settings->sasl(l->settings->arg, &exchange);

  l->state = exchange.state;
  if (content && exchange.response_len <= LOGIN_TOKEN_MAX) {
    l->room->token_len = exchange.response_len;
    return true;
  }
  failure_detail(why, "%s: %s", l->room->authenticator,
                 content ? "the sasl callback's answer is too long"
                         : "the sasl callback gave up");
  return refuse(why, "the login failed");
}

/* ---- The exchange ------------------------------------------------------- */

void login_init(struct login *l, const struct login_settings *settings,
                const char *host, bool sheltered) {
  memset(l, 0, sizeof *l);
  l->settings = settings;
  l->host = host;
  l->sheltered = sheltered;
}

static bool make_room(struct login *l, struct cql_span class,
                      struct failure *why) {
  size_t len = class.len;

  login_fini(l);
  l->room = net_secret_alloc(sizeof *l->room);
  if (l->room == NULL) {
    why->code = FAILURE_NO_MEMORY;
    why->what = "out of memory";
    return false;
  }
  if (len > sizeof l->room->authenticator - 1)
    len = sizeof l->room->authenticator - 1;
  memcpy(l->room->authenticator, class.p, len);
  return true;
}

bool login_begin(struct login *l, struct cql_span class, struct failure *why) {
  const struct login_settings *s = l->settings;
  bool plain =
      (s->user != NULL || s->credentials != NULL) && speaks_plain(s, class);
  bool by_caller = s->sasl != NULL && !plain;

  if (!by_caller && !may_have_password(l, class, why))
    return false;
  if (!make_room(l, class, why))
    return false;
  MARK(login_begun);
  l->by_caller = by_caller;
  l->says_plain = !by_caller && cql_span_equal(class, cql_span_of(dse));
  if (by_caller)
    return ask_caller(l, SASL_BEGIN, nothing, why);
  if (!l->says_plain)
    return make_plain(l, why);
  say(l->room, "PLAIN");
  return true;
}

bool login_challenge(struct login *l, struct cql_span challenge,
                     struct failure *why) {
  bool was_plain = l->says_plain;

  if (l->by_caller)
    return ask_caller(l, SASL_CHALLENGE, challenge, why);
  l->says_plain = false;
  if (was_plain && cql_span_equal(challenge, cql_span_of("PLAIN-START")))
    return make_plain(l, why);
  failure_detail(why, "%s: PLAIN has no answer to a challenge",
                 l->room->authenticator);
  return refuse(why, "the login failed");
}

bool login_succeed(struct login *l, struct cql_span token,
                   struct failure *why) {
  bool content = !l->by_caller || ask_caller(l, SASL_SUCCESS, token, why);

  login_fini(l);
  return content;
}

struct cql_span login_token(const struct login *l) {
  struct cql_span token = {l->room->token, l->room->token_len};

  return token;
}

const char *login_user(const struct login *l) {
  return l->room != NULL ? l->room->user : "";
}

void login_fini(struct login *l) {
  struct failure ignored;

  if (l->room == NULL)
    return;
  failure_init(&ignored, 0, OUTCOME_NOT_APPLIED, "");
  if (l->by_caller)
    ask_caller(l, SASL_END, nothing, &ignored);
  net_secret_free(l->room, sizeof *l->room);
  l->room = NULL;
}
