/* tests/unit/test_bind.c - what a row becomes on the wire and what comes back:
 * bytes that a server saw, and everything that is refused before. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/rig.h"
#include "tests/unit/suites.h"

/* ---- Bytes -------------------------------------------------------------- */

/* EXECUTE of UPDATE ... SET views, unique_visitors WHERE url: id, consistency
 * LOCAL_QUORUM, flags VALUES | SKIP_METADATA, three values. */
static const uint8_t decrement_body[] = {0,    16,   's',  'c',  'r',
                                         'i',  'p',  't',  'e',  'd',
                                         '-',  'i',  'd',  '-',  '0',
                                         '0',  '0',  '0',  0,    6,
                                         3,    0,    3,    0,    0,
                                         0,    8,    0xff, 0xff, 0xff,
                                         0xff, 0xff, 0xff, 0xff, 0xfd, /* -3 */
                                         0,    0,    0,    8,    0x7f,
                                         0xff, 0xff, 0xff, 0xff, 0xff,
                                         0xff, 0xff, /* from INT64_MIN + 1 */
                                         0,    0,    0,    5,    '/',
                                         'h',  'o',  'm',  'e'};

START_TEST(decrement_binds_the_negated_delta) {
  page_hits row = {
      .url = "/home", .views = 3, .unique_visitors = INT64_MIN + 1};
  struct done d = {0};
  uint8_t body[200];
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  ck_assert_int_eq(
      tally_decrement_async(r.hits, &row, done_record, &d, &r.error), 0);
  ck_assert(rig_done(&r, &d));
  ck_assert_int_eq(d.outcome, TALLY_APPLIED);
  ck_assert_uint_eq(script_last(r.server, AT_UPDATE, body, sizeof body),
                    sizeof decrement_body);
  ck_assert_mem_eq(body, decrement_body, sizeof decrement_body);
  rig_fini(&r);
}
END_TEST

/* The text that was prepared, as the documentation has it. */
START_TEST(prepared_text) {
  static const char text[] = "UPDATE my_ks.page_hits SET \"views\" = \"views\" "
                             "+ ?, \"unique_visitors\" = \"unique_visitors\" + "
                             "? WHERE \"url\" = ?";
  page_hits row = {.url = "/home", .views = 1, .unique_visitors = 1};
  char body[300] = "";
  struct rig r;

  rig_init(&r, RIG_INLINE);
  rig_connect(&r);
  ck_assert_int_eq(tally_increment(r.hits, &row, &r.error), 0);
  ck_assert_uint_eq(script_last(r.server, AT_PREPARE, body, sizeof body),
                    4 + strlen(text));
  ck_assert_str_eq(body + 4, text);
  rig_fini(&r);
}
END_TEST

/* The row is copied: what it points to may change before it is sent. */
START_TEST(rows_are_copied) {
  char url[] = "/home";
  page_hits row = {.url = url, .views = 1};
  struct done d = {0};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  ck_assert_int_eq(
      tally_increment_async(r.hits, &row, done_record, &d, &r.error), 0);
  memset(url, 'X', strlen(url));
  memset(&row, 0, sizeof row);
  ck_assert(rig_done(&r, &d));
  ck_assert_uint_eq(script_seen(r.server, "/home"), 1);
  rig_fini(&r);
}
END_TEST

/* ---- Refused before anything is sent ------------------------------------ */

static void refused(struct rig *r, const page_hits *row, bool decrement,
                    int code, const char *words) {
  struct done never = {0};
  int rc =
      decrement
          ? tally_decrement_async(r->hits, row, done_record, &never, &r->error)
          : tally_increment_async(r->hits, row, done_record, &never, &r->error);

  ck_assert_int_eq(rc, code);
  ck_assert_int_eq(r->error.code, code);
  ck_assert_int_eq(r->error.outcome, TALLY_NOT_APPLIED);
  ck_assert_msg(strstr(r->error.message, words) != NULL, "no \"%s\" in: %s",
                words, r->error.message);
  rig_applied(r, "/next"); /* a slot was not lost, a callback not called */
  ck_assert_int_eq(never.calls, 0);
}

