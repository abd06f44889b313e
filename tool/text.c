/* tool/text.c - numbers, UTF-8, names that are near.  Knows nothing of
 * counters. */
#include "tool/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* strtoll() alone would take blanks, and nothing at all for 0. */
enum number text_int64(const char *text, int64_t *value) {
  const char *digits = text + (*text == '-' || *text == '+');
  long long n;

  if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0')
    return NUMBER_BAD;
  errno = 0;
  n = strtoll(text, NULL, 10);
  if (errno == ERANGE || n < INT64_MIN || n > INT64_MAX)
    return NUMBER_RANGE;
  *value = n;
  return NUMBER_OK;
}

static size_t sequence_len(unsigned char first) {
  if (first < 0x80)
    return 1;
  if (first < 0xc0) /* the middle of one */
    return 0;
  if (first < 0xe0)
    return 2;
  if (first < 0xf0)
    return 3;
  return first < 0xf8 ? 4 : 0;
}

size_t text_utf8(const char *text, uint32_t *code_point) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  unsigned char c = (unsigned char)text[0];
  size_t len = sequence_len(c);
  uint32_t n;

  if (len == 0)
    return 0;
  n = len == 1 ? c : c & (0x7fu >> len);
  for (size_t i = 1; i < len; i++) {
    c = (unsigned char)text[i]; /* a NUL ends the loop: not 10xxxxxx */
    if ((c & 0xc0) != 0x80)
      return 0;
    n = n << 6 | (c & 0x3f);
  }
  /* Too long a form, surrogates, beyond Unicode. */
  if (n < least[len] || (n >= 0xd800 && n <= 0xdfff) || n > 0x10ffff)
    return 0;
  *code_point = n;
  return len;
}

bool text_is_utf8(const char *text) {
  uint32_t code_point;

  while (*text != '\0') {
    size_t len = text_utf8(text, &code_point);

    if (len == 0)
      return false;
    text += len;
  }
  return true;
}

enum { NAME_MAX_LEN = 63 };

static unsigned least(unsigned a, unsigned b) {
  return a < b ? a : b;
}

/* How many letters were added, left out, mistaken, or swapped with their
 * neighbour. */
static unsigned slips(const char *a, size_t a_len, const char *b,
                      size_t b_len) {
  unsigned char d[NAME_MAX_LEN + 1][NAME_MAX_LEN + 1];

  for (size_t i = 0; i <= a_len; i++) {
    for (size_t j = 0; j <= b_len; j++) {
      unsigned n;

      if (i == 0 || j == 0) {
        d[i][j] = (unsigned char)(i + j);
        continue;
      }
      n = least(d[i - 1][j], d[i][j - 1]) + 1u;
      n = least(n, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u));
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        n = least(n, d[i - 2][j - 2] + 1u);
      d[i][j] = (unsigned char)n;
    }
  }
  return d[a_len][b_len];
}

int text_nearest(const char *text, const char *const *names, size_t count) {
  size_t len = strlen(text), best = NAME_MAX_LEN;
  int nearest = -1;

  if (len == 0 || len > NAME_MAX_LEN)
    return -1;
  for (size_t i = 0; i < count; i++) {
    size_t name_len = strlen(names[i]);
    size_t longer = name_len > len ? name_len : len, distance;

    if (name_len > NAME_MAX_LEN)
      continue;
    /* The start of a name is as good as the name with one slip. */
    distance = len >= 2 && strncmp(names[i], text, len) == 0
                   ? 1
                   : slips(text, len, names[i], name_len);
    if (distance < best && distance * 2 <= longer) {
      best = distance;
      nearest = (int)i;
    }
  }
  return nearest;
}

void text_free(char **copies, size_t count) {
  for (size_t i = 0; i < count; i++) {
    free(copies[i]);
    copies[i] = NULL;
  }
}

bool text_copies(char **to, const char *const *from, size_t count) {
  bool all = true;

  for (size_t i = 0; i < count; i++) {
    to[i] = from[i] == NULL ? NULL : strdup(from[i]);
    all = all && (from[i] == NULL || to[i] != NULL);
  }
  if (!all)
    text_free(to, count);
  return all;
}
