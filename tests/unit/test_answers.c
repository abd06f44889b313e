/* tests/unit/test_answers.c - what a server may answer to an increment, and
 * what the caller is told: live, in all three modes. */
#include <string.h>

#include "tests/support/rig.h"
#include "tests/unit/suites.h"

#define APP TALLY_APPLIED
#define NOT TALLY_NOT_APPLIED
#define UNK TALLY_UNKNOWN

/* Tails as the protocol has them: LOCAL_QUORUM, then two counts, ... */
static const uint8_t tail_unavailable[] = {0, 6, 0, 0, 0, 2, 0, 0, 0, 1};
static const uint8_t tail_write_timeout[] = {
    0, 6, 0, 0, 0, 1, 0, 0, 0, 2, 0, 7, 'C', 'O', 'U', 'N', 'T', 'E', 'R'};
static const uint8_t tail_write_failure[] = {
    0, 6, 0, 0, 0,   1,   0,   0,   0,   2,   0,  0,
    0, 1, 0, 7, 'C', 'O', 'U', 'N', 'T', 'E', 'R'};
static const uint8_t tail_exists[] = {0, 2, 'k', 's', 0, 1, 't'};

#define TAIL(bytes) bytes, sizeof bytes

static const struct {
  int32_t server_code;
  const uint8_t *tail;
  size_t tail_len;
  bool scylla;
  int outcome;
  int cause;
  int required;
  int received;
} errors[] = {
    {0x0000, NULL, 0, false, UNK, TALLY_ESERVER, -1, -1},
    {0x000a, NULL, 0, false, UNK, TALLY_ESERVER, -1, -1},
    {0x0100, NULL, 0, false, UNK, TALLY_ESERVER, -1, -1},
    {0x1000, TAIL(tail_unavailable), false, NOT, TALLY_EUNAVAILABLE, 2, 1},
    {0x1000, NULL, 0, false, NOT, TALLY_EUNAVAILABLE, -1, -1},
    {0x1000, TAIL(tail_unavailable), true, UNK, TALLY_EUNAVAILABLE, 2, 1},
    {0x1001, NULL, 0, false, UNK, TALLY_ESERVER, -1, -1},
    {0x1002, NULL, 0, false, NOT, TALLY_ESERVER, -1, -1},
    {0x1003, NULL, 0, false, UNK, TALLY_ESERVER, -1, -1},
    {0x1100, TAIL(tail_write_timeout), false, UNK, TALLY_ESERVER, 2, 1},
    {0x1100, NULL, 0, false, UNK, TALLY_ESERVER, -1, -1},
    {0x1200, NULL, 0, false, UNK, TALLY_ESERVER, -1, -1},
    {0x1300, NULL, 0, false, UNK, TALLY_ESERVER, -1, -1},
    {0x1400, NULL, 0, false, UNK, TALLY_ESERVER, -1, -1},
    {0x1500, TAIL(tail_write_failure), false, UNK, TALLY_ESERVER, 2, 1},
    {0x1600, NULL, 0, false, UNK, TALLY_ESERVER, -1, -1},
    {0x1700, NULL, 0, false, UNK, TALLY_ESERVER, -1, -1},
    {0x2000, NULL, 0, false, NOT, TALLY_ESERVER, -1, -1},
    {0x2100, NULL, 0, false, NOT, TALLY_ESERVER, -1, -1},
    {0x2200, NULL, 0, false, NOT, TALLY_ESERVER, -1, -1},
    {0x2300, NULL, 0, false, NOT, TALLY_ESERVER, -1, -1},
    {0x2300, NULL, 0, true, UNK, TALLY_ESERVER, -1, -1},
    {0x2400, TAIL(tail_exists), false, NOT, TALLY_ESERVER, -1, -1},
    {0xf000, NULL, 0, false, UNK, TALLY_ESERVER, -1, -1},
    {0xf000, NULL, 0, true, UNK, TALLY_ESERVER, -1, -1},
    {-1, NULL, 0, false, UNK, TALLY_ESERVER, -1, -1},
};
enum { ERRORS = sizeof errors / sizeof errors[0] };

static void check_error(const struct done *d, int i, const char *host) {
  const tally_error *e = &d->error;

  ck_assert_msg(d->outcome == errors[i].outcome, "0x%04x: %s",
                (unsigned)errors[i].server_code,
                tally_outcome_name(d->outcome));
  ck_assert_int_eq(e->outcome, errors[i].outcome);
  ck_assert_int_eq(e->cause, errors[i].cause);
  ck_assert_int_eq(d->status, errors[i].outcome == UNK ? (int)TALLY_EUNKNOWN
                                                       : errors[i].cause);
  ck_assert_int_eq(e->code, d->status);
  ck_assert_int_eq(e->server_code, errors[i].server_code);
  ck_assert_int_eq(e->required, errors[i].required);
  ck_assert_int_eq(e->received, errors[i].received);
  ck_assert_str_eq(e->host, host);
  ck_assert_ptr_nonnull(strstr(e->message, "increment my_ks.page_hits"));
  ck_assert_ptr_nonnull(strstr(e->detail, "scripted"));
}

