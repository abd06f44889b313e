#include "core/hosts.h"

#include <string.h>

#include "core/mark.h"
#include "core/peer.h"

/* Until there may be memory again. */
#define MISSED_NS UINT64_C(1000000000)

/* ---- Finding ------------------------------------------------------------ */

struct host *hosts_find_number(const struct hosts *hs, uint32_t number) {
  for (struct list *n = hs->all.next; n != &hs->all; n = n->next)
    if (host_of(n)->number == number)
      return host_of(n);
  return NULL;
}

struct host *hosts_find_id(const struct hosts *hs, const uint8_t id[16]) {
  for (struct list *n = hs->all.next; n != &hs->all; n = n->next)
    if (memcmp(host_of(n)->id, id, sizeof host_of(n)->id) == 0)
      return host_of(n);
  return NULL;
}

struct host *hosts_find_address(const struct hosts *hs,
                                const struct net_address *address) {
  for (struct list *n = hs->all.next; n != &hs->all; n = n->next)
    if (peer_same_address(&host_of(n)->pool.address, address))
      return host_of(n);
  return NULL;
}

/* Numbers grow along the list. */
struct host *hosts_next_ready(struct hosts *hs) {
  struct host *first = NULL;

  for (struct list *n = hs->all.next; n != &hs->all; n = n->next) {
    struct host *h = host_of(n);

    if (!h->route.ready || h->pool.ready_count == 0)
      continue;
    if (first == NULL)
      first = h;
    if (h->number > hs->last_asked) {
      first = h;
      break;
    }
  }
  if (first != NULL)
    hs->last_asked = first->number;
  return first;
}

bool hosts_all_failed(const struct hosts *hs) {
  for (struct list *n = hs->all.next; n != &hs->all; n = n->next)
    if (host_of(n)->route.ready || !host_of(n)->pool.failed)
      return false;
  return true;
}

/* ---- Snapshots ---------------------------------------------------------- */

static bool is_wanted(const struct hosts *hs, const struct host_info *info) {
  return info->distance <= LOCAL_DC ||
         (info->distance == REMOTE_DC && hs->context->config.remote);
}

/* The order is mostly that of the list, so `next` is looked at first. */
static struct host *find_near(const struct hosts *hs, const uint8_t id[16],
                              struct list *next) {
  if (next != &hs->all && memcmp(host_of(next)->id, id, 16) == 0)
    return host_of(next);
  return hosts_find_id(hs, id);
}

static struct host *take_host(struct hosts *hs, const struct host_info *info,
                              struct list **next) {
  struct host *h = find_near(hs, info->id, *next);

  if (h == NULL) {
    h = host_make(&hs->settings, ++hs->last_number, info->id, &info->address);
    if (h == NULL) {
      MARK(oom_host);
      return NULL;
    }
    h->pool.one_port = info->translated;
    list_push(&hs->all, &h->link);
  } else {
    pool_move(&h->pool, &info->address, info->translated);
    *next = h->link.next;
  }
  h->pool.contact = info->contact;
  h->route.distance = info->distance;
  h->seen = true;
  return h;
}

static bool number_hosts(struct hosts *hs, const struct topology *t,
                         struct route_host **numbered) {
  struct list *next = hs->all.next;
  bool all = true;

  for (size_t i = 0; i < t->count; i++) {
    struct host *h = NULL;

    if (is_wanted(hs, &t->hosts[i])) {
      h = take_host(hs, &t->hosts[i], &next);
      all = all && h != NULL;
    }
    numbered[i] = h != NULL ? &h->route : &hs->nobody;
  }
  return all;
}

static void retire(struct hosts *hs, struct host *h) {
  bool was_up = h->route.ready;
  struct failure f;

  MARK(host_removed);
  log_write(&hs->context->log, LOG_INFO, "%s is not in the cluster any more",
            h->pool.name);
  failure_init(&f, FAILURE_LOST, OUTCOME_NOT_APPLIED,
               "the host left the cluster");
  memcpy(f.host, h->pool.name, sizeof f.host);
  list_remove(&h->link);
  list_push(&hs->retired, &h->link);
  host_retire(h, &f);
  if (was_up)
    hs->settings.owner->down(hs->settings.owner_arg, h, &f);
}

