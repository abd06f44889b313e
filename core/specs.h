/* core/specs.h - the columns of a result, or the bind markers of a statement,
 * with their types, decoded once: who walks values does not look at the wire's
 * types again. */
#ifndef SPECS_H
#define SPECS_H

#include "core/net.h"
#include "proto/result.h"

/* One type, and those of its parts. */
struct type {
  uint16_t id;          /* enum cql_type_id; a vector is CUSTOM */
  uint16_t part_count;  /* list, set, vector 1; map 2; tuple, UDT n */
  uint32_t dimension;   /* of a vector, else 0 */
  uint32_t element_len; /* of a vector: bytes of each element; 0: they differ,
                              and each has its length */
  const char *name;     /* "ks.address" of a UDT, the class of a custom type,
                              else NULL */
  const char *field;    /* what it is called in the UDT that it is a part of,
                              else NULL */
  const struct type *parts;
};

struct spec {
  const char *keyspace;
  const char *table;
  const char *name;
  struct type type;
};

/* More types than any table has, nested ones included. */
enum { TYPES_MAX = 65536 };

struct specs {
  struct spec *all; /* and in the same piece of memory what they point to */
  uint32_t count;
};

enum specs_made { SPECS_OK, SPECS_NO_MEMORY, SPECS_TOO_MANY };

/* Without has_columns there are none. */
enum specs_made specs_make(struct specs *c, const struct net_heap *heap,
                           const struct cql_metadata *m);
void specs_free(struct specs *c, const struct net_heap *heap);
/* The same type, parts and names in it included? */
bool specs_is_type(const struct type *type, const struct cql_type *wire);

#endif
