/* tests/live/test_page.c - the page that counter tables are known by, line by
 * line: define, sync, increment, decrement, read, and what is refused. */
#include <check.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tests/live/live.h"
#include "tests/live/suites.h"

static tally_session *session;
static tally_table *hits;
static tally_error e;

static void setup(void) {
  session = live_connect(1);
  hits = live_table(session, &page_hits_definition);
}

static void teardown(void) {
  ck_assert_int_eq(tally_close(session), 0);
}

static void keep_statement(void *user, const char *cql) {
  snprintf(user, 512, "%s", cql);
}

/* "Defining", and "don't forget to sync the table". */
START_TEST(define_and_sync) {
  tally_table *table = live_open(session, &page_hits_definition);
  char cql[512] = "", want[512];
  tally_sync_options options = {sizeof options, 0, keep_statement, cql};

  LIVE_OK(tally_sync_table(table, &options, &e), &e);
  snprintf(want, sizeof want,
           "CREATE TABLE IF NOT EXISTS %s (\"url\" text, \"views\" counter, "
           "\"unique_visitors\" counter, PRIMARY KEY (\"url\"))",
           live_qualified(table));
  ck_assert_str_eq(cql, want);
  ck_assert_str_eq(
      live_cql("SELECT column_name, kind, type FROM system_schema.columns "
               "WHERE keyspace_name = '%s' AND table_name = '%s'",
               live_keyspace, tally_table_name(table)),
      "unique_visitors\tregular\tcounter\n"
      "url\tpartition_key\ttext\n"
      "views\tregular\tcounter\n");
}
END_TEST

/* page.increment(views=1) */
START_TEST(increment_one) {
  LIVE_OK(tally_increment(hits, &(page_hits){.url = "/home", .views = 1}, &e),
          &e);
  ck_assert_int_eq(live_page(hits, "/home").views, 1);
  ck_assert_str_eq(live_cql("SELECT * FROM %s", live_qualified(hits)),
                   "/home\tnull\t1\n");
}
END_TEST

/* page.increment(views=1, unique_visitors=1) */
START_TEST(increment_several_at_once) {
  page_hits both = {.url = "/home", .views = 1, .unique_visitors = 1};
  page_hits page;

  LIVE_OK(tally_increment(hits, &both, &e), &e);
  both.views = 5;
  both.unique_visitors = -3;
  LIVE_OK(tally_increment(hits, &both, &e), &e);
  page = live_page(hits, "/home");
  ck_assert_int_eq(page.views, 6);
  ck_assert_int_eq(page.unique_visitors, -2);
  ck_assert_str_eq(live_cql("SELECT * FROM %s", live_qualified(hits)),
                   "/home\t-2\t6\n");
}
END_TEST

/* page.decrement(views=1) */
START_TEST(decrement) {
  LIVE_OK(tally_increment(hits, &(page_hits){.url = "/home", .views = 4}, &e),
          &e);
  LIVE_OK(tally_decrement(hits, &(page_hits){.url = "/home", .views = 1}, &e),
          &e);
  ck_assert_int_eq(live_page(hits, "/home").views, 3);
  LIVE_OK(tally_decrement(hits, &(page_hits){.url = "/new", .views = 1}, &e),
          &e);
  ck_assert_int_eq(live_page(hits, "/new").views, -1);
}
END_TEST

/* PageHits.get(url="/home"): one row, and only that one. */
START_TEST(get) {
  page_hits nowhere = {.url = "/nowhere", .views = 7, .unique_visitors = 8};
  page_hits home;

  LIVE_OK(tally_increment(
              hits,
              &(page_hits){.url = "/home", .views = 2, .unique_visitors = 1},
              &e),
          &e);
  LIVE_OK(tally_increment(hits, &(page_hits){.url = "/Home", .views = 9}, &e),
          &e);
  home = live_page(hits, "/home");
  ck_assert_int_eq(home.views, 2);
  ck_assert_int_eq(home.unique_visitors, 1);
  LIVE_RETURNS(tally_get(hits, &nowhere, &e), TALLY_ENOTFOUND, &e);
  ck_assert_int_eq(nowhere.views, 7);
  ck_assert_int_eq(nowhere.unique_visitors, 8);
}
END_TEST

