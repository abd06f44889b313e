/* tool/lines.h - lines of a descriptor that may be slow, and their values. */
#ifndef TOOL_LINES_H
#define TOOL_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINE_MAX_BYTES = 1 << 20 };

struct lines {
  int fd;
  char *buffer;
  size_t begin, end; /* what was read and not given yet */
  uint64_t number;   /* of the line that was given last, from 1 */
  bool ended;
  int error; /* errno, when reading has failed; then it has ended, too */
};

/* False: no memory. */
bool lines_begin(struct lines *l, int fd);
void lines_free(struct lines *l);
/* The next line without its end (\n or \r\n), cut in place and good until the
 * next call; NULL: more has to be read first, or there is no more. */
char *lines_next(struct lines *l, size_t *len);
/* Does a line not fit?  Asked when lines_next() has none. */
bool lines_is_too_long(const struct lines *l);
/* Read once; blocks when nothing is there. */
void lines_fill(struct lines *l);

/* The value up to the next TAB, of *len bytes, with \t, \n, \r, \0 (a NUL) and
 * \\ read as what they stand for, in place; *line is behind it, NULL at the
 * end.  NULL: another letter stands behind a backslash. */
char *lines_value(char **line, size_t *len);

#endif
