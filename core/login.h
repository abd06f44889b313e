/* core/login.h - the login of one connection: who may have the password, and
 * the answers of SASL PLAIN, or of another mechanism that the caller speaks.
 *
 * A password is in memory of net_secret_alloc() alone, and in the bytes on
 * their way out, which are wiped once they are gone (core/output.h). */
#ifndef LOGIN_H
#define LOGIN_H

#include "core/failure.h"
#include "core/net.h"
#include "proto/wire.h"

/* Of what the caller's functions may write; each with its NUL. */
enum { LOGIN_USER_MAX = 256, LOGIN_PASSWORD_MAX = 1024 };
enum { LOGIN_TOKEN_MAX = 16 * 1024 };

enum sasl_step {
  SASL_BEGIN,     /* the server wants a login: the first answer */
  SASL_CHALLENGE, /* ... and the next one, to what the server says */
  SASL_SUCCESS, /* the server is content, and may say why: so is the client? */
  SASL_END,     /* whatever came of it: `state` is not needed any more */
};

/* What the caller's own mechanism sees and says. */
struct sasl {
  const char *host;
  const char *authenticator;
  enum sasl_step step;
  struct cql_span challenge; /* p == NULL: none */
  uint8_t *response;         /* LOGIN_TOKEN_MAX bytes ... */
  size_t response_len;       /* ... and how many of them are used */
  void *state;               /* the caller's; NULL at first */
};

/* Immutable, and the same for every connection of a session. */
struct login_settings {
  const char *user;     /* NULL: none, or asked for */
  const char *password; /* net_secret_alloc() */
  /* Asked for each connection; false: there is no login now.  NULL: none. */
  bool (*credentials)(void *arg, const char *host, char user[LOGIN_USER_MAX],
                      char password[LOGIN_PASSWORD_MAX]);
  bool (*sasl)(void *arg, struct sasl *exchange); /* NULL: none */
  void *arg;
  const char *authenticator; /* one more that may have the password, or NULL */
  bool plaintext;            /* ... over any connection */
};

struct login_room;

struct login {
  const struct login_settings *settings;
  const char *host;        /* the peer's name */
  bool sheltered;          /* nobody on the way can read along */
  bool by_caller;          /* it speaks its own mechanism, and was called */
  bool says_plain;         /* the server wants to hear its name first */
  void *state;             /* the caller's */
  struct login_room *room; /* NULL: no login is under way */
};

/* `host` lives as long as the login. */
void login_init(struct login *l, const struct login_settings *settings,
                const char *host, bool sheltered);
/* The server names its authenticator: the token is its answer.  False and
 * *why: there is none. */
bool login_begin(struct login *l, struct cql_span authenticator,
                 struct failure *why);
/* The same for AUTH_CHALLENGE. */
bool login_challenge(struct login *l, struct cql_span challenge,
                     struct failure *why);
/* AUTH_SUCCESS came.  False: the client is not content. */
bool login_succeed(struct login *l, struct cql_span token, struct failure *why);
/* The answer that is to be sent; a login is under way. */
struct cql_span login_token(const struct login *l);
/* Whose login is under way; "": nobody's, or the caller's own affair. */
const char *login_user(const struct login *l);
/* At the end, and early when there was none; again is fine. */
void login_fini(struct login *l);

#endif
