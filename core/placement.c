#include "core/placement.h"

#include <string.h>

/* One walk: in one data center, or regardless of them. */
struct walk {
  const struct ring *ring;
  uint32_t *places; /* of the tokens that count, in the ring's order */
  uint32_t count;
  uint32_t hosts; /* that have them */
  uint32_t racks;
  uint32_t factor;  /* replicas to be found */
  uint32_t repeats; /* replicas that may share a rack with another */
  uint32_t steps;   /* that were taken, by all walks */
};

enum { ANY_DC = -1 };

/* Where one host has nearly all tokens, or one rack nearly all hosts, every
 * walk is long: a loop has other things to do, too.  1,000 hosts of 256 tokens
 * take two million steps for three replicas. */
enum { STEPS_MAX = 128 * 1024 * 1024 };

/* ---- What there is to walk over ----------------------------------------- */

static bool is_in(const struct ring *r, uint32_t host, int dc) {
  return dc == ANY_DC || r->dcs[host] == dc;
}

/* `seen` has a place for each host and each rack of the ring. */
static void count_members(struct walk *w, int dc, uint8_t *seen) {
  const struct ring *r = w->ring;
  uint8_t *seen_racks = seen + r->host_count;

  memset(seen, 0, r->host_count + r->rack_count);
  w->count = w->hosts = w->racks = 0;
  for (uint32_t i = 0; i < r->token_count; i++) {
    uint16_t host = r->owners[i];

    if (!is_in(r, host, dc))
      continue;
    w->places[w->count++] = i;
    w->hosts += !seen[host];
    w->racks += !seen_racks[r->racks[host]];
    seen[host] = seen_racks[r->racks[host]] = 1;
  }
}

static void begin_network(struct walk *w, int dc, uint32_t factor,
                          uint8_t *seen) {
  count_members(w, dc, seen);
  w->factor = factor < w->hosts ? factor : w->hosts;
  w->repeats = factor > w->racks ? factor - w->racks : 0;
}

/* Racks do not count: each may be repeated. */
static void begin_simple(struct walk *w, uint32_t factor, uint8_t *seen) {
  count_members(w, ANY_DC, seen);
  w->factor = w->repeats = factor < w->hosts ? factor : w->hosts;
}

/* ---- Walking ------------------------------------------------------------ */

static bool is_new_rack(const struct ring *r, const uint16_t *found, uint32_t n,
                        uint16_t host) {
  for (uint32_t i = 0; i < n; i++)
    if (r->racks[found[i]] == r->racks[host])
      return false;
  return true;
}

static bool is_found(const uint16_t *found, uint32_t n, uint16_t host) {
  for (uint32_t i = 0; i < n; i++)
    if (found[i] == host)
      return true;
  return false;
}

/* From the i-th token that counts on, until the replicas are found. */
static void walk_from(struct walk *w, uint32_t i, uint16_t *found) {
  uint32_t n = 0, repeats = w->repeats;

  for (uint32_t step = 0; n < w->factor && step < w->count; step++) {
    uint16_t host = w->ring->owners[w->places[i]];

    w->steps += 1 + n; /* it is compared with those found */
    i = i + 1 < w->count ? i + 1 : 0;
    if (is_found(found, n, host))
      continue;
    if (!is_new_rack(w->ring, found, n, host)) {
      if (repeats == 0)
        continue;
      repeats--;
    }
    found[n++] = host;
  }
}

/* Ranges between two tokens that count have the replicas of the second.  False:
 * that takes too many steps. */
static bool fill(struct placement *p, struct walk *w, uint32_t offset) {
  size_t bytes = w->factor * sizeof *p->hosts;
  uint32_t range = 0;

  for (uint32_t i = 0; i < w->count; i++) {
    uint16_t *first = p->hosts + (size_t)range * p->width + offset;

    walk_from(w, i, first);
    if (w->steps > STEPS_MAX)
      return false;
    for (range++; range <= w->places[i]; range++)
      memcpy(p->hosts + (size_t)range * p->width + offset, first, bytes);
  }
  for (; range < w->ring->token_count; range++)
    memcpy(p->hosts + (size_t)range * p->width + offset, p->hosts + offset,
           bytes);
  return true;
}

/* ---- Strategies --------------------------------------------------------- */

static int dc_number(const struct ring *r, const char *name) {
  for (uint32_t i = 0; i < r->dc_count; i++)
    if (strcmp(r->dc_names[i], name) == 0)
      return (int)i;
  return (int)r->dc_count; /* no host is there */
}

/* Begins the i-th walk; false: there are no more. */
static bool begin(struct walk *w, const struct replication *how, uint32_t i,
                  uint8_t *seen) {
  if (how->class == REPLICATION_SIMPLE && i == 0) {
    begin_simple(w, how->factor, seen);
    return true;
  }
  if (how->class != REPLICATION_NETWORK || i >= how->dc_count)
    return false;
  begin_network(w, dc_number(w->ring, how->dcs[i].dc), how->dcs[i].factor,
                seen);
  return true;
}

static uint32_t width_of(struct walk *w, const struct replication *how,
                         uint8_t *seen) {
  uint64_t width = 0;

  for (uint32_t i = 0; begin(w, how, i, seen); i++)
    width += w->factor;
  if (width > PLACEMENT_WIDTH_MAX ||
      width * w->ring->token_count > PLACEMENT_ENTRIES_MAX)
    return 0;
  return (uint32_t)width;
}

static bool make_hosts(struct placement *p, const struct net_heap *heap,
                       struct walk *w, const struct replication *how,
                       uint8_t *seen) {
  uint32_t offset = 0;

  p->width = width_of(w, how, seen);
  p->hosts = net_alloc(heap, ((size_t)w->ring->token_count * p->width + 1) *
                                 sizeof *p->hosts);
  if (p->hosts == NULL)
    return false;
  for (uint32_t i = 0; p->width > 0 && begin(w, how, i, seen); i++) {
    if (w->factor > 0 && !fill(p, w, offset))
      p->width = 0;
    offset += w->factor;
  }
  return true;
}

struct placement *placement_make(const struct net_heap *heap,
                                 const struct ring *ring,
                                 const struct replication *how) {
  struct placement *p = net_alloc(heap, sizeof *p);
  uint8_t *seen = net_alloc(heap, ring->host_count + ring->rack_count + 1);
  struct walk w = {.ring = ring};
  bool ok;

  w.places = net_alloc(heap, (ring->token_count + 1) * sizeof *w.places);
  ok = p != NULL && seen != NULL && w.places != NULL &&
       make_hosts(p, heap, &w, how, seen);
  net_free(heap, seen);
  net_free(heap, w.places);
  if (ok)
    return p;
  placement_free(heap, p);
  return NULL;
}

void placement_free(const struct net_heap *heap, struct placement *p) {
  if (p == NULL)
    return;
  net_free(heap, p->hosts);
  net_free(heap, p);
}
