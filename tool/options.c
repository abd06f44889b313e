/* tool/options.c - reading the words and the environment, and making the
 * session's options of them.  An option beats its variable, which beats the
 * URL, which beats the default. */
#include "tool/options.h"

#include "tool/text.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Reading ------------------------------------------------------------ */

/* One letter is too little to guess from. */
static int nearest_option(const char *word, const char *bare) {
  const char *names[OPTION_COUNT];

  if (strcmp(word, "-y") == 0)
    return OPTION_YES;
  if (strcmp(word, "-V") == 0)
    return OPTION_VERSION;
  for (int i = 0; i < OPTION_COUNT; i++)
    names[i] = option_row((enum option_id)i)->name;
  return bare[0] == '\0' || bare[1] == '\0'
             ? -1
             : tally_nearest(bare, names, OPTION_COUNT);
}

static int refuse_unknown(const char *word) {
  const char *name = word + strspn(word, "-");
  char bare[64], hint[128];
  int nearest;

  snprintf(bare, sizeof bare, "%.*s", (int)strcspn(name, "="), name);
  if (strcmp(bare, "password") == 0)
    return report_usage("set TALLY_PASSWORD, or give --password-file",
                        "a password is not taken from the command line, where "
                        "all users of the machine see it");
  nearest = nearest_option(word, bare);
  snprintf(hint, sizeof hint, "did you mean --%s?",
           nearest < 0 ? "" : option_row((enum option_id)nearest)->name);
  return report_usage(
      nearest < 0 ? "see \"tally help options\" for the options there are"
                  : hint,
      "unknown option %.*s", (int)strcspn(word, "="), word);
}

static void read_environment(struct options *o) {
  for (int i = 0; i < OPTION_COUNT; i++) {
    char name[64];
    const char *value;

    if (!option_variable((enum option_id)i, name, sizeof name))
      continue;
    value = getenv(name);
    if (value == NULL || value[0] == '\0')
      continue;
    o->value[i] = value;
    o->from_environment[i] = true;
  }
}

static void add_word(struct options *o, const char *word) {
  if (o->command == NULL)
    o->command = word;
  else
    o->words[o->word_count++] = word;
}

/* getopt_long() takes the start of a name for the name; such a script breaks
 * when a later version adds an option. */
static bool is_whole_name(const char *word, int id) {
  size_t len = strlen(option_row((enum option_id)id)->name);

  return strncmp(word, "--", 2) == 0 &&
         strncmp(word + 2, option_row((enum option_id)id)->name, len) == 0 &&
         (word[2 + len] == '\0' || word[2 + len] == '=');
}

static int read_one(struct options *o, int found, int index, const char *word) {
  switch (found) {
  case 1: /* no option */
    add_word(o, optarg);
    return STATUS_DONE;
  case 'h':
    o->value[OPTION_HELP] = "";
    return STATUS_DONE;
  case 0:
    if (!is_whole_name(word, index))
      return refuse_unknown(word);
    o->value[index] = optarg == NULL ? "" : optarg;
    if (index == OPTION_IN)
      o->in.values[o->in.count++] = optarg;
    if (index == OPTION_WITH)
      o->with.values[o->with.count++] = optarg;
    o->from_environment[index] = false;
    return STATUS_DONE;
  case ':':
    for (int i = 0; i < OPTION_COUNT; i++)
      if (option_row((enum option_id)i)->argument != NULL &&
          is_whole_name(word, i))
        return report_usage(NULL, "option %s needs a value", word);
    return refuse_unknown(word);
  default:
    for (int i = 0; i < OPTION_COUNT; i++)
      if (option_row((enum option_id)i)->argument == NULL &&
          is_whole_name(word, i))
        return report_usage(NULL, "option --%s takes no value",
                            option_row((enum option_id)i)->name);
    return refuse_unknown(word);
  }
}

