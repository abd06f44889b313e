/* api/print.c - values as text, in the way of cqlsh, and so that api/parse.c
 * reads the same value again. */
#include "api/internal.h"

#include "api/calendar.h"
#include "core/net.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 86400000 };

/* ---- Numbers ------------------------------------------------------------ */

/* A process with a locale may have set another sign than a dot: any run of
 * bytes that has no other place in a number. */
static void write_dot(char *text) {
  size_t at = 0, end;

  while (text[at] != '\0' && strchr("0123456789+-e", text[at]) != NULL)
    at++;
  if (text[at] == '\0')
    return;
  end = at + strcspn(text + at, "0123456789");
  text[at] = '.';
  memmove(text + at + 1, text + end, strlen(text + end) + 1);
}

/* As few digits as tell it from its neighbours, and none more than every
 * number can have. */
static void print_real(struct text *out, double real, bool narrow) {
  char text[40];
  double back = 0;

  if (real != real) {
    text_add(out, "NaN");
    return;
  }
  if (real - real != 0) {
    text_add(out, real > 0 ? "Infinity" : "-Infinity");
    return;
  }
  for (int digits = narrow ? 6 : 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, real);
    back = narrow ? (double)strtof(text, NULL) : strtod(text, NULL);
    if (back == real)
      break;
  }
  write_dot(text);
  text_add(out, text);
}

/* Divides the number (the highest byte first) by a milliard. */
static uint32_t divide(uint8_t *bytes, size_t len) {
  uint64_t rest = 0;

  for (size_t i = 0; i < len; i++) {
    rest = rest << 8 | bytes[i];
    bytes[i] = (uint8_t)(rest / 1000000000);
    rest %= 1000000000;
  }
  return (uint32_t)rest;
}

/* The number without its sign, as decimal digits that end at `end`; returns
 * where they begin.  bytes are used up. */
static char *write_digits(uint8_t *bytes, size_t len, char *end) {
  char *at = end;

  do {
    uint32_t nine;

    while (len > 0 && bytes[0] == 0) {
      bytes++;
      len--;
    }
    nine = divide(bytes, len);
    for (int i = 0; i < 9; i++, nine /= 10)
      *--at = (char)('0' + nine % 10);
  } while (len > 0 && (len > 1 || bytes[0] != 0));
  while (at < end - 1 && *at == '0')
    at++;
  return at;
}

/* The digits of a number of any length, on the heap; NULL: no memory. */
static char *digits_of(const struct net_heap *heap, const uint8_t *p,
                       size_t len, bool *negative) {
  size_t room = len * 5 / 2 + 20; /* a byte is 2.41 digits */
  char *text = net_alloc(heap, room + 1 + len);
  uint8_t *bytes = text == NULL ? NULL : (uint8_t *)text + room + 1;
  unsigned carry = 1;
  char *begin;

  if (text == NULL)
    return NULL;
  *negative = len > 0 && p[0] >= 0x80;
  for (size_t i = len; i-- > 0;) {
    unsigned byte = *negative ? (uint8_t)~p[i] + carry : p[i];

    carry = *negative ? byte >> 8 : 0;
    bytes[i] = (uint8_t)byte;
  }
  begin = write_digits(bytes, len, text + room);
  memmove(text, begin, (size_t)(text + room - begin));
  text[text + room - begin] = '\0';
  return text;
}

static void print_varint(struct text *out, const struct value *v) {
  bool negative;
  char *digits;

  if (v->p == NULL) {
    text_addf(out, "%" PRId64, v->number);
    return;
  }
  digits = digits_of(out->heap, v->p, v->len, &negative);
  if (digits == NULL) {
    text_fail(out);
    return;
  }
  text_add(out, negative ? "-" : "");
  text_add(out, digits);
  net_free(out->heap, digits);
}

/* As java.math.BigDecimal writes it, which is as Python's Decimal does: plain
 * unless a power of ten is shorter. */
static void print_decimal_digits(struct text *out, const char *digits,
                                 int64_t scale) {
  int64_t count = (int64_t)strlen(digits);
  int64_t exponent = count - 1 - scale;

  if (scale >= 0 && exponent >= -6) {
    if (scale >= count) {
      text_add(out, "0.");
      for (int64_t i = count; i < scale; i++)
        text_add(out, "0");
      text_add(out, digits);
      return;
    }
    text_bytes(out, digits, (size_t)(count - scale));
    if (scale > 0) {
      text_add(out, ".");
      text_add(out, digits + (count - scale));
    }
    return;
  }
  text_bytes(out, digits, 1);
  if (count > 1) {
    text_add(out, ".");
    text_add(out, digits + 1);
  }
  text_addf(out, "E%+" PRId64, exponent);
}

