/* api/sync.c - a table made or altered to be as its definition says.
 *
 * What the server has is read and compared; what differs becomes statements, or
 * a refusal.  Another process may do the same at the same time: when a table
 * was there all of a sudden, or a statement is refused, it is read again. */
#include "api/schema.h"

#include "core/rows.h"

#include <stdio.h>
#include <string.h>

enum step { STEP_COLUMNS, STEP_DROPPED, STEP_OPTIONS, STEP_CHANGE };

enum { SERVER_UNAUTHORIZED = 0x2100 };

/* What is to be done; a statement's bits are taken away as it is begun. */
struct plan {
  bool create;
  uint64_t counters; /* to add: bits as in the table's masks */
  uint64_t options;  /* to set: a bit for each of the table's */
};

struct sync {
  tally_table *table;
  tally_sync_options options;
  struct loop *loop;
  enum step step;
  struct statement statement; /* of the look under way */
  struct text cql;            /* of that for the options */
  uint32_t host;              /* that made the latest change: it is asked */
  struct plan plan;
  struct plan begun;   /* the statement under way */
  struct plan refused; /* by the server: twice is once too often */
  struct plan told;    /* on_statement has heard of it */
  bool existed;        /* when it was to be created */
  bool ran; /* a statement of ours, after which the server is up to date */
  bool warned;
  unsigned made; /* statements that have changed something */
  struct listener to;
};

static bool plan_is_empty(const struct plan *p) {
  return !p->create && p->counters == 0 && p->options == 0;
}

static bool plan_has(const struct plan *p, const struct plan *part) {
  return (part->create && p->create) || (p->counters & part->counters) != 0 ||
         (p->options & part->options) != 0;
}

/* The next statement of it, taken away; false: there is none. */
static bool plan_next(struct plan *p, struct plan *begun, const tally_table *t,
                      struct text *cql) {
  uint16_t counter = 0;

  memset(begun, 0, sizeof *begun);
  text_init(cql, &t->session->heap);
  if (p->create) {
    begun->create = true;
    statement_create(t, cql);
  } else if (p->counters != 0) {
    while ((p->counters >> counter & 1) == 0)
      counter++;
    begun->counters = UINT64_C(1) << counter;
    statement_add_counter(t, counter, cql);
  } else if (p->options != 0) {
    begun->options = p->options;
    statement_set_options(t, p->options, cql);
  }
  p->create &= !begun->create;
  p->counters &= ~begun->counters;
  p->options &= ~begun->options;
  return !plan_is_empty(begun);
}

/* ---- The end ------------------------------------------------------------ */

static void sync_over(struct sync *y, int code, const tally_error *error) {
  struct listener to = y->to;
  const struct net_heap heap = y->table->session->heap;

  net_free(&heap, y->cql.p);
  net_free(&heap, y);
  change_told(&to, code, error);
}

static int refuse(const struct sync *y, tally_error *e, const char *column,
                  const char *why) {
  return error_set(e, TALLY_ESCHEMA, "%s cannot be altered: column %s %s",
                   y->table->qualified, column, why);
}

/* ---- Columns ------------------------------------------------------------ */

static const char *kind_name(int kind) {
  static const char *const names[] = {"", "of the partition key",
                                      "of the clustering key",
                                      "a static counter", "a counter"};

  return names[kind];
}

static const tally_column *own_column(const tally_table *t, const char *name) {
  for (size_t i = 0; i < t->column_count; i++)
    if (strcmp(t->columns[i].name, name) == 0)
      return &t->columns[i];
  return NULL;
}

/* The same column on both sides: is it the same in all? */
static int compare_column(const struct sync *y, const tally_column *server,
                          const tally_column *own, tally_error *e) {
  char why[160];

  if (server->kind != own->kind)
    snprintf(why, sizeof why, "is %s there, and %s in the definition",
             kind_name(server->kind), kind_name(own->kind));
  else if (server->type != own->type)
    snprintf(why, sizeof why, "is %s there, and %s in the definition",
             tally_type_name(server->type), tally_type_name(own->type));
  else if (server->kind == TALLY_KIND_CLUSTERING_KEY &&
           server->order != own->order)
    snprintf(why, sizeof why,
             "is in %s order there, and in %s in the "
             "definition",
             server->order == TALLY_DESC ? "DESC" : "ASC",
             own->order == TALLY_DESC ? "DESC" : "ASC");
  else
    return 0;
  return refuse(y, e, own->name, why);
}

