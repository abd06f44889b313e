/* tests/fuzz/fuzz.h - what every fuzz target is made of.
 *
 * A target is one file, target_NAME.c, with fuzz_one(), and perhaps
 * fuzz_fields().  It is linked three times over: with replay.c, which any
 * compiler takes, with libFuzzer, and with AFL++'s driver for such targets. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/net.h"

/* One input; what is wrong ends the process.  The bytes stand in a block of
 * exactly their size. */
void fuzz_one(const uint8_t *data, size_t size);

/* The same whether assertions are compiled or not. */
#define FUZZ_CHECK(holds)                                                      \
  do {                                                                         \
    if (!(holds))                                                              \
      fuzz_fail(__FILE__, __LINE__, #holds);                                   \
  } while (0)
_Noreturn void fuzz_fail(const char *file, int line, const char *what);

/* ---- Bytes of an input, front to back ----------------------------------- */

struct fuzz_input {
  const uint8_t *p;
  size_t left;
};
/* Zeroes and nothing once it is at its end. */
uint8_t fuzz_byte(struct fuzz_input *in);
uint32_t fuzz_u16(struct fuzz_input *in);
uint64_t fuzz_u64(struct fuzz_input *in);
const uint8_t *fuzz_take(struct fuzz_input *in, size_t *n);
/* A text that the caller frees: up to the next NUL, or all that is left. */
char *fuzz_text(struct fuzz_input *in);

/* ---- Memory ------------------------------------------------------------- */

/* Counts, and fails the target when more is in use than an input of this size
 * may take: 4 bytes for each of its own, and 64 KiB. */
struct fuzz_heap {
  size_t live;  /* pieces */
  size_t bytes; /* in use */
  size_t most;  /* that may be */
  struct net_heap heap;
};
void fuzz_heap_init(struct fuzz_heap *h, size_t input);
/* Everything was given back. */
void fuzz_heap_check(const struct fuzz_heap *h);

/* ---- Where an input has its lengths, for the mutator -------------------- */

/* A number that says how much follows: `width` bytes at `at`, counting those
 * from `start` to `end` (a length) or what stands there (a count).  Also any
 * other number worth a boundary: start == end. */
struct fuzz_field {
  size_t at;
  size_t start;
  size_t end;
  uint8_t width;
  bool is_length;
};
enum { FUZZ_FIELDS = 256 };
struct fuzz_map {
  struct fuzz_field fields[FUZZ_FIELDS];
  size_t count;
};
/* A target with lengths fills this in; the one in mutate.c has none. */
void fuzz_fields(const uint8_t *data, size_t size, struct fuzz_map *map);

/* Mutates data in place with what fuzz_fields() tells; `other` mutates bytes
 * that have no structure.  Returns the new size, at most `max`. */
typedef size_t fuzz_mutator(uint8_t *data, size_t size, size_t max);
size_t fuzz_mutate(uint8_t *data, size_t size, size_t max, uint32_t seed,
                   fuzz_mutator *other);

#endif
