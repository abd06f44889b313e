#include "core/output.h"

#include <errno.h>
#include <string.h>

#include "core/mark.h"

int output_init(struct output *o, const struct net_heap *heap) {
  memset(o, 0, sizeof *o);
  o->buf = net_alloc(heap, OUTPUT_CAPACITY);
  o->cap = OUTPUT_CAPACITY;
  return o->buf == NULL ? -ENOMEM : 0;
}

/* It may have been moved. */
static void wipe(struct output *o) {
  if (o->secret)
    net_wipe(o->buf, o->cap);
  o->secret = false;
}

void output_fini(struct output *o, const struct net_heap *heap) {
  wipe(o);
  net_free(heap, o->buf);
  o->buf = NULL;
}

size_t output_pending(const struct output *o) {
  return o->tail - o->head;
}

/* Only while the output is empty, when there is nothing to move. */
static bool output_resize(struct output *o, const struct net_heap *heap,
                          size_t cap) {
  uint8_t *buf = net_alloc(heap, cap);

  ENSURE(o->head == o->tail);
  if (buf == NULL) {
    MARK(oom_output);
    return false;
  }
  net_free(heap, o->buf);
  o->buf = buf;
  o->cap = cap;
  return true;
}

uint8_t *output_room(struct output *o, const struct net_heap *heap, size_t n) {
  if (o->head == o->tail) {
    o->head = o->tail = 0;
    if (n > o->cap) {
      MARK(output_grown);
      if (!output_resize(o, heap, n))
        return NULL;
    } else if (o->cap > OUTPUT_CAPACITY && n <= OUTPUT_CAPACITY) {
      MARK(output_shrunk);
      output_resize(o, heap, OUTPUT_CAPACITY);
    }
  }
  if (o->cap - o->tail >= n)
    return o->buf + o->tail;
  if (o->cap - (o->tail - o->head) < n)
    return NULL;
  MARK(output_moved);
  memmove(o->buf, o->buf + o->head, o->tail - o->head);
  o->tail -= o->head;
  o->head = 0;
  return o->buf + o->tail;
}

void output_commit(struct output *o, size_t n) {
  ENSURE(o->head <= o->tail && n <= o->cap - o->tail);
  o->tail += n;
  o->queued += n;
}

int output_flush(struct output *o, struct channel *channel) {
  ptrdiff_t n;

  if (o->head == o->tail && !channel_is_pending(channel))
    return 0;
  n = channel_write(channel, o->buf + o->head, o->tail - o->head);
  if (n == -EAGAIN || n == -EWOULDBLOCK) {
    MARK(write_refused);
    return 0;
  }
  if (n < 0)
    return (int)n;
  ENSURE((size_t)n <= o->tail - o->head);
  if ((size_t)n < o->tail - o->head)
    MARK(write_partial);
  o->head += (size_t)n;
  o->accepted += (uint64_t)n;
  ENSURE(o->queued - o->accepted == o->tail - o->head);
  if (o->head == o->tail)
    wipe(o);
  return 0;
}
