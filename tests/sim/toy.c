#include "tests/sim/toy.h"

#include <stdlib.h>
#include <string.h>

enum { MASK = 0x5a };

static uint8_t sum_of(const uint8_t *p, size_t n) {
  uint8_t sum = 17;

  for (size_t i = 0; i < n; i++)
    sum = (uint8_t)(sum * 3 + p[i]);
  return sum;
}

static void mask(uint8_t *to, const uint8_t *from, size_t n) {
  for (size_t i = 0; i < n; i++)
    to[i] = from[i] ^ MASK;
}

size_t toy_seal(uint8_t *out, enum toy_type type, const void *bytes, size_t n) {
  mask(out + TOY_HEAD, bytes, n);
  out[0] = (uint8_t)type;
  out[1] = (uint8_t)(n >> 8);
  out[2] = (uint8_t)n;
  out[3] = sum_of(out + TOY_HEAD, n);
  return TOY_HEAD + n;
}

void toy_add(struct toy *t, const void *bytes, size_t n) {
  if (t->at > 0)
    memmove(t->p, t->p + t->at, t->len - t->at);
  t->len -= t->at;
  t->at = 0;
  if (t->len + n > t->cap) {
    t->cap = 2 * (t->len + n);
    t->p = realloc(t->p, t->cap);
  }
  memcpy(t->p + t->len, bytes, n);
  t->len += n;
}

enum toy_type toy_next(struct toy *t, const uint8_t **payload, size_t *n) {
  uint8_t *head = t->p + t->at;
  size_t left = t->len - t->at;

  if (left < TOY_HEAD)
    return TOY_MORE;
  *n = (size_t)head[1] << 8 | head[2];
  if (head[0] < TOY_HELLO || head[0] > TOY_BYE || *n > TOY_MOST)
    return TOY_BROKEN;
  if (left < TOY_HEAD + *n)
    return TOY_MORE;
  if (sum_of(head + TOY_HEAD, *n) != head[3])
    return TOY_BROKEN;
  mask(head + TOY_HEAD, head + TOY_HEAD, *n);
  *payload = head + TOY_HEAD;
  t->at += TOY_HEAD + *n;
  return (enum toy_type)head[0];
}

void toy_end(struct toy *t) {
  free(t->p);
  memset(t, 0, sizeof *t);
}
