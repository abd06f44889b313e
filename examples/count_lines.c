/* examples/count_lines.c - count the lines of standard input, each line a key:
 * asynchronous, on a libuv loop of the program's own, many in flight.
 *
 *   git log --name-only --format= | count_lines [HOST]
 *
 * Counts into my_ks.lines and prints "count<TAB>line" as the server has it. */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tally.h>
#include <uv.h>

enum { IN_FLIGHT = 512, LINE_BYTES = 4096, KEYS_MAX = 100000 };

typedef struct line_row {
  const char *line;
  int64_t seen;
} line_row;

static const tally_column columns[] = {
    TALLY_PARTITION_KEY(line_row, line, TALLY_TEXT),
    TALLY_COUNTER(line_row, seen),
};
static const tally_definition definition =
    TALLY_DEFINITION(line_row, "lines", columns);

static struct {
  tally_session *session;
  tally_table *table;
  void *tree;           /* every different line, ... */
  char *keys[KEYS_MAX]; /* ... to be read back */
  size_t key_count;
  size_t next_key;
  size_t in_flight;
  uint64_t applied;
  uint64_t failed;
  int reading; /* the second half: get instead of increment */
} app;

static void go_on(void);

static void note_failure(const tally_error *e) {
  if (app.failed++ == 0)
    fprintf(stderr, "%s (%s)\n  %s\n", e->message,
            tally_outcome_name(e->outcome), e->detail);
}

static void on_counted(void *user, const tally_result *result) {
  (void)user;
  app.in_flight--;
  if (result->status == 0)
    app.applied++;
  else
    note_failure(result->error);
  go_on();
}

static void on_read(void *user, const tally_result *result) {
  const line_row *row = result->row;

  (void)user;
  app.in_flight--;
  if (result->status == 0)
    printf("%lld\t%s\n", (long long)row->seen, row->line);
  else
    note_failure(result->error);
  go_on();
}

static int compare(const void *a, const void *b) {
  return strcmp(a, b);
}

static void remember(const char *line) {
  if (tfind(line, &app.tree, compare) != NULL)
    return;
  if (app.key_count == KEYS_MAX) {
    fprintf(stderr, "more than %d different lines\n", KEYS_MAX);
    exit(2);
  }
  app.keys[app.key_count] = strdup(line);
  tsearch(app.keys[app.key_count++], &app.tree, compare);
}

/* Empty lines are no keys. */
static int count_next(void) {
  char line[LINE_BYTES];
  line_row row = {line, 1};
  tally_error e;

  do {
    if (fgets(line, sizeof line, stdin) == NULL)
      return 0;
    line[strcspn(line, "\n")] = '\0';
  } while (line[0] == '\0');
  remember(line);
  if (tally_increment_async(app.table, &row, on_counted, NULL, &e) == 0)
    app.in_flight++;
  else
    note_failure(&e);
  return 1;
}

static int read_next(void) {
  line_row row = {0};
  tally_error e;

  if (app.next_key == app.key_count)
    return 0;
  row.line = app.keys[app.next_key++];
  if (tally_get_async(app.table, &row, on_read, NULL, &e) == 0)
    app.in_flight++;
  else
    note_failure(&e);
  return 1;
}

/* Keep the pipe full; when all is counted read it back, then close. */
static void go_on(void) {
  while (app.in_flight < IN_FLIGHT && app.session != NULL) {
    if (app.reading ? read_next() : count_next())
      continue;
    if (app.in_flight > 0)
      return;
    if (app.reading || app.failed > 0) {
      tally_close_async(app.session, NULL, NULL);
      app.session = NULL;
    }
    app.reading = 1;
  }
}

static void on_ready(void *user, const tally_result *result) {
  (void)user;
  if (result->status == 0) {
    go_on();
    return;
  }
  note_failure(result->error);
  tally_close_async(app.session, NULL, NULL);
}

static void on_keyspace(void *user, const tally_result *result) {
  tally_error e;
  int rc = result->status;

  (void)user;
  if (rc != 0)
    note_failure(result->error);
  else if ((rc = tally_table_open(&app.table, app.session, &definition, &e)) ||
           (rc = tally_sync_table_async(app.table, NULL, on_ready, NULL, &e)))
    note_failure(&e);
  if (rc != 0)
    tally_close_async(app.session, NULL, NULL);
}

int main(int argc, char **argv) {
  tally_options options;
  tally_error error;
  uv_loop_t loop;

  tally_options_init(&options);
  options.hosts = argc > 1 ? argv[1] : "127.0.0.1";
  options.keyspace = "my_ks";
  uv_loop_init(&loop);
  if (tally_connect_on(&app.session, &loop, &options, NULL, NULL, &error) ||
      tally_create_keyspace_async(app.session, "my_ks", NULL, on_keyspace, NULL,
                                  &error)) {
    note_failure(&error);
    return 1;
  }
  uv_run(&loop, UV_RUN_DEFAULT);
  uv_loop_close(&loop);
  fprintf(stderr, "%llu lines counted, %zu different, %llu failed\n",
          (unsigned long long)app.applied, app.key_count,
          (unsigned long long)app.failed);
  for (size_t i = 0; i < app.key_count; i++) {
    tdelete(app.keys[i], &app.tree, compare);
    free(app.keys[i]);
  }
  return app.failed == 0 ? 0 : 1;
}
