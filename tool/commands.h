/* tool/commands.h - the table of commands. */
#ifndef TOOL_COMMANDS_H
#define TOOL_COMMANDS_H

#include "tool/command.h"

size_t commands_count(void);
const struct command *commands_at(size_t index);
/* NULL has been reported. */
const struct command *commands_find(const char *name);

#endif
