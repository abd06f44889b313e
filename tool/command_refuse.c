/* tool/command_refuse.c - tally save, tally insert: what cannot be done to a
 * counter table. */
#include "tool/command.h"

static int refuse(const char *verb) {
  return report_usage("tally increment TABLE key=value ... counter=delta ...",
                      "Counter tables do not support %s(). Use increment() or "
                      "decrement() instead.",
                      verb);
}

int command_save(struct options *o) {
  (void)o;
  return refuse("save");
}

int command_insert(struct options *o) {
  (void)o;
  return refuse("insert");
}
