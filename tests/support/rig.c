#include "tests/support/rig.h"

#include <check.h>
#include <dirent.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const tally_column page_hits_columns[] = {
    TALLY_PARTITION_KEY(page_hits, url, TALLY_TEXT),
    TALLY_COUNTER(page_hits, views),
    TALLY_COUNTER(page_hits, unique_visitors),
};
const tally_definition page_hits_definition =
    TALLY_DEFINITION(page_hits, "page_hits", page_hits_columns);

const char *rig_mode_name(enum rig_mode mode) {
  static const char *const names[RIG_MODES] = {"own threads", "caller's loop",
                                               "inline"};

  return names[mode];
}

void done_record(void *user, const tally_result *result) {
  struct done *d = user;

  d->status = result->status;
  d->outcome = result->outcome;
  if (result->error != NULL)
    d->error = *result->error;
  else
    memset(&d->error, 0, sizeof d->error);
  atomic_fetch_add(&d->calls, 1);
}

/* ---- The counting allocator --------------------------------------------- */

static void note_size(struct rig_heap *heap, size_t size) {
  size_t largest = atomic_load(&heap->largest);

  while (size > largest &&
         !atomic_compare_exchange_weak(&heap->largest, &largest, size))
    continue;
}

static void *heap_allocate(void *user, size_t size) {
  struct rig_heap *heap = user;
  void *p = malloc(size);

  note_size(heap, size);
  /* What was never written must not look zeroed. */
  if (p != NULL) {
    memset(p, 0xa5, size < 4096 ? size : 4096);
    atomic_fetch_add(&heap->live, 1);
    atomic_fetch_add(&heap->calls, 1);
  }
  return p;
}

static void *heap_resize(void *user, void *p, size_t size) {
  struct rig_heap *heap = user;
  void *moved = realloc(p, size);

  note_size(heap, size);
  if (p == NULL && moved != NULL)
    atomic_fetch_add(&heap->live, 1);
  atomic_fetch_add(&heap->calls, 1);
  return moved;
}

static void heap_release(void *user, void *p) {
  struct rig_heap *heap = user;

  if (p != NULL)
    atomic_fetch_sub(&heap->live, 1);
  free(p);
}

/* ---- Time and threads --------------------------------------------------- */

