/* api/parse.c - values from text, as cqlsh and CQL's literals have them. */
#include "api/internal.h"

#include "api/calendar.h"
#include "core/net.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A text being read.  Every take_...() moves on only when there is what it
 * takes. */
struct reading {
  const char *at;
};

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool take(struct reading *in, char c) {
  if (*in->at != c)
    return false;
  in->at++;
  return true;
}

static bool at_end(const struct reading *in) {
  return *in->at == '\0';
}

/* From `least` to `most` digits, no more behind them. */
static bool take_digits(struct reading *in, int least, int most, int64_t *n) {
  int count = 0;

  *n = 0;
  while (count < most && is_digit(in->at[count]))
    *n = *n * 10 + (in->at[count++] - '0');
  if (count < least || is_digit(in->at[count]))
    return false;
  in->at += count;
  return true;
}

static bool refuse(char fault[FAULT_TEXT], const char *why) {
  snprintf(fault, FAULT_TEXT, "%s", why);
  return false;
}

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_word(const char *text, const char *word) {
  while (*word != '\0' && lower(*text) == *word) {
    text++;
    word++;
  }
  return *text == '\0' && *word == '\0';
}

/* ---- Integers ----------------------------------------------------------- */

static bool is_integer(const char *text) {
  const char *digits = text + (*text == '-' || *text == '+');

  return *digits != '\0' && digits[strspn(digits, "0123456789")] == '\0';
}

/* False: it is beyond 64 bits. */
static bool to_int64(const char *text, int64_t *out) {
  bool negative = *text == '-';
  uint64_t n = 0, most = (uint64_t)INT64_MAX + negative;

  for (text += *text == '-' || *text == '+'; is_digit(*text); text++) {
    unsigned digit = (unsigned)(*text - '0');

    if (n > (most - digit) / 10)
      return false;
    n = n * 10 + digit;
  }
  *out = negative ? (int64_t)(0 - n) : (int64_t)n;
  return true;
}

struct range {
  int64_t least;
  int64_t most;
};

static struct range range_of(int type) {
  switch (type) {
  case TALLY_TINYINT:
    return (struct range){INT8_MIN, INT8_MAX};
  case TALLY_SMALLINT:
    return (struct range){INT16_MIN, INT16_MAX};
  case TALLY_INT:
    return (struct range){INT32_MIN, INT32_MAX};
  default:
    return (struct range){INT64_MIN, INT64_MAX};
  }
}

static bool parse_integer(struct value *v, const char *text,
                          char fault[FAULT_TEXT]) {
  struct range range = range_of(v->type);

  if (!is_integer(text))
    return refuse(fault, "is not a whole number");
  if (to_int64(text, &v->number) && v->number >= range.least &&
      v->number <= range.most)
    return true;
  snprintf(fault, FAULT_TEXT,
           "is out of range: %s from %" PRId64 " to %" PRId64,
           v->type == TALLY_TYPE_COUNTER ? "a delta goes" : "numbers go",
           range.least, range.most);
  return false;
}

/* Digits of a whole number into its bytes, the highest first, that end at
 * `end`; returns where they begin.  A byte of 0 is in front, for the sign. */
static uint8_t *from_digits(const char *digits, size_t count, uint8_t *end) {
  uint8_t *begin = end - 1;

  *begin = 0;
  while (count > 0) {
    size_t chunk = count % 9 != 0 ? count % 9 : 9;
    uint64_t factor = 1, carry = 0;

    for (size_t i = 0; i < chunk; i++) {
      factor *= 10;
      carry = carry * 10 + (uint64_t)(*digits++ - '0');
    }
    count -= chunk;
    for (uint8_t *p = end - 1; p >= begin || carry > 0; p--) {
      if (p < begin)
        *--begin = 0;
      carry += *p * factor;
      *p = (uint8_t)carry;
      carry >>= 8;
    }
  }
  if (*begin >= 0x80)
    *--begin = 0;
  return begin;
}

static void negate(uint8_t *p, size_t len) {
  unsigned carry = 1;

  for (size_t i = len; i-- > 0;) {
    carry += (uint8_t)~p[i];
    p[i] = (uint8_t)carry;
    carry >>= 8;
  }
}

/* More is no key, and would take its time. */
enum { DIGITS_MAX = 160000 };

