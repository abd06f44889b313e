/* tests/chaos/proxy.c - a TCP proxy that does harm when it is told to.
 *
 *   chaos_proxy ADDRESS PORT NODE-ADDRESS NODE-PORT SEED
 *
 * It never changes, repeats or reorders a byte: what it does to connections is
 * what networks do to them.  The commands are those of proxy_commands.c. */
#include "tests/chaos/proxy.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/chaos/mix.h"

enum {
  BACKLOG = 128,
  PIECE_MOST = 16,
  RECEIVE_BYTES = 8192,
  SEGMENT_BYTES = 536
};

static void die(const char *what, int rc) {
  fprintf(stderr, "chaos_proxy: %s: %s\n", what, uv_strerror(rc));
  exit(1);
}

/* ---- The end of a link -------------------------------------------------- */

static void on_closed(uv_handle_t *handle) {
  struct link *l = handle->data;

  if (--l->handles == 0)
    free(l);
}

static bool link_leave(struct link *l) {
  if (l->ending)
    return false;
  l->ending = true;
  *l->place = l->next;
  if (l->next != NULL)
    l->next->place = l->place;
  return true;
}

static void link_close(struct link *l) {
  if (!link_leave(l))
    return;
  uv_close((uv_handle_t *)&l->client, on_closed);
  uv_close((uv_handle_t *)&l->node, on_closed);
}

/* Both sides see ECONNRESET, and what was on its way is lost. */
void link_reset(struct link *l) {
  if (!link_leave(l))
    return;
  if (uv_tcp_close_reset(&l->client, on_closed) != 0)
    uv_close((uv_handle_t *)&l->client, on_closed);
  if (uv_tcp_close_reset(&l->node, on_closed) != 0)
    uv_close((uv_handle_t *)&l->node, on_closed);
}

/* ---- Bytes -------------------------------------------------------------- */

static enum way flow_way(const struct flow *f) {
  return f == &f->link->flows[UP] ? UP : DOWN;
}

static void flow_go_on(struct flow *f);

static void on_written(uv_write_t *write, int status) {
  struct flow *f = write->data;

  f->writing = false;
  if (f->link->ending)
    return;
  if (status != 0) {
    link_close(f->link);
    return;
  }
  f->at += f->piece;
  if (f->cut != NO_CUT)
    f->cut -= (int64_t)f->piece;
  flow_go_on(f);
}

static size_t flow_piece(const struct flow *f) {
  struct proxy *p = f->link->proxy;
  size_t piece = f->len - f->at;

  if (p->split.on && piece > PIECE_MOST)
    piece = PIECE_MOST;
  if (p->split.on)
    piece = 1 + mix_below(&p->random, (uint32_t)piece);
  if (f->cut != NO_CUT && (int64_t)piece > f->cut)
    piece = (size_t)f->cut;
  return piece;
}

static void flow_write(struct flow *f) {
  uv_buf_t buf;

  f->piece = flow_piece(f);
  buf = uv_buf_init(f->bytes + f->at, (unsigned)f->piece);
  f->write.data = f;
  f->writing = true;
  if (uv_write(&f->write, (uv_stream_t *)f->to, &buf, 1, on_written) != 0) {
    f->writing = false;
    link_close(f->link);
  }
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  struct link *l = handle->data;
  struct flow *f = &l->flows[handle == (uv_handle_t *)&l->client ? UP : DOWN];

  (void)suggested;
  *buf = uv_buf_init(f->bytes, sizeof f->bytes);
}

static void flow_read_stop(struct flow *f) {
  uv_read_stop((uv_stream_t *)f->from);
  f->reading = false;
}

static void on_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  struct link *l = stream->data;
  struct flow *f = &l->flows[stream == (uv_stream_t *)&l->client ? UP : DOWN];

  (void)buf;
  if (n < 0) {
    link_close(l);
    return;
  }
  flow_read_stop(f);
  f->len = (size_t)n;
  f->at = 0;
  flow_go_on(f);
}

static void flow_read_start(struct flow *f) {
  if (f->reading)
    return;
  f->reading = true;
  if (uv_read_start((uv_stream_t *)f->from, on_room, on_bytes) != 0)
    link_close(f->link);
}

