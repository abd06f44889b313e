/* tests/sim/follow.c - the client follows the cluster, once the faults are
 * over. */
#include "tests/sim/model.h"
#include "tests/sim/view.h"
#include "tests/sim/workload.h"

/* Hints can be lost: it looks all the same. */
enum { LOOKS_ANYWAY_SECONDS = 300 };

/* It hears of a change, or loses the connection over which it would have, and
 * finds another; asks again where no answer comes, and reads once a second, or
 * rests for ten after a time that was long.  A host that leaves may stop ten
 * seconds later. */
static uint64_t soon(void) {
  uint64_t ms = 24000 + 2 * (plan.heartbeat + plan.heartbeat_timeout) +
                4 * plan.read_timeout +
                plan.hosts * (plan.connect_timeout + plan.reconnect_max +
                              plan.read_timeout + 1000);

  return ms * MILLISECOND;
}

static bool becomes_true(uint64_t within) {
  uint64_t end = world_now() + within;

  while (!view_is_true() && world_now() < end)
    session_pass(100 * MILLISECOND);
  return view_is_true();
}

static void follow_change(void) {
  uint64_t detail = draw(CHANCE_CLUSTER);

  if (model_change(detail) && !becomes_true(soon()))
    violation("the cluster has changed and told of it, and %llu s later that "
              "is not known",
              (unsigned long long)(soon() / SECOND));
}

/* Never an anchor: one of each data center says what its tables have. */
static void blind_some(void) {
  for (unsigned i = (unsigned)plan.dcs; i < plan.hosts; i++)
    if (draw_once_in(CHANCE_CLUSTER, 4))
      model_blind(i);
}

void workload_follow(void) {
  uint64_t changes = draw_below(CHANCE_CLUSTER, 4);

  if (plan.moving == MOVING_NOT)
    return;
  if (!becomes_true(2 * soon() + LOOKS_ANYWAY_SECONDS * SECOND))
    violation("what is known of the cluster is not so");
  blind_some();
  while (changes-- > 0)
    follow_change();
  if (!draw_once_in(CHANCE_CLUSTER, 4))
    return;
  model_burst(1000, 2);
  session_pass(4 * SECOND);
  if (!becomes_true(soon()))
    violation("after a thousand events a second what is known is not so");
}
