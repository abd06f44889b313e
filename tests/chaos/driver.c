/* tests/chaos/driver.c - counts through a proxy and directly, in all modes at
 * once, until its standard input ends.
 *
 *   chaos_driver PROXIES NODES REPLICAS KEYSPACE SEED TICK-MS HISTORY
 *
 * Makes keyspace and tables, prints "ready" when all sessions have been opened,
 * and at the end writes what became of every increment into HISTORY.  PROXIES
 * and NODES are contact points, "host:port,..."; the node at A.B.C.N has its
 * proxy at A.B.C.(100 + N).  Lines on standard input, on the way:
 *
 *   calm   hardly anything is counted, and no session opened
 *   go     it is again
 *   bytes  is answered with what the sessions that last have allocated */
#include "tests/chaos/driver.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct run run = {.lock = PTHREAD_MUTEX_INITIALIZER, .begun = 1, .ended = 1};

/* The two with little patience get UNKNOWNs whose answers come after all. */
static struct plan plans[] = {
    {.name = "threads",
     .work = work_threads,
     .proxied = true,
     .io_threads = 2,
     .callers = 2,
     .senders = 1,
     .burst = 2,
     .in_flight = 256},
    {.name = "threads direct",
     .work = work_threads,
     .io_threads = 1,
     .callers = 1,
     .senders = 1,
     .burst = 1,
     .in_flight = 32,
     .heartbeat_ms = 1000,
     .consistency = TALLY_QUORUM},
    {.name = "threads impatient",
     .work = work_threads,
     .proxied = true,
     .io_threads = 1,
     .callers = 1,
     .senders = 1,
     .burst = 1,
     .in_flight = 48,
     .increment_timeout_ms = 300,
     .max_abandoned = 16,
     .heartbeat_ms = 1000},
    {.name = "loop",
     .work = work_loop,
     .proxied = true,
     .burst = 3,
     .in_flight = 512,
     .consistency = TALLY_QUORUM},
    {.name = "loop impatient",
     .work = work_loop,
     .burst = 2,
     .in_flight = 64,
     .increment_timeout_ms = 200},
    {.name = "inline",
     .work = work_inline,
     .proxied = true,
     .callers = 1,
     .burst = 1,
     .in_flight = 16,
     .heartbeat_ms = 2000},
    {.name = "inline direct",
     .work = work_inline,
     .callers = 1,
     .burst = 1,
     .in_flight = 16},
    {.name = "churn", .work = work_churn, .proxied = true, .brief = true},
    {.name = "churn direct", .work = work_churn, .brief = true},
};

uint64_t now_us(void) {
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void die(const char *what, const tally_error *e) {
  fprintf(stderr, "chaos_driver: %s: %s\n  %s\n", what,
          e == NULL ? "" : e->message, e == NULL ? "" : e->detail);
  exit(2);
}

bool stopping(void) {
  return pause_ms(0);
}

bool pause_ms(uint32_t ms) {
  uint64_t until_us = now_us() + (uint64_t)ms * 1000;
  struct timespec until = {.tv_sec = (time_t)(until_us / 1000000),
                           .tv_nsec = (long)(until_us % 1000000) * 1000};
  bool stop;

  pthread_mutex_lock(&run.lock);
  while (!run.stopping && ms > 0 &&
         pthread_cond_timedwait(&run.moved, &run.lock, &until) == 0)
    ;
  stop = run.stopping;
  pthread_mutex_unlock(&run.lock);
  return stop;
}

void breathe(void) {
  nanosleep(&(struct timespec){.tv_nsec = BREATH_MS * 1000000}, NULL);
}

static void stop(void) {
  pthread_mutex_lock(&run.lock);
  run.stopping = true;
  pthread_cond_broadcast(&run.moved);
  pthread_mutex_unlock(&run.lock);
}

static void make_tables(void) {
  static const struct plan setup = {.name = "setup"};
  tally_keyspace_options keyspace = {.struct_size = sizeof keyspace,
                                     .replication_factor = run.replicas};
  struct site s;
  tally_error e;

  if (site_connect(&s, &setup, 0) != 0)
    die("connecting before any fault", NULL);
  if (tally_create_keyspace(s.session, run.keyspace, &keyspace, &e) != 0 ||
      tally_sync_table(s.hot, NULL, &e) != 0 ||
      tally_sync_table(s.ops, NULL, &e) != 0)
    die("making tables", &e);
  tally_close(s.session);
}

static void obey_until_end_of_input(void) {
  char line[16];

  while (fgets(line, sizeof line, stdin) != NULL)
    if (strcmp(line, "bytes\n") == 0) {
      printf("%zu\n", atomic_load(&run.bytes));
      fflush(stdout);
    } else
      atomic_store(&run.calm, strcmp(line, "calm\n") == 0);
}

int main(int argc, char **argv) {
  size_t count = sizeof plans / sizeof plans[0];
  pthread_condattr_t monotonic;

  if (argc != 8) {
    fprintf(stderr, "usage: chaos_driver PROXIES NODES REPLICAS KEYSPACE SEED "
                    "TICK-MS HISTORY\n");
    return 2;
  }
  run.proxies = argv[1];
  run.nodes = argv[2];
  run.replicas = atoi(argv[3]);
  run.keyspace = argv[4];
  run.seed = strtoull(argv[5], NULL, 10);
  run.tick_ms = (uint32_t)atoi(argv[6]);
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&run.moved, &monotonic);
  pthread_barrier_init(&run.opened, NULL, (unsigned)count + 1);
  signal(SIGPIPE, SIG_IGN);
  history_open(argv[7]);
  make_tables();
  for (size_t i = 0; i < count; i++)
    if (pthread_create(&plans[i].thread, NULL, plans[i].work, &plans[i]) != 0)
      die("a thread", NULL);
  pthread_barrier_wait(&run.opened);
  printf("ready\n");
  fflush(stdout);
  obey_until_end_of_input();
  stop();
  for (size_t i = 0; i < count; i++)
    pthread_join(plans[i].thread, NULL);
  history_close();
  return 0;
}
