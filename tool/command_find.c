/* tool/command_find.c - tally find.  What a query may ask for is the library's
 * to say; here is only how words are read. */
#include "tool/command.h"

#include "tool/interrupt.h"
#include "tool/rows.h"
#include "tool/target.h"
#include "tool/text.h"
#include "tool/top.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct finding {
  struct target target; /* its row has the values of conditions */
  tally_query *query;
  tally_cursor *cursor;
  tally_row *row;
  struct rows rows;
  struct top top;
};

static int failed(const tally_error *e) {
  return report_error(e, WORK_READ);
}

/* ---- Conditions --------------------------------------------------------- */

/* "day>=2026-11-01" into a name, cut out of the copy, an operator and a
 * value. */
static const char *cut(char *word, int *op) {
  static const struct {
    const char *text;
    int op;
  } operators[] = {{"<=", TALLY_LE},
                   {">=", TALLY_GE},
                   {"<", TALLY_LT},
                   {">", TALLY_GT},
                   {"=", TALLY_EQ}};
  char *at = word + strcspn(word, "<>=");

  for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
    size_t len = strlen(operators[i].text);

    if (at == word || strncmp(at, operators[i].text, len) != 0)
      continue;
    *at = '\0';
    *op = operators[i].op;
    return at + len;
  }
  return NULL;
}

/* "site!=a", "site==a" and "site > a" are conditions elsewhere.  A value that
 * does begin so can be given with --in. */
static bool is_foreign(const struct finding *f, const char *name,
                       const char *value) {
  char last = name[strlen(name) - 1], op = value[-1], next = value[0];

  if ((op == '=' && (next == '=' || next == '<' || next == '>')) ||
      (op == '<' && next == '>'))
    return true;
  return (last == '!' || last == ' ') &&
         target_find(f->target.table, name) == NULL;
}

static int add_condition(struct finding *f, const char *word) {
  char *copy = strdup(word);
  const char *value;
  tally_error error;
  int op = 0, status;

  if (copy == NULL)
    return report_no_memory();
  value = cut(copy, &op);
  status = value == NULL || is_foreign(f, copy, word + (value - copy))
               ? report_usage("write site=a or 'day>=2026-11-01': there are = "
                              "< <= > >=, without blanks around them",
                              "\"%s\" is no condition", word)
               : target_set(&f->target, copy, value);
  if (status == STATUS_DONE &&
      tally_where(f->query, copy, op, tally_row_data(f->target.row), &error) !=
          0)
    status = failed(&error);
  free(copy);
  return status;
}

/* A row for each value, since a relation takes rows. */
static int add_values(struct finding *f, const char *name, char *list) {
  size_t count = 1, made = 0;
  int status = STATUS_DONE;
  tally_row **rows;
  const void **data;
  tally_error error;
  struct target one = f->target;

  for (const char *s = list; *s != '\0'; s++)
    count += *s == ',';
  rows = calloc(count, sizeof(tally_row *));
  data = calloc(count, sizeof(void *));
  if (rows == NULL || data == NULL) {
    free(rows);
    free(data);
    return report_no_memory();
  }
  for (char *value = list; status == STATUS_DONE && made < count; made++) {
    char *comma = value + strcspn(value, ",");
    char *next = *comma == ',' ? comma + 1 : comma;

    *comma = '\0';
    if (tally_row_new(&rows[made], f->target.table, &error) != 0) {
      status = failed(&error);
      break;
    }
    one.row = rows[made];
    status = target_set(&one, name, value);
    data[made] = tally_row_data(rows[made]);
    value = next;
  }
  if (status == STATUS_DONE &&
      tally_where_in(f->query, name, data, count, &error) != 0)
    status = failed(&error);
  for (size_t i = 0; i < count; i++)
    tally_row_free(rows[i]);
  free(rows);
  free(data);
  return status;
}

static int add_in(struct finding *f, const char *word) {
  char *copy = strdup(word), *equals;
  int status;

  if (copy == NULL)
    return report_no_memory();
  equals = strchr(copy, '=');
  if (equals == NULL || equals == copy || equals[1] == '\0') {
    status = report_usage("write --in site=a,b",
                          "\"%s\" is not column=value,...", word);
  } else {
    *equals = '\0';
    status = add_values(f, copy, equals + 1);
  }
  free(copy);
  return status;
}

/* ---- Order and limits --------------------------------------------------- */

static int add_order(struct finding *f, const char *words) {
  char *copy = strdup(words);
  int status = STATUS_DONE;
  tally_error error;
  char *next;

  if (copy == NULL)
    return report_no_memory();
  for (char *s = copy; status == STATUS_DONE && s != NULL; s = next) {
    int order = *s == '-' ? TALLY_DESC : TALLY_ASC;

    next = strchr(s, ',');
    if (next != NULL)
      *next++ = '\0';
    if (tally_order_by(f->query, s + (order == TALLY_DESC), order, &error) != 0)
      status = failed(&error);
  }
  free(copy);
  return status;
}

typedef int limit_function(tally_query *query, int32_t rows,
                           tally_error *error);

static int add_limit(struct finding *f, const struct options *o,
                     enum option_id id, limit_function *function) {
  tally_error error;
  int32_t n = 0;
  int status;

  if (o->value[id] == NULL)
    return STATUS_DONE;
  status = options_count(o, id, &n);
  if (status == STATUS_DONE && function(f->query, n, &error) != 0)
    status = failed(&error);
  return status;
}

