/* api/batch.c - counter batches: increments that go together.
 *
 * A BATCH frame goes to one coordinator, and every row in it to its own
 * replicas.  So rows that have the same replicas go in one frame, to one of
 * these, and a frame has few rows: servers warn of long batches, and what
 * becomes of one is known for all of it or for nothing. */
#include "api/internal.h"

#include "core/routing_key.h"

#include <string.h>

/* Cassandra warns of more than ten partitions
 * (unlogged_batch_across_partitions_warn_threshold) and from 5 KiB on, by its
 * own measure (batch_size_warn_threshold), and refuses 50. */
enum { FRAME_ROWS = 10, FRAME_BYTES = 4096, BATCH_ROWS = 65536 };
/* Frames that are put together at the same time. */
enum { OPEN_FRAMES = 64 };

/* An increment, bound. */
struct item {
  struct op *bound; /* never sent itself */
  int64_t token;
  bool routed; /* the token is known */
  int outcome; /* tally_outcome; NOT_APPLIED before it is sent */
};

struct tally_batch {
  tally_session *session;
  struct item *items;
  size_t count, cap;
  bool sent;            /* the next item begins a new batch */
  _Atomic bool sending; /* nobody touches it */
  size_t pending;       /* frames, and the one who sends them */
  int code;             /* the worst of them: what is UNKNOWN comes first */
  tally_error error;
  uint16_t consistency;
  uint8_t timeout; /* enum timeout_kind */
  struct loop *loop;
  struct listener to;
};

/* One BATCH. */
struct frame {
  tally_batch *batch;
  struct op *op;  /* its entries, until it is sent */
  uint64_t group; /* the same for rows with the same replicas */
  struct statement statement;
  size_t count;
  uint32_t items[FRAME_ROWS];
};

int tally_batch_new(tally_batch **batch, tally_session *session,
                    tally_error *error) {
  *batch = net_alloc(&session->heap, sizeof **batch);
  if (*batch == NULL)
    return error_no_memory(error);
  (*batch)->session = session;
  return 0;
}

void tally_batch_clear(tally_batch *batch) {
  for (size_t i = 0; i < batch->count; i++)
    op_release(&batch->session->heap, batch->items[i].bound);
  batch->count = 0;
  batch->sent = false;
}

void tally_batch_free(tally_batch *batch) {
  const struct net_heap *heap;

  if (batch == NULL)
    return;
  heap = &batch->session->heap;
  tally_batch_clear(batch);
  net_free(heap, batch->items);
  net_free(heap, batch);
}

size_t tally_batch_count(const tally_batch *batch) {
  return batch->count;
}

int tally_batch_outcome(const tally_batch *batch, size_t index) {
  return index < batch->count ? batch->items[index].outcome : TALLY_NOT_APPLIED;
}

/* ---- Rows --------------------------------------------------------------- */

static bool has_room(tally_batch *b) {
  size_t cap = b->cap == 0 ? 16 : b->cap * 2;
  struct item *items;

  if (b->count < b->cap)
    return true;
  items = net_resize(&b->session->heap, b->items, sizeof *items * cap);
  if (items == NULL)
    return false;
  b->items = items;
  b->cap = cap;
  return true;
}

static int check(const tally_batch *b, const tally_table *t, tally_error *e) {
  if (atomic_load(&b->sending))
    return error_set(e, TALLY_EBUSY, "the batch is being sent");
  if (t->session != b->session)
    return error_set(e, TALLY_EINVAL, "%s: a table of another session",
                     t->qualified);
  if (!b->sent && b->count == BATCH_ROWS)
    return error_set(e, TALLY_EINVAL, "a batch has %d increments at most",
                     BATCH_ROWS);
  return 0;
}

static int add(tally_batch *b, tally_table *t, const void *row, bool negate,
               tally_error *e) {
  const struct net_heap *heap = &b->session->heap;
  struct item item = {.outcome = TALLY_NOT_APPLIED};
  int rc = check(b, t, e);

  if (rc != 0)
    return rc;
  item.bound = op_make(heap);
  if (item.bound == NULL)
    return error_no_memory(e);
  rc = count_fill(item.bound, t, row, negate, e);
  if (rc == 0 && b->sent)
    tally_batch_clear(b);
  if (rc == 0 && !has_room(b))
    rc = error_no_memory(e);
  if (rc != 0) {
    op_release(heap, item.bound);
    return rc;
  }
  item.routed = routing_key_token(item.bound, heap, &item.token);
  b->items[b->count++] = item;
  return 0;
}

