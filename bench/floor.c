/* bench/floor.c: the least that counter increments can cost a client: one
 * connection, frames made before the run, a copy and a stream id for each
 * operation, as few system calls as there are wake-ups. A closed loop: every
 * answer is followed by the next increment until the time is over. It routes
 * nothing, retries nothing, and stops at the first answer that is not Void. */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "report.h"
#include "wire.h"

enum {
  KEYS = 1000,
  SLOT = 80, /* holds one frame: 72 bytes with ids of 16 */
  VOID_FRAME = WIRE_HEADER + 4,
  STREAMS = 32768,
  READ_SIZE = 65536,
  PATIENCE_MS = 10000
};

static const char *const schema[] = {
    "CREATE KEYSPACE IF NOT EXISTS bench WITH replication = "
    "{'class': 'SimpleStrategy', 'replication_factor': 1}",
    "CREATE TABLE IF NOT EXISTS bench.page_hits (\"url\" text PRIMARY KEY, "
    "\"views\" counter, \"unique_visitors\" counter)",
};

static const char update[] =
    "UPDATE bench.page_hits SET \"views\" = \"views\" + ?, "
    "\"unique_visitors\" = \"unique_visitors\" + ? WHERE \"url\" = ?";

struct floor_options {
  const char *host;
  const char *port;
  unsigned in_flight;
  double seconds;
  size_t step; /* bytes of output that are sent at once */
  bool json;
};

struct run {
  int fd;
  bool blocked; /* the socket takes no more for now */
  bool over;    /* no new operations */
  unsigned open;
  unsigned next_key;
  size_t frame_size;
  size_t step;
  size_t filled; /* of out, all of it unsent */
  size_t unread; /* of in: the start of an answer */
  uint64_t now;  /* read once after every recv */
  uint64_t end;
  uint8_t *out;
  struct report report;
  uint64_t started[STREAMS];
  uint8_t frames[KEYS][SLOT];
  uint8_t in[READ_SIZE];
};

/* A step of the handshake: what is in b goes out, the answer replaces it. */
static void call(int fd, struct wire_buffer *b, int want, const char *what) {
  int opcode = wire_call(fd, b);
  const uint8_t *body = b->data + WIRE_HEADER;

  if (opcode == -1)
    wire_fail("%s: %s", what, errno ? strerror(errno) : "connection closed");
  if (opcode == WIRE_ERROR && b->end >= WIRE_HEADER + 6) {
    size_t room = b->end - WIRE_HEADER - 6;
    size_t length = wire_u16(body + 4);

    wire_fail("%s: %.*s", what, (int)(length < room ? length : room),
              (const char *)body + 6);
  }
  if (opcode != want)
    wire_fail("%s: answered with opcode %d", what, opcode);
}

static void start_up(int fd, struct wire_buffer *b) {
  size_t mark;
  size_t i;

  b->end = 0;
  wire_end(b, wire_begin(b, WIRE_VERSION, 0, WIRE_OPTIONS));
  call(fd, b, WIRE_SUPPORTED, "OPTIONS");

  b->end = 0;
  mark = wire_begin(b, WIRE_VERSION, 0, WIRE_STARTUP);
  wire_put_u16(b, 1);
  wire_put_string(b, "CQL_VERSION");
  wire_put_string(b, "3.0.0");
  wire_end(b, mark);
  call(fd, b, WIRE_READY, "STARTUP");

  for (i = 0; i < sizeof schema / sizeof schema[0]; i++) {
    b->end = 0;
    wire_put_query(b, schema[i]);
    call(fd, b, WIRE_RESULT, schema[i]);
  }
}

/* Leaves RESULT/Prepared in b and returns the [short bytes] of its id. */
static const uint8_t *prepare(int fd, struct wire_buffer *b) {
  const uint8_t *body;
  size_t mark;

  b->end = 0;
  mark = wire_begin(b, WIRE_VERSION, 0, WIRE_PREPARE);
  wire_put_long_string(b, update);
  wire_end(b, mark);
  call(fd, b, WIRE_RESULT, "PREPARE");
  body = b->data + WIRE_HEADER;
  if (b->data[1] != 0 || b->end < WIRE_HEADER + 6 ||
      wire_u32(body) != WIRE_PREPARED ||
      b->end < WIRE_HEADER + 6U + wire_u16(body + 4))
    wire_fail("PREPARE: not an answer this bench understands");
  return body + 4;
}

