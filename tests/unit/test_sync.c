/* tests/unit/test_sync.c - tally_sync_table() on a server that says no: what of
 * it is an error, and what is told of the statements before. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/rig.h"
#include "tests/unit/golden.h"
#include "tests/unit/suites.h"

/* system_schema.columns of my_ks.page_hits. */
#define COLUMNS                                                                \
  "00000002 00000001 00000005 000d 'system_schema' 0007 'columns' "            \
  "000b 'column_name' 000d 0004 'kind' 000d 0008 'position' 0009 "             \
  "0010 'clustering_order' 000d 0004 'type' 000d "
#define URL                                                                    \
  "00000003 'url' 0000000d 'partition_key' 00000004 00000000 "                 \
  "00000004 'none' 00000004 'text' "
#define COUNTER(length, name)                                                  \
  length " '" name "' 00000007 'regular' 00000004 ffffffff "                   \
         "00000004 'none' 00000007 'counter' "
#define NO_DROPPED                                                             \
  "00000002 00000001 00000001 000d 'system_schema' 000f 'dropped_columns' "    \
  "000b 'column_name' 000d 00000000"
#define ADDED                                                                  \
  "00000005 0007 'UPDATED' 0005 'TABLE' 0005 'my_ks' 0009 'page_hits'"

static struct rig r;
static unsigned warnings;
static uint8_t *bodies[4]; /* of what the server was told to say */
static unsigned body_count;

static void on_log(void *user, int level, const char *text) {
  (void)user;
  if (level == TALLY_LOG_WARNING && strstr(text, "is as defined") != NULL)
    warnings++;
}

static void begin(enum rig_mode mode) {
  warnings = 0;
  rig_init(&r, mode);
  r.options.schema_timeout_ms = 150;
  tally_log(&r.options, on_log, NULL, TALLY_LOG_WARNING);
  rig_connect(&r);
}

static void end(void) {
  rig_fini(&r);
  while (body_count > 0)
    free(bodies[--body_count]);
}

static void answers(const char *text) {
  struct golden_bytes body = golden_parse(text);

  bodies[body_count++] = body.p;
  script_next(r.server, AT_QUERY,
              &(struct script_step){.kind = SCRIPT_FRAME,
                                    .opcode = 0x08,
                                    .bytes = body.p,
                                    .len = body.len},
              1);
}

/* The table is as defined; the CREATE TABLE IF NOT EXISTS that waits for others
 * fails as it likes. */
static const struct {
  enum script_kind kind;
  int32_t code;
  unsigned warnings;
} noes[] = {
    {SCRIPT_ERROR, 0x2100, 0}, /* who counts need not make tables */
    {SCRIPT_ERROR, 0x2200, 1}, {SCRIPT_ERROR, 0x2300, 1},
    {SCRIPT_ERROR, 0x0000, 1}, {SCRIPT_IGNORE, 0, 1},
    {SCRIPT_CLOSE, 0, 1},
};
enum { NOES = sizeof noes / sizeof noes[0] };

START_TEST(nothing_to_do) {
  begin(_i % 2 == 0 ? RIG_THREADS : RIG_INLINE);
  answers(COLUMNS "00000003 " URL COUNTER("00000005", "views")
              COUNTER("0000000f", "unique_visitors"));
  if (noes[_i].kind == SCRIPT_ERROR)
    script_next_error(r.server, AT_QUERY, noes[_i].code, 1);
  else
    script_next_kind(r.server, AT_QUERY, noes[_i].kind, 1);
  ck_assert_msg(tally_sync_table(r.hits, NULL, &r.error) == 0, "%s: %s",
                r.error.message, r.error.detail);
  ck_assert_uint_eq(script_count(r.server, AT_QUERY), 2);
  ck_assert_uint_eq(warnings, noes[_i].warnings);
  end();
}
END_TEST

typedef struct more_hits {
  const char *url;
  int64_t views;
  int64_t first;
  int64_t second;
} more_hits;

static const tally_column more_columns[] = {
    TALLY_PARTITION_KEY(more_hits, url, TALLY_TEXT),
    TALLY_COUNTER(more_hits, views),
    TALLY_COUNTER(more_hits, first),
    TALLY_COUNTER(more_hits, second),
};
static const tally_definition more_definition =
    TALLY_DEFINITION(more_hits, "page_hits", more_columns);

/* Two counters are missing: one is added, the other refused. */
START_TEST(half_way) {
  tally_table *more;

  begin(_i == 0 ? RIG_THREADS : RIG_INLINE);
  ck_assert_int_eq(
      tally_table_open(&more, r.session, &more_definition, &r.error), 0);
  answers(COLUMNS "00000002 " URL COUNTER("00000005", "views"));
  answers(NO_DROPPED);
  answers(ADDED);
  script_next_kind(r.server, AT_QUERY, SCRIPT_NORMAL, 2);
  script_next_error(r.server, AT_QUERY, 0x2100, 1);
  ck_assert_msg(tally_sync_table(more, NULL, &r.error) == TALLY_ESERVER,
                "%s: %s", r.error.message, r.error.detail);
  ck_assert_int_eq(r.error.outcome, TALLY_NOT_APPLIED);
  ck_assert_msg(strstr(r.error.detail,
                       "; 1 statement before it changed the table") != NULL,
                "%s", r.error.detail);
  end();
}
END_TEST

static void count_statement(void *user, const char *cql) {
  (void)cql;
  ++*(unsigned *)user;
}

/* It is tried again, since another process may have been first; and told of
 * once. */
START_TEST(told_once) {
  unsigned told = 0;
  tally_sync_options o = {
      .struct_size = sizeof o, .on_statement = count_statement, .user = &told};

  begin(_i == 0 ? RIG_THREADS : RIG_INLINE);
  for (int i = 0; i < 2; i++) {
    script_next_kind(r.server, AT_QUERY, SCRIPT_NORMAL, 1);
    script_next_error(r.server, AT_QUERY, 0x2200, 1);
  }
  ck_assert_int_eq(tally_sync_table(r.hits, &o, &r.error), TALLY_ESCHEMA);
  ck_assert_uint_eq(script_count(r.server, AT_QUERY), 4);
  ck_assert_uint_eq(told, 1);
  end();
}
END_TEST

Suite *sync_suite(void) {
  Suite *s = suite_create("sync");
  TCase *tc = tcase_create("refused");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, nothing_to_do, 0, NOES);
  tcase_add_loop_test(tc, half_way, 0, 2);
  tcase_add_loop_test(tc, told_once, 0, 2);
  suite_add_tcase(s, tc);
  return s;
}