int tally_batch_increment(tally_batch *batch, tally_table *table,
                          const void *row, tally_error *error) {
  return add(batch, table, row, false, error);
}

int tally_batch_decrement(tally_batch *batch, tally_table *table,
                          const void *row, tally_error *error) {
  return add(batch, table, row, true, error);
}

/* ---- The end ------------------------------------------------------------ */

static int outcome_of(const tally_batch *b) {
  size_t seen[3] = {0};

  for (size_t i = 0; i < b->count; i++)
    seen[b->items[i].outcome]++;
  if (seen[TALLY_APPLIED] == b->count)
    return TALLY_APPLIED;
  return seen[TALLY_NOT_APPLIED] == b->count ? TALLY_NOT_APPLIED
                                             : TALLY_UNKNOWN;
}

/* Some were applied and others not: as a whole it may not be sent again. */
static void tell_mixture(tally_batch *b, int outcome) {
  if (outcome == b->error.outcome)
    return;
  b->error.cause = b->error.code;
  b->code = b->error.code = TALLY_EUNKNOWN;
  b->error.outcome = outcome;
}

static void part_over(tally_batch *b) {
  tally_result result = {0};
  struct listener to = b->to;
  tally_error error;

  if (--b->pending > 0)
    return;
  result.outcome = outcome_of(b);
  if (b->code != 0) {
    tell_mixture(b, result.outcome);
    error = b->error; /* the callback may free the batch */
    result.error = &error;
  }
  result.status = b->code;
  b->sent = true;
  atomic_store(&b->sending, false);
  listener_tell(&to, &result);
}

static void fail(tally_batch *b, int code, const tally_error *e) {
  if (b->code != 0 && b->error.outcome == TALLY_UNKNOWN)
    return;
  b->code = code;
  b->error = *e;
}

static void on_frame(op_callback *callback, void *user,
                     const struct answer *answer) {
  struct frame *f = user;
  tally_batch *b = f->batch;
  tally_error e;

  (void)callback;
  for (size_t i = 0; i < f->count; i++)
    b->items[f->items[i]].outcome = (int)answer->outcome;
  if (answer->code != 0) {
    error_from_answer(&e, answer);
    fail(b, e.code, &e);
  }
  net_free(&b->session->heap, f);
  part_over(b);
}

/* ---- Frames ------------------------------------------------------------- */

static const uint16_t *replicas(const tally_batch *b, const struct item *item,
                                uint32_t *count) {
  const struct snapshot *s = b->loop->cluster.hosts.snapshot;

  *count = 0;
  return s == NULL || !item->routed
             ? NULL
             : snapshot_replicas(s, item->bound->statement->keyspace->number,
                                 item->token, count);
}

