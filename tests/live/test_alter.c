/* tests/live/test_alter.c - a table that is there, and not as its definition
 * says: what sync adds, and what it refuses. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/live/live.h"
#include "tests/live/suites.h"

static tally_session *session;
static tally_error e;
static char name[48];

static void setup(void) {
  session = live_connect_warned();
  live_name(name, "altered");
}

static void teardown(void) {
  ck_assert_int_eq(tally_close(session), 0);
}

typedef struct Visits {
  const char *site;
  int32_t day;
  const char *path;
  int64_t views;
  int64_t bytes;
  int64_t total;
} Visits;

static const tally_column visits_columns[] = {
    TALLY_PARTITION_KEY(Visits, site, TALLY_TEXT),
    TALLY_PARTITION_KEY(Visits, day, TALLY_DATE),
    TALLY_CLUSTERING_KEY(Visits, path, TALLY_TEXT, TALLY_DESC),
    TALLY_COUNTER(Visits, views),
    TALLY_COUNTER(Visits, bytes),
    TALLY_STATIC_COUNTER(Visits, total),
};
static const tally_table_option visits_options[] = {
    {"comment", "what's visited"},
    {"gc_grace_seconds", "3600"},
    {"bloom_filter_fp_chance", "0.05"},
    {"compaction",
     "{'class': 'LeveledCompactionStrategy', 'sstable_size_in_mb': 64}"},
    {"caching", "{'keys': 'NONE', 'rows_per_partition': 'ALL'}"},
    {"speculative_retry", "50p"},
};
static const tally_definition visits_definition =
    TALLY_DEFINITION_WITH(Visits, NULL, NULL, visits_columns, visits_options);

static tally_table *open_visits(void) {
  tally_definition d = visits_definition;
  tally_table *t;

  d.name = name;
  LIVE_OK(tally_table_open(&t, session, &d, &e), &e);
  return t;
}

struct statements {
  unsigned count;
  char all[4096];
};

static void on_statement(void *user, const char *cql) {
  struct statements *s = user;
  size_t len = strlen(s->all);

  s->count++;
  snprintf(s->all + len, sizeof s->all - len, "%s;\n", cql);
}

/* Syncs, and gives the statements. */
static struct statements sync(tally_table *t) {
  struct statements s = {0};
  tally_sync_options o = {sizeof o, 0, on_statement, &s};

  LIVE_OK(tally_sync_table(t, &o, &e), &e);
  return s;
}

static const char *option(const char *column) {
  return live_cql("SELECT %s FROM system_schema.tables WHERE keyspace_name = "
                  "'%s' AND table_name = '%s'",
                  column, live_keyspace, name);
}

/* ---- What is made and added --------------------------------------------- */

START_TEST(made_with_all_options) {
  tally_table *t = open_visits();

  ck_assert_uint_eq(sync(t).count, 1);
  ck_assert_str_eq(option("comment"), "what's visited\n");
  ck_assert_str_eq(option("gc_grace_seconds"), "3600\n");
  ck_assert_str_eq(option("bloom_filter_fp_chance"), "0.05\n");
  ck_assert_ptr_nonnull(strstr(option("compaction"), "'64'"));
  ck_assert_ptr_nonnull(strstr(option("caching"), "'NONE'"));
  /* The server lists more than was said, and the same in other words. */
  ck_assert_uint_eq(sync(t).count, 0);
}
END_TEST

