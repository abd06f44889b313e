#include "tests/sim/workload.h"

#include <stdio.h>

tally_session *sim_session;
tally_table *sim_tables[TABLE_COUNT];

static const tally_column page_hits_columns[] = {
    TALLY_PARTITION_KEY(page_hits, url, TALLY_TEXT),
    TALLY_COUNTER(page_hits, views),
    TALLY_COUNTER(page_hits, unique_visitors),
};
const tally_definition page_hits_definition =
    TALLY_DEFINITION(page_hits, "page_hits", page_hits_columns);

static const tally_column daily_columns[] = {
    TALLY_PARTITION_KEY(daily, site, TALLY_TEXT),
    TALLY_CLUSTERING_KEY(daily, day, TALLY_INT, TALLY_DESC),
    TALLY_STATIC_COUNTER(daily, total),
    TALLY_COUNTER(daily, hits),
};
const tally_definition daily_definition =
    TALLY_DEFINITION(daily, "daily", daily_columns);

static struct {
  bool closing; /* inside a callback, by tally_close_async() */
  bool closed;
  int in_close;   /* calls of tally_close() and _async() that are under way */
  bool connected; /* guest: the callback has run */
} state;

/* ---- Time --------------------------------------------------------------- */

struct condition {
  bool (*ready)(void *arg);
  void *arg;
};

static bool holds(void *arg) {
  const struct condition *c = arg;

  return c->ready != NULL && c->ready(c->arg);
}

static void drive_inline(uint64_t until) {
  uint64_t now = world_now();
  int ms = (int)((until - now + MILLISECOND - 1) / MILLISECOND);
  struct net_flag never = {0};
  tally_error e;
  int rc;

  if (sim_session == NULL) {
    net_park(&never, until);
    return;
  }
  rc = tally_poll(sim_session, ms, &e);
  if (rc < 0)
    violation("tally_poll: %s", e.message);
  if (rc == 0 && world_now() == now && now < until) {
    /* Nothing is pending: it does not wait. */
    uint64_t step = 10 * MILLISECOND;

    if (step > until - now)
      step = until - now;
    add_stalled_time(step);
    net_park(&never, now + step);
  }
}

/* uv_run() must not end while an operation is pending. */
static void drive_guest(uint64_t until) {
  if (check_pending() > 0 && sim_session != NULL && !guest_is_held())
    violation("operations are pending, and the loop is not held");
  guest_turn(until);
}

bool session_drive(bool (*ready)(void *arg), void *arg, uint64_t until) {
  struct condition c = {ready, arg};

  while (!holds(&c) && world_now() < until) {
    if (plan.mode == SIM_THREADS)
      threads_wait(holds, &c, until);
    else if (plan.mode == SIM_GUEST)
      drive_guest(until);
    else
      drive_inline(until);
  }
  return holds(&c);
}

void session_pass(uint64_t ns) {
  session_drive(NULL, NULL, world_now() + ns);
}

/* Nanoseconds since then in which the process could work. */
static uint64_t since(uint64_t began, uint64_t stalled) {
  uint64_t took = world_now() - began, lost = stalled_time() - stalled;

  return took > lost ? took - lost : 0;
}

/* ---- Opening ------------------------------------------------------------ */

static void on_log(void *user, int level, const char *text) {
  (void)user;
  TRACE("log %d: %s", level, text);
}

static void set_options(tally_options *o) {
  static const char *const dcs[] = {"dc2", "dc1"};
  static const char *const racks[] = {"", "r1", "r2", "r3"};
  static char hosts[128];
  size_t n = 0;

  tally_options_init(o);
  for (unsigned i = 0; i < plan.hosts; i++)
    if (plan.contacts == 0 || i < plan.contacts)
      n += (size_t)snprintf(hosts + n, sizeof hosts - n,
                            plan.names ? "%shost%u" : "%s10.0.0.%u",
                            i > 0 ? "," : "", i + 1);
  o->hosts = hosts;
  o->keyspace = "ks";
  o->local_dc = plan.local_dc > 0 ? dcs[plan.local_dc % 2] : NULL;
  o->local_rack = plan.local_rack > 0 ? racks[plan.local_rack % 4] : NULL;
  o->allow_remote = plan.remote != 0;
  if (plan.pool > 0)
    o->connections_per_host = (uint32_t)plan.pool;
  o->io_threads = plan.mode == SIM_INLINE ? 0 : (int)plan.io_threads;
  o->connect_timeout_ms = (uint32_t)plan.connect_timeout;
  o->increment_timeout_ms = (uint32_t)plan.increment_timeout;
  o->read_timeout_ms = (uint32_t)plan.read_timeout;
  o->schema_timeout_ms = (uint32_t)plan.schema_timeout;
  o->close_timeout_ms = (uint32_t)plan.close_timeout;
  o->heartbeat_ms = (uint32_t)plan.heartbeat;
  o->heartbeat_timeout_ms = (uint32_t)plan.heartbeat_timeout;
  o->reconnect_min_ms = (uint32_t)plan.reconnect_min;
  o->reconnect_max_ms = (uint32_t)plan.reconnect_max;
  o->max_in_flight = (uint32_t)plan.max_in_flight;
  o->connection_max_in_flight = (uint32_t)plan.connection_max_in_flight;
  o->max_abandoned = (uint32_t)plan.max_abandoned;
  o->max_frame_bytes = (uint32_t)plan.max_frame;
  if (plan.tls)
    o->tls = TALLY_TLS_VERIFY_FULL;
  if (plan.login) {
    o->user = "sim";
    o->password = "s1m";
    o->allow_plaintext_password = 1;
  }
  o->compression = plan.lz4 == 3   ? TALLY_COMPRESSION_LZ4_REQUIRED
                   : plan.lz4 != 0 ? TALLY_COMPRESSION_LZ4
                                   : TALLY_COMPRESSION_NONE;
  o->on_settled = workload_settled;
  tally_log(o, on_log, NULL, TALLY_LOG_DEBUG);
}

