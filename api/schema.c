/* api/schema.c - keyspaces and tables are made here: one statement, then
 * looks at the nodes' schema versions until they are one.
 *
 * A change is a small machine that goes on from the callbacks of its own
 * requests, so that it runs alike in all three modes. */
#include "api/internal.h"

#include "core/look.h"
#include "core/rows.h"

#include <stdio.h>
#include <string.h>

enum step { STEP_CHANGE, STEP_LOCAL, STEP_PEERS, STEP_PAUSE };

/* Who waits for the end of a change, and how. */
struct listener {
  struct waiter *waiter; /* blocking, or NULL */
  tally_callback callback;
  void *user;
};

struct change {
  tally_session *session;
  struct loop *loop;
  enum step step;
  struct statement statement; /* of the step under way */
  char *cql;
  char *about; /* "ks.page_hits" */
  bool of_table;
  uint64_t give_up; /* net_clock(): agreement is not waited for beyond */
  uint32_t host; /* the one that made it, and knows of it: it is asked what it
                    and its peers have */
  uint8_t version[16];
  struct listener to;
};

static void change_free(struct change *c) {
  const struct net_heap heap = c->session->heap;

  net_free(&heap, c->cql);
  net_free(&heap, c->about);
  net_free(&heap, c);
}

static void change_done(struct change *c, int code, const tally_error *error) {
  tally_result result = {.status = code,
                         .outcome = code == 0 ? TALLY_APPLIED : error->outcome,
                         .error = code == 0 ? NULL : error};
  struct listener to = c->to;

  change_free(c);
  if (to.waiter != NULL) {
    to.waiter->code = code;
    if (code != 0 && to.waiter->error != NULL)
      *to.waiter->error = *error;
    wait_done(to.waiter);
  } else if (to.callback != NULL) {
    to.callback(to.user, &result);
  }
}

static void on_step(op_callback *callback, void *user,
                    const struct answer *answer);

static int send_step(struct change *c, enum step step, tally_error *e) {
  static const char *const texts[] = {
      [STEP_LOCAL] = "SELECT schema_version FROM system.local",
      [STEP_PEERS] = "SELECT schema_version, host_id FROM system.peers",
      [STEP_PAUSE] = "",
  };
  struct op *op = op_make(&c->session->heap);

  if (op == NULL)
    return error_no_memory(e);
  c->step = step;
  c->statement.text = step == STEP_CHANGE ? c->cql : texts[step];
  c->statement.text_len = strlen(c->statement.text);
  c->statement.table = c->about;
  c->statement.effect = step == STEP_CHANGE ? EFFECT_SCHEMA : EFFECT_READ;
  op->kind = step == STEP_PAUSE ? OP_PAUSE : OP_QUERY;
  op->statement = &c->statement;
  op->consistency = TALLY_ONE;
  op->timeout = step == STEP_CHANGE  ? TIMEOUT_SCHEMA
                : step == STEP_PAUSE ? TIMEOUT_PAUSE
                                     : TIMEOUT_READ;
  op->only_host = step == STEP_CHANGE ? 0 : c->host;
  op->done = on_step;
  op->user = c;
  return session_submit(c->loop, op, e);
}

/* True when every version in the answer is the one of the local node, which
 * the first look notes down.  Peers that tell none are not waited for, and
 * neither are those that cannot be reached: their rows stay as they were. */
static bool agrees(struct change *c, struct rows *rows) {
  bool of_peers = c->step == STEP_PEERS;
  struct cell version, id = {0};

  while (rows_next(rows, &version) && (!of_peers || rows_next(rows, &id))) {
    if (version.p == NULL || version.len != sizeof c->version)
      continue;
    if (!of_peers)
      memcpy(c->version, version.p, sizeof c->version);
    else if (memcmp(c->version, version.p, sizeof c->version) != 0 &&
             (id.len != 16 || !look_is_down(&c->loop->cluster, id.p)))
      return false;
  }
  return true;
}

/* The server finds our own text invalid: the keyspace is not there, or the
 * table not as the definition has it. */
