/* bench/histogram.h: latencies in nanoseconds, from 1 ns to 68 s, log-linear:
 * 64 buckets an octave, so a quantile is off by 0.8 % at most. Adding costs two
 * to three nanoseconds and never allocates. */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

enum {
  HISTOGRAM_BITS = 6,     /* an octave has 1 << HISTOGRAM_BITS buckets */
  HISTOGRAM_TOP_BIT = 35, /* of the largest value: 2^36 - 1 ns */
  HISTOGRAM_BUCKETS = (HISTOGRAM_TOP_BIT - HISTOGRAM_BITS + 2) << HISTOGRAM_BITS
};

/* All zero is an empty histogram. */
struct histogram {
  uint64_t max; /* exact */
  uint64_t buckets[HISTOGRAM_BUCKETS];
};

/* Values of the first two octaves have a bucket each; above, a value is told
 * by its octave and its HISTOGRAM_BITS bits after the leading one. */
static inline unsigned histogram_index(uint64_t ns) {
  unsigned top = 63U - (unsigned)__builtin_clzll(ns | 1);
  unsigned shift = top > HISTOGRAM_BITS ? top - HISTOGRAM_BITS : 0;

  return (shift << HISTOGRAM_BITS) + (unsigned)(ns >> shift);
}

static inline void histogram_add(struct histogram *h, uint64_t ns) {
  const uint64_t largest = (UINT64_C(2) << HISTOGRAM_TOP_BIT) - 1;

  if (ns > h->max)
    h->max = ns;
  h->buckets[histogram_index(ns < largest ? ns : largest)]++;
}

/* The middle of the bucket with that index. */
static inline uint64_t histogram_value(unsigned index) {
  unsigned octave = index >> HISTOGRAM_BITS;
  unsigned shift = octave > 1 ? octave - 1 : 0;
  uint64_t low = (uint64_t)(index - (shift << HISTOGRAM_BITS)) << shift;

  return low + (UINT64_C(1) << shift) / 2;
}

/* The value that a share q (0 to 1) of all values does not exceed. */
static inline uint64_t histogram_quantile(const struct histogram *h, double q) {
  uint64_t total = 0;
  uint64_t seen = 0;
  unsigned i;

  for (i = 0; i < HISTOGRAM_BUCKETS; i++)
    total += h->buckets[i];
  for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
    seen += h->buckets[i];
    if (seen > 0 && (double)seen >= q * (double)total) {
      uint64_t ns = histogram_value(i);

      return ns < h->max ? ns : h->max;
    }
  }
  return 0;
}

#endif
