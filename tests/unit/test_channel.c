/* tests/unit/test_channel.c - the account of bytes under TLS: what is accepted
 * the peer can read, and it can read nothing else. */
#include <errno.h>
#include <openssl/ssl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "core/output.h"
#include "tests/support/bare_loop.h"
#include "tests/support/tls_front.h"
#include "tests/unit/suites.h"

static const struct net_heap heap;

struct line {
  struct cert cert;
  struct front *front;
  struct front_settings settings;
  struct tls_context *tls;
  struct net_loop *loop;
  struct channel channel;
  bool connected;
  bool agreed;
};

static void agree(struct line *l) {
  struct failure why;

  failure_init(&why, 0, OUTCOME_NOT_APPLIED, "");
  if (!l->agreed)
    l->agreed = channel_handshake(&l->channel, &why) == TLS_DONE;
}

static void on_connected(void *arg, int error) {
  struct line *l = arg;

  ck_assert_int_eq(error, 0);
  l->connected = true;
  agree(l);
}

static void on_readable(void *arg) {
  agree(arg);
}

/* Agreed on TLS with a peer that reads nothing more. */
static void line_open(struct line *l) {
  static const struct net_socket_events events = {on_connected, on_readable,
                                                  on_nothing};
  const struct tls_settings settings = {.verify = false};
  struct failure why;
  struct net_address to;

  memset(l, 0, sizeof *l);
  cert_make(&l->cert, &(struct cert_spec){.names = "DNS:x"});
  l->front = front_start(0);
  l->settings.cert = l->cert;
  l->settings.deaf = true;
  front_set(l->front, &l->settings);
  l->tls = tls_context_make(&settings, &why);
  ck_assert_ptr_nonnull(l->tls);
  ck_assert(net_address_parse(&to, "127.0.0.1", front_port(l->front)));
  l->loop = bare_loop_open();
  ck_assert_int_eq(channel_open(&l->channel, l->loop, &to, NULL, 1000, &events,
                                l, l->tls, "x"),
                   0);
  while (!l->agreed)
    net_loop_turn(l->loop, true);
  /* What it sends after its handshake has been sent, too. */
  while (front_agreed(l->front) == 0)
    sched_yield();
}

static void line_free(struct line *l) {
  bare_loop_close(l->loop);
  tls_context_free(l->tls);
  front_stop(l->front);
  cert_free(&l->cert);
}

/* The peer's system takes some megabytes, and then no more: most likely in the
 * middle of a record, which the end of the connection leaves as it is. */
START_TEST(what_is_accepted_can_be_read) {
  static const size_t sizes[] = {30000, 16384, 16385, 1, 200, 40000};
  struct output o;
  struct line l;
  uint64_t before;
  size_t n;

  line_open(&l);
  ck_assert_int_eq(output_init(&o, &heap), 0);
  for (unsigned i = (unsigned)_i, refused = 0; refused < 1000; i++) {
    uint8_t *to;

    n = sizes[i % (sizeof sizes / sizeof sizes[0])];
    to = output_room(&o, &heap, n);
    if (to != NULL) {
      memset(to, (int)i, n);
      output_commit(&o, n);
    }
    before = o.accepted;
    ck_assert_int_eq(output_flush(&o, &l.channel), 0);
    ck_assert_uint_eq(o.queued - o.accepted, output_pending(&o));
    refused = o.accepted == before ? refused + 1 : 0;
  }
  ck_assert_uint_gt(o.accepted, 100000);
  ck_assert_uint_gt(output_pending(&o), 0);
  /* With something unread the system would not end it in order. */
  channel_begin_reads(&l.channel, 100);
  ck_assert_int_eq(channel_read(&l.channel, &before, sizeof before), -EAGAIN);
  channel_close(&l.channel);
  l.settings.deaf = false;
  front_set(l.front, &l.settings);
  front_wait(l.front);
  ck_assert_uint_eq(front_heard(l.front), o.accepted);
  output_fini(&o, &heap);
  line_free(&l);
}
END_TEST

Suite *channel_suite(void) {
  Suite *s = suite_create("channel");
  TCase *tc = tcase_create("account");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, what_is_accepted_can_be_read, 0, 6);
  suite_add_tcase(s, tc);
  return s;
}
