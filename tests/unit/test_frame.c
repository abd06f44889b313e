/* tests/unit/test_frame.c - headers, and the assembler under every split. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "proto/frame.h"
#include "tests/unit/golden.h"
#include "tests/unit/suites.h"

START_TEST(header_decodes) {
  static const uint8_t bytes[] = {0x84, 0x0a, 0xff, 0xfe, 0x08, 0, 1, 0, 2};
  struct cql_header h;

  ck_assert_int_eq(cql_header_decode(&h, bytes, sizeof bytes, CQL_BODY_MAX),
                   CQL_OK);
  ck_assert_uint_eq(h.version, CQL_V4_RESPONSE);
  ck_assert_uint_eq(h.flags, CQL_FLAG_WARNING | CQL_FLAG_TRACING);
  ck_assert_int_eq(h.stream, -2);
  ck_assert_uint_eq(h.opcode, CQL_OP_RESULT);
  ck_assert_uint_eq(h.body_len, 65538);
}
END_TEST

static const struct {
  const char *why;
  uint8_t bytes[CQL_HEADER_LEN];
  size_t len;
  enum cql_rc want;
} k_headers[] = {
    {"nothing", {0}, 0, CQL_MORE},
    {"one byte", {0x84}, 1, CQL_MORE},
    {"one short", {0x84, 0, 0, 1, 8, 0xff, 0, 0}, 8, CQL_MORE},
    {"request direction", {0x04, 0, 0, 1, 8, 0, 0, 0, 0}, 9, CQL_EVERSION},
    {"protocol v5", {0x85, 0, 0, 1, 8, 0, 0, 0, 0}, 9, CQL_EVERSION},
    {"v3, by its first byte", {0x83}, 1, CQL_EVERSION},
    {"http", {'H', 'T', 'T', 'P', '/', '1', '.', '1', ' '}, 9, CQL_EVERSION},
    {"negative length", {0x84, 0, 0, 1, 8, 0xff, 0, 0, 0}, 9, CQL_ELENGTH},
    {"length -2^31", {0x84, 0, 0, 1, 8, 0x80, 0, 0, 0}, 9, CQL_ELENGTH},
    {"at the limit", {0x84, 0, 0, 1, 8, 0x10, 0, 0, 0}, 9, CQL_OK},
    {"over the limit", {0x84, 0, 0, 1, 8, 0x10, 0, 0, 1}, 9, CQL_ELENGTH},
};

START_TEST(header_answers) {
  struct golden_bytes b = golden_copy(k_headers[_i].bytes, k_headers[_i].len);
  struct cql_header h, before;
  enum cql_rc rc;

  memset(&h, 0xa5, sizeof h);
  memcpy(&before, &h, sizeof h);
  rc = cql_header_decode(&h, b.p, b.len, CQL_BODY_MAX);
  ck_assert_msg(rc == k_headers[_i].want, "%s: got %d", k_headers[_i].why,
                (int)rc);
  if (rc != CQL_OK)
    ck_assert_mem_eq(&h, &before, sizeof h);
  free(b.p);
}
END_TEST

START_TEST(header_negative_length_under_any_cap) {
  static const uint8_t bytes[] = {0x84, 0, 0, 1, 8, 0x80, 0, 0, 0};
  struct cql_header h;

  ck_assert_int_eq(cql_header_decode(&h, bytes, sizeof bytes, UINT32_MAX),
                   CQL_ELENGTH);
}
END_TEST

START_TEST(header_encodes) {
  static const uint8_t want[] = {0x04, 0x02, 0x7f, 0xff, 0x0a, 0, 1, 2, 3};
  uint8_t out[CQL_HEADER_LEN];

  cql_header_encode(out, CQL_FLAG_TRACING, 32767, CQL_OP_EXECUTE, 0x010203);
  ck_assert_mem_eq(out, want, sizeof want);
}
END_TEST

/* Every proper prefix of every golden frame asks for more, and leaves what it
 * was to fill in alone. */