static void on_connected(void *user, const tally_result *result) {
  (void)user;
  (void)result;
  if (state.connected)
    violation("`connected` runs twice");
  state.connected = true;
}

static bool is_connected(void *arg) {
  (void)arg;
  return state.connected;
}

static int open_tables(void) {
  static const tally_definition *const definitions[] = {&page_hits_definition,
                                                        &daily_definition};
  tally_error e;

  for (int i = 0; i < TABLE_COUNT; i++) {
    int rc = tally_table_open(&sim_tables[i], sim_session, definitions[i], &e);

    if (rc != 0 && rc != TALLY_ENOMEM)
      violation("tally_table_open: %s", e.message);
    if (rc != 0)
      return rc;
  }
  return 0;
}

static void begin_opening(tally_options *o) {
  set_options(o);
  state.closing = state.closed = state.connected = false;
}

static int connect_on(tally_options *o, tally_error *e) {
  begin_opening(o);
  return tally_connect_on(&sim_session, guest_loop(), o, on_connected, NULL, e);
}

static int connect_guest(tally_options *o, tally_error *e) {
  int rc = connect_on(o, e);

  if (rc != 0)
    return rc;
  /* At times operations are submitted before there is a connection. */
  if (draw_once_in(CHANCE_WORKLOAD, 4))
    return 0;
  if (!session_drive(is_connected, NULL,
                     world_now() + 1000 * plan.connect_timeout * MILLISECOND))
    violation("`connected` does not run");
  return 0;
}

static void check_connect(int rc, const tally_error *e, uint64_t began,
                          uint64_t stalled) {
  uint64_t took = since(began, stalled), limit = plan.connect_timeout + 10;

  if (rc != 0 && (e->code != rc || e->message[0] == '\0'))
    violation("tally_connect: an error without a sentence");
  if (rc != 0 && !plan.faults)
    violation("tally_connect: %s (%s), and nothing was wrong", e->message,
              e->detail);
  /* A look-up that is under way is waited for. */
  if (!plan.names && took > limit * MILLISECOND)
    violation("tally_connect took %llu us", (unsigned long long)(took / 1000));
}

int session_open_once(void) {
  uint64_t began = world_now(), stalled = stalled_time();
  tally_options o;
  tally_error e;
  int rc;

  if (plan.mode == SIM_GUEST) {
    rc = connect_guest(&o, &e);
  } else {
    begin_opening(&o);
    rc = tally_connect(&sim_session, &o, &e);
  }
  TRACE("connect: %s", rc == 0 ? "OK" : e.message);
  if (plan.mode != SIM_GUEST)
    check_connect(rc, &e, began, stalled);
  if (rc != 0) {
    if (sim_session != NULL)
      violation("tally_connect fails and leaves a session");
    heap_check_empty("after a failed tally_connect");
    net_sim_check_empty();
    return rc;
  }
  check_session_opened();
  rc = open_tables();
  if (rc != 0)
    session_close();
  return rc;
}

void session_open(void) {
  struct net_flag never = {0};

  for (int tries = 0; session_open_once() != 0; tries++) {
    if (tries == 20)
      fault_allow(false);
    net_park(&never, world_now() + SECOND);
  }
}

/* ---- Creating ----------------------------------------------------------- */

struct step {
  bool pending;
  int status;
};

static void on_step(void *user, const tally_result *result) {
  struct step *s = user;

  s->pending = false;
  s->status = result->status;
}

static bool is_done(void *arg) {
  return !((struct step *)arg)->pending;
}

static int wait_step(struct step *s, int rc) {
  uint64_t limit = 4 * plan.schema_timeout * MILLISECOND + 100 * SECOND;
  uint64_t began = world_now(), stalled = stalled_time();

  if (rc != 0)
    return rc;
  while (!session_drive(is_done, s, world_now() + SECOND))
    if (since(began, stalled) > limit)
      violation("a schema change does not end");
  return s->status;
}

/* The keyspace, then the tables. */
enum { STEPS = 1 + TABLE_COUNT };
static struct step steps[STEPS];

