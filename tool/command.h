/* tool/command.h - what a command is, and the commands. */
#ifndef TOOL_COMMAND_H
#define TOOL_COMMAND_H

#include "tool/options.h"

struct command {
  const char *name;
  const char *arguments; /* as --help shows them */
  const char *summary;   /* NULL: not listed */
  const char *help;      /* more, for "tally help NAME" */
  /* Returns a status; what is not 0 has been reported.  NULL: main() does. */
  int (*run)(struct options *o);
  bool changes; /* something on servers: how that ended is always told */
};

int command_create_keyspace(struct options *o);
int command_sync(struct options *o);
int command_increment(struct options *o);
int command_decrement(struct options *o);
int command_get(struct options *o);
int command_find(struct options *o);
int command_watch(struct options *o);
int command_delete(struct options *o);
int command_truncate(struct options *o);
int command_drop(struct options *o);
int command_describe(struct options *o);
int command_cluster(struct options *o);
int command_doctor(struct options *o);
int command_completion(struct options *o);
int command_save(struct options *o);
int command_insert(struct options *o);

#endif
