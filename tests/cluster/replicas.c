/* tests/cluster/replicas.c - which hosts Tally takes for the replicas of keys:
 * a line a key, "keyspace.table key token address,address,...", the key's parts
 * with a colon between. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/routing_key.h"
#include "tests/cluster/probe.h"

static const char usage[] = "cluster_replicas HOSTS KEYS KEYSPACE...";

static int64_t token_of(tally_table *table, const page_hits *row) {
  tally_session *s = table->session;
  struct op *op = op_take(&s->slab);
  tally_error e;
  int64_t token;

  if (op == NULL) {
    error_no_memory(&e);
    probe_fail("token", &e);
  }
  op->statement = &table->select;
  if (bind_key(op, table, row, false, &e) != 0)
    probe_fail("token", &e);
  if (!routing_key_token(op, &s->heap, &token)) {
    error_set(&e, TALLY_EINVAL, "%s: %s has no token", table->qualified,
              row->url);
    probe_fail("token", &e);
  }
  op_release(&s->heap, op);
  return token;
}

static void print_replicas(const struct snapshot *s, uint32_t keyspace,
                           int64_t token) {
  char text[NET_ADDRESS_TEXT];
  const uint16_t *hosts;
  uint32_t count;

  hosts = snapshot_replicas(s, keyspace, token, &count);
  for (uint32_t i = 0; i < count; i++) {
    net_address_text(&s->topology->hosts[hosts[i]].address, text);
    printf("%s%s", i > 0 ? "," : "", text);
  }
}

/* Empty keys are not allowed, so the shortest has two bytes; the longest here
 * have some 70, the hash takes 16 at a time.  It is also particular about bytes
 * from 0x80 on: half of the keys have some. */
static void make_key(char url[96], unsigned n) {
  unsigned length = n / 2 % 32;

  for (unsigned i = 0; i < length; i++)
    snprintf(url + 2 * i, 3, "%s", n % 2 == 0 ? "ab" : "\xc3\xa4");
  snprintf(url + 2 * length, 32, "/%u", n);
}

static void print_keys(tally_table *table, unsigned keys) {
  const struct snapshot *s = table->session->loops[0].cluster.hosts.snapshot;
  char url[96];

  for (unsigned n = 0; n < keys; n++) {
    page_hits row = {.url = url, .day = (int32_t)(n * 2654435761U)};
    int64_t token;

    make_key(url, n);
    token = token_of(table, &row);
    printf("%s\t%s", table->qualified, url);
    if (table->partition_count > 1)
      printf(":%" PRId32, row.day);
    printf("\t%" PRId64 "\t", token);
    print_replicas(s, table->in->number, token);
    putchar('\n');
  }
}

/* The keyspace is not configured: its replicas are learned because a statement
 * on it is prepared. */
static void print_table(tally_session *session, const tally_definition *d,
                        const char *keyspace, unsigned keys) {
  tally_table *table = probe_open(session, d, keyspace);
  page_hits row = {.url = "/"};
  tally_error e;
  int rc = tally_get(table, &row, &e);

  if (rc != TALLY_ENOTFOUND)
    probe_fail("a first read", &e);
  probe_wait_for_placement(session, table);
  print_keys(table, keys);
}

int main(int argc, char **argv) {
  tally_session *session;
  unsigned keys;

  keys = probe_number(argc > 3 ? argv[2] : "", 1, usage);
  session = probe_connect(argv[1], NULL, TALLY_ONE);
  for (int i = 3; i < argc; i++) {
    print_table(session, &page_hits_definition, argv[i], keys);
    print_table(session, &page_hits_by_day_definition, argv[i], keys);
  }
  tally_close(session);
  return fflush(stdout) == 0 ? 0 : 1;
}