int options_read(struct options *o, int argc, char **argv) {
  struct option longs[OPTION_COUNT + 1] = {{0}};
  int index = 0, status = STATUS_DONE;

  memset(o, 0, sizeof *o);
  tally_options_init(&o->session);
  o->words = calloc((size_t)argc + 1, sizeof *o->words);
  o->in.values = calloc((size_t)argc + 1, sizeof *o->in.values);
  o->with.values = calloc((size_t)argc + 1, sizeof *o->with.values);
  if (o->words == NULL || o->in.values == NULL || o->with.values == NULL)
    return report_no_memory();
  for (int i = 0; i < OPTION_COUNT; i++) {
    longs[i].name = option_row((enum option_id)i)->name;
    longs[i].has_arg = option_row((enum option_id)i)->argument == NULL
                           ? no_argument
                           : required_argument;
  }
  read_environment(o);
  opterr = 0;
  while (status == STATUS_DONE && optind < argc) {
    const char *word = argv[optind];
    /* "-": words and options in any order, whatever POSIXLY_CORRECT says. */
    int found = getopt_long(argc, argv, "-:h", longs, &index);

    if (found == -1)
      break;
    status = read_one(o, found, index, word);
  }
  for (; status == STATUS_DONE && optind < argc; optind++) /* behind "--" */
    add_word(o, argv[optind]);
  return status;
}

void options_free(struct options *o) {
  tally_options_free(&o->session);
  password_forget(&o->login);
  free(o->words);
  free(o->in.values);
  free(o->with.values);
}

/* ---- Applying ----------------------------------------------------------- */

static int bad_value(const struct options *o, int id, const char *detail,
                     const char *hint) {
  char what[128], variable[64];

  if (o->from_environment[id] &&
      option_variable((enum option_id)id, variable, sizeof variable))
    snprintf(what, sizeof what, "bad value in the environment: %s", variable);
  else
    snprintf(what, sizeof what, "bad value for --%s",
             option_row((enum option_id)id)->name);
  report(what, detail, NULL, hint);
  return STATUS_USAGE;
}

/* "option local_dc: ...", and "option local_dc" alone. */
static bool is_about(const char *text, const char *name) {
  const char *s = strncmp(text, "option ", 7) == 0 ? text + 7 : "";
  size_t i = 0;

  while (name[i] != '\0' && name[i] != '=' && s[i] == name[i])
    i++;
  return (name[i] == '\0' || name[i] == '=') && !isalnum((unsigned char)s[i]) &&
         s[i] != '_';
}

int options_refused(const struct options *o, const tally_error *e) {
  /* What only a server could tell stands behind who told it. */
  const char *told = strstr(e->detail, ": option ");
  const char *detail = told != NULL ? told + 2 : e->message;

  for (int i = 0; i < OPTION_COUNT; i++) {
    const char *setting = option_row((enum option_id)i)->setting;

    if (o->value[i] != NULL && setting != NULL && is_about(detail, setting))
      return bad_value(o, i, detail, e->hint);
  }
  if (o->value[OPTION_URL] != NULL && strncmp(detail, "option ", 7) == 0)
    return bad_value(o, OPTION_URL, detail, e->hint);
  report(e->message, e->detail, NULL, e->hint);
  return STATUS_USAGE;
}

static int refused(const struct options *o, int id, const tally_error *e) {
  return e->code == TALLY_ENOMEM ? report_no_memory()
                                 : bad_value(o, id, e->message, e->hint);
}

/* A flag's setting has its value with it. */
static int set(struct options *o, int id, const char *setting) {
  size_t size = strlen(setting) + strlen(o->value[id]) + 2;
  bool flag = option_row((enum option_id)id)->argument == NULL;
  char *text = malloc(size);
  tally_error error;
  int rc;

  if (text == NULL)
    return report_no_memory();
  snprintf(text, size, "%s%s%s", setting, flag ? "" : "=", o->value[id]);
  rc = tally_options_set(&o->session, text, &error);
  free(text);
  return rc == 0 ? STATUS_DONE : refused(o, id, &error);
}

static int apply_url(struct options *o) {
  tally_error error;

  if (tally_options_url(&o->session, o->value[OPTION_URL], &error) != 0)
    return refused(o, OPTION_URL, &error);
  return STATUS_DONE;
}

int options_time(const struct options *o, enum option_id id, uint32_t *ms) {
  tally_options scratch;
  char text[64];
  const char *value = o->value[id];

  /* The library's way to write times is the only one. */
  tally_options_init(&scratch);
  snprintf(text, sizeof text, "connect_timeout=%s", value);
  if (strlen(value) > 32 || tally_options_set(&scratch, text, NULL) != 0) {
    char detail[128];

    snprintf(detail, sizeof detail,
             "\"%.40s\" is not a time up to a day (500ms, 5s, 2m)", value);
    return bad_value(o, id, detail, NULL);
  }
  *ms = scratch.connect_timeout_ms;
  return STATUS_DONE;
}

