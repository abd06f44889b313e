/* tests/fuzz/plain_parts.h - what the files of the plain decoder share. */
#ifndef FUZZ_PLAIN_PARTS_H
#define FUZZ_PLAIN_PARTS_H

#include "tests/fuzz/plain.h"

void plain_mark(struct plain *p, size_t at, unsigned width, size_t end,
                bool is_length);
void plain_tell_sized(struct plain *p, unsigned width);
void plain_schema_change(struct plain *p);
void plain_result(struct plain *p);
void plain_forget_types(void);

#endif
