/* tool/clock.h - time that goes by. */
#ifndef TOOL_CLOCK_H
#define TOOL_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Monotonic; from some moment on. */
uint64_t clock_ms(void);
/* "2026-11-29T11:44:04.123Z", in UTC. */
void clock_text(char *text, size_t size);

#endif
