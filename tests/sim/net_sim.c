/* tests/sim/net_sim.c - the seam in memory: clocks, loops, names, sockets.
 * Memory is in heap.c, threads are in threads.c, the network in wire.c.
 *
 * A turn has the phases of uv_run(): timers, prepare, poll, check, closing,
 * and (when it waited) timers again; timers count in milliseconds from the
 * loop's own reading of the clock. */
#include "core/net.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/list.h"
#include "core/pool.h"
#include "tests/sim/model.h"
#include "tests/sim/run.h"

struct net_loop {
  struct net_heap heap;
  struct net_loop_events events;
  void *arg;
  bool guest;
  bool hurry;
  bool woken;
  bool held;
  bool closing;
  bool closed;
  bool turning;
  uint64_t now_ms;   /* the loop's reading of the clock */
  uint64_t alarm;    /* 0: not set */
  uint64_t alarm_ms; /* when it is due by now_ms */
  struct list sockets;
  struct list gone; /* sockets closed in this turn */
  struct list lookups;
  void (*on_closed)(void *arg);
};

static struct {
  unsigned loops;
  unsigned sockets;
  unsigned lookups;
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

/* ---- Sockets ------------------------------------------------------------ */

struct net_socket {
  struct list link;
  struct net_loop *loop;
  struct wire *wire;
  struct net_address to;
  struct net_socket_events events;
  void *arg;
  bool connected; /* ... or told that it could not */
  bool want_writable;
};

static bool host_of(const struct net_address *a, unsigned *host) {
  static const uint8_t net[3] = {10, 0, 0};

  *host = a->bytes[3] - 1u;
  return a->len == 4 && memcmp(a->bytes, net, 3) == 0 && *host < plan.hosts &&
         a->port == 9042;
}

/* Those in use, one being tried, the replaced ones, and the control connection
 * to a contact point. */
static void check_sockets(struct net_loop *l, const struct net_socket *s) {
  unsigned count = 0;

  for (struct list *n = l->sockets.next; n != &l->sockets; n = n->next)
    count += memcmp(&LIST_ENTRY(n, struct net_socket, link)->to, &s->to,
                    sizeof s->to) == 0;
  if (count > plan.pool + 2 + POOL_DRAINING)
    violation("a loop has %u sockets open to one host", count);
}

int net_socket_open(struct net_socket **socket, struct net_loop *loop,
                    const struct net_address *to,
                    const struct net_source *from, uint32_t user_timeout_ms,
                    const struct net_socket_events *events, void *arg) {
  static const int errors[] = {EMFILE, ENFILE, ENOBUFS, ENETUNREACH};
  struct net_socket *s = net_alloc(&loop->heap, sizeof *s);
  uint64_t detail = 0;
  unsigned host;
  bool reachable = host_of(to, &host);

  (void)from;
  if (s == NULL)
    return -ENOMEM;
  if (seam_fails(false) || fault(FAULT_SYSTEM, &detail)) {
    net_free(&loop->heap, s);
    return -seam_error(errors[detail_below(&detail, 4)]);
  }
  s->loop = loop;
  s->events = *events;
  s->arg = arg;
  s->to = *to;
  s->wire = wire_open(host, reachable, user_timeout_ms);
  list_init(&s->link);
  list_push(&loop->sockets, &s->link);
  check_sockets(loop, s);
  sim.sockets++;
  *socket = s;
  return 0;
}

ptrdiff_t net_socket_read(struct net_socket *s, void *buf, size_t len) {
  if (seam_fails(false))
    return -seam_error(ECONNRESET);
  return wire_client_read(s->wire, buf, len);
}

ptrdiff_t net_socket_write(struct net_socket *s, const void *buf, size_t len) {
  if (seam_fails(false))
    return -seam_error(EPIPE);
  threads_yield();
  return wire_client_write(s->wire, buf, len);
}

void net_socket_want_writable(struct net_socket *s, bool want) {
  s->want_writable = want;
}

void net_socket_close(struct net_socket *s) {
  wire_client_close(s->wire);
  list_remove(&s->link);
  list_push(&s->loop->gone, &s->link);
}

static bool socket_ready(const struct net_socket *s) {
  if (!s->connected)
    return wire_connected(s->wire) != 0;
  return wire_readable(s->wire) || (s->want_writable && wire_writable(s->wire));
}

static bool is_open(const struct net_loop *l, const struct net_socket *s) {
  for (const struct list *n = l->sockets.next; n != &l->sockets; n = n->next)
    if (n == &s->link)
      return true;
  return false;
}

static void socket_tell(struct net_loop *l, struct net_socket *s) {
  if (!s->connected) {
    int rc = wire_connected(s->wire);

    s->connected = true;
    s->events.connected(s->arg, rc < 0 ? rc : 0);
    return;
  }
  if (s->want_writable && wire_writable(s->wire)) {
    s->events.writable(s->arg);
    if (!is_open(l, s))
      return;
  }
  if (wire_readable(s->wire))
    s->events.readable(s->arg);
}

/* ---- Names -------------------------------------------------------------- */

struct net_lookup {
  struct list link;
  struct net_loop *loop;
  net_found *done; /* NULL once cancelled */
  void *arg;
  uint16_t port;
  unsigned host;
  bool known;
  bool ready;
  int error;
  uint64_t odd; /* 0, or in which way the answer is unusual */
};

void net_address_text(const struct net_address *a, char out[NET_ADDRESS_TEXT]) {
  if (a->len == 4)
    snprintf(out, NET_ADDRESS_TEXT, "%u.%u.%u.%u:%u", a->bytes[0], a->bytes[1],
             a->bytes[2], a->bytes[3], (unsigned)a->port);
  else
    snprintf(out, NET_ADDRESS_TEXT, "[?]:%u", (unsigned)a->port);
}

bool net_address_parse(struct net_address *a, const char *text, uint16_t port) {
  unsigned b[4];
  int end = 0;

  memset(a, 0, sizeof *a);
  if (sscanf(text, "%3u.%3u.%3u.%3u%n", &b[0], &b[1], &b[2], &b[3], &end) !=
          4 ||
      text[end] != '\0')
    return false;
  for (int i = 0; i < 4; i++)
    a->bytes[i] = (uint8_t)b[i];
  a->len = 4;
  a->port = port;
  return true;
}

static void on_looked_up(void *arg, uint64_t unused) {
  (void)unused;
  ((struct net_lookup *)arg)->ready = true;
}

/* The run's names are "host1" to "host7". */
int net_lookup_start(struct net_lookup **lookup, struct net_loop *loop,
                     const char *name, uint16_t port, net_found *done,
                     void *arg) {
  static const int errors[] = {-3001, -3008, -ENOMEM}; /* libuv's EAI_... */
  struct net_lookup *k = net_alloc(&loop->heap, sizeof *k);
  uint64_t detail, takes = draw_below(CHANCE_NETWORK, 20 * MILLISECOND);

  if (k == NULL)
    return -ENOMEM;
  if (seam_fails(false) || fault(FAULT_SYSTEM, &detail)) {
    net_free(&loop->heap, k);
    return -ENOMEM;
  }
  k->loop = loop;
  k->done = done;
  k->arg = arg;
  k->port = port;
  k->known = sscanf(name, "host%u", &k->host) == 1;
  if (plan.names == 2)
    k->odd = 4; /* several addresses, and two of them lead nowhere */
  if (fault(FAULT_RESOLVE, &detail)) {
    k->odd = 1 + detail_below(&detail, 4);
    if (k->odd == 1)
      k->error = errors[detail_below(&detail, 3)];
    if (k->odd == 2)
      takes = detail_below(&detail, 30 * SECOND);
  }
  list_init(&k->link);
  list_push(&loop->lookups, &k->link);
  sim.lookups++;
  world_at(world_now() + takes, 0, on_looked_up, k, 0);
  *lookup = k;
  return 0;
}

void net_lookup_cancel(struct net_lookup *k) {
  k->done = NULL;
}

static size_t answer_of(const struct net_lookup *k,
                        struct net_address found[3]) {
  struct net_address a = {
      .bytes = {10, 0, 0, (uint8_t)k->host}, .len = 4, .port = k->port};
  struct net_address other = a;