static void retire_unseen(struct hosts *hs) {
  struct list *next;

  for (struct list *n = hs->all.next; n != &hs->all; n = next) {
    struct host *h = host_of(n);

    next = n->next;
    if (!h->seen)
      retire(hs, h);
    h->seen = false;
  }
}

static void miss(struct hosts *hs, struct snapshot *s) {
  MARK(oom_view);
  snapshot_hold(s);
  snapshot_release(hs->missed);
  hs->missed = s;
  timer_set(&hs->context->timers, &hs->timer, hs->context->now + MISSED_NS);
}

static void open_all(struct hosts *hs) {
  for (struct list *n = hs->all.next; n != &hs->all; n = n->next)
    if (host_of(n)->pool.state == POOL_RESTING && !host_of(n)->route.ready)
      pool_open(&host_of(n)->pool);
}

bool hosts_take(struct hosts *hs, struct snapshot *s, struct conn *contact,
                bool *adopted) {
  const struct topology *t = s->topology;
  struct route_host **numbered =
      net_alloc(&hs->context->heap, (t->count + 1) * sizeof(void *));
  struct host *first;
  bool all;

  *adopted = false;
  /* Whatever was missed is older. */
  timer_stop(&hs->timer);
  snapshot_release(hs->missed);
  hs->missed = NULL;
  if (numbered == NULL) {
    miss(hs, s);
    return false;
  }
  snapshot_hold(s);
  snapshot_release(hs->snapshot);
  hs->snapshot = s;
  all = number_hosts(hs, t, numbered);
  net_free(&hs->context->heap, hs->router.hosts);
  hs->router.hosts = numbered;
  hs->router.host_count = (uint32_t)t->count;
  retire_unseen(hs);
  first = contact != NULL ? hosts_find_id(hs, t->hosts[0].id) : NULL;
  if (first != NULL) {
    *adopted = true;
    pool_adopt(&first->pool, contact);
  }
  open_all(hs);
  if (!all)
    miss(hs, s);
  return all;
}

static void on_timer(struct timer *timer) {
  struct hosts *hs = LIST_ENTRY(timer, struct hosts, timer);
  struct snapshot *s = hs->missed;
  bool adopted;

  hs->missed = NULL;
  hosts_take(hs, s, NULL, &adopted);
  snapshot_release(s);
}

/* ---- Life --------------------------------------------------------------- */

void hosts_init(struct hosts *hs, struct context *c, struct deadlines *d,
                const struct host_owner *owner, void *owner_arg) {
  memset(hs, 0, sizeof *hs);
  hs->context = c;
  hs->settings = (struct host_settings){c, d, &hs->dirty, owner, owner_arg};
  list_init(&hs->all);
  list_init(&hs->retired);
  list_init(&hs->dirty);
  router_init(&hs->router, net_random());
  hs->router.remote = c->config.remote;
  hs->nobody.distance = NEVER;
  timer_init(&hs->timer, on_timer);
}

void hosts_settle(struct hosts *hs) {
  struct list *next;

  for (struct list *n = hs->retired.next; n != &hs->retired; n = next) {
    next = n->next;
    if (pool_is_empty(&host_of(n)->pool))
      host_free(host_of(n));
  }
}

void hosts_close(struct hosts *hs, const struct failure *why) {
  timer_stop(&hs->timer);
  for (struct list *n = hs->all.next; n != &hs->all; n = n->next)
    host_close(host_of(n), why);
  for (struct list *n = hs->retired.next; n != &hs->retired; n = n->next)
    host_close(host_of(n), why);
}

void hosts_fini(struct hosts *hs) {
  list_append(&hs->retired, &hs->all);
  while (!list_empty(&hs->retired))
    host_free(host_of(hs->retired.next));
  net_free(&hs->context->heap, hs->router.hosts);
  snapshot_release(hs->snapshot);
  snapshot_release(hs->missed);
}
