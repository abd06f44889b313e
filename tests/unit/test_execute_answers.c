/* tests/unit/test_execute_answers.c - what a server may answer to a statement
 * that is the caller's own, sound and not, in all three modes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/execute_rig.h"
#include "tests/unit/suites.h"

static struct execution x;
static tally_error e;

static void open_in(int mode) {
  execution_init(&x, (enum rig_mode)mode);
  rig_connect(&x.r);
}

static void select_gets(unsigned flags, const char *body) {
  execution_begin(&x, "SELECT");
  execution_script(&x, AT_QUERY, flags, body);
  execution_ok(&x);
}

/* ---- Sound -------------------------------------------------------------- */

/* Of one column, whose name is c. */
#define ROWS(count, type)                                                      \
  "00000002 00000001 00000001 0002 'ks' 0001 't' 0001 'c' " type " " count
#define ONE(type) ROWS("00000001", type)

/* Trace, two warnings, a payload, more pages; columns of two tables. */
START_TEST(all_that_an_answer_has) {
  tally_bytes payload;
  tally_value v;
  int64_t n = 0;

  open_in(_i);
  select_gets(0x0e, "00112233445566778899aabbccddeeff 0002 0004 'care' 0000 "
                    "0001 0001 'k' 00000002 beef "
                    "00000002 00000002 00000002 00000002 abcd "
                    "0002 'ks' 0001 't' 0002 'id' 0009 "
                    "0002 'ks' 0001 'u' 0001 'n' 0005 00000002 "
                    "00000004 00000001 00000008 fffffffffffffffe "
                    "00000004 00000002 ffffffff");
  ck_assert_int_eq(tally_answer_kind_of(x.answer), TALLY_ANSWER_ROWS);
  ck_assert_uint_eq(tally_answer_tracing_id(x.answer)->bytes[1], 0x11);
  ck_assert_str_eq(tally_answer_warning(x.answer, 0), "care");
  ck_assert_str_eq(tally_answer_warning(x.answer, 1), "");
  ck_assert_ptr_null(tally_answer_warning(x.answer, 2));
  ck_assert_str_eq(tally_answer_payload(x.answer, 0, &payload), "k");
  ck_assert_mem_eq(payload.p, "\xbe\xef", 2);
  ck_assert_ptr_null(tally_answer_payload(x.answer, 1, &payload));
  ck_assert_uint_eq(tally_answer_paging_state(x.answer).len, 2);
  ck_assert_uint_eq(tally_answer_column_count(x.answer), 2);
  ck_assert_str_eq(tally_answer_column(x.answer, 1), "n");
  ck_assert_str_eq(tally_answer_column_type(x.answer, 1), "counter");
  ck_assert_ptr_null(tally_answer_column(x.answer, 2));
  ck_assert_ptr_null(tally_answer_column_type(x.answer, 2));
  ck_assert_uint_eq(tally_answer_row_count(x.answer), 2);
  ck_assert_int_eq(tally_answer_get(x.answer, "n", &v, &e), TALLY_EINVAL);
  ck_assert_int_eq(tally_answer_next(x.answer), 1);
  ck_assert_int_eq(tally_answer_get(x.answer, "n", &v, &e), 0);
  ck_assert_int_eq(tally_value_get_int64(&v, &n, &e), 0);
  ck_assert_int_eq(n, -2);
  ck_assert_int_eq(tally_answer_next(x.answer), 1);
  ck_assert_int_eq(tally_answer_at(x.answer, 1, &v, &e), 0);
  ck_assert_int_eq(tally_value_get_int64(&v, &n, &e), 0);
  ck_assert_int_eq(n, 0);
  ck_assert_ptr_null(v.p);
  ck_assert_int_eq(tally_answer_get(x.answer, "nix", &v, &e), TALLY_EINVAL);
  ck_assert_ptr_nonnull(strstr(e.message, "no column nix; it has id, n"));
  ck_assert_int_eq(tally_answer_next(x.answer), 0);
  ck_assert_int_eq(tally_answer_next(x.answer), 0);
  ck_assert_int_eq(tally_statement_next_page(x.s, x.answer, &e), 1);
  execution_script(&x, AT_QUERY, 0, "00000001");
  execution_ok(&x);
  execution_sent(&x, AT_QUERY,
                 "00000006 'SELECT' 0006 0c 00001388 00000002 abcd");
  ck_assert_int_eq(tally_statement_next_page(x.s, x.answer, &e), 0);
  execution_fini(&x);
}
END_TEST