/* Keys in this order; the server's are sorted so. */
static int compare_keys(const struct sync *y, const struct server_columns *in,
                        tally_error *e) {
  const tally_table *t = y->table;

  for (uint16_t i = 0; i < t->key_count; i++) {
    const char *own = t->columns[t->keys[i]].name;
    bool there = false;

    for (size_t j = 0; j < in->count; j++)
      there |= strcmp(in->list[j].column.name, own) == 0;
    if (!there)
      return refuse(y, e, own,
                    "is not there, and nothing can be added to a "
                    "primary key");
    if (strcmp(in->list[i].column.name, own) != 0)
      return refuse(y, e, own, "has another place in the primary key");
  }
  return 0;
}

/* Another version of a program may know it: nothing to lose sleep over. */
static void warn_unknown(struct sync *y, const struct server_columns *in) {
  const tally_table *t = y->table;
  struct text names;

  text_init(&names, &t->session->heap);
  for (size_t i = 0; i < in->count; i++)
    if (own_column(t, in->list[i].column.name) == NULL) {
      text_add(&names, names.len > 0 ? ", " : "");
      text_add(&names, in->list[i].column.name);
    }
  if (names.len > 0 && !y->warned)
    log_write(&y->loop->context.log, LOG_WARNING,
              "%s has columns that the definition does not know: %s",
              t->qualified, names.p);
  y->warned = true;
  net_free(names.heap, names.p);
}

/* Keys of the server that the definition has not; both sides' columns; counters
 * that are missing. */
static int compare_columns(struct sync *y, const struct server_columns *in,
                           tally_error *e) {
  const tally_table *t = y->table;
  uint64_t missing = table_counters(t);

  for (size_t i = 0; i < in->count; i++) {
    const tally_column *server = &in->list[i].column;
    const tally_column *own = own_column(t, server->name);
    int rc = own == NULL ? 0 : compare_column(y, server, own, e);

    if (rc != 0)
      return rc;
    if (own == NULL && server->type != TALLY_TYPE_COUNTER)
      return refuse(y, e, server->name,
                    "is part of its primary key, and not "
                    "in the definition");
    for (uint16_t c = 0; c < t->counter_count; c++)
      if (own == &t->columns[t->counters[c]])
        missing &= ~(UINT64_C(1) << c);
  }
  y->plan.counters = missing;
  warn_unknown(y, in);
  return compare_keys(y, in, e);
}

static int on_columns(struct sync *y, struct rows *rows, tally_error *e) {
  struct server_columns in = {.heap = &y->table->session->heap,
                              .about = y->table->qualified};
  int rc = columns_read(&in, rows, e);

  memset(&y->plan, 0, sizeof y->plan);
  y->plan.create = rc == 0 && in.count == 0;
  if (rc == 0 && in.count > 0)
    rc = compare_columns(y, &in, e);
  columns_free(&in);
  return rc;
}

/* A node that was away remembers the old increments of a dropped counter: no
 * server lets another one of its name in. */
static int on_dropped(struct sync *y, struct rows *rows, tally_error *e) {
  const tally_table *t = y->table;
  struct cell name;

  while (rows_next(rows, &name))
    for (uint16_t i = 0; i < t->counter_count; i++) {
      const char *own = t->columns[t->counters[i]].name;

      if ((y->plan.counters >> i & 1) != 0 && cell_is(&name, own))
        return refuse(y, e, own,
                      "was dropped once, and a dropped counter "
                      "cannot be added again: give it another name");
    }
  return 0;
}

/* ---- Options ------------------------------------------------------------ */

static void options_cql(const tally_table *t, struct text *out) {
  text_init(out, &t->session->heap);
  for (size_t i = 0; i < t->option_count; i++) {
    text_add(out, i == 0 ? "SELECT " : ", ");
    text_add(out, t->options[i].name);
  }
  text_add(out, " FROM system_schema.tables WHERE keyspace_name = ? AND "
                "table_name = ?");
}

static int on_options(struct sync *y, struct rows *rows, tally_error *e) {
  const tally_table *t = y->table;
  struct cell cell;

  if (rows_count(rows) == 0)
    return error_set(e, TALLY_ESCHEMA,
                     "%s: the table is gone: somebody has dropped it just now",
                     t->qualified);
  if (rows_count(rows) != 1 || rows_columns(rows) != (int32_t)t->option_count)
    return error_set(e, TALLY_EPROTOCOL, "%s: an answer with other columns",
                     t->qualified);
  for (size_t i = 0; i < t->option_count; i++) {
    if (!rows_next(rows, &cell))
      return error_set(e, TALLY_EPROTOCOL, "%s: an answer cut short",
                       t->qualified);
    if (!table_option_is(&t->options[i], &cell))
      y->plan.options |= UINT64_C(1) << i;
  }
  return 0;
}

