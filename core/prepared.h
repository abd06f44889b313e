/* core/prepared.h - the statements that one host has prepared, and the
 * operations that wait until it has. */
#ifndef PREPARED_H
#define PREPARED_H

#include "core/op.h"
#include "core/request.h"

enum prepared_state {
  PREPARED_NOT,   /* unknown to the host, or forgotten by it */
  PREPARED_ASKED, /* a PREPARE is in flight: never more than one */
  PREPARED_READY,
};

struct prepared {
  const struct statement *statement;
  enum prepared_state state;
  uint8_t *id; /* opaque bytes of the host's */
  size_t id_len;
  bool forgotten; /* the host does not know the id any more: the same text must
                     get the same one again */
  struct list waiting; /* operations in state OP_PREPARING */
};

/* Indexed by the statement's number. */
struct prepared_table {
  struct prepared **entries;
  uint32_t count;
};

void prepared_table_init(struct prepared_table *t);
/* Nothing may be waiting any more. */
void prepared_table_fini(struct prepared_table *t, const struct net_heap *heap);
/* The host was away, and may be another version now: it knows none of this. */
void prepared_table_forget(struct prepared_table *t);
/* The statement's entry, made when it is new; NULL: no memory. */
struct prepared *prepared_find(struct prepared_table *t,
                               const struct net_heap *heap,
                               const struct statement *statement);
/* The host says that it does not know it. */
void prepared_forgotten(struct prepared *p);
/* The answer to a PREPARE: 0 and the entry is READY, or a negative failure
 * code with *f filled in and the entry NOT. The bind markers must be those of
 * the definition, in their order and of their types. */
int prepared_answered(struct prepared *p, const struct net_heap *heap,
                      const struct cql_frame *frame, const struct peer *peer,
                      struct failure *f);

#endif
