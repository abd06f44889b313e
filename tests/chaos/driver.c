/* tests/chaos/driver.c - counts through a proxy and directly, in all modes at
 * once, until its standard input ends.
 *
 *   chaos_driver PROXY NODE KEYSPACE SEED HISTORY
 *
 * Makes keyspace and tables, prints "ready" when all sessions have been opened,
 * and at the end writes what became of every increment into HISTORY. */
#include "tests/chaos/driver.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

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
     .heartbeat_ms = 1000},
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
     .in_flight = 512},
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
    {.name = "churn", .work = work_churn, .proxied = true},
    {.name = "churn direct", .work = work_churn},
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
  nanosleep(&(struct timespec){.tv_nsec = TICK_MS * 1000000}, NULL);
}

static void stop(void) {
  pthread_mutex_lock(&run.lock);
  run.stopping = true;
  pthread_cond_broadcast(&run.moved);
  pthread_mutex_unlock(&run.lock);
}

static void make_tables(void) {
  static const struct plan setup = {.name = "setup"};
  struct site s;
  tally_error e;

  if (site_connect(&s, &setup, 0) != 0)
    die("connecting before any fault", NULL);
  if (tally_create_keyspace(s.session, run.keyspace, NULL, &e) != 0 ||
      tally_sync_table(s.hot, NULL, &e) != 0 ||
      tally_sync_table(s.ops, NULL, &e) != 0)
    die("making tables", &e);
  tally_close(s.session);
}

static void wait_for_end_of_input(void) {
  char byte;

  while (read(STDIN_FILENO, &byte, 1) > 0)
    ;
}

int main(int argc, char **argv) {
  size_t count = sizeof plans / sizeof plans[0];
  pthread_condattr_t monotonic;

  if (argc != 6) {
    fprintf(stderr, "usage: chaos_driver PROXY NODE KEYSPACE SEED HISTORY\n");
    return 2;
  }
  run.proxy = argv[1];
  run.node = argv[2];
  run.keyspace = argv[3];
  run.seed = strtoull(argv[4], NULL, 10);
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&run.moved, &monotonic);
  pthread_barrier_init(&run.opened, NULL, (unsigned)count + 1);
  signal(SIGPIPE, SIG_IGN);
  history_open(argv[5]);
  make_tables();
  for (size_t i = 0; i < count; i++)
    if (pthread_create(&plans[i].thread, NULL, plans[i].work, &plans[i]) != 0)
      die("a thread", NULL);
  pthread_barrier_wait(&run.opened);
  printf("ready\n");
  fflush(stdout);
  wait_for_end_of_input();
  stop();
  for (size_t i = 0; i < count; i++)
    pthread_join(plans[i].thread, NULL);
  history_close();
  return 0;
}
