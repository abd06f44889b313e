/* tests/sim/net_sim_socket.c - the sockets of the simulated process. */
#include <errno.h>
#include <string.h>

#include "tests/sim/model.h"
#include "tests/sim/net_sim_private.h"
#include "tests/sim/view.h"

struct net_socket {
  struct list link;
  struct net_loop *loop;
  struct wire *wire;
  struct net_address to;
  struct net_socket_events events;
  void *arg;
  unsigned host;  /* MODEL_HOSTS: nobody's */
  bool connected; /* ... or told that it could not */
  bool stands;    /* connected, and not in vain */
  bool want_writable;
};

static bool host_of(const struct net_address *a, unsigned *host) {
  static const uint8_t net[3] = {10, 0, 0};

  *host = model_at(a->bytes[3]);
  return a->len == 4 && memcmp(a->bytes, net, 3) == 0 && *host < MODEL_HOSTS &&
         (a->port == MODEL_PORT ||
          (plan.shards > 1 && a->port == MODEL_SHARD_PORT));
}

/* Those in use, one being tried, two that were replaced, and the control
 * connection's own when there was no memory to take it over; and where the
 * cluster moves, all those in use once more, and two of a host that has left it
 * and come back. */
static void check_sockets(struct net_loop *l, const struct net_socket *s) {
  unsigned count = 0;

  for (struct list *n = l->sockets.next; n != &l->sockets; n = n->next)
    count += memcmp(LIST_ENTRY(n, struct net_socket, link)->to.bytes,
                    s->to.bytes, sizeof s->to.bytes) == 0;
  if (count >
      view_wanted() + 4 + (plan.moving != MOVING_NOT ? view_wanted() + 2 : 0))
    violation("a loop has %u sockets open to one host", count);
}

/* At the one port the server chooses, at the other one the client. */
static unsigned shard_for(const struct net_address *to,
                          const struct net_source *from) {
  if ((from != NULL) != (to->port == MODEL_SHARD_PORT))
    violation("a port is chosen for where none is to be, or the reverse");
  if (plan.shards == 0)
    return 0;
  if (from == NULL)
    return (unsigned)(net_sim.sockets % plan.shards);
  if (from->modulus != plan.shards || from->remainder >= plan.shards)
    violation("a connection is for shard %u of %u", (unsigned)from->remainder,
              (unsigned)from->modulus);
  return (unsigned)((from->remainder + plan.skewed) % plan.shards);
}

int net_socket_open(struct net_socket **socket, struct net_loop *loop,
                    const struct net_address *to, const struct net_source *from,
                    uint32_t user_timeout_ms,
                    const struct net_socket_events *events, void *arg) {
  static const int errors[] = {EMFILE, ENFILE, ENOBUFS, ENETUNREACH};
  struct net_socket *s = net_alloc(&loop->heap, sizeof *s);
  uint64_t detail = 0;
  unsigned host, shard = shard_for(to, from);
  bool reachable = host_of(to, &host);

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
  s->host = reachable ? host : MODEL_HOSTS;
  s->wire = wire_open(loop->arg, arg, host, reachable, user_timeout_ms);
  wire_leads_to(s->wire, shard);
  list_init(&s->link);
  list_push(&loop->sockets, &s->link);
  check_sockets(loop, s);
  view_opens(loop->arg, to);
  net_sim.sockets++;
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
  view_closed(s->loop->arg, s->host, s->stands);
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
    s->stands = rc > 0;
    if (s->stands)
      view_connected(l->arg, s->host);
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

bool sockets_ready(const struct net_loop *l) {
  for (struct list *n = l->sockets.next; n != &l->sockets; n = n->next)
    if (socket_ready(LIST_ENTRY(n, struct net_socket, link)))
      return true;
  return false;
}

enum { READY_MAX = 64 };

void sockets_tell(struct net_loop *l) {
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

void sockets_reap(struct net_loop *l) {
  struct list *n;

  while ((n = list_shift(&l->gone)) != NULL) {
    net_free(&l->heap, LIST_ENTRY(n, struct net_socket, link));
    net_sim.sockets--;
  }
}
