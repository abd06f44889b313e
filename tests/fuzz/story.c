#include "tests/fuzz/story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

void story_begin(struct story *s) {
  s->len = 0;
}

static char *room(struct story *s, size_t n) {
  if (s->cap - s->len < n) {
    s->cap = 2 * (s->cap + n);
    s->p = realloc(s->p, s->cap);
    if (s->p == NULL)
      abort();
  }
  s->len += n;
  return s->p + s->len - n;
}

void tell(struct story *s, const char *word) {
  size_t n = strlen(word);
  char *to = room(s, n + 1);

  memcpy(to, word, n);
  to[n] = ' ';
}

static void tell_hex(struct story *s, const uint8_t *p, size_t n) {
  static const char digits[] = "0123456789abcdef";
  char *to = room(s, 2 * n + 1);

  for (size_t i = 0; i < n; i++) {
    *to++ = digits[p[i] >> 4];
    *to++ = digits[p[i] & 15];
  }
  *to = ' ';
}

void tell_number(struct story *s, int64_t n) {
  uint8_t bytes[8];
  size_t at = 8;

  do {
    bytes[--at] = (uint8_t)n;
    n >>= 8;
  } while (at > 0 && n != 0 && n != -1);
  *room(s, 1) = n < 0 ? '-' : '+';
  tell_hex(s, bytes + at, 8 - at);
}

void tell_bytes(struct story *s, const uint8_t *p, size_t n) {
  if (p == NULL) {
    tell(s, "none");
    return;
  }
  *room(s, 1) = '\'';
  tell_hex(s, p, n);
}

void stories_agree(const struct story *a, const struct story *b) {
  if (a->len == b->len && (a->len == 0 || memcmp(a->p, b->p, a->len) == 0))
    return;
  fprintf(stderr, "tally: %.*s\nplain: %.*s\n", (int)a->len, a->p, (int)b->len,
          b->p);
  fuzz_fail(__FILE__, __LINE__, "both decoders tell the same");
}
