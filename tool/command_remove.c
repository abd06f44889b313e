/* tool/command_remove.c - tally delete, truncate, drop: what cannot be undone
 * is said first, and asked for. */
#include "tool/command.h"

#include "tool/target.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool says_yes(void) {
  char line[16] = "";

  fflush(stderr);
  if (fgets(line, sizeof line, stdin) == NULL)
    return false;
  line[strcspn(line, "\n")] = '\0';
  return strcmp(line, "y") == 0 || strcmp(line, "yes") == 0;
}

/* `what` is "drop my_ks.hits", `means` what comes of it. */
static int confirm(const struct options *o, const char *what,
                   const char *means) {
  if (o->value[OPTION_YES] != NULL)
    return STATUS_DONE;
  if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
    return report_usage("say --yes where nobody can be asked", "%s: %s", what,
                        means);
  fprintf(stderr, "tally: %s: %s\nGo on? [y/N] ", what, means);
  if (says_yes())
    return STATUS_DONE;
  report("nothing was done", NULL, NULL, NULL);
  return STATUS_FAILED;
}

static int done(int rc, const tally_error *error) {
  if (rc != 0)
    return report_error(error, WORK_REMOVE);
  report_log_flush(NULL);
  return STATUS_DONE;
}

/* ---- A row -------------------------------------------------------------- */

static int refuse_counters(const struct target *t) {
  const tally_column *c = target_given_counter(t);

  if (c != NULL)
    return report_usage("name the row by its key alone",
                        "delete: %s is a counter, and a row is deleted with "
                        "all of them",
                        c->name);
  return target_require_keys(t, TALLY_KIND_CLUSTERING_KEY);
}

int command_delete(struct options *o) {
  char table[128], what[160];
  struct target t;
  tally_error error;
  int status = target_open(&t, o, WORK_REMOVE);

  if (status == STATUS_DONE)
    status = refuse_counters(&t);
  if (status == STATUS_DONE) {
    target_name(&t, table, sizeof table);
    snprintf(what, sizeof what, "delete a row of %s", table);
    status = confirm(o, what,
                     "counters do not come back as new: what is counted on "
                     "this key later may go on from the old sum, or be lost");
  }
  if (status == STATUS_DONE)
    status = done(tally_delete(t.table, tally_row_data(t.row), &error), &error);
  target_close(&t);
  return status;
}

/* ---- A table ------------------------------------------------------------ */

typedef int remove_function(tally_table *table, tally_error *error);

static int remove_table(struct options *o, remove_function *function,
                        const char *means) {
  char table[128], what[160];
  struct target t = {0};
  tally_error error;
  int status;

  snprintf(what, sizeof what, "see \"tally help %s\"", o->command);
  if (o->word_count != 1)
    return report_usage(what, "%s wants one TABLE", o->command);
  status = target_begin(&t, o, WORK_REMOVE);
  if (status == STATUS_DONE) {
    target_name(&t, table, sizeof table);
    snprintf(what, sizeof what, "%s %s", o->command, table);
    status = confirm(o, what, means);
  }
  if (status == STATUS_DONE)
    status = done(function(t.table, &error), &error);
  target_close(&t);
  return status;
}

int command_truncate(struct options *o) {
  return remove_table(o, tally_truncate,
                      "all of its rows go; what is counted from then on begins "
                      "at 0, and increments under way may stay or go");
}

int command_drop(struct options *o) {
  return remove_table(
      o, tally_drop_table,
      "the table goes with all of its rows; increments fail "
      "until \"tally sync\" makes it again, and begin at 0 then");
}