/* An older version of the program made it. */
START_TEST(counters_and_options_added) {
  Visits row = {"a", 20000, "/", 1, 2, 3};
  struct statements s;
  char want[1024];
  tally_table *t;

  live_cql("CREATE TABLE %s.%s (site text, day date, path text, views counter, "
           "PRIMARY KEY ((site, day), path)) WITH CLUSTERING ORDER BY "
           "(path DESC) AND gc_grace_seconds = 3600",
           live_keyspace, name);
  live_cql("UPDATE %s.%s SET views = views + 40 WHERE site = 'a' AND "
           "day = '2024-10-04' AND path = '/'",
           live_keyspace, name);
  t = open_visits();
  s = sync(t);
  snprintf(want, sizeof want,
           "ALTER TABLE %s.%s ADD \"bytes\" counter;\n"
           "ALTER TABLE %s.%s ADD \"total\" counter static;\n"
           "ALTER TABLE %s.%s WITH comment = 'what''s visited' AND "
           "bloom_filter_fp_chance = 0.05 AND compaction = {'class': "
           "'LeveledCompactionStrategy', 'sstable_size_in_mb': '64'} AND "
           "caching = {'keys': 'NONE', 'rows_per_partition': 'ALL'} AND "
           "speculative_retry = '50p';\n",
           live_keyspace, name, live_keyspace, name, live_keyspace, name);
  ck_assert_str_eq(s.all, want);
  LIVE_OK(tally_increment(t, &row, &e), &e);
  LIVE_OK(tally_get(t, &row, &e), &e);
  ck_assert_int_eq(row.views, 41);
  ck_assert_int_eq(row.bytes, 2);
  ck_assert_int_eq(row.total, 3);
  ck_assert_uint_eq(sync(t).count, 0);
}
END_TEST

START_TEST(one_option_changed) {
  tally_table *t = open_visits();
  struct statements s;

  sync(t);
  live_cql("ALTER TABLE %s.%s WITH comment = 'mine' AND gc_grace_seconds = 5",
           live_keyspace, name);
  s = sync(t);
  ck_assert_uint_eq(s.count, 1);
  ck_assert_ptr_nonnull(
      strstr(s.all, " WITH comment = 'what''s visited' AND gc_grace_seconds = "
                    "3600;\n"));
  ck_assert_str_eq(option("gc_grace_seconds"), "3600\n");
}
END_TEST

/* Dropped behind its back, and made again by the same table. */
START_TEST(dropped_and_made_again) {
  Visits row = {"a", 20000, "/", 1, 0, 0};
  tally_table *t = open_visits();
  struct live_gate gate;

  sync(t);
  LIVE_OK(tally_increment(t, &row, &e), &e);
  LIVE_OK(tally_drop_table(t, &e), &e);
  LIVE_OK(tally_drop_table(t, &e), &e);
  ck_assert_str_eq(option("comment"), "");
  LIVE_REFUSED(tally_increment(t, &row, &e), TALLY_ESCHEMA, &e);
  ck_assert_uint_eq(sync(t).count, 1);
  LIVE_OK(tally_increment(t, &row, &e), &e);
  LIVE_OK(tally_get(t, &row, &e), &e);
  ck_assert_int_eq(row.views, 1);
  live_gate_init(&gate);
  live_gate_begin(&gate);
  LIVE_OK(tally_drop_table_async(t, live_gate_end, &gate, &e), &e);
  live_gate_wait(&gate, 0);
  ck_assert_uint_eq(gate.outcomes[TALLY_APPLIED], 1);
  ck_assert_str_eq(option("comment"), "");
}
END_TEST

START_TEST(unknown_columns_are_a_warning) {
  tally_table *t;

  live_cql("CREATE TABLE %s.%s (site text, day date, path text, views counter, "
           "bytes counter, total counter static, \"Old One\" counter, "
           "PRIMARY KEY ((site, day), path)) WITH CLUSTERING ORDER BY "
           "(path DESC)",
           live_keyspace, name);
  t = open_visits();
  ck_assert_uint_eq(sync(t).count, 1);
  ck_assert_msg(strstr(live_warned, "Old One") != NULL, "%s", live_warned);
  ck_assert_ptr_nonnull(strstr(live_warned, name));
}
END_TEST

/* ---- What is refused ---------------------------------------------------- */

