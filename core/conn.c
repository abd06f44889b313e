#include "core/conn.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/encode.h"
#include "core/handshake.h"
#include "core/late.h"
#include "core/locality.h"
#include "core/lost.h"
#include "core/mark.h"

/* A draining connection whose answers stay away is closed at last. */
#define DRAIN_NS (60 * UINT64_C(1000000000))

/* Of the socket, in a turn: others have connections, too. */
enum { READS = 4 };
/* ... and at the end of a connection: megabytes, since what lies there is lost
 * else; and not for as long as its peer likes. */
enum { LAST_READS = 256 };

static void conn_event(struct conn *conn, enum conn_event event,
                       const struct failure *why);

/* One that names the peer. */
static void conn_failure(const struct conn *conn, struct failure *f, int code,
                         const char *what) {
  failure_init(f, code, OUTCOME_NOT_APPLIED, what);
  memcpy(f->host, conn->peer.name, sizeof f->host);
}

static void failed_with(struct conn *conn, int code, const char *what,
                        const char *detail) {
  struct failure f;

  conn_failure(conn, &f, code, what);
  failure_detail(&f, "%s", detail);
  conn_event(conn, CONN_EV_FAIL, &f);
}

static void broke_rules(struct conn *conn, const char *detail) {
  failed_with(conn, FAILURE_PROTOCOL, "the server broke the protocol", detail);
}

/* ---- Sending ------------------------------------------------------------ */

static void want_writable(struct conn *conn) {
  bool want =
      channel_is_pending(&conn->channel) ||
      (output_pending(&conn->out) > 0 && !channel_is_blocked(&conn->channel));

  if (want == conn->wants_writable)
    return;
  conn->wants_writable = want;
  net_socket_want_writable(conn->channel.socket, want);
}

static void write_now(struct conn *conn) {
  int rc;

  if (conn->write_error != 0 || conn->channel.socket == NULL)
    return;
  rc = output_flush(&conn->out, &conn->channel);
  if (rc == 0) {
    want_writable(conn);
    return;
  }
  /* This may be inside a call of the user's: the next turn deals with it. */
  conn->write_error = rc;
  list_push(&conn->context->troubled, &conn->trouble);
  net_loop_hurry(conn->context->net);
}

void conn_flush(struct conn *conn) {
  /* A system that would not take more says when it will. */
  if (!conn->wants_writable)
    write_now(conn);
}

static void send_control(struct conn *conn, enum cql_opcode opcode) {
  size_t n = handshake_encode(opcode, &conn->peer, &conn->login, NULL, 0);
  uint8_t *to = output_room(&conn->out, &conn->context->heap, n);

  /* Without room there is traffic enough to show whether the peer lives. */
  if (to == NULL)
    return;
  handshake_encode(opcode, &conn->peer, &conn->login, to, n);
  output_commit(&conn->out, n);
  conn->out.secret |= opcode == CQL_OP_AUTH_RESPONSE;
}

static void send_heartbeat(struct conn *conn) {
  heartbeat_ask(&conn->heartbeat, conn->context->now);
  timer_set(&conn->context->timers, &conn->timer,
            conn->context->now + conn->context->config.heartbeat_timeout);
  send_control(conn, CQL_OP_OPTIONS);
}

/* Where the frame of n bytes may stand; what is in the way is sent first. */
static uint8_t *room_for(struct conn *conn, size_t n) {
  const struct net_heap *heap = &conn->context->heap;
  uint8_t *to = output_room(&conn->out, heap, n);

  if (to != NULL || output_pending(&conn->out) == 0)
    return to;
  MARK(output_full);
  conn_flush(conn);
  return output_room(&conn->out, heap, n);
}

static enum conn_sent encode_into_output(struct conn *conn, struct op *op,
                                         struct cql_span id) {
  struct output *out = &conn->out;
  size_t room = out->cap - out->tail;
  uint8_t *to = out->buf + out->tail;
  size_t n = op_encode(op, id, to, room);

  if (n == 0)
    return CONN_TOO_LARGE;
  if (n > room) {
    to = room_for(conn, n);
    if (to == NULL)
      return output_pending(out) == 0 && conn->write_error == 0 ? CONN_NO_MEMORY
                                                                : CONN_FULL;
    op_encode(op, id, to, n);
  }
  if (conn->peer.lz4)
    n = compress_frame(&conn->context->compress, &conn->context->heap, to, n);
  output_commit(out, n);
  return CONN_SENT;
}

