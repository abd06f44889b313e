/* tests/unit/test_tls.c - over TLS: who is believed and who is not, on every way
 * to a connection; and what is never sent. */
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/hosts_rig.h"
#include "tests/unit/house.h"
#include "tests/unit/suites.h"

/* ---- Who is believed ---------------------------------------------------- */

static const struct {
  const char *names; /* in the certificate */
  const char *host;  /* as the user has it */
} good[] = {
    {"DNS:db.example", "db.example"},
    {"DNS:other.example,DNS:DB.Example", "db.example"},
    {"DNS:*.db.example", "a.db.example"},
    {"IP:127.0.0.1", "127.0.0.1"},
    {"DNS:x.example,IP:10.0.0.1,IP:127.0.0.1", "127.0.0.1"},
};
enum { GOOD = sizeof good / sizeof good[0] };

START_TEST(believed) {
  struct house h;
  char wanted[256];
  int which = _i / RIG_MODES;

  house_begin(&h, _i % RIG_MODES);
  house_cert(&h, &(struct cert_spec){.names = good[which].names});
  house_names(&h, good[which].host);
  house_counts(&h);
  front_wanted(h.front, wanted);
  /* An address is not named to the server (RFC 6066, 3). */
  ck_assert_str_eq(wanted, strcmp(good[which].host, "127.0.0.1") == 0
                               ? ""
                               : good[which].host);
  house_end(&h);
}
END_TEST

static const struct {
  struct cert_spec spec;
  const char *host;
  const char *words;
} bad[] = {
    {{.names = "DNS:db.example", .from_days = -9, .to_days = -1},
     "db.example",
     "certificate has expired"},
    {{.names = "DNS:db.example", .from_days = 2},
     "db.example",
     "not yet valid"},
    {{.names = "DNS:other.example"}, "db.example", "not for \"db.example\""},
    {{.names = "DNS:*.db.example"},
     "x.a.db.example",
     "not for \"x.a.db.example\""},
    {{.names = "DNS:*.example"}, "db.example", "not for \"db.example\""},
    {{.names = "DNS:d*.example"}, "db.example", "not for \"db.example\""},
    {{.names = NULL, .common_name = "db.example"},
     "db.example",
     "not for \"db.example\""},
    {{.names = NULL, .common_name = "127.0.0.1"},
     "127.0.0.1",
     "not for \"127.0.0.1\""},
    {{.names = "DNS:127.0.0.1"}, "127.0.0.1", "not for \"127.0.0.1\""},
    {{.names = "IP:127.0.0.2"}, "127.0.0.1", "not for \"127.0.0.1\""},
    {{.names = "DNS:db.example", .for_clients = true},
     "db.example",
     "certificate purpose"},
    {{.names = "DNS:db.example", .weak = true}, "db.example", "too"},
};
enum { BAD = sizeof bad / sizeof bad[0] };

START_TEST(not_believed) {
  struct house h;

  house_begin(&h, _i % RIG_MODES);
  house_cert(&h, &bad[_i / RIG_MODES].spec);
  house_names(&h, bad[_i / RIG_MODES].host);
  house_refuses(&h, TALLY_ETLS, bad[_i / RIG_MODES].words);
  house_end(&h);
}
END_TEST

START_TEST(signed_by_itself) {
  const struct cert_spec spec = {.names = "DNS:db.example"};
  struct house h;

  house_begin(&h, _i);
  cert_free(&h.pki.server);
  cert_make(&h.pki.server, &spec);
  h.settings.cert = h.pki.server;
  front_set(h.front, &h.settings);
  house_refuses(&h, TALLY_ETLS, "self-signed");
  house_end(&h);
}
END_TEST

START_TEST(signed_by_another) {
  struct house h;

  house_begin(&h, _i);
  house_cert(&h, &(struct cert_spec){.names = "DNS:db.example",
                                     .issuer = &h.pki.other_ca});
  house_refuses(&h, TALLY_ETLS, "issuer certificate");
  house_end(&h);
}
END_TEST

/* One in between: sent along, kept back, or no authority at all. */
START_TEST(in_between) {
  int how = _i / RIG_MODES;
  struct house h;

  house_begin(&h, _i % RIG_MODES);
  cert_make(&h.pki.between, &(struct cert_spec){.common_name = "Between",
                                                .issuer = &h.pki.ca,
                                                .is_ca = how != 2});
  h.settings.intermediate = how != 1 ? &h.pki.between : NULL;
  house_cert(&h, &(struct cert_spec){.names = "DNS:db.example",
                                     .issuer = &h.pki.between});
  if (how == 0)
    house_counts(&h);
  else
    house_refuses(&h, TALLY_ETLS,
                  how == 1 ? "issuer certificate" : "invalid CA certificate");
  house_end(&h);
}
END_TEST

