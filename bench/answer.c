/* bench/answer.c: a server that makes clients the bottleneck. It stands before
 * a real node, forwards every frame both ways, and learns from the answers to
 * PREPARE which ids belong to UPDATEs; an EXECUTE of such an id it answers
 * itself, at once, with Void, and counts it. Nothing it answers is stored.
 * One thread, one epoll. It reads neither TLS nor compressed frames. */
#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stand_in.h"
#include "wire.h"

enum {
  READ_SIZE = 65536,
  OUTPUT_LIMIT = 1 << 20, /* more unsent than this, and reading stops */
  STREAMS = 65536,
  IDS = 64,
  ID_MAX = 64,
  EVENTS = 64
};

/* One socket of a session. */
struct side {
  int fd; /* -1: closed */
  uint32_t watched;
  struct session *session;
  struct wire_buffer in;
  struct wire_buffer out;
};

/* A client and the connection to the node that was opened for it. */
struct session {
  struct side client;
  struct side upstream; /* never open when the server stands alone */
  struct session *next_dead;
  uint8_t updates[STREAMS / 8]; /* streams on which an UPDATE is prepared */
};

struct id {
  size_t length;
  uint8_t bytes[ID_MAX];
};

static struct {
  int epoll;
  int listener;
  int signals;
  bool alone; /* no upstream: bench/stand_in.c answers what is forwarded */
  struct sockaddr_in self;
  struct sockaddr_in upstream;
  uint64_t count;
  struct session *dead; /* freed once no event can point to them */
  size_t last_id;       /* the one that matched last is tried first */
  size_t id_count;
  struct id ids[IDS]; /* of UPDATEs, for all sessions: drivers prepare on one
                         connection and execute on another */
} server;

static bool id_equals(const struct id *id, const uint8_t *bytes, size_t n) {
  return id->length == n && memcmp(id->bytes, bytes, n) == 0;
}

static bool id_known(const uint8_t *bytes, size_t n) {
  size_t i;

  if (id_equals(&server.ids[server.last_id], bytes, n))
    return true;
  for (i = 0; i < server.id_count; i++) {
    if (id_equals(&server.ids[i], bytes, n)) {
      server.last_id = i;
      return true;
    }
  }
  return false;
}

static void id_learn(const uint8_t *bytes, size_t n) {
  struct id *id;

  if (n == 0 || id_known(bytes, n))
    return;
  if (n > ID_MAX || server.id_count == IDS) {
    fputs("answer: no room for another prepared id: forwarded\n", stderr);
    return;
  }
  id = &server.ids[server.id_count++];
  memcpy(id->bytes, bytes, n);
  id->length = n;
}

static void put_void(struct wire_buffer *out, const uint8_t *request) {
  static const uint8_t answer[WIRE_HEADER + 4] = {
      0, 0, 0, 0, WIRE_RESULT, 0, 0, 0, 4, 0, 0, 0, WIRE_VOID};
  uint8_t *p = wire_reserve(out, sizeof answer);

  memcpy(p, answer, sizeof answer);
  p[0] = request[0] | WIRE_FROM_SERVER;
  memcpy(p + 2, request + 2, 2);
  out->end += sizeof answer;
}

/* One row with one bigint; the count is the last thing in the frame. */
static void put_count(struct wire_buffer *out, const uint8_t *request) {
  size_t mark = wire_begin(out, request[0] | WIRE_FROM_SERVER,
                           wire_u16(request + 2), WIRE_RESULT);

  wire_put_u32(out, WIRE_ROWS);
  wire_put_u32(out, 1); /* one table for all columns */
  wire_put_u32(out, 1);
  wire_put_string(out, "tally_bench");
  wire_put_string(out, "answer");
  wire_put_string(out, "count");
  wire_put_u16(out, WIRE_BIGINT);
  wire_put_u32(out, 1);
  wire_put_u32(out, 8);
  wire_put_u64(out, server.count);
  wire_end(out, mark);
}

/* Makes a driver that asks for more settle on version 4. */
static void put_version_error(struct wire_buffer *out, const uint8_t *request) {
  char text[128];
  size_t mark = wire_begin(out, WIRE_VERSION | WIRE_FROM_SERVER,
                           wire_u16(request + 2), WIRE_ERROR);

  snprintf(text, sizeof text,
           "Invalid or unsupported protocol version (%d); the lowest "
           "supported version is 3 and the greatest is 4",
           request[0]);
  wire_put_u32(out, 0x000a);
  wire_put_string(out, text);
  wire_end(out, mark);
}

