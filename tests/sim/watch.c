#include "tests/sim/watch.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/check.h"
#include "tests/sim/view.h"
#include "tests/support/lz4_block.h"

enum {
  HEADER = 9,
  ERROR = 0x00,
  STARTUP = 0x01,
  READY = 0x02,
  AUTHENTICATE = 0x03,
  SUPPORTED = 0x06,
  RESULT = 0x08,
  PREPARE = 0x09,
  EXECUTE = 0x0a,
  EVENT = 0x0c,
  BATCH = 0x0d,
  AUTH_SUCCESS = 0x10
};

static uint32_t int_at(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
         p[3];
}

static bool has(const uint8_t *p, size_t n, const char *text) {
  size_t len = strlen(text);

  for (; n >= len; p++, n--)
    if (memcmp(p, text, len) == 0)
      return true;
  return false;
}

static uint32_t short_at(const uint8_t *p) {
  return (uint32_t)p[0] << 8 | p[1];
}

static void add(struct bytes *b, const void *bytes, size_t n) {
  while (b->len + n > b->cap) {
    b->cap = b->cap == 0 ? 512 : b->cap * 2;
    b->p = realloc(b->p, b->cap);
  }
  memcpy(b->p + b->len, bytes, n);
  b->len += n;
}

static void drop(struct bytes *b, size_t n) {
  b->len -= n;
  memmove(b->p, b->p + n, b->len);
}

/* The length of the first frame, or 0 when it is not there as a whole. */
static size_t whole(const struct bytes *b, size_t at) {
  size_t len;

  if (b->len - at < HEADER)
    return 0;
  len = HEADER + (size_t)int_at(b->p + at + 5);
  return b->len - at < len ? 0 : len;
}

/* A frame as it is without compression, and its length; *memory is to be freed.
 * NULL: it cannot be read. */
static const uint8_t *plain(const struct watch *w, const uint8_t *f,
                            size_t *len, uint8_t **memory) {
  size_t n;

  *memory = NULL;
  if ((f[1] & 1) == 0)
    return f;
  if (!w->lz4 || *len < HEADER + 4 || int_at(f + HEADER) > INT32_MAX)
    return NULL;
  n = int_at(f + HEADER);
  if (n > plan.max_frame && f[0] == 0x84)
    return NULL;
  *memory = malloc(HEADER + n + 1);
  memcpy(*memory, f, HEADER);
  (*memory)[1] &= 0xfe;
  /* Of nothing there need be no block. */
  if ((n > 0 || *len > HEADER + 4) &&
      !lz4_block_decode(f + HEADER + 4, *len - HEADER - 4, *memory + HEADER, n))
    return NULL;
  *len = HEADER + n;
  return *memory;
}

/* The number in the first delta that is not 0 (tests/sim/model.h); 0 when it
 * is no increment: a key of 8 letters makes a number that no operation has.
 * *values becomes what is behind them. */
static uint32_t number_in(const uint8_t **values) {
  const uint8_t *p = *values;
  uint32_t number = 0, count = short_at(p);

  p += 2;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t len = int_at(p);
    int64_t delta = 0;

    p += 4;
    if (len > INT32_MAX)
      continue; /* not set */
    if (len == 8)
      delta = (int64_t)((uint64_t)int_at(p) << 32 | int_at(p + 4));
    if (delta != 0 && number == 0) {
      uint64_t size = (uint64_t)(delta < 0 ? -delta : delta) >> LEDGER_SHIFT;

      number = size <= OPERATIONS_MAX ? (uint32_t)size : OPERATIONS_MAX + 1;
    }
    p += len;
  }
  *values = p;
  return number <= OPERATIONS_MAX ? number : 0;
}

static void numbers_of_execute(const uint8_t *f, uint32_t *numbers) {
  const uint8_t *p = f + HEADER + 2 + short_at(f + HEADER) + 2;

  if ((*p++ & 1) != 0)
    numbers[0] = number_in(&p);
}

static void numbers_of_batch(const uint8_t *f, uint32_t *numbers) {
  const uint8_t *p = f + HEADER + 3;
  uint32_t count = short_at(f + HEADER + 1);

  for (uint32_t i = 0; i < count && i < WATCH_ENTRIES; i++) {
    p += 1 + 4 + int_at(p + 1); /* kind and text */
    numbers[i] = number_in(&p);
  }
}

static void take_request(struct watch *w, const uint8_t *f, size_t len) {
  uint32_t stream = short_at(f + 2), *numbers;

  if (f[4] == STARTUP)
    w->lz4 = has(f + HEADER, len - HEADER, "COMPRESSION");
  if (stream >= WATCH_STREAMS)
    return;
  numbers = w->numbers[stream];
  memset(numbers, 0, sizeof w->numbers[stream]);
  w->asked[stream] = true;
  w->preparing[stream] = f[4] == PREPARE;
  if (f[4] == EXECUTE) {
    numbers_of_execute(f, numbers);
    view_executes(w->loop, w->conn, w->host, stream, numbers[0], f + HEADER + 2,
                  short_at(f + HEADER));
  } else if (f[4] == BATCH) {
    numbers_of_batch(f, numbers);
  }
  for (; *numbers != 0; numbers++)
    check_frame_accepted(*numbers);
}