  other.bytes[2] = 9; /* nobody lives there */
  if (k->error != 0 || !k->known || k->odd == 3)
    return 0;
  if (k->odd != 4) {
    found[0] = a;
    return 1;
  }
  found[0] = other;
  found[1] = a;
  found[2] = other;
  return 3;
}

static void lookup_tell(struct net_loop *l, struct net_lookup *k) {
  struct net_address found[3];
  size_t n = answer_of(k, found);
  net_found *done = k->done;
  void *arg = k->arg;
  int error = k->error;

  list_remove(&k->link);
  net_free(&l->heap, k);
  sim.lookups--;
  if (done != NULL)
    done(arg, error, found, n);
}

static struct net_lookup *ready_lookup(const struct net_loop *l) {
  for (struct list *n = l->lookups.next; n != &l->lookups; n = n->next)
    if (LIST_ENTRY(n, struct net_lookup, link)->ready)
      return LIST_ENTRY(n, struct net_lookup, link);
  return NULL;
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
  sim.loops++;
  *loop = l;
  return 0;
}

void net_loop_close(struct net_loop *l, void (*closed)(void *arg)) {
  l->closing = true;
  l->on_closed = closed;
}

static void loop_release(struct net_loop *l) {
  struct net_heap heap = l->heap;

  sim.loops--;
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

  if (l->woken || ready_lookup(l) != NULL || !list_empty(&l->gone))
    return true;
  for (struct list *n = l->sockets.next; n != &l->sockets; n = n->next)
    if (socket_ready(LIST_ENTRY(n, struct net_socket, link)))
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

enum { READY_MAX = 64 };

/* Sockets that are ready now are told, in any order. */
static void tell_sockets(struct net_loop *l) {
  struct net_socket *ready[READY_MAX];
  size_t n = 0;

  for (struct list *s = l->sockets.next; s != &l->sockets; s = s->next)
    if (n < READY_MAX && socket_ready(LIST_ENTRY(s, struct net_socket, link)))
      ready[n++] = LIST_ENTRY(s, struct net_socket, link);
  while (n > 0) {
    size_t i = n == 1 ? 0 : (size_t)draw_below(CHANCE_ORDER, n);
    struct net_socket *s = ready[i];

    ready[i] = ready[--n];
    if (is_open(l, s))
      socket_tell(l, s);
  }
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
  struct net_lookup *k;
  bool woken_first = draw_once_in(CHANCE_ORDER, 2);

  if (wait && !l->hurry && !loop_ready(l))
    threads_wait(loop_ready, l, poll_until(l));
  l->now_ms = world_now() / MILLISECOND;
  if (l->woken && woken_first && !l->closing) {
    l->woken = false;
    l->events.woken(l->arg);
  }
  tell_sockets(l);
  while ((k = ready_lookup(l)) != NULL)
    lookup_tell(l, k);
  if (l->woken && !l->closing) {
    l->woken = false;
    l->events.woken(l->arg);
  }
}

static void closing_phase(struct net_loop *l) {
  struct list *n;

  while ((n = list_shift(&l->gone)) != NULL) {
    net_free(&l->heap, LIST_ENTRY(n, struct net_socket, link));
    sim.sockets--;
  }
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
}

void net_sim_check_empty(void) {
  if (sim.loops != 0 || sim.sockets != 0 || sim.lookups != 0)
    violation("%u loops, %u sockets and %u look-ups are left after everything "
              "was closed",
              sim.loops, sim.sockets, sim.lookups);
}