/* The text of a QUERY or PREPARE: a [long string] at the body's start. */
static const char *text_of(const uint8_t *frame, size_t length, size_t *n) {
  size_t room = length - WIRE_HEADER;

  *n = 0;
  if (room < 4 || wire_u32(frame + WIRE_HEADER) > room - 4)
    return "";
  *n = wire_u32(frame + WIRE_HEADER);
  return (const char *)frame + WIRE_HEADER + 4;
}

static bool is_update(const uint8_t *frame, size_t length) {
  size_t n;
  const char *text = text_of(frame, length, &n);

  while (n > 0 && (*text == ' ' || (*text >= '\t' && *text <= '\r'))) {
    text++;
    n--;
  }
  return n > 6 && strncasecmp(text, "UPDATE", 6) == 0;
}

static bool is_count_query(const uint8_t *frame, size_t length) {
  size_t n;
  const char *text = text_of(frame, length, &n);

  return n == strlen(WIRE_COUNT_QUERY) &&
         memcmp(text, WIRE_COUNT_QUERY, n) == 0;
}

static bool is_counted(const uint8_t *frame, size_t length) {
  const uint8_t *body = frame + WIRE_HEADER;
  size_t room = length - WIRE_HEADER;

  return room >= 2 && room >= 2U + wire_u16(body) &&
         id_known(body + 2, wire_u16(body));
}

static void forward(struct session *s, const uint8_t *frame, size_t length) {
  uint16_t stream = wire_u16(frame + 2);
  uint8_t bit = (uint8_t)(1 << stream % 8);

  if (server.alone) {
    stand_in_answer(&s->client.out, frame, length, &server.self);
    return;
  }
  s->updates[stream / 8] &= (uint8_t)~bit;
  if (frame[4] == WIRE_PREPARE && is_update(frame, length))
    s->updates[stream / 8] |= bit;
  wire_put(&s->upstream.out, frame, length);
}

/* Bodies that are compressed or open with a payload are not looked into. */
static void take_request(struct session *s, const uint8_t *frame,
                         size_t length) {
  bool plain = (frame[1] & (WIRE_COMPRESSED | WIRE_PAYLOAD)) == 0;

  if (frame[0] < 3 || frame[0] > WIRE_VERSION)
    put_version_error(&s->client.out, frame);
  else if (frame[4] == WIRE_EXECUTE && plain && is_counted(frame, length)) {
    server.count++;
    put_void(&s->client.out, frame);
  } else if (frame[4] == WIRE_QUERY && plain && is_count_query(frame, length))
    put_count(&s->client.out, frame);
  else
    forward(s, frame, length);
}

/* Skips what the flags put before the message. Returns NULL when that cannot
 * be understood, or leaves fewer than the six bytes of a kind and an id. */
static const uint8_t *message_of(const uint8_t *frame, size_t length) {
  const uint8_t *p = frame + WIRE_HEADER;
  const uint8_t *end = frame + length;
  unsigned warnings;

  if ((frame[1] & (WIRE_COMPRESSED | WIRE_PAYLOAD)) != 0)
    return NULL;
  if ((frame[1] & WIRE_TRACING) != 0)
    p = end - p >= 16 ? p + 16 : end;
  if ((frame[1] & WIRE_WARNING) != 0 && end - p >= 2) {
    warnings = wire_u16(p);
    p += 2;
    while (warnings-- > 0) {
      if (end - p < 2 || end - p - 2 < wire_u16(p))
        return NULL;
      p += 2 + wire_u16(p);
    }
  }
  return end - p >= 6 ? p : NULL;
}

static void learn(const uint8_t *frame, size_t length) {
  const uint8_t *p = message_of(frame, length);

  if (p != NULL && wire_u32(p) == WIRE_PREPARED &&
      frame + length - p - 6 >= wire_u16(p + 4))
    id_learn(p + 6, wire_u16(p + 4));
}

static void take_answer(struct session *s, const uint8_t *frame,
                        size_t length) {
  uint16_t stream = wire_u16(frame + 2);
  uint8_t bit = (uint8_t)(1 << stream % 8);

  if ((s->updates[stream / 8] & bit) != 0) {
    s->updates[stream / 8] &= (uint8_t)~bit;
    if (frame[4] == WIRE_RESULT)
      learn(frame, length);
  }
  wire_put(&s->client.out, frame, length);
}

/* Takes every whole frame and moves the rest to the front, where the next read
 * finds the same warm memory. False: no peer of ours sends such a thing. */
