/* tests/live/test_statics.c - counters of the partition beside counters of
 * the row. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/live/live.h"
#include "tests/live/suites.h"

typedef struct sale {
  const char *shop;
  const char *item;
  int64_t total; /* of the shop */
  int64_t sold;
} sale;

static const tally_column sale_columns[] = {
    TALLY_PARTITION_KEY(sale, shop, TALLY_TEXT),
    TALLY_CLUSTERING_KEY(sale, item, TALLY_TEXT, TALLY_ASC),
    TALLY_STATIC_COUNTER(sale, total),
    TALLY_COUNTER(sale, sold),
};
static const tally_definition sale_definition =
    TALLY_DEFINITION(sale, "sale", sale_columns);

static tally_session *session;
static tally_table *sales;
static tally_error e;

static void setup(void) {
  session = live_connect(1);
  sales = live_table(session, &sale_definition);
}

static void teardown(void) {
  ck_assert_int_eq(tally_close(session), 0);
}

/* The partition key alone is bound: the item may be NULL, and no row comes
 * into being. */
START_TEST(statics_alone) {
  sale row = {.shop = "s", .item = NULL, .total = 5};

  LIVE_OK(tally_increment(sales, &row, &e), &e);
  LIVE_OK(tally_decrement(
              sales, &(sale){.shop = "s", .item = "apple", .total = 1}, &e),
          &e);
  ck_assert_str_eq(
      live_cql("SELECT shop, item, total, sold FROM %s", live_qualified(sales)),
      "s\tnull\t4\tnull\n");
  row.item = "apple";
  LIVE_RETURNS(tally_get(sales, &row, &e), TALLY_ENOTFOUND, &e);
}
END_TEST

/* One UPDATE with the full key counts for both. */
START_TEST(mixed) {
  static const char *const items[] = {"apple", "pear", ""};
  uint64_t nulls;

  for (int i = 0; i < 3; i++)
    LIVE_OK(
        tally_increment(
            sales,
            &(sale){.shop = "s", .item = items[i], .total = 10, .sold = i + 1},
            &e),
        &e);
  for (int i = 0; i < 3; i++) {
    sale row = {.shop = "s", .item = items[i]};

    LIVE_OK(tally_get_nulls(sales, &row, &nulls, &e), &e);
    ck_assert_uint_eq(nulls, 0);
    ck_assert_int_eq(row.total, 30);
    ck_assert_int_eq(row.sold, i + 1);
  }
  ck_assert_str_eq(
      live_cql("SELECT item, total, sold FROM %s", live_qualified(sales)),
      "\t30\t3\napple\t30\t1\npear\t30\t2\n");
}
END_TEST

START_TEST(row_counter_alone) {
  sale row = {.shop = "s", .item = "apple", .sold = 2};
  uint64_t nulls;

  LIVE_OK(tally_increment(sales, &row, &e), &e);
  row.total = 9;
  LIVE_OK(tally_get_nulls(sales, &row, &nulls, &e), &e);
  ck_assert_uint_eq(nulls, 1);
  ck_assert_int_eq(row.total, 0);
  ck_assert_int_eq(row.sold, 2);
  row = (sale){.shop = "s", .item = NULL, .sold = 2};
  LIVE_REFUSED(tally_increment(sales, &row, &e), TALLY_EINVAL, &e);
  live_says(&e, "item");
  row.total = 1;
  LIVE_REFUSED(tally_increment(sales, &row, &e), TALLY_EINVAL, &e);
}
END_TEST

/* ---- With many sets of counters ----------------------------------------- */

enum { COUNTERS = 12 };

struct wide {
  const char *k;
  const char *item;
  int64_t c[COUNTERS]; /* the first half is static */
};

static tally_table *wide_table(void) {
  static char names[COUNTERS][8];
  static tally_column columns[COUNTERS + 2];
  tally_definition d = {.struct_size = sizeof d,
                        .name = "wide",
                        .row_size = sizeof(struct wide),
                        .columns = columns,
                        .column_count = COUNTERS + 2};

  columns[0] =
      (tally_column){sizeof(tally_column), "k",       TALLY_KIND_PARTITION_KEY,
                     TALLY_TEXT,           TALLY_ASC, offsetof(struct wide, k),
                     sizeof(char *)};
  columns[1] = (tally_column){
      sizeof(tally_column), "item",    TALLY_KIND_CLUSTERING_KEY,
      TALLY_TEXT,           TALLY_ASC, offsetof(struct wide, item),
      sizeof(char *)};
  for (size_t i = 0; i < COUNTERS; i++) {
    snprintf(names[i], sizeof names[i], "c%02u", (unsigned)i);
    columns[i + 2] = (tally_column){
        sizeof(tally_column),
        names[i],
        i < COUNTERS / 2 ? TALLY_KIND_STATIC_COUNTER : TALLY_KIND_COUNTER,
        TALLY_TYPE_COUNTER,
        TALLY_ASC,
        offsetof(struct wide, c) + i * sizeof(int64_t),
        sizeof(int64_t)};
  }
  return live_table(session, &d);
}

/* When all statements are taken, statics alone are what they were before:
 * the clustering key is not needed, and no row comes into being. */
START_TEST(statics_alone_after_many_sets) {
  tally_table *t = wide_table();
  struct wide row = {.k = "taken", .item = "x"};

  for (int set = 1; set <= 40; set++) {
    memset(row.c, 0, sizeof row.c);
    for (int i = 0; i < 6; i++)
      row.c[COUNTERS / 2 + i] = set >> i & 1;
    row.c[0] = set >= 20;
    LIVE_OK(tally_increment(t, &row, &e), &e);
  }
  row = (struct wide){.k = "new", .item = NULL, .c = {[3] = 7}};
  LIVE_OK(tally_increment(t, &row, &e), &e);
  row.item = "y";
  LIVE_OK(tally_increment(t, &row, &e), &e);
  ck_assert_str_eq(live_cql("SELECT k, item, c03, c06 FROM %s WHERE k = 'new'",
                            live_qualified(t)),
                   "new\tnull\t14\tnull\n");
}
END_TEST

Suite *statics_suite(void) {
  Suite *s = suite_create("statics");
  TCase *tc = tcase_create("statics");

  tcase_set_timeout(tc, 120);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, statics_alone);
  tcase_add_test(tc, mixed);
  tcase_add_test(tc, row_counter_alone);
  tcase_add_test(tc, statics_alone_after_many_sets);
  suite_add_tcase(s, tc);
  return s;
}
