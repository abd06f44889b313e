/* tests/sim/wire.c - TCP in memory: two streams of bytes, each in order, with
 * delays, a window, and every way in which a connection can end. */
#include "tests/sim/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/model.h"
#include "tests/sim/run.h"
#include "tests/sim/toy.h"
#include "tests/sim/watch.h"

/* Bytes from `base` on; positions count from the connection's start. */
struct stream {
  uint8_t *bytes;
  size_t cap;
  uint64_t base;
  uint64_t end;   /* all that was put in */
  uint64_t limit; /* what lies behind this is lost */
  uint64_t last;  /* when the newest segment arrives */
};

struct wire {
  struct wire *next;
  uint64_t number; /* from 1 */
  unsigned host;
  unsigned shard;
  unsigned place; /* the host's, when it was opened */
  int connected;  /* 1, 0: not yet, negative: error */
  uint32_t user_timeout_ms;
  struct model_conn *server; /* NULL: nobody there any more */
  bool server_lost;          /* is or will be told that the client is gone */
  bool client_closed;
  bool dead; /* nothing goes through, and nobody says so */

  struct stream up; /* to the server */
  uint64_t delivered;
  uint64_t paused_until;
  uint8_t *refused; /* bytes the client offered and must offer again */
  size_t refused_len;

  struct stream down; /* to the client */
  uint64_t arrived;
  uint64_t read;
  bool finishing; /* the server sends nothing more */
  bool finished;  /* ... and the client has got its FIN */
  struct watch watch;
  struct toy toy_up;    /* TLS: what the server has got, */
  struct toy seen_up;   /* what the system has taken from the client, */
  struct toy seen_down; /* and what that has read */
  bool stranger;        /* the server is none to be trusted, and has said so */
  int error;            /* the next call of the client fails with it, once */
  bool reset;
};

static void receive(struct wire *w, const uint8_t *bytes, size_t n);

static struct wire *wires;
static uint64_t wire_count;
static uint64_t refusals; /* ways in which a seed's hosts refuse */

/* ---- Streams ------------------------------------------------------------ */

static void stream_add(struct stream *s, const void *bytes, size_t n,
                       uint64_t consumed) {
  if (consumed == s->end)
    s->base = consumed;
  if (s->bytes != NULL && s->end - s->base + n > s->cap) {
    memmove(s->bytes, s->bytes + (consumed - s->base),
            (size_t)(s->end - consumed));
    s->base = consumed;
  }
  while (s->end - s->base + n > s->cap) {
    s->cap = s->cap == 0 ? 1024 : s->cap * 2;
    s->bytes = realloc(s->bytes, s->cap);
  }
  memcpy(s->bytes + (s->end - s->base), bytes, n);
  s->end += n;
}

static uint64_t delay(void) {
  uint64_t detail;
  uint64_t ns = draw_between(CHANCE_NETWORK, 20000, 1000 * plan.delay_us);

  if (fault(FAULT_DELAY, &detail))
    ns += detail_below(&detail, 10 * SECOND);
  return ns;
}

/* Segments of a stream arrive in order. */
static uint64_t arrival(struct stream *s) {
  uint64_t at = world_now() + delay();

  if (at > s->last)
    s->last = at;
  return s->last;
}

static uint64_t up_order(const struct wire *w) {
  return 2 * w->number;
}

static uint64_t down_order(const struct wire *w) {
  return 2 * w->number + 1;
}

/* ---- The server's end is told ------------------------------------------- */

/* No byte is delivered any more. */
static void on_lost(void *arg, uint64_t unused) {
  struct wire *w = arg;
  struct model_conn *server = w->server;

  (void)unused;
  w->server = NULL;
  if (server != NULL)
    model_gone(server);
}

static void lose_server(struct wire *w, uint64_t at) {
  if (w->server_lost)
    return;
  w->server_lost = true;
  world_at(at > w->up.last ? at : w->up.last, up_order(w), on_lost, w, 0);
}

static void on_reset(void *arg, uint64_t error) {
  struct wire *w = arg;

  if (w->client_closed || w->reset || w->dead)
    return;
  w->reset = true;
  w->error = (int)error;
  w->down.limit = w->arrived;
  world_hash(w->number);
  TRACE("wire %llu: reset", (unsigned long long)w->number);
}

static void on_deliver(void *arg, uint64_t upto) {
  struct wire *w = arg;
  uint64_t from = w->delivered;

  if (w->paused_until > world_now()) {
    world_at(w->paused_until, up_order(w), on_deliver, w, upto);
    return;
  }
  if (upto > w->up.limit)
    upto = w->up.limit;
  if (upto <= from)
    return;
  w->delivered = upto;
  if (w->server == NULL) {
    /* Bytes for somebody who is gone are answered by a reset. */
    world_at(world_now() + delay(), 0, on_reset, w, ECONNRESET);
    return;
  }
  world_hash(upto);
  receive(w, w->up.bytes + (from - w->up.base), (size_t)(upto - from));
}

