/* tool/output.c - rows on standard output.  One row is one line, whatever is
 * in it. */
#include "tool/output.h"

#include "tool/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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

static int flush_error; /* an errno; 0: none, or unknown */

bool output_now(void) {
  if (fflush(stdout) == 0)
    return true;
  flush_error = errno;
  return false;
}

int output_end(int status) {
  if (output_now() && ferror(stdout) == 0)
    return status;
  report("cannot write to standard output",
         flush_error != 0 ? strerror(flush_error) : "", NULL, NULL);
  return status == STATUS_DONE ? STATUS_FAILED : status;
}

/* ---- Texts -------------------------------------------------------------- */

enum style { STYLE_TABS, STYLE_TABLE, STYLE_JSON, STYLE_PLAIN };

/* The letter behind a backslash, or 0. */
static char escape_letter(uint32_t c, enum style style) {
  if (style == STYLE_PLAIN)
    return 0;
  switch (c) {
  case '\0':
    return style == STYLE_TABS ? '0' : 0;
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
  if (style == STYLE_TABS || (style == STYLE_PLAIN && c == '\t'))
    return false;
  return c < 0x20 || (style != STYLE_JSON && c >= 0x7f && c < 0xa0);
}

/* As text_utf8(), and TEXT_NUL is 0. */
static size_t next_character(const char *text, uint32_t *c) {
  if (strncmp(text, TEXT_NUL, strlen(TEXT_NUL)) != 0)
    return text_utf8(text, c);
  *c = 0;
  return strlen(TEXT_NUL);
}

/* Writes `text` (or only counts) and returns how many places it takes. */
static int put_text(FILE *to, const char *text, enum style style) {
  int width = 0;

  while (*text != '\0') {
    char out[16];
    uint32_t c = 0;
    size_t len = next_character(text, &c);
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

void output_text(const char *text) {
  if (isatty(STDOUT_FILENO))
    put_text(stdout, text, STYLE_PLAIN);
  else
    fputs(text, stdout);
}

void output_json_text(const char *text) {
  if (text == NULL) {
    fputs("null", stdout);
    return;
  }
  putchar('"');
  put_text(stdout, text, STYLE_JSON);
  putchar('"');
}

/* ---- Rows --------------------------------------------------------------- */

static void put_tabs(size_t count, const char *const *row) {
  for (size_t i = 0; i < count; i++) {
    if (i > 0)
      putchar('\t');
    put_text(stdout, row[i], STYLE_TABS);
  }
  putchar('\n');
}

static void put_spaces(int count) {
  for (; count > 0; count--)
    putchar(' ');
}

/* Numbers to the right, text to the left; nothing behind the last word. */
static void put_cell(const char *text, int width, bool is_number, bool last) {
  int pad = width - put_text(NULL, text, STYLE_TABLE);

  if (is_number)
    put_spaces(pad);
  put_text(stdout, text, STYLE_TABLE);
  if (!is_number && !last)
    put_spaces(pad);
}

/* Of a column: the name in its header, or the widest cell. */
static int width_of(const char *name, size_t column, size_t count,
                    const char *const *cells, size_t rows) {
  int width = put_text(NULL, name, STYLE_TABLE);

  for (size_t r = 0; r < rows; r++) {
    int w = put_text(NULL, cells[r * count + column], STYLE_TABLE);

    width = w > width ? w : width;
  }
  return width;
}

static void put_line(const struct output_column *columns, const int *widths,
                     size_t count, const char *const *cells) {
  for (size_t i = 0; i < count; i++) {
    const char *text = cells == NULL ? columns[i].name : cells[i];
    bool last = i + 1 == count;

    if (i > 0 && (!last || text[0] != '\0'))
      put_spaces(2);
    put_cell(text, widths[i], columns[i].is_number, last);
  }
}

static void put_table(const struct output_column *columns, size_t count,
                      const char *const *cells, size_t rows, bool color) {
  int *widths = calloc(count, sizeof *widths);

  for (size_t i = 0; widths != NULL && i < count; i++)
    widths[i] = width_of(columns[i].name, i, count, cells, rows);
  if (widths == NULL) {
    report_no_memory();
    return;
  }
  fputs(color ? BOLD : "", stdout);
  put_line(columns, widths, count, NULL);
  fputs(color ? PLAIN "\n" : "\n", stdout);
  for (size_t r = 0; r < rows; r++) {
    put_line(columns, widths, count, cells + r * count);
    putchar('\n');
  }
  free(widths);
}

bool output_is_table(const struct options *o) {
  return o->value[OPTION_JSON] == NULL && o->value[OPTION_CSV] == NULL &&
         isatty(STDOUT_FILENO);
}

bool output_is_screen(void) {
  const char *term = getenv("TERM");

  return isatty(STDOUT_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
}

void output_rows(const struct options *o, const struct output_column *columns,
                 size_t count, const char *const *cells, size_t rows) {
  if (output_is_table(o)) {
    put_table(columns, count, cells, rows,
              color_wanted(o->color, STDOUT_FILENO));
    return;
  }
  for (size_t r = 0; r < rows; r++)
    put_tabs(count, cells + r * count);
}
