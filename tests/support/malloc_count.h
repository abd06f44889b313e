/* tests/support/malloc_count.h - counts what the program's own objects (the
 * library's among them) ask of malloc, calloc and realloc.  The linker leads
 * the calls here (-Wl,--wrap). */
#ifndef TALLY_TESTS_MALLOC_COUNT_H
#define TALLY_TESTS_MALLOC_COUNT_H

#include <stdint.h>

/* Calls so far, of all threads but those that asked to be left out. */
uint64_t malloc_count(void);
void malloc_count_leave_out(void);

#endif
