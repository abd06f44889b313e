/* tests/sim/model_change.c - hosts that come, go and move, keyspaces that are
 * replicated otherwise; and what is told of all that, truly or not. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/model_private.h"

/* ---- Events -------------------------------------------------------------- */

void change_told_up(unsigned place) {
  uint64_t now = world_now();

  if (model.told_up_at[place] != 0 && now - model.told_up_at[place] < SECOND)
    return;
  model.told_up[place]++;
  model.told_up_at[place] = now;
}

uint64_t model_told_up(unsigned place) {
  return model.told_up[place];
}

/* What an event is, in 64 bits: its clients may be gone when it comes. */
static uint64_t event_of(unsigned observer, enum event_kind kind,
                         unsigned place) {
  return (uint64_t)observer << 16 | (uint64_t)kind << 8 | place;
}

static void on_event(void *unused, uint64_t event) {
  static struct out o;
  unsigned observer = (unsigned)(event >> 16), place = event & 0xff;
  enum event_kind kind = (enum event_kind)(event >> 8 & 0xff);

  (void)unused;
  if (model_host(observer) != HOST_UP)
    return;
  if (kind == EVENT_UP)
    change_told_up(place);
  for (struct model_conn *c = model.conns; c != NULL; c = c->next) {
    if (c->host != observer || !c->registered || !conn_can_send(c))
      continue;
    TRACE("host %u: tells event %d of 10.0.0.%u", observer, (int)kind, place);
    world_hash(event);
    shape_change(&o, kind, place);
    lz4_answer(&o, c);
    wire_send(c->wire, o.bytes, o.len);
  }
}

static void tell_at(uint64_t when, unsigned observer, enum event_kind kind,
                    unsigned place) {
  world_at(when, 0, on_event, NULL, event_of(observer, kind, place));
}

/* All is told as it should be. */
static bool punctual;

/* By every host; at once, at times too late, twice, or not at all. */
static void tell(enum event_kind kind, unsigned place, uint64_t *detail) {
  uint64_t how = punctual ? 5 : detail_below(detail, 6);

  for (unsigned i = 0; i < model.plan.hosts; i++) {
    uint64_t when = world_now() + detail_below(detail, 5 * MILLISECOND);

    if (how == 0)
      continue;
    if (how == 1)
      when += detail_below(detail, 20 * SECOND);
    tell_at(when, i, kind, place);
    if (how == 2)
      tell_at(when + detail_below(detail, 2 * SECOND), i, kind, place);
  }
}

/* ---- Tables -------------------------------------------------------------- */

static void on_row(void *unused, uint64_t both) {
  (void)unused;
  cluster_row_now((unsigned)both / MODEL_HOSTS, (unsigned)both % MODEL_HOSTS);
}

static void row_at(uint64_t when, unsigned observer, unsigned subject) {
  world_at(when, 0, on_row, NULL, (uint64_t)observer * MODEL_HOSTS + subject);
}

void change_gossip(uint64_t after) {
  for (unsigned i = 0; i < model.plan.hosts; i++)
    for (unsigned k = 0; k < model.plan.hosts; k++)
      if (after == 0)
        cluster_row_now(i, k);
      else
        row_at(world_now() + after, i, k);
}

/* At once; or each host in its own time, so that they disagree for a while,
 * and events may come before the row does. */
static void tell_tables(unsigned subject, uint64_t *detail) {
  bool slow = !punctual && detail_below(detail, 2) == 0;

  model.changed_at = world_now();
  for (unsigned i = 0; i < model.plan.hosts; i++)
    if (slow)
      row_at(world_now() + detail_below(detail, 3 * SECOND), i, subject);
    else
      cluster_row_now(i, subject);
}

/* ---- Hosts -------------------------------------------------------------- */

/* The one after so many others, among members or the others; anchors stay.
 * MODEL_HOSTS: there is none. */
static unsigned find(bool member, uint64_t *detail) {
  unsigned found[MODEL_HOSTS], count = 0;

  for (unsigned i = model.plan.anchors; i < model.plan.hosts; i++)
    if (model.hosts[i].member == member)
      found[count++] = i;
  return count == 0 ? MODEL_HOSTS : found[detail_below(detail, count)];
}

static bool join(uint64_t detail) {
  unsigned host = find(false, &detail);

  if (host == MODEL_HOSTS)
    return false;
  TRACE("host %u: joins", host);
  model.hosts[host].member = true;
  model_set_host(host, HOST_UP);
  tell_tables(host, &detail);
  tell(EVENT_NEW_NODE, model.hosts[host].place, &detail);
  tell(EVENT_UP, model.hosts[host].place, &detail);
  return true;
}

static void on_stop(void *unused, uint64_t host) {
  (void)unused;
  if (!model.hosts[host].member)
    model_set_host((unsigned)host, HOST_DOWN);
}

