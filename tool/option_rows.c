/* tool/option_rows.c - every option: one table behind the command line, the
 * environment and --help. */
#include "tool/options.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const struct option_row rows[OPTION_COUNT] = {
    [OPTION_URL] = {"url", "URL",
                    "cassandra://user@host,.../keyspace?option=value&...", NULL,
                    NULL},
    [OPTION_HOSTS] = {"hosts", "LIST", "host[:port],... [127.0.0.1]", "hosts",
                      NULL},
    [OPTION_PORT] = {"port", "N", "for hosts that name none [9042]", "port",
                     NULL},
    [OPTION_KEYSPACE] = {"keyspace", "NAME", "for tables that name none",
                         "keyspace", NULL},
    [OPTION_LOCAL_DC] = {"local-dc", "NAME",
                         "data center to use [that of --hosts]", "local_dc",
                         NULL},
    [OPTION_USER] = {"user", "NAME", "to log in as [who a password file says]",
                     "user", NULL},
    [OPTION_PASSWORD_FILE] = {"password-file", "FILE",
                              "see below [that of tally, then of cqlsh]", NULL,
                              NULL},
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
    [OPTION_NO_TABLETS] = {"no-tablets", NULL,
                           "ScyllaDB: older versions count in no\n"
                           "keyspace that has tablets",
                           NULL, "create-keyspace"},
    [OPTION_WITH] = {"with", "NAME=VALUE",
                     "an option of the table; may be repeated", NULL, "sync"},
    [OPTION_DRY_RUN] = {"dry-run", NULL, "print the statements, run none", NULL,
                        "sync"},
    [OPTION_STDIN] = {"stdin", NULL, "many rows, from standard input", NULL,
                      "increment, decrement"},
    [OPTION_IN] = {"in", "COLUMN=V,...",
                   "one of these values, none of which has\na comma in it; may "
                   "be repeated",
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
    [OPTION_INTERVAL] = {"interval", "TIME", "from one look to the next [1s]",
                         NULL, "watch"},
    [OPTION_ROUNDS] = {"rounds", "N", "end after so many [never]", NULL,
                       "watch"},
    [OPTION_YES] = {"yes", NULL, "do not ask", NULL, "delete, truncate, drop"},
    [OPTION_JSON] = {"json", NULL, "JSON, one object; find, watch: one a line",
                     NULL, "get, find, watch, describe, cluster"},
    [OPTION_CSV] = {"csv", NULL, "CSV, with a header", NULL, "get, find"},
};

static const char consistencies[] =
    "one two three quorum all local_quorum each_quorum local_one";

static const char *const values[OPTION_COUNT] = {
    [OPTION_ALLOW_PLAINTEXT_PASSWORD] = "yes no",
    [OPTION_TLS] = "off verify-full insecure-no-verify",
    [OPTION_CONSISTENCY] = consistencies,
    [OPTION_COLOR] = "auto always never",
};

const char *option_choices(enum option_id id) {
  return values[id];
}

const struct option_row *option_row(enum option_id id) {
  return &rows[id];
}

bool option_is_repeated(enum option_id id) {
  return id == OPTION_IN || id == OPTION_WITH;
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

/* What is of one call alone (--help), or must be said each time (--yes), is not
 * to be found in an environment. */
static bool is_flag_with_variable(enum option_id id) {
  return id == OPTION_LZ4 || id == OPTION_VERBOSE;
}

bool option_variable(enum option_id id, char *name, size_t size) {
  int n;

  if (rows[id].commands != NULL ||
      (rows[id].argument == NULL && !is_flag_with_variable(id)))
    return false;
  n = snprintf(name, size, "TALLY_%s", rows[id].name);
  for (char *s = name; *s != '\0'; s++)
    *s = *s == '-' ? '_' : (char)toupper((unsigned char)*s);
  return n > 0 && (size_t)n < size;
}
