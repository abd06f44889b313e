/* tests/live/test_sync.c - making keyspaces and tables: twice, as a dry run,
 * and by many at once. */
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
static char keyspace[48];

static void setup(void) {
  session = live_connect(1);
  live_name(keyspace, "tally_live");
}

static void teardown(void) {
  ck_assert_int_eq(tally_close(session), 0);
}

/* ---- Keyspaces ---------------------------------------------------------- */

static void has_replication(const char *class, const char *factor) {
  const char *out = live_cql("SELECT replication FROM system_schema.keyspaces "
                             "WHERE keyspace_name = '%s'",
                             keyspace);

  ck_assert_msg(strstr(out, class) != NULL && strstr(out, factor) != NULL, "%s",
                out);
  live_cql("DROP KEYSPACE %s", keyspace);
}

START_TEST(simple_keyspace) {
  LIVE_OK(tally_create_keyspace(session, keyspace, NULL, &e), &e);
  LIVE_OK(tally_create_keyspace(session, keyspace, NULL, &e), &e);
  has_replication("SimpleStrategy", "'replication_factor': '1'");
}
END_TEST

START_TEST(simple_keyspace_of_three) {
  tally_keyspace_options options = {sizeof options, 3, NULL, 0, 0};

  LIVE_OK(tally_create_keyspace(session, keyspace, &options, &e), &e);
  has_replication("SimpleStrategy", "'replication_factor': '3'");
}
END_TEST

/* The node's data centre is called what the server says. */
START_TEST(network_keyspace) {
  tally_keyspace_options options = {sizeof options, 0, NULL, 0, 0};
  char dc[64], replication[80], want[80];

  snprintf(dc, sizeof dc, "%s",
           live_cql("SELECT data_center FROM system.local"));
  dc[strcspn(dc, "\n")] = '\0';
  snprintf(replication, sizeof replication, "%s:1", dc);
  snprintf(want, sizeof want, "'%s': '1'", dc);
  options.replication = replication;
  LIVE_OK(tally_create_keyspace(session, keyspace, &options, &e), &e);
  LIVE_OK(tally_create_keyspace(session, keyspace, &options, &e), &e);
  has_replication("NetworkTopologyStrategy", want);
}
END_TEST

START_TEST(keyspace_without_commit_log) {
  tally_keyspace_options options = {sizeof options, 1, NULL, 1, 0};

  LIVE_OK(tally_create_keyspace(session, keyspace, &options, &e), &e);
  ck_assert_str_eq(live_cql("SELECT durable_writes FROM "
                            "system_schema.keyspaces WHERE keyspace_name = "
                            "'%s'",
                            keyspace),
                   "False\n");
  has_replication("SimpleStrategy", "'replication_factor': '1'");
}
END_TEST

START_TEST(keyspace_dropped) {
  struct live_gate gate;

  live_gate_init(&gate);
  for (int i = 0; i < 2; i++) {
    LIVE_OK(tally_create_keyspace(session, keyspace, NULL, &e), &e);
    LIVE_OK(tally_drop_keyspace(session, keyspace, &e), &e);
    ck_assert_str_eq(live_cql("SELECT keyspace_name FROM "
                              "system_schema.keyspaces WHERE keyspace_name = "
                              "'%s'",
                              keyspace),
                     "");
  }
  live_gate_begin(&gate);
  LIVE_OK(
      tally_drop_keyspace_async(session, keyspace, live_gate_end, &gate, &e),
      &e);
  live_gate_wait(&gate, 0);
  ck_assert_uint_eq(gate.outcomes[TALLY_APPLIED], 1);
  LIVE_REFUSED(tally_drop_keyspace(session, "", &e), TALLY_EINVAL, &e);
}
END_TEST

START_TEST(keyspace_asynchronous) {
  struct live_gate gate;

  live_gate_init(&gate);
  for (uint32_t i = 0; i < 2; i++) {
    live_gate_begin(&gate);
    LIVE_OK(tally_create_keyspace_async(session, keyspace, NULL, live_gate_end,
                                        &gate, &e),
            &e);
    live_gate_wait(&gate, 0);
    ck_assert_int_eq(gate.status, 0);
  }
  ck_assert_uint_eq(gate.outcomes[TALLY_APPLIED], 2);
  has_replication("SimpleStrategy", "'1'");
}
END_TEST