START_TEST(bad_rows) {
  char *key = malloc(65537);
  page_hits row = {.url = key, .views = 1};
  struct rig r;

  memset(key, 'k', 65536);
  key[65536] = '\0';
  rig_init(&r, (enum rig_mode)_i);
  r.options.max_in_flight = 1;
  rig_connect(&r);
  refused(&r, &row, false, TALLY_EINVAL, "65536 bytes");
  row.url = NULL;
  refused(&r, &row, false, TALLY_EINVAL, "url is NULL");
  row.url = "";
  refused(&r, &row, false, TALLY_EINVAL, "url is empty");
  row.url = "/home";
  row.views = 0;
  refused(&r, &row, false, TALLY_EINVAL, "nothing to add");
  refused(&r, &row, true, TALLY_EINVAL, "nothing to add");
  row.unique_visitors = INT64_MIN;
  refused(&r, &row, true, TALLY_ERANGE, "column unique_visitors");
  ck_assert_uint_eq(script_seen(r.server, "/home"), 0);
  rig_fini(&r);
  free(key);
}
END_TEST

/* 65,535 bytes are a key still; INT64_MIN may be added. */
START_TEST(largest_rows) {
  char *key = malloc(65536);
  page_hits row = {.url = key, .views = INT64_MIN};
  struct done d = {0};
  struct rig r;

  memset(key, 'k', 65535);
  key[65535] = '\0';
  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  ck_assert_int_eq(
      tally_increment_async(r.hits, &row, done_record, &d, &r.error), 0);
  ck_assert(rig_done(&r, &d));
  ck_assert_int_eq(d.outcome, TALLY_APPLIED);
  ck_assert_uint_eq(script_seen(r.server, key), 1);
  rig_fini(&r);
  free(key);
}
END_TEST

/* ---- Reading ------------------------------------------------------------ */

START_TEST(get_row) {
  page_hits row = {.url = "/home", .views = 7, .unique_visitors = 2};
  page_hits read = {.url = "/home", .views = -1, .unique_visitors = -1};
  uint64_t nulls = 99;
  struct rig r;

  rig_init(&r, _i == 0 ? RIG_THREADS : RIG_INLINE);
  rig_connect(&r);
  ck_assert_int_eq(tally_get(r.hits, &read, &r.error), TALLY_ENOTFOUND);
  ck_assert_int_eq(r.error.code, TALLY_ENOTFOUND);
  ck_assert_int_eq(read.views, -1); /* left as it was */
  ck_assert_int_eq(tally_increment(r.hits, &row, &r.error), 0);
  ck_assert_int_eq(tally_get_nulls(r.hits, &read, &nulls, &r.error), 0);
  ck_assert_int_eq(read.views, 7);
  ck_assert_int_eq(read.unique_visitors, 2);
  ck_assert_uint_eq(nulls, 0);
  rig_applied(&r, "/views");
  read.url = "/views";
  ck_assert_int_eq(tally_get_nulls(r.hits, &read, &nulls, &r.error), 0);
  ck_assert_int_eq(read.views, 1);
  ck_assert_int_eq(read.unique_visitors, 0); /* null reads as 0 ... */
  ck_assert_uint_eq(nulls, 2);               /* ... and can be told */
  rig_fini(&r);
}
END_TEST

struct got {
  struct done done;
  page_hits row;
  uint64_t nulls;
  char url[32];
};

static void on_got(void *user, const tally_result *result) {
  struct got *got = user;

  if (result->row != NULL) {
    memcpy(&got->row, result->row, sizeof got->row);
    strncpy(got->url, got->row.url, sizeof got->url - 1);
  }
  got->nulls = result->nulls;
  done_record(&got->done, result);
}

