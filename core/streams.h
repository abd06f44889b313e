/* core/streams.h - which request a stream id stands for.  Ids count from 1 (0
 * is for the handshake and heartbeats) and are used again only after their
 * answer has come, and after STREAM_REST others: an answer that a server sends
 * twice must not pass for that to the next request. */
#ifndef STREAMS_H
#define STREAMS_H

#include "core/op.h"

enum { STREAM_MAX = 32767, STREAM_REST = 32 };

/* What an id stands for whose request was forgotten before its answer came. */
extern struct op stream_forgotten;

struct streams {
  struct op **ops; /* [id], NULL: free */
  uint16_t *free;  /* a ring of ids that were used before */
  uint16_t free_first;
  uint16_t free_count;
  uint16_t untouched; /* ids from here on were never used */
  uint16_t max;
};

/* For `max` requests at a time, as far as ids go. */
int streams_init(struct streams *s, const struct net_heap *heap, uint32_t max);
void streams_fini(struct streams *s, const struct net_heap *heap);
/* An id for op (from 1), or 0 when all are taken or rest. */
int16_t streams_take(struct streams *s, struct op *op);
/* NULL: this id asked for nothing. */
struct op *streams_find(const struct streams *s, int16_t id);
/* The id stays taken, the request is let go of. */
void streams_forget(struct streams *s, int16_t id);
void streams_release(struct streams *s, int16_t id);

#endif
