/* tests/fuzz/walk.h - walks all that proto/ makes of bytes, as the library and
 * its callers would, and tells the story of it. */
#ifndef FUZZ_WALK_H
#define FUZZ_WALK_H

#include "proto/result.h"
#include "proto/value.h"
#include "tests/fuzz/story.h"

/* The body of a response; also what plain_response() tells. */
void walk_response(struct story *s, const struct cql_frame *frame);
void walk_type(struct story *s, const struct cql_type *type,
               struct cql_span field);
/* The value is encoded again, and must be the same. */
void walk_value(struct story *s, const struct cql_type *type,
                struct cql_span v);

#endif