uint64_t rig_ms(void) {
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void rig_busy_until(uint64_t ms) {
  while (rig_ms() < ms)
    continue;
}

int rig_tasks(void) {
  DIR *dir = opendir("/proc/self/task");
  struct dirent *entry;
  int n = 0;

  ck_assert_ptr_nonnull(dir);
  while ((entry = readdir(dir)) != NULL)
    n += entry->d_name[0] != '.';
  closedir(dir);
  return n;
}

/* ---- Life --------------------------------------------------------------- */

static void on_keep(uv_timer_t *timer) {
  (void)timer;
}

static void guest_loop_open(struct rig *r) {
  ck_assert_int_eq(uv_loop_init(&r->loop), 0);
  uv_timer_init(&r->loop, &r->keep);
  uv_timer_start(&r->keep, on_keep, 3600 * 1000, 3600 * 1000);
  uv_unref((uv_handle_t *)&r->keep);
}

static void guest_loop_close(struct rig *r) {
  uv_close((uv_handle_t *)&r->keep, NULL);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(uv_loop_close(&r->loop), 0);
}

void rig_init(struct rig *r, enum rig_mode mode) {
  memset(r, 0, sizeof *r);
  r->mode = mode;
  r->server = script_start();
  if (mode == RIG_GUEST)
    guest_loop_open(r);
  r->tasks = rig_tasks();
  tally_options_init(&r->options);
  r->options.hosts = script_host(r->server);
  r->options.keyspace = "my_ks";
  r->options.io_threads = mode == RIG_THREADS ? 1 : 0;
  r->options.reconnect_min_ms = 1;
  r->options.reconnect_max_ms = 20;
  r->options.connect_timeout_ms = 60000;
  r->options.increment_timeout_ms = 60000;
  r->options.read_timeout_ms = 60000;
  r->options.allocator =
      (tally_allocator){heap_allocate, heap_resize, heap_release, &r->heap};
}

int rig_try_connect(struct rig *r) {
  struct done connected = {0};
  int rc;

  if (r->mode != RIG_GUEST)
    return tally_connect(&r->session, &r->options, &r->error);
  rc = tally_connect_on(&r->session, &r->loop, &r->options, done_record,
                        &connected, &r->error);
  if (rc != 0)
    return rc;
  ck_assert(rig_done(r, &connected));
  r->error = connected.error;
  return connected.status;
}

void rig_connect(struct rig *r) {
  int rc = rig_try_connect(r);

  ck_assert_msg(rc == 0, "%s: %s: %s", rig_mode_name(r->mode), r->error.message,
                r->error.detail);
  rc = tally_table_open(&r->hits, r->session, &page_hits_definition, &r->error);
  ck_assert_msg(rc == 0, "%s", r->error.message);
}

static void count_closed(void *user) {
  atomic_fetch_add(&((struct done *)user)->calls, 1);
}

static bool tasks_back(void *arg) {
  return rig_tasks() <= ((struct rig *)arg)->tasks;
}

void rig_close(struct rig *r) {
  struct done closed = {0};

  if (r->session != NULL && r->mode == RIG_GUEST) {
    ck_assert_int_eq(tally_close_async(r->session, count_closed, &closed), 0);
    ck_assert(rig_done(r, &closed));
  } else {
    ck_assert_int_eq(tally_close(r->session), 0);
  }
  r->session = NULL;
  /* A thread that was joined may stand in /proc a moment longer. */
  ck_assert_msg(rig_until(r, tasks_back, r), "%s: threads are left",
                rig_mode_name(r->mode));
  ck_assert_msg(r->heap.live == 0, "%s: %lld pieces of memory are left",
                rig_mode_name(r->mode), (long long)r->heap.live);
  if (r->mode == RIG_GUEST)
    ck_assert_int_eq(uv_loop_alive(&r->loop), 0);
}

void rig_fini(struct rig *r) {
  rig_close(r);
  if (r->mode == RIG_GUEST)
    guest_loop_close(r);
  script_stop(r->server);
}

/* ---- Waiting ------------------------------------------------------------ */

void rig_step(struct rig *r) {
  struct pollfd wait = {.fd = -1, .events = POLLIN};

  if (r->mode == RIG_GUEST) {
    uv_ref((uv_handle_t *)&r->keep);
    uv_run(&r->loop, UV_RUN_NOWAIT);
    uv_unref((uv_handle_t *)&r->keep);
    wait.fd = uv_backend_fd(&r->loop);
  } else if (r->mode == RIG_INLINE && r->session != NULL) {
    tally_poll(r->session, 0, NULL);
    wait.fd = tally_backend_fd(r->session);
  }
  poll(&wait, 1, 1);
}

bool rig_until(struct rig *r, bool (*holds)(void *arg), void *arg) {
  uint64_t limit = rig_ms() + WAIT_LIMIT_MS;

  while (!holds(arg)) {
    if (rig_ms() > limit)
      return false;
    rig_step(r);
  }
  return true;
}

static bool has_ended(void *arg) {
  return atomic_load(&((struct done *)arg)->calls) > 0;
}

bool rig_done(struct rig *r, struct done *d) {
  return rig_until(r, has_ended, d);
}

struct served {
  struct script_server *server;
  unsigned (*read)(struct script_server *s);
  enum script_place place;
  unsigned count;
  bool exactly;
};

static bool is_served(void *arg) {
  const struct served *w = arg;
  unsigned n =
      w->read != NULL ? w->read(w->server) : script_count(w->server, w->place);

  return w->exactly ? n == w->count : n >= w->count;
}

bool rig_served(struct rig *r, enum script_place place, unsigned count) {
  struct served w = {r->server, NULL, place, count, false};

  return rig_until(r, is_served, &w);
}

bool rig_accepted(struct rig *r, unsigned count) {
  struct served w = {r->server, script_accepted, AT_QUERY, count, false};

  return rig_until(r, is_served, &w);
}

bool rig_standing(struct rig *r, unsigned count) {
  struct served w = {r->server, script_standing, AT_QUERY, count, true};

  return rig_until(r, is_served, &w);
}

/* ---- Operations --------------------------------------------------------- */

void rig_submit(struct rig *r, const char *url, int64_t views,
                struct done *done) {
  page_hits row = {.url = url, .views = views};
  int rc = tally_increment_async(r->hits, &row, done_record, done, &r->error);

  ck_assert_msg(rc == 0, "%s", r->error.message);
}

void rig_increment(struct rig *r, const char *url, int64_t views,
                   struct done *done) {
  memset(done, 0, sizeof *done);
  rig_submit(r, url, views, done);
  ck_assert(rig_done(r, done));
}

void rig_applied(struct rig *r, const char *url) {
  struct done d;

  rig_increment(r, url, 1, &d);
  ck_assert_msg(d.status == 0 && d.outcome == TALLY_APPLIED, "%s: %s: %s: %s",
                rig_mode_name(r->mode), url, d.error.message, d.error.detail);
}

void rig_answered(struct rig *r, const char *url) {
  page_hits row = {.url = url};
  struct done d = {0};

  ck_assert_int_eq(tally_get_async(r->hits, &row, done_record, &d, &r->error),
                   0);
  ck_assert(rig_done(r, &d));
  ck_assert_msg(d.status == 0 || d.status == TALLY_ENOTFOUND, "%s: %s: %s: %s",
                rig_mode_name(r->mode), url, d.error.message, d.error.detail);
}
