/* tests/unit/test_tls_hostile.c - who speaks TLS and means no good: handshakes
 * without end, and half of a message where one is to be whole. */
#include <errno.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/tls.h"
#include "tests/support/loopback.h"
#include "tests/unit/house.h"
#include "tests/unit/suites.h"

/* ---- A server that asks and never listens ------------------------------- */

struct asker {
  const struct cert *cert; /* NULL: it does not even get so far */
  int listener;
  uint16_t port;
  pthread_t thread;
};

/* Records full of HelloRequests, which a client is to ignore (RFC 5246,
 * 7.4.1.1). */
static void flood(int fd) {
  static const uint8_t head[] = {0x16, 3, 3, 0x40, 0};
  static uint8_t record[sizeof head + 0x4000];

  memcpy(record, head, sizeof head);
  while (send(fd, record, sizeof record, MSG_NOSIGNAL) > 0)
    continue;
}

/* TLS 1.2, and then nothing but "let us begin anew". */
static void begin_anew(int fd, const struct cert *cert) {
  SSL_CTX *context = SSL_CTX_new(TLS_server_method());
  SSL *ssl;

  SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_use_certificate(context, cert->x509);
  SSL_CTX_use_PrivateKey(context, cert->key);
  ssl = SSL_new(context);
  SSL_set_fd(ssl, fd);
  if (SSL_accept(ssl) == 1)
    while (SSL_renegotiate(ssl) == 1 && SSL_do_handshake(ssl) == 1)
      continue;
  SSL_free(ssl);
  SSL_CTX_free(context);
}

static void *ask(void *arg) {
  struct asker *a = arg;
  int fd;

  while ((fd = accept(a->listener, NULL, NULL)) >= 0) {
    if (a->cert == NULL)
      flood(fd);
    else
      begin_anew(fd, a->cert);
    close(fd);
  }
  return NULL;
}

static void asker_start(struct asker *a, struct house *h) {
  int small = 4096;

  a->listener = loopback_listen(&a->port);
  setsockopt(a->listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  ck_assert_int_eq(pthread_create(&a->thread, NULL, ask, a), 0);
  snprintf(h->hosts, sizeof h->hosts, "db.example:%u", (unsigned)a->port);
  h->r.tasks = rig_tasks();
}

static void asker_stop(struct asker *a) {
  shutdown(a->listener, SHUT_RDWR);
  pthread_join(a->thread, NULL);
  close(a->listener);
}

/* It is given up for what it does, long before a deadline. */
START_TEST(no_end_of_greetings) {
  bool verified = _i / RIG_MODES == 1;
  struct asker asker = {0};
  struct house h;

  signal(SIGPIPE, SIG_IGN); /* the asker's: OpenSSL writes */
  house_begin(&h, _i % RIG_MODES);
  h.r.options.connect_timeout_ms = 60000;
  if (verified)
    asker.cert = &h.pki.server;
  asker_start(&asker, &h);
  ck_assert_int_ne(rig_try_connect(&h.r), 0);
  ck_assert_msg(strstr(h.r.error.detail,
                       verified ? "takes no answer" : "no end: over 262144") !=
                    NULL,
                "%s: %s", h.r.error.message, h.r.error.detail);
  rig_close(&h.r);
  asker_stop(&asker);
  house_end(&h);
}
END_TEST

/* ---- Half of a ticket --------------------------------------------------- */

static uint8_t large[40000];

/* Longer than two records. */
static int make_large(SSL *ssl, void *arg) {
  (void)arg;
  return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), large,
                                         sizeof large);
}

static void to_server(struct tls *client, BIO *in) {
  const uint8_t *bytes;
  size_t n = tls_pending(client, &bytes);

  if (n == 0)
    return;
  ck_assert_int_eq(BIO_write(in, bytes, (int)n), (int)n);
  tls_sent(client, n);
}

static void to_client(struct tls *client, BIO *out, int most) {
  static uint8_t bytes[65536];
  int n = BIO_read(out, bytes, most);

  if (n > 0)
    ck_assert(tls_feed(client, bytes, (size_t)n));
}

/* What is written meanwhile waits; nothing is over, and nothing was sealed. */
START_TEST(half_a_ticket) {
  struct tls_settings settings = {.verify = false};
  SSL_CTX *context = SSL_CTX_new(TLS_server_method());
  BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
  struct tls_context *c;
  struct failure why;
  struct tls *client;
  struct pki pki;
  struct house h;
  SSL *server;
  char buf[16];
  const uint8_t *bytes;

  house_begin(&h, RIG_GUEST);
  pki = h.pki;
  SSL_CTX_use_certificate(context, pki.server.x509);
  SSL_CTX_use_PrivateKey(context, pki.server.key);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_ticket_cb(context, make_large, NULL, NULL);
  server = SSL_new(context);
  SSL_set_bio(server, in, out);
  SSL_set_accept_state(server);
  c = tls_context_make(&settings, &why);
  client = tls_open(c, "db.example", "127.0.0.1:1");
  for (int i = 0; i < 4; i++) {
    (void)tls_handshake(client, &why);
    to_server(client, in);
    (void)SSL_do_handshake(server);
    to_client(client, out, 65536);
  }
  ck_assert_int_eq(tls_handshake(client, &why), TLS_DONE);
  ck_assert_int_eq(SSL_new_session_ticket(server), 1);
  ck_assert_int_eq(SSL_do_handshake(server), 1);
  to_client(client, out, 20000);
  ck_assert_int_eq(tls_read(client, buf, sizeof buf), -EAGAIN);
  ck_assert_int_eq(tls_seal(client, (const uint8_t *)"count", 5), TLS_MORE);
  ck_assert_uint_eq(tls_pending(client, &bytes), 0);
  to_client(client, out, 65536);
  ck_assert_int_eq(tls_read(client, buf, sizeof buf), -EAGAIN);
  ck_assert_int_eq(tls_seal(client, (const uint8_t *)"count", 5), TLS_DONE);
  to_server(client, in);
  ck_assert_int_eq(SSL_read(server, buf, sizeof buf), 5);
  tls_free(client);
  tls_context_free(c);
  SSL_free(server);
  SSL_CTX_free(context);
  house_end(&h);
}
END_TEST

Suite *tls_hostile_suite(void) {
  Suite *s = suite_create("tls_hostile");
  TCase *tc = tcase_create("modes");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, no_end_of_greetings, 0, 2 * RIG_MODES);
  tcase_add_test(tc, half_a_ticket);
  suite_add_tcase(s, tc);
  return s;
}