/* A counter that was never touched is null there, and 0 here. */
START_TEST(null_counters) {
  page_hits page = {.url = "/home", .views = 77, .unique_visitors = 78};
  uint64_t nulls = 77;

  LIVE_OK(tally_increment(hits, &(page_hits){.url = "/home", .views = 1}, &e),
          &e);
  LIVE_OK(tally_get_nulls(hits, &page, &nulls, &e), &e);
  ck_assert_uint_eq(nulls, 2); /* the second counter of the definition */
  ck_assert_int_eq(page.views, 1);
  ck_assert_int_eq(page.unique_visitors, 0);
  LIVE_OK(tally_increment(
              hits, &(page_hits){.url = "/home", .unique_visitors = 1}, &e),
          &e);
  LIVE_OK(tally_decrement(
              hits, &(page_hits){.url = "/home", .unique_visitors = 1}, &e),
          &e);
  LIVE_OK(tally_get_nulls(hits, &page, &nulls, &e), &e);
  ck_assert_uint_eq(nulls, 0); /* 0 by counting is no null */
  ck_assert_int_eq(page.unique_visitors, 0);
}
END_TEST

/* ---- "Restrictions" ----------------------------------------------------- */

#define PROGRAM(body)                                                          \
  "#include <tally.h>\n"                                                       \
  "typedef struct r { const char *k; int64_t n; double d; int i; } r;\n"       \
  "int f(tally_table *t, const r *row);\n" body "\n"

static const struct {
  const char *why;
  const char *source;
  const char *says; /* NULL: it compiles */
} k_programs[] = {
    {"increment, to see that the others fail for their own reason",
     PROGRAM("int f(tally_table *t, const r *row) {"
             " return tally_increment(t, row, NULL); }"),
     NULL},
    {"save",
     PROGRAM("int f(tally_table *t, const r *row) {"
             " return tally_save(t, row, NULL); }"),
     "Counter tables do not support save(). Use tally_increment() or "
     "tally_decrement() instead."},
    {"insert",
     PROGRAM("int f(tally_table *t, const r *row) {"
             " return tally_insert(t, row, NULL); }"),
     "Counter tables do not support insert(). Use tally_increment() or "
     "tally_decrement() instead."},
    {"columns of the right members",
     PROGRAM("const tally_column c[] = {TALLY_PARTITION_KEY(r, k, TALLY_TEXT),"
             " TALLY_COUNTER(r, n), TALLY_PARTITION_KEY(r, i, TALLY_INT)};"),
     NULL},
    {"a counter in a double",
     PROGRAM("const tally_column c[] = {TALLY_COUNTER(r, d)};"), "is negative"},
    {"a counter in an int",
     PROGRAM("const tally_column c[] = {TALLY_COUNTER(r, i)};"), "is negative"},
    {"a text key in a number",
     PROGRAM("const tally_column c[] = {TALLY_PARTITION_KEY(r, n, "
             "TALLY_TEXT)};"),
     "is negative"},
    {"a column that is no counter",
     PROGRAM("const tally_column c[] = {TALLY_COLUMN(r, k, TALLY_TEXT)};"),
     "TALLY_COLUMN"},
    {"a TTL of an increment",
     PROGRAM("int f(tally_table *t, const r *row) {"
             " return tally_increment_ttl(t, row, 60, NULL); }"
             "int g(void) { return tally_increment_ttl == 0; }"),
     "tally_increment_ttl"},
    {"a TTL of a table",
     PROGRAM("tally_definition d = {.default_time_to_live = 60};"),
     "default_time_to_live"},
};

