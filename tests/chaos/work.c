/* tests/chaos/work.c - one increment, one read, in whatever mode. */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/chaos/driver.h"
#include "tests/chaos/mix.h"

static const tally_column columns[] = {
    TALLY_PARTITION_KEY(counted, key, TALLY_TEXT),
    TALLY_COUNTER(counted, n),
    TALLY_COUNTER(counted, twice),
};
const tally_definition hot_definition =
    TALLY_DEFINITION(counted, "hot", columns);
const tally_definition ops_definition =
    TALLY_DEFINITION(counted, "ops", columns);

enum { PROXY_PLUS = 100 }; /* from a node's last number to its proxy's */

/* ---- Memory ------------------------------------------------------------- */

/* By what the allocator says of each block: no header of our own, which would
 * blunt the sanitizers. */
static void *bytes_more(void *p) {
  if (p != NULL)
    atomic_fetch_add(&run.bytes, malloc_usable_size(p));
  return p;
}

static void *memory_allocate(void *user, size_t size) {
  (void)user;
  return bytes_more(malloc(size));
}

static void memory_release(void *user, void *p) {
  (void)user;
  if (p != NULL)
    atomic_fetch_sub(&run.bytes, malloc_usable_size(p));
  free(p);
}

static void *memory_resize(void *user, void *p, size_t size) {
  size_t had = p == NULL ? 0 : malloc_usable_size(p);
  void *q = realloc(p, size);

  (void)user;
  if (q != NULL)
    atomic_fetch_sub(&run.bytes, had);
  return bytes_more(q);
}

/* ---- Sessions ----------------------------------------------------------- */

static int to_proxy(void *user, const char *address, uint16_t port,
                    char out[46], uint16_t *out_port) {
  const char *last = strrchr(address, '.');

  (void)user;
  (void)port, (void)out_port;
  if (last == NULL)
    return 0;
  snprintf(out, 46, "%.*s.%d", (int)(last - address), address,
           atoi(last + 1) + PROXY_PLUS);
  return 1;
}

uint32_t site_burst(const struct site *s) {
  return atomic_load(&run.calm) ? 1 : s->plan->burst;
}

static void site_contacts(struct site *s) {
  const char *all = s->plan->proxied ? run.proxies : run.nodes;
  size_t len = s->plan->brief ? strlen(all) : strcspn(all, ",");

  snprintf(s->contacts, sizeof s->contacts, "%.*s", (int)len, all);
}

void site_options(struct site *s, const struct plan *plan, tally_options *o) {
  *s = (struct site){
      .plan = plan,
      .number = (uint32_t)atomic_fetch_add(&run.sessions, 1),
  };
  tally_options_init(o);
  site_contacts(s);
  o->hosts = s->contacts;
  o->keyspace = run.keyspace;
  o->reconnect_max_ms = 1000;
  if (plan->increment_timeout_ms > 0)
    o->increment_timeout_ms = plan->increment_timeout_ms;
  if (plan->max_abandoned > 0)
    o->max_abandoned = plan->max_abandoned;
  if (plan->heartbeat_ms > 0)
    o->heartbeat_ms = o->heartbeat_timeout_ms = plan->heartbeat_ms;
  s->increment_timeout_ms = o->increment_timeout_ms;
  o->on_settled = history_settled;
  o->on_settled_user = s;
  o->on_host = history_host;
  o->host_user = s;
  if (plan->proxied)
    o->translate_address = to_proxy;
  if (plan->consistency > 0)
    o->consistency = plan->consistency;
  if (!plan->brief)
    o->allocator = (tally_allocator){
        .allocate = memory_allocate,
        .resize = memory_resize,
        .release = memory_release,
    };
  tally_log(o, history_log, s, TALLY_LOG_WARNING);
}

void site_tables(struct site *s) {
  tally_error e;

  if (tally_table_open(&s->hot, s->session, &hot_definition, &e) != 0 ||
      tally_table_open(&s->ops, s->session, &ops_definition, &e) != 0)
    die("tables", &e);
  history_site(s);
}

int site_connect(struct site *s, const struct plan *plan, int io_threads) {
  tally_options options;
  tally_error e;
  int rc;

  site_options(s, plan, &options);
  options.io_threads = io_threads;
  rc = tally_connect(&s->session, &options, &e);
  if (rc == 0)
    site_tables(s);
  else
    history_fail(s, "connect", &e);
  return rc;
}

/* ---- An increment ------------------------------------------------------- */

static int64_t op_delta(uint64_t *random) {
  int64_t n = (int64_t)mix_below(random, 9) + 1;

  if (mix_below(random, 16) == 0)
    n *= 1000003;
  return mix_below(random, 3) == 0 ? -n : n;
}

/* Everything about an increment follows from the seed and its number. */
static struct op *op_new(struct site *s, const char *form) {
  struct op *op = calloc(1, sizeof *op);

  if (op == NULL)
    die("memory", NULL);
  op->site = s;
  op->form = form;
  op->number = atomic_fetch_add(&run.begun, 1);
  op->random = run.seed ^ op->number << 20;
  op->n = op_delta(&op->random);
  op->twice = op->number % 2 == 1 ? 2 * op->n : 0;
  op->hot = mix_below(&op->random, 20) == 0
                ? (int)mix_below(&op->random, HOT_KEYS)
                : -1;
  if (op->hot < 0 && mix_below(&op->random, 16) == 0)
    op->pad = 1 + mix_below(&op->random, PAD_MOST);
  atomic_fetch_add(&s->in_flight, 1);
  op->begin_us = now_us();
  return op;
}

