/* tests/sim/model_id.c - ids of prepared statements: each host makes its own,
 * and knows which of them it has told. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/model_private.h"

static struct {
  struct issued *slots; /* open addressing, never more than half full */
  unsigned cap;         /* a power of 2 */
  unsigned count;
} ids;

enum { IDS_MIN = 128 };

void id_begin(void) {
  if (ids.cap == 0) {
    ids.cap = IDS_MIN;
    ids.slots = calloc(ids.cap, sizeof *ids.slots);
  } else if (ids.count > 0) {
    memset(ids.slots, 0, sizeof *ids.slots * ids.cap);
  }
  ids.count = 0;
}

void id_end(void) {
  free(ids.slots);
  memset(&ids, 0, sizeof ids);
}

static struct issued *slot_of(const uint64_t id[2]) {
  unsigned i = (unsigned)(id[0] >> 13 ^ id[1]) & (ids.cap - 1);

  while (ids.slots[i].statement != NULL &&
         (ids.slots[i].id[0] != id[0] || ids.slots[i].id[1] != id[1]))
    i = (i + 1) & (ids.cap - 1);
  return &ids.slots[i];
}

const struct issued *id_find(struct slice id) {
  uint64_t key[2];
  const struct issued *found;

  if (id.len != ID_LEN)
    return NULL;
  key[0] = load64(id.p);
  key[1] = load64(id.p + 8);
  found = slot_of(key);
  return found->statement == NULL ? NULL : found;
}

static void grow(void) {
  struct issued *old = ids.slots;
  unsigned cap = ids.cap;

  ids.cap *= 2;
  ids.slots = calloc(ids.cap, sizeof *ids.slots);
  for (unsigned i = 0; i < cap; i++)
    if (old[i].statement != NULL)
      *slot_of(old[i].id) = old[i];
  free(old);
}

/* Every byte has its high bit set: read at a wrong place, as what follows a
 * cut or shifted frame, an id is neither a code, nor a length, nor text. */
static uint64_t half_id(const struct statement *s, unsigned host,
                        unsigned half) {
  uint64_t words[2] = {s->hash, (uint64_t)s->at[host].variation << 8 |
                                    (uint64_t)host << 1 | half};
  uint64_t h = words[0];

  h ^= (words[1] + 1) * UINT64_C(0x9e3779b97f4a7c15);
  h ^= h >> 30;
  h *= UINT64_C(0xbf58476d1ce4e5b9);
  h ^= h >> 27;
  h *= UINT64_C(0x94d049bb133111eb);
  h ^= h >> 31;
  return h | UINT64_C(0x8080808080808080);
}

void id_issue(unsigned host, struct statement *s, bool odd,
              uint8_t id[ID_LEN]) {
  uint64_t key[2] = {half_id(s, host, 0), half_id(s, host, 1)};
  struct issued *slot = slot_of(key);

  for (unsigned i = 0; i < ID_LEN; i++)
    id[i] = (uint8_t)(key[i / 8] >> (56 - i % 8 * 8));
  if (slot->statement == NULL) {
    *slot = (struct issued){{key[0], key[1]}, s, host, odd};
    if (++ids.count * 2 > ids.cap)
      grow();
  }
}
