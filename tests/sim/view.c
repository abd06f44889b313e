#include "tests/sim/view.h"

#include <string.h>

#include "api/internal.h"
#include "core/peer.h"
#include "tests/sim/check.h"
#include "tests/sim/workload.h"

/* More loops than any session has; statements than any run prepares at a
 * host; and what an id has. */
enum { LOOPS_MAX = 8, IDS_MAX = 64, ID_BYTES = 16 };

/* Attempts to connect to one address, as a bucket that runs dry when there are
 * too many. */
struct attempts {
  int64_t level; /* in thousandths */
  uint64_t at;
  uint64_t told_up;
};

struct seen_host {
  uint64_t closed_at; /* a socket to it, the last time */
  unsigned connected; /* sockets */
  unsigned id_count;  /* statements that were prepared there since the first
                         of them was connected */
  uint8_t ids[IDS_MAX][ID_BYTES];
};

static struct seen {
  const struct loop *loop; /* NULL: a free place */
  const void *snapshot;
  uint64_t taken_at; /* when it took its view */
  uint64_t stuck_at; /* since when operations wait, and need not; 0: not */
  struct seen_host hosts[MODEL_HOSTS];
  struct attempts attempts[MODEL_PLACES];
  struct attempts contacts[MODEL_PLACES];
} all[LOOPS_MAX];

/* ---- Loops -------------------------------------------------------------- */

static struct seen *find(const void *loop) {
  for (unsigned i = 0; i < LOOPS_MAX; i++)
    if (all[i].loop == loop && loop != NULL)
      return &all[i];
  violation("a loop that was never opened");
}

void view_begin(void) {
  for (unsigned i = 0; i < LOOPS_MAX; i++)
    all[i].loop = NULL;
}

void view_loop_opened(const void *loop) {
  unsigned i = 0;

  while (i < LOOPS_MAX && all[i].loop != NULL)
    i++;
  if (i == LOOPS_MAX)
    violation("more than %d loops", LOOPS_MAX);
  memset(&all[i], 0, sizeof all[i]);
  all[i].loop = loop;
}

void view_loop_closed(const void *loop) {
  find(loop)->loop = NULL;
}

/* ---- Views -------------------------------------------------------------- */

static const struct snapshot *snapshot_of(const struct seen *s) {
  return s->loop->cluster.hosts.snapshot;
}

static bool is_wanted(const struct host_info *info) {
  return info->distance <= LOCAL_DC ||
         (info->distance == REMOTE_DC && plan.remote);
}

static bool is_at(const struct net_address *a, unsigned place) {
  const uint8_t bytes[4] = {10, 0, 0, (uint8_t)place};

  return a->len == 4 && memcmp(a->bytes, bytes, 4) == 0;
}

static uint32_t load_of(const struct conn *conn) {
  return conn->in_flight + conn->answers_owed;
}

/* Operations wait for room, and the connection to their host that has least to
 * do has it. */
static bool waits_in_vain(const struct host *h) {
  const struct conn *best = NULL;

  if (list_empty(&h->waiting))
    return false;
  for (struct list *n = h->pool.ready.next; n != &h->pool.ready; n = n->next) {
    const struct conn *conn = LIST_ENTRY(n, struct conn, link);

    if (best == NULL || load_of(conn) < load_of(best))
      best = conn;
  }
  return best != NULL && best->write_error == 0 &&
         output_pending(&best->out) == 0 &&
         load_of(best) < plan.connection_max_in_flight;
}

/* A statement that cannot be prepared, and memory that is not there, are asked
 * for again in the next turn. */
static void check_waiting(struct seen *s) {
  const struct hosts *hosts = &s->loop->cluster.hosts;
  bool stuck = false;

  for (struct list *n = hosts->all.next; n != &hosts->all; n = n->next) {
    const struct host *h = host_of(n);

    stuck = stuck || waits_in_vain(h);
    if (!h->route.ready && !list_empty(&h->waiting))
      violation("operations wait at a host that takes none");
  }
  if (!stuck)
    s->stuck_at = 0;
  else if (s->stuck_at == 0)
    s->stuck_at = world_now();
  else if (world_now() - s->stuck_at > SECOND && stalled_time() == 0)
    violation("operations wait at a host, and a connection to it has room");
}

void view_turned(const void *loop) {
  struct seen *s = find(loop);
  const struct snapshot *view = snapshot_of(s);

  check_waiting(s);
  if (view == s->snapshot || view == NULL)
    return;
  s->snapshot = view;
  s->taken_at = world_now();
}

/* ---- Connecting ---------------------------------------------------------- */

/* Pauses are of half the longest on average, and double from the shortest: this
 * many attempts lead up to the longest, and a good many more are luck. */
enum { RAMP = 16, LUCK = 30 };

unsigned view_wanted(void) {
  uint64_t pool = plan.pool > 0 ? plan.pool : 1; /* in old scripts */

  return (unsigned)(plan.shards > pool ? plan.shards : pool);
}

