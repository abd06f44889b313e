#include "tests/sim/run.h"

#include "core/compress.h"
#include "core/mark.h"
#include "tests/sim/check.h"
#include "tests/sim/model.h"
#include "tests/sim/view.h"
#include "tests/sim/workload.h"

struct plan plan;

/* ---- Marks and assertions of the library --------------------------------- */

uint64_t tally_marks[MARK_COUNT];

const char *mark_name(enum mark mark) {
  static const char *const names[] = {
#define MARK_NAME(name, what) #name,
      MARK_MAP(MARK_NAME)
#undef MARK_NAME
  };

  return names[mark];
}

void tally_ensure_failed(const char *what, const char *file, int line) {
  violation("%s:%d: does not hold: %s", file, line, what);
}

/* ---- The plan ----------------------------------------------------------- */

static void draw_limits(void) {
  plan.connect_timeout = draw_scale(CHANCE_PLAN, 200, 4000);
  plan.increment_timeout = draw_scale(CHANCE_PLAN, 50, 8000);
  plan.read_timeout = draw_scale(CHANCE_PLAN, 50, 4000);
  plan.schema_timeout = draw_scale(CHANCE_PLAN, 500, 10000);
  plan.close_timeout = draw_scale(CHANCE_PLAN, 1, 6000);
  plan.heartbeat = draw_scale(CHANCE_PLAN, 100, 10000);
  plan.heartbeat_timeout = draw_scale(CHANCE_PLAN, 100, 5000);
  plan.reconnect_min = draw_scale(CHANCE_PLAN, 1, 100);
  plan.reconnect_max = draw_scale(CHANCE_PLAN, 100, 10000);
  plan.max_in_flight = draw_scale(CHANCE_PLAN, 8, 512);
  plan.connection_max_in_flight = draw_scale(CHANCE_PLAN, 1, 256);
  plan.max_abandoned = draw_scale(CHANCE_PLAN, 1, 64);
  /* The row of a peer has 400 bytes at most. */
  plan.max_frame = draw_scale(CHANCE_PLAN, 4096, 1 << 20);
  plan.window = draw_scale(CHANCE_PLAN, 256, 1 << 17);
}

/* Generous enough for everything to be applied. */
static void without_faults(void) {
  plan.setup_faults = false;
  plan.close_in_callback = false;
  plan.increment_timeout += 5000;
  plan.read_timeout += 5000;
  plan.schema_timeout += 5000;
  plan.connect_timeout += 1000;
  plan.close_timeout += 5000;
  plan.heartbeat_timeout += 1000;
  plan.max_frame += 1 << 16;
  plan.window += 1 << 16;
  if (plan.connection_max_in_flight < 4)
    plan.connection_max_in_flight = 4;
}

static void draw_cluster(void) {
  plan.old = draw_once_in(CHANCE_PLAN, 8);
  plan.dcs = draw_once_in(CHANCE_PLAN, 6) ? 2 : 1;
  plan.racks = draw_between(CHANCE_PLAN, 1, 3);
  plan.tokens = draw_scale(CHANCE_PLAN, 1, MODEL_TOKENS);
  plan.replicas = draw_between(CHANCE_PLAN, 1, 3);
  plan.network = draw_once_in(CHANCE_PLAN, 2);
  plan.local_dc = draw_below(CHANCE_PLAN, 2);
  plan.local_rack =
      draw_once_in(CHANCE_PLAN, 3) ? draw_between(CHANCE_PLAN, 1, 3) : 0;
  plan.remote = draw_once_in(CHANCE_PLAN, 3);
  plan.pool =
      draw_once_in(CHANCE_PLAN, 4) ? draw_between(CHANCE_PLAN, 2, 3) : 1;
}

/* The cluster changes meanwhile: half of the runs with several hosts. */
static void draw_moving(void) {
  plan.moving = plan.spare = plan.contacts = plan.partitioner = 0;
  plan.heal_all = plan.gossip = 0;
  if (plan.hosts == 1 || !plan.faults)
    return;
  plan.partitioner = draw_once_in(CHANCE_CLUSTER, 16);
  if (draw_once_in(CHANCE_CLUSTER, 2))
    return;
  plan.moving = draw_once_in(CHANCE_CLUSTER, 3) ? MOVING_ALONE : MOVING;
  plan.spare = draw_below(CHANCE_CLUSTER, plan.hosts - plan.dcs + 1);
  plan.contacts = draw_between(CHANCE_CLUSTER, plan.dcs, plan.hosts);
  plan.heal_all = draw_once_in(CHANCE_CLUSTER, 2);
  plan.gossip =
      draw_once_in(CHANCE_CLUSTER, 4) ? draw_below(CHANCE_CLUSTER, 3000) : 0;
  if (plan.dcs == 2 && plan.local_dc == 1)
    plan.local_dc = draw_between(CHANCE_CLUSTER, 1, 2);
}

static void draw_shards(void) {
  plan.shards = plan.scylla ? draw_between(CHANCE_CLUSTER, 0, 4) : 0;
  plan.skewed = plan.shards > 1 && draw_once_in(CHANCE_CLUSTER, 3);
}

/* A fifth of the runs, with more of the keys that it pays for. */
static void draw_lz4(void) {
  plan.lz4 = 0;
  if (!compress_is_built() || !draw_once_in(CHANCE_CLUSTER, 5))
    return;
  plan.lz4 = draw_once_in(CHANCE_CLUSTER, 6)
                 ? 2
                 : 1 + 2 * draw_below(CHANCE_CLUSTER, 2);
  if (plan.long_keys > 64)
    plan.long_keys = 64;
}

