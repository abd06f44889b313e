/* tests/unit/test_output.c - the account of bytes: queued, accepted, pending,
 * over a socket that takes what it likes. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/output.h"
#include "tests/support/bare_loop.h"
#include "tests/unit/suites.h"

static const struct net_heap heap;

/* ---- Room --------------------------------------------------------------- */

START_TEST(room) {
  struct output o;
  uint8_t *p;

  ck_assert_int_eq(output_init(&o, &heap), 0);
  ck_assert_uint_eq(output_pending(&o), 0);
  p = output_room(&o, &heap, OUTPUT_CAPACITY);
  ck_assert_ptr_eq(p, o.buf);
  ck_assert_uint_eq(output_pending(&o), 0); /* asking is not taking */
  output_commit(&o, 1000);
  ck_assert_uint_eq(output_pending(&o), 1000);
  ck_assert_uint_eq(o.queued, 1000);
  ck_assert_uint_eq(o.accepted, 0);
  ck_assert_ptr_null(output_room(&o, &heap, OUTPUT_CAPACITY - 999));
  p = output_room(&o, &heap, OUTPUT_CAPACITY - 1000);
  ck_assert_ptr_eq(p, o.buf + 1000);
  output_fini(&o, &heap);
}
END_TEST

/* What was accepted makes room: what is pending moves to the front, whole. */
START_TEST(pending_moves_to_the_front) {
  struct output o;
  uint8_t *p;

  ck_assert_int_eq(output_init(&o, &heap), 0);
  p = output_room(&o, &heap, OUTPUT_CAPACITY);
  for (size_t i = 0; i < OUTPUT_CAPACITY; i++)
    p[i] = (uint8_t)(i * 7 + i / 256);
  output_commit(&o, OUTPUT_CAPACITY);
  o.head = 40000; /* as if the system had taken so many */
  o.accepted = 40000;
  ck_assert_ptr_null(output_room(&o, &heap, 40001));
  p = output_room(&o, &heap, 40000);
  ck_assert_ptr_eq(p, o.buf + OUTPUT_CAPACITY - 40000);
  for (size_t i = 40000; i < OUTPUT_CAPACITY; i++)
    if (o.buf[i - 40000] != (uint8_t)(i * 7 + i / 256))
      ck_abort_msg("byte %zu is another", i);
  ck_assert_uint_eq(output_pending(&o), OUTPUT_CAPACITY - 40000);
  ck_assert_uint_eq(o.queued, OUTPUT_CAPACITY);
  output_fini(&o, &heap);
}
END_TEST

/* A frame larger than the buffer gets a larger one, once nothing is pending;
 * afterwards it shrinks again. */
START_TEST(large_frames) {
  struct output o;

  ck_assert_int_eq(output_init(&o, &heap), 0);
  ck_assert_ptr_nonnull(output_room(&o, &heap, 10));
  output_commit(&o, 10);
  ck_assert_ptr_null(output_room(&o, &heap, OUTPUT_CAPACITY + 1));
  o.head = o.tail;
  o.accepted = 10;
  ck_assert_ptr_nonnull(output_room(&o, &heap, 1000000));
  ck_assert_uint_ge(o.cap, 1000000);
  memset(o.buf, 1, 1000000);
  output_commit(&o, 1000000);
  o.head = o.tail;
  ck_assert_ptr_nonnull(output_room(&o, &heap, 100));
  ck_assert_uint_eq(o.cap, OUTPUT_CAPACITY);
  ck_assert_uint_eq(o.queued, 1000010);
  output_fini(&o, &heap);
}
END_TEST

/* ---- Over a socket ------------------------------------------------------ */

static void on_connected(void *arg, int error) {
  ck_assert_int_eq(error, 0);
  *(bool *)arg = true;
}

struct wire {
  struct net_loop *loop;
  struct channel channel; /* plaintext */
  int listener;
  int peer;
  bool connected;
};

static void wire_open(struct wire *w) {
  static const struct net_socket_events events = {on_connected, on_nothing,
                                                  on_nothing};
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t len = sizeof address;
  struct net_address to;
  int smallest = 1;

  memset(w, 0, sizeof *w);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  w->listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(w->listener, SOL_SOCKET, SO_RCVBUF, &smallest, sizeof smallest);
  ck_assert_int_eq(bind(w->listener, (void *)&address, sizeof address), 0);
  ck_assert_int_eq(listen(w->listener, 1), 0);
  getsockname(w->listener, (void *)&address, &len);
  ck_assert(net_address_parse(&to, "127.0.0.1", ntohs(address.sin_port)));
  w->loop = bare_loop_open();
  ck_assert_int_eq(net_socket_open(&w->channel.socket, w->loop, &to, NULL, 1000,
                                   &events, &w->connected),
                   0);
  while (!w->connected)
    net_loop_turn(w->loop, true);
  w->peer = accept(w->listener, NULL, NULL);
  ck_assert_int_ge(w->peer, 0);
}