enum conn_sent conn_send(struct conn *conn, struct op *op, struct cql_span id) {
  const struct context *c = conn->context;
  enum conn_sent sent;

  ENSURE(op->state == OP_QUEUED || op->state == OP_WAITING || op->own);
  if (conn->state != CONN_READY || conn->write_error != 0)
    return CONN_FULL;
  if (conn->in_flight >= c->config.connection_max_in_flight && !op->own) {
    MARK(connection_full);
    return CONN_FULL;
  }
  /* After a long silence the peer may be gone without a word: ask, so that
   * this is noticed before the operation's own deadline. */
  if (heartbeat_is_old(&conn->heartbeat, &c->config, c->now)) {
    MARK(heartbeat_before_send);
    send_heartbeat(conn);
  }
  op->stream = streams_next(&conn->streams);
  if (op->stream == 0) {
    MARK(stream_ids_exhausted);
    return CONN_FULL;
  }
  sent = encode_into_output(conn, op, id);
  if (sent != CONN_SENT)
    return sent;
  streams_take(&conn->streams, op->stream, op);
  op->state = OP_SENT;
  op->conn = conn;
  op->end_offset = conn->out.queued;
  list_remove(&op->queue);
  list_push(&conn->sent, &op->queue);
  conn->in_flight++;
  ++*conn->load;
  if (output_pending(&conn->out) >= OUTPUT_STEP)
    conn_flush(conn);
  return CONN_SENT;
}

static void check_empty(struct conn *conn) {
  if (conn->state == CONN_DRAINING && conn->in_flight == 0 &&
      conn->answers_owed == 0) {
    struct failure f;

    ENSURE(list_empty(&conn->sent));
    MARK(drain_finished);
    conn_failure(conn, &f, FAILURE_LOST, "replaced");
    conn_event(conn, CONN_EV_EMPTY, &f);
  }
}

void conn_abandon(struct conn *conn, struct op *op) {
  struct context *c = conn->context;
  struct op *forgotten;

  ENSURE(op->state == OP_SENT && op->conn == conn && conn->in_flight > 0);
  list_remove(&op->queue);
  conn->in_flight--;
  conn->answers_owed++;
  forgotten = late_keep(c, op);
  if (forgotten == NULL)
    return;
  streams_forget(&forgotten->conn->streams, forgotten->stream);
  if (forgotten != op) /* which ends now, and gives its slot back then */
    op_release(&c->heap, forgotten);
}

/* ---- Receiving ---------------------------------------------------------- */

static void on_answer(struct conn *conn, const struct cql_frame *frame) {
  struct op *op = streams_find(&conn->streams, frame->header.stream);

  if (op == NULL) {
    char detail[64];

    MARK(stray_stream);
    snprintf(detail, sizeof detail, "it answered stream %d, which nobody asked",
             (int)frame->header.stream);
    broke_rules(conn, detail);
    return;
  }
  /* Whatever it says is not about this request, which may still be sent. */
  if (!streams_is_forgotten(op) && op->state == OP_SENT &&
      op->end_offset > conn->out.accepted) {
    broke_rules(conn, "it answered a request that it did not have yet");
    return;
  }
  if (conn->write_error != 0)
    MARK(write_error_then_answers);
  ENSURE(streams_is_forgotten(op) ||
         (op->conn == conn && op->stream == frame->header.stream));
  streams_release(&conn->streams, frame->header.stream);
  conn->last_answer = conn->context->now;
  --*conn->load;
  if (streams_is_forgotten(op)) {
    MARK(late_reply_forgotten);
    conn->answers_owed--;
  } else if (op->state == OP_UNSETTLED) {
    conn->answers_owed--;
    late_answered(conn->context, op, frame, &conn->peer);
  } else {
    ENSURE(op->state == OP_SENT && conn->in_flight > 0);
    conn->in_flight--;
    conn->owner->answered(conn->owner_arg, conn, op, frame);
  }
  check_empty(conn);
}

static void on_control(struct conn *conn, const struct cql_frame *frame) {
  struct context *c = conn->context;
  struct failure why;
  enum conn_event event =
      handshake_event(c, frame, conn->state, &conn->peer, &conn->login, &why);

  if (event == CONN_EV_SUPPORTED) {
    conn->heartbeat.asked = 0;
    /* The next one follows a silence, not the patience for this answer. */
    if (conn->state >= CONN_READY) {
      MARK(heartbeat_answered);
      timer_set(&c->timers, &conn->timer,
                heartbeat_due(&conn->heartbeat, &c->config));
    }
  }
  conn_event(conn, event, &why);
}

