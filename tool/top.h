/* tool/top.h - the rows with the most, of a stream of them. */
#ifndef TOOL_TOP_H
#define TOOL_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct top_row {
  int64_t value;
  uint64_t number; /* in the stream: of two with as much, the first wins */
  char **cells;
};

/* At most `most` rows are held, in a heap whose root is the first to go. */
struct top {
  size_t most;
  size_t columns;
  struct top_row *rows;
  size_t count;
  size_t room;
  uint64_t seen;
};

/* False: no memory. */
bool top_begin(struct top *t, size_t most, size_t columns);
bool top_add(struct top *t, int64_t value, const char *const *cells);
/* The most first; nothing is added afterwards. */
void top_sort(struct top *t);
void top_free(struct top *t);

#endif
