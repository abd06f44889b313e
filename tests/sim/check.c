#include "tests/sim/check_private.h"

#include <string.h>

struct books books;

const char *const table_names[TABLE_COUNT] = {"ks.page_hits", "ks.daily"};

const char *key_text(const struct key *k, char *room) {
  size_t n = strlen(k->text);

  memcpy(room, k->text, n);
  memset(room + n, 'x', k->more);
  /* LZ4 cannot make every one smaller. */
  if (plan.lz4 != 0 && k->more % 2 == 1)
    for (uint32_t i = 0, z = 1; i < k->more; i++, z = z * 1103515245 + 12345)
      room[n + i] = (char)('0' + (z >> 16) % 75);
  room[n + k->more] = '\0';
  return room;
}

bool same_key(const struct key *a, const struct key *b) {
  return a->more == b->more && strcmp(a->text, b->text) == 0;
}

void check_begin(void) {
  memset(books.records, 0, sizeof books.records[0] * books.count);
  books.count = books.read_count = 0;
  books.history = books.pending = books.batched = books.pages = 0;
  books.sessions = 0;
  books.early_count = 0;
  books.open = books.closing = false;
}

void check_session_opened(void) {
  books.early_count = 0; /* ids are a session's own */
  books.pages = 0;
  books.sessions++;
  books.open = true;
  books.closing = false;
}

void check_session_closing(void) {
  books.closing = true;
}

void check_session_closed(void) {
  books.open = false;
  for (unsigned i = 0; i < books.count; i++)
    if (books.records[i].accepted && books.records[i].completions == 0)
      violation("operation %u: its session is closed, and it never ended",
                books.records[i].number);
  if (check_pending() != 0)
    violation("%llu operations never ended, and the session is closed",
              (unsigned long long)check_pending());
}

struct record *check_new_record(void) {
  struct record *r;

  if (books.count == OPERATIONS_MAX)
    return NULL;
  r = &books.records[books.count++];
  memset(r, 0, sizeof *r);
  r->number = books.count;
  return r;
}

struct read_record *check_new_read(void) {
  struct read_record *r;

  if (books.read_count == READS_MAX)
    return NULL;
  r = &books.reads[books.read_count++];
  memset(r, 0, sizeof *r);
  return r;
}

uint64_t check_pending(void) {
  return books.pending + books.batched;
}

const struct record *check_record(uint32_t number) {
  return &books.records[number - 1];
}

unsigned check_record_count(void) {
  return books.count;
}

/* ---- Time --------------------------------------------------------------- */

void check_in_time(uint64_t at, uint64_t stalled_before, uint64_t timeout_ms,
                   const char *what, uint32_t number) {
  uint64_t took = world_now() - at;
  uint64_t stalled = stalled_time() - stalled_before;
  uint64_t limit = (timeout_ms + 5) * MILLISECOND + stalled;

  if (books.closing)
    limit += plan.close_timeout * MILLISECOND;
  if (took > limit)
    violation("%s %u took %llu us, its timeout is %llu ms", what, number,
              (unsigned long long)(took / 1000),
              (unsigned long long)timeout_ms);
}

/* ---- Increments --------------------------------------------------------- */

void check_submit(struct record *r) {
  r->submitting = true;
  r->submitted = ++books.history;
  r->submitted_at = world_now();
  r->stalled_before = stalled_time();
  r->session = books.sessions;
  if (r->batched)
    books.batched++;
  else
    books.pending++;
}

/* What an error says must agree with itself. */
static void check_error(uint32_t number, int status, int outcome,
                        const tally_error *e) {
  bool unknown = outcome == TALLY_UNKNOWN;

  if ((status == 0) != (outcome == TALLY_APPLIED) ||
      (status == TALLY_EUNKNOWN) != unknown)
    violation("operation %u: status %s with outcome %s", number,
              tally_error_name(status), tally_outcome_name(outcome));
  if (status == 0)
    return;
  if (e == NULL || e->code != status || e->outcome != outcome ||
      e->message[0] == '\0' || (e->operation != 0) != unknown ||
      (e->cause == TALLY_EUNKNOWN) || (!unknown && e->cause != status))
    violation("operation %u: its error contradicts itself: %s", number,
              e == NULL ? "there is none" : e->message);
}

