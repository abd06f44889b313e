#include "tool/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

uint64_t clock_ms(void) {
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void clock_text(char *text, size_t size) {
  struct timespec t;
  struct tm utc;
  size_t len;

  clock_gettime(CLOCK_REALTIME, &t);
  if (gmtime_r(&t.tv_sec, &utc) == NULL)
    memset(&utc, 0, sizeof utc);
  len = strftime(text, size, "%Y-%m-%dT%H:%M:%S", &utc);
  snprintf(text + len, size - len, ".%03ldZ", t.tv_nsec / 1000000);
}