/* A byte is more than two digits. */
static bool set_digits(struct value *v, const char *digits, bool negative,
                       uint8_t *room, char fault[FAULT_TEXT]) {
  size_t count = strlen(digits);
  uint8_t *end = room + count + PARSE_SLACK;
  uint8_t *begin;

  if (count > DIGITS_MAX)
    return refuse(fault, "has more digits than a key may have bytes");
  begin = from_digits(digits, count, end);
  v->p = begin;
  v->len = (size_t)(end - begin);
  if (negative)
    negate(begin, v->len);
  return true;
}

static bool parse_varint(struct value *v, const char *text, uint8_t *room,
                         char fault[FAULT_TEXT]) {
  bool sign = *text == '-' || *text == '+';

  if (!is_integer(text))
    return refuse(fault, "is not a whole number");
  v->is_long = !to_int64(text, &v->number);
  return set_digits(v, text + sign, *text == '-', room, fault);
}

/* ---- Other numbers ------------------------------------------------------ */

/* [+-]digits[.digits][e[+-]digits], a digit at least before the e. */
static bool is_real(const char *text) {
  size_t whole, part = 0;

  text += *text == '-' || *text == '+';
  whole = strspn(text, "0123456789");
  text += whole;
  if (*text == '.') {
    part = strspn(++text, "0123456789");
    text += part;
  }
  if (whole + part == 0)
    return false;
  return *text == '\0' || (lower(*text) == 'e' && is_integer(text + 1));
}

/* -7.25E3 is -725 and a scale of -1; the digits go to `room`. */
static bool parse_decimal(struct value *v, const char *text, uint8_t *room,
                          char fault[FAULT_TEXT]) {
  size_t len = strlen(text), count = 0;
  char *digits = (char *)room + len + PARSE_SLACK;
  bool negative = *text == '-';
  int64_t scale = 0, exponent = 0;

  if (!is_real(text))
    return refuse(fault, "is not a decimal number");
  for (bool behind = false; *text != '\0' && lower(*text) != 'e'; text++) {
    if (*text == '.')
      behind = true;
    if (!is_digit(*text))
      continue;
    digits[count++] = *text;
    scale += behind;
  }
  digits[count] = '\0';
  /* Far enough for the digits in front of it, and no overflow. */
  if (*text != '\0' &&
      (!to_int64(text + 1, &exponent) || exponent < 2 * (int64_t)INT32_MIN ||
       exponent > 2 * (int64_t)INT32_MAX))
    return refuse(fault, "has an exponent that is out of range");
  scale -= exponent;
  if (scale < INT32_MIN || scale > INT32_MAX)
    return refuse(fault, "has an exponent that is out of range");
  v->scale = (int32_t)scale;
  return set_digits(v, digits, negative, room, fault);
}

/* Scanning takes the sign that the process's locale has for the dot. */
static double scan_real(const char *text, bool narrow) {
  char dot[16], number[1100];
  const char *at = strchr(text, '.');
  int whole = at == NULL ? (int)strlen(text) : (int)(at - text);

  snprintf(dot, sizeof dot, "%.1f", 0.5);
  dot[strcspn(dot + 1, "5") + 1] = '\0';
  snprintf(number, sizeof number, "%.*s%s%s", whole, text,
           at == NULL ? "" : dot + 1, at == NULL ? "" : at + 1);
  return narrow ? (double)strtof(number, NULL) : strtod(number, NULL);
}

static bool parse_real(struct value *v, const char *text,
                       char fault[FAULT_TEXT]) {
  const char *name = text + (*text == '-' || *text == '+');
  uint64_t infinity = UINT64_C(0x7ff0000000000000);

  if (is_word(text, "nan"))
    return refuse(fault, "equals nothing, and names no row");
  if (is_word(name, "infinity")) {
    memcpy(&v->real, &infinity, sizeof v->real);
    v->real = *text == '-' ? -v->real : v->real;
    return true;
  }
  if (!is_real(text))
    return refuse(fault, "is not a number");
  if (strlen(text) > 1000)
    return refuse(fault, "has too many digits");
  v->real = scan_real(text, v->type == TALLY_FLOAT);
  return v->real - v->real == 0 || refuse(fault, "is out of range");
}

/* ---- Times -------------------------------------------------------------- */

