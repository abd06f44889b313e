#include "tool/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool lines_begin(struct lines *l, int fd) {
  memset(l, 0, sizeof *l);
  l->fd = fd;
  l->buffer = malloc(LINE_MAX_BYTES + 1);
  return l->buffer != NULL;
}

void lines_free(struct lines *l) {
  free(l->buffer);
}

char *lines_next(struct lines *l, size_t *len) {
  char *line = l->buffer + l->begin;
  size_t left = l->end - l->begin;
  char *newline = left == 0 ? NULL : memchr(line, '\n', left);

  if (newline == NULL && (!l->ended || left == 0 || l->error != 0))
    return NULL;
  *len = newline == NULL ? left : (size_t)(newline - line);
  l->begin += *len + (newline != NULL);
  l->number++;
  if (*len > 0 && line[*len - 1] == '\r')
    --*len;
  line[*len] = '\0'; /* there is room for one more */
  return line;
}

bool lines_is_too_long(const struct lines *l) {
  return l->end - l->begin == LINE_MAX_BYTES;
}

void lines_fill(struct lines *l) {
  ssize_t n;

  if (l->begin > 0) {
    memmove(l->buffer, l->buffer + l->begin, l->end - l->begin);
    l->end -= l->begin;
    l->begin = 0;
  }
  n = read(l->fd, l->buffer + l->end, LINE_MAX_BYTES - l->end);
  if (n > 0) {
    l->end += (size_t)n;
  } else if (n == 0) {
    l->ended = true;
  } else if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) {
    l->error = errno;
    l->ended = true;
  }
}

char *lines_value(char **line, size_t *len) {
  static const char letters[] = "tnr\\0", meant[] = "\t\n\r\\\0";
  char *value = *line, *to = value, *from = value;

  for (; *from != '\0' && *from != '\t'; from++) {
    const char *letter = from[1] == '\0' ? NULL : strchr(letters, from[1]);

    if (*from != '\\') {
      *to++ = *from;
      continue;
    }
    if (letter == NULL)
      return NULL;
    *to++ = meant[letter - letters];
    from++;
  }
  *line = *from == '\t' ? from + 1 : NULL;
  *to = '\0';
  *len = (size_t)(to - value);
  return value;
}