static const struct {
  const char *why;
  const char *name;
  tally_keyspace_options options;
  int code;
} k_bad[] = {
    {"no number", "x", {sizeof(tally_keyspace_options), 0, "dc1", 0, 0}, -1},
    {"no data centre",
     "x",
     {sizeof(tally_keyspace_options), 0, ":1", 0, 0},
     -1},
    {"not a number",
     "x",
     {sizeof(tally_keyspace_options), 0, "dc1:x", 0, 0},
     -1},
    {"0 replicas", "x", {sizeof(tally_keyspace_options), 0, "dc1:0", 0, 0}, -1},
    {"fewer", "x", {sizeof(tally_keyspace_options), 0, "dc1:-1", 0, 0}, -1},
    {"text behind",
     "x",
     {sizeof(tally_keyspace_options), 0, "dc1:1x", 0, 0},
     -1},
    {"half a list",
     "x",
     {sizeof(tally_keyspace_options), 0, "dc1:1,", 0, 0},
     -1},
    {"nothing", "x", {sizeof(tally_keyspace_options), 0, "", 0, 0}, -1},
    {"negative factor",
     "x",
     {sizeof(tally_keyspace_options), -1, NULL, 0, 0},
     -1},
    {"unstamped", "x", {0, 1, NULL, 0, 0}, -1},
    {"no name", "", {sizeof(tally_keyspace_options), 1, NULL, 0, 0}, -1},
    {"no name at all",
     NULL,
     {sizeof(tally_keyspace_options), 1, NULL, 0, 0},
     -1},
};

START_TEST(bad_keyspace_options) {
  int rc =
      tally_create_keyspace(session, k_bad[_i].name, &k_bad[_i].options, &e);

  ck_assert_msg(rc == k_bad[_i].code, "%s: %s", k_bad[_i].why,
                tally_error_name(rc));
  ck_assert_int_eq(e.outcome, TALLY_NOT_APPLIED);
}
END_TEST

/* What only the server can tell. */
START_TEST(unknown_data_centre) {
  tally_keyspace_options options = {sizeof options, 0, "nowhere:1", 0, 0};
  int rc = tally_create_keyspace(session, keyspace, &options, &e);

  ck_assert(rc == TALLY_ESERVER || rc == TALLY_ESCHEMA);
  ck_assert_int_eq(e.outcome, TALLY_NOT_APPLIED);
  live_says(&e, "nowhere");
}
END_TEST

/* ---- Tables ------------------------------------------------------------- */

struct statements {
  int count;
  char last[512];
};

static void on_statement(void *user, const char *cql) {
  struct statements *statements = user;

  statements->count++;
  snprintf(statements->last, sizeof statements->last, "%s", cql);
}

START_TEST(twice) {
  tally_table *t = live_open(session, &page_hits_definition);

  for (int i = 0; i < 2; i++) {
    struct statements statements = {0};
    tally_sync_options options = {sizeof options, 0, on_statement, &statements};

    LIVE_OK(tally_sync_table(t, &options, &e), &e);
    ck_assert_int_eq(statements.count, i == 0 ? 1 : 0);
    LIVE_OK(tally_increment(t, &(page_hits){"/home", 1, 0}, &e), &e);
  }
  ck_assert_int_eq(live_page(t, "/home").views, 2);
}
END_TEST

START_TEST(dry_run) {
  struct statements dry = {0}, wet = {0};
  tally_sync_options options = {sizeof options, 1, on_statement, &dry};
  tally_table *t = live_open(session, &page_hits_definition);
  struct live_gate gate;

  LIVE_OK(tally_sync_table(t, &options, &e), &e);
  ck_assert_int_eq(dry.count, 1);
  LIVE_REFUSED(tally_increment(t, &(page_hits){"/home", 1, 0}, &e),
               TALLY_ESCHEMA, &e);
  live_gate_init(&gate);
  live_gate_begin(&gate);
  LIVE_OK(tally_sync_table_async(t, &options, live_gate_end, &gate, &e), &e);
  live_gate_wait(&gate, 0);
  ck_assert_int_eq(dry.count, 2);
  ck_assert_str_eq(live_cql("SELECT table_name FROM system_schema.tables WHERE "
                            "keyspace_name = '%s' AND table_name = '%s'",
                            live_keyspace, tally_table_name(t)),
                   "");
  options.dry_run = 0;
  options.user = &wet;
  LIVE_OK(tally_sync_table(t, &options, &e), &e);
  ck_assert_str_eq(wet.last, dry.last);
  LIVE_OK(tally_increment(t, &(page_hits){"/home", 1, 0}, &e), &e);
  options.struct_size = 0;
  LIVE_REFUSED(tally_sync_table(t, &options, &e), TALLY_EINVAL, &e);
}
END_TEST

/* Reserved words and capitals as names, quoted by the library where CQL needs
 * it: the text that is reported is the text that runs. */
typedef struct odd {
  const char *UPDATE;
  int32_t order;
  int64_t Table;
  int64_t select;
} odd;
static const tally_column odd_columns[] = {
    TALLY_PARTITION_KEY(odd, UPDATE, TALLY_TEXT),
    TALLY_CLUSTERING_KEY(odd, order, TALLY_INT, TALLY_DESC),
    TALLY_COUNTER(odd, Table),
    TALLY_STATIC_COUNTER(odd, select),
};

