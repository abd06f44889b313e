/* tests/live/test_conformance_schema.c - the integration tests of keyspaces and
 * of tables that change, as coodie has them (test_keyspace.py,
 * test_migration.py, test_extended.py), by their names, blocking and
 * asynchronous; see test_conformance.c.
 *
 * Not here: test_sync_table_drop_removed_indexes (counter tables have no
 * indexes), test_migration_phase_b (there are no migration files). */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/live/live.h"
#include "tests/live/suites.h"

static tally_session *session;
static tally_error e;
static char name[48];

static void setup(void) {
  session = live_connect_warned();
  live_name(name, "it_phase_a");
}

static void teardown(void) {
  ck_assert_int_eq(tally_close(session), 0);
}

/* ---- Both forms --------------------------------------------------------- */

static struct live_gate gate;

static void *begun(void) {
  live_gate_init(&gate);
  live_gate_begin(&gate);
  return &gate;
}

static void done(int form, int rc) {
  LIVE_OK(rc, &e);
  if (form == 0)
    return;
  live_gate_wait(&gate, 0);
  ck_assert_msg(gate.status == 0, "%s", gate.error.message);
}

static void create_keyspace(int form) {
  done(form, form == 0 ? tally_create_keyspace(session, name, NULL, &e)
                       : tally_create_keyspace_async(
                             session, name, NULL, live_gate_end, begun(), &e));
}

static void drop_keyspace(int form) {
  done(form, form == 0 ? tally_drop_keyspace(session, name, &e)
                       : tally_drop_keyspace_async(session, name, live_gate_end,
                                                   begun(), &e));
}

static void drop_table(int form, tally_table *t) {
  done(form, form == 0 ? tally_drop_table(t, &e)
                       : tally_drop_table_async(t, live_gate_end, begun(), &e));
}

/* The statements of the latest sync. */
static char planned[2048];

static void on_statement(void *user, const char *cql) {
  size_t len = strlen(planned);

  (void)user;
  snprintf(planned + len, sizeof planned - len, "%s;", cql);
}

static void sync(int form, tally_table *t, int dry_run) {
  tally_sync_options o = {sizeof o, dry_run, on_statement, NULL};

  planned[0] = '\0';
  done(form, form == 0
                 ? tally_sync_table(t, &o, &e)
                 : tally_sync_table_async(t, &o, live_gate_end, begun(), &e));
}

static void plans(const char *words) {
  ck_assert_msg(strstr(planned, words) != NULL, "no \"%s\" in: %s", words,
                planned);
}

static tally_table *open_hits(const tally_table_option *option) {
  tally_definition d = page_hits_definition;
  tally_table *t;

  d.name = name;
  d.options = option;
  d.option_count = option != NULL;
  LIVE_OK(tally_table_open(&t, session, &d, &e), &e);
  return t;
}

/* ---- Keyspaces (test_keyspace.py) --------------------------------------- */

static void keyspace_is_there(const char *line) {
  ck_assert_str_eq(live_cql("SELECT keyspace_name FROM "
                            "system_schema.keyspaces WHERE keyspace_name = "
                            "'%s'",
                            name),
                   line);
}

START_TEST(test_create_and_drop_keyspace) {
  char line[64];

  snprintf(line, sizeof line, "%s\n", name);
  create_keyspace(_i);
  keyspace_is_there(line);
  drop_keyspace(_i);
  keyspace_is_there("");
}
END_TEST

START_TEST(test_create_keyspace_idempotent) {
  create_keyspace(_i);
  create_keyspace(_i);
  drop_keyspace(_i);
}
END_TEST

START_TEST(test_drop_keyspace_idempotent) {
  drop_keyspace(_i);
}
END_TEST

/* ---- What sync does (test_migration.py) --------------------------------- */

START_TEST(test_sync_table_returns_planned_cql) {
  sync(_i, open_hits(NULL), 0);
  plans("CREATE TABLE IF NOT EXISTS ");
}
END_TEST

START_TEST(test_sync_table_dry_run_returns_cql) {
  sync(_i, open_hits(NULL), 1);
  plans("CREATE TABLE IF NOT EXISTS ");
}
END_TEST

static void table_is_there(const char *line) {
  ck_assert_str_eq(live_cql("SELECT table_name FROM system_schema.tables WHERE "
                            "keyspace_name = '%s' AND table_name = '%s'",
                            live_keyspace, name),
                   line);
}