/* A column of this type, and its value as text. */
static const struct {
  const char *type;
  const char *type_text;
  const char *value;
  const char *text;
} values[] = {
    {"0001", "ascii", "00000002 'it'", "it"},
    {"0002", "bigint", "00000008 8000000000000000", "-9223372036854775808"},
    {"0003", "blob", "00000000", "0x"},
    {"0004", "boolean", "00000001 00", "False"},
    {"0006", "decimal", "00000006 00000002 04d2", "12.34"},
    {"0007", "double", "00000008 bfe0000000000000", "-0.5"},
    {"000b", "timestamp", "00000008 0000000000000000",
     "1970-01-01 00:00:00.000000+0000"},
    {"000e", "varint", "00000009 010000000000000000", "18446744073709551616"},
    {"0010", "inet", "00000010 00000000000000000000000000000001", "::1"},
    {"0015", "duration", "00000003 010303", "-1mo2d2ns"},
    {"0020 000d", "list<text>",
     "00000012 00000002 00000002 6927 00000004 'soon'", "['i''', 'soon']"},
    {"0020 0009", "list<int>", "0000000c 00000002 ffffffff 00000000",
     "[null, 0x]"},
    {"0021 0009 0022 0010", "map<int, frozen<set<inet>>>",
     "0000001c 00000001 00000004 00000007 0000000c 00000001 00000004 7f000001",
     "{7: {'127.0.0.1'}}"},
    {"0031 0003 0009 000d 0004", "tuple<int, text, boolean>",
     "00000008 00000004 00000001", "(1, null, null)"},
    {"0031 0000", "tuple", "00000000", "()"},
    {"0030 0002 'ks' 0001 'u' 0002 0001 'a' 0009 0001 'b' 000b", "ks.u",
     "00000014 00000004 00000001 00000008 0000000000000000",
     "{a: 1, b: '1970-01-01 00:00:00.000000+0000'}"},
    {"0000 0002 'Me'", "Me", "00000002 abcd", "0xabcd"},
    {"0077", "0x0077", "00000001 00", "0x00"},
};

START_TEST(values_as_text) {
  char body[1024], text[256];
  tally_value v;

  open_in(RIG_THREADS);
  snprintf(body, sizeof body, ROWS("00000001", "%s") " %s", values[_i].type,
           values[_i].value);
  select_gets(0, body);
  ck_assert_str_eq(tally_answer_column_type(x.answer, 0), values[_i].type_text);
  ck_assert_int_eq(tally_answer_next(x.answer), 1);
  ck_assert_int_eq(tally_answer_at(x.answer, 0, &v, &e), 0);
  ck_assert_int_eq(tally_value_print(&v, text, sizeof text),
                   (int)strlen(values[_i].text));
  ck_assert_str_eq(text, values[_i].text);
  ck_assert_int_eq(tally_value_print(&v, text, 3),
                   (int)strlen(values[_i].text));
  ck_assert_int_eq(strncmp(text, values[_i].text, 2), 0);
  ck_assert_uint_le(strlen(text), 2);
  execution_fini(&x);
}
END_TEST

/* ---- Not a value's bytes ------------------------------------------------ */

