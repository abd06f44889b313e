/* tests/fuzz/session/net_fuzz.c - core/net.h: a turn has the phases of
 * uv_run(), and while a loop waits, the input says what happens. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/list.h"
#include "tests/fuzz/session/server.h"

enum { TURNS_MAX = 20000, MILLISECOND = 1000000 };

struct world world;

struct net_loop {
  struct net_heap heap;
  struct net_loop_events events;
  void *arg;
  bool hurry;
  bool woken;
  bool closing;
  bool closed;
  uint64_t alarm;
  struct list sockets;
  struct list gone;
  void (*on_closed)(void *arg);
};

struct net_socket {
  struct list link;
  struct net_loop *loop;
  struct net_socket_events events;
  void *arg;
  struct server server;
  bool told; /* that it is connected, or not */
  bool refused;
  bool ended; /* the server says no more */
  bool reset;
  bool writable; /* is wanted */
  size_t room;   /* bytes that the system takes; SIZE_MAX: all */
  size_t piece;  /* ... gives in one read */
};

static struct {
  uint64_t clock;
  uint32_t chance;
  unsigned sockets;
  unsigned loops;
  struct net_loop *loop;
  bool refusing;
} net;

int64_t world_delta(unsigned number) {
  return INT64_C(0x4d4d5a5a00000000) + number;
}

/* ---- Memory, clocks, threads -------------------------------------------- */

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
  return heap->allocate == NULL ? realloc(p, size)
                                : heap->resize(heap->user, p, size);
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

void *net_secret_alloc(size_t size) {
  return calloc(1, size);
}

void net_secret_free(void *p, size_t size) {
  if (p != NULL)
    net_wipe(p, size);
  free(p);
}

void net_wipe(void *p, size_t size) {
  explicit_bzero(p, size);
}

uint64_t net_clock(void) {
  return net.clock;
}

uint64_t net_random(void) {
  net.chance = net.chance * 1664525 + 1013904223;
  return (uint64_t)net.chance << 32 | net.chance;
}

/* The session is inline: it has no threads. */
int net_thread_start(struct net_thread **thread, const struct net_heap *heap,
                     void (*run)(void *arg), void *arg) {
  (void)thread, (void)heap, (void)run, (void)arg;
  return -EAGAIN;
}

void net_thread_join(struct net_thread *thread) {
  (void)thread;
}

int net_thread_detached(const struct net_heap *heap, void (*run)(void *arg),
                        void *arg) {
  (void)heap, (void)run, (void)arg;
  return -EAGAIN;
}

const void *net_thread_self(void) {
  return &net;
}

bool net_park(struct net_flag *flag, uint64_t deadline) {
  FUZZ_CHECK(flag->set || deadline != 0);
  if (!flag->set && deadline > net.clock)
    net.clock = deadline;
  return flag->set;
}

void net_unpark(struct net_flag *flag) {
  flag->set = 1;
}

/* ---- Names -------------------------------------------------------------- */

void net_address_text(const struct net_address *a, char out[NET_ADDRESS_TEXT]) {
  snprintf(out, NET_ADDRESS_TEXT, "%u.%u.%u.%u:%u", a->bytes[0], a->bytes[1],
           a->bytes[2], a->bytes[3], a->port);
}

bool net_address_parse(struct net_address *a, const char *text, uint16_t port) {
  unsigned b[4];
  char more;

  memset(a, 0, sizeof *a);
  if (sscanf(text, "%u.%u.%u.%u%c", &b[0], &b[1], &b[2], &b[3], &more) != 4)
    return false;
  for (int i = 0; i < 4; i++)
    a->bytes[i] = (uint8_t)b[i];
  a->len = 4;
  a->port = port;
  return true;
}

int net_lookup_start(struct net_lookup **lookup, struct net_loop *loop,
                     const char *name, uint16_t port, net_found *done,
                     void *arg) {
  (void)lookup, (void)loop, (void)name, (void)port, (void)done, (void)arg;
  return -EINVAL;
}

