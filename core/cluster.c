#include "core/cluster.h"

#include <string.h>

#include "core/mark.h"

static void on_conn_ready(void *arg, struct conn *conn);
static void on_conn_answered(void *arg, struct conn *conn, struct op *op,
                             const struct cql_frame *frame);
static void on_conn_closed(void *arg, struct conn *conn,
                           const struct failure *why, struct list *unsent);
static void on_dial(void *arg, const struct net_address *address,
                    uint64_t deadline);
static void on_round_failed(void *arg, const struct failure *why);

/* ---- Sending ------------------------------------------------------------ */

/* What EXECUTE and PREPARE put around the values, about. */
enum { FRAME_OVERHEAD = 48 };

static void enqueue(struct cluster *cl, struct op *op) {
  op->state = OP_QUEUED;
  list_push(&cl->queue, &op->queue);
  cl->queue_bytes += op->values_len + FRAME_OVERHEAD;
}

static void put_back(struct cluster *cl, struct list *ops) {
  for (struct list *n = ops->next; n != ops; n = n->next) {
    struct op *op = LIST_ENTRY(n, struct op, queue);

    ENSURE(op->state == OP_QUEUED || op->state == OP_PREPARING);
    op->state = OP_QUEUED;
    cl->queue_bytes += op->values_len + FRAME_OVERHEAD;
  }
  /* They were here before those that wait now. */
  list_append(ops, &cl->queue);
  list_append(&cl->queue, ops);
}

static void on_prepared(op_callback *callback, void *user,
                        const struct answer *answer);

/* What the end of a PREPARE needs to know. */
struct prepare_call {
  struct cluster *cluster;
  struct prepared *prepared;
  bool answered; /* by the server, whatever it said */
};

static enum conn_sent start_prepare(struct cluster *cl, struct prepared *p) {
  struct context *c = cl->context;
  static const struct cql_span no_id = {NULL, 0};
  struct prepare_call *call = net_alloc(&c->heap, sizeof *call);
  struct op *op = op_make(&c->heap);
  enum conn_sent sent;

  ENSURE(p->state == PREPARED_NOT && list_empty(&p->waiting));
  if (call == NULL || op == NULL) {
    MARK(oom_prepare);
    net_free(&c->heap, call);
    net_free(&c->heap, op);
    return CONN_NO_MEMORY;
  }
  call->cluster = cl;
  call->prepared = p;
  op->kind = OP_PREPARE;
  op->statement = p->statement;
  op->done = on_prepared;
  op->user = call;
  op->timeout = TIMEOUT_READ;
  op->deadline = c->now + c->config.timeout[TIMEOUT_READ];
  sent = conn_send(cl->current, op, no_id);
  if (sent != CONN_SENT) {
    net_free(&c->heap, call);
    op_release(&c->heap, op);
    return sent;
  }
  log_write(&c->log, LOG_DEBUG, "prepare: %s", p->statement->text);
  c->pending++;
  deadlines_add(&cl->deadlines, op);
  p->state = PREPARED_ASKED;
  return CONN_SENT;
}

static enum conn_sent send_execute(struct cluster *cl, struct op *op) {
  struct prepared *p =
      prepared_find(&cl->prepared, &cl->context->heap, op->statement);
  enum conn_sent sent;

  if (p == NULL) {
    MARK(oom_statement);
    return CONN_NO_MEMORY;
  }
  ENSURE(p->statement == op->statement);
  if (p->state == PREPARED_READY) {
    struct cql_span id = {p->id, p->id_len};

    ENSURE(p->id != NULL && list_empty(&p->waiting));
    return conn_send(cl->current, op, id);
  }
  if (p->state == PREPARED_NOT) {
    sent = start_prepare(cl, p);
    if (sent != CONN_SENT)
      return sent;
  } else {
    MARK(prepare_asked_by_many);
  }
  op->state = OP_PREPARING;
  list_remove(&op->queue);
  list_push(&p->waiting, &op->queue);
  return CONN_SENT;
}

static enum conn_sent send_one(struct cluster *cl, struct op *op) {
  static const struct cql_span no_id = {NULL, 0};

  enum conn_sent sent;

  if (op->kind == OP_EXECUTE)
    return send_execute(cl, op);
  sent = conn_send(cl->current, op, no_id);
  if (sent == CONN_SENT && op->kind == OP_QUERY)
    log_write(&cl->context->log, LOG_DEBUG, "query: %s", op->statement->text);
  return sent;
}

