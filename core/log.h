/* core/log.h - where a session's messages go; nowhere unless told. */
#ifndef LOG_H
#define LOG_H

enum log_level { LOG_ERROR = 1, LOG_WARNING, LOG_INFO, LOG_DEBUG };

struct log {
  void (*write)(void *user, int level, const char *text);
  void *user;
  int level;
};

void log_write(const struct log *log, enum log_level level, const char *format,
               ...) __attribute__((format(printf, 3, 4)));

#endif
