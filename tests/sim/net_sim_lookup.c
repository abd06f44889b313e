/* tests/sim/net_sim_lookup.c - addresses and names of the simulated network. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/model.h"
#include "tests/sim/net_sim_private.h"

struct net_lookup {
  struct list link;
  struct net_loop *loop;
  net_found *done; /* NULL once cancelled */
  void *arg;
  uint16_t port;
  unsigned host;
  bool known;
  bool ready;
  int error;
  uint64_t odd; /* 0, or in which way the answer is unusual */
};

void net_address_text(const struct net_address *a, char out[NET_ADDRESS_TEXT]) {
  if (a->len == 4)
    snprintf(out, NET_ADDRESS_TEXT, "%u.%u.%u.%u:%u", a->bytes[0], a->bytes[1],
             a->bytes[2], a->bytes[3], (unsigned)a->port);
  else
    snprintf(out, NET_ADDRESS_TEXT, "[?]:%u", (unsigned)a->port);
}

bool net_address_parse(struct net_address *a, const char *text, uint16_t port) {
  unsigned b[4];
  int end = 0;

  memset(a, 0, sizeof *a);
  if (sscanf(text, "%3u.%3u.%3u.%3u%n", &b[0], &b[1], &b[2], &b[3], &end) !=
          4 ||
      text[end] != '\0')
    return false;
  for (int i = 0; i < 4; i++)
    a->bytes[i] = (uint8_t)b[i];
  a->len = 4;
  a->port = port;
  return true;
}

static void on_looked_up(void *arg, uint64_t unused) {
  (void)unused;
  ((struct net_lookup *)arg)->ready = true;
}

/* The run's names are "host1" to "host7". */
int net_lookup_start(struct net_lookup **lookup, struct net_loop *loop,
                     const char *name, uint16_t port, net_found *done,
                     void *arg) {
  static const int errors[] = {-3001, -3008, -ENOMEM}; /* libuv's EAI_... */
  struct net_lookup *k = net_alloc(&loop->heap, sizeof *k);
  uint64_t detail, takes = draw_below(CHANCE_NETWORK, 20 * MILLISECOND);

  if (k == NULL)
    return -ENOMEM;
  if (seam_fails(false) || fault(FAULT_SYSTEM, &detail)) {
    net_free(&loop->heap, k);
    return -ENOMEM;
  }
  k->loop = loop;
  k->done = done;
  k->arg = arg;
  k->port = port;
  k->known = sscanf(name, "host%u", &k->host) == 1;
  if (plan.names == 2)
    k->odd = 4; /* several addresses, and two of them lead nowhere */
  if (fault(FAULT_RESOLVE, &detail)) {
    k->odd = 1 + detail_below(&detail, 4);
    if (k->odd == 1)
      k->error = errors[detail_below(&detail, 3)];
    if (k->odd == 2)
      takes = detail_below(&detail, 30 * SECOND);
  }
  list_init(&k->link);
  list_push(&loop->lookups, &k->link);
  net_sim.lookups++;
  world_at(world_now() + takes, 0, on_looked_up, k, 0);
  *lookup = k;
  return 0;
}

void net_lookup_cancel(struct net_lookup *k) {
  k->done = NULL;
}

/* Where the host is now. */
static uint8_t place_of(unsigned number) {
  return (uint8_t)(number >= 1 && number <= plan.hosts ? model_place(number - 1)
                                                       : number);
}

static size_t answer_of(const struct net_lookup *k,
                        struct net_address found[3]) {
  struct net_address a = {
      .bytes = {10, 0, 0, place_of(k->host)}, .len = 4, .port = k->port};
  struct net_address other = a;

  other.bytes[2] = 9; /* nobody lives there */
  if (k->error != 0 || !k->known || k->odd == 3)
    return 0;
  if (k->odd != 4) {
    found[0] = a;
    return 1;
  }
  found[0] = other;
  found[1] = a;
  found[2] = other;
  return 3;
}

static void lookup_tell(struct net_loop *l, struct net_lookup *k) {
  struct net_address found[3];
  size_t n = answer_of(k, found);
  net_found *done = k->done;
  void *arg = k->arg;
  int error = k->error;

  list_remove(&k->link);
  net_free(&l->heap, k);
  net_sim.lookups--;
  if (done != NULL)
    done(arg, error, found, n);
}

static struct net_lookup *ready_lookup(const struct net_loop *l) {
  for (struct list *n = l->lookups.next; n != &l->lookups; n = n->next)
    if (LIST_ENTRY(n, struct net_lookup, link)->ready)
      return LIST_ENTRY(n, struct net_lookup, link);
  return NULL;
}

bool lookups_ready(const struct net_loop *l) {
  return ready_lookup(l) != NULL;
}

void lookups_tell(struct net_loop *l) {
  struct net_lookup *k;

  while ((k = ready_lookup(l)) != NULL)
    lookup_tell(l, k);
}
