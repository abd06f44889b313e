/* tests/sim/scans.c - the application reads all rows: with a cursor, without
 * waiting, or several ranges side by side. */
#include <stdlib.h>

#include "tests/sim/workload.h"

/* What the library has by itself. */
enum { AT_ONCE = 8 };

/* NULL: no memory. */
static struct scan_record *scan_new(bool blocking, unsigned slots) {
  struct scan_record *s = calloc(1, sizeof *s);
  int32_t page = (int32_t)draw_scale(CHANCE_WORKLOAD, 1, 1000);
  tally_error e;

  s->blocking = blocking;
  s->slots = slots;
  if (draw_once_in(CHANCE_WORKLOAD, 3))
    s->left = (unsigned)draw_between(CHANCE_WORKLOAD, 1, 40);
  if (tally_find(&s->query, sim_tables[TABLE_PAGE_HITS], &e) != 0) {
    free(s);
    return NULL;
  }
  if (tally_page_size(s->query, page, &e) != 0)
    violation("tally_page_size: %s", e.message);
  check_scan_begin(s);
  return s;
}

static void scan_free(struct scan_record *s) {
  tally_query_free(s->query);
  free(s);
}

static int on_row(void *user, const void *row, uint64_t nulls) {
  struct scan_record *s = user;

  check_scan_row(s, row, nulls);
  return s->stopped;
}

/* ---- Without waiting ---------------------------------------------------- */

static void on_end(void *user, const tally_result *result) {
  struct scan_record *s = user;

  if (s->submitting && plan.mode != SIM_THREADS)
    violation("a scan ends inside the call that begins it");
  if (result->outcome != TALLY_NOT_APPLIED)
    violation("a scan has outcome %s", tally_outcome_name(result->outcome));
  check_scan_end(s, result->status, result->error);
  scan_free(s);
}

/* With threads it may have ended before the call returns. */
void scan_async(void) {
  bool side_by_side = draw_once_in(CHANCE_WORKLOAD, 2);
  unsigned at_once = (unsigned)draw_below(CHANCE_WORKLOAD, 4);
  unsigned slots = !side_by_side ? 1 : at_once == 0 ? AT_ONCE : at_once;
  struct scan_record *s = scan_new(false, slots);
  tally_error e;
  int rc;

  if (s == NULL)
    return;
  rc = side_by_side ? tally_scan_async(s->query, at_once, on_row, on_end, s, &e)
                    : tally_each_async(s->query, on_row, on_end, s, &e);
  if (rc == 0) {
    if (plan.mode != SIM_THREADS)
      s->submitting = false;
    return;
  }
  check_scan_end(s, rc, &e);
  scan_free(s);
}

/* ---- Waiting ------------------------------------------------------------ */

static int read_all(struct scan_record *s, tally_cursor *cursor,
                    tally_error *e) {
  page_hits row = {0};
  uint64_t nulls;
  int rc;

  while (!s->stopped && (rc = tally_next_nulls(cursor, &row, &nulls, e)) != 0) {
    if (rc < 0)
      return rc;
    check_scan_row(s, &row, nulls);
  }
  return 0;
}

/* The session may be closed inside: what belongs to it goes before that. */
static void scan_by_cursor(struct scan_record *s) {
  tally_cursor *cursor;
  tally_error e;
  int rc = tally_cursor_open(&cursor, s->query, &e);

  tally_query_free(s->query);
  s->query = NULL;
  if (rc == 0)
    rc = read_all(s, cursor, &e);
  tally_cursor_close(cursor);
  check_scan_end(s, rc, &e);
  scan_free(s);
}

void scan_blocking(void) {
  bool side_by_side =
      !plan.close_in_callback && draw_once_in(CHANCE_WORKLOAD, 2);
  struct scan_record *s = scan_new(true, side_by_side ? AT_ONCE : 1);
  tally_error e;
  int rc;

  if (s == NULL)
    return;
  if (!side_by_side) {
    scan_by_cursor(s);
    return;
  }
  rc = tally_scan(s->query, 0, on_row, s, &e);
  check_scan_end(s, rc, &e);
  scan_free(s);
}
