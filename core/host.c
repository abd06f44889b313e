#include "core/host.h"

#include <string.h>

#include "core/mark.h"
#include "core/routing_key.h"

static const struct cql_span no_id = {NULL, 0};

/* ---- Operations on their way here --------------------------------------- */

static void mark_dirty(struct host *h) {
  if (list_empty(&h->dirty))
    list_push(h->s->dirty, &h->dirty);
}

/* Both kinds of waiting count for the router. */
static void hold(struct host *h, struct op *op, enum op_state state,
                 struct list *where) {
  op->state = (uint8_t)state;
  op->host = h;
  h->route.in_flight++;
  list_remove(&op->queue);
  list_push(where, &op->queue);
}

void host_forget(struct op *op) {
  ENSURE(op->state == OP_WAITING || op->state == OP_PREPARING);
  ENSURE(op->host->route.in_flight > 0);
  op->host->route.in_flight--;
  list_remove(&op->queue);
  op->state = OP_QUEUED;
  op->host = NULL;
}

static void give_back(struct host *h, struct op *op, const struct failure *why,
                      bool wait) {
  if (op->state != OP_QUEUED)
    host_forget(op);
  h->s->owner->again(h->s->owner_arg, h, op, why, wait);
}

static void give_back_all(struct host *h, struct list *ops,
                          const struct failure *why) {
  struct list all, *node;

  list_init(&all);
  list_append(&all, ops);
  while ((node = all.next) != &all)
    give_back(h, LIST_ENTRY(node, struct op, queue), why, true);
}

void host_refuse(struct context *c, struct op *op, enum conn_sent why) {
  enum outcome outcome = outcome_table[EVENT_NEVER_ENCODED].outcome;
  struct failure f;

  if (why == CONN_TOO_LARGE) {
    MARK(frame_too_large);
    failure_init(&f, FAILURE_INVALID, outcome,
                 "the request is too large for a frame");
  } else {
    failure_init(&f, FAILURE_NO_MEMORY, outcome, "out of memory");
  }
  op_fail_with(c, op, &f);
}

/* ---- Preparing ---------------------------------------------------------- */

/* What the end of a PREPARE needs to know. */
struct prepare_call {
  struct host *host;
  struct prepared *prepared;
  bool answered; /* by the server, whatever it said */
};

/* A server that refuses for reasons of its own, not the statement's: another
 * may do.  A PREPARE changes nothing, so what holds for reads does for it. */
static bool refused_here_alone(const struct failure *f) {
  enum event event = outcome_event(f->server_code, 1, SERVER_CASSANDRA);

  return f->server_code != -1 &&
         outcome_table[event].read_next == NEXT_HOST_ONCE;
}

static void prepare_refused(struct host *h, struct list *waiting,
                            const struct failure *why) {
  struct failure f = *why;
  bool elsewhere = refused_here_alone(why);
  struct list *node;

  f.outcome = outcome_table[EVENT_NEVER_ENCODED].outcome;
  while ((node = waiting->next) != waiting) {
    struct op *op = LIST_ENTRY(node, struct op, queue);

    host_forget(op);
    if (elsewhere)
      give_back(h, op, &f, false);
    else
      op_fail_with(h->s->context, op, &f);
  }
}

/* What the server says of the statement holds for all that wait for it.  Where
 * one was lost or slow they are better off with another host; with this one, if
 * there is no other, it is asked again. */
static void on_prepared(op_callback *callback, void *user,
                        const struct answer *answer) {
  struct prepare_call *call = user;
  struct host *h = call->host;
  struct prepared *p = call->prepared;
  bool answered = call->answered;
  struct list waiting, *node;

  (void)callback;
  net_free(&h->s->context->heap, call);
  ENSURE((p->state == PREPARED_READY) == (answer->code == 0) ||
         p->state == PREPARED_ASKED);
  list_init(&waiting);
  list_append(&waiting, &p->waiting);
  if (answer->code != 0)
    p->state = PREPARED_NOT;
  if (answer->code != 0 && answered) {
    MARK(prepare_refused);
    prepare_refused(h, &waiting, answer->failure);
    return;
  }
  if (answer->code != 0) {
    MARK(prepare_lost_asked_again);
    give_back_all(h, &waiting, answer->failure);
    return;
  }
  /* It came by a connection that takes no more requests, as the last one. */
  if (!h->route.ready) {
    MARK(prepared_too_late);
    give_back_all(h, &waiting, &h->pool.last);
    return;
  }
  for (node = waiting.next; node != &waiting; node = node->next)
    LIST_ENTRY(node, struct op, queue)->state = OP_WAITING;
  /* They were here before those that wait now. */
  list_append(&waiting, &h->waiting);
  list_append(&h->waiting, &waiting);
  mark_dirty(h);
}

