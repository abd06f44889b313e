/* tests/support/lz4_block.c - a sequence of an LZ4 block is a token (two counts
 * of four bits), more bytes of the first count, that many literals, and, but
 * for the last sequence, an offset of two bytes and more bytes of the second
 * count, which is that of a match less four.  The end is literals: five or
 * more, and the last match begins twelve bytes or more before it. */
#include "tests/support/lz4_block.h"

#include <string.h>

enum { MATCH_MIN = 4, LAST_LITERALS = 5, LAST_MATCH = 12 };

/* ---- Decoding ----------------------------------------------------------- */

struct from {
  const uint8_t *p;
  size_t left;
};

/* A count of 15 goes on in bytes, of which one below 255 is the last. */
static bool read_count(struct from *from, size_t *count) {
  uint8_t more = 255;

  if (*count < 15)
    return true;
  while (more == 255) {
    if (from->left == 0)
      return false;
    more = *from->p++;
    from->left--;
    *count += more;
  }
  return true;
}

/* How long it is, once it is copied; 0: it is none. */
static size_t copy_match(struct from *from, size_t count, uint8_t *to,
                         size_t at, size_t len) {
  size_t offset;

  if (from->left < 2)
    return 0;
  offset = from->p[0] | (size_t)from->p[1] << 8;
  from->p += 2;
  from->left -= 2;
  if (!read_count(from, &count) || offset == 0 || offset > at)
    return 0;
  count += MATCH_MIN;
  if (count > len - at)
    return 0;
  for (size_t i = 0; i < count; i++)
    to[at + i] = to[at + i - offset];
  return count;
}

bool lz4_block_decode(const uint8_t *block, size_t n, uint8_t *to, size_t len) {
  struct from from = {block, n};
  size_t at = 0;

  while (from.left > 0) {
    uint8_t token = *from.p++;
    size_t literals = token >> 4, match;

    from.left--;
    if (!read_count(&from, &literals) || literals > from.left ||
        literals > len - at)
      return false;
    if (literals > 0)
      memcpy(to + at, from.p, literals);
    from.p += literals;
    from.left -= literals;
    at += literals;
    if (from.left == 0)
      return at == len;
    match = copy_match(&from, token & 15, to, at, len);
    if (match == 0)
      return false;
    at += match;
  }
  return false;
}

/* ---- Encoding ----------------------------------------------------------- */

size_t lz4_block_bound(size_t n) {
  return n + n / 4 + 16;
}

static size_t write_count(uint8_t *to, size_t count) {
  size_t n = 0;

  if (count < 15)
    return 0;
  for (count -= 15; count >= 255; count -= 255)
    to[n++] = 255;
  to[n++] = (uint8_t)count;
  return n;
}

static size_t write_literals(uint8_t *to, const uint8_t *from, size_t n,
                             size_t match) {
  size_t at = 1;

  to[0] = (uint8_t)((n < 15 ? n : 15) << 4 | (match < 15 ? match : 15));
  at += write_count(to + at, n);
  if (n > 0)
    memcpy(to + at, from, n);
  return at + n;
}

/* Bytes from p on that are all the same. */
static size_t run_of(const uint8_t *p, size_t n) {
  size_t run = 1;

  while (run < n && p[run] == p[0])
    run++;
  return run;
}

size_t lz4_block_encode(const uint8_t *from, size_t n, uint8_t *to) {
  size_t done = 0, at = 0, len = 0;

  /* Its first byte is a literal, and the match goes on from there. */
  while (n >= LAST_MATCH + 2 && at + 1 + LAST_MATCH <= n) {
    size_t run = run_of(from + at, n - LAST_LITERALS - at);

    if (run <= MATCH_MIN + 3) {
      at += run;
      continue;
    }
    len += write_literals(to + len, from + done, at + 1 - done,
                          run - 1 - MATCH_MIN);
    to[len++] = 1;
    to[len++] = 0;
    len += write_count(to + len, run - 1 - MATCH_MIN);
    at += run;
    done = at;
  }
  return len + write_literals(to + len, from + done, n - done, 0);
}
