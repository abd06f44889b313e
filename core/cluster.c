#include "core/cluster.h"

#include <string.h>

#include "core/mark.h"
#include "core/routing_key.h"
#include "core/tries.h"

/* ---- Routing ------------------------------------------------------------ */

/* The hosts where it was, as the snapshot numbers them. */
static uint32_t find_tried(const struct cluster *cl, const struct tries *t,
                           uint16_t numbers[TRIES_MAX]) {
  uint32_t count = 0;

  for (uint32_t n = 0; n < cl->hosts.router.host_count && count < t->count;
       n++) {
    struct route_host *route = cl->hosts.router.hosts[n];

    if (route == &cl->hosts.nobody)
      continue;
    for (uint32_t i = 0; i < t->count; i++)
      if (LIST_ENTRY(route, struct host, route)->number == t->hosts[i])
        numbers[count++] = (uint16_t)n;
  }
  return count;
}

static void count_route(struct cluster *cl, const struct route *route,
                        enum routed routed) {
  struct metrics *m = &cl->context->metrics;

  if (route->replicas == NULL)
    metric_count(&m->unrouted);
  else
    metric_count(routed == ROUTED_REPLICA ? &m->to_replica : &m->to_other);
  if (routed == ROUTED_REMOTE)
    metric_count(&m->remote);
}

static void find_replicas(struct cluster *cl, const struct op *op,
                          struct route *route) {
  const struct keyspace *ks = op->statement->keyspace;
  int64_t token;

  if (ks == NULL || cl->hosts.snapshot == NULL ||
      !snapshot_has_placement(cl->hosts.snapshot, ks->number) ||
      !routing_key_token(op, &cl->context->heap, &token))
    return;
  route->replicas = snapshot_replicas(cl->hosts.snapshot, ks->number, token,
                                      &route->replica_count);
}

/* Where it goes; NULL: no host is ready that it has not been at.  count: it
 * goes there now. */
static struct host *pick_host(struct cluster *cl, const struct op *op,
                              bool count) {
  uint16_t tried[TRIES_MAX], number;
  struct route route = {.tried = tried};
  enum routed routed;

  if (op->only_host != 0 && op->tries == NULL) {
    struct host *h = hosts_find_number(&cl->hosts, op->only_host);

    if (h != NULL && h->route.ready)
      return h;
  }
  if (op->tries != NULL)
    route.tried_count = find_tried(cl, op->tries, tried);
  find_replicas(cl, op, &route);
  routed = router_pick(&cl->hosts.router, &route, cl->context->now, &number);
  if (routed == ROUTED_NOWHERE)
    return NULL;
  if (count && op->statement->key_count > 0)
    count_route(cl, &route, routed);
  return LIST_ENTRY(cl->hosts.router.hosts[number], struct host, route);
}

/* Of what may wait: once it was everywhere, it may go anywhere. */
static struct host *route(struct cluster *cl, struct op *op) {
  struct host *h = pick_host(cl, op, true);

  if (h == NULL && op->tries != NULL && op->tries->count > 0) {
    op->tries->count = 0;
    h = pick_host(cl, op, true);
  }
  return h;
}

/* ---- Sending ------------------------------------------------------------ */

/* What EXECUTE and PREPARE put around the values, about. */
enum { FRAME_OVERHEAD = 48 };

static void enqueue(struct cluster *cl, struct op *op) {
  op->state = OP_QUEUED;
  list_push(&cl->queue, &op->queue);
  cl->queue_bytes += op->values_len + FRAME_OVERHEAD;
}