START_TEST(get_async) {
  char url[] = "/home";
  page_hits row = {.url = url, .views = 5, .unique_visitors = 5};
  struct got got = {0}, none = {0};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  rig_applied(&r, "/home");
  ck_assert_int_eq(tally_get_async(r.hits, &row, on_got, &got, &r.error), 0);
  memset(url, 'X', 5);
  ck_assert(rig_done(&r, &got.done));
  ck_assert_int_eq(got.done.status, 0);
  ck_assert_int_eq(got.done.outcome, TALLY_NOT_APPLIED);
  ck_assert_str_eq(got.url, "/home");
  ck_assert_int_eq(got.row.views, 1);
  ck_assert_int_eq(got.row.unique_visitors, 0);
  ck_assert_uint_eq(got.nulls, 2);
  ck_assert_int_eq(tally_get_async(r.hits, &row, on_got, &none, &r.error), 0);
  ck_assert(rig_done(&r, &none.done));
  ck_assert_int_eq(none.done.status, TALLY_ENOTFOUND);
  rig_fini(&r);
}
END_TEST

/* Rows: no metadata; columns, rows, cells. */
#define ROWS(columns, rows)                                                    \
  0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, columns, 0, 0, 0, rows
#define CELL(v) 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, v

static const uint8_t other_columns[] = {ROWS(3, 1), CELL(1), CELL(2), CELL(3)};
static const uint8_t short_cell[] = {ROWS(2, 1), 0, 0, 0, 2, 0, 1, CELL(2)};
static const uint8_t cut_cell[] = {ROWS(2, 1), CELL(1), 0, 0, 0, 8, 1};
static const uint8_t two_rows[] = {ROWS(2, 2), CELL(1), CELL(2), CELL(3),
                                   CELL(4)};
static const uint8_t just_void[] = {0, 0, 0, 1};
static const uint8_t many_rows[] = {0, 0, 0, 2, 0,    0,    0,    4,
                                    0, 0, 0, 2, 0x7f, 0xff, 0xff, 0xff};

static const struct {
  const uint8_t *body;
  size_t len;
  int code;
} answers[] = {
    {other_columns, sizeof other_columns, TALLY_EPROTOCOL},
    {short_cell, sizeof short_cell, TALLY_EPROTOCOL},
    {cut_cell, sizeof cut_cell, TALLY_EPROTOCOL},
    {two_rows, sizeof two_rows, TALLY_EMANY},
    {just_void, sizeof just_void, TALLY_EPROTOCOL},
    {many_rows, sizeof many_rows, TALLY_EPROTOCOL},
};
enum { ANSWERS = sizeof answers / sizeof answers[0] };

START_TEST(strange_rows) {
  struct script_step step = {.kind = SCRIPT_FRAME,
                             .opcode = 0x08,
                             .bytes = answers[_i].body,
                             .len = answers[_i].len};
  page_hits row = {.url = "/home", .views = 77};
  struct rig r;
  int rc;

  rig_init(&r, RIG_INLINE);
  rig_connect(&r);
  script_next(r.server, AT_SELECT, &step, 1);
  rc = tally_get(r.hits, &row, &r.error);
  ck_assert_msg(rc == answers[_i].code, "%s: %s", r.error.message,
                r.error.detail);
  ck_assert_int_eq(row.views, 77);
  ck_assert_str_ne(r.error.message, "");
  rig_applied(&r, "/next");
  ck_assert_uint_eq(script_accepted(r.server), 1);
  rig_fini(&r);
}
END_TEST

/* ---- What one call asks for --------------------------------------------- */

/* EXECUTE: 18 bytes of id, then the consistency. */
static unsigned consistency_of(struct rig *r, enum script_place place) {
  uint8_t body[64] = {0};

  script_last(r->server, place, body, sizeof body);
  return (unsigned)(body[18] << 8 | body[19]);
}

