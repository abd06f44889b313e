/* core/net_os.c - the seam's other half: memory, clocks, chance and threads,
 * straight from the system.  Linux: threads park on a futex. */
#define _GNU_SOURCE
#include "core/net.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* ---- Memory ------------------------------------------------------------- */

void *net_alloc(const struct net_heap *heap, size_t size) {
  void *p;

  if (heap->allocate == NULL)
    return calloc(1, size);
  p = heap->allocate(heap->user, size);
  if (p != NULL)
    memset(p, 0, size);
  return p;
}

void *net_resize(const struct net_heap *heap, void *p, size_t size) {
  if (heap->allocate == NULL)
    return realloc(p, size);
  return heap->resize(heap->user, p, size);
}

void net_free(const struct net_heap *heap, const void *p) {
  union {
    const void *in;
    void *out;
  } unconst = {p};

  if (heap->allocate == NULL)
    free(unconst.out);
  else if (p != NULL)
    heap->release(heap->user, unconst.out);
}

/* Pages of its own: what is asked of the system holds for whole ones. */
void *net_secret_alloc(size_t size) {
  void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (p == MAP_FAILED)
    return NULL;
  madvise(p, size, MADV_DONTDUMP);
  mlock(p, size); /* beyond the limit of the process it may be swapped out */
  return p;
}

void net_secret_free(void *p, size_t size) {
  if (p == NULL)
    return;
  net_wipe(p, size);
  munmap(p, size);
}

void net_wipe(void *p, size_t size) {
  explicit_bzero(p, size);
}

/* ---- Clocks and chance -------------------------------------------------- */

uint64_t net_clock(void) {
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t net_random(void) {
  uint64_t x;

  /* Jitter is all this is for, so the clock will do where the system has no
   * random numbers yet. */
  if (getrandom(&x, sizeof x, GRND_NONBLOCK) != (ssize_t)sizeof x)
    x = net_clock() * 0x9e3779b97f4a7c15u;
  return x;
}

/* ---- Threads ------------------------------------------------------------ */

struct net_thread {
  struct net_heap heap;
  pthread_t id;
  void (*run)(void *arg);
  void *arg;
};

static void *thread_main(void *arg) {
  struct net_thread *t = arg;

  t->run(t->arg);
  return NULL;
}

/* The host's signals are for the host's threads.  Faults are not sent to a
 * thread but made by it: its handlers must see them, as profilers their
 * clock. */
static int thread_create(pthread_t *id, void *(*main)(void *), void *arg) {
  static const int own[] = {SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                            SIGTRAP, SIGABRT, SIGPROF};
  sigset_t all, before;
  int rc;

  sigfillset(&all);
  for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
    sigdelset(&all, own[i]);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  rc = pthread_create(id, NULL, main, arg);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return -rc;
}

static struct net_thread *thread_new(const struct net_heap *heap,
                                     void (*run)(void *arg), void *arg) {
  struct net_thread *t = net_alloc(heap, sizeof *t);

  if (t != NULL) {
    t->heap = *heap;
    t->run = run;
    t->arg = arg;
  }
  return t;
}

int net_thread_start(struct net_thread **thread, const struct net_heap *heap,
                     void (*run)(void *arg), void *arg) {
  struct net_thread *t = thread_new(heap, run, arg);
  int rc = t == NULL ? -ENOMEM : thread_create(&t->id, thread_main, t);

  if (rc != 0)
    net_free(heap, t);
  else
    *thread = t;
  return rc;
}

void net_thread_join(struct net_thread *thread) {
  struct net_heap heap = thread->heap;

  pthread_join(thread->id, NULL);
  net_free(&heap, thread);
}

static void *detached_main(void *arg) {
  struct net_thread t = *(struct net_thread *)arg;

  net_free(&t.heap, arg);
  t.run(t.arg);
  return NULL;
}

int net_thread_detached(const struct net_heap *heap, void (*run)(void *arg),
                        void *arg) {
  struct net_thread *t = thread_new(heap, run, arg);
  pthread_t id;
  int rc = t == NULL ? -ENOMEM : thread_create(&id, detached_main, t);

  if (rc != 0)
    net_free(heap, t);
  else
    pthread_detach(id);
  return rc;
}

const void *net_thread_self(void) {
  static _Thread_local char here;

  return &here;
}

bool net_park(struct net_flag *flag, uint64_t deadline) {
  while (atomic_load_explicit(&flag->set, memory_order_acquire) == 0) {
    struct timespec t, *timeout = NULL;

    if (deadline != 0) {
      uint64_t now = net_clock();

      if (now >= deadline)
        return false;
      t.tv_sec = (time_t)((deadline - now) / 1000000000u);
      t.tv_nsec = (long)((deadline - now) % 1000000000u);
      timeout = &t;
    }
    syscall(SYS_futex, &flag->set, FUTEX_WAIT_PRIVATE, 0, timeout, NULL, 0);
  }
  return true;
}

/* The waiter may see the flag and leave before the wake-up below, which then
 * rouses nobody at an address that is a stack's: harmless. */
void net_unpark(struct net_flag *flag) {
  atomic_store_explicit(&flag->set, 1, memory_order_release);
  syscall(SYS_futex, &flag->set, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}