/* The one place that decides what happens next to a direction. */
static void flow_go_on(struct flow *f) {
  if (f->link->ending || f->writing)
    return;
  if (f->swallowed)
    f->at = f->len;
  if (f->cut == 0)
    link_reset(f->link);
  else if (f->link->proxy->stall[flow_way(f)].on)
    flow_read_stop(f);
  else if (f->at < f->len)
    flow_write(f);
  else
    flow_read_start(f);
}

void link_go_on(struct link *l) {
  if (uv_is_readable((uv_stream_t *)&l->node)) /* else not connected yet */
    for (int way = 0; way < WAYS; way++)
      flow_go_on(&l->flows[way]);
}

/* ---- The beginning of a link -------------------------------------------- */

static void on_connected(uv_connect_t *connect, int status) {
  struct link *l = connect->data;

  if (l->ending)
    return;
  if (status != 0) {
    link_reset(l);
    return;
  }
  uv_tcp_nodelay(&l->client, 1);
  uv_tcp_nodelay(&l->node, 1);
  link_go_on(l);
}

static struct link *link_new(struct proxy *p) {
  struct link *l = calloc(1, sizeof *l);

  if (l == NULL)
    die("a link", UV_ENOMEM);
  l->proxy = p;
  l->handles = 2;
  uv_tcp_init(&p->loop, &l->client);
  uv_tcp_init(&p->loop, &l->node);
  l->client.data = l->node.data = l->connect.data = l;
  l->flows[UP] = (struct flow){.from = &l->client, .to = &l->node};
  l->flows[DOWN] = (struct flow){.from = &l->node, .to = &l->client};
  for (int way = 0; way < WAYS; way++) {
    l->flows[way].link = l;
    l->flows[way].cut = NO_CUT;
    l->flows[way].swallowed = p->swallow[way].on;
  }
  l->next = p->links;
  l->place = &p->links;
  if (l->next != NULL)
    l->next->place = &l->next;
  p->links = l;
  return l;
}

static void on_client(uv_stream_t *listener, int status) {
  struct proxy *p = listener->data;
  struct link *l;

  if (status != 0)
    return;
  l = link_new(p);
  if (uv_accept(listener, (uv_stream_t *)&l->client) != 0 ||
      uv_tcp_connect(&l->connect, &l->node, (struct sockaddr *)&p->node,
                     on_connected) != 0)
    link_reset(l);
}

/* Small segments and little room for what arrives: a client's own socket is
 * then full after some tens of KiB, where the loopback's would take megabytes.
 * That is when frames are written in parts. */
static int be_narrow(uv_tcp_t *listener) {
  int segment = SEGMENT_BYTES, room = RECEIVE_BYTES;
  int rc, fd;

  rc = uv_fileno((uv_handle_t *)listener, &fd);
  if (rc == 0 &&
      setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment) != 0)
    rc = uv_translate_sys_error(errno);
  if (rc == 0)
    rc = uv_recv_buffer_size((uv_handle_t *)listener, &room);
  return rc;
}

void proxy_listen(struct proxy *p) {
  int rc;

  uv_tcp_init(&p->loop, &p->listener);
  p->listener.data = p;
  rc = uv_tcp_bind(&p->listener, (struct sockaddr *)&p->here, 0);
  if (rc == 0)
    rc = be_narrow(&p->listener);
  if (rc == 0)
    rc = uv_listen((uv_stream_t *)&p->listener, BACKLOG, on_client);
  if (rc != 0)
    die("listening", rc);
  p->listening = true;
}

int main(int argc, char **argv) {
  static struct proxy p;

  if (argc != 6 ||
      uv_ip4_addr(argv[1], atoi(argv[2]), (struct sockaddr_in *)&p.here) ||
      uv_ip4_addr(argv[3], atoi(argv[4]), (struct sockaddr_in *)&p.node)) {
    fprintf(stderr, "usage: chaos_proxy ADDRESS PORT NODE-ADDRESS NODE-PORT "
                    "SEED\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  p.random = strtoull(argv[5], NULL, 10);
  uv_loop_init(&p.loop);
  proxy_listen(&p);
  commands_begin(&p);
  uv_run(&p.loop, UV_RUN_DEFAULT);
  return 0;
}
