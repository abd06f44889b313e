/* tests/chaos/driver.h - counting in all modes at once, and writing down what
 * the library said of each increment. */
#ifndef CHAOS_DRIVER_H
#define CHAOS_DRIVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/tally.h"

/* ---- The run ------------------------------------------------------------ */

enum {
  BREATH_MS = 20,
  HOT_KEYS = 8,
  PAD_MOST = 16000, /* bytes of key: more than 128 take an allocation, */
  KEY_BYTES = PAD_MOST + 64, /* and a stall leaves frames half written */
  ALIVE_SECONDS = 60,
};

struct run {
  const char *proxies, *nodes; /* contact points: "host:port,..." */
  const char *keyspace;
  uint64_t seed;
  int replicas;
  uint32_t tick_ms; /* every so often each crew counts its burst */
  pthread_mutex_t lock;
  pthread_cond_t moved; /* on the monotonic clock */
  bool stopping;
  atomic_bool calm;                  /* one increment a crew and tick at most */
  pthread_barrier_t opened;          /* every crew is there: faults may begin */
  atomic_uint_fast64_t begun, ended; /* increments */
  atomic_uint_fast32_t sessions;
  atomic_size_t bytes; /* that the sessions that last have allocated */
};
extern struct run run;

uint64_t now_us(void); /* monotonic, as in faults.log */
bool stopping(void);
/* For at most so long, unless the run is stopping: then it returns true. */
bool pause_ms(uint32_t ms);
/* For BREATH_MS, in any case: between attempts that may fail at once. */
void breathe(void);
/* Ends the program: the harness is broken, not the library. */
_Noreturn void die(const char *what, const tally_error *error);

/* ---- Crews: each a session, or one after another, in a thread ----------- */

struct plan {
  const char *name;
  void *(*work)(void *plan);
  bool proxied;
  int io_threads; /* where there are any */
  int callers;    /* threads that block, ... */
  int senders;    /* ... and that do not */
  uint32_t burst; /* increments of each every tick */
  uint32_t in_flight;
  uint32_t increment_timeout_ms; /* 0: the default */
  uint32_t max_abandoned;        /* 0: the default */
  uint32_t heartbeat_ms;         /* 0: the default */
  int consistency;               /* of increments; 0: the default */
  bool brief; /* sessions that do not last: any contact point will do */
  pthread_t thread;
};

void *work_threads(void *plan); /* threads of the library's own */
void *work_churn(void *plan);   /* ... or inline; one session after another */
void *work_inline(void *plan);
void *work_loop(void *plan); /* a libuv loop of the caller's */

/* A session and its tables: what one history line names. */
struct site {
  const struct plan *plan;
  uint32_t number;
  tally_session *session;
  tally_table *hot, *ops;
  char contacts[128];
  uint32_t increment_timeout_ms;
  atomic_uint in_flight;
  atomic_bool down; /* no connection, when last an increment ended */
};

/* How many increments a tick is worth now. */
uint32_t site_burst(const struct site *site);
void site_options(struct site *site, const struct plan *plan,
                  tally_options *options);
/* Opens the tables of site->session. */
void site_tables(struct site *site);
/* Connects, and opens. 0 or the code, which is in the history. */
int site_connect(struct site *site, const struct plan *plan, int io_threads);

/* ---- Increments and reads: work.c --------------------------------------- */

typedef struct counted {
  const char *key;
  int64_t n;
  int64_t twice; /* of every other operation, together with n */
} counted;
extern const tally_definition hot_definition, ops_definition;

struct op {
  struct site *site;
  const char *form; /* "blocking", "async", "chained" */
  uint64_t number;
  uint64_t random;
  uint64_t begin_us;
  int64_t n, twice;
  uint32_t pad;
  int hot; /* the row's number, or -1: a row of its own */
  bool read;
  void (*done)(void *arg, int outcome); /* may be NULL */
  void *arg;
};

/* An increment that waits for its verdict, now and then with a read after it;
 * returns its outcome. */
int count_blocking(struct site *site);
/* Submits one; `done` (may be NULL) runs in its callback, or here when it is
 * refused. */
void count_async(struct site *site, void (*done)(void *arg, int outcome),
                 void *arg);
/* The same as long as fewer than in_flight are pending and the burst lasts; now
 * and then a read. */
void count_burst(struct site *site);

/* ---- The history: a line of text an event, parted by tabs --------------- */

void history_open(const char *path);
void history_site(const struct site *site);
/* error is NULL for APPLIED. */
void history_op(const struct op *op, int outcome, const tally_error *error);
void history_read(const struct op *op, const char *key, const counted *row,
                  int status);
/* "fail" what CODE sentence: an operation that is neither. */
void history_fail(const struct site *site, const char *what,
                  const tally_error *error);
void history_settled(void *site, const tally_settled *settled);
void history_host(void *site, const tally_host *host);
void history_log(void *site, int level, const char *text);
/* After the faults: how long until an increment was APPLIED again, or -1. */
void history_alive(const struct site *site, int64_t ms);
void history_close(void);
/* "123/xxxxx" as "123/x*5". */
void short_key(char out[64], const char *key);

/* Until one increment is APPLIED, or ALIVE_SECONDS are over. */
void prove_alive(struct site *site);

#endif
