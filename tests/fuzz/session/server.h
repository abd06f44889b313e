/* tests/fuzz/session/server.h - one connection's server: it reads requests, and
 * answers them well, or as the input has it. */
#ifndef FUZZ_SERVER_H
#define FUZZ_SERVER_H

#include "tests/fuzz/session/world.h"

struct buffer {
  uint8_t *p;
  size_t len;
  size_t cap;
};
void buffer_add(struct buffer *b, const void *p, size_t n);
void buffer_drop(struct buffer *b, size_t n); /* at its front */
void buffer_free(struct buffer *b);

struct server {
  struct buffer requests; /* bytes of the client's, from one not answered on */
  struct buffer answers;  /* not read by the client yet */
  size_t noted;           /* so many of those were looked at for increments */
};

/* The client has written this. */
void server_read(struct server *s, const void *p, size_t n);
/* There is a whole request to be answered. */
bool server_is_asked(const struct server *s);
/* Answer it well. */
void server_answer(struct server *s);
/* Answer it with an error of this code, and what the input has behind it. */
void server_refuse(struct server *s, int32_t code, const uint8_t *tail,
                   size_t n);
/* Answer it with this. */
void server_say(struct server *s, uint8_t flags, uint8_t opcode,
                const uint8_t *body, size_t n);
/* Say nothing to it. */
void server_forget(struct server *s);
/* Any bytes. */
void server_babble(struct server *s, const uint8_t *p, size_t n);
/* Any frame of its own accord. */
void server_tell(struct server *s, uint8_t opcode, const uint8_t *body,
                 size_t n);
void server_free(struct server *s);

#endif
