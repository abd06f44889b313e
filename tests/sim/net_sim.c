/* tests/sim/net_sim.c - the seam in memory: clocks and loops.  Sockets are in
 * net_sim_socket.c, names in net_sim_lookup.c, memory in heap.c, threads in
 * threads.c, the network in wire.c.
 *
 * A turn has the phases of uv_run(): timers, prepare, poll, check, closing,
 * and (when it waited) timers again; timers count in milliseconds from the
 * loop's own reading of the clock. */
#include <errno.h>
#include <string.h>

#include "tests/sim/net_sim_private.h"
#include "tests/sim/view.h"

struct net_sim net_sim;

static struct {
  struct net_loop *guest;
  uint64_t guest_timer;
  uint64_t stalled;
  unsigned stalling;
  uint64_t turns;
  uint64_t turns_since; /* ... the clock last moved */
  uint64_t clock;
} sim;

/* So many turns without the clock moving are one that spins. */
enum { TURNS_ON_THE_SPOT = 20000, TURNS_MAX = 3000000 };

/* ---- Clocks and chance -------------------------------------------------- */

uint64_t net_clock(void) {
  return world_now();
}

uint64_t net_random(void) {
  return draw(CHANCE_CLIENT);
}

uint64_t stalled_time(void) {
  return sim.stalled;
}

bool somebody_stalls(void) {
  return sim.stalling > 0;
}

void add_stalled_time(uint64_t ns) {
  sim.stalled += ns;
}

/* ---- A loop ------------------------------------------------------------- */

int net_loop_open(struct net_loop **loop, const struct net_heap *heap,
                  struct uv_loop_s *attach,
                  const struct net_loop_events *events, void *arg) {
  struct net_loop *l = net_alloc(heap, sizeof *l);
  uint64_t detail;

  if (l == NULL)
    return -ENOMEM;
  if (seam_fails(false) || fault(FAULT_SYSTEM, &detail)) {
    net_free(heap, l);
    return -EMFILE;
  }
  l->heap = *heap;
  l->events = *events;
  l->arg = arg;
  l->guest = attach != NULL;
  if (l->guest)
    sim.guest = l;
  l->now_ms = world_now() / MILLISECOND;
  list_init(&l->sockets);
  list_init(&l->gone);
  list_init(&l->lookups);
  net_sim.loops++;
  view_loop_opened(arg);
  *loop = l;
  return 0;
}

void net_loop_close(struct net_loop *l, void (*closed)(void *arg)) {
  l->closing = true;
  l->on_closed = closed;
}

static void loop_release(struct net_loop *l) {
  struct net_heap heap = l->heap;

  net_sim.loops--;
  view_loop_closed(l->arg);
  net_free(&heap, l);
}

void net_loop_free(struct net_loop *l) {
  loop_release(l);
}

void net_loop_hurry(struct net_loop *l) {
  l->hurry = true;
}

void net_loop_alarm(struct net_loop *l, uint64_t at) {
  uint64_t now = world_now();

  if (at == l->alarm)
    return;
  l->alarm = at;
  if (at != 0)
    l->alarm_ms = l->now_ms + (at <= now ? 0 : (at - now + 999999) / 1000000);
}

void net_loop_hold(struct net_loop *l, bool hold) {
  l->held = hold;
}

void net_loop_wake(struct net_loop *l) {
  threads_yield();
  l->woken = true;
  threads_yield();
}

int net_loop_fd(const struct net_loop *l) {
  (void)l;
  return -1;
}

int net_loop_timeout_ms(const struct net_loop *l) {
  (void)l;
  return 0;
}

/* ---- A turn ------------------------------------------------------------- */

static bool loop_ready(void *arg) {
  const struct net_loop *l = arg;

  if (l->woken || lookups_ready(l) || !list_empty(&l->gone) || sockets_ready(l))
    return true;
  return l->closing && list_empty(&l->lookups);
}

static void run_timers(struct net_loop *l) {
  l->now_ms = world_now() / MILLISECOND;
  if (l->closing || l->alarm == 0 || l->alarm_ms > l->now_ms)
    return;
  l->alarm = 0;
  l->events.alarm(l->arg);
}

/* The alarm, or on the caller's loop a timer of its own. */
static uint64_t poll_until(const struct net_loop *l) {
  uint64_t alarm = l->alarm == 0 ? 0 : l->alarm_ms * MILLISECOND;

  if (l->closing)
    return 0; /* its timer is closed, too */
  if (l->guest && sim.guest_timer != 0 &&
      (alarm == 0 || sim.guest_timer < alarm))
    return sim.guest_timer;
  return alarm;
}