static void credit(struct attempts *a, unsigned attempts) {
  a->level += 1000 * (int64_t)attempts;
}

/* Four in the time of the longest pause, for each connection that is wanted;
 * what came before is soon forgotten. */
static void refill(struct attempts *a) {
  int64_t most = 1000 * (RAMP + LUCK) * (int64_t)view_wanted();
  uint64_t passed = world_now() - a->at;
  uint64_t more =
      passed / MILLISECOND * 4000 * view_wanted() / plan.reconnect_max;

  if (a->at == 0)
    a->level = most;
  else if (a->level < most)
    a->level =
        a->level + (int64_t)more < most ? a->level + (int64_t)more : most;
  a->at = world_now();
}

static void check_attempts(struct attempts *a, unsigned place,
                           const char *what) {
  uint64_t told = model_told_up(place);

  refill(a);
  credit(a, (unsigned)(told - a->told_up) * RAMP);
  a->told_up = told;
  a->level -= 1000;
  if (a->level < 0)
    violation("a storm of connections to 10.0.0.%u, %s", place, what);
}

static bool is_dialed(const struct loop *l, const struct net_address *to) {
  const struct dialer *d = &l->cluster.control.dialer;

  return l->cluster.settings.contacts != NULL && d->state == DIALER_DIALING &&
         d->address > 0 && peer_same_address(&d->addresses[d->address - 1], to);
}

static bool knows(const struct snapshot *view, const struct net_address *to) {
  for (size_t i = 0; view != NULL && i < view->topology->count; i++)
    if (is_wanted(&view->topology->hosts[i]) &&
        peer_same_address(&view->topology->hosts[i].address, to))
      return true;
  return false;
}

void view_opens(const void *loop, const struct net_address *to) {
  struct seen *s = find(loop);
  struct net_address at = *to;
  unsigned place = to->bytes[3];

  at.port = MODEL_PORT;
  if (is_dialed(s->loop, to)) {
    check_attempts(&s->contacts[place], place, "a contact point");
    return;
  }
  if (!knows(snapshot_of(s), &at))
    violation("a connection to 10.0.%u.%u, where no host is known",
              to->bytes[2], place);
  check_attempts(&s->attempts[place], place, "a host");
}

void view_connected(const void *loop, unsigned host) {
  if (host < MODEL_HOSTS)
    find(loop)->hosts[host].connected++;
}

void view_closed(const void *loop, unsigned host, bool connected) {
  struct seen_host *h;

  if (host >= MODEL_HOSTS)
    return;
  h = &find(loop)->hosts[host];
  h->closed_at = world_now();
  if (connected && --h->connected == 0)
    h->id_count = 0;
}

/* ---- Statements --------------------------------------------------------- */

static bool is_prepared(const struct seen_host *h, const uint8_t *id) {
  for (unsigned i = 0; i < h->id_count; i++)
    if (memcmp(h->ids[i], id, ID_BYTES) == 0)
      return true;
  return false;
}

void view_prepared(const void *loop, unsigned host, const uint8_t *id,
                   size_t id_len) {
  struct seen_host *h = &find(loop)->hosts[host];

  if (id_len != ID_BYTES || is_prepared(h, id))
    return;
  if (h->id_count == IDS_MAX)
    h->id_count = 0; /* never so many: the rule then fails, and is mended */
  memcpy(h->ids[h->id_count++], id, ID_BYTES);
}

/* ---- Where increments go ------------------------------------------------- */

static const struct host *host_with_id(const struct seen *s,
                                       const uint8_t *id) {
  return hosts_find_id(&s->loop->cluster.hosts, id);
}

/* Since before then nothing has happened to it that could have turned a
 * request away. */
static bool is_steady(const struct seen *s, unsigned host, uint64_t since) {
  const struct host *h = host_with_id(s, model_id(host));

  return h != NULL && h->route.ready && h->route.distance <= LOCAL_DC &&
         h->route.up_since < since && s->hosts[host].closed_at < since &&
         model_host(host) == HOST_UP;
}

/* As the client sees them, and 1 << MODEL_HOSTS for one of a stale row; 0: it
 * does not know. */
static unsigned known_replicas(const struct seen *s, int64_t token) {
  const struct snapshot *view = snapshot_of(s);
  const uint16_t *found;
  unsigned set = 0;
  uint32_t count;

  found = snapshot_replicas(view, sim_tables[0]->in->number, token, &count);
  for (uint32_t i = 0; i < count; i++) {
    unsigned host = model_with_id(view->topology->hosts[found[i]].id);

    set |= 1u << host;
  }
  return set;
}

/* The client knows the replicas, and one of its data center was there all the
 * time: it goes to one. */
