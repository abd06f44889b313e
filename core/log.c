#include "core/log.h"

#include "core/failure.h"

#include <stdarg.h>
#include <stdio.h>

void log_write(const struct log *log, enum log_level level, const char *format,
               ...) {
  char raw[2048], text[1024];
  va_list args;

  if (log->write == NULL || (int)level > log->level)
    return;
  va_start(args, format);
  vsnprintf(raw, sizeof raw, format, args);
  va_end(args);
  text_copy(text, sizeof text, raw);
  log->write(log->user, (int)level, text);
}
