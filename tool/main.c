/* tool/main.c - the `tally` command: options, then one command. */
#include "tool/commands.h"
#include "tool/help.h"
#include "tool/interrupt.h"
#include "tool/output.h"

#include <string.h>

static int run_help(const struct options *o) {
  if (o->word_count > 1)
    return report_usage(NULL, "help explains one thing at a time");
  if (o->word_count == 1)
    return help_about(o->words[0]);
  help_overview(stdout);
  return STATUS_DONE;
}

static int run(struct options *o) {
  const struct command *c;
  int status;

  if (o->value[OPTION_VERSION] != NULL) {
    printf("tally %s\n", tally_version());
    return STATUS_DONE;
  }
  if (o->command == NULL && o->value[OPTION_HELP] != NULL) {
    help_overview(stdout);
    return STATUS_DONE;
  }
  if (o->command == NULL) {
    help_overview(stderr);
    return STATUS_USAGE;
  }
  c = commands_find(o->command);
  if (c == NULL)
    return STATUS_USAGE;
  if (o->value[OPTION_HELP] != NULL)
    return help_about(o->command);
  if (c->run == NULL)
    return run_help(o);
  /* A shell that starts asks for it, whatever is in its environment. */
  if (c->run == command_completion)
    return command_completion(o);
  status = options_apply(o);
  if (status != STATUS_DONE)
    return status;
  interrupt_begin();
  status = c->run(o);
  /* The status tells of the signal only, so that this must be said. */
  if (interrupt_caught() && status == STATUS_DONE && c->changes)
    report("interrupted", "what was under way is done and acknowledged", NULL,
           NULL);
  return interrupt_status(status);
}

int main(int argc, char **argv) {
  struct options o;
  int status;

  output_begin();
  status = options_read(&o, argc, argv);
  if (status == STATUS_DONE)
    status = run(&o);
  options_free(&o);
  return output_end(status);
}
