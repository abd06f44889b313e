/* tests/cluster/probe.c - a session that can be looked into. */
#include "tests/cluster/probe.h"

#include <stdio.h>
#include <stdlib.h>

static const tally_column page_hits_columns[] = {
    TALLY_PARTITION_KEY(page_hits, url, TALLY_TEXT),
    TALLY_COUNTER(page_hits, views),
};
const tally_definition page_hits_definition =
    TALLY_DEFINITION(page_hits, "page_hits", page_hits_columns);

static const tally_column by_day_columns[] = {
    TALLY_PARTITION_KEY(page_hits, url, TALLY_TEXT),
    TALLY_PARTITION_KEY(page_hits, day, TALLY_INT),
    TALLY_COUNTER(page_hits, views),
};
const tally_definition page_hits_by_day_definition =
    TALLY_DEFINITION(page_hits, "page_hits_by_day", by_day_columns);

void probe_fail(const char *what, const tally_error *e) {
  fprintf(stderr, "%s: %s (%s) %s\n", what, e->message,
          tally_outcome_name(e->outcome), e->detail);
  exit(1);
}

static void on_log(void *user, int level, const char *text) {
  (void)user;
  (void)level;
  fprintf(stderr, "%s\n", text);
}

/* Patience: the servers share two CPUs with whatever else runs. */
tally_session *probe_connect(const char *hosts, const char *keyspace,
                             int consistency) {
  tally_options options;
  tally_session *session;
  tally_error e;

  tally_options_init(&options);
  tally_log(&options, on_log, NULL, TALLY_LOG_WARNING);
  options.hosts = hosts;
  options.keyspace = keyspace;
  options.local_dc = "dc1";
  options.io_threads = 0;
  options.consistency = consistency;
  options.read_consistency = consistency;
  options.connect_timeout_ms = 20000;
  options.increment_timeout_ms = 30000;
  options.read_timeout_ms = 30000;
  if (tally_connect(&session, &options, &e) != 0)
    probe_fail("connect", &e);
  return session;
}

tally_table *probe_open(tally_session *session,
                        const tally_definition *definition,
                        const char *keyspace) {
  tally_definition in_keyspace = *definition;
  tally_table *table;
  tally_error e;

  in_keyspace.keyspace = keyspace;
  if (tally_table_open(&table, session, &in_keyspace, &e) != 0)
    probe_fail("open", &e);
  return table;
}

void probe_wait_for_placement(tally_session *session,
                              const tally_table *table) {
  const uint64_t second = UINT64_C(1000000000);
  const uint64_t deadline = net_clock() + 30 * second;
  struct loop *l = &session->loops[0];

  while (
      l->cluster.hosts.snapshot == NULL ||
      !snapshot_has_placement(l->cluster.hosts.snapshot, table->in->number)) {
    if (net_clock() > deadline) {
      fprintf(stderr, "%s: its replicas are not known after 30 s\n",
              table->qualified);
      exit(1);
    }
    loop_turn_within(l, second / 10);
  }
}

static void on_host(void *user, const tally_host *host) {
  unsigned *down = user;

  *down += !host->up && host->distance < TALLY_REMOTE_DC;
}

void probe_wait_for_hosts(tally_session *session) {
  unsigned down = 0;
  tally_error e;

  if (tally_hosts(session, on_host, &down, &e) != 0)
    probe_fail("hosts", &e);
  if (down > 0) {
    fprintf(stderr, "hosts of dc1 that are not up: %u\n", down);
    exit(1);
  }
}

unsigned probe_number(const char *text, unsigned low, const char *usage) {
  char *end;
  unsigned long n = strtoul(text, &end, 10);

  if (*text == '\0' || *end != '\0' || n < low || n > 1000000) {
    fprintf(stderr, "usage: %s\n", usage);
    exit(2);
  }
  return (unsigned)n;
}

tally_counters probe_counters(const tally_session *session) {
  tally_counters counters = {.struct_size = sizeof counters};
  tally_error e;

  if (tally_metrics(session, &counters, &e) != 0)
    probe_fail("metrics", &e);
  return counters;
}
