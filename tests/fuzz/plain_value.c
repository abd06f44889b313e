/* tests/fuzz/plain_value.c - values (section 6). */
#include "tests/fuzz/plain_parts.h"

#include <string.h>

/* ---- Scalars ------------------------------------------------------------ */

static void tell_integer(struct plain *p, unsigned width) {
  if (plain_left(p) != width)
    tell(p->story, "size");
  else
    tell_number(p->story, plain_signed(p, width));
}

static void tell_date(struct plain *p) {
  if (plain_left(p) != 4)
    tell(p->story, "size");
  else
    tell_number(p->story, (int64_t)plain_number(p, 4) - 2147483648);
}

static void tell_time(struct plain *p) {
  int64_t n;

  if (plain_left(p) != 8) {
    tell(p->story, "size");
    return;
  }
  n = plain_signed(p, 8);
  if (n < 0 || n / 1000000000 >= 24 * 60 * 60)
    tell(p->story, "range");
  else
    tell_number(p->story, n);
}

static void tell_all(struct plain *p) {
  struct plain_bytes b = plain_raw(p, plain_left(p));

  tell_bytes(p->story, b.p, b.len);
}

static void tell_uuid(struct plain *p, bool timed) {
  if (plain_left(p) != 16)
    tell(p->story, "size");
  else if (timed && p->data[p->at + 6] / 16 != 1)
    tell(p->story, "range");
  else
    tell_all(p);
}

static void tell_ascii(struct plain *p) {
  bool good = true;

  for (size_t i = p->at; i < p->end; i++)
    good = good && p->data[i] < 128;
  if (good)
    tell_all(p);
  else
    tell(p->story, "range");
}

/* The code point is put together first, and judged then. */
static bool is_utf8(const uint8_t *b, size_t n) {
  static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};

  for (size_t i = 0; i < n;) {
    size_t more = b[i] < 0x80             ? 0
                  : (b[i] & 0xe0) == 0xc0 ? 1
                  : (b[i] & 0xf0) == 0xe0 ? 2
                  : (b[i] & 0xf8) == 0xf0 ? 3
                                          : n;
    uint32_t point;

    if (more >= n - i)
      return false;
    point = more == 0 ? b[i] : b[i] & (0x3fu >> more);
    for (size_t k = 1; k <= more; k++) {
      if ((b[i + k] & 0xc0) != 0x80)
        return false;
      point = point << 6 | (b[i + k] & 0x3f);
    }
    if (point < least[more] || point > 0x10ffff ||
        (point >= 0xd800 && point <= 0xdfff))
      return false;
    i += more + 1;
  }
  return true;
}

static void tell_text(struct plain *p) {
  if (is_utf8(p->data + p->at, plain_left(p)))
    tell_all(p);
  else
    tell(p->story, "range");
}

static void tell_varint(struct plain *p) {
  size_t n = plain_left(p);
  const uint8_t *b = p->data + p->at;
  uint64_t value = 0;
  uint8_t fill;

  if (n == 0) {
    tell(p->story, "size");
    return;
  }
  fill = b[0] >= 0x80 ? 0xff : 0;
  for (size_t i = 0; i < n; i++) {
    /* All above the lowest 64 bits only repeats the sign, and so does the
     * highest of these. */
    bool above = i + 8 < n;

    if ((above && b[i] != fill) || (i + 8 == n && (b[i] ^ fill) >= 0x80)) {
      tell(p->story, "range");
      return;
    }
    if (i == 0 && fill != 0)
      value = UINT64_MAX;
    value = value << 8 | b[i];
  }
  tell_number(p->story, (int64_t)value);
}

static void tell_decimal(struct plain *p) {
  if (plain_left(p) < 5) {
    tell(p->story, "size");
    return;
  }
  tell_number(p->story, plain_signed(p, 4));
  tell_all(p);
}

static uint64_t vint(struct plain *p) {
  uint8_t first = (uint8_t)plain_number(p, 1);
  unsigned more = 0;
  uint64_t n;

  for (uint8_t bit = 0x80; bit != 0 && (first & bit) != 0; bit >>= 1)
    more++;
  n = more < 8 ? first & ((1u << (8 - more)) - 1) : 0;
  for (unsigned i = 0; i < more && !p->broken; i++)
    n = n << 8 | plain_number(p, 1);
  return n;
}

static int64_t unzigzag(uint64_t n) {
  return n % 2 == 0 ? (int64_t)(n / 2) : -(int64_t)(n / 2) - 1;
}