/* ---- The server does ---------------------------------------------------- */

static void on_arrive(void *arg, uint64_t upto) {
  struct wire *w = arg;

  if (w->client_closed || w->dead)
    return;
  if (upto > w->down.limit)
    upto = w->down.limit;
  if (upto > w->arrived)
    w->arrived = upto;
}

static void on_finish(void *arg, uint64_t unused) {
  struct wire *w = arg;

  (void)unused;
  if (!w->dead)
    w->finished = true;
}

/* The stream ends in the middle of what was just sent. */
static void cut(struct wire *w, size_t n, uint64_t detail) {
  uint64_t keep = detail_below(&detail, n + 1);

  w->down.limit = w->down.end - n + keep;
  w->finishing = true;
  w->up.limit = w->delivered;
  lose_server(w, world_now());
  if (detail_below(&detail, 2) == 0)
    world_at(arrival(&w->down), down_order(w), on_finish, w, 0);
  else
    world_at(arrival(&w->down), down_order(w), on_reset, w, ECONNRESET);
}

static void send_bytes(struct wire *w, const void *bytes, size_t n) {
  uint64_t detail, at;

  if (w->finishing || w->client_closed || w->reset)
    return;
  stream_add(&w->down, bytes, n, w->read);
  at = arrival(&w->down);
  /* In two pieces, at times. */
  if (n > 1 && draw_once_in(CHANCE_NETWORK, 16)) {
    uint64_t first = draw_between(CHANCE_NETWORK, 1, n - 1);

    world_at(at, down_order(w), on_arrive, w, w->down.end - n + first);
    at = arrival(&w->down);
  }
  world_at(at, down_order(w), on_arrive, w, w->down.end);
  if (fault(FAULT_CUT, &detail))
    cut(w, n, detail);
}

/* Under TLS in one record or several, as servers please. */
void wire_send(struct wire *w, const void *bytes, size_t n) {
  static uint8_t out[TOY_HEAD + TOY_MOST];
  const uint8_t *from = bytes;

  if (!plan.tls) {
    send_bytes(w, bytes, n);
    return;
  }
  while (n > 0) {
    size_t most = n < TOY_MOST ? n : TOY_MOST;
    size_t some = draw_once_in(CHANCE_NETWORK, 8)
                      ? (size_t)draw_between(CHANCE_NETWORK, 1, most)
                      : most;

    send_bytes(w, out, toy_seal(out, TOY_DATA, from, some));
    from += some;
    n -= some;
  }
}

/* At times it is somebody else: then it must not get anything. */
static void greet(struct wire *w) {
  uint8_t out[TOY_HEAD + 1], trusted = 1;
  uint64_t detail;

  if (fault(FAULT_HANDSHAKE, &detail) && detail_below(&detail, 3) == 0)
    trusted = 0;
  w->stranger = trusted == 0;
  send_bytes(w, out, toy_seal(out, TOY_SERVER, &trusted, 1));
}

/* What has come to the server, records under TLS. */
static void receive(struct wire *w, const uint8_t *bytes, size_t n) {
  const uint8_t *payload;
  enum toy_type type;

  if (!plan.tls) {
    model_receive(w->server, bytes, n);
    return;
  }
  toy_add(&w->toy_up, bytes, n);
  while (w->server != NULL &&
         (type = toy_next(&w->toy_up, &payload, &n)) != TOY_MORE) {
    if (type == TOY_BROKEN || type == TOY_SERVER)
      violation("host %u: no record of a client", w->host);
    if (type == TOY_DATA && w->stranger)
      violation("host %u: a client talks to a stranger", w->host);
    if (type == TOY_HELLO)
      greet(w);
    else if (type == TOY_DATA)
      model_receive(w->server, payload, n);
  }
}

/* Whole records alone are told of. */
static void watch_records(struct wire *w, struct toy *seen, const void *bytes,
                          size_t n,
                          void (*watch)(struct watch *, const void *, size_t)) {
  const uint8_t *payload;
  enum toy_type type;

  if (!plan.tls) {
    watch(&w->watch, bytes, n);
    return;
  }
  toy_add(seen, bytes, n);
  while ((type = toy_next(seen, &payload, &n)) != TOY_MORE &&
         type != TOY_BROKEN)
    if (type == TOY_DATA)
      watch(&w->watch, payload, n);
}

void wire_finish(struct wire *w) {
  if (w->finishing)
    return;
  w->finishing = true;
  world_at(arrival(&w->down), down_order(w), on_finish, w, 0);
}

