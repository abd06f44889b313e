/* tool/text.c - numbers, UTF-8, copies.  Knows nothing of counters. */
#include "tool/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tally.h>

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

bool text_is_type(int type) {
  return type == TALLY_TEXT || type == TALLY_ASCII;
}

char *text_with_nuls(const char *bytes, size_t len) {
  char *text = malloc(2 * len + 1), *to = text;

  if (text == NULL)
    return NULL;
  for (size_t i = 0; i < len; i++) {
    if (bytes[i] != '\0') {
      *to++ = bytes[i];
    } else {
      *to++ = TEXT_NUL[0];
      *to++ = TEXT_NUL[1];
    }
  }
  *to = '\0';
  return text;
}

char *text_folded(const char *name) {
  bool quoted = *name == '"';
  char *folded = strdup(name), *to = folded;

  if (folded == NULL)
    return NULL;
  for (const char *s = name + quoted; *s != '\0'; s++) {
    if (quoted && *s == '"' && *++s != '"')
      break;
    *to++ = quoted || *s < 'A' || *s > 'Z' ? *s : (char)(*s - 'A' + 'a');
  }
  *to = '\0';
  return folded;
}

enum { SHORT_LEN = 4 };

int text_nearest(const char *word, const char *const *names, size_t count) {
  int best = 3, nearest = -1; /* slips, that are too many */

  for (size_t i = 0; i < count; i++) {
    int n = tally_slips(word, names[i]);

    if (n >= 0 && n < best && n <= (strlen(names[i]) > SHORT_LEN ? 2 : 1)) {
      best = n;
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