void net_lookup_cancel(struct net_lookup *lookup) {
  (void)lookup;
}

const char *net_error_text(int error) {
  return error == -ECONNREFUSED ? "connection refused" : "connection lost";
}

/* ---- Sockets ------------------------------------------------------------ */

int net_socket_open(struct net_socket **socket, struct net_loop *loop,
                    const struct net_address *to, const struct net_source *from,
                    uint32_t user_timeout_ms,
                    const struct net_socket_events *events, void *arg) {
  struct net_socket *s = net_alloc(&loop->heap, sizeof *s);

  (void)to, (void)from, (void)user_timeout_ms;
  FUZZ_CHECK(s != NULL && net.sockets < 1000);
  s->loop = loop;
  s->events = *events;
  s->arg = arg;
  s->refused = net.refusing;
  s->room = s->piece = SIZE_MAX;
  list_init(&s->link);
  list_push(&loop->sockets, &s->link);
  net.sockets++;
  *socket = s;
  return 0;
}

ptrdiff_t net_socket_read(struct net_socket *s, void *buf, size_t len) {
  size_t n = s->server.answers.len;

  n = n < len ? n : len;
  n = n < s->piece ? n : s->piece;
  if (n == 0)
    return s->reset ? -ECONNRESET : s->ended ? 0 : -EAGAIN;
  memcpy(buf, s->server.answers.p, n);
  buffer_drop(&s->server.answers, n);
  return (ptrdiff_t)n;
}

ptrdiff_t net_socket_write(struct net_socket *s, const void *buf, size_t len) {
  size_t n = len < s->room ? len : s->room;

  if (s->reset)
    return -EPIPE;
  if (n == 0)
    return -EAGAIN;
  if (s->room != SIZE_MAX)
    s->room -= n;
  server_read(&s->server, buf, n);
  return (ptrdiff_t)n;
}

void net_socket_want_writable(struct net_socket *s, bool want) {
  s->writable = want;
}

void net_socket_close(struct net_socket *s) {
  list_remove(&s->link);
  list_push(&s->loop->gone, &s->link);
}

static bool is_readable(const struct net_socket *s) {
  return s->server.answers.len > 0 || s->ended || s->reset;
}

static bool is_ready(const struct net_socket *s) {
  return !s->told || is_readable(s) ||
         (s->writable && (s->room > 0 || s->reset));
}

static bool is_open(const struct net_loop *l, const struct net_socket *s) {
  for (const struct list *n = l->sockets.next; n != &l->sockets; n = n->next)
    if (n == &s->link)
      return true;
  return false;
}

static void tell_socket(struct net_loop *l, struct net_socket *s) {
  if (!s->told) {
    s->told = true;
    s->events.connected(s->arg, s->refused ? -ECONNREFUSED : 0);
    return;
  }
  if (s->writable && (s->room > 0 || s->reset)) {
    s->events.writable(s->arg);
    if (!is_open(l, s))
      return;
  }
  if (is_readable(s))
    s->events.readable(s->arg);
}

/* ---- What happens ------------------------------------------------------- */

/* The number-th socket, or the one that was asked longest ago. */
static struct net_socket *pick(struct net_loop *l, unsigned number) {
  struct net_socket *s = NULL;

  for (struct list *n = l->sockets.next; n != &l->sockets; n = n->next) {
    s = LIST_ENTRY(n, struct net_socket, link);
    if (number-- == 0)
      break;
  }
  return s;
}

static struct net_socket *pick_asked(struct net_loop *l) {
  for (struct list *n = l->sockets.next; n != &l->sockets; n = n->next) {
    struct net_socket *s = LIST_ENTRY(n, struct net_socket, link);

    if (server_is_asked(&s->server) && !s->reset)
      return s;
  }
  return NULL;
}

