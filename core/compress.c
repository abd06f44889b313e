#include "core/compress.h"

#include <string.h>

#include "core/mark.h"
#include "proto/bytes.h"

enum { LENGTH_LEN = 4 };

/* No byte of a block stands for more than 255 of what it decodes to: one that
 * makes a match longer does for so many, all others for less. */
enum { EXPANSION_MAX = 255 };

/* ---- lz4 ---------------------------------------------------------------- */

#ifdef TALLY_LZ4
#  include <lz4.h>

bool compress_is_built(void) {
  return true;
}

/* LZ4's state has a size of its own version; memory of ours for it, since
 * without it lz4 takes 16 KiB of stack, or malloc's. */
static size_t encode_block(void **state, const struct net_heap *heap,
                           const uint8_t *from, size_t n, uint8_t *to,
                           size_t cap) {
  int len;

  if (*state == NULL)
    *state = net_alloc(heap, (size_t)LZ4_sizeofState());
  if (*state == NULL)
    return 0;
  len = LZ4_compress_fast_extState(*state, (const char *)from, (char *)to,
                                   (int)n, (int)cap, 1);
  return len > 0 ? (size_t)len : 0;
}

/* An offset of 0, which no block may have, lz4 lets pass: it repeats what lies
 * there from an older answer.  A server can say as much without it. */
static bool decode_block(const uint8_t *from, size_t n, uint8_t *to,
                         size_t len) {
  return LZ4_decompress_safe((const char *)from, (char *)to, (int)n,
                             (int)len) == (int)len;
}

#else

bool compress_is_built(void) {
  return false;
}

static size_t encode_block(void **state, const struct net_heap *heap,
                           const uint8_t *from, size_t n, uint8_t *to,
                           size_t cap) {
  (void)state, (void)heap, (void)from, (void)n, (void)to, (void)cap;
  return 0;
}

static bool decode_block(const uint8_t *from, size_t n, uint8_t *to,
                         size_t len) {
  (void)from, (void)n, (void)to, (void)len;
  return false;
}

#endif

/* ---- Memory ------------------------------------------------------------- */

/* For n bytes; what was there is gone.  NULL: no memory. */
static uint8_t *make_room(struct compress_room *r, const struct net_heap *heap,
                          size_t n) {
  if (r->p != NULL && n <= r->cap)
    return r->p;
  net_free(heap, r->p);
  r->cap = n > COMPRESS_KEEP ? n : COMPRESS_KEEP;
  r->p = net_alloc(heap, r->cap);
  return r->p;
}

static void trim(struct compress_room *r, const struct net_heap *heap) {
  if (r->cap <= COMPRESS_KEEP)
    return;
  net_free(heap, r->p);
  r->p = NULL;
  r->cap = 0;
}

void compress_fini(struct compress *z, const struct net_heap *heap) {
  net_free(heap, z->in.p);
  net_free(heap, z->out.p);
  net_free(heap, z->state);
}

/* ---- Requests ----------------------------------------------------------- */

size_t compress_frame(struct compress *z, const struct net_heap *heap,
                      uint8_t *frame, size_t n) {
  uint8_t *body = frame + CQL_HEADER_LEN, *to;
  size_t len = n - CQL_HEADER_LEN, packed;

  if (len <= COMPRESS_ABOVE)
    return n;
  to = make_room(&z->out, heap, len);
  /* A byte must be won, or the frame stays as it is. */
  packed = to == NULL ? 0
                      : encode_block(&z->state, heap, body, len, to,
                                     len - LENGTH_LEN - 1);
  if (to == NULL || z->state == NULL)
    MARK(oom_compress);
  else if (packed == 0)
    MARK(compressed_in_vain);
  if (packed > 0) {
    MARK(request_compressed);
    store_be32(body, (uint32_t)len);
    memcpy(body + LENGTH_LEN, to, packed);
    frame[1] |= CQL_FLAG_COMPRESSED;
    n = CQL_HEADER_LEN + LENGTH_LEN + packed;
    store_be32(frame + 5, (uint32_t)(LENGTH_LEN + packed));
  }
  trim(&z->out, heap);
  return n;
}

/* ---- Answers ------------------------------------------------------------ */

static bool refuse(struct failure *why, const char *detail) {
  MARK(compressed_badly);
  failure_detail(why, "%s", detail);
  return false;
}

/* What the frame announces, before anything is done about it. */
static bool check_length(uint32_t len, uint32_t block, uint32_t max_frame,
                         struct failure *why) {
  if (len > INT32_MAX)
    return refuse(why, "it announced a negative length in a compressed frame");
  if (len > max_frame) {
    MARK(compressed_badly);
    why->what = "a frame over the limit";
    failure_detail(why,
                   "it announced a compressed frame over the limit of %u bytes "
                   "(max_frame_bytes)",
                   (unsigned)max_frame);
    return false;
  }
  if (len > (uint64_t)block * EXPANSION_MAX)
    return refuse(why, "it announced more than its compressed frame can hold");
  return true;
}

bool compress_open(struct compress *z, const struct net_heap *heap, bool agreed,
                   uint32_t max_frame, struct cql_frame *frame,
                   struct failure *why) {
  const uint8_t *block = frame->body + LENGTH_LEN;
  uint32_t size = frame->header.body_len, len;
  uint8_t *to;

  if (!agreed)
    return refuse(why, "it sent a compressed frame, which was not agreed upon");
  if (size < LENGTH_LEN)
    return refuse(why, "it sent a compressed frame without its length");
  size -= LENGTH_LEN;
  len = load_be32(frame->body);
  if (!check_length(len, size, max_frame, why))
    return false;
  to = make_room(&z->in, heap, len);
  if (to == NULL) {
    MARK(oom_compress);
    why->code = FAILURE_NO_MEMORY;
    why->what = "out of memory";
    return false;
  }
  /* Of nothing there may be no block at all. */
  if ((len > 0 || size > 0) && !decode_block(block, size, to, len))
    return refuse(why, "it sent a compressed frame that cannot be decoded");
  MARK(answer_compressed);
  frame->header.flags &= (uint8_t)~CQL_FLAG_COMPRESSED;
  frame->header.body_len = len;
  frame->body = to;
  return true;
}

void compress_done(struct compress *z, const struct net_heap *heap) {
  trim(&z->in, heap);
}

void compress_tell(struct compress *z, const struct log *log,
                   enum compression wanted, bool offered, const char *host) {
  if (wanted != COMPRESSION_LZ4 || offered || z->told)
    return;
  MARK(compression_missing);
  z->told = true;
  log_write(log, LOG_WARNING,
            "%s offers no lz4: frames are not compressed there", host);
}