void plan_from_seed(uint64_t seed) {
  uint64_t share;

  world_begin(seed);
  plan.seed = seed;
  plan.mode = draw_below(CHANCE_PLAN, SIM_MODES);
  plan.io_threads = draw_between(CHANCE_PLAN, 1, 3);
  plan.app_threads = draw_between(CHANCE_PLAN, 1, 3);
  plan.hosts = draw_once_in(CHANCE_PLAN, 2)
                   ? 1
                   : draw_between(CHANCE_PLAN, 1, MODEL_HOSTS);
  plan.scylla = draw_once_in(CHANCE_PLAN, 6);
  draw_cluster();
  plan.names = draw_below(CHANCE_PLAN, 8);
  if (plan.names > 2)
    plan.names = 0;
  plan.operations = draw_between(CHANCE_PLAN, 50, 350);
  plan.faults = !draw_once_in(CHANCE_PLAN, 8);
  plan.setup_faults = draw_once_in(CHANCE_PLAN, 4);
  plan.think_us = draw_scale(CHANCE_PLAN, 10, 5000);
  plan.delay_us = draw_scale(CHANCE_PLAN, 50, 5000);
  plan.pause_ms = draw_scale(CHANCE_PLAN, 1, 1000);
  plan.hot_keys = draw_between(CHANCE_PLAN, 1, 8);
  plan.long_keys = draw_scale(CHANCE_PLAN, 16, 1024);
  draw_limits();
  plan.user_timeout = draw_once_in(CHANCE_PLAN, 2);
  plan.close_in_callback = draw_once_in(CHANCE_PLAN, 4);
  plan.reopen =
      draw_once_in(CHANCE_PLAN, 2) ? 0 : draw_scale(CHANCE_PLAN, 20, 400);
  /* Every contact point's share of the time, and every address's, is enough for
   * a look-up and five answers, also for an inline application that turns
   * every 10 ms: a shorter one reaches nobody, rightly. */
  share = 120 + 12 * (plan.think_us + plan.delay_us) / 1000;
  share *= plan.hosts * (plan.names == 2 ? 3 : 1);
  if (plan.connect_timeout < share)
    plan.connect_timeout = share;
  if (!plan.faults)
    without_faults();
  draw_moving();
  draw_shards();
  plan.login = draw_once_in(CHANCE_CLUSTER, 4);
  plan.tls = draw_once_in(CHANCE_CLUSTER, 4);
  draw_lz4();
}

/* ---- A run -------------------------------------------------------------- */

void run_begin(void) {
  struct model_plan model = {
      .hosts = (unsigned)plan.hosts,
      .scylla = plan.scylla != 0,
      .shards = (unsigned)plan.shards,
      .old = plan.old != 0,
      .dcs = (unsigned)plan.dcs,
      .racks = (unsigned)plan.racks,
      .tokens = (unsigned)plan.tokens,
      .spare = (unsigned)plan.spare,
      .anchors = (unsigned)plan.dcs,
      .names = plan.names != 0,
      .gossip = plan.gossip * MILLISECOND,
      .other_partitioner = plan.partitioner != 0,
      .login = plan.login != 0,
      .no_lz4 = plan.lz4 == 2,
      .patience = plan.increment_timeout * MILLISECOND,
      .think_min = 5000,
      .think_max = 5000 + plan.think_us * 1000,
  };

  world_begin(plan.seed);
  fault_begin();
  threads_begin();
  heap_begin();
  net_sim_begin();
  view_begin();
  wires_begin();
  model_begin(&model);
  check_begin();
  workload_begin();
}

/* Any host of that data center; MODEL_HOSTS: it has none. */
static unsigned draw_host_of(unsigned dc) {
  unsigned hosts[MODEL_HOSTS], count = 0;

  for (unsigned i = 0; i < plan.hosts; i++)
    if (model_dc(i) == dc && model_is_member(i))
      hosts[count++] = i;
  return count == 0 ? MODEL_HOSTS : hosts[draw_below(CHANCE_PLAN, count)];
}

/* One host of each data center (for which is the local one, the session may
 * have learned) is well from now on; all others are gone for good.  One that
 * lives and answers nothing but heartbeats is not among them: it keeps its
 * share of the requests, as it must. */
static void heal(void) {
  static const enum host_state bad[] = {HOST_DOWN, HOST_MUTE, HOST_RESETTING};
  unsigned well[2] = {draw_host_of(0), draw_host_of(1)};

  fault_allow(false);
  model_settle();
  /* Those that every client finds: the first ones, of which one is in each data
   * center, stay contact points. */
  if (plan.moving != MOVING_NOT) {
    well[0] = 0;
    well[1] = plan.dcs > 1 ? 1 : 0;
  }
  for (unsigned i = 0; i < plan.hosts; i++) {
    enum host_state ill = bad[draw_below(CHANCE_PLAN, 3)];
    bool is_well =
        i == well[0] || i == well[1] || !plan.faults || plan.heal_all;

    if (!model_is_member(i))
      continue;

    model_set_host(i, is_well ? HOST_UP : ill);
    TRACE("host %u is %d from now on", i, (int)model_host(i));
  }
}

/* What is still under way comes to its end. */
static void drain(void) {
  while (world_step())
    continue;
  if (model_to_come() != 0)
    violation("the model owes applications");
}

uint64_t run_end(struct tally_of_runs *sum) {
  workload_liveness();
  workload_close();
  sum->virtual_ns += world_now() - SECOND;
  drain();
  check_end(sum);
  model_end();
  wires_end();
  fault_sum(sum);
  sum->runs++;
  return world_digest();
}

uint64_t run_plan(struct tally_of_runs *sum) {
  run_begin();
  workload_safety();
  heal();
  return run_end(sum);
}
