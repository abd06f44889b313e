#include "core/pool.h"

#include <string.h>

#include "core/backoff.h"
#include "core/mark.h"
#include "core/peer.h"

/* Servers may say a thousand times a second that a host is up: so often is it
 * believed. */
#define HINT_EVERY UINT64_C(1000000000)

static void pool_event(struct pool *p, enum pool_event event);

static struct conn *conn_of(struct list *link) {
  return LIST_ENTRY(link, struct conn, link);
}

/* It leads to where the host was: perhaps another one is there now. */
static bool leads_elsewhere(const struct pool *p, const struct conn *conn) {
  return !peer_same_address(&conn->address, &p->address);
}

/* ---- Shards ------------------------------------------------------------- */

/* So many attempts in a row. */
enum { SHARD_FAILURES = 8 };

static bool can_choose_shard(const struct pool *p) {
  return sharding_matters(&p->sharding) && p->sharding.port != 0 &&
         !p->one_port && !p->shards_moved && !p->shards_given_up;
}

/* Without memory for them there are none. */
static void learn_shards(struct pool *p, const struct sharding *s) {
  const struct net_heap *heap = &p->context->heap;

  net_free(heap, p->shards);
  p->shards = NULL;
  p->sharding = *s;
  if (s->count > 0)
    p->shards = net_alloc(heap, s->count * sizeof(struct conn *));
  if (p->shards == NULL)
    p->sharding.count = 0;
}

/* Where the connection of its shard is kept; NULL: the host has been divided
 * anew since it was opened, or is not at all. */
static struct conn **place_of(const struct pool *p, const struct conn *conn) {
  const struct sharding *s = &conn->peer.sharding;

  return s->count == p->sharding.count && s->count > 0 ? &p->shards[s->shard]
                                                       : NULL;
}

/* After each change of those that are ready.  Of two for one shard the newer
 * one counts. */
static void sort_by_shard(struct pool *p) {
  if (p->shards == NULL)
    return;
  memset(p->shards, 0, p->sharding.count * sizeof(struct conn *));
  for (struct list *n = p->ready.next; n != &p->ready; n = n->next) {
    struct conn **place = place_of(p, conn_of(n));

    if (place != NULL)
      *place = conn_of(n);
  }
}

/* The next after the one that was asked last, which may not be to be had;
 * NO_SHARD: each has a connection. */
static uint16_t missing_shard(const struct pool *p) {
  for (uint32_t i = 1; i <= p->sharding.count; i++) {
    uint32_t shard = (p->asked + i) % p->sharding.count;

    if (p->shards[shard] == NULL)
      return (uint16_t)shard;
  }
  return NO_SHARD;
}

/* The one that owes most; of equals, the newest. */
static struct conn *most_crowded(const struct pool *p) {
  struct conn *most = conn_of(p->ready.next);

  for (struct list *n = p->ready.next; n != &p->ready; n = n->next)
    if (conn_of(n)->answers_owed >= most->answers_owed)
      most = conn_of(n);
  return most;
}

static bool is_short(const struct pool *p) {
  return can_choose_shard(p)
             ? missing_shard(p) != NO_SHARD
             : p->ready_count < p->context->config.connections_per_host;
}

/* One more than is wanted, or NULL. */
static struct conn *find_surplus(const struct pool *p) {
  bool many = p->ready_count > p->context->config.connections_per_host;

  if (!can_choose_shard(p) && (!p->shards_given_up || !many))
    return many ? most_crowded(p) : NULL;
  for (struct list *n = p->ready.next; n != &p->ready; n = n->next) {
    struct conn **place = place_of(p, conn_of(n));

    if (place == NULL || *place != conn_of(n))
      return conn_of(n);
  }
  return NULL;
}

/* It was opened for one shard, and another one answered: someone on the way
 * changes ports, and would change the next one, too. */
static void look_for_miss(struct pool *p, const struct conn *conn,
                          uint16_t asked) {
  const struct sharding *s = &conn->peer.sharding;

  if (asked == NO_SHARD || !can_choose_shard(p) ||
      (s->count == p->sharding.count && s->shard == asked))
    return;
  MARK(shard_missed);
  p->shards_moved = true;
  log_write(&p->context->log, LOG_WARNING,
            "%s: asked for shard %u of %u and got %u of %u (are ports "
            "translated on the way?): requests go to any shard of this host",
            conn->peer.name, (unsigned)asked, (unsigned)p->sharding.count,
            (unsigned)s->shard, (unsigned)s->count);
}

/* ---- The end of connections --------------------------------------------- */

/* The oldest one that still waits for answers, when more than `most` do. */
static struct conn *crowded_out(const struct pool *p, size_t most) {
  size_t count = 0;

