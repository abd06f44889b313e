/* tests/sim/check_reads.c - what reads have found. */
#include "tests/sim/check_private.h"

#include <string.h>

void check_read_submit(struct read_record *r) {
  r->applied = model_counts.applied;
  r->submitting = true;
  r->submitted = ++books.history;
  r->submitted_at = world_now();
  r->stalled_before = stalled_time();
  books.pending++;
}

static void read_ended(struct read_record *r) {
  if (!books.open)
    violation("a read ends after its session was closed");
  if (++r->completions != 1)
    violation("a read ends for the %u. time", r->completions);
  books.pending--;
  check_in_time(r->submitted_at, r->stalled_before, plan.read_timeout, "a read",
                0);
}

void check_read_submitted(struct read_record *r, int rc) {
  r->submitting = false;
  if (rc == 0) {
    r->accepted = true;
    return;
  }
  if (rc != TALLY_EBUSY && rc != TALLY_ENOMEM && rc != TALLY_ECLOSED)
    violation("a read is refused with %s", tally_error_name(rc));
  check_busy(rc);
  if (r->completions != 0)
    violation("a read was refused, and its callback has run");
  books.pending--;
}

/* What was acknowledged before the read began must be in it; what may have been
 * applied by its end, may. */
static void check_bounds(const struct read_record *r, int counter,
                         int64_t value) {
  int64_t lower = 0, upper = 0;

  for (unsigned i = 0; i < books.count; i++) {
    const struct record *op = &books.records[i];
    int64_t delta = op->deltas[counter];

    if (op->table != r->table || !same_key(&op->key, &r->key) ||
        (!op->submitting && op->outcome == TALLY_NOT_APPLIED))
      continue; /* refused ones, too */
    if (op->completions > 0 && op->outcome == TALLY_APPLIED &&
        op->completed < r->submitted) {
      lower += delta;
      upper += delta;
    } else if (delta < 0) {
      lower += delta;
    } else {
      upper += delta;
    }
  }
  if (value < lower || value > upper)
    violation("%s of %s reads %lld, not within %lld and %lld", r->key.text,
              table_names[r->table], (long long)value, (long long)lower,
              (long long)upper);
}

static void check_model(const struct read_record *r, const char *counter,
                        int64_t value, bool null) {
  int64_t has = 0;
  bool is_set =
      model_counter(table_names[r->table], r->key.text, counter, &has);

  if (null == is_set)
    violation("%s of %s reads as %s, and the hosts know better", r->key.text,
              table_names[r->table], null ? "null" : "not null");
  if (value != has)
    violation("%s of %s reads %lld, and the hosts have %lld", r->key.text,
              table_names[r->table], (long long)value, (long long)has);
}

static void check_values(struct read_record *r, int rc, const void *row,
                         uint64_t nulls) {
  const page_hits *p = row;
  const daily *d = row;

  r->status = rc;
  if (!plan.faults && rc != 0 && rc != TALLY_ENOTFOUND && rc != TALLY_EBUSY)
    violation("a read ends with %s, and nothing was wrong",
              tally_error_name(rc));
  /* Nothing was applied since it began: it is what the hosts have. */
  if (r->applied == model_counts.applied && rc == 0 &&
      r->table == TABLE_PAGE_HITS && r->key.more == 0) {
    check_model(r, "views", p->views, nulls & 1);
    check_model(r, "unique_visitors", p->unique_visitors, nulls >> 1 & 1);
  }

  if (rc != 0 && rc != TALLY_ENOTFOUND)
    return;
  if (rc == TALLY_ENOTFOUND) {
    check_bounds(r, 1, 0);
    /* Statics alone make no row. */
    if (r->table == TABLE_PAGE_HITS)
      check_bounds(r, 0, 0);
  } else if (r->table == TABLE_PAGE_HITS) {
    check_bounds(r, 0, p->views);
    check_bounds(r, 1, p->unique_visitors);
  } else {
    check_bounds(r, 0, d->total);
    check_bounds(r, 1, d->hits);
  }
}

