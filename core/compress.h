/* core/compress.h - bodies of frames, made smaller by LZ4.  lz4 is in
 * core/compress.c alone.
 *
 * A compressed body is the length that it has without compression, in four
 * bytes, and one LZ4 block; the header says so in a flag, and has the length
 * of these. */
#ifndef COMPRESS_H
#define COMPRESS_H

#include "core/failure.h"
#include "core/log.h"
#include "core/net.h"
#include "proto/frame.h"

/* The numbers of tally.h, which api/ asserts. */
enum compression {
  COMPRESSION_NONE,
  COMPRESSION_LZ4,          /* with those servers that offer it */
  COMPRESSION_LZ4_REQUIRED, /* ... and with no others */
};

enum {
  COMPRESS_ABOVE = 512,      /* a body up to this goes as it is */
  COMPRESS_KEEP = 64 * 1024, /* memory for bodies; more is given back */
};

struct compress_room {
  uint8_t *p;
  size_t cap;
};

/* The memory that a loop needs for it: none before the first body.  A callback
 * that runs while an answer is looked at may send, so there are two rooms. */
struct compress {
  struct compress_room in;
  struct compress_room out;
  void *state; /* LZ4's own */
  bool told;   /* the log has a server that offers none */
};

/* False: lz4 was left out when this was configured. */
bool compress_is_built(void);
void compress_fini(struct compress *z, const struct net_heap *heap);

/* Compress the body of a whole request where it stands, if that pays: returns
 * how long the frame of n bytes is now.  Without memory it stays as it is. */
size_t compress_frame(struct compress *z, const struct net_heap *heap,
                      uint8_t *frame, size_t n);

/* The frame's flag says that its body is compressed: make it one that is not,
 * in memory of our own, valid until compress_done().  `agreed`: this server
 * may do that.  What it announces is checked before memory is asked for.
 * False: *why, which is set up for a server that broke the protocol. */
bool compress_open(struct compress *z, const struct net_heap *heap, bool agreed,
                   uint32_t max_frame, struct cql_frame *frame,
                   struct failure *why);
void compress_done(struct compress *z, const struct net_heap *heap);

/* A server has said whether it offers lz4: when it is missed, and may be, one
 * line of the log says so, once. */
void compress_tell(struct compress *z, const struct log *log,
                   enum compression wanted, bool offered, const char *host);

#endif
