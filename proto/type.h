/* proto/type.h - type options ([option] of section 4.2.5.2), read where they
 * stand: nothing is copied, and nesting is bounded. */
#ifndef CQL_TYPE_H
#define CQL_TYPE_H

#include "proto/protocol.h"
#include "proto/wire.h"

enum {
  CQL_TYPE_DEPTH_MAX = 32, /* list<list<...>> at most so deep */
};

/* One type.  Its parts (elements, fields) are read from `parts` on demand by
 * cql_type_part(); the whole option was checked when it was decoded, so that
 * this cannot fail on bytes.  A custom type keeps its Java class name in `name`
 * and is looked up as cql_type_from_class() does it: duration, which v4 sends
 * as a custom type, gets the id CQL_TYPE_DURATION; a vector CQL_TYPE_CUSTOM
 * with vector_dimension > 0 and vector_element set. */
struct cql_type {
  uint16_t id;              /* enum cql_type_id, or an unknown number */
  uint16_t part_count;      /* list, set 1; map 2; tuple, udt n; vector 1 */
  struct cql_span keyspace; /* udt */
  struct cql_span name;     /* udt; the class name of a custom type */
  struct cql_reader parts;  /* options (with field names for a udt); the
                               element's class expression for a vector */
  uint32_t vector_dimension;
  struct cql_span vector_element; /* the element's Java class expression */
};

/* Decode the option at the cursor and step over it.  CQL_ESHORT, CQL_EDEPTH.
 * An unknown id without a value is data: it has no parts. */
enum cql_rc cql_type_decode(struct cql_reader *r, struct cql_type *out);

/* Part number `index` of a type (element, key and value, tuple component, udt
 * field with its name in *field).  CQL_END beyond the last.  For a vector the
 * element's type is derived from its class name. */
enum cql_rc cql_type_part(const struct cql_type *type, uint16_t index,
                          struct cql_type *part, struct cql_span *field);

/* The same from front to back, each part read once: advance *parts, a copy of
 * type->parts.  CQL_END after the last.  `field` may be NULL in both. */
enum cql_rc cql_type_next_part(const struct cql_type *type,
                               struct cql_reader *parts, struct cql_type *part,
                               struct cql_span *field);

/* A type from its Java class expression, such as
 * "org.apache.cassandra.db.marshal.VectorType(...FloatType , 3)". Known names
 * of simple types, durations and vectors are mapped to ids, all else stays
 * CQL_TYPE_CUSTOM.  CQL_EDEPTH when nested too deeply. */
enum cql_rc cql_type_from_class(struct cql_span class_name,
                                struct cql_type *out);

/* Bytes of each value of the type where it is an element of a vector, 0 when
 * each has its length in front.  Not every type of constant size counts as
 * fixed: Cassandra writes lengths for counter, smallint, tinyint, date and
 * time.  UINT32_MAX stands for a product that no value can have. */
uint32_t cql_type_fixed_len(const struct cql_type *type);

/* The CQL name ("bigint", "list", "custom"), never NULL. */
const char *cql_type_name(uint16_t id);

#endif
