/* tool/help.c - --help, made from the tables of options and commands. */
#include "tool/help.h"

#include "tool/commands.h"
#include "tool/options.h"

#include <string.h>

enum { WIDTH = 26 };

/* "  --port N              help", further lines of it indented alike. */
static void put_option(FILE *to, enum option_id id) {
  const struct option_row *row = option_row(id);
  const char *s = row->help;
  char left[64];

  snprintf(left, sizeof left, "%s--%s%s%s", id == OPTION_HELP ? "-h, " : "",
           row->name, row->argument != NULL ? " " : "",
           row->argument != NULL ? row->argument : "");
  if (strlen(left) < WIDTH)
    fprintf(to, "  %-*s", WIDTH, left);
  else
    fprintf(to, "  %s\n  %-*s", left, WIDTH, "");
  for (; *s != '\0'; s++) {
    putc(*s, to);
    if (*s == '\n')
      fprintf(to, "  %-*s", WIDTH, "");
  }
  putc('\n', to);
}

static void put_range(FILE *to, enum option_id first, enum option_id last) {
  for (int i = first; i <= (int)last; i++)
    put_option(to, (enum option_id)i);
}

static void help_secure(void) {
  fputs("secure: logins, TLS and compression; options of all commands, also "
        "from the\nenvironment: TALLY_USER, ..., TALLY_LZ4=yes\n\n",
        stdout);
  put_range(stdout, OPTION_USER, OPTION_LZ4);
  fputs(
      "\nA password is never taken from the command line: it is in "
      "TALLY_PASSWORD, in FILE,\nin $XDG_CONFIG_HOME/tally/passwords "
      "(~/.config/...), or in cqlsh's\n~/.cassandra/credentials; the first of "
      "these that knows the user.  A file has to be\nthe user's alone (chmod "
      "600).  FILE has lines of\n\n"
      "  host:port:keyspace:user:password\n\n"
      "of which the first that fits is taken: host and port as in --hosts, * "
      "is anything,\n\\: is a colon and \\\\ a backslash, # begins a comment.  "
      "Without --user the line says\nwho it is.\n\n"
      "With \"verify-full\" a server has to show a certificate that is "
      "trusted, and valid for\nthe name in --hosts; hosts that it tells of, "
      "for their addresses, or all of them for\n--tls-name.  Of a key that is "
      "encrypted the tool needs one that is not: openssl pkey\n-in KEY -out "
      "PLAIN\n",
      stdout);
}

static void help_options(void) {
  fputs("options, before or behind the command; each but -h and --version also "
        "from the\nenvironment: TALLY_URL, TALLY_HOSTS, TALLY_LOCAL_DC, ..., "
        "TALLY_VERBOSE=yes\n\n",
        stdout);
  put_range(stdout, OPTION_URL, OPTION_VERSION);
  fputs("\nTIME is 500ms, 5s or 2m.  An option beats its variable, which beats "
        "--url, which\nbeats TALLY_URL, which beats the default.\n\n"
        "A URL has the names of docs/options.md, where \"consistency\" is of "
        "increments alone\nand \"read_consistency\" of reads:\n\n"
        "  cassandra://[user@]host[:port][,...]/keyspace?local_dc=dc1&tls="
        "verify-full&timeout=5s\n\n"
        "scylla:// is the same; %40 stands for \"@\".  It takes no password.  "
        "See also\n\"tally help secure\", and \"tally help COMMAND\" for the "
        "options of each.\n",
        stdout);
}

void help_overview(FILE *to) {
  fputs("usage: tally [OPTION ...] COMMAND ...\n\n", to);
  for (size_t i = 0; i < commands_count(); i++)
    if (commands_at(i)->summary != NULL)
      fprintf(to, "  %-*s%s\n", WIDTH, commands_at(i)->name,
              commands_at(i)->summary);
  fputs("\noptions, before or behind the command; also from the environment: "
        "TALLY_URL, ...\n",
        to);
  put_range(to, OPTION_URL, OPTION_HELP);
  fputs("More: \"tally help COMMAND|options|secure|exit-status\".\n", to);
}

static void help_exit_status(void) {
  fputs("exit status\n\n"
        "  0  done and acknowledged\n"
        "  1  refused or failed, and known not to be applied; standard output "
        "could not\n"
        "     be written\n"
        "  2  usage, or a bad value or column; nothing was sent; --stdin: the "
        "lines before\n"
        "     were, and standard error says what became of them\n"
        "  3  could not connect, or log in; also an operation that found no "
        "connection\n"
        "     in time: nothing of it was sent\n"
        "  4  unknown: it was sent, and no verdict came back.  An increment "
        "counted once or\n"
        "     not at all; delete, truncate, drop, sync, create-keyspace: done "
        "or not.  Wins\n"
        "     over 1, 2, 130, 143\n"
        "  5  get: no such row\n"
        "130, 143  interrupted (SIGINT, SIGTERM), after the operation under "
        "way had\n"
        "     ended; the second signal does not wait, but with --stdin the "
        "account is given\n",
        stdout);
}

/* "[--json] [--limit N]", and a line for each below. */
static void put_own_options(const struct command *c) {
  bool any = false;

  for (int i = 0; i < OPTION_COUNT; i++) {
    const struct option_row *row = option_row((enum option_id)i);

    if (option_is_of(row, c->name))
      printf(" [--%s%s%s]", row->name, row->argument != NULL ? " " : "",
             row->argument != NULL ? row->argument : "");
  }
  printf("\n\n");
  for (int i = 0; i < OPTION_COUNT; i++)
    if (option_is_of(option_row((enum option_id)i), c->name)) {
      put_option(stdout, (enum option_id)i);
      any = true;
    }
  if (any)
    putchar('\n');
}

static int help_command(const struct command *c) {
  printf("usage: tally %s%s%s", c->name, c->arguments[0] != '\0' ? " " : "",
         c->arguments);
  put_own_options(c);
  fputs(c->help, stdout);
  return STATUS_DONE;
}

int help_about(const char *name) {
  static const struct {
    const char *name;
    void (*print)(void);
  } topics[] = {{"options", help_options},
                {"secure", help_secure},
                {"exit-status", help_exit_status}};
  const struct command *c;

  for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++)
    if (strcmp(name, topics[i].name) == 0) {
      topics[i].print();
      return STATUS_DONE;
    }
  c = commands_find(name);
  return c == NULL ? STATUS_USAGE : help_command(c);
}
