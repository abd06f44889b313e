/* api/cursor.c - the rows of a query, page by page.
 *
 * A fetch is one page under way.  With threads of our own the next page is
 * asked for as soon as the one before is being read, so that at most two are in
 * memory. */
#include "api/query.h"

#include <string.h>

/* ---- One page after another --------------------------------------------- */

enum fetch_state {
  FETCH_NONE,      /* nothing is under way */
  FETCH_UNDER_WAY, /* the loop has it */
  FETCH_LEFT,      /* ... and nobody waits for it: it frees the cursor */
  FETCH_DONE,      /* the page is there, or the error */
};

struct tally_cursor {
  struct net_heap heap;
  struct session_life *life;
  tally_table *table;
  struct select *select;
  bool own_select;      /* what the table keeps goes with the session */
  struct loop *loop;    /* of the last fetch */
  struct op *bound;     /* the values: never sent itself */
  struct page page;     /* what is asked for next ... */
  uint8_t *state;       /* ... from here; NULL: the beginning */
  const uint8_t *after; /* where the page behind `now` begins; NULL: there is
                           none, or no page was turned to yet and it begins at
                           the beginning ... */
  size_t after_len;
  bool turned;       /* ... which this says.  Its bytes are the loop's to move
                        (state, next.from), and stay where they are */
  uint64_t likeness; /* a hash of the statement and its values */
  int32_t skip;      /* rows of the next page that were read before */
  uint8_t *saved;    /* what tally_cursor_state() gave last */
  bool last;         /* there is no next one */
  uint16_t consistency;
  uint8_t timeout;
  struct received now;
  struct received next;
  _Atomic int fetch; /* enum fetch_state */
  struct waiter w;   /* of the fetch; what failed once has failed for good */
  tally_error error;
  /* Asynchronous. */
  tally_row_callback each;
  tally_callback callback;
  tally_page_callback page_callback; /* not NULL: one page, and no more */
  void *user;
  char *row;
};

static void cursor_free(tally_cursor *c) {
  const struct net_heap heap = c->heap;

  if (c->own_select)
    select_free(&heap, c->select);
  if (c->bound != NULL)
    op_release(&heap, c->bound);
  net_free(&heap, c->state);
  net_free(&heap, c->now.bytes);
  net_free(&heap, c->now.from);
  net_free(&heap, c->next.bytes);
  net_free(&heap, c->next.from);
  net_free(&heap, c->saved);
  net_free(&heap, c->row);
  life_leave(c->life);
  net_free(&heap, c);
}

/* The state that this page was asked for with goes to the page; the answer
 * has that of the next one. */
static int keep_state(tally_cursor *c, const struct rows *rows) {
  struct cell state = rows_paging_state(rows);

  c->next.from = c->state;
  c->next.from_len = c->page.state_len;
  c->state = NULL;
  c->page.state = NULL;
  c->page.state_len = 0;
  c->last = state.p == NULL;
  if (c->last)
    return 0;
  c->state = net_alloc(&c->heap, state.len + 1);
  if (c->state == NULL)
    return error_no_memory(&c->error);
  memcpy(c->state, state.p, state.len);
  c->page.state = c->state;
  c->page.state_len = state.len;
  return 0;
}

/* A copy of the rows, which go with the answer. */
static int keep_rows(tally_cursor *c, const struct rows *rows) {
  struct received *next = &c->next;
  int32_t columns = rows_columns(rows);
  int expected = c->select->statement.result_count;

  if (columns != expected)
    return error_set(&c->error, TALLY_EPROTOCOL,
                     "read %s: the answer has %d columns, and %d were asked "
                     "for",
                     c->table->qualified, (int)columns, expected);
  next->bytes = net_alloc(&c->heap, rows_size(rows) + 1);
  if (next->bytes == NULL)
    return error_no_memory(&c->error);
  next->rows = *rows;
  rows_move(&next->rows, next->bytes);
  next->left = next->count = rows_count(rows);
  return keep_state(c, rows);
}

static int receive(tally_cursor *c, const struct answer *answer) {
  if (answer->code != 0)
    return error_from_answer(&c->error, answer);
  return keep_rows(c, answer->rows);
}

/* Rows that were read before the state was saved. */
static void pass_over(tally_cursor *c) {
  struct cell cell;
  int32_t columns = rows_columns(&c->now.rows);

  for (; c->skip > 0 && c->now.left > 0; c->skip--, c->now.left--)
    for (int32_t i = 0; i < columns; i++)
      if (!rows_next(&c->now.rows, &cell))
        return; /* cut short: so is the next row */
}

