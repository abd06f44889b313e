/* tool/command_completion.c - tally completion: a script for each shell, made
 * from the tables of options and commands. */
#include "tool/command.h"

#include "tool/commands.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- The tables, as shells want them ------------------------------------ */

/* What nobody means to type is not offered: save, insert. */
static bool is_offered(const struct command *c) {
  return c->summary != NULL || strcmp(c->name, "help") == 0;
}

static const char *summary_of(const struct command *c) {
  return c->summary != NULL ? c->summary : "explain a command";
}

static bool takes_file(const struct option_row *row) {
  return row->argument != NULL && strcmp(row->argument, "FILE") == 0;
}

static void put_commands(void) {
  const char *before = "";

  for (size_t i = 0; i < commands_count(); i++)
    if (is_offered(commands_at(i))) {
      printf("%s%s", before, commands_at(i)->name);
      before = " ";
    }
}

/* The words that "[COMMAND | options | secure]" stands for, with blanks
 * between; false: there is no choice of words. */
static bool put_choice(const struct command *c) {
  const char *before = "";

  if (strchr(c->arguments, '|') == NULL)
    return false;
  for (const char *s = c->arguments; *s != '\0';) {
    size_t len = strcspn(s, " []|");

    if (len > 0) {
      fputs(before, stdout);
      before = " ";
      if (isupper((unsigned char)*s))
        put_commands();
      else
        printf("%.*s", (int)len, s);
    }
    s += len + (s[len] != '\0');
  }
  return true;
}

/* Calls for each option that belongs to all commands, or to one. */
static void each_option(const char *command,
                        void (*put)(enum option_id id, const char *command)) {
  for (int i = 0; i < OPTION_COUNT; i++) {
    const struct option_row *row = option_row((enum option_id)i);

    if (command == NULL ? row->commands == NULL : option_is_of(row, command))
      put((enum option_id)i, command);
  }
}

/* In single quotes, of which the shell has another way inside; `special` are to
 * have a backslash before them. */
static void put_quoted(const char *text, const char *quote,
                       const char *special) {
  for (; *text != '\0'; text++) {
    if (strchr(special, *text) != NULL)
      putchar('\\');
    if (*text == '\'')
      fputs(quote, stdout);
    else
      putchar(*text == '\n' ? ' ' : *text); /* a help text's second line */
  }
}

/* ---- bash --------------------------------------------------------------- */

static void put_bash_name(enum option_id id, const char *command) {
  (void)command;
  printf(" --%s", option_row(id)->name);
}

/* "--url|--hosts": those whose value is another word. */
static void put_bash_with_values(void) {
  const char *before = "";

  for (int i = 0; i < OPTION_COUNT; i++)
    if (option_row((enum option_id)i)->argument != NULL) {
      printf("%s--%s", before, option_row((enum option_id)i)->name);
      before = "|";
    }
}

static void put_bash_values(void) {
  for (int i = 0; i < OPTION_COUNT; i++) {
    const struct option_row *row = option_row((enum option_id)i);
    const char *values = option_choices((enum option_id)i);

    if (values != NULL)
      printf("  --%s) words='%s' ;;\n", row->name, values);
    else if (takes_file(row))
      printf("  --%s)\n"
             "    local IFS=$'\\n'\n"
             "    compopt -o filenames 2>/dev/null\n"
             "    COMPREPLY=($(compgen -f -- \"$current\"))\n"
             "    return\n"
             "    ;;\n",
             row->name);
    else if (row->argument != NULL)
      printf("  --%s) return ;;\n", row->name);
  }
}

static void put_bash_commands(void) {
  for (size_t i = 0; i < commands_count(); i++) {
    const struct command *c = commands_at(i);

    if (!is_offered(c))
      continue;
    printf("  %s)\n    options+='", c->name);
    each_option(c->name, put_bash_name);
    fputs("'\n    words='", stdout);
    put_choice(c);
    fputs("'\n    ;;\n", stdout);
  }
}

static void put_bash(void) {
  fputs("_tally() {\n"
        "  local current=${COMP_WORDS[COMP_CWORD]} option= command= word i\n"
        "  local words= options='-h",
        stdout);
  each_option(NULL, put_bash_name);
  fputs("'\n\n"
        "  COMPREPLY=()\n"
        "  # Of --name=value bash makes three words.\n"
        "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "    word=${COMP_WORDS[i]}\n"
        "    if [[ $word == = ]]; then\n"
        "      continue\n"
        "    elif [[ -n $option ]]; then\n"
        "      option=\n"
        "      continue\n"
        "    fi\n"
        "    case $word in\n"
        "    ",
        stdout);
  put_bash_with_values();
  fputs(") option=$word ;;\n"
        "    -*) ;;\n"
        "    *) command=${command:-$word} ;;\n"
        "    esac\n"
        "  done\n"
        "  [[ $current != = ]] || current=\n"
        "  case $command in\n"
        "  '') words='",
        stdout);
  put_commands();
  fputs("' ;;\n", stdout);
  put_bash_commands();
  fputs("  esac\n"
        "  [[ $current != -* ]] || words=$options\n"
        "  case $option in\n",
        stdout);
  put_bash_values();
  fputs("  esac\n"
        "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
        "}\n"
        "complete -F _tally tally\n",
        stdout);
}

/* ---- zsh ---------------------------------------------------------------- */

