/* bench/stand_in.h: just enough of a one-node cluster for a bench of counter
 * increments to connect and prepare without Cassandra. It stores nothing. */
#ifndef BENCH_STAND_IN_H
#define BENCH_STAND_IN_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

/* The id under which it prepares its only statement, an UPDATE. */
#define STAND_IN_ID "tally-bench-0001"

/* Answers one whole request frame. `self` is what system.local shows. */
void stand_in_answer(struct wire_buffer *out, const uint8_t *frame,
                     size_t length, const struct sockaddr_in *self);

#endif
