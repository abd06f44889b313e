#include "core/snapshot.h"

#include <string.h>

#include "core/mark.h"

static void free_snapshot(struct snapshot *s) {
  const struct net_heap heap = s->heap;

  for (uint32_t i = 0; s->placements != NULL && i < s->keyspace_count; i++)
    placement_free(&heap, s->placements[i]);
  net_free(&heap, s->placements);
  net_free(&heap, s->keyspaces);
  if (s->base != NULL) {
    snapshot_release(s->base);
  } else {
    ring_free(&heap, s->ring);
    if (s->topology != NULL)
      topology_free(&heap, s->topology);
    net_free(&heap, s->topology);
  }
  net_free(&heap, s);
}

static bool has_tokens(const struct topology *t) {
  for (size_t i = 0; i < t->count; i++)
    if (t->hosts[i].token_count > 0)
      return t->murmur3;
  return false;
}

static struct ring *make_ring(const struct net_heap *heap,
                              const struct topology *t) {
  struct ring_host *hosts = net_alloc(heap, (t->count + 1) * sizeof *hosts);
  struct ring *ring;

  if (hosts == NULL)
    return NULL;
  for (size_t i = 0; i < t->count; i++)
    hosts[i] = (struct ring_host){t->hosts[i].dc, t->hosts[i].rack,
                                  t->hosts[i].tokens, t->hosts[i].token_count};
  ring = ring_make(heap, hosts, t->count);
  net_free(heap, hosts);
  return ring;
}

static bool make_placements(struct snapshot *s,
                            const struct replication *keyspaces,
                            uint32_t count) {
  s->placements = net_alloc(&s->heap, (count + 1) * sizeof *s->placements);
  s->keyspaces = net_alloc(&s->heap, (count + 1) * sizeof *s->keyspaces);
  if (s->placements == NULL || s->keyspaces == NULL)
    return false;
  memcpy(s->keyspaces, keyspaces, count * sizeof *s->keyspaces);
  for (; s->keyspace_count < count; s->keyspace_count++) {
    const struct replication *how = &keyspaces[s->keyspace_count];
    struct placement *p = NULL;

    if (how->class == REPLICATION_SIMPLE || how->class == REPLICATION_NETWORK) {
      p = placement_make(&s->heap, s->ring, how);
      if (p == NULL)
        return false;
    }
    s->placements[s->keyspace_count] = p;
  }
  return true;
}

static struct snapshot *new_snapshot(const struct net_heap *heap) {
  struct snapshot *s = net_alloc(heap, sizeof *s);

  if (s == NULL)
    return NULL;
  s->heap = *heap;
  atomic_init(&s->holders, 1);
  return s;
}

static bool is_made_of(const struct snapshot *s,
                       const struct topology *topology,
                       const struct replication *keyspaces, uint32_t count) {
  if (!topology_same(s->topology, topology))
    return false;
  if (s->ring == NULL)
    return true;
  return s->keyspace_count == count &&
         memcmp(s->keyspaces, keyspaces, count * sizeof *keyspaces) == 0;
}

struct snapshot *snapshot_make(const struct net_heap *heap,
                               struct snapshot *latest,
                               struct topology *topology,
                               const struct replication *keyspaces,
                               uint32_t count) {
  struct snapshot *s;
  bool ok;

  if (latest != NULL && is_made_of(latest, topology, keyspaces, count)) {
    MARK(view_unchanged);
    topology_free(heap, topology);
    snapshot_hold(latest);
    return latest;
  }
  s = new_snapshot(heap);
  if (s == NULL)
    return NULL;
  s->topology = net_alloc(heap, sizeof *s->topology);
  ok = s->topology != NULL;
  if (ok && has_tokens(topology)) {
    s->ring = make_ring(heap, topology);
    ok = s->ring != NULL && make_placements(s, keyspaces, count);
  }
  if (!ok) {
    free_snapshot(s);
    return NULL;
  }
  *s->topology = *topology;
  memset(topology, 0, sizeof *topology);
  return s;
}

struct snapshot *snapshot_extend(struct snapshot *from,
                                 const struct replication *keyspaces,
                                 uint32_t count) {
  struct snapshot *s = new_snapshot(&from->heap);

  if (s == NULL)
    return NULL;
  s->base = from->base != NULL ? from->base : from;
  snapshot_hold(s->base);
  s->topology = s->base->topology;
  s->ring = s->base->ring;
  if (s->ring != NULL && !make_placements(s, keyspaces, count)) {
    free_snapshot(s);
    return NULL;
  }
  return s;
}

void snapshot_hold(struct snapshot *s) {
  atomic_fetch_add_explicit(&s->holders, 1, memory_order_relaxed);
}

void snapshot_release(struct snapshot *s) {
  if (s != NULL &&
      atomic_fetch_sub_explicit(&s->holders, 1, memory_order_acq_rel) == 1)
    free_snapshot(s);
}

const uint16_t *snapshot_replicas(const struct snapshot *s, uint32_t keyspace,
                                  int64_t token, uint32_t *count) {
  const struct placement *p =
      keyspace < s->keyspace_count ? s->placements[keyspace] : NULL;

  *count = p != NULL ? p->width : 0;
  return *count > 0 ? placement_find(p, s->ring, token) : NULL;
}