/* ---- Versions and ciphers ----------------------------------------------- */

START_TEST(versions) {
  static const int version[] = {TLS1_3_VERSION, TLS1_2_VERSION, TLS1_1_VERSION,
                                TLS1_VERSION};
  int which = _i / RIG_MODES;
  struct house h;

  house_begin(&h, _i % RIG_MODES);
  h.settings.min_version = h.settings.max_version = version[which];
  front_set(h.front, &h.settings);
  if (which < 2)
    house_counts(&h);
  else
    house_refuses(&h, TALLY_ETLS, "TLS handshake failed");
  house_end(&h);
}
END_TEST

START_TEST(ciphers) {
  static const char *const names[] = {"aNULL", "eNULL", "AES128-SHA"};
  struct house h;

  house_begin(&h, RIG_INLINE);
  h.settings.max_version = TLS1_2_VERSION;
  h.settings.ciphers = names[_i];
  front_set(h.front, &h.settings);
  house_refuses(&h, TALLY_ETLS, "TLS handshake failed");
  house_end(&h);
}
END_TEST

/* ---- No TLS at all ------------------------------------------------------ */

/* Never back to plaintext: a server that has none hears a ClientHello alone. */
START_TEST(plaintext_server) {
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.tls = TALLY_TLS_INSECURE_NO_VERIFY;
  script_next_kind(r.server, AT_OPTIONS, SCRIPT_NORMAL, 0);
  r.options.connect_timeout_ms = 500;
  ck_assert_int_lt(rig_try_connect(&r), 0);
  ck_assert_uint_eq(script_count(r.server, AT_OPTIONS), 0);
  rig_fini(&r);
}
END_TEST

START_TEST(plaintext_client) {
  struct house h;

  house_begin(&h, _i);
  h.r.options.tls = TALLY_TLS_OFF;
  h.r.options.tls_ca = NULL;
  ck_assert_int_lt(rig_try_connect(&h.r), 0);
  ck_assert_uint_eq(script_accepted(h.r.server), 0);
  house_end(&h);
}
END_TEST

/* ---- Certificates of clients -------------------------------------------- */

static int give_passphrase(void *user, const char *file, char *out,
                           size_t size) {
  ck_assert_ptr_nonnull(strstr(file, "key.pem"));
  snprintf(out, size, "%s", (const char *)user);
  return 0;
}

static void house_wants_clients(struct house *h, const char *passphrase) {
  cert_make(&h->pki.client, &(struct cert_spec){.common_name = "jane",
                                                .issuer = &h->pki.ca,
                                                .for_clients = true});
  cert_write(&h->pki.client, h->pki.cert_file);
  cert_write_key(&h->pki.client, h->pki.key_file, passphrase);
  h->settings.clients = &h->pki.ca;
  front_set(h->front, &h->settings);
}

START_TEST(client_certificate) {
  bool encrypted = _i / RIG_MODES != 0;
  char passphrase[] = "open sesame";
  struct house h;

  house_begin(&h, _i % RIG_MODES);
  house_wants_clients(&h, encrypted ? passphrase : NULL);
  h.r.options.tls_cert = h.pki.cert_file;
  h.r.options.tls_key = h.pki.key_file;
  if (encrypted) {
    h.r.options.tls_passphrase = give_passphrase;
    h.r.options.tls_user = passphrase;
  }
  house_counts(&h);
  house_end(&h);
}
END_TEST

/* In TLS 1.3 the client hears of it after its own handshake is done. */
START_TEST(no_client_certificate) {
  struct house h;
  int rc;

  house_begin(&h, _i % RIG_MODES);
  house_wants_clients(&h, NULL);
  if (_i / RIG_MODES == 0) {
    h.settings.max_version = TLS1_2_VERSION;
    front_set(h.front, &h.settings);
  }
  rc = rig_try_connect(&h.r);
  ck_assert_int_eq(rc, TALLY_ETLS);
  ck_assert_ptr_nonnull(strstr(h.r.error.detail, "alert"));
  ck_assert_uint_eq(script_accepted(h.r.server), 0);
  house_end(&h);
}
END_TEST

