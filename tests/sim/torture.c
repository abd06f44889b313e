#include "tests/sim/torture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/compress.h"
#include "core/mark.h"
#include "tests/sim/model.h"
#include "tests/sim/script.h"
#include "tests/sim/workload.h"

/* ---- Failing ------------------------------------------------------------ */

enum aim { AIM_NOTHING, AIM_ALLOCATION, AIM_CALL };

static struct {
  enum aim aim;
  uint64_t at;     /* which one fails, from 1 */
  uint64_t at_too; /* another one, 0: none */
  bool forever;
  int error; /* 0: the usual one */
  uint64_t allocations;
  uint64_t calls;
} torment;

bool seam_fails(bool allocation) {
  uint64_t n = allocation ? ++torment.allocations : ++torment.calls;

  if (torment.aim != (allocation ? AIM_ALLOCATION : AIM_CALL))
    return false;
  return n == torment.at || n == torment.at_too ||
         (torment.forever && n > torment.at);
}

int seam_error(int usual) {
  return torment.error != 0 ? torment.error : usual;
}

/* ---- Scenarios ---------------------------------------------------------- */

static bool opened(void) {
  return session_open_once() == 0 && session_create() == 0;
}

static void scenario_plain(void) {
  if (!opened())
    return;
  workload_count(true);
  workload_count(false);
  workload_read(true);
  workload_count(true);
  workload_settle();
}

static void scenario_many(void) {
  if (!opened())
    return;
  for (int i = 0; i < 12; i++) {
    workload_count(false);
    if (i % 4 == 3)
      workload_read(false);
  }
  workload_settle();
}

/* A host that dies and comes back, with operations in flight. */
static void scenario_restart(void) {
  if (!opened())
    return;
  workload_count(false);
  workload_count(false);
  session_pass(300 * 1000);
  model_set_host(0, HOST_DOWN);
  workload_count(false);
  session_pass(20 * MILLISECOND);
  model_set_host(0, HOST_UP);
  workload_count(false);
  workload_settle();
}

/* Answers that come after the application was told UNKNOWN. */
static void scenario_late(void) {
  struct injected late[8];

  if (!opened())
    return;
  workload_count(true);
  for (uint64_t i = 0; i < 8; i++)
    late[i] = (struct injected){FAULT_ANSWER_LATE, i, i};
  fault_script(late, 8);
  fault_allow(true);
  for (int i = 0; i < 4; i++)
    workload_count(false);
  workload_settle();
  session_pass(3 * plan.increment_timeout * MILLISECOND);
  fault_allow(false);
}

/* Statements that a host has forgotten. */
static void scenario_forgotten(void) {
  static const struct injected forget[] = {
      {FAULT_FORGET, 0, 1}, {FAULT_FORGET, 1, 1}, {FAULT_FORGET, 2, 1}};

  if (!opened())
    return;
  fault_script(forget, 3);
  fault_allow(true);
  for (int i = 0; i < 4; i++)
    workload_count(true);
  workload_settle();
  fault_allow(false);
}

/* A table whose columns are learned, and rows by name. */
static void learn(void) {
  tally_table *table;
  tally_error e;
  tally_row *row;

  if (tally_table_open_name(&table, sim_session, "page_hits", &e) != 0)
    return;
  if (tally_row_new(&row, table, &e) != 0)
    return;
  if (tally_row_set_text(row, "url", "/learned", &e) == 0)
    tally_get(table, tally_row_data(row), &e);
  tally_row_free(row);
}

static void scenario_learned(void) {
  if (!opened() || plan.mode == SIM_GUEST)
    return;
  learn();
  workload_count(true);
}

/* Requests and answers that need larger buffers than there are. */
static void scenario_large(void) {
  struct injected errors[8];

  if (!opened())
    return;
  for (uint64_t i = 0; i < 8; i++)
    errors[i] = (struct injected){FAULT_ANSWER_ERROR, 2 * i, 7919 * i};
  fault_script(errors, 8);
  fault_allow(true);
  for (int i = 0; i < 10; i++)
    workload_count(false);
  workload_settle();
  fault_allow(false);
}

