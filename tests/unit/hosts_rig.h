/* tests/unit/hosts_rig.h - a second host beside the rig's server, and records
 * of what was told of hosts. */
#ifndef TALLY_TESTS_HOSTS_RIG_H
#define TALLY_TESTS_HOSTS_RIG_H

#include "tests/support/rig.h"

struct peer {
  struct script_server *server;
};

/* Another host of the same cluster, version 4.1.9; its token is the smallest,
 * and so half of the ring its own. */
void peer_init(struct peer *p, struct rig *r, const char *dc, const char *rack);
void peer_fini(struct peer *p);
/* The rig's server does not list it any more. */
void peer_leaves(struct rig *r);

enum { SEEN_MAX = 8 };

struct seen_host {
  tally_host host; /* its texts are gone: these are copies */
  char address[46], dc[64], rack[64], version[64], why[512];
};

struct seen {
  _Atomic unsigned count; /* written last */
  struct seen_host hosts[SEEN_MAX];
  struct done done; /* asynchronous */
  int answer;       /* of host_filter */
  const char *to;   /* of translate_address; NULL: leave it */
  uint16_t port;
};

/* A tally_host_callback; user is a struct seen *. */
void seen_note(void *user, const tally_host *host);
bool seen_until(struct rig *r, struct seen *s, unsigned count);
/* tally_hosts(), in whatever way the mode allows. */
void seen_look(struct rig *r, struct seen *s);

struct log {
  _Atomic unsigned count;
  char text[512]; /* the last one that has the word */
  const char *word;
};

/* A tally_log_callback; user is a struct log *. */
void log_note(void *user, int level, const char *text);
bool log_has(void *log);

#endif