void wire_reset(struct wire *w) {
  w->server = NULL;
  w->server_lost = true;
  w->finishing = true;
  w->up.limit = w->delivered;
  world_at(world_now() + delay(), 0, on_reset, w, ECONNRESET);
}

void wire_pause(struct wire *w, uint64_t until) {
  w->paused_until = until;
}

/* ---- Connecting --------------------------------------------------------- */

static void on_syn(void *arg, uint64_t unused) {
  struct wire *w = arg;

  (void)unused;
  if (w->client_closed)
    return;
  /* It may have moved meanwhile. */
  if (model_host(w->host) == HOST_DOWN || model_is_crowded(w->host) ||
      model_place(w->host) != w->place) {
    w->connected = -ECONNREFUSED;
    return;
  }
  w->connected = 1;
  w->server = model_accept(w->host, w->shard, w);
}

/* In every way in which connecting can go wrong. */
static void spoil(struct wire *w, uint64_t detail) {
  static const int errors[] = {ECONNREFUSED, EHOSTUNREACH, ENETUNREACH,
                               ETIMEDOUT, ECONNRESET};

  switch (detail_below(&detail, 4)) {
  case 0:
    return; /* nothing ever comes back */
  case 1:   /* connected, and reset at once */
    world_at(world_now() + delay(), 0, on_syn, w, 0);
    w->up.limit = 0;
    world_at(world_now() + 2 * delay(), 0, on_reset, w, ECONNRESET);
    lose_server(w, world_now() + 10 * SECOND);
    return;
  default:
    w->connected = -errors[detail_below(&detail, 5)];
  }
}

struct wire *wire_open(const void *loop, const void *conn, unsigned host,
                       bool reachable, uint32_t user_timeout_ms) {
  struct wire *w = calloc(1, sizeof *w);
  uint64_t detail;

  w->next = wires;
  wires = w;
  w->number = ++wire_count;
  w->host = w->watch.host = host;
  w->place = reachable ? model_place(host) : 0;
  w->watch.loop = loop;
  w->watch.conn = conn;
  w->user_timeout_ms = user_timeout_ms;
  w->up.limit = w->down.limit = UINT64_MAX;
  if (!reachable) {
    if (refusals++ % 2 == 0)
      w->connected = -EHOSTUNREACH;
  } else if (fault(FAULT_CONNECT, &detail)) {
    spoil(w, detail);
  } else {
    world_at(world_now() + delay(), 0, on_syn, w, 0);
  }
  return w;
}

void wire_leads_to(struct wire *w, unsigned shard) {
  w->shard = shard;
}

int wire_connected(struct wire *w) {
  return w->connected;
}

/* ---- The client's end --------------------------------------------------- */

bool wire_readable(const struct wire *w) {
  return w->arrived > w->read || w->error != 0 || w->reset || w->finished;
}

static uint64_t outstanding(const struct wire *w) {
  return w->up.end - w->delivered;
}

bool wire_writable(const struct wire *w) {
  return w->error != 0 || w->reset || outstanding(w) < plan.window;
}

static int take_error(struct wire *w) {
  int error = w->error;

  w->error = 0;
  return error;
}

/* Memory is for bytes that have come, not for those that a header promises. */
static void check_room(const struct wire *w, size_t len) {
  const struct watch *watch = &w->watch;

  if (!watch->broken && len > 4 * watch->most + (64 << 10))
    violation("connection %llu: room for %zu bytes, and never more than %zu "
              "had to be held",
              (unsigned long long)w->number, len, watch->most);
}

ptrdiff_t wire_client_read(struct wire *w, void *buf, size_t len) {
  uint64_t waiting = w->arrived - w->read;
  uint64_t detail;
  size_t n = waiting < len ? (size_t)waiting : len;

  if (w->connected != 1)
    violation("a read from a socket that is not connected");
  check_room(w, len);
  if (waiting == 0) {
    if (w->error != 0)
      return -take_error(w);
    return w->reset || w->finished ? 0 : -EAGAIN;
  }
  if (fault(FAULT_READ_SHORT, &detail)) {
    static const size_t sizes[] = {1, 1, 8, 9, 10};
    size_t k = detail_below(&detail, 2) == 0
                   ? sizes[detail_below(&detail, 5)]
                   : (size_t)detail_below(&detail, n) + 1;

    n = k < n ? k : n;
  }
  memcpy(buf, w->down.bytes + (w->read - w->down.base), n);
  w->read += n;
  watch_records(w, &w->seen_down, buf, n, watch_read);
  return (ptrdiff_t)n;
}