static void on_frame(struct conn *conn, const struct cql_frame *frame) {
  if (frame->header.stream > 0) {
    on_answer(conn, frame);
  } else if (frame->header.stream == 0) {
    on_control(conn, frame);
  } else if (frame->header.opcode == CQL_OP_EVENT) {
    conn->owner->event(conn->owner_arg, conn, frame);
  } else {
    MARK(negative_stream);
    broke_rules(conn, "it answered a negative stream");
  }
}

static void on_no_frame(struct conn *conn, enum cql_rc rc) {
  struct failure why;

  conn_failure(conn, &why, FAILURE_PROTOCOL, "");
  input_describe(&conn->in, rc, &why);
  conn_event(conn, CONN_EV_FAIL, &why);
}

static void take_compressed(struct conn *conn, struct cql_frame *frame) {
  struct context *c = conn->context;
  struct failure why;

  conn_failure(conn, &why, FAILURE_PROTOCOL, "the server broke the protocol");
  if (compress_open(&c->compress, &c->heap, conn->peer.lz4, c->config.max_frame,
                    frame, &why))
    on_frame(conn, frame);
  else
    conn_event(conn, CONN_EV_FAIL, &why);
  compress_done(&c->compress, &c->heap);
}

static void take_frames(struct conn *conn) {
  struct cql_frame frame;
  enum cql_rc rc = CQL_OK;

  while (conn->state != CONN_CLOSED && rc == CQL_OK) {
    rc = input_next(&conn->in, &frame);
    if (rc == CQL_OK) {
      conn->heartbeat.heard = conn->context->now;
      if (frame.header.flags & CQL_FLAG_COMPRESSED)
        take_compressed(conn, &frame);
      else
        on_frame(conn, &frame);
    } else if (rc != CQL_MORE) {
      on_no_frame(conn, rc);
    }
  }
}

/* One read.  True when more may wait. */
static bool read_once(struct conn *conn) {
  bool young = conn->state < CONN_READY;
  bool blocked = channel_is_blocked(&conn->channel);
  ptrdiff_t n = input_read(&conn->in, &conn->context->heap, &conn->channel);

  if (n == -EAGAIN || n == -EWOULDBLOCK)
    return false;
  if (n == -ENOMEM) {
    MARK(oom_input);
    failed_with(conn, FAILURE_NO_MEMORY, "out of memory", "");
    return false;
  }
  if (n <= 0) {
    if (young && n == 0)
      MARK(handshake_cut);
    /* It may not like who the client is, which it says after TLS. */
    failed_with(conn,
                !young         ? FAILURE_LOST
                : n == -EPROTO ? FAILURE_TLS
                               : FAILURE_CONNECT,
                young ? "the server closed the connection"
                      : "the connection was lost",
                n == 0 ? "closed by the server"
                       : channel_error_text(&conn->channel, n));
    return false;
  }
  take_frames(conn);
  if (conn->state == CONN_CLOSED)
    return false;
  /* TLS itself has an answer, or has heard what it waited for. */
  if (channel_is_pending(&conn->channel) ||
      (blocked && !channel_is_blocked(&conn->channel)))
    conn_flush(conn);
  return conn->channel.filled || conn->channel.tls != NULL;
}

/* Nothing of ours is sent before the peer is who it should be. */
static void secure(struct conn *conn) {
  struct failure why;
  enum tls_rc rc;

  conn_failure(conn, &why, FAILURE_TLS, "");
  rc = channel_handshake(&conn->channel, &why);
  if (rc == TLS_MORE)
    want_writable(conn);
  else
    conn_event(conn, rc == TLS_DONE ? CONN_EV_CONNECTED : CONN_EV_FAIL, &why);
}

static void on_readable(void *arg) {
  struct conn *conn = arg;

  context_enter(conn->context);
  if (conn->state == CONN_SECURING)
    secure(conn);
  if (conn->state == CONN_SECURING || conn->state == CONN_CLOSED)
    return;
  channel_begin_reads(&conn->channel, READS);
  while (read_once(conn) && conn->channel.tls != NULL)
    continue;
  conn->context->unread |= conn->channel.filled;
}

static void on_writable(void *arg) {
  struct conn *conn = arg;

  context_enter(conn->context);
  write_now(conn);
}

