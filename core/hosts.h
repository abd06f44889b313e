/* core/hosts.h - the hosts that one loop has connections to: those of the
 * newest snapshot that are near enough, each found by its number there. */
#ifndef HOSTS_H
#define HOSTS_H

#include "core/host.h"
#include "core/snapshot.h"

struct hosts {
  struct context *context;
  struct host_settings settings;
  struct list all;
  struct list retired;  /* they are gone, and still owe answers */
  struct list dirty;    /* with something to send */
  uint32_t last_number; /* that the newest host has */
  uint32_t last_asked;  /* ... and the one of hosts_next_ready() */
  struct snapshot *snapshot;
  struct router router;     /* its hosts are numbered as the snapshot's */
  struct route_host nobody; /* for those that there are no connections to */
  struct snapshot *missed;  /* one that there was no memory for ... */
  struct timer timer;       /* ... until this rings */
};

void hosts_init(struct hosts *hs, struct context *c, struct deadlines *d,
                const struct host_owner *owner, void *owner_arg);
/* Takes a snapshot into use: makes and moves hosts, retires those that are not
 * in it any more.  `contact`, if not NULL, leads to its first host, and is
 * given to that (*adopted).  False: no memory; it is tried again later. */
bool hosts_take(struct hosts *hs, struct snapshot *s, struct conn *contact,
                bool *adopted);

static inline struct host *host_of(struct list *link) {
  return LIST_ENTRY(link, struct host, link);
}
/* NULL: none. */
struct host *hosts_find_number(const struct hosts *hs, uint32_t number);
struct host *hosts_find_id(const struct hosts *hs, const uint8_t id[16]);
struct host *hosts_find_address(const struct hosts *hs,
                                const struct net_address *address);
/* Another one than the last time, if there is one. */
struct host *hosts_next_ready(struct hosts *hs);
/* None is ready, and each was tried. */
bool hosts_all_failed(const struct hosts *hs);

/* Free those that are gone and owe nothing any more. */
void hosts_settle(struct hosts *hs);
void hosts_close(struct hosts *hs, const struct failure *why);
void hosts_fini(struct hosts *hs);

#endif
