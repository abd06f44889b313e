/* core/net_uv.c - the seam over libuv: loops, names, sockets.  The only file
 * that knows libuv (core/net_os.c has the rest of the system).
 *
 * Sockets are our own, and libuv only watches them: uv_write() raises SIGPIPE
 * in the host process when the peer has reset, and hides how many bytes went
 * out.  sendmsg(MSG_NOSIGNAL) tells exactly. */
#define _GNU_SOURCE
#include "core/net.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

/* ---- A loop ------------------------------------------------------------- */

struct net_loop {
  struct net_heap heap;
  struct net_loop_events events;
  void *arg;
  uv_loop_t *uv;
  uv_loop_t own; /* uv points here unless attached */
  uv_prepare_t prepare;
  uv_check_t check;
  uv_idle_t idle;
  uv_timer_t timer;
  uv_async_t async;
  bool idling;
  uint64_t alarm;
  int handles; /* not yet closed */
  int things;  /* sockets and look-ups not yet gone */
  void (*closed)(void *arg);
};

static void on_prepare(uv_prepare_t *h) {
  struct net_loop *l = h->data;

  l->events.before_poll(l->arg);
}

static void on_check(uv_check_t *h) {
  struct net_loop *l = h->data;

  if (l->idling) {
    l->idling = false;
    uv_idle_stop(&l->idle);
  }
  l->events.after_poll(l->arg);
}

/* Only there so that the poll does not wait. */
static void on_idle(uv_idle_t *h) {
  (void)h;
}

static void on_timer(uv_timer_t *h) {
  struct net_loop *l = h->data;

  l->alarm = 0;
  l->events.alarm(l->arg);
}

static void on_async(uv_async_t *h) {
  struct net_loop *l = h->data;

  l->events.woken(l->arg);
}

/* Our handles never keep the caller's uv_run() alive, except the async handle
 * while net_loop_hold() says so.  A loop of our own is always alive: uv_run()
 * would not even poll. */
static int loop_handles_open(struct net_loop *l) {
  int rc = uv_async_init(l->uv, &l->async, on_async);

  if (rc != 0)
    return rc;
  uv_prepare_init(l->uv, &l->prepare);
  uv_check_init(l->uv, &l->check);
  uv_idle_init(l->uv, &l->idle);
  uv_timer_init(l->uv, &l->timer);
  l->handles = 5;
  l->async.data = l->prepare.data = l->check.data = l->idle.data =
      l->timer.data = l;
  uv_prepare_start(&l->prepare, on_prepare);
  uv_check_start(&l->check, on_check);
  if (l->uv != &l->own)
    uv_unref((uv_handle_t *)&l->async);
  uv_unref((uv_handle_t *)&l->prepare);
  uv_unref((uv_handle_t *)&l->check);
  uv_unref((uv_handle_t *)&l->idle);
  uv_unref((uv_handle_t *)&l->timer);
  return 0;
}

int net_loop_open(struct net_loop **loop, const struct net_heap *heap,
                  struct uv_loop_s *attach,
                  const struct net_loop_events *events, void *arg) {
  struct net_loop *l = net_alloc(heap, sizeof *l);
  int rc = 0;

  if (l == NULL)
    return -ENOMEM;
  l->heap = *heap;
  l->events = *events;
  l->arg = arg;
  l->uv = attach;
  if (attach == NULL) {
    l->uv = &l->own;
    rc = uv_loop_init(&l->own);
  }
  if (rc == 0) {
    rc = loop_handles_open(l);
    if (rc != 0 && attach == NULL)
      uv_loop_close(&l->own);
  }
  if (rc != 0) {
    net_free(heap, l);
    return rc;
  }
  *loop = l;
  return 0;
}

/* A guest's memory is the last thing of it on the caller's loop. */
static void loop_gone(struct net_loop *l) {
  void (*closed)(void *arg) = l->closed;
  void *arg = l->arg;

  if (l->handles > 0 || l->things > 0 || closed == NULL)
    return;
  l->closed = NULL;
  if (l->uv != &l->own) {
    struct net_heap heap = l->heap;

    net_free(&heap, l);
  }
  closed(arg);
}

static void on_handle_closed(uv_handle_t *h) {
  struct net_loop *l = h->data;

  l->handles--;
  loop_gone(l);
}

