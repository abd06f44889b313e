#include "core/pool.h"

#include <string.h>

#include "core/backoff.h"
#include "core/mark.h"

static void pool_event(struct pool *p, enum pool_event event);

/* ---- The end of connections --------------------------------------------- */

static struct conn *conn_of(struct list *link) {
  return LIST_ENTRY(link, struct conn, link);
}

/* The oldest one that still waits for answers, when too many do. */
static struct conn *crowded_out(const struct pool *p) {
  size_t count = 0;

  for (struct list *n = p->draining.next; n != &p->draining; n = n->next)
    count++;
  return count > POOL_DRAINING ? conn_of(p->draining.next) : NULL;
}

static void drain(struct pool *p, struct conn *conn) {
  struct conn *oldest;
  struct failure f;

  MARK(drain_begun);
  list_remove(&conn->link);
  p->ready_count--;
  p->owner->left(p->owner_arg, conn);
  list_push(&p->draining, &conn->link);
  conn_drain(conn);
  oldest = crowded_out(p);
  if (oldest == NULL)
    return;
  MARK(drain_crowded_out);
  failure_init(&f, FAILURE_LOST, OUTCOME_NOT_APPLIED,
               "the connection was given up");
  memcpy(f.host, oldest->peer.name, sizeof f.host);
  failure_detail(&f, "it was replaced, and so were %d after it", POOL_DRAINING);
  conn_fail(oldest, &f);
}

/* The one that owes most. */
static struct conn *most_crowded(const struct pool *p) {
  struct conn *most = conn_of(p->ready.next);

  for (struct list *n = p->ready.next; n != &p->ready; n = n->next)
    if (conn_of(n)->answers_owed > most->answers_owed)
      most = conn_of(n);
  return most;
}

static bool is_ready(const struct pool *p, const struct conn *conn) {
  for (struct list *n = p->ready.next; n != &p->ready; n = n->next)
    if (conn_of(n) == conn)
      return true;
  return false;
}

static void dialing_ended(struct pool *p, const struct failure *why) {
  p->dialing = NULL;
  /* Perhaps it was not wanted any more. */
  if (p->state != POOL_DIALING)
    return;
  p->failed = true;
  p->last = *why;
  pool_event(p, POOL_EV_FAILED);
  p->owner->failed(p->owner_arg, why);
}

static void ready_ended(struct pool *p, struct conn *conn,
                        const struct failure *why) {
  list_remove(&conn->link);
  p->ready_count--;
  metric_count(&p->context->metrics.disconnects);
  p->owner->left(p->owner_arg, conn);
  p->last = *why;
  pool_event(p, POOL_EV_SHORT);
  if (p->ready_count > 0)
    return;
  p->since = p->context->now;
  p->owner->down(p->owner_arg, why);
}

static void on_closed(void *arg, struct conn *conn, const struct failure *why,
                      struct list *again) {
  struct pool *p = arg;

  ENSURE(conn->state == CONN_CLOSED && conn->in_flight == 0);
  ENSURE(list_empty(&conn->sent) && conn->answers_owed == 0);
  if (conn == p->dialing)
    dialing_ended(p, why);
  else if (is_ready(p, conn))
    ready_ended(p, conn, why);
  else
    list_remove(&conn->link);
  p->owner->lost(p->owner_arg, why, again);
}

/* ---- Connections that become ready -------------------------------------- */

static const struct conn_owner conn_owner;

static void take(struct pool *p, struct conn *conn) {
  uint32_t wanted = p->context->config.connections_per_host;

  list_remove(&conn->link);
  list_push(&p->ready, &conn->link);
  p->ready_count++;
  metric_count(&p->context->metrics.connects);
  conn_own(conn, &conn_owner, p, p->load);
  conn->peer.number = p->number;
  log_write(&p->context->log, LOG_INFO, "connected to %s", conn->peer.name);
  if (p->ready_count == 1) {
    p->since = p->context->now;
    p->failed = false;
    p->owner->up(p->owner_arg);
  }
  while (p->ready_count > wanted)
    drain(p, most_crowded(p));
  /* One was adopted, and the next is under way already. */
  if (p->ready_count < wanted && p->dialing != NULL)
    return;
  pool_event(p, p->ready_count < wanted ? POOL_EV_FEW : POOL_EV_READY);
  if (p->state == POOL_RESTING && p->dialing != NULL)
    conn_fail(p->dialing, &p->last);
  /* It may owe too much since before there was time for it. */
  if (p->state == POOL_RESTING && p->ready_count > 0)
    pool_check(p, most_crowded(p));
}

static void on_ready(void *arg, struct conn *conn) {
  struct pool *p = arg;

  ENSURE(conn == p->dialing && conn->state == CONN_READY);
  p->dialing = NULL;
  take(p, conn);
}

void pool_adopt(struct pool *p, struct conn *conn) {
  ENSURE(conn->state == CONN_READY);
  take(p, conn);
}

static void on_answered(void *arg, struct conn *conn, struct op *op,
                        const struct cql_frame *frame) {
  struct pool *p = arg;

  p->owner->answered(p->owner_arg, conn, op, frame);
}

static void on_event(void *arg, struct conn *conn,
                     const struct cql_frame *frame) {
  struct pool *p = arg;

  p->owner->event(p->owner_arg, conn, frame);
}

