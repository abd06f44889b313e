/* tests/unit/test_batch.c - counter batches: their frames byte by byte, and
 * what an answer means for each increment. */
#include <check.h>
#include <string.h>

#include "tests/support/rig.h"
#include "tests/unit/suites.h"
#include "tests/unit/town.h"

static tally_batch *batch;

static void begin(struct rig *r, enum rig_mode mode) {
  rig_init(r, mode);
  rig_connect(r);
  ck_assert_int_eq(tally_batch_new(&batch, r->session, &r->error), 0);
}

static void end(struct rig *r) {
  tally_batch_free(batch);
  rig_fini(r);
}

static void add(struct rig *r, const char *url, int64_t views) {
  page_hits row = {.url = url, .views = views};

  ck_assert_int_eq(tally_batch_increment(batch, r->hits, &row, &r->error), 0);
}

static int send_all(struct rig *r) {
  struct done d = {0};

  if (r->mode != RIG_GUEST)
    return tally_batch_send(batch, &r->error);
  ck_assert_int_eq(tally_batch_send_async(batch, done_record, &d, &r->error),
                   0);
  ck_assert(rig_done(r, &d));
  r->error = d.error;
  return d.status;
}

/* Section 4.1.7: type 2, two entries of kind 0, consistency, no flags. */
START_TEST(frame) {
  static const char text[] = "UPDATE my_ks.page_hits SET \"views\" = "
                             "\"views\" + ? WHERE \"url\" = ?";
  static const uint8_t first[] = {0, 2, 0, 0, 0, 8, 0, 0, 0,   0,
                                  0, 0, 0, 7, 0, 0, 0, 2, '/', 'a'};
  static const uint8_t second[] = {0,    2,    0,    0,    0,    8,    0xff,
                                   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                   0,    0,    0,    1,    'b'};
  uint8_t want[512] = {2, 0, 2}, body[512];
  size_t len = 3;
  struct rig r;

  begin(&r, RIG_INLINE);
  add(&r, "/a", 7);
  ck_assert_int_eq(tally_batch_decrement(batch, r.hits,
                                         &(page_hits){.url = "b", .views = 1},
                                         &r.error),
                   0);
  ck_assert_int_eq(send_all(&r), 0);
  for (int i = 0; i < 2; i++) {
    want[len++] = 0;
    memcpy(want + len, (uint8_t[]){0, 0, 0, sizeof text - 1}, 4);
    memcpy(want + len + 4, text, sizeof text - 1);
    len += 4 + sizeof text - 1;
    memcpy(want + len, i == 0 ? first : second,
           i == 0 ? sizeof first : sizeof second);
    len += i == 0 ? sizeof first : sizeof second;
  }
  memcpy(want + len, (uint8_t[]){0, TALLY_LOCAL_QUORUM, 0}, 3);
  len += 3;
  ck_assert_uint_eq(script_last(r.server, AT_BATCH, body, sizeof body), len);
  ck_assert_mem_eq(body, want, len);
  end(&r);
}
END_TEST

static const struct {
  int32_t code;
  int outcome;
} answers[] = {
    {0x1000, TALLY_UNKNOWN}, /* of several partitions some may be applied */
    {0x1100, TALLY_UNKNOWN},     {0x1500, TALLY_UNKNOWN},
    {0x0000, TALLY_UNKNOWN},     {0x1001, TALLY_UNKNOWN},
    {0x2200, TALLY_NOT_APPLIED}, {0x2100, TALLY_NOT_APPLIED},
};
enum { ANSWERS = sizeof answers / sizeof answers[0] };

/* The second frame of two fails: each increment has its own outcome, and that
 * of the batch is that nobody may send it again. */
START_TEST(one_frame_fails) {
  int which = _i / RIG_MODES;
  struct rig r;

  begin(&r, (enum rig_mode)(_i % RIG_MODES));
  script_next_kind(r.server, AT_BATCH, SCRIPT_NORMAL, 1);
  script_next_error(r.server, AT_BATCH, answers[which].code, 1);
  for (int i = 0; i < 15; i++)
    add(&r, "/home", 1);
  ck_assert_int_eq(send_all(&r), TALLY_EUNKNOWN);
  ck_assert_int_eq(r.error.outcome, TALLY_UNKNOWN);
  ck_assert_uint_eq(script_count(r.server, AT_BATCH), 2);
  for (size_t i = 0; i < 15; i++)
    ck_assert_int_eq(tally_batch_outcome(batch, i),
                     i < 10 ? TALLY_APPLIED : answers[which].outcome);
  end(&r);
}
END_TEST

