/* tool/options.c - one table behind the command line, the environment and
 * --help.  Option beats environment beats default. */
#include "tool/options.h"

#include "tool/text.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option_row rows[OPTION_COUNT] = {
    [OPTION_HOSTS] = {"hosts", "LIST", "host[:port],... [127.0.0.1]", "hosts",
                      NULL},
    [OPTION_PORT] = {"port", "N", "for hosts that name none [9042]", "port",
                     NULL},
    [OPTION_KEYSPACE] = {"keyspace", "NAME", "for tables that name none",
                         "keyspace", NULL},
    [OPTION_LOCAL_DC] = {"local-dc", "NAME",
                         "data center to use [that of --hosts]", "local_dc",
                         NULL},
    [OPTION_USER] = {"user", "NAME",
                     "to log in as, with the password in TALLY_PASSWORD",
                     "user", NULL},
    [OPTION_ALLOW_PLAINTEXT_PASSWORD] =
        {"allow-plaintext-password", "yes",
         "send it over any network, not\nto this machine alone [no]",
         "allow_plaintext_password", NULL},
    [OPTION_TLS] = {"tls", "MODE",
                    "off, verify-full or insecure-no-verify [off]", "tls",
                    NULL},
    [OPTION_CA] = {"ca", "FILE", "who is trusted with it [the system's]",
                   "tls_ca", NULL},
    [OPTION_CRL] = {"crl", "FILE", "who is not any more: lists of revoked ones",
                    "tls_crl", NULL},
    [OPTION_CERT] = {"cert", "FILE", "a certificate of your own ...",
                     "tls_cert", NULL},
    [OPTION_KEY] = {"key", "FILE", "... and its key", "tls_key", NULL},
    [OPTION_TLS_NAME] = {"tls-name", "NAME",
                         "whose certificates they are to show, all\n"
                         "of them [each that of its name or address]",
                         "tls_name", NULL},
    [OPTION_LZ4] = {"lz4", NULL, "compress, with servers that offer it",
                    "compression=lz4", NULL},
    [OPTION_CONSISTENCY] = {"consistency", "NAME",
                            "one, quorum, ... [local_quorum]", "consistency",
                            NULL},
    [OPTION_TIMEOUT] = {"timeout", "TIME",
                        "for an answer [6s; get 2s; schema 10s]", "timeout",
                        NULL},
    [OPTION_CONNECT_TIMEOUT] = {"connect-timeout", "TIME",
                                "for a connection [2s]", "connect_timeout",
                                NULL},
    [OPTION_WAIT] = {"wait", "TIME", "go on trying to connect for so long",
                     NULL, NULL},
    [OPTION_COLOR] = {"color", "WHEN", "auto, always or never [auto]", NULL,
                      NULL},
    [OPTION_VERBOSE] = {"verbose", NULL,
                        "print what is sent, to standard error", NULL, NULL},
    [OPTION_HELP] = {"help", NULL, "this text, or that of a command", NULL,
                     NULL},
    [OPTION_VERSION] = {"version", NULL, "the version", NULL, NULL},
    [OPTION_REPLICATION_FACTOR] = {"replication-factor", "N",
                                   "replicas, by SimpleStrategy [1]", NULL,
                                   "create-keyspace"},
    [OPTION_REPLICATION] = {"replication", "dc1:3,dc2:3",
                            "replicas in each data center, by\n"
                            "NetworkTopologyStrategy",
                            NULL, "create-keyspace"},
    [OPTION_DRY_RUN] = {"dry-run", NULL, "print the statements, run none", NULL,
                        "sync"},
    [OPTION_IN] = {"in", "COLUMN=V,...", "one of these values; may be repeated",
                   NULL, "find"},
    [OPTION_ORDER_BY] = {"order-by", "[-]COLUMN,...",
                         "of the clustering key; - turns it round", NULL,
                         "find"},
    [OPTION_LIMIT] = {"limit", "N", "rows, in all", NULL, "find"},
    [OPTION_PER_PARTITION_LIMIT] = {"per-partition-limit", "N",
                                    "rows of each partition", NULL, "find"},
    [OPTION_ALLOW_FILTERING] = {"allow-filtering", NULL,
                                "let servers read every row", NULL, "find"},
    [OPTION_PAGE_SIZE] = {"page-size", "N", "rows of one answer [5000]", NULL,
                          "find"},
    [OPTION_TOP] = {"top", "N", "the N rows with the most ...", NULL, "find"},
    [OPTION_BY] = {"by", "COUNTER", "... in this counter", NULL, "find"},
    [OPTION_YES] = {"yes", NULL, "do not ask", NULL, "delete, truncate, drop"},
    [OPTION_JSON] = {"json", NULL, "JSON, one object; find: one a line", NULL,
                     "get, find, cluster"},
    [OPTION_CSV] = {"csv", NULL, "CSV, with a header", NULL, "get, find"},
};