/* The connection stays, the increment is not sent again, and the next one is
 * served. */
START_TEST(error_code) {
  int which = _i / RIG_MODES;
  struct script_step step = {.kind = SCRIPT_ERROR,
                             .code = errors[which].server_code,
                             .bytes = errors[which].tail,
                             .len = errors[which].tail_len};
  struct done d;
  struct rig r;

  rig_init(&r, (enum rig_mode)(_i % RIG_MODES));
  if (errors[which].scylla)
    script_be_scylla(r.server);
  rig_connect(&r);
  script_next(r.server, AT_UPDATE, &step, 1);
  rig_increment(&r, "/home", 1, &d);
  check_error(&d, which, script_host(r.server));
  rig_applied(&r, "/next");
  ck_assert_int_eq(d.calls, 1);
  ck_assert_uint_eq(script_seen(r.server, "/home"), 1);
  ck_assert_uint_eq(script_accepted(r.server), 1);
  rig_fini(&r);
}
END_TEST

/* ---- Answers that are no ERROR ------------------------------------------ */

#define WARNING 0x08
#define TRACING 0x02
#define PAYLOAD 0x04

static const uint8_t body_void[] = {0, 0, 0, 1};
static const uint8_t body_void_more[] = {0, 0, 0, 1, 0xde, 0xad};
static const uint8_t body_cut[] = {0, 0};
static const uint8_t body_rows[] = {0, 0, 0, 2, 0, 0, 0, 4,
                                    0, 0, 0, 0, 0, 0, 0, 0};
static const uint8_t body_keyspace[] = {0, 0, 0, 3, 0, 1, 'k'};
static const uint8_t body_new_kind[] = {0, 0, 0, 9};
static const uint8_t body_warned[] = {0,   1,   0, 4, 's', 'l',
                                      'o', 'w', 0, 0, 0,   1};
static const uint8_t body_warned_cut[] = {0, 2, 0, 4, 's', 'l', 'o', 'w'};
static const uint8_t body_traced[] = {1,  2,  3,  4,  5,  6,  7, 8, 9, 10,
                                      11, 12, 13, 14, 15, 16, 0, 0, 0, 1};
static const uint8_t body_payload[] = {0, 1, 0, 1, 'k', 0, 0,
                                       0, 1, 7, 0, 0,   0, 1};
static const uint8_t body_error_cut[] = {0, 0, 0x11, 0, 0, 99, 'x'};
static const uint8_t body_all[] = {1,   2,  3,  4,  5,  6, 7, 8, 9, 10, 11,
                                   12,  13, 14, 15, 16, 0, 0, 0, 1, 0,  1,
                                   'k', 0,  0,  0,  1,  7, 0, 0, 0, 1};

static const struct {
  const char *why;
  uint8_t opcode;
  uint8_t flags;
  const uint8_t *body;
  size_t len;
  int outcome;
} frames[] = {
    {"Void", 0x08, 0, TAIL(body_void), APP},
    {"Void and more bytes", 0x08, 0, TAIL(body_void_more), APP},
    {"Void with a warning", 0x08, WARNING, TAIL(body_warned), APP},
    {"Void with a trace", 0x08, TRACING, TAIL(body_traced), APP},
    {"Void with a payload", 0x08, PAYLOAD, TAIL(body_payload), APP},
    {"Void with all three", 0x08, WARNING | TRACING | PAYLOAD, TAIL(body_all),
     APP},
    {"Void with an unknown flag", 0x08, 0x80, TAIL(body_void), APP},
    {"RESULT cut short", 0x08, 0, TAIL(body_cut), UNK},
    {"empty RESULT", 0x08, 0, NULL, 0, UNK},
    {"Rows", 0x08, 0, TAIL(body_rows), UNK},
    {"Set_keyspace", 0x08, 0, TAIL(body_keyspace), UNK},
    {"a kind of RESULT from the future", 0x08, 0, TAIL(body_new_kind), UNK},
    {"warnings beyond the frame", 0x08, WARNING, TAIL(body_warned_cut), UNK},
    {"ERROR cut short", 0x00, 0, TAIL(body_error_cut), UNK},
    {"READY", 0x02, 0, NULL, 0, UNK},
    {"an opcode from the future", 0x55, 0, TAIL(body_void), UNK},
};
enum { FRAMES = sizeof frames / sizeof frames[0] };