static void poll_phase(struct net_loop *l, bool wait) {
  bool woken_first = draw_once_in(CHANCE_ORDER, 2);

  if (wait && !l->hurry && !loop_ready(l))
    threads_wait(loop_ready, l, poll_until(l));
  l->now_ms = world_now() / MILLISECOND;
  if (l->woken && woken_first && !l->closing) {
    l->woken = false;
    l->events.woken(l->arg);
  }
  sockets_tell(l);
  lookups_tell(l);
  if (l->woken && !l->closing) {
    l->woken = false;
    l->events.woken(l->arg);
  }
}

static void closing_phase(struct net_loop *l) {
  sockets_reap(l);
  if (!l->closing || l->closed || !list_empty(&l->lookups))
    return;
  if (!list_empty(&l->sockets))
    violation("a loop is closed that has sockets");
  l->closed = true;
}

/* The process is not given the processor, or somebody else keeps the loop. */
static void maybe_stall(void) {
  struct net_flag never = {0};
  uint64_t detail, ns;

  if (!fault(FAULT_STALL, &detail))
    return;
  ns = 100 * MILLISECOND;
  if (detail_below(&detail, 2) == 0)
    ns += detail_below(&detail, 60 * SECOND);
  /* Once for what waits already, and once for what is submitted meanwhile. */
  sim.stalled += ns;
  sim.stalling++;
  net_park(&never, world_now() + ns);
  sim.stalling--;
  sim.stalled += ns;
}

static void check_spinning(void) {
  if (sim.turns > TURNS_MAX)
    violation("more than %d turns, and no end", TURNS_MAX);
  if (sim.clock != world_now()) {
    sim.clock = world_now();
    sim.turns_since = 0;
  }
  if (++sim.turns_since > TURNS_ON_THE_SPOT)
    violation("a loop spins: %d turns and the clock stands still",
              TURNS_ON_THE_SPOT);
}

bool net_loop_turn(struct net_loop *l, bool wait) {
  void (*on_closed)(void *arg) = NULL;
  void *arg = l->arg;

  if (l->turning)
    violation("a turn inside a turn");
  if (l->closed)
    return false;
  l->turning = true;
  world_hash(++sim.turns);
  check_spinning();
  maybe_stall();
  run_timers(l);
  if (!l->closing)
    l->events.before_poll(l->arg);
  poll_phase(l, wait);
  l->hurry = false;
  if (!l->closing)
    l->events.after_poll(l->arg);
  closing_phase(l);
  if (!l->closing)
    view_turned(l->arg);
  if (l->closed)
    on_closed = l->on_closed;
  else if (wait)
    run_timers(l);
  l->turning = false;
  if (on_closed != NULL) {
    if (l->guest) {
      sim.guest = NULL;
      loop_release(l);
    }
    on_closed(arg);
    return false;
  }
  return true;
}

struct uv_loop_s *guest_loop(void) {
  static int it;

  return (struct uv_loop_s *)&it;
}

bool guest_is_held(void) {
  return sim.guest != NULL && sim.guest->held;
}

void guest_turn(uint64_t timer) {
  struct net_flag never = {0};

  if (sim.guest == NULL) {
    net_park(&never, timer);
    return;
  }
  sim.guest_timer = timer;
  net_loop_turn(sim.guest, timer > world_now());
}

/* ---- All of it ---------------------------------------------------------- */

const char *net_error_text(int error) {
  switch (error) {
  case -ECONNREFUSED:
    return "connection refused";
  case -ECONNRESET:
    return "connection reset by peer";
  case -EPIPE:
    return "broken pipe";
  case -ETIMEDOUT:
    return "connection timed out";
  case -ENOMEM:
    return "not enough memory";
  default:
    return "some error";
  }
}

uint64_t net_sim_turns(void) {
  return sim.turns;
}

void net_sim_begin(void) {
  memset(&sim, 0, sizeof sim);
  memset(&net_sim, 0, sizeof net_sim);
}

void net_sim_check_empty(void) {
  if (net_sim.loops != 0 || net_sim.sockets != 0 || net_sim.lookups != 0)
    violation("%u loops, %u sockets and %u look-ups are left after everything "
              "was closed",
              net_sim.loops, net_sim.sockets, net_sim.lookups);
}
