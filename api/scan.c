/* api/scan.c - all rows of a table: the ring is cut into ranges of tokens, of
 * which several are read at a time.
 *
 * One loop's thread does it all, from its first turn on: the caller's only
 * hands over.  So nothing here is shared. */
#include "api/query.h"

#include <string.h>

/* Ranges for each one that is read at a time: some are slower than others, and
 * nobody is to wait for the last one alone. */
enum { RANGES_EACH = 8, AT_ONCE = 8, AT_ONCE_MAX = 256 };

struct scan {
  struct net_heap heap;
  tally_query query; /* the caller's, and the two bounds in front */
  struct value bounds[2];
  tally_row_callback each;
  void *user;
  struct listener to;
  uint32_t at_once;
  uint32_t ranges;
  uint32_t next;      /* the first that was not begun */
  uint32_t under_way; /* ranges that are being read */
  bool over;          /* the callback has had enough, or something failed */
  int code;
  tally_error error;
};

static void scan_free(struct scan *s) {
  const struct net_heap heap = s->heap;

  net_free(&heap, s->query.terms);
  net_free(&heap, s);
}

static void scan_over(struct scan *s) {
  struct listener to = s->to;
  tally_error error = s->error;
  tally_result result = {.status = s->code,
                         .outcome = TALLY_NOT_APPLIED,
                         .error = s->code == 0 ? NULL : &error};

  scan_free(s);
  listener_tell(&to, &result);
}

static void stop(struct scan *s, int code, const tally_error *e) {
  s->over = true;
  if (code == 0 || s->code != 0)
    return;
  s->code = code;
  s->error = *e;
}

/* ---- Ranges ------------------------------------------------------------- */

/* The last token of a range; Murmur3 has no INT64_MIN. */
static int64_t end_of(const struct scan *s, uint32_t range) {
  uint64_t width = UINT64_MAX / s->ranges;

  if (range == s->ranges)
    return INT64_MAX;
  return (int64_t)(UINT64_C(1) << 63 ^ width * range);
}

static int on_row(void *user, const void *row, uint64_t nulls) {
  struct scan *s = user;

  if (!s->over && s->each(s->user, row, nulls) != 0)
    stop(s, 0, NULL);
  return s->over;
}

static void go_on(struct scan *s);

static void on_range(void *user, const tally_result *result) {
  struct scan *s = user;

  s->under_way--;
  if (result->status != 0)
    stop(s, result->status, result->error);
  go_on(s);
}

/* The values are copied when it is begun. */
static int begin_range(struct scan *s, tally_error *e) {
  int rc;

  s->bounds[0].number = end_of(s, s->next + 1);
  s->bounds[1].number = end_of(s, s->next);
  rc = tally_each_async(&s->query, on_row, on_range, s, e);
  if (rc != 0)
    return rc;
  s->next++;
  s->under_way++;
  return 0;
}

/* One that finds no room while others are read is begun after these. */
static void go_on(struct scan *s) {
  while (!s->over && s->next < s->ranges && s->under_way < s->at_once) {
    tally_error e;
    int rc = begin_range(s, &e);

    if (rc == TALLY_EBUSY && s->under_way > 0)
      return;
    if (rc != 0)
      stop(s, rc, &e);
  }
  if (s->under_way == 0)
    scan_over(s);
}

/* ---- The call ----------------------------------------------------------- */

static void on_turn(op_callback *callback, void *user,
                    const struct answer *answer) {
  struct scan *s = user;
  tally_error e;

  (void)callback;
  if (answer->code == TALLY_ECLOSED)
    stop(s, error_set(&e, TALLY_ECLOSED, "the session was closed"), &e);
  go_on(s);
}

static int check(const tally_query *q, uint32_t at_once,
                 tally_row_callback each, tally_error *e) {
  const tally_table *t = q->table;

  if (each == NULL)
    return error_set(e, TALLY_EINVAL, "there is no callback for the rows");
  if (at_once > AT_ONCE_MAX)
    return error_set(e, TALLY_EINVAL,
                     "%s: %lu ranges at a time: %d are the most", t->qualified,
                     (unsigned long)at_once, AT_ONCE_MAX);
  if (q->limit > 0)
    return error_set(e, TALLY_EINVAL,
                     "%s: a scan has no limit in all: the callback ends it, by "
                     "returning another number than 0",
                     t->qualified);
  for (size_t i = 0; i < q->term_count; i++) {
    uint16_t column = q->terms[i].column;

    if (column == COLUMN_TOKEN)
      return error_set(e, TALLY_EINVAL,
                       "%s: a scan reads all tokens, in ranges of its own",
                       t->qualified);
    for (uint16_t k = 0; k < t->partition_count; k++)
      if (t->keys[k] == column)
        return error_set(e, TALLY_EINVAL,
                         "%s: column %s is part of the partition key, and a "
                         "scan reads all partitions",
                         t->qualified, t->columns[column].name);
  }
  return 0;
}

/* The bound from above first: its replicas are the range's. */
static bool copy_query(struct scan *s, const tally_query *q) {
  struct term *terms = net_alloc(&s->heap, sizeof *terms * (q->term_count + 2));

  s->query = *q;
  s->query.terms = terms;
  if (terms == NULL)
    return false;
  s->bounds[0].type = s->bounds[1].type = TALLY_BIGINT;
  terms[0] = (struct term){COLUMN_TOKEN, TALLY_LE, 1, &s->bounds[0]};
  terms[1] = (struct term){COLUMN_TOKEN, TALLY_GT, 1, &s->bounds[1]};
  if (q->term_count > 0)
    memcpy(terms + 2, q->terms, sizeof *terms * q->term_count);
  s->query.term_count = q->term_count + 2;
  return true;
}

static int start(const tally_query *q, uint32_t at_once,
                 tally_row_callback each, void *user, const struct listener *to,
                 struct loop **loop, tally_error *e) {
  const struct net_heap *heap = &q->table->session->heap;
  int rc = check(q, at_once, each, e);
  struct scan *s;

  if (rc != 0)
    return rc;
  s = net_alloc(heap, sizeof *s);
  if (s == NULL)
    return error_no_memory(e);
  s->heap = *heap;
  s->each = each;
  s->user = user;
  s->to = *to;
  s->at_once = at_once > 0 ? at_once : AT_ONCE;
  s->ranges = s->at_once * RANGES_EACH;
  rc = copy_query(s, q) ? query_check(&s->query, e) : error_no_memory(e);
  if (rc == 0) {
    *loop = session_loop(q->table->session);
    rc = session_turn(*loop, TIMEOUT_NOW, on_turn, s, e);
  }
  if (rc != 0)
    scan_free(s);
  return rc;
}

int tally_scan(const tally_query *query, uint32_t at_once,
               tally_row_callback each, void *user, tally_error *error) {
  tally_session *session = query->table->session;
  struct waiter w = {.error = error};
  struct listener to = {.waiter = &w};
  struct loop *loop;
  int rc = wait_begin(session, error);

  if (rc == 0)
    rc = start(query, at_once, each, user, &to, &loop, error);
  if (rc != 0)
    return rc;
  wait_for(session, loop, &w);
  return w.code;
}

int tally_scan_async(const tally_query *query, uint32_t at_once,
                     tally_row_callback each, tally_callback callback,
                     void *user, tally_error *error) {
  struct listener to = {NULL, callback, user};
  struct loop *loop;

  return start(query, at_once, each, user, &to, &loop, error);
}