START_TEST(other_answer) {
  int which = _i / RIG_MODES;
  struct script_step step = {.kind = SCRIPT_FRAME,
                             .opcode = frames[which].opcode,
                             .flags = frames[which].flags,
                             .bytes = frames[which].body,
                             .len = frames[which].len};
  struct done d;
  struct rig r;

  rig_init(&r, (enum rig_mode)(_i % RIG_MODES));
  rig_connect(&r);
  script_next(r.server, AT_UPDATE, &step, 1);
  rig_increment(&r, "/home", 1, &d);
  ck_assert_msg(d.outcome == frames[which].outcome, "%s: %s: %s",
                frames[which].why, tally_outcome_name(d.outcome),
                d.error.detail);
  if (frames[which].outcome == UNK) {
    ck_assert_int_eq(d.status, TALLY_EUNKNOWN);
    ck_assert_int_eq(d.error.cause, TALLY_EPROTOCOL);
    ck_assert_str_eq(d.error.host, script_host(r.server));
  } else {
    ck_assert_int_eq(d.status, 0);
  }
  rig_applied(&r, "/next");
  ck_assert_uint_eq(script_accepted(r.server), 1);
  ck_assert_uint_eq(script_seen(r.server, "/home"), 1);
  rig_fini(&r);
}
END_TEST

/* The same answer again, when the next increment is already in flight: it is no
 * answer to that. */
START_TEST(answered_twice) {
  uint8_t again[] = {0x84, 0, 0, 0, 0x08, 0, 0, 0, 4, 0, 0, 0, 1};
  struct done d = {0};
  struct rig r;
  uint16_t stream;

  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  rig_applied(&r, "/first");
  stream = script_last_stream(r.server, AT_UPDATE);
  again[2] = (uint8_t)(stream >> 8);
  again[3] = (uint8_t)stream;
  script_next_kind(r.server, AT_UPDATE, SCRIPT_HOLD, 1);
  rig_submit(&r, "/home", 1, &d);
  ck_assert(rig_served(&r, AT_UPDATE, 2));
  script_say(r.server, again, sizeof again);
  ck_assert(rig_done(&r, &d));
  ck_assert_int_eq(d.outcome, TALLY_UNKNOWN);
  ck_assert_int_eq(d.error.cause, TALLY_EPROTOCOL);
  ck_assert_ptr_nonnull(strstr(d.error.detail, "nobody asked"));
  rig_applied(&r, "/next");
  ck_assert_uint_eq(script_accepted(r.server), 2);
  rig_fini(&r);
}
END_TEST

/* ---- Blocking calls say the same ---------------------------------------- */

START_TEST(blocking_calls_tell_the_outcome) {
  page_hits row = {.url = "/home", .views = 1};
  struct script_step step = {.kind = SCRIPT_ERROR,
                             .code = 0x1100,
                             .bytes = tail_write_timeout,
                             .len = sizeof tail_write_timeout};
  struct rig r;

  rig_init(&r, _i == 0 ? RIG_THREADS : RIG_INLINE);
  rig_connect(&r);
  script_next(r.server, AT_UPDATE, &step, 1);
  ck_assert_int_eq(tally_increment(r.hits, &row, &r.error), TALLY_EUNKNOWN);
  ck_assert_int_eq(r.error.cause, TALLY_ESERVER);
  ck_assert_int_eq(r.error.server_code, 0x1100);
  ck_assert_int_eq(r.error.outcome, TALLY_UNKNOWN);
  script_next(r.server, AT_UPDATE, &step, 1);
  ck_assert_int_eq(tally_decrement(r.hits, &row, NULL), TALLY_EUNKNOWN);
  script_next_error(r.server, AT_UPDATE, 0x2100, 1);
  ck_assert_int_eq(tally_decrement(r.hits, &row, &r.error), TALLY_ESERVER);
  ck_assert_int_eq(r.error.outcome, TALLY_NOT_APPLIED);
  ck_assert_ptr_nonnull(strstr(r.error.message, "decrement my_ks.page_hits"));
  ck_assert_int_eq(tally_increment(r.hits, &row, &r.error), 0);
  ck_assert_uint_eq(script_seen(r.server, "/home"), 4);
  rig_fini(&r);
}
END_TEST

Suite *answers_suite(void) {
  Suite *s = suite_create("answers");
  TCase *tc = tcase_create("modes");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, error_code, 0, ERRORS * RIG_MODES);
  tcase_add_loop_test(tc, other_answer, 0, FRAMES * RIG_MODES);
  tcase_add_loop_test(tc, answered_twice, 0, RIG_MODES);
  tcase_add_loop_test(tc, blocking_calls_tell_the_outcome, 0, 2);
  suite_add_tcase(s, tc);
  return s;
}
