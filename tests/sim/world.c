#include "tests/sim/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Chance ------------------------------------------------------------- */

static uint64_t streams[CHANCE_COUNT];

/* splitmix64 */
static uint64_t mix(uint64_t x) {
  x ^= x >> 30;
  x *= UINT64_C(0xbf58476d1ce4e5b9);
  x ^= x >> 27;
  x *= UINT64_C(0x94d049bb133111eb);
  return x ^ x >> 31;
}

uint64_t draw(enum chance purpose) {
  streams[purpose] += UINT64_C(0x9e3779b97f4a7c15);
  return mix(streams[purpose]);
}

uint64_t draw_below(enum chance purpose, uint64_t n) {
  return draw(purpose) % n;
}

uint64_t draw_between(enum chance purpose, uint64_t lo, uint64_t hi) {
  return lo + draw(purpose) % (hi - lo + 1);
}

uint64_t draw_scale(enum chance purpose, uint64_t lo, uint64_t hi) {
  uint64_t octaves = 0, x;

  while (lo << (octaves + 1) <= hi)
    octaves++;
  x = lo << draw_below(purpose, octaves + 1);
  x += draw_below(purpose, x);
  return x < hi ? x : hi;
}

bool draw_once_in(enum chance purpose, uint64_t n) {
  return draw(purpose) % n == 0;
}

uint64_t detail_below(uint64_t *detail, uint64_t n) {
  uint64_t answer = *detail % n;

  *detail = mix(*detail + UINT64_C(0x9e3779b97f4a7c15));
  return answer;
}

/* ---- Time and events ---------------------------------------------------- */

struct event {
  uint64_t when;
  uint64_t tie;
  uint64_t number;
  world_event *run;
  void *arg;
  uint64_t cookie;
};

static struct {
  uint64_t now;
  uint64_t seed;
  uint64_t hash;
  uint64_t steps;
  uint64_t numbers;
  struct event *events; /* a binary heap */
  size_t count;
  size_t cap;
} world;

/* A run does not come near it unless something turns on the spot. */
enum { STEPS_MAX = 2000000 };

uint64_t world_now(void) {
  return world.now;
}

static bool is_before(const struct event *a, const struct event *b) {
  if (a->when != b->when)
    return a->when < b->when;
  if (a->tie != b->tie)
    return a->tie < b->tie;
  return a->number < b->number;
}

void world_at(uint64_t when, uint64_t order, world_event *run, void *arg,
              uint64_t cookie) {
  struct event e = {.when = when > world.now ? when : world.now,
                    .number = world.numbers++,
                    .run = run,
                    .arg = arg,
                    .cookie = cookie};
  size_t i = world.count++;

  e.tie = order != 0 ? mix(order * 0x9e3779b97f4a7c15u ^ e.when ^ world.seed)
                     : draw(CHANCE_ORDER);
  if (world.count > world.cap) {
    world.cap = world.cap == 0 ? 256 : world.cap * 2;
    world.events = realloc(world.events, world.cap * sizeof *world.events);
  }
  for (; i > 0 && is_before(&e, &world.events[(i - 1) / 2]); i = (i - 1) / 2)
    world.events[i] = world.events[(i - 1) / 2];
  world.events[i] = e;
}

static struct event take_first(void) {
  struct event first = world.events[0];
  struct event last = world.events[--world.count];
  size_t i = 0, child;

  for (; (child = 2 * i + 1) < world.count; i = child) {
    if (child + 1 < world.count &&
        is_before(&world.events[child + 1], &world.events[child]))
      child++;
    if (!is_before(&world.events[child], &last))
      break;
    world.events[i] = world.events[child];
  }
  world.events[i] = last;
  return first;
}

bool world_step(void) {
  struct event e;

  if (world.count == 0)
    return false;
  if (world.steps++ > STEPS_MAX)
    violation("the run does not come to an end");
  e = take_first();
  world.now = e.when;
  e.run(e.arg, e.cookie);
  return true;
}

uint64_t world_steps(void) {
  return world.steps;
}

/* ---- What is recorded --------------------------------------------------- */

bool world_tracing;

void world_hash(uint64_t value) {
  world.hash = mix(world.hash ^ value) + world.now;
}

uint64_t world_digest(void) {
  return world.hash;
}

void world_trace(const char *format, ...) {
  va_list args;

  printf("%12.6f ", (double)world.now / 1e9);
  va_start(args, format);
  vprintf(format, args);
  va_end(args);
  putchar('\n');
}

_Noreturn void violation(const char *format, ...) {
  char text[512];
  va_list args;

  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  TRACE("VIOLATION: %s", text);
  fflush(stdout);
  run_failed(text);
}

/* ---- A run -------------------------------------------------------------- */

void world_begin(uint64_t seed) {
  struct event *events = world.events;
  size_t cap = world.cap;

  memset(&world, 0, sizeof world);
  world.events = events;
  world.cap = cap;
  world.now = SECOND;
  world.seed = seed;
  for (int i = 0; i < CHANCE_COUNT; i++)
    streams[i] = mix(seed ^ mix((uint64_t)i + 1));
}
