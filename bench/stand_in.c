/* bench/stand_in.c: the answers of the node that is not there. Void to every
 * query but those that drivers ask when they connect. */
#define _GNU_SOURCE

#include "stand_in.h"

#include <stdbool.h>
#include <string.h>

/* The columns of system.local that are text. */
static const struct {
  const char *name;
  const char *value;
} texts[] = {
    {"key", "local"},
    {"cluster_name", "tally bench"},
    {"data_center", "dc1"},
    {"rack", "rack1"},
    {"release_version", "5.0.2"},
    {"cql_version", "3.4.7"},
    {"partitioner", "org.apache.cassandra.dht.Murmur3Partitioner"},
};

enum { TEXTS = sizeof texts / sizeof texts[0], OTHERS = 6 };

static void put_column(struct wire_buffer *out, const char *name,
                       enum wire_type type) {
  wire_put_string(out, name);
  wire_put_u16(out, (uint16_t)type);
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

static void put_local_row(struct wire_buffer *out,
                          const struct sockaddr_in *self) {
  static const char token[] = "-9223372036854775808";
  size_t i;

  for (i = 0; i < TEXTS; i++)
    wire_put_long_string(out, texts[i].value);
  put_cell(out, "tally bench host", 16);
  put_cell(out, "tally bench tabl", 16);
  put_cell(out, &self->sin_addr, 4);
  put_cell(out, &self->sin_addr, 4);
  wire_put_u32(out, 4);
  wire_put_u32(out, ntohs(self->sin_port));
  wire_put_u32(out, 4 + 4 + sizeof token - 1); /* a set of one token */
  wire_put_u32(out, 1);
  put_cell(out, token, sizeof token - 1);
}

/* The row of system.local; or, for its peers and for what the schema tables
 * would tell, the same columns and no row. */
static void put_hosts(struct wire_buffer *out, const char *table,
                      const struct sockaddr_in *self) {
  size_t i;

  wire_put_u32(out, WIRE_ROWS);
  wire_put_u32(out, 1);
  wire_put_u32(out, TEXTS + OTHERS);
  wire_put_string(out, "system");
  wire_put_string(out, table);
  for (i = 0; i < TEXTS; i++)
    put_column(out, texts[i].name, WIRE_TEXT);
  put_column(out, "host_id", WIRE_UUID);
  put_column(out, "schema_version", WIRE_UUID);
  put_column(out, "rpc_address", WIRE_INET);
  put_column(out, "broadcast_address", WIRE_INET);
  put_column(out, "rpc_port", WIRE_INT);
  put_column(out, "tokens", WIRE_SET);
  wire_put_u16(out, WIRE_TEXT);
  wire_put_u32(out, self != NULL ? 1 : 0);
  if (self != NULL)
    put_local_row(out, self);
}

static enum wire_opcode put_error(struct wire_buffer *out, uint32_t code,
                                  const char *text) {
  wire_put_u32(out, code);
  wire_put_string(out, text);
  return WIRE_ERROR;
}

static bool mentions(const uint8_t *body, size_t length, const char *word) {
  return memmem(body, length, word, strlen(word)) != NULL;
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
  } else if (frame[4] == WIRE_QUERY && mentions(body, length, "system.local"))
    put_hosts(out, "local", self);
  else if (frame[4] == WIRE_QUERY && mentions(body, length, "system"))
    put_hosts(out, "peers", NULL);
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
