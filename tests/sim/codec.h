/* tests/sim/codec.h - the notations of CQL native protocol v4, as the servers
 * of the simulator read and write them.
 *
 * Written from the protocol's description alone: what it has in common with
 * proto/ is the protocol. */
#ifndef SIM_CODEC_H
#define SIM_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Messages ----------------------------------------------------------- */

enum { HEADER_LEN = 9, VERSION_REQUEST = 0x04, VERSION_RESPONSE = 0x84 };

enum opcode {
  OP_ERROR = 0x00,
  OP_STARTUP = 0x01,
  OP_READY = 0x02,
  OP_AUTHENTICATE = 0x03,
  OP_OPTIONS = 0x05,
  OP_SUPPORTED = 0x06,
  OP_QUERY = 0x07,
  OP_RESULT = 0x08,
  OP_PREPARE = 0x09,
  OP_EXECUTE = 0x0a,
  OP_REGISTER = 0x0b,
  OP_EVENT = 0x0c,
  OP_BATCH = 0x0d,
  OP_AUTH_RESPONSE = 0x0f,
  OP_AUTH_SUCCESS = 0x10
};

enum header_flag {
  FLAG_COMPRESSED = 0x01,
  FLAG_TRACING = 0x02,
  FLAG_PAYLOAD = 0x04,
  FLAG_WARNING = 0x08
};

enum result_kind {
  RESULT_VOID = 1,
  RESULT_ROWS = 2,
  RESULT_SET_KEYSPACE = 3,
  RESULT_PREPARED = 4,
  RESULT_SCHEMA_CHANGE = 5
};

enum metadata_flag {
  METADATA_GLOBAL = 0x01,
  METADATA_MORE = 0x02,
  METADATA_NONE = 0x04
};

enum parameter_flag {
  PARAM_VALUES = 0x01,
  PARAM_SKIP_METADATA = 0x02,
  PARAM_PAGE_SIZE = 0x04,
  PARAM_PAGING_STATE = 0x08,
  PARAM_SERIAL = 0x10,
  PARAM_TIMESTAMP = 0x20,
  PARAM_NAMES = 0x40
};

enum error_code {
  ERROR_SERVER = 0x0000,
  ERROR_PROTOCOL = 0x000a,
  ERROR_CREDENTIALS = 0x0100,
  ERROR_UNAVAILABLE = 0x1000,
  ERROR_OVERLOADED = 0x1001,
  ERROR_BOOTSTRAPPING = 0x1002,
  ERROR_TRUNCATE = 0x1003,
  ERROR_WRITE_TIMEOUT = 0x1100,
  ERROR_READ_TIMEOUT = 0x1200,
  ERROR_READ_FAILURE = 0x1300,
  ERROR_FUNCTION = 0x1400,
  ERROR_WRITE_FAILURE = 0x1500,
  ERROR_CDC_WRITE = 0x1600,
  ERROR_CAS_UNKNOWN = 0x1700,
  ERROR_SYNTAX = 0x2000,
  ERROR_UNAUTHORIZED = 0x2100,
  ERROR_INVALID = 0x2200,
  ERROR_CONFIG = 0x2300,
  ERROR_EXISTS = 0x2400,
  ERROR_UNPREPARED = 0x2500,
  ERROR_NOBODY_KNOWS = 0x7777,
  ERROR_RATE_LIMIT = 0xf000
};

enum consistency {
  CONSISTENCY_ANY = 0,
  CONSISTENCY_QUORUM = 4,
  CONSISTENCY_SERIAL = 8,
  CONSISTENCY_LOCAL_SERIAL = 9,
  CONSISTENCY_LOCAL_ONE = 10
};

enum option_id {
  TYPE_BIGINT = 0x0002,
  TYPE_BLOB = 0x0003,
  TYPE_COUNTER = 0x0005,
  TYPE_INT = 0x0009,
  TYPE_UUID = 0x000c,
  TYPE_TEXT = 0x000d,
  TYPE_INET = 0x0010,
  TYPE_MAP = 0x0021, /* of the servers' tables, all of them of texts */
  TYPE_SET = 0x0022
};

/* ---- Reading ------------------------------------------------------------ */

/* What is left of a body.  After something that reaches beyond it, `bad`, and
 * all that is read are zeroes. */
struct in {
  const uint8_t *p;
  size_t left;
  bool bad;
};

/* Bytes of a body; null and unset values have these lengths. */
enum { LEN_NULL = -1, LEN_UNSET = -2 };
struct slice {
  const uint8_t *p;
  int32_t len;
};

static inline uint16_t load16(const uint8_t *p) {
  return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t load32(const uint8_t *p) {
  return (uint32_t)load16(p) << 16 | load16(p + 2);
}

static inline uint64_t load64(const uint8_t *p) {
  return (uint64_t)load32(p) << 32 | load32(p + 4);
}

uint8_t in_byte(struct in *in);
uint16_t in_short(struct in *in);
int32_t in_int(struct in *in);
struct slice in_string(struct in *in);
struct slice in_long_string(struct in *in);
/* [short bytes] are laid out as a [string] is. */
struct slice in_short_bytes(struct in *in);
struct slice in_value(struct in *in);
void in_skip(struct in *in, size_t n);

bool slice_is(struct slice s, const char *text);

/* ---- Writing ------------------------------------------------------------ */

/* One frame at a time; as many bytes as the longest answer has. */
enum { OUT_MAX = 256 * 1024 };
struct out {
  size_t len;
  uint8_t bytes[OUT_MAX];
};

void out_byte(struct out *o, unsigned x);
void out_short(struct out *o, unsigned x);
void out_int(struct out *o, uint32_t x);
void out_long(struct out *o, uint64_t x);
void out_bytes(struct out *o, const void *p, size_t n);
void out_string(struct out *o, const char *text);
/* As a column's type, with those inside. */
void out_type(struct out *o, enum option_id type);
/* n times the same byte */
void out_fill(struct out *o, uint8_t byte, size_t n);

void out_begin(struct out *o, unsigned flags, int stream, enum opcode opcode);
/* The body is complete: sets the header's length. */
void out_end(struct out *o);

#endif