void watch_accepted(struct watch *w, const void *bytes, size_t n) {
  size_t at = 0, len;

  add(&w->up, bytes, n);
  while ((len = whole(&w->up, at)) > 0) {
    size_t plain_len = len;
    uint8_t *memory;
    const uint8_t *f = plain(w, w->up.p + at, &plain_len, &memory);

    if (f == NULL)
      violation("a request that is compressed badly");
    take_request(w, f, plain_len);
    free(memory);
    at += len;
  }
  drop(&w->up, at);
}

/* Tracing id, warnings and payload in front of the message: how many bytes. */
static size_t decor_of(const uint8_t *f, size_t len) {
  size_t at = HEADER;
  uint32_t n;

  if (f[1] & 2)
    at += 16;
  if (f[1] & 8 && at + 2 <= len) {
    n = short_at(f + at);
    for (at += 2; n > 0 && at + 2 <= len; n--)
      at += 2 + short_at(f + at);
  }
  if (f[1] & 4 && at + 2 <= len) {
    n = short_at(f + at);
    for (at += 2; n > 0 && at + 2 <= len; n--) {
      at += 2 + short_at(f + at);
      if (at + 4 > len)
        break;
      at += 4 + (int_at(f + at) <= INT32_MAX ? int_at(f + at) : 0);
    }
  }
  return at < len ? at - HEADER : len - HEADER;
}

/* What an answer without ifs and buts says: RESULT Void, or an error that comes
 * before anything is done and has no tail. */
static int said_by(const uint8_t *f, size_t len) {
  const uint8_t *body = f + HEADER;
  uint32_t code;

  if (f[1] != 0 || len < HEADER + 4)
    return TALLY_UNKNOWN;
  code = int_at(body);
  if (f[4] == RESULT)
    return code == 1 ? TALLY_APPLIED : TALLY_UNKNOWN;
  if (f[4] != ERROR || len < HEADER + 6 ||
      len < HEADER + 6 + short_at(body + 4))
    return TALLY_UNKNOWN;
  return code == 0x2000 || code == 0x2100 || code == 0x2200 || code == 0x1002
             ? TALLY_NOT_APPLIED
             : TALLY_UNKNOWN;
}

/* RESULT Prepared: an id, after whatever stands in front of it. */
static void take_prepared(const struct watch *w, const uint8_t *f, size_t len) {
  const uint8_t *body = f + HEADER + decor_of(f, len);
  size_t left = len - (size_t)(body - f);

  if (f[4] == RESULT && left >= 6 && int_at(body) == 4 &&
      left >= 6 + short_at(body + 4))
    view_prepared(w->loop, w->host, body + 6, short_at(body + 4));
}

/* False when it is no answer to anything. */
static bool take_plain(struct watch *w, const uint8_t *f, size_t len) {
  uint32_t stream = short_at(f + 2);

  if (stream > INT16_MAX)
    return stream == UINT16_MAX && f[4] == EVENT;
  if (stream == 0) {
    w->doubtful = true;
    return f[4] == SUPPORTED ||
           (f[4] == AUTHENTICATE && !w->asked_for_login++) ||
           ((f[4] == READY || f[4] == AUTH_SUCCESS) && !w->ready++);
  }
  if (stream >= WATCH_STREAMS || !w->asked[stream])
    return false;
  w->asked[stream] = false;
  view_answered(w->loop, w->host, !w->answered);
  w->answered = true;
  if (w->preparing[stream])
    take_prepared(w, f, len);
  for (uint32_t *n = w->numbers[stream]; *n != 0 && !w->doubtful; n++)
    check_answer_read(*n, said_by(f, len));
  return true;
}

static bool take_answer(struct watch *w, const uint8_t *frame, size_t len) {
  uint8_t *memory;
  const uint8_t *f = plain(w, frame, &len, &memory);
  bool good = f != NULL && take_plain(w, f, len);

  free(memory);
  return good;
}

void watch_read(struct watch *w, const void *bytes, size_t n) {
  size_t at = 0, len;

  if (w->broken)
    return;
  w->doubtful = false;
  add(&w->down, bytes, n);
  if (w->down.len > w->most)
    w->most = w->down.len;
  while (!w->broken && w->down.len - at >= HEADER) {
    const uint8_t *f = w->down.p + at;

    if (f[0] != 0x84 || int_at(f + 5) > plan.max_frame) {
      w->broken = true;
      break;
    }
    len = whole(&w->down, at);
    if (len == 0)
      break;
    w->broken = !take_answer(w, f, len);
    at += len;
  }
  drop(&w->down, at);
}

void watch_end(struct watch *w) {
  free(w->up.p);
  free(w->down.p);
}