void conn_settle_all(struct context *c) {
  struct list *node;

  while ((node = list_shift(&c->troubled)) != NULL) {
    struct conn *conn = LIST_ENTRY(node, struct conn, trouble);
    int reads = 0;

    /* Answers may have come before the end did. */
    channel_begin_reads(&conn->channel, LAST_READS);
    while (conn->state != CONN_CLOSED && read_once(conn) &&
           (conn->channel.tls != NULL || ++reads < LAST_READS))
      continue;
    if (conn->state != CONN_CLOSED)
      failed_with(conn, FAILURE_LOST, "the connection was lost",
                  channel_error_text(&conn->channel, conn->write_error));
  }
  conn_reap(c);
}

/* ---- Life --------------------------------------------------------------- */

static void on_connected(void *arg, int error) {
  struct conn *conn = arg;

  context_enter(conn->context);
  if (error != 0)
    failed_with(conn, FAILURE_CONNECT, "could not connect",
                net_error_text(error));
  else
    conn_event(conn,
               conn->channel.tls != NULL ? CONN_EV_SECURE : CONN_EV_CONNECTED,
               NULL);
}

static void on_timer(struct timer *timer) {
  struct conn *conn = LIST_ENTRY(timer, struct conn, timer);
  struct context *c = conn->context;
  enum heartbeat_step step;
  uint64_t end, next;

  if (conn->state < CONN_READY) {
    MARK(handshake_timeout);
    failed_with(conn, FAILURE_TIMED_OUT,
                conn->state == CONN_CONNECTING
                    ? "could not connect in time"
                    : "connected, but no CQL answer in time",
                conn_state_name(conn->state));
    return;
  }
  end = conn->last_answer + DRAIN_NS;
  if (conn->state == CONN_DRAINING && c->now >= end) {
    MARK(drain_given_up);
    failed_with(conn, FAILURE_LOST, "the connection was given up",
                "it was replaced, and its last answers stayed away");
    return;
  }
  step = heartbeat_step(&conn->heartbeat, &c->config, c->now);
  if (step == HEARTBEAT_SILENT) {
    failed_with(conn, FAILURE_LOST, "the connection was lost",
                "silent: no answer to a heartbeat");
    return;
  }
  if (step == HEARTBEAT_ASK) {
    send_heartbeat(conn);
    conn_flush(conn);
    return;
  }
  next = heartbeat_due(&conn->heartbeat, &c->config);
  if (conn->state == CONN_DRAINING && end < next)
    next = end;
  timer_set(&c->timers, &conn->timer, next);
}

/* Everything that was on the connection gets its verdict. */
static void settle_all(struct conn *conn, const struct failure *why,
                       struct list *again) {
  struct context *c = conn->context;

  ENSURE(list_empty(&conn->sent) == (conn->in_flight == 0));
  *conn->load -= conn->in_flight + conn->answers_owed;
  if (conn->answers_owed > 0)
    late_drop_all(c, conn);
  conn->answers_owed = 0;
  lost_settle(c, &conn->sent, &conn->out, why, again);
  conn->in_flight = 0;
}

static void close_down(struct conn *conn, const struct failure *why) {
  struct list again;

  timer_stop(&conn->timer);
  login_fini(&conn->login);
  channel_close(&conn->channel);
  list_init(&again);
  settle_all(conn, why, &again);
  list_remove(&conn->trouble);
  conn->owner->closed(conn->owner_arg, conn, why, &again);
  list_remove(&conn->link);
  list_push(&conn->context->closed, &conn->link);
}

static void conn_event(struct conn *conn, enum conn_event event,
                       const struct failure *why) {
  struct conn_step step = conn_fsm_step(conn->state, event);
  struct context *c = conn->context;
  struct failure violation;

  if (step.actions & CONN_DO_VIOLATION) {
    MARK(out_of_turn);
    conn_failure(conn, &violation, FAILURE_PROTOCOL,
                 "the server broke the protocol");
    failure_detail(&violation, "it sent an unexpected message while %s",
                   conn_state_name(conn->state));
    why = &violation;
  }
  conn->state = step.next;
  if (step.actions & CONN_DO_HANDSHAKE)
    secure(conn);
  if (step.actions & CONN_DO_OPTIONS)
    send_control(conn, CQL_OP_OPTIONS);
  if (step.actions & CONN_DO_STARTUP)
    send_control(conn, CQL_OP_STARTUP);
  if (step.actions & CONN_DO_LOGIN)
    send_control(conn, CQL_OP_AUTH_RESPONSE);
  if (step.actions & (CONN_DO_OPTIONS | CONN_DO_STARTUP | CONN_DO_LOGIN))
    conn_flush(conn);
  if (step.actions & CONN_DO_ANNOUNCE) {
    conn->heartbeat.heard = conn->last_answer = c->now;
    timer_set(&c->timers, &conn->timer, c->now + c->config.heartbeat);
    conn->owner->ready(conn->owner_arg, conn);
  }
  if (step.actions & CONN_DO_CLOSE)
    close_down(conn, why);
}