static void put_zsh_option(enum option_id id, const char *command) {
  const struct option_row *row = option_row(id);
  const char *values = option_choices(id);

  printf("%s'%s--%s%s[", command == NULL ? "    " : "        ",
         option_is_repeated(id) ? "*" : "", row->name,
         row->argument != NULL ? "=" : "");
  put_quoted(row->help, "'\\''", "[]\\:");
  putchar(']');
  if (row->argument != NULL) {
    putchar(':');
    put_quoted(row->argument, "'\\''", "[]\\:");
    if (values != NULL)
      printf(":(%s)", values);
    else
      fputs(takes_file(row) ? ":_files" : ": ", stdout);
  }
  fputs("'\n", stdout);
}

static void put_zsh_commands(void) {
  for (size_t i = 0; i < commands_count(); i++) {
    const struct command *c = commands_at(i);

    if (!is_offered(c))
      continue;
    printf("    %s)\n      own=(\n", c->name);
    each_option(c->name, put_zsh_option);
    if (strchr(c->arguments, '|') != NULL) {
      fputs("        '1: :(", stdout);
      put_choice(c);
      fputs(")'\n", stdout);
    }
    fputs("      )\n      ;;\n", stdout);
  }
}

static void put_zsh(void) {
  fputs("#compdef tally\n"
        "compdef _tally tally\n\n"
        "_tally() {\n"
        "  local curcontext=$curcontext state line\n"
        "  local -a all own commands\n"
        "  local -A opt_args\n\n"
        "  all=(\n"
        "    '-h[this text, or that of a command]'\n",
        stdout);
  each_option(NULL, put_zsh_option);
  fputs("  )\n  commands=(\n", stdout);
  for (size_t i = 0; i < commands_count(); i++)
    if (is_offered(commands_at(i))) {
      printf("    '%s:", commands_at(i)->name);
      put_quoted(summary_of(commands_at(i)), "'\\''", "\\:");
      fputs("'\n", stdout);
    }
  fputs("  )\n"
        "  _arguments -C $all '1: :->command' '*:: :->rest' && return\n"
        "  case $state in\n"
        "  command) _describe command commands ;;\n"
        "  rest)\n"
        "    case $words[1] in\n",
        stdout);
  put_zsh_commands();
  fputs("    esac\n"
        "    _arguments $all $own '*: : '\n"
        "    ;;\n"
        "  esac\n"
        "}\n\n"
        "# Read from a folder of $fpath it is to run; sourced it is not.\n"
        "if [[ $funcstack[1] == _tally ]]; then\n"
        "  _tally \"$@\"\n"
        "fi\n",
        stdout);
}

/* ---- fish --------------------------------------------------------------- */

static void put_fish_option(enum option_id id, const char *command) {
  const struct option_row *row = option_row(id);
  const char *values = option_choices(id);

  fputs("complete -c tally", stdout);
  if (command != NULL)
    printf(" -n '__tally_is %s'", command);
  printf("%s -l %s", id == OPTION_HELP ? " -s h" : "", row->name);
  if (values != NULL)
    printf(" -x -a '%s'", values);
  else if (row->argument != NULL)
    fputs(takes_file(row) ? " -r -F" : " -x", stdout);
  fputs(" -d '", stdout);
  put_quoted(row->help, "\\'", "\\");
  fputs("'\n", stdout);
}

static void put_fish_command(const struct command *c) {
  printf("complete -c tally -n __tally_is -a %s -d '", c->name);
  put_quoted(summary_of(c), "\\'", "\\");
  fputs("'\n", stdout);
  each_option(c->name, put_fish_option);
  if (strchr(c->arguments, '|') == NULL)
    return;
  printf("complete -c tally -n '__tally_is %s' -a '", c->name);
  put_choice(c);
  fputs("'\n", stdout);
}

static void put_fish(void) {
  fputs("function __tally_command\n"
        "  set -l words (commandline -opc)\n"
        "  set -e words[1]\n"
        "  while set -q words[1]\n"
        "    switch $words[1]\n"
        "      case",
        stdout);
  for (int i = 0; i < OPTION_COUNT; i++)
    if (option_row((enum option_id)i)->argument != NULL)
      put_bash_name((enum option_id)i, NULL);
  fputs(
      "\n"
      "        set -e words[1]\n"
      "      case '-*'\n"
      "      case '*'\n"
      "        echo $words[1]\n"
      "        return\n"
      "    end\n"
      "    set -e words[1]\n"
      "  end\n"
      "end\n\n"
      "# Without a word: is there no command yet?  \"$(...)\" needs fish 3.4.\n"
      "function __tally_is\n"
      "  set -l found (__tally_command)\n"
      "  test \"$found\" = \"$argv\"\n"
      "end\n\n"
      "complete -c tally -f\n",
      stdout);
  each_option(NULL, put_fish_option);
  for (size_t i = 0; i < commands_count(); i++)
    if (is_offered(commands_at(i)))
      put_fish_command(commands_at(i));
}

/* ------------------------------------------------------------------------- */

int command_completion(struct options *o) {
  static const struct {
    const char *name;
    void (*put)(void);
  } shells[] = {{"bash", put_bash}, {"zsh", put_zsh}, {"fish", put_fish}};

  for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++)
    if (o->word_count == 1 && strcmp(o->words[0], shells[i].name) == 0) {
      shells[i].put();
      return STATUS_DONE;
    }
  return report_usage("see \"tally help completion\"",
                      "completion is for bash, zsh or fish");
}