START_TEST(prefix_wants_more) {
  struct golden_bytes whole = golden_parse(golden_responses[_i].text);
  struct cql_frame f, before;
  struct cql_assembler a;

  memset(&f, 0xa5, sizeof f);
  memcpy(&before, &f, sizeof f);
  for (size_t len = 0; len < whole.len; len++) {
    struct golden_bytes cut = golden_copy(whole.p, len);

    cql_assembler_init(&a, cut.p, cut.len, CQL_BODY_MAX);
    cql_assembler_fed(&a, len);
    ck_assert_int_eq(cql_assembler_next(&a, &f), CQL_MORE);
    ck_assert_mem_eq(&f, &before, sizeof f);
    ck_assert_uint_eq(cql_assembler_pending(&a), len);
    ck_assert_uint_eq(cql_assembler_wants(&a),
                      len < CQL_HEADER_LEN ? CQL_HEADER_LEN : whole.len);
    free(cut.p);
  }
  cql_assembler_init(&a, whole.p, whole.len, CQL_BODY_MAX);
  cql_assembler_fed(&a, whole.len);
  ck_assert_int_eq(cql_assembler_next(&a, &f), CQL_OK);
  ck_assert_uint_eq(f.header.body_len, whole.len - CQL_HEADER_LEN);
  ck_assert_ptr_eq(f.body, whole.p + CQL_HEADER_LEN); /* not copied */
  ck_assert_uint_eq(cql_assembler_pending(&a), 0);
  free(whole.p);
}
END_TEST

/* A stream of frames, and what must come out of it however it is cut. */
static const char *const k_stream_names[] = {
    "ready",        "void", "supported_empty_list", "event_topology",
    "auth_success", "rows", "traced_warned_void",
};
enum { STREAM_FRAMES = sizeof k_stream_names / sizeof k_stream_names[0] };

struct stream {
  struct golden_bytes frames[STREAM_FRAMES];
  struct golden_bytes all;
};

static struct stream stream_open(void) {
  struct stream s = {.all = {malloc(4096), 0}};

  ck_assert_ptr_nonnull(s.all.p);
  for (size_t i = 0; i < STREAM_FRAMES; i++) {
    s.frames[i] = golden_find(k_stream_names[i]);
    memcpy(s.all.p + s.all.len, s.frames[i].p, s.frames[i].len);
    s.all.len += s.frames[i].len;
  }
  return s;
}

static void stream_close(struct stream *s) {
  for (size_t i = 0; i < STREAM_FRAMES; i++)
    free(s->frames[i].p);
  free(s->all.p);
}

/* An assembler whose buffer grows as core's does: when it has no room left, by
 * what the frame under way wants. */
struct feeder {
  struct cql_assembler a;
  const struct stream *s;
  size_t seen; /* frames that came out, as they should be */
  bool failed;
};

static void feeder_open(struct feeder *f, const struct stream *s, size_t cap) {
  uint8_t *buf = malloc(cap);

  ck_assert_ptr_nonnull(buf);
  f->s = s;
  f->seen = 0;
  f->failed = false;
  cql_assembler_init(&f->a, buf, cap, CQL_BODY_MAX);
}

static void feeder_take_frames(struct feeder *f) {
  struct cql_frame frame;
  enum cql_rc rc;

  while ((rc = cql_assembler_next(&f->a, &frame)) == CQL_OK) {
    const struct golden_bytes *want = &f->s->frames[f->seen];

    if (f->seen == STREAM_FRAMES ||
        CQL_HEADER_LEN + (size_t)frame.header.body_len != want->len ||
        memcmp(frame.body - CQL_HEADER_LEN, want->p, want->len) != 0) {
      f->failed = true;
      return;
    }
    f->seen++;
  }
  if (rc != CQL_MORE)
    f->failed = true;
}

static void feeder_grow(struct feeder *f) {
  size_t cap = cql_assembler_wants(&f->a);
  uint8_t *old = f->a.buf, *buf = malloc(cap);

  ck_assert_ptr_nonnull(buf);
  ck_assert_uint_gt(cap, cql_assembler_pending(&f->a));
  cql_assembler_lend(&f->a, buf, cap);
  free(old);
}

static void feeder_feed(struct feeder *f, size_t from, size_t to) {
  while (from < to && !f->failed) {
    size_t n;
    uint8_t *p;

    cql_assembler_room(&f->a, &p, &n);
    if (n == 0) {
      feeder_grow(f);
      continue;
    }
    if (n > to - from)
      n = to - from;
    memcpy(p, f->s->all.p + from, n);
    cql_assembler_fed(&f->a, n);
    from += n;
    feeder_take_frames(f);
  }
}