/* What the system refused is offered again, unchanged, before anything else. */
static void check_refused(struct wire *w, const void *buf, size_t len) {
  if (w->refused_len == 0)
    return;
  if (len < w->refused_len || memcmp(buf, w->refused, w->refused_len) != 0)
    violation("connection %llu: %zu bytes that were refused are not offered "
              "again as they were",
              (unsigned long long)w->number, w->refused_len);
  free(w->refused);
  w->refused = NULL;
  w->refused_len = 0;
}

static void keep_refused(struct wire *w, const void *buf, size_t len) {
  if (len == 0)
    return;
  w->refused = malloc(len);
  memcpy(w->refused, buf, len);
  w->refused_len = len;
}

/* Of what was accepted, how much still gets through: all, nothing of this
 * write, all but a byte, a header's worth, or anything. */
static uint64_t draw_end(const struct wire *w, size_t n, uint64_t *detail) {
  uint64_t from = w->up.end - n;

  switch (detail_below(detail, 6)) {
  case 0:
    return w->up.end;
  case 1:
    return w->up.end - 1;
  case 2:
    return from;
  case 3:
    return from + 8;
  case 4:
    return from + 9;
  default:
    return w->delivered + detail_below(detail, w->up.end - w->delivered + 1);
  }
}

static void break_at(struct wire *w, size_t n, uint64_t detail) {
  uint64_t end = draw_end(w, n, &detail);

  w->up.limit = end < w->delivered ? w->delivered : end;
  w->finishing = true;
  lose_server(w, world_now());
  world_at(world_now() + detail_below(&detail, 2000 * plan.delay_us), 0,
           on_reset, w, ECONNRESET);
  TRACE("wire %llu: will be reset; %llu accepted, %llu get through",
        (unsigned long long)w->number, (unsigned long long)w->up.end,
        (unsigned long long)w->up.limit);
}

static void on_user_timeout(void *arg, uint64_t unused) {
  struct wire *w = arg;

  (void)unused;
  w->dead = false;
  on_reset(w, ETIMEDOUT);
}

static void go_dead(struct wire *w) {
  w->dead = true;
  w->up.limit = w->delivered;
  lose_server(w, world_now() + 30 * SECOND);
  if (plan.user_timeout)
    world_at(world_now() + MILLISECOND * w->user_timeout_ms, 0, on_user_timeout,
             w, 0);
}

/* How much of it the system takes; 0 is "not now". */
static size_t acceptable(const struct wire *w, size_t len) {
  uint64_t room = plan.window - outstanding(w), detail;
  size_t n = len < room ? len : (size_t)room;

  if (n > 0 && fault(FAULT_WRITE_SHORT, &detail)) {
    const size_t sizes[] = {0, 0, 1, 8, 9, n - 1};
    size_t k = detail_below(&detail, 2) == 0 ? sizes[detail_below(&detail, 6)]
                                             : (size_t)detail_below(&detail, n);

    n = k < n ? k : n;
  }
  return n;
}

ptrdiff_t wire_client_write(struct wire *w, const void *buf, size_t len) {
  uint64_t detail;
  size_t n;

  if (w->connected != 1)
    violation("a write to a socket that is not connected");
  if (w->error != 0)
    return -take_error(w);
  if (w->reset)
    return -EPIPE;
  check_refused(w, buf, len);
  n = outstanding(w) < plan.window ? acceptable(w, len) : 0;
  keep_refused(w, (const uint8_t *)buf + n, len - n);
  if (n == 0)
    return -EAGAIN;
  watch_records(w, &w->seen_up, buf, n, watch_accepted);
  stream_add(&w->up, buf, n, w->delivered);
  world_at(arrival(&w->up), up_order(w), on_deliver, w, w->up.end);
  if (w->dead || w->finishing)
    return (ptrdiff_t)n;
  if (fault(FAULT_RESET, &detail))
    break_at(w, n, detail);
  else if (fault(FAULT_HALF_OPEN, &detail))
    go_dead(w);
  return (ptrdiff_t)n;
}

void wire_client_close(struct wire *w) {
  w->client_closed = true;
  /* Closing with bytes unread resets, and what is under way may be lost. */
  if (w->arrived > w->read && w->up.end > w->delivered)
    w->up.limit = draw_between(CHANCE_NETWORK, w->delivered, w->up.end);
  lose_server(w, world_now() + delay());
}

/* ---- All of them -------------------------------------------------------- */

void wires_begin(void) {
  wire_count = 0;
  refusals = 0;
}

void wires_end(void) {
  while (wires != NULL) {
    struct wire *w = wires;

    wires = w->next;
    free(w->up.bytes);
    free(w->down.bytes);
    free(w->refused);
    watch_end(&w->watch);
    toy_end(&w->toy_up);
    toy_end(&w->seen_up);
    toy_end(&w->seen_down);
    free(w);
  }
}
