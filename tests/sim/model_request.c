/* tests/sim/model_request.c - requests on their way through a host. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/model_private.h"

enum { CHUNK = 64 };
struct chunk {
  struct chunk *next;
  struct request requests[CHUNK];
};

static struct {
  struct chunk *chunks;
  struct request *free;
  struct request all; /* head of the ring */
} pool;

void requests_begin(void) {
  pool.all.next = pool.all.prev = &pool.all;
  pool.free = NULL;
}

void requests_end(void) {
  while (pool.chunks != NULL) {
    struct chunk *c = pool.chunks;

    pool.chunks = c->next;
    free(c);
  }
  requests_begin();
}

static void add_chunk(void) {
  struct chunk *c = malloc(sizeof *c);

  c->next = pool.chunks;
  pool.chunks = c;
  for (int i = CHUNK - 1; i >= 0; i--) {
    c->requests[i].next = pool.free;
    pool.free = &c->requests[i];
  }
}

static struct request *request_new(struct model_conn *c, enum opcode opcode,
                                   int stream) {
  struct request *r;

  if (pool.free == NULL)
    add_chunk();
  r = pool.free;
  pool.free = r->next;
  memset(r, 0, offsetof(struct request, refusal));
  r->refusal.code = 0;
  r->next = &pool.all;
  r->prev = pool.all.prev;
  r->prev->next = r->next->prev = r;
  r->conn = c;
  r->host = c->host;
  r->opcode = opcode;
  r->stream = stream;
  r->head = r;
  return r;
}

struct request *request_more(struct request *last) {
  struct request *r = request_new(last->conn, last->opcode, last->stream);

  r->head = last->head;
  last->more = r;
  return r;
}

static void request_free(struct request *r) {
  struct request *more;

  request_never(r);
  for (; r != NULL; r = more) {
    more = r->more;
    r->prev->next = r->next;
    r->next->prev = r->prev;
    r->next = pool.free;
    pool.free = r;
  }
}

/* ---- Effects ------------------------------------------------------------ */

static void make(struct request *r) {
  struct statement *s = r->statement;

  if (s->kind == CQL_CREATE_KEYSPACE) {
    r->changed = data_add_keyspace(s->keyspace, &s->how);
  } else if (s->made != NULL) {
    r->changed = data_add_table(s->made);
    if (r->changed)
      s->made = NULL;
  }
  if (r->changed)
    model_schema_changed();
}

void request_take_effect(struct request *r) {
  const struct statement *s = r->statement;

  if (!r->effective)
    return;
  r->effective = false;
  if (s->kind != CQL_UPDATE) {
    make(r);
    return;
  }
  for (unsigned i = 0; i < r->delta_count; i++)
    data_add(r->row, &s->table->columns[r->deltas[i].column], r->deltas[i].by);
  TRACE("host %u: operation %u is applied", r->host, r->number);
  world_hash(r->number);
  model_counts.applied++;
  if (r->counted)
    ledger_applied(r->number);
}

void request_entry_never(struct request *r) {
  if (!r->effective)
    return;
  r->effective = false;
  if (r->counted)
    ledger_cancelled(r->number);
}

void request_never(struct request *r) {
  for (; r != NULL; r = r->more)
    request_entry_never(r);
}

void requests_lose(unsigned host, const struct model_conn *c,
                   uint64_t *detail) {
  for (struct request *r = pool.all.next; r != &pool.all; r = r->next) {
    bool lost;

    if (!r->effective || r->host != host || (c != NULL && r->conn != c))
      continue;
    lost = detail != NULL ? detail_below(detail, 2) == 0
                          : draw_once_in(CHANCE_SERVER, 2);
    if (lost)
      request_entry_never(r);
  }
}

/* ---- Events ------------------------------------------------------------- */

static void event_ends(struct request *r) {
  if (--r->events == 0)
    request_free(r);
}

static void on_effect(void *arg, uint64_t unused) {
  struct request *r = arg;

  (void)unused;
  request_take_effect(r);
  event_ends(r->head);
}

static void on_answer(void *arg, uint64_t unused) {
  struct request *r = arg;

  (void)unused;
  for (struct request *entry = r; entry != NULL; entry = entry->more)
    if (entry->with_answer)
      request_take_effect(entry);
  answer_send(r);
  event_ends(r);
}

void request_effect_at(struct request *r, uint64_t when) {
  if (!r->effective)
    return;
  r->head->events++;
  world_at(when, 0, on_effect, r, 0);
}

void request_answer_at(struct request *r, uint64_t when) {
  r->events++;
  world_at(when, 0, on_answer, r, 0);
}

/* ---- Arrival ------------------------------------------------------------ */

static void take_stream(struct model_conn *c, enum opcode opcode, int stream) {
  enum stream_state is = conn_stream(c, stream);

  if (is == STREAM_BUSY || (is == STREAM_BUSY_OPTIONS && opcode != OP_OPTIONS))
    violation("host %u: stream %d is used again before its answer was sent",
              c->host, stream);
  conn_set_stream(c, stream,
                  opcode == OP_OPTIONS ? STREAM_BUSY_OPTIONS : STREAM_BUSY);
}

/* A question that its host never answers. */
static bool is_unseen(const struct request *r) {
  return model.hosts[r->host].blind && r->answer == ANSWER_ROWS &&
         r->statement->table->is != TABLE_IS_COUNTERS;
}

void request_arrived(struct model_conn *c, enum opcode opcode, int stream,
                     struct in body) {
  enum host_state host = model_host(c->host);
  struct request *r;

  take_stream(c, opcode, stream);
  r = request_new(c, opcode, stream);
  TRACE("host %u: opcode 0x%02x on stream %d", c->host, (unsigned)opcode,
        stream);
  if (opcode == OP_STARTUP || opcode == OP_AUTH_RESPONSE ||
      (opcode == OP_OPTIONS && !c->started)) {
    if (host != HOST_MUTE)
      handshake_arrived(r, body);
  } else {
    request_decode(r, body);
    if (host == HOST_MUTE || (host == HOST_DEAF && opcode != OP_OPTIONS) ||
        is_unseen(r))
      request_plan_silent(r);
    else
      request_plan(r);
  }
  if (r->events == 0)
    request_free(r);
}
