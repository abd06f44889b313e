/* tool/options.h - the command line and the environment, from one table. */
#ifndef TOOL_OPTIONS_H
#define TOOL_OPTIONS_H

#include "tool/password.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tally.h>

enum option_id {
  /* In the overview; the URL first, because all others beat it. */
  OPTION_URL,
  OPTION_HOSTS,
  OPTION_KEYSPACE,
  OPTION_WAIT,
  OPTION_HELP,
  /* In "tally help options" as well. */
  OPTION_PORT,
  OPTION_LOCAL_DC,
  OPTION_CONSISTENCY,
  OPTION_TIMEOUT,
  OPTION_CONNECT_TIMEOUT,
  OPTION_COLOR,
  OPTION_VERBOSE,
  OPTION_VERSION,
  /* In "tally help secure". */
  OPTION_USER,
  OPTION_PASSWORD_FILE,
  OPTION_ALLOW_PLAINTEXT_PASSWORD,
  OPTION_TLS,
  OPTION_CA,
  OPTION_CRL,
  OPTION_CERT,
  OPTION_KEY,
  OPTION_TLS_NAME,
  OPTION_LZ4,
  /* Of some commands. */
  OPTION_REPLICATION_FACTOR,
  OPTION_REPLICATION,
  OPTION_NO_TABLETS,
  OPTION_WITH,
  OPTION_DRY_RUN,
  OPTION_STDIN,
  OPTION_IN,
  OPTION_ORDER_BY,
  OPTION_LIMIT,
  OPTION_PER_PARTITION_LIMIT,
  OPTION_ALLOW_FILTERING,
  OPTION_PAGE_SIZE,
  OPTION_TOP,
  OPTION_BY,
  OPTION_INTERVAL,
  OPTION_ROUNDS,
  OPTION_YES,
  OPTION_JSON,
  OPTION_CSV,
  OPTION_COUNT
};

/* One option, for parsing, for the environment and for --help. */
struct option_row {
  const char *name;     /* without the dashes */
  const char *argument; /* as --help shows it; NULL: takes none */
  const char *help;
  const char *setting;  /* of tally_options_set(), or NULL; with its value
                           when there is no argument */
  const char *commands; /* "get, cluster": that take it; NULL: all do */
};

/* The values of an option that may be repeated. */
struct given {
  const char **values;
  size_t count;
};

struct options {
  tally_options session; /* the defaults before options_apply() */
  struct login login;    /* from a file; `session` points into it */
  uint32_t wait_ms;
  enum color color;

  const char
      *value[OPTION_COUNT]; /* NULL: not given; "" for flags, but from the
                                      environment before options_apply() */
  bool from_environment[OPTION_COUNT];

  const char *command; /* NULL: none was given */
  const char **words;  /* what stands behind the command */
  size_t word_count;
  struct given in, with; /* of each --in, each --with */
};

const struct option_row *option_row(enum option_id id);
/* The words that it takes, with blanks between; NULL: others, or none. */
const char *option_choices(enum option_id id);
/* May it be given several times, each with a value of its own? */
bool option_is_repeated(enum option_id id);
/* Does it belong to this command, and not to all of them? */
bool option_is_of(const struct option_row *row, const char *command);
/* "TALLY_CONNECT_TIMEOUT"; false when it has no variable.  That of a flag is
 * yes or no. */
bool option_variable(enum option_id id, char *name, size_t size);

/* All return a status; those that are not 0 have been reported. */
int options_read(struct options *o, int argc, char **argv);
/* Makes `session` of what was read: values are checked here, so that --help
 * works with a bad environment. */
int options_apply(struct options *o);
/* Values of options that the command itself makes something of. */
int options_time(const struct options *o, enum option_id id, uint32_t *ms);
int options_count(const struct options *o, enum option_id id, int32_t *n);
/* An option that only tally_connect() could check. */
int options_refused(const struct options *o, const tally_error *e);
void options_free(struct options *o);

#endif