static enum conn_sent start_prepare(struct host *h, struct conn *conn,
                                    struct prepared *p) {
  struct context *c = h->s->context;
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
  call->host = h;
  call->prepared = p;
  op->kind = OP_PREPARE;
  op->own = true;
  op->statement = p->statement;
  op->done = on_prepared;
  op->user = call;
  op->timeout = TIMEOUT_READ;
  op->deadline = c->now + c->config.timeout[TIMEOUT_READ];
  sent = conn_send(conn, op, no_id);
  if (sent != CONN_SENT) {
    net_free(&c->heap, call);
    op_release(&c->heap, op);
    return sent;
  }
  log_write(&c->log, LOG_DEBUG, "prepare: %s", p->statement->text);
  deadlines_add(h->s->deadlines, op);
  p->state = PREPARED_ASKED;
  return CONN_SENT;
}

static void prepare_answered(struct host *h, struct conn *conn, struct op *op,
                             const struct cql_frame *frame) {
  struct context *c = h->s->context;
  struct prepare_call *call = op->user;
  struct keyspace *keyspace = op->statement->keyspace;
  bool again = call->prepared->id != NULL;
  struct failure f;

  call->answered = true;
  if (prepared_answered(call->prepared, &c->heap, frame, &conn->peer, &f) !=
      0) {
    op_fail_with(c, op, &f);
    return;
  }
  metric_count(&c->metrics.prepares);
  if (again)
    metric_count(&c->metrics.reprepares);
  op_finish_applied(c, op);
  if (keyspace != NULL && !atomic_exchange(&keyspace->in_use, true))
    h->s->owner->in_use(h->s->owner_arg);
}

/* ---- Sending ------------------------------------------------------------ */

static enum conn_sent send_execute(struct host *h, struct conn *conn,
                                   struct op *op) {
  struct prepared *p =
      prepared_find(&h->prepared, &h->s->context->heap, op->statement);
  enum conn_sent sent;

  if (p == NULL) {
    MARK(oom_statement);
    return CONN_NO_MEMORY;
  }
  ENSURE(p->statement == op->statement);
  if (p->state == PREPARED_READY) {
    struct cql_span id = {p->id, p->id_len};

    ENSURE(p->id != NULL && list_empty(&p->waiting));
    return conn_send(conn, op, id);
  }
  if (p->state == PREPARED_NOT) {
    sent = start_prepare(h, conn, p);
    if (sent != CONN_SENT)
      return sent;
  } else {
    MARK(prepare_asked_by_many);
  }
  hold(h, op, OP_PREPARING, &p->waiting);
  return CONN_SENT;
}

static struct conn *pick_conn(const struct host *h, const struct op *op) {
  int64_t token;

  if (sharding_matters(&h->pool.sharding) &&
      routing_key_token(op, &h->s->context->heap, &token))
    return pool_pick_shard(&h->pool, token);
  return pool_pick(&h->pool);
}

static enum conn_sent send_one(struct host *h, struct op *op) {
  struct conn *conn = pick_conn(h, op);
  enum conn_sent sent;

  if (conn == NULL)
    return CONN_FULL;
  if (op->kind == OP_EXECUTE)
    return send_execute(h, conn, op);
  sent = conn_send(conn, op, no_id);
  if (sent == CONN_SENT)
    log_write(&h->s->context->log, LOG_DEBUG, "query: %s", op->statement->text);
  return sent;
}

enum conn_sent host_submit(struct host *h, struct op *op) {
  enum conn_sent sent = CONN_FULL;

  mark_dirty(h);
  if (list_empty(&h->waiting))
    sent = send_one(h, op);
  if (sent != CONN_FULL)
    return sent;
  hold(h, op, OP_WAITING, &h->waiting);
  return CONN_SENT;
}

/* As far as there is room.  One that cannot be sent at all is finished only
 * when `finish` is set, never inside the call that submitted it; and one a
 * turn, since its callback may submit the next. */
static void send_waiting(struct host *h, bool finish) {
  struct context *c = h->s->context;

  while (!list_empty(&h->waiting)) {
    struct op *op = LIST_ENTRY(h->waiting.next, struct op, queue);
    enum conn_sent sent;

    h->route.in_flight--;
    sent = send_one(h, op);
    if (sent == CONN_SENT)
      continue;
    h->route.in_flight++;
    if (sent == CONN_FULL)
      return;
    net_loop_hurry(c->net);
    if (finish) {
      host_forget(op);
      host_refuse(c, op, sent);
    }
    return;
  }
}