/* The page that has come is read from now on. */
static void turn_page(tally_cursor *c) {
  net_free(&c->heap, c->now.bytes);
  net_free(&c->heap, c->now.from);
  c->now = c->next;
  memset(&c->next, 0, sizeof c->next);
  c->after = c->state;
  c->after_len = c->page.state_len;
  c->turned = true;
  pass_over(c);
}

static int submit(tally_cursor *c, op_done *done) {
  tally_session *s = c->table->session;
  const struct statement *statement = &c->select->statement;
  struct op *op = session_take(s, &c->error);

  if (op == NULL)
    return TALLY_EBUSY;
  if (!op_bind_encoded(op, &s->heap, c->bound->values, c->bound->values_len,
                       c->bound->value_count)) {
    op_release(&s->heap, op);
    return error_no_memory(&c->error);
  }
  op->kind = c->select->kept ? OP_EXECUTE : OP_QUERY;
  op->statement = statement;
  op->key_at = c->bound->key_at;
  op->page = &c->page;
  op->consistency = c->consistency;
  op->timeout = c->timeout;
  op->done = done;
  op->user = c;
  c->loop = session_loop(s);
  return session_submit(c->loop, op, &c->error);
}

/* FNV-1a, of 64 bits. */
#define HASH_BEGIN UINT64_C(0xcbf29ce484222325)

static uint64_t hash(uint64_t h, const void *p, size_t len) {
  const uint8_t *bytes = p;

  for (size_t i = 0; i < len; i++)
    h = (h ^ bytes[i]) * UINT64_C(0x100000001b3);
  return h;
}

static uint64_t likeness_of(const tally_cursor *c) {
  const struct statement *s = &c->select->statement;
  uint64_t h = hash(HASH_BEGIN, s->text, s->text_len);

  return hash(h, c->bound->values, c->bound->values_len);
}

static int cursor_new(tally_cursor **cursor, const tally_query *q,
                      tally_error *e) {
  tally_session *s = q->table->session;
  int rc = query_check(q, e);
  tally_cursor *c;

  if (rc != 0)
    return rc;
  c = net_alloc(&s->heap, sizeof *c);
  if (c == NULL)
    return error_no_memory(e);
  c->heap = s->heap;
  c->life = life_join(s->life);
  c->table = q->table;
  c->consistency = q->consistency;
  c->timeout = q->timeout;
  c->page.rows = q->page_rows;
  c->select = select_of(q);
  c->own_select = c->select != NULL && !c->select->kept;
  c->bound = op_make(&s->heap);
  if (c->select == NULL || c->bound == NULL || !select_bind(q, c->bound)) {
    cursor_free(c);
    return error_no_memory(e);
  }
  c->likeness = likeness_of(c);
  *cursor = c;
  return 0;
}

/* ---- Blocking ----------------------------------------------------------- */

static void on_fetched(op_callback *callback, void *user,
                       const struct answer *answer) {
  tally_cursor *c = user;
  int under_way = FETCH_UNDER_WAY;

  (void)callback;
  c->w.code = receive(c, answer);
  if (atomic_compare_exchange_strong(&c->fetch, &under_way, FETCH_DONE))
    wait_done(&c->w);
  else
    cursor_free(c);
}

/* On an error nothing is under way, and it may be tried again. */
static int begin_fetch(tally_cursor *c) {
  int rc;

  atomic_store(&c->w.flag.set, 0);
  atomic_store(&c->fetch, FETCH_UNDER_WAY);
  rc = submit(c, on_fetched);
  if (rc != 0)
    atomic_store(&c->fetch, FETCH_NONE);
  return rc;
}

/* The page that is under way; the one behind it is asked for. */
static int end_fetch(tally_cursor *c) {
  wait_for(c->table->session, c->loop, &c->w);
  atomic_store(&c->fetch, FETCH_NONE);
  if (c->w.code != 0)
    return c->w.code;
  turn_page(c);
  /* Nobody would drive an inline loop until the next page is wanted, and the
   * request's time would be over by then. */
  if (!c->last && c->table->session->mode != MODE_INLINE)
    begin_fetch(c);
  return 0;
}

/* ---- Where it stands ---------------------------------------------------- */

/* A saved state: four letters, a hash of all behind it, the likeness of the
 * query, how many rows of the page were read, and where the server goes on
 * (nothing: the beginning).  Half a file, or one that was changed, would begin
 * somewhere else without a word. */
enum { STATE_HASH = 4, STATE_LIKENESS = 12, STATE_SKIP = 20, STATE_HEAD = 24 };
static const char state_mark[4] = {'T', 'p', 's', '2'};