START_TEST(consistency_of_a_call) {
  tally_call call = {sizeof call, TALLY_QUORUM, 0};
  page_hits row = {.url = "/home", .views = 1};
  struct rig r;

  rig_init(&r, _i == 0 ? RIG_THREADS : RIG_INLINE);
  rig_connect(&r);
  ck_assert_int_eq(tally_increment(r.hits, &row, &r.error), 0);
  ck_assert_uint_eq(consistency_of(&r, AT_UPDATE), TALLY_LOCAL_QUORUM);
  ck_assert_int_eq(tally_increment_with(r.hits, &row, &call, &r.error), 0);
  ck_assert_uint_eq(consistency_of(&r, AT_UPDATE), TALLY_QUORUM);
  call.consistency = TALLY_EACH_QUORUM;
  ck_assert_int_eq(tally_decrement_with(r.hits, &row, &call, &r.error), 0);
  ck_assert_uint_eq(consistency_of(&r, AT_UPDATE), TALLY_EACH_QUORUM);
  call.consistency = TALLY_ALL;
  ck_assert_int_eq(tally_get_with(r.hits, &row, NULL, &call, &r.error), 0);
  ck_assert_uint_eq(consistency_of(&r, AT_SELECT), TALLY_ALL);
  ck_assert_int_eq(tally_get(r.hits, &row, &r.error), 0);
  ck_assert_uint_eq(consistency_of(&r, AT_SELECT), TALLY_LOCAL_QUORUM);
  call.consistency = 5000;
  ck_assert_int_eq(tally_increment_with(r.hits, &row, &call, &r.error),
                   TALLY_EINVAL);
  call.struct_size = 1;
  ck_assert_int_eq(tally_increment_with(r.hits, &row, &call, &r.error),
                   TALLY_EINVAL);
  rig_fini(&r);
}
END_TEST

/* A server that says nothing: the call ends at its own time, long before the
 * session's, and the others do not. */
START_TEST(timeout_of_a_call) {
  tally_call call = {sizeof call, 0, 50};
  page_hits row = {.url = "/home", .views = 1};
  struct done slow = {0}, quick = {0};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.increment_timeout_ms = 60000;
  rig_connect(&r);
  rig_applied(&r, "/home");
  script_next_kind(r.server, AT_UPDATE, SCRIPT_HOLD, 1);
  script_next_kind(r.server, AT_UPDATE, SCRIPT_IGNORE, 1);
  ck_assert_int_eq(
      tally_increment_async(r.hits, &row, done_record, &slow, &r.error), 0);
  ck_assert_int_eq(tally_increment_async_with(r.hits, &row, &call, done_record,
                                              &quick, &r.error),
                   0);
  ck_assert(rig_done(&r, &quick));
  ck_assert_int_eq(quick.status, TALLY_EUNKNOWN);
  ck_assert_int_eq(quick.error.cause, TALLY_ETIMEDOUT);
  script_release(r.server);
  ck_assert(rig_done(&r, &slow));
  ck_assert_int_eq(slow.status, 0);
  rig_fini(&r);
}
END_TEST

START_TEST(seventeen_timeouts) {
  tally_call call = {sizeof call, 0, 0};
  page_hits row = {.url = "/home", .views = 1};
  struct rig r;

  rig_init(&r, _i == 0 ? RIG_THREADS : RIG_INLINE);
  rig_connect(&r);
  for (int round = 0; round < 2; round++)
    for (uint32_t i = 1; i <= 16; i++) {
      call.timeout_ms = i * 10000;
      ck_assert_int_eq(tally_increment_with(r.hits, &row, &call, &r.error), 0);
    }
  call.timeout_ms = 7000;
  ck_assert_int_eq(tally_increment_with(r.hits, &row, &call, &r.error),
                   TALLY_EINVAL);
  ck_assert_ptr_nonnull(strstr(r.error.message, "timeout_ms 7000"));
  ck_assert_uint_eq(script_seen(r.server, "/home"), 32);
  rig_fini(&r);
}
END_TEST