/* Its process ends now, later, or not at all. */
static void leave_host(unsigned host, uint64_t *detail) {
  uint64_t how = detail_below(detail, punctual ? 2 : 3);

  TRACE("host %u: leaves", host);
  model.hosts[host].member = false;
  tell_tables(host, detail);
  tell(EVENT_REMOVED_NODE, model.hosts[host].place, detail);
  if (how == 0)
    on_stop(NULL, host);
  else if (how == 1)
    world_at(world_now() + detail_below(detail, 10 * SECOND), 0, on_stop, NULL,
             host);
}

static bool leave(uint64_t detail) {
  unsigned host = find(true, &detail);

  if (host == MODEL_HOSTS)
    return false;
  leave_host(host, &detail);
  return true;
}

/* Connections to where it was are reset, or nothing comes over them any
 * more. */
static void cut_off(unsigned host, uint64_t *detail) {
  bool silent = detail_below(detail, 2) == 0;

  for (struct model_conn *c = model.conns; c != NULL; c = c->next)
    if (c->host == host && c->wire != NULL) {
      if (silent)
        c->silent = c->deaf = true;
      else
        conn_reset(c);
    }
  requests_lose(host, NULL, detail);
  cql_forget_all(host);
}

/* One where nobody has been for long. */
static uint8_t new_place(void) {
  do
    model.last_place = model.last_place < 250 ? model.last_place + 1 : 101;
  while (model_at(model.last_place) < MODEL_HOSTS);
  return model.last_place;
}

static void move_host(unsigned host, uint8_t to, uint64_t *detail) {
  struct host *h = &model.hosts[host];
  uint8_t from = h->place;

  TRACE("host %u: moves from 10.0.0.%u to 10.0.0.%u", host, from, to);
  h->place = to;
  h->moved = true;
  cut_off(host, detail);
  tell_tables(host, detail);
  tell(EVENT_DOWN, from, detail);
  tell(EVENT_UP, to, detail);
}

/* An anchor, too, when it is found by its name. */
static bool move(uint64_t detail) {
  unsigned host = find(true, &detail);

  if (model.plan.names && detail_below(&detail, 3) == 0)
    host = (unsigned)detail_below(&detail, model.plan.anchors);
  if (host == MODEL_HOSTS)
    return false;
  move_host(host, new_place(), &detail);
  return true;
}

/* Another host at the address of one that is gone for good. */
static bool replace(uint64_t detail) {
  unsigned old = find(true, &detail), new = find(false, &detail);
  uint8_t place;

  if (old == MODEL_HOSTS || new == MODEL_HOSTS)
    return false;
  TRACE("host %u: replaces host %u", new, old);
  place = model.hosts[old].place;
  model.hosts[old].member = model.hosts[new].member = false;
  model_set_host(old, HOST_DOWN);
  model.hosts[old].place = model.hosts[new].place;
  model.hosts[new].place = place;
  model.hosts[old].moved = model.hosts[new].moved = true;
  cut_off(new, &detail);
  model.hosts[new].member = true;
  model_set_host(new, HOST_UP);
  tell_tables(old, &detail);
  tell_tables(new, &detail);
  tell(EVENT_NEW_NODE, place, &detail);
  tell(EVENT_UP, place, &detail);
  return true;
}

static bool retoken(uint64_t detail) {
  unsigned host = find(true, &detail);

  if (host == MODEL_HOSTS)
    return false;
  TRACE("host %u: has other tokens", host);
  for (unsigned i = 0; i < model.plan.tokens; i++) {
    uint64_t high = detail_below(&detail, UINT64_C(1) << 32);

    model.hosts[host].tokens[i] =
        (int64_t)(high << 32 | detail_below(&detail, UINT64_C(1) << 32));
  }
  model.changed_at = world_now();
  tell(EVENT_MOVED_NODE, model.hosts[host].place, &detail);
  return true;
}

/* ---- Lies, and what is told too often ------------------------------------ */

static enum event_kind any_kind(uint64_t *detail) {
  return (enum event_kind)detail_below(detail, EVENT_KINDS);
}

/* Of a host, or of nobody. */
static unsigned any_place(uint64_t *detail) {
  uint64_t host = detail_below(detail, model.plan.hosts + 1);

  return host < model.plan.hosts ? model.hosts[host].place : 99;
}

static void say_status(uint64_t detail) {
  enum event_kind kind = detail_below(&detail, 2) == 0 ? EVENT_UP : EVENT_DOWN;
  unsigned place = any_place(&detail);

  tell(kind, place, &detail);
}

static void burst(unsigned events, uint64_t *detail) {
  unsigned one = any_place(detail);
  enum event_kind kind = any_kind(detail);
  bool same = detail_below(detail, 2) == 0;

  TRACE("%u events", events);
  for (unsigned i = 0; i < events; i++) {
    uint64_t when = world_now() + i * MILLISECOND;

    for (unsigned host = 0; host < model.plan.hosts; host++)
      tell_at(when, host, kind, one);
    if (same)
      continue;
    one = any_place(detail);
    kind = any_kind(detail);
  }
}

