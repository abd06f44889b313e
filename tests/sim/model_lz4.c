/* tests/sim/model_lz4.c - frames whose bodies are compressed, both ways. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/model_private.h"
#include "tests/support/lz4_block.h"

enum { LENGTH_LEN = 4 };

uint8_t *lz4_request(const struct model_conn *c, enum opcode opcode,
                     struct in *body) {
  uint32_t len = body->left >= LENGTH_LEN ? load32(body->p) : 0;
  uint8_t *plain;

  if (!c->lz4 || opcode == OP_STARTUP || opcode == OP_AUTH_RESPONSE)
    violation("host %u: opcode 0x%02x is compressed", c->host,
              (unsigned)opcode);
  if (len <= body->left || len > 256u << 20)
    violation("host %u: a body of %u bytes is compressed to %u", c->host,
              (unsigned)len, (unsigned)body->left);
  plain = malloc(len);
  if (!lz4_block_decode(body->p + LENGTH_LEN, body->left - LENGTH_LEN, plain,
                        len))
    violation("host %u: a compressed body that does not decode", c->host);
  body->p = plain;
  body->left = len;
  return plain;
}

static void pack(struct out *o) {
  static uint8_t block[OUT_MAX];
  size_t len = o->len - HEADER_LEN, n;

  if (lz4_block_bound(len) + LENGTH_LEN + HEADER_LEN > OUT_MAX)
    return;
  n = lz4_block_encode(o->bytes + HEADER_LEN, len, block);
  o->len = HEADER_LEN;
  out_int(o, (uint32_t)len);
  out_bytes(o, block, n);
  o->bytes[1] |= FLAG_COMPRESSED;
  out_end(o);
}

void lz4_answer(struct out *o, const struct model_conn *c) {
  if (c->lz4 && !draw_once_in(CHANCE_SERVER, 4))
    pack(o);
}

static void set_length(struct out *o, uint32_t len) {
  size_t end = o->len;

  o->len = HEADER_LEN;
  out_int(o, len);
  o->len = end;
}

void lz4_broken(struct out *o, const struct model_conn *c, uint64_t detail) {
  uint32_t len = (uint32_t)(o->len - HEADER_LEN);

  if (!c->lz4 || detail_below(&detail, 6) == 0) {
    o->bytes[1] |= FLAG_COMPRESSED; /* it is not */
    return;
  }
  pack(o);
  switch (detail_below(&detail, 6)) {
  case 0:
    set_length(o, len + 1);
    break;
  case 1:
    set_length(o, len == 0 ? 1 : len - 1);
    break;
  case 2:
    set_length(o, UINT32_MAX - (uint32_t)detail_below(&detail, 1000));
    break;
  case 3:
    set_length(o, INT32_MAX - (uint32_t)detail_below(&detail, 1000));
    break;
  case 4:
    o->len = HEADER_LEN + (size_t)detail_below(&detail, LENGTH_LEN);
    break;
  default:
    o->len -= len > 0;
  }
  out_end(o);
}