static const struct {
  const char *type;
  const char *value;
  int init;  /* what tally_parts_init() says ... */
  int parts; /* ... how many there are, and ... */
  int last;  /* ... what the call after them says */
} lies[] = {
    {"0009", "00000004 00000001", TALLY_ETYPE, 0, 0},
    {"0020 0009", "00000000", TALLY_ETYPE, 0, 0},
    {"0020 0009", "00000003 000000", TALLY_ETYPE, 0, 0},
    {"0020 0009", "00000004 ffffffff", TALLY_ETYPE, 0, 0},
    {"0020 0009", "00000004 7fffffff", TALLY_ETYPE, 0, 0},
    {"0020 0009", "00000008 00000002 00000000", TALLY_ETYPE, 0, 0},
    {"0020 0009", "0000000c 00000002 00000004 00000001", 0, 1, TALLY_ETYPE},
    {"0020 0009", "0000000c 00000001 7fffffff 00000001", 0, 0, TALLY_ETYPE},
    {"0020 0009", "0000000c 00000001 00000005 00000001", 0, 0, TALLY_ETYPE},
    {"0021 0009 0009", "00000008 00000001 00000000", TALLY_ETYPE, 0, 0},
    {"0021 0009 0009", "0000000c 00000001 00000000 00000001", 0, 1,
     TALLY_ETYPE},
    {"0031 0002 0009 0009", "00000003 000000", 0, 0, TALLY_ETYPE},
    {"0031 0002 0009 0009", "00000009 00000004 00000001 ff", 0, 1, TALLY_ETYPE},
    {"0031 0001 0009", "00000009 00000004 00000001 ff", 0, 1, 0},
    {"0020 0009", "ffffffff", 0, 0, 0},
};

START_TEST(lengths_that_lie) {
  int count = 0, rc;
  tally_parts parts;
  tally_value v, part;
  char body[1024], text[256];

  open_in(RIG_THREADS);
  snprintf(body, sizeof body, ROWS("00000001", "%s") " %s", lies[_i].type,
           lies[_i].value);
  select_gets(0, body);
  ck_assert_int_eq(tally_answer_next(x.answer), 1);
  ck_assert_int_eq(tally_answer_at(x.answer, 0, &v, &e), 0);
  rc = tally_parts_init(&parts, &v, &e);
  ck_assert_int_eq(rc, lies[_i].init);
  if (rc == 0) {
    while ((rc = tally_parts_next(&parts, &part, &e)) > 0)
      count++;
    ck_assert_int_eq(count, lies[_i].parts);
    ck_assert_int_eq(rc, lies[_i].last);
    ck_assert_int_eq(tally_parts_next(&parts, &part, &e), lies[_i].last);
  }
  ck_assert_int_ge(tally_value_print(&v, text, sizeof text), 0);
  if (lies[_i].last != 0)
    ck_assert_int_eq(strncmp(text, "0x", 2), 0);
  execution_fini(&x);
}
END_TEST

START_TEST(getters_of_other_types) {
  tally_duration duration;
  tally_decimal decimal;
  tally_bytes bytes;
  tally_uuid uuid;
  tally_inet inet;
  tally_value v;
  double real;
  int64_t n;
  int yes;

  open_in(RIG_THREADS);
  select_gets(0, ROWS("00000002", "0009") " 00000003 000001 00000000");
  for (int i = 0; i < 2; i++) { /* three bytes; none */
    ck_assert_int_eq(tally_answer_next(x.answer), 1);
    ck_assert_int_eq(tally_answer_at(x.answer, 0, &v, &e), 0);
    ck_assert_int_eq(tally_value_get_int64(&v, &n, &e), TALLY_ETYPE);
    ck_assert_str_eq(e.message,
                     "a value of type int has bytes that are none of its type");
  }
  ck_assert_int_eq(tally_value_get_text(&v, &bytes, &e), TALLY_ETYPE);
  ck_assert_str_eq(e.message, "a value of type int is no text");
  ck_assert_int_eq(tally_value_get_double(&v, &real, &e), TALLY_ETYPE);
  ck_assert_int_eq(tally_value_get_boolean(&v, &yes, &e), TALLY_ETYPE);
  ck_assert_int_eq(tally_value_get_uuid(&v, &uuid, &e), TALLY_ETYPE);
  ck_assert_int_eq(tally_value_get_inet(&v, &inet, &e), TALLY_ETYPE);
  ck_assert_int_eq(tally_value_get_decimal(&v, &decimal, &e), TALLY_ETYPE);
  ck_assert_int_eq(tally_value_get_duration(&v, &duration, &e), TALLY_ETYPE);
  ck_assert_int_eq(tally_value_get_bytes(&v, &bytes, &e), 0);
  select_gets(0, ONE("000e") " 00000009 010000000000000000");
  ck_assert_int_eq(tally_answer_next(x.answer), 1);
  ck_assert_int_eq(tally_answer_at(x.answer, 0, &v, &e), 0);
  ck_assert_int_eq(tally_value_get_int64(&v, &n, &e), TALLY_ERANGE);
  execution_fini(&x);
}
END_TEST

