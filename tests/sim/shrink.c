#include "tests/sim/script.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a child leaves behind, also one that crashes: written as it happens. */
enum { SHARED_FAULTS = 100000 };
struct shared {
  size_t count;
  struct injected faults[SHARED_FAULTS];
};
static struct shared *shared;

static void share(const struct injected *fault) {
  if (shared->count < SHARED_FAULTS)
    shared->faults[shared->count++] = *fault;
}

/* In a process of its own, since a violation ends it, and so does a crash. */
static bool fails(const struct plan *p, const struct injected *faults,
                  size_t count) {
  int status;
  pid_t child;

  shared->count = 0;
  child = fork();
  if (child == 0) {
    struct tally_of_runs sum = {0};

    if (freopen("/dev/null", "w", stdout) == NULL ||
        freopen("/dev/null", "w", stderr) == NULL)
      _exit(9);
    alarm(30);
    plan = *p;
    fault_script(faults, count);
    fault_tell(share);
    run_plan(&sum);
    _exit(0);
  }
  waitpid(child, &status, 0);
  return !WIFEXITED(status) || WEXITSTATUS(status) == 1;
}

/* Delta debugging: leave out halves, quarters, ... for as long as that
 * fails. */
static size_t fewer(const struct plan *p, struct injected *list, size_t count) {
  struct injected *without = malloc((count + 1) * sizeof *without);

  for (size_t piece = (count + 1) / 2; piece > 0;) {
    bool shrunk = false;

    for (size_t at = 0; at < count; at += piece) {
      size_t n = at + piece < count ? piece : count - at;

      memcpy(without, list, at * sizeof *list);
      memcpy(without + at, list + at + n, (count - at - n) * sizeof *list);
      if (fails(p, without, count - n)) {
        count -= n;
        memcpy(list, without, count * sizeof *list);
        shrunk = true;
        break;
      }
    }
    if (!shrunk)
      piece /= 2;
    else if (piece > count)
      piece = count;
  }
  free(without);
  return count;
}

static bool try_plan(struct plan *p, const struct plan *other,
                     const struct injected *list, size_t count) {
  if (!fails(other, list, count))
    return false;
  *p = *other;
  return true;
}

static void simpler(struct plan *p, const struct injected *list, size_t count) {
  struct plan q;

#define TRY(field, value)                                                      \
  q = *p;                                                                      \
  q.field = (value);                                                           \
  if (p->field != (value))                                                     \
  try_plan(p, &q, list, count)
  TRY(moving, MOVING_NOT);
  TRY(spare, 0);
  TRY(contacts, 0);
  TRY(partitioner, 0);
  TRY(gossip, 0);
  TRY(heal_all, 1);
  TRY(hosts, 1);
  TRY(names, 0);
  TRY(dcs, 1);
  TRY(racks, 1);
  TRY(tokens, 1);
  TRY(replicas, 1);
  TRY(network, 0);
  TRY(local_dc, 0);
  TRY(local_rack, 0);
  TRY(remote, 0);
  TRY(pool, 1);
  TRY(old, 0);
  TRY(skewed, 0);
  TRY(shards, 0);
  TRY(scylla, 0);
  TRY(lz4, 0);
  TRY(reopen, 0);
  TRY(close_in_callback, 0);
  TRY(setup_faults, 0);
  TRY(user_timeout, 0);
  TRY(app_threads, 1);
  TRY(io_threads, 1);
  TRY(mode, SIM_INLINE);
  TRY(mode, SIM_GUEST);
#undef TRY
  for (uint64_t cut = p->operations / 2; cut > 0; cut /= 2) {
    q = *p;
    while (q.operations > cut) {
      q.operations -= cut;
      if (!try_plan(p, &q, list, count))
        break;
    }
  }
}

bool shrink(const struct plan *p, FILE *to) {
  struct plan best = *p;
  struct injected *list;
  size_t count, before;

  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED || !fails(&best, NULL, 0))
    return false;
  count = shared->count;
  list = malloc((count + 1) * sizeof *list);
  memcpy(list, shared->faults, count * sizeof *list);
  if (!fails(&best, list, count)) {
    fprintf(stderr, "it fails, but not as a script of %zu faults\n", count);
    free(list);
    return false;
  }
  do {
    before = count;
    count = fewer(&best, list, count);
    simpler(&best, list, count);
    fprintf(stderr, "%zu faults and %llu operations, and smaller yet?\n", count,
            (unsigned long long)best.operations);
  } while (count < before);
  fprintf(
      stderr,
      "%zu faults and %llu operations are left; the rule that breaks now may "
      "be another one\n",
      count, (unsigned long long)best.operations);
  script_write(to, &best, list, count);
  free(list);
  return true;
}
