/* tests/unit/test_tls_session.c - TLS sessions that are gone on with: whose,
 * how often, for how long, and which never are. */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/net.h"
#include "core/tls.h"
#include "core/tls_session.h"
#include "tests/unit/house.h"
#include "tests/unit/suites.h"

/* ---- The table ---------------------------------------------------------- */

/* One whose lifetime tells it from others. */
static SSL_SESSION *make_session(long number) {
  static const unsigned char id[] = "an id";
  SSL_SESSION *session = SSL_SESSION_new();

  ck_assert_ptr_nonnull(session);
  SSL_SESSION_set_timeout(session, number);
  SSL_SESSION_set1_id(session, id, sizeof id);
  return session;
}

static void put(struct tls_sessions *s, const char *peer, long number) {
  tls_sessions_put(s, peer, make_session(number), 1000);
}

/* 0: there is none. */
static long take(struct tls_sessions *s, const char *peer, uint64_t now) {
  uint64_t end = 0;
  SSL_SESSION *session = tls_sessions_take(s, peer, now, &end);
  long number = session != NULL ? SSL_SESSION_get_timeout(session) : 0;

  if (session != NULL)
    ck_assert_uint_eq(end, 1000);
  SSL_SESSION_free(session);
  return number;
}

START_TEST(once_and_the_latest_first) {
  struct tls_sessions *s = tls_sessions_make();

  put(s, "a", 1);
  put(s, "b", 2);
  put(s, "a", 3);
  ck_assert_int_eq(take(s, "c", 1), 0);
  ck_assert_int_eq(take(s, "a", 1), 3);
  ck_assert_int_eq(take(s, "a", 1), 1);
  ck_assert_int_eq(take(s, "a", 1), 0);
  ck_assert_int_eq(take(s, "b", 1), 2);
  tls_sessions_free(s);
}
END_TEST

START_TEST(not_after_its_end) {
  struct tls_sessions *s = tls_sessions_make();

  put(s, "a", 1);
  ck_assert_int_eq(take(s, "a", 1000), 0);
  ck_assert_int_eq(take(s, "a", 999), 1);
  tls_sessions_free(s);
}
END_TEST

/* One peer takes no more room than its share, and all no more than there is. */
START_TEST(room) {
  struct tls_sessions *s = tls_sessions_make();
  char peer[16];

  put(s, "a", 1);
  for (int i = 1; i <= TLS_SESSIONS_PEER + 3; i++)
    put(s, "b", i);
  for (int i = TLS_SESSIONS_PEER + 3; i > 3; i--)
    ck_assert_int_eq(take(s, "b", 1), i);
  ck_assert_int_eq(take(s, "b", 1), 0);
  for (int i = 0; i < TLS_SESSIONS; i++) {
    snprintf(peer, sizeof peer, "c%d", i);
    put(s, peer, 7);
  }
  ck_assert_int_eq(take(s, "a", 1), 0);
  ck_assert_int_eq(take(s, "c0", 1), 7);
  tls_sessions_free(s);
}
END_TEST

/* ---- Connections -------------------------------------------------------- */

/* A house that gives tickets, and a client that is TLS alone. */
struct shop {
  struct house h;
  struct tls_context *tls;
};

#define HOUR (UINT64_C(3600) * 1000000000)

static struct tls_context *context_for(struct shop *s, uint64_t resume_for) {
  const struct tls_settings settings = {
      .ca = s->h.pki.ca_file, .verify = true, .resume_for = resume_for};
  struct failure why;
  struct tls_context *c = tls_context_make(&settings, &why);

  ck_assert_msg(c != NULL, "%s", why.detail);
  return c;
}

static void shop_open(struct shop *s, uint64_t resume_for) {
  house_begin(&s->h, RIG_INLINE);
  s->h.settings.tickets = 1;
  house_cert(&s->h,
             &(struct cert_spec){.names = "DNS:db.example,DNS:other.example"});
  s->tls = context_for(s, resume_for);
}

