/* api/error.c - codes, their names, and the sentences for people. */
#include "api/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(tally_error) == 1024, "tally_error is ABI");
_Static_assert((int)TALLY_UNKNOWN == (int)OUTCOME_UNKNOWN &&
                   (int)TALLY_APPLIED == (int)OUTCOME_APPLIED &&
                   (int)TALLY_NOT_APPLIED == (int)OUTCOME_NOT_APPLIED,
               "core and api number outcomes alike");
_Static_assert((int)TALLY_EINVAL == (int)FAILURE_INVALID &&
                   (int)TALLY_ENOMEM == (int)FAILURE_NO_MEMORY &&
                   (int)TALLY_EBUSY == (int)FAILURE_BUSY &&
                   (int)TALLY_ECLOSED == (int)FAILURE_CLOSED &&
                   (int)TALLY_ECONNECT == (int)FAILURE_CONNECT &&
                   (int)TALLY_EAUTH == (int)FAILURE_AUTH &&
                   (int)TALLY_EPROTOCOL == (int)FAILURE_PROTOCOL &&
                   (int)TALLY_ENOHOST == (int)FAILURE_NO_HOST &&
                   (int)TALLY_ETIMEDOUT == (int)FAILURE_TIMED_OUT &&
                   (int)TALLY_ELOST == (int)FAILURE_LOST &&
                   (int)TALLY_ESERVER == (int)FAILURE_SERVER &&
                   (int)TALLY_ESCHEMA == (int)FAILURE_SCHEMA &&
                   (int)TALLY_EUNAVAILABLE == (int)FAILURE_UNAVAILABLE &&
                   (int)TALLY_ESYSTEM == (int)FAILURE_SYSTEM,
               "core and api number codes alike");

const char *tally_error_name(int code) {
  switch (code) {
  case 0:
    return "OK";
#define NAME(number, name, text)                                               \
  case number:                                                                 \
    return "TALLY_" #name;
    TALLY_ERROR_MAP(NAME)
#undef NAME
  default:
    return "unknown error";
  }
}

const char *tally_error_text(int code) {
  switch (code) {
  case 0:
    return "done";
#define TEXT(number, name, text)                                               \
  case number:                                                                 \
    return text;
    TALLY_ERROR_MAP(TEXT)
#undef TEXT
  default:
    return "unknown error";
  }
}

const char *tally_outcome_name(int outcome) {
  switch (outcome) {
  case TALLY_APPLIED:
    return "applied";
  case TALLY_NOT_APPLIED:
    return "not applied";
  default:
    return "unknown";
  }
}

const char *tally_version(void) {
  return TALLY_VERSION;
}

static const char *hint_for(int code) {
  switch (code) {
  case TALLY_EBUSY:
    return "wait for some to complete, or raise max_in_flight";
  case TALLY_EDEADLK:
    return "use the asynchronous call, or call from another thread";
  case TALLY_ECONNECT:
    return "is the server running, is this its CQL port (9042 mostly), and "
           "does it want TLS?";
  case TALLY_ETLS:
    return "tls_ca has who is trusted, tls_name the name in its certificate; "
           "tls_cert and tls_key are yours, if it wants to know who you are";
  case TALLY_EAUTH:
    return "are the options user and password what the server knows?";
  case TALLY_ENOHOST:
    return "nothing was sent: calling again is safe";
  case TALLY_EUNKNOWN:
    return "it was not sent again; read the row to see whether it counted";
  case TALLY_ESCHEMA:
    return "do the keyspace and the table exist, with these columns? sync "
           "makes the table";
  case TALLY_EUNAVAILABLE:
    return "too few of the row's replicas are up, or there are fewer hosts "
           "than "
           "replicas (a single host wants replication factor 1)";
  default:
    return "";
  }
}

static void error_blank(tally_error *e, int code) {
  memset(e, 0, sizeof *e);
  e->code = code;
  e->cause = code;
  e->outcome = TALLY_NOT_APPLIED;
  e->server_code = -1;
  e->required = -1;
  e->received = -1;
  text_copy(e->hint, sizeof e->hint, hint_for(code));
}

int error_set(tally_error *e, int code, const char *format, ...) {
  char text[1024];
  va_list args;

  if (e == NULL)
    return code;
  error_blank(e, code);
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  text_copy(e->message, sizeof e->message, text);
  return code;
}

int error_no_memory(tally_error *e) {
  return error_set(e, TALLY_ENOMEM, "out of memory");
}

void error_did_you_mean(tally_error *e, const char *name,
                        const char *const *names, size_t count) {
  int nearest = tally_nearest(name, names, count);

  if (e != NULL && nearest >= 0)
    snprintf(e->hint, sizeof e->hint, "did you mean %.63s?", names[nearest]);
}

int error_from_failure(tally_error *e, const char *doing,
                       const struct failure *f) {
  int code = f->outcome == OUTCOME_UNKNOWN ? (int)TALLY_EUNKNOWN : f->code;
  char text[1024];

  if (e == NULL)
    return code;
  error_blank(e, code);
  /* Elsewhere the server is known to be there. */
  if (code == TALLY_ETIMEDOUT && strcmp(doing, "connecting") == 0)
    text_copy(e->hint, sizeof e->hint, hint_for(TALLY_ECONNECT));
  e->cause = f->code;
  e->outcome = (int32_t)f->outcome;
  e->server_code = f->server_code;
  e->required = f->required;
  e->received = f->received;
  e->operation = f->operation;
  snprintf(text, sizeof text, "%s failed: %s", doing, f->what);
  text_copy(e->message, sizeof e->message, text);
  text_copy(e->host, sizeof e->host, f->host);
  text_copy(e->detail, sizeof e->detail, f->detail);
  return code;
}

/* Instead of the one for increments. */
void error_hint_unknown(tally_error *e, enum effect effect) {
  const char *hint = NULL;

  if (effect == EFFECT_WRITE)
    hint = "it was not sent again, and sent again it would take with it what "
           "was counted since; read to see whether it was done";
  else if (effect == EFFECT_SCHEMA)
    hint = "it was not sent again; look at the schema to see whether it was "
           "done";
  else if (effect == EFFECT_BATCH)
    hint = "it was not sent again; read the rows to see what of it was done";
  if (e != NULL && e->code == TALLY_EUNKNOWN && hint != NULL)
    text_copy(e->hint, sizeof e->hint, hint);
}

int error_from_answer(tally_error *e, const struct answer *answer) {
  static const char *const verbs[] = {[NOTE_INCREMENT] = "increment",
                                      [NOTE_DECREMENT] = "decrement",
                                      [NOTE_DELETE] = "delete from",
                                      [NOTE_TRUNCATE] = "truncate",
                                      [NOTE_BATCH] = "counter batch on"};
  const struct statement *s = answer->statement;
  const char *verb = verbs[answer->note];
  char doing[256];
  int code;

  if (s->whole)
    verb = "execute";
  else if (s->effect == EFFECT_READ)
    verb = "read";
  else if (s->effect == EFFECT_SCHEMA)
    verb = "schema change";
  snprintf(doing, sizeof doing, "%s %s", verb, s->table);
  code = error_from_failure(e, doing, answer->failure);
  error_hint_unknown(e, s->effect);
  return code;
}
