/* core/op.h - one operation, from its acceptance to its one completion.
 *
 * An operation keeps its bound values, in wire form, in its own slot; its
 * frame is encoded when it is sent.  op_finish() is the only place where an
 * operation ends. */
#ifndef OP_H
#define OP_H

#include "core/context.h"
#include "core/list.h"
#include "core/outcome.h"
#include "proto/request.h"

struct op;
struct conn;
struct cql_frame;
struct rows;
struct slab;
struct host;
struct keyspace;
struct tries;
struct type;

/* What a statement does, which decides what an unclear end means. */
enum effect {
  EFFECT_COUNT, /* adds to counters: never sent twice unless NOT_APPLIED */
  EFFECT_WRITE, /* changes rows in another way: the same, but nothing settles */
  EFFECT_BATCH, /* ... of several partitions, of which some may be changed */
  EFFECT_READ,
  EFFECT_SCHEMA,
  EFFECT_REGISTER, /* for events: answered by READY */
};

/* A bind marker or a column of the result, as the definition expects it;
 * compared at PREPARE. */
struct statement_column {
  const char *name;         /* NULL: the server's to say */
  uint16_t type;            /* enum cql_type_id */
  const struct type *whole; /* with its parts; NULL: these are not compared */
};

enum { PAYLOAD_MAX = 16 };

/* What a request of a whole statement may say beside its values. */
struct extras {
  bool tracing;
  uint16_t serial_consistency; /* 0: the server's own choice */
  struct cql_payload payload;
};

/* Which part of a result is asked for. */
struct page {
  const struct extras *extras; /* NULL: none, as of all that is not whole */
  int32_t rows;                /* at most; 0: all */
  const void *state; /* where to go on, as the server said; NULL: from the
                        beginning */
  size_t state_len;
};

/* Of statement.key_count: what stands there is the token itself, a bigint. */
enum { KEY_IS_TOKEN = UINT16_MAX };

/* Text that is prepared or sent as it is.  Not changed once in use, and
 * outlives every operation on it. */
struct statement {
  uint32_t number; /* of the session, from 0: its place in a host's table of
                      prepared statements */
  const char *text;
  size_t text_len;
  const char *table;         /* "ks.page_hits", for messages */
  struct keyspace *keyspace; /* its replicas are those of the key, or NULL */
  enum effect effect;
  bool whole; /* somebody else's text: any RESULT is one to it, and is handed on
                 as it came (answer.frame) */
  const struct statement_column *binds;
  const struct statement_column *results; /* NULL: not compared */
  uint16_t bind_count;
  uint16_t result_count;
  uint16_t key_count; /* parts of the partition key among the binds, one after
                          another (op.key_at); 0: none known; KEY_IS_TOKEN */
};

struct answer {
  int code;                      /* 0 or enum failure_code */
  enum outcome outcome;          /* reads: NOT_APPLIED */
  const struct failure *failure; /* NULL when code is 0 */
  struct rows *rows;             /* RESULT Rows, else NULL */
  const struct cql_frame *frame; /* of a whole statement, else NULL */
  uint32_t host; /* with rows, and of a schema change: whose (host.number) */
  bool changed;  /* of a schema change: it was not there already */
  const struct statement *statement; /* with a failure */
  uint8_t note;                      /* ... the operation's */
};

/* Called once, after the operation's slot was given back. `answer` is valid
 * inside only. */
typedef void op_callback(void);
typedef void op_done(op_callback *callback, void *user,
                     const struct answer *answer);

/* OP_PAUSE asks nobody: it ends at its deadline.  The values of OP_BATCH are
 * its entries (op_bind_entry()). */
enum op_kind {
  OP_EXECUTE,
  OP_QUERY,
  OP_BATCH,
  OP_PREPARE,
  OP_REGISTER,
  OP_PAUSE
};

enum op_state {
  OP_NEW,       /* not accepted yet */
  OP_QUEUED,    /* waits for a host that is ready */
  OP_WAITING,   /* for room on the connections to its host */
  OP_PREPARING, /* waits for its statement to be prepared */
  OP_SENT,      /* its frame is encoded: it may be applied from now on */
  OP_UNSETTLED, /* ended UNKNOWN; kept (core/late.h) */
};

enum { OP_INLINE_VALUES = 128 };

