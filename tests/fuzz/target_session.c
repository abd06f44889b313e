/* tests/fuzz/target_session.c - a whole session, inline, against a server and
 * a network that do what the input says (session/world.h).
 *
 * Whatever comes: every operation ends once; APPLIED is only what the server
 * had as a whole, NOT_APPLIED never what a server that keeps to the protocol
 * had; memory goes with the bytes that came, and is given back; and the session
 * comes to its end.
 *
 * Input: a byte of options, then what happens. */
#include <stdlib.h>
#include <string.h>

#include "api/tally.h"
#include "tests/fuzz/session/world.h"

typedef struct page_hits {
  const char *url;
  int64_t views;
  int64_t unique_visitors;
} page_hits;

static const tally_column columns[] = {
    TALLY_PARTITION_KEY(page_hits, url, TALLY_TEXT),
    TALLY_COUNTER(page_hits, views),
    TALLY_COUNTER(page_hits, unique_visitors),
};
static const tally_definition definition =
    TALLY_DEFINITION(page_hits, "page_hits", columns);

enum { OPERATIONS = 128, SESSION_BYTES = 2 << 20 };

struct done {
  bool is_increment;
  unsigned number; /* of an increment */
  unsigned calls;
  int outcome;
};

static struct {
  struct done done[OPERATIONS];
  unsigned count;
  unsigned increments;
  struct fuzz_heap heap;
} app;

static void on_done(void *user, const tally_result *result) {
  struct done *d = user;

  d->calls++;
  d->outcome = result->outcome;
  FUZZ_CHECK(d->calls == 1);
  FUZZ_CHECK(result->error == NULL ||
             memchr(result->error->detail, 0, sizeof result->error->detail));
}

static void on_log(void *user, int level, const char *text) {
  (void)user, (void)level;
  FUZZ_CHECK(strlen(text) < 2000);
}

/* ---- The application ---------------------------------------------------- */

static void submit(tally_table *t, bool is_increment) {
  page_hits hit = {.url = "/a"};
  tally_error error;
  struct done *d = &app.done[app.count];
  int rc;

  if (app.count == OPERATIONS ||
      (is_increment && app.increments == WORLD_INCREMENTS))
    return;
  memset(d, 0, sizeof *d);
  d->is_increment = is_increment;
  d->number = app.increments;
  if (is_increment)
    hit.views = world_delta(app.increments);
  rc = is_increment ? tally_increment_async(t, &hit, on_done, d, &error)
                    : tally_get_async(t, &hit, on_done, d, &error);
  if (rc != 0)
    return;
  app.count++;
  app.increments += is_increment;
}

static void use(tally_session *s) {
  tally_table *t = NULL, *learned = NULL;
  tally_error error;

  if (world.in.left > 0 && fuzz_byte(&world.in) % 2 == 0)
    tally_table_open_name(&learned, s, "ks.page_hits", &error);
  if (tally_table_open(&t, s, &definition, &error) != 0)
    return;
  while (world.in.left > 0) {
    uint8_t what = fuzz_byte(&world.in);

    if (what % 4 == 0)
      submit(t, true);
    else if (what % 4 == 1)
      submit(t, false);
    else
      tally_poll(s, what / 4, &error);
  }
}

static void check_outcomes(void) {
  for (unsigned i = 0; i < app.count; i++) {
    const struct done *d = &app.done[i];

    FUZZ_CHECK(d->calls == 1);
    if (!d->is_increment)
      continue;
    FUZZ_CHECK(world.seen[d->number] <= 16);
    if (d->outcome == TALLY_APPLIED)
      FUZZ_CHECK(world.seen[d->number] > 0);
    if (d->outcome == TALLY_NOT_APPLIED && !world.evil)
      FUZZ_CHECK(world.seen[d->number] == 0);
  }
}

static void set_options(tally_options *o, uint8_t how) {
  tally_options_init(o);
  o->hosts = "10.0.0.1";
  o->keyspace = "ks";
  o->io_threads = 0;
  o->allocator = (tally_allocator){app.heap.heap.allocate, app.heap.heap.resize,
                                   app.heap.heap.release, &app.heap};
  o->max_in_flight = 64;
  o->max_frame_bytes = 1 << 20;
  tally_log(o, on_log, NULL, TALLY_LOG_DEBUG);
  if (how & 1)
    o->compression = TALLY_COMPRESSION_LZ4;
  if (how & 2) {
    o->user = "fuzz";
    o->password = "secret";
    o->allow_plaintext_password = 1;
    world.login = true;
  }
  if (how & 4)
    o->connection_max_in_flight = 2;
  if (how & 8)
    o->max_abandoned = 1;
}

void fuzz_one(const uint8_t *data, size_t size) {
  tally_session *s = NULL;
  tally_options o;
  tally_error error;

  world_begin(data, size);
  fuzz_heap_init(&app.heap, SESSION_BYTES / 4 + size);
  app.count = app.increments = 0;
  set_options(&o, fuzz_byte(&world.in));
  if (tally_connect(&s, &o, &error) == 0) {
    use(s);
    FUZZ_CHECK(tally_close(s) == 0);
    check_outcomes();
  }
  fuzz_heap_check(&app.heap);
  world_end();
}
