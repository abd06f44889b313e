/* core/input.h - bytes as they arrive on one connection, made into frames. */
#ifndef INPUT_H
#define INPUT_H

#include "core/net.h"
#include "proto/frame.h"

enum { INPUT_CAPACITY = 64 * 1024 };

struct input {
  struct cql_assembler assembler;
  bool filled; /* the last read took all there was room for */
};

int input_init(struct input *in, const struct net_heap *heap,
               uint32_t max_frame);
void input_fini(struct input *in, const struct net_heap *heap);
/* One read: as net_socket_read(), or -ENOMEM. */
ptrdiff_t input_read(struct input *in, const struct net_heap *heap,
                     struct net_socket *socket);
/* As cql_assembler_next(). */
enum cql_rc input_next(struct input *in, struct cql_frame *frame);
/* What has arrived and is not part of a frame given out yet. */
const uint8_t *input_pending(const struct input *in, size_t *n);

#endif