static void make_frames(struct run *r, const uint8_t *id) {
  struct wire_buffer b = {0};
  unsigned i;

  for (i = 0; i < KEYS; i++) {
    char url[32];
    size_t mark;

    snprintf(url, sizeof url, "/page/%06u", i);
    b.end = 0;
    mark = wire_begin(&b, WIRE_VERSION, 0, WIRE_EXECUTE);
    wire_put(&b, id, 2U + wire_u16(id));
    wire_put_u16(&b, WIRE_LOCAL_ONE);
    wire_put(&b, "\x01", 1); /* values follow */
    wire_put_u16(&b, 3);
    wire_put_u32(&b, 8);
    wire_put_u64(&b, 1);
    wire_put_u32(&b, 8);
    wire_put_u64(&b, 1);
    wire_put_long_string(&b, url);
    wire_end(&b, mark);
    if (b.end > SLOT)
      wire_fail("a frame of %zu bytes does not fit", b.end);
    memcpy(r->frames[i], b.data, b.end);
    r->frame_size = b.end; /* the same for all */
  }
  wire_free(&b);
}

/* Every stream has one unsent frame at most, so out never overflows as long
 * as what is unsent starts at its front. */
static void flush(struct run *r) {
  size_t sent = 0;

  while (sent < r->filled) {
    ssize_t n = send(r->fd, r->out + sent, r->filled - sent, MSG_NOSIGNAL);

    if (n < 0 && errno != EAGAIN && errno != EINTR)
      wire_fail("send: %s", strerror(errno));
    r->blocked = n < 0 && errno == EAGAIN;
    if (r->blocked)
      break;
    sent += n > 0 ? (size_t)n : 0;
  }
  r->filled -= sent;
  if (r->filled > 0)
    memmove(r->out, r->out + sent, r->filled);
}

/* Copies a whole slot: a size known to the compiler is cheaper than the few
 * bytes saved, and the next frame overwrites the surplus. */
static void submit(struct run *r, uint16_t stream) {
  uint8_t *p = r->out + r->filled;

  memcpy(p, r->frames[r->next_key], SLOT);
  wire_store_u16(p + 2, stream);
  r->next_key = r->next_key + 1 < KEYS ? r->next_key + 1 : 0;
  r->started[stream] = r->now;
  r->filled += r->frame_size;
  if (r->filled >= r->step && !r->blocked)
    flush(r);
}

static void complete(struct run *r, const uint8_t *frame) {
  uint16_t stream = wire_u16(frame + 2) & (STREAMS - 1);

  /* Version, flags and opcode; then length 4 and kind Void. */
  if (frame[0] != (WIRE_VERSION | WIRE_FROM_SERVER) || frame[1] != 0 ||
      frame[4] != WIRE_RESULT ||
      wire_u64(frame + 5) != (UINT64_C(4) << 32 | WIRE_VOID))
    wire_fail("an increment was answered with opcode %d, not Void", frame[4]);
  histogram_add(&r->report.latency, r->now - r->started[stream]);
  r->report.ops++;
  if (r->over)
    r->open--;
  else
    submit(r, stream);
}

static void receive(struct run *r) {
  ssize_t n = recv(r->fd, r->in + r->unread, sizeof r->in - r->unread, 0);
  size_t have, at;

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n <= 0)
    wire_fail("recv: %s", n < 0 ? strerror(errno) : "connection closed");
  r->now = report_now_ns();
  r->over = r->now >= r->end;
  have = r->unread + (size_t)n;
  for (at = 0; have - at >= VOID_FRAME; at += VOID_FRAME)
    complete(r, r->in + at);
  r->unread = have - at;
  memmove(r->in, r->in + at, r->unread);
}

