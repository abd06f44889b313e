/* tests/sim/model_cluster.c - who the hosts are, and what their system tables
 * say of it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/model_private.h"

/* ---- Who they are -------------------------------------------------------- */

/* Every byte has its high bit set, for the reason that half_id() has. */
static void draw_id(uint8_t id[16]) {
  for (unsigned half = 0; half < 2; half++) {
    uint64_t bits = draw(CHANCE_PLAN) | UINT64_C(0x8080808080808080);

    for (unsigned i = 0; i < 8; i++)
      id[8 * half + i] = (uint8_t)(bits >> (56 - 8 * i));
  }
}

/* The first host of each data center is given, so that none is empty. */
static unsigned draw_dc(unsigned host) {
  if (model.plan.hosts == 1 || model.plan.dcs < 2)
    return 0;
  return host < 2 ? host : (unsigned)draw_below(CHANCE_PLAN, 2);
}

void cluster_begin(void) {
  struct model_plan *plan = &model.plan;

  if (plan->racks == 0)
    plan->racks = 1;
  if (plan->tokens == 0 || plan->tokens > MODEL_TOKENS)
    plan->tokens = 1;
  for (unsigned i = 0; i < plan->hosts; i++) {
    struct host *h = &model.hosts[i];

    draw_id(h->id);
    h->dc = draw_dc(i);
    h->rack = (unsigned)draw_below(CHANCE_PLAN, plan->racks);
    for (unsigned t = 0; t < plan->tokens; t++)
      h->tokens[t] = (int64_t)draw(CHANCE_PLAN);
  }
}

unsigned model_dc(unsigned host) {
  return model.hosts[host].dc;
}

/* ---- Cells --------------------------------------------------------------- */

static void cell_id(struct out *o, unsigned host) {
  out_int(o, 16);
  out_bytes(o, model.hosts[host].id, 16);
}

static void cell_version(struct out *o, unsigned host) {
  uint32_t version = host_schema_version(host);

  out_int(o, 16);
  out_long(o, UINT64_C(0x59adb24ef3cd4e02));
  out_int(o, UINT32_C(0x97f057b3));
  out_int(o, version);
}

static void cell_number(struct out *o, uint32_t number) {
  out_int(o, 4);
  out_int(o, number);
}

static void cell_address(struct out *o, unsigned host) {
  cell_number(o, UINT32_C(0x0a000001) + host);
}

static void cell_numbered(struct out *o, const char *name, unsigned number) {
  char text[16];

  snprintf(text, sizeof text, "%s%u", name, number + 1);
  cell_text(o, text);
}

/* set<text>: a number of elements, each with its length before it */
static void cell_tokens(struct out *o, unsigned host) {
  char texts[MODEL_TOKENS][24];
  size_t size = 4;

  for (unsigned i = 0; i < model.plan.tokens; i++) {
    snprintf(texts[i], sizeof texts[i], "%" PRId64,
             model.hosts[host].tokens[i]);
    size += 4 + strlen(texts[i]);
  }
  out_int(o, (uint32_t)size);
  out_int(o, model.plan.tokens);
  for (unsigned i = 0; i < model.plan.tokens; i++)
    cell_text(o, texts[i]);
}

static void cell_release(struct out *o) {
  cell_text(o, model.plan.scylla ? "3.0.8"
               : model.plan.old  ? "3.11.17"
                                 : "5.0.2");
}

/* ---- system.local, system.peers, system.peers_v2 ------------------------- */

static void host_cell(struct out *o, const char *name, unsigned host) {
  if (strcmp(name, "host_id") == 0)
    cell_id(o, host);
  else if (strcmp(name, "data_center") == 0)
    cell_numbered(o, "dc", model.hosts[host].dc);
  else if (strcmp(name, "rack") == 0)
    cell_numbered(o, "r", model.hosts[host].rack);
  else if (strcmp(name, "release_version") == 0)
    cell_release(o);
  else if (strcmp(name, "schema_version") == 0)
    cell_version(o, host);
  else if (strcmp(name, "tokens") == 0)
    cell_tokens(o, host);
  else if (strcmp(name, "partitioner") == 0)
    cell_text(o, "org.apache.cassandra.dht.Murmur3Partitioner");
  else if (strcmp(name, "cluster_name") == 0)
    cell_text(o, "Sim");
  else if (strcmp(name, "key") == 0)
    cell_text(o, "local");
  else if (strcmp(name, "native_port") == 0)
    cell_number(o, 9042);
  else if (strcmp(name, "peer_port") == 0)
    cell_number(o, 7000);
  else /* peer, rpc_address, native_address */
    cell_address(o, host);
}

static void host_row(struct out *o, const struct statement *s, unsigned host) {
  for (unsigned i = 0; i < s->column_count; i++)
    host_cell(o, s->table->columns[s->columns[i]].name, host);
}

void cluster_rows(struct out *o, const struct request *r) {
  const struct statement *s = r->statement;

  if (s->table->is == TABLE_IS_LOCAL) {
    out_int(o, 1);
    host_row(o, s, r->host);
    return;
  }
  out_int(o, model.plan.hosts - 1);
  for (unsigned i = 0; i < model.plan.hosts; i++)
    if (i != r->host)
      host_row(o, s, i);
}

/* ---- system_schema.keyspaces -------------------------------------------- */

static void cell_map(struct out *o, const struct replication_map *how) {
  size_t size = 4;

  for (unsigned i = 0; i < how->count; i++)
    size += 8 + strlen(how->pairs[i].key) + strlen(how->pairs[i].value);
  out_int(o, (uint32_t)size);
  out_int(o, how->count);
  for (unsigned i = 0; i < how->count; i++) {
    cell_text(o, how->pairs[i].key);
    cell_text(o, how->pairs[i].value);
  }
}

void cluster_keyspace_rows(struct out *o, const struct request *r) {
  const struct statement *s = r->statement;

  out_int(o, r->how != NULL);
  if (r->how == NULL)
    return;
  for (unsigned i = 0; i < s->column_count; i++)
    if (s->table->columns[s->columns[i]].type == TYPE_MAP)
      cell_map(o, r->how);
    else
      cell_null(o);
}