/* ---- Not an answer ------------------------------------------------------ */

static const char *const broken[] = {
    "000000",
    "00000002 00000001",
    /* Two rows, of which one is there; a cell, and two cells, that are not. */
    ROWS("00000002", "0009") " 00000004 00000001",
    ROWS("00000001", "0009") " 00000005 00000001",
    ROWS("00000002", "0009") " 00000008 00000001 00000004",
    ROWS("00000001", "0009") " 7fffffff 00000001",
    ROWS("ffffffff", "0009"),
    /* No metadata, though it was not left out. */
    "00000002 00000004 00000001 00000001 00000004 00000001",
    /* A type that is deeper than any. */
    ONE("0020 0020 0020 0020 0020 0020 0020 0020 0020 0020 0020 0020 0020 0020 "
        "0020 0020 0020 0020 0020 0020 0020 0020 0020 0020 0020 0020 0020 0020 "
        "0020 0020 0020 0020 0020 0020 0009") " 00000000",
};
enum { BROKEN = sizeof broken / sizeof broken[0] };

START_TEST(answers_that_are_none) {
  open_in(_i % RIG_MODES);
  execution_begin(&x, "SELECT");
  execution_script(&x, AT_QUERY, 0, broken[_i / RIG_MODES]);
  execution_fails(&x, TALLY_EPROTOCOL, TALLY_NOT_APPLIED, "execute SELECT");
  execution_begin(&x, "INSERT");
  execution_script(&x, AT_QUERY, 0, broken[_i / RIG_MODES]);
  execution_fails(&x, TALLY_EUNKNOWN, TALLY_UNKNOWN, "execute INSERT");
  ck_assert_int_eq(x.done.error.cause, TALLY_EPROTOCOL);
  ck_assert_uint_eq(script_count(x.r.server, AT_QUERY), 2);
  execution_fini(&x);
}
END_TEST

/* Two tuples of 40,000 types each: sound, and not to be kept.  What was done is
 * done. */
START_TEST(types_without_end) {
  size_t len = 4 + 4 + 4 + 4 + 3 + 2 * (3 + 4 + 80000) + 4, at = 0;
  uint8_t *body = calloc(1, len);
  const struct script_step step = {
      .kind = SCRIPT_FRAME, .opcode = 0x08, .bytes = body, .len = len};
  static const uint8_t head[] = {0, 0, 0, 2, 0, 0,   0, 1, 0,
                                 0, 0, 2, 0, 1, 'k', 0, 1, 't'};
  static const uint8_t column[] = {0, 1, 'c', 0, 0x31, 0x9c, 0x40};

  memcpy(body, head, sizeof head);
  at = sizeof head;
  for (int i = 0; i < 2; i++) {
    memcpy(body + at, column, sizeof column);
    at += sizeof column;
    for (int n = 0; n < 40000; n++, at += 2)
      body[at + 1] = 9;
  }
  ck_assert_uint_le(at, len - 4);
  open_in(_i);
  execution_begin(&x, "INSERT");
  script_next(x.r.server, AT_QUERY, &step, 1);
  execution_fails(&x, TALLY_EPROTOCOL, TALLY_APPLIED, "more types than");
  execution_fini(&x);
  free(body);
}
END_TEST

