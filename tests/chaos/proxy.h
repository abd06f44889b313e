/* tests/chaos/proxy.h - the proxy: what goes through it, and what is done to
 * it. */
#ifndef CHAOS_PROXY_H
#define CHAOS_PROXY_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum way { UP, DOWN, WAYS }; /* to the node, from the node */

enum { FLOW_BYTES = 16384, NO_CUT = -1 };

/* One direction of a link: what was read is written before more is read, so
 * that a stalled reader is felt by the writer. */
struct flow {
  struct link *link;
  uv_tcp_t *from, *to;
  uv_write_t write;
  size_t len, at; /* read, and of it written */
  size_t piece;   /* being written */
  int64_t cut;    /* bytes until the link is reset, or NO_CUT */
  bool swallowed; /* what comes is dropped, for ever */
  bool reading, writing;
  char bytes[FLOW_BYTES];
};

/* A connection of a client and the one to the node that stands behind it. */
struct link {
  struct link *next, **place;
  struct proxy *proxy;
  uv_tcp_t client, node;
  uv_connect_t connect;
  struct flow flows[WAYS];
  int handles; /* not closed yet */
  bool ending;
};

/* A fault that goes away by itself. */
struct spell {
  uv_timer_t timer;
  bool on;
};

struct proxy {
  uv_loop_t loop;
  uv_tcp_t listener;
  bool listening;
  struct sockaddr_storage here, node;
  struct link *links;
  struct spell stall[WAYS];
  struct spell swallow[WAYS];
  struct spell split;
  struct spell refuse;
  uint64_t random;
};

/* Takes connections again; prints why not and ends the program. */
void proxy_listen(struct proxy *p);
void link_reset(struct link *l);
/* Goes on with what a fault had held up. */
void link_go_on(struct link *l);

/* Reads commands from standard input; at its end the program ends. */
void commands_begin(struct proxy *p);

#endif