/* The same for the same hosts, in any order. */
static uint64_t group_of(const tally_batch *b, const struct item *item) {
  uint32_t count;
  const uint16_t *hosts = replicas(b, item, &count);
  uint64_t group = count;

  for (uint32_t i = 0; i < count; i++) {
    uint64_t mixed = (hosts[i] + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15);

    group += (mixed ^ mixed >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
  }
  return group;
}

static int frame_open(tally_batch *b, const struct item *first, uint64_t group,
                      struct frame **frame, tally_error *e) {
  const struct statement *s = first->bound->statement;
  struct frame *f = net_alloc(&b->session->heap, sizeof *f);

  if (f == NULL)
    return error_no_memory(e);
  f->op = session_take(b->session, e);
  if (f->op == NULL) {
    net_free(&b->session->heap, f);
    return TALLY_EBUSY;
  }
  f->batch = b;
  f->group = group;
  f->count = 0;
  f->statement = (struct statement){.text = "",
                                    .table = s->table,
                                    .keyspace = s->keyspace,
                                    .effect = EFFECT_BATCH,
                                    .key_count = s->key_count};
  *frame = f;
  return 0;
}

static int frame_add(struct frame *f, size_t number, tally_error *e) {
  const struct op *bound = f->batch->items[number].bound;
  const struct statement *s = bound->statement;

  if (!op_bind_entry(f->op, &f->batch->session->heap, s->text, s->text_len,
                     bound))
    return error_no_memory(e);
  f->items[f->count++] = (uint32_t)number;
  return 0;
}

static bool frame_has_room(const struct frame *f) {
  return f->count < FRAME_ROWS && f->op->values_len < FRAME_BYTES;
}

static int frame_send(struct frame *f, tally_error *e) {
  tally_batch *b = f->batch;
  struct op *op = f->op;
  int rc;

  op->kind = OP_BATCH;
  op->statement = &f->statement;
  op->consistency = b->consistency;
  op->timeout = b->timeout;
  op->note = NOTE_BATCH;
  op->done = on_frame;
  op->user = f;
  b->pending++;
  rc = session_submit(b->loop, op, e);
  if (rc != 0) {
    b->pending--;
    net_free(&b->session->heap, f);
  }
  return rc;
}

static void frame_drop(struct frame *f) {
  const struct net_heap *heap = &f->batch->session->heap;

  op_release(heap, f->op);
  net_free(heap, f);
}

/* Into the open frame of its group.  One that is full, or in the way, is
 * sent. */
static int place(tally_batch *b, size_t number, struct frame **open,
                 tally_error *e) {
  uint64_t group = group_of(b, &b->items[number]);
  struct frame **place = &open[group % OPEN_FRAMES];
  struct frame *f = *place;
  int rc = 0;

  if (f != NULL && (f->group != group || !frame_has_room(f))) {
    *place = NULL;
    rc = frame_send(f, e);
  }
  if (rc == 0 && *place == NULL)
    rc = frame_open(b, &b->items[number], group, place, e);
  return rc != 0 ? rc : frame_add(*place, number, e);
}

/* On the loop's thread, which knows the replicas. */
static void on_turn(op_callback *callback, void *user,
                    const struct answer *answer) {
  struct frame *open[OPEN_FRAMES] = {NULL};
  tally_batch *b = user;
  tally_error e;
  int rc = 0;

  (void)callback;
  if (answer->code == TALLY_ECLOSED)
    rc = error_set(&e, TALLY_ECLOSED, "the session was closed");
  for (size_t i = 0; i < b->count && rc == 0; i++)
    rc = place(b, i, open, &e);
  for (size_t i = 0; i < OPEN_FRAMES; i++) {
    if (open[i] == NULL)
      continue;
    if (rc == 0)
      rc = frame_send(open[i], &e);
    else
      frame_drop(open[i]);
  }
  if (rc != 0)
    fail(b, rc, &e);
  part_over(b);
}

/* ---- The calls ---------------------------------------------------------- */

static int begin(tally_batch *b, const tally_call *call,
                 const struct listener *to, tally_error *e) {
  tally_session *s = b->session;
  int rc;

  if (atomic_exchange(&b->sending, true))
    return error_set(e, TALLY_EBUSY, "the batch is being sent");
  for (size_t i = 0; i < b->count; i++)
    b->items[i].outcome = TALLY_NOT_APPLIED;
  b->code = 0;
  b->pending = 1;
  b->to = *to;
  b->loop = session_loop(s);
  b->consistency = s->consistency;
  b->timeout = TIMEOUT_INCREMENT;
  rc = call_apply(call, s, &b->consistency, &b->timeout, e);
  if (rc == 0)
    rc = session_turn(b->loop, TIMEOUT_NOW, on_turn, b, e);
  if (rc != 0)
    atomic_store(&b->sending, false);
  return rc;
}

static int refuse_sent(const tally_batch *b, tally_error *e) {
  if (!b->sent)
    return 0;
  return error_set(e, TALLY_EINVAL,
                   "the batch was sent: the next increment begins another one");
}

int tally_batch_send_with(tally_batch *batch, const tally_call *call,
                          tally_error *error) {
  struct waiter w = {.error = error};
  struct listener to = {.waiter = &w};
  int rc = wait_begin(batch->session, error);

  if (rc == 0)
    rc = refuse_sent(batch, error);
  if (rc != 0 || batch->count == 0)
    return rc;
  rc = begin(batch, call, &to, error);
  if (rc != 0)
    return rc;
  wait_for(batch->session, batch->loop, &w);
  return w.code;
}

int tally_batch_send_async_with(tally_batch *batch, const tally_call *call,
                                tally_callback callback, void *user,
                                tally_error *error) {
  struct listener to = {NULL, callback, user};
  int rc = refuse_sent(batch, error);

  return rc != 0 ? rc : begin(batch, call, &to, error);
}

int tally_batch_send(tally_batch *batch, tally_error *error) {
  return tally_batch_send_with(batch, NULL, error);
}

int tally_batch_send_async(tally_batch *batch, tally_callback callback,
                           void *user, tally_error *error) {
  return tally_batch_send_async_with(batch, NULL, callback, user, error);
}