static void shop_close(struct shop *s) {
  tls_context_free(s->tls);
  house_end(&s->h);
}

static int dial(const struct shop *s) {
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons(front_port(s->h.front))};
  int fd = socket(AF_INET, SOCK_STREAM, 0);

  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ck_assert_int_eq(connect(fd, (const void *)&to, sizeof to), 0);
  return fd;
}

static void send_all(struct tls *t, int fd) {
  const uint8_t *bytes;
  size_t n;

  while ((n = tls_pending(t, &bytes)) > 0) {
    ck_assert_int_eq(send(fd, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
    tls_sent(t, n);
  }
}

static bool receive(struct tls *t, int fd) {
  uint8_t bytes[4096];
  ssize_t n = recv(fd, bytes, sizeof bytes, 0);

  return n > 0 && tls_feed(t, bytes, (size_t)n);
}

/* One connection, as long as it takes for tickets to come; false: it fails. */
static bool visit(struct shop *s, const char *name, const char *address) {
  struct tls *t = tls_open(s->tls, name, address);
  struct failure why;
  enum tls_rc rc;
  uint8_t byte;
  int fd = dial(s);

  while ((rc = tls_handshake(t, &why)) == TLS_MORE) {
    send_all(t, fd);
    ck_assert(receive(t, fd));
  }
  send_all(t, fd);
  if (rc == TLS_DONE && s->h.settings.max_version != TLS1_2_VERSION) {
    ck_assert(receive(t, fd));
    ck_assert_int_eq(tls_read(t, &byte, 1), -EAGAIN);
  }
  tls_free(t);
  close(fd);
  front_wait(s->h.front);
  return rc == TLS_DONE;
}

static void visits(struct shop *s, const char *name, const char *address,
                   bool resumed) {
  unsigned before = front_resumed(s->h.front);

  ck_assert(visit(s, name, address));
  ck_assert_uint_eq(front_resumed(s->h.front), before + resumed);
}

START_TEST(same_name_and_address) {
  struct shop s;

  shop_open(&s, HOUR);
  visits(&s, "db.example", "1.2.3.4:5", false);
  visits(&s, "db.example", "1.2.3.4:5", true);
  visits(&s, "db.example", "1.2.3.4:5", true);
  visits(&s, "other.example", "1.2.3.4:5", false);
  visits(&s, "db.example", "1.2.3.4:6", false);
  visits(&s, "db.example", "1.2.3.4:5", true);
  shop_close(&s);
}
END_TEST

/* What was verified for one name is good for that alone. */
START_TEST(name_it_is_not_for) {
  struct shop s;

  shop_open(&s, HOUR);
  visits(&s, "db.example", "1.2.3.4:5", false);
  ck_assert(!visit(&s, "third.example", "1.2.3.4:5"));
  ck_assert_uint_eq(front_resumed(s.h.front), 0);
  shop_close(&s);
}
END_TEST

/* The server was started again, and does not know its tickets. */
START_TEST(other_keys) {
  struct shop s;

  shop_open(&s, HOUR);
  visits(&s, "db.example", "1.2.3.4:5", false);
  s.h.settings.tickets = 2;
  front_set(s.h.front, &s.h.settings);
  visits(&s, "db.example", "1.2.3.4:5", false);
  visits(&s, "db.example", "1.2.3.4:5", true);
  shop_close(&s);
}
END_TEST

/* ... and whoever is there now is verified. */
START_TEST(other_keys_of_somebody_else) {
  struct shop s;

  shop_open(&s, HOUR);
  visits(&s, "db.example", "1.2.3.4:5", false);
  s.h.settings.tickets = 2;
  house_cert(&s.h, &(struct cert_spec){.names = "DNS:db.example",
                                       .issuer = &s.h.pki.other_ca});
  for (int i = 0; i < 3; i++)
    ck_assert(!visit(&s, "db.example", "1.2.3.4:5"));
  ck_assert_uint_eq(front_resumed(s.h.front), 0);
  shop_close(&s);
}
END_TEST

START_TEST(never_in_tls_1_2) {
  struct shop s;

  shop_open(&s, HOUR);
  s.h.settings.max_version = TLS1_2_VERSION;
  front_set(s.h.front, &s.h.settings);
  for (int i = 0; i < 3; i++)
    visits(&s, "db.example", "1.2.3.4:5", false);
  shop_close(&s);
}
END_TEST

START_TEST(never_when_it_may_not) {
  struct shop s;

  shop_open(&s, 0);
  for (int i = 0; i < 3; i++)
    visits(&s, "db.example", "1.2.3.4:5", false);
  shop_close(&s);
}
END_TEST

/* Another session's are its own. */
START_TEST(contexts_share_nothing) {
  struct tls_context *first;
  struct shop s;

  shop_open(&s, HOUR);
  visits(&s, "db.example", "1.2.3.4:5", false);
  first = s.tls;
  s.tls = context_for(&s, HOUR);
  visits(&s, "db.example", "1.2.3.4:5", false);
  tls_context_free(first);
  shop_close(&s);
}
END_TEST

/* Each connection gets tickets of its own, and still the time counts from when
 * the certificate was verified. */
START_TEST(no_longer_than_that) {
  const uint64_t life = UINT64_C(1000) * 1000000;
  uint64_t limit = rig_ms() + WAIT_LIMIT_MS, begun = net_clock();
  struct shop s;

  shop_open(&s, life);
  ck_assert(visit(&s, "db.example", "1.2.3.4:5"));
  do {
    ck_assert_uint_lt(rig_ms(), limit);
    ck_assert(visit(&s, "db.example", "1.2.3.4:5"));
  } while (front_agreed(s.h.front) - front_resumed(s.h.front) < 2);
  ck_assert_uint_ge(net_clock() - begun, life);
  ck_assert_uint_gt(front_resumed(s.h.front), 0);
  shop_close(&s);
}
END_TEST

/* ---- Sessions of Tally -------------------------------------------------- */

/* All loops share them; nobody's who is not verified. */
START_TEST(reconnects) {
  bool verified = _i / RIG_MODES == 0;
  struct house h;

  house_begin(&h, _i % RIG_MODES);
  h.settings.tickets = 1;
  front_set(h.front, &h.settings);
  if (h.r.mode == RIG_THREADS)
    h.r.options.io_threads = 4;
  if (!verified)
    h.r.options.tls = TALLY_TLS_INSECURE_NO_VERIFY;
  house_counts(&h);
  for (int i = 0; i < 3; i++) {
    unsigned agreed = front_agreed(h.front);

    front_drop(h.front);
    while (front_agreed(h.front) == agreed)
      rig_step(&h.r);
    rig_applied(&h.r, "/home");
  }
  ck_assert((front_resumed(h.front) >= 3) == verified);
  ck_assert_int_eq(script_sum(h.r.server, "/home", "views"), 4);
  house_end(&h);
}
END_TEST

Suite *tls_session_suite(void) {
  Suite *s = suite_create("tls_session");
  TCase *tc = tcase_create("table");

  tcase_add_test(tc, once_and_the_latest_first);
  tcase_add_test(tc, not_after_its_end);
  tcase_add_test(tc, room);
  suite_add_tcase(s, tc);
  tc = tcase_create("connections");
  tcase_set_timeout(tc, 60);
  tcase_add_test(tc, same_name_and_address);
  tcase_add_test(tc, name_it_is_not_for);
  tcase_add_test(tc, other_keys);
  tcase_add_test(tc, other_keys_of_somebody_else);
  tcase_add_test(tc, never_in_tls_1_2);
  tcase_add_test(tc, never_when_it_may_not);
  tcase_add_test(tc, contexts_share_nothing);
  tcase_add_test(tc, no_longer_than_that);
  tcase_add_loop_test(tc, reconnects, 0, 2 * RIG_MODES);
  suite_add_tcase(s, tc);
  return s;
}