/* 20,000 columns of one table, whose name and whose keyspace's are 60,000 bytes
 * each: what is kept stays in proportion to what came. */
START_TEST(names_without_end) {
  enum { NAME = 60000, COLUMNS = 20000 };
  size_t len = 12 + 2 * (2 + NAME) + COLUMNS * 4 + 4, at = 12;
  uint8_t *body = calloc(1, len);
  const struct script_step step = {
      .kind = SCRIPT_FRAME, .opcode = 0x08, .bytes = body, .len = len};
  static const uint8_t head[] = {0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0x4e, 0x20};

  memcpy(body, head, sizeof head);
  for (int i = 0; i < 2; i++, at += NAME) {
    body[at++] = NAME >> 8;
    body[at++] = NAME & 0xff;
    memset(body + at, 'n', NAME);
  }
  for (int i = 0; i < COLUMNS; i++, at += 4)
    body[at + 3] = 9; /* no name, int */
  ck_assert_uint_eq(at, len - 4);
  open_in(_i);
  execution_begin(&x, "SELECT");
  script_next(x.r.server, AT_QUERY, &step, 1);
  execution_ok(&x);
  ck_assert_uint_eq(tally_answer_column_count(x.answer), COLUMNS);
  ck_assert_str_eq(tally_answer_column(x.answer, COLUMNS - 1), "");
  ck_assert_uint_lt(atomic_load(&x.r.heap.largest), 20 * len);
  execution_fini(&x);
  free(body);
}
END_TEST

/* ---- Outcomes ----------------------------------------------------------- */

static const struct {
  int32_t code;
  int cause;
  int of_write;
} errors[] = {
    {0x0000, TALLY_ESERVER, TALLY_UNKNOWN},
    {0x1000, TALLY_EUNAVAILABLE, TALLY_UNKNOWN}, /* of how many partitions? */
    {0x1001, TALLY_ESERVER, TALLY_UNKNOWN},
    {0x1002, TALLY_ESERVER, TALLY_NOT_APPLIED},
    {0x1003, TALLY_ESERVER, TALLY_UNKNOWN},
    {0x1100, TALLY_ESERVER, TALLY_UNKNOWN},
    {0x1200, TALLY_ESERVER, TALLY_UNKNOWN},
    {0x1500, TALLY_ESERVER, TALLY_UNKNOWN},
    {0x1700, TALLY_ESERVER, TALLY_UNKNOWN},
    {0x2000, TALLY_ESERVER, TALLY_NOT_APPLIED},
    {0x2100, TALLY_ESERVER, TALLY_NOT_APPLIED},
    {0x2200, TALLY_ESERVER, TALLY_NOT_APPLIED},
    {0x2400, TALLY_ESERVER, TALLY_NOT_APPLIED},
    {0xf000, TALLY_ESERVER, TALLY_UNKNOWN},
};
enum { ERRORS = sizeof errors / sizeof errors[0] };

START_TEST(errors_of_the_server) {
  int i = _i / RIG_MODES;

  open_in(_i % RIG_MODES);
  execution_begin(&x, "UPDATE");
  script_next_error(x.r.server, AT_QUERY, errors[i].code, 1);
  execution_fails(&x,
                  errors[i].of_write == TALLY_UNKNOWN ? (int)TALLY_EUNKNOWN
                                                      : errors[i].cause,
                  errors[i].of_write, "scripted");
  ck_assert_int_eq(x.done.error.cause, errors[i].cause);
  ck_assert_uint_eq(x.done.error.operation, 0);
  ck_assert_uint_eq(script_count(x.r.server, AT_QUERY), 1);
  execution_begin(&x, "SELECT");
  script_next_error(x.r.server, AT_QUERY, errors[i].code, 1);
  execution_fails(&x, errors[i].cause, TALLY_NOT_APPLIED, "scripted");
  execution_fini(&x);
}
END_TEST

