/* tests/unit/test_prepare.c - statements: prepared once, again when the server
 * forgot them, and not at all when they do not fit the schema. */
#include <string.h>

#include "tests/support/rig.h"
#include "tests/unit/suites.h"

/* ---- Forgotten ---------------------------------------------------------- */

START_TEST(forgotten_once_and_twice) {
  unsigned times = 1 + (unsigned)_i / RIG_MODES;
  struct rig r;

  rig_init(&r, (enum rig_mode)(_i % RIG_MODES));
  rig_connect(&r);
  script_next_kind(r.server, AT_UPDATE, SCRIPT_UNPREPARED, times);
  rig_applied(&r, "/home");
  ck_assert_uint_eq(script_seen(r.server, "/home"), 1 + times);
  ck_assert_int_eq(script_sum(r.server, "/home", "views"), 1);
  ck_assert_uint_eq(script_count(r.server, AT_PREPARE), 1 + times);
  ck_assert_uint_eq(script_accepted(r.server), 1);
  rig_fini(&r);
}
END_TEST

START_TEST(forgotten_for_ever) {
  struct done d;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  script_next_kind(r.server, AT_UPDATE, SCRIPT_UNPREPARED, 0);
  rig_increment(&r, "/home", 1, &d);
  ck_assert_int_eq(d.outcome, TALLY_NOT_APPLIED);
  ck_assert_int_eq(d.status, TALLY_ESERVER);
  ck_assert_int_eq(d.error.server_code, 0x2500);
  ck_assert_uint_eq(script_seen(r.server, "/home"), 3);
  ck_assert_uint_eq(script_count(r.server, AT_PREPARE), 3);
  ck_assert_int_eq(script_sum(r.server, "/home", "views"), 0);
  script_clear(r.server, AT_UPDATE);
  rig_applied(&r, "/home");
  rig_fini(&r);
}
END_TEST

/* All in flight are told at once: each is sent again, and counts once. */
START_TEST(forgotten_with_many_in_flight) {
  enum { COUNT = 50 };
  static struct done done[COUNT];
  struct rig r;

  memset(done, 0, sizeof done);
  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  rig_applied(&r, "/first");
  script_next_kind(r.server, AT_UPDATE, SCRIPT_UNPREPARED, COUNT);
  for (int i = 0; i < COUNT; i++)
    rig_submit(&r, "/home", 1, &done[i]);
  for (int i = 0; i < COUNT; i++) {
    ck_assert(rig_done(&r, &done[i]));
    ck_assert_msg(done[i].outcome == TALLY_APPLIED, "%s",
                  done[i].error.message);
  }
  ck_assert_int_eq(script_sum(r.server, "/home", "views"), COUNT);
  ck_assert_uint_eq(script_seen(r.server, "/home"), 2 * COUNT);
  rig_fini(&r);
}
END_TEST

START_TEST(select_forgotten) {
  page_hits row = {.url = "/home"};
  struct rig r;

  rig_init(&r, _i == 0 ? RIG_THREADS : RIG_INLINE);
  rig_connect(&r);
  rig_applied(&r, "/home");
  script_next_kind(r.server, AT_SELECT, SCRIPT_UNPREPARED, 2);
  ck_assert_int_eq(tally_get(r.hits, &row, &r.error), 0);
  ck_assert_int_eq(row.views, 1);
  ck_assert_uint_eq(script_count(r.server, AT_SELECT), 3);
  rig_fini(&r);
}
END_TEST

/* ---- One at a time ------------------------------------------------------ */

START_TEST(one_prepare_in_flight) {
  enum { COUNT = 20 };
  static struct done done[COUNT];
  struct rig r;

  memset(done, 0, sizeof done);
  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  script_next_kind(r.server, AT_PREPARE, SCRIPT_HOLD, 1);
  for (int i = 0; i < COUNT; i++)
    rig_submit(&r, "/home", 1, &done[i]);
  ck_assert(rig_served(&r, AT_PREPARE, 1));
  ck_assert_uint_eq(script_count(r.server, AT_UPDATE), 0);
  script_release(r.server);
  for (int i = 0; i < COUNT; i++) {
    ck_assert(rig_done(&r, &done[i]));
    ck_assert_int_eq(done[i].outcome, TALLY_APPLIED);
  }
  ck_assert_uint_eq(script_count(r.server, AT_PREPARE), 1);
  ck_assert_int_eq(script_sum(r.server, "/home", "views"), COUNT);
  rig_fini(&r);
}
END_TEST

/* It may have been restarted, as another version: nothing is taken for
 * known. */
