/* core/nested.h - values of all types, also of those that have parts: lists,
 * sets, maps, tuples, UDTs, vectors.  Read part by part, and written. */
#ifndef NESTED_H
#define NESTED_H

#include "core/specs.h"
#include "core/value.h"
#include "proto/value.h"

/* ---- Reading ------------------------------------------------------------ */

/* One after another.  Tuples and UDTs that stop early have nulls behind. */
struct parts {
  struct cql_elements elements;
  const struct type *type;
  uint32_t count; /* parts in all; key and value of a map are two */
  uint32_t next;
};

/* May a value of this type have some? */
bool parts_have(const struct type *type);
/* False: not a value of this type, or of a type without parts.  A null has
 * none. */
bool parts_init(struct parts *p, const struct type *type,
                const struct cell *value);
/* 1: there is one; 0: there are no more; -1: it reaches beyond the value. */
int parts_next(struct parts *p, const struct type **type, struct cell *part);

struct duration {
  int32_t months;
  int32_t days;
  int64_t nanoseconds;
};
/* False: these are not a duration's bytes. */
bool duration_read(struct duration *out, const struct cell *cell);

/* ---- Writing ------------------------------------------------------------ */

/* A null, an unset value, or one of a scalar type that has no fault, with its
 * length in front.  `bare`: without, as the elements of some vectors are. */
void nested_null(struct cql_writer *w);
void nested_unset(struct cql_writer *w);
void nested_value(struct cql_writer *w, const struct value *v, bool bare);
/* False: not of one sign. */
bool nested_duration(struct cql_writer *w, const struct duration *d);
/* A value of `count` parts (key and value of a map are two), which are written
 * between these two. */
size_t nested_open(struct cql_writer *w, const struct type *type,
                   uint32_t count, bool bare);
void nested_close(struct cql_writer *w, size_t opened, bool bare);
/* Over `size` bytes of `room`; over none to learn how many it takes. */
void nested_begin(struct cql_writer *w, void *room, size_t size);
/* SIZE_MAX for what the wire cannot hold. */
size_t nested_size(const struct cql_writer *w);

#endif
