/* tests/fuzz/plain.h - a second decoder of responses, types and values: slow,
 * obvious, from the protocol's description, and with no code in common with
 * proto/.  It tells a story of what it reads, and where lengths are. */
#ifndef FUZZ_PLAIN_H
#define FUZZ_PLAIN_H

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/story.h"

/* A reading of bytes.  Nothing is read any more once it is broken. */
struct plain {
  const uint8_t *data;
  size_t at;
  size_t end;
  bool broken;
  struct story *story;
  struct fuzz_map *map; /* NULL: nobody asks */
};

/* Begins anew, with no types of an earlier one. */
void plain_begin(struct plain *p, const uint8_t *data, size_t size,
                 struct story *story, struct fuzz_map *map);

struct plain_bytes {
  const uint8_t *p;
  size_t len;
};
/* A number of 1, 2, 4 or 8 bytes. */
uint64_t plain_number(struct plain *p, unsigned width);
int64_t plain_signed(struct plain *p, unsigned width);
/* Bytes with a length of 2 or (signed, negative is none) 4 in front. */
struct plain_bytes plain_sized(struct plain *p, unsigned width);
struct plain_bytes plain_raw(struct plain *p, size_t n);
size_t plain_left(const struct plain *p);
bool plain_is(struct plain_bytes b, const char *word);

/* A type, as a tree. */
struct plain_type {
  int id;
  struct plain_bytes keyspace; /* of a UDT */
  struct plain_bytes name;     /* of a UDT or a class */
  uint32_t dimension;          /* of a vector */
  struct plain_bytes field;    /* as a part of a UDT */
  struct plain_type *parts;
  struct plain_type *next; /* the next part of the same type */
};
/* NULL: broken, or deeper than 32. */
struct plain_type *plain_type(struct plain *p);
struct plain_type *plain_class(struct plain *p, struct plain_bytes name);
void plain_tell_type(struct story *s, const struct plain_type *type);
/* The value of this type that is all of p. */
void plain_value(struct plain *p, const struct plain_type *type);

/* The body of a response. */
void plain_response(struct plain *p, uint8_t flags, uint8_t opcode);

#endif