/* Servers read so many rows at a time for a function: without a number they
 * read all at once. */
START_TEST(page_of_a_function) {
  static const uint8_t eleven[4] = {0, 0, 0, 11};
  const page_hits row = {.url = "/home"};
  uint8_t body[64] = {0};
  tally_query *q;
  int64_t count;
  struct rig r;

  rig_init(&r, _i == 0 ? RIG_THREADS : RIG_INLINE);
  rig_connect(&r);
  ck_assert_int_eq(tally_find(&q, r.hits, &r.error), 0);
  ck_assert_int_eq(tally_where(q, "url", TALLY_EQ, &row, &r.error), 0);
  ck_assert_int_eq(tally_page_size(q, 11, &r.error), 0);
  tally_count(q, &count, &r.error);
  script_last(r.server, AT_SELECT, body, sizeof body);
  /* Id, consistency, flags, one value of five bytes, the size. */
  ck_assert_uint_eq(body[20] & 0x04, 0x04);
  ck_assert_mem_eq(body + 32, eleven, 4);
  tally_query_free(q);
  rig_fini(&r);
}
END_TEST

/* ---- Schema ------------------------------------------------------------- */

START_TEST(no_such_keyspace) {
  page_hits row = {.url = "/home", .views = 1};
  struct rig r;

  rig_init(&r, _i == 0 ? RIG_THREADS : RIG_INLINE);
  rig_connect(&r);
  /* A table that is not there is not looked for once more: the statement is
   * refused twice, since another process may have been first. */
  for (int i = 0; i < 2; i++) {
    script_next_kind(r.server, AT_QUERY, SCRIPT_NORMAL, 1);
    script_next_error(r.server, AT_QUERY, 0x2200, 1);
  }
  ck_assert_int_eq(tally_sync_table(r.hits, NULL, &r.error), TALLY_ESCHEMA);
  ck_assert_int_eq(r.error.outcome, TALLY_NOT_APPLIED);
  ck_assert_ptr_nonnull(strstr(r.error.message, "my_ks.page_hits"));
  script_next_error(r.server, AT_PREPARE, 0x2200, 2);
  ck_assert_int_eq(tally_increment(r.hits, &row, &r.error), TALLY_ESCHEMA);
  ck_assert_int_eq(r.error.outcome, TALLY_NOT_APPLIED);
  ck_assert_int_eq(tally_get(r.hits, &row, &r.error), TALLY_ESCHEMA);
  ck_assert_ptr_nonnull(strstr(r.error.message, "my_ks.page_hits"));
  ck_assert_uint_eq(script_count(r.server, AT_UPDATE), 0);
  rig_fini(&r);
}
END_TEST

static void note_statement(void *user, const char *cql) {
  strncpy(user, cql, 299);
}

static const char create_text[] =
    "CREATE TABLE IF NOT EXISTS my_ks.page_hits (\"url\" text, \"views\" "
    "counter, \"unique_visitors\" counter, PRIMARY KEY (\"url\"))";

START_TEST(sync_table) {
  char body[300] = "", told[300] = "";
  tally_sync_options o = {.struct_size = sizeof o,
                          .dry_run = 1,
                          .on_statement = note_statement,
                          .user = told};
  struct rig r;

  rig_init(&r, _i == 0 ? RIG_THREADS : RIG_INLINE);
  rig_connect(&r);
  ck_assert_int_eq(tally_sync_table(r.hits, &o, &r.error), 0);
  ck_assert_str_eq(told, create_text);
  /* A look at the columns. */
  ck_assert_uint_eq(script_count(r.server, AT_QUERY), 1);
  ck_assert_int_eq(tally_create_keyspace(r.session, "my_ks", NULL, &r.error),
                   0);
  ck_assert_int_eq(tally_sync_table(r.hits, NULL, &r.error), 0);
  script_last(r.server, AT_QUERY, body, sizeof body);
  ck_assert_str_eq(body + 4,
                   "SELECT schema_version, host_id FROM system.peers");
  /* Another look, two changes, and two looks at the versions after each. */
  ck_assert_uint_eq(script_count(r.server, AT_QUERY), 8);
  o.struct_size = 3;
  ck_assert_int_eq(tally_sync_table(r.hits, &o, &r.error), TALLY_EINVAL);
  rig_fini(&r);
}
END_TEST

