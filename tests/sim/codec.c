#include "tests/sim/codec.h"

#include <string.h>

#include "tests/sim/world.h"

/* ---- Reading ------------------------------------------------------------ */

static const uint8_t *take(struct in *in, size_t n) {
  const uint8_t *p = in->p;

  if (in->bad || n > in->left) {
    in->bad = true;
    return NULL;
  }
  in->p += n;
  in->left -= n;
  return p;
}

uint8_t in_byte(struct in *in) {
  const uint8_t *p = take(in, 1);

  return p == NULL ? 0 : *p;
}

uint16_t in_short(struct in *in) {
  const uint8_t *p = take(in, 2);

  return p == NULL ? 0 : load16(p);
}

int32_t in_int(struct in *in) {
  const uint8_t *p = take(in, 4);

  return p == NULL ? 0 : (int32_t)load32(p);
}

static struct slice in_slice(struct in *in, int32_t len) {
  struct slice s = {take(in, (size_t)len), len};

  if (s.p == NULL)
    s.len = 0;
  return s;
}

struct slice in_string(struct in *in) {
  uint16_t len = in_short(in);

  return in_slice(in, len);
}

struct slice in_short_bytes(struct in *in) {
  return in_string(in);
}

struct slice in_long_string(struct in *in) {
  int32_t len = in_int(in);

  if (len < 0)
    in->bad = true;
  return in_slice(in, len < 0 ? 0 : len);
}

struct slice in_value(struct in *in) {
  int32_t len = in_int(in);
  struct slice none = {NULL, len};

  if (len >= 0)
    return in_slice(in, len);
  if (len < LEN_UNSET)
    in->bad = true;
  return none;
}

void in_skip(struct in *in, size_t n) {
  take(in, n);
}

bool slice_is(struct slice s, const char *text) {
  size_t n = strlen(text);

  return s.len >= 0 && (size_t)s.len == n &&
         (n == 0 || memcmp(s.p, text, n) == 0);
}

/* ---- Writing ------------------------------------------------------------ */

static uint8_t *room(struct out *o, size_t n) {
  uint8_t *p = o->bytes + o->len;

  if (n > OUT_MAX - o->len)
    violation("the model's own answer is too long");
  o->len += n;
  return p;
}

void out_byte(struct out *o, unsigned x) {
  room(o, 1)[0] = (uint8_t)x;
}

void out_short(struct out *o, unsigned x) {
  uint8_t *p = room(o, 2);

  p[0] = (uint8_t)(x >> 8);
  p[1] = (uint8_t)x;
}

static void store32(uint8_t *p, uint32_t x) {
  p[0] = (uint8_t)(x >> 24);
  p[1] = (uint8_t)(x >> 16);
  p[2] = (uint8_t)(x >> 8);
  p[3] = (uint8_t)x;
}

void out_int(struct out *o, uint32_t x) {
  store32(room(o, 4), x);
}

void out_long(struct out *o, uint64_t x) {
  out_int(o, (uint32_t)(x >> 32));
  out_int(o, (uint32_t)x);
}

void out_bytes(struct out *o, const void *p, size_t n) {
  uint8_t *to = room(o, n);

  if (n > 0)
    memcpy(to, p, n);
}

void out_string(struct out *o, const char *text) {
  size_t n = strlen(text);

  out_short(o, (unsigned)n);
  out_bytes(o, text, n);
}

void out_type(struct out *o, enum option_id type) {
  out_short(o, type);
  for (int i = type == TYPE_MAP ? 2 : type == TYPE_SET; i > 0; i--)
    out_short(o, TYPE_TEXT);
}

void out_fill(struct out *o, uint8_t byte, size_t n) {
  memset(room(o, n), byte, n);
}

void out_begin(struct out *o, unsigned flags, int stream, enum opcode opcode) {
  o->len = 0;
  out_byte(o, VERSION_RESPONSE);
  out_byte(o, flags);
  out_short(o, (unsigned)stream & 0xffff);
  out_byte(o, opcode);
  out_int(o, 0);
}

void out_end(struct out *o) {
  store32(o->bytes + 5, (uint32_t)(o->len - HEADER_LEN));
}
