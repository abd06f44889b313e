#include "core/op.h"

#include <string.h>

#include "core/mark.h"
#include "core/tries.h"
#include "proto/bytes.h"
#include "proto/wire.h"

/* ---- Slots -------------------------------------------------------------- */

/* The free list is a stack whose head carries a tag that changes with every
 * push and pop, so that a head that was popped and pushed again between
 * another thread's load and its exchange is noticed.  Slots that were never
 * used are not in it: linking them at the start would touch all of them. */

int slab_init(struct slab *s, const struct net_heap *heap, uint32_t capacity,
              bool shared) {
  memset(s, 0, sizeof *s);
  s->heap = *heap;
  s->capacity = capacity;
  s->shared = shared;
  s->ops = net_alloc(heap, sizeof *s->ops * capacity);
  s->next = net_alloc(heap, sizeof *s->next * capacity);
  if (s->ops != NULL && s->next != NULL)
    return 0;
  slab_fini(s);
  return FAILURE_NO_MEMORY;
}

void slab_fini(struct slab *s) {
  net_free(&s->heap, s->ops);
  net_free(&s->heap, s->next);
  s->ops = NULL;
  s->next = NULL;
}

static uint64_t head_made(uint64_t old, uint32_t link) {
  return ((old >> 32) + 1) << 32 | link;
}

/* One thread needs no locked instructions.  *old is an atomic macro's to write.
 * NOLINTNEXTLINE(readability-non-const-parameter) */
static bool head_swap(struct slab *s, uint64_t *old, uint64_t new_head) {
  if (s->shared)
    return atomic_compare_exchange_weak_explicit(
        &s->head, old, new_head, memory_order_acq_rel, memory_order_acquire);
  atomic_store_explicit(&s->head, new_head, memory_order_relaxed);
  return true;
}

static uint32_t slab_pop(struct slab *s) {
  uint64_t old = atomic_load_explicit(&s->head, memory_order_acquire);
  uint32_t link;

  do {
    link = (uint32_t)old;
    if (link == 0)
      break;
  } while (
      !head_swap(s, &old,
                 head_made(old, atomic_load_explicit(&s->next[link - 1],
                                                     memory_order_relaxed))));
  if (link != 0) {
    MARK(slab_reused);
    return link;
  }
  link = atomic_load_explicit(&s->untouched, memory_order_relaxed);
  do {
    if (link >= s->capacity)
      return 0;
  } while (!atomic_compare_exchange_weak_explicit(
      &s->untouched, &link, link + 1, memory_order_relaxed,
      memory_order_relaxed));
  return link + 1;
}

static void slab_push(struct slab *s, uint32_t link) {
  uint64_t old = atomic_load_explicit(&s->head, memory_order_relaxed);

  ENSURE(link >= 1 && link <= s->capacity);
  ENSURE((uint32_t)old != link); /* given back twice */
  do
    atomic_store_explicit(&s->next[link - 1], (uint32_t)old,
                          memory_order_relaxed);
  while (!head_swap(s, &old, head_made(old, link)));
}

static void op_init(struct op *op, struct slab *slab) {
  memset(op, 0, offsetof(struct op, inline_values));
  list_init(&op->queue);
  list_init(&op->deadline_link);
  op->slab = slab;
  op->values = op->inline_values;
  op->values_cap = OP_INLINE_VALUES;
}

struct op *op_take(struct slab *s) {
  uint32_t link = slab_pop(s);

  if (link == 0)
    return NULL;
  op_init(&s->ops[link - 1], s);
  return &s->ops[link - 1];
}

struct op *op_make(const struct net_heap *heap) {
  struct op *op = net_alloc(heap, sizeof *op);

  if (op != NULL)
    op_init(op, NULL);
  return op;
}

void op_release(const struct net_heap *heap, struct op *op) {
  ENSURE(list_empty(&op->deadline_link));
  if (op->tries != NULL)
    net_free(heap, op->tries);
  if (op->values != op->inline_values)
    net_free(heap, op->values);
  if (op->slab == NULL)
    net_free(heap, op);
  else
    slab_push(op->slab, (uint32_t)(op - op->slab->ops) + 1);
}

/* ---- Values ------------------------------------------------------------- */

static uint8_t *values_grown(struct op *op, const struct net_heap *heap,
                             size_t len) {
  size_t need = (size_t)op->values_len + len;
  uint8_t *p;

  if (len > INT32_MAX || need > INT32_MAX)
    return NULL;
  need += need / 2;
  MARK(long_values);
  if (op->values == op->inline_values) {
    p = net_alloc(heap, need);
    if (p != NULL)
      memcpy(p, op->values, op->values_len);
  } else {
    p = net_resize(heap, op->values, need);
  }
  if (p == NULL)
    return NULL;
  op->values = p;
  op->values_cap = (uint32_t)need;
  return p + op->values_len;
}

static inline uint8_t *values_room(struct op *op, const struct net_heap *heap,
                                   size_t len) {
  return len <= op->values_cap - op->values_len ? op->values + op->values_len
                                                : values_grown(op, heap, len);
}

/* A writer over the next `len` bytes, which become one value. */
static inline bool take_room(struct op *op, const struct net_heap *heap,
                             size_t len, struct cql_writer *w) {
  uint8_t *to = values_room(op, heap, len);

  if (to == NULL)
    return false;
  cql_writer_init(w, to, len);
  op->values_len += (uint32_t)len;
  op->value_count++;
  return true;
}

