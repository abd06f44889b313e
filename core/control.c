#include "core/control.h"

#include <string.h>

#include "core/locality.h"
#include "core/mark.h"
#include "core/replication.h"
#include "proto/response.h"

#define SECOND UINT64_C(1000000000)
/* After a first hint more are waited for; and reading takes at most a twentieth
 * of the time, and once a second, however many there are.  One that took very
 * long was held up by something: no reason to be blind for minutes. */
#define HINT_WAIT  (SECOND / 10)
#define READ_EVERY SECOND
#define READ_SHARE 20
#define READ_REST  (10 * SECOND)
/* Hints can be lost. */
#define READ_ANYWAY (300 * SECOND)

static void control_event(struct control *c, enum control_event event);

/* ---- Requests ----------------------------------------------------------- */

static const struct statement register_statement = {
    .text = "REGISTER", .table = "events", .effect = EFFECT_REGISTER};
#define TABLE_STATEMENT(query, name)                                           \
  {                                                                            \
    .text = (query), .text_len = sizeof(query) - 1, .table = (name),           \
    .effect = EFFECT_READ                                                      \
  }
static const struct statement local_statement =
    TABLE_STATEMENT(TOPOLOGY_LOCAL, "system.local");
static const struct statement peers_v2_statement =
    TABLE_STATEMENT(TOPOLOGY_PEERS_V2, "system.peers_v2");
static const struct statement peers_statement =
    TABLE_STATEMENT(TOPOLOGY_PEERS, "system.peers");
static const struct statement keyspace_statement =
    TABLE_STATEMENT(REPLICATION_QUERY, "system_schema.keyspaces");

struct control_call {
  struct control *control;
  uint32_t request;
};

/* c->why says what it is. */
static void peer_failed(struct control *c) {
  memcpy(c->why.host, c->conn->peer.name, sizeof c->why.host);
  control_event(c, CONTROL_EV_FAILED);
}

static void failed(struct control *c, int code, const char *what,
                   const char *detail) {
  failure_init(&c->why, code, OUTCOME_NOT_APPLIED, what);
  failure_detail(&c->why, "%s", detail);
  peer_failed(c);
}

static void take_keyspace(struct control *c, struct rows *rows) {
  struct known_keyspace *k = &c->replications[c->reading->number];
  bool exists = rows_count(rows) > 0 && rows_columns(rows) == 1;
  struct cell cell;

  memset(&k->how, 0, sizeof k->how);
  k->how.class = REPLICATION_OTHER;
  k->known = true;
  if (exists && rows_next(rows, &cell))
    replication_parse(&k->how, &cell);
  if (exists && k->how.class == REPLICATION_OTHER && !k->warned) {
    k->warned = true;
    locality_warn_of_strategy(c->context, c->reading->name);
  }
}

static int take_rows(struct control *c, struct rows *rows) {
  const struct net_heap *heap = &c->context->heap;

  switch (c->state) {
  case CONTROL_LOCAL:
    topology_free(heap, &c->topology);
    c->fresh = true;
    return topology_add_local(&c->topology, heap, rows, &c->conn->address);
  case CONTROL_PEERS_V2:
  case CONTROL_PEERS:
    return topology_add_peers(&c->topology, heap, rows,
                              c->state == CONTROL_PEERS_V2,
                              c->conn->address.port);
  case CONTROL_KEYSPACES:
    take_keyspace(c, rows);
    return 0;
  default:
    return 0;
  }
}

static void on_answer(op_callback *callback, void *user,
                      const struct answer *answer) {
  struct control_call *call = user;
  struct control *c = call->control;
  bool late = call->request != c->request;
  int rc = 0;

  (void)callback;
  net_free(&c->context->heap, call);
  if (late)
    return;
  c->request++;
  if (answer->code != 0) {
    c->why = *answer->failure;
    control_event(c, answer->failure->server_code == CQL_ERROR_INVALID
                         ? CONTROL_EV_REFUSED
                         : CONTROL_EV_FAILED);
    return;
  }
  if (answer->rows != NULL)
    rc = take_rows(c, answer->rows);
  if (rc == 0)
    control_event(c, CONTROL_EV_DONE);
  else if (rc == FAILURE_NO_MEMORY)
    failed(c, rc, "out of memory", "");
  else
    failed(c, FAILURE_PROTOCOL, "its system tables cannot be read",
           "a row is not as it must be");
}

