/* bench/tally_bench.c: increments through Tally in a closed loop, N in flight:
 * every answer is followed by the next increment until the time is over. The
 * same work, the same report as bench/floor.c. */
#define _GNU_SOURCE

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tally.h>
#include <uv.h>

#include "report.h"

enum { KEYS = 1000, IN_FLIGHT_MAX = 32000 };

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

enum mode { MODE_GUEST, MODE_INLINE, MODE_THREADS };

struct bench_options {
  const char *host;
  unsigned port;
  enum mode mode;
  unsigned in_flight;
  double seconds;
  uint64_t operations; /* 0: as many as the time allows */
  bool json;
};

struct slot {
  uint64_t started;
};

static struct run {
  tally_session *session;
  tally_table *table;
  bool fresh; /* now was read in this turn */
  bool over;
  unsigned open;
  unsigned next_key;
  uint64_t now;
  uint64_t end;
  uint64_t left; /* operations still to be submitted */
  struct report report;
  char urls[KEYS][16];
  struct slot slots[IN_FLIGHT_MAX];
} run;

static void fail(const char *what, const tally_error *e) {
  fprintf(stderr, "tally_bench: %s: %s (%s)\n", what, e->message, e->detail);
  exit(1);
}

static page_hits next_row(void) {
  page_hits row = {run.urls[run.next_key], 1, 1};

  run.next_key = run.next_key + 1 < KEYS ? run.next_key + 1 : 0;
  return row;
}

/* One clock reading a turn, as the floor has one a recv. */
static void read_clock(void) {
  if (run.fresh)
    return;
  run.fresh = true;
  run.now = report_now_ns();
  run.over = run.now >= run.end;
}

static void on_done(void *user, const tally_result *result);

static void submit(struct slot *slot) {
  page_hits row = next_row();
  tally_error e;

  slot->started = run.now;
  run.left--;
  if (tally_increment_async(run.table, &row, on_done, slot, &e) != 0)
    fail("submit", &e);
}

static void on_done(void *user, const tally_result *result) {
  struct slot *slot = user;

  if (result->status != 0)
    fail("increment", result->error);
  read_clock();
  histogram_add(&run.report.latency, run.now - slot->started);
  run.report.ops++;
  if (run.over || run.left == 0)
    run.open--;
  else
    submit(slot);
}

static void start(const struct bench_options *o, const char *port) {
  report_start(&run.report, o->host, port);
  run.now = report_now_ns();
  run.end = run.now + (uint64_t)(o->seconds * 1e9);
  run.left = o->operations > 0 ? o->operations : UINT64_MAX;
  run.open = o->in_flight;
}

static void submit_all(const struct bench_options *o) {
  for (unsigned i = 0; i < o->in_flight; i++)
    submit(&run.slots[i]);
}

static tally_options session_options(const struct bench_options *o) {
  tally_options options;

  tally_options_init(&options);
  options.hosts = o->host;
  options.port = (uint16_t)o->port;
  options.keyspace = "bench";
  options.consistency = TALLY_LOCAL_ONE;
  options.io_threads = o->mode == MODE_THREADS ? 1 : 0;
  options.connection_max_in_flight = IN_FLIGHT_MAX;
  return options;
}

/* The keyspace and the table, by a session that is gone before the run. */
static void make_schema(const struct bench_options *o) {
  tally_options options = session_options(o);
  tally_session *s;
  tally_table *t;
  tally_error e;

  options.io_threads = 0;
  if (tally_connect(&s, &options, &e) != 0 ||
      tally_create_keyspace(s, "bench", NULL, &e) != 0 ||
      tally_table_open(&t, s, &definition, &e) != 0 ||
      tally_sync_table(t, NULL, &e) != 0)
    fail("schema", &e);
  tally_close(s);
}

/* ---- The caller's loop -------------------------------------------------- */

static void on_prepare(uv_prepare_t *handle) {
  (void)handle;
  run.fresh = false;
}

static void on_warm(void *user, const tally_result *result) {
  bool *warm = user;

  if (result->status != 0)
    fail("first increment", result->error);
  *warm = true;
}

/* Connected and prepared; counted before the server's count is asked for. */
static void warm_up(uv_loop_t *loop) {
  page_hits row = next_row();
  bool warm = false;
  tally_error e;

  if (tally_increment_async(run.table, &row, on_warm, &warm, &e) != 0)
    fail("first increment", &e);
  while (!warm && loop != NULL)
    uv_run(loop, UV_RUN_ONCE);
  while (!warm)
    tally_poll(run.session, -1, NULL);
}

