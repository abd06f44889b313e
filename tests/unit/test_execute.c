/* tests/unit/test_execute.c - statements of one's own: what is sent of them, in
 * which bytes, how often, and what of them is refused. */
#include <stdio.h>
#include <string.h>

#include "api/execute.h"
#include "tests/unit/execute_rig.h"
#include "tests/unit/suites.h"

static struct execution x;
static tally_error e;

static void setup(void) {
  execution_init(&x, RIG_THREADS);
  rig_connect(&x.r);
}

static void tear_down(void) {
  execution_fini(&x);
}

static void done_answer(void *user, const tally_result *result,
                        tally_answer *answer) {
  tally_answer_free(answer);
  done_record(user, result);
}

static void ok(int rc) {
  ck_assert_msg(rc == 0, "%s", e.message);
}

/* ---- Text --------------------------------------------------------------- */

/* Without values: one QUERY, at the consistency that its first word is for. */
START_TEST(text_alone) {
  execution_begin(&x, " select 1");
  execution_ok(&x);
  /* LOCAL_QUORUM, a page of 5,000 rows */
  execution_sent(&x, AT_QUERY, "00000009 ' select 1' 0006 04 00001388");
  execution_begin(&x, "INSERT x");
  ok(tally_statement_consistency(x.s, TALLY_ANY, &e));
  execution_ok(&x);
  execution_sent(&x, AT_QUERY, "00000008 'INSERT x' 0000 04 00001388");
  /* No page, and a SELECT behind a comment. */
  execution_begin(&x, "//\nSELECT");
  ok(tally_statement_page_size(x.s, 0, &e));
  execution_ok(&x);
  execution_sent(&x, AT_QUERY, "00000009 '//' 0a 'SELECT' 0006 00");
  ck_assert_uint_eq(script_count(x.r.server, AT_PREPARE), 0);
  ck_assert_uint_eq(script_count(x.r.server, AT_QUERY), 3);
  ck_assert_int_eq(tally_answer_kind_of(x.answer), TALLY_ANSWER_VOID);
  ck_assert_uint_eq(tally_answer_row_count(x.answer), 0);
  ck_assert_int_eq(tally_answer_next(x.answer), 0);
}
END_TEST

/* The payload stands in front of the text, the rest behind it. */
START_TEST(options) {
  execution_begin(&x, "X");
  tally_statement_tracing(x.s, 1);
  ok(tally_statement_payload(x.s, "k", (tally_bytes){"\xbe\xef", 2}, &e));
  ok(tally_statement_payload(x.s, "null", (tally_bytes){NULL, 0}, &e));
  ok(tally_statement_consistency(x.s, TALLY_QUORUM, &e));
  ok(tally_statement_serial_consistency(x.s, TALLY_LOCAL_SERIAL, &e));
  ok(tally_statement_page_size(x.s, 7, &e));
  ok(tally_statement_page(x.s, (tally_bytes){"\1\2", 2}, &e));
  /* Trace, and an empty payload that nobody asked for. */
  execution_script(&x, AT_QUERY, 0x06,
                   "00112233445566778899aabbccddeeff 0000 00000001");
  execution_ok(&x);
  ck_assert_uint_eq(script_last_flags(x.r.server, AT_QUERY), 0x06);
  execution_sent(&x, AT_QUERY,
                 "0002 0001 'k' 00000002 beef 0004 'null' ffffffff "
                 "00000001 'X' 0004 1c 00000007 00000002 0102 0009");
  ck_assert_uint_eq(tally_answer_tracing_id(x.answer)->bytes[15], 0xff);
  ck_assert_ptr_null(tally_answer_payload(x.answer, 0, NULL));
}
END_TEST

START_TEST(bad_options) {
  execution_begin(&x, "X");
  ck_assert_int_eq(tally_statement_consistency(x.s, 11, &e), TALLY_EINVAL);
  ck_assert_int_eq(tally_statement_serial_consistency(x.s, TALLY_ONE, &e),
                   TALLY_EINVAL);
  ck_assert_int_eq(tally_statement_page_size(x.s, -1, &e), TALLY_EINVAL);
  ck_assert_int_eq(tally_statement_timeout(x.s, 0, &e), TALLY_EINVAL);
  ck_assert_int_eq(tally_statement_payload(x.s, "", (tally_bytes){"", 0}, &e),
                   TALLY_EINVAL);
  for (int i = 0; i < 16; i++)
    ok(tally_statement_payload(x.s, "k", (tally_bytes){"", 0}, &e));
  ck_assert_int_eq(tally_statement_payload(x.s, "k", (tally_bytes){"", 0}, &e),
                   TALLY_EINVAL);
}
END_TEST