void net_loop_close(struct net_loop *l, void (*closed)(void *arg)) {
  l->closed = closed;
  uv_close((uv_handle_t *)&l->prepare, on_handle_closed);
  uv_close((uv_handle_t *)&l->check, on_handle_closed);
  uv_close((uv_handle_t *)&l->idle, on_handle_closed);
  uv_close((uv_handle_t *)&l->timer, on_handle_closed);
  uv_close((uv_handle_t *)&l->async, on_handle_closed);
}

void net_loop_free(struct net_loop *l) {
  struct net_heap heap = l->heap;

  uv_loop_close(&l->own);
  net_free(&heap, l);
}

bool net_loop_turn(struct net_loop *l, bool wait) {
  return uv_run(l->uv, wait ? UV_RUN_ONCE : UV_RUN_NOWAIT) != 0;
}

void net_loop_hurry(struct net_loop *l) {
  if (l->idling)
    return;
  l->idling = true;
  uv_idle_start(&l->idle, on_idle);
}

void net_loop_alarm(struct net_loop *l, uint64_t at) {
  uint64_t now, ms;

  if (at == l->alarm)
    return;
  l->alarm = at;
  if (at == 0) {
    uv_timer_stop(&l->timer);
    return;
  }
  now = net_clock();
  ms = at <= now ? 0 : (at - now + 999999) / 1000000;
  /* libuv counts from its own reading of the clock, which may be old when the
   * caller's loop was busy: an early alarm is set again by whoever wanted it,
   * a late one would be late. */
  uv_timer_start(&l->timer, on_timer, ms, 0);
}

void net_loop_hold(struct net_loop *l, bool hold) {
  if (l->uv == &l->own)
    return;
  if (hold)
    uv_ref((uv_handle_t *)&l->async);
  else
    uv_unref((uv_handle_t *)&l->async);
}

void net_loop_wake(struct net_loop *l) {
  uv_async_send(&l->async);
}

int net_loop_fd(const struct net_loop *l) {
  return uv_backend_fd(l->uv);
}

int net_loop_timeout_ms(const struct net_loop *l) {
  return uv_backend_timeout(l->uv);
}

/* ---- Names -------------------------------------------------------------- */

void net_address_text(const struct net_address *a, char out[NET_ADDRESS_TEXT]) {
  char text[46] = "?";

  uv_inet_ntop(a->len == 4 ? AF_INET : AF_INET6, a->bytes, text, sizeof text);
  snprintf(out, NET_ADDRESS_TEXT, a->len == 4 ? "%s:%u" : "[%s]:%u", text,
           (unsigned)a->port);
}

bool net_address_parse(struct net_address *a, const char *text, uint16_t port) {
  memset(a, 0, sizeof *a);
  /* A zone ("fe80::1%eth0") has a number that only a look-up finds. */
  if (strchr(text, '%') != NULL)
    return false;
  a->port = port;
  if (uv_inet_pton(AF_INET, text, a->bytes) == 0)
    a->len = 4;
  else if (uv_inet_pton(AF_INET6, text, a->bytes) == 0)
    a->len = 16;
  return a->len != 0;
}

struct net_lookup {
  uv_getaddrinfo_t request;
  struct net_loop *loop;
  net_found *done; /* NULL once cancelled */
  void *arg;
  uint16_t port;
};

enum { LOOKUP_MAX = 16 };

static size_t addresses_of(const struct addrinfo *list, uint16_t port,
                           struct net_address found[LOOKUP_MAX]) {
  size_t n = 0;

  for (; list != NULL && n < LOOKUP_MAX; list = list->ai_next) {
    struct net_address *a = &found[n];

    memset(a, 0, sizeof *a);
    a->port = port;
    if (list->ai_family == AF_INET) {
      const struct sockaddr_in *in = (const void *)list->ai_addr;

      a->len = 4;
      memcpy(a->bytes, &in->sin_addr, 4);
      n++;
    } else if (list->ai_family == AF_INET6) {
      const struct sockaddr_in6 *in6 = (const void *)list->ai_addr;

      a->len = 16;
      a->scope = in6->sin6_scope_id;
      memcpy(a->bytes, &in6->sin6_addr, 16);
      n++;
    }
  }
  return n;
}

