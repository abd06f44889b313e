/* tests/sim/script.h - runs as texts, which replay without a draw for any
 * fault, and are made smaller while they still fail. */
#ifndef SIM_SCRIPT_H
#define SIM_SCRIPT_H

#include <stdio.h>

#include "tests/sim/run.h"

struct script {
  struct plan plan;
  struct injected *faults;
  size_t count;
  int expect; /* enum mark that the run must meet, or -1 */
};

void script_write(FILE *to, const struct plan *p, const struct injected *faults,
                  size_t count);
/* False, and a message, when the file is not one. */
bool script_read(struct script *s, const char *path);

/* shrink.c: find a smaller run that fails, starting from this plan; the script
 * goes to `to`.  False, and a message when there is more to say, when the plan
 * does not fail. */
bool shrink(const struct plan *p, FILE *to);

#endif
