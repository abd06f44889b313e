/* tests/chaos/crew_inline.c - a session without threads: everything happens in
 * the calls. */
#include "tests/chaos/driver.h"

static void poll_until(struct site *s, uint64_t until_us) {
  tally_error e;
  uint64_t now;
  int pending = 1;

  while ((now = now_us()) < until_us && pending > 0) {
    pending = tally_poll(s->session, (int)((until_us - now) / 1000) + 1, &e);
    if (pending < 0)
      die("polling", &e);
  }
}

void *work_inline(void *arg) {
  const struct plan *plan = arg;
  uint64_t tick_us, now;
  struct site s;

  if (site_connect(&s, plan, 0) != 0)
    die("connecting before any fault", NULL);
  pthread_barrier_wait(&run.opened);
  while (!stopping()) {
    tick_us = now_us() + run.tick_ms * UINT64_C(1000);
    count_burst(&s);
    for (int i = 0; i < plan->callers; i++)
      count_blocking(&s);
    poll_until(&s, tick_us);
    if ((now = now_us()) < tick_us)
      pause_ms((uint32_t)(tick_us - now) / 1000 + 1);
  }
  prove_alive(&s);
  if (tally_close(s.session) != 0)
    die("closing", NULL);
  return NULL;
}
