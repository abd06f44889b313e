/* core/tls.c - TLS by OpenSSL, over memory. */
#include "core/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "core/net.h"
#include "core/tls_session.h"

struct tls_context {
  SSL_CTX *ssl;
  bool verify;
  uint64_t resume_for;
  struct tls_sessions *sessions; /* NULL: none is kept */
};

enum { PEER = TLS_NAME + NET_ADDRESS_TEXT };

struct tls {
  struct tls_context *context;
  SSL *ssl;
  BIO *in; /* the SSL's own, both */
  BIO *out;
  size_t sent;          /* of what is in `out` */
  const char *reason;   /* OpenSSL's, why it is over; NULL: none */
  uint64_t session_end; /* of what is resumed, and of what follows from it */
  char name[TLS_NAME];
  char peer[PEER]; /* whose its sessions are: name and address */
};

/* What OpenSSL has against it, the first reason of all, in one line. */
static void describe(struct failure *why, const char *file) {
  unsigned long code = ERR_get_error();
  const char *reason = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code))
                                              : ERR_reason_error_string(code);

  failure_detail(why, "%s%s%s", file, file[0] != '\0' ? ": " : "",
                 reason != NULL ? reason : "no reason given");
  ERR_clear_error();
}

bool tls_is_built_in(void) {
  return true;
}

/* ---- What a session's connections have in common ------------------------ */

struct asking {
  const struct tls_settings *settings;
  bool asked;
};

static int give_passphrase(char *out, int size, int writing, void *arg) {
  struct asking *a = arg;

  (void)writing;
  a->asked = true;
  if (a->settings->passphrase == NULL || size <= 0 ||
      !a->settings->passphrase(a->settings->arg, a->settings->key, out,
                               (size_t)size))
    return -1;
  return (int)strnlen(out, (size_t)size);
}

static bool load_trust(SSL_CTX *ssl, const struct tls_settings *s,
                       struct failure *why) {
  if (s->ca == NULL ? SSL_CTX_set_default_verify_paths(ssl) == 1
                    : SSL_CTX_load_verify_file(ssl, s->ca) == 1)
    return true;
  why->what = "tls_ca";
  describe(why, s->ca != NULL ? s->ca : "the system's certificates");
  return false;
}

/* Of every authority in a chain: with one whose list is not there, or is too
 * old, nobody could tell. */
static bool load_revoked(SSL_CTX *ssl, const struct tls_settings *s,
                         struct failure *why) {
  X509_STORE *store = SSL_CTX_get_cert_store(ssl);
  X509_LOOKUP *lookup;

  if (s->crl == NULL)
    return true;
  lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
  if (lookup != NULL &&
      X509_load_crl_file(lookup, s->crl, X509_FILETYPE_PEM) > 0)
    return X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK |
                                           X509_V_FLAG_CRL_CHECK_ALL) == 1;
  why->what = "tls_crl";
  describe(why, s->crl);
  return false;
}

static bool load_own(SSL_CTX *ssl, const struct tls_settings *s,
                     struct failure *why) {
  struct asking asking = {s, false};
  bool loaded;

  if (s->cert == NULL)
    return true;
  if (SSL_CTX_use_certificate_chain_file(ssl, s->cert) != 1) {
    why->what = "tls_cert";
    describe(why, s->cert);
    return false;
  }
  why->what = "tls_key";
  SSL_CTX_set_default_passwd_cb(ssl, give_passphrase);
  SSL_CTX_set_default_passwd_cb_userdata(ssl, &asking);
  loaded = SSL_CTX_use_PrivateKey_file(ssl, s->key, SSL_FILETYPE_PEM) == 1;
  SSL_CTX_set_default_passwd_cb(ssl, NULL);
  SSL_CTX_set_default_passwd_cb_userdata(ssl, NULL);
  if (loaded)
    return true;
  if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH) {
    failure_detail(why, "%s: it is not the key of %s (tls_cert)", s->key,
                   s->cert);
    ERR_clear_error();
  } else if (asking.asked) {
    failure_detail(why, "%s: it is encrypted, and %s", s->key,
                   s->passphrase == NULL ? "there is no passphrase callback"
                                         : "the passphrase does not open it");
    ERR_clear_error();
  } else {
    describe(why, s->key);
  }
  return false;
}

