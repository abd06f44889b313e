/* tests/sim/watch.h - reads along on one connection, at the client's end: which
 * operations the system has accepted as a whole, and which answers the client
 * has read as a whole.  Knows frames, and nothing else of the protocol. */
#ifndef SIM_WATCH_H
#define SIM_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More streams than any plan lets a connection use. */
enum { WATCH_STREAMS = 512, WATCH_ENTRIES = 10 };

struct bytes {
  uint8_t *p;
  size_t len;
  size_t cap;
};

struct watch {
  const void *loop; /* the client's loop, and its connection ... */
  const void *conn;
  unsigned host; /* ... and to which host */
  bool lz4;      /* the client has asked for it: bodies may be compressed */
  bool answered; /* something, after the handshake */
  struct bytes up;
  struct bytes down;
  /* Of the increments in flight, several in a batch, and behind them 0. */
  uint32_t numbers[WATCH_STREAMS][WATCH_ENTRIES + 1];
  bool asked[WATCH_STREAMS];
  bool preparing[WATCH_STREAMS];
  unsigned asked_for_login; /* AUTHENTICATEs so far, */
  unsigned ready;           /* and READYs and AUTH_SUCCESSes */
  size_t most; /* bytes that it held for frames that were not complete */
  /* A message on stream 0 was read: had it been cut, the client would have
   * closed; until it reads again, nobody knows. */
  bool doubtful;
  /* The server broke a rule: what it says now counts for nothing. */
  bool broken;
};

void watch_accepted(struct watch *w, const void *bytes, size_t n);
void watch_read(struct watch *w, const void *bytes, size_t n);
void watch_end(struct watch *w);

#endif