/* Batches, statements of one's own, all rows of a table. */
static void scenario_kinds(void) {
  bool may_block = plan.mode != SIM_GUEST;

  if (!opened())
    return;
  workload_count(true);
  workload_batch(may_block);
  execute(may_block);
  if (may_block)
    scan_blocking();
  workload_batch(false);
  execute(false);
  scan_async();
  workload_settle();
}

static void scenario_close_in_flight(void) {
  if (!opened())
    return;
  for (int i = 0; i < 6; i++)
    workload_count(false);
  session_close();
}

static const struct scenario {
  const char *name;
  bool names; /* host names are looked up */
  bool login; /* servers want one */
  bool large; /* long keys */
  bool lz4;   /* bodies are compressed */
  void (*run)(void);
  /* Situations that must have been met in one of its runs. */
  enum mark expect[4];
  unsigned expect_count;
} scenarios[] = {
    {"plain", false, false, false, false, scenario_plain, {0}, 0},
    {"names", true, false, false, false, scenario_plain, {0}, 0},
    {"login", false, true, false, false, scenario_plain, {MARK_login_begun}, 1},
    {"many", false, false, false, false, scenario_many, {0}, 0},
    {"restart",
     false,
     false,
     false,
     false,
     scenario_restart,
     {MARK_oom_conn, MARK_round_failed},
     2},
    {"late",
     false,
     false,
     false,
     false,
     scenario_late,
     {MARK_late_reply_settles_applied, MARK_settled_row_no_memory},
     2},
    {"forgotten",
     false,
     false,
     false,
     false,
     scenario_forgotten,
     {MARK_unprepared_once, MARK_oom_prepare},
     2},
    {"learned", false, false, false, false, scenario_learned, {0}, 0},
    {"large",
     false,
     false,
     true,
     false,
     scenario_large,
     {MARK_output_grown, MARK_frame_larger_than_buffer, MARK_oom_output,
      MARK_oom_input},
     4},
    {"lz4",
     false,
     false,
     true,
     true,
     scenario_plain,
     {MARK_request_compressed, MARK_answer_compressed, MARK_oom_compress},
     3},
    {"kinds", false, false, false, false, scenario_kinds, {0}, 0},
    {"close", false, false, false, false, scenario_close_in_flight, {0}, 0},
};

/* ---- Attempts ----------------------------------------------------------- */

static void set_plan(const struct scenario *s, enum sim_mode mode) {
  plan_from_seed(1);
  plan.mode = (uint64_t)mode;
  plan.io_threads = 2;
  plan.app_threads = 1;
  plan.hosts = 1;
  plan.scylla = plan.shards = plan.skewed = plan.old = 0;
  plan.moving = plan.spare = plan.contacts = plan.partitioner = 0;
  plan.gossip = 0;
  plan.dcs = plan.racks = plan.tokens = plan.replicas = 1;
  plan.network = plan.local_dc = plan.local_rack = plan.remote = 0;
  plan.pool = 1;
  plan.names = s->names;
  plan.login = s->login;
  plan.tls = s->login; /* both are of the beginning of a connection */
  plan.lz4 = s->lz4 ? 3 : 0;
  plan.faults = 1; /* errors are not a surprise */
  plan.setup_faults = 0;
  plan.think_us = 100;
  plan.delay_us = 100;
  plan.hot_keys = 2;
  plan.connect_timeout = 1000;
  plan.increment_timeout = 500;
  plan.read_timeout = 300;
  plan.schema_timeout = 1000;
  plan.close_timeout = 100;
  plan.heartbeat = 1000;
  plan.heartbeat_timeout = 500;
  plan.reconnect_min = 5;
  plan.reconnect_max = 200;
  plan.max_in_flight = 64;
  plan.connection_max_in_flight = 16;
  plan.max_abandoned = 8;
  plan.max_frame = 1 << 20;
  plan.long_keys = s->large ? 1 : UINT64_MAX;
  plan.window = 1 << 16;
  plan.reopen = 0;
}

