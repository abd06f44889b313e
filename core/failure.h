/* core/failure.h - why an operation failed, before anybody composes a sentence
 * for a person.  Codes and outcomes are the numbers of tally.h, which api/
 * asserts. */
#ifndef FAILURE_H
#define FAILURE_H

#include <stddef.h>
#include <stdint.h>

enum outcome {
  OUTCOME_UNKNOWN = 0,
  OUTCOME_APPLIED = 1,
  OUTCOME_NOT_APPLIED = 2,
};

enum failure_code {
  FAILURE_INVALID = -1,
  FAILURE_NO_MEMORY = -2,
  FAILURE_BUSY = -3,
  FAILURE_CLOSED = -4,
  FAILURE_CONNECT = -6,
  FAILURE_AUTH = -7,
  FAILURE_PROTOCOL = -8,
  FAILURE_NO_HOST = -9,
  FAILURE_TIMED_OUT = -10,
  FAILURE_LOST = -11,
  FAILURE_SERVER = -13,
  FAILURE_SCHEMA = -14,
  FAILURE_UNAVAILABLE = -18,
  FAILURE_SYSTEM = -20,
  FAILURE_TLS = -21,
};

struct failure {
  int code; /* enum failure_code: the cause, also when UNKNOWN */
  enum outcome outcome;
  int32_t server_code; /* -1 when no server spoke */
  int32_t required;    /* -1 when not told */
  int32_t received;
  uint64_t operation; /* of an increment that ended UNKNOWN, else 0 */
  char host[64];      /* "127.0.0.1:9042" or "" */
  const char *what;   /* static: "write timeout", "no answer in time" */
  char detail[424];   /* one line or "" */
};

/* Everything set to "nobody said anything". */
void failure_init(struct failure *f, int code, enum outcome outcome,
                  const char *what);
/* printf into detail, through text_copy(). */
void failure_detail(struct failure *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends "host: what: detail" to a list of such; where there is no room for
 * all of it, "..." once.  host and detail may be "". */
void failure_list(char *list, size_t size, const char *host, const char *what,
                  const char *detail);

/* Copy text for a person: cut to fit, never in the middle of a UTF-8 sequence;
 * control characters become spaces, so that it is one line, and nothing that a
 * terminal obeys. */
void text_copy(char *to, size_t size, const char *from);

#endif