static const struct {
  const char *columns;
  const char *with;
  const char *says[3];
} k_refused[] = {
    {"site text, path text, views counter, PRIMARY KEY (site, path)",
     "CLUSTERING ORDER BY (path DESC)",
     {"column day", "is not there", "primary key"}},
    {"site text, day date, path text, hour int, views counter, "
     "PRIMARY KEY ((site, day), path, hour)",
     "CLUSTERING ORDER BY (path DESC)",
     {"column hour", "is part of its primary key"}},
    {"site text, day date, path text, views counter, "
     "PRIMARY KEY ((day, site), path)",
     "CLUSTERING ORDER BY (path DESC)",
     {"column site", "another place"}},
    {"site text, day date, path text, views counter, "
     "PRIMARY KEY (site, day, path)",
     "CLUSTERING ORDER BY (day ASC, path DESC)",
     {"column day", "is of the clustering key there",
      "of the partition key in the definition"}},
    {"site text, day int, path text, views counter, "
     "PRIMARY KEY ((site, day), path)",
     "CLUSTERING ORDER BY (path DESC)",
     {"column day", "is int there", "date in the definition"}},
    {"site text, day date, path text, views counter, "
     "PRIMARY KEY ((site, day), path)",
     "CLUSTERING ORDER BY (path ASC)",
     {"column path", "ASC order there", "DESC"}},
    {"site text, day date, path text, views counter static, bytes counter, "
     "PRIMARY KEY ((site, day), path)",
     "CLUSTERING ORDER BY (path DESC)",
     {"column views", "a static counter there", "a counter in the definition"}},
    {"site text, day date, path text, views text, "
     "PRIMARY KEY ((site, day), path)",
     "CLUSTERING ORDER BY (path DESC)",
     {"not a counter table", "views", "text"}},
    {"site text, day date, path text, PRIMARY KEY ((site, day), path)",
     "CLUSTERING ORDER BY (path DESC)",
     {"not a counter table"}},
};
enum { REFUSED = sizeof k_refused / sizeof k_refused[0] };

START_TEST(refused) {
  tally_sync_options dry = {sizeof dry, 1, NULL, NULL};
  tally_table *t;

  live_cql("CREATE TABLE %s.%s (%s) WITH %s", live_keyspace, name,
           k_refused[_i].columns, k_refused[_i].with);
  t = open_visits();
  for (int i = 0; i < 2; i++) {
    LIVE_REFUSED(tally_sync_table(t, i == 0 ? NULL : &dry, &e), TALLY_ESCHEMA,
                 &e);
    for (int s = 0; s < 3 && k_refused[_i].says[s] != NULL; s++)
      live_says(&e, k_refused[_i].says[s]);
  }
  /* Not even what could be done. */
  ck_assert_str_eq(live_cql("SELECT column_name FROM system_schema.columns "
                            "WHERE keyspace_name = '%s' AND table_name = '%s' "
                            "AND column_name = 'total'",
                            live_keyspace, name),
                   "");
}
END_TEST

START_TEST(counter_once_dropped) {
  tally_table *t = open_visits();

  sync(t);
  live_cql("ALTER TABLE %s.%s DROP bytes", live_keyspace, name);
  LIVE_REFUSED(tally_sync_table(t, NULL, &e), TALLY_ESCHEMA, &e);
  live_says(&e, "column bytes was dropped once");
}
END_TEST

static const struct {
  tally_table_option option;
  const char *says;
} k_options[] = {
    {{"default_time_to_live", "60"}, "counters do not expire"},
    {{"gc_grace_second", "60"}, "gc_grace_seconds"},
    {{"gc_grace_seconds", "1h"}, "a whole number"},
    {{"bloom_filter_fp_chance", "nan"}, "a number"},
    {{"cdc", "yes"}, "true or false"},
    {{"compaction", "LeveledCompactionStrategy"}, "a map"},
    {{"compaction", "{'class': 'X'}; DROP TABLE x"}, "a map"},
    {{"compaction", "{'class' 'X'}"}, "a map"},
    {{"compaction", "{'class': 'X',}"}, "a map"},
    {{"compaction", "{'class': 'X"}, "a map"},
    {{"comment", NULL}, "no value"},
    {{"comment", "\xff"}, "UTF-8"},
    {{"", "x"}, "no name"},
};
enum { OPTIONS = sizeof k_options / sizeof k_options[0] };