/* All frames came out, and nothing is left over. */
static bool feeder_close(struct feeder *f) {
  bool good = !f->failed && f->seen == STREAM_FRAMES &&
              cql_assembler_pending(&f->a) == 0;

  free(f->a.buf);
  return good;
}

static const size_t k_caps[] = {9, 10, 64, 4096};

START_TEST(split_anywhere) {
  struct stream s = stream_open();
  struct feeder f;

  for (size_t at = 0; at <= s.all.len; at++) {
    feeder_open(&f, &s, k_caps[_i]);
    feeder_feed(&f, 0, at);
    feeder_feed(&f, at, s.all.len);
    ck_assert_msg(feeder_close(&f), "cut at %zu", at);
  }
  stream_close(&s);
}
END_TEST

START_TEST(split_at_every_pair) {
  struct stream s = stream_open();
  struct feeder f;

  for (size_t first = 0; first <= s.all.len; first++) {
    for (size_t second = first; second <= s.all.len; second++) {
      feeder_open(&f, &s, k_caps[_i]);
      feeder_feed(&f, 0, first);
      feeder_feed(&f, first, second);
      feeder_feed(&f, second, s.all.len);
      if (!feeder_close(&f))
        ck_abort_msg("cut at %zu and %zu", first, second);
    }
  }
  stream_close(&s);
}
END_TEST

START_TEST(split_into_equal_steps) {
  struct stream s = stream_open();
  struct feeder f;

  for (size_t step = 1; step < s.all.len; step++) {
    feeder_open(&f, &s, k_caps[_i]);
    for (size_t at = 0; at < s.all.len; at += step)
      feeder_feed(&f, at, at + step < s.all.len ? at + step : s.all.len);
    ck_assert_msg(feeder_close(&f), "in steps of %zu", step);
  }
  stream_close(&s);
}
END_TEST

/* A broken stream stays broken, whatever follows and however it moves. */
START_TEST(errors_are_for_good) {
  static const struct {
    const char *text;
    enum cql_rc want;
  } rows[] = {
      {"84 00 0007 08 00000004 00000001 'HTTP/1.1 400'", CQL_EVERSION},
      {"84 00 0007 08 00000004 00000001 84 00 0007 08 00001001", CQL_ELENGTH},
      {"84 00 0007 08 00000004 00000001 84 00 0007 08 ffffffff", CQL_ELENGTH},
  };
  struct golden_bytes b = golden_parse(rows[_i].text);
  struct golden_bytes fine = golden_find("void");
  uint8_t buf[64], other[64], *p;
  struct cql_frame f;
  struct cql_assembler a;
  size_t n;

  cql_assembler_init(&a, buf, 32, 0x1000);
  memcpy(buf, b.p, b.len);
  cql_assembler_fed(&a, b.len);
  ck_assert_int_eq(cql_assembler_next(&a, &f), CQL_OK);
  ck_assert_int_eq(cql_assembler_next(&a, &f), rows[_i].want);
  ck_assert_uint_eq(cql_assembler_wants(&a), CQL_HEADER_LEN);
  cql_assembler_room(&a, &p, &n);
  ck_assert_int_eq(cql_assembler_next(&a, &f), rows[_i].want);
  cql_assembler_lend(&a, other, sizeof other);
  cql_assembler_room(&a, &p, &n);
  ck_assert_uint_ge(n, fine.len);
  memcpy(p, fine.p, fine.len);
  cql_assembler_fed(&a, fine.len);
  ck_assert_int_eq(cql_assembler_next(&a, &f), rows[_i].want);
  free(b.p);
  free(fine.p);
}
END_TEST

START_TEST(drained_buffer_starts_over) {
  struct golden_bytes frame = golden_find("void");
  struct cql_frame f;
  struct cql_assembler a;
  uint8_t buf[64], *p;
  size_t n;

  cql_assembler_init(&a, buf, sizeof buf, CQL_BODY_MAX);
  for (int i = 0; i < 10; i++) {
    cql_assembler_room(&a, &p, &n);
    ck_assert_ptr_eq(p, buf);
    ck_assert_uint_eq(n, sizeof buf);
    memcpy(p, frame.p, frame.len);
    cql_assembler_fed(&a, frame.len);
    ck_assert_int_eq(cql_assembler_next(&a, &f), CQL_OK);
  }
  free(frame.p);
}
END_TEST

/* Bytes are moved only when there is little room behind them, or when the
 * frame under way would not fit there. */
