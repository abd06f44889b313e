/* tests/support/lz4_block.h - LZ4 blocks, by their description alone: what it
 * has in common with lz4 is the format. */
#ifndef TALLY_TESTS_LZ4_BLOCK_H
#define TALLY_TESTS_LZ4_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exactly `len` bytes must come out of all of the block. */
bool lz4_block_decode(const uint8_t *block, size_t n, uint8_t *to, size_t len);

/* Of n bytes: runs of one byte become matches, all else literals.  Returns how
 * many bytes were written, at most lz4_block_bound(n). */
size_t lz4_block_encode(const uint8_t *from, size_t n, uint8_t *to);
size_t lz4_block_bound(size_t n);

#endif
