#include "tests/support/bare_loop.h"

#include <check.h>

void on_nothing(void *arg) {
  (void)arg;
}

struct net_loop *bare_loop_open(void) {
  static const struct net_loop_events events = {on_nothing, on_nothing,
                                                on_nothing, on_nothing};
  static const struct net_heap heap;
  struct net_loop *loop;

  ck_assert_int_eq(net_loop_open(&loop, &heap, NULL, &events, NULL), 0);
  return loop;
}

void bare_loop_close(struct net_loop *loop) {
  net_loop_close(loop, on_nothing);
  while (net_loop_turn(loop, false))
    continue;
  net_loop_free(loop);
}