static bool answer_all(struct net_loop *l) {
  struct net_socket *s;
  bool any = false;

  for (; (s = pick_asked(l)) != NULL; any = true)
    server_answer(&s->server);
  return any;
}

/* Something of a frame from the input: 16 KiB at most. */
static const uint8_t *take_body(size_t *n) {
  *n = fuzz_u16(&world.in) % 16384;
  return fuzz_take(&world.in, n);
}

static void say(struct net_loop *l) {
  uint8_t flags = fuzz_byte(&world.in), opcode = fuzz_byte(&world.in);
  size_t n;
  const uint8_t *body = take_body(&n);
  struct net_socket *s = pick_asked(l);

  world.evil = true;
  if (s != NULL)
    server_say(&s->server, flags, opcode, body, n);
}

static void babble(struct net_loop *l) {
  size_t n = 1 + fuzz_byte(&world.in);
  struct net_socket *s = pick(l, fuzz_byte(&world.in) % 4u);
  const uint8_t *p = fuzz_take(&world.in, &n);

  world.evil = true;
  if (s != NULL)
    server_babble(&s->server, p, n);
}

static void refuse(struct net_loop *l) {
  int32_t code = (int32_t)fuzz_u16(&world.in);
  size_t n = fuzz_byte(&world.in) % 32;
  const uint8_t *tail = fuzz_take(&world.in, &n);
  struct net_socket *s = pick_asked(l);

  world.evil = true;
  if (s != NULL)
    server_refuse(&s->server, code, tail, n);
}

static void tell_event(struct net_loop *l) {
  uint8_t opcode = fuzz_byte(&world.in);
  struct net_socket *s;
  size_t n;
  const uint8_t *body = take_body(&n);

  s = pick(l, fuzz_byte(&world.in) % 4u);
  world.evil = true;
  if (s != NULL)
    server_tell(&s->server, opcode, body, n);
}

static void hamper(struct net_loop *l) {
  struct net_socket *s = pick(l, fuzz_byte(&world.in) % 4u);
  uint8_t how = fuzz_byte(&world.in);

  if (s == NULL)
    return;
  switch (how % 4) {
  case 0:
    s->ended = true;
    break;
  case 1:
    s->reset = true;
    break;
  case 2:
    s->room = how / 4;
    break;
  default:
    s->piece = 1 + how / 4;
    break;
  }
}

static void one_thing(struct net_loop *l) {
  uint8_t what = fuzz_byte(&world.in);
  struct net_socket *s;

  switch (what % 10) {
  case 0:
  case 1:
    answer_all(l);
    break;
  case 2:
    if ((s = pick_asked(l)) != NULL)
      server_answer(&s->server);
    break;
  case 3:
    say(l);
    break;
  case 4:
    babble(l);
    break;
  case 5:
    refuse(l);
    break;
  case 6:
    tell_event(l);
    break;
  case 7:
    net.clock += (uint64_t)MILLISECOND << what / 10 % 16;
    break;
  case 8:
    hamper(l);
    break;
  default:
    if (what / 10 % 2 == 0)
      net.refusing = !net.refusing;
    else if ((s = pick_asked(l)) != NULL)
      server_forget(&s->server);
    break;
  }
}

/* The input is used up: all is well from now on. */
static void recover(struct net_loop *l) {
  net.refusing = false;
  for (struct list *n = l->sockets.next; n != &l->sockets; n = n->next)
    LIST_ENTRY(n, struct net_socket, link)->room = SIZE_MAX;
  if (!answer_all(l) && l->alarm > net.clock)
    net.clock = l->alarm;
}

/* ---- A loop ------------------------------------------------------------- */

static bool has_work(const struct net_loop *l) {
  if (l->hurry || l->woken || l->closing || !list_empty(&l->gone) ||
      (l->alarm != 0 && l->alarm <= net.clock))
    return true;
  for (struct list *n = l->sockets.next; n != &l->sockets; n = n->next)
    if (is_ready(LIST_ENTRY(n, struct net_socket, link)))
      return true;
  return false;
}