void host_flush(struct host *h, bool finish) {
  send_waiting(h, finish);
  pool_flush(&h->pool);
  if (!list_empty(&h->waiting))
    mark_dirty(h);
}

/* ---- Answers ------------------------------------------------------------ */

static void on_answered(void *arg, struct conn *conn, struct op *op,
                        const struct cql_frame *frame) {
  struct host *h = arg;
  struct context *c = h->s->context;
  enum next_step next;
  struct failure why;

  pool_proved(&h->pool, conn);
  if (op->kind == OP_PREPARE && op->own) {
    prepare_answered(h, conn, op, frame);
    return;
  }
  next = request_answered(c, op, frame, &conn->peer, &why);
  if (next == NEXT_NONE)
    return;
  list_remove(&op->queue);
  op->state = OP_QUEUED;
  op->conn = NULL;
  if (next == NEXT_PREPARE) {
    struct prepared *p = prepared_find(&h->prepared, &c->heap, op->statement);

    if (p != NULL)
      prepared_forgotten(p);
    if (h->route.ready) {
      hold(h, op, OP_WAITING, &h->waiting);
      mark_dirty(h);
    } else {
      MARK(unprepared_too_late);
      give_back(h, op, &why, true);
    }
  } else {
    give_back(h, op, &why, false);
  }
}

/* ---- What becomes of the connections ------------------------------------ */

static void on_up(void *arg) {
  struct host *h = arg;

  prepared_table_forget(&h->prepared);
  h->route.ready = true;
  h->route.up_since = h->pool.since;
  h->s->owner->up(h->s->owner_arg, h);
}

static void on_down(void *arg, const struct failure *why) {
  struct host *h = arg;

  h->route.ready = false;
  h->s->owner->down(h->s->owner_arg, h, why);
}

static void on_failed(void *arg, const struct failure *why) {
  struct host *h = arg;

  h->s->owner->failed(h->s->owner_arg, h, why);
}

static void on_left(void *arg, struct conn *conn) {
  struct host *h = arg;

  h->s->owner->left(h->s->owner_arg, conn);
}

static void on_event(void *arg, struct conn *conn,
                     const struct cql_frame *frame) {
  struct host *h = arg;

  h->s->owner->event(h->s->owner_arg, conn, frame);
}

/* A read whose frame was accepted has used up its one retry, and does not wait
 * for it; anything else was not sent as far as the host is concerned. */
static void on_lost(void *arg, const struct failure *why, struct list *again) {
  struct host *h = arg;
  struct list *node;

  while ((node = list_shift(again)) != NULL) {
    struct op *op = LIST_ENTRY(node, struct op, queue);

    give_back(h, op, why, !op->retried || op->statement->effect != EFFECT_READ);
  }
  if (!h->route.ready)
    give_back_all(h, &h->waiting, why);
}

/* ---- Life --------------------------------------------------------------- */

struct host *host_make(const struct host_settings *s, uint32_t number,
                       const uint8_t id[16],
                       const struct net_address *address) {
  static const struct pool_owner pool_owner = {
      on_up, on_down, on_failed, on_left, on_answered, on_lost, on_event};
  struct host *h = net_alloc(&s->context->heap, sizeof *h);

  if (h == NULL)
    return NULL;
  h->s = s;
  h->number = number;
  memcpy(h->id, id, sizeof h->id);
  list_init(&h->link);
  list_init(&h->dirty);
  list_init(&h->waiting);
  prepared_table_init(&h->prepared);
  pool_init(&h->pool, s->context, address, number, &h->route.in_flight,
            &pool_owner, h);
  return h;
}

void host_free(struct host *h) {
  ENSURE(pool_is_empty(&h->pool) && list_empty(&h->waiting));
  ENSURE(h->route.in_flight == 0);
  list_remove(&h->dirty);
  list_remove(&h->link);
  prepared_table_fini(&h->prepared, &h->s->context->heap);
  pool_fini(&h->pool);
  net_free(&h->s->context->heap, h);
}

void host_retire(struct host *h, const struct failure *why) {
  h->route.ready = false;
  pool_retire(&h->pool, why);
  give_back_all(h, &h->waiting, why);
}

void host_close(struct host *h, const struct failure *why) {
  h->route.ready = false;
  pool_close(&h->pool, why);
  give_back_all(h, &h->waiting, why);
}