static bool has_memory(struct conn *conn) {
  const struct config *config = &conn->context->config;
  const struct net_heap *heap = &conn->context->heap;
  uint32_t streams =
      config->connection_max_in_flight + 2 * config->max_abandoned;

  return input_init(&conn->in, heap, config->max_frame) == 0 &&
         output_init(&conn->out, heap) == 0 &&
         streams_init(&conn->streams, heap, streams) == 0;
}

static void conn_free(struct conn *conn) {
  const struct net_heap heap = conn->context->heap;

  input_fini(&conn->in, &heap);
  output_fini(&conn->out, &heap);
  streams_fini(&conn->streams, &heap);
  net_free(&heap, conn);
}

static bool open_failed(struct conn *conn, const struct net_address *to,
                        int error, struct failure *why) {
  if (error == -ENOMEM)
    MARK(oom_conn);
  if (conn != NULL)
    conn_free(conn);
  failure_init(why, error == -ENOMEM ? FAILURE_NO_MEMORY : FAILURE_CONNECT,
               OUTCOME_NOT_APPLIED, "could not connect");
  net_address_text(to, why->host);
  failure_detail(why, "%s", net_error_text(error));
  return false;
}

static int open_channel(struct conn *conn, const struct conn_goal *goal) {
  static const struct net_socket_events events = {on_connected, on_readable,
                                                  on_writable};
  const struct context *c = conn->context;
  uint64_t patience = c->config.heartbeat + c->config.heartbeat_timeout;
  char name[TLS_NAME] = "";

  if (c->config.tls != NULL)
    locality_name(&c->config, &goal->address, goal->name, name);
  return channel_open(&conn->channel, c->net, &goal->address, goal->from,
                      (uint32_t)(patience / 1000000), &events, conn,
                      c->config.tls, name);
}

bool conn_open(struct conn **out, struct context *c,
               const struct conn_goal *goal, const struct conn_owner *owner,
               void *owner_arg, uint64_t handshake_deadline,
               struct failure *why) {
  const struct net_address *to = &goal->address;
  struct conn *conn = net_alloc(&c->heap, sizeof *conn);
  int error;

  *out = NULL;
  if (conn == NULL)
    return open_failed(NULL, to, -ENOMEM, why);
  conn->context = c;
  conn->owner = owner;
  conn->owner_arg = owner_arg;
  conn->load = &conn->uncounted;
  list_init(&conn->link);
  list_init(&conn->trouble);
  list_init(&conn->sent);
  timer_init(&conn->timer, on_timer);
  conn->address = *to;
  net_address_text(to, conn->peer.name);
  login_init(&conn->login, &c->config.login, conn->peer.name,
             c->config.tls != NULL || peer_is_loopback(to));
  error = has_memory(conn) ? open_channel(conn, goal) : -ENOMEM;
  if (error != 0)
    return open_failed(conn, to, error, why);
  conn_event(conn, CONN_EV_START, NULL);
  timer_set(&c->timers, &conn->timer, handshake_deadline);
  *out = conn;
  return true;
}

void conn_own(struct conn *conn, const struct conn_owner *owner, void *arg,
              uint32_t *load) {
  conn->owner = owner;
  conn->owner_arg = arg;
  *conn->load -= conn->in_flight + conn->answers_owed;
  *load += conn->in_flight + conn->answers_owed;
  conn->load = load;
}

void conn_probe(struct conn *conn) {
  if (conn->state != CONN_READY || conn->heartbeat.asked != 0)
    return;
  send_heartbeat(conn);
  conn_flush(conn);
}

void conn_drain(struct conn *conn) {
  conn_flush(conn);
  conn_event(conn, CONN_EV_DRAIN, NULL);
  check_empty(conn);
}

void conn_fail(struct conn *conn, const struct failure *why) {
  conn_event(conn, CONN_EV_FAIL, why);
}

void conn_reap(struct context *c) {
  struct list *node;

  while ((node = list_shift(&c->closed)) != NULL)
    conn_free(LIST_ENTRY(node, struct conn, link));
}