static counted op_row(const struct op *op, char key[KEY_BYTES]) {
  int len;

  if (op->hot >= 0)
    len = snprintf(key, KEY_BYTES, "hot/%d", op->hot);
  else
    len = snprintf(key, KEY_BYTES, "%" PRIu64, op->number);
  if (op->pad > 0) {
    key[len++] = '/';
    memset(key + len, 'x', op->pad);
    key[len + (int)op->pad] = '\0';
  }
  return (counted){key, op->n, op->twice};
}

/* Negative ones by the call for them, mostly. */
static bool op_decrements(const struct op *op, counted *row) {
  if (op->n > 0 || op->number % 8 == 0)
    return false;
  row->n = -row->n;
  row->twice = -row->twice;
  return true;
}

static void op_ended(struct op *op, int outcome, const tally_error *e) {
  history_op(op, outcome, e);
  atomic_store(&op->site->down, e != NULL && e->cause == TALLY_ENOHOST);
  atomic_fetch_sub(&op->site->in_flight, 1);
  atomic_fetch_add(&run.ended, 1);
}

/* ---- Reads -------------------------------------------------------------- */

static void on_read(void *user, const tally_result *result) {
  struct op *op = user;
  char key[64];

  snprintf(key, sizeof key, "hot/%d", op->hot);
  history_read(op, key, result->row, result->status);
  atomic_fetch_sub(&op->site->in_flight, 1);
  free(op);
}

static void read_async(struct site *s, uint64_t *random) {
  struct op *op = calloc(1, sizeof *op);
  char key[64];
  counted row = {.key = key};
  tally_error e;

  if (op == NULL)
    die("memory", NULL);
  op->site = s;
  op->hot = (int)mix_below(random, HOT_KEYS);
  op->begin_us = now_us();
  snprintf(key, sizeof key, "hot/%d", op->hot);
  atomic_fetch_add(&s->in_flight, 1);
  if (tally_get_async(s->hot, &row, on_read, op, &e) == 0)
    return;
  history_read(op, key, NULL, e.code);
  atomic_fetch_sub(&s->in_flight, 1);
  free(op);
}

/* The row just written: what was acknowledged is there to be read. */
static void read_back(struct op *op, const char *key) {
  counted row = {.key = key};
  char brief[64];
  int rc;

  op->begin_us = now_us();
  rc = tally_get(op->hot >= 0 ? op->site->hot : op->site->ops, &row, NULL);
  short_key(brief, key);
  history_read(op, brief, &row, rc);
}

/* ---- Blocking ----------------------------------------------------------- */

int count_blocking(struct site *s) {
  struct op *op = op_new(s, "blocking");
  char *key = malloc(KEY_BYTES);
  tally_error e;
  tally_table *table = op->hot >= 0 ? s->hot : s->ops;
  counted row;
  int rc, outcome;

  if (key == NULL)
    die("memory", NULL);
  row = op_row(op, key);
  rc = op_decrements(op, &row) ? tally_decrement(table, &row, &e)
                               : tally_increment(table, &row, &e);
  outcome = rc == 0 ? TALLY_APPLIED : e.outcome;
  op_ended(op, outcome, rc == 0 ? NULL : &e);
  if (mix_below(&op->random, 8) == 0)
    read_back(op, key);
  free(key);
  free(op);
  return outcome;
}

/* ---- Asynchronous ------------------------------------------------------- */

static void submit(struct op *op);

/* One in four goes on from its own callback. */
static void op_done(struct op *op, int outcome, const tally_error *e) {
  struct site *s = op->site;
  bool chained =
      mix_below(&op->random, 4) == 0 && !stopping() && !atomic_load(&run.calm);

  op_ended(op, outcome, e);
  if (op->done != NULL)
    op->done(op->arg, outcome);
  else if (chained)
    submit(op_new(s, "chained"));
  free(op);
}

static void on_counted(void *user, const tally_result *result) {
  op_done(user, result->outcome, result->error);
}

static void submit(struct op *op) {
  char *key = malloc(KEY_BYTES);
  tally_table *table = op->hot >= 0 ? op->site->hot : op->site->ops;
  counted row;
  tally_error e;
  int rc;

  if (key == NULL)
    die("memory", NULL);
  row = op_row(op, key);
  rc = op_decrements(op, &row)
           ? tally_decrement_async(table, &row, on_counted, op, &e)
           : tally_increment_async(table, &row, on_counted, op, &e);
  free(key);
  if (rc == 0)
    return;
  op->random = 1; /* what is refused does not go on: no endless chain */
  op_ended(op, e.outcome, &e);
  if (op->done != NULL)
    op->done(op->arg, e.outcome);
  free(op);
}

void count_async(struct site *s, void (*done)(void *arg, int outcome),
                 void *arg) {
  struct op *op = op_new(s, "async");

  op->done = done;
  op->arg = arg;
  submit(op);
}

/* One at a time while there is no connection: refusals prove little, and the
 * node needs the processor to start. */
void count_burst(struct site *s) {
  bool calm = atomic_load(&run.calm);

  for (uint32_t i = site_burst(s); i > 0; i--) {
    uint64_t random = run.seed ^ now_us();

    if (atomic_load(&s->in_flight) >=
        (calm || atomic_load(&s->down) ? 1 : s->plan->in_flight))
      return;
    count_async(s, NULL, NULL);
    if (mix_below(&random, 32) == 0)
      read_async(s, &random);
  }
}

/* ---- After the faults --------------------------------------------------- */

void prove_alive(struct site *s) {
  uint64_t begin_us = now_us();
  uint64_t end_us = begin_us + (uint64_t)ALIVE_SECONDS * 1000000;

  while (count_blocking(s) != TALLY_APPLIED) {
    if (now_us() > end_us) {
      history_alive(s, -1);
      return;
    }
    breathe();
  }
  history_alive(s, (int64_t)(now_us() - begin_us) / 1000);
}
