/* tests/support/script_io.c - the script server's thread: sockets and poll(),
 * nothing of the protocol but where a frame ends. */
#include "tests/support/script_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADER_LEN = 9 };

int script_bound(uint16_t port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int on = 1;

  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  /* A listener that was closed is there for as long as a poll() has it. */
  for (int tries = 0; bind(fd, (void *)&address, sizeof address) != 0; tries++)
    if (fd < 0 || errno != EADDRINUSE || tries == 5000 || usleep(1000) != 0)
      abort();
  return fd;
}

int script_listener(uint16_t port) {
  int fd = script_bound(port);

  if (listen(fd, 64) != 0)
    abort();
  return fd;
}

uint16_t script_client_port(int fd) {
  struct sockaddr_in address;
  socklen_t len = sizeof address;

  return getpeername(fd, (void *)&address, &len) == 0 ? ntohs(address.sin_port)
                                                      : 0;
}

uint16_t script_port_of(int listener) {
  struct sockaddr_in address;
  socklen_t len = sizeof address;

  if (getsockname(listener, (void *)&address, &len) != 0)
    abort();
  return ntohs(address.sin_port);
}

void script_conn_close(struct script_conn *c, bool reset) {
  struct linger hard = {1, 0};

  if (c->fd < 0)
    return;
  if (reset) {
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  } else {
    /* Unread bytes would turn the FIN into an RST. */
    char drained[4096];

    while (recv(c->fd, drained, sizeof drained, 0) > 0)
      continue;
  }
  close(c->fd);
  bytes_free(&c->in);
  bytes_free(&c->out);
  bytes_free(&c->held);
  memset(c, 0, sizeof *c);
  c->fd = -1;
}

static void accept_one(struct script_server *s, int listener) {
  int on = 1;
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

  if (fd < 0)
    return;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  for (int i = 0; i < CONNS_MAX; i++) {
    if (s->conns[i].fd >= 0)
      continue;
    s->conns[i].fd = fd;
    s->conns[i].shard = script_shard_of(s, fd, listener != s->listener);
    s->accepted++;
    if (s->refusals > 0) {
      s->refusals--;
      script_conn_close(&s->conns[i], s->refuse_reset);
    }
    return;
  }
  abort(); /* a test that needs so many connections is mistaken */
}

static size_t frame_len(const struct bytes *in) {
  if (in->len < HEADER_LEN)
    return 0;
  return HEADER_LEN + ((size_t)in->p[5] << 24 | (size_t)in->p[6] << 16 |
                       (size_t)in->p[7] << 8 | in->p[8]);
}

static void take_frames(struct script_server *s, struct script_conn *c) {
  size_t len;

  while (c->fd >= 0 && (len = frame_len(&c->in)) != 0 && len <= c->in.len) {
    uint8_t *frame = malloc(len);

    if (frame == NULL)
      abort();
    memcpy(frame, c->in.p, len);
    bytes_drop(&c->in, len);
    script_request(s, c, frame, len);
    free(frame);
  }
}

static void read_some(struct script_server *s, struct script_conn *c) {
  uint8_t buf[65536];
  size_t want = sizeof buf;
  ssize_t n;

  if (s->cut_bytes > c->received && s->cut_bytes - c->received < want)
    want = s->cut_bytes - c->received;
  n = recv(c->fd, buf, want, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n <= 0) {
    script_conn_close(c, false);
    return;
  }
  c->received += (size_t)n;
  bytes_add(&c->in, buf, (size_t)n);
  take_frames(s, c);
  if (s->cut_bytes != 0 && c->received >= s->cut_bytes) {
    s->cut_bytes = 0;
    script_conn_close(c, s->cut_reset);
  }
}

static void write_some(struct script_server *s, struct script_conn *c) {
  ssize_t n;

  if (c->fd < 0 || c->out.len == 0)
    return;
  n = send(c->fd, c->out.p, c->out.len, MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN && errno != EINTR) {
    script_conn_close(c, true);
    return;
  }
  if (n > 0)
    bytes_drop(&c->out, (size_t)n);
  if (c->out.len > 0)
    return;
  for (int p = 0; p < SCRIPT_PLACES; p++) {
    s->answered[p] += c->queued[p];
    c->queued[p] = 0;
  }
}

/* Slot 0 is the wake pipe, 1 and 2 the listeners, then the connections. */
static void watch(struct script_server *s, struct pollfd fds[CONNS_MAX + 3]) {
  fds[0] = (struct pollfd){.fd = s->wake[0], .events = POLLIN};
  fds[1] = (struct pollfd){.fd = s->listener, .events = POLLIN};
  fds[2] = (struct pollfd){.fd = s->shard_listener, .events = POLLIN};
  if (s->shard_port_is == SHARD_PORT_REFUSES)
    fds[2].fd = -1; /* it does not listen, which would be reported, too */
  for (int i = 0; i < CONNS_MAX; i++) {
    const struct script_conn *c = &s->conns[i];

    fds[i + 3] = (struct pollfd){.fd = c->fd};
    if (s->reading)
      fds[i + 3].events |= POLLIN;
    else
      fds[i + 3].fd = -1; /* POLLHUP would be reported without end */
    if (c->out.len > 0) {
      fds[i + 3].fd = c->fd;
      fds[i + 3].events |= POLLOUT;
    }
  }
}

static void serve(struct script_server *s, const struct pollfd *fds) {
  char drained[64];

  while (read(s->wake[0], drained, sizeof drained) > 0)
    continue;
  /* Told to listen no more while it slept: the number is another's now. */
  if (fds[1].revents != 0 && fds[1].fd == s->listener)
    accept_one(s, s->listener);
  if (fds[2].revents != 0 && fds[2].fd == s->shard_listener)
    accept_one(s, s->shard_listener);
  for (int i = 0; i < CONNS_MAX; i++) {
    struct script_conn *c = &s->conns[i];

    if (c->fd >= 0 && c->fd == fds[i + 3].fd && s->reading &&
        (fds[i + 3].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
      read_some(s, c);
    write_some(s, c);
  }
}

void *script_thread(void *server) {
  struct script_server *s = server;
  struct pollfd fds[CONNS_MAX + 3];

  if (script_thread_begins != NULL)
    script_thread_begins();
  pthread_mutex_lock(&s->mutex);
  while (!s->stop) {
    watch(s, fds);
    pthread_mutex_unlock(&s->mutex);
    poll(fds, CONNS_MAX + 3, -1);
    pthread_mutex_lock(&s->mutex);
    serve(s, fds);
    pthread_cond_broadcast(&s->changed);
  }
  pthread_mutex_unlock(&s->mutex);
  return NULL;
}
