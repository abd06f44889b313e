/* tool/command_cluster.c - tally cluster: the hosts, and which of them are
 * up. */
#include "tool/command.h"

#include "tool/output.h"
#include "tool/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The column of reasons, last, is shown only where there is one. */
static const struct output_column columns[] = {
    {"address", false},    {"dc", false},       {"rack", false},
    {"version", false},    {"state", false},    {"since", true},
    {"connections", true}, {"in_flight", true}, {"tokens", true},
    {"share", true},       {"why", false},
};
enum { COLUMN_COUNT = sizeof columns / sizeof columns[0] };

struct host {
  tally_host as; /* its texts are in `texts` */
  char *texts;
};

struct hosts {
  struct host *all;
  size_t count;
  bool failed; /* no memory */
};

/* ---- Keeping them ------------------------------------------------------- */

static const char *keep(char **to, const char *text) {
  size_t size = strlen(text) + 1;
  char *kept = memcpy(*to, text, size);

  *to += size;
  return kept;
}

static void on_host(void *user, const tally_host *h) {
  struct hosts *hosts = user;
  struct host *all =
      realloc(hosts->all, (hosts->count + 1) * sizeof *hosts->all);
  char *to = malloc(strlen(h->address) + strlen(h->dc) + strlen(h->rack) +
                    strlen(h->version) + strlen(h->why) + 5);
  struct host *kept;

  if (all != NULL)
    hosts->all = all;
  if (all == NULL || to == NULL) {
    free(to);
    hosts->failed = true;
    return;
  }
  kept = &all[hosts->count++];
  kept->as = *h;
  kept->texts = to;
  kept->as.address = keep(&to, h->address);
  kept->as.dc = keep(&to, h->dc);
  kept->as.rack = keep(&to, h->rack);
  kept->as.version = keep(&to, h->version);
  kept->as.why = keep(&to, h->why);
}

static void hosts_free(struct hosts *hosts) {
  for (size_t i = 0; i < hosts->count; i++)
    free(hosts->all[i].texts);
  free(hosts->all);
}

/* 10.0.0.9 comes before 10.0.0.10. */
static int compare_addresses(const char *a, const char *b) {
  size_t m, n, same = 0;

  while (a[same] != '\0' && a[same] == b[same])
    same++;
  while (same > 0 && strchr(".:", a[same - 1]) == NULL)
    same--;
  m = strcspn(a + same, ".:");
  n = strcspn(b + same, ".:");
  return m != n ? (m < n ? -1 : 1) : strcmp(a + same, b + same);
}

/* The local data center first. */
static int compare(const void *p, const void *q) {
  const tally_host *a = &((const struct host *)p)->as;
  const tally_host *b = &((const struct host *)q)->as;
  bool a_far = a->distance == TALLY_REMOTE_DC;
  bool b_far = b->distance == TALLY_REMOTE_DC;
  int c = strcmp(a->dc, b->dc);

  if (a_far != b_far)
    return a_far ? 1 : -1;
  if (c == 0)
    c = strcmp(a->rack, b->rack);
  if (c == 0)
    c = compare_addresses(a->address, b->address);
  return c != 0 ? c : (int)a->port - (int)b->port;
}

/* ---- Showing them ------------------------------------------------------- */

static void put_json_host(const tally_host *h) {
  fputs("{\"address\":", stdout);
  output_json_text(h->address);
  printf(",\"port\":%u,\"dc\":", (unsigned)h->port);
  output_json_text(h->dc);
  fputs(",\"rack\":", stdout);
  output_json_text(h->rack);
  fputs(",\"version\":", stdout);
  output_json_text(h->version);
  printf(",\"up\":%s,\"since_ms\":%" PRIu64 ",\"connections\":%" PRIu32
         ",\"in_flight\":%" PRIu32 ",\"tokens\":%" PRIu32
         ",\"share\":%.6g,\"why\":",
         h->up ? "true" : "false", h->since_ms, h->connections, h->in_flight,
         h->tokens, h->share);
  output_json_text(h->up ? NULL : h->why);
  if (h->shards > 0)
    printf(",\"shards\":%" PRIu32 "}", h->shards);
  else
    fputs(",\"shards\":null}", stdout);
}

