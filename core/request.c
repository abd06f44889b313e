#include "core/request.h"

#include <string.h>

#include "core/mark.h"
#include "core/rows.h"

/* How often a server may forget a statement before its operation gives up. */
enum { PREPARES_MAX = 2 };

static const char *consistency_name(uint16_t consistency) {
  static const char *const names[] = {"ANY",          "ONE",         "TWO",
                                      "THREE",        "QUORUM",      "ALL",
                                      "LOCAL_QUORUM", "EACH_QUORUM", "SERIAL",
                                      "LOCAL_SERIAL", "LOCAL_ONE"};

  if (consistency < sizeof names / sizeof names[0])
    return names[consistency];
  return "an unknown consistency";
}

static void describe_tail(struct failure *f, const struct cql_error *e) {
  const char *level = consistency_name(e->consistency);
  int text_len = (int)(e->text.len < 200 ? e->text.len : 200);
  const char *text = (const char *)e->text.p;
  unsigned code = (unsigned)e->code;

  f->required = e->required;
  f->received = e->received;
  switch (e->code) {
  case CQL_ERROR_UNAVAILABLE:
    failure_detail(f, "0x%04x: %s needs %d replicas, %d alive: %.*s", code,
                   level, (int)e->required, (int)e->received, text_len, text);
    return;
  case CQL_ERROR_WRITE_TIMEOUT:
    failure_detail(
        f, "0x%04x (%.*s): %s needs %d replicas, %d confirmed in time: %.*s",
        code, (int)(e->write_type.len < 40 ? e->write_type.len : 40),
        (const char *)e->write_type.p, level, (int)e->required,
        (int)e->received, text_len, text);
    return;
  case CQL_ERROR_READ_TIMEOUT:
    failure_detail(f, "0x%04x: %s needs %d replicas, %d answered in time: %.*s",
                   code, level, (int)e->required, (int)e->received, text_len,
                   text);
    return;
  default:
    failure_detail(f,
                   "0x%04x: %s needs %d replicas, %d answered, %d failed: "
                   "%.*s",
                   code, level, (int)e->required, (int)e->received,
                   (int)e->failures, text_len, text);
    return;
  }
}

void request_describe_error(struct failure *f, const struct cql_error *e,
                            const struct peer *peer) {
  memcpy(f->host, peer->name, sizeof f->host);
  f->server_code = e->code;
  switch (e->code) {
  case CQL_ERROR_UNAVAILABLE:
  case CQL_ERROR_WRITE_TIMEOUT:
  case CQL_ERROR_READ_TIMEOUT:
  case CQL_ERROR_READ_FAILURE:
  case CQL_ERROR_WRITE_FAILURE:
    if (e->has_tail) {
      describe_tail(f, e);
      return;
    }
    break;
  default:
    break;
  }
  failure_detail(f, "0x%04x: %.*s", (unsigned)e->code,
                 (int)(e->text.len < 380 ? e->text.len : 380),
                 (const char *)e->text.p);
}

static const char *read_error_what(int32_t code) {
  switch (code) {
  case CQL_ERROR_READ_TIMEOUT:
    return "read timeout";
  case CQL_ERROR_READ_FAILURE:
    return "read failure";
  default:
    return NULL;
  }
}

/* ---- What an answer is -------------------------------------------------- */

/* What an answer says beside the event that it is. */
struct verdict {
  const char *detail; /* what is wrong with it, of one that does not fit */
  enum carried {
    CARRIES_NOTHING,
    CARRIES_ERROR,
    CARRIES_ROWS,
    CARRIES_CHANGE, /* what a schema change is answered with */
    CARRIES_ALL     /* for the caller to take apart, rows and all */
  } carried;
  bool changed; /* of CARRIES_CHANGE: something did */
  struct cql_error error;
  struct rows rows;
};

/* RESULT Void with nothing in front of it: what nearly every increment gets. */
static bool is_plain_void(const struct cql_frame *f) {
  static const uint8_t void_body[4] = {0, 0, 0, CQL_RESULT_VOID};

  return f->header.opcode == CQL_OP_RESULT && f->header.flags == 0 &&
         f->header.body_len >= 4 && memcmp(f->body, void_body, 4) == 0;
}

