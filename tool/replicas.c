#include "tool/replicas.h"

#include "tool/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Hosts -------------------------------------------------------------- */

static void count_host(struct census *c, const tally_host *h) {
  c->hosts++;
  c->up += h->up != 0;
}

static void on_host(void *user, const tally_host *h) {
  struct data_centers *c = user;

  count_host(&c->all, h);
  if (h->distance > TALLY_LOCAL_DC)
    return;
  count_host(&c->local, h);
  snprintf(c->name, sizeof c->name, "%s", h->dc);
  if (!h->up)
    snprintf(c->why, sizeof c->why, "%s is down: %s", h->address, h->why);
}

int centers_read(struct data_centers *c, tally_session *session,
                 tally_error *error) {
  memset(c, 0, sizeof *c);
  return tally_hosts(session, on_host, c, error);
}

/* ---- Replicas ----------------------------------------------------------- */

struct reading {
  struct replicas *replicas;
  const char *dc;
};

/* "NetworkTopologyStrategy", "dc1" and "3": what a map has, one after another;
 * "3/1" are three, of which one is transient. */
static void read_pair(struct reading *in, const char *key, const char *value) {
  struct replicas *r = in->replicas;
  size_t n = (size_t)strtoul(value, NULL, 10), len = strlen(r->text);
  const char *name = strrchr(value, '.');

  if (strcmp(key, "class") == 0) {
    name = name == NULL ? value : name + 1;
    r->known = strcmp(name, "SimpleStrategy") == 0 ||
               strcmp(name, "NetworkTopologyStrategy") == 0;
    return;
  }
  r->all += n;
  if (strcmp(key, "replication_factor") == 0 || strcmp(key, in->dc) == 0)
    r->local += n;
  snprintf(r->text + len, sizeof r->text - len, "%s%s %s", len > 0 ? ", " : "",
           strcmp(key, "replication_factor") == 0 ? "replication factor" : key,
           value);
}

static int on_replication(void *user, tally_answer *row) {
  struct reading *in = user;
  tally_value map, key, value;
  tally_parts parts;

  in->replicas->found = true;
  if (tally_answer_get(row, "replication", &map, NULL) != 0 ||
      tally_parts_init(&parts, &map, NULL) != 0)
    return STATUS_DONE;
  while (tally_parts_next(&parts, &key, NULL) > 0 &&
         tally_parts_next(&parts, &value, NULL) > 0) {
    char *k = ask_print(&key), *v = ask_print(&value);

    if (k != NULL && v != NULL)
      read_pair(in, k, v);
    free(k);
    free(v);
  }
  return STATUS_DONE;
}

int replicas_read(struct replicas *r, tally_session *session,
                  const char *keyspace, const char *dc) {
  const char *const values[] = {keyspace, NULL};
  struct reading in = {.replicas = r, .dc = dc};

  memset(r, 0, sizeof *r);
  return ask(session,
             "SELECT replication FROM system_schema.keyspaces WHERE "
             "keyspace_name = ?",
             values, on_replication, &in);
}

/* ---- Consistencies ------------------------------------------------------ */

enum need { NEED_ONE = 1, NEED_TWO, NEED_THREE, NEED_QUORUM, NEED_ALL };

static const struct level {
  int consistency;
  const char *name;
  enum need need;
  bool local;
} levels[] = {
    {TALLY_ONE, "ONE", NEED_ONE, false},
    {TALLY_TWO, "TWO", NEED_TWO, false},
    {TALLY_THREE, "THREE", NEED_THREE, false},
    {TALLY_QUORUM, "QUORUM", NEED_QUORUM, false},
    {TALLY_ALL, "ALL", NEED_ALL, false},
    {TALLY_LOCAL_QUORUM, "LOCAL_QUORUM", NEED_QUORUM, true},
    {TALLY_EACH_QUORUM, "EACH_QUORUM", NEED_QUORUM, true},
    {TALLY_LOCAL_ONE, "LOCAL_ONE", NEED_ONE, true},
};

static const struct level *level_of(int consistency) {
  size_t i = 0;

  while (i + 1 < sizeof levels / sizeof levels[0] &&
         levels[i].consistency != consistency)
    i++;
  return &levels[i];
}

size_t replicas_needed(const struct replicas *r, int consistency) {
  const struct level *l = level_of(consistency);
  size_t of = l->local ? r->local : r->all;

  switch (l->need) {
  case NEED_QUORUM:
    return of / 2 + 1;
  case NEED_ALL: /* of none there is nobody to count */
    return of > 0 ? of : 1;
  default:
    return (size_t)l->need;
  }
}

bool replicas_are_local(int consistency) {
  return level_of(consistency)->local;
}

const char *replicas_level(int consistency) {
  return level_of(consistency)->name;
}
