/* tests/unit/test_tls_matrix.c - over TLS, who is believed and who is not: a
 * table of servers, each met on every way to a connection; and that nothing was
 * said to those who are not. */
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/house.h"
#include "tests/unit/suites.h"

/* ---- Servers ------------------------------------------------------------ */

/* Who has signed its certificate, and what it sends along. */
enum chain {
  BY_CA, /* which the client trusts */
  BY_ITSELF,
  BY_ANOTHER,      /* whom nobody trusts */
  BETWEEN,         /* ... it and the CA is another authority, sent along */
  BETWEEN_MISSING, /* ... which is not */
  BETWEEN_NO_CA,   /* ... which is none */
  CROSSED, /* as BETWEEN, and the CA, signed by one that nobody trusts */
};

/* The lists that the client has. */
enum lists {
  NO_LISTS,
  CLEAN,           /* of both authorities, with nobody on them */
  LEAF_REVOKED,    /* on the CA's */
  BETWEEN_REVOKED, /* the authority in between is, on the CA's */
  LIST_MISSING,    /* the one of the authority in between */
  LIST_OLD,        /* ... is there, and its time is over */
};

#define BYTES(text) (text), sizeof(text) - 1

static const struct row {
  const char *what;
  const char *host; /* whom the client wants */
  struct cert_spec cert;
  enum chain chain;
  enum lists lists;
  struct front_settings front; /* but for certificates */
  bool asks;                   /* for a certificate of the client */
  int code;                    /* 0: TALLY_ETLS */
  const char *words;           /* of the refusal; NULL: it is believed */
} rows[] = {
    {"exact name", "db.example", {.names = "DNS:db.example"}, .words = NULL},
    {"one of two names, in other letters",
     "db.example",
     {.names = "DNS:other.example,DNS:DB.Example"},
     .words = NULL},
    {"wildcard of one label",
     "a.db.example",
     {.names = "DNS:*.db.example"},
     .words = NULL},
    {"IPv4",
     "127.0.0.1",
     {.names = "DNS:x,IP:10.0.0.1,IP:127.0.0.1"},
     .words = NULL},
    {"IPv6",
     "2001:db8::1",
     {.names = "IP:2001:db8:0:0:0:0:0:1"},
     .words = NULL},
    {"intermediate",
     "db.example",
     {.names = "DNS:db.example"},
     .chain = BETWEEN},
    {"cross-signed",
     "db.example",
     {.names = "DNS:db.example"},
     .chain = CROSSED},
    {"others are revoked",
     "db.example",
     {.names = "DNS:db.example"},
     .chain = BETWEEN,
     .lists = CLEAN},
    {"TLS 1.2 alone",
     "db.example",
     {.names = "DNS:db.example"},
     .front = {.min_version = TLS1_2_VERSION, .max_version = TLS1_2_VERSION}},
    {"TLS 1.3 alone",
     "db.example",
     {.names = "DNS:db.example"},
     .front = {.min_version = TLS1_3_VERSION, .max_version = TLS1_3_VERSION}},

    {"expired",
     "db.example",
     {.names = "DNS:db.example", .from_days = -9, .to_days = -1},
     .words = "certificate has expired"},
    {"not yet valid",
     "db.example",
     {.names = "DNS:db.example", .from_days = 2},
     .words = "not yet valid"},
    {"wrong host",
     "db.example",
     {.names = "DNS:other.example"},
     .words = "not for \"db.example\""},
    {"wrong address",
     "127.0.0.1",
     {.names = "IP:127.0.0.2"},
     .words = "not for \"127.0.0.1\""},
    {"wildcard one label too deep",
     "x.a.db.example",
     {.names = "DNS:*.db.example"},
     .words = "not for \"x.a.db.example\""},
    {"wildcard of a whole domain",
     "db.example",
     {.names = "DNS:*.example"},
     .words = "not for \"db.example\""},
    {"wildcard inside a label",
     "db.example",
     {.names = "DNS:d*.example"},
     .words = "not for \"db.example\""},
    {"name in CN only",
     "db.example",
     {.common_name = "db.example"},
     .words = "not for \"db.example\""},
    {"IP in CN only",
     "127.0.0.1",
     {.common_name = "127.0.0.1"},
     .words = "not for \"127.0.0.1\""},
    {"IP as a DNS name",
     "127.0.0.1",
     {.names = "DNS:127.0.0.1"},
     .words = "not for \"127.0.0.1\""},
    {"self-signed",
     "db.example",
     {.names = "DNS:db.example"},
     BY_ITSELF,
     .words = "self-signed"},
    {"untrusted root",
     "db.example",
     {.names = "DNS:db.example"},
     BY_ANOTHER,
     .words = "issuer certificate"},
    {"incomplete chain",
     "db.example",
     {.names = "DNS:db.example"},
     BETWEEN_MISSING,
     .words = "issuer certificate"},
    {"intermediate without the CA flag",
     "db.example",
     {.names = "DNS:db.example"},
     BETWEEN_NO_CA,
     .words = "invalid CA certificate"},
    {"wrong EKU",
     "db.example",
     {.names = "DNS:db.example", .for_clients = true},
     .words = "certificate purpose"},
    {"revoked",
     "db.example",
     {.names = "DNS:db.example"},
     BY_CA,
     LEAF_REVOKED,
     .words = "certificate revoked"},
    {"intermediate revoked",
     "db.example",
     {.names = "DNS:db.example"},
     BETWEEN,
     BETWEEN_REVOKED,
     .words = "certificate revoked"},
    {"a list is missing",
     "db.example",
     {.names = "DNS:db.example"},
     BETWEEN,
     LIST_MISSING,
     .words = "unable to get certificate CRL"},
    {"a list is too old",
     "db.example",
     {.names = "DNS:db.example"},
     BETWEEN,
     LIST_OLD,
     .words = "CRL has expired"},
    {"weak key",
     "db.example",
     {.names = "DNS:db.example", .weak = true},
     .words = "key too weak"},
    {"SHA-1",
     "db.example",
     {.names = "DNS:db.example", .sha1 = true},
     .words = "digest algorithm too weak"},
    {"TLS 1.0",
     "db.example",
     {.names = "DNS:db.example"},
     .front = {.min_version = TLS1_VERSION, .max_version = TLS1_VERSION},
     .words = "TLS handshake failed"},
    {"TLS 1.1",
     "db.example",
     {.names = "DNS:db.example"},
     .front = {.min_version = TLS1_1_VERSION, .max_version = TLS1_1_VERSION},
     .words = "TLS handshake failed"},
    {"NULL ciphers",
     "db.example",
     {.names = "DNS:db.example"},
     .front = {.max_version = TLS1_2_VERSION, .ciphers = "eNULL"},
     .words = "TLS handshake failed"},
    {"anonymous ciphers",
     "db.example",
     {.names = "DNS:db.example"},
     .front = {.max_version = TLS1_2_VERSION, .ciphers = "aNULL"},
     .words = "TLS handshake failed"},
    {"no forward secrecy",
     "db.example",
     {.names = "DNS:db.example"},
     .front = {.max_version = TLS1_2_VERSION, .ciphers = "AES128-SHA256"},
     .words = "TLS handshake failed"},
    {"truncated handshake", /* half of a ServerHello */
     "db.example",
     {.names = "DNS:db.example"},
     .front = {.instead = "\x16\x03\x03\0\x7a\2\0\0\x76\3\3",
               .instead_len = 11},
     .code = TALLY_ECONNECT,
     .words = "closed the connection: while TLS was agreed on"},
    {"plaintext", /* what Cassandra says to a ClientHello */
     "db.example",
     {.names = "DNS:db.example"},
     .front = {.instead = "\x85\0\0\0\0\0\0\0\x08\0\0\0\x0a\0\x02no",
               .instead_len = 17},
     .words = "wrong version number"},
    {"client certificate missing, TLS 1.2",
     "db.example",
     {.names = "DNS:db.example"},
     .asks = true,
     .front = {.max_version = TLS1_2_VERSION},
     .words = "alert"},
    {"client certificate missing, TLS 1.3",
     "db.example",
     {.names = "DNS:db.example"},
     .asks = true,
     .words = "alert"},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

/* ---- A row, made ready -------------------------------------------------- */

struct scene {
  const struct row *row;
  struct house h;      /* good, until it becomes the row's */
  struct cert between; /* the row's certificates */
  struct cert crossed;
  struct cert cert;
  struct front_settings settings;
};

static const struct cert *issuer_of(struct scene *s) {
  const struct cert_spec between = {.common_name = "Between",
                                    .issuer = &s->h.pki.ca,
                                    .is_ca = s->row->chain != BETWEEN_NO_CA};

  switch (s->row->chain) {
  case BY_CA:
    return &s->h.pki.ca;
  case BY_ITSELF:
    return NULL;
  case BY_ANOTHER:
    return &s->h.pki.other_ca;
  default:
    cert_make(&s->between, &between);
    return &s->between;
  }
}

static void make_cert(struct scene *s) {
  const struct cert_spec crossed = {.common_name = "Tests CA",
                                    .issuer = &s->h.pki.other_ca,
                                    .twin = &s->h.pki.ca,
                                    .is_ca = true};
  struct cert_spec spec = s->row->cert;

  spec.issuer = issuer_of(s);
  cert_make(&s->cert, &spec);
  s->settings = s->row->front;
  s->settings.cert = s->cert;
  if (s->row->asks)
    s->settings.clients = &s->h.pki.ca;
  if (s->row->chain >= BETWEEN && s->row->chain != BETWEEN_MISSING)
    s->settings.along[0] = &s->between;
  if (s->row->chain == CROSSED) {
    cert_make(&s->crossed, &crossed);
    s->settings.along[1] = &s->crossed;
  }
}

static void make_lists(struct scene *s) {
  const struct cert *revoked = s->row->lists == LEAF_REVOKED      ? &s->cert
                               : s->row->lists == BETWEEN_REVOKED ? &s->between
                                                                  : NULL;

  if (s->row->lists == NO_LISTS)
    return;
  cert_revoke(&s->h.pki.ca, revoked, 30, s->h.pki.crl_file);
  if (s->row->chain == BETWEEN && s->row->lists != LIST_MISSING)
    cert_revoke(&s->between, NULL, s->row->lists == LIST_OLD ? -1 : 30,
                s->h.pki.crl_file);
  s->h.r.options.tls_crl = s->h.pki.crl_file;
}

/* The house is good for whoever the row's host is. */
static void scene_begin(struct scene *s, const struct row *row, int mode) {
  const char *host = row->host;
  bool is_v6 = strchr(host, ':') != NULL;
  char names[64];

  memset(s, 0, sizeof *s);
  s->row = row;
  house_begin(&s->h, mode);
  snprintf(names, sizeof names, "%s:%s",
           is_v6 || strspn(host, "0123456789.") == strlen(host) ? "IP" : "DNS",
           host);
  house_cert(&s->h, &(struct cert_spec){.names = names});
  /* Wherever that is: it is here. */
  if (is_v6)
    s->h.r.options.tls_name = host;
  else
    house_names(&s->h, host);
  make_cert(s);
  make_lists(s);
  house_wants_login(&s->h);
}

/* The session is over: what has it said to the row's server, on connections of
 * this number and later ones?  Who misses a certificate of the client has been
 * verified before it says so. */
static void check_silence(struct scene *s, struct front *f, unsigned from) {
  if (s->row->words == NULL || s->row->asks)
    return;
  rig_close(&s->h.r);
  front_wait(f);
  house_was_silent(f, from);
}

static void scene_end(struct scene *s) {
  cert_free(&s->cert);
  cert_free(&s->crossed);
  cert_free(&s->between);
}

/* ---- On every way ------------------------------------------------------- */

static void check_limit(const struct scene *s, uint64_t limit,
                        const char *why) {
  ck_assert_msg(rig_ms() < limit, "%s: %s", s->row->what, why);
}

/* Host `n` is down, for the row's reason. */
static void wait_for_words(struct scene *s, unsigned n) {
  uint64_t limit = rig_ms() + WAIT_LIMIT_MS;
  struct seen seen;

  for (;;) {
    seen_look(&s->h.r, &seen);
    if (seen.count > n && seen.hosts[n].host.up == 0 &&
        strstr(seen.hosts[n].why, s->row->words) != NULL)
      return;
    check_limit(s, limit, seen.count > n ? seen.hosts[n].why : "not seen");
    rig_step(&s->h.r);
  }
}

/* A contact point, at first. */
static void at_first(struct scene *s) {
  front_set(s->h.front, &s->settings);
  if (s->row->words == NULL)
    house_counts(&s->h);
  else
    house_refuses(&s->h, s->row->code != 0 ? s->row->code : TALLY_ETLS,
                  s->row->words);
  check_silence(s, s->h.front, 0);
  house_end(&s->h);
}

/* A host that the first one tells of. */
static void by_discovery(struct scene *s) {
  uint64_t limit = rig_ms() + WAIT_LIMIT_MS;
  struct street street;
  struct seen seen;

  street_begin(&street, &s->h);
  front_set(street.front, &s->settings);
  if (s->h.r.options.tls_name == NULL)
    street_names(&street, &s->h, s->row->host);
  rig_connect(&s->h.r);
  if (s->row->words != NULL) {
    wait_for_words(s, 1);
    ck_assert_uint_eq(front_heard(street.front), 0);
    ck_assert_uint_eq(script_accepted(street.peer.server), 0);
  } else {
    while (!street_is_up(&s->h, &seen)) {
      check_limit(s, limit, seen.count == 2 ? seen.hosts[1].why : "not seen");
      rig_step(&s->h.r);
    }
  }
  check_silence(s, street.front, 0);
  street_end(&street, &s->h);
}

/* The same host, which was good before: another certificate is there now. */
static void after_a_loss(struct scene *s) {
  uint64_t limit = rig_ms() + WAIT_LIMIT_MS;
  unsigned heard, agreed, taken;

  house_counts(&s->h);
  taken = front_taken(s->h.front);
  heard = front_heard(s->h.front);
  agreed = front_agreed(s->h.front);
  front_set(s->h.front, &s->settings);
  front_drop(s->h.front);
  if (s->row->words != NULL) {
    wait_for_words(s, 0);
    ck_assert_uint_eq(front_heard(s->h.front), heard);
  } else {
    while (front_agreed(s->h.front) == agreed) {
      check_limit(s, limit, "it does not come back");
      rig_step(&s->h.r);
    }
    rig_applied(&s->h.r, "/home");
  }
  check_silence(s, s->h.front, taken);
  house_end(&s->h);
}

/* The only host that is known is gone, and the control connection looks for a
 * contact point: there is a second one. */
static void by_the_control_connection(struct scene *s) {
  const struct front_settings gone = {.instead = "", .instead_len = 0};
  struct front *second = front_start(script_port(s->h.r.server));
  struct log log = {.word = s->row->words};
  uint64_t limit = rig_ms() + WAIT_LIMIT_MS;
  char hosts[128];

  s->h.r.tasks = rig_tasks();
  front_set(second, &s->settings);
  snprintf(hosts, sizeof hosts, "%s,%.32s:%u", s->h.r.options.hosts,
           strchr(s->row->host, ':') ? "db.example" : s->row->host,
           (unsigned)front_port(second));
  s->h.r.options.hosts = hosts;
  if (s->row->words != NULL)
    tally_log(&s->h.r.options, log_note, &log, TALLY_LOG_INFO);
  house_counts(&s->h);
  ck_assert_uint_eq(front_taken(second), 0);
  front_set(s->h.front, &gone);
  front_drop(s->h.front);
  if (s->row->words != NULL) {
    /* The second time it has been judged once. */
    while (front_taken(second) < 2 || !log_has(&log)) {
      check_limit(s, limit, "the second contact point is not refused so");
      rig_step(&s->h.r);
    }
    ck_assert_uint_eq(front_heard(second), 0);
  } else {
    while (front_agreed(second) == 0) {
      check_limit(s, limit, "the second contact point is not reached");
      rig_step(&s->h.r);
    }
    rig_applied(&s->h.r, "/home");
  }
  check_silence(s, second, 0);
  rig_close(&s->h.r);
  front_stop(second);
  house_end(&s->h);
}

static void (*const ways[])(struct scene *s) = {
    at_first, by_discovery, after_a_loss, by_the_control_connection};
enum { WAYS = sizeof ways / sizeof ways[0] };

START_TEST(matrix) {
  for (int way = 0; way < WAYS; way++) {
    struct scene s;

    scene_begin(&s, &rows[_i], (_i + way) % RIG_MODES);
    ways[way](&s);
    scene_end(&s);
  }
}
END_TEST

Suite *tls_matrix_suite(void) {
  Suite *s = suite_create("tls_matrix");
  TCase *tc = tcase_create("matrix");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, matrix, 0, ROWS);
  suite_add_tcase(s, tc);
  return s;
}
