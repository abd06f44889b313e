/* tests/sim/model_data.c - what all hosts share: keyspaces, tables, rows. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/model_private.h"

static struct {
  struct keyspace {
    char name[NAME_MAX_LEN];
    struct replication_map how;
  } keyspaces[KEYSPACES_MAX];
  unsigned keyspace_count;
  struct table *tables[TABLES_MAX];
  unsigned table_count;
  uint64_t born; /* rows so far */
} data;

uint64_t data_hash(const void *bytes, size_t n, uint64_t seed) {
  const uint8_t *p = bytes;
  uint64_t h = seed ^ UINT64_C(0xcbf29ce484222325);

  for (size_t i = 0; i < n; i++)
    h = (h ^ p[i]) * UINT64_C(0x100000001b3);
  h ^= h >> 32;
  h *= UINT64_C(0xd6e8feb86659fd93);
  return h ^ h >> 32;
}

/* ---- Keyspaces and tables ----------------------------------------------- */

const struct replication_map *data_keyspace(const char *name) {
  for (unsigned i = 0; i < data.keyspace_count; i++)
    if (strcmp(data.keyspaces[i].name, name) == 0)
      return &data.keyspaces[i].how;
  return NULL;
}

bool data_add_keyspace(const char *name, const struct replication_map *how) {
  struct keyspace *k = &data.keyspaces[data.keyspace_count];

  if (data_keyspace(name) != NULL)
    return false;
  if (data.keyspace_count == KEYSPACES_MAX)
    violation("more keyspaces than the model holds");
  memcpy(k->name, name, strlen(name) + 1);
  k->how = *how;
  data.keyspace_count++;
  return true;
}

bool data_alter_keyspace(const char *name, const struct replication_map *how) {
  for (unsigned i = 0; i < data.keyspace_count; i++)
    if (strcmp(data.keyspaces[i].name, name) == 0) {
      data.keyspaces[i].how = *how;
      return true;
    }
  return false;
}

struct table *data_table(const char *keyspace, const char *name) {
  for (unsigned i = 0; i < data.table_count; i++)
    if (strcmp(data.tables[i]->name, name) == 0 &&
        strcmp(data.tables[i]->keyspace, keyspace) == 0)
      return data.tables[i];
  return NULL;
}

bool data_add_table(struct table *t) {
  if (data_table(t->keyspace, t->name) != NULL)
    return false;
  if (data.table_count == TABLES_MAX)
    violation("more tables than the model holds");
  data.tables[data.table_count++] = t;
  return true;
}

int data_column(const struct table *t, const char *name) {
  for (unsigned i = 0; i < t->column_count; i++)
    if (strcmp(t->columns[i].name, name) == 0)
      return (int)i;
  return -1;
}

const char *data_type_name(enum option_id type) {
  switch (type) {
  case TYPE_BIGINT:
    return "bigint";
  case TYPE_COUNTER:
    return "counter";
  case TYPE_INT:
    return "int";
  case TYPE_UUID:
    return "uuid";
  case TYPE_INET:
    return "inet";
  case TYPE_BLOB:
    return "blob";
  case TYPE_MAP:
    return "map<text, text>";
  case TYPE_SET:
    return "set<text>";
  case TYPE_TEXT:
  default:
    return "text";
  }
}

/* ---- Rows --------------------------------------------------------------- */

static bool same_key(const struct row *row, const struct slice *values,
                     unsigned keys) {
  const uint8_t *p = row->key;

  for (unsigned i = 0; i < keys; i++) {
    uint16_t len = load16(p);

    if (len != values[i].len ||
        (len > 0 && memcmp(p + 2, values[i].p, len) != 0))
      return false;
    p += 2 + len;
  }
  return true;
}

/* The workload's keys differ at their beginning, however long they are. */
enum { HASHED = 64 };

static uint32_t key_hash(const struct slice *values, unsigned keys) {
  uint64_t h = keys;

  for (unsigned i = 0; i < keys; i++) {
    size_t len = (size_t)values[i].len;

    h = data_hash(values[i].p, len < HASHED ? len : HASHED, h + len);
  }
  return (uint32_t)h;
}

