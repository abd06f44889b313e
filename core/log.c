#include "core/log.h"

#include "core/failure.h"

#include <stdarg.h>
#include <stdio.h>

void log_write(const struct log *log, enum log_level level, const char *format,
               ...) {
  char text[1024];
  va_list args;

  if (log->write == NULL || (int)level > log->level)
    return;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  text_one_line(text);
  log->write(log->user, (int)level, text);
}
