/* tests/support/script_tables.c - what the script server's system tables say
 * to the control connection: by hand, metadata and all. */
#include "tests/support/script_private.h"

#include <stdio.h>
#include <string.h>

enum {
  TYPE_INT = 0x09,
  TYPE_UUID = 0x0c,
  TYPE_TEXT = 0x0d,
  TYPE_INET = 0x10,
  TYPE_MAP = 0x21,
  TYPE_SET = 0x22
};

struct column {
  const char *name;
  unsigned type; /* a set is one of text, a map from text to text */
};

static const struct column local_columns[] = {
    {"host_id", TYPE_UUID},        {"data_center", TYPE_TEXT},
    {"rack", TYPE_TEXT},           {"release_version", TYPE_TEXT},
    {"schema_version", TYPE_UUID}, {"tokens", TYPE_SET},
    {"partitioner", TYPE_TEXT}};
static const struct column peers_columns[] = {
    {"host_id", TYPE_UUID},        {"data_center", TYPE_TEXT},
    {"rack", TYPE_TEXT},           {"release_version", TYPE_TEXT},
    {"schema_version", TYPE_UUID}, {"tokens", TYPE_SET},
    {"peer", TYPE_INET},           {"native_address", TYPE_INET},
    {"native_port", TYPE_INT}};
static const struct column keyspace_columns[] = {{"replication", TYPE_MAP}};

static void rows_begin(struct bytes *b, const char *table,
                       const struct column *columns, unsigned count,
                       unsigned rows) {
  bytes_u32(b, 2);
  bytes_u32(b, 1);
  bytes_u32(b, count);
  bytes_string(b, "system");
  bytes_string(b, table);
  for (unsigned i = 0; i < count; i++) {
    bytes_string(b, columns[i].name);
    bytes_u16(b, columns[i].type);
    if (columns[i].type == TYPE_MAP)
      bytes_u16(b, TYPE_TEXT);
    if (columns[i].type == TYPE_MAP || columns[i].type == TYPE_SET)
      bytes_u16(b, TYPE_TEXT);
  }
  bytes_u32(b, rows);
}

static void cell(struct bytes *b, const void *p, size_t len) {
  bytes_u32(b, (uint32_t)len);
  bytes_add(b, p, len);
}

static void text_cell(struct bytes *b, const char *text) {
  cell(b, text, strlen(text));
}

void script_host_id(const struct script_server *s, char id[17]) {
  snprintf(id, 17, "scripted-%07u", (unsigned)s->port);
}

static void cell_unless(bool null, struct bytes *b, const void *p, size_t len) {
  if (null)
    bytes_u32(b, UINT32_MAX);
  else
    cell(b, p, len);
}

static void text_unless(bool null, struct bytes *b, const char *text) {
  cell_unless(null, b, text, strlen(text));
}

static void host_cells(const struct script_server *s, enum script_oddity odd,
                       struct bytes *b) {
  char id[17];
  struct bytes tokens = {0};

  script_host_id(s, id);
  cell_unless(odd == ROW_WITHOUT_ID, b, id, 16);
  text_unless(odd == ROW_WITHOUT_DC, b, s->dc);
  text_unless(odd == ROW_WITHOUT_RACK, b, s->rack);
  text_unless(odd == ROW_WITHOUT_VERSION, b, s->version);
  cell_unless(odd == ROW_WITHOUT_SCHEMA, b, "0123456789abcdef", 16);
  bytes_u32(&tokens, 1);
  text_cell(&tokens, s->token);
  cell_unless(odd == ROW_WITHOUT_TOKENS, b, tokens.p, tokens.len);
  bytes_free(&tokens);
}

static void body_local(const struct script_server *s, struct bytes *b) {
  rows_begin(b, "local", local_columns, 7, 1);
  host_cells(s, ROW_WHOLE, b);
  text_cell(b, "org.apache.cassandra.dht.Murmur3Partitioner");
}

