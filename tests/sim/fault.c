#include "tests/sim/run.h"

#include <string.h>

static const struct {
  const char *name;
  uint64_t lo, hi; /* per million */
  const char *text;
} catalogue[FAULT_COUNT] = {
#define FAULT_ROW(name, lo, hi, opportunity, text) {#name, lo, hi, text},
    FAULT_MAP(FAULT_ROW)
#undef FAULT_ROW
};

static struct {
  bool allowed;
  uint64_t rates[FAULT_COUNT]; /* per million; 0: off */
  uint64_t opportunities[FAULT_COUNT];
  const struct injected *script; /* NULL: by chance */
  size_t script_count;
  uint64_t happened[FAULT_COUNT];
  void (*told)(const struct injected *fault);
} faults;

const char *fault_name(enum fault_kind kind) {
  return catalogue[kind].name;
}

const char *fault_text(enum fault_kind kind) {
  return catalogue[kind].text;
}

/* Swarm: how many kinds are on is drawn first, so that runs with few faults are
 * as frequent as runs with many: some faults hide what others would show. */
static void draw_rates(enum chance purpose, int from, int to, bool allowed) {
  uint64_t count = (uint64_t)(to - from);
  uint64_t on = 1 + draw_below(purpose, count);

  for (int i = from; i < to; i++) {
    uint64_t rate = draw_scale(purpose, catalogue[i].lo, catalogue[i].hi);
    bool is_on = draw_below(purpose, count) < on;

    faults.rates[i] = is_on && allowed ? rate : 0;
  }
}

void fault_begin(void) {
  faults.allowed = false;
  memset(faults.happened, 0, sizeof faults.happened);
  memset(faults.rates, 0, sizeof faults.rates);
  memset(faults.opportunities, 0, sizeof faults.opportunities);
  draw_rates(CHANCE_PLAN, 0, FAULT_FIRST_CHANGE, plan.moving != MOVING_ALONE);
  draw_rates(CHANCE_CLUSTER, FAULT_FIRST_CHANGE, FAULT_FIRST_PACKED,
             plan.moving != MOVING_NOT);
  if (plan.lz4 != 0)
    draw_rates(CHANCE_CLUSTER, FAULT_FIRST_PACKED, FAULT_COUNT,
               plan.moving != MOVING_ALONE && draw_once_in(CHANCE_CLUSTER, 2));
}

void fault_allow(bool allowed) {
  faults.allowed = allowed;
}

void fault_script(const struct injected *list, size_t count) {
  faults.script = list;
  faults.script_count = count;
  memset(faults.opportunities, 0, sizeof faults.opportunities);
}

static const struct injected *in_script(enum fault_kind kind, uint64_t n) {
  for (size_t i = 0; i < faults.script_count; i++)
    if (faults.script[i].kind == kind && faults.script[i].opportunity == n)
      return &faults.script[i];
  return NULL;
}

static void record(enum fault_kind kind, uint64_t n, uint64_t detail) {
  struct injected f = {kind, n, detail};

  faults.happened[kind]++;
  if (faults.told != NULL)
    faults.told(&f);
  TRACE("fault %s #%llu: %s", catalogue[kind].name, (unsigned long long)n,
        catalogue[kind].text);
  world_hash(0xfa17 + (uint64_t)kind);
}

bool fault(enum fault_kind kind, uint64_t *detail) {
  uint64_t n = faults.opportunities[kind]++;

  if (!faults.allowed)
    return false;
  if (faults.script != NULL) {
    const struct injected *f = in_script(kind, n);

    if (f == NULL)
      return false;
    *detail = f->detail;
  } else {
    if (faults.rates[kind] == 0 ||
        draw_below(CHANCE_FAULT, 1000000) >= faults.rates[kind])
      return false;
    *detail = draw(CHANCE_FAULT);
  }
  record(kind, n, *detail);
  return true;
}

void fault_tell(void (*told)(const struct injected *fault)) {
  faults.told = told;
}

void fault_sum(struct tally_of_runs *sum) {
  for (int i = 0; i < FAULT_COUNT; i++)
    sum->faults[i] += faults.happened[i];
}
