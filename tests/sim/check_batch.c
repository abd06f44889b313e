/* tests/sim/check_batch.c - increments that nothing settles: those of counter
 * batches, and of the application's own statements. */
#include "tests/sim/check_private.h"

void check_batch_submit(struct batch_record *b) {
  b->submitting = true;
  for (unsigned i = 0; i < b->count; i++)
    check_submit(b->rows[i]);
}

/* Where nothing goes wrong a batch may still find no room, or a session that is
 * being closed in the turn in which it was to be sent. */
static bool found_none(int cause) {
  return cause == TALLY_EBUSY || (cause == TALLY_ECLOSED && books.closing);
}

static void check_no_fault(const struct record *r, int rc,
                           const tally_error *e) {
  if (!plan.faults && r->outcome != TALLY_APPLIED && !found_none(e->cause))
    violation("operation %u: %s (%s), and nothing was wrong", r->number,
              tally_outcome_name(r->outcome), tally_error_name(rc));
}

/* Timeouts are those of its frame, which nobody tells: what was refused by one
 * host may have been sent to another. */
static void check_heard(const struct record *r) {
  bool in_doubt = r->outcome == TALLY_UNKNOWN &&
                  (r->heard == TALLY_NOT_APPLIED || plan.lz4 != 0 || plan.tls);

  if (r->heard != TALLY_UNKNOWN && r->heard != r->outcome && !books.closing &&
      !in_doubt)
    violation("operation %u: the answer that was read says %s, and "
              "it is told as %s",
              r->number, tally_outcome_name(r->heard),
              tally_outcome_name(r->outcome));
}

static void end_row(struct record *r, int outcome, int rc, uint64_t timeout_ms,
                    const tally_error *e) {
  if (r->session != books.sessions || !books.open)
    violation("operation %u ends in another session", r->number);
  if (++r->completions != 1)
    violation("operation %u ends for the %u. time", r->number, r->completions);
  r->submitting = false;
  r->status = rc;
  r->outcome = outcome;
  r->accepted = outcome != TALLY_NOT_APPLIED || r->frames > 0;
  r->completed = ++books.history;
  books.batched--;
  world_hash(r->number * 4 + (unsigned)outcome);
  TRACE("operation %u: %s", r->number, tally_outcome_name(outcome));
  check_truth(r);
  check_heard(r);
  check_no_fault(r, rc, e);
  check_in_time(r->submitted_at, r->stalled_before, timeout_ms, "operation",
                r->number);
}

/* All were applied, or none, or nobody may send them again. */
static int together(const struct batch_record *b) {
  unsigned seen[3] = {0};

  for (unsigned i = 0; i < b->count; i++)
    seen[b->rows[i]->outcome]++;
  if (seen[TALLY_APPLIED] == b->count)
    return TALLY_APPLIED;
  return seen[TALLY_NOT_APPLIED] == b->count ? TALLY_NOT_APPLIED
                                             : TALLY_UNKNOWN;
}

static void check_all(const struct batch_record *b, int rc,
                      const tally_error *e) {
  int outcome = together(b);

  if ((rc == 0) != (outcome == TALLY_APPLIED) ||
      (rc == TALLY_EUNKNOWN) != (outcome == TALLY_UNKNOWN))
    violation("a batch ends with %s, and is %s", tally_error_name(rc),
              tally_outcome_name(outcome));
  if (rc != 0 &&
      (e->code != rc || e->outcome != outcome || e->message[0] == '\0'))
    violation("the error of a batch contradicts itself: %s", e->message);
}

void check_batch_end(struct batch_record *b, int rc, const tally_error *e) {
  TRACE("batch of %u from operation %u: %s%s%s", b->count, b->rows[0]->number,
        tally_error_name(rc), rc != 0 ? ": " : "", rc != 0 ? e->message : "");
  check_busy(rc);
  for (unsigned i = 0; i < b->count; i++)
    end_row(b->rows[i], tally_batch_outcome(b->batch, i), rc,
            plan.increment_timeout, e);
  check_all(b, rc, e);
}

/* ---- The application's own words ----------------------------------------- */

/* Only what the answer says may be lost when it was applied. */
static bool lost_its_answer(int rc) {
  return plan.faults && (rc == TALLY_ENOMEM || rc == TALLY_EPROTOCOL);
}

void check_executed(struct record *r, int rc, int outcome,
                    const tally_error *e) {
  check_busy(rc);
  if ((rc == TALLY_EUNKNOWN) != (outcome == TALLY_UNKNOWN) ||
      (rc == 0 && outcome != TALLY_APPLIED) ||
      (rc != 0 && outcome == TALLY_APPLIED && !lost_its_answer(rc)))
    violation("operation %u: status %s with outcome %s", r->number,
              tally_error_name(rc), tally_outcome_name(outcome));
  if (rc != 0 &&
      (e->code != rc || e->outcome != outcome || e->message[0] == '\0'))
    violation("operation %u: its error contradicts itself: %s", r->number,
              e->message);
  /* What its markers are is asked first. */
  end_row(r, outcome, rc, plan.increment_timeout + plan.read_timeout, e);
}