/* ---- One step after the other ------------------------------------------- */

static void on_look(op_callback *callback, void *user,
                    const struct answer *answer);

static int submit(struct sync *y, struct op *op, tally_error *e) {
  op->consistency = TALLY_ONE;
  op->only_host = y->host;
  op->done = on_look;
  op->user = y;
  return session_submit(y->loop, op, e);
}

static int look(struct sync *y, enum step step, const char *cql,
                tally_error *e) {
  tally_table *t = y->table;
  const struct net_heap *heap = &t->session->heap;
  struct op *op = op_make(heap);

  y->step = step;
  y->statement = (struct statement){.text = cql,
                                    .text_len = strlen(cql),
                                    .table = t->qualified,
                                    .effect = EFFECT_READ};
  if (op == NULL ||
      !op_bind_bytes(op, heap, t->keyspace, strlen(t->keyspace)) ||
      !op_bind_bytes(op, heap, t->name, strlen(t->name))) {
    if (op != NULL)
      op_release(heap, op);
    return error_no_memory(e);
  }
  op->kind = OP_QUERY;
  op->statement = &y->statement;
  op->timeout = TIMEOUT_READ;
  return submit(y, op, e);
}

static int look_options(struct sync *y, tally_error *e) {
  net_free(&y->table->session->heap, y->cql.p);
  options_cql(y->table, &y->cql);
  if (y->cql.failed)
    return error_no_memory(e);
  return look(y, STEP_OPTIONS, y->cql.p, e);
}

static void on_change(void *user, const struct change_end *end);

/* Once, however often it is tried. */
static void tell(struct sync *y, const struct plan *begun, const char *cql) {
  bool again = plan_has(&y->told, begun);

  y->told.create |= begun->create;
  y->told.counters |= begun->counters;
  y->told.options |= begun->options;
  if (y->options.on_statement != NULL && !again)
    y->options.on_statement(y->options.user, cql);
}

/* Tell all statements, run none. */
static int tell_all(struct sync *y, tally_error *e) {
  struct plan begun;
  struct text cql;
  int rc = 0;

  while (rc == 0 && plan_next(&y->plan, &begun, y->table, &cql)) {
    if (cql.failed)
      rc = error_no_memory(e);
    else
      tell(y, &begun, cql.p);
    net_free(cql.heap, cql.p);
  }
  return rc;
}

/* ---- What follows what --------------------------------------------------- */

/* The tables of system_schema are written before the server uses what they say:
 * what another process is making just now is seen there a moment too early.  A
 * change that changes nothing waits for that one, and for agreement on it. */
static void catch_up(struct sync *y, struct text *cql) {
  text_init(cql, &y->table->session->heap);
  statement_create(y->table, cql);
}

/* 1: a change is under way; 0: there is nothing left to do. */
static int next_change(struct sync *y, tally_error *e) {
  struct change_of of = {.about = y->table->qualified, .of_table = true};
  struct loop *loop;
  struct text cql;
  int rc;

  y->step = STEP_CHANGE;
  if (y->plan.create && y->existed)
    return error_set(
        e, TALLY_ESCHEMA,
        "%s: the server says that there is such a table, and lists "
        "no columns of it",
        y->table->qualified);
  if (plan_next(&y->plan, &y->begun, y->table, &cql)) {
    if (!cql.failed)
      tell(y, &y->begun, cql.p);
  } else if (y->ran) {
    return 0;
  } else {
    catch_up(y, &cql);
  }
  of.doing = plan_is_empty(&y->begun) ? "looking at table"
             : y->begun.create        ? "creating table"
                                      : "altering table";
  y->ran = true;
  rc = change_start(y->table->session, &cql, &of, on_change, y, &loop, e);
  return rc == 0 ? 1 : rc;
}

/* What follows the look that has just ended.  1: something is under way. */
static int next_step(struct sync *y, tally_error *e) {
  static const char dropped[] =
      "SELECT column_name FROM system_schema.dropped_columns WHERE "
      "keyspace_name = ? AND table_name = ?";
  bool exists = !y->plan.create;
  int rc;

  if (y->step == STEP_COLUMNS && y->plan.counters != 0)
    rc = look(y, STEP_DROPPED, dropped, e);
  else if (y->step < STEP_OPTIONS && exists && y->table->option_count > 0)
    rc = look_options(y, e);
  else if (y->options.dry_run != 0)
    return tell_all(y, e);
  else
    return next_change(y, e);
  return rc == 0 ? 1 : rc;
}