static void send(struct control *c, const struct statement *statement) {
  static const struct cql_span no_id = {NULL, 0};
  struct context *context = c->context;
  struct control_call *call = net_alloc(&context->heap, sizeof *call);
  struct op *op = op_make(&context->heap);
  enum conn_sent sent = CONN_NO_MEMORY;
  bool bound = true;

  if (op != NULL && statement == &keyspace_statement)
    bound = op_bind_bytes(op, &context->heap, c->reading->name,
                          strlen(c->reading->name));
  if (call != NULL && op != NULL && bound) {
    *call = (struct control_call){c, c->request};
    op->kind = statement->effect == EFFECT_REGISTER ? OP_REGISTER : OP_QUERY;
    op->own = true;
    op->statement = statement;
    op->consistency = 1; /* ONE */
    op->done = on_answer;
    op->user = call;
    op->timeout = TIMEOUT_READ;
    op->deadline = context->now + context->config.timeout[TIMEOUT_READ];
    sent = conn_send(c->conn, op, no_id);
  }
  if (sent == CONN_SENT) {
    deadlines_add(c->deadlines, op);
    conn_flush(c->conn);
    return;
  }
  net_free(&context->heap, call);
  if (op != NULL)
    op_release(&context->heap, op);
  failed(c, sent == CONN_NO_MEMORY ? FAILURE_NO_MEMORY : FAILURE_BUSY,
         sent == CONN_NO_MEMORY ? "out of memory" : "no room", "");
}

/* ---- Keyspaces ---------------------------------------------------------- */

static bool make_room(struct control *c, uint32_t count) {
  void *more;

  if (count <= c->replication_count)
    return true;
  more = net_resize(&c->context->heap, c->replications,
                    count * sizeof c->replications[0]);
  if (more == NULL)
    return false;
  c->replications = more;
  for (uint32_t i = c->replication_count; i < count; i++) {
    memset(&c->replications[i], 0, sizeof c->replications[i]);
    c->replications[i].how.class = REPLICATION_OTHER;
  }
  c->replication_count = count;
  return true;
}

/* One that is in use and not known; NULL: there is none. */
static struct keyspace *find_unknown(const struct control *c) {
  struct keyspace *ks = atomic_load(&c->keyspaces->newest);

  while (ks != NULL &&
         (!atomic_load(&ks->in_use) || (ks->number < c->replication_count &&
                                        c->replications[ks->number].known)))
    ks = ks->next;
  return ks;
}

static void read_keyspace(struct control *c) {
  struct keyspace *ks = c->reading = find_unknown(c);

  if (ks == NULL)
    control_event(c, CONTROL_EV_ALL);
  else if (make_room(c, ks->number + 1))
    send(c, &keyspace_statement);
  else
    failed(c, FAILURE_NO_MEMORY, "out of memory", "");
}

/* Replications change rarely, and tell of it: but hints can be lost. */
static void forget_keyspaces(struct control *c) {
  for (uint32_t i = 0; i < c->replication_count; i++)
    c->replications[i].known = false;
}

/* It is read again with all the rest: so no more often than that. */
static void keyspace_changed(struct control *c, struct cql_span name) {
  struct keyspace *ks = atomic_load(&c->keyspaces->newest);

  for (; ks != NULL; ks = ks->next)
    if (cql_span_equal(name, cql_span_of(ks->name)) &&
        ks->number < c->replication_count)
      control_event(c, CONTROL_EV_HINT);
}

/* ---- Views -------------------------------------------------------------- */

static struct snapshot *make_snapshot(struct control *c) {
  const struct net_heap *heap = &c->context->heap;
  uint32_t count = c->replication_count;
  struct replication *how = net_alloc(heap, (count + 1) * sizeof *how);
  struct snapshot *s = NULL;

