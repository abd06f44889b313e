#include "tests/unit/town.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "proto/murmur3.h"

void town_begin(struct town *t, enum rig_mode mode, unsigned replicas) {
  static const char *const tokens[TOWN_HOSTS] = {
      "-3074457345618258603", "3074457345618258602", "9223372036854775806"};

  rig_init(&t->r, mode);
  t->hosts[0] = t->r.server;
  for (int i = 1; i < TOWN_HOSTS; i++)
    t->hosts[i] = script_start();
  t->r.tasks = rig_tasks();
  for (int i = 0; i < TOWN_HOSTS; i++)
    script_own(t->hosts[i], tokens[i], replicas);
  script_cluster(t->hosts, TOWN_HOSTS);
}

void town_fini(struct town *t) {
  rig_fini(&t->r);
  for (int i = 1; i < TOWN_HOSTS; i++)
    script_stop(t->hosts[i]);
}

struct standing {
  struct script_server *server;
  unsigned count;
};

static bool stands(void *arg) {
  const struct standing *s = arg;

  return script_standing(s->server) == s->count;
}

bool town_standing(struct town *t, int host, unsigned count) {
  struct standing s = {t->hosts[host], count};

  return rig_until(&t->r, stands, &s);
}

bool town_count(struct town *t, int host, enum script_place place,
                unsigned count) {
  struct script_server *own = t->r.server;
  bool reached;

  t->r.server = t->hosts[host];
  reached = rig_served(&t->r, place, count);
  t->r.server = own;
  return reached;
}

void town_connect(struct town *t) {
  rig_connect(&t->r);
  for (int i = 0; i < TOWN_HOSTS; i++)
    ck_assert(town_standing(t, i, 1));
  for (int i = 0; i < TOWN_HOSTS; i++)
    ck_assert(town_count(t, i, AT_STARTUP, 1));
  /* The handshake's end is seen by the next thing that is sent. */
  for (int i = 0; i < 3; i++)
    rig_step(&t->r);
}

/* Whose a key is: the first token that is not below its own, or the first of
 * all. */
static int owner_of(const char *key) {
  int64_t token = cql_murmur3_token(key, strlen(key));

  if (token <= INT64_C(-3074457345618258603))
    return 0;
  return token <= INT64_C(3074457345618258602) ? 1 : 2;
}

const char *town_key(int owner, int number) {
  static char key[24];

  for (int i = 0;; i++) {
    snprintf(key, sizeof key, "/%d/%d", number, i);
    if (owner_of(key) == owner)
      return key;
  }
}

unsigned town_seen(const struct town *t, int host, const char *key) {
  return script_seen(t->hosts[host], key);
}

void town_warm_up(struct town *t) {
  for (int n = 0; n < 200; n++) {
    bool all = true;

    for (int i = 0; i < TOWN_HOSTS; i++) {
      const char *key = town_key(i, 1000 + n);

      rig_applied(&t->r, key);
      all = all && town_seen(t, i, key) == 1;
    }
    if (all)
      return;
    rig_step(&t->r);
  }
  ck_abort_msg("requests do not go to their owners");
}
