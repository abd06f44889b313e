/* tool/session.c - connecting, and waiting for a server that starts. */
#include "tool/session.h"

#include "tool/clock.h"
#include "tool/interrupt.h"
#include "tool/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Short against a server's start, long against a refused connection. */
enum { PAUSE_MS = 200 };

/* What goes away when a server has started.  A login that is refused, or a
 * port that speaks another language, does not. */
static bool is_worth_waiting(int code) {
  return code == TALLY_ECONNECT || code == TALLY_ETIMEDOUT ||
         code == TALLY_ELOST || code == TALLY_ENOHOST;
}

static int connect_until(tally_session **session, tally_options options,
                         uint64_t end, tally_error *error) {
  const uint32_t full = options.connect_timeout_ms;
  bool told = false;

  for (;;) {
    uint64_t now = clock_ms(), left = end > now ? end - now : 0;
    int rc;

    /* The first attempt has its whole time, also without --wait. */
    options.connect_timeout_ms =
        told && left < full ? (uint32_t)(left > 0 ? left : 1) : full;
    rc = tally_connect(session, &options, error);
    now = clock_ms();
    if (rc == 0 || !is_worth_waiting(rc) || now >= end || interrupt_caught())
      return rc;
    if (!told)
      report("no server yet, waiting", error->detail, NULL, NULL);
    told = true;
    report_log_drop();
    interrupt_pause_ms(end - now < PAUSE_MS ? end - now : PAUSE_MS);
  }
}

size_t session_table_dot(const char *name) {
  bool quoted = false;
  size_t i = 0;

  for (; name[i] != '\0' && (quoted || name[i] != '.'); i++)
    if (name[i] == '"')
      quoted = !quoted;
  return i;
}

int session_check_table(const struct options *o, const char *name) {
  size_t dot = session_table_dot(name);

  if (name[0] == '\0' || dot == 0 ||
      (name[dot] == '.' && name[dot + 1] == '\0'))
    return report_usage("write TABLE or KEYSPACE.TABLE",
                        "\"%s\" is no name of a table", name);
  if (name[dot] == '.' ||
      (o->session.keyspace != NULL && o->session.keyspace[0] != '\0'))
    return STATUS_DONE;
  return report_usage("write KEYSPACE.TABLE, or give --keyspace or "
                      "TALLY_KEYSPACE",
                      "table %s: no keyspace configured", name);
}

int session_keyspace(const struct options *o, const char *table,
                     char **keyspace) {
  const char *of_options = o->session.keyspace;
  size_t dot = session_table_dot(table);
  char *name = NULL;

  *keyspace = NULL;
  if (table[dot] == '.')
    name = strndup(table, dot);
  else if (of_options != NULL && of_options[0] != '\0')
    name = strdup(of_options);
  else
    return STATUS_DONE;
  *keyspace = name == NULL ? NULL : text_folded(name);
  free(name);
  return *keyspace == NULL ? report_no_memory() : STATUS_DONE;
}

int session_try(tally_session **session, const struct options *o,
                tally_error *error) {
  tally_options options = o->session;
  int rc;

  if (o->value[OPTION_VERBOSE] != NULL)
    tally_log(&options, report_log_now, NULL, TALLY_LOG_DEBUG);
  else
    tally_log(&options, report_log, NULL, options.log_level);
  /* A command that wants no warnings gets this one all the same. */
  if (options.tls == TALLY_TLS_INSECURE_NO_VERIFY &&
      options.log_level < TALLY_LOG_WARNING)
    report_log(NULL, TALLY_LOG_WARNING,
               "option tls: insecure-no-verify: whoever answers is believed, "
               "and may read and change all of it");
  rc = connect_until(session, options,
                     o->wait_ms == 0 ? 0 : clock_ms() + o->wait_ms, error);
  if (rc == TALLY_EAUTH && o->login.source[0] != '\0')
    snprintf(error->hint, sizeof error->hint, "the password is from %s",
             o->login.source);
  return rc;
}

int session_failed(const struct options *o, const tally_error *error,
                   enum work work) {
  return error->code == TALLY_EINVAL ? options_refused(o, error)
                                     : report_connect_error(error, work);
}

int session_open(tally_session **session, const struct options *o,
                 enum work work) {
  tally_error error;

  if (session_try(session, o, &error) != 0)
    return session_failed(o, &error, work);
  report_log_flush(NULL);
  if (!interrupt_caught())
    return STATUS_DONE;
  tally_close(*session);
  *session = NULL;
  report("interrupted", "nothing was sent",
         work == WORK_READ ? NULL : "not applied", NULL);
  return STATUS_FAILED;
}