/* What failed can be done now. */
static void do_again(void) {
  uint64_t end = world_now() + 60 * SECOND;

  if (session_is_closing())
    session_close();
  if (sim_session == NULL)
    session_open();
  while (session_create() != 0) {
    if (world_now() > end)
      violation("nothing fails any more, and creating a table does");
    session_pass(100 * MILLISECOND);
  }
}

static void attempt(const struct scenario *s, enum sim_mode mode) {
  struct tally_of_runs sum = {0};

  set_plan(s, mode);
  torment.allocations = torment.calls = 0;
  run_begin();
  s->run();
  torment.aim = AIM_NOTHING;
  fault_script(NULL, 0);
  do_again();
  run_end(&sum);
}

static void aim_at(enum aim aim, uint64_t at, uint64_t too, bool forever,
                   int error) {
  torment.aim = aim;
  torment.at = at;
  torment.at_too = too;
  torment.forever = forever;
  torment.error = error;
}

struct points {
  uint64_t allocations;
  uint64_t calls;
  uint64_t pairs;
  uint64_t closes;
};

static void torture_points(const struct scenario *s, enum sim_mode mode,
                           struct points *done) {
  static const int errors[] = {EAGAIN,    ECONNRESET, EPIPE,
                               ETIMEDOUT, EMFILE,     ENETUNREACH};
  uint64_t allocations, calls;

  aim_at(AIM_NOTHING, 0, 0, false, 0);
  attempt(s, mode);
  allocations = torment.allocations;
  calls = torment.calls;
  for (uint64_t k = 1; k <= allocations; k++)
    for (int forever = 0; forever < 2; forever++) {
      aim_at(AIM_ALLOCATION, k, 0, forever != 0, 0);
      attempt(s, mode);
      done->allocations++;
    }
  for (uint64_t k = 1; k <= calls; k++)
    for (size_t e = 0; e < sizeof errors / sizeof errors[0]; e++)
      /* No system says for ever that there is something, and then nothing. */
      for (int forever = 0; forever < (errors[e] == EAGAIN ? 1 : 2);
           forever++) {
        aim_at(AIM_CALL, k, 0, forever != 0, errors[e]);
        attempt(s, mode);
        done->calls++;
      }
}

/* Two allocations, not one: what goes on after the first must bear another.
 * One pair of so many, from that one on. */
static struct {
  uint64_t every;
  uint64_t from;
} pairs = {1, 0};

static void torture_pairs(const struct scenario *s, enum sim_mode mode,
                          struct points *done) {
  uint64_t n, i = pairs.from;

  aim_at(AIM_NOTHING, 0, 0, false, 0);
  attempt(s, mode);
  n = torment.allocations;
  for (uint64_t k = 1; k <= n; k++)
    for (uint64_t too = k + 1; too <= n; too++, i++) {
      if (i % pairs.every != 0)
        continue;
      aim_at(AIM_ALLOCATION, k, too, false, 0);
      attempt(s, mode);
      done->pairs++;
    }
}

static bool steps_reached(void *arg) {
  return world_steps() >= *(const uint64_t *)arg;
}

/* Drive until k events have happened from here; true when nothing is left to
 * wait for. */
static bool drive_steps(uint64_t k) {
  uint64_t until = world_steps() + k;

  session_drive(steps_reached, &until, world_now() + 10 * SECOND);
  return check_pending() == 0 && !session_is_creating();
}

/* Everything at once, from a session that is not connected yet: connecting,
 * creating and counting are all under way. */
static bool begin_early(void) {
  return plan.mode == SIM_GUEST && session_begin_on() == 0 &&
         session_begin_creating() == 0;
}

/* Closed after every single event of a run: from the first operation on, or
 * (early) from the first event of the session. */
