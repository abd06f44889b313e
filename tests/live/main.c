/* tests/live/main.c - the live tests: they need a node, and fail without.
 *
 *   TALLY_TEST_HOSTS=127.0.0.1:9042 tally_live
 *
 * CK_RUN_SUITE=name runs one suite.  TALLY_TEST_RESTART=1 with
 * TALLY_CASSANDRA_DIR=directory adds the tests that kill, pause and restart
 * that node (scripts/cassandra). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/live/live.h"
#include "tests/live/suites.h"

static int ready(void) {
  const char *restart = getenv("TALLY_TEST_RESTART");

  if (live_hosts() == NULL || live_hosts()[0] == '\0') {
    fprintf(stderr,
            "TALLY_TEST_HOSTS is not set: the live tests need a Cassandra "
            "node, for example\n"
            "  scripts/cassandra start && TALLY_TEST_HOSTS=127.0.0.1:9042 "
            "tally_live\n");
    return 0;
  }
  if (access(LIVE_PYTHON, X_OK) != 0) {
    fprintf(stderr,
            "%s is missing: make it with\n"
            "  tests/live/venv.sh \"$(dirname \"$(dirname %s)\")\"\n",
            LIVE_PYTHON, LIVE_PYTHON);
    return 0;
  }
  if (restart != NULL && strcmp(restart, "1") == 0 &&
      getenv("TALLY_CASSANDRA_DIR") == NULL) {
    fprintf(stderr, "TALLY_TEST_RESTART needs TALLY_CASSANDRA_DIR, where the "
                    "node is that may be restarted\n");
    return 0;
  }
  return 1;
}

/* Before the first fork, and with no thread left: sanitizers and forks. */
static int make_keyspace(void) {
  tally_options options;
  tally_session *session;
  tally_error e;
  int rc;

  live_options(&options, 0);
  options.keyspace = NULL;
  live_name(live_keyspace, "tally_live");
  rc = tally_connect(&session, &options, &e);
  if (rc == 0)
    rc = tally_create_keyspace(session, live_keyspace, NULL, &e);
  if (rc != 0)
    fprintf(stderr, "%s: %s\n  %s\n", live_hosts(), e.message, e.detail);
  tally_close(session);
  return rc == 0;
}

/* Keyspaces and tables of one run are gone after it. */
static void drop_keyspace(void) {
  char statement[128], hosts[256], out[4096];
  char python[] = LIVE_PYTHON;
  char script[] = LIVE_SOURCE_DIR "/tests/live/cql.py";
  char *argv[] = {python, script, hosts, statement, NULL};

  snprintf(statement, sizeof statement, "DROP KEYSPACE %s", live_keyspace);
  snprintf(hosts, sizeof hosts, "%s", live_hosts());
  if (live_run(argv, out, sizeof out) != 0)
    fprintf(stderr, "%s: %s\n", statement, out);
}

int main(void) {
  SRunner *runner = srunner_create(NULL);
  int failed;

  if (!ready() || !make_keyspace()) {
    srunner_free(runner);
    return 1;
  }
#define LIVE_ADD(name) srunner_add_suite(runner, name##_suite());
  LIVE_SUITES(LIVE_ADD)
#undef LIVE_ADD
  srunner_run_all(runner, CK_ENV);
  failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  drop_keyspace();
  return failed == 0 ? 0 : 1;
}