START_TEST(compiles_or_not) {
  char out[8192];
  int rc = live_compile(k_programs[_i].source, out, sizeof out);

  ck_assert_msg((rc == 0) == (k_programs[_i].says == NULL), "%s: %d: %s",
                k_programs[_i].why, rc, out);
  ck_assert_msg(k_programs[_i].says == NULL ||
                    strstr(out, k_programs[_i].says) != NULL,
                "%s: %s", k_programs[_i].why, out);
}
END_TEST

/* "Every non-key column must be a Counter()" and "you cannot mix": built at
 * run time, since the macros cannot say it. */
START_TEST(plain_column_is_refused) {
  static const tally_column columns[] = {
      TALLY_PARTITION_KEY(page_hits, url, TALLY_TEXT),
      TALLY_COUNTER(page_hits, views),
      {sizeof(tally_column), "note", TALLY_KIND_COUNTER, TALLY_BIGINT,
       TALLY_ASC, offsetof(page_hits, unique_visitors), sizeof(int64_t)},
  };
  static const tally_definition definition =
      TALLY_DEFINITION(page_hits, "mixed", columns);
  tally_table *table;

  LIVE_REFUSED(tally_table_open(&table, session, &definition, &e), TALLY_EINVAL,
               &e);
  ck_assert_ptr_null(table);
  live_says(&e, "Counter tables can only have counter and primary key "
                "columns. Non-counter data columns found: note");
}
END_TEST

/* As a word of a name, or in a sentence; "settled" is none. */
static bool has_word(const char *text, const char *word) {
  size_t len = strlen(word);

  for (const char *s = text; (s = strstr(s, word)) != NULL; s += len)
    if ((s == text || !isalpha((unsigned char)s[-1])) &&
        !isalpha((unsigned char)s[len]))
      return true;
  return false;
}

/* "Counter columns cannot have a TTL": the whole header has no way to say so
 * (it tells once that the option of tables is refused), and what was counted
 * has none. */
START_TEST(ttl_cannot_be_said) {
  char header[1 << 18], path[] = LIVE_SOURCE_DIR "/api/tally.h";
  const char *option;
  FILE *f = fopen(path, "r");
  size_t len;

  ck_assert_ptr_nonnull(f);
  len = fread(header, 1, sizeof header - 1, f);
  fclose(f);
  ck_assert_uint_lt(len, sizeof header - 1);
  header[len] = '\0';
  ck_assert(has_word("row_ttl;", "ttl"));
  ck_assert(!has_word(header, "ttl"));
  ck_assert(!has_word(header, "TTL"));
  option = strstr(header, "default_time_to_live is refused");
  ck_assert_ptr_nonnull(option);
  ck_assert_ptr_null(
      strstr(option + strlen("default_time_to_live"), "time_to_live"));
  LIVE_OK(tally_increment(hits, &(page_hits){.url = "/home", .views = 1}, &e),
          &e);
  ck_assert_str_eq(
      live_cql("SELECT ttl(views), views FROM %s", live_qualified(hits)),
      "null\t1\n");
}
END_TEST

Suite *page_suite(void) {
  Suite *s = suite_create("page");
  TCase *tc = tcase_create("page");

  tcase_set_timeout(tc, 120);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, define_and_sync);
  tcase_add_test(tc, increment_one);
  tcase_add_test(tc, increment_several_at_once);
  tcase_add_test(tc, decrement);
  tcase_add_test(tc, get);
  tcase_add_test(tc, null_counters);
  tcase_add_test(tc, plain_column_is_refused);
  tcase_add_test(tc, ttl_cannot_be_said);
  suite_add_tcase(s, tc);

  tc = tcase_create("compiler");
  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, compiles_or_not, 0,
                      (int)(sizeof k_programs / sizeof k_programs[0]));
  suite_add_tcase(s, tc);
  return s;
}