static void refuse(struct cluster *cl, struct op *op, enum conn_sent why) {
  enum outcome outcome = outcome_table[EVENT_NEVER_ENCODED].outcome;
  struct failure f;

  if (why == CONN_TOO_LARGE) {
    MARK(frame_too_large);
    failure_init(&f, FAILURE_INVALID, outcome,
                 "the request is too large for a frame");
  } else {
    failure_init(&f, FAILURE_NO_MEMORY, outcome, "out of memory");
  }
  op_fail_with(cl->context, op, &f);
}

/* Encode what waits, as far as the connection has room.  An operation that
 * cannot be sent at all is finished only when `finish` is set, never inside the
 * call that submitted it; and one a turn, since its callback may submit the
 * next. */
static void send_queued(struct cluster *cl, bool finish) {
  cl->queue_bytes = 0;
  while (cl->current != NULL && !list_empty(&cl->queue)) {
    struct op *op = LIST_ENTRY(cl->queue.next, struct op, queue);
    enum conn_sent sent = send_one(cl, op);

    if (sent == CONN_SENT)
      continue;
    if (sent != CONN_FULL) {
      net_loop_hurry(cl->context->net);
      if (finish)
        refuse(cl, op, sent);
    }
    return;
  }
}

void cluster_submit(struct cluster *cl, struct op *op) {
  ENSURE(!cl->closed && op->state == OP_NEW && op->deadline != 0);
  cl->context->pending++;
  deadlines_add(&cl->deadlines, op);
  if (op->kind == OP_PAUSE)
    return;
  enqueue(cl, op);
  /* The server works on the first step while the rest is encoded. */
  if (cl->queue_bytes >= OUTPUT_STEP && cl->context->in_turn)
    send_queued(cl, false);
}

void cluster_flush(struct cluster *cl, bool finish) {
  if (!list_empty(&cl->queue))
    send_queued(cl, finish);
  if (cl->current != NULL)
    conn_flush(cl->current);
}

/* ---- Answers ------------------------------------------------------------ */

static void fail_waiting(struct cluster *cl, struct list *waiting,
                         const struct failure *why) {
  struct list *node;

  while ((node = list_shift(waiting)) != NULL) {
    struct failure f = *why;

    f.outcome = outcome_table[EVENT_NEVER_ENCODED].outcome;
    op_fail_with(cl->context, LIST_ENTRY(node, struct op, queue), &f);
  }
}

/* The end of a PREPARE, however it came.  What the server says of the statement
 * holds for all that wait for it; one that was lost or slow is asked again, for
 * those whose own deadlines allow it. */
static void on_prepared(op_callback *callback, void *user,
                        const struct answer *answer) {
  struct prepare_call *call = user;
  struct cluster *cl = call->cluster;
  struct prepared *p = call->prepared;
  const struct failure *f = answer->failure;
  bool answered = call->answered;
  struct list waiting;

  (void)callback;
  net_free(&cl->context->heap, call);
  ENSURE((p->state == PREPARED_READY) == (answer->code == 0) ||
         p->state == PREPARED_ASKED);
  list_init(&waiting);
  list_append(&waiting, &p->waiting);
  if (answer->code != 0)
    p->state = PREPARED_NOT;
  if (answer->code != 0 && answered) {
    MARK(prepare_refused);
    fail_waiting(cl, &waiting, f);
  } else {
    if (answer->code != 0)
      MARK(prepare_lost_asked_again);
    put_back(cl, &waiting);
  }
}

static void prepare_answered(struct cluster *cl, struct conn *conn,
                             struct op *op, const struct cql_frame *frame) {
  struct prepare_call *call = op->user;
  struct failure f;

  call->answered = true;
  if (prepared_answered(call->prepared, &cl->context->heap, frame, &conn->peer,
                        &f) == 0)
    op_finish_applied(cl->context, op);
  else
    op_fail_with(cl->context, op, &f);
}

static void on_conn_answered(void *arg, struct conn *conn, struct op *op,
                             const struct cql_frame *frame) {
  struct cluster *cl = arg;

  dialer_proved(&cl->dialer);
  if (op->kind == OP_PREPARE) {
    prepare_answered(cl, conn, op, frame);
  } else if (request_answered(cl->context, op, frame, &conn->peer) ==
             NEXT_PREPARE) {
    struct prepared *p =
        prepared_find(&cl->prepared, &cl->context->heap, op->statement);

    if (p != NULL && p->state == PREPARED_READY)
      p->state = PREPARED_NOT;
    list_remove(&op->queue);
    op->conn = NULL;
    enqueue(cl, op);
  }
}

/* ---- Deadlines ---------------------------------------------------------- */

