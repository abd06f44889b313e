/* tests/fuzz/target_answer.c - answers to tally_execute(): every value of every
 * row, and its parts, in all ways that there are to read them.
 *
 * Input: the frame's flags, and the body of a RESULT. */
#include <string.h>

#include "api/execute.h"
#include "core/rows.h"
#include "tests/fuzz/fuzz.h"

enum { INPUT_MAX = 4096, TEXT = 200 };

/* ---- Values ------------------------------------------------------------- */

static void read_scalars(const tally_value *v) {
  tally_duration duration;
  tally_decimal decimal;
  tally_bytes bytes;
  tally_error e;
  tally_uuid uuid;
  tally_inet inet;
  int64_t number;
  double real;
  int boolean;
  int rc[] = {tally_value_get_boolean(v, &boolean, &e),
              tally_value_get_int64(v, &number, &e),
              tally_value_get_double(v, &real, &e),
              tally_value_get_text(v, &bytes, &e),
              tally_value_get_uuid(v, &uuid, &e),
              tally_value_get_inet(v, &inet, &e),
              tally_value_get_decimal(v, &decimal, &e),
              tally_value_get_duration(v, &duration, &e)};
  unsigned taken = 0;

  for (size_t i = 0; i < sizeof rc / sizeof rc[0]; i++) {
    FUZZ_CHECK(rc[i] == 0 || rc[i] == TALLY_ETYPE || rc[i] == TALLY_ERANGE);
    taken += rc[i] == 0;
  }
  /* A type has one shape in C. */
  FUZZ_CHECK(taken <= 1);
  FUZZ_CHECK(tally_value_get_bytes(v, &bytes, &e) == 0 && bytes.p == v->p &&
             bytes.len == v->len);
}

/* Short of room it is cut, and says how long it is.  A NUL may stand in a
 * text. */
static void print(const tally_value *v) {
  char little[TEXT], none[1];
  int len = tally_value_print(v, little, sizeof little);

  FUZZ_CHECK(len >= 0 && memchr(little, 0, sizeof little) != NULL);
  FUZZ_CHECK((size_t)len >= strlen(little));
  FUZZ_CHECK((size_t)len >= sizeof little || little[len] == '\0');
  FUZZ_CHECK(tally_value_print(v, none, 1) == len && none[0] == '\0');
}

static void read_value(const tally_value *v, int depth) {
  tally_parts parts;
  tally_value part;
  tally_error e;
  size_t n = 0;
  int rc;

  tally_value_type(v);
  tally_value_field(v);
  read_scalars(v);
  if (depth == 0)
    print(v);
  if (tally_parts_init(&parts, v, &e) != 0)
    return;
  while ((rc = tally_parts_next(&parts, &part, &e)) > 0) {
    read_value(&part, depth + 1);
    n++;
  }
  FUZZ_CHECK(rc == TALLY_ETYPE || n == parts.count);
}

/* ---- The answer --------------------------------------------------------- */

static void read_row(tally_answer *a) {
  size_t count = tally_answer_column_count(a);
  tally_value v;
  tally_error e;

  for (size_t i = 0; i < count; i++) {
    FUZZ_CHECK(tally_answer_at(a, i, &v, &e) == 0);
    read_value(&v, 0);
    FUZZ_CHECK(tally_answer_get(a, tally_answer_column(a, i), &v, &e) == 0);
  }
  FUZZ_CHECK(tally_answer_at(a, count, &v, &e) == TALLY_EINVAL);
}

static void read_all(tally_answer *a) {
  size_t rows = 0;
  tally_bytes value;
  tally_error e;

  tally_answer_kind_of(a);
  tally_answer_tracing_id(a);
  tally_answer_paging_state(a);
  for (size_t i = 0; tally_answer_warning(a, i) != NULL; i++)
    continue;
  for (size_t i = 0; tally_answer_payload(a, i, &value) != NULL; i++)
    continue;
  for (size_t i = 0; i < tally_answer_column_count(a); i++)
    FUZZ_CHECK(tally_answer_column(a, i) != NULL &&
               tally_answer_column_type(a, i) != NULL);
  while (tally_answer_next(a)) {
    rows++;
    read_row(a);
  }
  FUZZ_CHECK(tally_answer_column_count(a) == 0 ||
             rows == tally_answer_row_count(a));
  FUZZ_CHECK(tally_answer_get(a, "\xff", &(tally_value){0}, &e) ==
             TALLY_EINVAL);
}

/* What core/request.c lets through. */
static bool is_sound(const struct cql_frame *frame) {
  struct cql_prefix prefix;
  struct cql_reader message;
  struct cql_result result;
  struct rows rows;

  if (cql_prefix_decode(frame, &prefix, &message) != CQL_OK ||
      cql_result_decode(&message, &result) != CQL_OK)
    return false;
  if (result.kind != CQL_RESULT_ROWS)
    return true;
  rows_init(&rows, &result.u.rows);
  return rows_are_sound(&rows);
}

void fuzz_one(const uint8_t *data, size_t size) {
  struct cql_frame frame = {.header = {.opcode = CQL_OP_RESULT}};
  struct fuzz_heap heap;
  tally_answer *a;
  tally_error e;
  int rc;

  if (size == 0 || size > INPUT_MAX)
    return;
  frame.header.flags =
      data[0] & (CQL_FLAG_TRACING | CQL_FLAG_CUSTOM_PAYLOAD | CQL_FLAG_WARNING);
  frame.header.body_len = (uint32_t)size - 1;
  frame.body = data + 1;
  if (!is_sound(&frame))
    return;
  /* A type is two bytes on the wire. */
  fuzz_heap_init(&heap, size * sizeof(struct type) / 4);
  rc = answer_make(&a, &heap.heap, &frame, &e);
  FUZZ_CHECK(rc == 0 || rc == TALLY_EPROTOCOL);
  if (rc == 0)
    read_all(a);
  tally_answer_free(a);
  fuzz_heap_check(&heap);
}
