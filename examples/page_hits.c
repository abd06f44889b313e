/* examples/page_hits.c - count page hits, take one back, read them. */
#include <stdio.h>
#include <tally.h>

typedef struct page_hits {
  const char *url;
  int64_t views;
  int64_t unique_visitors;
} page_hits;

static const tally_column page_hits_columns[] = {
    TALLY_PARTITION_KEY(page_hits, url, TALLY_TEXT),
    TALLY_COUNTER(page_hits, views),
    TALLY_COUNTER(page_hits, unique_visitors),
};
static const tally_definition page_hits_definition =
    TALLY_DEFINITION(page_hits, "page_hits", page_hits_columns);

static void print_statement(void *user, const char *cql) {
  (void)user;
  printf("  %s\n", cql);
}

static int count(tally_session *session, tally_error *error) {
  static const tally_sync_options verbose = {sizeof verbose, 0, print_statement,
                                             NULL};
  page_hits home = {.url = "/home"};
  tally_table *hits;
  int rc;

  if ((rc = tally_create_keyspace(session, "my_ks", NULL, error)) != 0 ||
      (rc = tally_table_open(&hits, session, &page_hits_definition, error)) ||
      (rc = tally_sync_table(hits, &verbose, error)) != 0)
    return rc;

  /* The row carries the key and the deltas; a counter at 0 is not touched. */
  for (int i = 0; i < 3 && rc == 0; i++)
    rc = tally_increment(
        hits, &(page_hits){.url = "/home", .views = 1, .unique_visitors = 1},
        error);
  if (rc == 0)
    rc = tally_decrement(
        hits, &(page_hits){.url = "/home", .unique_visitors = 2}, error);
  if (rc == 0)
    rc = tally_get(hits, &home, error);
  if (rc == 0)
    printf("  %s: %lld views, %lld unique visitors\n", home.url,
           (long long)home.views, (long long)home.unique_visitors);
  return rc;
}

int main(int argc, char **argv) {
  tally_options options;
  tally_session *session;
  tally_error error;
  int rc;

  tally_options_init(&options);
  options.hosts = argc > 1 ? argv[1] : "127.0.0.1";
  options.keyspace = "my_ks";
  rc = tally_connect(&session, &options, &error);
  if (rc == 0)
    rc = count(session, &error);
  if (rc != 0)
    fprintf(stderr, "%s\n  %s\n  outcome: %s\n", error.message, error.detail,
            tally_outcome_name(error.outcome));
  tally_close(session);
  return rc == 0 ? 0 : 1;
}
