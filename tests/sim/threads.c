/* tests/sim/threads.c - threads of the simulated process are coroutines of one
 * real thread.  They switch where they wait, and at calls of the seam, where
 * the seed says so. */
#include "tests/sim/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

enum { THREADS_MAX = 24, STACK_SIZE = 512 * 1024 };

struct net_thread {
  bool used;
  bool finished;
  bool detached;
  bool application;
  bool (*ready)(void *arg); /* NULL: it can go on */
  void *ready_arg;
  uint64_t deadline;
  void (*run)(void *arg);
  void *arg;
  ucontext_t context;
  char *stack; /* kept for the next thread in this place */
  struct net_heap heap;
  void *heap_piece; /* a thread costs memory of the session's, too */
};

static struct net_thread threads[THREADS_MAX];
static struct net_thread *current;
static unsigned alive;

void threads_begin(void) {
  for (int i = 0; i < THREADS_MAX; i++)
    threads[i].used = false;
  current = &threads[0];
  current->used = true;
  current->finished = false;
  current->ready = NULL;
  alive = 0;
}

void threads_end(void) {
  if (alive != 0)
    violation("%u threads are left after everything was closed", alive);
}

unsigned threads_alive(void) {
  return alive;
}

unsigned threads_running(void) {
  unsigned n = 0;

  for (int i = 1; i < THREADS_MAX; i++)
    n += threads[i].used && !threads[i].finished && threads[i].application;
  return n;
}

const void *net_thread_self(void) {
  return current;
}

/* ---- Switching ---------------------------------------------------------- */

static bool can_go(const struct net_thread *t) {
  if (!t->used || t->finished)
    return false;
  return t->ready == NULL || t->ready(t->ready_arg) ||
         (t->deadline != 0 && t->deadline <= world_now());
}

static struct net_thread *pick(void) {
  struct net_thread *able[THREADS_MAX];
  size_t n = 0;

  if (alive == 0)
    return can_go(&threads[0]) ? &threads[0] : NULL;
  for (int i = 0; i < THREADS_MAX; i++)
    if (can_go(&threads[i]))
      able[n++] = &threads[i];
  if (n == 0)
    return NULL;
  return n == 1 ? able[0] : able[draw_below(CHANCE_ORDER, n)];
}

static void switch_to(struct net_thread *t) {
  struct net_thread *from = current;

  if (t == from)
    return;
  current = t;
  world_hash((uint64_t)(t - threads));
  swapcontext(&from->context, &t->context);
}

/* The next one that can go on; things happen until there is one. */
static struct net_thread *next_one(void) {
  struct net_thread *t;

  while ((t = pick()) == NULL)
    if (!world_step())
      violation("nothing will ever happen any more, and %u threads wait",
                alive + 1);
  return t;
}

static void on_deadline(void *arg, uint64_t cookie) {
  (void)arg;
  (void)cookie; /* only there so that time goes so far */
}

void threads_wait(bool (*ready)(void *arg), void *arg, uint64_t deadline) {
  struct net_thread *self = current;

  self->ready = ready;
  self->ready_arg = arg;
  self->deadline = deadline;
  if (deadline > world_now())
    world_at(deadline, 0, on_deadline, NULL, 0);
  switch_to(next_one());
  self->ready = NULL;
}

void threads_yield(void) {
  if (alive > 0 && draw_once_in(CHANCE_ORDER, 8))
    switch_to(next_one());
}

/* ---- Life --------------------------------------------------------------- */

static void thread_main(void) {
  struct net_thread *self = current;

  if (self->detached) {
    net_free(&self->heap, self->heap_piece);
    self->heap_piece = NULL;
  }
  self->run(self->arg);
  self->finished = true;
  alive--;
  if (self->detached || self->application)
    self->used = false;
  switch_to(next_one());
  abort();
}

static struct net_thread *make(void (*run)(void *arg), void *arg) {
  for (int i = 1; i < THREADS_MAX; i++) {
    struct net_thread *t = &threads[i];
    char *stack = t->stack;

    if (t->used)
      continue;
    memset(t, 0, sizeof *t);
    t->stack = stack != NULL ? stack : malloc(STACK_SIZE);
    t->used = true;
    t->run = run;
    t->arg = arg;
    getcontext(&t->context);
    t->context.uc_stack.ss_sp = t->stack;
    t->context.uc_stack.ss_size = STACK_SIZE;
    t->context.uc_link = NULL;
    makecontext(&t->context, thread_main, 0);
    alive++;
    return t;
  }
  violation("more threads than the simulator has places for");
}

static int start(struct net_thread **thread, const struct net_heap *heap,
                 void (*run)(void *arg), void *arg) {
  void *piece = net_alloc(heap, 64);
  struct net_thread *t;
  uint64_t detail;

  if (piece == NULL)
    return -ENOMEM;
  if (seam_fails(false) || fault(FAULT_SYSTEM, &detail)) {
    net_free(heap, piece);
    return -EAGAIN;
  }
  t = make(run, arg);
  t->heap = *heap;
  t->heap_piece = piece;
  *thread = t;
  return 0;
}

int net_thread_start(struct net_thread **thread, const struct net_heap *heap,
                     void (*run)(void *arg), void *arg) {
  int rc = start(thread, heap, run, arg);

  threads_yield();
  return rc;
}

int net_thread_detached(const struct net_heap *heap, void (*run)(void *arg),
                        void *arg) {
  struct net_thread *t;
  int rc = start(&t, heap, run, arg);

  if (rc == 0)
    t->detached = true;
  return rc;
}

void threads_spawn(void (*run)(void *arg), void *arg) {
  make(run, arg)->application = true;
}

static bool is_finished(void *arg) {
  return ((struct net_thread *)arg)->finished;
}

void net_thread_join(struct net_thread *thread) {
  if (thread == current)
    violation("a thread joins itself");
  threads_wait(is_finished, thread, 0);
  net_free(&thread->heap, thread->heap_piece);
  thread->used = false;
}

/* ---- Parking ------------------------------------------------------------ */

static bool is_set(void *arg) {
  return atomic_load(&((struct net_flag *)arg)->set) != 0;
}

bool net_park(struct net_flag *flag, uint64_t deadline) {
  threads_wait(is_set, flag, deadline);
  return is_set(flag);
}

void net_unpark(struct net_flag *flag) {
  atomic_store(&flag->set, 1);
  threads_yield();
}
