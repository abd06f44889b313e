/* core/metrics.h - what a loop has counted so far.  Written by the loop alone,
 * read by any thread. */
#ifndef METRICS_H
#define METRICS_H

#include <stdatomic.h>
#include <stdint.h>

struct metrics {
  _Atomic uint64_t to_replica;  /* requests sent to a replica of their key */
  _Atomic uint64_t to_other;    /* ... with replicas known, to another host */
  _Atomic uint64_t unrouted;    /* ... whose replicas are not known */
  _Atomic uint64_t remote;      /* of all these: to a remote data center */
  _Atomic uint64_t retries;     /* sent to another host after a first one */
  _Atomic uint64_t connects;    /* connections that became ready */
  _Atomic uint64_t disconnects; /* ... and those that were lost */
  _Atomic uint64_t prepares;    /* statements prepared */
  _Atomic uint64_t reprepares;  /* ... because a host had forgotten them */
};

/* Not locked: there is one writer. */
static inline void metric_count(_Atomic uint64_t *m) {
  atomic_store_explicit(m, atomic_load_explicit(m, memory_order_relaxed) + 1,
                        memory_order_relaxed);
}

#endif
