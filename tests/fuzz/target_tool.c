/* tests/fuzz/target_tool.c - what is typed at the tool: whole command lines,
 * carried out against a server that is well (session/world.h); and values,
 * URLs, and names that are nearly right.
 *
 * Input: texts that end with a NUL: the words of a command line; behind --stdin
 * the last one is standard input. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <tally.h>
#include <time.h>
#include <unistd.h>

#include "tests/fuzz/session/world.h"
#include "tool/reach.h"
#include "tool/text.h"

/* main() of tool/main.c */
int tool_main(int argc, char **argv);

enum { WORDS = 40 };

/* What the tool reports goes nowhere; fuzzers write to the descriptor. */
static void be_quiet(void) {
  static FILE *nowhere, *input;

  if (nowhere != NULL)
    return;
  nowhere = fopen("/dev/null", "w");
  input = tmpfile();
  FUZZ_CHECK(nowhere != NULL && input != NULL &&
             dup2(fileno(input), STDIN_FILENO) == STDIN_FILENO);
  stdout = stderr = nowhere;
  /* Nor do the files of whoever runs it have a say. */
  FUZZ_CHECK(setenv("HOME", "/dev/null", 1) == 0 &&
             unsetenv("XDG_CONFIG_HOME") == 0);
}

/* ---- Numbers and text --------------------------------------------------- */

/* Digit by digit, in a type with room. */
static enum number plain_number(const char *s, int64_t *out) {
  bool minus = *s == '-';
  __extension__ typedef __int128 wide;
  wide n = 0;

  s += *s == '-' || *s == '+';
  if (*s == '\0')
    return NUMBER_BAD;
  for (; *s != '\0'; s++) {
    if (*s < '0' || *s > '9')
      return NUMBER_BAD;
    if (n < (wide)1 << 100)
      n = n * 10 + (*s - '0');
  }
  n = minus ? -n : n;
  if (n != (int64_t)n)
    return NUMBER_RANGE;
  *out = (int64_t)n;
  return NUMBER_OK;
}

static void try_value(const char *word) {
  int64_t a = 0, b = 0;
  char again[32];

  FUZZ_CHECK(text_int64(word, &a) == plain_number(word, &b) && a == b);
  snprintf(again, sizeof again, "%lld", (long long)a);
  FUZZ_CHECK(text_int64(again, &b) == NUMBER_OK && a == b);
  if (text_is_utf8(word))
    for (const char *s = word; *s != '\0';) {
      uint32_t point;
      size_t n = text_utf8(s, &point);

      FUZZ_CHECK(n > 0 && n <= 4 && n <= strlen(s));
      s += n;
    }
}

/* Read, or refused with a sentence; nothing is left behind in either case. */
static void try_url(const char *word) {
  tally_options o;
  tally_error e;
  int rc;

  tally_options_init(&o);
  rc = tally_options_url(&o, word, &e);
  FUZZ_CHECK(rc == 0 ||
             (rc == TALLY_EINVAL && e.message[0] != '\0' && o.texts == NULL));
  FUZZ_CHECK((rc == 0) <= (o.hosts[0] != '\0' && o.password == NULL));
  tally_options_free(&o);
}

/* ---- What is of the world's ---------------------------------------------- */

size_t reach_find(const char *name, char (*addresses)[REACH_ADDRESS],
                  size_t max, char *why, size_t why_size) {
  bool known = max > 0 && strlen(name) % 4 != 3;

  if (known)
    snprintf(addresses[0], REACH_ADDRESS, "%s", name);
  else
    snprintf(why, why_size, "unknown host name");
  return known;
}

int reach_connect(const char *address, uint16_t port, uint32_t timeout_ms) {
  (void)timeout_ms;
  return address[0] == '1' && port == 1;
}

/* Whoever has to wait presses Ctrl-C. */
int tool_pselect(int count, fd_set *in, fd_set *out, fd_set *other,
                 const struct timespec *time, const sigset_t *mask);

int tool_pselect(int count, fd_set *in, fd_set *out, fd_set *other,
                 const struct timespec *time, const sigset_t *mask) {
  (void)count;
  (void)in;
  (void)out;
  (void)other;
  (void)time;
  (void)mask;
  return raise(SIGINT);
}

/* ---- A command line ----------------------------------------------------- */

static void give_input(const char *text) {
  size_t len = strlen(text);

  FUZZ_CHECK(ftruncate(STDIN_FILENO, 0) == 0 &&
             lseek(STDIN_FILENO, 0, SEEK_SET) == 0 &&
             pwrite(STDIN_FILENO, text, len, 0) == (ssize_t)len);
}

/* getopt() remembers where it is in a word. */
static void forget_words(char **argv) {
  optind = 0;
  getopt_long(1, argv, "-:h", NULL, NULL);
  optind = 1;
}

/* Statuses as "tally help exit-status" has them. */
static void try_words(int argc, char **argv) {
  int status;

  forget_words(argv);
  world_begin(NULL, 0);
  status = tool_main(argc, argv);
  FUZZ_CHECK((status >= 0 && status <= 5) || status == 128 + SIGINT);
  world_end();
}

void fuzz_one(const uint8_t *data, size_t size) {
  struct fuzz_input in = {data, size};
  char program[] = "tally", *argv[WORDS + 2] = {program};
  char *texts[WORDS];
  int argc = 1, count;

  be_quiet();
  while (in.left > 0 && argc <= WORDS) {
    argv[argc] = texts[argc - 1] = fuzz_text(&in);
    try_url(argv[argc]);
    try_value(argv[argc++]);
  }
  count = argc - 1;
  if (count > 0)
    tally_nearest(texts[0], (const char *const *)texts, (size_t)count);
  for (int i = 0; i + 1 < count; i++)
    if (strcmp(texts[i], "--stdin") == 0) {
      argc = count;
      give_input(texts[count - 1]);
    }
  argv[argc] = NULL;
  try_words(argc, argv);
  for (int i = 0; i < count; i++)
    free(texts[i]); /* argv may have been put in another order */
}
