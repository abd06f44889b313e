/* tool/command_count.c - tally increment, tally decrement. */
#include "tool/command.h"

#include "tool/stream.h"
#include "tool/target.h"

typedef int change_function(tally_table *table, const void *row,
                            tally_error *error);

/* A row that would add nothing is refused here, where it can be said which
 * words are missing. */
static int check_deltas(const struct target *t, const char *command) {
  int last_key = target_last_key(t);
  char table[128], counters[512];

  target_name(t, table, sizeof table);
  target_counters(t, counters, sizeof counters);
  if (last_key == 0)
    return report_usage("write counter=delta, for example views=1",
                        "%s %s: no counter given; it has %s", command, table,
                        counters);
  if (target_adds_nothing(t))
    return report_usage("give at least one delta that is not 0",
                        "%s %s: nothing to add: every delta is 0", command,
                        table);
  return target_require_keys(t, last_key);
}

static int change(struct options *o, change_function *function) {
  struct target t;
  tally_error error;
  int status = target_open(&t, o, WORK_COUNT);

  if (status == STATUS_DONE)
    status = check_deltas(&t, o->command);
  if (status == STATUS_DONE) {
    if (function(t.table, tally_row_data(t.row), &error) != 0)
      status = report_error(&error, WORK_COUNT);
    else
      report_log_flush(NULL);
  }
  target_close(&t);
  return status;
}

int command_increment(struct options *o) {
  return o->value[OPTION_STDIN] == NULL ? change(o, tally_increment)
                                        : stream_run(o, tally_increment_async);
}

int command_decrement(struct options *o) {
  return o->value[OPTION_STDIN] == NULL ? change(o, tally_decrement)
                                        : stream_run(o, tally_decrement_async);
}