START_TEST(texts_that_are_none) {
  static const char *const texts[] = {NULL, "", "USE ks", "\n use \"Ks\"",
                                      "-- x\r\n//y\n/**/ /* SELECT */USE ks"};

  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    tally_statement *s = x.s;

    ck_assert_int_eq(tally_statement_new(&s, x.r.session, texts[i], &e),
                     TALLY_EINVAL);
    ck_assert_ptr_null(s);
  }
  execution_begin(&x, "USER x"); /* another word */
  execution_begin(&x, "/* USE ks");
}
END_TEST

/* ---- Values ------------------------------------------------------------- */

#define CLASS "'org.apache.cassandra.db.marshal."

static const tally_uuid some_uuid = {{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66,
                                      0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd,
                                      0xee, 0xff}};
static const tally_uuid some_timeuuid = {{0x58, 0xe0, 0xa7, 0xd7, 0xee, 0xbc,
                                          0x11, 0xd8, 0x96, 0x69, 0x08, 0x00,
                                          0x20, 0x0c, 0x9a, 0x66}};

static void bind_numbers(void) {
  ok(tally_bind_int64(x.s, -7, &e));
  ok(tally_bind_int64(x.s, 1000, &e));
  ok(tally_bind_uuid(x.s, &some_uuid, &e));
  ok(tally_bind_text(x.s, "\xc3\xa9", &e));
  ok(tally_bind_int64(x.s, -129, &e));
  ok(tally_bind_uuid(x.s, &some_timeuuid, &e));
  ok(tally_bind_inet(x.s, &(tally_inet){{10, 0, 0, 1}, 4}, &e));
  ok(tally_bind_int64(x.s, -1, &e));
  ok(tally_bind_int64(x.s, 4, &e));
  ok(tally_bind_int64(x.s, 32767, &e));
  ok(tally_bind_int64(x.s, -128, &e));
  ok(tally_bind_duration(x.s, (tally_duration){1, 2, 3}, &e));
  ok(tally_bind_int64(x.s, 5, &e));
  ok(tally_bind_bytes(x.s, (tally_bytes){"\1\2", 2}, &e));
}

START_TEST(scalars) {
  const tally_decimal decimal = {2, {"\x04\xd2", 2}};

  execution_markers(
      &x, 21,
      "0001 'a' 0001 0001 'b' 0002 0001 'c' 0003 0001 'd' 0004 0001 'e' 0006 "
      "0001 'f' 0007 0001 'g' 0008 0001 'h' 0009 0001 'i' 000b 0001 'j' 000c "
      "0001 'k' 000d 0001 'l' 000e 0001 'm' 000f 0001 'n' 0010 0001 'o' 0011 "
      "0001 'p' 0012 0001 'q' 0013 0001 'r' 0014 0001 's' 0000 002c " CLASS
      "DurationType' 0001 't' 0005 0001 'u' 0000 0002 'Me'",
      2);
  execution_begin(&x, "INSERT");
  ok(tally_bind_text(x.s, "x", &e));
  ok(tally_bind_int64(x.s, -2, &e));
  ok(tally_bind_bytes(x.s, (tally_bytes){"\xca\0", 2}, &e));
  ok(tally_bind_boolean(x.s, 2, &e));
  ok(tally_bind_decimal(x.s, decimal, &e));
  ok(tally_bind_double(x.s, -0.5, &e));
  ok(tally_bind_double(x.s, 1.25, &e));
  bind_numbers();
  execution_ok(&x);
  execution_sent(
      &x, AT_GIVEN,
      "0008 'given-id' 0006 05 0015 00000001 'x' 00000008 fffffffffffffffe "
      "00000002 ca00 00000001 01 00000006 00000002 04d2 "
      "00000008 bfe0000000000000 00000004 3fa00000 00000004 fffffff9 "
      "00000008 00000000000003e8 00000010 00112233445566778899aabbccddeeff "
      "00000002 c3a9 00000002 ff7f 00000010 58e0a7d7eebc11d896690800200c9a66 "
      "00000004 0a000001 00000004 7fffffff 00000008 0000000000000004 "
      "00000002 7fff 00000001 80 00000003 020406 00000008 0000000000000005 "
      "00000002 0102 00001388");
  execution_sent(&x, AT_PREPARE, "00000006 'INSERT'");
}
END_TEST

