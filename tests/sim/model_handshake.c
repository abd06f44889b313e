/* tests/sim/model_handshake.c - OPTIONS, STARTUP and the login of a new
 * connection. */
#include <string.h>

#include "tests/sim/model_private.h"

/* ---- What is asked ------------------------------------------------------ */

static void startup_refused(struct request *r, const char *why,
                            struct slice what) {
  int len = what.len < 0 ? 0 : what.len < 60 ? (int)what.len : 60;

  r->answer = ANSWER_REFUSED;
  refuse(&r->refusal, ERROR_PROTOCOL, "%s%.*s", why, len,
         len > 0 ? (const char *)what.p : "");
}

static void read_startup(struct request *r, struct in *in) {
  unsigned n = in_short(in);
  struct slice version = {NULL, LEN_NULL};
  struct slice compression = {NULL, LEN_NULL};

  while (n-- > 0 && !in->bad) {
    struct slice key = in_string(in);
    struct slice value = in_string(in);

    if (slice_is(key, "CQL_VERSION"))
      version = value;
    else if (slice_is(key, "COMPRESSION"))
      compression = value;
  }
  if (in->bad || in->left != 0)
    violation("host %u: a STARTUP that does not decode", r->host);
  r->answer = model.plan.login ? ANSWER_AUTHENTICATE : ANSWER_READY;
  if (r->conn->started)
    startup_refused(r,
                    "Unexpected message STARTUP, the connection is already "
                    "initialized",
                    version);
  else if (version.len == LEN_NULL)
    startup_refused(r, "Missing value CQL_VERSION in STARTUP message", version);
  else if (version.len < 1 || version.p[0] < '3')
    startup_refused(r,
                    "CQL version is not supported by the binary protocol "
                    "(supported version are >= 3.0.0): ",
                    version);
  else if (slice_is(compression, "lz4") && !model.plan.no_lz4)
    r->conn->lz4 = true;
  else if (compression.len != LEN_NULL)
    startup_refused(r, "Unknown compression algorithm: ", compression);
}

/* The client knows who it is. */
static void read_login(struct request *r, struct in *in) {
  static const char token[] = "\0sim\0s1m";
  enum { TOKEN = sizeof token - 1 };

  if (in_int(in) != TOKEN || in->bad || in->left != TOKEN ||
      memcmp(in->p, token, TOKEN) != 0)
    violation("host %u: an AUTH_RESPONSE that is no login", r->host);
  r->answer = ANSWER_AUTH_SUCCESS;
}

static uint64_t patience_for(const struct request *r) {
  uint64_t detail = r->odd;

  /* Later than anybody waits, at times. */
  return detail_below(&detail, 13) == 12 ? detail_below(&detail, 20 * SECOND)
                                         : 0;
}

void handshake_arrived(struct request *r, struct in body) {
  uint64_t answer =
      world_now() +
      draw_between(CHANCE_SERVER, model.plan.think_min, model.plan.think_max);

  if (r->opcode == OP_OPTIONS)
    request_decode(r, body);
  else if (r->opcode == OP_AUTH_RESPONSE)
    read_login(r, &body);
  else
    read_startup(r, &body);
  if (fault(FAULT_HANDSHAKE, &r->odd)) {
    r->faults |= BROKEN_HANDSHAKE;
    answer += patience_for(r);
  }
  if (r->answer == ANSWER_READY || r->answer == ANSWER_AUTH_SUCCESS)
    r->conn->started = true;
  r->conn->logging_in = r->answer == ANSWER_AUTHENTICATE;
  request_answer_at(r, answer);
}

/* ---- What goes wrong ---------------------------------------------------- */

