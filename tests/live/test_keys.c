/* tests/live/test_keys.c - keys of every supported type and shape, and more
 * sets of touched counters than there are statements for. */
#include <check.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/live/live.h"
#include "tests/live/suites.h"

static tally_session *session;
static tally_error e;

static void setup(void) {
  session = live_connect(1);
}

static void teardown(void) {
  ck_assert_int_eq(tally_close(session), 0);
}

/* ---- Composite partition keys, clustering keys -------------------------- */

/* The members stand in another order than the key. */
typedef struct visit {
  int64_t seen;
  const char *page;
  int64_t at;
  int32_t zone;
  const char *site;
  int64_t paid;
} visit;

static const tally_column visit_columns[] = {
    TALLY_COUNTER(visit, seen),
    TALLY_PARTITION_KEY(visit, site, TALLY_TEXT),
    TALLY_PARTITION_KEY(visit, zone, TALLY_INT),
    TALLY_CLUSTERING_KEY(visit, at, TALLY_BIGINT, TALLY_DESC),
    TALLY_CLUSTERING_KEY(visit, page, TALLY_TEXT, TALLY_ASC),
    TALLY_COUNTER(visit, paid),
};
static const tally_definition visit_definition =
    TALLY_DEFINITION(visit, "visit", visit_columns);

START_TEST(composite_and_clustering) {
  tally_table *t = live_table(session, &visit_definition);
  static const visit rows[] = {
      {.site = "a", .zone = 1, .at = 10, .page = "/x", .seen = 1},
      {.site = "a", .zone = 1, .at = 10, .page = "/y", .seen = 2},
      {.site = "a", .zone = 1, .at = 11, .page = "/x", .seen = 3, .paid = 30},
      {.site = "a", .zone = 1, .at = -9, .page = "/x", .seen = 4},
      {.site = "a", .zone = 2, .at = 10, .page = "/x", .seen = 5},
      {.site = "b", .zone = 1, .at = 10, .page = "/x", .seen = 6},
      {.site = "a", .zone = -1, .at = 10, .page = "/x", .seen = 7},
      /* The parts' bytes joined are alike: "a" + 1, "a\0\0.." is not. */
      {.site = "", .zone = 1, .at = INT64_MAX, .page = "", .seen = 8},
      {.site = "", .zone = INT32_MIN, .at = INT64_MIN, .page = "", .seen = 9},
  };

  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    LIVE_OK(tally_increment(t, &rows[i], &e), &e);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    visit row = rows[i];

    row.seen = row.paid = 77;
    LIVE_OK(tally_get(t, &row, &e), &e);
    ck_assert_int_eq(row.seen, rows[i].seen);
    ck_assert_int_eq(row.paid, rows[i].paid);
  }
  /* The server's own order, newest first. */
  ck_assert_str_eq(live_cql("SELECT at, page, seen, paid FROM %s "
                            "WHERE site = 'a' AND zone = 1",
                            live_qualified(t)),
                   "11\t/x\t3\t30\n10\t/x\t1\tnull\n10\t/y\t2\tnull\n"
                   "-9\t/x\t4\tnull\n");
  ck_assert_str_eq(live_cql("SELECT count(*) FROM %s", live_qualified(t)),
                   "9\n");
  ck_assert_str_eq(
      live_cql("SELECT column_name, kind, position, clustering_order "
               "FROM system_schema.columns WHERE keyspace_name = '%s' "
               "AND table_name = '%s'",
               live_keyspace, tally_table_name(t)),
      "at\tclustering\t0\tdesc\npage\tclustering\t1\tasc\n"
      "paid\tregular\t-1\tnone\nseen\tregular\t-1\tnone\n"
      "site\tpartition_key\t0\tnone\nzone\tpartition_key\t1\tnone\n");
}
END_TEST

/* ---- Numbers ------------------------------------------------------------ */

typedef struct by_int {
  int32_t k;
  int64_t n;
} by_int;
static const tally_column by_int_columns[] = {
    TALLY_PARTITION_KEY(by_int, k, TALLY_INT),
    TALLY_COUNTER(by_int, n),
};
static const tally_definition by_int_definition =
    TALLY_DEFINITION(by_int, "by_int", by_int_columns);

START_TEST(int_keys) {
  static const int32_t keys[] = {0, 1, -1, 255, 256, INT32_MIN, INT32_MAX};
  tally_table *t = live_table(session, &by_int_definition);

  for (int i = 0; i < 7; i++)
    LIVE_OK(tally_increment(t, &(by_int){keys[i], i + 1}, &e), &e);
  for (int i = 0; i < 7; i++) {
    by_int row = {.k = keys[i]};

    LIVE_OK(tally_get(t, &row, &e), &e);
    ck_assert_int_eq(row.n, i + 1);
    ck_assert_int_eq(atoi(live_cql("SELECT n FROM %s WHERE k = %" PRId32,
                                   live_qualified(t), keys[i])),
                     i + 1);
  }
}
END_TEST