static void on_found(uv_getaddrinfo_t *request, int status,
                     struct addrinfo *list) {
  struct net_lookup *k = request->data;
  struct net_loop *loop = k->loop;
  struct net_address found[LOOKUP_MAX];
  size_t n = status == 0 ? addresses_of(list, k->port, found) : 0;
  net_found *done = k->done;
  void *arg = k->arg;

  uv_freeaddrinfo(list);
  net_free(&loop->heap, k);
  loop->things--;
  if (done != NULL)
    done(arg, status, found, n);
  loop_gone(loop);
}

int net_lookup_start(struct net_lookup **lookup, struct net_loop *loop,
                     const char *name, uint16_t port, net_found *done,
                     void *arg) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  struct net_lookup *k = net_alloc(&loop->heap, sizeof *k);
  int rc;

  if (k == NULL)
    return -ENOMEM;
  k->loop = loop;
  k->done = done;
  k->arg = arg;
  k->port = port;
  k->request.data = k;
  rc = uv_getaddrinfo(loop->uv, &k->request, on_found, name, NULL, &hints);
  if (rc != 0) {
    net_free(&loop->heap, k);
    return rc;
  }
  loop->things++;
  *lookup = k;
  return 0;
}

void net_lookup_cancel(struct net_lookup *lookup) {
  lookup->done = NULL;
  uv_cancel((uv_req_t *)&lookup->request);
}

/* ---- Sockets ------------------------------------------------------------ */

struct net_socket {
  uv_poll_t poll;
  struct net_loop *loop;
  struct net_socket_events events;
  void *arg;
  int fd;
  int watched; /* what uv_poll_start() was told; telling it again costs 1 us */
  bool connected;
};

static void on_poll(uv_poll_t *h, int status, int events);

static void socket_watch(struct net_socket *s, int mask) {
  if (s->watched == mask)
    return;
  s->watched = mask;
  uv_poll_start(&s->poll, mask, on_poll);
}

static void on_poll(uv_poll_t *h, int status, int events) {
  struct net_socket *s = h->data;

  if (!s->connected) {
    socklen_t len = sizeof status;

    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &status, &len) != 0)
      status = errno;
    s->connected = true;
    socket_watch(s, UV_READABLE);
    s->events.connected(s->arg, -status);
    return;
  }
  if (events & UV_WRITABLE) {
    s->events.writable(s->arg);
    if (uv_is_closing((uv_handle_t *)h))
      return;
  }
  if (status < 0) {
    /* libuv has stopped a handle that reports an error.  The read tells which,
     * but first what had arrived before: watch until it has. */
    int mask = s->watched;

    s->watched = 0;
    socket_watch(s, mask);
  }
  if ((events & UV_READABLE) || status < 0)
    s->events.readable(s->arg);
}

static socklen_t sockaddr_of(const struct net_address *a,
                             struct sockaddr_storage *out) {
  struct sockaddr_in6 *in6 = (void *)out;

  memset(out, 0, sizeof *out);
  if (a->len == 4) {
    struct sockaddr_in *in = (void *)out;

    in->sin_family = AF_INET;
    in->sin_port = htons(a->port);
    memcpy(&in->sin_addr, a->bytes, 4);
    return sizeof *in;
  }
  in6->sin6_family = AF_INET6;
  in6->sin6_port = htons(a->port);
  in6->sin6_scope_id = a->scope;
  memcpy(&in6->sin6_addr, a->bytes, 16);
  return sizeof *in6;
}

/* Small frames must leave at once; a peer that vanished must be noticed even
 * when it owes us only acknowledgements. */
static void socket_options(int fd, uint32_t user_timeout_ms) {
  int on = 1;
  unsigned ms = user_timeout_ms;

  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
#ifdef TCP_USER_TIMEOUT
  setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
#else
  (void)ms;
#endif
}

static void on_socket_closed(uv_handle_t *h) {
  struct net_socket *s = h->data;
  struct net_loop *loop = s->loop;

  net_free(&loop->heap, s);
  loop->things--;
  loop_gone(loop);
}

/* Ports that the system gives out itself may be among these, so some are taken;
 * so many are tried, from anywhere on. */
enum { SOURCE_MIN = 49152, SOURCE_MAX = 65535, SOURCE_TRIES = 64 };

