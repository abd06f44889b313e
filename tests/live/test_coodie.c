/* tests/live/test_coodie.c - coodie itself, from PyPI, and this library on one
 * table: each makes it for the other, and reads what the other counted.  Twice:
 * coodie's synchronous classes beside blocking calls, and its asynchronous ones
 * beside ours. */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/live/live.h"
#include "tests/live/suites.h"

static tally_session *session;
static tally_error e;
static char name[48];

static void setup(void) {
  session = live_connect(1);
  live_name(name, "shared");
}

static void teardown(void) {
  ck_assert_int_eq(tally_close(session), 0);
}

enum { COMMANDS = 8 };

/* What coodie prints of these commands (tests/live/coodie_counts.py), up to a
 * NULL. */
static const char *coodie(int form, const char *document, ...) {
  static char out[8192];
  char python[] = LIVE_PYTHON;
  char script[] = LIVE_SOURCE_DIR "/tests/live/coodie_counts.py";
  char hosts[256], sync[] = "sync", async[] = "async", class[16];
  char words[COMMANDS][256];
  char *argv[8 + COMMANDS] = {
      python, script,        hosts, form == 0 ? sync : async,
      class,  live_keyspace, name};
  const char *command;
  va_list args;
  int n = 0, rc;

  snprintf(hosts, sizeof hosts, "%s", live_hosts());
  snprintf(class, sizeof class, "%s", document);
  va_start(args, document);
  while ((command = va_arg(args, const char *)) != NULL) {
    ck_assert_int_lt(n, COMMANDS);
    snprintf(words[n], sizeof words[n], "%s", command);
    argv[7 + n] = words[n];
    n++;
  }
  va_end(args);
  rc = live_run(argv, out, sizeof out);
  ck_assert_msg(rc == 0, "%s", out);
  return out;
}

static void on_statement(void *user, const char *cql) {
  snprintf(user, 512, "%s", cql);
}

/* Nothing, when the table is as defined. */
static const char *syncs(tally_table *t) {
  static char cql[512];
  tally_sync_options o = {sizeof o, 0, on_statement, cql};

  cql[0] = '\0';
  LIVE_OK(tally_sync_table(t, &o, &e), &e);
  return cql;
}

/* ---- The page of the documentation -------------------------------------- */

static tally_table *open_hits(void) {
  tally_definition d = page_hits_definition;
  tally_table *t;

  d.name = name;
  LIVE_OK(tally_table_open(&t, session, &d, &e), &e);
  return t;
}

static void count(int form, tally_table *t, const char *url, int64_t views,
                  int64_t visitors) {
  page_hits row = {url, views, visitors};

  LIVE_OK(live_calls[form].increment(t, &row, &e), &e);
}

static void reads(int form, tally_table *t, const char *url, int64_t views,
                  int64_t visitors, uint64_t null) {
  page_hits row = {url, 77, 77};
  uint64_t nulls;

  LIVE_OK(live_calls[form].get(t, &row, &nulls, &e), &e);
  ck_assert_int_eq(row.views, views);
  ck_assert_int_eq(row.unique_visitors, visitors);
  ck_assert_uint_eq(nulls, null);
}

START_TEST(table_of_ours) {
  tally_table *t = open_hits();

  syncs(t);
  count(_i, t, "/home", 5, 0);
  ck_assert_str_eq(coodie(_i, "PageHits", "get url=/home",
                          "increment url=/home views=3 unique_visitors=2",
                          "decrement url=/home views=1", "get url=/home", NULL),
                   "/home\t5\tnull\n/home\t7\t2\n");
  reads(_i, t, "/home", 7, 2, 0);
  count(_i, t, "/home", 1, -4);
  ck_assert_str_eq(coodie(_i, "PageHits", "get url=/home", NULL),
                   "/home\t8\t-2\n");
  coodie(_i, "PageHits", "sync", NULL);
  /* What it synced is what there was. */
  ck_assert_str_eq(syncs(t), "");
}
END_TEST

START_TEST(table_of_theirs) {
  tally_table *t = open_hits();

  coodie(_i, "PageHits", "sync", "increment url=/home views=2", NULL);
  ck_assert_str_eq(syncs(t), "");
  reads(_i, t, "/home", 2, 0, 2);
  count(_i, t, "/home", 0, 1);
  count(_i, t, "/next", 9, 0);
  ck_assert_str_eq(coodie(_i, "PageHits", "get url=/home", "get url=/next",
                          "count", "sum views", "min views",
                          "max unique_visitors", NULL),
                   "/home\t2\t1\n/next\t9\tnull\n2\n11\n2\n1\n");
}
END_TEST

