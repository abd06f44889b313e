/* tests/unit/lz4_bodies.h - compressed bodies that break a rule, and the words
 * for it (the limit is 1 MiB); and keys that compress badly. */
#ifndef TALLY_TESTS_LZ4_BODIES_H
#define TALLY_TESTS_LZ4_BODIES_H

#include <stdint.h>

#define BYTES(text) (const uint8_t *)text, sizeof text - 1

static const struct {
  const uint8_t *body;
  size_t len;
  const char *words;
} broken[] = {
    {BYTES(""), "without its length"},
    {BYTES("\0\0\1"), "without its length"},
    {BYTES("\xff\xff\xff\xff\x10x"), "a negative length"},
    {BYTES("\x80\0\0\0\x10x"), "a negative length"},
    {BYTES("\x7f\xff\xff\xff\x10x"), "over the limit of 1048576 bytes"},
    {BYTES("\0\x10\0\1\x10x"), "over the limit of 1048576 bytes"},
    {BYTES("\0\x10\0\0\x10x"), "more than its compressed frame can hold"},
    {BYTES("\0\0\3\0\x10x"), "more than its compressed frame can hold"},
    {BYTES("\0\0\1\xff\x10x"), "more than its compressed frame can hold"},
    {BYTES("\0\0\1\xfe\x10x"), "cannot be decoded"},
    {BYTES("\0\0\0\1"), "more than its compressed frame can hold"},
    {BYTES("\0\0\0\0\x10x"), "cannot be decoded"},          /* larger */
    {BYTES("\0\0\0\4\x50\0\0\0\1\0"), "cannot be decoded"}, /* ... */
    {BYTES("\0\0\0\4\x30\0\0\0"), "cannot be decoded"},     /* smaller */
    {BYTES("\0\0\0\4\x40\0\0\0"), "cannot be decoded"},     /* cut short */
    {BYTES("\0\0\0\4\xf0"), "cannot be decoded"},           /* in a count */
    {BYTES("\0\0\0\4\xf0\xff\xff"), "cannot be decoded"},   /* ... */
    {BYTES("\0\0\0\x0e\x14x\1"), "cannot be decoded"},      /* an offset */
    {BYTES("\0\0\0\x0e\x14x\2\0\x50" /* before the first byte */
           "abcde"),
     "cannot be decoded"},
    {BYTES("\0\0\0\x0e\x1fx\1\0\xff\xff\xff\0\x50" /* longer than all */
           "abcde"),
     "cannot be decoded"},
    {BYTES("\0\0\0\4\x40\0\0\0\1\0"), "cannot be decoded"}, /* more behind it */
};
enum { BROKEN = sizeof broken / sizeof broken[0] };

enum { LARGE = 20000 };

/* Letters in which nothing comes twice. */
static inline const char *wild_key(char key[LARGE + 1], size_t len) {
  uint32_t x = 1;

  for (size_t i = 0; i < len; i++) {
    x = x * 1103515245 + 12345;
    key[i] = (char)('0' + (x >> 16) % 75);
  }
  key[len] = '\0';
  return key;
}

#endif