static void check_route(const struct seen *s, unsigned host,
                        const struct record *r) {
  unsigned replicas = model_replicas(r->key.text);
  int64_t token = model_token(r->key.text);
  bool steady = false;

  if (r->frames > 0 || r->key.more > 0 || replicas == 0 ||
      (plan.faults && plan.moving != MOVING_ALONE) ||
      s->taken_at >= r->submitted_at || s->snapshot != snapshot_of(s) ||
      model_changed_at() > r->submitted_at ||
      known_replicas(s, token) != replicas)
    return;
  for (unsigned i = 0; i < plan.hosts; i++)
    steady = steady ||
             ((replicas >> i & 1) != 0 && is_steady(s, i, r->submitted_at));
  if (steady && (replicas >> host & 1) == 0)
    violation("operation %u goes to host %u, and a replica is ready", r->number,
              host);
}

/* The host that the client takes it to lead to. */
static const struct host *peer_of(const struct seen *s,
                                  const struct conn *conn) {
  return hosts_find_number(&s->loop->cluster.hosts, conn->peer.number);
}

/* The newest view has it. */
static bool is_listed(const struct seen *s, const struct host *h) {
  const struct host_info *info =
      h != NULL ? topology_find(snapshot_of(s)->topology, h->id) : NULL;

  return info != NULL && is_wanted(info);
}

/* It goes on from a host where it was in vain, a PREPARE perhaps. */
static bool was_elsewhere(const struct conn *conn, uint32_t stream) {
  const struct op *op = streams_find(&conn->streams, (int16_t)stream);

  return op != NULL && !streams_is_forgotten(op) && op->tries != NULL;
}

void view_executes(const void *loop, const void *conn, unsigned host,
                   uint32_t stream, uint32_t number, const uint8_t *id,
                   size_t id_len) {
  const struct seen *s = find(loop);
  const struct seen_host *h = &s->hosts[host];
  const struct record *r = number != 0 ? check_record(number) : NULL;

  /* Connections to where a host was may lead to another one. */
  if (id_len == ID_BYTES && !model_has_moved(host) && !is_prepared(h, id))
    violation("host %u: a statement is executed that was not prepared there "
              "since it was away",
              host);
  if (r == NULL)
    return;
  /* In the turn that takes a view what was encoded before it may be sent. */
  if (r->submitted_at > s->taken_at && s->snapshot == snapshot_of(s) &&
      !is_listed(s, peer_of(s, conn)))
    violation("operation %u goes to host %u, and the newest view has no host "
              "that this connection is for",
              number, host);
  if (peer_of(s, conn) != NULL && !was_elsewhere(conn, stream))
    check_route(s, model_with_id(peer_of(s, conn)->id), r);
}

/* The next pauses are short ones again, and connections follow each other. */
void view_answered(const void *loop, unsigned host, bool first) {
  struct seen *s = find(loop);

  if (!first || host >= MODEL_HOSTS)
    return;
  for (unsigned i = 0; i < MODEL_PLACES; i++)
    if (s->contacts[i].at != 0)
      credit(&s->contacts[i], RAMP);
  credit(&s->attempts[model_place(host)], RAMP + view_wanted());
}

/* ---- The truth ---------------------------------------------------------- */

static bool same_tokens(const struct host_info *info, unsigned host) {
  if (plan.partitioner != 0)
    return true;
  if (info->token_count != plan.tokens)
    return false;
  for (unsigned i = 0; i < plan.tokens; i++)
    if (info->tokens[i] != model_host_token(host, i))
      return false;
  return true;
}

static bool same_hosts(const struct topology *t) {
  unsigned members = 0;

  for (unsigned i = 0; i < plan.hosts; i++)
    members += model_is_member(i);
  if (t->count != members)
    return false;
  for (size_t i = 0; i < t->count; i++) {
    unsigned host = model_with_id(t->hosts[i].id);

    if (host == MODEL_HOSTS || !model_is_member(host) ||
        !is_at(&t->hosts[i].address, model_place(host)) ||
        !same_tokens(&t->hosts[i], host))
      return false;
  }
  return true;
}

/* Of tokens all round the ring; the keyspace is in use. */
static bool same_replicas(const struct seen *s) {
  for (uint64_t i = 0; i < 32; i++) {
    int64_t token = (int64_t)(i << 59 | i * 977);

    if (known_replicas(s, token) != model_replicas_of(token))
      return false;
  }
  return true;
}

/* Connections lead to where their hosts are. */
static bool same_addresses(const struct seen *s) {
  const struct hosts *hosts = &s->loop->cluster.hosts;

  for (struct list *n = hosts->all.next; n != &hosts->all; n = n->next) {
    struct list *ready = &host_of(n)->pool.ready;
    unsigned host = model_with_id(host_of(n)->id);

    for (struct list *c = ready->next; c != ready; c = c->next)
      if (!is_at(&LIST_ENTRY(c, struct conn, link)->address, model_place(host)))
        return false;
  }
  return true;
}

bool view_is_true(void) {
  for (unsigned i = 0; i < LOOPS_MAX; i++) {
    const struct snapshot *view;

    if (all[i].loop == NULL)
      continue;
    view = snapshot_of(&all[i]);
    if (view == NULL || !same_hosts(view->topology) ||
        !same_replicas(&all[i]) || !same_addresses(&all[i]))
      return false;
  }
  return true;
}