static void loop(struct run *r) {
  struct epoll_event event = {.events = EPOLLIN};
  bool watched = false; /* for room to write, too */
  int epoll = epoll_create1(EPOLL_CLOEXEC);

  if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, r->fd, &event) != 0)
    wire_fail("epoll: %s", strerror(errno));
  while (r->open > 0) {
    int n;

    flush(r);
    if (r->blocked != watched) {
      watched = r->blocked;
      event.events = watched ? EPOLLIN | EPOLLOUT : EPOLLIN;
      epoll_ctl(epoll, EPOLL_CTL_MOD, r->fd, &event);
    }
    n = epoll_wait(epoll, &event, 1, PATIENCE_MS);
    if (n == 0)
      wire_fail("no answer within %d ms", PATIENCE_MS);
    if (n > 0 && (event.events & ~(uint32_t)EPOLLOUT) != 0)
      receive(r);
  }
  close(epoll);
}

static void measure(struct run *r, const struct floor_options *o) {
  unsigned i;

  r->step = o->step > 0 ? o->step : SIZE_MAX;
  r->open = o->in_flight;
  r->report.client = "floor";
  r->report.in_flight = o->in_flight;
  report_start(&r->report, o->host, o->port);
  r->now = report_now_ns();
  r->end = r->now + (uint64_t)(o->seconds * 1e9);
  for (i = 0; i < o->in_flight; i++)
    submit(r, (uint16_t)i);
  loop(r);
  report_stop(&r->report, o->host, o->port);
}

static void usage(void) {
  fputs("usage: floor [--host 127.0.0.1] [--port 19042] [--in-flight 1024]\n"
        "             [--seconds 3.5] [--step 32768] [--json]\n"
        "  --step BYTES  send each that many at once; 0: once per recv\n",
        stderr);
  exit(2);
}

static unsigned long number(const char *text, unsigned long most) {
  char *rest;
  unsigned long n = strtoul(text, &rest, 10);

  if (*text < '0' || *text > '9' || *rest != '\0' || n > most)
    usage();
  return n;
}

static double duration(const char *text) {
  char *rest;
  double seconds = strtod(text, &rest);

  if (rest == text || *rest != '\0' || !(seconds > 0 && seconds <= 3600))
    usage();
  return seconds;
}

static void parse(struct floor_options *o, int argc, char **argv) {
  static const struct option names[] = {
      {"host", required_argument, NULL, 'h'},
      {"port", required_argument, NULL, 'p'},
      {"in-flight", required_argument, NULL, 'n'},
      {"seconds", required_argument, NULL, 's'},
      {"step", required_argument, NULL, 'b'},
      {"json", no_argument, NULL, 'j'},
      {NULL, 0, NULL, 0},
  };
  int c;

  while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
    if (c == 'h')
      o->host = optarg;
    else if (c == 'p')
      o->port = optarg;
    else if (c == 'n')
      o->in_flight = (unsigned)number(optarg, STREAMS);
    else if (c == 's')
      o->seconds = duration(optarg);
    else if (c == 'b')
      o->step = number(optarg, 1UL << 30);
    else if (c == 'j')
      o->json = true;
    else
      usage();
  }
  if (optind < argc || o->in_flight == 0)
    usage();
}

int main(int argc, char **argv) {
  struct floor_options o = {.host = "127.0.0.1",
                            .port = "19042",
                            .in_flight = 1024,
                            .seconds = 3.5,
                            .step = 32768};
  static struct run r; /* static, so that pages never used stay unmapped */
  struct wire_buffer b = {0};

  parse(&o, argc, argv);
  r.fd = wire_dial(o.host, o.port);
  if (r.fd < 0)
    wire_fail("%s port %s: %s", o.host, o.port, strerror(errno));
  r.out = malloc((size_t)o.in_flight * SLOT + SLOT);
  if (r.out == NULL)
    wire_fail("out of memory");
  start_up(r.fd, &b);
  make_frames(&r, prepare(r.fd, &b));
  wire_free(&b);
  fcntl(r.fd, F_SETFL, O_NONBLOCK);
  measure(&r, &o);
  close(r.fd);
  free(r.out);
  return report_print(&r.report, o.json);
}
