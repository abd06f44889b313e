/* api/metrics.c - what the loops have counted, added up. */
#include "api/internal.h"

#include <string.h>

static void add(tally_counters *to, const struct metrics *m) {
#define ADD(name)                                                              \
  to->name += atomic_load_explicit(&m->name, memory_order_relaxed)
  ADD(to_replica);
  ADD(to_other);
  ADD(unrouted);
  ADD(remote);
  ADD(retries);
  ADD(connects);
  ADD(disconnects);
  ADD(prepares);
  ADD(reprepares);
#undef ADD
}

int tally_metrics(const tally_session *session, tally_counters *counters,
                  tally_error *error) {
  size_t size = counters->struct_size;
  tally_counters all = {0};

  /* The caller's size, never ours: it may be older than this library, or
   * newer. */
  if (size < offsetof(tally_counters, to_other) || size > 4096)
    return error_set(error, TALLY_EINVAL, "counters: struct_size is not set");
  for (uint32_t i = 0; i < session->loop_count; i++)
    add(&all, &session->loops[i].context.metrics);
  memset(counters, 0, size);
  memcpy(counters, &all, size < sizeof all ? size : sizeof all);
  counters->struct_size = size;
  return 0;
}
