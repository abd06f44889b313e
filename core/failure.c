#include "core/failure.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void failure_init(struct failure *f, int code, enum outcome outcome,
                  const char *what) {
  f->code = code;
  f->outcome = outcome;
  f->server_code = -1;
  f->required = -1;
  f->received = -1;
  f->operation = 0;
  f->host[0] = '\0';
  f->what = what;
  f->detail[0] = '\0';
}

static bool is_continuation(char c) {
  return ((unsigned char)c & 0xc0) == 0x80;
}

/* U+0080 to U+009F, controls too, start with this byte. */
static bool is_c1(const char *s) {
  return (unsigned char)s[0] == 0xc2 && is_continuation(s[1]) &&
         (unsigned char)s[1] < 0xa0;
}

void text_copy(char *to, size_t size, const char *from) {
  size_t len = strlen(from);

  if (len >= size) {
    len = size - 1;
    while (len > 0 && is_continuation(from[len]))
      len--;
  }
  memcpy(to, from, len);
  to[len] = '\0';
  for (char *s = to; *s != '\0'; s++) {
    if ((unsigned char)*s < 0x20 || *s == 0x7f)
      *s = ' ';
    else if (is_c1(s))
      s[0] = s[1] = ' ';
  }
}

void failure_detail(struct failure *f, const char *format, ...) {
  char text[1024];
  va_list args;

  va_start(args, format);
  if (vsnprintf(text, sizeof text, format, args) < 0)
    text[0] = '\0';
  va_end(args);
  text_copy(f->detail, sizeof f->detail, text);
}

void failure_list(char *list, size_t size, const char *host, const char *what,
                  const char *detail) {
  static const char more[] = "; ...";
  size_t len = strlen(list), tail = sizeof more - 1;
  char text[1024];
  int n = snprintf(text, sizeof text, "%s%s%s%s%s%s", len > 0 ? "; " : "", host,
                   host[0] != '\0' ? ": " : "", what,
                   detail[0] != '\0' ? ": " : "", detail);

  if (len >= tail && strcmp(list + len - tail, more) == 0)
    return;
  /* The first one is cut where it must be, the others whole or not there. */
  if (len > 0 && len + (size_t)n + tail >= size)
    memcpy(text, more, sizeof more);
  text_copy(list + len, size - len, text);
}
