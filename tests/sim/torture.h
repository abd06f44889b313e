/* tests/sim/torture.h - every allocation and every call of the seam fails in
 * turn, once and from then on; and the session is closed at every event. */
#ifndef SIM_TORTURE_H
#define SIM_TORTURE_H

#include <stdint.h>

/* Run the scenario of that name; or all (NULL) and the closing, `jobs` at once,
 * each in a process of its own.  Of pairs of allocations one in `every`, from
 * number `from` on.  The process's exit status. */
int torture(const char *name, unsigned jobs, uint64_t every, uint64_t from);

#endif