static void wire_close(struct wire *w) {
  net_socket_close(w->channel.socket);
  bare_loop_close(w->loop);
  close(w->listener);
  if (w->peer >= 0)
    close(w->peer);
}

static uint8_t nth(uint64_t i) {
  return (uint8_t)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

/* Read what is there; every byte must be the next one. */
static uint64_t swallow(int fd, uint64_t at, size_t max) {
  uint8_t buf[8192];
  ssize_t n = recv(fd, buf, max < sizeof buf ? max : sizeof buf, MSG_DONTWAIT);

  for (ssize_t i = 0; i < n; i++)
    if (buf[i] != nth(at + (uint64_t)i))
      ck_abort_msg("byte %llu is another",
                   (unsigned long long)(at + (uint64_t)i));
  return n > 0 ? (uint64_t)n : 0;
}

/* The peer reads in fits and starts; what it gets is what was queued, and at
 * every moment accepted + pending = queued, and no byte arrives before it was
 * accepted. */
START_TEST(partly_accepted) {
  enum { TOTAL = 8000000 };
  uint64_t arrived = 0, stalls = 0;
  struct output o;
  struct wire w;

  wire_open(&w);
  ck_assert_int_eq(output_init(&o, &heap), 0);
  while (arrived < TOTAL) {
    size_t n = o.queued < TOTAL ? 1 + (size_t)(nth(o.queued)) * 100 : 0;
    uint8_t *to = n > 0 ? output_room(&o, &heap, n) : NULL;
    uint64_t before = o.accepted;

    for (size_t i = 0; to != NULL && i < n; i++)
      to[i] = nth(o.queued + i);
    if (to != NULL)
      output_commit(&o, n);
    ck_assert_int_eq(output_flush(&o, &w.channel), 0);
    if (o.accepted + output_pending(&o) != o.queued || o.accepted < before)
      ck_abort_msg("the account is wrong");
    if (o.accepted == before && output_pending(&o) > 0) {
      stalls++;
      arrived += swallow(w.peer, arrived, 1 + nth(stalls) * 64u);
    } else if (o.queued >= TOTAL) {
      arrived += swallow(w.peer, arrived, 8192);
    }
    if (arrived > o.accepted)
      ck_abort_msg("more arrived than was accepted");
  }
  ck_assert_uint_gt(stalls, 0);
  output_fini(&o, &heap);
  wire_close(&w);
}
END_TEST

START_TEST(flush_of_nothing) {
  struct output o;

  ck_assert_int_eq(output_init(&o, &heap), 0);
  ck_assert_int_eq(output_flush(&o, &(struct channel){0}),
                   0); /* asks no socket */
  output_fini(&o, &heap);
}
END_TEST

/* The peer has reset: an error, no signal, and nothing more is accepted. */
START_TEST(peer_is_gone) {
  struct linger hard = {1, 0};
  struct output o;
  struct wire w;
  int rc;

  wire_open(&w);
  ck_assert_int_eq(output_init(&o, &heap), 0);
  setsockopt(w.peer, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close(w.peer);
  w.peer = -1;
  for (int i = 0; i < 3; i++) {
    memset(output_room(&o, &heap, 100), 0, 100);
    output_commit(&o, 100);
    rc = output_flush(&o, &w.channel);
    ck_assert_msg(rc == -ECONNRESET || rc == -EPIPE, "%d", rc);
  }
  ck_assert_uint_eq(o.accepted, 0);
  ck_assert_uint_eq(output_pending(&o), 300);
  output_fini(&o, &heap);
  wire_close(&w);
}
END_TEST

Suite *output_suite(void) {
  Suite *s = suite_create("output");
  TCase *tc = tcase_create("room");

  tcase_add_test(tc, room);
  tcase_add_test(tc, pending_moves_to_the_front);
  tcase_add_test(tc, large_frames);
  suite_add_tcase(s, tc);
  tc = tcase_create("socket");
  tcase_set_timeout(tc, 60);
  tcase_add_test(tc, partly_accepted);
  tcase_add_test(tc, flush_of_nothing);
  tcase_add_test(tc, peer_is_gone);
  suite_add_tcase(s, tc);
  return s;
}
