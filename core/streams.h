/* core/streams.h - which request a stream id stands for.  Ids count from 1 (0
 * is for the handshake and heartbeats) and are used again only after their
 * answer has come, and after those of STREAM_REST others: an answer that a
 * server sends twice, one close upon the other, does not pass for that to the
 * next request. */
#ifndef STREAMS_H
#define STREAMS_H

#include "core/op.h"

enum { STREAM_MAX = 32767, STREAM_REST = 32 };

struct streams {
  struct op **ops; /* [id], NULL: free */
  uint16_t *free;  /* a ring of ids that were used before */
  uint16_t free_first;
  uint16_t free_count;
  uint16_t untouched; /* ids from here on were never used */
  uint16_t max;
};

/* For `max` requests at a time, or STREAM_MAX - STREAM_REST of them. */
int streams_init(struct streams *s, const struct net_heap *heap, uint32_t max);
void streams_fini(struct streams *s, const struct net_heap *heap);
/* The id that is next (from 1), or 0 when all are taken or rest. */
int16_t streams_next(const struct streams *s);
/* That one, as streams_next() has just said, stands for op from now on. */
void streams_take(struct streams *s, int16_t id, struct op *op);
/* NULL: this id asked for nothing. */
struct op *streams_find(const struct streams *s, int16_t id);
/* The request is let go of; the id stays taken until its answer has come, and
 * stands for one of which only streams_is_forgotten() can be asked. */
void streams_forget(struct streams *s, int16_t id);
bool streams_is_forgotten(const struct op *op);
void streams_release(struct streams *s, int16_t id);

#endif
