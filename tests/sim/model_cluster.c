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

void cluster_row_now(unsigned observer, unsigned subject) {
  const struct host *h = &model.hosts[subject];

  model.hosts[observer].rows[subject] = (struct peer_row){
      .there = h->member, .place = h->place, .tokens_of = (uint8_t)subject};
  model.changed_at = world_now();
}

void model_settle(void) {
  for (unsigned i = 0; i < model.plan.hosts; i++) {
    struct host *h = &model.hosts[i];

    h->unwilling_until = h->crowded_until = h->behind_until = 0;
    if (!h->member)
      model_set_host(i, HOST_DOWN);
    for (unsigned k = 0; k < model.plan.hosts; k++)
      cluster_row_now(i, k);
  }
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
    h->place = (uint8_t)(i + 1);
    h->member = i + plan->spare < plan->hosts;
    if (!h->member)
      h->state = HOST_DOWN;
  }
  model.last_place = 100;
  change_gossip(plan->gossip);
}

bool model_is_member(unsigned host) {
  return model.hosts[host].member;
}

bool model_has_moved(unsigned host) {
  return model.hosts[host].moved;
}

unsigned model_place(unsigned host) {
  return model.hosts[host].place;
}

const uint8_t *model_id(unsigned host) {
  return model.hosts[host].id;
}

unsigned model_at(unsigned place) {
  unsigned i = 0;

  while (i < model.plan.hosts && model.hosts[i].place != place)
    i++;
  return i < model.plan.hosts ? i : MODEL_HOSTS;
}

unsigned model_with_id(const uint8_t id[16]) {
  unsigned i = 0;

  while (i < model.plan.hosts && memcmp(model.hosts[i].id, id, 16) != 0)
    i++;
  return i < model.plan.hosts ? i : MODEL_HOSTS;
}

uint64_t model_changed_at(void) {
  return model.changed_at;
}

unsigned model_dc(unsigned host) {
  return model.hosts[host].dc;
}

/* ---- Cells --------------------------------------------------------------- */

/* A stale row has the id of a host that was there before. */
static void cell_id(struct out *o, unsigned host, bool stale) {
  uint8_t id[16];

  memcpy(id, model.hosts[host].id, sizeof id);
  if (stale)
    id[0] ^= 1;
  out_int(o, 16);
  out_bytes(o, id, sizeof id);
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

static void cell_address(struct out *o, unsigned place) {
  cell_number(o, UINT32_C(0x0a000000) + place);
}

static void cell_numbered(struct out *o, const char *name, unsigned number) {
  char text[16];

  snprintf(text, sizeof text, "%s%u", name, number + 1);
  cell_text(o, text);
}

/* set<text>: a number of elements, each with its length before it */
static void cell_tokens(struct out *o, unsigned host) {
  char texts[MODEL_TOKENS][28];
  size_t size = 4;

  for (unsigned i = 0; i < model.plan.tokens; i++) {
    /* RandomPartitioner's are larger than 64 bits. */
    snprintf(texts[i], sizeof texts[i], "%" PRId64 "%s",
             model.hosts[host].tokens[i],
             model.plan.other_partitioner ? "0000" : "");
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

/* The columns that may be null, each with its bit. */
static const struct {
  const char *name;
  enum row_lack lack;
} nullable[] = {{"host_id", LACKS_ID},
                {"data_center", LACKS_DC},
                {"rack", LACKS_RACK},
                {"tokens", LACKS_TOKENS},
                {"release_version", LACKS_RELEASE},
                {"schema_version", LACKS_SCHEMA},
                {"rpc_address", LACKS_ADDRESS},
                {"native_address", LACKS_ADDRESS}};

static bool is_null(const char *name, unsigned lacks) {
  for (size_t i = 0; i < sizeof nullable / sizeof nullable[0]; i++)
    if ((lacks & nullable[i].lack) != 0 && strcmp(name, nullable[i].name) == 0)
      return true;
  return false;
}

/* Of the host, as the row has it. */
static void host_cell(struct out *o, const char *name, unsigned host,
                      const struct peer_row *row) {
  if (is_null(name, row->lacks))
    cell_null(o);
  else if (strcmp(name, "host_id") == 0)
    cell_id(o, host, row->twice);
  else if (strcmp(name, "data_center") == 0)
    cell_numbered(o, "dc", model.hosts[host].dc);
  else if (strcmp(name, "rack") == 0)
    cell_numbered(o, "r", model.hosts[host].rack);
  else if (strcmp(name, "release_version") == 0)
    cell_release(o);
  else if (strcmp(name, "schema_version") == 0)
    cell_version(o, host);
  else if (strcmp(name, "tokens") == 0)
    cell_tokens(o, row->tokens_of);
  else if (strcmp(name, "partitioner") == 0)
    cell_text(o, model.plan.other_partitioner
                     ? "org.apache.cassandra.dht.RandomPartitioner"
                     : "org.apache.cassandra.dht.Murmur3Partitioner");
  else if (strcmp(name, "cluster_name") == 0)
    cell_text(o, "Sim");
  else if (strcmp(name, "key") == 0)
    cell_text(o, "local");
  else if (strcmp(name, "native_port") == 0)
    cell_number(o, 9042);
  else if (strcmp(name, "peer_port") == 0)
    cell_number(o, 7000);
  else if (strcmp(name, "peer") != 0 && (row->lacks & LISTENS_ANYWHERE) != 0)
    cell_number(o, 0);
  else /* peer, rpc_address, native_address */
    cell_address(o, row->place);
}

static void host_row(struct out *o, const struct statement *s, unsigned host,
                     const struct peer_row *row) {
  for (unsigned i = 0; i < s->column_count; i++)
    host_cell(o, s->table->columns[s->columns[i]].name, host, row);
}

static void local_row(struct out *o, const struct statement *s, unsigned host) {
  struct peer_row own = {.there = true,
                         .place = model.hosts[host].place,
                         .tokens_of = (uint8_t)host};

  out_int(o, 1);
  host_row(o, s, host, &own);
}

void cluster_rows(struct out *o, const struct request *r) {
  const struct statement *s = r->statement;
  const struct peer_row *rows = model.hosts[r->host].rows;
  unsigned count = 0;

  if (s->table->is == TABLE_IS_LOCAL) {
    local_row(o, s, r->host);
    return;
  }
  for (unsigned i = 0; i < model.plan.hosts; i++)
    if (i != r->host && rows[i].there)
      count += rows[i].twice ? 2 : 1;
  out_int(o, count);
  for (unsigned i = 0; i < model.plan.hosts; i++) {
    struct peer_row row = rows[i];

    if (i == r->host || !row.there)
      continue;
    if (row.twice)
      host_row(o, s, i, &row);
    row.twice = false;
    host_row(o, s, i, &row);
  }
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