static void tell_duration(struct plain *p) {
  int64_t months = unzigzag(vint(p));
  int64_t days = unzigzag(vint(p));
  int64_t ns = unzigzag(vint(p));
  bool up = months > 0 || days > 0 || ns > 0;
  bool down = months < 0 || days < 0 || ns < 0;

  if (p->broken || plain_left(p) > 0) {
    tell(p->story, "size");
  } else if (months != (int32_t)months || days != (int32_t)days ||
             (up && down)) {
    tell(p->story, "range");
  } else {
    tell_number(p->story, months);
    tell_number(p->story, days);
    tell_number(p->story, ns);
  }
}

/* ---- What has parts ----------------------------------------------------- */

/* An element that is the next n bytes. */
static void tell_part(struct plain *p, const struct plain_type *type,
                      struct plain_bytes b) {
  struct plain part = *p;

  if (b.p == NULL) {
    tell(p->story, "null");
    return;
  }
  part.at = p->at - b.len;
  part.end = p->at;
  plain_value(&part, type);
}

static void tell_sized_part(struct plain *p, const struct plain_type *type) {
  struct plain_bytes b = plain_sized(p, 4);

  if (!p->broken)
    tell_part(p, type, b);
}

static void tell_collection(struct plain *p, const struct plain_type *type) {
  int64_t per = type->id == 0x21 ? 2 : 1, count = plain_signed(p, 4);

  if (p->broken || count < 0 || count > (int64_t)plain_left(p) / 4 / per) {
    tell(p->story, "size");
    return;
  }
  for (int64_t i = 0; i < count && !p->broken; i++) {
    tell_sized_part(p, type->parts);
    if (per == 2 && !p->broken)
      tell_sized_part(p, type->parts->next);
  }
  tell(p->story, p->broken ? "short" : "end");
}

static void tell_tuple(struct plain *p, const struct plain_type *type) {
  const struct plain_type *t = type->parts;

  for (; t != NULL && plain_left(p) > 0 && !p->broken; t = t->next)
    tell_sized_part(p, t);
  tell(p->story, p->broken ? "short" : "end");
}

/* Bytes of each value of the type, 0 when they differ. */
static uint64_t constant_size(const struct plain_type *type) {
  uint64_t n;

  switch (type->id) {
  case 0x04:
    return 1;
  case 0x08:
  case 0x09:
    return 4;
  case 0x02:
  case 0x07:
  case 0x0b:
    return 8;
  case 0x0c:
  case 0x0f:
    return 16;
  default:
    break;
  }
  if (type->dimension == 0)
    return 0;
  n = constant_size(type->parts) * type->dimension;
  return n < UINT32_MAX ? n : UINT32_MAX;
}

static void tell_vector(struct plain *p, const struct plain_type *type) {
  uint64_t each = constant_size(type->parts), left = plain_left(p);

  if (each > 0 ? each * type->dimension != left : type->dimension > left) {
    tell(p->story, "size");
    return;
  }
  for (uint32_t i = 0; i < type->dimension && !p->broken; i++) {
    uint64_t n = each > 0 ? each : vint(p);
    struct plain_bytes b = {NULL, 0};

    if (n > plain_left(p))
      p->broken = true;
    b = plain_raw(p, (size_t)n);
    if (!p->broken)
      tell_part(p, type->parts, b);
  }
  tell(p->story, p->broken ? "short" : "end");
}

void plain_value(struct plain *p, const struct plain_type *type) {
  static const uint8_t widths[] = {
      [0x02] = 8, [0x05] = 8, [0x07] = 8, [0x08] = 4,
      [0x09] = 4, [0x0b] = 8, [0x13] = 2, [0x14] = 1};

  switch (type->id) {
  case 0x01:
    tell_ascii(p);
    break;
  case 0x04:
    if (plain_left(p) != 1)
      tell(p->story, "size");
    else
      tell(p->story, plain_number(p, 1) != 0 ? "yes" : "no");
    break;
  case 0x06:
    tell_decimal(p);
    break;
  case 0x0c:
  case 0x0f:
    tell_uuid(p, type->id == 0x0f);
    break;
  case 0x0d:
    tell_text(p);
    break;
  case 0x0e:
    tell_varint(p);
    break;
  case 0x10:
    if (plain_left(p) != 4 && plain_left(p) != 16)
      tell(p->story, "size");
    else
      tell_all(p);
    break;
  case 0x11:
    tell_date(p);
    break;
  case 0x12:
    tell_time(p);
    break;
  case 0x15:
    tell_duration(p);
    break;
  case 0x20:
  case 0x21:
  case 0x22:
    tell_collection(p, type);
    break;
  case 0x30:
  case 0x31:
    tell_tuple(p, type);
    break;
  default:
    if (type->id < (int)sizeof widths && widths[type->id] > 0)
      tell_integer(p, widths[type->id]);
    else if (type->dimension > 0)
      tell_vector(p, type);
    else
      tell_all(p);
    break;
  }
}
