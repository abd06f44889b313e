/* tests/sim/heap.c - the memory that the library asks for: counted, poisoned
 * when it is given back, and watched a while after that. */
#include "tests/sim/run.h"

#include <stdlib.h>
#include <string.h>

enum { QUARANTINE = 64, POISON = 0xdb };
static const uint64_t MAGIC = UINT64_C(0x7a11f00d7a11f00d);

struct piece {
  size_t size;
  uint64_t magic;
};

static struct {
  uint64_t live;
  uint64_t bytes;
  uint64_t refused;
  struct piece *freed[QUARANTINE];
  unsigned next;
} heap;

/* More than any plan of ours lets a session need: a server that makes it grow
 * beyond has found something. */
static const uint64_t BYTES_MAX = 16u << 20;

/* Large pieces are buffers, and used from their start: of those the ends will
 * do, and a run costs a third. */
enum { WHOLE_MAX = 4096, END = 1024 };

static void poison(void *bytes, size_t n) {
  memset(bytes, POISON, n);
}

static void check_poison(const uint8_t *bytes, size_t n) {
  if (n > 0 && (bytes[0] != POISON || memcmp(bytes, bytes + 1, n - 1) != 0))
    violation("memory was written to after it was freed");
}

static void release(struct piece *p) {
  const uint8_t *bytes = (const uint8_t *)(p + 1);

  if (p->size <= WHOLE_MAX) {
    check_poison(bytes, p->size);
  } else {
    check_poison(bytes, END);
    check_poison(bytes + p->size - END, END);
  }
  free(p);
}

static void flush_quarantine(void) {
  for (unsigned i = 0; i < QUARANTINE; i++) {
    if (heap.freed[i] != NULL)
      release(heap.freed[i]);
    heap.freed[i] = NULL;
  }
}

void heap_begin(void) {
  flush_quarantine();
  heap.live = heap.bytes = heap.refused = 0;
}

void heap_check_empty(const char *when) {
  if (heap.live != 0)
    violation("%llu pieces of memory (%llu bytes) are left %s",
              (unsigned long long)heap.live, (unsigned long long)heap.bytes,
              when);
}

uint64_t heap_bytes(void) {
  return heap.bytes;
}

uint64_t heap_refused(void) {
  return heap.refused;
}

/* ---- The seam ----------------------------------------------------------- */

void *net_alloc(const struct net_heap *unused, size_t size) {
  struct piece *p;
  uint64_t detail;

  (void)unused;
  threads_yield();
  if (seam_fails(true) || fault(FAULT_ALLOC, &detail)) {
    heap.refused++;
    return NULL;
  }
  p = calloc(1, sizeof *p + size);
  p->size = size;
  p->magic = MAGIC;
  heap.live++;
  heap.bytes += size;
  if (heap.bytes > BYTES_MAX)
    violation("the library holds %llu bytes", (unsigned long long)heap.bytes);
  return p + 1;
}

void net_free(const struct net_heap *unused, const void *memory) {
  struct piece **place = &heap.freed[heap.next];
  struct piece *p;

  (void)unused;
  if (memory == NULL)
    return;
  memcpy(&p, &memory, sizeof p);
  p--;
  if (p->magic != MAGIC)
    violation("memory is freed that was not allocated, or twice");
  p->magic = 0;
  heap.live--;
  heap.bytes -= p->size;
  if (p->size <= WHOLE_MAX) {
    poison(p + 1, p->size);
  } else {
    poison(p + 1, END);
    poison((uint8_t *)(p + 1) + p->size - END, END);
  }
  if (*place != NULL)
    release(*place);
  *place = p;
  heap.next = (heap.next + 1) % QUARANTINE;
}

void *net_resize(const struct net_heap *unused, void *memory, size_t size) {
  void *to = net_alloc(unused, size);

  if (to != NULL && memory != NULL) {
    struct piece *old = (struct piece *)memory - 1;

    memcpy(to, memory, old->size < size ? old->size : size);
    net_free(unused, memory);
  }
  return to;
}

void net_wipe(void *p, size_t size) {
  memset(p, 0, size);
}

void *net_secret_alloc(size_t size) {
  return net_alloc(NULL, size);
}

void net_secret_free(void *p, size_t size) {
  if (p != NULL)
    net_wipe(p, size);
  net_free(NULL, p);
}