START_TEST(again_after_a_reconnect) {
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  rig_applied(&r, "/home");
  script_drop(r.server, false);
  ck_assert(rig_accepted(&r, 2));
  rig_applied(&r, "/home");
  ck_assert_uint_eq(script_count(r.server, AT_PREPARE), 2);
  rig_fini(&r);
}
END_TEST

static void prepare_asked_again(enum rig_mode mode, enum script_kind kind) {
  struct rig r;

  rig_init(&r, mode);
  r.options.read_timeout_ms = 100;
  rig_connect(&r);
  script_next_kind(r.server, AT_PREPARE, kind, 2);
  rig_applied(&r, "/home");
  ck_assert_uint_eq(script_count(r.server, AT_PREPARE), 3);
  ck_assert_uint_eq(script_seen(r.server, "/home"), 1);
  rig_fini(&r);
}

START_TEST(lost_prepare_is_asked_again) {
  prepare_asked_again((enum rig_mode)_i, SCRIPT_RESET);
}
END_TEST

START_TEST(slow_prepare_is_asked_again) {
  prepare_asked_again((enum rig_mode)_i, SCRIPT_IGNORE);
}
END_TEST

/* ---- Does not fit ------------------------------------------------------- */

/* Prepared bodies: id "abcd", flags 0, no partition key indexes; one column
 * spec is keyspace, table, name, type. */
#define HEAD(n)                                                                \
  0, 0, 0, 4, 0, 4, 'a', 'b', 'c', 'd', 0, 0, 0, 0, 0, 0, 0, n, 0, 0, 0, 0
#define VIEWS(type) 0, 1, 'k', 0, 1, 't', 0, 5, 'v', 'i', 'e', 'w', 's', 0, type
#define URL(type)   0, 1, 'k', 0, 1, 't', 0, 3, 'u', 'r', 'l', 0, type
#define TAIL        0, 0, 0, 4, 0, 0, 0, 0

static const uint8_t too_few[] = {HEAD(1), VIEWS(5), TAIL};
static const uint8_t not_a_counter[] = {HEAD(2), VIEWS(2), URL(13), TAIL};
static const uint8_t other_key[] = {HEAD(2), VIEWS(5), URL(9), TAIL};
static const uint8_t other_order[] = {HEAD(2), URL(13), VIEWS(5), TAIL};
static const uint8_t just_void[] = {0, 0, 0, 1};
static const uint8_t cut_short[] = {0, 0, 0, 4, 0, 16, 'a'};

static const struct {
  const char *why;
  const uint8_t *body;
  size_t len;
  int code;
  const char *words;
} answers[] = {
    {"too few markers", too_few, sizeof too_few, TALLY_ESCHEMA, "1 bind"},
    {"not a counter", not_a_counter, sizeof not_a_counter, TALLY_ESCHEMA,
     "bigint"},
    {"another key type", other_key, sizeof other_key, TALLY_ESCHEMA, "int"},
    {"another order", other_order, sizeof other_order, TALLY_ESCHEMA, "url"},
    {"Void", just_void, sizeof just_void, TALLY_EPROTOCOL, "Prepared"},
    {"cut short", cut_short, sizeof cut_short, TALLY_EPROTOCOL, "Prepared"},
};
enum { ANSWERS = sizeof answers / sizeof answers[0] };

/* Refused before an increment was sent; asked again for the next one. */
START_TEST(does_not_fit) {
  int which = _i / RIG_MODES;
  struct script_step step = {.kind = SCRIPT_FRAME,
                             .opcode = 0x08,
                             .bytes = answers[which].body,
                             .len = answers[which].len};
  struct done d;
  struct rig r;

  rig_init(&r, (enum rig_mode)(_i % RIG_MODES));
  rig_connect(&r);
  script_next(r.server, AT_PREPARE, &step, 1);
  rig_increment(&r, "/home", 1, &d);
  ck_assert_msg(d.status == answers[which].code, "%s: %s: %s",
                answers[which].why, d.error.message, d.error.detail);
  ck_assert_int_eq(d.outcome, TALLY_NOT_APPLIED);
  ck_assert_msg(strstr(d.error.detail, answers[which].words) != NULL, "%s",
                d.error.detail);
  ck_assert_uint_eq(script_count(r.server, AT_UPDATE), 0);
  rig_applied(&r, "/home");
  rig_fini(&r);
}
END_TEST

static const uint8_t other_id[] = {HEAD(2), VIEWS(5), URL(13), TAIL};