static void print_decimal(struct text *out, const struct value *v) {
  bool negative;
  char *digits = digits_of(out->heap, v->p, v->len, &negative);

  if (digits == NULL) {
    text_fail(out);
    return;
  }
  text_add(out, negative ? "-" : "");
  print_decimal_digits(out, digits, v->scale);
  net_free(out->heap, digits);
}

/* ---- Times -------------------------------------------------------------- */

/* Years of other than four digits have their sign, as in ISO 8601. */
static void print_date(struct text *out, int64_t days) {
  struct date d;

  date_of_days(&d, days);
  if (d.year >= 0 && d.year <= 9999)
    text_addf(out, "%04" PRId64, d.year);
  else
    text_addf(out, "%+05" PRId64, d.year);
  text_addf(out, "-%02d-%02d", d.month, d.day);
}

/* What has no year of four digits is the number itself. */
static void print_timestamp(struct text *out, int64_t ms) {
  int of_day = (int)(ms % DAY_MS);
  int64_t days = ms / DAY_MS - (of_day < 0);
  struct date d;

  of_day += of_day < 0 ? DAY_MS : 0;
  date_of_days(&d, days);
  if (d.year < 0 || d.year > 9999) {
    text_addf(out, "%" PRId64, ms);
    return;
  }
  print_date(out, days);
  text_addf(out, " %02d:%02d:%02d.%03d000+0000", of_day / 3600000,
            of_day / 60000 % 60, of_day / 1000 % 60, of_day % 1000);
}

static void print_time(struct text *out, int64_t ns) {
  int seconds = (int)(ns / 1000000000);

  text_addf(out, "%02d:%02d:%02d.%09d", seconds / 3600, seconds / 60 % 60,
            seconds % 60, (int)(ns % 1000000000));
}

/* ---- Bytes -------------------------------------------------------------- */

static void print_hex(struct text *out, const uint8_t *p, size_t len) {
  static const char hex[] = "0123456789abcdef";

  for (size_t i = 0; i < len; i++) {
    char two[2] = {hex[p[i] >> 4], hex[p[i] & 15]};

    text_bytes(out, two, sizeof two);
  }
}

static void print_uuid(struct text *out, const uint8_t *p) {
  static const size_t groups[] = {4, 2, 2, 2, 6};

  for (size_t i = 0; i < 5; i++) {
    text_add(out, i == 0 ? "" : "-");
    print_hex(out, p, groups[i]);
    p += groups[i];
  }
}

static void print_inet(struct text *out, const struct value *v) {
  struct net_address address = {.len = (uint8_t)v->len};
  char text[NET_ADDRESS_TEXT];
  size_t begin, len;

  if (value_fault(v) != NULL) /* the caller's own, of any length */
    return;
  memcpy(address.bytes, v->p, v->len);
  net_address_text(&address, text);
  /* The port goes, and the brackets in front of it. */
  begin = text[0] == '[';
  len = strcspn(text + begin, begin == 1 ? "]" : ":");
  text_bytes(out, text + begin, len);
}

/* A NUL as cqlsh has it: it would end a C string. */
static void print_text(struct text *out, const char *p, size_t len) {
  while (len > 0) {
    const char *nul = memchr(p, 0, len);
    size_t n = nul == NULL ? len : (size_t)(nul - p);

    text_bytes(out, p, n);
    if (nul == NULL)
      return;
    text_add(out, "\\x00");
    p = nul + 1;
    len -= n + 1;
  }
}

/* ------------------------------------------------------------------------- */

void value_print(const struct value *v, struct text *out) {
  switch (v->type) {
  case TALLY_TEXT:
  case TALLY_ASCII:
    print_text(out, (const char *)v->p, v->len);
    break;
  case TALLY_BLOB:
    text_add(out, "0x");
    print_hex(out, v->p, v->len);
    break;
  case TALLY_BOOLEAN:
    text_add(out, v->number != 0 ? "True" : "False");
    break;
  case TALLY_VARINT:
    print_varint(out, v);
    break;
  case TALLY_DECIMAL:
    print_decimal(out, v);
    break;
  case TALLY_FLOAT:
  case TALLY_DOUBLE:
    print_real(out, v->real, v->type == TALLY_FLOAT);
    break;
  case TALLY_UUID:
  case TALLY_TIMEUUID:
    print_uuid(out, v->p);
    break;
  case TALLY_TIMESTAMP:
    print_timestamp(out, v->number);
    break;
  case TALLY_DATE:
    print_date(out, v->number);
    break;
  case TALLY_TIME:
    print_time(out, v->number);
    break;
  case TALLY_INET:
    print_inet(out, v);
    break;
  default:
    text_addf(out, "%" PRId64, v->number);
  }
}