struct op {
  struct list queue; /* the list it waits in; NEW: its link in the inbox */
  struct list deadline_link;
  union {
    struct conn *conn; /* SENT, UNSETTLED */
    struct host *host; /* WAITING, PREPARING */
  };
  const struct statement *statement;
  op_done *done;
  op_callback *callback;
  void *user;
  const struct page *page; /* valid until it ends; NULL: all rows */
  struct tries *tries;     /* hosts where it was in vain; NULL: none */
  struct slab *slab; /* where the slot belongs; NULL: a piece of the heap */
  uint8_t *values;   /* [value]s in wire form */
  uint64_t deadline;
  union {
    uint64_t end_offset; /* SENT: of the frame's last byte, in all bytes that
                            the connection was ever given */
    uint64_t operation;  /* UNSETTLED: its number */
  };
  uint32_t only_host; /* host.number of the one that is meant, as long as it was
                         not there in vain; 0: any */
  uint32_t values_len;
  uint32_t key_at; /* where the partition key begins in the values */
  uint32_t values_cap;
  uint16_t value_count;
  uint16_t consistency;
  int16_t stream;
  uint8_t kind;     /* enum op_kind */
  uint8_t state;    /* enum op_state */
  uint8_t timeout;  /* enum timeout_kind */
  uint8_t prepares; /* times the server had forgotten the statement */
  uint8_t note;     /* of its owner's */
  bool retried;     /* the one time that NEXT_HOST_ONCE allows */
  bool own;         /* the library's: it belongs to the connection that it was
                       given to, and nobody waits for it */
  uint8_t inline_values[OP_INLINE_VALUES];
};

/* ---- Slots -------------------------------------------------------------- */

/* All slots of a session: taken by any thread, given back by the loops.  Its
 * size is the session's limit of operations in flight. */
struct slab {
  struct net_heap heap;
  struct op *ops;
  uint32_t capacity;
  bool shared;                /* more than one thread */
  _Atomic uint64_t head;      /* of the free list: tag << 32 | index + 1 */
  _Atomic uint32_t untouched; /* slots from here on were never used */
  _Atomic uint32_t *next;     /* free list links, index + 1 */
};

int slab_init(struct slab *s, const struct net_heap *heap, uint32_t capacity,
              bool shared);
void slab_fini(struct slab *s);

/* A fresh operation, or NULL at the limit. */
struct op *op_take(struct slab *s);
/* One outside the limit, for the library's own requests; NULL: no memory. */
struct op *op_make(const struct net_heap *heap);
/* Give back one that was never accepted, or whose end is dealt with. */
void op_release(const struct net_heap *heap, struct op *op);

/* ---- Values ------------------------------------------------------------- */

/* Append one bound value.  False: no memory (or over 2 GiB). */
bool op_bind_bigint(struct op *op, const struct net_heap *heap, int64_t v);
bool op_bind_int(struct op *op, const struct net_heap *heap, int32_t v);
bool op_bind_bytes(struct op *op, const struct net_heap *heap, const void *p,
                   size_t len);
/* One of `len` bytes, that the caller writes. */
bool op_bind_begin(struct op *op, const struct net_heap *heap, size_t len,
                   struct cql_writer *w);
/* "Not set": the column is left as it is. */
bool op_bind_unset(struct op *op, const struct net_heap *heap);
/* One more entry of a batch: a text, and what is bound in `values`, whose
 * partition key begins at values->key_at.  The key of the first entry is that
 * of the batch. */
bool op_bind_entry(struct op *op, const struct net_heap *heap, const char *text,
                   size_t len, const struct op *values);
/* Values that are in wire form already. */
bool op_bind_encoded(struct op *op, const struct net_heap *heap, const void *p,
                     uint32_t len, uint16_t count);
/* What was bound, one after another: the value at *at (0 is the first), which
 * moves on.  *p is NULL for "not set".  False: no more. */
bool op_value_next(const struct op *op, uint32_t *at, uint8_t **p,
                   uint32_t *len);

/* ---- The end ------------------------------------------------------------ */

/* The one place where an accepted operation ends: leaves every list, gives its
 * slot back (unless it is kept for its answer: state UNSETTLED) and calls
 * done. */
void op_finish(struct context *c, struct op *op, const struct answer *answer);
void op_finish_applied(struct context *c, struct op *op);
/* Fails with what outcome_table says of `event`; reads are NOT_APPLIED.
 * host and detail may be NULL. */
void op_fail(struct context *c, struct op *op, enum event event,
             const char *host, const char *detail);
/* Fails with a ready failure: its outcome is set to NOT_APPLIED for reads, and
 * an increment that ends UNKNOWN gets its number. */
void op_fail_with(struct context *c, struct op *op, struct failure *f);

bool op_is_increment(const struct op *op);
/* What outcome_table lets follow for this operation. */
enum next_step op_next(const struct op *op, enum event event);

#endif