/* To the ends of 64 bits, and beyond: the server wraps. */
START_TEST(ends) {
  tally_table *t = open_hits();

  syncs(t);
  coodie(_i, "PageHits",
         "increment url=/ends views=9223372036854775807 "
         "unique_visitors=-9223372036854775808",
         NULL);
  reads(_i, t, "/ends", INT64_MAX, INT64_MIN, 0);
  count(_i, t, "/ends", 1, -1);
  ck_assert_str_eq(coodie(_i, "PageHits", "get url=/ends", NULL),
                   "/ends\t-9223372036854775808\t9223372036854775807\n");
}
END_TEST

static const char *const texts[] = {"/h\xc3\xb6me", "it's",
                                    "\xe6\x97\xa5\xe6\x9c\xac",
                                    "\xf0\x9f\x93\x88", "$$;--"};
enum { TEXTS = sizeof texts / sizeof texts[0] };

START_TEST(keys_of_all_letters) {
  char commands[TEXTS][64], want[256] = "";
  tally_table *t = open_hits();

  syncs(t);
  for (int i = 0; i < TEXTS; i++) {
    size_t len = strlen(want);

    count(_i, t, texts[i], i + 1, 0);
    snprintf(commands[i], sizeof commands[i], "increment url=%s views=10",
             texts[i]);
    snprintf(want + len, sizeof want - len, "%s\t%d\tnull\n", texts[i], i + 11);
  }
  coodie(_i, "PageHits", commands[0], commands[1], commands[2], commands[3],
         commands[4], NULL);
  for (int i = 0; i < TEXTS; i++) {
    reads(_i, t, texts[i], i + 11, 0, 2);
    snprintf(commands[i], sizeof commands[i], "get url=%s", texts[i]);
  }
  ck_assert_str_eq(coodie(_i, "PageHits", commands[0], commands[1], commands[2],
                          commands[3], commands[4], NULL),
                   want);
}
END_TEST

/* Each in its own way: theirs is a statement of text, ours a BATCH frame. */
START_TEST(batches) {
  tally_table *t = open_hits();
  struct live_gate gate;
  tally_batch *batch;

  syncs(t);
  coodie(_i, "PageHits", "batch url=/a views=5",
         "batch url=/b views=3 unique_visitors=1", NULL);
  reads(_i, t, "/a", 5, 0, 2);
  reads(_i, t, "/b", 3, 1, 0);
  LIVE_OK(tally_batch_new(&batch, session, &e), &e);
  LIVE_OK(tally_batch_increment(batch, t, &(page_hits){"/a", 1, 1}, &e), &e);
  LIVE_OK(tally_batch_decrement(batch, t, &(page_hits){"/b", 4, 0}, &e), &e);
  live_gate_init(&gate);
  live_gate_begin(&gate);
  if (_i == 0)
    LIVE_OK(tally_batch_send(batch, &e), &e);
  else {
    LIVE_OK(tally_batch_send_async(batch, live_gate_end, &gate, &e), &e);
    live_gate_wait(&gate, 0);
  }
  tally_batch_free(batch);
  ck_assert_str_eq(coodie(_i, "PageHits", "get url=/a", "get url=/b", NULL),
                   "/a\t6\t1\n/b\t-1\t1\n");
}
END_TEST

/* An older version of theirs made it; a newer one of ours adds to it. */
START_TEST(counter_added) {
  tally_table *t = open_hits();

  live_cql("CREATE TABLE %s.%s (url text PRIMARY KEY, views counter)",
           live_keyspace, name);
  live_cql("UPDATE %s.%s SET views = views + 4 WHERE url = '/home'",
           live_keyspace, name);
  if (_i == 0)
    ck_assert_ptr_nonnull(strstr(syncs(t), "ADD \"unique_visitors\" counter"));
  else
    ck_assert_ptr_nonnull(strstr(coodie(0, "PageHits", "sync", NULL),
                                 "ADD \"unique_visitors\" counter"));
  ck_assert_str_eq(syncs(t), "");
  count(_i, t, "/home", 1, 1);
  ck_assert_str_eq(coodie(_i, "PageHits",
                          "increment url=/home unique_visitors=1",
                          "get url=/home", NULL),
                   "/home\t5\t2\n");
}
END_TEST

/* ---- Keys of several columns, in order, and a static -------------------- */

typedef struct visits {
  const char *site;
  int32_t day;
  int64_t at;
  tally_uuid id;
  int64_t views;
  int64_t bytes;
  int64_t total;
} visits;

