/* tests/support/pool.h - an allocator that knows how much there is; safe from
 * any thread. */
#ifndef TALLY_TESTS_POOL_H
#define TALLY_TESTS_POOL_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "api/tally.h"
#include "core/net.h"

struct pool {
  _Atomic size_t limit; /* larger pieces are refused; 0: none is */
  _Atomic size_t live;  /* bytes */
  _Atomic size_t peak;
  _Atomic size_t largest;
  _Atomic uint64_t calls;
};

struct net_heap pool_heap(struct pool *pool);
tally_allocator pool_allocator(struct pool *pool);

#endif