typedef struct by_bigint {
  int64_t k;
  int64_t n;
} by_bigint;
static const tally_column by_bigint_columns[] = {
    TALLY_PARTITION_KEY(by_bigint, k, TALLY_BIGINT),
    TALLY_COUNTER(by_bigint, n),
};
static const tally_definition by_bigint_definition =
    TALLY_DEFINITION(by_bigint, "by_bigint", by_bigint_columns);

START_TEST(bigint_keys) {
  static const int64_t keys[] = {0, -1, INT64_C(1) << 32, INT64_MIN, INT64_MAX};
  tally_table *t = live_table(session, &by_bigint_definition);

  for (int i = 0; i < 5; i++)
    LIVE_OK(tally_increment(t, &(by_bigint){keys[i], i + 1}, &e), &e);
  for (int i = 0; i < 5; i++) {
    by_bigint row = {.k = keys[i]};

    LIVE_OK(tally_get(t, &row, &e), &e);
    ck_assert_int_eq(row.n, i + 1);
    ck_assert_int_eq(atoi(live_cql("SELECT n FROM %s WHERE k = %" PRId64,
                                   live_qualified(t), keys[i])),
                     i + 1);
  }
}
END_TEST

/* ---- Text --------------------------------------------------------------- */

static const char *const k_texts[] = {
    "/h\xc3\xb6me",
    "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
    "\xf0\x9f\x93\x88",
    "it's",
    "say \"no\"",
    "$$; DROP TABLE t; --",
    "\\n%s",
    "a\tb\nc",
    " ",
    "null",
    /* 200 bytes: beyond what an operation keeps inline */
    "0123456789012345678901234567890123456789012345678901234567890123456789"
    "0123456789012345678901234567890123456789012345678901234567890123456789"
    "012345678901234567890123456789012345678901234567890123456789",
};
enum { TEXTS = sizeof k_texts / sizeof k_texts[0] };

START_TEST(text_keys) {
  tally_table *t = live_table(session, &page_hits_definition);

  for (int i = 0; i < TEXTS; i++)
    LIVE_OK(
        tally_increment(t, &(page_hits){.url = k_texts[i], .views = i + 1}, &e),
        &e);
  for (int i = 0; i < TEXTS; i++)
    ck_assert_int_eq(live_page(t, k_texts[i]).views, i + 1);
  ck_assert_str_eq(live_cql("SELECT count(*) FROM %s", live_qualified(t)),
                   "11\n");
  /* As another client writes them. */
  ck_assert_str_eq(live_cql("SELECT url, views FROM %s WHERE url = 'it''s'",
                            live_qualified(t)),
                   "it's\t4\n");
  ck_assert_str_eq(
      live_cql("SELECT url, views FROM %s WHERE url = '\xf0\x9f\x93\x88'",
               live_qualified(t)),
      "\xf0\x9f\x93\x88\t3\n");
}
END_TEST

/* The longest key there is, and one byte more. */
START_TEST(longest_key) {
  tally_table *t = live_table(session, &page_hits_definition);
  char *url = malloc(65537);
  page_hits row = {.url = url, .views = 3};

  ck_assert_ptr_nonnull(url);
  memset(url, 'k', 65536);
  url[65536] = '\0';
  LIVE_REFUSED(tally_increment(t, &row, &e), TALLY_EINVAL, &e);
  live_says(&e, "url");
  live_says(&e, "65535");
  url[65535] = '\0';
  LIVE_OK(tally_increment(t, &row, &e), &e);
  ck_assert_int_eq(live_page(t, url).views, 3);
  free(url);
}
END_TEST

/* Together with their lengths and end marks the parts are one key.  Cassandra
 * 4.1 has an error of its own for parts beyond 32,767 bytes (newLimit < 0). */
START_TEST(longest_composite_key) {
  tally_table *t = live_table(session, &visit_definition);
  size_t most = 65535 - 3 - (4 + 3);
  char *site = malloc(most + 2);
  visit row = {.site = site, .zone = 1, .at = 1, .page = "/", .seen = 3};

  ck_assert_ptr_nonnull(site);
  memset(site, 'k', most + 1);
  site[most + 1] = '\0';
  LIVE_REFUSED(tally_increment(t, &row, &e), TALLY_EINVAL, &e);
  site[live_is_before_5() ? INT16_MAX : most] = '\0';
  LIVE_OK(tally_increment(t, &row, &e), &e);
  row.seen = 0;
  LIVE_OK(tally_get(t, &row, &e), &e);
  ck_assert_int_eq(row.seen, 3);
  free(site);
}
END_TEST

