/* tests/unit/test_source_port.c - the local port of a socket says which shard
 * of a ScyllaDB host it is for: a port that is in use is not given up at. */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/net.h"
#include "tests/support/bare_loop.h"
#include "tests/unit/suites.h"

/* Of 16,384 ports 16 leave the same remainder; other programs of this machine
 * may have some. */
enum { MODULUS = 1024, REMAINDER = 77, SOCKETS = 10 };

static void on_connected(void *arg, int error) {
  ck_assert_int_eq(error, 0);
  ++*(int *)arg;
}

static int listen_at(struct net_address *at) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t len = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);

  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ck_assert_int_eq(bind(fd, (void *)&address, sizeof address), 0);
  ck_assert_int_eq(listen(fd, SOCKETS), 0);
  ck_assert_int_eq(getsockname(fd, (void *)&address, &len), 0);
  ck_assert(net_address_parse(at, "127.0.0.1", ntohs(address.sin_port)));
  return fd;
}

/* What the server sees. */
static uint16_t accept_port(int listener) {
  struct sockaddr_in from;
  socklen_t len = sizeof from;
  int fd = accept(listener, (void *)&from, &len);

  ck_assert_int_ge(fd, 0);
  close(fd);
  return ntohs(from.sin_port);
}

/* All of these lead to one address, so each needs a port that none before it
 * has. */
START_TEST(many_of_one_shard) {
  static const struct net_socket_events events = {on_connected, on_nothing,
                                                  on_nothing};
  static const struct net_source from = {MODULUS, REMAINDER};
  struct net_socket *sockets[SOCKETS];
  struct net_loop *loop;
  struct net_address to;
  int connected = 0, listener = listen_at(&to);

  loop = bare_loop_open();
  for (int i = 0; i < SOCKETS; i++)
    ck_assert_int_eq(net_socket_open(&sockets[i], loop, &to, &from, 1000,
                                     &events, &connected),
                     0);
  while (connected < SOCKETS)
    net_loop_turn(loop, true);
  for (int i = 0; i < SOCKETS; i++) {
    uint16_t port = accept_port(listener);

    ck_assert_uint_ge(port, 49152);
    ck_assert_uint_eq(port % MODULUS, REMAINDER);
  }
  for (int i = 0; i < SOCKETS; i++)
    net_socket_close(sockets[i]);
  bare_loop_close(loop);
  close(listener);
}
END_TEST

Suite *source_port_suite(void) {
  Suite *s = suite_create("source_port");
  TCase *tc = tcase_create("source_port");

  tcase_add_test(tc, many_of_one_shard);
  suite_add_tcase(s, tc);
  return s;
}
