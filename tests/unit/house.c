#include "tests/unit/house.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Certificates ------------------------------------------------------- */

static void file_name(const struct pki *p, char out[64], const char *name) {
  snprintf(out, 64, "%s/%s", p->folder, name);
}

static void pki_init(struct pki *p) {
  const struct cert_spec ca = {.common_name = "Tests CA", .is_ca = true};
  const struct cert_spec other = {.common_name = "Another CA", .is_ca = true};

  memset(p, 0, sizeof *p);
  snprintf(p->folder, sizeof p->folder, "/tmp/tally-tls-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(p->folder));
  file_name(p, p->ca_file, "ca.pem");
  file_name(p, p->crl_file, "crl.pem");
  file_name(p, p->cert_file, "cert.pem");
  file_name(p, p->key_file, "key.pem");
  cert_make(&p->ca, &ca);
  cert_make(&p->other_ca, &other);
  cert_write(&p->ca, p->ca_file);
}

static void pki_free(struct pki *p) {
  cert_free(&p->ca);
  cert_free(&p->other_ca);
  cert_free(&p->server);
  cert_free(&p->client);
  unlink(p->ca_file);
  unlink(p->crl_file);
  unlink(p->cert_file);
  unlink(p->key_file);
  rmdir(p->folder);
}

/* ---- A server behind TLS ------------------------------------------------ */

/* Whatever name it is, it is here. */
static int resolve_here(void *user, const char *name, char (*addresses)[46],
                        int max) {
  (void)user;
  (void)name;
  ck_assert_int_ge(max, 1);
  snprintf(addresses[0], 46, "127.0.0.1");
  return 1;
}

void house_names(struct house *h, const char *host) {
  snprintf(h->hosts, sizeof h->hosts, "%s:%u", host,
           (unsigned)front_port(h->front));
  h->r.options.hosts = h->hosts;
}

/* The front has the old one until it has this. */
void house_cert(struct house *h, const struct cert_spec *spec) {
  struct cert old = h->pki.server;
  struct cert_spec s = *spec;

  if (s.issuer == NULL)
    s.issuer = &h->pki.ca;
  cert_make(&h->pki.server, &s);
  h->settings.cert = h->pki.server;
  front_set(h->front, &h->settings);
  cert_free(&old);
}

void house_begin(struct house *h, int mode) {
  static const struct cert_spec good = {.names = "DNS:db.example"};

  memset(&h->settings, 0, sizeof h->settings);
  pki_init(&h->pki);
  rig_init(&h->r, (enum rig_mode)mode);
  h->front = front_start(script_port(h->r.server));
  h->r.tasks = rig_tasks();
  house_cert(h, &good);
  house_names(h, "db.example");
  h->r.options.resolve = resolve_here;
  h->r.options.tls = TALLY_TLS_VERIFY_FULL;
  h->r.options.tls_ca = h->pki.ca_file;
}

void house_end(struct house *h) {
  rig_close(&h->r);
  front_stop(h->front);
  rig_fini(&h->r);
  pki_free(&h->pki);
}

static const char authenticator[] =
    "org.apache.cassandra.auth.PasswordAuthenticator";
static const char token[] = "\0jane.doe\0s3cret";

void house_wants_login(struct house *h) {
  script_want_login(h->r.server, authenticator, token, sizeof token - 1);
  h->r.options.user = "jane.doe";
  h->r.options.password = "s3cret";
}

/* Records of TLS, and of no type that has data. */
static void is_handshake(const uint8_t *bytes, size_t len) {
  enum { CHANGE_CIPHER_SPEC = 20, ALERT = 21, HANDSHAKE = 22, HEAD = 5 };
  size_t at = 0;

  while (at + HEAD <= len) {
    ck_assert_uint_ge(bytes[at], CHANGE_CIPHER_SPEC);
    ck_assert_uint_le(bytes[at], HANDSHAKE);
    at += HEAD + ((size_t)bytes[at + 3] << 8 | bytes[at + 4]);
  }
  ck_assert_uint_eq(at, len);
}

void house_was_silent(struct front *f, unsigned n) {
  static const char *const words[] = {"jane.doe", "s3cret", "my_ks",
                                      "page_hits", "CQL_VERSION"};
  static uint8_t bytes[FRONT_RAW];
  unsigned count = front_taken(f);

  ck_assert_uint_gt(count, n);
  for (; n < count && n < FRONT_RAW_LINKS; n++) {
    size_t len = front_raw(f, n, bytes);

    ck_assert_uint_le(len, FRONT_RAW);
    is_handshake(bytes, len);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
      ck_assert_ptr_null(memmem(bytes, len, words[i], strlen(words[i])));
  }
}

void house_counts(struct house *h) {
  rig_connect(&h->r);
  rig_applied(&h->r, "/home");
  ck_assert_int_eq(script_sum(h->r.server, "/home", "views"), 1);
}

void house_refuses(struct house *h, int code, const char *words) {
  int rc = rig_try_connect(&h->r);

  ck_assert_msg(rc == code, "%s: %s: %s", tally_error_name(rc),
                h->r.error.message, h->r.error.detail);
  ck_assert_int_eq(h->r.error.outcome, TALLY_NOT_APPLIED);
  ck_assert_msg(strstr(h->r.error.detail, words) != NULL ||
                    strstr(h->r.error.message, words) != NULL,
                "no \"%s\" in: %s: %s", words, h->r.error.message,
                h->r.error.detail);
  /* Not one byte of CQL, and no password, came to whoever that is. */
  ck_assert_uint_eq(front_heard(h->front), 0);
  ck_assert_uint_eq(script_accepted(h->r.server), 0);
}

/* ---- A second one ------------------------------------------------------- */

static int to_front(void *user, const char *address, uint16_t port,
                    char translated[46], uint16_t *translated_port) {
  struct street *s = user;

  (void)address;
  (void)translated;
  *translated_port =
      port == script_port(s->peer.server) ? front_port(s->front) : port;
  return 1;
}

static int name_for(void *user, const char *address, uint16_t port,
                    char name[256]) {
  struct street *s = user;

  ck_assert_str_eq(address, "127.0.0.1");
  if (port != front_port(s->front))
    return 1;
  s->named++;
  snprintf(name, 256, "%s", s->name);
  return 0;
}

void street_begin(struct street *s, struct house *h) {
  memset(s, 0, sizeof *s);
  peer_init(&s->peer, &h->r, "dc1", "rack1");
  s->front = front_start(script_port(s->peer.server));
  front_set(s->front, &h->settings);
  h->r.tasks = rig_tasks();
  h->r.options.translate_address = to_front;
  h->r.options.host_user = s;
}

void street_names(struct street *s, struct house *h, const char *name) {
  s->name = name;
  h->r.options.tls_name_of = name_for;
  h->r.options.tls_user = s;
}

void street_end(struct street *s, struct house *h) {
  rig_close(&h->r);
  front_stop(s->front);
  house_end(h);
  peer_fini(&s->peer);
}

bool street_is_up(struct house *h, struct seen *seen) {
  seen_look(&h->r, seen);
  return seen->count == 2 && seen->hosts[1].host.up == 1;
}
