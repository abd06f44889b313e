#include "tests/support/pool.h"

#include <stdlib.h>
#include <string.h>

static void *pool_allocate(void *user, size_t size) {
  struct pool *pool = user;
  size_t *p = pool->limit != 0 && size > pool->limit ? NULL : malloc(size + 16);

  if (p == NULL)
    return NULL;
  *p = size;
  pool->calls++;
  pool->live += size;
  if (pool->live > pool->peak)
    pool->peak = pool->live;
  if (size > pool->largest)
    pool->largest = size;
  return p + 2;
}

static void pool_release(void *user, void *p) {
  if (p == NULL)
    return;
  ((struct pool *)user)->live -= ((size_t *)p)[-2];
  free((size_t *)p - 2);
}

static void *pool_resize(void *user, void *p, size_t size) {
  void *to = pool_allocate(user, size);
  size_t had = p != NULL ? ((size_t *)p)[-2] : 0;

  if (to == NULL)
    return NULL;
  if (p != NULL)
    memcpy(to, p, had < size ? had : size);
  pool_release(user, p);
  return to;
}

struct net_heap pool_heap(struct pool *pool) {
  return (struct net_heap){pool_allocate, pool_resize, pool_release, pool};
}

tally_allocator pool_allocator(struct pool *pool) {
  return (tally_allocator){pool_allocate, pool_resize, pool_release, pool};
}