static void put_number(uint8_t *to, uint64_t n, int bytes) {
  for (int i = bytes - 1; i >= 0; i--, n >>= 8)
    to[i] = (uint8_t)n;
}

static uint64_t get_number(const uint8_t *from, int bytes) {
  uint64_t n = 0;

  for (int i = 0; i < bytes; i++)
    n = n << 8 | from[i];
  return n;
}

static uint64_t hash_of_state(const uint8_t *state, size_t len) {
  return hash(HASH_BEGIN, state + STATE_LIKENESS, len - STATE_LIKENESS);
}

static int go_to(tally_cursor *c, const void *state, size_t len) {
  const uint8_t *p = state;

  if (p == NULL || len < STATE_HEAD ||
      memcmp(p, state_mark, sizeof state_mark) != 0 ||
      get_number(p + STATE_HASH, 8) != hash_of_state(p, len) ||
      get_number(p + STATE_SKIP, 4) > INT32_MAX)
    return error_set(&c->error, TALLY_EINVAL,
                     "%s: these %zu bytes are no paging state, or not all of "
                     "one",
                     c->table->qualified, len);
  if (get_number(p + STATE_LIKENESS, 8) != c->likeness)
    return error_set(&c->error, TALLY_EINVAL,
                     "%s: the paging state is that of another query: table, "
                     "columns, relations, values, order and limits have to be "
                     "the same",
                     c->table->qualified);
  c->skip = (int32_t)get_number(p + STATE_SKIP, 4);
  len -= STATE_HEAD;
  if (len == 0)
    return 0;
  c->state = net_alloc(&c->heap, len);
  if (c->state == NULL)
    return error_no_memory(&c->error);
  memcpy(c->state, p + STATE_HEAD, len);
  c->page.state = c->after = c->state;
  c->page.state_len = c->after_len = len;
  return 0;
}

int tally_cursor_state(tally_cursor *cursor, const void **state, size_t *len,
                       tally_error *error) {
  tally_cursor *c = cursor;
  bool inside = c->now.left > 0;
  const uint8_t *from = inside ? c->now.from : c->after;
  size_t from_len = inside ? c->now.from_len : c->after_len;
  int32_t read = inside ? c->now.count - c->now.left : c->skip;
  uint8_t *saved;

  *state = NULL;
  *len = 0;
  if (c->turned && !inside && c->after == NULL)
    return 0;
  saved = net_resize(&c->heap, c->saved, STATE_HEAD + from_len);
  if (saved == NULL)
    return error_no_memory(error);
  c->saved = saved;
  memcpy(saved, state_mark, sizeof state_mark);
  put_number(saved + STATE_LIKENESS, c->likeness, 8);
  put_number(saved + STATE_SKIP, (uint64_t)read, 4);
  if (from_len > 0)
    memcpy(saved + STATE_HEAD, from, from_len);
  put_number(saved + STATE_HASH, hash_of_state(saved, STATE_HEAD + from_len),
             8);
  *state = saved;
  *len = STATE_HEAD + from_len;
  return 1;
}

int tally_cursor_open(tally_cursor **cursor, const tally_query *query,
                      tally_error *error) {
  return tally_cursor_open_at(cursor, query, NULL, 0, error);
}

int tally_cursor_open_at(tally_cursor **cursor, const tally_query *query,
                         const void *state, size_t len, tally_error *error) {
  tally_cursor *c;
  int rc;

  *cursor = NULL;
  rc = wait_begin(query->table->session, error);
  if (rc == 0)
    rc = cursor_new(&c, query, error);
  if (rc != 0)
    return rc;
  rc = len > 0 ? go_to(c, state, len) : 0;
  if (rc == 0)
    rc = begin_fetch(c);
  if (rc == 0) {
    *cursor = c;
    return 0;
  }
  if (error != NULL)
    *error = c->error;
  cursor_free(c);
  return rc;
}

/* 1: there is a row; 0: there are no more. */
static int find_row(tally_cursor *c) {
  int rc = 0;

  while (c->now.left == 0 && rc == 0) {
    if (atomic_load(&c->fetch) != FETCH_NONE)
      rc = end_fetch(c);
    else if (c->w.code != 0)
      rc = c->w.code;
    else if (c->last)
      return 0;
    else
      rc = begin_fetch(c);
  }
  return rc == 0 ? 1 : rc;
}

static int turn_to_row(tally_cursor *c, tally_error *e) {
  int rc = wait_begin(c->table->session, e);

  if (rc != 0)
    return rc;
  rc = find_row(c);
  if (rc < 0 && e != NULL)
    *e = c->error;
  return rc;
}

