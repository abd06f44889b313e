/* proto/bytes.h - loads and stores of what has a fixed width, for the files of
 * proto/ alone.  Shifts, so that alignment and the host's byte order do not
 * matter; compilers turn each into one move and one swap. */
#ifndef CQL_BYTES_H
#define CQL_BYTES_H

#include <stdint.h>

#include "proto/protocol.h"

static inline uint16_t load_be16(const uint8_t *p) {
  return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static inline uint32_t load_be32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
         (uint32_t)p[3];
}

static inline uint64_t load_be64(const uint8_t *p) {
  return (uint64_t)load_be32(p) << 32 | load_be32(p + 4);
}

static inline uint32_t load_le32(const uint8_t *p) {
  return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 |
         (uint32_t)p[0];
}

static inline uint64_t load_le64(const uint8_t *p) {
  return (uint64_t)p[7] << 56 | (uint64_t)p[6] << 48 | (uint64_t)p[5] << 40 |
         (uint64_t)p[4] << 32 | (uint64_t)p[3] << 24 | (uint64_t)p[2] << 16 |
         (uint64_t)p[1] << 8 | (uint64_t)p[0];
}

static inline void store_be16(uint8_t *p, uint16_t v) {
  p[0] = (uint8_t)(v >> 8);
  p[1] = (uint8_t)v;
}

static inline void store_be32(uint8_t *p, uint32_t v) {
  p[0] = (uint8_t)(v >> 24);
  p[1] = (uint8_t)(v >> 16);
  p[2] = (uint8_t)(v >> 8);
  p[3] = (uint8_t)v;
}

static inline void store_be64(uint8_t *p, uint64_t v) {
  store_be32(p, (uint32_t)(v >> 32));
  store_be32(p + 4, (uint32_t)v);
}

/* The 9 bytes of a request header. */
static inline void store_header(uint8_t *p, uint8_t flags, int16_t stream,
                                uint8_t opcode, uint32_t body_len) {
  p[0] = CQL_V4_REQUEST;
  p[1] = flags;
  store_be16(p + 2, (uint16_t)stream);
  p[4] = opcode;
  store_be32(p + 5, body_len);
}

#endif
