/* tests/sim/check.h - the application's own books, and the rules that every
 * run must keep. */
#ifndef SIM_CHECK_H
#define SIM_CHECK_H

#include "api/tally.h"
#include "tests/sim/model.h"
#include "tests/sim/run.h"

enum { OPERATIONS_MAX = 1024, READS_MAX = 512, KEY_MAX = 24 };

/* A partition key: a short text, and so many letters to make it long. */
struct key {
  char text[KEY_MAX];
  uint32_t more;
};

/* The clustering key of all rows of ks.daily. */
enum { SIM_DAY = 7 };

enum sim_table { TABLE_PAGE_HITS, TABLE_DAILY, TABLE_COUNT };

/* The application's tables. */
typedef struct page_hits {
  const char *url;
  int64_t views;
  int64_t unique_visitors;
} page_hits;

typedef struct daily {
  const char *site;
  int32_t day;
  int64_t total; /* static */
  int64_t hits;
} daily;

extern const tally_definition page_hits_definition;
extern const tally_definition daily_definition;

/* One increment or decrement. */
struct record {
  uint32_t number; /* from 1 */
  enum sim_table table;
  struct key key;
  int64_t deltas[2]; /* as they go to the server */
  bool decrement;
  bool batched;    /* its outcome is told, and no more */
  bool submitting; /* the call that submits it has not returned */
  bool accepted;
  bool blocking;
  unsigned completions;
  int status;
  int outcome;
  int cause;
  uint64_t operation; /* the id of an UNKNOWN */
  unsigned settled;
  int settled_outcome;
  uint64_t submitted; /* positions in the application's history */
  uint64_t completed;
  uint64_t submitted_at; /* world_now() */
  uint64_t stalled_before;
  unsigned session; /* which of the run's sessions */
  unsigned frames;  /* of it that the system has accepted as a whole */
  int heard;        /* what an answer that the client has read says of it */
  bool owed;        /* ... after it had ended UNKNOWN: it must settle */
};

/* Increments that go together. */
enum { BATCH_MOST = 24 };
struct batch_record {
  tally_batch *batch;
  struct record *rows[BATCH_MOST];
  unsigned count;
  bool submitting;
};

struct read_record {
  enum sim_table table;
  struct key key;
  bool submitting;
  bool accepted;
  unsigned completions;
  int status;
  uint64_t applied; /* by the hosts, when it began */
  uint64_t submitted;
  uint64_t submitted_at;
  uint64_t stalled_before;
};

/* All rows of ks.page_hits, however they are read. */
struct scan_record {
  tally_query *query;
  bool submitting;
  bool blocking;
  unsigned slots; /* of the session's that it may have */
  unsigned left;  /* rows until it is stopped; 0: it is not */
  bool stopped;
  uint64_t submitted;
  bool seen[OPERATIONS_MAX]; /* by the first operation with the key */
};

/* The whole text, in room for KEY_BYTES. */
enum { KEY_BYTES = KEY_MAX + 65536 };
const char *key_text(const struct key *k, char *room);

void check_begin(void);
/* A session of the run is open, or gone. */
void check_session_opened(void);
void check_session_closed(void);
/* The session is being closed: operations may end as long as that takes. */
void check_session_closing(void);

struct record *check_new_record(void);
struct read_record *check_new_read(void);
uint64_t check_pending(void);
unsigned check_record_count(void);
/* Of an operation's number. */
const struct record *check_record(uint32_t number);

/* A submitting call begins, and has returned rc. */
void check_submit(struct record *r);
void check_submitted(struct record *r, int rc, const tally_error *e);
/* A callback; user is a struct record * or struct read_record *. */
void check_done(void *user, const tally_result *result);
void check_blocking_done(struct record *r, int rc, const tally_error *e);
void check_read_submit(struct read_record *r);
void check_read_submitted(struct read_record *r, int rc);
void check_read_done(void *user, const tally_result *result);
/* What a read has found; rc 0, TALLY_ENOTFOUND or an error. */
void check_read_result(struct read_record *r, int rc, const void *row,
                       uint64_t nulls);
/* It is sent, and ends with this (or is refused so). */
void check_batch_submit(struct batch_record *b);
void check_batch_end(struct batch_record *b, int rc, const tally_error *e);
/* Of a statement of the application's own. */
void check_executed(struct record *r, int rc, int outcome,
                    const tally_error *e);
/* It begins; a row of it; it has ended, with all rows or an error, or was given
 * up, which may leave a page under way. */
void check_scan_begin(struct scan_record *s);
void check_scan_row(struct scan_record *s, const void *row, uint64_t nulls);
void check_scan_end(struct scan_record *s, int rc, const tally_error *e);
/* What options.on_settled is told. */
void check_settled(void *user, const tally_settled *settled);

/* From tests/sim/watch.c: a frame of it was accepted; an answer to it was read,
 * and said this (TALLY_UNKNOWN: nothing clear). */
void check_frame_accepted(uint32_t number);
void check_answer_read(uint32_t number, int outcome);

/* All is over, and nothing will be applied any more. */
void check_end(struct tally_of_runs *sum);

#endif
