#include "core/loop.h"

#include <string.h>

#include "core/mark.h"

/* What the inbox holds once it is closed for good. */
static struct list sealed;

/* A full socket may hold up expiry for so many turns. */
enum { POSTPONED_MAX = 64 };

/* ---- Closing ------------------------------------------------------------ */

static void on_net_closed(void *arg) {
  struct loop *l = arg;
  void (*on_closed)(void *arg) = l->on_closed;
  void *on_closed_arg = l->on_closed_arg;

  l->closed = true;
  if (!l->guest)
    net_unpark(&l->gone);
  if (on_closed != NULL)
    on_closed(on_closed_arg);
}

static void on_close_timer(struct timer *timer) {
  LIST_ENTRY(timer, struct loop, close_timer)->close_now = true;
}

static void finish_close(struct loop *l) {
  if (l->context.pending > 0)
    MARK(close_timeout_reached);
  cluster_close(&l->cluster);
  timer_stop(&l->close_timer);
  net_loop_close(l->context.net, on_net_closed);
}

/* ---- What loops tell each other ----------------------------------------- */

static struct notice closed_for_notices;

static void push_notice(struct loop *l, struct notice *n) {
  struct notice *old = atomic_load(&l->notices);

  do {
    if (old == &closed_for_notices) {
      net_free(&l->context.heap, n);
      return;
    }
    n->next = old;
  } while (!atomic_compare_exchange_weak(&l->notices, &old, n));
  net_loop_wake(l->context.net);
}

/* Needs no memory, and only the newest matters. */
static void leave_view(struct loop *l, struct snapshot *s) {
  snapshot_hold(s);
  snapshot_release(atomic_exchange(&l->view, s));
  net_loop_wake(l->context.net);
}

static void take_view(struct loop *l) {
  struct notice n = {.kind = NOTICE_VIEW};

  n.snapshot = atomic_exchange(&l->view, NULL);
  if (n.snapshot != NULL)
    cluster_told(&l->cluster, &n);
  snapshot_release(n.snapshot);
}

static void tell(void *arg, const struct notice *notice) {
  struct loop *l = arg;
  bool to_first = notice->kind == NOTICE_IN_USE;

  for (uint32_t i = 0; i < (to_first ? 1 : l->loop_count); i++) {
    struct notice *n;

    if (&l->loops[i] == l)
      continue;
    if (notice->kind == NOTICE_VIEW) {
      leave_view(&l->loops[i], notice->snapshot);
      continue;
    }
    n = net_alloc(&l->context.heap, sizeof *n);
    if (n == NULL) {
      MARK(oom_notice);
      continue;
    }
    *n = *notice;
    push_notice(&l->loops[i], n);
  }
}

static void free_notices(struct loop *l, struct notice *n) {
  while (n != NULL && n != &closed_for_notices) {
    struct notice *next = n->next;

    net_free(&l->context.heap, n);
    n = next;
  }
}

/* Newest first: each only makes somebody look. */
static void drain_notices(struct loop *l) {
  struct notice *all = atomic_exchange(&l->notices, NULL);

  for (struct notice *n = all; n != NULL; n = n->next)
    cluster_told(&l->cluster, n);
  free_notices(l, all);
}

/* ---- The inbox ---------------------------------------------------------- */

static void hold(struct loop *l, bool held) {
  if (held == l->held)
    return;
  l->held = held;
  net_loop_hold(l->context.net, held);
}

static void accept_op(struct loop *l, struct op *op) {
  hold(l, true);
  cluster_submit(&l->cluster, op);
  if (!l->context.in_turn)
    net_loop_hurry(l->context.net);
}

/* The stack comes out newest first; operations are to be sent oldest first. */
static void drain_inbox(struct loop *l, struct list *stack) {
  struct list *oldest = NULL;

  if (stack != NULL && stack != &sealed && stack->next != NULL)
    MARK(inbox_of_many);
  while (stack != NULL && stack != &sealed) {
    struct list *next = stack->next;

    stack->next = oldest;
    oldest = stack;
    stack = next;
  }
  while (oldest != NULL) {
    struct op *op = LIST_ENTRY(oldest, struct op, queue);

    oldest = oldest->next;
    list_init(&op->queue);
    accept_op(l, op);
  }
}