#define NESTED_MARKERS                                                         \
  "0001 'l' 0020 0021 000d 0009 0001 's' 0022 0009 "                           \
  "0001 't' 0031 0003 0009 000d 0022 0010 "                                    \
  "0001 'u' 0030 0002 'ks' 0003 'geo' 0002 0003 'lat' 0007 0004 'tags' 0020 "  \
  "000d 0001 'v' 0000 0059 " CLASS                                             \
  "VectorType(org.apache.cassandra.db.marshal.FloatType , 2)'"

static void begin(void) {
  ok(tally_bind_begin(x.s, &e));
}

static void end(void) {
  ok(tally_bind_end(x.s, &e));
}

static void bind_list(void) {
  begin();
  begin();
  ok(tally_bind_text(x.s, "a", &e));
  ok(tally_bind_int64(x.s, 1, &e));
  end();
  begin();
  end();
  end();
}

static void bind_set_and_tuple(void) {
  begin();
  ok(tally_bind_int64(x.s, 3, &e));
  ok(tally_bind_int64(x.s, 4, &e));
  end();
  begin();
  ok(tally_bind_int64(x.s, 8, &e));
  ok(tally_bind_null(x.s, &e));
  begin();
  ok(tally_bind_inet(x.s, &(tally_inet){{10, 0, 0, 1}, 4}, &e));
  end();
  end();
}

START_TEST(nested) {
  execution_markers(&x, 5, NESTED_MARKERS, 2);
  execution_begin(&x, "INSERT");
  bind_list();
  bind_set_and_tuple();
  begin();
  ok(tally_bind_double(x.s, 1.5, &e));
  end();
  begin();
  ok(tally_bind_double(x.s, 0.5, &e));
  ok(tally_bind_double(x.s, 1.5, &e));
  end();
  execution_ok(&x);
  execution_sent(
      &x, AT_GIVEN,
      "0008 'given-id' 0006 05 0005 "
      "00000021 00000002 00000011 00000001 00000001 'a' 00000004 00000001 "
      "00000004 00000000 "
      "00000014 00000002 00000004 00000003 00000004 00000004 "
      "0000001c 00000004 00000008 ffffffff "
      "0000000c 00000001 00000004 0a000001 "
      "0000000c 00000008 3ff8000000000000 "
      "00000008 3f000000 3fc00000 00001388");
}
END_TEST

START_TEST(nulls) {
  execution_markers(&x, 2, "0001 'a' 0020 0009 0001 'b' 0009", 2);
  execution_begin(&x, "INSERT");
  ok(tally_bind_null(x.s, &e));
  ok(tally_bind_unset(x.s, &e));
  execution_ok(&x);
  execution_sent(&x, AT_GIVEN,
                 "0008 'given-id' 0006 05 0002 ffffffff fffffffe 00001388");
}
END_TEST

/* One question for a text, one PREPARE for its host; then neither. */
START_TEST(asked_once) {
  execution_markers(&x, 1, "0001 'a' 0009", 2);
  execution_begin(&x, "INSERT");
  ok(tally_bind_int64(x.s, 1, &e));
  for (unsigned i = 1; i < 4; i++) {
    execution_ok(&x);
    ck_assert_uint_eq(script_count(x.r.server, AT_PREPARE), 2);
    ck_assert_uint_eq(script_count(x.r.server, AT_GIVEN), i);
  }
  ck_assert_uint_eq(script_count(x.r.server, AT_QUERY), 0);
}
END_TEST

/* The thread that waits, and the loop that sends the second request. */
START_TEST(waited_for) {
  execution_markers(&x, 1, "0001 'a' 0009", 2);
  execution_begin(&x, "INSERT");
  ok(tally_bind_int64(x.s, 1, &e));
  ok(tally_execute(&x.answer, x.s, &e));
  ck_assert_int_eq(tally_answer_kind_of(x.answer), TALLY_ANSWER_VOID);
  ok(tally_execute(NULL, x.s, &e)); /* nobody wants it */
  ck_assert_uint_eq(script_count(x.r.server, AT_GIVEN), 2);
}
END_TEST

