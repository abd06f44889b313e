/* tests/sim/check_private.h - what the parts of the books share. */
#ifndef SIM_CHECK_PRIVATE_H
#define SIM_CHECK_PRIVATE_H

#include "tests/sim/check.h"

extern struct books {
  struct record records[OPERATIONS_MAX];
  unsigned count;
  struct read_record reads[READS_MAX];
  unsigned read_count;
  uint64_t history; /* positions so far */
  uint64_t pending; /* operations that take a slot ... */
  uint64_t batched; /* ... and others that end by themselves: increments of
                       batches and statements, scans with callbacks */
  uint64_t pages;   /* slots that pages have, or may have: of cursors that were
                       closed too */
  unsigned sessions;
  bool open;
  bool closing;
  /* Settled while the thread of the blocking call had not looked yet. */
  struct early {
    uint64_t operation;
    int outcome;
  } early[OPERATIONS_MAX];
  unsigned early_count;
} books;

extern const char *const table_names[TABLE_COUNT];

bool same_key(const struct key *a, const struct key *b);
/* An operation ends at its deadline, unless nobody drove the loop.  libuv's
 * timers count in milliseconds. */
void check_in_time(uint64_t at, uint64_t stalled_before, uint64_t timeout_ms,
                   const char *what, uint32_t number);
/* What is known at the instant in which the application is told. */
void check_truth(const struct record *r);
/* What waits for late answers takes half of the slots at most, and what the
 * session itself is about a few. */
void check_busy(int rc);

#endif
