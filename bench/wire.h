/* bench/wire.h: the few bytes of CQL protocol v4 that the benches speak, by
 * hand, so that the floor owes nothing to the library it is held against.
 * Never part of the product: it trusts its callers and exits when memory ends.
 */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <stddef.h>
#include <stdint.h>

enum {
  WIRE_HEADER = 9, /* version u8, flags u8, stream u16, opcode u8, length u32 */
  WIRE_VERSION = 4,
  WIRE_FROM_SERVER = 0x80,   /* set in the version byte of every answer */
  WIRE_BODY_MAX = 256 << 20, /* the protocol's own ceiling */
  WIRE_LOCAL_ONE = 0x000a
};

enum wire_flag {
  WIRE_COMPRESSED = 0x01,
  WIRE_TRACING = 0x02,
  WIRE_PAYLOAD = 0x04,
  WIRE_WARNING = 0x08
};

enum wire_opcode {
  WIRE_ERROR = 0x00,
  WIRE_STARTUP = 0x01,
  WIRE_READY = 0x02,
  WIRE_OPTIONS = 0x05,
  WIRE_SUPPORTED = 0x06,
  WIRE_QUERY = 0x07,
  WIRE_RESULT = 0x08,
  WIRE_PREPARE = 0x09,
  WIRE_EXECUTE = 0x0a,
  WIRE_REGISTER = 0x0b,
  WIRE_BATCH = 0x0d
};

enum wire_result {
  WIRE_VOID = 1,
  WIRE_ROWS = 2,
  WIRE_PREPARED = 4,
  WIRE_SCHEMA_CHANGE = 5
};

enum wire_type {
  WIRE_BIGINT = 0x02,
  WIRE_COUNTER = 0x05,
  WIRE_INT = 0x09,
  WIRE_UUID = 0x0c,
  WIRE_TEXT = 0x0d,
  WIRE_INET = 0x10,
  WIRE_MAP = 0x21,
  WIRE_SET = 0x22
};

/* The query that bench/answer answers with its count of EXECUTEs. */
#define WIRE_COUNT_QUERY "TALLY BENCH COUNT"

static inline uint16_t wire_u16(const uint8_t *p) {
  return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t wire_u32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
         p[3];
}

static inline uint64_t wire_u64(const uint8_t *p) {
  return (uint64_t)wire_u32(p) << 32 | wire_u32(p + 4);
}

static inline void wire_store_u16(uint8_t *p, uint16_t v) {
  p[0] = (uint8_t)(v >> 8);
  p[1] = (uint8_t)v;
}

static inline void wire_store_u32(uint8_t *p, uint32_t v) {
  wire_store_u16(p, (uint16_t)(v >> 16));
  wire_store_u16(p + 2, (uint16_t)v);
}

/* Bytes waiting at data[start..end). All zero is an empty buffer. */
struct wire_buffer {
  uint8_t *data;
  size_t start;
  size_t end;
  size_t capacity;
};

/* Returns where the next n bytes go; what waits may have moved. */
uint8_t *wire_reserve(struct wire_buffer *b, size_t n);

void wire_free(struct wire_buffer *b);

void wire_put(struct wire_buffer *b, const void *data, size_t n);
void wire_put_u16(struct wire_buffer *b, uint16_t v);
void wire_put_u32(struct wire_buffer *b, uint32_t v);
void wire_put_u64(struct wire_buffer *b, uint64_t v);
void wire_put_string(struct wire_buffer *b, const char *text);
void wire_put_long_string(struct wire_buffer *b, const char *text);

/* Opens a frame; what is put next is its body, until wire_end(mark). */
size_t wire_begin(struct wire_buffer *b, unsigned version, uint16_t stream,
                  enum wire_opcode opcode);
void wire_end(struct wire_buffer *b, size_t mark);

/* A whole QUERY frame without values, at LOCAL_ONE, on stream 0. */
void wire_put_query(struct wire_buffer *b, const char *text);

/* Opens a blocking connection; -1 with errno set when there is none. */
int wire_dial(const char *host, const char *port);

/* Sends what is in b and replaces it by the next frame that arrives. Returns
 * its opcode, or -1 with errno set (0 when the server closed). */
int wire_call(int fd, struct wire_buffer *b);

/* Prints "program: message" and exits with 1. */
_Noreturn void wire_fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
