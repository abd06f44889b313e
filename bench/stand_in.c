/* bench/stand_in.c: the answers of the node that is not there. Void to every
 * query but those that drivers ask when they connect. */
#define _GNU_SOURCE

#include "stand_in.h"

#include <stdbool.h>
#include <string.h>

/* What system.local shows, in the order of SELECT *; what a query names beside
 * these (columns of the peers, of the schema) is text, and has no rows. */
enum value { TEXT_VALUE, ADDRESS_VALUE, PORT_VALUE, TOKENS_VALUE, MAP_VALUE };
static const struct column {
  const char *name;
  enum wire_type type;
  enum value value;
  const char *text;
} columns[] = {
    {"key", WIRE_TEXT, TEXT_VALUE, "local"},
    {"cluster_name", WIRE_TEXT, TEXT_VALUE, "tally bench"},
    {"data_center", WIRE_TEXT, TEXT_VALUE, "dc1"},
    {"rack", WIRE_TEXT, TEXT_VALUE, "rack1"},
    {"release_version", WIRE_TEXT, TEXT_VALUE, "5.0.2"},
    {"cql_version", WIRE_TEXT, TEXT_VALUE, "3.4.7"},
    {"partitioner", WIRE_TEXT, TEXT_VALUE,
     "org.apache.cassandra.dht.Murmur3Partitioner"},
    {"host_id", WIRE_UUID, TEXT_VALUE, "tally bench host"},
    {"schema_version", WIRE_UUID, TEXT_VALUE, "tally bench tabl"},
    {"rpc_address", WIRE_INET, ADDRESS_VALUE, NULL},
    {"broadcast_address", WIRE_INET, ADDRESS_VALUE, NULL},
    {"rpc_port", WIRE_INT, PORT_VALUE, NULL},
    {"tokens", WIRE_SET, TOKENS_VALUE, NULL},
};
static const struct column replication = {"replication", WIRE_MAP, MAP_VALUE,
                                          NULL};

enum { COLUMNS = sizeof columns / sizeof columns[0], SELECTED_MAX = 32 };

/* The columns of an answer; what has no name here has that of `unknown`. */
struct selection {
  struct column columns[SELECTED_MAX];
  char unknown[SELECTED_MAX][32];
  size_t count;
};

static void put_column(struct wire_buffer *out, const char *name,
                       enum wire_type type) {
  wire_put_string(out, name);
  wire_put_u16(out, (uint16_t)type);
  if (type == WIRE_MAP)
    wire_put_u16(out, WIRE_TEXT);
  if (type == WIRE_MAP || type == WIRE_SET)
    wire_put_u16(out, WIRE_TEXT);
}

static void put_supported(struct wire_buffer *out) {
  wire_put_u16(out, 3);
  wire_put_string(out, "PROTOCOL_VERSIONS");
  wire_put_u16(out, 2);
  wire_put_string(out, "3/v3");
  wire_put_string(out, "4/v4");
  wire_put_string(out, "COMPRESSION");
  wire_put_u16(out, 0);
  wire_put_string(out, "CQL_VERSION");
  wire_put_u16(out, 1);
  wire_put_string(out, "3.4.7");
}

static void put_prepared(struct wire_buffer *out, unsigned version) {
  wire_put_u32(out, WIRE_PREPARED);
  wire_put_string(out, STAND_IN_ID);
  wire_put_u32(out, 1); /* one table for all columns */
  wire_put_u32(out, 3);
  if (version >= 4) {
    wire_put_u32(out, 1); /* the partition key is the third marker */
    wire_put_u16(out, 2);
  }
  wire_put_string(out, "bench");
  wire_put_string(out, "page_hits");
  put_column(out, "views", WIRE_COUNTER);
  put_column(out, "unique_visitors", WIRE_COUNTER);
  put_column(out, "url", WIRE_TEXT);
  wire_put_u32(out, 4); /* no metadata of a result */
  wire_put_u32(out, 0);
}

static void put_cell(struct wire_buffer *out, const void *value, size_t n) {
  wire_put_u32(out, (uint32_t)n);
  wire_put(out, value, n);
}

static bool mentions(const uint8_t *body, size_t length, const char *word) {
  return memmem(body, length, word, strlen(word)) != NULL;
}

static void put_tokens(struct wire_buffer *out) {
  static const char token[] = "-9223372036854775808";

  wire_put_u32(out, 4 + 4 + sizeof token - 1); /* a set of one token */
  wire_put_u32(out, 1);
  put_cell(out, token, sizeof token - 1);
}

/* Every keyspace has one replica of everything. */
static void put_replication(struct wire_buffer *out) {
  static const char *const pairs[] = {
      "class", "org.apache.cassandra.locator.SimpleStrategy",
      "replication_factor", "1"};
  size_t i, length = 4;

  for (i = 0; i < 4; i++)
    length += 4 + strlen(pairs[i]);
  wire_put_u32(out, (uint32_t)length);
  wire_put_u32(out, 2);
  for (i = 0; i < 4; i++)
    wire_put_long_string(out, pairs[i]);
}

static void put_value(struct wire_buffer *out, const struct column *column,
                      const struct sockaddr_in *self) {
  switch (column->value) {
  case ADDRESS_VALUE:
    put_cell(out, &self->sin_addr, 4);
    return;
  case PORT_VALUE:
    wire_put_u32(out, 4);
    wire_put_u32(out, ntohs(self->sin_port));
    return;
  case TOKENS_VALUE:
    put_tokens(out);
    return;
  case MAP_VALUE:
    put_replication(out);
    return;
  case TEXT_VALUE:
  default:
    wire_put_long_string(out, column->text);
  }
}

