/* tests/sim/model.c - hosts, their connections, and the frames on them. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/model_private.h"

struct model model;
struct model_counts model_counts;

/* ---- A run -------------------------------------------------------------- */

void model_begin(const struct model_plan *plan) {
  static const struct model_counts none;

  model_end();
  memset(&model, 0, sizeof model);
  model.plan = *plan;
  model_counts = none;
  cluster_begin();
  data_begin();
  ledger_begin();
  id_begin();
  requests_begin();
}

void model_end(void) {
  while (model.conns != NULL) {
    struct model_conn *c = model.conns;

    model.conns = c->next;
    free(c->streams);
    free(c->held);
    free(c);
  }
  requests_end();
  cql_end();
  data_end();
  id_end();
  ledger_end();
}

/* ---- Hosts -------------------------------------------------------------- */

static void reset_all(unsigned host) {
  for (struct model_conn *c = model.conns; c != NULL; c = c->next)
    if (c->host == host && c->wire != NULL)
      conn_reset(c);
}

void model_set_host(unsigned host, enum host_state state) {
  struct host *h = &model.hosts[host];

  h->down_until = 0;
  if (h->state == state)
    return;
  h->state = state;
  TRACE("host %u: state %d", host, (int)state);
  if (state != HOST_DOWN && state != HOST_RESETTING)
    return;
  reset_all(host);
  requests_lose(host, NULL, NULL);
}

enum host_state model_host(unsigned host) {
  const struct host *h = &model.hosts[host];

  return h->state == HOST_UP && world_now() < h->down_until ? HOST_DOWN
                                                            : h->state;
}

void model_blind(unsigned host) {
  model.hosts[host].blind = true;
}

bool model_is_crowded(unsigned host) {
  return world_now() < model.hosts[host].crowded_until;
}

void host_crash(unsigned host, uint64_t down_for) {
  TRACE("host %u: crashes", host);
  model.hosts[host].down_until = world_now() + down_for;
  reset_all(host);
  cql_forget_all(host);
}

/* ---- The schema's version ----------------------------------------------- */

uint32_t host_schema_version(unsigned host) {
  const struct host *h = &model.hosts[host];

  return world_now() < h->behind_until ? h->old_version : model.schema_version;
}

/* Half of the hosts hear of it later than the one that made the change. */
void model_schema_changed(void) {
  for (unsigned i = 0; i < model.plan.hosts; i++) {
    struct host *h = &model.hosts[i];
    uint32_t shown = host_schema_version(i);

    if (draw_once_in(CHANCE_SERVER, 2))
      continue;
    h->old_version = shown;
    h->behind_until =
        world_now() + draw_below(CHANCE_SERVER, 300 * MILLISECOND);
  }
  model.schema_version++;
}

/* ---- Connections -------------------------------------------------------- */

struct model_conn *model_accept(unsigned host, unsigned shard, struct wire *w) {
  struct model_conn *c = calloc(1, sizeof *c);

  c->next = model.conns;
  c->wire = w;
  c->host = host;
  c->shard = shard;
  model.conns = c;
  model_counts.connections++;
  return c;
}

static void conn_gone(struct model_conn *c) {
  free(c->held);
  free(c->streams);
  c->held = c->streams = NULL;
  c->held_len = c->held_cap = c->stream_cap = 0;
  c->wire = NULL;
}

void model_gone(struct model_conn *c) {
  conn_gone(c);
}

void conn_reset(struct model_conn *c) {
  struct wire *w = c->wire;

  conn_gone(c);
  wire_reset(w);
}

void conn_finish(struct model_conn *c, bool deaf) {
  c->silent = true;
  c->deaf = deaf;
  wire_finish(c->wire);
}

bool conn_can_send(const struct model_conn *c) {
  return c->wire != NULL && !c->silent;
}

enum stream_state conn_stream(const struct model_conn *c, int stream) {
  return (size_t)stream < c->stream_cap ? (enum stream_state)c->streams[stream]
                                        : STREAM_FREE;
}

void conn_set_stream(struct model_conn *c, int stream, enum stream_state to) {
  if ((size_t)stream >= c->stream_cap) {
    size_t cap = c->stream_cap == 0 ? 64 : c->stream_cap;

    while (cap <= (size_t)stream)
      cap *= 2;
    c->streams = realloc(c->streams, cap);
    memset(c->streams + c->stream_cap, 0, cap - c->stream_cap);
    c->stream_cap = cap;
  }
  c->streams[stream] = (uint8_t)to;
}

/* ---- Frames ------------------------------------------------------------- */

static const char *opcode_name(enum opcode opcode) {
  static const char *const names[] = {
      "ERROR",       "STARTUP", "READY",          "AUTHENTICATE",
      "CREDENTIALS", "OPTIONS", "SUPPORTED",      "QUERY",
      "RESULT",      "PREPARE", "EXECUTE",        "REGISTER",
      "EVENT",       "BATCH",   "AUTH_CHALLENGE", "SASL_RESPONSE"};

  return opcode < sizeof names / sizeof names[0] ? names[opcode] : "?";
}