static struct row *new_row(const struct table *t, const struct slice *values,
                           unsigned keys) {
  size_t sums = t->counter_count * sizeof(uint64_t), key_len = 0;
  struct row *row;
  uint8_t *p;

  for (unsigned i = 0; i < keys; i++)
    key_len += 2 + (size_t)values[i].len;
  row = calloc(1, sizeof *row + sums + key_len);
  row->sums = (uint64_t *)(row + 1);
  row->key = p = (uint8_t *)(row->sums + t->counter_count);
  for (unsigned i = 0; i < keys; i++) {
    *p++ = (uint8_t)(values[i].len >> 8);
    *p++ = (uint8_t)values[i].len;
    if (values[i].len > 0)
      memcpy(p, values[i].p, (size_t)values[i].len);
    p += values[i].len;
  }
  row->keys = keys;
  if (t->partition_keys == 1 && keys == 1)
    row->token = place_token(values[0]);
  row->born = ++data.born;
  return row;
}

static void add_to_partition(struct table *t, struct row *row,
                             const struct slice *values) {
  struct row **end;

  if (row->keys == t->partition_keys) {
    row->partition = row;
    return;
  }
  row->partition = data_row(t, values, t->partition_keys);
  for (end = &row->partition->rows; *end != NULL; end = &(*end)->rows_next)
    continue;
  *end = row;
}

struct row *data_row(struct table *t, const struct slice *values,
                     unsigned keys) {
  uint32_t hash = key_hash(values, keys);
  struct row **bucket = &t->buckets[hash % BUCKETS];
  struct row *row;

  for (row = *bucket; row != NULL; row = row->next)
    if (row->hash == hash && row->keys == keys && same_key(row, values, keys))
      return row;
  row = new_row(t, values, keys);
  row->hash = hash;
  row->next = *bucket;
  *bucket = row;
  add_to_partition(t, row, values);
  return row;
}

/* A partition of which only statics were counted shows no row to a query for
 * a full key. */
bool data_row_exists(const struct table *t, const struct row *row) {
  return (row->touched & ~t->statics) != 0;
}

static bool is_behind(const struct row *row, const struct spot *at) {
  return row->token > at->token ||
         (row->token == at->token && row->born > at->born);
}

const struct row *data_next(const struct table *t, struct spot *at,
                            int64_t last) {
  const struct row *best = NULL;

  for (unsigned i = 0; i < BUCKETS; i++)
    for (const struct row *row = t->buckets[i]; row != NULL; row = row->next)
      if (data_row_exists(t, row) && row->token <= last && is_behind(row, at) &&
          (best == NULL ||
           !is_behind(row, &(struct spot){best->token, best->born})))
        best = row;
  if (best != NULL)
    *at = (struct spot){best->token, best->born};
  return best;
}

struct slice data_key(const struct row *row, unsigned key) {
  const uint8_t *p = row->key;

  while (key-- > 0)
    p += 2 + load16(p);
  return (struct slice){p + 2, load16(p)};
}

bool data_sum(const struct row *row, const struct column *c, uint64_t *sum) {
  if (c->kind == COLUMN_STATIC)
    row = row->partition;
  *sum = row->sums[c->slot];
  return (row->touched >> c->slot & 1) != 0;
}

/* Wraps around, as the servers' sums do. */
void data_add(struct row *row, const struct column *c, uint64_t delta) {
  if (c->kind == COLUMN_STATIC)
    row = row->partition;
  row->sums[c->slot] += delta;
  row->touched |= UINT64_C(1) << c->slot;
}

/* ---- For the checker ---------------------------------------------------- */

static const struct row *first_row(const struct table *t,
                                   const struct row *partition) {
  const struct row *row;

  if (t->key_count == t->partition_keys)
    return partition;
  for (row = partition->rows; row != NULL; row = row->rows_next)
    if (data_row_exists(t, row))
      return row;
  return NULL;
}

bool model_counter(const char *table, const char *key, const char *counter,
                   int64_t *value) {
  struct slice k = {(const uint8_t *)key, (int32_t)strlen(key)};
  char keyspace[NAME_MAX_LEN] = "";
  const char *dot = strchr(table, '.');
  const struct row *row;
  struct table *t;
  uint64_t sum = 0;
  int column;

  *value = 0;
  if (dot == NULL || dot - table >= NAME_MAX_LEN)
    violation("model_counter: no table %s", table);
  memcpy(keyspace, table, (size_t)(dot - table));
  t = data_table(keyspace, dot + 1);
  if (t == NULL)
    return false;
  column = data_column(t, counter);
  if (column < 0 || t->columns[column].type != TYPE_COUNTER)
    violation("model_counter: no counter %s in %s", counter, table);
  row = data_row(t, &k, 1);
  if (t->columns[column].kind == COLUMN_REGULAR)
    row = first_row(t, row);
  if (row == NULL || row->touched == 0)
    return false;
  if (!data_sum(row, &t->columns[column], &sum))
    return false;
  *value = (int64_t)sum;
  return true;
}

