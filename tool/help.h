/* tool/help.h - texts for people who ask; on standard output. */
#ifndef TOOL_HELP_H
#define TOOL_HELP_H

#include <stdio.h>

void help_overview(FILE *to);
/* A command or a topic.  Returns a status. */
int help_about(const char *name);

#endif