static bool take_frames(struct side *side) {
  struct session *s = side->session;
  struct wire_buffer *in = &side->in;
  size_t have = in->end - in->start;

  while (have >= WIRE_HEADER) {
    const uint8_t *frame = in->data + in->start;
    size_t length = WIRE_HEADER + (size_t)wire_u32(frame + 5);

    if (length > WIRE_HEADER + (size_t)WIRE_BODY_MAX)
      return false;
    if (have < length)
      break;
    if (side == &s->client)
      take_request(s, frame, length);
    else
      take_answer(s, frame, length);
    in->start += length;
    have -= length;
  }
  memmove(in->data, in->data + in->start, have);
  in->start = 0;
  in->end = have;
  return true;
}

/* After a failed recv or send: true when it is worth another try. */
static bool side_lives(const struct side *side) {
  if (errno == EAGAIN || errno == EINTR)
    return true;
  if (side == &side->session->upstream)
    fprintf(stderr, "answer: upstream: %s\n", strerror(errno));
  return false;
}

/* One recv: what it leaves behind, epoll reports again. */
static bool side_read(struct side *side) {
  uint8_t *p = wire_reserve(&side->in, READ_SIZE);
  ssize_t n = recv(side->fd, p, READ_SIZE, 0);

  if (n < 0)
    return side_lives(side);
  side->in.end += (size_t)n;
  return n > 0 && take_frames(side);
}

static bool side_flush(struct side *side) {
  struct wire_buffer *out = &side->out;

  while (out->start < out->end) {
    ssize_t n = send(side->fd, out->data + out->start, out->end - out->start,
                     MSG_NOSIGNAL);

    if (n < 0)
      return side_lives(side);
    out->start += (size_t)n;
  }
  out->start = out->end = 0;
  return true;
}

static void side_close(struct side *side) {
  if (side->fd >= 0)
    close(side->fd);
  side->fd = -1;
}

static void side_watch(struct side *side, bool reading) {
  struct epoll_event event = {.data.ptr = side};

  if (side->fd < 0)
    return;
  event.events = reading ? EPOLLIN : 0;
  if (side->out.end > side->out.start)
    event.events |= EPOLLOUT;
  if (event.events != side->watched)
    epoll_ctl(server.epoll, EPOLL_CTL_MOD, side->fd, &event);
  side->watched = event.events;
}

static void session_end(struct session *s) {
  side_close(&s->client);
  side_close(&s->upstream);
  s->next_dead = server.dead;
  server.dead = s;
}

static void free_dead(void) {
  while (server.dead != NULL) {
    struct session *s = server.dead;

    server.dead = s->next_dead;
    wire_free(&s->client.in);
    wire_free(&s->client.out);
    wire_free(&s->upstream.in);
    wire_free(&s->upstream.out);
    free(s);
  }
}

/* Decides what a session waits for. A client that left ends it; a node that
 * left ends it as soon as the client has what the node still said. */
static void session_watch(struct session *s) {
  size_t to_client = s->client.out.end - s->client.out.start;
  size_t to_upstream = s->upstream.out.end - s->upstream.out.start;
  bool whole = server.alone || s->upstream.fd >= 0;

  if (s->client.fd < 0 || (!whole && to_client == 0)) {
    session_end(s);
    return;
  }
  side_watch(&s->client,
             whole && to_client < OUTPUT_LIMIT && to_upstream < OUTPUT_LIMIT);
  side_watch(&s->upstream, to_client < OUTPUT_LIMIT);
}

/* An error or a hang-up is read like data: recv tells what it was. */
static void session_event(struct side *side, uint32_t events) {
  struct session *s = side->session;

  if (side->fd < 0)
    return; /* closed by an earlier event of the same batch */
  if ((events & ~(uint32_t)EPOLLOUT) != 0 && !side_read(side))
    side_close(side);
  if (s->client.fd >= 0 && !side_flush(&s->client))
    side_close(&s->client);
  if (s->upstream.fd >= 0 && !side_flush(&s->upstream))
    side_close(&s->upstream);
  session_watch(s);
}

static void side_open(struct side *side, struct session *s, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = side};
  int on = 1;

  side->fd = fd;
  side->session = s;
  side->watched = event.events;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (epoll_ctl(server.epoll, EPOLL_CTL_ADD, fd, &event) != 0)
    wire_fail("epoll: %s", strerror(errno));
}

/* The connection need not be up yet: until then a send is refused with EAGAIN,
 * and if it never comes up, a recv says so. */
static int dial_upstream(void) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd < 0)
    wire_fail("socket: %s", strerror(errno));
  if (connect(fd, (const struct sockaddr *)&server.upstream,
              sizeof server.upstream) != 0 &&
      errno != EINPROGRESS)
    wire_fail("upstream: %s", strerror(errno));
  return fd;
}