/* What is wrong before a request is decoded is told on stream 0. */
static void refuse_frame(struct model_conn *c, unsigned version, int stream,
                         const char *text) {
  static struct out o;

  if (!conn_can_send(c) || model_host(c->host) != HOST_UP)
    return;
  answer_error(&o, stream, ERROR_PROTOCOL, text);
  o.bytes[0] = (uint8_t)version;
  wire_send(c->wire, o.bytes, o.len);
  model_counts.errors++;
}

/* As a server that speaks v3 to v5 and was told by us to speak v4 alone. */
static void refuse_version(struct model_conn *c, unsigned version) {
  struct refusal r;

  refuse(&r, ERROR_PROTOCOL,
         "Invalid or unsupported protocol version (%u); supported versions "
         "are (3/v3, 4/v4, 5/v5, 6/v6-beta)",
         version);
  refuse_frame(c, version <= 2 ? 0x80 | version : 0x85, 0, r.text);
}

static void take_request(struct model_conn *c, enum opcode opcode, int stream,
                         struct in body) {
  struct refusal r;

  if (opcode == OP_ERROR || opcode == OP_READY || opcode == OP_AUTHENTICATE ||
      opcode == OP_SUPPORTED || opcode == OP_RESULT || opcode == OP_EVENT ||
      opcode == 0x04 || opcode == 0x0e || opcode > OP_AUTH_RESPONSE) {
    refuse(&r, ERROR_PROTOCOL, "Unknown opcode %u", (unsigned)opcode);
    refuse_frame(c, VERSION_RESPONSE, 0, r.text);
  } else if (opcode == OP_AUTH_RESPONSE && c->logging_in) {
    request_arrived(c, opcode, stream, body);
  } else if (!c->started && opcode != OP_OPTIONS && opcode != OP_STARTUP) {
    refuse(&r, ERROR_PROTOCOL,
           "Unexpected message %s, expecting STARTUP or OPTIONS",
           opcode_name(opcode));
    refuse_frame(c, VERSION_RESPONSE, stream, r.text);
  } else {
    request_arrived(c, opcode, stream, body);
  }
}

static void take_frame(struct model_conn *c, const uint8_t *p, uint32_t len) {
  int stream = (int16_t)load16(p + 2);
  enum opcode opcode = (enum opcode)p[4];
  struct in body = {p + HEADER_LEN, len, false};
  uint8_t *plain = NULL;

  model_counts.requests++;
  if ((p[0] & 0x80) != 0)
    violation("host %u: a frame of the client that is no request: 0x%02x",
              c->host, p[0]);
  if (p[0] != VERSION_REQUEST) {
    refuse_version(c, p[0]);
    return;
  }
  if ((p[1] & ~FLAG_COMPRESSED) != 0 || stream < 0)
    violation("host %u: a header with flags 0x%02x, stream %d", c->host, p[1],
              stream);
  if (p[1] != 0)
    plain = lz4_request(c, opcode, &body);
  take_request(c, opcode, stream, body);
  free(plain);
}

/* Complete frames; the number of bytes that they took. */
static size_t take_frames(struct model_conn *c, const uint8_t *p, size_t n) {
  size_t taken = 0;

  while (c->wire != NULL && !c->deaf && n - taken >= HEADER_LEN) {
    const uint8_t *frame = p + taken;
    uint32_t len = load32(frame + 5);

    if (len > 256u << 20)
      violation("host %u: a frame of %u bytes", c->host, (unsigned)len);
    if (len > n - taken - HEADER_LEN)
      break;
    taken += HEADER_LEN + len;
    take_frame(c, frame, len);
  }
  return taken;
}

static void hold(struct model_conn *c, const uint8_t *p, size_t n) {
  if (n == 0)
    return;
  if (c->held_len + n > c->held_cap) {
    c->held_cap = (c->held_len + n) * 2;
    c->held = realloc(c->held, c->held_cap);
  }
  memcpy(c->held + c->held_len, p, n);
  c->held_len += n;
}

/* What is taken may end the connection, and its buffer with it: out of the way
 * first. */
static void receive_held(struct model_conn *c) {
  uint8_t *bytes = c->held;
  size_t n = c->held_len, taken;

  c->held = NULL;
  c->held_len = c->held_cap = 0;
  taken = take_frames(c, bytes, n);
  if (c->wire != NULL)
    hold(c, bytes + taken, n - taken);
  free(bytes);
}

void model_receive(struct model_conn *c, const uint8_t *bytes, size_t n) {
  size_t taken;

  if (c->wire == NULL || c->deaf)
    return;
  if (model_host(c->host) == HOST_RESETTING) {
    conn_reset(c);
    return;
  }
  if (c->held_len > 0) {
    hold(c, bytes, n);
    receive_held(c);
    return;
  }
  taken = take_frames(c, bytes, n);
  if (c->wire != NULL)
    hold(c, bytes + taken, n - taken);
}