/* ---- The tables that every server has ----------------------------------- */

static void add_column(struct table *t, const char *name, enum option_id type,
                       enum column_kind kind) {
  struct column *c = &t->columns[t->column_count];

  memcpy(c->name, name, strlen(name) + 1);
  c->type = type;
  c->kind = kind;
  if (kind == COLUMN_PARTITION) {
    c->position = t->partition_keys++;
    t->keys[t->key_count++] = t->column_count;
  } else if (kind == COLUMN_CLUSTERING) {
    c->position = t->key_count - t->partition_keys;
    t->keys[t->key_count++] = t->column_count;
  }
  t->column_count++;
}

static struct table *system_table(const char *keyspace, const char *name,
                                  enum table_is is) {
  static const struct replication_map everywhere = {
      1, {{"class", "org.apache.cassandra.locator.LocalStrategy"}}};
  struct table *t = calloc(1, sizeof *t);

  memcpy(t->keyspace, keyspace, strlen(keyspace) + 1);
  memcpy(t->name, name, strlen(name) + 1);
  t->is = is;
  data_add_keyspace(keyspace, &everywhere);
  data_add_table(t);
  return t;
}

/* What a server knows of each host. */
static void add_host_columns(struct table *t) {
  add_column(t, "data_center", TYPE_TEXT, COLUMN_REGULAR);
  add_column(t, "host_id", TYPE_UUID, COLUMN_REGULAR);
  add_column(t, "rack", TYPE_TEXT, COLUMN_REGULAR);
  add_column(t, "release_version", TYPE_TEXT, COLUMN_REGULAR);
  add_column(t, "schema_version", TYPE_UUID, COLUMN_REGULAR);
  add_column(t, "tokens", TYPE_SET, COLUMN_REGULAR);
}

static void add_host_tables(void) {
  struct table *t = system_table("system", "local", TABLE_IS_LOCAL);

  add_column(t, "key", TYPE_TEXT, COLUMN_PARTITION);
  add_column(t, "cluster_name", TYPE_TEXT, COLUMN_REGULAR);
  add_column(t, "partitioner", TYPE_TEXT, COLUMN_REGULAR);
  add_column(t, "rpc_address", TYPE_INET, COLUMN_REGULAR);
  add_host_columns(t);
  t = system_table("system", "peers", TABLE_IS_PEERS);
  add_column(t, "peer", TYPE_INET, COLUMN_PARTITION);
  add_column(t, "rpc_address", TYPE_INET, COLUMN_REGULAR);
  add_host_columns(t);
  if (model.plan.scylla || model.plan.old)
    return;
  t = system_table("system", "peers_v2", TABLE_IS_PEERS);
  add_column(t, "peer", TYPE_INET, COLUMN_PARTITION);
  add_column(t, "peer_port", TYPE_INT, COLUMN_CLUSTERING);
  add_column(t, "native_address", TYPE_INET, COLUMN_REGULAR);
  add_column(t, "native_port", TYPE_INT, COLUMN_REGULAR);
  add_host_columns(t);
}

void data_begin(void) {
  struct table *t;

  add_host_tables();
  t = system_table("system_schema", "keyspaces", TABLE_IS_KEYSPACES);
  add_column(t, "keyspace_name", TYPE_TEXT, COLUMN_PARTITION);
  add_column(t, "replication", TYPE_MAP, COLUMN_REGULAR);
  t = system_table("system_schema", "columns", TABLE_IS_COLUMNS);
  add_column(t, "keyspace_name", TYPE_TEXT, COLUMN_PARTITION);
  add_column(t, "table_name", TYPE_TEXT, COLUMN_CLUSTERING);
  add_column(t, "column_name", TYPE_TEXT, COLUMN_CLUSTERING);
  add_column(t, "kind", TYPE_TEXT, COLUMN_REGULAR);
  add_column(t, "position", TYPE_INT, COLUMN_REGULAR);
  add_column(t, "clustering_order", TYPE_TEXT, COLUMN_REGULAR);
  add_column(t, "type", TYPE_TEXT, COLUMN_REGULAR);
}

void data_end(void) {
  for (unsigned i = 0; i < data.table_count; i++) {
    struct table *t = data.tables[i];

    for (unsigned b = 0; b < BUCKETS; b++)
      while (t->buckets[b] != NULL) {
        struct row *row = t->buckets[b];

        t->buckets[b] = row->next;
        free(row);
      }
    free(t);
  }
  data.table_count = 0;
  data.keyspace_count = 0;
}
