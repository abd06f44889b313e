/* tests/sim/executes.c - the application counts in words of its own. */
#include "tests/sim/workload.h"

static const char update[] =
    "UPDATE ks.page_hits SET views = views + ?, unique_visitors = "
    "unique_visitors + ? WHERE url = ?";

static int bind_delta(tally_statement *s, int64_t delta, tally_error *e) {
  return delta == 0 ? tally_bind_unset(s, e) : tally_bind_int64(s, delta, e);
}

/* NULL: no memory. */
static tally_statement *statement_for(const struct record *r) {
  char key[KEY_BYTES];
  tally_statement *s;
  tally_error e;
  int rc = tally_statement_new(&s, sim_session, update, &e);

  if (rc == 0)
    rc = bind_delta(s, r->deltas[0], &e);
  if (rc == 0)
    rc = bind_delta(s, r->deltas[1], &e);
  if (rc == 0)
    rc = tally_bind_text(s, key_text(&r->key, key), &e);
  if (rc == 0)
    return s;
  if (rc != TALLY_ENOMEM || !plan.faults)
    violation("operation %u: %s", r->number, e.message);
  tally_statement_free(s);
  return NULL;
}

static void on_executed(void *user, const tally_result *result,
                        tally_answer *answer) {
  struct record *r = user;

  if (r->submitting && plan.mode != SIM_THREADS)
    violation("operation %u ends inside the call that submits it", r->number);
  tally_answer_free(answer);
  check_executed(r, result->status, result->outcome, result->error);
}

void execute(bool blocking) {
  struct record *r = workload_draw();
  tally_statement *s;
  tally_error e;
  int rc;

  if (r == NULL)
    return;
  r->table = TABLE_PAGE_HITS;
  r->decrement = false;
  r->batched = true;
  s = statement_for(r);
  if (s == NULL) {
    r->outcome = TALLY_NOT_APPLIED;
    return;
  }
  check_submit(r);
  rc = blocking ? tally_execute(NULL, s, &e)
                : tally_execute_async(s, on_executed, r, &e);
  tally_statement_free(s);
  if (blocking || rc != 0)
    check_executed(r, rc, rc == 0 ? TALLY_APPLIED : e.outcome, &e);
  else if (plan.mode != SIM_THREADS)
    r->submitting = false;
}