/* [+-]y...-mm-dd, four digits at least. */
static bool take_date(struct reading *in, struct date *d) {
  bool negative = *in->at == '-';
  int64_t month = 0, day = 0;

  if (negative || *in->at == '+')
    in->at++;
  if (!take_digits(in, 4, 7, &d->year) || !take(in, '-') ||
      !take_digits(in, 2, 2, &month) || !take(in, '-') ||
      !take_digits(in, 2, 2, &day))
    return false;
  d->year = negative ? -d->year : d->year;
  d->month = (int)month;
  d->day = (int)day;
  return true;
}

/* hh:mm[:ss[.f...]], to nanoseconds since midnight. */
static bool take_time(struct reading *in, int64_t *ns) {
  int64_t hour, minute, second = 0, fraction = 0;
  const char *dot;

  if (!take_digits(in, 2, 2, &hour) || !take(in, ':') ||
      !take_digits(in, 2, 2, &minute) ||
      (take(in, ':') && !take_digits(in, 2, 2, &second)))
    return false;
  dot = in->at;
  if (take(in, '.')) {
    if (!take_digits(in, 1, 9, &fraction))
      return false;
    for (ptrdiff_t i = in->at - dot - 1; i < 9; i++)
      fraction *= 10;
  }
  *ns = ((hour * 60 + minute) * 60 + second) * 1000000000 + fraction;
  return hour < 24 && minute < 60 && second < 60;
}

/* Z, +hh, +hhmm, +hh:mm; none is Z, wherever the program runs. */
static bool take_zone(struct reading *in, int64_t *minutes) {
  bool west = *in->at == '-';
  int64_t hour, minute = 0;

  *minutes = 0;
  if (at_end(in) || take(in, 'Z') || take(in, 'z'))
    return true;
  if (!take(in, '+') && !take(in, '-'))
    return false;
  if (!take_digits(in, 2, 2, &hour)) {
    if (!take_digits(in, 4, 4, &hour))
      return false;
    minute = hour % 100;
    hour /= 100;
  } else if (take(in, ':') && !take_digits(in, 2, 2, &minute)) {
    return false;
  }
  *minutes = (hour * 60 + minute) * (west ? -1 : 1);
  return hour <= 18 && minute < 60;
}

static bool parse_date(struct value *v, const char *text,
                       char fault[FAULT_TEXT]) {
  struct reading in = {text};
  struct date d;

  /* As CQL has it: the number on the wire, 2^31 for 1970-01-01. */
  if (is_integer(text)) {
    if (!to_int64(text, &v->number) || v->number < 0 || v->number > UINT32_MAX)
      return refuse(fault, "is out of range: numbers of days go from 0 to "
                           "4294967295, 2147483648 being 1970-01-01");
    v->number += INT32_MIN;
    return true;
  }
  if (!take_date(&in, &d) || !at_end(&in))
    return refuse(fault, "is not a date: write yyyy-mm-dd");
  if (!date_exists(&d))
    return refuse(fault, "is not a date that there is");
  v->number = date_days(&d);
  return (v->number >= INT32_MIN && v->number <= INT32_MAX) ||
         refuse(fault, "is out of range: dates go from -5877641-06-23 to "
                       "+5881580-07-11");
}

static bool parse_time(struct value *v, const char *text,
                       char fault[FAULT_TEXT]) {
  struct reading in = {text};

  if (is_integer(text)) {
    if (to_int64(text, &v->number) && value_fault(v) == NULL)
      return true;
    return refuse(fault, "is not within a day, which has 86400000000000 "
                         "nanoseconds");
  }
  return (take_time(&in, &v->number) && at_end(&in)) ||
         refuse(fault, "is not a time of day: write hh:mm:ss[.fffffffff]");
}

/* A blank may also stand before the zone. */
static bool begins_time(struct reading *in) {
  return take(in, 'T') ||
         (is_digit(in->at[0] == ' ' ? in->at[1] : ' ') && take(in, ' '));
}