static const struct {
  const char *file; /* which option is wrong */
  const char *passphrase;
  const char *words;
} files[] = {
    {"tls_ca", NULL, "option tls_ca: /nowhere/x.pem: No such file"},
    {"tls_cert", NULL, "option tls_cert: /nowhere/x.pem: "},
    {"tls_key", NULL, "option tls_key: /nowhere/x.pem: "},
    {"", "secret", "there is no passphrase callback"},
    {"", "other", "the passphrase does not open it"},
};
enum { FILES = sizeof files / sizeof files[0] };

START_TEST(files_that_fail) {
  static const char nowhere[] = "/nowhere/x.pem";
  char passphrase[] = "open sesame";
  struct house h;

  house_begin(&h, RIG_INLINE);
  house_wants_clients(&h, files[_i].passphrase);
  h.r.options.tls_cert = h.pki.cert_file;
  h.r.options.tls_key = h.pki.key_file;
  if (strcmp(files[_i].file, "tls_ca") == 0)
    h.r.options.tls_ca = nowhere;
  if (strcmp(files[_i].file, "tls_cert") == 0)
    h.r.options.tls_cert = nowhere;
  if (strcmp(files[_i].file, "tls_key") == 0)
    h.r.options.tls_key = nowhere;
  if (_i == 4) {
    h.r.options.tls_passphrase = give_passphrase;
    h.r.options.tls_user = passphrase;
  }
  house_refuses(&h, TALLY_EINVAL, files[_i].words);
  ck_assert_ptr_null(strstr(h.r.error.message, passphrase));
  house_end(&h);
}
END_TEST

/* ---- Other ways to a connection ----------------------------------------- */

START_TEST(reconnects_are_verified) {
  struct house h;

  house_begin(&h, _i);
  h.r.options.increment_timeout_ms = 500;
  house_counts(&h);
  /* Somebody else is there now. */
  house_cert(&h, &(struct cert_spec){.names = "DNS:db.example",
                                     .issuer = &h.pki.other_ca});
  front_drop(h.front);
  for (unsigned n = front_taken(h.front); front_taken(h.front) < n + 3;)
    rig_step(&h.r);
  {
    unsigned heard = front_heard(h.front);
    struct done d;

    rig_increment(&h.r, "/home", 1, &d);
    ck_assert_int_eq(d.outcome, TALLY_NOT_APPLIED);
    ck_assert_ptr_nonnull(strstr(d.error.detail, "issuer certificate"));
    ck_assert_uint_eq(front_heard(h.front), heard);
  }
  house_cert(&h, &(struct cert_spec){.names = "DNS:db.example"});
  h.r.options.increment_timeout_ms = 20000;
  for (unsigned n = front_agreed(h.front); front_agreed(h.front) == n;)
    rig_step(&h.r);
  rig_applied(&h.r, "/home");
  house_end(&h);
}
END_TEST

/* A second host, behind a front of its own: the servers know of their own ports
 * alone. */
struct street {
  struct house h;
  struct peer peer;
  struct front *front;
  unsigned named; /* calls of tls_name_of */
};

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
  strcpy(name, "db.example");
  return 0;
}

static bool peer_is_up(struct street *s, struct seen *seen) {
  seen_look(&s->h.r, seen);
  return seen->count == 2 && seen->hosts[1].host.up == 1;
}

/* Its address is what is known of it, unless options say more. */
START_TEST(discovered_hosts) {
  int how = _i / RIG_MODES;
  struct street s = {.named = 0};
  uint64_t limit;
  struct seen seen;

  house_begin(&s.h, _i % RIG_MODES);
  peer_init(&s.peer, &s.h.r, "dc1", "rack1");
  s.front = front_start(script_port(s.peer.server));
  front_set(s.front, &s.h.settings);
  s.h.r.tasks = rig_tasks();
  s.h.r.options.translate_address = to_front;
  s.h.r.options.host_user = &s;
  if (how == 1)
    s.h.r.options.tls_name = "db.example";
  if (how == 2) {
    s.h.r.options.tls_name_of = name_for;
    s.h.r.options.tls_user = &s;
  }
  rig_connect(&s.h.r);
  rig_applied(&s.h.r, "/home");
  limit = rig_ms() + WAIT_LIMIT_MS;
  if (how == 0) {
    while (front_taken(s.front) < 3) {
      ck_assert_uint_lt(rig_ms(), limit);
      rig_step(&s.h.r);
    }
    ck_assert(!peer_is_up(&s, &seen));
    ck_assert_ptr_nonnull(strstr(seen.hosts[1].why, "not for \"127.0.0.1\""));
    ck_assert_uint_eq(front_heard(s.front), 0);
  } else {
    while (!peer_is_up(&s, &seen)) {
      ck_assert_uint_lt(rig_ms(), limit);
      rig_step(&s.h.r);
    }
    ck_assert((s.named > 0) == (how == 2));
  }
  rig_close(&s.h.r);
  front_stop(s.front);
  house_end(&s.h);
  peer_fini(&s.peer);
}
END_TEST

