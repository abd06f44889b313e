/* tool/report.c - errors in four lines, and the exit status.  Text from a
 * server cannot move the cursor or add lines. */
#include "tool/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BOLD_RED "\033[1;31m"
#define PLAIN    "\033[0m"

static enum color color_of_errors = COLOR_AUTO;

void report_color(enum color color) {
  color_of_errors = color;
}

bool color_wanted(enum color color, int fd) {
  const char *no_color = getenv("NO_COLOR");
  const char *term = getenv("TERM");

  if (color != COLOR_AUTO)
    return color == COLOR_ALWAYS;
  return isatty(fd) && (no_color == NULL || no_color[0] == '\0') &&
         (term == NULL || strcmp(term, "dumb") != 0);
}

static void put_safely(const char *text) {
  for (const char *s = text; *s != '\0'; s++) {
    unsigned char c = (unsigned char)*s;
    bool c1 = c == 0xc2 && ((unsigned char)s[1] & 0xe0) == 0x80;

    if (c1) /* U+0080 to U+009F: controls too */
      s++;
    putc(c1 || c < 0x20 || c == 0x7f ? ' ' : c, stderr);
  }
  putc('\n', stderr);
}

static void put_labelled(const char *label, const char *text) {
  if (text == NULL || text[0] == '\0')
    return;
  fprintf(stderr, "  %-9s", label);
  put_safely(text);
}

static void put_prefix(void) {
  bool color = color_wanted(color_of_errors, STDERR_FILENO);

  fprintf(stderr, "%stally:%s ", color ? BOLD_RED : "", color ? PLAIN : "");
}

void report(const char *what, const char *detail, const char *outcome,
            const char *hint) {
  put_prefix();
  put_safely(what);
  put_labelled("detail", detail);
  put_labelled("outcome", outcome);
  put_labelled("hint", hint);
}

int report_no_memory(void) {
  report("out of memory", NULL, NULL, NULL);
  return STATUS_FAILED;
}

int report_usage(const char *hint, const char *format, ...) {
  char what[1024];
  va_list args;

  va_start(args, format);
  vsnprintf(what, sizeof what, format, args);
  va_end(args);
  report(what, NULL, NULL, hint);
  return STATUS_USAGE;
}

/* ---- The library's errors ----------------------------------------------- */

static const char *outcome_text(const tally_error *e, enum work work) {
  if (work == WORK_READ)
    return NULL;
  if (e->outcome != TALLY_UNKNOWN)
    return tally_outcome_name(e->outcome);
  switch (work) {
  case WORK_COUNT:
    return "unknown: it counted once or not at all; it was not sent again";
  case WORK_REMOVE:
    return "unknown: it was done, or not, or in part, or is done yet; it was "
           "not sent again";
  default:
    return "unknown: it was sent, and no verdict came back";
  }
}

/* Is this the reason of every host? */
static bool all_fail_by(const char *detail, const char *reason) {
  const char *s = detail;

  while (s != NULL) {
    const char *at = strstr(s, reason), *end = strstr(s, "; ");

    if (at == NULL || (end != NULL && at > end))
      return false;
    s = end == NULL ? NULL : end + 2;
  }
  return true;
}

/* The options' names, and what is known of the reason. */
static const char *connect_hint_text(const tally_error *e) {
  if (e->code == TALLY_ECONNECT && all_fail_by(e->detail, "unknown host name"))
    return "is the name in --hosts right, and does this machine know it? see "
           "\"getent hosts NAME\"";
  if (e->code == TALLY_ETLS && all_fail_by(e->detail, "wrong version number"))
    return "the server does not speak TLS on this port: is there another "
           "--port for it, or is --tls not wanted?";
  if (e->code == TALLY_ETLS)
    return "--ca has who is trusted, --tls-name the name in its certificate; "
           "--cert and --key are yours, if it wants to know who you are";
  /* Or the session has said which password it was. */
  if (e->code == TALLY_EAUTH && strncmp(e->hint, "are the options ", 16) == 0)
    return "are --user and the password what the server knows?";
  return e->hint;
}

