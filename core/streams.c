#include "core/streams.h"

#include <string.h>

#include "core/mark.h"

static struct op forgotten;

int streams_init(struct streams *s, const struct net_heap *heap, uint32_t max) {
  memset(s, 0, sizeof *s);
  max += STREAM_REST;
  s->max = (uint16_t)(max > STREAM_MAX ? STREAM_MAX : max);
  s->untouched = 1;
  s->ops = net_alloc(heap, sizeof *s->ops * ((size_t)s->max + 1));
  s->free = net_alloc(heap, sizeof *s->free * s->max);
  if (s->ops != NULL && s->free != NULL)
    return 0;
  streams_fini(s, heap);
  return FAILURE_NO_MEMORY;
}

void streams_fini(struct streams *s, const struct net_heap *heap) {
  net_free(heap, s->ops);
  net_free(heap, s->free);
  s->ops = NULL;
  s->free = NULL;
}

int16_t streams_next(const struct streams *s) {
  if (s->free_count > STREAM_REST)
    return (int16_t)s->free[s->free_first];
  return s->untouched <= s->max ? (int16_t)s->untouched : 0;
}

void streams_take(struct streams *s, int16_t id, struct op *op) {
  ENSURE(id > 0 && id == streams_next(s) && s->ops[id] == NULL);
  s->ops[id] = op;
  if (id == s->untouched) {
    s->untouched++;
    return;
  }
  MARK(stream_id_reused);
  s->free_count--;
  if (++s->free_first == s->max)
    s->free_first = 0;
}

struct op *streams_find(const struct streams *s, int16_t id) {
  return id > 0 && (uint16_t)id < s->untouched ? s->ops[id] : NULL;
}

void streams_forget(struct streams *s, int16_t id) {
  ENSURE(streams_find(s, id) != NULL);
  s->ops[id] = &forgotten;
}

bool streams_is_forgotten(const struct op *op) {
  return op == &forgotten;
}

void streams_release(struct streams *s, int16_t id) {
  uint32_t last = (uint32_t)s->free_first + s->free_count;

  ENSURE(streams_find(s, id) != NULL && s->free_count < s->max);
  s->ops[id] = NULL;
  s->free[last < s->max ? last : last - s->max] = (uint16_t)id;
  s->free_count++;
}