/* Several servers behind one address, say, each of which makes the statement
 * unknown to the others: it would go on like this for ever. */
START_TEST(another_id_than_before) {
  const struct script_step step = {.kind = SCRIPT_FRAME,
                                   .opcode = 0x08,
                                   .bytes = other_id,
                                   .len = sizeof other_id};
  struct done d;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  rig_applied(&r, "/home");
  script_next_kind(r.server, AT_UPDATE, SCRIPT_UNPREPARED, 1);
  script_next(r.server, AT_PREPARE, &step, 1);
  rig_increment(&r, "/home", 1, &d);
  ck_assert_int_eq(d.status, TALLY_EPROTOCOL);
  ck_assert_int_eq(d.outcome, TALLY_NOT_APPLIED);
  ck_assert_ptr_nonnull(strstr(d.error.detail, "has another id for it now"));
  ck_assert_uint_eq(script_count(r.server, AT_UPDATE), 2);
  rig_applied(&r, "/home");
  ck_assert_int_eq(script_sum(r.server, "/home", "views"), 2);
  rig_fini(&r);
}
END_TEST

static const struct {
  int32_t server_code;
  int code;
} refusals[] = {
    {0x2200, TALLY_ESCHEMA}, /* no such keyspace, table or column */
    {0x2000, TALLY_ESERVER}, {0x2100, TALLY_ESERVER},
    {0x1001, TALLY_ESERVER}, {0x0000, TALLY_ESERVER},
};
enum { REFUSALS = sizeof refusals / sizeof refusals[0] };

/* PREPARE does not count: whatever the server says, nothing was applied. */
START_TEST(prepare_refused) {
  int which = _i / RIG_MODES;
  struct done d;
  struct rig r;

  rig_init(&r, (enum rig_mode)(_i % RIG_MODES));
  rig_connect(&r);
  script_next_error(r.server, AT_PREPARE, refusals[which].server_code, 1);
  rig_increment(&r, "/home", 1, &d);
  ck_assert_int_eq(d.status, refusals[which].code);
  ck_assert_int_eq(d.outcome, TALLY_NOT_APPLIED);
  ck_assert_int_eq(d.error.server_code, refusals[which].server_code);
  ck_assert_ptr_nonnull(strstr(d.error.message, "my_ks.page_hits"));
  ck_assert_uint_eq(script_count(r.server, AT_UPDATE), 0);
  rig_applied(&r, "/home");
  rig_fini(&r);
}
END_TEST

/* What ends the connection is no verdict on the statement, though a server said
 * it: ERROR 0x000A on stream 0. */
START_TEST(prepare_lost_to_an_error) {
  static const uint8_t error[] = {0x84, 0, 0, 0,    0x00, 0, 0,   0,  8,
                                  0,    0, 0, 0x0a, 0,    2, 'n', 'o'};
  struct script_step step = {
      .kind = SCRIPT_BYTES, .bytes = error, .len = sizeof error};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  script_next(r.server, AT_PREPARE, &step, 1);
  rig_applied(&r, "/home");
  ck_assert_uint_eq(script_count(r.server, AT_PREPARE), 2);
  ck_assert_uint_eq(script_accepted(r.server), 2);
  rig_fini(&r);
}
END_TEST

Suite *prepare_suite(void) {
  Suite *s = suite_create("prepare");
  TCase *tc = tcase_create("modes");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, forgotten_once_and_twice, 0, 2 * RIG_MODES);
  tcase_add_loop_test(tc, forgotten_for_ever, 0, RIG_MODES);
  tcase_add_loop_test(tc, forgotten_with_many_in_flight, 0, RIG_MODES);
  tcase_add_loop_test(tc, select_forgotten, 0, 2);
  tcase_add_loop_test(tc, one_prepare_in_flight, 0, RIG_MODES);
  tcase_add_loop_test(tc, again_after_a_reconnect, 0, RIG_MODES);
  tcase_add_loop_test(tc, lost_prepare_is_asked_again, 0, RIG_MODES);
  tcase_add_loop_test(tc, slow_prepare_is_asked_again, 0, RIG_MODES);
  tcase_add_loop_test(tc, does_not_fit, 0, ANSWERS * RIG_MODES);
  tcase_add_loop_test(tc, another_id_than_before, 0, RIG_MODES);
  tcase_add_loop_test(tc, prepare_lost_to_an_error, 0, RIG_MODES);
  tcase_add_loop_test(tc, prepare_refused, 0, REFUSALS * RIG_MODES);
  suite_add_tcase(s, tc);
  return s;
}