static void begin_close(struct loop *l) {
  if (l->closing)
    return;
  l->closing = true;
  hold(l, true);
  drain_inbox(l, atomic_exchange(&l->inbox, &sealed));
  free_notices(l, atomic_exchange(&l->notices, &closed_for_notices));
  timer_set(&l->context.timers, &l->close_timer,
            net_clock() + l->context.config.close_timeout);
  net_loop_hurry(l->context.net);
}

/* ---- A turn ------------------------------------------------------------- */

static void on_woken(void *arg) {
  struct loop *l = arg;

  context_enter(&l->context);
  if (!l->closing) {
    take_view(l);
    drain_notices(l);
    drain_inbox(l, atomic_exchange(&l->inbox, NULL));
  }
  if (atomic_load(&l->close_asked))
    begin_close(l);
}

static void on_alarm(void *arg) {
  struct loop *l = arg;

  l->armed = 0;
  l->alarmed = net_clock();
  net_loop_hurry(l->context.net);
}

/* Nothing is sent here.  What was submitted since the last turn has made this
 * poll one that does not wait, and leaves after it: an end of the connection
 * that lies in the socket is seen before anything is written to it. */
static void before_poll(void *arg) {
  struct loop *l = arg;

  ENSURE(!l->context.in_turn);
  l->context.unread = false;
}

static void expire(struct loop *l) {
  uint64_t due = l->alarmed;

  if (due == 0)
    return;
  if (l->context.unread && l->postponed == POSTPONED_MAX)
    MARK(expire_postponed_long);
  if (l->context.unread && l->postponed < POSTPONED_MAX) {
    MARK(expire_postponed);
    l->postponed++;
    net_loop_hurry(l->context.net);
    return;
  }
  l->postponed = 0;
  l->alarmed = 0;
  timer_run(&l->context.timers, due);
  cluster_expire(&l->cluster, due);
}

static void arm(struct loop *l) {
  uint64_t next = deadlines_next(&l->cluster.deadlines);
  uint64_t timer = timer_next(&l->context.timers);

  if (next == 0 || (timer != 0 && timer < next))
    next = timer;
  /* One that is armed too early finds nothing due, and is armed again. */
  if (next != 0 && (l->armed == 0 || next < l->armed)) {
    l->armed = next;
    net_loop_alarm(l->context.net, next);
  }
}

static void after_poll(void *arg) {
  struct loop *l = arg;

  context_enter(&l->context);
  /* All that came is read before anything expires. */
  cluster_settle(&l->cluster);
  expire(l);
  cluster_flush(&l->cluster, true);
  if (l->closing) {
    if (l->context.pending == 0 || l->close_now)
      finish_close(l);
  } else if (l->context.pending == 0 && l->cluster.connected == NULL) {
    hold(l, false);
  }
  if (!l->cluster.closed)
    arm(l);
  l->context.in_turn = false;
}

void loop_turn(struct loop *l, bool wait) {
  l->turning = true;
  net_loop_turn(l->context.net, wait);
  l->turning = false;
}

void loop_turn_within(struct loop *l, uint64_t ns) {
  uint64_t at = net_clock() + ns;

  if (l->armed == 0 || at < l->armed) {
    l->armed = at;
    net_loop_alarm(l->context.net, at);
  }
  loop_turn(l, true);
}

void loop_flush(struct loop *l) {
  cluster_flush(&l->cluster, false);
}

/* ---- Submitting --------------------------------------------------------- */

/* Only the loop's own thread stores what this compares with, so that no other
 * can take itself for it. */
static bool on_own_thread(const struct loop *l) {
  return atomic_load_explicit(&l->runner, memory_order_relaxed) ==
         net_thread_self();
}

bool loop_is_mine(const struct loop *l) {
  return l->threaded ? on_own_thread(l) : l->turning;
}

static int push_inbox(struct loop *l, struct op *op) {
  struct list *old = atomic_load_explicit(&l->inbox, memory_order_relaxed);

  do {
    if (old == &sealed) {
      MARK(inbox_sealed);
      return FAILURE_CLOSED;
    }
    op->queue.next = old;
  } while (!atomic_compare_exchange_weak(&l->inbox, &old, &op->queue));
  if (old == NULL)
    net_loop_wake(l->context.net);
  return 0;
}

