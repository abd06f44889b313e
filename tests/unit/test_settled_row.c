/* tests/unit/test_settled_row.c - the row that a late answer is told with:
 * keys and deltas of increments of every shape. */
#include <string.h>

#include "tests/support/rig.h"
#include "tests/unit/suites.h"

typedef struct visits {
  int64_t views;
  const char *site;
  int32_t day;
  int64_t total;
  const char *host;
  int64_t at;
  int64_t clicks;
} visits;

static const tally_column visits_columns[] = {
    TALLY_COUNTER(visits, views),
    TALLY_PARTITION_KEY(visits, site, TALLY_TEXT),
    TALLY_CLUSTERING_KEY(visits, day, TALLY_INT, TALLY_DESC),
    TALLY_STATIC_COUNTER(visits, total),
    TALLY_PARTITION_KEY(visits, host, TALLY_TEXT),
    TALLY_CLUSTERING_KEY(visits, at, TALLY_BIGINT, TALLY_ASC),
    TALLY_COUNTER(visits, clicks),
};
static const tally_definition visits_definition =
    TALLY_DEFINITION(visits, "visits", visits_columns);

enum { COUNTERS = 6, SETS = 1 << COUNTERS };

typedef struct many {
  const char *site;
  int64_t c[COUNTERS];
} many;

/* ---- What the callback saw ---------------------------------------------- */

struct seen {
  _Atomic int calls; /* written last */
  uint64_t operation;
  int outcome;
  char table[32];
  visits visit; /* ... or: */
  many many;
  char texts[2][32]; /* of either */
};

static const char *keep(char *to, const char *text) {
  return text == NULL ? NULL : strcpy(to, text);
}

static void on_settled(void *user, const tally_settled *settled) {
  struct seen *seen = user;

  ck_assert_ptr_nonnull(settled->row);
  seen->operation = settled->operation;
  seen->outcome = settled->outcome;
  strcpy(seen->table, tally_table_name(settled->table));
  if (strcmp(seen->table, "visits") == 0) {
    memcpy(&seen->visit, settled->row, sizeof seen->visit);
    seen->visit.site = keep(seen->texts[0], seen->visit.site);
    seen->visit.host = keep(seen->texts[1], seen->visit.host);
  } else {
    memcpy(&seen->many, settled->row, sizeof seen->many);
    seen->many.site = keep(seen->texts[0], seen->many.site);
  }
  atomic_fetch_add(&seen->calls, 1);
}

static void open_rig(struct rig *r, struct seen *seen, enum rig_mode mode) {
  memset(seen, 0, sizeof *seen);
  rig_init(r, mode);
  r->options.increment_timeout_ms = 250;
  r->options.on_settled = on_settled;
  r->options.on_settled_user = seen;
  rig_connect(r);
  rig_answered(r, "/first");
}

/* It is UNKNOWN by now; its answer comes, and is told. */
static void settle(struct rig *r, const struct seen *seen, const struct done *d,
                   const char *table) {
  ck_assert_int_eq(d->outcome, TALLY_UNKNOWN);
  ck_assert_uint_ne(d->error.operation, 0);
  ck_assert_int_eq(seen->calls, 0);
  script_release(r->server);
  for (int i = 0; i < 3; i++)
    rig_answered(r, "/next");
  ck_assert_int_eq(seen->calls, 1);
  ck_assert_uint_eq(seen->operation, d->error.operation);
  ck_assert_int_eq(seen->outcome, TALLY_APPLIED);
  ck_assert_str_eq(seen->table, table);
}

/* ---- Shapes ------------------------------------------------------------- */

