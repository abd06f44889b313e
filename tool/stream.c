#include "tool/stream.h"

#include "tool/interrupt.h"
#include "tool/lines.h"
#include "tool/target.h"
#include "tool/text.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A server counts the increments of one row one after another: when all lines
 * are about the same, so many are done long before their time is over. */
enum { FLIGHTS = 128 };
enum { PAUSE_MS = 1000 };
/* A signal is noticed that much later, at most. */
enum { LOOK_MS = 100 };

struct flight {
  struct stream *stream;
  uint64_t line;
};

struct stream {
  struct target target;
  const tally_column **columns; /* of a line */
  stream_change *change;
  struct lines lines;
  struct flight flights[FLIGHTS];
  struct flight *free[FLIGHTS]; /* those that are under way are not in it */
  size_t free_count;
  uint64_t applied, not_applied, unknown, nothing;
};

/* ---- The columns of a line ---------------------------------------------- */

static int check_words(const struct options *o) {
  if (o->word_count == 0)
    return report_usage("see \"tally help increment\"", "%s needs a table",
                        o->command);
  for (size_t i = 1; i < o->word_count; i++)
    if (strchr(o->words[i], '=') != NULL)
      return report_usage("name columns alone, in the order of the lines' "
                          "values",
                          "\"%s\": with --stdin values stand in the lines",
                          o->words[i]);
  return STATUS_DONE;
}

static int expect_named(struct stream *s, const struct options *o) {
  int status = STATUS_DONE;

  for (size_t i = 1; i < o->word_count && status == STATUS_DONE; i++)
    status = target_expect(&s->target, o->words[i]);
  return status;
}

/* The key, and the counter. */
static int expect_all(struct stream *s, const struct options *o) {
  const tally_column *c;
  int status = STATUS_DONE;
  size_t counters = 0;
  char table[128], list[512];

  for (size_t i = 0; (c = tally_table_column(s->target.table, i)) != NULL; i++)
    counters += c->type == TALLY_TYPE_COUNTER;
  target_name(&s->target, table, sizeof table);
  target_counters(&s->target, list, sizeof list);
  if (counters > 1)
    return report_usage("name the columns of a line: the key's, and counters",
                        "%s %s --stdin: which counter? it has %s", o->command,
                        table, list);
  for (size_t i = 0; status == STATUS_DONE &&
                     (c = tally_table_column(s->target.table, i)) != NULL;
       i++)
    status = target_expect(&s->target, c->name);
  return status;
}

static int choose_columns(struct stream *s, const struct options *o) {
  char table[128], list[512];
  int status = o->word_count > 1 ? expect_named(s, o) : expect_all(s, o);
  int last_key = status == STATUS_DONE ? target_last_key(&s->target) : 0;

  if (status != STATUS_DONE)
    return status;
  target_name(&s->target, table, sizeof table);
  target_counters(&s->target, list, sizeof list);
  if (last_key == 0)
    return report_usage(NULL, "%s %s --stdin: no counter given; it has %s",
                        o->command, table, list);
  status = target_require_keys(&s->target, last_key);
  if (status != STATUS_DONE)
    return status;
  s->columns = calloc(s->target.count, sizeof *s->columns);
  if (s->columns == NULL)
    return report_no_memory();
  for (size_t i = 0; i < s->target.count; i++)
    s->columns[i] = target_expected(&s->target, i);
  return STATUS_DONE;
}

/* ---- Lines -------------------------------------------------------------- */

static int refuse_line(const struct stream *s, const char *hint,
                       const char *why) {
  return report_usage(hint, "line %" PRIu64 ": %s", s->lines.number, why);
}

static int refuse_count(const struct stream *s, size_t count) {
  char why[96];

  snprintf(why, sizeof why, "%zu value%s, where %zu are wanted", count,
           count == 1 ? "" : "s", s->target.count);
  return refuse_line(s, "a TAB stands between values, \\t for one inside", why);
}

static int read_value(struct stream *s, const tally_column *c,
                      const char *value, size_t len) {
  bool nul = memchr(value, '\0', len) != NULL;
  tally_error error;
  int rc;

  if (!nul && !text_is_utf8(value)) {
    char why[128];

    snprintf(why, sizeof why, "column %.64s: the value is not UTF-8", c->name);
    return refuse_line(s, NULL, why);
  }
  if (nul && !text_is_type(c->type))
    return refuse_line(s, NULL, "a NUL can be in text alone");
  /* To the parser a text ends at its first NUL: it would be another key. */
  rc = nul ? tally_row_set_bytes(s->target.row, c->name,
                                 (tally_bytes){value, len}, &error)
           : tally_row_parse(s->target.row, c->name, value, &error);
  return rc == 0 ? STATUS_DONE : refuse_line(s, error.hint, error.message);
}

/* Into the row. */
static int read_line(struct stream *s, char *line, size_t len) {
  size_t count = 1;
  int status = STATUS_DONE;

  if (memchr(line, '\0', len) != NULL)
    return refuse_line(s, "\\0 stands for one in text", "it has a NUL byte");
  for (const char *tab = line; (tab = strchr(tab, '\t')) != NULL; tab++)
    count++;
  if (count != s->target.count)
    return refuse_count(s, len == 0 ? 0 : count);
  for (size_t i = 0; i < count && status == STATUS_DONE; i++) {
    size_t value_len = 0;
    const char *value = lines_value(&line, &value_len);

    status = value == NULL
                 ? refuse_line(s, "\\t, \\n, \\r, \\0 and \\\\ there are",
                               "an unknown letter behind a backslash")
                 : read_value(s, s->columns[i], value, value_len);
  }
  return status;
}

