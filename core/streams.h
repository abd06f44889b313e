/* core/streams.h - which request a stream id stands for.  Ids count from 1 (0
 * is for the handshake and heartbeats) and are used again only after their
 * answer has come. */
#ifndef STREAMS_H
#define STREAMS_H

#include "core/op.h"

enum { STREAM_MAX = 32767 };

struct streams {
  struct op **ops; /* [id], NULL: free */
  uint16_t *free;  /* a stack of ids that were used before */
  uint16_t free_count;
  uint16_t untouched; /* ids from here on were never used */
  uint16_t max;
};

int streams_init(struct streams *s, const struct net_heap *heap, uint32_t max);
void streams_fini(struct streams *s, const struct net_heap *heap);
/* An id for op (from 1), or 0 when all are taken. */
int16_t streams_take(struct streams *s, struct op *op);
/* NULL: nobody waits for this id. */
struct op *streams_find(const struct streams *s, int16_t id);
void streams_release(struct streams *s, int16_t id);

#endif
