/* tool/command_count.c - tally increment, tally decrement. */
#include "tool/command.h"

#include "tool/target.h"

#include <stdio.h>
#include <string.h>

typedef int change_function(tally_table *table, const void *row,
                            tally_error *error);

static bool is_counter(const tally_column *c) {
  return c->type == TALLY_TYPE_COUNTER;
}

static bool is_zero(const struct target *t, const tally_column *c) {
  int64_t delta = 0;

  return tally_row_get_int64(t->row, c->name, &delta, NULL) == 0 && delta == 0;
}

/* ", views" for each counter, cut where the message ends anyway. */
static void list_counters(const struct target *t, char *list, size_t size) {
  const tally_column *c;
  size_t len = 0;

  list[0] = '\0';
  for (size_t i = 0; (c = tally_table_column(t->table, i)) != NULL; i++)
    if (is_counter(c) && len < size)
      len += (size_t)snprintf(list + len, size - len, "%s%s",
                              len > 0 ? ", " : "", c->name);
}

/* A row that would add nothing is refused here, where it can be said which
 * words are missing. */
static int check_deltas(const struct target *t, const char *command) {
  bool given = false, zero = true;
  int last_key = TALLY_KIND_PARTITION_KEY;
  const tally_column *c;
  char table[128], counters[512];

  for (size_t i = 0; (c = tally_table_column(t->table, i)) != NULL; i++) {
    if (!is_counter(c) || !target_has(t, c))
      continue;
    given = true;
    zero = zero && is_zero(t, c);
    if (c->kind == TALLY_KIND_COUNTER) /* static ones are the partition's */
      last_key = TALLY_KIND_CLUSTERING_KEY;
  }
  target_name(t, table, sizeof table);
  list_counters(t, counters, sizeof counters);
  if (!given)
    return report_usage("write counter=delta, for example views=1",
                        "%s %s: no counter given; it has %s", command, table,
                        counters);
  if (zero)
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
  return change(o, tally_increment);
}

int command_decrement(struct options *o) {
  return change(o, tally_decrement);
}
