#include "tests/support/malloc_count.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

static _Atomic uint64_t calls;
static _Thread_local bool left_out;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);

uint64_t malloc_count(void) {
  return atomic_load(&calls);
}

void malloc_count_leave_out(void) {
  left_out = true;
}

static void count(void) {
  if (!left_out)
    atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
}

void *__wrap_malloc(size_t size) {
  count();
  return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size) {
  count();
  return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size) {
  count();
  return __real_realloc(p, size);
}