START_TEST(moves_only_when_it_helps) {
  struct golden_bytes frame = golden_find("void"); /* 13 bytes */
  struct cql_frame f;
  struct cql_assembler a;
  uint8_t buf[64], *p;
  size_t n;

  cql_assembler_init(&a, buf, sizeof buf, CQL_BODY_MAX);
  memcpy(buf, frame.p, frame.len);
  memcpy(buf + 13, frame.p, 5);
  cql_assembler_fed(&a, 18);
  ck_assert_int_eq(cql_assembler_next(&a, &f), CQL_OK);
  cql_assembler_room(&a, &p, &n);
  ck_assert_ptr_eq(p, buf + 18); /* 46 of 64 are free: left alone */
  ck_assert_uint_eq(n, 46);

  memcpy(p, frame.p + 5, 8);
  memcpy(p + 8, frame.p, 10);
  cql_assembler_fed(&a, 18);
  ck_assert_int_eq(cql_assembler_next(&a, &f), CQL_OK);
  cql_assembler_room(&a, &p, &n);
  ck_assert_ptr_eq(p, buf + 10); /* 28 of 64 were free: moved */
  ck_assert_uint_eq(n, 54);
  ck_assert_mem_eq(buf, frame.p, 10);
  free(frame.p);
}
END_TEST

START_TEST(moves_for_a_frame_that_would_not_fit) {
  static const uint8_t head[] = {0x84, 0, 0, 7, 8, 0, 0, 0, 50};
  struct golden_bytes frame = golden_find("void");
  struct cql_frame f;
  struct cql_assembler a;
  uint8_t buf[64], *p;
  size_t n;

  cql_assembler_init(&a, buf, sizeof buf, CQL_BODY_MAX);
  memcpy(buf, frame.p, frame.len);
  memcpy(buf + 13, head, sizeof head);
  cql_assembler_fed(&a, 22);
  ck_assert_int_eq(cql_assembler_next(&a, &f), CQL_OK);
  ck_assert_uint_eq(cql_assembler_wants(&a), 59);
  cql_assembler_room(&a, &p, &n);
  ck_assert_ptr_eq(p, buf + 9); /* 42 were free, but 59 are wanted */
  ck_assert_uint_eq(n, 55);
  free(frame.p);
}
END_TEST

START_TEST(assembler_without_a_buffer) {
  struct cql_assembler a;
  struct cql_frame f;
  uint8_t buf[16], *p;
  size_t n;

  cql_assembler_init(&a, NULL, 0, CQL_BODY_MAX);
  ck_assert_int_eq(cql_assembler_next(&a, &f), CQL_MORE);
  cql_assembler_room(&a, &p, &n);
  ck_assert_uint_eq(n, 0);
  ck_assert_uint_eq(cql_assembler_wants(&a), CQL_HEADER_LEN);
  cql_assembler_lend(&a, buf, sizeof buf);
  cql_assembler_room(&a, &p, &n);
  ck_assert_ptr_eq(p, buf);
  ck_assert_uint_eq(n, sizeof buf);
}
END_TEST

Suite *frame_suite(void) {
  const int caps = (int)(sizeof k_caps / sizeof k_caps[0]);
  Suite *s = suite_create("frame");
  TCase *tc = tcase_create("header");

  tcase_add_test(tc, header_decodes);
  tcase_add_loop_test(tc, header_answers, 0,
                      (int)(sizeof k_headers / sizeof k_headers[0]));
  tcase_add_test(tc, header_negative_length_under_any_cap);
  tcase_add_test(tc, header_encodes);
  suite_add_tcase(s, tc);

  tc = tcase_create("assembler");
  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, prefix_wants_more, 0, GOLDEN_RESPONSES);
  tcase_add_loop_test(tc, split_anywhere, 0, caps);
  tcase_add_loop_test(tc, split_at_every_pair, 0, caps);
  tcase_add_loop_test(tc, split_into_equal_steps, 0, caps);
  tcase_add_loop_test(tc, errors_are_for_good, 0, 3);
  tcase_add_test(tc, drained_buffer_starts_over);
  tcase_add_test(tc, moves_only_when_it_helps);
  tcase_add_test(tc, moves_for_a_frame_that_would_not_fit);
  tcase_add_test(tc, assembler_without_a_buffer);
  suite_add_tcase(s, tc);
  return s;
}