int options_count(const struct options *o, enum option_id id, int32_t *n) {
  int64_t number = 0;

  if (text_int64(o->value[id], &number) != NUMBER_OK || number < 1 ||
      number > INT32_MAX)
    return report_usage(NULL,
                        "bad value for --%s: \"%.100s\" is no number from 1 to "
                        "%d",
                        option_row(id)->name, o->value[id], INT32_MAX);
  *n = (int32_t)number;
  return STATUS_DONE;
}

static int apply_color(struct options *o) {
  static const char *const names[] = {[COLOR_AUTO] = "auto",
                                      [COLOR_ALWAYS] = "always",
                                      [COLOR_NEVER] = "never"};
  char detail[128];

  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (strcmp(o->value[OPTION_COLOR], names[i]) == 0) {
      o->color = (enum color)i;
      report_color(o->color);
      return STATUS_DONE;
    }
  snprintf(detail, sizeof detail, "\"%.40s\" is none of auto, always, never",
           o->value[OPTION_COLOR]);
  return bad_value(o, OPTION_COLOR, detail, NULL);
}

/* "no" beats what the URL may say, as any variable does. */
static int apply_flag(struct options *o, int id) {
  char detail[128];

  if (strcmp(o->value[id], "yes") == 0) {
    o->value[id] = "";
    return STATUS_DONE;
  }
  if (strcmp(o->value[id], "no") != 0) {
    snprintf(detail, sizeof detail, "\"%.40s\" is neither yes nor no",
             o->value[id]);
    return bad_value(o, id, detail, NULL);
  }
  o->value[id] = NULL;
  if (id == OPTION_LZ4)
    tally_options_set(&o->session, "compression=none", NULL);
  return STATUS_DONE;
}

static int apply_one(struct options *o, int id) {
  const struct option_row *row = option_row((enum option_id)id);

  if (row->argument == NULL && o->from_environment[id]) {
    int status = apply_flag(o, id);

    if (status != STATUS_DONE || o->value[id] == NULL)
      return status;
  }
  if (row->commands != NULL && !option_is_of(row, o->command))
    return report_usage(NULL, "%s takes no --%s; it belongs to %s", o->command,
                        row->name, row->commands);
  if (row->setting != NULL)
    return set(o, id, row->setting);
  if (id == OPTION_URL)
    return apply_url(o);
  if (id == OPTION_WAIT)
    return options_time(o, OPTION_WAIT, &o->wait_ms);
  return STATUS_DONE;
}

/* A password is nowhere else: not on the command line, not among the values. */
static int apply_password(struct options *o) {
  const char *password = getenv("TALLY_PASSWORD");
  const char *user = o->session.user;
  bool named = user != NULL && user[0] != '\0';
  int status;

  if (named && password != NULL && password[0] != '\0') {
    o->session.password = password;
    return STATUS_DONE;
  }
  status =
      password_find(&o->session, o->value[OPTION_PASSWORD_FILE], &o->login);
  if (status != STATUS_DONE)
    return status;
  if (o->login.user[0] != '\0') {
    o->session.user = o->login.user;
    o->session.password = o->login.password;
  } else if (named) {
    return report_usage("set TALLY_PASSWORD, or write it to a password file: "
                        "see \"tally help secure\"",
                        "no password for the user \"%s\"", user);
  }
  return STATUS_DONE;
}

int options_apply(struct options *o) {
  int status = STATUS_DONE;

  /* First, because it is about how errors look. */
  if (o->value[OPTION_COLOR] != NULL)
    status = apply_color(o);
  /* The URL is the first of them: all others beat it. */
  for (int i = 0; i < OPTION_COUNT && status == STATUS_DONE; i++)
    if (o->value[i] != NULL)
      status = apply_one(o, i);
  if (status == STATUS_DONE)
    status = apply_password(o);
  /* Who says how long an answer may take means every answer. */
  if (status == STATUS_DONE && o->value[OPTION_TIMEOUT] != NULL)
    status = set(o, OPTION_TIMEOUT, "schema_timeout");
  o->session.io_threads = 0;
  return status;
}