static int look_end(struct sync *y, const struct answer *answer,
                    tally_error *e) {
  int rc;

  if (answer->code != 0)
    return error_from_answer(e, answer);
  if (y->step == STEP_COLUMNS)
    rc = on_columns(y, answer->rows, e);
  else if (y->step == STEP_DROPPED)
    rc = on_dropped(y, answer->rows, e);
  else
    rc = on_options(y, answer->rows, e);
  return rc != 0 ? rc : next_step(y, e);
}

static void on_look(op_callback *callback, void *user,
                    const struct answer *answer) {
  struct sync *y = user;
  tally_error e;
  int rc = look_end(y, answer, &e);

  (void)callback;
  if (rc <= 0)
    sync_over(y, rc, &e);
}

/* The statement that failed did nothing, perhaps; others did before. */
static int failed(const struct sync *y, const struct change_end *end,
                  tally_error *e) {
  size_t len = strlen(end->error->detail);

  *e = *end->error;
  if (y->made > 0)
    snprintf(e->detail + len, sizeof e->detail - len,
             "%s%u statement%s before it changed the table",
             len > 0 ? "; " : "", y->made, y->made == 1 ? "" : "s");
  return end->code;
}

/* The table is as it should be, and nothing was to be changed: what keeps us
 * from waiting for others is worth a warning, and no error. */
static int not_caught_up(const struct sync *y, const struct change_end *end,
                         tally_error *e) {
  if (end->code == TALLY_ECLOSED || end->code == TALLY_ENOMEM)
    return failed(y, end, e);
  /* Who counts need not be allowed to make tables. */
  if (end->error->server_code == SERVER_UNAUTHORIZED)
    return 0;
  log_write(&y->loop->context.log, LOG_WARNING,
            "%s is as defined, but not known whether another process is making "
            "it just now: %s (%s)",
            y->table->qualified, end->error->message, end->error->detail);
  return 0;
}

/* A statement that is refused may have come second: the next look tells. */
static int change_end(struct sync *y, const struct change_end *end,
                      tally_error *e) {
  bool again = end->code == TALLY_ESCHEMA && !plan_has(&y->refused, &y->begun);

  if (plan_is_empty(&y->begun) && end->code != 0)
    return not_caught_up(y, end, e);
  if (end->code == 0) {
    y->host = end->host;
    y->made += end->changed;
    if (!y->begun.create || end->changed)
      return next_change(y, e);
    y->existed = true;
  } else if (!again) {
    return failed(y, end, e);
  } else {
    y->refused.create |= y->begun.create;
    y->refused.counters |= y->begun.counters;
    y->refused.options |= y->begun.options;
  }
  return look(y, STEP_COLUMNS, columns_cql, e) == 0 ? 1 : e->code;
}

static void on_change(void *user, const struct change_end *end) {
  struct sync *y = user;
  tally_error e;
  int rc = change_end(y, end, &e);

  if (rc <= 0)
    sync_over(y, rc, &e);
}

/* ---- The calls ---------------------------------------------------------- */

static int start(tally_table *t, const tally_sync_options *options,
                 const struct listener *to, struct loop **loop,
                 tally_error *e) {
  const struct net_heap *heap = &t->session->heap;
  struct sync *y;
  int rc;

  if (options != NULL && options->struct_size != sizeof *options)
    return error_set(e, TALLY_EINVAL, "sync options: struct_size is not set");
  y = net_alloc(heap, sizeof *y);
  if (y == NULL)
    return error_no_memory(e);
  y->table = t;
  if (options != NULL)
    y->options = *options;
  y->loop = *loop = session_loop(t->session);
  y->to = *to;
  rc = look(y, STEP_COLUMNS, columns_cql, e);
  if (rc != 0)
    net_free(heap, y);
  return rc;
}

int tally_sync_table(tally_table *table, const tally_sync_options *options,
                     tally_error *error) {
  struct waiter w = {.error = error};
  struct listener to = {.waiter = &w};
  struct loop *loop;
  int rc = wait_begin(table->session, error);

  if (rc == 0)
    rc = start(table, options, &to, &loop, error);
  if (rc != 0)
    return rc;
  wait_for(table->session, loop, &w);
  return w.code;
}

int tally_sync_table_async(tally_table *table,
                           const tally_sync_options *options,
                           tally_callback callback, void *user,
                           tally_error *error) {
  struct listener to = {NULL, callback, user};
  struct loop *loop;

  return start(table, options, &to, &loop, error);
}
