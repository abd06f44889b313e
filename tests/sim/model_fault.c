/* tests/sim/model_fault.c - what becomes of a request: when it takes effect,
 * if it does, and when and how it is answered.
 *
 * The two are chosen apart, as far as a server could: RESULT Void only for
 * what has been applied, the codes of fault_is_proof() only for what never
 * will be; everything else for what was applied before, is never, or later.
 *
 * No fault may deceive the client, for it could not know better:
 * - An odd answer is none that any request could take for its own.
 * - A header with a flipped bit goes with a body that means nothing under it:
 *   see model_shape.c.
 * - An answer that is sent twice is so at once: the client cannot have taken
 *   the stream for another request yet, unless it leaves ids no rest.
 * - A server is ScyllaDB in each of its SUPPORTED, or in none. */
#include "tests/sim/model_private.h"

/* Every fault that may befall one request, asked for in this order. */
struct rolls {
  bool crash, close, stream_0, forget, odd_prepared, none, error, late, event,
      slow;
  uint64_t on_crash, on_close, on_stream_0, on_forget, on_odd_prepared, on_none,
      on_error, on_late, on_event, on_slow;
};

static void roll(struct rolls *f, const struct request *r) {
  f->crash = fault(FAULT_CRASH, &f->on_crash);
  f->close = fault(FAULT_SERVER_CLOSE, &f->on_close);
  f->stream_0 = fault(FAULT_STREAM_0, &f->on_stream_0);
  f->forget = r->opcode == OP_EXECUTE && fault(FAULT_FORGET, &f->on_forget);
  f->odd_prepared =
      r->opcode == OP_PREPARE && fault(FAULT_PREPARE_ODD, &f->on_odd_prepared);
  f->none = fault(FAULT_ANSWER_NONE, &f->on_none);
  f->error = fault(FAULT_ANSWER_ERROR, &f->on_error);
  f->late = fault(FAULT_ANSWER_LATE, &f->on_late);
  f->event = fault(FAULT_EVENT, &f->on_event);
  f->slow = fault(FAULT_SLOW_READER, &f->on_slow);
}

/* Garbled is never decorated, and odd is neither; nor are they sent twice: the
 * second might be read as a part of the first. */
static void roll_answer(struct request *r) {
  uint64_t detail;

  if (fault(FAULT_ANSWER_TWICE, &detail))
    r->faults |= TWICE;
  if (fault(FAULT_ANSWER_ASTRAY, &r->astray))
    r->faults |= ASTRAY;
  if (fault(FAULT_ANSWER_GARBLED, &r->garbled))
    r->faults |= GARBLED;
  if (fault(FAULT_ANSWER_ODD, &r->odd))
    r->faults |= ODD;
  if (fault(FAULT_ANSWER_DECOR, &r->decor))
    r->faults |= DECOR;
  if (r->opcode == OP_EXECUTE && cql_is_own_words(r->statement))
    r->faults &= ~(unsigned)ODD; /* any RESULT is one to it */
  if ((r->faults & ODD) != 0)
    r->faults &= ~(unsigned)(GARBLED | DECOR);
  else if ((r->faults & GARBLED) != 0)
    r->faults &= ~(unsigned)DECOR;
  if ((r->faults & (ODD | GARBLED)) != 0)
    r->faults &= ~(unsigned)TWICE;
}

/* ---- Effects ------------------------------------------------------------ */

/* At some moment before the answer. */
static void entry_before(struct request *r, uint64_t answer) {
  uint64_t now = world_now();

  switch (draw_below(CHANCE_SERVER, 4)) {
  case 0:
    request_take_effect(r);
    return;
  case 1:
    r->with_answer = true;
    request_effect_at(r, now + draw_below(CHANCE_SERVER, answer - now + 1));
    return;
  default:
    r->with_answer = true;
  }
}

static void effect_before(struct request *r, uint64_t answer) {
  for (; r != NULL; r = r->more)
    entry_before(r, answer);
}

