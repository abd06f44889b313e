/* tests/chaos/mix.c - splitmix64. */
#include "tests/chaos/mix.h"

uint64_t mix_next(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;

  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

uint32_t mix_below(uint64_t *state, uint32_t below) {
  return (uint32_t)(mix_next(state) % below);
}
