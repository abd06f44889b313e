/* bench/ring.c - what a large ring costs: the time to make it with its replica
 * sets, the time to look a key up, and the memory.
 *
 *   ring_bench [--hosts N] [--tokens N] [--json]
 *
 * Hosts are in two data centers with three racks each, keyspaces replicated
 * three times in one of them; tokens are random, as Cassandra draws them.
 * Look-ups are of random tokens, each waiting for the one before. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/placement.h"

enum { ROUNDS = 7, LOOKUPS = 2000000 };

static size_t held, peak;

/* Each piece remembers its size. */
static void *allocate(void *user, size_t size) {
  size_t *piece = calloc(1, size + 16);

  (void)user;
  if (piece == NULL)
    return NULL;
  *piece = size;
  held += size;
  if (held > peak)
    peak = held;
  return (char *)piece + 16;
}

static void release(void *user, void *p) {
  (void)user;
  if (p == NULL)
    return;
  held -= *(size_t *)((char *)p - 16);
  free((char *)p - 16);
}

static const struct net_heap heap = {.allocate = allocate, .release = release};

static uint64_t now(void) {
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t chance = 88172645463325252;

static uint64_t draw(void) {
  chance ^= chance << 13;
  chance ^= chance >> 7;
  chance ^= chance << 17;
  return chance;
}

static struct ring_host *draw_hosts(size_t count, size_t tokens) {
  static const char *const dcs[] = {"dc1", "dc2"};
  static const char *const racks[] = {"rack1", "rack2", "rack3"};
  struct ring_host *hosts = calloc(count, sizeof *hosts);
  int64_t *all = calloc(count * tokens, sizeof *all);

  if (hosts == NULL || all == NULL)
    exit(1);
  for (size_t i = 0; i < count * tokens; i++)
    all[i] = (int64_t)draw();
  for (size_t i = 0; i < count; i++)
    hosts[i] = (struct ring_host){dcs[i % 2], racks[i / 2 % 3],
                                  all + i * tokens, tokens};
  return hosts;
}

static double lookup_ns(const struct ring *ring, const struct placement *p) {
  uint64_t begin, token = draw();

  begin = now();
  for (int i = 0; i < LOOKUPS; i++) {
    const uint16_t *replicas = placement_find(p, ring, (int64_t)token);

    token = (token + replicas[0] + 1) * UINT64_C(6364136223846793005) + 1;
  }
  return (double)(now() - begin) / LOOKUPS + (double)(token == 42);
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

static double median(double *values) {
  qsort(values, ROUNDS, sizeof *values, compare);
  return values[ROUNDS / 2];
}

int main(int argc, char **argv) {
  static const struct replication how = {
      .class = REPLICATION_NETWORK, .dc_count = 1, .dcs = {{"dc1", 3}}};
  double build[ROUNDS], lookup[ROUNDS];
  size_t hosts = 1000, tokens = 256, resident = 0;
  bool json = false;
  struct ring_host *all;

  for (int i = 1; i < argc; i++)
    if (strcmp(argv[i], "--json") == 0)
      json = true;
    else if (strcmp(argv[i], "--hosts") == 0 && i + 1 < argc)
      hosts = strtoull(argv[++i], NULL, 10);
    else if (strcmp(argv[i], "--tokens") == 0 && i + 1 < argc)
      tokens = strtoull(argv[++i], NULL, 10);
    else
      return fprintf(stderr, "ring_bench: what is %s?\n", argv[i]), 2;
  if (hosts == 0 || hosts > RING_HOSTS_MAX || tokens == 0 || tokens > 4096)
    return fputs("ring_bench: 1 to 65535 hosts, 1 to 4096 tokens\n", stderr), 2;
  all = draw_hosts(hosts, tokens);
  for (int i = 0; i < ROUNDS; i++) {
    uint64_t begin = now();
    struct ring *ring = ring_make(&heap, all, hosts);
    struct placement *p = placement_make(&heap, ring, &how);

    build[i] = (double)(now() - begin) / 1e6;
    resident = held;
    lookup[i] = lookup_ns(ring, p);
    placement_free(&heap, p);
    ring_free(&heap, ring);
  }
  printf(json ? "{\"hosts\":%zu,\"tokens\":%zu,\"build_ms\":%.1f,"
                "\"lookup_ns\":%.1f,\"resident_bytes\":%zu,"
                "\"peak_bytes\":%zu}\n"
              : "%zu hosts with %zu tokens each: made in %.1f ms, a look-up "
                "%.1f ns, %zu bytes (%zu while it is made)\n",
         hosts, tokens, median(build), median(lookup), resident, peak);
  return held != 0;
}