static int change_error(struct change *c, const struct answer *answer,
                        tally_error *e) {
  struct failure f = *answer->failure;
  char doing[256];

  if (c->of_table && (f.server_code == 0x2200 || f.server_code == 0x2300)) {
    f.code = TALLY_ESCHEMA;
    f.what = "the server refused it";
  }
  snprintf(doing, sizeof doing, "creating %s %s",
           c->of_table ? "table" : "keyspace", c->about);
  return error_from_failure(e, doing, &f);
}

/* Looks at the versions until they are one.  The change is made by now: what
 * keeps us from looking is worth a warning, and no error. */
static int next_look(struct change *c, const struct answer *answer,
                     tally_error *e) {
  if (answer->code != 0 && c->step != STEP_PAUSE)
    return error_from_answer(e, answer);
  switch (c->step) {
  case STEP_LOCAL:
    agrees(c, answer->rows);
    c->host = answer->host;
    return send_step(c, STEP_PEERS, e);
  case STEP_PEERS:
    /* Those of another one leave out another one. */
    if (answer->host == c->host && agrees(c, answer->rows)) {
      change_done(c, 0, NULL);
      return 0;
    }
    if (net_clock() < c->give_up)
      return send_step(c, STEP_PAUSE, e);
    return error_set(e, TALLY_ETIMEDOUT, "they still differ");
  case STEP_CHANGE:
    c->host = answer->host;
    return send_step(c, STEP_LOCAL, e);
  case STEP_PAUSE:
  default:
    return send_step(c, STEP_LOCAL, e);
  }
}

static void on_step(op_callback *callback, void *user,
                    const struct answer *answer) {
  struct change *c = user;
  tally_error e;

  (void)callback;
  if (c->step == STEP_CHANGE && answer->code != 0) {
    int rc = change_error(c, answer, &e);

    change_done(c, rc, &e);
  } else if (next_look(c, answer, &e) != 0) {
    log_write(&c->loop->context.log, LOG_WARNING,
              "%s: made, but not known whether the nodes agree on it: %s",
              c->about, e.message);
    change_done(c, 0, NULL);
  }
}

/* Takes over the text.  *loop is where it runs. */
static int change_start(tally_session *s, struct text *cql, const char *about,
                        bool of_table, const struct listener *to,
                        struct loop **loop, tally_error *e) {
  struct change *c = net_alloc(&s->heap, sizeof *c);
  int rc;

  if (c == NULL) {
    net_free(&s->heap, cql->p);
    return error_no_memory(e);
  }
  c->session = s;
  c->loop = *loop = session_loop(s);
  c->cql = cql->p;
  c->about = string_copy(&s->heap, about);
  c->of_table = of_table;
  c->give_up = net_clock() + c->loop->context.config.timeout[TIMEOUT_SCHEMA];
  c->to = *to;
  rc = c->cql == NULL || c->about == NULL ? error_no_memory(e)
                                          : send_step(c, STEP_CHANGE, e);
  if (rc != 0)
    change_free(c);
  return rc;
}

/* ---- Keyspaces ---------------------------------------------------------- */

/* "dc1:3,dc2:3" -> , 'dc1': 3, 'dc2': 3 */
static bool add_replication(struct text *text, const char *replication) {
  const char *s = replication;

  for (;;) {
    size_t len = strcspn(s, ",");
    char dc[64];
    char digits[4];
    int end = 0;

    if (sscanf(s, "%63[^:,]:%3[0-9]%n", dc, digits, &end) != 2 ||
        (size_t)end != len || digits[0] == '0')
      return false;
    text_add(text, ", ");
    text_literal(text, dc);
    text_addf(text, ": %s", digits);
    if (s[len] == '\0')
      return true;
    s += len + 1;
  }
}