/* "There already", and nothing listed: no reason to ask for ever. */
START_TEST(sync_of_what_is_not_listed) {
  static const uint8_t is_there[4] = {0, 0, 0, 1};
  const struct script_step there = {.kind = SCRIPT_FRAME,
                                    .opcode = 0x08,
                                    .bytes = is_there,
                                    .len = sizeof is_there};
  struct rig r;

  rig_init(&r, _i == 0 ? RIG_THREADS : RIG_INLINE);
  rig_connect(&r);
  script_next_kind(r.server, AT_QUERY, SCRIPT_NORMAL, 1);
  script_next(r.server, AT_QUERY, &there, 1);
  ck_assert_int_eq(tally_sync_table(r.hits, NULL, &r.error), TALLY_ESCHEMA);
  ck_assert_ptr_nonnull(strstr(r.error.message, "my_ks.page_hits"));
  /* Columns, CREATE, two looks at the versions, columns. */
  ck_assert_uint_eq(script_count(r.server, AT_QUERY), 5);
  rig_fini(&r);
}
END_TEST

START_TEST(sync_async) {
  struct done keyspace = {0}, table = {0};
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  ck_assert_int_eq(tally_create_keyspace_async(r.session, "my_ks", NULL,
                                               done_record, &keyspace,
                                               &r.error),
                   0);
  ck_assert(rig_done(&r, &keyspace));
  ck_assert_int_eq(keyspace.status, 0);
  script_next_kind(r.server, AT_QUERY, SCRIPT_NORMAL, 1);
  script_next_error(r.server, AT_QUERY, 0x2100, 1);
  ck_assert_int_eq(
      tally_sync_table_async(r.hits, NULL, done_record, &table, &r.error), 0);
  ck_assert(rig_done(&r, &table));
  ck_assert_int_eq(table.status, TALLY_ESERVER);
  ck_assert_int_eq(table.error.server_code, 0x2100);
  rig_fini(&r);
}
END_TEST

Suite *bind_suite(void) {
  Suite *s = suite_create("bind");
  TCase *tc = tcase_create("modes");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, decrement_binds_the_negated_delta, 0, RIG_MODES);
  tcase_add_test(tc, prepared_text);
  tcase_add_loop_test(tc, rows_are_copied, 0, RIG_MODES);
  tcase_add_loop_test(tc, bad_rows, 0, RIG_MODES);
  tcase_add_loop_test(tc, largest_rows, 0, RIG_MODES);
  tcase_add_loop_test(tc, get_row, 0, 2);
  tcase_add_loop_test(tc, get_async, 0, RIG_MODES);
  tcase_add_loop_test(tc, strange_rows, 0, ANSWERS);
  tcase_add_loop_test(tc, consistency_of_a_call, 0, 2);
  tcase_add_loop_test(tc, timeout_of_a_call, 0, RIG_MODES);
  tcase_add_loop_test(tc, seventeen_timeouts, 0, 2);
  tcase_add_loop_test(tc, no_such_keyspace, 0, 2);
  tcase_add_loop_test(tc, page_of_a_function, 0, 2);
  tcase_add_loop_test(tc, sync_table, 0, 2);
  tcase_add_loop_test(tc, sync_of_what_is_not_listed, 0, 2);
  tcase_add_loop_test(tc, sync_async, 0, RIG_MODES);
  suite_add_tcase(s, tc);
  return s;
}