void model_burst(unsigned events, unsigned seconds) {
  uint64_t detail = draw(CHANCE_CLUSTER);

  burst(events * seconds, &detail);
}

/* ---- Rows --------------------------------------------------------------- */

static void spoil_row(uint64_t detail) {
  unsigned observer = (unsigned)detail_below(&detail, model.plan.hosts);
  unsigned subject = (unsigned)detail_below(&detail, model.plan.hosts);
  struct peer_row *row = &model.hosts[observer].rows[subject];

  TRACE("host %u: a row of host %u is spoilt", observer, subject);
  switch (detail_below(&detail, 4)) {
  case 0:
    row->twice = true;
    break;
  case 1:
    row->tokens_of = (uint8_t)detail_below(&detail, model.plan.hosts);
    break;
  case 2:
    row->lacks = LISTENS_ANYWHERE;
    break;
  default:
    row->lacks = (uint16_t)detail_below(&detail, LISTENS_ANYWHERE);
  }
  model.changed_at = world_now();
  row_at(world_now() + detail_below(&detail, 5 * SECOND), observer, subject);
  /* Told of, or read by chance. */
  if (detail_below(&detail, 2) == 0)
    tell(EVENT_NEW_NODE, model.hosts[subject].place, &detail);
}

/* ---- Keyspaces ---------------------------------------------------------- */

static void add_pair(struct replication_map *how, const char *key,
                     uint64_t factor) {
  struct pair *p = &how->pairs[how->count++];

  snprintf(p->key, sizeof p->key, "%s", key);
  snprintf(p->value, sizeof p->value, "%u", (unsigned)factor);
}

static bool alter(uint64_t detail) {
  static const char *const classes[] = {
      "org.apache.cassandra.locator.SimpleStrategy",
      "org.apache.cassandra.locator.NetworkTopologyStrategy",
      "org.apache.cassandra.locator.EverywhereStrategy"};
  struct replication_map how = {.count = 1};
  uint64_t which = detail_below(&detail, 7);

  if (data_keyspace("ks") == NULL)
    return false;
  which = which == 6 ? 2 : which % 2;
  snprintf(how.pairs[0].key, sizeof how.pairs[0].key, "class");
  snprintf(how.pairs[0].value, sizeof how.pairs[0].value, "%s", classes[which]);
  if (which == 0)
    add_pair(&how, "replication_factor", 1 + detail_below(&detail, 4));
  if (which == 1) {
    add_pair(&how, "dc1", detail_below(&detail, 4));
    add_pair(&how, "dc2", detail_below(&detail, 4));
  }
  TRACE("keyspace ks: %s", classes[which]);
  data_alter_keyspace("ks", &how);
  model.changed_at = world_now();
  model_schema_changed();
  tell(EVENT_KEYSPACE, 0, &detail);
  return true;
}

/* ---- All ---------------------------------------------------------------- */

bool model_change(uint64_t detail) {
  static bool (*const changes[])(uint64_t detail) = {join,    leave,   move,
                                                     replace, retoken, alter};
  enum { CHANGES = sizeof changes / sizeof changes[0] };
  uint64_t which = detail_below(&detail, CHANGES);
  bool made;

  punctual = true;
  made = changes[which](detail);
  punctual = false;
  return made;
}

static void maybe_refuse(struct request *r) {
  static const int32_t codes[] = {ERROR_UNAVAILABLE, ERROR_BOOTSTRAPPING,
                                  ERROR_OVERLOADED};
  struct host *h = &model.hosts[r->host];
  uint64_t detail;

  if (fault(FAULT_UNWILLING, &detail)) {
    h->unwilling = codes[detail_below(&detail, 3)];
    h->unwilling_until = world_now() + detail_below(&detail, 3 * SECOND);
  }
  if (fault(FAULT_CROWDED, &detail))
    h->crowded_until = world_now() + detail_below(&detail, 30 * SECOND);
}

void change_arrived(struct request *r) {
  uint64_t detail;

  if (fault(FAULT_JOIN, &detail))
    join(detail);
  if (fault(FAULT_LEAVE, &detail))
    leave(detail);
  if (fault(FAULT_MOVE, &detail))
    move(detail);
  if (fault(FAULT_REPLACE, &detail))
    replace(detail);
  if (fault(FAULT_TOKENS, &detail))
    retoken(detail);
  if (fault(FAULT_ALTER, &detail))
    alter(detail);
  if (fault(FAULT_STATUS, &detail))
    say_status(detail);
  if (fault(FAULT_BURST, &detail))
    burst(100 + (unsigned)detail_below(&detail, 1500), &detail);
  if (fault(FAULT_ROW, &detail))
    spoil_row(detail);
  if (fault(FAULT_CONTROL, &detail) && r->conn->registered)
    r->conn->silent = true;
  maybe_refuse(r);
}
