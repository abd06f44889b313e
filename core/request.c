#include "core/request.h"

#include <string.h>

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

static enum next_step answered_error(struct context *c, struct op *op,
                                     struct cql_reader *message,
                                     const struct peer *peer) {
  const struct outcome_row *row;
  struct cql_error e;
  struct failure f;
  const char *what;

  if (cql_error_decode(message, &e) != CQL_OK) {
    op_fail(c, op, EVENT_UNDECODABLE, peer->name, "an ERROR cut short");
    return NEXT_NONE;
  }
  row = &outcome_table[outcome_event(e.code, 1, peer->kind)];
  if (row->next == NEXT_PREPARE && op->kind == OP_EXECUTE &&
      op->prepares < PREPARES_MAX) {
    op->prepares++;
    return NEXT_PREPARE;
  }
  /* One host is all there is so far: "next host" has nowhere to go. */
  what = read_error_what(e.code);
  failure_init(&f, row->code, row->outcome, what != NULL ? what : row->what);
  request_describe_error(&f, &e, peer);
  op_fail_with(c, op, &f);
  return NEXT_NONE;
}

static void answered_result(struct context *c, struct op *op,
                            struct cql_reader *message,
                            const struct peer *peer) {
  enum effect effect = op->statement->effect;
  struct cql_result result;
  struct rows rows;
  struct answer answer = {.outcome = OUTCOME_APPLIED};
  bool fits;

  if (cql_result_decode(message, &result) != CQL_OK) {
    op_fail(c, op, EVENT_UNDECODABLE, peer->name, "a RESULT cut short");
    return;
  }
  switch (result.kind) {
  case CQL_RESULT_VOID:
    fits = effect != EFFECT_READ;
    break;
  case CQL_RESULT_ROWS:
    fits = effect == EFFECT_READ;
    rows_init(&rows, &result.u.rows);
    answer.rows = &rows;
    answer.outcome = OUTCOME_NOT_APPLIED;
    break;
  case CQL_RESULT_SET_KEYSPACE:
  case CQL_RESULT_SCHEMA_CHANGE:
    fits = effect == EFFECT_SCHEMA;
    break;
  default:
    fits = false;
  }
  if (fits)
    op_finish(c, op, &answer);
  else
    op_fail(c, op, EVENT_OTHER_RESULT, peer->name,
            "a RESULT of another kind than the statement has");
}

/* RESULT Void with nothing in front of it: what nearly every increment gets. */
static bool is_plain_void(const struct cql_frame *f) {
  static const uint8_t void_body[4] = {0, 0, 0, CQL_RESULT_VOID};

  return f->header.opcode == CQL_OP_RESULT && f->header.flags == 0 &&
         f->header.body_len >= 4 && memcmp(f->body, void_body, 4) == 0;
}

static void log_warnings(struct context *c, struct cql_prefix *prefix,
                         const struct peer *peer) {
  struct cql_span text;

  while (cql_list_next_string(&prefix->warnings, &text))
    log_write(&c->log, LOG_WARNING, "%s warns: %.*s", peer->name,
              (int)(text.len < 800 ? text.len : 800), (const char *)text.p);
}

enum next_step request_answered(struct context *c, struct op *op,
                                const struct cql_frame *frame,
                                const struct peer *peer) {
  struct cql_prefix prefix;
  struct cql_reader message;

  if (op->statement->effect == EFFECT_COUNT && is_plain_void(frame)) {
    op_finish_applied(c, op);
    return NEXT_NONE;
  }
  if (cql_prefix_decode(frame, &prefix, &message) != CQL_OK) {
    op_fail(c, op, EVENT_UNDECODABLE, peer->name,
            "warnings or payload reach beyond the frame");
    return NEXT_NONE;
  }
  log_warnings(c, &prefix, peer);
  switch (frame->header.opcode) {
  case CQL_OP_ERROR:
    return answered_error(c, op, &message, peer);
  case CQL_OP_RESULT:
    answered_result(c, op, &message, peer);
    return NEXT_NONE;
  default:
    op_fail(c, op, EVENT_UNDECODABLE, peer->name,
            "an answer of a kind that no request has");
    return NEXT_NONE;
  }
}