  for (struct list *n = p->draining.next; n != &p->draining; n = n->next)
    count++;
  return count > most ? conn_of(p->draining.next) : NULL;
}

static void leave_ready(struct pool *p, struct conn *conn) {
  list_remove(&conn->link);
  p->ready_count--;
  if (conn == p->newest)
    p->newest = NULL;
  sort_by_shard(p);
}

/* At most so many wait for their last answers then. */
static void drain(struct pool *p, struct conn *conn, size_t most) {
  struct conn *oldest;
  struct failure f;

  MARK(drain_begun);
  leave_ready(p, conn);
  p->owner->left(p->owner_arg, conn);
  list_push(&p->draining, &conn->link);
  conn_drain(conn);
  oldest = crowded_out(p, most);
  if (oldest == NULL)
    return;
  MARK(drain_crowded_out);
  failure_init(&f, FAILURE_LOST, OUTCOME_NOT_APPLIED,
               "the connection was given up");
  memcpy(f.host, oldest->peer.name, sizeof f.host);
  failure_detail(&f, "it was replaced, and so were %u after it",
                 (unsigned)most);
  conn_fail(oldest, &f);
}

static bool is_ready(const struct pool *p, const struct conn *conn) {
  for (struct list *n = p->ready.next; n != &p->ready; n = n->next)
    if (conn_of(n) == conn)
      return true;
  return false;
}

/* The port for shards was asked in vain again and again, while the host is up:
 * a firewall may be in front of it.  What stands stays. */
static bool gives_up_shards(struct pool *p) {
  if (p->asked == NO_SHARD || p->ready_count == 0 || p->shards_given_up ||
      ++p->shard_failures < SHARD_FAILURES)
    return false;
  MARK(shard_given_up);
  p->shards_given_up = true;
  log_write(&p->context->log, LOG_WARNING,
            "%s: its port for shards, %u, cannot be reached: requests go to "
            "any shard that has a connection",
            p->name, (unsigned)p->sharding.port);
  return !is_short(p) && !leads_elsewhere(p, conn_of(p->ready.next));
}

static void dialing_ended(struct pool *p, const struct failure *why) {
  p->dialing = NULL;
  p->newest = NULL;
  /* Perhaps it was not wanted any more. */
  if (p->state != POOL_DIALING && p->state != POOL_DIALING_SHORT)
    return;
  if (p->ready_count == 0) {
    p->failed = true;
    p->last = *why;
  }
  pool_event(p, gives_up_shards(p) ? POOL_EV_READY : POOL_EV_FAILED);
  p->owner->failed(p->owner_arg, why);
}

