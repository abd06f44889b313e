/* core/value.h - one value of a scalar type: what those above know it by, and
 * its bytes on the wire (section 6 of the protocol). */
#ifndef VALUE_H
#define VALUE_H

#include "core/op.h"
#include "core/rows.h"

/* Which members count is the type's to say. */
struct value {
  uint16_t type;    /* enum cql_type_id */
  bool is_long;     /* a varint that `number` cannot hold */
  int32_t scale;    /* decimal: unscaled * 10^-scale */
  int64_t number;   /* boolean (0, 1), integers, counter, timestamp (ms since
                     1970), date (days since 1970), time (ns since midnight);
                     varint, when p is NULL */
  double real;      /* float, double */
  const uint8_t *p; /* text, ascii, blob; varint and the unscaled part of a
                       decimal (two's complement, big-endian); uuid and timeuuid
                       (16); inet (4 or 16) */
  size_t len;
};

enum { VALUE_LIST = 0x20 }; /* the type of a list: CQL_TYPE_LIST */

/* UTF-8? */
bool value_is_text(const void *p, size_t len);
/* Why no server takes it, as the end of a sentence ("is not UTF-8"); NULL when
 * it does.  Numbers are held against the range of their type. */
const char *value_fault(const struct value *v);
/* Its bytes, without a length; it has no fault. */
void value_encode(struct cql_writer *w, const struct value *v);
/* Append it to the operation's bound values; it has no fault.  False: no
 * memory. */
bool value_bind(struct op *op, const struct net_heap *heap,
                const struct value *v);
/* Values of one type as a list<> of it, for IN. */
bool value_bind_list(struct op *op, const struct net_heap *heap,
                     const struct value *values, size_t count);
/* A cell that is not null, as a value of this type; points into the cell.
 * False: these are not a value's bytes, or the type is no scalar. */
bool value_read(struct value *out, uint16_t type, const struct cell *cell);

#endif