/* Not one byte of it was encoded. */
static void expire_unsent(struct cluster *cl, struct op *op) {
  const struct outcome_row *row = &outcome_table[EVENT_NEVER_ENCODED];
  struct failure f;

  ENSURE(op->state == OP_QUEUED || op->state == OP_PREPARING ||
         op->kind == OP_PAUSE);
  if (op->state == OP_PREPARING)
    MARK(expire_preparing);
  if (cl->current == NULL) {
    const struct dialer *d = &cl->dialer;

    MARK(expire_unsent_no_conn);
    f = d->last.detail[0] != '\0' ? d->last : d->round;
    f.code = row->code;
    f.what = row->what;
    if (f.detail[0] == '\0')
      failure_detail(&f, "%s: still connecting", d->contacts[d->contact].name);
  } else {
    MARK(expire_unsent_full);
    failure_init(&f, FAILURE_TIMED_OUT, OUTCOME_NOT_APPLIED,
                 "not sent in time");
    memcpy(f.host, cl->current->peer.name, sizeof f.host);
    failure_detail(&f, "in flight on the connection: %u",
                   (unsigned)cl->current->in_flight);
  }
  f.outcome = row->outcome;
  op_fail_with(cl->context, op, &f);
}

/* It owes too many answers: replaced first, drained after. */
static void replace_crowded(struct cluster *cl) {
  const struct conn *conn = cl->current;

  if (conn == NULL || cl->dialer.state != DIALER_IDLE ||
      conn->answers_owed <= cl->context->config.max_abandoned)
    return;
  MARK(crowded_replaced);
  log_write(&cl->context->log, LOG_WARNING,
            "%s owes %u answers that are late: replacing the connection",
            conn->peer.name, (unsigned)conn->answers_owed);
  dialer_start_elsewhere(&cl->dialer);
}

void cluster_expire(struct cluster *cl, uint64_t now) {
  struct op *op;

  while ((op = deadlines_due(&cl->deadlines, now)) != NULL) {
    if (op->state == OP_SENT) {
      struct conn *conn = op->conn;

      MARK(expire_sent);
      conn_abandon(conn, op);
      op_fail(cl->context, op, EVENT_DEADLINE, conn->peer.name, NULL);
    } else {
      expire_unsent(cl, op);
    }
  }
  replace_crowded(cl);
}

/* ---- Connections -------------------------------------------------------- */

static const struct conn_owner conn_owner = {on_conn_ready, on_conn_answered,
                                             on_conn_closed};
static const struct dialer_owner dialer_owner = {on_dial, on_round_failed};

static void tell_connected(struct cluster *cl, const struct failure *why) {
  cluster_connected *connected = cl->connected;

  cl->connected = NULL;
  if (connected != NULL)
    connected(cl->connected_arg, why);
}

static void on_dial(void *arg, const struct net_address *address,
                    uint64_t deadline) {
  struct cluster *cl = arg;
  int error;
  int rc = conn_open(&cl->dialing, cl->context, address, &conn_owner, cl,
                     deadline, &error);

  cl->dialed = *address;
  if (rc != 0) {
    struct failure f;

    cl->dialing = NULL;
    failure_init(&f, rc == FAILURE_NO_MEMORY ? rc : FAILURE_CONNECT,
                 OUTCOME_NOT_APPLIED, "could not connect");
    net_address_text(address, f.host);
    failure_detail(&f, "%s", net_error_text(error));
    dialer_failed(&cl->dialer, &f);
  }
}

static void on_round_failed(void *arg, const struct failure *why) {
  struct cluster *cl = arg;

  MARK(round_failed);
  log_write(&cl->context->log, LOG_WARNING, "no host reached: %s", why->detail);
  tell_connected(cl, why);
}

/* The oldest one that still waits for answers, when too many do. */
static struct conn *crowded_out(const struct cluster *cl) {
  size_t count = 0;

  for (struct list *n = cl->draining.next; n != &cl->draining; n = n->next)
    count++;
  return count > CLUSTER_DRAINING
             ? LIST_ENTRY(cl->draining.next, struct conn, link)
             : NULL;
}

static void drain(struct cluster *cl, struct conn *conn) {
  struct conn *oldest;
  struct failure f;

  MARK(drain_begun);
  list_push(&cl->draining, &conn->link);
  conn_drain(conn);
  oldest = crowded_out(cl);
  if (oldest == NULL)
    return;
  MARK(drain_crowded_out);
  failure_init(&f, FAILURE_LOST, OUTCOME_NOT_APPLIED,
               "the connection was given up");
  memcpy(f.host, oldest->peer.name, sizeof f.host);
  failure_detail(&f, "it was replaced, and so were %d after it",
                 CLUSTER_DRAINING);
  conn_fail(oldest, &f);
}

