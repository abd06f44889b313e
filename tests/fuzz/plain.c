/* tests/fuzz/plain.c - numbers and texts (section 3), and every response but
 * RESULT (sections 4.2 and 9). */
#include "tests/fuzz/plain.h"

#include <string.h>

#include "tests/fuzz/plain_parts.h"

/* ---- Notations ---------------------------------------------------------- */

size_t plain_left(const struct plain *p) {
  return p->end - p->at;
}

void plain_mark(struct plain *p, size_t at, unsigned width, size_t end,
                bool is_length) {
  struct fuzz_field *f;

  if (p->map == NULL || p->map->count == FUZZ_FIELDS)
    return;
  f = &p->map->fields[p->map->count++];
  *f = (struct fuzz_field){at, at + width, end, (uint8_t)width, is_length};
}

struct plain_bytes plain_raw(struct plain *p, size_t n) {
  struct plain_bytes b = {NULL, 0};

  if (n > plain_left(p))
    p->broken = true;
  if (p->broken)
    return b;
  b.p = p->data + p->at;
  b.len = n;
  p->at += n;
  return b;
}

static uint64_t unmarked_number(struct plain *p, unsigned width) {
  struct plain_bytes b = plain_raw(p, width);
  uint64_t n = 0;

  for (size_t i = 0; i < b.len; i++)
    n = n * 256 + b.p[i];
  return n;
}

uint64_t plain_number(struct plain *p, unsigned width) {
  size_t at = p->at;
  uint64_t n = unmarked_number(p, width);

  if (!p->broken)
    plain_mark(p, at, width, at + width, false);
  return n;
}

static int64_t with_sign(uint64_t n, unsigned width) {
  uint64_t sign = UINT64_C(1) << (8 * width - 1);

  return (int64_t)((n ^ sign) - sign);
}

int64_t plain_signed(struct plain *p, unsigned width) {
  return with_sign(plain_number(p, width), width);
}

struct plain_bytes plain_sized(struct plain *p, unsigned width) {
  size_t at = p->at;
  int64_t n = (int64_t)unmarked_number(p, width);
  struct plain_bytes none = {NULL, 0}, b;

  if (width == 4)
    n = with_sign((uint64_t)n, 4);
  if (p->broken || n < 0) {
    if (!p->broken)
      plain_mark(p, at, width, at + width, true);
    return none;
  }
  b = plain_raw(p, (size_t)n);
  plain_mark(p, at, width, p->at, true);
  return b;
}

bool plain_is(struct plain_bytes b, const char *word) {
  return b.len == strlen(word) && b.len > 0 && memcmp(b.p, word, b.len) == 0;
}

void plain_begin(struct plain *p, const uint8_t *data, size_t size,
                 struct story *story, struct fuzz_map *map) {
  *p = (struct plain){data, 0, size, false, story, map};
  plain_forget_types();
}

void plain_tell_sized(struct plain *p, unsigned width) {
  struct plain_bytes b = plain_sized(p, width);

  tell_bytes(p->story, b.p, b.len);
}

/* ---- Messages ----------------------------------------------------------- */

static void tell_strings(struct plain *p) {
  uint64_t count = plain_number(p, 2);

  tell_number(p->story, (int64_t)count);
  for (uint64_t i = 0; i < count && !p->broken; i++)
    plain_tell_sized(p, 2);
}

static void tell_prefix(struct plain *p, uint8_t flags) {
  struct plain_bytes trace = {NULL, 0};

  if (flags & 0x02)
    trace = plain_raw(p, 16);
  tell_bytes(p->story, trace.p, trace.len);
  if (flags & 0x08)
    tell_strings(p);
  if (flags & 0x04) {
    uint64_t count = plain_number(p, 2);

    tell_number(p->story, (int64_t)count);
    for (uint64_t i = 0; i < count && !p->broken; i++) {
      plain_tell_sized(p, 2);
      plain_tell_sized(p, 4);
    }
  }
}