/* Of more texts than a session keeps: a question each time, and then text. */
START_TEST(texts_without_end) {
  char cql[16];

  execution_markers(&x, 1, "0001 'a' 0009", 0);
  for (int i = 0; i < 257; i++) {
    snprintf(cql, sizeof cql, "INSERT %04d", i);
    execution_begin(&x, cql);
    ok(tally_bind_int64(x.s, 1, &e));
    execution_ok(&x);
  }
  execution_sent(&x, AT_QUERY,
                 "0000000b 'INSERT 0256' 0006 05 0001 00000004 00000001 "
                 "00001388");
  ck_assert_uint_eq(script_count(x.r.server, AT_GIVEN), 256);
  ck_assert_uint_eq(script_count(x.r.server, AT_PREPARE), 2 * 256 + 1);
  execution_ok(&x);
  ck_assert_uint_eq(script_count(x.r.server, AT_PREPARE), 2 * 256 + 2);
  script_clear(x.r.server, AT_PREPARE);
}
END_TEST

/* ---- What is refused ---------------------------------------------------- */

static void refused(int code, const char *words) {
  execution_fails(&x, code, TALLY_NOT_APPLIED, words);
  tally_statement_clear(x.s);
}

static void others_null(int count) {
  for (int i = 0; i < count; i++)
    ok(tally_bind_null(x.s, &e));
}

/* Each marker, and each kind of value that it does not take. */
START_TEST(types_that_do_not_fit) {
  execution_markers(&x, 5, NESTED_MARKERS, 0);
  execution_begin(&x, "INSERT");
  others_null(4);
  refused(TALLY_EINVAL,
          "execute INSERT: it has 5 markers, and 4 values were bound");
  ok(tally_bind_int64(x.s, 1, &e));
  others_null(4);
  refused(TALLY_ETYPE, "execute INSERT: marker 1 (\"l\", list<frozen<map<text, "
                       "int>>>): int64 was bound where it does not belong");
  begin();
  begin();
  ok(tally_bind_text(x.s, "key", &e));
  end();
  end();
  others_null(4);
  refused(TALLY_EINVAL,
          "marker 1 (\"l\", list<frozen<map<text, int>>>): a key has no");
  others_null(1);
  begin();
  ok(tally_bind_double(x.s, 1, &e));
  end();
  others_null(3);
  refused(TALLY_ETYPE,
          "marker 2 (\"s\", set<int>): double was bound where int");
  others_null(2);
  begin();
  others_null(4);
  end();
  others_null(2);
  refused(TALLY_EINVAL,
          "marker 3 (\"t\", tuple<int, text, frozen<set<inet>>>): there "
          "are 4 parts, and it has 3");
  others_null(3);
  begin();
  ok(tally_bind_unset(x.s, &e));
  end();
  others_null(1);
  refused(TALLY_EINVAL, "marker 4 (\"u\", ks.geo): a part cannot be unset");
  others_null(4);
  begin();
  ok(tally_bind_double(x.s, 1, &e));
  end();
  refused(TALLY_EINVAL, "marker 5 (\"v\", vector<float, 2>): there are 1 "
                        "elements, not 2");
  ck_assert_uint_eq(script_count(x.r.server, AT_GIVEN), 0);
  script_clear(x.r.server, AT_PREPARE);
}
END_TEST

START_TEST(values_that_do_not_fit) {
  execution_markers(&x, 2, "0001 'a' 0008 0001 'b' 000d", 0);
  execution_begin(&x, "INSERT");
  ok(tally_bind_double(x.s, 1e39, &e));
  others_null(1);
  refused(TALLY_ERANGE, "marker 1 (\"a\", float): a number is out of");
  others_null(1);
  ok(tally_bind_text(x.s, "\xff", &e));
  refused(TALLY_EINVAL, "marker 2 (\"b\", text): what was bound is not UTF-8");
  others_null(1);
  begin();
  end();
  refused(TALLY_ETYPE, "marker 2 (\"b\", text): it has no parts");
  others_null(1);
  begin();
  refused(TALLY_EINVAL, "a value was begun and not ended");
  script_clear(x.r.server, AT_PREPARE);
}
END_TEST

