/* core/backoff.h - pauses between attempts: each longer than the one before,
 * and with full jitter, so that many clients do not come back together. */
#ifndef BACKOFF_H
#define BACKOFF_H

#include "core/context.h"
#include "core/mark.h"

/* How long to wait now.  *longest, at first config.reconnect_min, is the most
 * that it may be, and doubles up to config.reconnect_max. */
static inline uint64_t backoff_next(uint64_t *longest,
                                    const struct config *config) {
  uint64_t wait = net_random() % (*longest + 1);

  *longest *= 2;
  if (*longest > config->reconnect_max) {
    MARK(pause_longest);
    *longest = config->reconnect_max;
  }
  return wait;
}

#endif
