/* tool/output.c - rows on standard output.  One row is one line, whatever is
 * in it. */
#include "tool/output.h"

#include "tool/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BOLD  "\033[1m"
#define PLAIN "\033[0m"

/* ---- Standard output as a whole ----------------------------------------- */

void output_begin(void) {
  struct sigaction ignore = {0};
  int fd;

  /* Read-only: what is written there fails instead of vanishing. */
  do
    fd = open("/dev/null", O_RDONLY);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0)
    close(fd);
  /* A closed pipe is an error like others, with a message. */
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, NULL);
}

int output_end(int status) {
  int error;

  errno = 0;
  if (fflush(stdout) == 0 && ferror(stdout) == 0)
    return status;
  error = errno;
  report("cannot write to standard output", error != 0 ? strerror(error) : "",
         NULL, NULL);
  return status == STATUS_DONE ? STATUS_FAILED : status;
}

/* ---- Values ------------------------------------------------------------- */

enum style { STYLE_TABS, STYLE_TABLE, STYLE_JSON };

struct value {
  const char *text; /* NULL: a number */
  int64_t number;
};

static int value_of(struct value *v, const tally_row *row,
                    const tally_column *c) {
  tally_error error;
  int rc;

  v->text = NULL;
  if (c->type == TALLY_TEXT)
    rc = tally_row_get_text(row, c->name, &v->text, &error);
  else
    rc = tally_row_get_int64(row, c->name, &v->number, &error);
  return rc == 0 ? STATUS_DONE : report_error(&error, WORK_READ);
}

/* The letter behind a backslash, or 0. */
static char escape_letter(uint32_t c, enum style style) {
  switch (c) {
  case '\t':
    return 't';
  case '\n':
    return 'n';
  case '\r':
    return 'r';
  case '\\':
    return '\\';
  case '"':
    return style == STYLE_JSON ? '"' : 0;
  case '\b':
    return style == STYLE_JSON ? 'b' : 0;
  case '\f':
    return style == STYLE_JSON ? 'f' : 0;
  default:
    return 0;
  }
}

/* Controls that would move a terminal's cursor, or that JSON forbids. */
static bool is_hidden(uint32_t c, enum style style) {
  if (style == STYLE_TABS)
    return false;
  return c < 0x20 || (style == STYLE_TABLE && c >= 0x7f && c < 0xa0);
}

/* Writes `text` (or only counts) and returns how many places it takes. */
static int put_text(FILE *to, const char *text, enum style style) {
  int width = 0;

  while (*text != '\0') {
    char out[16];
    uint32_t c = 0;
    size_t len = text_utf8(text, &c);
    char letter = len == 0 ? 0 : escape_letter(c, style);
    int places = 1;

    if (len == 0) /* the server's text is UTF-8: never, but never broken */
      snprintf(out, sizeof out, "%s", "\xef\xbf\xbd");
    else if (letter != 0)
      places = snprintf(out, sizeof out, "\\%c", letter);
    else if (is_hidden(c, style))
      places = snprintf(out, sizeof out, "\\u%04" PRIx32, c);
    else
      snprintf(out, sizeof out, "%.*s", (int)len, text);
    if (to != NULL)
      fputs(out, to);
    width += places;
    text += len == 0 ? 1 : len;
  }
  return width;
}

static int put_value(FILE *to, const struct value *v, enum style style) {
  char number[32];

  if (v->text != NULL)
    return put_text(to, v->text, style);
  snprintf(number, sizeof number, "%" PRId64, v->number);
  return put_text(to, number, style);
}

/* ---- Rows --------------------------------------------------------------- */

static int put_tabs(const tally_table *table, const tally_row *row) {
  const tally_column *c;
  struct value v = {0};

  for (size_t i = 0; (c = tally_table_column(table, i)) != NULL; i++) {
    int status = value_of(&v, row, c);

    if (status != STATUS_DONE)
      return status;
    if (i > 0)
      putchar('\t');
    put_value(stdout, &v, STYLE_TABS);
  }
  putchar('\n');
  return STATUS_DONE;
}

static int put_json(const tally_table *table, const tally_row *row) {
  const tally_column *c;
  struct value v = {0};

  for (size_t i = 0; (c = tally_table_column(table, i)) != NULL; i++) {
    int status = value_of(&v, row, c);

    if (status != STATUS_DONE)
      return status;
    fputs(i == 0 ? "{\"" : ",\"", stdout);
    put_text(stdout, c->name, STYLE_JSON);
    fputs("\":", stdout);
    if (v.text != NULL)
      putchar('"');
    put_value(stdout, &v, STYLE_JSON);
    if (v.text != NULL)
      putchar('"');
  }
  fputs("}\n", stdout);
  return STATUS_DONE;
}

static void put_spaces(int count) {
  for (; count > 0; count--)
    putchar(' ');
}

/* One line of the table: numbers to the right, text to the left. */
static int put_line(const tally_table *table, const tally_row *row,
                    bool header) {
  size_t count = tally_table_column_count(table);

  for (size_t i = 0; i < count; i++) {
    const tally_column *c = tally_table_column(table, i);
    struct value name = {.text = c->name}, v = {0}, *shown;
    int status = value_of(&v, row, c), width, pad;

    if (status != STATUS_DONE)
      return status;
    shown = header ? &name : &v;
    width = put_value(NULL, &name, STYLE_TABLE);
    pad = put_value(NULL, &v, STYLE_TABLE);
    width = pad > width ? pad : width;
    pad = width - put_value(NULL, shown, STYLE_TABLE);
    if (i > 0)
      put_spaces(2);
    if (v.text == NULL)
      put_spaces(pad);
    put_value(stdout, shown, STYLE_TABLE);
    if (v.text != NULL && i + 1 < count)
      put_spaces(pad);
  }
  return STATUS_DONE;
}

static int put_table(const tally_table *table, const tally_row *row,
                     bool color) {
  int status;

  fputs(color ? BOLD : "", stdout);
  status = put_line(table, row, true);
  fputs(color ? PLAIN "\n" : "\n", stdout);
  if (status == STATUS_DONE)
    status = put_line(table, row, false);
  putchar('\n');
  return status;
}

int output_row(const struct options *o, const tally_table *table,
               const tally_row *row) {
  if (o->value[OPTION_JSON] != NULL)
    return put_json(table, row);
  if (!isatty(STDOUT_FILENO))
    return put_tabs(table, row);
  return put_table(table, row, color_wanted(o->color, STDOUT_FILENO));
}
