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

/* Those of "tally help secure". */
static bool is_of_secure(enum option_id id) {
  return id >= OPTION_USER && id <= OPTION_LZ4;
}

/* An overview fits a screen. */
static bool is_of_overview(enum option_id id) {
  return id == OPTION_HOSTS || id == OPTION_KEYSPACE || id == OPTION_HELP ||
         id == OPTION_VERSION;
}

static void put_options(const char *command) {
  for (int i = 0; i < OPTION_COUNT; i++)
    if (option_is_of(option_row((enum option_id)i), command))
      put_option(stdout, (enum option_id)i);
}

static void help_options(void) {
  fputs("options of all commands, before or behind the command; also from the "
        "environment:\nTALLY_HOSTS, TALLY_KEYSPACE, ...\n\n",
        stdout);
  for (int i = 0; i < OPTION_COUNT; i++)
    if (option_row((enum option_id)i)->commands == NULL &&
        !is_of_secure((enum option_id)i))
      put_option(stdout, (enum option_id)i);
  fputs("\nTIME is 500ms, 5s or 2m.  Logins, TLS and compression: \"tally help "
        "secure\".\n",
        stdout);
}

static void help_secure(void) {
  fputs("secure: logins, TLS and compression; options of all commands, and "
        "TALLY_USER, ...\n\n",
        stdout);
  for (int i = OPTION_USER; i <= OPTION_LZ4; i++)
    put_option(stdout, (enum option_id)i);
  fputs(
      "\nA password is never taken from the command line.  With "
      "\"verify-full\" a server has\nto show a certificate that is trusted, "
      "and valid for the name in --hosts; hosts\nthat it tells of, for their "
      "addresses, or all of them for --tls-name.  Of a key that\nis encrypted "
      "the tool needs one that is not: openssl pkey -in KEY -out PLAIN\n",
      stdout);
}

void help_overview(FILE *to) {
  fputs("usage: tally [OPTION ...] COMMAND ...\n\n", to);
  for (size_t i = 0; i < commands_count(); i++)
    if (commands_at(i)->summary != NULL)
      fprintf(to, "  %-*s%s\n", WIDTH, commands_at(i)->name,
              commands_at(i)->summary);
  fputs("\noptions, before or behind the command; also from the environment: "
        "TALLY_HOSTS, ...\n",
        to);
  for (int i = 0; i < OPTION_COUNT; i++)
    if (is_of_overview((enum option_id)i))
      put_option(to, (enum option_id)i);
  fputs("More: \"tally help COMMAND|options|secure|exit-status\".\n", to);
}

static void help_exit_status(void) {
  fputs("exit status\n\n"
        "  0  done and acknowledged\n"
        "  1  refused or failed, and known not to be applied; standard output "
        "could not\n"
        "     be written\n"
        "  2  usage, or a bad value or column; nothing was sent\n"
        "  3  could not connect, or log in; also an operation that found no "
        "connection\n"
        "     in time: nothing of it was sent\n"
        "  4  unknown: an increment or a change of the schema was sent, and no "
        "verdict\n"
        "     came back; it was applied once or not at all.  Wins over 1, 130, "
        "143\n"
        "  5  get: no such row\n"
        "130, 143  interrupted (SIGINT, SIGTERM), after the operation under "
        "way had\n"
        "     ended; the second signal does not wait\n",
        stdout);
}

static int help_command(const struct command *c) {
  printf("usage: tally %s%s%s", c->name, c->arguments[0] != '\0' ? " " : "",
         c->arguments);
  for (int i = 0; i < OPTION_COUNT; i++) {
    const struct option_row *row = option_row((enum option_id)i);

    if (option_is_of(row, c->name))
      printf(" [--%s%s%s]", row->name, row->argument != NULL ? " " : "",
             row->argument != NULL ? row->argument : "");
  }
  printf("\n\n");
  put_options(c->name);
  for (int i = 0; i < OPTION_COUNT; i++)
    if (option_is_of(option_row((enum option_id)i), c->name)) {
      putchar('\n');
      break;
    }
  fputs(c->help, stdout);
  return STATUS_DONE;
}

int help_about(const char *name) {
  const struct command *c;

  if (strcmp(name, "exit-status") == 0) {
    help_exit_status();
    return STATUS_DONE;
  }
  if (strcmp(name, "options") == 0) {
    help_options();
    return STATUS_DONE;
  }
  if (strcmp(name, "secure") == 0) {
    help_secure();
    return STATUS_DONE;
  }
  c = commands_find(name);
  return c == NULL ? STATUS_USAGE : help_command(c);
}
