#include "core/heartbeat.h"

#include "core/mark.h"

void heartbeat_ask(struct heartbeat *h, uint64_t now) {
  h->asked = now;
}

bool heartbeat_is_old(const struct heartbeat *h, const struct config *config,
                      uint64_t now) {
  return h->asked == 0 && now - h->heard > config->heartbeat;
}

enum heartbeat_step heartbeat_step(struct heartbeat *h,
                                   const struct config *config, uint64_t now) {
  if (h->asked != 0) {
    if (h->heard > h->asked) {
      MARK(heartbeat_overtaken);
      h->asked = 0; /* it lives, whatever it answers */
    } else if (now >= h->asked + config->heartbeat_timeout) {
      MARK(heartbeat_silent);
      return HEARTBEAT_SILENT;
    }
  }
  return h->asked == 0 && now >= h->heard + config->heartbeat ? HEARTBEAT_ASK
                                                              : HEARTBEAT_WAIT;
}

uint64_t heartbeat_due(const struct heartbeat *h, const struct config *config) {
  return h->asked != 0 ? h->asked + config->heartbeat_timeout
                       : h->heard + config->heartbeat;
}