/* A ticket has come, which in TLS 1.3 is after the peer was verified.  One of
 * TLS 1.2 is not used: it makes the same keys again, and whoever has the
 * server's key of tickets one day can read all of it.  A copy, since OpenSSL
 * spoils its own when the connection is lost. */
static int keep_session(SSL *ssl, SSL_SESSION *session) {
  struct tls *t = SSL_get_app_data(ssl);
  SSL_SESSION *copy = NULL;

  if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION)
    copy = SSL_SESSION_dup(session);
  if (copy != NULL)
    tls_sessions_put(t->context->sessions, t->peer, copy, t->session_end);
  return 0;
}

static bool configure(SSL_CTX *ssl, const struct tls_settings *s,
                      struct failure *why) {
  SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
  SSL_CTX_set_options(ssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
  if (s->resume_for > 0) {
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT |
                                            SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ssl, keep_session);
  }
  /* Level 2: 112 bits at least, no SHA-1; and ciphers with forward secrecy. */
  SSL_CTX_set_security_level(ssl, 2);
  if (SSL_CTX_set_cipher_list(ssl, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1) {
    describe(why, "");
    return false;
  }
  SSL_CTX_set_verify(ssl, s->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
  return (!s->verify ||
          (load_trust(ssl, s, why) && load_revoked(ssl, s, why))) &&
         load_own(ssl, s, why);
}

struct tls_context *tls_context_make(const struct tls_settings *settings,
                                     struct failure *why) {
  struct tls_context *c = OPENSSL_zalloc(sizeof *c);

  failure_init(why, FAILURE_INVALID, OUTCOME_NOT_APPLIED, "tls");
  ERR_clear_error();
  if (c != NULL) {
    c->verify = settings->verify;
    c->resume_for = settings->resume_for;
    c->ssl = SSL_CTX_new(TLS_client_method());
    if (c->resume_for > 0)
      c->sessions = tls_sessions_make();
  }
  if (c == NULL || c->ssl == NULL ||
      (c->resume_for > 0 && c->sessions == NULL)) {
    why->code = FAILURE_NO_MEMORY;
    tls_context_free(c);
    return NULL;
  }
  if (configure(c->ssl, settings, why))
    return c;
  tls_context_free(c);
  return NULL;
}

void tls_context_free(struct tls_context *c) {
  if (c == NULL)
    return;
  SSL_CTX_free(c->ssl);
  tls_sessions_free(c->sessions);
  OPENSSL_free(c);
}

/* ---- A connection ------------------------------------------------------- */

/* An address is matched with the addresses of a certificate, and not told to
 * the server (RFC 6066, 3). */
static bool expect(struct tls *t, bool verify) {
  X509_VERIFY_PARAM *param = SSL_get0_param(t->ssl);
  bool is_address = false;

  if (X509_VERIFY_PARAM_set1_ip_asc(param, t->name) == 1)
    is_address = true;
  ERR_clear_error();
  if (!is_address && SSL_set_tlsext_host_name(t->ssl, t->name) != 1)
    return false;
  if (!verify || is_address)
    return true;
  SSL_set_hostflags(t->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  return SSL_set1_host(t->ssl, t->name) == 1;
}

/* Nothing is sent early (0-RTT), which others could send once more. */
static void resume(struct tls *t) {
  struct tls_sessions *sessions = t->context->sessions;
  SSL_SESSION *session = NULL;

  if (sessions != NULL)
    session =
        tls_sessions_take(sessions, t->peer, net_clock(), &t->session_end);
  if (session != NULL)
    SSL_set_session(t->ssl, session);
  SSL_SESSION_free(session);
}

struct tls *tls_open(struct tls_context *c, const char *name,
                     const char *address) {
  struct tls *t = OPENSSL_zalloc(sizeof *t);

  if (t == NULL)
    return NULL;
  t->context = c;
  snprintf(t->name, sizeof t->name, "%s", name);
  snprintf(t->peer, sizeof t->peer, "%s %s", name, address);
  t->ssl = SSL_new(c->ssl);
  t->in = BIO_new(BIO_s_mem());
  t->out = BIO_new(BIO_s_mem());
  if (t->ssl == NULL || t->in == NULL || t->out == NULL ||
      !expect(t, c->verify)) {
    BIO_free(t->in);
    BIO_free(t->out);
    SSL_free(t->ssl);
    OPENSSL_free(t);
    return NULL;
  }
  SSL_set_bio(t->ssl, t->in, t->out);
  SSL_set_connect_state(t->ssl);
  SSL_set_app_data(t->ssl, t);
  resume(t);
  return t;
}

void tls_free(struct tls *t) {
  if (t == NULL)
    return;
  SSL_free(t->ssl);
  OPENSSL_free(t);
}

/* ---- Handshake ---------------------------------------------------------- */

static void describe_failure(struct tls *t, struct failure *why) {
  long verdict = SSL_get_verify_result(t->ssl);

  why->code = FAILURE_TLS;
  /* Without verification there is a verdict, too, which was not asked for. */
  if (verdict == X509_V_OK || !t->context->verify) {
    why->what = "the TLS handshake failed";
    describe(why, "");
    return;
  }
  why->what = "the server's certificate is not to be trusted";
  ERR_clear_error();
  if (verdict == X509_V_ERR_HOSTNAME_MISMATCH ||
      verdict == X509_V_ERR_IP_ADDRESS_MISMATCH)
    failure_detail(why, "it is not for \"%s\"", t->name);
  else
    failure_detail(why, "%s", X509_verify_cert_error_string(verdict));
}

enum tls_rc tls_handshake(struct tls *t, struct failure *why) {
  int rc, error;

  ERR_clear_error();
  rc = SSL_do_handshake(t->ssl);
  if (rc == 1) {
    /* What follows from a session that was resumed ends with it. */
    if (!SSL_session_reused(t->ssl))
      t->session_end = net_clock() + t->context->resume_for;
    return TLS_DONE;
  }
  error = SSL_get_error(t->ssl, rc);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
    return TLS_MORE;
  describe_failure(t, why);
  return TLS_FAILED;
}

/* ---- Bytes -------------------------------------------------------------- */

bool tls_feed(struct tls *t, const uint8_t *bytes, size_t n) {
  return BIO_write(t->in, bytes, (int)n) == (int)n;
}

size_t tls_pending(struct tls *t, const uint8_t **bytes) {
  char *all = NULL;
  long n = BIO_get_mem_data(t->out, &all);

  *bytes = (const uint8_t *)all + t->sent;
  return (size_t)n - t->sent;
}

void tls_sent(struct tls *t, size_t n) {
  char *all;

  t->sent += n;
  if (t->sent < (size_t)BIO_get_mem_data(t->out, &all))
    return;
  (void)BIO_reset(t->out);
  t->sent = 0;
}

enum tls_rc tls_seal(struct tls *t, const uint8_t *bytes, size_t n) {
  size_t sealed = 0;

  ERR_clear_error();
  if (SSL_write_ex(t->ssl, bytes, n, &sealed) == 1 && sealed == n)
    return TLS_DONE;
  return SSL_get_error(t->ssl, 0) == SSL_ERROR_WANT_READ ? TLS_MORE
                                                         : TLS_FAILED;
}

ptrdiff_t tls_read(struct tls *t, void *buf, size_t len) {
  size_t n = 0;
  int rc;

  ERR_clear_error();
  rc = SSL_read_ex(t->ssl, buf, len, &n);
  if (rc == 1)
    return (ptrdiff_t)n;
  switch (SSL_get_error(t->ssl, rc)) {
  case SSL_ERROR_WANT_READ:
  case SSL_ERROR_WANT_WRITE:
    return -EAGAIN;
  case SSL_ERROR_ZERO_RETURN:
    return 0;
  default:
    t->reason = ERR_reason_error_string(ERR_get_error());
    ERR_clear_error();
    return -EPROTO;
  }
}

const char *tls_reason(const struct tls *t) {
  return t->reason != NULL ? t->reason : "no reason given";
}

void tls_shut(struct tls *t) {
  ERR_clear_error();
  if (SSL_is_init_finished(t->ssl))
    (void)SSL_shutdown(t->ssl);
  ERR_clear_error();
}
