/* tests/fuzz/target_response.c - every response, with rows and their values:
 * decoded in place, and by the plain decoder.
 *
 * Input: one frame.  Of its header the flags and the opcode count. */
#include "tests/fuzz/plain.h"
#include "tests/fuzz/walk.h"

enum { HEADER = 9, INPUT_MAX = 60000 };

static struct story walked, plainly;

void fuzz_fields(const uint8_t *data, size_t size, struct fuzz_map *map) {
  struct plain p;

  if (size < HEADER || size > INPUT_MAX)
    return;
  story_begin(&plainly);
  plain_begin(&p, data, size, &plainly, map);
  p.at = HEADER;
  plain_response(&p, data[1], data[4]);
}

void fuzz_one(const uint8_t *data, size_t size) {
  struct cql_frame frame = {0};
  struct plain p;

  if (size < HEADER || size > INPUT_MAX)
    return;
  frame.header.flags = data[1];
  frame.header.opcode = data[4];
  frame.header.body_len = (uint32_t)(size - HEADER);
  frame.body = data + HEADER;
  story_begin(&walked);
  walk_response(&walked, &frame);

  story_begin(&plainly);
  plain_begin(&p, data + HEADER, size - HEADER, &plainly, NULL);
  plain_response(&p, data[1], data[4]);
  stories_agree(&walked, &plainly);
}