static void peer_row(const struct script_server *s, struct bytes *b) {
  static const uint8_t loopback[4] = {127, 0, 0, 1}, anywhere[4];
  enum script_oddity odd = s->odd_row;
  bool nowhere = odd == ROW_NOWHERE, everywhere = odd == ROW_EVERYWHERE;
  uint8_t port[4] = {0, 0, (uint8_t)(s->port >> 8), (uint8_t)s->port};

  host_cells(s, odd, b);
  cell(b, nowhere ? anywhere : loopback, 4);
  cell_unless(odd == ROW_WITHOUT_ADDRESS, b,
              nowhere || everywhere ? anywhere : loopback, 4);
  cell_unless(odd == ROW_WITHOUT_PORT, b, port, 4);
}

static void body_peers(const struct script_server *s, struct bytes *b) {
  unsigned rows = s->peer_count;

  for (unsigned i = 0; i < s->peer_count; i++)
    rows += s->peers[i]->odd_row == ROW_TWICE;
  rows_begin(b, "peers_v2", peers_columns, 9, rows);
  for (unsigned i = 0; i < s->peer_count; i++) {
    peer_row(s->peers[i], b);
    if (s->peers[i]->odd_row == ROW_TWICE)
      peer_row(s->peers[i], b);
  }
}

static void body_replication(const struct script_server *s, struct bytes *b) {
  struct bytes map = {0};
  char factor[12];

  snprintf(factor, sizeof factor, "%u", s->replicas);
  rows_begin(b, "keyspaces", keyspace_columns, 1, 1);
  bytes_u32(&map, 2);
  text_cell(&map, "class");
  text_cell(&map, "org.apache.cassandra.locator.SimpleStrategy");
  text_cell(&map, "replication_factor");
  text_cell(&map, factor);
  cell(b, map.p, map.len);
  bytes_free(&map);
}

static bool has(const char *text, size_t len, const char *part) {
  return memmem(text, len, part, strlen(part)) != NULL;
}

bool script_is_control(const char *text, size_t len) {
  return has(text, len, "SELECT host_id,") ||
         has(text, len, "SELECT replication ");
}

void script_tables(const struct script_server *s, const char *text, size_t len,
                   struct bytes *body) {
  if (has(text, len, "SELECT replication"))
    body_replication(s, body);
  else if (has(text, len, "FROM system.local"))
    body_local(s, body);
  else
    body_peers(s, body);
}

/* ---- Telling ------------------------------------------------------------ */

void script_cluster(struct script_server *const *servers, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    script_lock(servers[i]);
    servers[i]->peer_count = 0;
    for (unsigned k = 0; k < count; k++)
      if (k != i)
        servers[i]->peers[servers[i]->peer_count++] = servers[k];
    script_unlock(servers[i]);
  }
}

void script_own(struct script_server *s, const char *token, unsigned replicas) {
  script_lock(s);
  s->token = token;
  s->replicas = replicas;
  script_unlock(s);
}

void script_describe(struct script_server *s, const char *dc, const char *rack,
                     const char *version) {
  script_lock(s);
  s->dc = dc;
  s->rack = rack;
  s->version = version;
  script_unlock(s);
}

void script_odd_row(struct script_server *s, enum script_oddity oddity) {
  script_lock(s);
  s->odd_row = oddity;
  script_unlock(s);
}

void script_tell(struct script_server *s, const char *type, const char *change,
                 const struct script_server *about) {
  static const uint8_t loopback[5] = {4, 127, 0, 0, 1},
                       far[5] = {4, 10, 9, 9, 9};
  struct bytes body = {0}, frame = {0};

  bytes_string(&body, type);
  bytes_string(&body, change);
  bytes_add(&body, about != NULL ? loopback : far, 5);
  bytes_u32(&body, about != NULL ? about->port : 9042);
  bytes_u8(&frame, 0x84);
  bytes_u8(&frame, 0);
  bytes_u16(&frame, 0xffff);
  bytes_u8(&frame, 0x0c);
  bytes_u32(&frame, (uint32_t)body.len);
  bytes_add(&frame, body.p, body.len);
  script_say(s, frame.p, frame.len);
  bytes_free(&body);
  bytes_free(&frame);
}
