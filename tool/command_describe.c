/* tool/command_describe.c - tally describe: the counter tables of a keyspace,
 * or one of them as the server has it. */
#include "tool/command.h"

#include "tool/ask.h"
#include "tool/output.h"
#include "tool/schema.h"
#include "tool/session.h"
#include "tool/target.h"
#include "tool/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The tables of a keyspace ------------------------------------------- */

static const struct output_column list_columns[] = {{"table", false},
                                                    {"comment", false}};

struct list {
  char **cells; /* name and comment of each */
  size_t count; /* of tables */
  bool found;   /* the keyspace is there */
};

static int on_keyspace(void *user, tally_answer *row) {
  (void)row;
  ((struct list *)user)->found = true;
  return STATUS_DONE;
}

static int on_table(void *user, tally_answer *row) {
  struct list *list = user;
  char **cells = realloc(list->cells, (list->count + 1) * 2 * sizeof *cells);

  if (cells == NULL)
    return report_no_memory();
  list->cells = cells;
  cells += 2 * list->count++;
  cells[0] = ask_text(row, "table_name");
  cells[1] = ask_text(row, "comment");
  return cells[0] != NULL && cells[1] != NULL ? STATUS_DONE
                                              : report_no_memory();
}

static int read_list(struct list *list, tally_session *session,
                     const char *keyspace) {
  const char *const values[] = {keyspace, NULL};
  int status = ask(session,
                   "SELECT keyspace_name FROM system_schema.keyspaces WHERE "
                   "keyspace_name = ?",
                   values, on_keyspace, list);
  char what[128];

  if (status != STATUS_DONE)
    return status;
  if (!list->found) {
    snprintf(what, sizeof what, "there is no keyspace %.64s", keyspace);
    report(what, NULL, NULL, "see \"tally help create-keyspace\"");
    return STATUS_FAILED;
  }
  return ask_counter_tables(session, keyspace, on_table, list);
}

static void put_list_json(const char *keyspace, const struct list *list) {
  fputs("{\"keyspace\":", stdout);
  output_json_text(keyspace);
  fputs(",\"tables\":[", stdout);
  for (size_t i = 0; i < list->count; i++) {
    fputs(i > 0 ? ",{\"table\":" : "{\"table\":", stdout);
    output_json_text(list->cells[2 * i]);
    fputs(",\"comment\":", stdout);
    output_json_text(list->cells[2 * i + 1]);
    putchar('}');
  }
  fputs("]}\n", stdout);
}

static int show_list(const struct options *o, tally_session *session,
                     const char *keyspace) {
  struct list list = {0};
  int status = read_list(&list, session, keyspace);

  if (status == STATUS_DONE && o->value[OPTION_JSON] != NULL)
    put_list_json(keyspace, &list);
  else if (status == STATUS_DONE)
    output_rows(o, list_columns, 2, (const char *const *)list.cells,
                list.count);
  text_free(list.cells, 2 * list.count);
  free(list.cells);
  return status;
}

static int describe_keyspace(const struct options *o) {
  tally_session *session = NULL;
  char *keyspace;
  int status;

  if (o->session.keyspace == NULL || o->session.keyspace[0] == '\0')
    return report_usage("give a table, --keyspace or TALLY_KEYSPACE",
                        "describe: no keyspace configured");
  keyspace = text_folded(o->session.keyspace);
  status = keyspace == NULL ? report_no_memory()
                            : session_open(&session, o, WORK_READ);
  if (status == STATUS_DONE)
    status = show_list(o, session, keyspace);
  tally_close(session);
  free(keyspace);
  return status;
}

/* ---- One table ---------------------------------------------------------- */

struct description {
  const struct options *options;
  const tally_table *table;
  bool shown;
};

/* Line by line, so that what is in one cannot move a terminal's cursor. */
static int show_cql(const tally_table *table, tally_answer *row) {
  char *cql = NULL, *next;
  size_t size;
  FILE *to = open_memstream(&cql, &size);
  bool ok = to != NULL && schema_cql(to, table, row);

  if (to != NULL)
    ok = fclose(to) == 0 && ok;
  for (char *line = cql; ok && *line != '\0'; line = next) {
    next = line + strcspn(line, "\n");
    if (*next == '\n')
      *next++ = '\0';
    output_text(line);
    putchar('\n');
  }
  free(cql);
  return ok ? STATUS_DONE : report_no_memory();
}

static int on_options(void *user, tally_answer *row) {
  struct description *d = user;

  d->shown = true;
  if (d->options->value[OPTION_JSON] == NULL)
    return show_cql(d->table, row);
  return schema_json(d->table, row) ? STATUS_DONE : report_no_memory();
}

static int describe_table(struct options *o) {
  struct target t = {0};
  struct description d = {.options = o};
  int status = target_begin(&t, o, WORK_READ);
  char what[160], name[128];

  if (status == STATUS_DONE) {
    const char *const values[] = {tally_table_keyspace(t.table),
                                  tally_table_name(t.table), NULL};

    d.table = t.table;
    status = ask(t.session,
                 "SELECT * FROM system_schema.tables WHERE keyspace_name = ? "
                 "AND table_name = ?",
                 values, on_options, &d);
  }
  if (status == STATUS_DONE && !d.shown) { /* gone in between */
    target_name(&t, name, sizeof name);
    snprintf(what, sizeof what, "there is no table %s", name);
    report(what, NULL, NULL, NULL);
    status = STATUS_FAILED;
  }
  target_close(&t);
  return status;
}

int command_describe(struct options *o) {
  if (o->word_count > 1)
    return report_usage("see \"tally help describe\"",
                        "describe takes one TABLE, or none");
  return o->word_count == 0 ? describe_keyspace(o) : describe_table(o);
}
