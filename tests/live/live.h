/* tests/live/live.h - what the live tests share: the node, names of their
 * own, a gate that counts callbacks, and other programs to ask. */
#ifndef TALLY_LIVE_H
#define TALLY_LIVE_H

#include <check.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/tally.h"

/* ---- Assertions, with the whole story ----------------------------------- */

/* A check of a call's code against what it should be: `error` is what the
 * call filled in. */
#define LIVE_RETURNS(call, want, error)                                        \
  do {                                                                         \
    int rc_ = (call);                                                          \
    ck_assert_msg(rc_ == (want), "%s gave %s, not %s: %s (%s), %s", #call,     \
                  rc_ == 0 ? "0" : tally_error_name(rc_),                      \
                  (want) == 0 ? "0" : tally_error_name(want),                  \
                  rc_ == 0 ? "" : (error)->message,                            \
                  rc_ == 0 ? "" : (error)->detail,                             \
                  rc_ == 0 ? "" : tally_outcome_name((error)->outcome));       \
  } while (0)
#define LIVE_OK(call, error) LIVE_RETURNS(call, 0, error)
/* Never applied, and the error says so. */
#define LIVE_REFUSED(call, want, error)                                        \
  do {                                                                         \
    LIVE_RETURNS(call, want, error);                                           \
    ck_assert_int_eq((error)->code, want);                                     \
    ck_assert_int_eq((error)->cause, want);                                    \
    ck_assert_int_eq((error)->outcome, TALLY_NOT_APPLIED);                     \
    ck_assert_str_ne((error)->message, "");                                    \
  } while (0)

/* The text is somewhere in what the error tells. */
void live_says(const tally_error *error, const char *text);

/* ---- The node ----------------------------------------------------------- */

/* "host:port": TALLY_TEST_HOSTS. */
const char *live_hosts(void);
/* Is the server a Cassandra before 5.0? */
bool live_is_before_5(void);
/* The keyspace of this run; main() makes and drops it. */
extern char live_keyspace[48];
/* A name that nobody else uses: stem, "_", random digits. */
void live_name(char out[48], const char *stem);

/* Hosts and keyspace filled in; io_threads of our own. */
void live_options(tally_options *options, int io_threads);
tally_session *live_connect(int io_threads);
tally_session *live_connect_with(const tally_options *options);
/* One with a thread of its own, whose last warning is kept in live_warned. */
tally_session *live_connect_warned(void);
extern char live_warned[1024];
/* Opened under a name of its own, not yet on the server. */
tally_table *live_open(tally_session *session,
                       const tally_definition *definition);
/* ... and made. */
tally_table *live_table(tally_session *session,
                        const tally_definition *definition);
/* "keyspace.table" of a table, in memory of this process. */
const char *live_qualified(const tally_table *table);

/* ---- The page's table, which most tests count in ------------------------ */

typedef struct page_hits {
  const char *url;
  int64_t views;
  int64_t unique_visitors;
} page_hits;
extern const tally_definition page_hits_definition;

/* The row as Tally reads it. */
page_hits live_page(tally_table *hits, const char *url);

/* ---- Callbacks ---------------------------------------------------------- */

/* Counts operations out and in; waiting is for a number, never for a time. */
struct live_gate {
  pthread_mutex_t lock;
  pthread_cond_t moved;
  uint32_t begun;
  uint32_t ended;
  uint32_t outcomes[3]; /* by tally_outcome */
  int status;           /* the last one's */
  tally_error error;    /* the last failure */
};
void live_gate_init(struct live_gate *gate);
/* One operation more; call it before it is submitted. */
void live_gate_begin(struct live_gate *gate);
/* The submission was refused: there will be no callback. */
void live_gate_withdraw(struct live_gate *gate);
/* A tally_callback: `user` is the gate. */
void live_gate_end(void *user, const tally_result *result);
/* Until fewer than `most` + 1 are pending.  Fails the test after a minute. */
void live_gate_wait(struct live_gate *gate, uint32_t most);
/* Until at least `ended` have ended. */
void live_gate_wait_ended(struct live_gate *gate, uint32_t ended);

/* Every call in both forms: as it blocks, and with a callback waited for. */
struct live_calls {
  const char *name;
  int (*sync)(tally_table *table, tally_error *error);
  int (*increment)(tally_table *table, const void *row, tally_error *error);
  int (*decrement)(tally_table *table, const void *row, tally_error *error);
  /* page_hits rows only */
  int (*get)(tally_table *table, page_hits *row, uint64_t *nulls,
             tally_error *error);
};
enum { LIVE_FORMS = 2 };
extern const struct live_calls live_calls[LIVE_FORMS];

/* ---- Other programs ----------------------------------------------------- */

/* Run argv, and give its exit status (-1: could not) and what it printed. */
int live_run(char *const argv[], char *out, size_t size);
/* Run CQL by Python's driver; gives its rows, a line each, tabs between.  The
 * text lives until the next call. */
const char *live_cql(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
/* scripts/cassandra COMMAND NODE on the node that TALLY_CASSANDRA_DIR names. */
void live_node(const char *command, const char *node);
/* The compiler's verdict on a program that includes <tally.h>. */
int live_compile(const char *source, char *out, size_t size);

#endif
