/* proto/murmur3.c - MurmurHash3 x64-128 as Cassandra computes it. */
#include "proto/murmur3.h"

#include "proto/bytes.h"

static inline uint64_t rotl(uint64_t x, unsigned n) {
  return x << n | x >> (64 - n);
}

static inline uint64_t mix_first(uint64_t k) {
  return rotl(k * 0x87c37b91114253d5u, 31) * 0x4cf5ad432745937fu;
}

static inline uint64_t mix_second(uint64_t k) {
  return rotl(k * 0x4cf5ad432745937fu, 33) * 0x87c37b91114253d5u;
}

static inline uint64_t finalise(uint64_t k) {
  k = (k ^ k >> 33) * 0xff51afd7ed558ccdu;
  k = (k ^ k >> 33) * 0xc4ceb9fe1a85ec53u;
  return k ^ k >> 33;
}

/* 1 to 8 bytes as a little-endian number, without a loop: two loads that may
 * overlap, the second shifted to where it belongs (OR-ing a byte with itself
 * does no harm). */
static inline uint64_t load_short(const uint8_t *p, size_t n) {
  if (n == 8)
    return load_le64(p);
  if (n >= 4)
    return (uint64_t)load_le32(p + n - 4) << 8 * (n - 4) | load_le32(p);
  return (uint64_t)p[0] | (uint64_t)p[n / 2] << 8 * (n / 2) |
         (uint64_t)p[n - 1] << 8 * (n - 1);
}

/* Cassandra XORs the tail's bytes together as signed numbers: one from 0x80 up
 * turns over every bit above its own eight.  So each byte is turned over as
 * often as there are such bytes below it, which a prefix XOR counts, modulo 2,
 * for all eight at once. */
static inline uint64_t sign_extended(uint64_t word) {
  uint64_t odd = (word & 0x0080808080808080u) << 1;

  odd ^= odd << 8;
  odd ^= odd << 16;
  odd ^= odd << 32;
  return word ^ odd * 0xff;
}

int64_t cql_murmur3_token(const void *key, size_t len) {
  const uint8_t *p = key;
  size_t left = len;
  uint64_t h1 = 0, h2 = 0;

  if (len == 0)
    return INT64_MIN;
  for (; left >= 16; left -= 16, p += 16) {
    h1 ^= mix_first(load_le64(p));
    h1 = (rotl(h1, 27) + h2) * 5 + 0x52dce729;
    h2 ^= mix_second(load_le64(p + 8));
    h2 = (rotl(h2, 31) + h1) * 5 + 0x38495ab5;
  }
  if (left > 8) {
    h2 ^= mix_second(sign_extended(load_short(p + 8, left - 8)));
    left = 8;
  }
  if (left > 0)
    h1 ^= mix_first(sign_extended(load_short(p, left)));

  h1 ^= len;
  h2 ^= len;
  h1 += h2;
  h2 += h1;
  h1 = finalise(h1) + finalise(h2);
  return h1 == (uint64_t)INT64_MAX + 1 ? INT64_MAX : (int64_t)h1;
}

enum cql_rc cql_routing_key_put(struct cql_writer *w,
                                struct cql_span component) {
  if (component.len > UINT16_MAX)
    return CQL_ELENGTH;
  cql_put_short_bytes(w, component);
  cql_put_byte(w, 0);
  return CQL_OK;
}