static void measure_guest(const struct bench_options *o, const char *port) {
  tally_options options = session_options(o);
  uv_prepare_t prepare;
  uv_loop_t loop;
  tally_error e;

  uv_loop_init(&loop);
  uv_prepare_init(&loop, &prepare);
  uv_prepare_start(&prepare, on_prepare);
  uv_unref((uv_handle_t *)&prepare);
  if (tally_connect_on(&run.session, &loop, &options, NULL, NULL, &e) != 0 ||
      tally_table_open(&run.table, run.session, &definition, &e) != 0)
    fail("connect", &e);
  warm_up(&loop);
  start(o, port);
  submit_all(o);
  uv_run(&loop, UV_RUN_DEFAULT);
  report_stop(&run.report, o->host, port);
  tally_close_async(run.session, NULL, NULL);
  uv_close((uv_handle_t *)&prepare, NULL);
  uv_run(&loop, UV_RUN_DEFAULT);
  uv_loop_close(&loop);
}

/* ---- Inline, and threads of the library's ------------------------------- */

static void open_session(const struct bench_options *o) {
  tally_options options = session_options(o);
  tally_error e;

  if (tally_connect(&run.session, &options, &e) != 0 ||
      tally_table_open(&run.table, run.session, &definition, &e) != 0)
    fail("connect", &e);
}

/* One in flight: the blocking call. */
static void measure_blocking(const struct bench_options *o, const char *port) {
  page_hits row = next_row();
  tally_error e;

  open_session(o);
  if (tally_increment(run.table, &row, &e) != 0)
    fail("first increment", &e);
  start(o, port);
  while (run.now < run.end && run.left-- > 0) {
    uint64_t begun = run.now;

    row = next_row();
    if (tally_increment(run.table, &row, &e) != 0)
      fail("increment", &e);
    run.now = report_now_ns();
    histogram_add(&run.report.latency, run.now - begun);
    run.report.ops++;
  }
  report_stop(&run.report, o->host, port);
  tally_close(run.session);
}

static void measure_inline(const struct bench_options *o, const char *port) {
  open_session(o);
  warm_up(NULL);
  start(o, port);
  submit_all(o);
  while (run.open > 0) {
    run.fresh = false;
    tally_poll(run.session, -1, NULL);
  }
  report_stop(&run.report, o->host, port);
  tally_close(run.session);
}

/* ---- Command line ------------------------------------------------------- */

static void usage(void) {
  fputs("usage: tally_bench [--host 127.0.0.1] [--port 19042]\n"
        "                   [--mode guest|inline|threads]\n"
        "                   [--in-flight 1024] [--seconds 3.5] [--json]\n"
        "                   [--operations N]\n"
        "  guest: a loop of the caller's; inline and threads with one in\n"
        "  flight: the blocking call; threads allows one in flight only\n",
        stderr);
  exit(2);
}

static enum mode mode_named(const char *name) {
  if (strcmp(name, "guest") == 0)
    return MODE_GUEST;
  if (strcmp(name, "inline") == 0)
    return MODE_INLINE;
  if (strcmp(name, "threads") == 0)
    return MODE_THREADS;
  usage();
  return MODE_GUEST;
}

static void parse(struct bench_options *o, int argc, char **argv) {
  static const struct option names[] = {
      {"host", required_argument, NULL, 'h'},
      {"port", required_argument, NULL, 'p'},
      {"mode", required_argument, NULL, 'm'},
      {"in-flight", required_argument, NULL, 'n'},
      {"seconds", required_argument, NULL, 's'},
      {"operations", required_argument, NULL, 'o'},
      {"json", no_argument, NULL, 'j'},
      {NULL, 0, NULL, 0},
  };
  int c;

  while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
    if (c == 'h')
      o->host = optarg;
    else if (c == 'p')
      o->port = (unsigned)strtoul(optarg, NULL, 10);
    else if (c == 'm')
      o->mode = mode_named(optarg);
    else if (c == 'n')
      o->in_flight = (unsigned)strtoul(optarg, NULL, 10);
    else if (c == 's')
      o->seconds = strtod(optarg, NULL);
    else if (c == 'o')
      o->operations = strtoull(optarg, NULL, 10);
    else if (c == 'j')
      o->json = true;
    else
      usage();
  }
  if (optind < argc || o->in_flight == 0 || o->in_flight > IN_FLIGHT_MAX ||
      (o->operations > 0 && o->operations < o->in_flight) || o->port == 0 ||
      o->port > 65535 || !(o->seconds > 0) ||
      (o->mode == MODE_THREADS && o->in_flight != 1))
    usage();
}

int main(int argc, char **argv) {
  static const char *const names[] = {"tally guest", "tally inline",
                                      "tally threads"};
  struct bench_options o = {.host = "127.0.0.1",
                            .port = 19042,
                            .mode = MODE_GUEST,
                            .in_flight = 1024,
                            .seconds = 3.5};
  char port[8];

  parse(&o, argc, argv);
  snprintf(port, sizeof port, "%u", o.port);
  for (unsigned i = 0; i < KEYS; i++)
    snprintf(run.urls[i], sizeof run.urls[i], "/page/%06u", i);
  run.report.client = names[o.mode];
  run.report.in_flight = o.in_flight;
  make_schema(&o);
  if (o.mode == MODE_GUEST)
    measure_guest(&o, port);
  else if (o.in_flight == 1)
    measure_blocking(&o, port);
  else
    measure_inline(&o, port);
  return report_print(&run.report, o.json);
}