static int keyspace_cql(tally_session *s, const char *name,
                        const tally_keyspace_options *o, struct text *text,
                        tally_error *e) {
  int factor =
      o == NULL || o->replication_factor == 0 ? 1 : o->replication_factor;
  int rc = name_check(name, "keyspace", e);

  if (rc != 0)
    return rc;
  if (o != NULL && o->struct_size != sizeof *o)
    return error_set(e, TALLY_EINVAL,
                     "keyspace options: struct_size is not set");
  if (factor < 1)
    return error_set(e, TALLY_EINVAL,
                     "keyspace %s: replication_factor %d is below 1", name,
                     factor);
  text_init(text, &s->heap);
  text_add(text, "CREATE KEYSPACE IF NOT EXISTS ");
  text_name(text, name);
  text_add(text, " WITH replication = {'class': ");
  if (o == NULL || o->replication == NULL) {
    text_addf(text, "'SimpleStrategy', 'replication_factor': %d}", factor);
    return 0;
  }
  text_add(text, "'NetworkTopologyStrategy'");
  if (!add_replication(text, o->replication)) {
    net_free(&s->heap, text->p);
    return error_set(e, TALLY_EINVAL,
                     "keyspace %s: replication \"%s\" is not dc1:3,dc2:3", name,
                     o->replication);
  }
  text_add(text, "}");
  return 0;
}

static int create_keyspace(tally_session *s, const char *name,
                           const tally_keyspace_options *o,
                           const struct listener *to, struct loop **loop,
                           tally_error *e) {
  struct text text;
  int rc = keyspace_cql(s, name, o, &text, e);

  return rc != 0 ? rc : change_start(s, &text, name, false, to, loop, e);
}

int tally_create_keyspace_async(tally_session *session, const char *name,
                                const tally_keyspace_options *options,
                                tally_callback callback, void *user,
                                tally_error *error) {
  struct listener to = {NULL, callback, user};
  struct loop *loop;

  return create_keyspace(session, name, options, &to, &loop, error);
}

int tally_create_keyspace(tally_session *session, const char *name,
                          const tally_keyspace_options *options,
                          tally_error *error) {
  struct waiter w = {.error = error};
  struct listener to = {.waiter = &w};
  struct loop *loop;
  int rc = wait_begin(session, error);

  if (rc == 0)
    rc = create_keyspace(session, name, options, &to, &loop, error);
  if (rc != 0)
    return rc;
  wait_for(session, loop, &w);
  return w.code;
}

/* ---- Tables ------------------------------------------------------------- */

/* A dry run has nothing to send: *text is freed then. */
static int sync_cql(tally_table *t, const tally_sync_options *o,
                    struct text *text, tally_error *e) {
  if (o != NULL && o->struct_size != sizeof *o)
    return error_set(e, TALLY_EINVAL, "sync options: struct_size is not set");
  text_init(text, &t->session->heap);
  statement_create(t, text);
  if (text->failed)
    return error_no_memory(e);
  if (o != NULL && o->on_statement != NULL)
    o->on_statement(o->user, text->p);
  return 0;
}

static bool is_dry(const tally_sync_options *o) {
  return o != NULL && o->dry_run != 0;
}

static int sync(tally_table *t, const tally_sync_options *o,
                const struct listener *to, struct loop **loop, tally_error *e) {
  struct text text;
  int rc = sync_cql(t, o, &text, e);

  return rc != 0
             ? rc
             : change_start(t->session, &text, t->qualified, true, to, loop, e);
}

int tally_sync_table(tally_table *table, const tally_sync_options *options,
                     tally_error *error) {
  struct waiter w = {.error = error};
  struct listener to = {.waiter = &w};
  struct loop *loop;
  struct text text;
  int rc;

  if (is_dry(options)) {
    rc = sync_cql(table, options, &text, error);
    if (rc == 0)
      net_free(&table->session->heap, text.p);
    return rc;
  }
  rc = wait_begin(table->session, error);
  if (rc == 0)
    rc = sync(table, options, &to, &loop, error);
  if (rc != 0)
    return rc;
  wait_for(table->session, loop, &w);
  return w.code;
}

int tally_sync_table_async(tally_table *table,
                           const tally_sync_options *options,
                           tally_callback callback, void *user,
                           tally_error *error) {
  struct listener to = {NULL, callback, user};
  struct loop *loop;

  if (is_dry(options))
    return error_set(error, TALLY_EINVAL,
                     "a dry run sends nothing: use tally_sync_table()");
  return sync(table, options, &to, &loop, error);
}