START_TEST(bad_option) {
  tally_definition d = visits_definition;
  tally_table *t;

  d.options = &k_options[_i].option;
  d.option_count = 1;
  LIVE_REFUSED(tally_table_open(&t, session, &d, &e), TALLY_EINVAL, &e);
  live_says(&e, k_options[_i].says);
}
END_TEST

/* What only the server can tell. */
START_TEST(option_that_the_server_refuses) {
  static const tally_table_option odd = {"compaction",
                                         "{'class': 'NoSuchStrategy'}"};
  tally_definition d = visits_definition;
  tally_table *t;
  int rc;

  d.name = name;
  d.options = &odd;
  d.option_count = 1;
  LIVE_OK(tally_table_open(&t, session, &d, &e), &e);
  rc = tally_sync_table(t, NULL, &e);
  ck_assert(rc == TALLY_ESERVER || rc == TALLY_ESCHEMA);
  ck_assert_int_eq(e.outcome, TALLY_NOT_APPLIED);
  live_says(&e, "NoSuchStrategy");
}
END_TEST

START_TEST(name_of_the_struct) {
  tally_table *t;

  LIVE_OK(tally_table_open(&t, session, &visits_definition, &e), &e);
  ck_assert_str_eq(tally_table_name(t), "visits");
}
END_TEST

/* ---- Many at once ------------------------------------------------------- */

enum { PROCESSES = 8 };

/* Each brings a new version of the table. */
static int child(void) {
  Visits row = {"a", 20000, "/", 1, 1, 1};
  tally_table *t;

  session = live_connect(1);
  t = open_visits();
  LIVE_OK(tally_sync_table(t, NULL, &e), &e);
  LIVE_OK(tally_increment(t, &row, &e), &e);
  return tally_close(session);
}

START_TEST(by_many_processes) {
  pid_t pids[PROCESSES];
  int status;

  live_name(name, "altered");
  live_cql("CREATE TABLE %s.%s (site text, day date, path text, views counter, "
           "PRIMARY KEY ((site, day), path)) WITH CLUSTERING ORDER BY "
           "(path DESC)",
           live_keyspace, name);
  for (int i = 0; i < PROCESSES; i++) {
    pids[i] = fork();
    ck_assert_int_ge(pids[i], 0);
    if (pids[i] == 0)
      exit(child());
  }
  for (int i = 0; i < PROCESSES; i++) {
    ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%d", status);
  }
  ck_assert_str_eq(
      live_cql("SELECT views, bytes, total FROM %s.%s", live_keyspace, name),
      "8\t8\t8\n");
}
END_TEST

Suite *alter_suite(void) {
  Suite *s = suite_create("alter");
  TCase *tc = tcase_create("alter");

  tcase_set_timeout(tc, 120);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, made_with_all_options);
  tcase_add_test(tc, counters_and_options_added);
  tcase_add_test(tc, one_option_changed);
  tcase_add_test(tc, dropped_and_made_again);
  tcase_add_test(tc, unknown_columns_are_a_warning);
  tcase_add_loop_test(tc, refused, 0, REFUSED);
  tcase_add_test(tc, counter_once_dropped);
  tcase_add_loop_test(tc, bad_option, 0, OPTIONS);
  tcase_add_test(tc, option_that_the_server_refuses);
  tcase_add_test(tc, name_of_the_struct);
  suite_add_tcase(s, tc);

  /* No session of the parent: forks and threads do not mix. */
  tc = tcase_create("processes");
  tcase_set_timeout(tc, 120);
  tcase_add_test(tc, by_many_processes);
  suite_add_tcase(s, tc);
  return s;
}
