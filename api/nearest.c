/* api/nearest.c - the name that somebody probably meant. */
#include "api/tally.h"

#include <string.h>

enum { NAME_MAX_LEN = 63 };

static unsigned least(unsigned a, unsigned b) {
  return a < b ? a : b;
}

/* How many letters were added, left out, mistaken, or swapped with their
 * neighbour. */
static unsigned slips(const char *a, size_t a_len, const char *b,
                      size_t b_len) {
  unsigned char d[NAME_MAX_LEN + 1][NAME_MAX_LEN + 1];

  for (size_t i = 0; i <= a_len; i++) {
    for (size_t j = 0; j <= b_len; j++) {
      unsigned n;

      if (i == 0 || j == 0) {
        d[i][j] = (unsigned char)(i + j);
        continue;
      }
      n = least(d[i - 1][j], d[i][j - 1]) + 1u;
      n = least(n, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u));
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        n = least(n, d[i - 2][j - 2] + 1u);
      d[i][j] = (unsigned char)n;
    }
  }
  return d[a_len][b_len];
}

int tally_slips(const char *a, const char *b) {
  size_t a_len = strlen(a), b_len = strlen(b);

  return a_len > NAME_MAX_LEN || b_len > NAME_MAX_LEN
             ? -1
             : (int)slips(a, a_len, b, b_len);
}

int tally_nearest(const char *text, const char *const *names, size_t count) {
  size_t len = strlen(text), best = NAME_MAX_LEN;
  int nearest = -1;

  if (len == 0 || len > NAME_MAX_LEN)
    return -1;
  for (size_t i = 0; i < count; i++) {
    size_t name_len = strlen(names[i]);
    size_t longer = name_len > len ? name_len : len, distance;

    if (name_len > NAME_MAX_LEN)
      continue;
    /* The start of a name is as good as the name with one slip. */
    distance = len >= 2 && strncmp(names[i], text, len) == 0
                   ? 1
                   : slips(text, len, names[i], name_len);
    if (distance < best && distance * 2 <= longer) {
      best = distance;
      nearest = (int)i;
    }
  }
  return nearest;
}
