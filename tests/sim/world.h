/* tests/sim/world.h - one simulated run: virtual time, events, chance, trace.
 *
 * Everything happens on one thread of the system, in an order that the seed
 * decides.  Nothing under tests/sim asks the system for time or chance. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MILLISECOND UINT64_C(1000000)
#define SECOND      (1000 * MILLISECOND)

/* ---- Time and events ---------------------------------------------------- */

/* Nanoseconds; never 0. */
uint64_t world_now(void);

typedef void world_event(void *arg, uint64_t cookie);
/* Run at that time (now at the earliest).  Cannot be taken back: what it needs
 * must live on, or be recognised as gone by the cookie.  Events of the same
 * instant run in an order that the seed decides, unless `order` says that they
 * belong to one queue (!= 0): then oldest first. */
void world_at(uint64_t when, uint64_t order, world_event *run, void *arg,
              uint64_t cookie);

/* ---- Chance ------------------------------------------------------------- */

/* One stream of numbers for each purpose, so that a draw more in one does not
 * shift the others.  One draw in an expression: the order of evaluation is
 * the compiler's. */
enum chance {
  CHANCE_PLAN,     /* what kind of run this is */
  CHANCE_WORKLOAD, /* what the application does */
  CHANCE_NETWORK,  /* delays */
  CHANCE_SERVER,   /* how long a server takes, what it chooses */
  CHANCE_ORDER,    /* which of several things at one instant comes first */
  CHANCE_FAULT,    /* whether a fault happens, and its details */
  CHANCE_CLIENT,   /* net_random() */
  CHANCE_CLUSTER,  /* what is drawn for clusters that change */
  CHANCE_COUNT
};
uint64_t draw(enum chance purpose);
/* 0 .. n-1; n > 0 */
uint64_t draw_below(enum chance purpose, uint64_t n);
/* lo .. hi */
uint64_t draw_between(enum chance purpose, uint64_t lo, uint64_t hi);
/* lo .. hi, small and large ones alike: uniform in the logarithm, as far as
 * whole numbers allow.  lo > 0. */
uint64_t draw_scale(enum chance purpose, uint64_t lo, uint64_t hi);
/* True once in n times. */
bool draw_once_in(enum chance purpose, uint64_t n);

/* ---- What is recorded --------------------------------------------------- */

/* Goes into the run's hash; two runs of a seed must agree. */
void world_hash(uint64_t value);
/* A line of the trace, printed only when asked for. */
extern bool world_tracing;
void world_trace(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define TRACE(...)                                                             \
  do {                                                                         \
    if (world_tracing)                                                         \
      world_trace(__VA_ARGS__);                                                \
  } while (0)

/* A rule was broken: the run has failed.  Does not return: it leaves the run
 * (longjmp); what the run had allocated is thrown away with its process. */
_Noreturn void violation(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