START_TEST(bad_binds) {
  execution_begin(&x, "INSERT");
  ck_assert_int_eq(tally_bind_end(x.s, &e), TALLY_EINVAL);
  ck_assert_int_eq(tally_bind_text(x.s, NULL, &e), TALLY_EINVAL);
  ck_assert_int_eq(tally_bind_uuid(x.s, NULL, &e), TALLY_EINVAL);
  ck_assert_int_eq(tally_bind_inet(x.s, &(tally_inet){{0}, 0}, &e),
                   TALLY_EINVAL);
  for (int i = 0; i < 32; i++)
    begin();
  ck_assert_int_eq(tally_bind_begin(x.s, &e), TALLY_EINVAL);
  for (int i = 0; i < 32; i++)
    end();
  others_null(65534);
  ck_assert_int_eq(tally_bind_null(x.s, &e), TALLY_EINVAL);
}
END_TEST

/* Nothing but an empty value: its copy is as empty. */
START_TEST(empty_alone) {
  execution_markers(&x, 1, "0001 'a' 000e", 1);
  execution_begin(&x, "INSERT");
  ok(tally_bind_bytes(x.s, (tally_bytes){"", 0}, &e));
  refused(TALLY_EINVAL, "marker 1 (\"a\", varint): what was bound has no");
}
END_TEST

/* ---- The question ------------------------------------------------------- */

START_TEST(questions_that_fail) {
  execution_begin(&x, "INSERT");
  ok(tally_bind_int64(x.s, 1, &e));
  script_next_error(x.r.server, AT_PREPARE, 0x2200, 1);
  execution_fails(&x, TALLY_ESERVER, TALLY_NOT_APPLIED,
                  "execute INSERT failed: refused as invalid");
  script_next_error(x.r.server, AT_PREPARE, 0x1100, 1);
  execution_fails(&x, TALLY_ESERVER, TALLY_NOT_APPLIED, "0x1100");
  execution_script(&x, AT_PREPARE, 0, "00000001"); /* Void */
  execution_fails(&x, TALLY_EPROTOCOL, TALLY_NOT_APPLIED, "does not tell");
  execution_script(&x, AT_PREPARE, 0, "00000004 0008 'given'");
  execution_fails(&x, TALLY_EPROTOCOL, TALLY_NOT_APPLIED, "cut short");
  ck_assert_uint_eq(script_count(x.r.server, AT_GIVEN), 0);
}
END_TEST

/* The host's PREPARE sees other types than the question did: the next
 * execution asks again. */
START_TEST(types_that_changed) {
  execution_markers(&x, 1, "0001 'a' 0009", 1);
  execution_markers(&x, 1, "0001 'a' 000d", 3);
  execution_begin(&x, "INSERT");
  ok(tally_bind_int64(x.s, 1, &e));
  execution_fails(&x, TALLY_ESCHEMA, TALLY_NOT_APPLIED, "\"a\" is text");
  ck_assert_uint_eq(script_count(x.r.server, AT_PREPARE), 2);
  execution_fails(&x, TALLY_ETYPE, TALLY_NOT_APPLIED, "marker 1 (\"a\", text)");
  tally_statement_clear(x.s);
  ok(tally_bind_text(x.s, "x", &e));
  execution_ok(&x);
  ck_assert_uint_eq(script_count(x.r.server, AT_PREPARE), 4);
}
END_TEST

/* All of them ask before the first answer comes: the text is known once. */
START_TEST(asked_at_once) {
  enum { MANY = 20 };
  struct done done[MANY];
  unsigned known = 0;

  execution_markers(&x, 1, "0001 'a' 0009", MANY + 1);
  script_next_kind(x.r.server, AT_GIVEN, SCRIPT_NORMAL, MANY);
  execution_begin(&x, "INSERT");
  ok(tally_bind_int64(x.s, 1, &e));
  memset(done, 0, sizeof done);
  for (int i = 0; i < MANY; i++)
    ok(tally_execute_async(x.s, done_answer, &done[i], &e));
  for (int i = 0; i < MANY; i++) {
    ck_assert(rig_done(&x.r, &done[i]));
    ck_assert_int_eq(done[i].status, 0);
  }
  for (struct known *k = atomic_load(&x.r.session->known); k != NULL;
       k = k->next)
    known++;
  ck_assert_uint_eq(known, 1);
}
END_TEST

