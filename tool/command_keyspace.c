/* tool/command_keyspace.c - tally create-keyspace. */
#include "tool/command.h"

#include "tool/session.h"
#include "tool/text.h"

#include <limits.h>

static int read_replication(const struct options *o,
                            tally_keyspace_options *k) {
  const char *factor = o->value[OPTION_REPLICATION_FACTOR];
  int64_t n = 0;

  k->replication = o->value[OPTION_REPLICATION];
  k->no_tablets = o->value[OPTION_NO_TABLETS] != NULL;
  if (factor == NULL)
    return STATUS_DONE;
  if (k->replication != NULL)
    return report_usage(NULL, "give --replication-factor or --replication, "
                              "not both");
  if (text_int64(factor, &n) != NUMBER_OK || n < 1 || n > INT_MAX)
    return report_usage(NULL,
                        "bad value for --replication-factor: \"%.100s\" is not "
                        "a whole number of at least 1",
                        factor);
  k->replication_factor = (int)n;
  return STATUS_DONE;
}

int command_create_keyspace(struct options *o) {
  tally_keyspace_options k = {.struct_size = sizeof k};
  tally_session *session = NULL;
  tally_error error;
  int status;

  if (o->word_count != 1)
    return report_usage("see \"tally help create-keyspace\"",
                        "create-keyspace needs one name");
  status = read_replication(o, &k);
  if (status == STATUS_DONE)
    status = session_open(&session, o, WORK_SCHEMA);
  if (status == STATUS_DONE) {
    if (tally_create_keyspace(session, o->words[0], &k, &error) != 0)
      status = report_error(&error, WORK_SCHEMA);
    else
      report_log_flush(NULL);
  }
  tally_close(session);
  return status;
}
