/* tool/command_get.c - tally get. */
#include "tool/command.h"

#include "tool/rows.h"
#include "tool/target.h"

static int show(const struct options *o, const struct target *t) {
  struct rows rows;
  int status = rows_begin(&rows, o, t->table);

  if (status == STATUS_DONE)
    status = rows_put(&rows, t->row, 0);
  if (status == STATUS_DONE)
    status = rows_end(&rows);
  rows_free(&rows);
  return status;
}

int command_get(struct options *o) {
  struct target t;
  tally_error error;
  int status;

  /* --consistency is the command's, whichever command it is. */
  if (o->value[OPTION_CONSISTENCY] != NULL)
    o->session.read_consistency = o->session.consistency;
  status = target_open_key(&t, o);
  if (status == STATUS_DONE) {
    if (tally_get(t.table, tally_row_data(t.row), &error) != 0)
      status = report_error(&error, WORK_READ);
    else
      report_log_flush(NULL);
  }
  if (status == STATUS_DONE)
    status = show(o, &t);
  target_close(&t);
  return status;
}