static bool parse_timestamp(struct value *v, const char *text,
                            char fault[FAULT_TEXT]) {
  struct reading in = {text};
  int64_t ns = 0, minutes;
  struct date d;

  if (is_integer(text))
    return parse_integer(v, text, fault);
  if (!take_date(&in, &d) || (begins_time(&in) && !take_time(&in, &ns)))
    return refuse(fault, "is not a time: write yyyy-mm-dd hh:mm:ss[.fff]"
                         "[+hhmm], or milliseconds since 1970");
  take(&in, ' ');
  if (!take_zone(&in, &minutes) || !at_end(&in))
    return refuse(fault, "has no time zone that is one: write +hhmm or Z");
  if (!date_exists(&d))
    return refuse(fault, "is not a date that there is");
  if (ns % 1000000 != 0)
    return refuse(fault, "is finer than the milliseconds of a timestamp");
  v->number = (date_days(&d) * 1440 - minutes) * 60000 + ns / 1000000;
  return true;
}

/* ---- Bytes -------------------------------------------------------------- */

static int hex_digit(char c) {
  c = lower(c);
  if (is_digit(c))
    return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_byte(struct reading *in, uint8_t *out) {
  int high = hex_digit(in->at[0]);
  int low = high < 0 ? -1 : hex_digit(in->at[1]);

  if (low < 0)
    return false;
  *out = (uint8_t)(high << 4 | low);
  in->at += 2;
  return true;
}

static bool parse_blob(struct value *v, const char *text, uint8_t *room,
                       char fault[FAULT_TEXT]) {
  struct reading in = {text};

  v->p = room;
  if (!take(&in, '0') || (!take(&in, 'x') && !take(&in, 'X')))
    return refuse(fault, "is not a blob: write 0x and pairs of hex digits");
  while (take_byte(&in, &room[v->len]))
    v->len++;
  return at_end(&in) ||
         refuse(fault, "is not a blob: write 0x and pairs of hex digits");
}

static bool parse_uuid(struct value *v, const char *text, uint8_t *room,
                       char fault[FAULT_TEXT]) {
  struct reading in = {text};
  const char *why;

  v->p = room;
  while (v->len < 16) {
    if (v->len == 4 || v->len == 6 || v->len == 8 || v->len == 10)
      if (!take(&in, '-'))
        break;
    if (!take_byte(&in, &room[v->len]))
      break;
    v->len++;
  }
  if (v->len < 16 || !at_end(&in))
    return refuse(fault, "is not a UUID: write "
                         "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
  why = value_fault(v);
  return why == NULL || refuse(fault, why);
}

static bool parse_inet(struct value *v, const char *text, uint8_t *room,
                       char fault[FAULT_TEXT]) {
  struct net_address address;

  if (strchr(text, '%') != NULL || !net_address_parse(&address, text, 0))
    return refuse(fault, "is not an address: write 10.0.0.1 or 2001:db8::1");
  memcpy(room, address.bytes, address.len);
  v->p = room;
  v->len = address.len;
  return true;
}

static bool parse_boolean(struct value *v, const char *text,
                          char fault[FAULT_TEXT]) {
  v->number = is_word(text, "true");
  return v->number != 0 || is_word(text, "false") ||
         refuse(fault, "is neither true nor false");
}

static bool parse_text(struct value *v, const char *text,
                       char fault[FAULT_TEXT]) {
  const char *why;

  v->p = (const uint8_t *)text;
  v->len = strlen(text);
  why = value_fault(v);
  return why == NULL || refuse(fault, why);
}

/* ------------------------------------------------------------------------- */

bool value_parse(struct value *v, int type, const char *text, uint8_t *room,
                 char fault[FAULT_TEXT]) {
  memset(v, 0, sizeof *v);
  v->type = (uint16_t)type;
  switch (type) {
  case TALLY_TEXT:
  case TALLY_ASCII:
    return parse_text(v, text, fault);
  case TALLY_BLOB:
    return parse_blob(v, text, room, fault);
  case TALLY_BOOLEAN:
    return parse_boolean(v, text, fault);
  case TALLY_VARINT:
    return parse_varint(v, text, room, fault);
  case TALLY_DECIMAL:
    return parse_decimal(v, text, room, fault);
  case TALLY_FLOAT:
  case TALLY_DOUBLE:
    return parse_real(v, text, fault);
  case TALLY_UUID:
  case TALLY_TIMEUUID:
    return parse_uuid(v, text, room, fault);
  case TALLY_TIMESTAMP:
    return parse_timestamp(v, text, fault);
  case TALLY_DATE:
    return parse_date(v, text, fault);
  case TALLY_TIME:
    return parse_time(v, text, fault);
  case TALLY_INET:
    return parse_inet(v, text, room, fault);
  default:
    return parse_integer(v, text, fault);
  }
}