  if (how == NULL)
    return NULL;
  for (uint32_t i = 0; i < count; i++)
    how[i] = c->replications[i].how;
  if (c->fresh)
    s = snapshot_make(heap, c->latest, &c->topology, how, count);
  else if (c->latest != NULL)
    s = snapshot_extend(c->latest, how, count);
  net_free(heap, how);
  return s;
}

static void warn_of_partitioner(struct control *c) {
  if (c->partitioner_warned || c->topology.murmur3)
    return;
  c->partitioner_warned = true;
  MARK(partitioner_other);
  log_write(&c->context->log, LOG_WARNING,
            "the cluster's partitioner is not Murmur3: requests go to any host "
            "of the data center");
}

static bool settle_topology(struct control *c) {
  if (!c->fresh)
    return true;
  warn_of_partitioner(c);
  locality_keep_contacts(&c->topology, c->latest ? c->latest->topology : NULL,
                         c->own ? dialer_name(&c->dialer) : NULL);
  return locality_apply(c->context, &c->topology, c->local_dc, &c->why);
}

static void publish(struct control *c) {
  struct snapshot *s;
  bool again = c->again;

  if (!settle_topology(c)) {
    peer_failed(c);
    return;
  }
  s = make_snapshot(c);
  if (s == NULL) {
    MARK(oom_snapshot);
    failed(c, FAILURE_NO_MEMORY, "out of memory", "");
    return;
  }
  MARK(view_published);
  c->fresh = false;
  c->again = false;
  c->by_contacts = false;
  snapshot_release(c->latest);
  c->latest = s;
  c->read_took = c->context->now - c->read_began;
  timer_set(&c->context->timers, &c->timer, c->context->now + READ_ANYWAY);
  if (c->own)
    dialer_connected(&c->dialer);
  if (c->owner->view(c->owner_arg, s, c->own ? c->conn : NULL))
    c->own = false;
  if (again)
    control_event(c, CONTROL_EV_HINT);
}

/* ---- The connection ----------------------------------------------------- */

static void attach(struct control *c, struct conn *conn, bool own) {
  c->conn = conn;
  c->own = own;
  c->request++;
  timer_stop(&c->timer);
  /* A contact point must not use up the time of the others. */
  if (own)
    timer_set(&c->context->timers, &c->timer, c->contact_deadline);
  control_event(c, CONTROL_EV_ATTACHED);
}

/* The contact points are not needed any more. */
static void rest_contacts(struct control *c) {
  static const char what[] = "another host was reached first";
  struct failure f;

  dialer_rest(&c->dialer);
  if (c->dialing != NULL) {
    failure_init(&f, FAILURE_CONNECT, OUTCOME_NOT_APPLIED, what);
    conn_fail(c->dialing, &f);
  }
}

/* To a host that is up, if there is one. */
static bool move(struct control *c) {
  struct conn *conn = c->owner->pick(c->owner_arg);

  if (conn == NULL)
    return false;
  MARK(control_moved);
  rest_contacts(c);
  attach(c, conn, false);
  return true;
}

static void seek(struct control *c) {
  /* It was for reading anew, and would keep the next host that is up away. */
  timer_stop(&c->timer);
  c->conn = NULL;
  c->own = false;
  c->request++;
  if (!c->by_contacts)
    move(c);
  else if (c->dialer.state == DIALER_IDLE)
    dialer_start_later(&c->dialer);
}

/* A contact point that does not do is the dialer's affair, if that is at work
 * still; of the hosts that are known another connection is tried after a
 * while. */
static void leave(struct control *c) {
  struct conn *conn = c->conn;
  bool own = c->own;

  MARK(control_left);
  log_write(&c->context->log, LOG_INFO, "%s: %s: %s", c->why.host, c->why.what,
            c->why.detail);
  c->conn = NULL;
  c->own = false;
  c->request++;
  c->by_contacts = c->by_contacts || !own;
  if (own)
    conn_fail(conn, &c->why);
  if (c->dialer.state == DIALER_IDLE && c->state == CONTROL_SEEKING)
    timer_set(&c->context->timers, &c->timer, c->context->now + SECOND);
}

