#include "core/failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void failure_init(struct failure *f, int code, enum outcome outcome,
                  const char *what) {
  f->code = code;
  f->outcome = outcome;
  f->server_code = -1;
  f->required = -1;
  f->received = -1;
  f->host[0] = '\0';
  f->what = what;
  f->detail[0] = '\0';
}

void text_one_line(char *text) {
  for (; *text != '\0'; text++)
    if ((unsigned char)*text < 0x20 || *text == 0x7f)
      *text = ' ';
}

void failure_detail(struct failure *f, const char *format, ...) {
  va_list args;
  int n;
  size_t end = sizeof f->detail - 1;

  va_start(args, format);
  n = vsnprintf(f->detail, sizeof f->detail, format, args);
  va_end(args);
  if (n < 0)
    f->detail[0] = '\0';
  text_one_line(f->detail);
  if (n < 0 || (size_t)n <= end)
    return;
  while (end > 0 && ((unsigned char)f->detail[end - 1] & 0xc0) == 0x80)
    end--;
  if (end > 0 && (unsigned char)f->detail[end - 1] >= 0xc0)
    end--;
  f->detail[end] = '\0';
}
