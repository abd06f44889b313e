/* tests/chaos/crew_loop.c - a session on a libuv loop of the program's own. */
#include <uv.h>

#include "tests/chaos/driver.h"

struct loop_crew {
  struct site site;
  uv_loop_t loop;
  uv_timer_t tick;
  uint64_t proof_us; /* since when an APPLIED one is waited for; 0: not yet */
  bool proving, proved;
};

static void on_closed(void *arg) {
  struct loop_crew *c = arg;

  uv_close((uv_handle_t *)&c->tick, NULL);
}

static void on_proof(void *arg, int outcome) {
  struct loop_crew *c = arg;
  int64_t ms = (int64_t)(now_us() - c->proof_us) / 1000;

  c->proving = false;
  if (outcome != TALLY_APPLIED && ms < ALIVE_SECONDS * 1000)
    return;
  c->proved = true;
  history_alive(&c->site, outcome == TALLY_APPLIED ? ms : -1);
}

/* One at a time, until one is APPLIED; then the end. */
static void prove(struct loop_crew *c) {
  if (c->proving)
    return;
  if (c->proved) {
    uv_timer_stop(&c->tick);
    if (tally_close_async(c->site.session, on_closed, c) != 0)
      die("closing", NULL);
    return;
  }
  if (c->proof_us == 0)
    c->proof_us = now_us();
  c->proving = true;
  count_async(&c->site, on_proof, c);
}

static void on_tick(uv_timer_t *tick) {
  struct loop_crew *c = tick->data;

  if (stopping())
    prove(c);
  else
    count_burst(&c->site);
}

void *work_loop(void *arg) {
  struct loop_crew c = {.proof_us = 0};
  tally_options options;
  tally_error e;

  if (uv_loop_init(&c.loop) != 0)
    die("a loop", NULL);
  site_options(&c.site, arg, &options);
  if (tally_connect_on(&c.site.session, &c.loop, &options, NULL, NULL, &e) != 0)
    die("connecting", &e);
  site_tables(&c.site);
  pthread_barrier_wait(&run.opened);
  uv_timer_init(&c.loop, &c.tick);
  c.tick.data = &c;
  uv_timer_start(&c.tick, on_tick, run.tick_ms, run.tick_ms);
  uv_run(&c.loop, UV_RUN_DEFAULT);
  if (uv_loop_close(&c.loop) != 0)
    die("something of the session is left on the loop", NULL);
  return NULL;
}