static void poll_phase(struct net_loop *l, bool wait) {
  struct net_socket *ready[64];
  size_t count = 0;

  if (!wait && world.in.left > 0)
    one_thing(l);
  while (wait && !has_work(l)) {
    if (world.in.left > 0) {
      one_thing(l);
      continue;
    }
    recover(l);
    FUZZ_CHECK(has_work(l)); /* else it waits for ever */
  }
  if (l->woken) {
    l->woken = false;
    if (!l->closing)
      l->events.woken(l->arg);
  }
  for (struct list *n = l->sockets.next; n != &l->sockets && count < 64;
       n = n->next)
    if (is_ready(LIST_ENTRY(n, struct net_socket, link)))
      ready[count++] = LIST_ENTRY(n, struct net_socket, link);
  for (size_t i = 0; i < count; i++)
    if (is_open(l, ready[i]))
      tell_socket(l, ready[i]);
}

static void reap(struct net_loop *l) {
  struct list *n;

  while ((n = list_shift(&l->gone)) != NULL) {
    struct net_socket *s = LIST_ENTRY(n, struct net_socket, link);

    server_free(&s->server);
    net_free(&l->heap, s);
    net.sockets--;
  }
}

static void run_alarm(struct net_loop *l) {
  if (l->closing || l->alarm == 0 || l->alarm > net.clock)
    return;
  l->alarm = 0;
  l->events.alarm(l->arg);
}

bool net_loop_turn(struct net_loop *l, bool wait) {
  if (l->closed)
    return false;
  FUZZ_CHECK(++world.turns < TURNS_MAX + 100 * world.given);
  net.clock += 1000;
  run_alarm(l);
  if (!l->closing)
    l->events.before_poll(l->arg);
  poll_phase(l, wait);
  l->hurry = false;
  if (!l->closing)
    l->events.after_poll(l->arg);
  reap(l);
  if (!l->closing)
    return true;
  FUZZ_CHECK(list_empty(&l->sockets));
  l->closed = true;
  l->on_closed(l->arg);
  return false;
}

int net_loop_open(struct net_loop **loop, const struct net_heap *heap,
                  struct uv_loop_s *attach,
                  const struct net_loop_events *events, void *arg) {
  struct net_loop *l = net_alloc(heap, sizeof *l);

  FUZZ_CHECK(l != NULL && attach == NULL);
  l->heap = *heap;
  l->events = *events;
  l->arg = arg;
  list_init(&l->sockets);
  list_init(&l->gone);
  net.loops++;
  *loop = l;
  return 0;
}

void net_loop_close(struct net_loop *l, void (*closed)(void *arg)) {
  l->closing = true;
  l->on_closed = closed;
}

void net_loop_free(struct net_loop *l) {
  struct net_heap heap = l->heap;

  net.loops--;
  net_free(&heap, l);
}

void net_loop_hurry(struct net_loop *l) {
  l->hurry = true;
}

void net_loop_alarm(struct net_loop *l, uint64_t at) {
  l->alarm = at;
}

void net_loop_hold(struct net_loop *l, bool hold) {
  (void)l, (void)hold;
}

void net_loop_wake(struct net_loop *l) {
  l->woken = true;
}

int net_loop_fd(const struct net_loop *l) {
  (void)l;
  return -1;
}

int net_loop_timeout_ms(const struct net_loop *l) {
  (void)l;
  return 0;
}

/* ---- All of it ---------------------------------------------------------- */

void world_begin(const uint8_t *data, size_t size) {
  memset(&world, 0, sizeof world);
  memset(&net, 0, sizeof net);
  world.in = (struct fuzz_input){data, size};
  net.clock = 1000000000;
}

void world_end(void) {
  FUZZ_CHECK(net.sockets == 0 && net.loops == 0);
}
