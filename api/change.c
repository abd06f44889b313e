/* api/change.c - one change of the schema: its statement, then looks at the
 * nodes' schema versions until they are one.
 *
 * A change is a small machine that goes on from the callbacks of its own
 * requests, so that it runs alike in all three modes. */
#include "api/schema.h"

#include "core/look.h"
#include "core/rows.h"

#include <stdio.h>
#include <string.h>

enum step { STEP_CHANGE, STEP_LOCAL, STEP_PEERS, STEP_PAUSE };

struct change {
  tally_session *session;
  struct loop *loop;
  enum step step;
  struct statement statement; /* of the step under way */
  char *cql;
  struct change_of of;
  char *about;      /* a copy of of.about */
  bool changed;     /* by its statement */
  uint64_t give_up; /* net_clock(): agreement is not waited for beyond */
  uint32_t host; /* the one that made it, and knows of it: it is asked what it
                    and its peers have */
  uint8_t version[16];
  change_done *done;
  void *user;
};

static void change_free(struct change *c) {
  const struct net_heap heap = c->session->heap;

  net_free(&heap, c->cql);
  net_free(&heap, c->about);
  net_free(&heap, c);
}

static void change_over(struct change *c, int code, const tally_error *error) {
  struct change_end end = {
      .code = code, .changed = c->changed, .host = c->host, .error = error};
  change_done *done = c->done;
  void *user = c->user;

  change_free(c);
  done(user, &end);
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
  int code;

  if (c->of.of_table && (f.server_code == 0x2200 || f.server_code == 0x2300)) {
    f.code = TALLY_ESCHEMA;
    f.what = "the server refused it";
  }
  snprintf(doing, sizeof doing, "%s %s", c->of.doing, c->about);
  code = error_from_failure(e, doing, &f);
  error_hint_unknown(e, EFFECT_SCHEMA);
  return code;
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
      change_over(c, 0, NULL);
      return 0;
    }
    if (net_clock() < c->give_up)
      return send_step(c, STEP_PAUSE, e);
    return error_set(e, TALLY_ETIMEDOUT, "they still differ");
  case STEP_CHANGE:
    c->host = answer->host;
    c->changed = answer->changed;
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

    change_over(c, rc, &e);
  } else if (next_look(c, answer, &e) != 0) {
    log_write(&c->loop->context.log, LOG_WARNING,
              "%s %s: done, but not known whether the nodes agree on it: %s",
              c->of.doing, c->about, e.message);
    change_over(c, 0, NULL);
  }
}

int change_start(tally_session *s, struct text *cql, const struct change_of *of,
                 change_done *done, void *user, struct loop **loop,
                 tally_error *e) {
  struct change *c = cql->failed ? NULL : net_alloc(&s->heap, sizeof *c);
  int rc;

  if (c == NULL) {
    net_free(&s->heap, cql->p);
    return error_no_memory(e);
  }
  c->session = s;
  c->loop = *loop = session_loop(s);
  c->cql = cql->p;
  c->of = *of;
  c->about = string_copy(&s->heap, of->about);
  c->give_up = net_clock() + c->loop->context.config.timeout[TIMEOUT_SCHEMA];
  c->done = done;
  c->user = user;
  rc = c->about == NULL ? error_no_memory(e) : send_step(c, STEP_CHANGE, e);
  if (rc != 0)
    change_free(c);
  return rc;
}

/* ---- One that a call ends with ------------------------------------------ */

void change_told(const struct listener *to, int code,
                 const tally_error *error) {
  tally_result result = {.status = code,
                         .outcome = code == 0 ? TALLY_APPLIED : error->outcome,
                         .error = code == 0 ? NULL : error};

  listener_tell(to, &result);
}

struct told {
  struct net_heap heap;
  struct listener to;
};

static void on_told(void *user, const struct change_end *end) {
  struct told *told = user;
  const struct net_heap heap = told->heap;
  struct listener to = told->to;

  net_free(&heap, told);
  change_told(&to, end->code, end->error);
}

static int start_told(tally_session *s, struct text *cql,
                      const struct change_of *of, const struct listener *to,
                      struct loop **loop, tally_error *e) {
  struct told *told = net_alloc(&s->heap, sizeof *told);
  int rc;

  if (told == NULL) {
    net_free(&s->heap, cql->p);
    return error_no_memory(e);
  }
  told->heap = s->heap;
  told->to = *to;
  rc = change_start(s, cql, of, on_told, told, loop, e);
  if (rc != 0)
    net_free(&s->heap, told);
  return rc;
}

int change_tell(tally_session *s, struct text *cql, const struct change_of *of,
                const struct listener *to, tally_error *e) {
  struct loop *loop;

  return start_told(s, cql, of, to, &loop, e);
}

int change_wait(tally_session *s, struct text *cql, const struct change_of *of,
                tally_error *e) {
  struct waiter w = {.error = e};
  struct listener to = {.waiter = &w};
  struct loop *loop;
  int rc = wait_begin(s, e);

  if (rc != 0) {
    net_free(&s->heap, cql->p);
    return rc;
  }
  rc = start_told(s, cql, of, &to, &loop, e);
  if (rc != 0)
    return rc;
  wait_for(s, loop, &w);
  return w.code;
}