void check_read_result(struct read_record *r, int rc, const void *row,
                       uint64_t nulls) {
  r->submitting = false;
  r->accepted = true;
  if (rc != TALLY_EBUSY && rc != TALLY_EDEADLK && !books.open)
    violation("a read ends after its session was closed");
  read_ended(r);
  check_values(r, rc, row, nulls);
}

void check_read_done(void *user, const tally_result *result) {
  struct read_record *r = user;

  if (r->submitting && plan.mode != SIM_THREADS)
    violation("a read ends inside the call that submits it");
  if (result->outcome != TALLY_NOT_APPLIED)
    violation("a read has outcome %s", tally_outcome_name(result->outcome));
  read_ended(r);
  check_values(r, result->status, result->row, result->nulls);
}

/* ---- All rows ------------------------------------------------------------ */

void check_scan_begin(struct scan_record *s) {
  s->submitting = true;
  s->submitted = ++books.history;
  books.pages += s->slots;
  if (!s->blocking)
    books.batched++; /* it ends by itself */
}

static const struct record *first_with(const struct key *key) {
  const struct record *r = books.records;

  while (r->table != TABLE_PAGE_HITS || !same_key(&r->key, key))
    r++;
  return r;
}

static const struct record *named(const char *url) {
  char room[KEY_BYTES];
  size_t len = strlen(url);

  for (unsigned i = 0; i < books.count; i++) {
    const struct record *r = &books.records[i];
    size_t short_len = strlen(r->key.text);

    if (r->table == TABLE_PAGE_HITS && len == short_len + r->key.more &&
        memcmp(url, r->key.text, short_len) == 0 &&
        strcmp(url, key_text(&r->key, room)) == 0)
      return r;
  }
  violation("a row is read that nobody counted: %.40s", url);
}

void check_scan_row(struct scan_record *s, const void *row, uint64_t nulls) {
  const page_hits *p = row;
  const struct record *r = named(p->url);
  struct read_record as_read = {
      .table = TABLE_PAGE_HITS, .key = r->key, .submitted = s->submitted};

  if (s->stopped)
    violation("a row comes after the last one that was wanted");
  if (s->seen[r->number - 1])
    violation("%s is read twice", r->key.text);
  s->seen[r->number - 1] = true;
  if (((nulls & 1) != 0 && p->views != 0) ||
      ((nulls & 2) != 0 && p->unique_visitors != 0) || nulls > 2)
    violation("%s: null counters that have a value", r->key.text);
  check_bounds(&as_read, 0, p->views);
  check_bounds(&as_read, 1, p->unique_visitors);
  s->stopped = s->left > 0 && --s->left == 0;
}

/* What was acknowledged before it began is in it. */
static void check_complete(const struct scan_record *s) {
  for (unsigned i = 0; i < books.count; i++) {
    const struct record *r = &books.records[i];

    if (r->table == TABLE_PAGE_HITS && r->completions > 0 &&
        r->outcome == TALLY_APPLIED && r->completed < s->submitted &&
        !s->seen[first_with(&r->key)->number - 1])
      violation("%s was counted, and is not among all rows", r->key.text);
  }
}

void check_scan_end(struct scan_record *s, int rc, const tally_error *e) {
  bool in_time = rc == TALLY_ECLOSED && books.closing;

  s->submitting = false;
  if (!s->blocking)
    books.batched--;
  if (!s->blocking || !s->stopped)
    books.pages -= s->slots; /* nothing is under way */
  if (rc == 0 && !s->stopped)
    check_complete(s);
  if (rc != 0 && (e->code != rc || e->outcome != TALLY_NOT_APPLIED))
    violation("the error of a scan contradicts itself: %s", e->message);
  if (rc != 0 && !plan.faults && rc != TALLY_EBUSY && !in_time)
    violation("a scan ends with %s, and nothing was wrong", e->message);
  TRACE("scan: %s%s", tally_error_name(rc), s->stopped ? ", stopped" : "");
}
