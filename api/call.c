/* api/call.c - what one call asks for, and the session does not. */
#include "api/internal.h"

/* Each distinct timeout has a FIFO of operations on every loop
 * (core/deadline.h), so they are few.  Any thread may be the first to ask for
 * one. */
int call_timeout(tally_session *s, uint32_t ms, uint8_t *kind, tally_error *e) {
  uint64_t ns = (uint64_t)ms * 1000000;

  for (int i = 0; i < OTHER_TIMEOUTS; i++) {
    uint64_t is = 0;

    if (atomic_compare_exchange_strong(&s->other_timeouts[i], &is, ns) ||
        is == ns) {
      *kind = (uint8_t)(TIMEOUT_OTHER + i);
      return 0;
    }
  }
  return error_set(e, TALLY_EINVAL,
                   "timeout_ms %u: the calls of a session may have %d "
                   "different timeouts, and this is one more",
                   (unsigned)ms, OTHER_TIMEOUTS);
}

int call_apply(const tally_call *call, tally_session *s, uint16_t *consistency,
               uint8_t *timeout, tally_error *e) {
  if (call == NULL)
    return 0;
  if (call->struct_size != sizeof *call)
    return error_set(e, TALLY_EINVAL, "call: struct_size is not set");
  if (call->consistency != 0 && !consistency_exists(call->consistency))
    return error_set(e, TALLY_EINVAL, "call: there is no consistency level %d",
                     call->consistency);
  if (call->consistency != 0)
    *consistency = (uint16_t)call->consistency;
  return call->timeout_ms == 0 ? 0
                               : call_timeout(s, call->timeout_ms, timeout, e);
}