/* ---- Bytes -------------------------------------------------------------- */

/* Rows and keys over many records. */
START_TEST(large_frames) {
  static char url[60001];
  struct house h;

  memset(url, 'u', sizeof url - 1);
  house_begin(&h, _i);
  rig_connect(&h.r);
  for (int i = 0; i < 20; i++)
    rig_applied(&h.r, url);
  rig_answered(&h.r, "/home");
  house_end(&h);
}
END_TEST

START_TEST(many_in_flight) {
  enum { COUNT = 2000 };
  static struct done done[COUNT];
  struct house h;

  memset(done, 0, sizeof done);
  house_begin(&h, _i);
  rig_connect(&h.r);
  for (int i = 0; i < COUNT; i++)
    rig_submit(&h.r, "/home", 1, &done[i]);
  for (int i = 0; i < COUNT; i++) {
    ck_assert(rig_done(&h.r, &done[i]));
    ck_assert_int_eq(done[i].outcome, TALLY_APPLIED);
  }
  ck_assert_int_eq(script_sum(h.r.server, "/home", "views"), COUNT);
  house_end(&h);
}
END_TEST

/* What was taken from the socket is used, though the socket has no more. */
START_TEST(answers_at_once) {
  enum { COUNT = 2000 };
  static struct done done[COUNT];
  struct house h;

  memset(done, 0, sizeof done);
  house_begin(&h, _i);
  /* As Cassandra does: a record or two for each answer. */
  h.settings.record = 10;
  front_set(h.front, &h.settings);
  rig_connect(&h.r);
  rig_applied(&h.r, "/home");
  script_next_kind(h.r.server, AT_UPDATE, SCRIPT_HOLD, COUNT);
  for (int i = 0; i < COUNT; i++)
    rig_submit(&h.r, "/home", 1, &done[i]);
  ck_assert(rig_served(&h.r, AT_UPDATE, COUNT + 1));
  script_release(h.r.server);
  for (int i = 0; i < COUNT; i++) {
    ck_assert(rig_done(&h.r, &done[i]));
    ck_assert_int_eq(done[i].outcome, TALLY_APPLIED);
  }
  house_end(&h);
}
END_TEST

static void add_trust(TCase *tc) {
  tcase_add_loop_test(tc, believed, 0, GOOD * RIG_MODES);
  tcase_add_loop_test(tc, not_believed, 0, BAD * RIG_MODES);
  tcase_add_loop_test(tc, signed_by_itself, 0, RIG_MODES);
  tcase_add_loop_test(tc, signed_by_another, 0, RIG_MODES);
  tcase_add_loop_test(tc, in_between, 0, 3 * RIG_MODES);
  tcase_add_loop_test(tc, versions, 0, 4 * RIG_MODES);
  tcase_add_loop_test(tc, ciphers, 0, 3);
}

Suite *tls_suite(void) {
  Suite *s = suite_create("tls");
  TCase *tc = tcase_create("trust");

  tcase_set_timeout(tc, 60);
  add_trust(tc);
  suite_add_tcase(s, tc);
  tc = tcase_create("modes");
  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, plaintext_server, 0, RIG_MODES);
  tcase_add_loop_test(tc, plaintext_client, 0, RIG_MODES);
  tcase_add_loop_test(tc, client_certificate, 0, 2 * RIG_MODES);
  tcase_add_loop_test(tc, no_client_certificate, 0, 2 * RIG_MODES);
  tcase_add_loop_test(tc, files_that_fail, 0, FILES);
  tcase_add_loop_test(tc, reconnects_are_verified, 0, RIG_MODES);
  tcase_add_loop_test(tc, discovered_hosts, 0, 3 * RIG_MODES);
  tcase_add_loop_test(tc, large_frames, 0, RIG_MODES);
  tcase_add_loop_test(tc, many_in_flight, 0, RIG_MODES);
  tcase_add_loop_test(tc, answers_at_once, 0, RIG_MODES);
  suite_add_tcase(s, tc);
  return s;
}