/* ---- Counting ----------------------------------------------------------- */

static void count_outcome(struct stream *s, uint64_t line, int outcome,
                          const tally_error *error) {
  uint64_t *of = outcome == TALLY_APPLIED       ? &s->applied
                 : outcome == TALLY_NOT_APPLIED ? &s->not_applied
                                                : &s->unknown;

  ++*of;
  if (error != NULL)
    report_line_error(line, error, WORK_COUNT);
}

static void on_result(void *user, const tally_result *result) {
  struct flight *f = user;
  struct stream *s = f->stream;

  count_outcome(s, f->line, result->outcome, result->error);
  s->free[s->free_count++] = f;
}

static void wait_for_answers(struct stream *s) {
  tally_poll(s->target.session, LOOK_MS, NULL);
}

static int send_row(struct stream *s) {
  struct flight *f = s->free[--s->free_count];
  tally_error error;
  int rc;

  f->line = s->lines.number;
  while ((rc = s->change(s->target.table, tally_row_data(s->target.row),
                         on_result, f, &error)) == TALLY_EBUSY &&
         s->free_count < FLIGHTS - 1 && !interrupt_caught_twice())
    wait_for_answers(s);
  if (rc == 0)
    return STATUS_DONE;
  s->free[s->free_count++] = f;
  if (rc == TALLY_EINVAL || rc == TALLY_ERANGE)
    return refuse_line(s, error.hint, error.message);
  count_outcome(s, f->line, error.outcome, &error);
  return STATUS_DONE;
}

static int take_line(struct stream *s, char *line, size_t len) {
  int status = read_line(s, line, len);

  if (status != STATUS_DONE)
    return status;
  if (!target_adds_nothing(&s->target))
    return send_row(s);
  s->nothing++;
  return STATUS_DONE;
}

/* For lines, or answers, whichever comes first. */
static void wait_for_lines(struct stream *s) {
  tally_session *session = s->target.session;
  struct pollfd fds[2] = {{.fd = s->lines.fd, .events = POLLIN},
                          {.fd = tally_backend_fd(session), .events = POLLIN}};
  int ms;

  /* What was submitted goes out before anybody waits. */
  tally_poll(session, 0, NULL);
  ms = tally_backend_timeout(session);
  /* A signal that came just before is noticed that much later. */
  if (poll(fds, 2, ms < 0 || ms > PAUSE_MS ? PAUSE_MS : ms) > 0 &&
      fds[0].revents != 0)
    lines_fill(&s->lines);
}

static int take_lines(struct stream *s) {
  struct lines *l = &s->lines;
  int status = STATUS_DONE;

  while (status == STATUS_DONE && !interrupt_caught()) {
    size_t len;
    char *line;

    if (s->free_count == 0) {
      wait_for_answers(s);
      continue;
    }
    line = lines_next(l, &len);
    if (line != NULL) {
      status = take_line(s, line, len);
    } else if (l->ended) {
      break;
    } else if (lines_is_too_long(l)) {
      l->number++;
      status = refuse_line(s, NULL, "it is longer than 1 MiB");
    } else {
      wait_for_lines(s);
    }
  }
  if (l->error == 0)
    return status;
  report("cannot read standard input", strerror(l->error), NULL, NULL);
  return STATUS_FAILED;
}

static void put_account(const struct stream *s) {
  uint64_t lines = s->applied + s->not_applied + s->unknown + s->nothing;
  char account[192], nothing[64] = "";

  if (s->nothing > 0)
    snprintf(nothing, sizeof nothing, ", %" PRIu64 " with nothing to add",
             s->nothing);
  snprintf(account, sizeof account,
           "%" PRIu64 " line%s: %" PRIu64 " applied, %" PRIu64
           " not applied, %" PRIu64 " unknown%s",
           lines, lines == 1 ? "" : "s", s->applied, s->not_applied, s->unknown,
           nothing);
  report_log_flush(NULL);
  report(account, NULL, NULL, NULL);
}

static int count_lines(struct stream *s) {
  int status;

  if (!lines_begin(&s->lines, STDIN_FILENO))
    return report_no_memory();
  for (size_t i = 0; i < FLIGHTS; i++) {
    s->flights[i].stream = s;
    s->free[i] = &s->flights[i];
  }
  s->free_count = FLIGHTS;
  interrupt_note_second();
  status = take_lines(s);
  while (s->free_count < FLIGHTS && !interrupt_caught_twice())
    wait_for_answers(s);
  /* Which tells what became of those that are still under way. */
  target_close(&s->target);
  put_account(s);
  if (s->unknown > 0)
    return STATUS_UNKNOWN;
  return status == STATUS_DONE && s->not_applied > 0 ? STATUS_FAILED : status;
}

int stream_run(struct options *o, stream_change *change) {
  struct stream s = {.change = change};
  int status = check_words(o);

  /* Closing has nothing to wait for: that is done before. */
  o->session.close_timeout_ms = 1;
  if (status == STATUS_DONE)
    status = target_begin(&s.target, o, WORK_COUNT);
  if (status == STATUS_DONE)
    status = choose_columns(&s, o);
  if (status == STATUS_DONE)
    status = count_lines(&s);
  lines_free(&s.lines);
  free(s.columns);
  target_close(&s.target);
  return status;
}
