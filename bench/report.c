/* bench/report.c: clock, CPU and memory of this process, the server's count,
 * and the two ways to print them. */
#define _GNU_SOURCE

#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

uint64_t report_now_ns(void) {
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t timeval_us(struct timeval t) {
  return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

static uint64_t cpu_us(void) {
  struct rusage u;

  getrusage(RUSAGE_SELF, &u);
  return timeval_us(u.ru_utime) + timeval_us(u.ru_stime);
}

/* Not ru_maxrss: that one survives exec, so that a client started by a large
 * process would show the memory of its parent. */
static long peak_kib(void) {
  FILE *f = fopen("/proc/self/status", "r");
  char line[128];
  long kib = 0;

  if (f == NULL)
    return 0;
  while (fgets(line, sizeof line, f) != NULL) {
    if (strncmp(line, "VmHWM:", 6) == 0)
      kib = strtol(line + 6, NULL, 10);
  }
  fclose(f);
  return kib;
}

/* False when there is no server, or one that does not know the query. The
 * answering server puts the count last, the only cell of the only row. */
static bool server_count(const char *host, const char *port, uint64_t *count) {
  struct wire_buffer b = {0};
  int fd = wire_dial(host, port);
  bool known = false;

  if (fd < 0)
    return false;
  wire_put_query(&b, WIRE_COUNT_QUERY);
  if (wire_call(fd, &b) == WIRE_RESULT && b.end >= WIRE_HEADER + 12 &&
      wire_u32(b.data + WIRE_HEADER) == WIRE_ROWS) {
    *count = wire_u64(b.data + b.end - 8);
    known = true;
  }
  close(fd);
  wire_free(&b);
  return known;
}

void report_start(struct report *r, const char *host, const char *port) {
  r->counted = server_count(host, port, &r->server_count);
  r->cpu_us = cpu_us();
  r->elapsed_ns = report_now_ns();
}

void report_stop(struct report *r, const char *host, const char *port) {
  uint64_t count = 0;

  r->elapsed_ns = report_now_ns() - r->elapsed_ns;
  r->cpu_us = cpu_us() - r->cpu_us;
  r->peak_kib = peak_kib();
  if (r->counted) {
    /* A server that is gone by now leaves 0, which no book agrees with. */
    server_count(host, port, &count);
    r->server_count = count - r->server_count;
  }
}

static double quantile_us(const struct report *r, double q) {
  return (double)histogram_quantile(&r->latency, q) / 1e3;
}

static void print_json(const struct report *r, double seconds, double cpu) {
  printf("{\"client\":\"%s\",\"in_flight\":%u,\"seconds\":%.3f,"
         "\"ops\":%" PRIu64 ",\"ops_per_second\":%.0f,"
         "\"cpu_us_per_op\":%.4f,\"p50_us\":%.1f,\"p90_us\":%.1f,"
         "\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f,"
         "\"peak_kib\":%ld,\"server_count_delta\":",
         r->client, r->in_flight, seconds, r->ops, (double)r->ops / seconds,
         cpu, quantile_us(r, 0.5), quantile_us(r, 0.9), quantile_us(r, 0.99),
         quantile_us(r, 0.999), (double)r->latency.max / 1e3, r->peak_kib);
  if (r->counted)
    printf("%" PRIu64 "}\n", r->server_count);
  else
    puts("null}");
}

static void print_table(const struct report *r, double seconds, double cpu) {
  printf("%-14s %9s %10s %9s %9s %9s %9s %9s %9s %9s\n", "client", "in flight",
         "ops/s", "CPU us/op", "p50 us", "p90 us", "p99 us", "p999 us",
         "max us", "peak KiB");
  printf("%-14s %9u %10.0f %9.4f %9.1f %9.1f %9.1f %9.1f %9.1f %9ld\n",
         r->client, r->in_flight, (double)r->ops / seconds, cpu,
         quantile_us(r, 0.5), quantile_us(r, 0.9), quantile_us(r, 0.99),
         quantile_us(r, 0.999), (double)r->latency.max / 1e3, r->peak_kib);
}

int report_print(const struct report *r, bool json) {
  double seconds = (double)r->elapsed_ns / 1e9;
  double cpu = (double)r->cpu_us / (double)(r->ops > 0 ? r->ops : 1);

  if (json)
    print_json(r, seconds, cpu);
  else
    print_table(r, seconds, cpu);
  if (r->counted && r->server_count != r->ops) {
    fflush(stdout);
    fprintf(stderr,
            "%s: claims %" PRIu64 " operations, the server answered %" PRIu64
            "\n",
            r->client, r->ops, r->server_count);
    return 1;
  }
  return 0;
}
