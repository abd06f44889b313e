#include "tests/unit/execute_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/golden.h"

void execution_init(struct execution *x, enum rig_mode mode) {
  memset(x, 0, sizeof *x);
  rig_init(&x->r, mode);
}

void execution_fini(struct execution *x) {
  tally_statement_free(x->s);
  tally_answer_free(x->answer);
  rig_fini(&x->r);
  for (unsigned i = 0; i < x->script_count; i++)
    free(x->scripts[i]);
}

void execution_begin(struct execution *x, const char *cql) {
  tally_statement_free(x->s);
  ck_assert_int_eq(tally_statement_new(&x->s, x->r.session, cql, &x->r.error),
                   0);
}

static void on_answer(void *user, const tally_result *result,
                      tally_answer *answer) {
  struct execution *x = user;

  x->answer = answer;
  done_record(&x->done, result);
}

/* Blocking where it may, so that both ways are gone. */
static void run_blocking(struct execution *x) {
  memset(&x->done, 0, sizeof x->done);
  x->done.status = tally_execute(&x->answer, x->s, &x->done.error);
  x->done.outcome = x->done.error.outcome;
}

static bool has_ended(void *arg) {
  const struct execution *x = arg;

  return atomic_load(&x->done.calls) > 0;
}

void execution_run(struct execution *x) {
  tally_error error;
  int rc;

  tally_answer_free(x->answer);
  x->answer = NULL;
  if (x->r.mode == RIG_INLINE) {
    run_blocking(x);
    return;
  }
  memset(&x->done, 0, sizeof x->done);
  rc = tally_execute_async(x->s, on_answer, x, &error);
  if (rc == 0)
    ck_assert(rig_until(&x->r, has_ended, x));
  else
    done_record(&x->done, &(tally_result){.status = rc,
                                          .outcome = error.outcome,
                                          .error = &error});
}

void execution_ok(struct execution *x) {
  execution_run(x);
  ck_assert_msg(x->done.status == 0, "%s: %s", x->done.error.message,
                x->done.error.detail);
  ck_assert_ptr_nonnull(x->answer);
}

void execution_fails(struct execution *x, int code, int outcome,
                     const char *words) {
  const tally_error *e = &x->done.error;

  execution_run(x);
  ck_assert_msg(x->done.status == code, "%s, not %s: %s",
                tally_error_name(x->done.status), tally_error_name(code),
                e->message);
  ck_assert_ptr_null(x->answer);
  ck_assert_int_eq(e->code, code);
  ck_assert_int_eq(e->outcome, outcome);
  ck_assert_int_eq(x->done.outcome, outcome);
  ck_assert_msg(strstr(e->message, words) != NULL ||
                    strstr(e->detail, words) != NULL,
                "no \"%s\" in: %s; %s", words, e->message, e->detail);
}

static void script(struct execution *x, enum script_place place, unsigned flags,
                   const char *body, unsigned times) {
  struct golden_bytes b = golden_parse(body);
  struct script_step step = {.kind = SCRIPT_FRAME,
                             .opcode = 0x08,
                             .flags = (uint8_t)flags,
                             .bytes = b.p,
                             .len = b.len};

  ck_assert_uint_lt(x->script_count, 16);
  x->scripts[x->script_count++] = b.p;
  script_next(x->r.server, place, &step, times);
}

void execution_script(struct execution *x, enum script_place place,
                      unsigned flags, const char *body) {
  script(x, place, flags, body, 1);
}

void execution_markers(struct execution *x, unsigned count, const char *markers,
                       unsigned times) {
  char body[4096];

  snprintf(body, sizeof body,
           "00000004 0008 'given-id' 00000001 %08x 00000001 0000 0002 'ks' "
           "0001 't' %s 00000004 00000000",
           count, markers);
  script(x, AT_PREPARE, 0, body, times);
}

void execution_sent(struct execution *x, enum script_place place,
                    const char *body) {
  struct golden_bytes want = golden_parse(body);
  uint8_t got[4096];
  size_t len = script_last(x->r.server, place, got, sizeof got);

  ck_assert_uint_eq(len, want.len);
  for (size_t i = 0; i < len; i++)
    ck_assert_msg(got[i] == want.p[i], "byte %zu is %02x, not %02x", i, got[i],
                  want.p[i]);
  free(want.p);
}