bool op_bind_begin(struct op *op, const struct net_heap *heap, size_t len,
                   struct cql_writer *w) {
  if (!take_room(op, heap, len + 4, w))
    return false;
  cql_put_int(w, (int32_t)len);
  return true;
}

bool op_bind_bytes(struct op *op, const struct net_heap *heap, const void *p,
                   size_t len) {
  struct cql_writer w;

  if (!take_room(op, heap, len + 4, &w))
    return false;
  cql_put_int(&w, (int32_t)len);
  cql_put_raw(&w, p, len);
  return true;
}

bool op_bind_encoded(struct op *op, const struct net_heap *heap, const void *p,
                     uint32_t len, uint16_t count) {
  uint8_t *to = values_room(op, heap, len);

  if (to == NULL)
    return false;
  if (len > 0)
    memcpy(to, p, len);
  op->values_len += len;
  op->value_count = (uint16_t)(op->value_count + count);
  return true;
}

/* Section 4.1.7: kind 0, [long string], and its values. */
bool op_bind_entry(struct op *op, const struct net_heap *heap, const char *text,
                   size_t len, const struct op *values) {
  size_t head = 1 + 4 + len + 2;
  struct cql_writer w;
  uint8_t *to;

  if (len > INT32_MAX || head + values->values_len > UINT32_MAX)
    return false;
  to = values_room(op, heap, (uint32_t)(head + values->values_len));
  if (to == NULL)
    return false;
  cql_writer_init(&w, to, head + values->values_len);
  cql_put_byte(&w, 0);
  cql_put_int(&w, (int32_t)len);
  cql_put_raw(&w, text, len);
  cql_put_short(&w, values->value_count);
  cql_put_raw(&w, values->values, values->values_len);
  if (op->value_count == 0)
    op->key_at = (uint32_t)head + values->key_at;
  op->values_len += (uint32_t)(head + values->values_len);
  op->value_count++;
  return true;
}

bool op_bind_bigint(struct op *op, const struct net_heap *heap, int64_t v) {
  struct cql_writer w;

  if (!take_room(op, heap, 12, &w))
    return false;
  cql_put_int(&w, 8);
  cql_put_long(&w, v);
  return true;
}

bool op_bind_int(struct op *op, const struct net_heap *heap, int32_t v) {
  struct cql_writer w;

  if (!take_room(op, heap, 8, &w))
    return false;
  cql_put_int(&w, 4);
  cql_put_int(&w, v);
  return true;
}

bool op_bind_unset(struct op *op, const struct net_heap *heap) {
  struct cql_writer w;

  if (!take_room(op, heap, 4, &w))
    return false;
  cql_put_unset(&w);
  return true;
}

bool op_value_next(const struct op *op, uint32_t *at, uint8_t **p,
                   uint32_t *len) {
  int32_t n;

  if (op->values_len - *at < 4)
    return false;
  n = (int32_t)load_be32(op->values + *at);
  *at += 4;
  *len = n < 0 ? 0 : (uint32_t)n;
  *p = n < 0 ? NULL : op->values + *at;
  ENSURE(*len <= op->values_len - *at);
  *at += *len;
  return true;
}

/* ---- The end ------------------------------------------------------------ */

bool op_is_increment(const struct op *op) {
  return op->kind == OP_EXECUTE && op->statement->effect == EFFECT_COUNT;
}

enum next_step op_next(const struct op *op, enum event event) {
  const struct outcome_row *row = &outcome_table[event];
  enum next_step next =
      op->statement->effect == EFFECT_READ ? row->read_next : row->next;

  if (op->own || (next == NEXT_HOST_ONCE && op->retried))
    return NEXT_NONE;
  return next;
}

void op_finish(struct context *c, struct op *op, const struct answer *answer) {
  op_done *done = op->done;
  op_callback *callback = op->callback;
  void *user = op->user;

  ENSURE(op->state != OP_NEW || op->kind == OP_PAUSE);
  ENSURE(op->own || c->pending > 0);
  list_remove(&op->deadline_link);
  c->pending -= !op->own;
  /* The slot goes first: the callback may want it for the next operation. */
  if (op->state != OP_UNSETTLED) {
    list_remove(&op->queue);
    op_release(&c->heap, op);
  }
  done(callback, user, answer);
}

void op_finish_applied(struct context *c, struct op *op) {
  static const struct answer applied = {.outcome = OUTCOME_APPLIED};

  op_finish(c, op, &applied);
}

void op_fail_with(struct context *c, struct op *op, struct failure *f) {
  struct answer answer = {0};

  f->operation = 0;
  if (op->tries != NULL)
    tries_tell(op->tries, f);
  if (op->kind == OP_PREPARE || op->kind == OP_PAUSE ||
      op->statement->effect == EFFECT_READ)
    f->outcome = OUTCOME_NOT_APPLIED;
  else if (f->outcome == OUTCOME_UNKNOWN && op_is_increment(op))
    f->operation = ++c->last_operation;
  if (op->state == OP_UNSETTLED)
    op->operation = f->operation;
  answer.code = f->code;
  answer.outcome = f->outcome;
  answer.failure = f;
  answer.statement = op->statement;
  answer.note = op->note;
  op_finish(c, op, &answer);
}

void op_fail(struct context *c, struct op *op, enum event event,
             const char *host, const char *detail) {
  const struct outcome_row *row = &outcome_table[event];
  struct failure f;

  failure_init(&f, row->code, row->outcome, row->what);
  if (host != NULL)
    text_copy(f.host, sizeof f.host, host);
  if (detail != NULL)
    text_copy(f.detail, sizeof f.detail, detail);
  op_fail_with(c, op, &f);
}