/* An answer has room for 65,535 of them. */
enum { WARNINGS_TOLD = 8 };

static void log_warnings(struct context *c, struct cql_prefix *prefix,
                         const struct peer *peer) {
  struct cql_span text;

  for (int n = 0; n < WARNINGS_TOLD; n++) {
    if (!cql_list_next_string(&prefix->warnings, &text))
      return;
    MARK(answer_warns);
    log_write(&c->log, LOG_WARNING, "%s warns: %.*s", peer->name,
              (int)(text.len < 800 ? text.len : 800), (const char *)text.p);
  }
  if (prefix->warnings.count > 0)
    log_write(&c->log, LOG_WARNING, "%s warns of %u things more", peer->name,
              (unsigned)prefix->warnings.count);
}

static enum event undecodable(struct verdict *v, const char *detail) {
  MARK(answer_undecodable);
  v->detail = detail;
  return EVENT_UNDECODABLE;
}

static enum event error_event(struct cql_reader *message,
                              const struct statement *s,
                              const struct peer *peer, struct verdict *v) {
  enum event event;

  if (cql_error_decode(message, &v->error) != CQL_OK)
    return undecodable(v, "an ERROR cut short");
  v->carried = CARRIES_ERROR;
  event = outcome_event(v->error.code, s->effect == EFFECT_BATCH ? 2 : 1,
                        peer->kind);
  if (s->effect == EFFECT_READ && v->error.code == CQL_ERROR_READ_TIMEOUT &&
      v->error.has_tail && v->error.received >= v->error.required)
    event = EVENT_READ_TIMEOUT_ENOUGH;
  if (event == EVENT_OTHER_ERROR)
    MARK(answer_other_code);
  return event;
}

static enum event whole_event(const struct cql_result *result,
                              struct verdict *v) {
  struct rows rows;

  if (result->kind == CQL_RESULT_ROWS) {
    rows_init(&rows, &result->u.rows);
    if (!rows_are_sound(&rows))
      return undecodable(v, "rows without columns, or cut short");
  }
  v->carried = CARRIES_ALL;
  return EVENT_VOID;
}

static void take(const struct cql_result *result, enum effect effect,
                 struct verdict *v) {
  if (effect == EFFECT_COUNT)
    MARK(answer_long_way);
  if (effect == EFFECT_READ) {
    v->carried = CARRIES_ROWS;
    rows_init(&v->rows, &result->u.rows);
  } else if (effect == EFFECT_SCHEMA) {
    v->carried = CARRIES_CHANGE;
    v->changed = result->kind == CQL_RESULT_SCHEMA_CHANGE;
  }
}

static enum event result_event(struct cql_reader *message,
                               const struct statement *s, struct verdict *v) {
  enum effect effect = s->effect;
  struct cql_result result;
  bool fits = false;

  if (cql_result_decode(message, &result) != CQL_OK)
    return undecodable(v, "a RESULT cut short");
  if (s->whole)
    return whole_event(&result, v);
  switch (result.kind) {
  case CQL_RESULT_VOID:
    fits = effect != EFFECT_READ && effect != EFFECT_REGISTER;
    break;
  case CQL_RESULT_ROWS:
    fits = effect == EFFECT_READ;
    break;
  case CQL_RESULT_SET_KEYSPACE:
  case CQL_RESULT_SCHEMA_CHANGE:
    fits = effect == EFFECT_SCHEMA;
    break;
  default:
    break;
  }
  if (fits) {
    take(&result, effect, v);
    return EVENT_VOID;
  }
  MARK(answer_other_kind);
  v->detail = "a RESULT of another kind than the statement has";
  return EVENT_OTHER_RESULT;
}

static enum event rare_event(struct context *c, const struct statement *s,
                             const struct cql_frame *frame,
                             const struct peer *peer, struct verdict *v) {
  struct cql_prefix prefix;
  struct cql_reader message;

  if (cql_prefix_decode(frame, &prefix, &message) != CQL_OK)
    return undecodable(v, "warnings or payload reach beyond the frame");
  log_warnings(c, &prefix, peer);
  switch (frame->header.opcode) {
  case CQL_OP_ERROR:
    return error_event(&message, s, peer, v);
  case CQL_OP_RESULT:
    return result_event(&message, s, v);
  case CQL_OP_READY:
    if (s->effect == EFFECT_REGISTER)
      return EVENT_VOID;
    break;
  default:
    break;
  }
  return undecodable(v, "an answer of a kind that no request has");
}

