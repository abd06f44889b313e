/* proto/frame.h - frame headers, and the assembler that turns bytes as they
 * come into whole frames. */
#ifndef CQL_FRAME_H
#define CQL_FRAME_H

#include "proto/protocol.h"
#include "proto/wire.h"

enum {
  CQL_HEADER_LEN = 9,
  CQL_STREAM_EVENT = -1,
};

/* The largest body the protocol allows (section 2.5). */
#define CQL_BODY_MAX (256u << 20)

struct cql_header {
  uint8_t version;
  uint8_t flags;
  int16_t stream;
  uint8_t opcode;
  uint32_t body_len; /* bytes, header excluded */
};

/**
 * Decode one response header.
 *
 * Shape    in: 9 bytes: version u8, flags u8, stream i16, opcode u8, length
 *          i32.  out: *h, written in full for CQL_OK and else not at all.
 * Returns  CQL_OK        *h is valid
 *          CQL_MORE      fewer than 9 bytes
 *          CQL_EVERSION  first byte is not 0x84 (checked before CQL_MORE, so
 *                        that a wrong peer is refused on its first byte)
 *          CQL_ELENGTH   length is negative or above max_body
 */
enum cql_rc cql_header_decode(struct cql_header *h, const void *data,
                              size_t len, uint32_t max_body);

/* Write the 9 bytes of a request header. */
void cql_header_encode(uint8_t out[CQL_HEADER_LEN], uint8_t flags,
                       int16_t stream, uint8_t opcode, uint32_t body_len);

/* One whole frame; `body` points into the assembler's buffer and is valid
 * until the next cql_assembler_room() or _fini. */
struct cql_frame {
  struct cql_header header;
  const uint8_t *body;
};

/* Bytes in, whole frames out, whatever the split.  The buffer is lent by the
 * caller, who also decides how it grows:
 *
 *   cql_assembler_room(a, &p, &n)   where to put the next bytes (n may be 0
 *                                   when a frame larger than the buffer waits)
 *   cql_assembler_wants(a)          capacity that the frame under way needs
 *   cql_assembler_lend(a, buf, cap) a larger (or smaller) buffer; what is
 *                                   pending has been copied by the call
 *   cql_assembler_fed(a, n)         n bytes were put there
 *   cql_assembler_next(a, &frame)   CQL_OK, CQL_MORE, CQL_EVERSION,
 *                                   CQL_ELENGTH; the last two are for good
 */
struct cql_assembler {
  uint8_t *buf;
  size_t cap;
  size_t head; /* first byte not yet given out */
  size_t tail; /* end of what was fed */
  uint32_t max_body;
};

void cql_assembler_init(struct cql_assembler *a, void *buf, size_t cap,
                        uint32_t max_body);
/* Moves what is pending to the front of the buffer when that helps. */
void cql_assembler_room(struct cql_assembler *a, uint8_t **p, size_t *n);
void cql_assembler_fed(struct cql_assembler *a, size_t n);
/* Bytes of capacity that the frame under way needs; at most CQL_HEADER_LEN +
 * max_body, since a header over the cap is refused before. 9 when no header
 * is complete. */
size_t cql_assembler_wants(const struct cql_assembler *a);
/* Copies what is pending into buf (which must not overlap the old buffer) and
 * uses buf from now on.  cap must be at least what is pending. */
void cql_assembler_lend(struct cql_assembler *a, void *buf, size_t cap);
size_t cql_assembler_pending(const struct cql_assembler *a);
enum cql_rc cql_assembler_next(struct cql_assembler *a, struct cql_frame *out);

#endif
