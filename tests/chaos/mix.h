/* tests/chaos/mix.h - numbers that look random and follow from a seed. */
#ifndef CHAOS_MIX_H
#define CHAOS_MIX_H

#include <stdint.h>

/* The next number of the sequence that *state stands in (splitmix64). */
uint64_t mix_next(uint64_t *state);
/* One from 0 to below - 1. */
uint32_t mix_below(uint64_t *state, uint32_t below);

#endif
