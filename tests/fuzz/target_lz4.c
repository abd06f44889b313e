/* tests/fuzz/target_lz4.c - compressed bodies: what is opened is what a decoder
 * of the block's description makes of it, memory is asked for only where bytes
 * can have come for it; and what is compressed opens again.
 *
 * Input: the body of a frame with the flag of compression. */
#include <stdlib.h>
#include <string.h>

#include "core/compress.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/lz4_block.h"

enum { MAX_FRAME = 1 << 20, MAX_RATIO = 255 };

/* lz4 takes an offset of 0, which no block may have, for one to bytes that it
 * has not written yet (core/compress.c says why that is let be).  In a block
 * without one the two decoders must agree. */
static bool has_offset_0(const uint8_t *block, size_t n) {
  struct fuzz_input in = {block, n};

  while (in.left > 0) {
    uint8_t token = fuzz_byte(&in), more = 255;
    size_t literals = token >> 4;

    for (; token >> 4 == 15 && more == 255; literals += more)
      more = fuzz_byte(&in);
    fuzz_take(&in, &literals);
    if (in.left >= 2 && fuzz_u16(&in) == 0)
      return true;
    for (more = 255; (token & 15) == 15 && more == 255;)
      more = fuzz_byte(&in);
  }
  return false;
}

static bool open_body(const uint8_t *body, size_t n, const uint8_t *must_be,
                      size_t must_len) {
  struct cql_frame frame = {{.flags = CQL_FLAG_COMPRESSED}, body};
  struct compress z = {0};
  struct fuzz_heap heap;
  struct failure why;
  bool opened;

  failure_init(&why, FAILURE_PROTOCOL, OUTCOME_UNKNOWN, "test");
  frame.header.body_len = (uint32_t)n;
  /* One byte of a block stands for 255 at most. */
  fuzz_heap_init(&heap, n * MAX_RATIO / 4 + COMPRESS_KEEP);
  opened = compress_open(&z, &heap.heap, true, MAX_FRAME, &frame, &why);
  if (opened && must_be != NULL)
    FUZZ_CHECK(frame.header.body_len == must_len && frame.header.flags == 0 &&
               (must_len == 0 || memcmp(frame.body, must_be, must_len) == 0));
  compress_done(&z, &heap.heap);
  compress_fini(&z, &heap.heap);
  fuzz_heap_check(&heap);
  return opened;
}

/* The plain decoder takes more: it does not know the rules for the end. */
static void open_any(const uint8_t *body, size_t n) {
  uint8_t *plain;
  size_t len = 0;
  bool decoded;

  for (size_t i = 0; i < 4 && i < n; i++)
    len = len << 8 | body[i];
  if (n < 4 || len > MAX_FRAME || len > n * MAX_RATIO ||
      has_offset_0(body + 4, n - 4)) {
    FUZZ_CHECK(!open_body(body, n, NULL, 0) ||
               (n >= 4 && len <= MAX_FRAME && len <= (n - 4) * MAX_RATIO));
    return;
  }
  plain = calloc(1, len + 1);
  decoded =
      (n == 4 && len == 0) || lz4_block_decode(body + 4, n - 4, plain, len);
  FUZZ_CHECK(!open_body(body, n, plain, len) || decoded);
  free(plain);
}

/* What the other encoder made opens. */
static void open_encoded(const uint8_t *data, size_t n) {
  uint8_t *body = malloc(4 + lz4_block_bound(n));
  size_t len = lz4_block_encode(data, n, body + 4);

  for (int i = 0; i < 4; i++)
    body[i] = (uint8_t)(n >> (24 - 8 * i));
  FUZZ_CHECK(open_body(body, 4 + len, data, n));
  free(body);
}

/* As the body of a request: longer than what goes as it is. */
static void there_and_back(const uint8_t *body, size_t n) {
  size_t times = n == 0 ? 0 : COMPRESS_ABOVE / n + 1;
  size_t len = CQL_HEADER_LEN + times * n, now;
  uint8_t *frame = calloc(1, len), *kept = malloc(len);
  struct compress z = {0};
  struct fuzz_heap heap;
  struct failure why;
  struct cql_frame opened;

  for (size_t i = 0; i < times; i++)
    memcpy(frame + CQL_HEADER_LEN + i * n, body, n);
  cql_header_encode(frame, 0, 7, CQL_OP_EXECUTE, (uint32_t)(times * n));
  memcpy(kept, frame, len);
  fuzz_heap_init(&heap, 1 << 20);
  now = compress_frame(&z, &heap.heap, frame, len);
  FUZZ_CHECK(now <= len);
  if (now == len) {
    FUZZ_CHECK(memcmp(frame, kept, len) == 0);
  } else {
    opened.header.flags = CQL_FLAG_COMPRESSED;
    opened.header.body_len = (uint32_t)(now - CQL_HEADER_LEN);
    opened.body = frame + CQL_HEADER_LEN;
    FUZZ_CHECK(frame[1] == CQL_FLAG_COMPRESSED &&
               compress_open(&z, &heap.heap, true, MAX_FRAME, &opened, &why));
    FUZZ_CHECK(opened.header.body_len == len - CQL_HEADER_LEN &&
               memcmp(opened.body, kept + CQL_HEADER_LEN,
                      opened.header.body_len) == 0);
  }
  compress_done(&z, &heap.heap);
  compress_fini(&z, &heap.heap);
  fuzz_heap_check(&heap);
  free(frame);
  free(kept);
}

void fuzz_fields(const uint8_t *data, size_t size, struct fuzz_map *map) {
  (void)data;
  if (size >= 4)
    map->fields[map->count++] = (struct fuzz_field){0, 4, 4, 4, false};
}

void fuzz_one(const uint8_t *data, size_t size) {
  open_any(data, size);
  if (size > 8192)
    return;
  open_encoded(data, size);
  there_and_back(data, size);
}