static uint64_t timeout_of(const struct config *c, uint8_t kind) {
  return kind < TIMEOUT_OTHER
             ? c->timeout[kind]
             : atomic_load_explicit(&c->other_timeouts[kind - TIMEOUT_OTHER],
                                    memory_order_relaxed);
}

int loop_submit(struct loop *l, struct op *op) {
  uint64_t timeout = timeout_of(&l->context.config, op->timeout);

  if (l->threaded && !on_own_thread(l)) {
    op->deadline = net_clock() + timeout;
    return push_inbox(l, op);
  }
  if (l->closing) {
    MARK(submit_while_closing);
    return FAILURE_CLOSED;
  }
  if (!l->context.in_turn)
    l->context.now = net_clock();
  op->deadline = l->context.now + timeout;
  accept_op(l, op);
  return 0;
}

/* ---- Life --------------------------------------------------------------- */

int loop_init(struct loop *l, const struct loop_settings *settings,
              struct uv_loop_s *attach) {
  static const struct net_loop_events events = {before_poll, after_poll,
                                                on_alarm, on_woken};
  struct cluster_settings cluster = {.tell = tell, .tell_arg = l};

  memset(l, 0, sizeof *l);
  l->context.heap = settings->heap;
  l->context.log = settings->log;
  l->context.config = settings->config;
  l->context.now = net_clock();
  l->context.last_operation = (uint64_t)settings->number
                              << OPERATION_LOOP_SHIFT;
  l->context.settled = settings->settled;
  l->context.settled_arg = settings->settled_arg;
  timer_list_init(&l->context.timers);
  list_init(&l->context.troubled);
  list_init(&l->context.closed);
  list_init(&l->context.unsettled);
  timer_init(&l->close_timer, on_close_timer);
  /* The first loop speaks for all. */
  l->context.compress.told = settings->number != 0;
  l->guest = attach != NULL;
  l->loops = settings->loops;
  l->loop_count = settings->loop_count;
  cluster.keyspaces = settings->keyspaces;
  if (settings->number == 0) {
    cluster.contacts = settings->contacts;
    cluster.contact_count = settings->contact_count;
  }
  cluster_init(&l->cluster, &l->context, &cluster);
  return net_loop_open(&l->context.net, &settings->heap, attach, &events, l);
}

static void run(void *arg) {
  struct loop *l = arg;

  atomic_store_explicit(&l->runner, net_thread_self(), memory_order_relaxed);
  while (!l->closed)
    net_loop_turn(l->context.net, true);
  /* The next thread may get the same identity. */
  atomic_store_explicit(&l->runner, NULL, memory_order_relaxed);
}

int loop_start_thread(struct loop *l) {
  int rc;

  l->threaded = true;
  rc = net_thread_start(&l->thread, &l->context.heap, run, l);
  if (rc != 0)
    l->threaded = false;
  return rc;
}

void loop_join(struct loop *l) {
  net_thread_join(l->thread);
}

void loop_connect(struct loop *l, cluster_connected *connected, void *arg) {
  hold(l, connected != NULL);
  cluster_connect(&l->cluster, connected, arg);
  net_loop_hurry(l->context.net);
}

void loop_close(struct loop *l, void (*on_closed)(void *arg), void *arg) {
  l->on_closed = on_closed;
  l->on_closed_arg = arg;
  if (l->threaded && !on_own_thread(l)) {
    atomic_store(&l->close_asked, true);
    net_loop_wake(l->context.net);
  } else {
    begin_close(l);
  }
}

void loop_fini(struct loop *l) {
  ENSURE(l->closed && l->context.pending == 0);
  ENSURE(list_empty(&l->context.unsettled) && l->context.unsettled_count == 0);
  snapshot_release(atomic_exchange(&l->view, NULL));
  cluster_fini(&l->cluster);
  compress_fini(&l->context.compress, &l->context.heap);
  if (!l->guest)
    net_loop_free(l->context.net);
}