static void refuse_handshake(struct out *o, struct request *r,
                             uint64_t *detail) {
  static const struct refusal refusals[] = {
      {ERROR_SERVER, "java.lang.NullPointerException"},
      {ERROR_PROTOCOL, "Invalid or unsupported protocol version (4); the "
                       "lowest supported version is 5 and the greatest is 5"},
      {ERROR_CREDENTIALS, "Provided username and/or password are incorrect"},
      {ERROR_OVERLOADED, "Server is overloaded"},
      {ERROR_BOOTSTRAPPING, "Cannot read from a bootstrapping node"},
      {ERROR_NOBODY_KNOWS, ""}};
  const struct refusal *why =
      &refusals[detail_below(detail, sizeof refusals / sizeof refusals[0])];

  answer_error(o, r->stream, why->code, why->text);
}

static void ask_for_login(struct out *o, struct request *r) {
  out_begin(o, 0, r->stream, OP_AUTHENTICATE);
  out_string(o, "org.apache.cassandra.auth.PasswordAuthenticator");
  out_end(o);
}

/* Keys that nobody has heard of, after those that are true; and at times more
 * keys announced than there are. */
static void rubbish(struct out *o, struct request *r, uint64_t *detail) {
  unsigned keys = (unsigned)detail_below(detail, 60);
  bool cut = detail_below(detail, 2) == 0;

  out_begin(o, 0, r->stream, OP_SUPPORTED);
  answer_supported(o, r->conn, keys + (cut ? 7 : 0));
  for (unsigned i = 0; i < keys; i++) {
    unsigned values = (unsigned)detail_below(detail, 4);
    size_t len = (size_t)detail_below(detail, 9);

    out_short(o, (unsigned)len);
    out_fill(o, (uint8_t)('a' + detail_below(detail, 26)), len);
    out_short(o, values);
    while (values-- > 0)
      out_string(o, values % 2 == 0 ? "" : "17");
  }
  out_end(o);
}

static void send(struct request *r, const struct out *o) {
  wire_send(r->conn->wire, o->bytes, o->len);
  if (o->bytes[4] == OP_ERROR)
    model_counts.errors++;
}

/* Bytes in pieces are no fault at all. */
static void send_split(struct request *r, const struct out *o,
                       uint64_t *detail) {
  size_t sent = 0;

  while (sent < o->len && conn_can_send(r->conn)) {
    size_t n = 1 + (size_t)detail_below(detail, 12);

    if (n > o->len - sent)
      n = o->len - sent;
    wire_send(r->conn->wire, o->bytes + sent, n);
    sent += n;
  }
}

static void send_cut(struct request *r, struct out *o, uint64_t *detail) {
  o->len = (size_t)detail_below(detail, o->len);
  if (o->len > 0)
    wire_send(r->conn->wire, o->bytes, o->len);
  conn_finish(r->conn, true);
}

static void send_broken(struct out *o, struct request *r, uint64_t how,
                        uint64_t *detail) {
  switch (how) {
  case 3:
    refuse_handshake(o, r, detail);
    send(r, o);
    return;
  case 4:
    ask_for_login(o, r);
    send(r, o);
    return;
  case 5:
    o->bytes[0] = detail_below(detail, 2) == 0 ? 0x83 : 0x85;
    send(r, o);
    return;
  case 6:
  case 7:
    rubbish(o, r, detail);
    send(r, o);
    return;
  case 8:
    send(r, o);
    send(r, o);
    return;
  case 9:
    send_cut(r, o, detail);
    return;
  case 12: /* late: see above */
    send(r, o);
    return;
  default:
    send_split(r, o, detail);
  }
}

void handshake_answer(struct out *o, struct request *r) {
  uint64_t detail = r->odd;
  uint64_t how = detail_below(&detail, 13);

  TRACE("host %u: breaks a handshake, way %u", r->host, (unsigned)how);
  if (how == 0)
    return;
  if (how == 3 || how == 4)
    r->conn->started = false;
  conn_set_stream(r->conn, r->stream, STREAM_FREE);
  if (how == 1) {
    conn_reset(r->conn);
  } else if (how == 2) {
    conn_finish(r->conn, true);
  } else {
    answer_frame(o, r);
    send_broken(o, r, how, &detail);
  }
}