void plain_schema_change(struct plain *p) {
  struct plain_bytes target;
  bool callable, named;

  plain_tell_sized(p, 2);
  target = plain_sized(p, 2);
  tell_bytes(p->story, target.p, target.len);
  callable = plain_is(target, "FUNCTION") || plain_is(target, "AGGREGATE");
  named = callable || plain_is(target, "TABLE") || plain_is(target, "TYPE");
  if (named || plain_is(target, "KEYSPACE"))
    plain_tell_sized(p, 2);
  if (named)
    plain_tell_sized(p, 2);
  if (callable)
    tell_strings(p);
}

static void tell_numbers(struct plain *p, const char *widths) {
  for (; *widths != '\0'; widths++)
    tell_number(p->story, *widths == '4' ? plain_signed(p, 4)
                                         : (int64_t)plain_number(
                                               p, (unsigned)(*widths - '0')));
}

/* What stands behind the text of an error (section 9): widths of numbers, a
 * flag, strings, and a list of them, in this order. */
static const struct tail {
  int64_t code;
  const char *numbers;
  bool flag;
  unsigned strings;
  bool list;
} k_tails[] = {
    {0x1000, "244", false, 0, false}, {0x1100, "244", false, 1, false},
    {0x1200, "244", true, 0, false},  {0x1300, "2444", true, 0, false},
    {0x1400, "", false, 2, true},     {0x1500, "2444", false, 1, false},
    {0x1700, "244", false, 0, false}, {0x2400, "", false, 2, false},
    {0x2500, "", false, 1, false},
};

static void tell_tail(struct plain *p, const struct tail *tail) {
  tell_numbers(p, tail->numbers);
  if (tail->flag)
    tell(p->story, plain_number(p, 1) != 0 ? "yes" : "no");
  for (unsigned i = 0; i < tail->strings; i++)
    plain_tell_sized(p, 2);
  if (tail->list)
    tell_strings(p);
}

static void tell_error(struct plain *p) {
  int64_t code = plain_signed(p, 4);
  size_t at, told;

  tell_number(p->story, code);
  plain_tell_sized(p, 2);
  if (p->broken)
    return;
  at = p->at;
  told = p->story->len;
  for (size_t i = 0; i < sizeof k_tails / sizeof k_tails[0]; i++)
    if (k_tails[i].code == code)
      tell_tail(p, &k_tails[i]);
  /* A cut tail is as good as none. */
  if (p->broken) {
    p->at = at;
    p->story->len = told;
    p->broken = false;
  }
}

static void tell_supported(struct plain *p) {
  uint64_t count = plain_number(p, 2);

  tell_number(p->story, (int64_t)count);
  for (uint64_t i = 0; i < count && !p->broken; i++) {
    plain_tell_sized(p, 2);
    tell_strings(p);
  }
}

static void tell_event(struct plain *p) {
  struct plain_bytes name = plain_sized(p, 2), address;
  uint64_t len;

  tell_bytes(p->story, name.p, name.len);
  if (plain_is(name, "SCHEMA_CHANGE"))
    plain_schema_change(p);
  if (!plain_is(name, "TOPOLOGY_CHANGE") && !plain_is(name, "STATUS_CHANGE"))
    return;
  plain_tell_sized(p, 2);
  len = plain_number(p, 1);
  if (len != 4 && len != 16)
    p->broken = true;
  address = plain_raw(p, (size_t)len);
  tell_bytes(p->story, address.p, address.len);
  tell_number(p->story, plain_signed(p, 4));
}

static void tell_message(struct plain *p, uint8_t opcode) {
  switch (opcode) {
  case 0x00:
    tell_error(p);
    break;
  case 0x03:
    plain_tell_sized(p, 2);
    break;
  case 0x06:
    tell_supported(p);
    break;
  case 0x08:
    plain_result(p);
    break;
  case 0x0c:
    tell_event(p);
    break;
  case 0x0e:
  case 0x10:
    plain_tell_sized(p, 4);
    break;
  default:
    break;
  }
}

void plain_response(struct plain *p, uint8_t flags, uint8_t opcode) {
  tell_prefix(p, flags);
  if (!p->broken)
    tell_message(p, opcode);
  if (!p->broken) {
    tell_number(p->story, (int64_t)plain_left(p));
    return;
  }
  story_begin(p->story);
  tell(p->story, "broken");
}
