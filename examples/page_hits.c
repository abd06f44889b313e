/* examples/page_hits.c - count page hits and read them back, with every
 * statement that is sent printed on the way. */
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

static void print_log(void *user, int level, const char *text) {
  (void)user;
  (void)level;
  printf("  %s\n", text);
}

static int show(tally_table *hits, const char *url, tally_error *error) {
  page_hits row = {.url = url};
  int rc = tally_get(hits, &row, error);

  if (rc == 0)
    printf("%-8s %3lld views, %lld unique visitors\n", row.url,
           (long long)row.views, (long long)row.unique_visitors);
  return rc;
}

int main(int argc, char **argv) {
  tally_options options;
  tally_session *session;
  tally_table *hits;
  tally_error e;
  int failed;

  tally_options_init(&options);
  options.hosts = argc > 1 ? argv[1] : "127.0.0.1";
  options.keyspace = "my_ks";
  tally_log(&options, print_log, NULL, TALLY_LOG_DEBUG);
  failed =
      tally_connect(&session, &options, &e) ||
      tally_create_keyspace(session, "my_ks", NULL, &e) ||
      tally_table_open(&hits, session, &page_hits_definition, &e) ||
      tally_sync_table(hits, NULL, &e) ||
      tally_increment(hits, &(page_hits){"/home", 3, 1}, &e) ||
      tally_increment(hits, &(page_hits){.url = "/home", .views = 1}, &e) ||
      tally_increment(hits, &(page_hits){"/about", 1, 1}, &e) ||
      tally_decrement(hits, &(page_hits){.url = "/home", .views = 1}, &e) ||
      show(hits, "/home", &e) || show(hits, "/about", &e);
  if (failed)
    fprintf(stderr, "%s (%s)\n  %s\n  %s\n", e.message,
            tally_outcome_name(e.outcome), e.detail, e.hint);
  tally_close(session);
  return failed;
}
