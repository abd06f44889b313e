/* tests/unit/execute_rig.h - statements of one's own against a script server,
 * in all modes.  What a server says stands as golden.h has it. */
#ifndef TALLY_TESTS_EXECUTE_RIG_H
#define TALLY_TESTS_EXECUTE_RIG_H

#include <check.h>

#include "tests/support/rig.h"

struct execution {
  struct rig r;
  tally_statement *s;
  struct done done;
  tally_answer *answer;
  uint8_t *scripts[16]; /* bodies that the server was given */
  unsigned script_count;
};

void execution_init(struct execution *x, enum rig_mode mode);
void execution_fini(struct execution *x);
/* A new statement, in place of the one before. */
void execution_begin(struct execution *x, const char *cql);
/* Until it has ended, however it did. */
void execution_run(struct execution *x);
/* ... which must be well. */
void execution_ok(struct execution *x);
/* ... which must be with this code, and these words in its error. */
void execution_fails(struct execution *x, int code, int outcome,
                     const char *words);
/* The next answer at this place is a RESULT with this body. */
void execution_script(struct execution *x, enum script_place place,
                      unsigned flags, const char *body);
/* The next `times` PREPAREs are answered with these markers: "0001 'a'
 * 0009". */
void execution_markers(struct execution *x, unsigned count, const char *markers,
                       unsigned times);
/* The latest request at this place has this body. */
void execution_sent(struct execution *x, enum script_place place,
                    const char *body);

#endif