/* Sent, and no answer: not sent again. */
START_TEST(lost) {
  open_in(_i);
  execution_begin(&x, "UPDATE");
  script_next_kind(x.r.server, AT_QUERY, SCRIPT_CLOSE, 1);
  execution_fails(&x, TALLY_EUNKNOWN, TALLY_UNKNOWN, "the connection was lost");
  ck_assert(rig_standing(&x.r, 1));
  execution_ok(&x);
  ck_assert_uint_eq(script_count(x.r.server, AT_QUERY), 2);
  execution_fini(&x);
}
END_TEST

static void settled(void *user, const tally_settled *s) {
  (void)s;
  ++*(int *)user;
}

/* The answer comes after all: on_settled is for increments. */
START_TEST(late) {
  bool own = _i >= RIG_MODES; /* timeout of its own */
  int told = 0;

  execution_init(&x, (enum rig_mode)(_i % RIG_MODES));
  x.r.options.increment_timeout_ms = own ? 20000 : 100;
  x.r.options.on_settled = settled;
  x.r.options.on_settled_user = &told;
  rig_connect(&x.r);
  execution_begin(&x, "UPDATE");
  if (own)
    ck_assert_int_eq(tally_statement_timeout(x.s, 100, &e), 0);
  script_next_kind(x.r.server, AT_QUERY, SCRIPT_HOLD, 1);
  execution_fails(&x, TALLY_EUNKNOWN, TALLY_UNKNOWN, "no answer in time");
  ck_assert_int_eq(x.done.error.cause, TALLY_ETIMEDOUT);
  ck_assert_uint_eq(x.done.error.operation, 0);
  script_release(x.r.server);
  rig_applied(&x.r, "/behind");
  ck_assert_int_eq(told, 0);
  execution_fini(&x);
}
END_TEST

START_TEST(outlives_its_session) {
  tally_value v;
  int64_t n = 0;

  open_in(RIG_INLINE);
  select_gets(0, ONE("0009") " 00000004 00000007");
  tally_statement_free(x.s);
  x.s = NULL;
  ck_assert_int_eq(tally_close(x.r.session), 0);
  x.r.session = NULL;
  ck_assert_int_eq(tally_answer_next(x.answer), 1);
  ck_assert_int_eq(tally_answer_get(x.answer, "c", &v, &e), 0);
  ck_assert_int_eq(tally_value_get_int64(&v, &n, &e), 0);
  ck_assert_int_eq(n, 7);
  ck_assert_str_eq(tally_answer_column_type(x.answer, 0), "int");
  execution_fini(&x);
}
END_TEST

/* Closing while the question is under way: nothing was sent. */
static void on_end(void *user, const tally_result *result,
                   tally_answer *answer) {
  ck_assert_ptr_null(answer);
  done_record(user, result);
}

START_TEST(closed_before_the_types_are_known) {
  struct done d = {0};

  execution_init(&x, RIG_THREADS);
  x.r.options.close_timeout_ms = 50;
  rig_connect(&x.r);
  execution_begin(&x, "UPDATE");
  ck_assert_int_eq(tally_bind_int64(x.s, 1, &e), 0);
  script_next_kind(x.r.server, AT_PREPARE, SCRIPT_IGNORE, 1);
  ck_assert_int_eq(tally_execute_async(x.s, on_end, &d, &e), 0);
  ck_assert(rig_served(&x.r, AT_PREPARE, 1));
  execution_fini(&x);
  ck_assert_int_eq(d.calls, 1);
  ck_assert_int_eq(d.outcome, TALLY_NOT_APPLIED);
  ck_assert_int_ne(d.status, 0);
}
END_TEST

