/* tests/support/rig.h - a session against a script server, in any of the
 * three modes, and records of how operations ended. */
#ifndef TALLY_TESTS_RIG_H
#define TALLY_TESTS_RIG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "api/tally.h"
#include "tests/support/script_server.h"

enum rig_mode { RIG_THREADS, RIG_GUEST, RIG_INLINE, RIG_MODES };
const char *rig_mode_name(enum rig_mode mode);

typedef struct page_hits {
  const char *url;
  int64_t views;
  int64_t unique_visitors;
} page_hits;

extern const tally_definition page_hits_definition;

/* An allocator that counts; safe from any thread. */
struct rig_heap {
  _Atomic int64_t live;   /* pieces not given back */
  _Atomic uint64_t calls; /* allocations, in all */
  _Atomic size_t largest; /* ... and the most that one was for */
};

struct rig {
  enum rig_mode mode;
  struct script_server *server;
  tally_options options;
  struct rig_heap heap;
  uv_loop_t loop;  /* RIG_GUEST */
  uv_timer_t keep; /* a handle of the application's own: with none, uv_run()
                      does not even look */
  tally_session *session;
  tally_table *hits;
  tally_error error;
  int tasks; /* threads of the process before the session was opened */
};

/* How one operation ended. `calls` is written last. */
struct done {
  _Atomic int calls;
  int status;
  int outcome;
  tally_error error;
};
/* A tally_callback; user is a struct done *. */
void done_record(void *user, const tally_result *result);

/* A server, and options that lead to it: edit them, then connect. */
void rig_init(struct rig *r, enum rig_mode mode);
/* Connected, and page_hits open. */
void rig_connect(struct rig *r);
/* What tally_connect() says in the mode at hand (also for guests). */
int rig_try_connect(struct rig *r);
/* Close the session, and see that nothing is left of it: no memory, no thread
 * and no handle on the guest's loop. */
void rig_close(struct rig *r);
/* rig_close(), and the server goes too. */
void rig_fini(struct rig *r);

/* Let things happen until the condition holds; false at the limit. */
bool rig_until(struct rig *r, bool (*holds)(void *arg), void *arg);
/* One short step of that. */
void rig_step(struct rig *r);
/* Until the operation has ended. */
bool rig_done(struct rig *r, struct done *d);
/* Until the server's count for `place` is reached. */
bool rig_served(struct rig *r, enum script_place place, unsigned count);
/* Until it has accepted so many connections, or so many stand. */
bool rig_accepted(struct rig *r, unsigned count);
bool rig_standing(struct rig *r, unsigned count);

/* Submit, which must succeed. */
void rig_submit(struct rig *r, const char *url, int64_t views,
                struct done *done);
/* Submit and wait for the end (in every mode); done is reset first. */
void rig_increment(struct rig *r, const char *url, int64_t views,
                   struct done *done);
/* An increment that must be APPLIED. */
void rig_applied(struct rig *r, const char *url);
/* A read that must be answered, by a row or by none. */
void rig_answered(struct rig *r, const char *url);

/* Threads of this process now. */
int rig_tasks(void);
/* Milliseconds that never go back. */
uint64_t rig_ms(void);
/* Do nothing, on this thread, until that time. */
void rig_busy_until(uint64_t ms);

#endif
