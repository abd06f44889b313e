#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fuzz_fail(const char *file, int line, const char *what) {
  dprintf(STDERR_FILENO, "%s:%d: not so: %s\n", file, line, what);
  abort();
}

/* ---- Input -------------------------------------------------------------- */

const uint8_t *fuzz_take(struct fuzz_input *in, size_t *n) {
  const uint8_t *p = in->p;

  if (*n > in->left)
    *n = in->left;
  in->p += *n;
  in->left -= *n;
  return p;
}

uint8_t fuzz_byte(struct fuzz_input *in) {
  size_t n = 1;
  const uint8_t *p = fuzz_take(in, &n);

  return n == 1 ? *p : 0;
}

uint32_t fuzz_u16(struct fuzz_input *in) {
  uint32_t high = fuzz_byte(in);

  return high << 8 | fuzz_byte(in);
}

uint64_t fuzz_u64(struct fuzz_input *in) {
  uint64_t n = 0;

  for (int i = 0; i < 8; i++)
    n = n << 8 | fuzz_byte(in);
  return n;
}

char *fuzz_text(struct fuzz_input *in) {
  const uint8_t *end = in->left > 0 ? memchr(in->p, 0, in->left) : NULL;
  size_t n = end != NULL ? (size_t)(end - in->p) : in->left, nul = 1;
  char *text = malloc(n + 1);
  const uint8_t *p = fuzz_take(in, &n);

  if (text == NULL)
    abort();
  if (n > 0)
    memcpy(text, p, n);
  text[n] = '\0';
  fuzz_take(in, &nul);
  return text;
}

/* ---- Memory ------------------------------------------------------------- */

/* Its size stands in front of each piece. */
enum { FRONT = 16 };

static void *heap_resize(void *user, void *p, size_t size) {
  struct fuzz_heap *h = user;
  char *piece = p == NULL ? NULL : (char *)p - FRONT;
  size_t before = 0;

  if (piece != NULL)
    memcpy(&before, piece, sizeof before);
  FUZZ_CHECK(size <= h->most && h->bytes - before + size <= h->most);
  h->bytes += size - before;
  h->live += piece == NULL;
  piece = realloc(piece, FRONT + size);
  if (piece == NULL)
    abort();
  memcpy(piece, &size, sizeof size);
  return piece + FRONT;
}

static void *heap_allocate(void *user, size_t size) {
  return heap_resize(user, NULL, size);
}

static void heap_release(void *user, void *p) {
  struct fuzz_heap *h = user;
  size_t size;

  if (p == NULL)
    return;
  memcpy(&size, (char *)p - FRONT, sizeof size);
  h->bytes -= size;
  h->live--;
  free((char *)p - FRONT);
}

void fuzz_heap_init(struct fuzz_heap *h, size_t input) {
  memset(h, 0, sizeof *h);
  h->most = 4 * input + 64 * 1024;
  h->heap = (struct net_heap){heap_allocate, heap_resize, heap_release, h};
}

void fuzz_heap_check(const struct fuzz_heap *h) {
  FUZZ_CHECK(h->live == 0 && h->bytes == 0);
}
