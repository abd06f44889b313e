/* tests/unit/town.h - three scripted hosts, each of which owns a third of the
 * ring. */
#ifndef TALLY_TESTS_TOWN_H
#define TALLY_TESTS_TOWN_H

#include "tests/support/rig.h"

enum { TOWN_HOSTS = 3 };

/* The rig's own server is the first. */
struct town {
  struct rig r;
  struct script_server *hosts[TOWN_HOSTS];
};

/* replicas: of any keyspace.  Edit the options then, and connect. */
void town_begin(struct town *t, enum rig_mode mode, unsigned replicas);
/* Connected to all of them, and the ring is known. */
void town_connect(struct town *t);
/* Until all that stand are known to be ready, which the first tries bring
 * about. */
void town_warm_up(struct town *t);
void town_fini(struct town *t);

/* Until so many connections to the host stand, or so many requests have come
 * there. */
bool town_standing(struct town *t, int host, unsigned count);
bool town_count(struct town *t, int host, enum script_place place,
                unsigned count);
/* A key that this host owns; valid until the next call. */
const char *town_key(int owner, int number);
/* Updates with this key that came to the host. */
unsigned town_seen(const struct town *t, int host, const char *key);

#endif