void check_truth(const struct record *r) {
  struct ledger_entry l = model_ledger(r->number);

  switch (r->outcome) {
  case TALLY_APPLIED:
    if (l.applied != 1 || l.to_come != 0)
      violation("operation %u is APPLIED: applied %u times, %u to come",
                r->number, l.applied, l.to_come);
    return;
  case TALLY_NOT_APPLIED:
    if (l.applied != 0 || l.to_come != 0)
      violation("operation %u is NOT_APPLIED: applied %u times, %u to come "
                "(status %s)",
                r->number, l.applied, l.to_come, tally_error_name(r->status));
    return;
  default:
    if (l.applied + l.to_come > 1)
      violation("operation %u is UNKNOWN: applied %u times, %u to come",
                r->number, l.applied, l.to_come);
  }
}

/* ---- What was really sent and read --------------------------------------- */

void check_frame_accepted(uint32_t number) {
  struct record *r = &books.records[number - 1];

  r->frames++;
  /* What another host has said of it counts no more. */
  if (r->completions == 0)
    r->heard = TALLY_UNKNOWN;
}

/* Each loop keeps its newest for late answers: as many as half of the slots
 * give it.  Ids are a loop's number above 48 bits that count. */
static bool is_kept(const struct record *r) {
  uint64_t loops = plan.mode == SIM_THREADS ? plan.io_threads : 1;
  uint64_t newest = r->operation, unseen = 0;

  for (unsigned i = 0; i < books.count; i++) {
    const struct record *other = &books.records[i];

    if (other->session != books.sessions)
      continue;
    if (other->submitting)
      unseen++; /* its thread may not have looked at its id yet */
    if (other->operation >> 48 == r->operation >> 48 &&
        other->operation > newest)
      newest = other->operation;
  }
  return newest - r->operation + unseen < plan.max_in_flight / 2 / loops;
}

void check_answer_read(uint32_t number, int outcome) {
  struct record *r = &books.records[number - 1];

  /* Closing ends operations whatever comes; and the thread of a blocking call
   * may not have looked yet at what it was told. */
  if (outcome == TALLY_UNKNOWN || books.closing || !books.open ||
      r->session != books.sessions ||
      (r->submitting && plan.mode == SIM_THREADS))
    return;
  if (r->completions == 0)
    r->heard = outcome;
  else if (r->outcome == TALLY_UNKNOWN && r->cause == TALLY_ETIMEDOUT) {
    r->heard = outcome;
    r->owed = is_kept(r);
  }
}

/* UNKNOWN is for what may have been applied, and for nothing else. */
static void check_not_too_unknown(const struct record *r) {
  if (r->outcome != TALLY_UNKNOWN)
    return;
  /* What was encoded and not accepted by its deadline may still be. */
  if (r->frames == 0 && r->cause != TALLY_ETIMEDOUT)
    violation("operation %u is UNKNOWN (%s), and not one frame of it was "
              "accepted as a whole",
              r->number, tally_error_name(r->cause));
}

/* Nothing gives up before its time. */
static void check_not_too_early(const struct record *r) {
  uint64_t took = world_now() - r->submitted_at;

  if ((r->cause == TALLY_ETIMEDOUT || r->cause == TALLY_ENOHOST) &&
      !books.closing && took + 1000 < plan.increment_timeout * MILLISECOND)
    violation("operation %u gives up after %llu us", r->number,
              (unsigned long long)(took / 1000));
}

/* Refused by one host, and encoded for another by its deadline.  Or there was
 * no memory for what a compressed or encrypted answer says. */
static bool is_rightly_unknown(const struct record *r) {
  return r->outcome == TALLY_UNKNOWN &&
         ((r->heard == TALLY_NOT_APPLIED && r->cause == TALLY_ETIMEDOUT) ||
          ((plan.lz4 != 0 || plan.tls != 0) && r->cause == TALLY_ENOMEM));
}

static void find_early(struct record *r) {
  for (unsigned i = 0; i < books.early_count; i++)
    if (books.early[i].operation == r->operation) {
      r->settled = 1;
      r->settled_outcome = books.early[i].outcome;
    }
}