static void wait_a_little(struct control *c) {
  uint64_t at = c->context->now + HINT_WAIT;
  uint64_t rest = READ_SHARE * c->read_took;
  uint64_t least = c->read_began + c->read_took + READ_EVERY;

  least += rest < READ_REST ? rest : READ_REST;
  timer_set(&c->context->timers, &c->timer, at > least ? at : least);
}

static void read_local(struct control *c) {
  c->read_began = c->context->now;
  c->again = false;
  forget_keyspaces(c);
  send(c, &local_statement);
}

static void control_event(struct control *c, enum control_event event) {
  struct control_step step = control_fsm_step(c->state, event);

  c->state = step.next;
  if (step.actions & CONTROL_DO_AGAIN)
    c->again = true;
  if (step.actions & CONTROL_DO_REGISTER)
    send(c, &register_statement);
  if (step.actions & CONTROL_DO_LOCAL)
    read_local(c);
  if (step.actions & CONTROL_DO_PEERS_V2)
    send(c, &peers_v2_statement);
  if (step.actions & CONTROL_DO_PEERS)
    send(c, &peers_statement);
  if (step.actions & CONTROL_DO_KEYSPACE)
    read_keyspace(c);
  if (step.actions & CONTROL_DO_PUBLISH)
    publish(c);
  if (step.actions & CONTROL_DO_WAIT)
    wait_a_little(c);
  if (step.actions & CONTROL_DO_LEAVE)
    leave(c);
  if (step.actions & CONTROL_DO_SEEK)
    seek(c);
}

static bool is_reading(const struct control *c) {
  return c->state >= CONTROL_REGISTERING && c->state <= CONTROL_KEYSPACES;
}

static void on_timer(struct timer *timer) {
  struct control *c = LIST_ENTRY(timer, struct control, timer);

  if (is_reading(c) && c->own && c->dialer.state == DIALER_DIALING)
    failed(c, FAILURE_TIMED_OUT, "no answer in time", "");
  else
    control_event(c, CONTROL_EV_TIMER);
}

void control_left(struct control *c, struct conn *conn) {
  if (conn == c->conn)
    control_event(c, CONTROL_EV_DETACHED);
}

void control_in_use(struct control *c) {
  if (find_unknown(c) != NULL)
    control_event(c, CONTROL_EV_KEYSPACE);
}

/* ---- Contact points ----------------------------------------------------- */

static void on_ready(void *arg, struct conn *conn) {
  struct control *c = arg;

  ENSURE(conn == c->dialing && c->state == CONTROL_SEEKING);
  c->dialing = NULL;
  attach(c, conn, true);
}

static void on_answered(void *arg, struct conn *conn, struct op *op,
                        const struct cql_frame *frame) {
  struct control *c = arg;
  struct failure why;

  (void)request_answered(c->context, op, frame, &conn->peer, &why);
}

static void on_closed(void *arg, struct conn *conn, const struct failure *why,
                      struct list *again) {
  struct control *c = arg;

  (void)again; /* all of it was our own */
  if (conn == c->dialing)
    c->dialing = NULL;
  control_left(c, conn);
  dialer_failed(&c->dialer, why);
}

static void on_conn_event(void *arg, struct conn *conn,
                          const struct cql_frame *frame) {
  control_told(arg, conn, frame);
}

static const struct conn_owner conn_owner = {on_ready, on_answered, on_closed,
                                             on_conn_event};

static void on_dial(void *arg, const struct net_address *address,
                    uint64_t deadline) {
  struct control *c = arg;
  const struct failure *known = c->owner->known(c->owner_arg, address);
  const struct conn_goal goal = {*address, NULL, dialer_name(&c->dialer)};
  struct failure f;

  /* One may have come up while the last contact point was asked. */
  if (!c->by_contacts && move(c))
    return;
  c->contact_deadline = deadline;
  /* Two who knock at one door are one too many. */
  if (known != NULL) {
    MARK(contact_known);
    dialer_failed(&c->dialer, known);
  } else if (!conn_open(&c->dialing, c->context, &goal, &conn_owner, c,
                        deadline, &f)) {
    dialer_failed(&c->dialer, &f);
  }
}