START_TEST(odd_names) {
  tally_definition d = TALLY_DEFINITION(odd, "table", odd_columns);
  struct statements statements = {0};
  tally_sync_options options = {sizeof options, 0, on_statement, &statements};
  odd row = {.UPDATE = "x", .order = -1, .Table = 3, .select = 4};
  char quoted[64], want[512];
  tally_table *t;

  live_name(keyspace, "Tally_Live");
  snprintf(quoted, sizeof quoted, "\"%s\"", keyspace);
  d.keyspace = quoted;
  LIVE_OK(tally_create_keyspace(session, quoted, NULL, &e), &e);
  LIVE_OK(tally_table_open(&t, session, &d, &e), &e);
  ck_assert_str_eq(tally_table_keyspace(t), keyspace);
  LIVE_OK(tally_sync_table(t, &options, &e), &e);
  snprintf(want, sizeof want,
           "CREATE TABLE IF NOT EXISTS %s.\"table\" (\"UPDATE\" text, "
           "\"order\" int, \"Table\" counter, \"select\" counter static, "
           "PRIMARY KEY (\"UPDATE\", \"order\")) "
           "WITH CLUSTERING ORDER BY (\"order\" DESC)",
           quoted);
  ck_assert_str_eq(statements.last, want);
  LIVE_OK(tally_increment(t, &row, &e), &e);
  row.Table = row.select = 0;
  LIVE_OK(tally_get(t, &row, &e), &e);
  ck_assert_int_eq(row.Table, 3);
  ck_assert_int_eq(row.select, 4);
  live_cql("DROP KEYSPACE %s", quoted);
}
END_TEST

/* ---- Many at once ------------------------------------------------------- */

enum { THREADS = 8, PROCESSES = 8 };

struct syncer {
  pthread_t thread;
  pthread_barrier_t *start;
  tally_table *table;
  int rc;
  tally_error error;
};

static void *sync_and_count(void *arg) {
  struct syncer *s = arg;

  pthread_barrier_wait(s->start);
  s->rc = tally_sync_table(s->table, NULL, &s->error);
  if (s->rc == 0)
    s->rc = tally_increment(s->table, &(page_hits){"/home", 1, 1}, &s->error);
  return NULL;
}

/* On one session with two loops. */
START_TEST(by_many_threads) {
  tally_session *other = live_connect(2);
  tally_table *t = live_open(other, &page_hits_definition);
  struct syncer syncers[THREADS];
  pthread_barrier_t start;

  pthread_barrier_init(&start, NULL, THREADS);
  for (int i = 0; i < THREADS; i++) {
    syncers[i] = (struct syncer){.start = &start, .table = t};
    ck_assert_int_eq(
        pthread_create(&syncers[i].thread, NULL, sync_and_count, &syncers[i]),
        0);
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(syncers[i].thread, NULL);
    LIVE_OK(syncers[i].rc, &syncers[i].error);
  }
  pthread_barrier_destroy(&start);
  ck_assert_int_eq(live_page(t, "/home").views, THREADS);
  ck_assert_int_eq(tally_close(other), 0);
}
END_TEST

/* Every instance of a service starts at the same time, and syncs. */
static int child(const char *table_name) {
  tally_session *own = live_connect(1);
  tally_definition d = page_hits_definition;
  tally_table *t;

  d.name = table_name;
  LIVE_OK(tally_table_open(&t, own, &d, &e), &e);
  LIVE_OK(tally_sync_table(t, NULL, &e), &e);
  LIVE_OK(tally_increment(t, &(page_hits){"/home", 1, 0}, &e), &e);
  return tally_close(own);
}

START_TEST(by_many_processes) {
  pid_t pids[PROCESSES];
  char table_name[48];
  int status;

  live_name(table_name, "page_hits");
  for (int i = 0; i < PROCESSES; i++) {
    pids[i] = fork();
    ck_assert_int_ge(pids[i], 0);
    if (pids[i] == 0)
      exit(child(table_name));
  }
  for (int i = 0; i < PROCESSES; i++) {
    ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%d", status);
  }
  ck_assert_str_eq(
      live_cql("SELECT views FROM %s.%s", live_keyspace, table_name), "8\n");
}
END_TEST

Suite *sync_suite(void) {
  Suite *s = suite_create("sync");
  TCase *tc = tcase_create("sync");

  tcase_set_timeout(tc, 120);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, simple_keyspace);
  tcase_add_test(tc, simple_keyspace_of_three);
  tcase_add_test(tc, network_keyspace);
  tcase_add_test(tc, keyspace_without_commit_log);
  tcase_add_test(tc, keyspace_dropped);
  tcase_add_test(tc, keyspace_asynchronous);
  tcase_add_loop_test(tc, bad_keyspace_options, 0,
                      (int)(sizeof k_bad / sizeof k_bad[0]));
  tcase_add_test(tc, unknown_data_centre);
  tcase_add_test(tc, twice);
  tcase_add_test(tc, dry_run);
  tcase_add_test(tc, odd_names);
  tcase_add_test(tc, by_many_threads);
  suite_add_tcase(s, tc);

  /* No session of the parent: forks and threads do not mix. */
  tc = tcase_create("processes");
  tcase_set_timeout(tc, 120);
  tcase_add_test(tc, by_many_processes);
  suite_add_tcase(s, tc);
  return s;
}
