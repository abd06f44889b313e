/* tests/unit/test_tls.c - over TLS: names, modes, certificates of clients, and
 * bytes.  Who is believed and who is not: test_tls_matrix.c. */
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/house.h"
#include "tests/unit/suites.h"

/* ---- Whom it asks for --------------------------------------------------- */

/* An address is not named to the server (RFC 6066, 3). */
START_TEST(name_told) {
  const bool is_address = _i / RIG_MODES != 0;
  struct house h;
  char wanted[256];

  house_begin(&h, _i % RIG_MODES);
  house_cert(&h, &(struct cert_spec){.names = "DNS:db.example,IP:127.0.0.1"});
  house_names(&h, is_address ? "127.0.0.1" : "db.example");
  house_counts(&h);
  front_wanted(h.front, wanted);
  ck_assert_str_eq(wanted, is_address ? "" : "db.example");
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

static const struct {
  const char *file; /* which option is wrong */
  const char *passphrase;
  const char *words;
} files[] = {
    {"tls_ca", NULL, "option tls_ca: /nowhere/x.pem: No such file"},
    {"tls_crl", NULL, "option tls_crl: /nowhere/x.pem: No such file"},
    {"tls_cert", NULL, "option tls_cert: /nowhere/x.pem: "},
    {"tls_key", NULL, "option tls_key: /nowhere/x.pem: "},
    {"", "secret", "there is no passphrase callback"},
    {"mismatch", "open sesame", "it is not the key of "},
    {"", "other", "the passphrase does not open it"},
};
enum { FILES = sizeof files / sizeof files[0] };

/* Nobody asked whether the server is to be trusted: that is not why. */
START_TEST(insecure_and_unknown) {
  struct house h;

  house_begin(&h, _i);
  h.settings.clients = &h.pki.ca;
  h.settings.max_version = TLS1_2_VERSION;
  front_set(h.front, &h.settings);
  h.r.options.tls = TALLY_TLS_INSECURE_NO_VERIFY;
  ck_assert_int_ne(rig_try_connect(&h.r), 0);
  ck_assert_ptr_null(strstr(h.r.error.detail, "trusted"));
  ck_assert_ptr_null(strstr(h.r.error.message, "trusted"));
  rig_close(&h.r);
  house_end(&h);
}
END_TEST

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
  if (strcmp(files[_i].file, "tls_crl") == 0)
    h.r.options.tls_crl = nowhere;
  if (strcmp(files[_i].file, "mismatch") == 0)
    cert_write_key(&h.pki.server, h.pki.key_file, passphrase);
  if (_i >= FILES - 2) {
    h.r.options.tls_passphrase = give_passphrase;
    h.r.options.tls_user = passphrase;
  }
  house_refuses(&h, TALLY_EINVAL, files[_i].words);
  ck_assert_ptr_null(strstr(h.r.error.message, passphrase));
  house_end(&h);
}
END_TEST

/* Certificates are no list of revoked ones. */
START_TEST(no_list) {
  struct house h;

  house_begin(&h, RIG_INLINE);
  h.r.options.tls_crl = h.pki.ca_file;
  house_refuses(&h, TALLY_EINVAL, "ca.pem: ");
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

/* Its address is what is known of it, unless options say more. */
START_TEST(discovered_hosts) {
  int how = _i / RIG_MODES;
  struct street s;
  struct house h;
  uint64_t limit;
  struct seen seen;

  house_begin(&h, _i % RIG_MODES);
  street_begin(&s, &h);
  if (how == 1)
    h.r.options.tls_name = "db.example";
  if (how == 2)
    street_names(&s, &h, "db.example");
  rig_connect(&h.r);
  rig_applied(&h.r, "/home");
  limit = rig_ms() + WAIT_LIMIT_MS;
  if (how == 0) {
    while (front_taken(s.front) < 3) {
      ck_assert_uint_lt(rig_ms(), limit);
      rig_step(&h.r);
    }
    ck_assert(!street_is_up(&h, &seen));
    ck_assert_ptr_nonnull(strstr(seen.hosts[1].why, "not for \"127.0.0.1\""));
    ck_assert_uint_eq(front_heard(s.front), 0);
  } else {
    while (!street_is_up(&h, &seen)) {
      ck_assert_uint_lt(rig_ms(), limit);
      rig_step(&h.r);
    }
    ck_assert((s.named > 0) == (how == 2));
  }
  street_end(&s, &h);
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

Suite *tls_suite(void) {
  Suite *s = suite_create("tls");
  TCase *tc = tcase_create("tls");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, name_told, 0, 2 * RIG_MODES);
  tcase_add_loop_test(tc, plaintext_server, 0, RIG_MODES);
  tcase_add_loop_test(tc, plaintext_client, 0, RIG_MODES);
  tcase_add_loop_test(tc, client_certificate, 0, 2 * RIG_MODES);
  tcase_add_loop_test(tc, files_that_fail, 0, FILES);
  tcase_add_loop_test(tc, insecure_and_unknown, 0, RIG_MODES);
  tcase_add_test(tc, no_list);
  tcase_add_loop_test(tc, reconnects_are_verified, 0, RIG_MODES);
  tcase_add_loop_test(tc, discovered_hosts, 0, 3 * RIG_MODES);
  tcase_add_loop_test(tc, large_frames, 0, RIG_MODES);
  tcase_add_loop_test(tc, many_in_flight, 0, RIG_MODES);
  tcase_add_loop_test(tc, answers_at_once, 0, RIG_MODES);
  suite_add_tcase(s, tc);
  return s;
}
