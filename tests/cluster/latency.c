/* tests/cluster/latency.c - what an increment takes, from its submission to its
 * callback, with so many in flight all the time: each key once, and again.
 *
 * "routed" is the client as it is.  With "any" its statements say no keyspace,
 * so that no replicas are known, and each increment goes to the less busy of
 * two hosts that are drawn: all else is the same.  Prints a line of JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/histogram.h"
#include "tests/cluster/probe.h"

enum { KEYS = 10000, IN_FLIGHT_MAX = 1024 };

static const char usage[] =
    "cluster_latency HOSTS KEYSPACE IN_FLIGHT OPERATIONS routed|any";

struct slot {
  uint64_t begun;
};

static struct run {
  tally_table *table;
  unsigned left;
  unsigned pending;
  unsigned key;
  uint64_t sum; /* nanoseconds */
  struct histogram latency;
  struct slot slots[IN_FLIGHT_MAX];
} run;

static void on_done(void *user, const tally_result *result);

static void submit(struct slot *slot) {
  char url[32];
  page_hits row = {.url = url, .views = 1};
  tally_error e;

  /* Not in the order of their tokens, and every key as often. */
  snprintf(url, sizeof url, "/page/%u", run.key);
  run.key = (run.key + 1) % KEYS;
  run.left--;
  run.pending++;
  slot->begun = net_clock();
  if (tally_increment_async(run.table, &row, on_done, slot, &e) != 0)
    probe_fail("increment", &e);
}

static void on_done(void *user, const tally_result *result) {
  struct slot *slot = user;
  uint64_t took = net_clock() - slot->begun;

  if (result->status != 0)
    probe_fail("increment", result->error);
  run.sum += took;
  histogram_add(&run.latency, took);
  run.pending--;
  if (run.left > 0)
    submit(slot);
}

static void poll_until_done(tally_session *session) {
  tally_error e;

  while (run.pending > 0)
    if (tally_poll(session, -1, &e) < 0)
      probe_fail("poll", &e);
}

/* Every host is to have prepared the statement, and any may get any of them: it
 * takes a few more than there are hosts. */
static unsigned warm_up(tally_session *session, unsigned in_flight) {
  unsigned count = 20 * in_flight + 100;

  run.left = count;
  for (unsigned i = 0; i < in_flight; i++)
    submit(&run.slots[i]);
  poll_until_done(session);
  memset(&run.latency, 0, sizeof run.latency);
  run.sum = 0;
  return count;
}

/* That the switch does what it says, by what the client has counted. */
static void check_routes(const tally_session *session, bool routed,
                         unsigned operations) {
  tally_counters c = probe_counters(session);

  if ((routed ? c.to_replica : c.unrouted) == operations)
    return;
  fprintf(stderr,
          "%u operations, of which to replicas %" PRIu64 ", to others %" PRIu64
          ", unrouted %" PRIu64 "\n",
          operations, c.to_replica, c.to_other, c.unrouted);
  exit(1);
}

int main(int argc, char **argv) {
  bool routed = argc == 6 && strcmp(argv[5], "routed") == 0;
  unsigned in_flight, operations, warm;
  tally_session *session;
  uint64_t begun, took;

  if (argc != 6 || (!routed && strcmp(argv[5], "any") != 0))
    probe_number("", 1, usage);
  in_flight = probe_number(argv[3], 1, usage);
  operations = probe_number(argv[4], in_flight, usage);
  if (in_flight > IN_FLIGHT_MAX)
    probe_number("", 1, usage);
  session = probe_connect(argv[1], argv[2], TALLY_LOCAL_QUORUM);
  run.table = probe_open(session, &page_hits_definition, NULL);
  if (!routed)
    run.table->in = NULL;
  probe_wait_for_hosts(session);
  warm = warm_up(session, in_flight);
  run.left = operations;
  begun = net_clock();
  for (unsigned i = 0; i < in_flight; i++)
    submit(&run.slots[i]);
  poll_until_done(session);
  took = net_clock() - begun;
  check_routes(session, routed, warm + operations);
  printf("{\"operations\": %u, \"warm_up\": %u, \"mean_us\": %.1f, "
         "\"p50_us\": %.1f, \"p99_us\": %.1f, \"per_second\": %.0f}\n",
         operations, warm, (double)run.sum / operations / 1e3,
         (double)histogram_quantile(&run.latency, 0.5) / 1e3,
         (double)histogram_quantile(&run.latency, 0.99) / 1e3,
         operations / ((double)took / 1e9));
  tally_close(session);
  return 0;
}