static const struct conn_owner conn_owner = {on_ready, on_answered, on_closed,
                                             on_event};

/* ---- Opening ------------------------------------------------------------ */

/* At first there is what finding the hosts has left of the time. */
static uint64_t dial_end(const struct context *c) {
  uint64_t end = c->now + c->config.connect_timeout;

  return c->connect_end != 0 && c->connect_end < end ? c->connect_end : end;
}

static void dial(struct pool *p) {
  struct context *c = p->context;
  struct failure f;

  if (!conn_open(&p->dialing, c, &p->address, &conn_owner, p, dial_end(c), &f))
    dialing_ended(p, &f);
}

static void pause(struct pool *p) {
  struct context *c = p->context;

  timer_set(&c->timers, &p->timer,
            c->now + backoff_next(&p->pause, &c->config));
}

static void on_timer(struct timer *timer) {
  pool_event(LIST_ENTRY(timer, struct pool, timer), POOL_EV_TIMER);
}

static void pool_event(struct pool *p, enum pool_event event) {
  struct pool_step step = pool_fsm_step(p->state, event);

  p->state = step.next;
  if (p->state != POOL_PAUSING)
    timer_stop(&p->timer);
  if (step.actions & POOL_DO_HURRY)
    pool_proved(p);
  if (step.actions & POOL_DO_PAUSE)
    pause(p);
  if (step.actions & POOL_DO_DIAL)
    dial(p);
}

void pool_init(struct pool *p, struct context *c,
               const struct net_address *address, uint32_t number,
               uint32_t *load, const struct pool_owner *owner, void *arg) {
  memset(p, 0, sizeof *p);
  p->context = c;
  p->owner = owner;
  p->owner_arg = arg;
  p->load = load;
  p->number = number;
  p->address = *address;
  net_address_text(address, p->name);
  timer_init(&p->timer, on_timer);
  p->pause = c->config.reconnect_min;
  list_init(&p->ready);
  list_init(&p->draining);
  p->since = c->now;
  failure_init(&p->last, FAILURE_NO_HOST, OUTCOME_NOT_APPLIED,
               "still connecting");
  memcpy(p->last.host, p->name, sizeof p->last.host);
}

void pool_open(struct pool *p) {
  pool_event(p, POOL_EV_OPEN);
}

void pool_move(struct pool *p, const struct net_address *address) {
  if (memcmp(&p->address, address, sizeof *address) == 0)
    return;
  MARK(host_moved);
  p->address = *address;
  net_address_text(address, p->name);
  pool_event(p, POOL_EV_HINT);
}

void pool_hint_up(struct pool *p) {
  pool_event(p, POOL_EV_HINT);
}

void pool_proved(struct pool *p) {
  p->pause = p->context->config.reconnect_min;
}

/* ---- Those that stand --------------------------------------------------- */

/* What it owes an answer to, since all of that keeps its stream. */
static uint32_t load_of(const struct conn *conn) {
  return conn->in_flight + conn->answers_owed;
}

struct conn *pool_pick(const struct pool *p) {
  struct conn *best = NULL;

  for (struct list *n = p->ready.next; n != &p->ready; n = n->next)
    if (best == NULL || load_of(conn_of(n)) < load_of(best))
      best = conn_of(n);
  return best;
}

void pool_flush(struct pool *p) {
  for (struct list *n = p->ready.next; n != &p->ready; n = n->next)
    conn_flush(conn_of(n));
}

void pool_probe(struct pool *p) {
  for (struct list *n = p->ready.next; n != &p->ready; n = n->next)
    conn_probe(conn_of(n));
}

void pool_check(struct pool *p, const struct conn *conn) {
  if (conn->answers_owed <= p->context->config.max_abandoned ||
      p->state != POOL_RESTING || !is_ready(p, conn))
    return;
  MARK(crowded_replaced);
  log_write(&p->context->log, LOG_WARNING,
            "%s owes %u answers that are late: replacing the connection",
            conn->peer.name, (unsigned)conn->answers_owed);
  pool_event(p, POOL_EV_SHORT);
}

/* ---- Life --------------------------------------------------------------- */

bool pool_is_empty(const struct pool *p) {
  return p->state == POOL_CLOSED && p->dialing == NULL &&
         list_empty(&p->ready) && list_empty(&p->draining);
}

/* Each leaves its list inside of this. */
static void fail_all(struct list *conns, const struct failure *why) {
  while (!list_empty(conns))
    conn_fail(conn_of(conns->next), why);
}

void pool_retire(struct pool *p, const struct failure *why) {
  pool_event(p, POOL_EV_CLOSE);
  if (p->dialing != NULL)
    conn_fail(p->dialing, why);
  while (!list_empty(&p->ready))
    drain(p, conn_of(p->ready.next));
}

void pool_close(struct pool *p, const struct failure *why) {
  if (p->dialing != NULL)
    MARK(close_during_handshake);
  if (!list_empty(&p->draining))
    MARK(close_while_draining);
  pool_event(p, POOL_EV_CLOSE);
  if (p->dialing != NULL)
    conn_fail(p->dialing, why);
  fail_all(&p->ready, why);
  fail_all(&p->draining, why);
}