static void torture_close(enum sim_mode mode, bool early, struct points *done) {
  static const struct scenario s = {.name = "close at every event"};
  bool ended = false;

  for (uint64_t k = 0; !ended; k++) {
    struct tally_of_runs sum = {0};

    set_plan(&s, mode);
    aim_at(AIM_NOTHING, 0, 0, false, 0);
    run_begin();
    if (early ? !begin_early() : !opened())
      violation("cannot open, and nothing was wrong");
    for (int i = 0; i < 8; i++)
      workload_count(false);
    workload_read(false);
    ended = drive_steps(k);
    session_close();
    do_again();
    run_end(&sum);
    done->closes++;
  }
}

/* A scenario that has lost its point is no scenario. */
static bool met_all(const struct scenario *s, const uint64_t *before) {
  bool met = true;

  for (unsigned i = 0; i < s->expect_count; i++)
    if (tally_marks[s->expect[i]] == before[s->expect[i]]) {
      fprintf(stderr, "%s: no run of it meets %s\n", s->name,
              mark_name(s->expect[i]));
      met = false;
    }
  return met;
}

/* ---- All ---------------------------------------------------------------- */

enum { SCENARIOS = sizeof scenarios / sizeof scenarios[0] };

/* 0, or 1 when it has lost its point. */
static int run_scenario(const struct scenario *s, struct points *done) {
  uint64_t before[MARK_COUNT];

  if (s->lz4 && !compress_is_built())
    return 0;
  memcpy(before, tally_marks, sizeof before);
  for (int mode = 0; mode < SIM_MODES; mode++) {
    torture_points(s, (enum sim_mode)mode, done);
    if (mode == SIM_INLINE)
      torture_pairs(s, SIM_INLINE, done);
  }
  printf("%-10s %6llu failing allocations, %6llu pairs of them, %6llu "
         "failing calls\n",
         s->name, (unsigned long long)done->allocations,
         (unsigned long long)done->pairs, (unsigned long long)done->calls);
  return met_all(s, before) ? 0 : 1;
}

static int run_closes(struct points *done) {
  for (int mode = 0; mode < SIM_MODES; mode++)
    torture_close((enum sim_mode)mode, false, done);
  torture_close(SIM_GUEST, true, done);
  return 0;
}

/* In a process of its own, since a run has the whole program. */
static void start_part(size_t part, struct points *done) {
  fflush(stdout);
  if (fork() != 0)
    return;
  part = part < SCENARIOS ? (size_t)run_scenario(&scenarios[part], done)
                          : (size_t)run_closes(done);
  fflush(stdout);
  _exit((int)part);
}

static int end_part(void) {
  int status = 0;

  return wait(&status) > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int torture_all(unsigned jobs) {
  size_t size = sizeof(struct points) * (SCENARIOS + 1);
  struct points *parts = mmap(NULL, size, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  struct points all = {0};
  int rc = 0;

  for (size_t i = 0; i <= SCENARIOS; i++) {
    if (i >= jobs)
      rc |= end_part();
    start_part(i, &parts[i]);
  }
  for (size_t i = 0; i <= SCENARIOS && i < jobs; i++)
    rc |= end_part();
  for (size_t i = 0; i <= SCENARIOS; i++) {
    all.allocations += parts[i].allocations;
    all.pairs += parts[i].pairs;
    all.calls += parts[i].calls;
    all.closes += parts[i].closes;
  }
  printf("in all: %llu failing allocations, %llu pairs, %llu failing calls, "
         "closed at %llu events\n",
         (unsigned long long)all.allocations, (unsigned long long)all.pairs,
         (unsigned long long)all.calls, (unsigned long long)all.closes);
  munmap(parts, size);
  return rc;
}

int torture(const char *name, unsigned jobs, uint64_t every, uint64_t from) {
  struct points here = {0};

  pairs.every = every;
  pairs.from = from % every;

  if (name == NULL)
    return torture_all(jobs);
  for (size_t i = 0; i < SCENARIOS; i++)
    if (strcmp(name, scenarios[i].name) == 0)
      return run_scenario(&scenarios[i], &here);
  fprintf(stderr, "there is no scenario %s\n", name);
  return 2;
}
