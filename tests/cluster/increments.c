/* tests/cluster/increments.c - counts the keys that it reads, a line each,
 * once, several at a time.  After an empty line it waits for all of them and
 * tells how many were sent where, since it began: "to_replica to_other unrouted
 * remote retries".
 *
 * The keyspace is the session's, so where its keys belong is known as soon as
 * tally_connect() returns.  By then one connection stands, perhaps no other:
 * tally_hosts() waits for the first attempts, lest the first increments go to
 * that one host. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/cluster/probe.h"

enum { IN_FLIGHT = 128 };

static unsigned pending;

static void on_done(void *user, const tally_result *result) {
  (void)user;
  if (result->status != 0)
    probe_fail("increment", result->error);
  pending--;
}

static void wait_for_room(tally_session *session, unsigned most) {
  tally_error e;

  while (pending > most)
    if (tally_poll(session, -1, &e) < 0)
      probe_fail("poll", &e);
}

static void count(tally_table *table, const char *key) {
  page_hits row = {.url = key, .views = 1};
  tally_error e;

  wait_for_room(table->session, IN_FLIGHT - 1);
  pending++;
  if (tally_increment_async(table, &row, on_done, NULL, &e) != 0)
    probe_fail("increment", &e);
}

static void tell(const tally_session *session) {
  tally_counters c = probe_counters(session);

  printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
         c.to_replica, c.to_other, c.unrouted, c.remote, c.retries);
  fflush(stdout);
}

int main(int argc, char **argv) {
  tally_session *session;
  tally_table *table;
  char line[256];

  if (argc != 3) {
    fputs("usage: cluster_increments HOSTS KEYSPACE <KEYS\n", stderr);
    return 2;
  }
  session = probe_connect(argv[1], argv[2], TALLY_LOCAL_QUORUM);
  table = probe_open(session, &page_hits_definition, NULL);
  probe_wait_for_hosts(session);
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    if (line[0] != '\0') {
      count(table, line);
      continue;
    }
    wait_for_room(session, 0);
    tell(session);
  }
  wait_for_room(session, 0);
  tally_close(session);
  return 0;
}