/* The n-th of those that leave the remainder, round and round. */
static uint16_t source_port(const struct net_source *from, uint32_t n) {
  uint32_t m = from->modulus;
  uint32_t first = SOURCE_MIN + (from->remainder + m - SOURCE_MIN % m) % m;

  return (uint16_t)(first + n % ((SOURCE_MAX - first) / m + 1) * m);
}

static int bind_port(int fd, uint8_t address_len, uint16_t port) {
  struct net_address any = {.len = address_len, .port = port};
  struct sockaddr_storage address;
  socklen_t len = sockaddr_of(&any, &address);
  int on = 1;

  /* Other hosts may be connected to from the same port. */
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return bind(fd, (const void *)&address, len) == 0 ? 0 : -errno;
}

/* A socket that connects, or a negative error.  source: 0 for any port. */
static int connect_from(uint16_t source, const struct net_address *to,
                        uint32_t user_timeout_ms) {
  struct sockaddr_storage address;
  socklen_t len = sockaddr_of(to, &address);
  int rc = 0, fd = socket(to->len == 4 ? AF_INET : AF_INET6,
                          SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd < 0)
    return -errno;
  socket_options(fd, user_timeout_ms);
  if (source != 0)
    rc = bind_port(fd, to->len, source);
  if (rc == 0 && connect(fd, (const void *)&address, len) != 0 &&
      errno != EINPROGRESS)
    rc = -errno;
  if (rc == 0)
    return fd;
  close(fd);
  return rc;
}

/* A port is taken when it is another one's (EADDRINUSE), or leads to this very
 * address already (EADDRNOTAVAIL). */
static int start_connect(const struct net_address *to,
                         const struct net_source *from,
                         uint32_t user_timeout_ms) {
  uint32_t begin = (uint32_t)(net_random() % SOURCE_MAX);
  int fd = 0;

  if (from == NULL)
    return connect_from(0, to, user_timeout_ms);
  for (uint32_t i = 0; i < SOURCE_TRIES; i++) {
    fd = connect_from(source_port(from, begin + i), to, user_timeout_ms);
    if (fd != -EADDRINUSE && fd != -EADDRNOTAVAIL)
      break;
  }
  return fd;
}

int net_socket_open(struct net_socket **socket_out, struct net_loop *loop,
                    const struct net_address *to, const struct net_source *from,
                    uint32_t user_timeout_ms,
                    const struct net_socket_events *events, void *arg) {
  struct net_socket *s = net_alloc(&loop->heap, sizeof *s);
  int rc;

  if (s == NULL)
    return -ENOMEM;
  s->loop = loop;
  s->events = *events;
  s->arg = arg;
  s->poll.data = s;
  rc = start_connect(to, from, user_timeout_ms);
  if (rc < 0)
    goto fail;
  s->fd = rc;
  rc = uv_poll_init(loop->uv, &s->poll, s->fd);
  if (rc != 0) {
    close(s->fd);
    goto fail;
  }
  uv_unref((uv_handle_t *)&s->poll);
  loop->things++;
  socket_watch(s, UV_WRITABLE);
  *socket_out = s;
  return 0;

fail:
  net_free(&loop->heap, s);
  return rc;
}

ptrdiff_t net_socket_read(struct net_socket *s, void *buf, size_t len) {
  ssize_t n;

  do
    n = recv(s->fd, buf, len, 0);
  while (n < 0 && errno == EINTR);
  return n < 0 ? -errno : n;
}

ptrdiff_t net_socket_write(struct net_socket *s, const void *buf, size_t len) {
  ssize_t n;

  do
    n = send(s->fd, buf, len, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n < 0 ? -errno : n;
}

void net_socket_want_writable(struct net_socket *s, bool want) {
  if (s->connected)
    socket_watch(s, want ? UV_READABLE | UV_WRITABLE : UV_READABLE);
}

void net_socket_close(struct net_socket *s) {
  /* libuv takes the descriptor out of its set here, and must do so while the
   * number is still ours: another thread may get it as soon as it is closed. */
  uv_close((uv_handle_t *)&s->poll, on_socket_closed);
  close(s->fd);
}

const char *net_error_text(int error) {
  /* libuv's numbers are the system's, with those of look-ups beside them. */
  return uv_strerror(error);
}
