#include "tests/unit/hosts_rig.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

/* ---- A second host ------------------------------------------------------ */

void peer_init(struct peer *p, struct rig *r, const char *dc,
               const char *rack) {
  struct script_server *both[2];

  p->server = script_start();
  script_describe(p->server, dc, rack, "4.1.9");
  script_own(p->server, "-9223372036854775808", 1);
  both[0] = r->server;
  both[1] = p->server;
  script_cluster(both, 2);
  r->tasks = rig_tasks(); /* with that server's thread */
}

void peer_leaves(struct rig *r) {
  script_cluster(&r->server, 1);
}

void peer_fini(struct peer *p) {
  script_stop(p->server);
}

/* ---- What was seen of them ---------------------------------------------- */

void seen_note(void *user, const tally_host *host) {
  struct seen *s = user;
  struct seen_host *h = &s->hosts[atomic_load(&s->count) % SEEN_MAX];

  h->host = *host;
  snprintf(h->address, sizeof h->address, "%s", host->address);
  snprintf(h->dc, sizeof h->dc, "%s", host->dc);
  snprintf(h->rack, sizeof h->rack, "%s", host->rack);
  snprintf(h->version, sizeof h->version, "%s", host->version);
  snprintf(h->why, sizeof h->why, "%s", host->why);
  atomic_fetch_add(&s->count, 1);
}

struct wanted {
  struct seen *seen;
  unsigned count;
};

static bool has_seen(void *arg) {
  const struct wanted *w = arg;

  return atomic_load(&w->seen->count) >= w->count;
}

bool seen_until(struct rig *r, struct seen *s, unsigned count) {
  struct wanted w = {s, count};

  return rig_until(r, has_seen, &w);
}

void seen_look(struct rig *r, struct seen *s) {
  memset(s, 0, sizeof *s);
  if (r->mode != RIG_GUEST) {
    ck_assert_msg(tally_hosts(r->session, seen_note, s, &r->error) == 0, "%s",
                  r->error.message);
    return;
  }
  ck_assert_int_eq(tally_hosts(r->session, seen_note, s, &r->error),
                   TALLY_EDEADLK);
  ck_assert_uint_eq(s->count, 0);
  ck_assert_int_eq(tally_hosts_async(r->session, seen_note, NULL, s, &r->error),
                   0);
  ck_assert(seen_until(r, s, 1));
}

void log_note(void *user, int level, const char *text) {
  struct log *l = user;

  (void)level;
  if (strstr(text, l->word) == NULL)
    return;
  snprintf(l->text, sizeof l->text, "%s", text);
  atomic_fetch_add(&l->count, 1);
}

bool log_has(void *arg) {
  return atomic_load(&((struct log *)arg)->count) > 0;
}
