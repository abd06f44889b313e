/* core/copy.h - copies of texts, on the heap. */
#ifndef COPY_H
#define COPY_H

#include "core/net.h"

/* NULL: no memory. */
char *string_copy(const struct net_heap *heap, const char *s);

#endif