static void send_queued(struct cluster *cl, bool finish) {
  cl->queue_bytes = 0;
  while (!list_empty(&cl->queue)) {
    struct op *op = LIST_ENTRY(cl->queue.next, struct op, queue);
    struct host *h = route(cl, op);
    enum conn_sent sent;

    if (h == NULL)
      return;
    sent = host_submit(h, op);
    if (sent == CONN_SENT)
      continue;
    /* One a turn, and never inside the call that submitted it. */
    net_loop_hurry(cl->context->net);
    if (finish)
      host_refuse(cl->context, op, sent);
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
  struct list dirty, *node;

  if (!list_empty(&cl->queue))
    send_queued(cl, finish);
  list_init(&dirty);
  list_append(&dirty, &cl->hosts.dirty);
  while ((node = list_shift(&dirty)) != NULL)
    host_flush(LIST_ENTRY(node, struct host, dirty), finish);
}

/* ---- What hosts tell ---------------------------------------------------- */

static void tell_connected(struct cluster *cl, const struct failure *why) {
  cluster_connected *connected = cl->connected;

  cl->connected = NULL;
  cl->context->connect_end = 0;
  if (connected != NULL)
    connected(cl->connected_arg, why);
}

static void tell_changed(struct cluster *cl, const struct host *h,
                         const struct failure *why) {
  const struct config *config = &cl->context->config;

  if (config->host_changed != NULL && cl->settings.contacts != NULL)
    config->host_changed(config->host_user, h, why);
}

static void on_up(void *arg, struct host *h) {
  struct cluster *cl = arg;

  if (cl->settings.contacts != NULL)
    control_host_up(&cl->control, pool_pick(&h->pool));
  tell_changed(cl, h, NULL);
  tell_connected(cl, NULL);
}

static void on_down(void *arg, struct host *h, const struct failure *why) {
  struct cluster *cl = arg;

  if (cl->closed)
    return;
  if (h->pool.state != POOL_CLOSED) /* it has not left the cluster */
    log_write(&cl->context->log, LOG_WARNING, "%s: %s: %s", why->host,
              why->what, why->detail);
  tell_changed(cl, h, why);
}

static void on_failed(void *arg, struct host *h, const struct failure *why) {
  struct cluster *cl = arg;

  (void)h;
  log_write(&cl->context->log, LOG_INFO, "%s: %s: %s", why->host, why->what,
            why->detail);
  if (!hosts_all_failed(&cl->hosts))
    return;
  if (cl->settings.contacts != NULL)
    control_all_down(&cl->control);
  /* The contact point that listed them may be too far to be of use. */
  tell_connected(cl, why);
}

static void on_left(void *arg, struct conn *conn) {
  struct cluster *cl = arg;

  if (cl->settings.contacts != NULL)
    control_left(&cl->control, conn);
}

static void on_event(void *arg, struct conn *conn,
                     const struct cql_frame *frame) {
  struct cluster *cl = arg;

  if (cl->settings.contacts != NULL)
    control_told(&cl->control, conn, frame);
  else
    MARK(event_ignored);
}

static void on_in_use(void *arg) {
  struct cluster *cl = arg;
  const struct notice notice = {.kind = NOTICE_IN_USE};

  if (cl->settings.contacts != NULL)
    control_in_use(&cl->control);
  else
    cl->settings.tell(cl->settings.tell_arg, &notice);
}

/* What a server has answered is final unless there is another host to ask now;
 * so is the loss of a read's answer.  Anything else waits for a host. */
static void on_again(void *arg, struct host *h, struct op *op,
                     const struct failure *why, bool wait) {
  struct cluster *cl = arg;
  struct failure f;

  ENSURE(op->state == OP_QUEUED && list_empty(&op->queue));
  if (cl->closed) {
    enqueue(cl, op);
    return;
  }
  tries_add(&op->tries, &cl->context->heap, h->number);
  /* Where nobody knows where it was it would go there again, and again. */
  if (wait ||
      (tries_may_go_on(op->tries) && pick_host(cl, op, false) != NULL)) {
    MARK(retried);
    if (op->tries != NULL)
      tries_note(op->tries, why);
    metric_count(&cl->context->metrics.retries);
    enqueue(cl, op);
    return;
  }
  MARK(retry_nowhere);
  f = *why;
  op_fail_with(cl->context, op, &f);
}

static const struct host_owner host_owner = {
    on_up, on_down, on_failed, on_left, on_again, on_event, on_in_use};

/* ---- Views -------------------------------------------------------------- */

static bool take_view(struct cluster *cl, struct snapshot *s,
                      struct conn *contact) {
  struct failure f;
  bool adopted;

  if (!hosts_take(&cl->hosts, s, contact, &adopted)) {
    failure_init(&f, FAILURE_NO_MEMORY, OUTCOME_NOT_APPLIED, "out of memory");
    tell_connected(cl, &f);
  }
  return adopted;
}

static void take_hint(struct cluster *cl, enum control_hint hint,
                      const struct net_address *address) {
  struct host *h = hosts_find_address(&cl->hosts, address);

  if (h == NULL)
    return;
  if (hint == HINT_UP)
    pool_hint_up(&h->pool);
  else
    pool_probe(&h->pool);
}

void cluster_told(struct cluster *cl, const struct notice *notice) {
  switch (notice->kind) {
  case NOTICE_VIEW:
    if (!cl->closed)
      take_view(cl, notice->snapshot, NULL);
    return;
  case NOTICE_UP:
  case NOTICE_DOWN:
    take_hint(cl, notice->kind == NOTICE_UP ? HINT_UP : HINT_DOWN,
              &notice->address);
    return;
  case NOTICE_IN_USE:
  default:
    if (cl->settings.contacts != NULL)
      control_in_use(&cl->control);
    return;
  }
}

/* ---- What the control connection tells ---------------------------------- */

static struct conn *on_pick(void *arg) {
  struct cluster *cl = arg;
  const struct host *h = hosts_next_ready(&cl->hosts);

  return h != NULL ? pool_pick(&h->pool) : NULL;
}

static bool on_view(void *arg, struct snapshot *s, struct conn *contact) {
  struct cluster *cl = arg;
  const struct notice notice = {.kind = NOTICE_VIEW, .snapshot = s};

  cl->settings.tell(cl->settings.tell_arg, &notice);
  return take_view(cl, s, contact);
}

static void on_hint(void *arg, enum control_hint hint,
                    const struct net_address *address) {
  struct cluster *cl = arg;
  const struct notice notice = {
      .kind = hint == HINT_UP ? NOTICE_UP : NOTICE_DOWN, .address = *address};

  cl->settings.tell(cl->settings.tell_arg, &notice);
  take_hint(cl, hint, address);
}

static const struct failure *on_known(void *arg,
                                      const struct net_address *address) {
  struct cluster *cl = arg;
  const struct host *h = hosts_find_address(&cl->hosts, address);

  return h != NULL ? &h->pool.last : NULL;
}

static void on_round_failed(void *arg, const struct failure *why) {
  tell_connected(arg, why);
}

/* ---- Deadlines ---------------------------------------------------------- */

/* Each host's reason. */
static void tell_reasons(const struct cluster *cl, struct failure *f) {
  const struct dialer *d = &cl->control.dialer;
  struct tries reasons = {0};

  for (struct list *n = cl->hosts.all.next; n != &cl->hosts.all; n = n->next)
    tries_note(&reasons, &host_of(n)->pool.last);
  if (reasons.text[0] != '\0') {
    failure_detail(f, "%s", reasons.text);
  } else if (cl->settings.contacts != NULL) {
    const struct failure *round =
        d->last.detail[0] != '\0' ? &d->last : &d->round;

    memcpy(f->host, round->host, sizeof f->host);
    if (round->detail[0] != '\0')
      failure_detail(f, "%s", round->detail);
    else
      failure_detail(f, "%s: still connecting", d->contacts[d->contact].name);
  }
}

/* Not one byte of it was encoded. */
static void expire_unsent(struct cluster *cl, struct op *op) {
  const struct outcome_row *row = &outcome_table[EVENT_NEVER_ENCODED];
  struct failure f;

  if (op->state == OP_PREPARING)
    MARK(expire_preparing);
  failure_init(&f, row->code, row->outcome, row->what);
  if (op->state == OP_WAITING || op->state == OP_PREPARING) {
    struct host *h = op->host;

    MARK(expire_unsent_full);
    failure_init(&f, FAILURE_TIMED_OUT, row->outcome, "not sent in time");
    memcpy(f.host, h->pool.name, sizeof f.host);
    failure_detail(&f, "in flight on the connection: %u",
                   (unsigned)h->route.in_flight);
    host_forget(op);
  } else if (op->kind != OP_PAUSE) {
    ENSURE(op->state == OP_QUEUED);
    MARK(expire_unsent_no_conn);
    tell_reasons(cl, &f);
  }
  op_fail_with(cl->context, op, &f);
}

static void expire_sent(struct cluster *cl, struct op *op) {
  struct conn *conn = op->conn;

  MARK(expire_sent);
  conn_abandon(conn, op);
  if (conn->answers_owed > cl->context->config.max_abandoned) {
    struct host *h = hosts_find_number(&cl->hosts, conn->peer.number);

    if (h != NULL)
      pool_check(&h->pool, conn);
  }
  op_fail(cl->context, op, EVENT_DEADLINE, conn->peer.name, NULL);
}

void cluster_expire(struct cluster *cl, uint64_t now) {
  struct op *op;

  while ((op = deadlines_due(&cl->deadlines, now)) != NULL) {
    if (op->state == OP_SENT)
      expire_sent(cl, op);
    else
      expire_unsent(cl, op);
  }
}

/* ---- Life --------------------------------------------------------------- */

void cluster_init(struct cluster *cl, struct context *c,
                  const struct cluster_settings *settings) {
  static const struct control_owner control_owner = {on_pick, on_view, on_hint,
                                                     on_known, on_round_failed};

  memset(cl, 0, sizeof *cl);
  cl->context = c;
  cl->settings = *settings;
  deadlines_init(&cl->deadlines);
  list_init(&cl->queue);
  hosts_init(&cl->hosts, c, &cl->deadlines, &host_owner, cl);
  if (settings->contacts != NULL)
    control_init(&cl->control, c, &cl->deadlines, settings->keyspaces,
                 settings->contacts, settings->contact_count, &control_owner,
                 cl);
}

void cluster_connect(struct cluster *cl, cluster_connected *connected,
                     void *arg) {
  cl->connected = connected;
  cl->connected_arg = arg;
  cl->context->connect_end = net_clock() + cl->context->config.connect_timeout;
  if (cl->settings.contacts != NULL)
    control_start(&cl->control);
}

void cluster_settle(struct cluster *cl) {
  conn_settle_all(cl->context);
  hosts_settle(&cl->hosts);
}

/* Whatever is not completed yet has a deadline to be found by. */
static void fail_all_unsent(struct cluster *cl, const struct failure *why) {
  struct op *op;

  while ((op = deadlines_due(&cl->deadlines, UINT64_MAX)) != NULL) {
    struct failure f = *why;

    ENSURE(op->state == OP_QUEUED || op->kind == OP_PAUSE);
    MARK(close_with_unsent);
    op_fail_with(cl->context, op, &f);
  }
}

static void mark_close(const struct cluster *cl) {
  for (struct list *n = cl->hosts.all.next; n != &cl->hosts.all; n = n->next)
    if (host_of(n)->route.in_flight > 0)
      MARK(close_with_sent);
}

void cluster_close(struct cluster *cl) {
  struct failure f;

  mark_close(cl);
  cl->closed = true;
  /* What ends here is told by its own callback alone. */
  cl->context->settled = NULL;
  failure_init(&f, FAILURE_CLOSED, OUTCOME_NOT_APPLIED,
               "the session was closed");
  if (cl->settings.contacts != NULL)
    control_close(&cl->control, &f);
  hosts_close(&cl->hosts, &f);
  fail_all_unsent(cl, &f);
  tell_connected(cl, &f);
  ENSURE(cl->context->pending == 0);
}

void cluster_fini(struct cluster *cl) {
  ENSURE(list_empty(&cl->queue));
  conn_reap(cl->context);
  hosts_fini(&cl->hosts);
  if (cl->settings.contacts != NULL)
    control_fini(&cl->control);
}
