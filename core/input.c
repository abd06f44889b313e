#include "core/input.h"

#include <errno.h>

#include "core/mark.h"
#include "core/peer.h"

int input_init(struct input *in, const struct net_heap *heap,
               uint32_t max_frame) {
  uint8_t *buf = net_alloc(heap, INPUT_CAPACITY);

  cql_assembler_init(&in->assembler, buf, INPUT_CAPACITY, max_frame);
  return buf == NULL ? -ENOMEM : 0;
}

void input_fini(struct input *in, const struct net_heap *heap) {
  net_free(heap, in->assembler.buf);
}

/* A frame larger than the buffer gets room as its bytes arrive, never for
 * bytes that were only promised; afterwards the buffer shrinks again. */
static bool make_room(struct input *in, const struct net_heap *heap) {
  struct cql_assembler *a = &in->assembler;
  size_t pending = cql_assembler_pending(a);
  size_t cap = a->cap;
  uint8_t *old = a->buf, *buf;

  if (pending == cap) {
    MARK(frame_larger_than_buffer);
    cap *= 2;
  } else if (cap > INPUT_CAPACITY && cql_assembler_wants(a) <= INPUT_CAPACITY &&
             pending <= INPUT_CAPACITY) {
    MARK(input_shrunk);
    cap = INPUT_CAPACITY;
  } else {
    return true;
  }
  buf = net_alloc(heap, cap);
  if (buf == NULL)
    return pending < a->cap;
  cql_assembler_lend(a, buf, cap);
  net_free(heap, old);
  return true;
}

ptrdiff_t input_read(struct input *in, const struct net_heap *heap,
                     struct channel *channel) {
  uint8_t *to;
  size_t room;
  ptrdiff_t n;

  if (cql_assembler_pending(&in->assembler) > 0)
    MARK(frame_spans_reads);
  if (!make_room(in, heap))
    return -ENOMEM;
  cql_assembler_room(&in->assembler, &to, &room);
  ENSURE(room > 0);
  n = channel_read(channel, to, room);
  ENSURE(n < 0 || (size_t)n <= room);
  if (n > 0)
    cql_assembler_fed(&in->assembler, (size_t)n);
  return n;
}

enum cql_rc input_next(struct input *in, struct cql_frame *frame) {
  return cql_assembler_next(&in->assembler, frame);
}

void input_describe(const struct input *in, enum cql_rc rc,
                    struct failure *why) {
  const struct cql_assembler *a = &in->assembler;
  char detail[200];

  why->code = FAILURE_PROTOCOL;
  if (rc == CQL_EVERSION) {
    MARK(wrong_peer);
    peer_describe_stranger(detail, sizeof detail, a->buf + a->head,
                           cql_assembler_pending(a));
    why->what = "the peer does not speak CQL v4";
    failure_detail(why, "%s", detail);
    return;
  }
  MARK(oversized_frame);
  why->what = "a frame over the limit";
  failure_detail(why,
                 "it announced a frame over the limit of %u bytes "
                 "(max_frame_bytes)",
                 (unsigned)a->max_body);
}