START_TEST(test_sync_table_dry_run_does_not_create_table) {
  sync(_i, open_hits(NULL), 1);
  table_is_there("");
}
END_TEST

START_TEST(test_sync_table_schema_drift_warning) {
  live_cql("CREATE TABLE %s.%s (url text PRIMARY KEY, views counter, "
           "unique_visitors counter, legacy_col counter)",
           live_keyspace, name);
  sync(_i, open_hits(NULL), 0);
  ck_assert_str_eq(planned, "");
  ck_assert_msg(strstr(live_warned, "legacy_col") != NULL, "%s", live_warned);
  ck_assert_msg(strstr(live_warned, name) != NULL, "%s", live_warned);
}
END_TEST

/* Of an option that counters may have: there it is default_time_to_live. */
START_TEST(test_sync_table_table_option_change) {
  const tally_table_option grace = {"gc_grace_seconds", "7200"};

  live_cql("CREATE TABLE %s.%s (url text PRIMARY KEY, views counter, "
           "unique_visitors counter)",
           live_keyspace, name);
  sync(_i, open_hits(&grace), 0);
  plans("ALTER TABLE ");
  plans(" WITH gc_grace_seconds = 7200;");
  ck_assert_str_eq(live_cql("SELECT gc_grace_seconds FROM "
                            "system_schema.tables WHERE keyspace_name = '%s' "
                            "AND table_name = '%s'",
                            live_keyspace, name),
                   "7200\n");
}
END_TEST

/* ---- Tables that change (test_extended.py) ------------------------------ */

/* What was counted by the older version of the program is still there. */
START_TEST(test_schema_migration_add_column) {
  page_hits row = {"/home", 2, 3};
  tally_table *t;

  live_cql("CREATE TABLE %s.%s (url text PRIMARY KEY, views counter)",
           live_keyspace, name);
  live_cql("UPDATE %s.%s SET views = views + 5 WHERE url = '/home'",
           live_keyspace, name);
  t = open_hits(NULL);
  sync(_i, t, 0);
  plans(" ADD \"unique_visitors\" counter;");
  LIVE_OK(live_calls[_i].increment(t, &row, &e), &e);
  ck_assert_str_eq(
      live_cql("SELECT views, unique_visitors FROM %s.%s", live_keyspace, name),
      "7\t3\n");
}
END_TEST

START_TEST(test_compaction_settings_applied) {
  const tally_table_option leveled = {"compaction",
                                      "{'class': 'LeveledCompactionStrategy'}"};
  const char *has;

  sync(_i, open_hits(&leveled), 0);
  has = live_cql("SELECT compaction FROM system_schema.tables WHERE "
                 "keyspace_name = '%s' AND table_name = '%s'",
                 live_keyspace, name);
  ck_assert_msg(strstr(has, "LeveledCompactionStrategy") != NULL, "%s", has);
}
END_TEST

/* The reference's sync finds nothing to do here: it thinks the table there. */
START_TEST(test_drop_table_idempotent) {
  tally_table *t = open_hits(NULL);
  char line[64];

  snprintf(line, sizeof line, "%s\n", name);
  sync(_i, t, 0);
  table_is_there(line);
  drop_table(_i, t);
  table_is_there("");
  drop_table(_i, t);
  sync(_i, t, 0);
  table_is_there(line);
}
END_TEST

Suite *conformance_schema_suite(void) {
  const TTest *const tests[] = {
      test_create_and_drop_keyspace,
      test_create_keyspace_idempotent,
      test_drop_keyspace_idempotent,
      test_sync_table_returns_planned_cql,
      test_sync_table_dry_run_returns_cql,
      test_sync_table_dry_run_does_not_create_table,
      test_sync_table_schema_drift_warning,
      test_sync_table_table_option_change,
      test_schema_migration_add_column,
      test_compaction_settings_applied,
      test_drop_table_idempotent,
  };
  Suite *s = suite_create("conformance_schema");
  TCase *tc = tcase_create("coodie");

  tcase_set_timeout(tc, 120);
  tcase_add_checked_fixture(tc, setup, teardown);
  for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
    tcase_add_loop_test(tc, tests[i], 0, LIVE_FORMS);
  suite_add_tcase(s, tc);
  return s;
}
