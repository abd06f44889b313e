/* tests/chaos/crew_threads.c - sessions that many threads use at once, and
 * sessions that do not live long. */
#include <stdlib.h>

#include "tests/chaos/driver.h"
#include "tests/chaos/mix.h"

enum {
  CALLERS_MOST = 8,
  CHURN_OPS = 16,
  CHURN_CLOSE_MS = 50,
  CHURN_CONNECT_MS = 1000,
  CHURN_CONTACT_MS = 2000, /* for each, where there are several */
  CHURN_PAUSE_MS = 200
};

/* ---- One session, many threads ------------------------------------------ */

static void *call(void *arg) {
  struct site *s = arg;

  while (!pause_ms(run.tick_ms))
    for (uint32_t i = site_burst(s); i > 0 && !stopping(); i--)
      count_blocking(s);
  return NULL;
}

static void *send(void *arg) {
  struct site *s = arg;

  while (!pause_ms(run.tick_ms))
    count_burst(s);
  return NULL;
}

void *work_threads(void *arg) {
  const struct plan *plan = arg;
  pthread_t threads[CALLERS_MOST];
  int count = plan->callers + plan->senders;
  struct site s;

  if (site_connect(&s, plan, plan->io_threads) != 0)
    die("connecting before any fault", NULL);
  pthread_barrier_wait(&run.opened);
  for (int i = 0; i < count; i++)
    if (pthread_create(&threads[i], NULL, i < plan->callers ? call : send, &s))
      die("a thread", NULL);
  for (int i = 0; i < count; i++)
    pthread_join(threads[i], NULL);
  prove_alive(&s);
  if (tally_close(s.session) != 0)
    die("closing", NULL);
  return NULL;
}

/* ---- Opened, used, and closed in the middle of it ----------------------- */

static void close_async_done(void *arg) {
  atomic_store((atomic_bool *)arg, true);
}

static void churn_close(struct site *s, bool async) {
  atomic_bool closed = false;

  if (!async) {
    if (tally_close(s->session) != 0)
      die("closing", NULL);
    return;
  }
  if (tally_close_async(s->session, close_async_done, &closed) != 0)
    die("closing", NULL);
  while (!atomic_load(&closed))
    breathe();
}

/* Closing gives those in flight hardly any time: they are NOT_APPLIED or
 * UNKNOWN, and the books must balance all the same. */
static void churn_once(const struct plan *plan, uint64_t *random) {
  int io_threads = (int)mix_below(random, 3); /* 0: inline */
  bool async = io_threads > 0 && mix_below(random, 2) == 0;
  tally_options options;
  tally_error e;
  struct site s;

  site_options(&s, plan, &options);
  options.io_threads = io_threads;
  options.close_timeout_ms = 1 + mix_below(random, CHURN_CLOSE_MS);
  options.connect_timeout_ms = run.replicas > 1
                                   ? CHURN_CONTACT_MS * (uint32_t)run.replicas
                                   : CHURN_CONNECT_MS;
  if (tally_connect(&s.session, &options, &e) != 0) {
    history_fail(&s, "connect", &e);
    return;
  }
  site_tables(&s);
  if (mix_below(random, 2) == 0)
    count_blocking(&s); /* the statement is prepared */
  for (uint32_t i = mix_below(random, CHURN_OPS); i > 0; i--)
    count_async(&s, NULL, NULL);
  churn_close(&s, async);
  if (atomic_load(&s.in_flight) != 0)
    die("closed, and some operations never ended", NULL);
}

void *work_churn(void *arg) {
  const struct plan *plan = arg;
  uint64_t random = run.seed ^ (uint64_t)plan->proxied;

  pthread_barrier_wait(&run.opened);
  while (!pause_ms(CHURN_PAUSE_MS))
    if (!atomic_load(&run.calm))
      churn_once(plan, &random);
  return NULL;
}
