/* tests/fuzz/story.h - what a decoder makes of its bytes, as text: two decoders
 * that tell the same have understood the same. */
#ifndef FUZZ_STORY_H
#define FUZZ_STORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct story {
  char *p;
  size_t len;
  size_t cap;
};

/* Empty, keeping its memory. */
void story_begin(struct story *s);
void tell(struct story *s, const char *word);
void tell_number(struct story *s, int64_t n);
/* p == NULL: none at all, which is not the same as 0 bytes. */
void tell_bytes(struct story *s, const uint8_t *p, size_t n);
/* Prints both and ends the process unless they are the same. */
void stories_agree(const struct story *a, const struct story *b);

#endif
