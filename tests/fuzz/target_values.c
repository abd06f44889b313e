/* tests/fuzz/target_values.c - values of any type: decoded, by the plain
 * decoder too, and encoded again.
 *
 * Input: a type option, and the bytes of a value. */
#include "tests/fuzz/plain.h"
#include "tests/fuzz/walk.h"

enum { INPUT_MAX = 60000 };

static struct story walked, plainly;

static bool tell_plainly(const uint8_t *data, size_t size,
                         struct fuzz_map *map) {
  struct plain_type *type;
  struct plain p;

  story_begin(&plainly);
  plain_begin(&p, data, size, &plainly, map);
  type = plain_type(&p);
  if (type != NULL)
    plain_value(&p, type);
  return type != NULL;
}

void fuzz_fields(const uint8_t *data, size_t size, struct fuzz_map *map) {
  if (size <= INPUT_MAX)
    tell_plainly(data, size, map);
}

void fuzz_one(const uint8_t *data, size_t size) {
  struct cql_reader r;
  struct cql_type type;
  size_t left;

  if (size > INPUT_MAX)
    return;
  cql_reader_init(&r, data, size);
  if (cql_type_decode(&r, &type) != CQL_OK) {
    FUZZ_CHECK(!tell_plainly(data, size, NULL));
    return;
  }
  left = cql_left(&r);
  story_begin(&walked);
  walk_value(&walked, &type, (struct cql_span){cql_take(&r, left), left});
  FUZZ_CHECK(tell_plainly(data, size, NULL));
  stories_agree(&walked, &plainly);
}
