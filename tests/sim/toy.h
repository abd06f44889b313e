/* tests/sim/toy.h - a record layer that stands for TLS: whole records can be
 * read, and nothing else of what was sent. */
#ifndef SIM_TOY_H
#define SIM_TOY_H

#include <stddef.h>
#include <stdint.h>

enum toy_type {
  TOY_MORE,   /* none: more bytes are to come */
  TOY_HELLO,  /* of the client */
  TOY_SERVER, /* its answer: one byte, 1 when the server can be trusted */
  TOY_DATA,
  TOY_BYE,
  TOY_BROKEN, /* no record */
};

enum { TOY_HEAD = 4, TOY_MOST = 16 * 1024 };

/* Bytes on their way in. */
struct toy {
  uint8_t *p;
  size_t len;
  size_t cap;
  size_t at;
};

void toy_add(struct toy *t, const void *bytes, size_t n);
/* The next one, which stays where it is until the next call of either. */
enum toy_type toy_next(struct toy *t, const uint8_t **payload, size_t *n);
void toy_end(struct toy *t);
/* One record into `out`, which has room for TOY_HEAD + n; returns its
 * length. */
size_t toy_seal(uint8_t *out, enum toy_type type, const void *bytes, size_t n);

#endif