/* Beyond the client's timeout, perhaps. */
static uint64_t afterwards(uint64_t from, uint64_t *detail) {
  return from + 1 + detail_below(detail, 2 * model.plan.patience + MILLISECOND);
}

/* Before the answer, never, or later: each entry of a batch on its own. */
static void effect_whenever(struct request *r, uint64_t answer,
                            uint64_t *detail) {
  for (; r != NULL; r = r->more)
    switch (detail_below(detail, 3)) {
    case 0:
      entry_before(r, answer);
      break;
    case 1:
      request_entry_never(r);
      break;
    default:
      request_effect_at(r, afterwards(answer, detail));
    }
}

/* ... where no answer will come. */
static void effect_unanswered(struct request *r, uint64_t *detail) {
  for (; r != NULL; r = r->more)
    switch (detail_below(detail, 3)) {
    case 0:
      request_take_effect(r);
      break;
    case 1:
      request_entry_never(r);
      break;
    default:
      request_effect_at(r, afterwards(world_now(), detail));
    }
}

void request_plan_silent(struct request *r) {
  uint64_t detail = draw(CHANCE_SERVER);

  effect_unanswered(r, &detail);
}

/* ---- Ends of hosts and connections --------------------------------------- */

static void crash(struct request *r, uint64_t detail) {
  uint64_t down_for = detail_below(&detail, 20 * SECOND + 1);

  effect_unanswered(r, &detail);
  requests_lose(r->host, NULL, &detail);
  host_crash(r->host, down_for);
}

/* FIN, half a FIN, or RST: what was received is applied or not. */
static void close_conn(struct request *r, uint64_t detail) {
  uint64_t how = detail_below(&detail, 3);

  TRACE("host %u: ends a connection, way %u", r->host, (unsigned)how);
  effect_unanswered(r, &detail);
  requests_lose(r->host, r->conn, &detail);
  if (how == 2)
    conn_reset(r->conn);
  else
    conn_finish(r->conn, how == 0);
}

/* ---- Answers ------------------------------------------------------------ */

static void forget(struct request *r, uint64_t detail) {
  struct known *known = &r->statement->at[r->host];

  known->prepared = false;
  if (detail_below(&detail, 4) == 0)
    known->forgetful_until = world_now() + detail_below(&detail, 5 * SECOND);
  request_never(r);
  refuse(&r->refusal, ERROR_UNPREPARED,
         "Prepared query not found (it was evicted)");
  r->answer = ANSWER_REFUSED;
  r->faults |= FORGOTTEN;
  r->refused = detail;
}

/* Codes that a server gives only for what it has not begun.  Of a batch it may
 * have begun with other partitions. */
bool fault_is_proof(const struct request *r, int32_t code) {
  switch (code) {
  case ERROR_UNAVAILABLE:
    return !model.plan.scylla && r->opcode != OP_BATCH;
  case ERROR_CONFIG:
    return !model.plan.scylla;
  case ERROR_BOOTSTRAPPING:
  case ERROR_SYNTAX:
  case ERROR_UNAUTHORIZED:
  case ERROR_INVALID:
  case ERROR_EXISTS:
  case ERROR_UNPREPARED:
    return true;
  default:
    return false;
  }
}

static int32_t choose_code(uint64_t *detail) {
  static const int32_t codes[] = {
      ERROR_SERVER,        ERROR_PROTOCOL,      ERROR_CREDENTIALS,
      ERROR_UNAVAILABLE,   ERROR_OVERLOADED,    ERROR_BOOTSTRAPPING,
      ERROR_TRUNCATE,      ERROR_WRITE_TIMEOUT, ERROR_WRITE_TIMEOUT,
      ERROR_READ_TIMEOUT,  ERROR_READ_FAILURE,  ERROR_FUNCTION,
      ERROR_WRITE_FAILURE, ERROR_CDC_WRITE,     ERROR_CAS_UNKNOWN,
      ERROR_SYNTAX,        ERROR_UNAUTHORIZED,  ERROR_INVALID,
      ERROR_CONFIG,        ERROR_EXISTS,        ERROR_UNPREPARED,
      ERROR_NOBODY_KNOWS,  ERROR_RATE_LIMIT,    INT32_MIN};

  return codes[detail_below(detail, sizeof codes / sizeof codes[0])];
}

