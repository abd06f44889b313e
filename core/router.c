#include "core/router.h"

#include <string.h>

void router_init(struct router *r, uint64_t chance) {
  memset(r, 0, sizeof *r);
  r->chance = chance | 1;
}

/* Good enough to spread requests, and nearly free (xorshift64). */
static uint64_t draw(struct router *r) {
  r->chance ^= r->chance << 13;
  r->chance ^= r->chance >> 7;
  r->chance ^= r->chance << 17;
  return r->chance;
}

/* ---- One host ----------------------------------------------------------- */

static bool was_tried(const struct route *route, uint16_t host) {
  for (uint32_t i = 0; i < route->tried_count; i++)
    if (route->tried[i] == host)
      return true;
  return false;
}

static bool is_easing_in(const struct route_host *h, uint64_t now) {
  return now - h->up_since < ROUTER_EASE_NS;
}

/* While it eases in, the local rack's host competes with the others. */
static enum distance distance_of(const struct route_host *h, uint64_t now) {
  return h->distance == LOCAL_RACK && is_easing_in(h, now)
             ? LOCAL_DC
             : (enum distance)h->distance;
}

/* A host of half that age takes half as much; a sixteenth at first. */
static uint64_t load_of(const struct route_host *h, uint64_t now) {
  uint64_t sixteenths;

  if (!is_easing_in(h, now))
    return 16 * ((uint64_t)h->in_flight + 1);
  sixteenths = 1 + (now - h->up_since) / (ROUTER_EASE_NS / 15);
  return 256 * ((uint64_t)h->in_flight + 1) / sixteenths;
}

/* ---- Two candidates ----------------------------------------------------- */

/* Of those that are offered two are kept at random, as in a lottery with two
 * winners. */
struct candidates {
  uint32_t seen;
  uint16_t kept[2];
};

static void offer(struct router *r, struct candidates *c, uint16_t host) {
  uint64_t place;

  c->seen++;
  if (c->seen <= 2) {
    c->kept[c->seen - 1] = host;
    return;
  }
  place = draw(r) % c->seen;
  if (place < 2)
    c->kept[place] = host;
}

static uint16_t choose(struct router *r, const struct candidates *c,
                       uint64_t now) {
  uint64_t first, second;

  if (c->seen == 1)
    return c->kept[0];
  first = load_of(r->hosts[c->kept[0]], now);
  second = load_of(r->hosts[c->kept[1]], now);
  if (first == second)
    return c->kept[draw(r) >> 32 & 1];
  return c->kept[first < second ? 0 : 1];
}

/* ---- Steps -------------------------------------------------------------- */

/* The nearest ones, of those from `from` to `to`. */
static void offer_replicas(struct router *r, const struct route *route,
                           enum distance from, enum distance to, uint64_t now,
                           struct candidates *c) {
  enum distance nearest = to;

  for (uint32_t i = 0; i < route->replica_count; i++) {
    uint16_t host = route->replicas[i];
    const struct route_host *h = r->hosts[host];
    enum distance distance = distance_of(h, now);

    if (!h->ready || distance < from || distance > nearest ||
        was_tried(route, host))
      continue;
    if (distance < nearest)
      c->seen = 0;
    nearest = distance;
    offer(r, c, host);
  }
}

static bool is_eligible(const struct router *r, const struct route *route,
                        uint16_t host, bool remote) {
  const struct route_host *h = r->hosts[host];

  return h->ready && h->distance != NEVER &&
         (h->distance == REMOTE_DC) == remote && !was_tried(route, host);
}

/* There may be a thousand hosts: a few are looked at, each as likely as any
 * other; all of them only when none of these would do. */
static void offer_any(struct router *r, const struct route *route, bool remote,
                      struct candidates *c) {
  for (int i = 0; i < 16 && r->host_count > 0 && c->seen < 2; i++) {
    uint16_t host = (uint16_t)(draw(r) % r->host_count);

    if (is_eligible(r, route, host, remote) &&
        (c->seen == 0 || host != c->kept[0]))
      offer(r, c, host);
  }
  for (uint32_t i = 0; i < r->host_count && c->seen == 0; i++)
    if (is_eligible(r, route, (uint16_t)i, remote))
      offer(r, c, (uint16_t)i);
}

enum routed router_pick(struct router *r, const struct route *route,
                        uint64_t now, uint16_t *host) {
  struct candidates c = {0};
  enum routed routed = ROUTED_REPLICA;

  offer_replicas(r, route, LOCAL_RACK, LOCAL_DC, now, &c);
  if (c.seen == 0) {
    routed = ROUTED_LOCAL;
    offer_any(r, route, false, &c);
  }
  if (c.seen == 0 && r->remote) {
    routed = ROUTED_REMOTE;
    offer_replicas(r, route, REMOTE_DC, REMOTE_DC, now, &c);
    if (c.seen == 0)
      offer_any(r, route, true, &c);
  }
  if (c.seen == 0)
    return ROUTED_NOWHERE;
  *host = choose(r, &c, now);
  return routed;
}
