/* tests/sim/main.c - the simulator's command: many seeds on all cores, one
 * seed again, a script, a failing seed made small. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/mark.h"
#include "tests/sim/run.h"
#include "tests/sim/script.h"
#include "tests/sim/torture.h"

enum { WORKERS_MAX = 64 };

/* What a worker tells while it runs. */
struct worker {
  _Atomic uint64_t seed; /* the one under way */
  struct tally_of_runs sum;
  uint64_t marks[MARK_COUNT];
};

static struct {
  struct worker *workers; /* shared memory */
  unsigned count;
  const char *program;
  const char *script; /* NULL: a seed */
  double began;
} all;

static double seconds(void) {
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- A failed run ------------------------------------------------------- */

static void advise(const char *what, uint64_t seed) {
  fprintf(stderr,
          "  %s %" PRIu64 "; again: scripts/sim --replay %" PRIu64 " --trace\n"
          "  smaller: scripts/sim --shrink %" PRIu64 " > FILE\n",
          what, seed, seed, seed);
}

_Noreturn void run_failed(const char *what) {
  fprintf(stderr, "\nviolation: %s\n", what);
  if (all.script != NULL)
    fprintf(stderr, "  in %s\n", all.script);
  else
    advise("seed", plan.seed);
  _exit(1);
}

/* ---- Workers ------------------------------------------------------------ */

static void add(struct tally_of_runs *to, const struct tally_of_runs *from) {
  to->runs += from->runs;
  to->virtual_ns += from->virtual_ns;
  to->increments += from->increments;
  to->reads += from->reads;
  to->settled += from->settled;
  for (int i = 0; i < 3; i++)
    to->outcomes[i] += from->outcomes[i];
  for (int i = 0; i < FAULT_COUNT; i++)
    to->faults[i] += from->faults[i];
}

static _Noreturn void work(struct worker *w, uint64_t seed, uint64_t step,
                           uint64_t runs, double until) {
  for (uint64_t i = 0; i < runs && (until == 0 || seconds() < until); i++) {
    w->seed = seed;
    plan_from_seed(seed);
    alarm(60);
    run_plan(&w->sum);
    memcpy(w->marks, tally_marks, sizeof tally_marks);
    seed += step;
  }
  _exit(0);
}

/* What no legal application and no server of ours can bring about; tests/unit
 * has them. */
static bool is_out_of_reach(int m) {
  switch (m) {
  case MARK_frame_too_large:       /* keys have at most 65,535 bytes */
  case MARK_expire_postponed_long: /* megabytes in one instant */
  case MARK_inbox_sealed:          /* a call from another thread at close */
    return true;
  default:
    return false;
  }
}

static uint64_t mark_hits(int m) {
  uint64_t hits = 0;

  for (unsigned i = 0; i < all.count; i++)
    hits += all.workers[i].marks[m];
  return hits;
}

static void report(bool last) {
  struct tally_of_runs sum = {0};
  uint64_t faults = 0;
  unsigned met = 0, within_reach = 0;
  double took = seconds() - all.began;

  for (unsigned i = 0; i < all.count; i++)
    add(&sum, &all.workers[i].sum);
  for (int i = 0; i < FAULT_COUNT; i++)
    faults += sum.faults[i];
  for (int m = 0; m < MARK_COUNT; m++) {
    met += mark_hits(m) > 0 && !is_out_of_reach(m);
    within_reach += !is_out_of_reach(m);
  }
  printf("%s%" PRIu64 " seeds, %.0f a second, %.1f virtual hours, %" PRIu64
         " increments (%" PRIu64 " applied, %" PRIu64 " not, %" PRIu64
         " unknown, %" PRIu64 " settled later), %" PRIu64 " reads, %" PRIu64
         " faults, %u of %u marks%s",
         last ? "" : "\r", sum.runs, (double)sum.runs / took,
         (double)sum.virtual_ns / 3.6e12, sum.increments, sum.outcomes[1],
         sum.outcomes[2], sum.outcomes[0], sum.settled, sum.reads, faults, met,
         within_reach, last ? "\n" : "  ");
  fflush(stdout);
  if (!last)
    return;
  for (int i = 0; i < FAULT_COUNT; i++)
    printf("%s%s %" PRIu64, i % 6 == 0 ? "\n  " : "  ",
           fault_name((enum fault_kind)i), sum.faults[i]);
  printf("\n\n");
}

static int report_marks(bool must) {
  int missed = 0;

  printf("marks never met:");
  for (int m = 0; m < MARK_COUNT; m++)
    if (mark_hits(m) == 0 && !is_out_of_reach(m)) {
      printf(" %s", mark_name((enum mark)m));
      missed++;
    }
  printf("%s\nmarks met less than 100 times:", missed == 0 ? " none" : "");
  for (int m = 0; m < MARK_COUNT; m++)
    if (mark_hits(m) > 0 && mark_hits(m) < 100)
      printf(" %s (%" PRIu64 ")", mark_name((enum mark)m), mark_hits(m));
  printf("\n");
  return must && missed > 0;
}

static int worker_ended(pid_t pid, int status, const pid_t *pids) {
  for (unsigned i = 0; i < all.count; i++) {
    if (pids[i] != pid || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
      continue;
    if (WIFSIGNALED(status)) {
      fprintf(stderr, "\nsignal %d", WTERMSIG(status));
      advise(" in seed", all.workers[i].seed);
    }
    return 1;
  }
  return 0;
}

struct settings {
  uint64_t from;
  uint64_t seeds;
  double seconds;
  unsigned jobs;
  uint64_t pairs;
  bool all_marks;
};

static int run_many(const struct settings *s) {
  pid_t pids[WORKERS_MAX];
  double until = s->seconds > 0 ? seconds() + s->seconds : 0;
  unsigned left;
  int failed = 0;

  all.count = s->jobs;
  all.began = seconds();
  all.workers = mmap(NULL, sizeof *all.workers * s->jobs,
                     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  printf("seeds from %" PRIu64 ", %u at once\n", s->from, s->jobs);
  fflush(stdout);
  for (unsigned i = 0; i < s->jobs; i++) {
    uint64_t runs =
        s->seeds == 0 ? UINT64_MAX : (s->seeds + s->jobs - 1 - i) / s->jobs;

    pids[i] = fork();
    if (pids[i] == 0)
      work(&all.workers[i], s->from + i, s->jobs, runs, until);
  }
  for (left = s->jobs; left > 0;) {
    int status;
    pid_t pid = waitpid(-1, &status, WNOHANG);

    if (pid > 0) {
      left--;
      if (failed == 0 && worker_ended(pid, status, pids) != 0) {
        failed = 1;
        for (unsigned i = 0; i < s->jobs; i++)
          kill(pids[i], SIGTERM);
      }
      continue;
    }
    if (isatty(1))
      report(false);
    usleep(100000);
  }
  report(true);
  return failed != 0 ? 1 : report_marks(s->all_marks);
}

/* ---- One run ------------------------------------------------------------ */

static int replay(uint64_t seed) {
  struct tally_of_runs sum = {0};
  uint64_t hash;

  plan_from_seed(seed);
  if (world_tracing)
    script_write(stdout, &plan, NULL, 0);
  hash = run_plan(&sum);
  printf("seed %" PRIu64 ": no violation, hash %016" PRIx64 ", %" PRIu64
         " increments\n",
         seed, hash, sum.increments);
  return 0;
}

/* What a client does at which nanosecond changes with it, and a script that
 * expects a situation would not meet it any more.  So it is run from its seed
 * on until that is met. */
enum { SCRIPT_SEEDS = 20000 };

static bool meets(const struct script *s, uint64_t seed) {
  struct tally_of_runs sum = {0};
  uint64_t before = s->expect < 0 ? 0 : tally_marks[s->expect];

  plan = s->plan;
  plan.seed = seed;
  alarm(60);
  run_plan(&sum);
  return s->expect < 0 || tally_marks[s->expect] > before;
}

static int replay_script(const char *path) {
  static const struct injected none;
  struct script s;
  uint64_t seed;

  if (!script_read(&s, path))
    return 2;
  all.script = path;
  for (seed = s.plan.seed; seed < s.plan.seed + SCRIPT_SEEDS; seed++) {
    fault_script(s.faults != NULL ? s.faults : &none, s.count);
    if (meets(&s, seed))
      break;
  }
  free(s.faults);
  if (seed == s.plan.seed + SCRIPT_SEEDS) {
    fprintf(stderr, "%s: no seed from %" PRIu64 " on meets %s\n", path,
            s.plan.seed, mark_name((enum mark)s.expect));
    return 1;
  }
  printf("%s: no violation, seed %" PRIu64 "\n", path, seed);
  return 0;
}

/* The same seed twice gives the same hash; printed, so that other compilers
 * can be held against it. */
static int hashes(uint64_t from, uint64_t seeds) {
  for (uint64_t seed = from; seed < from + seeds; seed++) {
    struct tally_of_runs sum = {0};
    uint64_t first, second;

    plan_from_seed(seed);
    first = run_plan(&sum);
    plan_from_seed(seed);
    second = run_plan(&sum);
    if (first != second) {
      fprintf(stderr, "seed %" PRIu64 " gives two hashes\n", seed);
      return 1;
    }
    printf("%" PRIu64 " %016" PRIx64 "\n", seed, first);
  }
  return 0;
}

static int make_smaller(uint64_t seed) {
  plan_from_seed(seed);
  if (shrink(&plan, stdout))
    return 0;
  fprintf(stderr, "seed %" PRIu64 " does not fail\n", seed);
  return 1;
}

/* ---- Arguments ---------------------------------------------------------- */

static int usage(void) {
  fprintf(stderr,
          "usage: %s [--from SEED] [--seeds N] [--seconds N] [--jobs N]\n"
          "                 [--all-marks]    fresh seeds for so long (60 s),\n"
          "                                  or until a rule breaks\n"
          "       ... --replay SEED [--trace]\n"
          "       ... --shrink SEED          a smaller run, as a script\n"
          "       ... --script FILE [--trace]\n"
          "       ... --hashes N [--from SEED]\n"
          "       ... --torture[=SCENARIO] [--jobs N] [--pairs N [--from N]]\n"
          "                                  one pair of failing allocations "
          "in N\n"
          "Exit status: 0, 1 when a rule broke, 2 for a wrong call.\n",
          all.program);
  return 2;
}

static uint64_t fresh_seed(void) {
  struct timespec t;

  clock_gettime(CLOCK_REALTIME, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Ends the program when it is none. */
static uint64_t number(const char *option, const char *text) {
  char *end;
  uint64_t n;

  errno = 0;
  n = strtoull(text, &end, 0);
  if (errno != 0 || end == text || *end != '\0' || text[0] == '-') {
    fprintf(stderr, "--%s: \"%s\" is not a number from 0 to 2^64 - 1\n", option,
            text);
    exit(2);
  }
  return n;
}

enum action { RUN = 1, REPLAY, SHRINK, SCRIPT, HASHES, TORTURE };
enum { FROM = 100, SEEDS, SECONDS, JOBS, PAIRS, ALL_MARKS, TRACING };

static const struct option options[] = {
    {"from", required_argument, NULL, FROM},
    {"seeds", required_argument, NULL, SEEDS},
    {"seconds", required_argument, NULL, SECONDS},
    {"jobs", required_argument, NULL, JOBS},
    {"pairs", required_argument, NULL, PAIRS},
    {"all-marks", no_argument, NULL, ALL_MARKS},
    {"trace", no_argument, NULL, TRACING},
    {"replay", required_argument, NULL, REPLAY},
    {"shrink", required_argument, NULL, SHRINK},
    {"script", required_argument, NULL, SCRIPT},
    {"hashes", required_argument, NULL, HASHES},
    {"torture", optional_argument, NULL, TORTURE},
    {0},
};

/* False for a wrong call. */
static bool read_arguments(int argc, char **argv, struct settings *s,
                           enum action *action, const char **value) {
  int c, i;

  while ((c = getopt_long(argc, argv, "", options, &i)) != -1) {
    switch (c) {
    case FROM:
      s->from = number(options[i].name, optarg);
      break;
    case SEEDS:
      s->seeds = number(options[i].name, optarg);
      break;
    case SECONDS:
      s->seconds = (double)number(options[i].name, optarg);
      break;
    case JOBS:
      s->jobs = (unsigned)number(options[i].name, optarg);
      break;
    case PAIRS:
      s->pairs = number(options[i].name, optarg);
      break;
    case ALL_MARKS:
      s->all_marks = true;
      break;
    case TRACING:
      world_tracing = true;
      break;
    case '?':
      return false;
    default:
      *action = (enum action)c;
      *value = optarg;
    }
  }
  if (optind < argc)
    fprintf(stderr, "\"%s\" is no option\n", argv[optind]);
  else if (world_tracing && *action != REPLAY && *action != SCRIPT &&
           *action != TORTURE)
    fprintf(stderr, "--trace goes with --replay, --script or --torture\n");
  else
    return true;
  return false;
}

static void fill_in(struct settings *s) {
  if (s->jobs == 0)
    s->jobs = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
  if (s->jobs > WORKERS_MAX)
    s->jobs = WORKERS_MAX;
  if (s->from == 0)
    s->from = fresh_seed();
  if (s->pairs == 0)
    s->pairs = 1;
  if (s->seeds == 0 && s->seconds == 0)
    s->seconds = 60;
}

int main(int argc, char **argv) {
  struct settings s = {0};
  enum action action = RUN;
  const char *value = NULL;

  all.program = argv[0];
  /* Each run wants the same large pieces again: the system would clear them. */
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  if (!read_arguments(argc, argv, &s, &action, &value))
    return usage();
  switch (action) {
  case REPLAY:
    return replay(number("replay", value));
  case SHRINK:
    return make_smaller(number("shrink", value));
  case SCRIPT:
    return replay_script(value);
  case HASHES:
    return hashes(s.from, number("hashes", value));
  case TORTURE:
    fill_in(&s);
    return torture(value, s.jobs, s.pairs, s.from);
  case RUN:
  default:
    fill_in(&s);
    return run_many(&s);
  }
}
