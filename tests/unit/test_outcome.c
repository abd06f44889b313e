/* tests/unit/test_outcome.c - the table of outcomes, typed again row by row
 * from its description, and every server code in every setting. */
#include <stdlib.h>
#include <string.h>

#include "core/failure.h"
#include "core/outcome.h"
#include "tests/unit/suites.h"

#define APP OUTCOME_APPLIED
#define NOT OUTCOME_NOT_APPLIED
#define UNK OUTCOME_UNKNOWN

static const struct {
  enum event event;
  enum outcome outcome;
  enum next_step next;
  int code; /* numbers of tally.h */
  enum next_step read_next;
} rows[] = {
    {EVENT_VOID, APP, NEXT_NONE, 0, NEXT_NONE},
    {EVENT_NEVER_ENCODED, NOT, NEXT_HOST, -9, NEXT_HOST},
    {EVENT_LOST_UNACCEPTED, NOT, NEXT_HOST, -11, NEXT_HOST},
    {EVENT_BOOTSTRAPPING, NOT, NEXT_HOST, -13, NEXT_HOST_ONCE},
    {EVENT_UNAVAILABLE_ONE, NOT, NEXT_HOST_ONCE, -18, NEXT_HOST_ONCE},
    {EVENT_UNPREPARED, NOT, NEXT_PREPARE, -13, NEXT_PREPARE},
    {EVENT_SYNTAX, NOT, NEXT_NONE, -13, NEXT_NONE},
    {EVENT_UNAUTHORIZED, NOT, NEXT_NONE, -13, NEXT_NONE},
    {EVENT_INVALID, NOT, NEXT_NONE, -13, NEXT_NONE},
    {EVENT_CONFIG, NOT, NEXT_NONE, -13, NEXT_NONE},
    {EVENT_ALREADY_EXISTS, NOT, NEXT_NONE, -13, NEXT_NONE},
    {EVENT_RATE_LIMIT_COORDINATOR, NOT, NEXT_NONE, -13, NEXT_NONE},
    {EVENT_UNAVAILABLE, UNK, NEXT_NONE, -18, NEXT_HOST_ONCE},
    {EVENT_CONFIG_SCYLLA, UNK, NEXT_NONE, -13, NEXT_NONE},
    {EVENT_RATE_LIMIT_REPLICA, UNK, NEXT_NONE, -13, NEXT_NONE},
    {EVENT_WRITE_TIMEOUT, UNK, NEXT_NONE, -13, NEXT_NONE},
    {EVENT_WRITE_FAILURE, UNK, NEXT_NONE, -13, NEXT_NONE},
    {EVENT_OVERLOADED, UNK, NEXT_NONE, -13, NEXT_HOST_ONCE},
    {EVENT_TRUNCATE, UNK, NEXT_NONE, -13, NEXT_NONE},
    {EVENT_SERVER_ERROR, UNK, NEXT_NONE, -13, NEXT_NONE},
    {EVENT_READ_TIMEOUT_ENOUGH, UNK, NEXT_NONE, -13, NEXT_HOST_ONCE},
    {EVENT_OTHER_ERROR, UNK, NEXT_NONE, -13, NEXT_NONE},
    {EVENT_UNDECODABLE, UNK, NEXT_NONE, -8, NEXT_NONE},
    {EVENT_OTHER_RESULT, UNK, NEXT_NONE, -8, NEXT_NONE},
    {EVENT_STREAM_0, UNK, NEXT_NONE, -8, NEXT_NONE},
    {EVENT_STREAM_0_OTHER, UNK, NEXT_NONE, -13, NEXT_NONE},
    {EVENT_LOST_ACCEPTED, UNK, NEXT_NONE, -11, NEXT_HOST_ONCE},
    {EVENT_DEADLINE, UNK, NEXT_NONE, -10, NEXT_NONE},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

START_TEST(row) {
  const struct outcome_row *r = &outcome_table[rows[_i].event];

  ck_assert_ptr_nonnull(r->name);
  ck_assert_msg(r->outcome == rows[_i].outcome, "%s: outcome %d", r->name,
                (int)r->outcome);
  ck_assert_msg(r->next == rows[_i].next, "%s: next step %d", r->name,
                (int)r->next);
  ck_assert_msg(r->read_next == rows[_i].read_next, "%s: a read's next step %d",
                r->name, (int)r->read_next);
  ck_assert_msg(r->code == rows[_i].code, "%s: code %d", r->name, r->code);
  ck_assert_msg(r->what != NULL && r->what[0] != '\0', "%s has no words",
                r->name);
}
END_TEST

START_TEST(every_event_is_here) {
  int seen[EVENT_COUNT] = {0};

  ck_assert_int_eq(ROWS, EVENT_COUNT);
  for (int i = 0; i < ROWS; i++)
    seen[rows[i].event]++;
  for (int i = 0; i < EVENT_COUNT; i++)
    ck_assert_msg(seen[i] == 1, "event %d stands %d times", i, seen[i]);
}
END_TEST

/* Only what is known not to be applied may ever be sent again. */
START_TEST(only_not_applied_goes_on) {
  for (int i = 0; i < EVENT_COUNT; i++)
    if (outcome_table[i].next != NEXT_NONE)
      ck_assert_msg(outcome_table[i].outcome == NOT, "%s",
                    outcome_table[i].name);
}
END_TEST

/* Every code of the protocol, and some that are none. The columns are one and
 * two partitions on Cassandra, then on ScyllaDB. */
static const struct {
  int32_t code;
  enum outcome cassandra_1, cassandra_2, scylla_1, scylla_2;
} codes[] = {
    {0x0000, UNK, UNK, UNK, UNK}, /* SERVER_ERROR */
    {0x000a, UNK, UNK, UNK, UNK}, /* PROTOCOL_ERROR */
    {0x0100, UNK, UNK, UNK, UNK}, /* BAD_CREDENTIALS */
    {0x1000, NOT, UNK, UNK, UNK}, /* UNAVAILABLE */
    {0x1001, UNK, UNK, UNK, UNK}, /* OVERLOADED */
    {0x1002, NOT, NOT, NOT, NOT}, /* IS_BOOTSTRAPPING */
    {0x1003, UNK, UNK, UNK, UNK}, /* TRUNCATE_ERROR */
    {0x1100, UNK, UNK, UNK, UNK}, /* WRITE_TIMEOUT */
    {0x1200, UNK, UNK, UNK, UNK}, /* READ_TIMEOUT */
    {0x1300, UNK, UNK, UNK, UNK}, /* READ_FAILURE */
    {0x1400, UNK, UNK, UNK, UNK}, /* FUNCTION_FAILURE */
    {0x1500, UNK, UNK, UNK, UNK}, /* WRITE_FAILURE */
    {0x1600, UNK, UNK, UNK, UNK}, /* CDC_WRITE_FAILURE */
    {0x1700, UNK, UNK, UNK, UNK}, /* CAS_WRITE_UNKNOWN */
    {0x2000, NOT, NOT, NOT, NOT}, /* SYNTAX_ERROR */
    {0x2100, NOT, NOT, NOT, NOT}, /* UNAUTHORIZED */
    {0x2200, NOT, NOT, NOT, NOT}, /* INVALID */
    {0x2300, NOT, NOT, UNK, UNK}, /* CONFIG_ERROR */
    {0x2400, NOT, NOT, NOT, NOT}, /* ALREADY_EXISTS */
    {0x2500, NOT, NOT, NOT, NOT}, /* UNPREPARED */
    {0xf000, UNK, UNK, UNK, UNK}, /* negotiated by ScyllaDB */
    {0x0001, UNK, UNK, UNK, UNK},    {0x2501, UNK, UNK, UNK, UNK},
    {-1, UNK, UNK, UNK, UNK},        {INT32_MAX, UNK, UNK, UNK, UNK},
    {INT32_MIN, UNK, UNK, UNK, UNK},
};

static void expect(int32_t code, size_t partitions, enum server_kind server,
                   enum outcome want) {
  enum event event = outcome_event(code, partitions, server);

  ck_assert_msg(outcome_table[event].outcome == want,
                "0x%04x, %zu partitions, %s: %s", (unsigned)code, partitions,
                server == SERVER_SCYLLA ? "ScyllaDB" : "Cassandra",
                outcome_table[event].name);
}

START_TEST(every_code) {
  expect(codes[_i].code, 1, SERVER_CASSANDRA, codes[_i].cassandra_1);
  expect(codes[_i].code, 2, SERVER_CASSANDRA, codes[_i].cassandra_2);
  expect(codes[_i].code, 1, SERVER_SCYLLA, codes[_i].scylla_1);
  expect(codes[_i].code, 2, SERVER_SCYLLA, codes[_i].scylla_2);
}
END_TEST

/* Codes between those above mean nothing, so they promise nothing. */
START_TEST(unknown_codes_are_unknown) {
  for (int32_t code = 0; code < 0x10000; code++) {
    bool known = false;

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
      known |= codes[i].code == code;
    if (!known && outcome_event(code, 1, SERVER_CASSANDRA) != EVENT_OTHER_ERROR)
      ck_abort_msg("0x%04x is taken for something", (unsigned)code);
  }
}
END_TEST

/* Reasons stand there whole, or are known to be missing. */
START_TEST(list_of_reasons) {
  char list[64] = "", first[24] = "";

  failure_list(list, sizeof list, "10.0.0.1:9042", "refused", "");
  failure_list(list, sizeof list, "10.0.0.2:9042", "refused", "by a wall");
  ck_assert_str_eq(list,
                   "10.0.0.1:9042: refused; 10.0.0.2:9042: refused: by a wall");
  failure_list(list, sizeof list, "10.0.0.3:9042", "refused", "");
  ck_assert_str_eq(list + 57, "; ...");
  failure_list(list, sizeof list, "", "x", "");
  ck_assert_uint_eq(strlen(list), 62);
  failure_list(first, sizeof first, "10.0.0.1:9042", "refused", "by a wall");
  ck_assert_str_eq(first, "10.0.0.1:9042: refused:");
}
END_TEST

Suite *outcome_suite(void) {
  Suite *s = suite_create("outcome");
  TCase *tc = tcase_create("table");

  tcase_add_loop_test(tc, row, 0, ROWS);
  tcase_add_test(tc, every_event_is_here);
  tcase_add_test(tc, only_not_applied_goes_on);
  tcase_add_loop_test(tc, every_code, 0, (int)(sizeof codes / sizeof codes[0]));
  tcase_add_test(tc, unknown_codes_are_unknown);
  tcase_add_test(tc, list_of_reasons);
  suite_add_tcase(s, tc);
  return s;
}
