#include "core/look.h"

#include <string.h>

/* A token's share is what lies between the one before it and itself. */
static void add_shares(struct look *look, const struct ring *ring) {
  for (uint32_t i = 0; i < ring->token_count; i++) {
    uint32_t before = i > 0 ? i - 1 : ring->token_count - 1;
    uint64_t width = ring_key(ring->tokens[i]) - ring_key(ring->tokens[before]);

    look->hosts[ring->owners[i]].share +=
        ring->token_count == 1 ? 1 : (double)width * 0x1p-64;
  }
}

static bool begin(struct look *look, const struct cluster *cl) {
  size_t count = cl->hosts.snapshot->topology->count;

  look->hosts =
      net_alloc(&cl->context->heap, (count + 1) * sizeof look->hosts[0]);
  if (look->hosts == NULL)
    return false;
  look->snapshot = cl->hosts.snapshot;
  snapshot_hold(look->snapshot);
  if (look->snapshot->ring != NULL)
    add_shares(look, look->snapshot->ring);
  return true;
}

static bool is_early(const struct host *h) {
  return !h->pool.failed && h->pool.last.code == FAILURE_NO_HOST;
}

/* It is up since the first loop reached it, and down since the last one lost
 * it. */
static void add_host(struct look_host *to, const struct host *h) {
  bool first = to->since == 0;
  bool ready = h->route.ready;

  to->connections += h->pool.ready_count;
  to->in_flight += h->route.in_flight;
  if (h->pool.sharding.count > 0)
    to->shards = h->pool.sharding.count;
  if (!ready && !to->up)
    to->is_early = is_early(h);
  if (ready ? !to->up || h->pool.since < to->since
            : !to->up && (first || h->pool.since > to->since)) {
    to->since = h->pool.since;
    to->why = h->pool.last;
  }
  to->up = to->up || ready;
}

bool look_add(struct look *look, const struct cluster *cl) {
  if (look->snapshot == NULL && cl->hosts.snapshot == NULL)
    return true;
  if (look->snapshot == NULL && !begin(look, cl))
    return false;
  for (struct list *n = cl->hosts.all.next; n != &cl->hosts.all; n = n->next) {
    const struct topology *t = look->snapshot->topology;
    const struct host_info *info = topology_find(t, host_of(n)->id);

    /* Another loop may have heard of it first. */
    if (info != NULL)
      add_host(&look->hosts[info - t->hosts], host_of(n));
  }
  return true;
}

bool look_is_early(const struct look *look) {
  if (look->snapshot == NULL)
    return true;
  for (size_t i = 0; i < look->snapshot->topology->count; i++)
    if (!look->hosts[i].up && look->hosts[i].is_early)
      return true;
  return false;
}

bool look_is_down(const struct cluster *cl, const uint8_t id[16]) {
  const struct host *h = hosts_find_id(&cl->hosts, id);

  return h != NULL && !h->route.ready && h->pool.failed;
}

void look_clear(struct look *look, const struct net_heap *heap) {
  snapshot_release(look->snapshot);
  net_free(heap, look->hosts);
  memset(look, 0, sizeof *look);
}