int tally_next_nulls(tally_cursor *cursor, void *row, uint64_t *nulls,
                     tally_error *error) {
  uint64_t mask;
  int rc = 1;

  if (life_is_over(cursor->life))
    return error_set(error, TALLY_ECLOSED, "the session is closed");
  if (cursor->now.left == 0)
    rc = turn_to_row(cursor, error);
  if (rc != 1)
    return rc;
  cursor->now.left--;
  rc = select_read(cursor->table, cursor->select, &cursor->now, row, &mask,
                   error);
  if (rc != 0)
    return rc;
  if (nulls != NULL)
    *nulls = mask;
  return 1;
}

int tally_next(tally_cursor *cursor, void *row, tally_error *error) {
  return tally_next_nulls(cursor, row, NULL, error);
}

void tally_cursor_close(tally_cursor *cursor) {
  int under_way = FETCH_UNDER_WAY;

  if (cursor == NULL ||
      atomic_compare_exchange_strong(&cursor->fetch, &under_way, FETCH_LEFT))
    return;
  /* Its flag is the last thing that the loop touches. */
  if (under_way == FETCH_DONE)
    net_park(&cursor->w.flag, 0);
  cursor_free(cursor);
}

/* ---- Asynchronous ------------------------------------------------------- */

/* Without memory for it there is no state to go on with: that is an error. */
static void finish_page(tally_cursor *c, tally_result *result) {
  const void *state = NULL;
  size_t len = 0;

  if (result->status == 0 && tally_cursor_state(c, &state, &len, &c->error) < 0)
    result->status = TALLY_ENOMEM;
  result->error = result->status != 0 ? &c->error : NULL;
  c->page_callback(c->user, result, state, len);
}

static void finish(tally_cursor *c, int status) {
  tally_result result = {.status = status, .outcome = TALLY_NOT_APPLIED};

  if (status != 0)
    result.error = &c->error;
  if (c->page_callback != NULL)
    finish_page(c, &result);
  else if (c->callback != NULL)
    c->callback(c->user, &result);
  cursor_free(c);
}

static int give_rows(tally_cursor *c, bool *stop) {
  for (; c->now.left > 0 && !*stop; c->now.left--) {
    uint64_t nulls;
    int rc =
        select_read(c->table, c->select, &c->now, c->row, &nulls, &c->error);

    if (rc != 0)
      return rc;
    *stop = c->each(c->user, c->row, nulls) != 0;
  }
  return 0;
}

static void on_page(op_callback *callback, void *user,
                    const struct answer *answer) {
  tally_cursor *c = user;
  bool stop = false;
  int rc = receive(c, answer);

  (void)callback;
  if (rc == 0) {
    turn_page(c);
    rc = give_rows(c, &stop);
  }
  if (rc == 0 && !stop && !c->last && c->page_callback == NULL) {
    rc = submit(c, on_page);
    if (rc == 0)
      return;
  }
  finish(c, rc);
}

/* Who is told. */
struct hearers {
  tally_row_callback each;
  tally_callback callback;
  tally_page_callback page_callback;
  void *user;
};

static int each_from(const tally_query *query, const struct hearers *to,
                     const void *state, size_t len, tally_error *error) {
  tally_cursor *c;
  int rc;

  if (to->each == NULL)
    return error_set(error, TALLY_EINVAL, "there is no callback for the rows");
  rc = cursor_new(&c, query, error);
  if (rc != 0)
    return rc;
  c->each = to->each;
  c->callback = to->callback;
  c->page_callback = to->page_callback;
  c->user = to->user;
  rc = len > 0 ? go_to(c, state, len) : 0;
  if (rc == 0) {
    c->row = net_alloc(&c->heap, c->table->row_size);
    rc = c->row == NULL ? error_no_memory(&c->error) : submit(c, on_page);
  }
  if (rc == 0)
    return 0;
  if (error != NULL)
    *error = c->error;
  cursor_free(c);
  return rc;
}

int tally_each_async(const tally_query *query, tally_row_callback each,
                     tally_callback callback, void *user, tally_error *error) {
  const struct hearers to = {.each = each, .callback = callback, .user = user};

  return each_from(query, &to, NULL, 0, error);
}

int tally_page_async(const tally_query *query, const void *state, size_t len,
                     tally_row_callback each, tally_page_callback callback,
                     void *user, tally_error *error) {
  const struct hearers to = {
      .each = each, .page_callback = callback, .user = user};

  if (callback == NULL)
    return error_set(error, TALLY_EINVAL,
                     "there is no callback for the page's end");
  return each_from(query, &to, state, len, error);
}
