/* tests/unit/main.c - runs every suite, or the one that CK_RUN_SUITE names. */
#include "tests/unit/suites.h"

#include <stdio.h>

int main(void) {
  SRunner *runner = srunner_create(NULL);
  int failed, run;

#define ADD(name) srunner_add_suite(runner, name##_suite());
  TALLY_SUITES(ADD)
#undef ADD
  srunner_run_all(runner, CK_ENV);
  failed = srunner_ntests_failed(runner);
  run = srunner_ntests_run(runner);
  srunner_free(runner);
  /* A name that no suite has would pass without a single check. */
  if (run == 0)
    fprintf(stderr, "no test was run\n");
  return failed == 0 && run > 0 ? 0 : 1;
}