/* ---- Many counters ------------------------------------------------------ */

enum { COUNTERS = 64 };

struct wide {
  const char *k;
  int64_t c[COUNTERS];
};

static tally_table *wide_table(void) {
  static char names[COUNTERS][8];
  static tally_column columns[COUNTERS + 1];
  tally_definition d = {.struct_size = sizeof d,
                        .name = "wide",
                        .row_size = sizeof(struct wide),
                        .columns = columns,
                        .column_count = COUNTERS + 1};

  columns[0] =
      (tally_column){sizeof(tally_column), "k",       TALLY_KIND_PARTITION_KEY,
                     TALLY_TEXT,           TALLY_ASC, 0,
                     sizeof(const char *)};
  for (size_t i = 0; i < COUNTERS; i++) {
    snprintf(names[i], sizeof names[i], "c%02u", (unsigned)i);
    columns[i + 1] =
        (tally_column){sizeof(tally_column),
                       names[i],
                       TALLY_KIND_COUNTER,
                       TALLY_TYPE_COUNTER,
                       TALLY_ASC,
                       offsetof(struct wide, c) + i * sizeof(int64_t),
                       sizeof(int64_t)};
  }
  return live_table(session, &d);
}

/* 64 sets of one, then 63 of two: the later ones go with values not set, and
 * must neither count nor leave a mark in the counters that were not meant. */
START_TEST(more_sets_than_statements) {
  tally_table *t = wide_table();
  struct wide row = {.k = "one by one"};
  uint64_t nulls;

  for (int i = 0; i < COUNTERS - 4; i++) {
    memset(row.c, 0, sizeof row.c);
    row.c[i] = i + 1;
    LIVE_OK(tally_increment(t, &row, &e), &e);
  }
  LIVE_OK(tally_get_nulls(t, &row, &nulls, &e), &e);
  ck_assert_uint_eq(nulls, UINT64_C(0xf) << 60);
  for (int i = 0; i < COUNTERS; i++)
    ck_assert_int_eq(row.c[i], i < COUNTERS - 4 ? i + 1 : 0);

  row.k = "in pairs";
  for (int i = 0; i + 1 < COUNTERS; i++) {
    memset(row.c, 0, sizeof row.c);
    row.c[i] = -1;
    row.c[i + 1] = 100;
    LIVE_OK(tally_decrement(t, &row, &e), &e);
  }
  LIVE_OK(tally_get_nulls(t, &row, &nulls, &e), &e);
  ck_assert_uint_eq(nulls, 0);
  for (int i = 0; i < COUNTERS; i++)
    ck_assert_int_eq(row.c[i], (i < COUNTERS - 1) - (i > 0) * 100);
  ck_assert_str_eq(
      live_cql("SELECT c00, c01, c40, c62, c63 FROM %s WHERE k = 'in pairs'",
               live_qualified(t)),
      "1\t-99\t-99\t-99\t-100\n");
  ck_assert_str_eq(live_cql("SELECT c00, c59, c60, c63 FROM %s "
                            "WHERE k = 'one by one'",
                            live_qualified(t)),
                   "1\t60\tnull\tnull\n");
}
END_TEST

START_TEST(all_counters_at_once) {
  tally_table *t = wide_table();
  struct wide row = {.k = "all"};

  for (int i = 0; i < COUNTERS; i++)
    row.c[i] = i + 1;
  LIVE_OK(tally_increment(t, &row, &e), &e);
  LIVE_OK(tally_increment(t, &row, &e), &e);
  memset(row.c, 0, sizeof row.c);
  LIVE_OK(tally_get(t, &row, &e), &e);
  for (int i = 0; i < COUNTERS; i++)
    ck_assert_int_eq(row.c[i], 2 * (i + 1));
}
END_TEST

Suite *keys_suite(void) {
  Suite *s = suite_create("keys");
  TCase *tc = tcase_create("keys");

  tcase_set_timeout(tc, 120);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, composite_and_clustering);
  tcase_add_test(tc, int_keys);
  tcase_add_test(tc, bigint_keys);
  tcase_add_test(tc, text_keys);
  tcase_add_test(tc, longest_key);
  tcase_add_test(tc, longest_composite_key);
  tcase_add_test(tc, more_sets_than_statements);
  tcase_add_test(tc, all_counters_at_once);
  suite_add_tcase(s, tc);
  return s;
}
