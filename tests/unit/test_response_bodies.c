/* tests/unit/test_response_bodies.c - every golden body whole, cut at every
 * byte, with bytes behind it and with a byte that is wrong: a part of the
 * response suite. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "proto/result.h"
#include "tests/unit/golden.h"

TCase *response_bodies_case(void);

/* Decode and walk all of a response, as a caller would who looks at
 * everything.  A cut tail of an error counts as cut. */

static enum cql_rc walk_metadata(const struct cql_metadata *m) {
  struct cql_reader keys = m->key_indexes, columns = m->columns;
  struct cql_column column;
  int32_t count = 0;
  enum cql_rc rc;

  for (uint16_t i = 0; i < m->key_count; i++)
    cql_get_short(&keys);
  ck_assert(!keys.bad);
  while ((rc = cql_column_next(m, &columns, &column)) == CQL_OK)
    count++;
  ck_assert_int_eq(rc, CQL_END);
  ck_assert_int_eq(count, m->has_columns ? m->column_count : 0);
  return CQL_OK;
}

static enum cql_rc walk_result(struct cql_reader *message) {
  struct cql_result res;
  struct cql_span cell;
  enum cql_rc rc = cql_result_decode(message, &res);
  int64_t cells;

  if (rc != CQL_OK)
    return rc;
  if (res.kind == CQL_RESULT_PREPARED) {
    walk_metadata(&res.u.prepared.bind);
    return walk_metadata(&res.u.prepared.result);
  }
  if (res.kind != CQL_RESULT_ROWS)
    return CQL_OK;
  walk_metadata(&res.u.rows.metadata);
  cells = (int64_t)res.u.rows.row_count * res.u.rows.metadata.column_count;
  for (; cells > 0 && rc == CQL_OK; cells--)
    rc = cql_row_cell(&res.u.rows.cells, &cell);
  return rc;
}

static bool has_tail(int32_t code) {
  return code == 0x1000 || code == 0x1100 || code == 0x1200 || code == 0x1300 ||
         code == 0x1400 || code == 0x1500 || code == 0x1700 || code == 0x2400 ||
         code == 0x2500;
}

static enum cql_rc walk_error(struct cql_reader *message) {
  struct cql_error e;
  enum cql_rc rc = cql_error_decode(message, &e);

  if (rc == CQL_OK && has_tail(e.code) && !e.has_tail)
    return CQL_ESHORT;
  return rc;
}

static enum cql_rc walk(const struct cql_frame *frame) {
  struct cql_prefix prefix;
  struct cql_reader message;
  struct cql_span span;
  struct cql_list list;
  struct cql_event event;
  enum cql_rc rc = cql_prefix_decode(frame, &prefix, &message);

  if (rc != CQL_OK)
    return rc;
  switch (frame->header.opcode) {
  case CQL_OP_ERROR:
    return walk_error(&message);
  case CQL_OP_READY:
    return CQL_OK;
  case CQL_OP_AUTHENTICATE:
    return cql_authenticate_decode(&message, &span);
  case CQL_OP_SUPPORTED:
    return cql_supported_decode(&message, &list);
  case CQL_OP_RESULT:
    return walk_result(&message);
  case CQL_OP_EVENT:
    return cql_event_decode(&message, &event);
  default:
    return cql_auth_token_decode(&message, &span);
  }
}

/* Every golden body, whole and cut at every byte. */
START_TEST(bodies_cut_anywhere) {
  struct golden_bytes whole = golden_parse(golden_responses[_i].text);
  struct cql_frame frame;
  enum cql_rc rc;

  ck_assert_int_eq(
      cql_header_decode(&frame.header, whole.p, whole.len, CQL_BODY_MAX),
      CQL_OK);
  frame.body = whole.p + CQL_HEADER_LEN;
  ck_assert_int_eq(walk(&frame), CQL_OK);
  for (uint32_t len = 0; len < whole.len - CQL_HEADER_LEN; len++) {
    struct golden_bytes cut = golden_copy(whole.p + CQL_HEADER_LEN, len);

    frame.body = cut.p;
    frame.header.body_len = len;
    rc = walk(&frame);
    ck_assert_msg(rc == CQL_ESHORT || rc == CQL_END,
                  "%s cut at %u of its body: %d", golden_responses[_i].name,
                  (unsigned)len, (int)rc);
    free(cut.p);
  }
  free(whole.p);
}
END_TEST

/* Bytes after the described message are data that nobody asked for. */
START_TEST(bodies_with_trailing_bytes) {
  struct golden_bytes whole = golden_parse(golden_responses[_i].text);
  uint8_t *longer = malloc(whole.len + 3);
  struct cql_frame frame;

  ck_assert_ptr_nonnull(longer);
  memcpy(longer, whole.p, whole.len);
  memset(longer + whole.len, 0xff, 3);
  ck_assert_int_eq(
      cql_header_decode(&frame.header, whole.p, whole.len, CQL_BODY_MAX),
      CQL_OK);
  frame.header.body_len += 3;
  frame.body = longer + CQL_HEADER_LEN;
  ck_assert_int_eq(walk(&frame), CQL_OK);
  free(longer);
  free(whole.p);
}
END_TEST

/* One byte of a body turned to each of a few values: the decoders may refuse
 * or accept, but stay inside (which the sanitizers watch). */
START_TEST(bodies_with_a_wrong_byte) {
  static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
  struct golden_bytes whole = golden_parse(golden_responses[_i].text);
  struct cql_frame frame;

  ck_assert_int_eq(
      cql_header_decode(&frame.header, whole.p, whole.len, CQL_BODY_MAX),
      CQL_OK);
  frame.body = whole.p + CQL_HEADER_LEN;
  for (size_t at = CQL_HEADER_LEN; at < whole.len; at++) {
    uint8_t right = whole.p[at];

    for (size_t v = 0; v < sizeof values; v++) {
      whole.p[at] = values[v];
      ck_assert_int_le(walk(&frame), CQL_END);
    }
    whole.p[at] = right;
  }
  free(whole.p);
}
END_TEST

TCase *response_bodies_case(void) {
  TCase *tc = tcase_create("bodies");

  tcase_add_loop_test(tc, bodies_cut_anywhere, 0, GOLDEN_RESPONSES);
  tcase_add_loop_test(tc, bodies_with_trailing_bytes, 0, GOLDEN_RESPONSES);
  tcase_add_loop_test(tc, bodies_with_a_wrong_byte, 0, GOLDEN_RESPONSES);
  return tc;
}
