#include "core/copy.h"

#include <string.h>

char *string_copy(const struct net_heap *heap, const char *s) {
  size_t size = strlen(s) + 1;
  char *copy = net_alloc(heap, size);

  if (copy != NULL)
    memcpy(copy, s, size);
  return copy;
}