static void put_json(const struct hosts *hosts) {
  fputs("{\"hosts\":[", stdout);
  for (size_t i = 0; i < hosts->count; i++) {
    fputs(i > 0 ? "," : "", stdout);
    put_json_host(&hosts->all[i].as);
  }
  fputs("]}\n", stdout);
}

/* "0.3s", "12s", "5m", "3h", "8d": a person wants to know how long about. */
static void since_text(char *to, size_t size, uint64_t ms) {
  static const struct {
    uint64_t ms;
    const char *unit;
  } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}};

  for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
    if (ms >= 2 * units[i].ms) {
      snprintf(to, size, "%" PRIu64 "%s", ms / units[i].ms, units[i].unit);
      return;
    }
  snprintf(to, size, "%" PRIu64 ".%" PRIu64 "s", ms / 1000, ms / 100 % 10);
}

enum { CELL = 64 };

/* `own` is room for the texts that are made here, CELL for each column. */
static void fill_row(const char **row, char (*own)[CELL], size_t count,
                     const tally_host *h, bool for_people) {
  bool v6 = strchr(h->address, ':') != NULL;

  snprintf(own[0], CELL, v6 ? "[%.45s]:%u" : "%.45s:%u", h->address,
           (unsigned)h->port);
  if (for_people)
    since_text(own[5], CELL, h->since_ms);
  else
    snprintf(own[5], CELL, "%" PRIu64, h->since_ms);
  snprintf(own[6], CELL, "%" PRIu32, h->connections);
  snprintf(own[7], CELL, "%" PRIu32, h->in_flight);
  snprintf(own[8], CELL, "%" PRIu32, h->tokens);
  if (for_people)
    snprintf(own[9], CELL, "%.1f%%", h->share * 100);
  else
    snprintf(own[9], CELL, "%.6g", h->share);
  for (size_t i = 0; i < count; i++)
    row[i] = own[i];
  row[1] = h->dc;
  row[2] = h->rack;
  row[3] = h->version;
  row[4] = h->up ? "up" : "down";
  if (count == COLUMN_COUNT)
    row[10] = h->why;
}

static size_t columns_shown(const struct hosts *hosts, bool for_people) {
  for (size_t i = 0; i < hosts->count; i++)
    if (hosts->all[i].as.why[0] != '\0')
      return COLUMN_COUNT;
  return for_people ? COLUMN_COUNT - 1 : COLUMN_COUNT;
}

static int put_rows(const struct options *o, const struct hosts *hosts) {
  bool for_people = output_is_table(o);
  size_t n = hosts->count, shown = columns_shown(hosts, for_people);
  const char **cells = calloc(n * shown + 1, sizeof *cells);
  char(*own)[CELL] = calloc(n * shown + 1, CELL);
  int status = STATUS_FAILED;

  if (cells != NULL && own != NULL) {
    for (size_t i = 0; i < n; i++)
      fill_row(cells + i * shown, own + i * shown, shown, &hosts->all[i].as,
               for_people);
    output_rows(o, columns, shown, cells, n);
    status = STATUS_DONE;
  }
  free(cells);
  free(own);
  return status;
}

static int show(const struct options *o, struct hosts *hosts) {
  if (hosts->count > 0)
    qsort(hosts->all, hosts->count, sizeof *hosts->all, compare);
  if (hosts->failed)
    return STATUS_FAILED;
  if (o->value[OPTION_JSON] == NULL)
    return put_rows(o, hosts);
  put_json(hosts);
  return STATUS_DONE;
}

int command_cluster(struct options *o) {
  struct hosts hosts = {0};
  tally_session *session = NULL;
  tally_error error;
  int status;

  if (o->word_count > 0)
    return report_usage("see \"tally help cluster\"", "cluster takes no \"%s\"",
                        o->words[0]);
  /* Only who connects to a host knows whether it is up.  What there is to warn
   * of, hosts that are down or far, is in the table. */
  o->session.allow_remote = 1;
  o->session.log_level = TALLY_LOG_ERROR;
  status = session_open(&session, o, WORK_READ);
  if (status != STATUS_DONE)
    return status;
  if (tally_hosts(session, on_host, &hosts, &error) != 0) {
    status = report_error(&error, WORK_READ);
  } else {
    status = show(o, &hosts);
    if (status != STATUS_DONE)
      report_no_memory();
  }
  hosts_free(&hosts);
  tally_close(session);
  return status;
}