static void complete(struct record *r, int status, int outcome,
                     const tally_error *e) {
  if (!books.open)
    violation("operation %u ends after its session was closed", r->number);
  if (r->session != books.sessions)
    violation("operation %u ends in another session", r->number);
  if (++r->completions != 1)
    violation("operation %u ends for the %u. time", r->number, r->completions);
  check_error(r->number, status, outcome, e);
  r->status = status;
  r->outcome = outcome;
  r->cause = e != NULL && status != 0 ? e->cause : 0;
  r->operation = status == TALLY_EUNKNOWN ? e->operation : 0;
  r->completed = ++books.history;
  books.pending--;
  world_hash(r->number * 4 + (unsigned)outcome);
  TRACE("operation %u: %s%s%s", r->number, tally_outcome_name(outcome),
        status != 0 ? ": " : "", status != 0 ? e->message : "");
  check_truth(r);
  check_not_too_unknown(r);
  check_not_too_early(r);
  if (r->heard != TALLY_UNKNOWN && r->heard != r->outcome && !books.closing &&
      !is_rightly_unknown(r))
    violation("operation %u: the answer that was read says %s, and it is told "
              "as %s",
              r->number, tally_outcome_name(r->heard),
              tally_outcome_name(r->outcome));
  check_in_time(r->submitted_at, r->stalled_before, plan.increment_timeout,
                "operation", r->number);
  if (r->operation != 0 && r->blocking && plan.mode == SIM_THREADS)
    find_early(r);
}

void check_busy(int rc) {
  uint64_t half = plan.max_in_flight / 2;

  uint64_t used = check_pending() + books.pages;

  if (rc == TALLY_EBUSY && used + half + 4 < plan.max_in_flight)
    violation("busy, and of %u slots %llu are in use",
              (unsigned)plan.max_in_flight, (unsigned long long)used);
}

/* Not accepted: it must never be heard of again. */
static void refused(struct record *r, int rc, const tally_error *e) {
  check_busy(rc);
  if (rc != TALLY_EBUSY && rc != TALLY_ENOMEM && rc != TALLY_ECLOSED &&
      rc != TALLY_EDEADLK)
    violation("operation %u: refused with %s: %s", r->number,
              tally_error_name(rc), e->message);
  if (!plan.faults && rc == TALLY_ENOMEM)
    violation("operation %u: no memory, and nothing was wrong", r->number);
  check_error(r->number, rc, TALLY_NOT_APPLIED, e);
  if (r->completions != 0)
    violation("operation %u: refused, and its callback has run", r->number);
  r->status = rc;
  r->outcome = TALLY_NOT_APPLIED;
  books.pending--;
}

void check_submitted(struct record *r, int rc, const tally_error *e) {
  r->submitting = false;
  if (rc == 0)
    r->accepted = true;
  else
    refused(r, rc, e);
  /* Each thread may be about to be refused one. */
  if (books.pending > plan.max_in_flight + plan.app_threads)
    violation("%llu operations are pending", (unsigned long long)books.pending);
  TRACE("operation %u: submitted to %s %s: %s", r->number,
        table_names[r->table], r->key.text, tally_error_name(rc));
}

void check_done(void *user, const tally_result *result) {
  struct record *r = user;

  if (r->submitting && plan.mode != SIM_THREADS)
    violation("operation %u ends inside the call that submits it", r->number);
  complete(r, result->status, result->outcome, result->error);
}

static int outcome_of(int rc) {
  if (rc == 0)
    return TALLY_APPLIED;
  return rc == TALLY_EUNKNOWN ? TALLY_UNKNOWN : TALLY_NOT_APPLIED;
}

void check_blocking_done(struct record *r, int rc, const tally_error *e) {
  r->submitting = false;
  r->blocking = true;
  if (rc == TALLY_EBUSY || rc == TALLY_EDEADLK) {
    refused(r, rc, e);
    return;
  }
  r->accepted = true;
  complete(r, rc, outcome_of(rc), e);
}

/* ---- Settling ----------------------------------------------------------- */