/* As given, and what the callback is to see. */
static const struct {
  const char *what;
  visits given;
  bool negate;
  visits seen;
} shapes[] = {
    {"one counter",
     {.site = "a", .host = "", .day = -3, .at = INT64_MIN, .clicks = 5},
     false,
     {.site = "a", .host = "", .day = -3, .at = INT64_MIN, .clicks = 5}},
    {"all of them",
     {.site = "a",
      .host = "b",
      .day = 1,
      .at = 2,
      .views = 3,
      .clicks = -4,
      .total = 5},
     false,
     {.site = "a",
      .host = "b",
      .day = 1,
      .at = 2,
      .views = 3,
      .clicks = -4,
      .total = 5}},
    {"a decrement",
     {.site = "caf\xc3\xa9",
      .host = "b",
      .day = INT32_MAX,
      .views = 9,
      .clicks = -8},
     true,
     {.site = "caf\xc3\xa9",
      .host = "b",
      .day = INT32_MAX,
      .views = -9,
      .clicks = 8}},
    {"statics alone",
     {.site = "a", .host = "bb", .day = 7, .at = 8, .total = 6},
     false,
     {.site = "a", .host = "bb", .total = 6}},
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static tally_table *open_visits(struct rig *r) {
  tally_table *t;

  ck_assert_int_eq(
      tally_table_open(&t, r->session, &visits_definition, &r->error), 0);
  return t;
}

START_TEST(row_of_every_shape) {
  const visits *given = &shapes[_i / RIG_MODES].given;
  const visits *want = &shapes[_i / RIG_MODES].seen;
  bool negate = shapes[_i / RIG_MODES].negate;
  struct done d = {0};
  struct seen seen;
  tally_table *t;
  struct rig r;

  open_rig(&r, &seen, (enum rig_mode)(_i % RIG_MODES));
  t = open_visits(&r);
  script_next_kind(r.server, AT_UPDATE, SCRIPT_HOLD, 1);
  ck_assert_int_eq(
      negate ? tally_decrement_async(t, given, done_record, &d, &r.error)
             : tally_increment_async(t, given, done_record, &d, &r.error),
      0);
  ck_assert(rig_done(&r, &d));
  settle(&r, &seen, &d, "visits");
  ck_assert_str_eq(seen.visit.site, want->site);
  ck_assert_str_eq(seen.visit.host, want->host);
  ck_assert_int_eq(seen.visit.day, want->day);
  ck_assert_int_eq(seen.visit.at, want->at);
  ck_assert_int_eq(seen.visit.views, want->views);
  ck_assert_int_eq(seen.visit.clicks, want->clicks);
  ck_assert_int_eq(seen.visit.total, want->total);
  rig_fini(&r);
}
END_TEST

/* ---- Unset values ------------------------------------------------------- */

static tally_table *open_many(struct rig *r) {
  static const char *const names[COUNTERS] = {"a", "b", "c", "d", "e", "f"};
  tally_column columns[COUNTERS + 1] = {
      TALLY_PARTITION_KEY(many, site, TALLY_TEXT)};
  tally_definition definition = TALLY_DEFINITION(many, "many", columns);
  tally_table *t;

  for (size_t i = 0; i < COUNTERS; i++)
    columns[i + 1] = (tally_column){.struct_size = sizeof(tally_column),
                                    .name = names[i],
                                    .kind = TALLY_KIND_COUNTER,
                                    .type = TALLY_TYPE_COUNTER,
                                    .offset = offsetof(many, c) + i * 8,
                                    .size = 8};
  ck_assert_int_eq(tally_table_open(&t, r->session, &definition, &r->error), 0);
  return t;
}

/* With more sets of counters than there are UPDATEs, the last one binds "not
 * set" for what is not touched. */
START_TEST(row_with_unset_values) {
  static const int64_t want[COUNTERS] = {10, 11, 12, 0, 14, 15};
  many row = {.site = "s"};
  struct done d = {0};
  struct seen seen;
  tally_table *t;
  struct rig r;

  open_rig(&r, &seen, (enum rig_mode)_i);
  t = open_many(&r);
  for (unsigned set = 1; set <= SETS - 1 - 8; set++) {
    if (set == SETS - 1 - 8) /* all but the fourth */
      script_next_kind(r.server, AT_UPDATE, SCRIPT_HOLD, 1);
    for (int i = 0; i < COUNTERS; i++)
      row.c[i] = (set >> i & 1) != 0 ? 10 + i : 0;
    memset(&d, 0, sizeof d);
    ck_assert_int_eq(tally_increment_async(t, &row, done_record, &d, &r.error),
                     0);
    ck_assert(rig_done(&r, &d));
  }
  ck_assert_uint_eq(script_count(r.server, AT_PREPARE), 1 + 32);
  settle(&r, &seen, &d, "many");
  ck_assert_str_eq(seen.many.site, "s");
  ck_assert_mem_eq(seen.many.c, want, sizeof want);
  rig_fini(&r);
}
END_TEST

Suite *settled_row_suite(void) {
  Suite *s = suite_create("settled_row");
  TCase *tc = tcase_create("modes");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, row_of_every_shape, 0, SHAPES * RIG_MODES);
  tcase_add_loop_test(tc, row_with_unset_values, 0, RIG_MODES);
  suite_add_tcase(s, tc);
  return s;
}
