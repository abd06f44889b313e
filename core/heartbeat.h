/* core/heartbeat.h - whether a peer that says nothing still lives: the clock of
 * one connection, as pure functions. */
#ifndef HEARTBEAT_H
#define HEARTBEAT_H

#include "core/context.h"

/* Times are of net_clock(). */
struct heartbeat {
  /* A whole frame came: bytes alone do not show that the peer lives, for a
   * frame may never end. */
  uint64_t heard;
  uint64_t asked; /* an OPTIONS without an answer so far; 0: none */
};

enum heartbeat_step {
  HEARTBEAT_WAIT,   /* until heartbeat_due() */
  HEARTBEAT_ASK,    /* send an OPTIONS, and say heartbeat_ask() */
  HEARTBEAT_SILENT, /* it was asked, and does not live */
};

void heartbeat_ask(struct heartbeat *h, uint64_t now);
/* Whether there was silence for so long that it is to be asked before a
 * request goes there. */
bool heartbeat_is_old(const struct heartbeat *h, const struct config *config,
                      uint64_t now);
enum heartbeat_step heartbeat_step(struct heartbeat *h,
                                   const struct config *config, uint64_t now);
/* When the next step is to be asked for. */
uint64_t heartbeat_due(const struct heartbeat *h, const struct config *config);

#endif