static void accept_client(void) {
  int fd = accept4(server.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  struct session *s;

  if (fd < 0) {
    if (errno == EMFILE || errno == ENFILE)
      wire_fail("accept: %s", strerror(errno));
    return;
  }
  s = calloc(1, sizeof *s);
  if (s == NULL)
    wire_fail("out of memory");
  side_open(&s->client, s, fd);
  s->upstream.fd = -1;
  if (!server.alone)
    side_open(&s->upstream, s, dial_upstream());
}

/* Returns false when the server is to end. */
static bool take_signal(void) {
  struct signalfd_siginfo info;

  if (read(server.signals, &info, sizeof info) != sizeof info)
    return true;
  printf("%" PRIu64 "\n", server.count);
  fflush(stdout);
  return info.ssi_signo == SIGUSR1;
}

static void watch(int fd, void *tag) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = tag};

  if (epoll_ctl(server.epoll, EPOLL_CTL_ADD, fd, &event) != 0)
    wire_fail("epoll: %s", strerror(errno));
}

static void serve(void) {
  struct epoll_event events[EVENTS];
  bool ending = false;

  while (!ending) {
    int n = epoll_wait(server.epoll, events, EVENTS, -1);
    int i;

    for (i = 0; i < n; i++) {
      if (events[i].data.ptr == &server.listener)
        accept_client();
      else if (events[i].data.ptr == &server.signals)
        ending = !take_signal();
      else
        session_event(events[i].data.ptr, events[i].events);
    }
    free_dead();
  }
}

static void start(void) {
  socklen_t length = sizeof server.self;
  const struct sockaddr *self = (const struct sockaddr *)&server.self;
  int on = 1;
  sigset_t set;

  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, NULL);
  server.signals = signalfd(-1, &set, SFD_CLOEXEC);
  server.epoll = epoll_create1(EPOLL_CLOEXEC);
  server.listener =
      socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (server.signals < 0 || server.epoll < 0 || server.listener < 0)
    wire_fail("%s", strerror(errno));
  setsockopt(server.listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(server.listener, self, length) != 0 ||
      listen(server.listener, SOMAXCONN) != 0 ||
      getsockname(server.listener, (struct sockaddr *)&server.self, &length) !=
          0)
    wire_fail("listen: %s", strerror(errno));
  watch(server.listener, &server.listener);
  watch(server.signals, &server.signals);
}

/* Every client costs two descriptors. */
static void raise_descriptor_limit(void) {
  struct rlimit limit;

  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

static void usage(void) {
  fputs("usage: answer [--listen 127.0.0.1:19042] [--upstream 127.0.0.1:9042]\n"
        "              [--no-upstream]\n"
        "SIGUSR1 prints the count of answered EXECUTEs; so do SIGINT and\n"
        "SIGTERM, which end it. The query " WIRE_COUNT_QUERY
        " returns it as a row.\n",
        stderr);
  exit(2);
}

static void parse_address(struct sockaddr_in *address, const char *text) {
  struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
  struct addrinfo *list;
  const char *colon = strrchr(text, ':');
  char host[256];

  if (colon == NULL || (size_t)(colon - text) >= sizeof host)
    usage();
  memcpy(host, text, (size_t)(colon - text));
  host[colon - text] = '\0';
  if (getaddrinfo(host, colon + 1, &hints, &list) != 0)
    wire_fail("%s: no such address", text);
  memcpy(address, list->ai_addr, sizeof *address);
  freeaddrinfo(list);
}

static void parse(int argc, char **argv) {
  static const struct option names[] = {
      {"listen", required_argument, NULL, 'l'},
      {"upstream", required_argument, NULL, 'u'},
      {"no-upstream", no_argument, NULL, 'n'},
      {NULL, 0, NULL, 0},
  };
  int c;

  parse_address(&server.self, "127.0.0.1:19042");
  parse_address(&server.upstream, "127.0.0.1:9042");
  while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
    if (c == 'l')
      parse_address(&server.self, optarg);
    else if (c == 'u')
      parse_address(&server.upstream, optarg);
    else if (c == 'n')
      server.alone = true;
    else
      usage();
  }
  if (optind < argc)
    usage();
}

int main(int argc, char **argv) {
  char host[INET_ADDRSTRLEN];

  parse(argc, argv);
  raise_descriptor_limit();
  if (server.alone)
    id_learn((const uint8_t *)STAND_IN_ID, strlen(STAND_IN_ID));
  start();
  inet_ntop(AF_INET, &server.self.sin_addr, host, sizeof host);
  printf("listening on %s:%d\n", host, ntohs(server.self.sin_port));
  fflush(stdout);
  serve();
  return 0;
}
