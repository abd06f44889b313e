/* tests/fuzz/target_frames.c - the assembler: whatever the split and however
 * its buffer grows and shrinks, the frames are those that a look at all bytes
 * finds.
 *
 * Input: a byte for the sizes of chunks, one for the buffer, the stream. */
#include <stdlib.h>
#include <string.h>

#include "proto/frame.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/story.h"

enum { BODY_MAX = 3000 };

static struct story assembled, seen;

static void tell_frame(struct story *s, const uint8_t *header,
                       const uint8_t *body, size_t len) {
  tell_bytes(s, header, 5);
  tell_bytes(s, body, len);
}

static void look(struct story *s, const uint8_t *p, size_t left) {
  while (left > 0) {
    uint32_t len;

    if (p[0] != 0x84) {
      tell(s, "version");
      return;
    }
    if (left < 9)
      break;
    len = (uint32_t)p[5] << 24 | (uint32_t)p[6] << 16 | (uint32_t)p[7] << 8 |
          p[8];
    if (len > BODY_MAX) {
      tell(s, "length");
      return;
    }
    if (left - 9 < len)
      break;
    tell_frame(s, p, p + 9, len);
    p += 9 + len;
    left -= 9 + len;
  }
  tell(s, "more");
}

void fuzz_fields(const uint8_t *data, size_t size, struct fuzz_map *map) {
  for (size_t at = 2; at + 9 <= size && map->count < FUZZ_FIELDS;) {
    uint32_t len = (uint32_t)data[at + 5] << 24 | (uint32_t)data[at + 6] << 16 |
                   (uint32_t)data[at + 7] << 8 | data[at + 8];
    size_t end = len > size - at - 9 ? size : at + 9 + len;

    map->fields[map->count++] =
        (struct fuzz_field){at + 5, at + 9, end, 4, true};
    at = end;
  }
}

/* Another buffer: larger when the frame needs it, or at a whim. */
static void lend(struct cql_assembler *a, size_t cap) {
  uint8_t *old = a->buf;

  if (cap < cql_assembler_pending(a))
    cap = cql_assembler_pending(a);
  cql_assembler_lend(a, malloc(cap), cap);
  free(old);
}

static enum cql_rc take_frames(struct cql_assembler *a, struct story *s) {
  struct cql_frame f;
  enum cql_rc rc;

  while ((rc = cql_assembler_next(a, &f)) == CQL_OK) {
    uint8_t header[5] = {f.header.version, f.header.flags,
                         (uint8_t)((uint16_t)f.header.stream >> 8),
                         (uint8_t)f.header.stream, f.header.opcode};

    tell_frame(s, header, f.body, f.header.body_len);
  }
  return rc;
}

static enum cql_rc assemble(struct story *s, struct fuzz_input *in) {
  unsigned chunk = fuzz_byte(in), small = 9 + fuzz_byte(in) % 64u;
  struct cql_assembler a;
  enum cql_rc rc = CQL_MORE;

  cql_assembler_init(&a, malloc(small), small, BODY_MAX);
  while (in->left > 0 && rc == CQL_MORE) {
    size_t n = 1 + (chunk ^ *in->p) % 32u, room;
    const uint8_t *from;
    uint8_t *to;

    cql_assembler_room(&a, &to, &room);
    if (room == 0 || n % 7 == 0) {
      FUZZ_CHECK(cql_assembler_wants(&a) <= CQL_HEADER_LEN + BODY_MAX);
      lend(&a, n % 7 == 0 ? small : cql_assembler_wants(&a));
      cql_assembler_room(&a, &to, &room);
      if (room == 0)
        lend(&a, cql_assembler_wants(&a));
      cql_assembler_room(&a, &to, &room);
      FUZZ_CHECK(room > 0);
    }
    n = n < room ? n : room;
    from = fuzz_take(in, &n);
    memcpy(to, from, n);
    cql_assembler_fed(&a, n);
    rc = take_frames(&a, s);
  }
  free(a.buf);
  return rc;
}

void fuzz_one(const uint8_t *data, size_t size) {
  struct fuzz_input in = {data, size};
  enum cql_rc rc;

  if (size < 2)
    return;
  story_begin(&assembled);
  story_begin(&seen);
  rc = assemble(&assembled, &in);
  tell(&assembled, rc == CQL_MORE       ? "more"
                   : rc == CQL_EVERSION ? "version"
                                        : "length");
  look(&seen, data + 2, size - 2);
  stories_agree(&assembled, &seen);
}