START_TEST(all_fail) {
  int which = _i / RIG_MODES;
  struct rig r;

  begin(&r, (enum rig_mode)(_i % RIG_MODES));
  script_next_error(r.server, AT_BATCH, answers[which].code, 0);
  for (int i = 0; i < 12; i++)
    add(&r, "/home", 1);
  ck_assert_int_ne(send_all(&r), 0);
  ck_assert_int_eq(r.error.outcome, answers[which].outcome);
  ck_assert_int_eq(r.error.code == TALLY_EUNKNOWN,
                   answers[which].outcome == TALLY_UNKNOWN);
  for (size_t i = 0; i < 12; i++)
    ck_assert_int_eq(tally_batch_outcome(batch, i), answers[which].outcome);
  end(&r);
}
END_TEST

/* Rows of one owner share frames, wherever they stand in the batch. */
START_TEST(by_replicas) {
  struct town t;

  town_begin(&t, (enum rig_mode)_i, 1);
  town_connect(&t);
  town_warm_up(&t);
  ck_assert_int_eq(tally_batch_new(&batch, t.r.session, &t.r.error), 0);
  for (int i = 0; i < 45; i++)
    add(&t.r, town_key(i % TOWN_HOSTS, i), 1);
  ck_assert_int_eq(send_all(&t.r), 0);
  for (int host = 0; host < TOWN_HOSTS; host++)
    ck_assert_uint_eq(script_count(t.hosts[host], AT_BATCH), 2);
  tally_batch_free(batch);
  town_fini(&t);
}
END_TEST

/* What the call asks for goes with each frame, and holds for it alone. */
START_TEST(asked_for) {
  tally_call call = {.struct_size = sizeof call, .consistency = TALLY_ALL};
  uint8_t body[4096];
  struct rig r;
  size_t len;

  begin(&r, _i == 0 ? RIG_THREADS : RIG_INLINE);
  add(&r, "/a", 1);
  ck_assert_int_eq(tally_batch_send_with(batch, &call, &r.error), 0);
  len = script_last(r.server, AT_BATCH, body, sizeof body);
  ck_assert_uint_eq(body[len - 2], TALLY_ALL);
  add(&r, "/a", 1);
  ck_assert_int_eq(tally_batch_send(batch, &r.error), 0);
  len = script_last(r.server, AT_BATCH, body, sizeof body);
  ck_assert_uint_eq(body[len - 2], TALLY_LOCAL_QUORUM);
  add(&r, "/a", 1);
  call.consistency = 77;
  ck_assert_int_eq(tally_batch_send_with(batch, &call, &r.error), TALLY_EINVAL);
  call = (tally_call){.struct_size = sizeof call, .timeout_ms = 50};
  script_next_kind(r.server, AT_BATCH, SCRIPT_HOLD, 1);
  ck_assert_int_eq(tally_batch_send_with(batch, &call, &r.error),
                   TALLY_EUNKNOWN);
  ck_assert_int_eq(r.error.cause, TALLY_ETIMEDOUT);
  script_release(r.server);
  end(&r);
}
END_TEST

/* No room for frames: nothing is sent, and it may be sent again. */
START_TEST(session_full) {
  struct done d = {0};
  page_hits row = {.url = "/home", .views = 1};
  struct rig r;

  rig_init(&r, RIG_INLINE);
  r.options.max_in_flight = 1;
  rig_connect(&r);
  ck_assert_int_eq(tally_batch_new(&batch, r.session, &r.error), 0);
  rig_applied(&r, "/home"); /* prepared: the next one is sent at once */
  script_next_kind(r.server, AT_UPDATE, SCRIPT_HOLD, 1);
  ck_assert_int_eq(
      tally_increment_async(r.hits, &row, done_record, &d, &r.error), 0);
  add(&r, "/home", 1);
  ck_assert_int_eq(tally_batch_send(batch, &r.error), TALLY_EBUSY);
  ck_assert_int_eq(r.error.outcome, TALLY_NOT_APPLIED);
  ck_assert_uint_eq(script_count(r.server, AT_BATCH), 0);
  ck_assert(script_wait(r.server, AT_UPDATE, 2));
  script_release(r.server);
  ck_assert(rig_done(&r, &d));
  add(&r, "/home", 1);
  ck_assert_uint_eq(tally_batch_count(batch), 1);
  ck_assert_int_eq(tally_batch_send(batch, &r.error), 0);
  end(&r);
}
END_TEST

Suite *batch_suite(void) {
  Suite *s = suite_create("batch");
  TCase *tc = tcase_create("batch");

  tcase_set_timeout(tc, 60);
  tcase_add_test(tc, frame);
  tcase_add_loop_test(tc, by_replicas, 0, RIG_MODES);
  tcase_add_loop_test(tc, asked_for, 0, 2);
  tcase_add_loop_test(tc, one_frame_fails, 0, ANSWERS * RIG_MODES);
  tcase_add_loop_test(tc, all_fail, 0, ANSWERS * RIG_MODES);
  tcase_add_test(tc, session_full);
  suite_add_tcase(s, tc);
  return s;
}
