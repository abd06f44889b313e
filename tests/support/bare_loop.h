/* tests/support/bare_loop.h - a loop of core/net.h with nobody behind it, for
 * tests of what stands on sockets alone. */
#ifndef TALLY_TESTS_BARE_LOOP_H
#define TALLY_TESTS_BARE_LOOP_H

#include "core/net.h"

/* A callback that does nothing. */
void on_nothing(void *arg);

struct net_loop *bare_loop_open(void);
/* Its sockets are closed. */
void bare_loop_close(struct net_loop *loop);

#endif
