/* tool/commands.c - every command, with its help. */
#include "tool/commands.h"

#include "tool/text.h"

#include <stdio.h>
#include <string.h>

static const struct command commands[] = {
    {"create-keyspace", "NAME", "create a keyspace, unless it exists",
     "Without options: SimpleStrategy with one replica, for a single test "
     "host.  Cassandra\n"
     "refuses --no-tablets: it has none.\n\n"
     "  tally create-keyspace my_ks\n"
     "  tally create-keyspace web --replication dc1:3,dc2:3\n"
     "  tally create-keyspace web --replication dc1:3 --no-tablets\n",
     command_create_keyspace, true},
    {"sync", "TABLE COLUMN ...", "make a counter table, or add counters to it",
     "A COLUMN is one of\n\n"
     "  NAME:TYPE:partition               at least one\n"
     "  NAME:TYPE:clustering[:asc|:desc]\n"
     "  NAME:counter[:static]             at least one\n\n"
     "where TYPE is ascii, bigint, blob, boolean, date, decimal, double, "
     "float, "
     "inet, int,\n"
     "smallint, text, time, timestamp, timeuuid, tinyint, uuid or varint.  "
     "Names "
     "of\n"
     "columns are taken exactly as written.\n"
     "NAME=VALUE is as behind WITH in CQL, without quotes around texts.\n"
     "Each statement is printed to standard error before it runs.  To a table "
     "that is\n"
     "there already counters are added, and options changed; what ALTER cannot "
     "do is refused,\n"
     "and nothing is dropped.\n\n"
     "  tally sync page_hits url:text:partition views:counter "
     "unique_visitors:counter\n"
     "  tally sync page_hits url:text:partition views:counter "
     "--with gc_grace_seconds=3600 \\\n"
     "      --with \"compaction={'class': 'LeveledCompactionStrategy'}\"\n",
     command_sync, true},
    {"increment", "TABLE key=value ... counter=delta ...",
     "add to counters of one row",
     "Prints nothing when the increment was acknowledged; otherwise the exit "
     "status\n"
     "and the error say whether it was applied.  A row that does not exist "
     "springs into\n"
     "being.  Static counters alone need no clustering key.\n\n"
     "  tally increment page_hits url=/home views=2 unique_visitors=1\n\n"
     "  tally increment TABLE --stdin [COLUMN ...]\n\n"
     "counts lines of standard input.  A line has a value for each COLUMN, in "
     "that order,\n"
     "with a TAB between; without COLUMN for each key column in the server's "
     "order, then\n"
     "for the table's only counter.  Values are as above, but TAB, newline, "
     "carriage return,\n"
     "NUL and backslash in text are \\t, \\n, \\r, \\0 and \\\\, as get and "
     "find write them.\n"
     "Many lines are under way at once, in no order.  One that fails is told "
     "with its\n"
     "number, and the next ones go on; one that cannot be read ends it, with "
     "status 2.  In\n"
     "the end standard error says how many were applied, not applied and "
     "unknown; a signal\n"
     "ends the reading, and waits for what is under way; a second one waits "
     "for "
     "nothing.  Lines\n"
     "whose deltas are 0 are only counted.  One CR at the end of a line is not "
     "of it.\n\n"
     "  printf '/home\\t2\\n/about\\t1\\n' | tally increment page_hits "
     "--stdin url views\n",
     command_increment, true},
    {"decrement", "TABLE key=value ... counter=delta ...",
     "subtract from counters of one row",
     "As increment, with every delta negated; also with --stdin.\n\n"
     "  tally decrement page_hits url=/home views=1\n",
     command_decrement, true},
    {"get", "TABLE key=value ...", "read one row",
     "On a terminal a table with a header.  Elsewhere one line of values with "
     "a TAB\n"
     "between them: partition key, clustering key, static counters, counters, "
     "the last\n"
     "two by name; TAB, newline, carriage return, NUL and backslash in text "
     "are written\n"
     "\\t, \\n, \\r, \\0 and \\\\.  A counter never touched is 0.  No such "
     "row: "
     "status 5.\n"
     "The whole key is wanted: static counters of a partition are seen with "
     "find.\n\n"
     "  tally get page_hits url=/home --json\n",
     command_get, false},
    {"find", "TABLE ['COLUMN>=VALUE' ...]", "read many rows",
     "Rows for which all conditions hold: = < <= > >=, without blanks, and "
     "--in.  CQL wants\n"
     "the whole partition key by = or --in, then the clustering key from its "
     "first column\n"
     "on; without any condition every row of the table is read.  --top reads "
     "all rows that\n"
     "are found and keeps the best; it takes no --limit.  A value that begins "
     "with =, < or >\n"
     "goes by --in.  Output as of get; --json is one object a line.\n\n"
     "  tally find hits site=a day=2026-11-01 --order-by -path --limit 2 "
     "--json\n"
     "  tally find hits site=a 'day>=2026-11-01' --allow-filtering\n"
     "  tally find page_hits --top 3 --by views\n",
     command_find, false},
    {"watch", "TABLE key=value ...", "show one row again and again",
     "Its counters, and how much a second was added to each since the look "
     "before.  A\n"
     "terminal is drawn anew each time; elsewhere each look is a line with a "
     "TAB between\n"
     "time (UTC), total and rate of the first counter, of the second, ..., "
     "without rates\n"
     "at first.  A row that is not there has zeros.  While no host answers it "
     "goes on; what\n"
     "does not get better ends it, with its status.  Ctrl-C is how it ends "
     "otherwise, with\n"
     "status 130 (143 for SIGTERM), or --rounds, with the status of the last "
     "look.\n\n"
     "  tally watch page_hits url=/home\n"
     "  tally watch page_hits url=/home --interval 10s --rounds 6 --json\n",
     command_watch, false},
    {"delete", "TABLE key=value ...", "delete one row",
     "Asks on a terminal, and wants --yes elsewhere.  A deleted counter is not "
     "one that\n"
     "was never there: what is counted on it later may go on from the old sum, "
     "or be\n"
     "lost.  To begin anew, count under another key.\n\n"
     "  tally delete page_hits url=/home --yes\n",
     command_delete, true},
    {"truncate", "TABLE", "delete all rows of a table",
     "Asks on a terminal, and wants --yes elsewhere.  All hosts have to be "
     "up.  What is\n"
     "counted from then on begins at 0; increments under way may stay or "
     "go.\n\n"
     "  tally truncate page_hits --yes\n",
     command_truncate, true},
    {"drop", "TABLE", "drop a table",
     "Asks on a terminal, and wants --yes elsewhere.  Increments fail until "
     "\"tally sync\"\n"
     "makes the table again, and begin at 0 then.\n\n"
     "  tally drop page_hits --yes\n",
     command_drop, true},
    {"describe", "[TABLE]", "show a table as the server has it, or list them",
     "The CREATE TABLE statement of TABLE, with all that makes the table what "
     "it is; without\n"
     "TABLE the counter tables of the keyspace, a line for each, with a TAB "
     "between its name\n"
     "and its comment.\n\n"
     "  tally describe page_hits\n"
     "  tally describe page_hits --json\n",
     command_describe, false},
    {"cluster", "", "list the hosts, and which of them are up",
     "A host is up when a connection to it could be made.  On a terminal a "
     "table.\n"
     "Elsewhere a line for each host, with a TAB between address, data center, "
     "rack,\n"
     "version, up or down, milliseconds since then, connections, requests in "
     "flight,\n"
     "tokens, share of the ring (0 to 1), and why it is down.  Status 0 also "
     "when some\n"
     "are down.\n\n"
     "  tally cluster --hosts 10.0.0.1 --json\n",
     command_cluster, false},
    {"doctor", "[TABLE]", "check step by step what counting needs",
     "A line for each step, up to the first that fails: the names of --hosts, "
     "TCP to their\n"
     "addresses, TLS, the protocol, the login, the data center and its hosts, "
     "whether the\n"
     "keyspace has enough replicas up for --consistency, and whether TABLE can "
     "be read.\n"
     "Of several contact points one is enough.  Nothing is written, and --wait "
     "is not\n"
     "heeded.  Elsewhere than on a terminal there is a TAB between step, ok or "
     "fails, and\n"
     "what was found.  Status 3 up to the login, 2 for a wrong --local-dc, 1 "
     "behind.\n\n"
     "  tally doctor page_hits --hosts 10.0.0.1\n",
     command_doctor, false},
    {"completion", "bash | zsh | fish", "print a script that completes words",
     "Of commands, options and their values, at the TAB key.  For this user:"
     "\n\n"
     "  tally completion bash > "
     "~/.local/share/bash-completion/completions/tally\n"
     "  tally completion zsh > \"${fpath[1]}/_tally\"\n"
     "  tally completion fish > ~/.config/fish/completions/tally.fish\n\n"
     "or for one shell: source <(tally completion bash)\n",
     command_completion, false},
    {"help", "[COMMAND | options | secure | exit-status]",
     NULL, /* the last line has it */
     "  tally help increment\n  tally help secure\n", NULL, false},
    {"save", "", NULL,
     "Counter tables do not support save(). Use increment() or decrement() "
     "instead.\n",
     command_save, false},
    {"insert", "", NULL,
     "Counter tables do not support insert(). Use increment() or decrement() "
     "instead.\n",
     command_insert, false},
};

enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

size_t commands_count(void) {
  return COMMAND_COUNT;
}

const struct command *commands_at(size_t index) {
  return &commands[index];
}

/* What cannot be undone is no guess: who reads it may well run it. */
static bool is_offered_for_its_start(const struct command *c) {
  return c->run != command_delete && c->run != command_truncate &&
         c->run != command_drop;
}

/* NULL: nothing that `name` could be meant for. */
static const char *nearest(const char *name) {
  const char *names[COMMAND_COUNT];
  size_t listed = 0, len = strlen(name);
  int index;

  for (size_t i = 0; i < COMMAND_COUNT; i++)
    if (commands[i].summary != NULL)
      names[listed++] = commands[i].name;
  index = text_nearest(name, names, listed);
  if (index >= 0)
    return names[index];
  for (size_t i = 0; i < COMMAND_COUNT; i++)
    if (len >= 2 && commands[i].summary != NULL &&
        strncmp(commands[i].name, name, len) == 0 &&
        is_offered_for_its_start(&commands[i]))
      return commands[i].name;
  return strcmp(name, "version") == 0 ? "--version" : NULL;
}

const struct command *commands_find(const char *name) {
  const char *near;
  char hint[128];

  for (size_t i = 0; i < COMMAND_COUNT; i++)
    if (strcmp(commands[i].name, name) == 0)
      return &commands[i];
  near = nearest(name);
  if (near != NULL)
    snprintf(hint, sizeof hint, "did you mean \"tally %s\"?", near);
  else
    snprintf(hint, sizeof hint, "the commands are listed by \"tally --help\"");
  report_usage(hint, "unknown command \"%s\"", name);
  return NULL;
}