static void on_round_failed(void *arg, const struct failure *why) {
  struct control *c = arg;

  MARK(round_failed);
  /* There are hosts, and the next one of those is asked again. */
  if (c->by_contacts) {
    c->by_contacts = false;
    move(c);
    return;
  }
  log_write(&c->context->log, LOG_WARNING, "no host reached: %s", why->detail);
  c->owner->round_failed(c->owner_arg, why);
}

void control_start(struct control *c) {
  dialer_start(&c->dialer);
}

void control_all_down(struct control *c) {
  if (c->state == CONTROL_SEEKING && c->dialer.state == DIALER_IDLE) {
    MARK(contacts_again);
    dialer_start_later(&c->dialer);
  } else {
    /* One that is not among them may know where they are now. */
    control_event(c, CONTROL_EV_HINT);
  }
}

void control_host_up(struct control *c, struct conn *conn) {
  if (c->state != CONTROL_SEEKING || timer_is_set(&c->timer))
    return;
  rest_contacts(c);
  attach(c, conn, false);
}

/* ---- Hints -------------------------------------------------------------- */

static bool is(struct cql_span text, const char *word) {
  return cql_span_equal(text, cql_span_of(word));
}

static void host_hint(struct control *c, const struct cql_event *e) {
  struct net_address address = {.port = (uint16_t)e->address.port};

  memcpy(address.bytes, e->address.address, e->address.len);
  address.len = e->address.len;
  locality_translate(&c->context->config, &address);
  c->owner->hint(c->owner_arg, is(e->change, "UP") ? HINT_UP : HINT_DOWN,
                 &address);
}

void control_told(struct control *c, struct conn *conn,
                  const struct cql_frame *frame) {
  struct cql_prefix prefix;
  struct cql_reader message;
  struct cql_event e;

  if (conn != c->conn ||
      cql_prefix_decode(frame, &prefix, &message) != CQL_OK ||
      cql_event_decode(&message, &e) != CQL_OK) {
    MARK(event_ignored);
    return;
  }
  if (e.type == CQL_EVENT_STATUS_CHANGE) {
    MARK(event_status);
    host_hint(c, &e);
    if (is(e.change, "UP"))
      control_event(c, CONTROL_EV_HINT);
  } else if (e.type == CQL_EVENT_TOPOLOGY_CHANGE) {
    MARK(event_topology);
    control_event(c, CONTROL_EV_HINT);
  } else if (e.type == CQL_EVENT_SCHEMA_CHANGE &&
             is(e.schema.target, "KEYSPACE")) {
    MARK(event_keyspace);
    keyspace_changed(c, e.schema.keyspace);
  } else {
    MARK(event_ignored);
  }
}

/* ---- Life --------------------------------------------------------------- */

void control_init(struct control *c, struct context *context,
                  struct deadlines *deadlines, struct keyspaces *keyspaces,
                  const struct contact *contacts, size_t contact_count,
                  const struct control_owner *owner, void *arg) {
  static const struct dialer_owner dialer_owner = {on_dial, on_round_failed};

  memset(c, 0, sizeof *c);
  c->context = context;
  c->deadlines = deadlines;
  c->keyspaces = keyspaces;
  c->owner = owner;
  c->owner_arg = arg;
  timer_init(&c->timer, on_timer);
  dialer_init(&c->dialer, context, &dialer_owner, c, contacts, contact_count);
}

void control_close(struct control *c, const struct failure *why) {
  struct conn *conn = c->own ? c->conn : NULL;

  control_event(c, CONTROL_EV_CLOSE);
  dialer_stop(&c->dialer);
  timer_stop(&c->timer);
  c->request++;
  c->conn = NULL;
  if (c->dialing != NULL) {
    MARK(close_during_handshake);
    conn_fail(c->dialing, why);
  }
  if (conn != NULL)
    conn_fail(conn, why);
}

void control_fini(struct control *c) {
  topology_free(&c->context->heap, &c->topology);
  net_free(&c->context->heap, c->replications);
  snapshot_release(c->latest);
}
