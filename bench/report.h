/* bench/report.h: what a bench measures around its run, and how it says it:
 * one table line or one JSON object, the same for every client. Checks the
 * client's books against the server's. Never inside the measured loop. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"

struct report {
  const char *client;
  unsigned in_flight;
  uint64_t ops;             /* answered, as the client counted them */
  struct histogram latency; /* of each of them */
  uint64_t elapsed_ns;      /* from here on: report_start, report_stop */
  uint64_t cpu_us;          /* user and system, all threads */
  long peak_kib;            /* the most memory ever resident */
  bool counted;             /* false: the server keeps no count */
  uint64_t server_count;    /* at the start, then how many came since */
};

/* The monotonic clock. */
uint64_t report_now_ns(void);

/* Call right before the first operation. Asks the server for its count over a
 * connection of its own. */
void report_start(struct report *r, const char *host, const char *port);

/* Call once the last operation is answered. */
void report_stop(struct report *r, const char *host, const char *port);

/* Prints to standard output: a table with its heading, or JSON. Returns the
 * exit status: 1, with a word on standard error, when the books differ. */
int report_print(const struct report *r, bool json);

#endif