static const tally_column visits_columns[] = {
    TALLY_PARTITION_KEY(visits, site, TALLY_TEXT),
    TALLY_PARTITION_KEY(visits, day, TALLY_DATE),
    TALLY_CLUSTERING_KEY(visits, at, TALLY_TIMESTAMP, TALLY_DESC),
    TALLY_CLUSTERING_KEY(visits, id, TALLY_UUID, TALLY_ASC),
    TALLY_COUNTER(visits, views),
    TALLY_COUNTER(visits, bytes),
    TALLY_STATIC_COUNTER(visits, total),
};

static tally_table *open_visits(void) {
  tally_definition d = TALLY_DEFINITION(visits, name, visits_columns);
  tally_table *t;

  LIVE_OK(tally_table_open(&t, session, &d, &e), &e);
  return t;
}

static const tally_uuid some_id = {{0x55, 0x0e, 0x84, 0x00, 0xe2, 0x9b, 0x41,
                                    0xd4, 0xa7, 0x16, 0x44, 0x66, 0x55, 0x44,
                                    0x00, 0x00}};
#define ID   "id=550e8400-e29b-41d4-a716-446655440000"
#define KEYS "site=a day=2026-11-01 "
enum { DAY = 20758 }; /* 2026-11-01 */

/* "at views bytes total," in the order in which they come. */
static const char *found(tally_table *t) {
  static char text[256];
  visits row = {.site = "a", .day = DAY};
  tally_cursor *cursor;
  tally_query *q;
  size_t len = 0;

  text[0] = '\0';
  LIVE_OK(tally_find(&q, t, &e), &e);
  LIVE_OK(tally_where(q, "site", TALLY_EQ, &row, &e), &e);
  LIVE_OK(tally_where(q, "day", TALLY_EQ, &row, &e), &e);
  LIVE_OK(tally_cursor_open(&cursor, q, &e), &e);
  while (tally_next(cursor, &row, &e) > 0) {
    ck_assert_mem_eq(&row.id, &some_id, sizeof some_id);
    len += (size_t)snprintf(text + len, sizeof text - len, "%d %d %d %d,",
                            (int)row.at, (int)row.views, (int)row.bytes,
                            (int)row.total);
  }
  tally_cursor_close(cursor);
  tally_query_free(q);
  return text;
}

static const char *lines(const char *first, const char *second) {
  static char text[512];

  snprintf(text, sizeof text,
           "a\t2026-11-01\t1970-01-01 00:00:02%s\n"
           "a\t2026-11-01\t1970-01-01 00:00:01%s\n",
           first, second);
  return text;
}

/* Which of the two makes the table is the form's to say. */
START_TEST(composite_keys) {
  const visits row = {"a", DAY, 1000, some_id, 1, 0, 10};
  tally_table *t = open_visits();

  if (_i == 0)
    ck_assert_str_ne(syncs(t), "");
  else
    coodie(_i, "Visits", "sync", NULL);
  ck_assert_str_eq(syncs(t), "");
  LIVE_OK(live_calls[_i].increment(t, &row, &e), &e);
  coodie(_i, "Visits", "sync", "increment " KEYS "at=1000 " ID " views=4",
         "increment " KEYS "at=2000 " ID " views=2 bytes=30", NULL);
  ck_assert_str_eq(found(t), "2000 2 30 10,1000 5 0 10,");
  ck_assert_str_eq(
      coodie(_i, "Visits", "rows " KEYS, NULL),
      lines("\t550e8400-e29b-41d4-a716-446655440000\t2\t30\t10",
            "\t550e8400-e29b-41d4-a716-446655440000\t5\tnull\t10"));
}
END_TEST

Suite *coodie_suite(void) {
  Suite *s = suite_create("coodie");
  TCase *tc = tcase_create("coodie");

  tcase_set_timeout(tc, 120);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_loop_test(tc, table_of_ours, 0, LIVE_FORMS);
  tcase_add_loop_test(tc, table_of_theirs, 0, LIVE_FORMS);
  tcase_add_loop_test(tc, ends, 0, LIVE_FORMS);
  tcase_add_loop_test(tc, keys_of_all_letters, 0, LIVE_FORMS);
  tcase_add_loop_test(tc, batches, 0, LIVE_FORMS);
  tcase_add_loop_test(tc, counter_added, 0, LIVE_FORMS);
  tcase_add_loop_test(tc, composite_keys, 0, LIVE_FORMS);
  suite_add_tcase(s, tc);
  return s;
}