static void select_one(struct selection *s, const char *name, size_t length) {
  struct column *c = &s->columns[s->count];
  size_t i;

  if (s->count == SELECTED_MAX || length >= sizeof s->unknown[0])
    return;
  memcpy(s->unknown[s->count], name, length);
  s->unknown[s->count][length] = '\0';
  *c = (struct column){s->unknown[s->count], WIRE_TEXT, TEXT_VALUE, ""};
  for (i = 0; i < COLUMNS; i++)
    if (strcmp(c->name, columns[i].name) == 0)
      *c = columns[i];
  if (strcmp(s->unknown[s->count], replication.name) == 0)
    *c = replication;
  s->count++;
}

/* SELECT a, b FROM ...; everything for SELECT *. */
static void select_columns(struct selection *s, const char *text,
                           size_t length) {
  size_t i = strlen("SELECT ");

  s->count = 0;
  if (length <= i || text[i] == '*') {
    memcpy(s->columns, columns, sizeof columns);
    s->count = COLUMNS;
    return;
  }
  while (i < length) {
    size_t end = i;

    while (end < length && text[end] != ',' && text[end] != ' ')
      end++;
    select_one(s, text + i, end - i);
    if (end == length || text[end] != ',')
      return;
    for (i = end + 1; i < length && text[i] == ' ';)
      i++;
  }
}

/* The row of system.local; or, for its peers and for what the schema tables
 * would tell, the columns and no row, but for a keyspace's replication. */
static void put_rows(struct wire_buffer *out, const uint8_t *body,
                     size_t length, const struct sockaddr_in *self) {
  struct selection s;
  size_t i;
  bool row;

  select_columns(&s, (const char *)body + 4, length < 4 ? 0 : length - 4);
  row = mentions(body, length, "system.local") ||
        (s.count == 1 && s.columns[0].value == MAP_VALUE);
  wire_put_u32(out, WIRE_ROWS);
  wire_put_u32(out, 1);
  wire_put_u32(out, (uint32_t)s.count);
  wire_put_string(out, "system");
  wire_put_string(out, "table");
  for (i = 0; i < s.count; i++)
    put_column(out, s.columns[i].name, s.columns[i].type);
  wire_put_u32(out, row ? 1 : 0);
  for (i = 0; row && i < s.count; i++)
    put_value(out, &s.columns[i], self);
}

static enum wire_opcode put_error(struct wire_buffer *out, uint32_t code,
                                  const char *text) {
  wire_put_u32(out, code);
  wire_put_string(out, text);
  return WIRE_ERROR;
}

/* The table that it counts in; it lists none. */
static void put_created(struct wire_buffer *out) {
  wire_put_u32(out, WIRE_SCHEMA_CHANGE);
  wire_put_string(out, "CREATED");
  wire_put_string(out, "TABLE");
  wire_put_string(out, "bench");
  wire_put_string(out, "page_hits");
}

static enum wire_opcode put_result(struct wire_buffer *out,
                                   const uint8_t *frame, size_t length,
                                   const struct sockaddr_in *self) {
  const uint8_t *body = frame + WIRE_HEADER;

  if (frame[4] == WIRE_PREPARE) {
    if (!mentions(body, length, "UPDATE") ||
        !mentions(body, length, "page_hits"))
      return put_error(out, 0x2200, "only the UPDATE of bench.page_hits");
    put_prepared(out, frame[0]);
  } else if (frame[4] == WIRE_QUERY && mentions(body, length, "system"))
    put_rows(out, body, length, self);
  else if (frame[4] == WIRE_QUERY && mentions(body, length, "CREATE TABLE"))
    put_created(out);
  else
    wire_put_u32(out, WIRE_VOID);
  return WIRE_RESULT;
}

/* Reached only by ids that nobody prepared here; the tail repeats the id. */
static enum wire_opcode put_unprepared(struct wire_buffer *out,
                                       const uint8_t *body, size_t length) {
  put_error(out, 0x2500, "not prepared here");
  if (length >= 2 && length >= 2U + wire_u16(body))
    wire_put(out, body, 2U + wire_u16(body));
  else
    wire_put_u16(out, 0);
  return WIRE_ERROR;
}

static enum wire_opcode put_answer(struct wire_buffer *out,
                                   const uint8_t *frame, size_t length,
                                   const struct sockaddr_in *self) {
  switch (frame[4]) {
  case WIRE_OPTIONS:
    put_supported(out);
    return WIRE_SUPPORTED;
  case WIRE_STARTUP:
  case WIRE_REGISTER:
    return WIRE_READY;
  case WIRE_PREPARE:
  case WIRE_QUERY:
  case WIRE_BATCH:
    return put_result(out, frame, length, self);
  case WIRE_EXECUTE:
    return put_unprepared(out, frame + WIRE_HEADER, length);
  default:
    return put_error(out, 0x000a, "Unknown opcode");
  }
}

void stand_in_answer(struct wire_buffer *out, const uint8_t *frame,
                     size_t length, const struct sockaddr_in *self) {
  size_t mark = wire_begin(out, frame[0] | WIRE_FROM_SERVER,
                           wire_u16(frame + 2), WIRE_RESULT);
  enum wire_opcode opcode = put_answer(out, frame, length - WIRE_HEADER, self);

  out->data[out->start + mark + 4] = (uint8_t)opcode;
  wire_end(out, mark);
}