static void answer_with_error(struct request *r, int32_t code, uint64_t detail,
                              uint64_t answer) {
  bool counts = r->opcode != OP_PREPARE && r->statement != NULL &&
                r->statement->kind == CQL_UPDATE;

  r->answer = ANSWER_REFUSED;
  r->faults |= CHOSEN;
  r->refusal.code = code;
  r->by_coordinator = detail_below(&detail, 2) == 0;
  if (counts && (fault_is_proof(r, code) ||
                 (code == ERROR_RATE_LIMIT && r->by_coordinator)))
    request_never(r);
  effect_whenever(r, answer, &detail);
  r->refused = detail;
}

static void answer_with_any_error(struct request *r, uint64_t detail,
                                  uint64_t answer) {
  int32_t code = choose_code(&detail);

  answer_with_error(r, code, detail, answer);
}

/* Around the client's timeout, to the nanosecond and to the millisecond, in
 * which event loops count. */
static uint64_t lateness(uint64_t detail) {
  uint64_t patience = model.plan.patience;
  uint64_t how = detail_below(&detail, 8);

  switch (how) {
  case 0:
    return patience;
  case 1:
    return patience - 1;
  case 2:
    return patience + 1;
  case 3:
    return patience + MILLISECOND;
  default:
    return detail_below(&detail, 2 * patience + 1);
  }
}

/* The whole request could not be decoded, as it seems. */
static void answer_on_stream_0(struct request *r, uint64_t detail,
                               uint64_t answer) {
  request_never(r);
  r->faults |= ON_STREAM_0;
  r->refused = detail;
  request_answer_at(r, answer);
}

static bool is_increment(const struct request *r) {
  return r->answer == ANSWER_VOID;
}

static void effect_by_odd(struct request *r, uint64_t answer) {
  uint64_t detail = r->odd;

  effect_whenever(r, answer, &detail);
}

static void plan_answer(struct request *r, const struct rolls *f,
                        uint64_t answer) {
  roll_answer(r);
  if (f->odd_prepared) {
    r->faults |= ODD_PREPARED;
    r->odd = f->on_odd_prepared;
  }
  if (world_now() < model.hosts[r->host].unwilling_until)
    answer_with_error(r, model.hosts[r->host].unwilling, r->number, answer);
  else if (f->forget)
    forget(r, f->on_forget);
  else if (f->error)
    answer_with_any_error(r, f->on_error, answer);
  if ((r->faults & ODD) != 0 && is_increment(r))
    effect_by_odd(r, answer);
  else if (r->answer != ANSWER_REFUSED)
    effect_before(r, answer);
  request_answer_at(r, answer);
}

static void besides(struct request *r, const struct rolls *f) {
  static struct out o;
  uint64_t detail = f->on_slow;

  if (f->event && conn_can_send(r->conn)) {
    shape_event(&o, f->on_event);
    lz4_answer(&o, r->conn);
    change_told_up(1);
    wire_send(r->conn->wire, o.bytes, o.len);
  }
  if (f->slow)
    wire_pause(r->conn->wire, world_now() + 100 * MILLISECOND +
                                  detail_below(&detail, 20 * SECOND));
}

void request_plan(struct request *r) {
  uint64_t think =
      draw_between(CHANCE_SERVER, model.plan.think_min, model.plan.think_max);
  uint64_t answer = world_now() + think;
  struct rolls f;

  roll(&f, r);
  besides(r, &f);
  if (f.late)
    answer += lateness(f.on_late);
  if (f.crash)
    crash(r, f.on_crash);
  else if (f.close)
    close_conn(r, f.on_close);
  else if (f.stream_0)
    answer_on_stream_0(r, f.on_stream_0, answer);
  else if (f.none)
    effect_unanswered(r, &f.on_none);
  else
    plan_answer(r, &f, answer);
  change_arrived(r);
}
