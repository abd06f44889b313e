/* core/input.h - bytes as they arrive on one connection, made into frames. */
#ifndef INPUT_H
#define INPUT_H

#include "core/channel.h"
#include "proto/frame.h"

enum { INPUT_CAPACITY = 64 * 1024 };

struct input {
  struct cql_assembler assembler;
};

int input_init(struct input *in, const struct net_heap *heap,
               uint32_t max_frame);
void input_fini(struct input *in, const struct net_heap *heap);
/* One read: as net_socket_read(), or -ENOMEM. */
ptrdiff_t input_read(struct input *in, const struct net_heap *heap,
                     struct channel *channel);
/* What has come is no frame (rc is an error of the assembler's): of *why the
 * code and the words. */
void input_describe(const struct input *in, enum cql_rc rc,
                    struct failure *why);
/* As cql_assembler_next(). */
enum cql_rc input_next(struct input *in, struct cql_frame *frame);

#endif