static void ready_ended(struct pool *p, struct conn *conn,
                        const struct failure *why) {
  leave_ready(p, conn);
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

/* All of them at once: each has answers coming. */
static void drain_elsewhere(struct pool *p) {
  size_t most = POOL_DRAINING + p->ready_count;
  struct list *next;

  for (struct list *n = p->ready.next; n != &p->ready; n = next) {
    next = n->next;
    if (leads_elsewhere(p, conn_of(n)))
      drain(p, conn_of(n), most);
  }
}

static void settle(struct pool *p) {
  struct conn *surplus;

  while ((surplus = find_surplus(p)) != NULL)
    drain(p, surplus, POOL_DRAINING);
  /* One was adopted, and the next is under way already. */
  if (is_short(p) && p->dialing != NULL)
    return;
  pool_event(p, is_short(p) ? POOL_EV_FEW : POOL_EV_READY);
  if (p->newest != NULL && leads_elsewhere(p, p->newest))
    pool_event(p, POOL_EV_SHORT);
  if (p->state == POOL_RESTING && p->dialing != NULL)
    conn_fail(p->dialing, &p->last);
  /* It may owe too much since before there was time for it. */
  if (p->state == POOL_RESTING && p->ready_count > 0)
    pool_check(p, most_crowded(p));
}

static void first_ready(struct pool *p, const struct conn *conn) {
  p->since = p->context->now;
  p->failed = false;
  learn_shards(p, &conn->peer.sharding);
  p->shards_moved = p->shards_given_up = false;
  p->shard_failures = 0;
}

/* `asked`: the shard that it was to be for, or NO_SHARD. */
static void take(struct pool *p, struct conn *conn, uint16_t asked) {
  list_remove(&conn->link);
  list_push(&p->ready, &conn->link);
  p->ready_count++;
  p->newest = conn;
  metric_count(&p->context->metrics.connects);
  conn_own(conn, &conn_owner, p, p->load);
  conn->peer.number = p->number;
  log_write(&p->context->log, LOG_INFO, "connected to %s", conn->peer.name);
  if (p->ready_count == 1)
    first_ready(p, conn);
  sort_by_shard(p);
  if (p->ready_count == 1)
    p->owner->up(p->owner_arg);
  else
    look_for_miss(p, conn, asked);
  if (asked != NO_SHARD)
    p->shard_failures = 0;
  if (!leads_elsewhere(p, conn))
    drain_elsewhere(p);
  settle(p);
}

static void on_ready(void *arg, struct conn *conn) {
  struct pool *p = arg;

  ENSURE(conn == p->dialing && conn->state == CONN_READY);
  p->dialing = NULL;
  take(p, conn, p->asked);
}

void pool_adopt(struct pool *p, struct conn *conn) {
  ENSURE(conn->state == CONN_READY);
  take(p, conn, NO_SHARD);
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

/* The first connection tells whether there are shards. */
static const struct net_source *
choose_shard(struct pool *p, struct net_source *from, struct net_address *to) {
  uint16_t shard = NO_SHARD;

  if (p->ready_count > 0 && can_choose_shard(p)) {
    shard = missing_shard(p);
    if (shard == NO_SHARD)
      shard = most_crowded(p)->peer.sharding.shard;
  }
  p->asked = shard;
  if (shard == NO_SHARD)
    return NULL;
  MARK(shard_asked);
  to->port = p->sharding.port;
  *from = (struct net_source){p->sharding.count, p->asked};
  return from;
}

static void dial(struct pool *p) {
  struct context *c = p->context;
  struct conn_goal goal = {.address = p->address, .name = p->contact};
  struct net_source room;
  struct failure f;

  goal.from = choose_shard(p, &room, &goal.address);
  if (conn_open(&p->dialing, c, &goal, &conn_owner, p, dial_end(c), &f))
    p->dialing->address = p->address;
  else
    dialing_ended(p, &f);
}

static void pause(struct pool *p) {
  struct context *c = p->context;

  timer_set(&c->timers, &p->timer,
            c->now + backoff_next(&p->pause, &c->config));
}

static void hurry(struct pool *p) {
  p->pause = p->context->config.reconnect_min;
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
    hurry(p);
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

/* The host that is asked is found where it was asked, translated or not.  Where
 * a host has moved, those that stand are replaced first, and drained after. */
void pool_move(struct pool *p, const struct net_address *address,
               bool translated) {
  if (peer_same_address(&p->address, address)) {
    p->one_port |= translated;
    return;
  }
  MARK(host_moved);
  p->one_port = translated;
  p->address = *address;
  net_address_text(address, p->name);
  if (p->ready_count > 0)
    pool_event(p, POOL_EV_SHORT);
  pool_event(p, POOL_EV_HINT);
}

void pool_hint_up(struct pool *p) {
  uint64_t now = p->context->now;

  if (p->state != POOL_PAUSING ||
      (p->hinted != 0 && now - p->hinted < HINT_EVERY))
    return;
  p->hinted = now;
  pool_event(p, POOL_EV_HINT);
}

void pool_proved(struct pool *p, const struct conn *conn) {
  if (conn == p->newest)
    hurry(p);
}

/* ---- Those that stand --------------------------------------------------- */

/* What it owes an answer to, since all of that keeps its stream. */
static uint32_t load_of(const struct conn *conn) {
  return conn->in_flight + conn->answers_owed;
}

static bool is_full(const struct conn *conn) {
  return conn->in_flight >= conn->context->config.connection_max_in_flight ||
         streams_next(&conn->streams) == 0;
}

/* One that takes no bytes now may not do so for long. */
static bool has_less_to_do(const struct conn *a, const struct conn *b) {
  if (is_full(a) != is_full(b))
    return is_full(b);
  if (a->wants_writable != b->wants_writable)
    return b->wants_writable;
  return load_of(a) < load_of(b);
}

struct conn *pool_pick(const struct pool *p) {
  struct conn *best = NULL;

  for (struct list *n = p->ready.next; n != &p->ready; n = n->next)
    if (best == NULL || has_less_to_do(conn_of(n), best))
      best = conn_of(n);
  return best;
}

/* Another shard hands the request on: better than to wait, and to keep those
 * waiting that come after it. */
struct conn *pool_pick_shard(const struct pool *p, int64_t token) {
  struct conn *conn = p->shards[sharding_shard_of(&p->sharding, token)];

  return conn != NULL && !is_full(conn) && !conn->wants_writable ? conn
                                                                 : pool_pick(p);
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
  size_t most = POOL_DRAINING + p->ready_count;

  pool_event(p, POOL_EV_CLOSE);
  if (p->dialing != NULL)
    conn_fail(p->dialing, why);
  while (!list_empty(&p->ready))
    drain(p, conn_of(p->ready.next), most);
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

void pool_fini(struct pool *p) {
  net_free(&p->context->heap, p->shards);
}