const struct option_row *option_row(enum option_id id) {
  return &rows[id];
}

bool option_is_of(const struct option_row *row, const char *command) {
  size_t len = strlen(command);

  for (const char *s = row->commands; s != NULL; s = strchr(s, ' ')) {
    s += *s == ' ';
    if (strncmp(s, command, len) == 0 && (s[len] == '\0' || s[len] == ','))
      return true;
  }
  return false;
}

bool option_variable(enum option_id id, char *name, size_t size) {
  int n;

  if (rows[id].argument == NULL || rows[id].commands != NULL)
    return false;
  n = snprintf(name, size, "TALLY_%s", rows[id].name);
  for (char *s = name; *s != '\0'; s++)
    *s = *s == '-' ? '_' : (char)toupper((unsigned char)*s);
  return n > 0 && (size_t)n < size;
}

/* ---- Reading ------------------------------------------------------------ */

/* Options that other versions have, or will: silence would mean that someone
 * believes to have an encrypted connection. */
static int refuse_unknown(const char *word) {
  static const char *const missing[] = {"password-file", "url"};
  const char *name = word + strspn(word, "-");
  char bare[64], hint[128];
  const char *names[OPTION_COUNT];
  int nearest;

  snprintf(bare, sizeof bare, "%.*s", (int)strcspn(name, "="), name);
  if (strcmp(bare, "password") == 0)
    return report_usage("set TALLY_PASSWORD",
                        "a password is not taken from the command line, where "
                        "all users of the machine see it");
  for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++)
    if (strcmp(bare, missing[i]) == 0)
      return report_usage("see \"tally --help\" for the options there are",
                          "unknown option --%s: this version of tally (%s) "
                          "has no such thing",
                          bare, tally_version());
  for (int i = 0; i < OPTION_COUNT; i++)
    names[i] = rows[i].name;
  nearest = tally_nearest(bare, names, OPTION_COUNT);
  if (nearest < 0)
    return report_usage("see \"tally --help\" for the options there are",
                        "unknown option %.*s", (int)strcspn(word, "="), word);
  snprintf(hint, sizeof hint, "did you mean --%s?", names[nearest]);
  return report_usage(hint, "unknown option %.*s", (int)strcspn(word, "="),
                      word);
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
  size_t len = strlen(rows[id].name);

  return strncmp(word, "--", 2) == 0 &&
         strncmp(word + 2, rows[id].name, len) == 0 &&
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
      o->in[o->in_count++] = optarg;
    o->from_environment[index] = false;
    return STATUS_DONE;
  case ':':
    for (int i = 0; i < OPTION_COUNT; i++)
      if (rows[i].argument != NULL && is_whole_name(word, i))
        return report_usage(NULL, "option %s needs a value", word);
    return refuse_unknown(word);
  default:
    for (int i = 0; i < OPTION_COUNT; i++)
      if (rows[i].argument == NULL && is_whole_name(word, i))
        return report_usage(NULL, "option --%s takes no value", rows[i].name);
    return refuse_unknown(word);
  }
}