/* The thread of a blocking call has not looked at its error yet, perhaps. */
static bool is_blocked(void) {
  for (unsigned i = 0; i < books.count; i++)
    if (books.records[i].submitting && plan.mode == SIM_THREADS)
      return books.early_count < OPERATIONS_MAX;
  return false;
}

static void check_row(const struct record *r, const tally_settled *s) {
  const page_hits *p = s->row;
  const daily *d = s->row;
  char room[KEY_BYTES];
  bool same;

  if (s->row == NULL) {
    if (!plan.faults)
      violation("operation %u settles without its row", r->number);
    return;
  }
  if (r->table == TABLE_PAGE_HITS)
    same = strcmp(p->url, key_text(&r->key, room)) == 0 &&
           p->views == r->deltas[0] && p->unique_visitors == r->deltas[1];
  else
    /* Statics alone bind no clustering key. */
    same = strcmp(d->site, key_text(&r->key, room)) == 0 &&
           d->total == r->deltas[0] && d->hits == r->deltas[1] &&
           d->day == (r->deltas[1] != 0 ? SIM_DAY : 0);
  if (!same)
    violation("operation %u settles with another's row", r->number);
}

void check_settled(void *user, const tally_settled *s) {
  struct record *r = NULL;

  (void)user;
  if (!books.open)
    violation("something settles after the session was closed");
  for (unsigned i = 0; i < books.count; i++)
    if (books.records[i].session == books.sessions &&
        books.records[i].operation == s->operation)
      r = &books.records[i];
  if (r == NULL && is_blocked()) {
    books.early[books.early_count++] = (struct early){s->operation, s->outcome};
    return;
  }
  if (r == NULL)
    violation("an operation settles that is not UNKNOWN: id %llu",
              (unsigned long long)s->operation);
  if (++r->settled != 1)
    violation("operation %u settles for the %u. time", r->number, r->settled);
  if (s->outcome != TALLY_APPLIED && s->outcome != TALLY_NOT_APPLIED)
    violation("operation %u settles as %s", r->number,
              tally_outcome_name(s->outcome));
  if (strcmp(tally_table_name(s->table),
             strchr(table_names[r->table], '.') + 1) != 0)
    violation("operation %u settles in table %s", r->number,
              tally_table_name(s->table));
  check_row(r, s);
  r->settled_outcome = s->outcome;
  world_hash(r->number * 8 + (unsigned)s->outcome);
  TRACE("operation %u: settled as %s", r->number,
        tally_outcome_name(s->outcome));
}

/* ---- The end ------------------------------------------------------------ */

static void check_last(const struct record *r) {
  struct ledger_entry l = model_ledger(r->number);

  check_truth(r);
  if (r->owed && r->settled == 0 && (plan.lz4 == 0 || heap_refused() == 0))
    violation("operation %u: its late answer was read, and it never settled",
              r->number);
  /* Once, and again for each time that the statement was forgotten: two; and
   * once at each other host, after one where it was proved to be in vain; again
   * where it was, after a host that did not prepare in time. */
  if (l.seen > 2 + plan.hosts * (plan.moving != MOVING_NOT ? 2 : 1) +
                   plan.increment_timeout / plan.read_timeout)
    violation("operation %u was sent %u times", r->number, l.seen);
  if (!r->accepted && !r->blocking && l.seen != 0)
    violation("operation %u was refused, and a host has seen it", r->number);
  if (r->settled == 0)
    return;
  if (l.applied != (r->settled_outcome == TALLY_APPLIED))
    violation("operation %u settled as %s, and was applied %u times", r->number,
              tally_outcome_name(r->settled_outcome), l.applied);
}

static void check_no_fault(const struct record *r) {
  if (r->accepted && r->outcome != TALLY_APPLIED)
    violation("operation %u: %s (%s), and nothing was wrong", r->number,
              tally_outcome_name(r->outcome), tally_error_name(r->cause));
}

void check_end(struct tally_of_runs *sum) {
  for (unsigned i = 0; i < books.count; i++) {
    const struct record *r = &books.records[i];

    check_last(r);
    if (!plan.faults)
      check_no_fault(r);
    sum->outcomes[r->outcome]++;
    sum->settled += r->settled;
  }
  sum->increments += books.count;
  sum->reads += books.read_count;
}
