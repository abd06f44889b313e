/* tool/command_watch.c - tally watch: the counters of a row, and how fast they
 * go, again and again. */
#include "tool/command.h"

#include "tool/clock.h"
#include "tool/interrupt.h"
#include "tool/output.h"
#include "tool/target.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLEAR "\033[H\033[2J"

enum { CELL = 32 };

static const struct output_column screen_columns[] = {
    {"counter", false}, {"total", true}, {"per second", true}};
enum { SCREEN_COLUMNS = 3 };

struct gauge {
  const char *name;
  int64_t total;
  double rate; /* a second */
  char total_text[CELL], rate_text[CELL];
};

struct watch {
  struct target target;
  struct gauge *gauges;
  size_t count;
  uint64_t at; /* clock_ms() of the last look; 0: there was none */
  bool found;  /* the row is there */
  bool rated;  /* there were two looks */
  uint32_t interval_ms;
};

/* ---- Looking ------------------------------------------------------------ */

static int begin(struct watch *w) {
  const tally_table *table = w->target.table;
  const tally_column *c;

  w->gauges = calloc(tally_table_column_count(table), sizeof *w->gauges);
  if (w->gauges == NULL)
    return report_no_memory();
  for (size_t i = 0; (c = tally_table_column(table, i)) != NULL; i++)
    if (c->type == TALLY_TYPE_COUNTER)
      w->gauges[w->count++].name = c->name;
  return STATUS_DONE;
}

/* What a counter is now, and how fast it has come there. */
static void turn(struct watch *w, struct gauge *g, double seconds) {
  int64_t total = 0;

  if (w->found)
    tally_row_get_int64(w->target.row, g->name, &total, NULL);
  /* Counters wrap. */
  g->rate =
      seconds > 0
          ? (double)(int64_t)((uint64_t)total - (uint64_t)g->total) / seconds
          : 0;
  g->total = total;
  snprintf(g->total_text, sizeof g->total_text, "%" PRId64, total);
  snprintf(g->rate_text, sizeof g->rate_text, "%.1f", g->rate);
}

/* 0, or what went wrong. */
static int look(struct watch *w, tally_error *error) {
  int rc = tally_get(w->target.table, tally_row_data(w->target.row), error);
  uint64_t now = clock_ms();

  if (rc != 0 && rc != TALLY_ENOTFOUND)
    return rc;
  w->found = rc == 0;
  w->rated = w->at != 0;
  for (size_t i = 0; i < w->count; i++)
    turn(w, &w->gauges[i], w->rated ? (double)(now - w->at) / 1000 : 0);
  w->at = now;
  return 0;
}

/* What goes away, as hosts come back. */
static bool may_pass(int code) {
  return code == TALLY_ETIMEDOUT || code == TALLY_ELOST ||
         code == TALLY_ENOHOST || code == TALLY_ECONNECT ||
         code == TALLY_EUNAVAILABLE;
}

/* ---- Showing ------------------------------------------------------------ */

static void put_screen(const struct watch *w, const struct options *o) {
  const char **cells = calloc(w->count * SCREEN_COLUMNS, sizeof *cells);
  char name[128];

  if (cells == NULL)
    return;
  for (size_t i = 0; i < w->count; i++) {
    cells[i * SCREEN_COLUMNS] = w->gauges[i].name;
    cells[i * SCREEN_COLUMNS + 1] = w->gauges[i].total_text;
    cells[i * SCREEN_COLUMNS + 2] = w->rated ? w->gauges[i].rate_text : "";
  }
  target_name(&w->target, name, sizeof name);
  fputs(CLEAR, stdout);
  output_text(name);
  for (size_t i = 1; i < o->word_count; i++) {
    putchar(' ');
    output_text(o->words[i]);
  }
  fputs(w->found ? "\n\n" : "\n(no such row)\n", stdout);
  output_rows(o, screen_columns, SCREEN_COLUMNS, cells, w->count);
  free(cells);
}

static void put_line(const struct watch *w) {
  char time[CELL];

  clock_text(time, sizeof time);
  fputs(time, stdout);
  for (size_t i = 0; i < w->count; i++)
    printf("\t%s\t%s", w->gauges[i].total_text,
           w->rated ? w->gauges[i].rate_text : "");
  putchar('\n');
}

static void put_json(const struct watch *w) {
  char time[CELL];

  clock_text(time, sizeof time);
  printf("{\"time\":\"%s\",\"counters\":{", time);
  for (size_t i = 0; i < w->count; i++) {
    const struct gauge *g = &w->gauges[i];

    fputs(i > 0 ? "," : "", stdout);
    output_json_text(g->name);
    printf(":{\"total\":%s,\"per_second\":%s}", g->total_text,
           w->rated ? g->rate_text : "null");
  }
  fputs("}}\n", stdout);
}

/* False: nobody can read it any more. */
static bool show(const struct watch *w, const struct options *o) {
  if (o->value[OPTION_JSON] != NULL)
    put_json(w);
  else if (output_is_screen())
    put_screen(w, o);
  else
    put_line(w);
  return output_now();
}

/* ------------------------------------------------------------------------- */

static int read_options(struct watch *w, const struct options *o,
                        int32_t *rounds) {
  int status = STATUS_DONE;

  w->interval_ms = 1000;
  if (o->value[OPTION_INTERVAL] != NULL)
    status = options_time(o, OPTION_INTERVAL, &w->interval_ms);
  if (status == STATUS_DONE && o->value[OPTION_ROUNDS] != NULL)
    status = options_count(o, OPTION_ROUNDS, rounds);
  return status;
}

/* Until the next of the moments that lie an interval apart. */
static void pause_until(uint64_t *next, uint32_t interval_ms) {
  uint64_t now = clock_ms();

  *next += interval_ms;
  if (*next > now)
    interrupt_pause_ms(*next - now);
  else
    *next = now; /* looking took that long */
}

static int run(struct watch *w, const struct options *o, int32_t rounds) {
  uint64_t next = clock_ms();
  int status = STATUS_DONE;

  for (int32_t i = 0; rounds == 0 || i < rounds; i++) {
    tally_error error;

    if (i > 0)
      pause_until(&next, w->interval_ms);
    if (interrupt_caught())
      break;
    status = STATUS_DONE;
    if (look(w, &error) != 0) {
      status = report_error(&error, WORK_READ);
      if (!may_pass(error.code))
        break;
      continue;
    }
    report_log_flush(NULL);
    if (!show(w, o))
      break;
  }
  return status;
}

int command_watch(struct options *o) {
  struct watch w = {0};
  int32_t rounds = 0;
  int status = read_options(&w, o, &rounds);

  if (status != STATUS_DONE)
    return status;
  if (o->value[OPTION_CONSISTENCY] != NULL)
    o->session.read_consistency = o->session.consistency;
  status = target_open_key(&w.target, o);
  if (status == STATUS_DONE)
    status = begin(&w);
  if (status == STATUS_DONE)
    status = run(&w, o, rounds);
  free(w.gauges);
  target_close(&w.target);
  return status;
}
