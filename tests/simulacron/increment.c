/* tests/simulacron/increment.c - increments on one session, as a script asks
 * for them.
 *
 *   simulacron_increment NAME=VALUE...
 *
 * The arguments are options, as tally_options_set() takes them.  Each line of
 * standard input, "URL DELTA", starts an increment of page_hits; the end of the
 * input closes the session.  Standard output tells what happens, in JSON, a
 * line each: "connected" (or "failed"), "ended" for every increment, "settled"
 * for every late answer, and "closed". */
#include <tally.h>

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct page_hits {
  const char *url;
  int64_t views;
} page_hits;

static const tally_column page_hits_columns[] = {
    TALLY_PARTITION_KEY(page_hits, url, TALLY_TEXT),
    TALLY_COUNTER(page_hits, views),
};
static const tally_definition page_hits_definition =
    TALLY_DEFINITION(page_hits, "page_hits", page_hits_columns);

/* An increment that is under way. */
struct asked {
  uint64_t begun_ms;
  char url[];
};

static uint64_t now_ms(void) {
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- What is told ------------------------------------------------------- */

/* One printf a line: callbacks may run on another thread. */
static void tell_ended(const char *url, uint64_t ms, int status, int outcome,
                       const tally_error *e) {
  printf("{\"ended\":\"%s\",\"ms\":%" PRIu64 ",\"status\":\"%s\","
         "\"outcome\":\"%s\",\"cause\":\"%s\",\"server_code\":%d,"
         "\"required\":%d,\"received\":%d,\"operation\":%" PRIu64 "}\n",
         url, ms, tally_error_name(status), tally_outcome_name(outcome),
         tally_error_name(e != NULL ? e->cause : 0),
         e != NULL ? (int)e->server_code : -1,
         e != NULL ? (int)e->required : -1, e != NULL ? (int)e->received : -1,
         e != NULL ? e->operation : 0);
  if (e != NULL)
    fprintf(stderr, "%.60s: %s; %s\n", url, e->message, e->detail);
}

static void on_ended(void *user, const tally_result *r) {
  struct asked *asked = user;

  tell_ended(asked->url, now_ms() - asked->begun_ms, r->status, r->outcome,
             r->error);
  free(asked);
}

static void on_settled(void *user, const tally_settled *s) {
  const page_hits *row = s->row;

  (void)user;
  printf("{\"settled\":\"%s\",\"operation\":%" PRIu64 ",\"outcome\":\"%s\","
         "\"views\":%" PRId64 "}\n",
         row != NULL ? row->url : "", s->operation,
         tally_outcome_name(s->outcome), row != NULL ? row->views : 0);
}

static void on_log(void *user, int level, const char *text) {
  (void)user;
  (void)level;
  fprintf(stderr, "%s\n", text);
}

/* ---- What is asked ------------------------------------------------------ */

static void increment(tally_table *hits, char *line) {
  char *space = strchr(line, ' ');
  page_hits row = {.url = line, .views = 1};
  struct asked *asked;
  tally_error error;
  int rc;

  if (space != NULL) {
    *space = '\0';
    row.views = strtoll(space + 1, NULL, 10);
  }
  asked = malloc(sizeof *asked + strlen(line) + 1);
  if (asked == NULL)
    abort();
  asked->begun_ms = now_ms();
  strcpy(asked->url, line);
  rc = tally_increment_async(hits, &row, on_ended, asked, &error);
  if (rc != 0) {
    tell_ended(line, 0, rc, error.outcome, &error);
    free(asked);
  }
}

/* Reads what is there, and runs the lines that are complete. */
static int take_input(tally_table *hits) {
  static char buf[1 << 18];
  static size_t len;
  ssize_t n = read(STDIN_FILENO, buf + len, sizeof buf - len);
  char *line = buf, *end;

  if (n <= 0)
    return 0;
  len += (size_t)n;
  while ((end = memchr(line, '\n', len)) != NULL) {
    *end++ = '\0';
    len -= (size_t)(end - line);
    increment(hits, line);
    line = end;
  }
  memmove(buf, line, len);
  return 1;
}

/* An inline session gets its turns here, as in any program with an event loop
 * of its own; with threads its descriptor is -1, which poll() passes over. */
static void serve(tally_session *session, tally_table *hits) {
  struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
                          {.fd = tally_backend_fd(session), .events = POLLIN}};

  for (;;) {
    poll(fds, 2, tally_backend_timeout(session));
    if (fds[1].fd >= 0)
      tally_poll(session, 0, NULL);
    if (fds[0].revents != 0 && !take_input(hits))
      return;
  }
}

int main(int argc, char **argv) {
  tally_session *session = NULL;
  tally_options options;
  tally_table *hits;
  tally_error error;
  int rc = 0;

  setvbuf(stdout, NULL, _IOLBF, 0);
  tally_options_init(&options);
  tally_log(&options, on_log, NULL, TALLY_LOG_DEBUG);
  options.on_settled = on_settled;
  for (int i = 1; i < argc && rc == 0; i++)
    rc = tally_options_set(&options, argv[i], &error);
  if (rc == 0)
    rc = tally_connect(&session, &options, &error);
  tally_options_free(&options);
  if (rc == 0)
    rc = tally_table_open(&hits, session, &page_hits_definition, &error);
  if (rc != 0) {
    printf("{\"failed\":\"%s\"}\n", tally_error_name(rc));
    fprintf(stderr, "%s\n%s\n", error.message, error.detail);
    tally_close(session);
    return 1;
  }
  printf("{\"connected\":true}\n");
  serve(session, hits);
  rc = tally_close(session);
  printf("{\"closed\":\"%s\"}\n", tally_error_name(rc));
  return rc != 0;
}
