/* tests/fuzz/mutate.c - a mutator that knows where lengths are.  A bit turned
 * anywhere mostly dies at the first length that does not fit any more: here
 * bytes are changed, put in and taken out, and the lengths around them follow,
 * mostly. */
#include <string.h>

#include "tests/fuzz/fuzz.h"

__attribute__((weak)) void fuzz_fields(const uint8_t *data, size_t size,
                                       struct fuzz_map *map) {
  (void)data, (void)size, (void)map;
}

struct work {
  uint8_t *data;
  size_t size;
  size_t max;
  uint32_t chance;
  struct fuzz_map map;
};

static uint32_t draw(struct work *w, uint32_t n) {
  w->chance ^= w->chance << 13;
  w->chance ^= w->chance >> 17;
  w->chance ^= w->chance << 5;
  return n > 0 ? w->chance % n : 0;
}

static uint64_t get(const struct work *w, const struct fuzz_field *f) {
  uint64_t n = 0;

  for (size_t i = 0; i < f->width; i++)
    n = n << 8 | w->data[f->at + i];
  return n;
}

static void put(struct work *w, const struct fuzz_field *f, uint64_t n) {
  for (size_t i = f->width; i > 0; i--, n >>= 8)
    w->data[f->at + i - 1] = (uint8_t)n;
}

/* From `at` on there are `n` bytes more (or less): fields behind move, lengths
 * around follow, but for one when skip is their number. */
static void follow(struct work *w, size_t at, ptrdiff_t n, size_t skip) {
  for (size_t i = 0; i < w->map.count; i++) {
    struct fuzz_field *f = &w->map.fields[i];

    if (f->at >= at && f->at + f->width <= w->size)
      f->at += (size_t)n;
    else if (f->is_length && f->start <= at && f->end >= at && i != skip)
      put(w, f, get(w, f) + (uint64_t)n);
  }
}

static void insert(struct work *w, size_t at, const uint8_t *bytes, size_t n) {
  if (n > w->max - w->size)
    n = w->max - w->size;
  memmove(w->data + at + n, w->data + at, w->size - at);
  memmove(w->data + at, bytes, n);
  w->size += n;
}

/* How many lengths are wrong afterwards: mostly none, sometimes one, or all. */
static bool to_follow(struct work *w, size_t *skip) {
  uint32_t way = draw(w, 10);

  *skip =
      way >= 7 && w->map.count > 0 ? draw(w, (uint32_t)w->map.count) : SIZE_MAX;
  return way < 9;
}

/* The same bytes once more, perhaps elsewhere; of what has a length in front
 * with it. */
static void duplicate(struct work *w, const struct fuzz_field *f) {
  static uint8_t copy[4096];
  size_t n = f->end - f->at, skip, at;

  if (n > sizeof copy)
    n = sizeof copy;
  if (n > w->max - w->size)
    return;
  at = draw(w, 3) > 0 ? f->end
                      : w->map.fields[draw(w, (uint32_t)w->map.count)].at;
  memcpy(copy, w->data + f->at, n);
  if (to_follow(w, &skip))
    follow(w, at, (ptrdiff_t)n, skip);
  insert(w, at, copy, n);
}

static void drop(struct work *w, const struct fuzz_field *f, bool whole) {
  size_t from = whole ? f->at : f->start, end = f->end, skip, n;

  if (!whole && end > from) {
    from += draw(w, (uint32_t)(end - from));
    end = from + 1 + draw(w, (uint32_t)(end - from));
  }
  n = end - from;
  /* Lengths go down first: afterwards their places have moved. */
  if (to_follow(w, &skip))
    for (size_t i = 0; i < w->map.count; i++) {
      const struct fuzz_field *g = &w->map.fields[i];

      if (g->is_length && i != skip && g->start <= from && g->end >= end)
        put(w, g, get(w, g) - n);
    }
  memmove(w->data + from, w->data + end, w->size - end);
  w->size -= n;
}

static void grow(struct work *w, const struct fuzz_field *f) {
  uint8_t bytes[16];
  size_t n = 1 + draw(w, sizeof bytes), skip;
  size_t at = f->start + draw(w, (uint32_t)(f->end - f->start + 1));

  if (n > w->max - w->size)
    return;
  for (size_t i = 0; i < n; i++)
    bytes[i] = (uint8_t)draw(w, 256);
  if (to_follow(w, &skip))
    follow(w, at, (ptrdiff_t)n, skip);
  insert(w, at, bytes, n);
}

static void boundary(struct work *w, const struct fuzz_field *f) {
  static const int64_t numbers[] = {
      INT32_MIN, -3,    -2,    -1,    0,     1,       2,         255,
      256,       32767, 32768, 65535, 65536, 1 << 28, INT32_MAX, INT64_MAX};
  size_t left = w->size - f->at - f->width;
  uint32_t which = draw(w, 22);

  if (which < 16)
    put(w, f, (uint64_t)numbers[which]);
  else if (which < 19)
    put(w, f, left + which - 17); /* one less, all that is left, one more */
  else
    put(w, f, get(w, f) + which - 20);
}

size_t fuzz_mutate(uint8_t *data, size_t size, size_t max, uint32_t seed,
                   fuzz_mutator *other) {
  static struct work w;
  const struct fuzz_field *f;

  w.data = data;
  w.size = size;
  w.max = max;
  w.chance = seed | 1;
  w.map.count = 0;
  if (draw(&w, 4) > 0)
    fuzz_fields(data, size, &w.map);
  if (w.map.count == 0)
    return other(data, size, max);
  f = &w.map.fields[draw(&w, (uint32_t)w.map.count)];
  switch (draw(&w, 6)) {
  case 0:
    duplicate(&w, f);
    break;
  case 1:
    drop(&w, f, true);
    break;
  case 2:
    if (f->end > f->start)
      drop(&w, f, false);
    break;
  case 3:
    grow(&w, f);
    break;
  case 4:
    boundary(&w, f);
    break;
  default: /* any bytes, but in here alone */
    if (f->end > f->start)
      other(data + f->start, f->end - f->start, f->end - f->start);
    break;
  }
  return w.size;
}