/* The one place that decides what an answer is to this statement, punctual or
 * late.  EVENT_VOID is the RESULT that it waits for, whatever that carries. */
static inline enum event request_event(struct context *c,
                                       const struct statement *s,
                                       const struct cql_frame *frame,
                                       const struct peer *peer,
                                       struct verdict *v) {
  v->carried = CARRIES_NOTHING;
  v->detail = NULL;
  if (s->effect == EFFECT_COUNT && is_plain_void(frame))
    return EVENT_VOID;
  return rare_event(c, s, frame, peer, v);
}

/* ---- What follows from it ----------------------------------------------- */

static void describe(struct failure *f, const struct outcome_row *row,
                     const struct verdict *v, const struct peer *peer) {
  bool has_error = v->carried == CARRIES_ERROR;
  const char *what = has_error ? read_error_what(v->error.code) : NULL;

  failure_init(f, row->code, row->outcome, what != NULL ? what : row->what);
  memcpy(f->host, peer->name, sizeof f->host);
  if (has_error)
    request_describe_error(f, &v->error, peer);
  else if (v->detail != NULL)
    failure_detail(f, "%s", v->detail);
}

/* May the statement be prepared again for it? */
static bool may_prepare(struct op *op) {
  if (op->kind != OP_EXECUTE || op->prepares >= PREPARES_MAX) {
    MARK(unprepared_given_up);
    return false;
  }
  if (op->prepares++ == 0)
    MARK(unprepared_once);
  else
    MARK(unprepared_twice);
  return true;
}

/* Of an operation that has what it waited for. */
static void finish_carried(struct context *c, struct op *op, struct verdict *v,
                           const struct cql_frame *frame,
                           const struct peer *peer) {
  struct answer answer = {.outcome = op->statement->effect == EFFECT_READ
                                         ? OUTCOME_NOT_APPLIED
                                         : OUTCOME_APPLIED,
                          .host = peer->number};

  if (v->carried == CARRIES_ROWS)
    answer.rows = &v->rows;
  else if (v->carried == CARRIES_ALL)
    answer.frame = frame;
  else
    answer.changed = v->changed;
  op_finish(c, op, &answer);
}

enum next_step request_answered(struct context *c, struct op *op,
                                const struct cql_frame *frame,
                                const struct peer *peer, struct failure *why) {
  struct verdict v;
  enum event event = request_event(c, op->statement, frame, peer, &v);
  enum next_step next;

  if (event == EVENT_VOID) {
    if (v.carried == CARRIES_NOTHING)
      op_finish_applied(c, op);
    else
      finish_carried(c, op, &v, frame, peer);
    return NEXT_NONE;
  }
  describe(why, &outcome_table[event], &v, peer);
  next = op_next(op, event);
  if (next == NEXT_NONE || (next == NEXT_PREPARE && !may_prepare(op))) {
    op_fail_with(c, op, why);
    return NEXT_NONE;
  }
  op->retried |= next == NEXT_HOST_ONCE;
  return next;
}

void request_answered_late(struct context *c, const struct op *op,
                           const struct cql_frame *frame,
                           const struct peer *peer) {
  struct verdict v;
  enum outcome outcome;
  enum event event;

  ENSURE(op->state == OP_UNSETTLED && op->operation != 0);
  event = request_event(c, op->statement, frame, peer, &v);
  outcome = outcome_table[event].outcome;
  if (outcome == OUTCOME_APPLIED)
    MARK(late_reply_settles_applied);
  else if (outcome == OUTCOME_NOT_APPLIED)
    MARK(late_reply_settles_not_applied);
  else
    MARK(late_reply_unknown);
  if (outcome != OUTCOME_UNKNOWN)
    c->settled(c->settled_arg, op, outcome);
}