static void on_conn_ready(void *arg, struct conn *conn) {
  struct cluster *cl = arg;
  struct conn *old = cl->current;

  ENSURE(conn == cl->dialing && conn->state == CONN_READY);
  if (memcmp(&cl->dialed, &cl->prepared_at, sizeof cl->dialed) != 0)
    prepared_table_forget(&cl->prepared);
  cl->prepared_at = cl->dialed;
  cl->dialing = NULL;
  cl->current = conn;
  dialer_connected(&cl->dialer);
  log_write(&cl->context->log, LOG_INFO, "connected to %s", conn->peer.name);
  if (old != NULL)
    drain(cl, old);
  tell_connected(cl, NULL);
}

static void on_conn_closed(void *arg, struct conn *conn,
                           const struct failure *why, struct list *unsent) {
  struct cluster *cl = arg;

  ENSURE(conn->state == CONN_CLOSED && conn->in_flight == 0);
  ENSURE(list_empty(&conn->sent) && conn->answers_owed == 0);
  list_remove(&conn->link);
  list_push(&cl->dead, &conn->link);
  put_back(cl, unsent);
  if (conn == cl->dialing) {
    cl->dialing = NULL;
    dialer_failed(&cl->dialer, why);
  } else if (conn == cl->current) {
    cl->current = NULL;
    cl->dialer.last = *why;
    if (!cl->closed) {
      log_write(&cl->context->log, LOG_WARNING, "%s: %s: %s", why->host,
                why->what, why->detail);
      if (cl->dialer.state == DIALER_IDLE)
        dialer_start_later(&cl->dialer);
    }
  }
}

/* ---- Life --------------------------------------------------------------- */

void cluster_init(struct cluster *cl, struct context *c,
                  const struct contact *contacts, size_t contact_count) {
  memset(cl, 0, sizeof *cl);
  cl->context = c;
  deadlines_init(&cl->deadlines);
  list_init(&cl->draining);
  list_init(&cl->dead);
  list_init(&cl->queue);
  prepared_table_init(&cl->prepared);
  dialer_init(&cl->dialer, c, &dialer_owner, cl, contacts, contact_count);
}

void cluster_connect(struct cluster *cl, cluster_connected *connected,
                     void *arg) {
  cl->connected = connected;
  cl->connected_arg = arg;
  dialer_start(&cl->dialer);
}

static void settle_conn(struct conn *conn) {
  conn_flush(conn);
  conn_settle(conn);
}

void cluster_settle(struct cluster *cl) {
  struct list *node;

  if (cl->current != NULL)
    conn_settle(cl->current);
  if (cl->dialing != NULL)
    settle_conn(cl->dialing);
  for (node = cl->draining.next; node != &cl->draining;) {
    struct conn *conn = LIST_ENTRY(node, struct conn, link);

    node = node->next; /* settling may move it to the dead */
    settle_conn(conn);
  }
  while ((node = list_shift(&cl->dead)) != NULL)
    conn_free(LIST_ENTRY(node, struct conn, link));
}

/* Whatever is not completed yet has a deadline to be found by. */
static void fail_all_unsent(struct cluster *cl, const struct failure *why) {
  struct op *op;

  while ((op = deadlines_due(&cl->deadlines, UINT64_MAX)) != NULL) {
    struct failure f = *why;

    ENSURE(op->state != OP_SENT && op->state != OP_UNSETTLED);
    MARK(close_with_unsent);
    op_fail_with(cl->context, op, &f);
  }
}

static void mark_close(const struct cluster *cl) {
  if (cl->current != NULL && cl->current->in_flight > 0)
    MARK(close_with_sent);
  if (cl->dialing != NULL)
    MARK(close_during_handshake);
  if (!list_empty(&cl->draining))
    MARK(close_while_draining);
}

void cluster_close(struct cluster *cl) {
  struct failure f;

  mark_close(cl);
  cl->closed = true;
  /* What ends here is told by its own callback alone. */
  cl->context->settled = NULL;
  failure_init(&f, FAILURE_CLOSED, OUTCOME_NOT_APPLIED,
               "the session was closed");
  dialer_stop(&cl->dialer);
  if (cl->dialing != NULL)
    conn_fail(cl->dialing, &f);
  if (cl->current != NULL)
    conn_fail(cl->current, &f);
  while (!list_empty(&cl->draining))
    conn_fail(LIST_ENTRY(cl->draining.next, struct conn, link), &f);
  fail_all_unsent(cl, &f);
  tell_connected(cl, &f);
  ENSURE(cl->context->pending == 0);
}

void cluster_fini(struct cluster *cl) {
  struct list *node;

  ENSURE(cl->current == NULL && cl->dialing == NULL);
  ENSURE(list_empty(&cl->draining) && list_empty(&cl->queue));
  while ((node = list_shift(&cl->dead)) != NULL)
    conn_free(LIST_ENTRY(node, struct conn, link));
  prepared_table_fini(&cl->prepared, &cl->context->heap);
}
