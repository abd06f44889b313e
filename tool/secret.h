/* tool/secret.h - a file that belongs to the user alone, line by line. */
#ifndef TOOL_SECRET_H
#define TOOL_SECRET_H

#include <stdbool.h>
#include <stddef.h>

struct secret {
  const char *path;
  char *text; /* all of it; NULL: there is no such file */
  size_t size;
  char *next;
};

/* Refused unless it is a regular file of the user's that others can neither
 * read nor write.  Returns a status, reported; secret_close() is due in any
 * case.  A file that need not exist is empty. */
int secret_open(struct secret *s, const char *path, bool must_exist);
/* The next line without its end, to do with as one likes; NULL: no more. */
char *secret_line(struct secret *s);
/* Wipes what was read. */
void secret_close(struct secret *s);
/* Zeroes that no compiler leaves out. */
void secret_wipe(void *p, size_t size);

#endif