/* The library speaks to programmers; some of its hints read otherwise here. */
static const char *hint_text(const tally_error *e, enum work work) {
  if (e->code == TALLY_ESCHEMA && strncmp(e->hint, "did you mean", 12) != 0)
    return "see \"tally help create-keyspace\" and \"tally help sync\"";
  if (e->code == TALLY_ENOHOST)
    return "nothing was sent; --wait TIME goes on trying to connect";
  if (e->code == TALLY_EUNKNOWN && work == WORK_SCHEMA)
    return "run it again: what exists already is left alone";
  if (e->code == TALLY_EUNKNOWN && work == WORK_REMOVE)
    return "look first what is there: run again it also takes what was counted "
           "meanwhile";
  if (e->code == TALLY_EUNKNOWN)
    return "look with \"tally get\" whether it counted";
  return connect_hint_text(e);
}

/* Who said it belongs to it. */
static void detail_text(const tally_error *e, char *text, size_t size) {
  bool named = e->host[0] == '\0' || strstr(e->detail, e->host) != NULL;

  snprintf(text, size, "%s%s%s", named ? "" : e->host,
           named || e->detail[0] == '\0' ? "" : ": ", e->detail);
}

static void report_lines(const tally_error *e, enum work work) {
  char detail[sizeof e->host + sizeof e->detail + 2];

  report_log_flush(e);
  detail_text(e, detail, sizeof detail);
  report(e->message, detail, outcome_text(e, work), hint_text(e, work));
}

int report_error(const tally_error *e, enum work work) {
  report_lines(e, work);
  switch (e->code) {
  case TALLY_EINVAL:
  case TALLY_ERANGE:
    return STATUS_USAGE;
  /* Nothing was sent, because there was nobody to send it to. */
  case TALLY_ENOHOST:
  case TALLY_ECONNECT:
  case TALLY_EAUTH:
  case TALLY_ETLS:
    return STATUS_CONNECT;
  case TALLY_EUNKNOWN:
    return STATUS_UNKNOWN;
  case TALLY_ENOTFOUND:
    return STATUS_NOT_FOUND;
  default:
    return STATUS_FAILED;
  }
}

void report_line_error(uint64_t line, const tally_error *e, enum work work) {
  char detail[sizeof e->host + sizeof e->detail + 2];
  char what[sizeof e->message + 32];

  report_log_flush(e);
  detail_text(e, detail, sizeof detail);
  snprintf(what, sizeof what, "line %" PRIu64 ": %s", line, e->message);
  report(what, detail, outcome_text(e, work), NULL);
}

int report_connect_error(const tally_error *e, enum work work) {
  report_lines(e, work);
  return e->code == TALLY_ENOMEM || e->code == TALLY_ESYSTEM ? STATUS_FAILED
                                                             : STATUS_CONNECT;
}

/* ---- The library's log -------------------------------------------------- */

enum { LOG_LINES = 16, LOG_LINE_SIZE = 512 };

static char kept[LOG_LINES][LOG_LINE_SIZE];
static size_t kept_count;

void report_log(void *user, int level, const char *text) {
  (void)user;
  (void)level;
  for (size_t i = 0; i < kept_count; i++)
    if (strncmp(kept[i], text, LOG_LINE_SIZE - 1) == 0)
      return;
  if (kept_count < LOG_LINES)
    snprintf(kept[kept_count++], LOG_LINE_SIZE, "%s", text);
}

void report_log_now(void *user, int level, const char *text) {
  (void)user;
  (void)level;
  report(text, NULL, NULL, NULL);
}

/* "no host reached: <reason>" is said again by a detail of "<reason>", and so
 * is "<host>: <reason>" by a message or a detail that has it. */
static bool said_again(const char *line, const tally_error *e) {
  if (e == NULL)
    return false;
  for (const char *s = line; s != NULL; s = strstr(s, ": ")) {
    if (*s == ':')
      s += 2;
    if (*s != '\0' &&
        (strstr(e->detail, s) != NULL || strstr(e->message, s) != NULL))
      return true;
  }
  return false;
}

void report_log_flush(const tally_error *e) {
  for (size_t i = 0; i < kept_count; i++)
    if (!said_again(kept[i], e))
      report(kept[i], NULL, NULL, NULL);
  kept_count = 0;
}

void report_log_drop(void) {
  kept_count = 0;
}