static int make_query(struct finding *f, const struct options *o) {
  tally_error error;
  int status = STATUS_DONE;

  if (tally_find(&f->query, f->target.table, &error) != 0)
    return failed(&error);
  for (size_t i = 1; i < o->word_count && status == STATUS_DONE; i++)
    status = add_condition(f, o->words[i]);
  for (size_t i = 0; i < o->in.count && status == STATUS_DONE; i++)
    status = add_in(f, o->in.values[i]);
  if (status == STATUS_DONE && o->value[OPTION_ORDER_BY] != NULL)
    status = add_order(f, o->value[OPTION_ORDER_BY]);
  if (status == STATUS_DONE)
    status = add_limit(f, o, OPTION_LIMIT, tally_limit);
  if (status == STATUS_DONE)
    status =
        add_limit(f, o, OPTION_PER_PARTITION_LIMIT, tally_per_partition_limit);
  if (status == STATUS_DONE)
    status = add_limit(f, o, OPTION_PAGE_SIZE, tally_page_size);
  if (o->value[OPTION_ALLOW_FILTERING] != NULL)
    tally_allow_filtering(f->query);
  return status;
}

/* ---- Rows --------------------------------------------------------------- */

static int begin_top(struct finding *f, const struct options *o) {
  const char *by = o->value[OPTION_BY];
  const tally_column *c;
  int32_t most = 0;
  int status;

  if (o->value[OPTION_TOP] == NULL && by == NULL)
    return STATUS_DONE;
  if (o->value[OPTION_TOP] == NULL || by == NULL)
    return report_usage("write --top 10 --by views",
                        "--top and --by go together");
  c = target_find(f->target.table, by);
  if (c == NULL)
    return target_set(&f->target, by, ""); /* which says so */
  if (c->type != TALLY_TYPE_COUNTER)
    return report_usage(NULL, "--by %s: that column is no counter", by);
  status = options_count(o, OPTION_TOP, &most);
  if (status == STATUS_DONE &&
      !top_begin(&f->top, (size_t)most,
                 tally_table_column_count(f->target.table)))
    status = report_no_memory();
  return status;
}

static int put_row(struct finding *f, uint64_t nulls, const char *by) {
  int64_t value = 0;
  tally_error error;
  int status;

  if (f->top.rows == NULL)
    return rows_put(&f->rows, f->row, nulls);
  status = rows_cells(&f->rows, f->row, nulls);
  if (status != STATUS_DONE)
    return status;
  if (tally_row_get_int64(f->row, by, &value, &error) != 0)
    return failed(&error);
  return top_add(&f->top, value, f->rows.cells) ? STATUS_DONE
                                                : report_no_memory();
}

static int put_top(struct finding *f) {
  int status = STATUS_DONE;

  top_sort(&f->top);
  for (size_t i = 0; i < f->top.count && status == STATUS_DONE; i++)
    status =
        rows_put_cells(&f->rows, (const char *const *)f->top.rows[i].cells);
  return status;
}

/* A read has nothing to see to its end: a signal, or nobody there who reads the
 * rows, ends it between two of them. */
static bool goes_on(int status) {
  return status == STATUS_DONE && !interrupt_caught() && ferror(stdout) == 0;
}

/* The rows that were read are shown, whatever comes then; but the best of some
 * are not the best. */
static int read_rows(struct finding *f, const struct options *o) {
  uint64_t nulls = 0;
  tally_error error;
  int status = STATUS_DONE, rc = 1;

  if (tally_row_new(&f->row, f->target.table, &error) != 0 ||
      tally_cursor_open(&f->cursor, f->query, &error) != 0)
    return failed(&error);
  while (goes_on(status) &&
         (rc = tally_next_nulls(f->cursor, tally_row_data(f->row), &nulls,
                                &error)) > 0)
    status = put_row(f, nulls, o->value[OPTION_BY]);
  if (status == STATUS_DONE && rc == 0 && f->top.rows != NULL)
    status = put_top(f);
  rows_end(&f->rows);
  output_now();
  if (rc < 0)
    return failed(&error);
  report_log_flush(NULL);
  if (status == STATUS_DONE && rc > 0 && interrupt_caught())
    report("interrupted", "there may be more rows", NULL, NULL);
  return status;
}

/* A limit is the server's: it ends the rows before the best are known. */
static int check_options(const struct options *o) {
  if (o->value[OPTION_TOP] == NULL || o->value[OPTION_LIMIT] == NULL)
    return STATUS_DONE;
  return report_usage("--top alone says how many rows there are in the end",
                      "--top and --limit do not go together: the best of the "
                      "first rows are not the best");
}

int command_find(struct options *o) {
  struct finding f = {0};
  int status;

  if (o->word_count == 0)
    return report_usage("see \"tally help find\"", "find needs a table");
  status = check_options(o);
  if (status != STATUS_DONE)
    return status;
  if (o->value[OPTION_CONSISTENCY] != NULL)
    o->session.read_consistency = o->session.consistency;
  status = target_begin(&f.target, o, WORK_READ);
  if (status == STATUS_DONE)
    status = make_query(&f, o);
  if (status == STATUS_DONE)
    status = begin_top(&f, o);
  if (status == STATUS_DONE)
    status = rows_begin(&f.rows, o, f.target.table);
  if (status == STATUS_DONE)
    status = read_rows(&f, o);
  tally_cursor_close(f.cursor);
  tally_query_free(f.query);
  tally_row_free(f.row);
  rows_free(&f.rows);
  top_free(&f.top);
  target_close(&f.target);
  return status;
}