int options_read(struct options *o, int argc, char **argv) {
  struct option longs[OPTION_COUNT + 1] = {{0}};
  int index = 0, status = STATUS_DONE;

  memset(o, 0, sizeof *o);
  o->words = calloc((size_t)argc + 1, sizeof *o->words);
  o->in = calloc((size_t)argc + 1, sizeof *o->in);
  if (o->words == NULL || o->in == NULL)
    return report_no_memory();
  for (int i = 0; i < OPTION_COUNT; i++) {
    longs[i].name = rows[i].name;
    longs[i].has_arg =
        rows[i].argument == NULL ? no_argument : required_argument;
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
  for (size_t i = 0; i <= OPTION_COUNT; i++)
    free(o->setting[i]);
  free(o->words);
  free(o->in);
}

/* ---- Applying ----------------------------------------------------------- */

static int bad_value(const struct options *o, int id, const char *detail) {
  char what[128], variable[64];

  if (o->from_environment[id] &&
      option_variable((enum option_id)id, variable, sizeof variable))
    snprintf(what, sizeof what, "bad value in the environment: %s", variable);
  else
    snprintf(what, sizeof what, "bad value for --%s", rows[id].name);
  report(what, detail, NULL, NULL);
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
  const char *detail = strstr(e->detail, ": option ");

  for (int i = 0; i < OPTION_COUNT; i++) {
    if (o->value[i] == NULL || rows[i].setting == NULL)
      continue;
    if (is_about(e->message, rows[i].setting))
      return bad_value(o, i, e->message);
    if (detail != NULL && is_about(detail + 2, rows[i].setting))
      return bad_value(o, i, detail + 2);
  }
  report(e->message, e->detail, NULL, e->hint);
  return STATUS_USAGE;
}

/* The text must live as long as the session: *keep.  A flag's setting has its
 * value with it. */
static int set(struct options *o, char **keep, int id, const char *setting) {
  size_t size = strlen(setting) + strlen(o->value[id]) + 2;
  bool flag = rows[id].argument == NULL;
  tally_error error;

  *keep = malloc(size);
  if (*keep == NULL)
    return report_no_memory();
  snprintf(*keep, size, "%s%s%s", setting, flag ? "" : "=", o->value[id]);
  if (tally_options_set(&o->session, *keep, &error) != 0)
    return bad_value(o, id, error.message);
  return STATUS_DONE;
}

static int apply_wait(struct options *o) {
  tally_options scratch;
  char text[64];
  const char *value = o->value[OPTION_WAIT];

  /* The library's way to write times is the only one. */
  tally_options_init(&scratch);
  snprintf(text, sizeof text, "connect_timeout=%s", value);
  if (strlen(value) > 32 || tally_options_set(&scratch, text, NULL) != 0) {
    char detail[128];

    snprintf(detail, sizeof detail,
             "\"%.40s\" is not a time up to a day (500ms, 5s, 2m)", value);
    return bad_value(o, OPTION_WAIT, detail);
  }
  o->wait_ms = scratch.connect_timeout_ms;
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
  return bad_value(o, OPTION_COLOR, detail);
}

static int apply_one(struct options *o, int id) {
  const struct option_row *row = &rows[id];

  if (row->commands != NULL && !option_is_of(row, o->command))
    return report_usage(NULL, "%s takes no --%s; it belongs to %s", o->command,
                        row->name, row->commands);
  if (row->setting != NULL)
    return set(o, &o->setting[id], id, row->setting);
  if (id == OPTION_WAIT)
    return apply_wait(o);
  return STATUS_DONE;
}

/* It is nowhere else: not on the command line, not among the values. */
static int apply_password(struct options *o) {
  const char *password = getenv("TALLY_PASSWORD");
  bool given = password != NULL && password[0] != '\0';

  if (o->value[OPTION_USER] == NULL)
    return STATUS_DONE;
  if (!given)
    return report_usage("set TALLY_PASSWORD", "no password for the user \"%s\"",
                        o->value[OPTION_USER]);
  o->session.password = password;
  return STATUS_DONE;
}

int options_apply(struct options *o) {
  int status = STATUS_DONE;

  tally_options_init(&o->session);
  o->session.io_threads = 0;
  /* First, because it is about how errors look. */
  if (o->value[OPTION_COLOR] != NULL)
    status = apply_color(o);
  for (int i = 0; i < OPTION_COUNT && status == STATUS_DONE; i++)
    if (o->value[i] != NULL)
      status = apply_one(o, i);
  if (status == STATUS_DONE)
    status = apply_password(o);
  /* Who says how long an answer may take means every answer. */
  if (status == STATUS_DONE && o->value[OPTION_TIMEOUT] != NULL)
    status =
        set(o, &o->setting[OPTION_COUNT], OPTION_TIMEOUT, "schema_timeout");
  return status;
}
