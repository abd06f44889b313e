/* tests/live/test_rules.c - what a query may ask for, by this library's rules
 * and by the server's: queries by chance, thousands of them.  What is let
 * through is read to its end, and what is refused the server is asked to
 * prepare: it must not do so either, but for what is known to be stricter
 * here. */
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "api/query.h"
#include "tests/live/live.h"
#include "tests/live/suites.h"

typedef struct cell_row {
  int32_t a, b;
  int32_t c, d;
  int64_t n, m, s;
} cell_row;

static const tally_column all_columns[] = {
    TALLY_PARTITION_KEY(cell_row, a, TALLY_INT),
    TALLY_PARTITION_KEY(cell_row, b, TALLY_INT),
    TALLY_CLUSTERING_KEY(cell_row, c, TALLY_INT, TALLY_ASC),
    TALLY_CLUSTERING_KEY(cell_row, d, TALLY_INT, TALLY_DESC),
    TALLY_COUNTER(cell_row, n),
    TALLY_COUNTER(cell_row, m),
    TALLY_STATIC_COUNTER(cell_row, s),
};
static const tally_column no_clustering[] = {
    TALLY_PARTITION_KEY(cell_row, a, TALLY_INT),
    TALLY_COUNTER(cell_row, n),
    TALLY_COUNTER(cell_row, m),
};

static const tally_definition definitions[] = {
    TALLY_DEFINITION(cell_row, "rules", all_columns),
    TALLY_DEFINITION(cell_row, "rules", no_clustering),
};
enum { SHAPES = 2, QUERIES = 1500 };

static tally_session *session;
static tally_table *table;
static tally_query *q;
static tally_error e;

static void setup(void) {
  session = live_connect(1);
}

static void teardown(void) {
  ck_assert_int_eq(tally_close(session), 0);
}

/* ---- By chance ---------------------------------------------------------- */

static uint32_t state;

/* From 0 to n - 1; the same for every compiler. */
static uint32_t below(uint32_t n) {
  state = state * 1664525 + 1013904223;
  return (state >> 16) % n;
}

static const char *any_column(void) {
  return table->columns[below((uint32_t)table->column_count)].name;
}

/* Half of them by =, as most queries are. */
static int any_operator(void) {
  return below(2) == 0 ? TALLY_EQ : (int)(TALLY_LT + below(4));
}

static void any_relation(void) {
  static const cell_row one = {1, 1, 1, 1, 1, 1, 1};
  static const cell_row two = {2, 2, 2, 2, 2, 2, 2};
  const void *rows[] = {&one, &two};

  switch (below(8)) {
  case 0:
    LIVE_OK(tally_where_token(q, any_operator(), 0, &e), &e);
    break;
  case 1:
  case 2:
    LIVE_OK(tally_where_in(q, any_column(), rows, 1 + below(2), &e), &e);
    break;
  default:
    LIVE_OK(tally_where(q, any_column(), any_operator(), &one, &e), &e);
  }
}

/* = on the first so many columns of the key: blind chance seldom names a whole
 * one. */
static void some_key(void) {
  static const cell_row one = {1, 1, 1, 1, 1, 1, 1};
  uint32_t count = below(table->key_count + 1U);

  for (uint32_t i = 0; i < count; i++)
    LIVE_OK(tally_where(q, table->columns[i].name, TALLY_EQ, &one, &e), &e);
}

/* Not the same one twice, which servers have no rule for. */
static void some_order(void) {
  uint32_t count = (uint32_t)table->column_count, first = below(count);

  if (below(4) != 0)
    return;
  LIVE_OK(tally_order_by(q, table->columns[first].name, (int)below(2), &e), &e);
  if (below(2) == 0)
    LIVE_OK(tally_order_by(
                q, table->columns[(first + 1 + below(count - 1)) % count].name,
                (int)below(2), &e),
            &e);
}

static void any_query(void) {
  uint32_t relations;

  LIVE_OK(tally_find(&q, table, &e), &e);
  if (below(2) == 0)
    some_key();
  relations = below(4);
  for (uint32_t i = 0; i < relations; i++)
    any_relation();
  some_order();
  if (below(2) == 0)
    tally_allow_filtering(q);
  if (below(8) == 0)
    tally_distinct(q);
  if (below(8) == 0)
    LIVE_OK(tally_per_partition_limit(q, 1, &e), &e);
  if (below(4) == 0)
    LIVE_OK(tally_limit(q, 3, &e), &e);
}

/* ---- The server's word -------------------------------------------------- */

static void fill(void) {
  for (int i = 0; i < 16; i++)
    LIVE_OK(tally_increment(table,
                            &(cell_row){1 + (i & 1), 1 + (i >> 1 & 1),
                                        1 + (i >> 2 & 1), 1 + (i >> 3 & 1), 1,
                                        i, 1},
                            &e),
            &e);
}

static void is_read(const char *text) {
  tally_cursor *cursor;
  cell_row row;
  int rc;

  LIVE_OK(tally_cursor_open(&cursor, q, &e), &e);
  do
    rc = tally_next(cursor, &row, &e);
  while (rc > 0);
  ck_assert_msg(rc == 0, "let through: %s\n%s\n%s", text, e.message, e.detail);
  tally_cursor_close(cursor);
}

/* Does the server prepare it?  The one value that is bound need not be enough,
 * which is found out afterwards. */
static bool is_prepared(const char *text) {
  tally_statement *s;
  int rc;

  LIVE_OK(tally_statement_new(&s, session, text, &e), &e);
  LIVE_OK(tally_bind_int64(s, 1, &e), &e);
  rc = tally_execute(NULL, s, &e);
  tally_statement_free(s);
  ck_assert_msg(rc == 0 || rc == TALLY_EINVAL || rc == TALLY_ETYPE ||
                    rc == TALLY_ESERVER,
                "%s: %s\n%s", text, e.message, e.detail);
  return rc != TALLY_ESERVER;
}

/* Sentences of what a server takes, and this library does not. */
static const char *const stricter[] = {
    "rows have an order in one partition alone", /* of IN, without pages */
    "are two ways to say where", /* the token of keys that are named */
};

static bool is_stricter(const char *sentence) {
  for (size_t i = 0; i < sizeof stricter / sizeof stricter[0]; i++)
    if (strstr(sentence, stricter[i]) != NULL)
      return true;
  return false;
}

START_TEST(as_the_server_has_them) {
  int taken = 0, refused = 0;

  table = live_table(session, &definitions[_i]);
  fill();
  state = (uint32_t)_i + 1;
  for (int i = 0; i < QUERIES; i++) {
    char sentence[sizeof e.message];
    struct select *made;
    int rc;

    any_query();
    rc = query_check(q, &e);
    snprintf(sentence, sizeof sentence, "%s", e.message);
    made = select_of(q);
    ck_assert_ptr_nonnull(made);
    if (rc == 0)
      is_read(made->statement.text);
    else
      ck_assert_msg(is_stricter(sentence) || !is_prepared(made->statement.text),
                    "refused: %s\n%s", made->statement.text, sentence);
    taken += rc == 0;
    refused += rc != 0;
    if (!made->kept)
      select_free(&table->session->heap, made);
    tally_query_free(q);
  }
  ck_assert_int_ge(taken, QUERIES / 5);
  ck_assert_int_ge(refused, QUERIES / 5);
}
END_TEST

Suite *rules_suite(void) {
  Suite *s = suite_create("rules");
  TCase *tc = tcase_create("rules");

  tcase_set_timeout(tc, 120);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_loop_test(tc, as_the_server_has_them, 0, SHAPES);
  suite_add_tcase(s, tc);
  return s;
}
