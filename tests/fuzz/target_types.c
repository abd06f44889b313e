/* tests/fuzz/target_types.c - type options, and the names of Java classes.
 *
 * Input: one option, or (first byte 0x80 or above) a class. */
#include "tests/fuzz/plain.h"
#include "tests/fuzz/walk.h"

enum { INPUT_MAX = 60000 };

static struct story walked, plainly;

static void tell_plainly(const uint8_t *data, size_t size,
                         struct fuzz_map *map) {
  bool is_class = data[0] >= 0x80;
  struct plain_type *type;
  struct plain p;

  story_begin(&plainly);
  plain_begin(&p, data, size, &plainly, map);
  if (is_class) {
    p.at = 1;
    type = plain_class(&p, plain_raw(&p, size - 1));
  } else {
    type = plain_type(&p);
  }
  if (type == NULL) {
    tell(&plainly, "broken");
    return;
  }
  plain_tell_type(&plainly, type);
  tell_number(&plainly, (int64_t)plain_left(&p));
}

void fuzz_fields(const uint8_t *data, size_t size, struct fuzz_map *map) {
  if (size > 0 && size <= INPUT_MAX)
    tell_plainly(data, size, map);
}

void fuzz_one(const uint8_t *data, size_t size) {
  struct cql_span nothing = {NULL, 0};
  struct cql_reader r;
  struct cql_type type;
  enum cql_rc rc;

  if (size == 0 || size > INPUT_MAX)
    return;
  cql_reader_init(&r, data, size);
  if (data[0] >= 0x80) {
    cql_take(&r, 1);
    rc = cql_type_from_class(
        (struct cql_span){cql_take(&r, size - 1), size - 1}, &type);
  } else {
    rc = cql_type_decode(&r, &type);
  }
  FUZZ_CHECK(rc == CQL_OK || rc == CQL_ESHORT || rc == CQL_EDEPTH);
  story_begin(&walked);
  if (rc == CQL_OK) {
    walk_type(&walked, &type, nothing);
    tell_number(&walked, (int64_t)cql_left(&r));
  } else {
    tell(&walked, "broken");
  }
  tell_plainly(data, size, NULL);
  stories_agree(&walked, &plainly);
}