/* The parts of a type count, too: bytes of an int would pass for a text. */
static const char *const changed[] = {
    "0001 'a' 0020 000d", /* list<text> for list<int> */
    "0001 'a' 0020 0022 0009", "0001 'a' 0022 0009", /* set<int> */
};

START_TEST(parts_that_changed) {
  execution_markers(&x, 1, "0001 'a' 0020 0009", 1);
  execution_markers(&x, 1, changed[_i], 1);
  execution_markers(&x, 1, "0001 'a' 0020 0009", 3);
  execution_begin(&x, "INSERT");
  ok(tally_bind_begin(x.s, &e));
  ok(tally_bind_int64(x.s, 0x61626364, &e));
  ok(tally_bind_end(x.s, &e));
  execution_fails(&x, TALLY_ESCHEMA, TALLY_NOT_APPLIED, "\"a\" is");
  ck_assert_uint_eq(script_count(x.r.server, AT_GIVEN), 0);
  execution_ok(&x);
}
END_TEST

static const char *const fields[] = {
    "0001 'a' 0030 0002 'ks' 0001 'u' 0001 0001 'x' 0009",
    "0001 'a' 0030 0002 'ks' 0001 'u' 0001 0001 'y' 0009",
    "0001 'a' 0030 0002 'ks' 0001 'v' 0001 0001 'x' 0009",
    "0001 'a' 0030 0002 'kt' 0001 'u' 0001 0001 'x' 0009",
};

START_TEST(fields_that_changed) {
  execution_markers(&x, 1, fields[0], 1);
  execution_markers(&x, 1, fields[_i], 1);
  execution_markers(&x, 1, fields[0], 3);
  execution_begin(&x, "INSERT");
  ok(tally_bind_begin(x.s, &e));
  ok(tally_bind_int64(x.s, 7, &e));
  ok(tally_bind_end(x.s, &e));
  if (_i == 0)
    execution_ok(&x);
  else
    execution_fails(&x, TALLY_ESCHEMA, TALLY_NOT_APPLIED, "of other types");
}
END_TEST

/* What a server has forgotten is prepared again: it was not applied. */
START_TEST(forgotten) {
  execution_markers(&x, 1, "0001 'a' 0009", 3);
  script_next_kind(x.r.server, AT_GIVEN, SCRIPT_UNPREPARED, 1);
  execution_begin(&x, "INSERT");
  ok(tally_bind_int64(x.s, 1, &e));
  execution_ok(&x);
  ck_assert_uint_eq(script_count(x.r.server, AT_PREPARE), 3);
  ck_assert_uint_eq(script_count(x.r.server, AT_GIVEN), 2);
}
END_TEST

Suite *execute_suite(void) {
  Suite *suite = suite_create("execute");
  TCase *tc = tcase_create("execute");

  tcase_set_timeout(tc, 60);
  tcase_add_checked_fixture(tc, setup, tear_down);
  tcase_add_test(tc, text_alone);
  tcase_add_test(tc, options);
  tcase_add_test(tc, bad_options);
  tcase_add_test(tc, texts_that_are_none);
  tcase_add_test(tc, scalars);
  tcase_add_test(tc, nested);
  tcase_add_test(tc, nulls);
  tcase_add_test(tc, asked_once);
  tcase_add_test(tc, waited_for);
  tcase_add_test(tc, texts_without_end);
  tcase_add_test(tc, types_that_do_not_fit);
  tcase_add_test(tc, values_that_do_not_fit);
  tcase_add_test(tc, bad_binds);
  tcase_add_test(tc, empty_alone);
  tcase_add_test(tc, questions_that_fail);
  tcase_add_test(tc, types_that_changed);
  tcase_add_test(tc, asked_at_once);
  tcase_add_loop_test(tc, parts_that_changed, 0, 3);
  tcase_add_loop_test(tc, fields_that_changed, 0, 4);
  tcase_add_test(tc, forgotten);
  suite_add_tcase(suite, tc);
  return suite;
}
