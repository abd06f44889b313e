/* tests/fuzz/session/world.h - a process, its network and a server, that do
 * what the bytes of a fuzz input say: core/net.h in memory, on one thread.
 *
 * Time moves when the input says so, or when it is used up: then the server
 * answers well whatever is asked, and the clock goes on to the next alarm, so
 * that everything comes to an end. */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include "tests/fuzz/fuzz.h"

enum { WORLD_INCREMENTS = 64 };

/* What the server and the network did. */
struct world {
  struct fuzz_input in;
  bool login;   /* the server wants one */
  bool evil;    /* it has said what no server would */
  size_t given; /* bytes to the client */
  size_t turns;
  /* So often the server has had this increment, whole. */
  uint32_t seen[WORLD_INCREMENTS];
};
extern struct world world;

void world_begin(const uint8_t *data, size_t size);
/* Everything is closed. */
void world_end(void);

/* An increment's delta, by which the server knows it. */
int64_t world_delta(unsigned number);

#endif
