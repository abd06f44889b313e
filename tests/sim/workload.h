/* tests/sim/workload.h - the application of a simulated run. */
#ifndef SIM_WORKLOAD_H
#define SIM_WORKLOAD_H

#include "tests/sim/check.h"

/* Forget the run before. */
void workload_begin(void);
/* Open sessions, create the tables, count and read, until the plan's number of
 * operations was submitted. Leaves a session open. */
void workload_safety(void);
/* The hosts have healed as far as they ever will: everything must come right
 * within a time that the options bound. */
void workload_liveness(void);
void workload_close(void);
/* follow.c: what the client knows of the cluster follows what that is: in time
 * when nobody tells, and soon when somebody does. */
void workload_follow(void);
/* One operation, or one read, of any kind that the mode has. */
void workload_count(bool blocking);
void workload_read(bool blocking);
/* A counter batch. */
void workload_batch(bool blocking);
/* An operation, filled in and not submitted; NULL: the books are full. */
struct record *workload_draw(void);
/* executes.c: an increment by a statement of its own. */
void execute(bool blocking);
/* scans.c: all rows of a table. */
void scan_async(void);
void scan_blocking(void);
/* options.on_settled */
void workload_settled(void *user, const tally_settled *settled);
/* Until nothing is pending. */
void workload_settle(void);

/* ---- session.c: sessions in the three modes ------------------------------ */

/* NULL while none is open. */
extern tally_session *sim_session;
extern tally_table *sim_tables[TABLE_COUNT];
/* Open one with the plan's options; 0, or the error of tally_connect(). */
int session_open_once(void);
/* ... again and again until it is open. */
void session_open(void);
/* On the caller's loop: open one and do not wait; ask for keyspace and tables,
 * all at once, and do not wait either. */
int session_begin_on(void);
int session_begin_creating(void);
/* ... one of these has not ended. */
bool session_is_creating(void);
/* CREATE KEYSPACE, CREATE TABLE; 0 when they are there. */
int session_create(void);
/* Close it, wait for its end, and see that nothing is left of it. */
void session_close(void);
/* Inside a callback: begin to close. */
void session_close_inside(void);
/* Let things happen until ready(arg) or the time; true when it was ready. */
bool session_drive(bool (*ready)(void *arg), void *arg, uint64_t until);
/* Let so much time go by. */
void session_pass(uint64_t ns);
/* session_close_inside() was called, and `closed` has run. */
bool session_is_closing(void);

#endif
