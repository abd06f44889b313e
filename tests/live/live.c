/* tests/live/live.c - the node, and names of one's own. */
#include "tests/live/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

char live_keyspace[48];

static const tally_column page_hits_columns[] = {
    TALLY_PARTITION_KEY(page_hits, url, TALLY_TEXT),
    TALLY_COUNTER(page_hits, views),
    TALLY_COUNTER(page_hits, unique_visitors),
};
const tally_definition page_hits_definition =
    TALLY_DEFINITION(page_hits, "page_hits", page_hits_columns);

void live_says(const tally_error *error, const char *text) {
  ck_assert_msg(strstr(error->message, text) != NULL ||
                    strstr(error->detail, text) != NULL,
                "\"%s\" is neither in \"%s\" nor in \"%s\"", text,
                error->message, error->detail);
}

const char *live_hosts(void) {
  return getenv("TALLY_TEST_HOSTS");
}

bool live_is_before_5(void) {
  return atoi(live_cql("SELECT release_version FROM system.local")) < 5;
}

/* Every test is a process of its own, so the clock and the process make names
 * different that a seed would make alike. */
void live_name(char out[48], const char *stem) {
  static unsigned count;
  struct timespec now;

  clock_gettime(CLOCK_REALTIME, &now);
  snprintf(out, 48, "%.16s_%x_%lx%05lx_%x", stem, (unsigned)getpid(),
           (unsigned long)now.tv_sec & 0xffffff,
           (unsigned long)now.tv_nsec & 0xfffff, count++);
}

/* A node that wants logins and certificates (scripts/cassandra --auth --tls
 * --client-cert), when the variable names the folder of those. */
static void secure(tally_options *options) {
  const char *folder = getenv("TALLY_TEST_CERTIFICATES");
  static char ca[256], cert[256], key[256];

  if (folder == NULL)
    return;
  snprintf(ca, sizeof ca, "%s/ca.pem", folder);
  snprintf(cert, sizeof cert, "%s/client.pem", folder);
  snprintf(key, sizeof key, "%s/client.key", folder);
  options->tls = TALLY_TLS_VERIFY_FULL;
  options->tls_ca = ca;
  options->tls_cert = cert;
  options->tls_key = key;
  options->user = options->password = "cassandra";
}

/* "lz4_required".  Not always inside of a test: nothing to assert with. */
static void compress(tally_options *options) {
  const char *how = getenv("TALLY_TEST_COMPRESSION");
  static char setting[64];
  tally_error e;

  if (how == NULL)
    return;
  snprintf(setting, sizeof setting, "compression=%s", how);
  if (tally_options_set(options, setting, &e) == 0)
    return;
  fprintf(stderr, "%s\n", e.message);
  abort();
}

void live_options(tally_options *options, int io_threads) {
  tally_options_init(options);
  options->hosts = live_hosts();
  options->keyspace = live_keyspace;
  options->io_threads = io_threads;
  /* A node that others use as well, under sanitizers: patience.  The tests
   * of deadlines set their own. */
  options->connect_timeout_ms = 20000;
  options->increment_timeout_ms = 30000;
  options->read_timeout_ms = 30000;
  options->schema_timeout_ms = 60000;
  secure(options);
  compress(options);
}

tally_session *live_connect_with(const tally_options *options) {
  tally_session *session;
  tally_error e;

  LIVE_OK(tally_connect(&session, options, &e), &e);
  return session;
}

tally_session *live_connect(int io_threads) {
  tally_options options;

  live_options(&options, io_threads);
  return live_connect_with(&options);
}

char live_warned[1024];

static void keep_warning(void *user, int level, const char *text) {
  (void)user;
  if (level <= TALLY_LOG_WARNING)
    snprintf(live_warned, sizeof live_warned, "%s", text);
}

tally_session *live_connect_warned(void) {
  tally_options options;

  live_options(&options, 1);
  options.log = keep_warning;
  live_warned[0] = '\0';
  return live_connect_with(&options);
}

tally_table *live_open(tally_session *session,
                       const tally_definition *definition) {
  tally_definition d = *definition;
  tally_table *table;
  tally_error e;
  char name[48];

  live_name(name, definition->name);
  d.name = name;
  d.keyspace = live_keyspace;
  LIVE_OK(tally_table_open(&table, session, &d, &e), &e);
  return table;
}

tally_table *live_table(tally_session *session,
                        const tally_definition *definition) {
  tally_table *table = live_open(session, definition);
  tally_error e;

  LIVE_OK(tally_sync_table(table, NULL, &e), &e);
  return table;
}

const char *live_qualified(const tally_table *table) {
  static char text[128];

  snprintf(text, sizeof text, "%s.%s", tally_table_keyspace(table),
           tally_table_name(table));
  return text;
}

page_hits live_page(tally_table *hits, const char *url) {
  page_hits row = {.url = url};
  tally_error e;

  LIVE_OK(tally_get(hits, &row, &e), &e);
  ck_assert_ptr_eq(row.url, url);
  return row;
}