/* ---- No memory ---------------------------------------------------------- */

struct scarce {
  _Atomic int64_t left; /* allocations that succeed */
  _Atomic int64_t live;
};

static void *scarce_resize(void *user, void *p, size_t size) {
  struct scarce *scarce = user;

  if (atomic_fetch_sub(&scarce->left, 1) <= 0)
    return NULL;
  scarce->live += p == NULL;
  return realloc(p, size);
}

static void *scarce_allocate(void *user, size_t size) {
  return scarce_resize(user, NULL, size);
}

static void scarce_release(void *user, void *p) {
  ((struct scarce *)user)->live--;
  free(p);
}

static int bound_twice(tally_session *session) {
  tally_statement *s = NULL;
  tally_answer *answer = NULL;
  int rc = tally_statement_new(&s, session, "INSERT", &e);

  for (int i = 0; i < 40 && rc == 0; i++)
    rc = i == 0 ? tally_bind_begin(s, &e) : tally_bind_int64(s, i, &e);
  if (rc == 0)
    rc = tally_bind_end(s, &e);
  if (rc == 0)
    rc = tally_execute(&answer, s, &e);
  tally_answer_free(answer);
  tally_statement_free(s);
  return rc;
}

/* Once for each allocation of an execution, with that one and all after it
 * failing; the session is made with enough. */
START_TEST(no_memory_anywhere) {
  struct scarce scarce = {.left = INT64_MAX};
  tally_session *session;
  int64_t limit = 0;
  int rc = -1;

  execution_init(&x, RIG_INLINE);
  x.r.options.allocator = (tally_allocator){scarce_allocate, scarce_resize,
                                            scarce_release, &scarce};
  execution_markers(&x, 1, "0001 'a' 0020 0009", 0);
  for (; rc != 0 && limit < 100; limit++) {
    scarce.left = INT64_MAX;
    ck_assert_int_eq(tally_connect(&session, &x.r.options, &e), 0);
    scarce.left = limit;
    rc = bound_twice(session);
    ck_assert_msg(rc == 0 || rc == TALLY_ENOMEM, "allocation %lld: %s: %s",
                  (long long)limit, tally_error_name(rc), e.message);
    scarce.left = INT64_MAX;
    ck_assert_int_eq(tally_close(session), 0);
    ck_assert_int_eq(scarce.live, 0);
  }
  ck_assert_int_eq(rc, 0);
  ck_assert_int_gt(limit, 10);
  script_clear(x.r.server, AT_PREPARE);
  execution_fini(&x);
}
END_TEST

Suite *execute_answers_suite(void) {
  Suite *s = suite_create("execute_answers");
  TCase *tc = tcase_create("execute_answers");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, all_that_an_answer_has, 0, RIG_MODES);
  tcase_add_loop_test(tc, values_as_text, 0,
                      (int)(sizeof values / sizeof values[0]));
  tcase_add_loop_test(tc, lengths_that_lie, 0,
                      (int)(sizeof lies / sizeof lies[0]));
  tcase_add_test(tc, getters_of_other_types);
  tcase_add_loop_test(tc, answers_that_are_none, 0, BROKEN * RIG_MODES);
  tcase_add_loop_test(tc, types_without_end, 0, RIG_MODES);
  tcase_add_loop_test(tc, names_without_end, 0, RIG_MODES);
  tcase_add_loop_test(tc, errors_of_the_server, 0, ERRORS * RIG_MODES);
  tcase_add_loop_test(tc, lost, 0, RIG_MODES);
  tcase_add_loop_test(tc, late, 0, 2 * RIG_MODES);
  tcase_add_test(tc, outlives_its_session);
  tcase_add_test(tc, closed_before_the_types_are_known);
  tcase_add_test(tc, no_memory_anywhere);
  suite_add_tcase(s, tc);
  return s;
}