/* A keyspace that is there already stays as it is. */
static tally_keyspace_options keyspace_options(void) {
  static char text[64];
  tally_keyspace_options o = {.struct_size = sizeof o,
                              .replication_factor = (int)plan.replicas};
  int n = snprintf(text, sizeof text, "dc1:%u", (unsigned)plan.replicas);

  if (plan.hosts > 1 && plan.dcs > 1)
    snprintf(text + n, sizeof text - (size_t)n, ",dc2:%u",
             (unsigned)plan.replicas);
  if (plan.network && plan.replicas > 0) {
    o.replication_factor = 0;
    o.replication = text;
  }
  return o;
}

static int begin_step(int i, tally_error *e) {
  tally_keyspace_options o = keyspace_options();
  int rc;

  steps[i] = (struct step){true, 0};
  if (i == 0)
    rc = tally_create_keyspace_async(sim_session, "ks", &o, on_step, &steps[i],
                                     e);
  else
    rc = tally_sync_table_async(sim_tables[i - 1], NULL, on_step, &steps[i], e);
  if (rc != 0)
    steps[i].pending = false;
  return rc;
}

static int create_async(tally_error *e) {
  int rc = 0;

  for (int i = 0; i < STEPS && rc == 0; i++)
    rc = wait_step(&steps[i], begin_step(i, e));
  return rc;
}

int session_create(void) {
  tally_keyspace_options o = keyspace_options();
  tally_error e = {0};
  int rc;

  if (plan.mode == SIM_GUEST) {
    rc = create_async(&e);
  } else {
    rc = tally_create_keyspace(sim_session, "ks", &o, &e);
    for (int i = 0; i < TABLE_COUNT && rc == 0; i++)
      rc = tally_sync_table(sim_tables[i], NULL, &e);
  }
  if (rc != 0 && !plan.faults)
    violation("creating fails: %s", e.message);
  return rc;
}

int session_begin_on(void) {
  tally_options o;
  tally_error e;
  int rc = connect_on(&o, &e);

  if (rc != 0)
    return rc;
  check_session_opened();
  return open_tables();
}

int session_begin_creating(void) {
  tally_error e;
  int rc = 0;

  for (int i = 0; i < STEPS && rc == 0; i++)
    rc = begin_step(i, &e);
  return rc;
}

bool session_is_creating(void) {
  for (int i = 0; i < STEPS; i++)
    if (steps[i].pending)
      return true;
  return false;
}

/* ---- Closing ------------------------------------------------------------ */

static void gone(void) {
  check_session_closed();
  if (session_is_creating())
    violation("a schema change never ended, and its session is closed");
  sim_session = NULL;
  heap_check_empty("after the session was closed");
  net_sim_check_empty();
  threads_end();
  state.closing = false;
}

static void on_closed(void *user) {
  (void)user;
  if (state.closed)
    violation("`closed` runs twice");
  state.closed = true;
  sim_session = NULL;
  /* The last callback: nothing may follow. */
  check_session_closed();
}

static bool is_closed(void *arg) {
  (void)arg;
  return state.closed && threads_alive() == 0;
}

bool session_is_closing(void) {
  return state.closing;
}

/* Another thread does, or was quicker. */
static bool other_closes(void) {
  return state.in_close > 0 || state.closing;
}

void session_close_inside(void) {
  int rc;

  check_session_closing();
  state.in_close++;
  rc = tally_close_async(sim_session, on_closed, NULL);
  state.in_close--;
  if (rc == 0)
    state.closing = true;
  else if (!(rc == TALLY_ECLOSED && other_closes()) &&
           !(rc == TALLY_ESYSTEM && plan.faults))
    violation("tally_close_async: %s", tally_error_name(rc));
}

static void wait_closed(void) {
  uint64_t limit =
      world_now() + (plan.close_timeout + 100) * MILLISECOND + 120 * SECOND;

  if (!session_drive(is_closed, NULL, limit))
    violation("closing does not end");
}

/* False: somebody else closes it, or tries to. */
static bool close_blocking(void) {
  uint64_t began = world_now(), stalled = stalled_time(), took;
  int rc;

  state.in_close++;
  rc = tally_close(sim_session);
  state.in_close--;
  /* It lets callbacks run first, and one of them may have been quicker. */
  if (rc == TALLY_ECLOSED && other_closes())
    return false;
  if (rc != 0)
    violation("tally_close: %s", tally_error_name(rc));
  took = since(began, stalled);
  if (!plan.names && took > (plan.close_timeout + 10) * MILLISECOND)
    violation("tally_close took %llu us", (unsigned long long)(took / 1000));
  return true;
}

void session_close(void) {
  if (sim_session == NULL && !state.closing)
    return;
  check_session_closing();
  /* Without a thread, or memory for one that waits, this is not to be had. */
  if (!state.closing &&
      (plan.mode == SIM_GUEST || draw_once_in(CHANCE_WORKLOAD, 2)))
    session_close_inside();
  while (!state.closing && !close_blocking())
    session_pass(MILLISECOND);
  if (state.closing)
    wait_closed();
  gone();
}
