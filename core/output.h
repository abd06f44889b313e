/* core/output.h - bytes on their way out of one connection, with an exact
 * account of how many the system took. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include "core/channel.h"

enum {
  /* One big write makes client and server take turns; in steps of this size
   * they work side by side (1.4 to 1.9 times the rate). */
  OUTPUT_STEP = 32 * 1024,
  OUTPUT_CAPACITY = 64 * 1024,
};

struct output {
  uint8_t *buf;
  size_t cap;
  size_t head; /* first byte not accepted yet */
  size_t tail;
  uint64_t queued;   /* all bytes ever appended ... */
  uint64_t accepted; /* ... and those that the system took */
  bool secret;       /* a password is among them: wiped when all have gone */
};

int output_init(struct output *o, const struct net_heap *heap);
void output_fini(struct output *o, const struct net_heap *heap);
size_t output_pending(const struct output *o);
/* Where n bytes may be written, or NULL when there is no room now.  A frame
 * larger than the buffer gets a larger one once the output is empty; NULL for
 * it then means that there is no memory. */
uint8_t *output_room(struct output *o, const struct net_heap *heap, size_t n);
void output_commit(struct output *o, size_t n);
/* Hand bytes to the system: 0 (perhaps not all went), or a negative errno. */
int output_flush(struct output *o, struct channel *channel);

#endif
