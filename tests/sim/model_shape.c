/* tests/sim/model_shape.c - answers that are not as they should be.
 *
 * None may say of an increment what is not so, even to a client that reads it
 * under the wrong header.  What keeps that from happening:
 * - A garbled header keeps its stream, and its body; and it is never garbled
 *   and decorated at once.
 * - RESULT read as ERROR has a kind for its code, and ERROR read as RESULT a
 *   code for its kind: 1 to 5 on one side, none of these on the other.
 * - With a tracing id, warnings or a payload that are not there, Void is too
 *   short, and what is left of an ERROR begins amid its code, message or tail.
 *   Messages are letters, and short or of 65535 bytes; the numbers in tails are
 *   small; ids have the high bit in each byte: no such four bytes are the code
 *   of an error that proves anything.
 * - A length that is too great swallows the answers behind it, which so never
 *   come; one that is too small leaves bytes that are no header of v4.  What
 *   then lies misaligned starts with 0x84 only inside an id or a sum, where
 *   stream, opcode and length are impossible, or the message is an ERROR whose
 *   code is part of another header. */
#include <string.h>

#include "tests/sim/model_private.h"

/* ---- ERROR -------------------------------------------------------------- */

static void write_type(struct out *o, uint64_t *detail) {
  static const char *const types[] = {
      "COUNTER", "COUNTER", "SIMPLE", "BATCH", "CAS", "VIEW", "", "Ungekannt"};

  out_string(o, types[detail_below(detail, sizeof types / sizeof types[0])]);
}

static void consistency_and_counts(struct out *o, unsigned counts,
                                   uint64_t *detail) {
  out_short(o, (unsigned)detail_below(detail, 12));
  while (counts-- > 0)
    out_int(o, (uint32_t)detail_below(detail, 4));
}

static void tail(struct out *o, const struct request *r, uint64_t *detail) {
  switch (r->refusal.code) {
  case ERROR_UNAVAILABLE:
  case ERROR_CAS_UNKNOWN:
    consistency_and_counts(o, 2, detail);
    return;
  case ERROR_WRITE_TIMEOUT:
    consistency_and_counts(o, 2, detail);
    write_type(o, detail);
    return;
  case ERROR_WRITE_FAILURE:
    consistency_and_counts(o, 3, detail);
    write_type(o, detail);
    return;
  case ERROR_READ_TIMEOUT:
    consistency_and_counts(o, 2, detail);
    out_byte(o, 1);
    return;
  case ERROR_READ_FAILURE:
    consistency_and_counts(o, 3, detail);
    out_byte(o, 0);
    return;
  case ERROR_FUNCTION:
    out_string(o, "ks");
    out_string(o, "f");
    out_short(o, 1);
    out_string(o, "int");
    return;
  case ERROR_EXISTS:
    out_string(o, "ks");
    out_string(o, "");
    return;
  case ERROR_UNPREPARED:
    out_short(o, ID_LEN);
    out_bytes(o, r->id, ID_LEN);
    return;
  case ERROR_RATE_LIMIT:
    out_byte(o, 1);
    out_byte(o, r->by_coordinator);
    return;
  default:
    return;
  }
}

/* An id that was never told. */
static void other_id(struct out *o, uint64_t detail) {
  out_short(o, ID_LEN);
  for (int i = 0; i < 2; i++)
    out_long(o, (detail ^ (uint64_t)i) | UINT64_C(0x8080808080808080));
}

static void forgotten(struct out *o, const struct request *r) {
  uint64_t detail = r->refused;
  uint64_t how = detail_below(&detail, 8);

  out_int(o, ERROR_UNPREPARED);
  out_string(o, r->refusal.text);
  if (how == 0)
    other_id(o, detail);
  else if (how != 1)
    tail(o, r, &detail);
}

static void chosen(struct out *o, const struct request *r) {
  uint64_t detail = r->refused;
  uint64_t text = detail_below(&detail, 8);
  uint64_t how = detail_below(&detail, 4);

  out_int(o, (uint32_t)r->refusal.code);
  if (text == 0) {
    out_string(o, "");
  } else if (text == 1) {
    out_short(o, 65535);
    out_fill(o, 'e', 65535);
  } else {
    out_string(o, "Operation failed, as it had to");
  }
  if (how != 0)
    tail(o, r, &detail);
  if (how == 1)
    out_fill(o, 'z', 1 + (size_t)detail_below(&detail, 30));
}

void shape_error(struct out *o, const struct request *r) {
  uint64_t detail = 0;

  if ((r->faults & FORGOTTEN) != 0) {
    forgotten(o, r);
  } else if ((r->faults & CHOSEN) != 0) {
    chosen(o, r);
  } else {
    out_int(o, (uint32_t)r->refusal.code);
    out_string(o, r->refusal.text);
    tail(o, r, &detail);
  }
}

/* ---- Decor: all of it legal ---------------------------------------------- */

enum { DECOR_WARNINGS = 1, DECOR_TRACING = 2, DECOR_PAYLOAD = 4 };

/* What stands in front of the message. */
void shape_decor(struct out *o, struct request *r) {
  uint64_t detail = r->decor;
  unsigned what = (unsigned)(detail & 15);

  if (what == 0)
    what = DECOR_WARNINGS;
  if ((what & DECOR_TRACING) != 0) {
    o->bytes[1] |= FLAG_TRACING;
    out_long(o, detail);
    out_long(o, ~detail);
  }
  if ((what & DECOR_WARNINGS) != 0) {
    unsigned n = (unsigned)detail_below(&detail, 3);

    o->bytes[1] |= FLAG_WARNING;
    out_short(o, n);
    while (n-- > 0)
      out_string(o,
                 n == 0 ? "Aggregation query used without partition key" : "");
  }
  if ((what & DECOR_PAYLOAD) != 0) {
    unsigned n = (unsigned)detail_below(&detail, 3);

    o->bytes[1] |= FLAG_PAYLOAD;
    out_short(o, n);
    while (n-- > 0) {
      out_string(o, "tablets-routing-v1");
      out_int(o, n == 0 ? 3 : UINT32_MAX);
      out_fill(o, 0, n == 0 ? 3 : 0);
    }
  }
}

/* ---- Answers of another kind --------------------------------------------- */

/* Rows that name no host would say that the others are gone. */
static bool tells_of_hosts(const struct table *t) {
  return t->is == TABLE_IS_LOCAL || t->is == TABLE_IS_PEERS;
}

/* For a SELECT: a column more, or counters that are none. */
static void odd_rows(struct out *o, const struct request *r, bool wider) {
  unsigned columns = 1, size = 4;

  if (r->answer == ANSWER_ROWS) {
    wider |= tells_of_hosts(r->statement->table);
    columns = r->statement->column_count + (wider ? 1 : 0);
    size = wider ? 8 : 4;
  }
  out_int(o, RESULT_ROWS);
  out_int(o, METADATA_GLOBAL | METADATA_NONE);
  out_int(o, columns);
  out_int(o, 1);
  for (unsigned i = 0; i < columns; i++) {
    out_int(o, size);
    out_fill(o, 0x5a, size);
  }
}

/* Of what it should have been, or of an ERROR. */
static void cut(struct out *o, struct request *r, bool error,
                uint64_t *detail) {
  if (error)
    answer_error(o, r->stream, ERROR_WRITE_TIMEOUT, "Operation timed out");
  else
    answer_frame(o, r);
  if (o->len > HEADER_LEN)
    o->len = HEADER_LEN + (size_t)detail_below(detail, o->len - HEADER_LEN);
}

static void odd_opcode(struct out *o, const struct request *r,
                       uint64_t *detail) {
  static const uint8_t opcodes[] = {OP_READY,   OP_SUPPORTED, OP_AUTHENTICATE,
                                    OP_EXECUTE, OP_EVENT,     0x0e,
                                    0x10,       0x7f};
  uint8_t opcode =
      opcodes[detail_below(detail, sizeof opcodes / sizeof opcodes[0])];

  /* OPTIONS has no other use for SUPPORTED than the real one. */
  if (r->answer == ANSWER_SUPPORTED && opcode == OP_SUPPORTED)
    opcode = OP_READY;
  out_begin(o, 0, r->stream, OP_RESULT);
  o->bytes[4] = opcode;
  if (opcode == OP_AUTHENTICATE)
    out_string(o, "org.apache.cassandra.auth.PasswordAuthenticator");
}

/* What is no RESULT for an increment or a SELECT, nor for PREPARE.  A CREATE
 * may take it for its own: it has been made by then. */
static void odd_result(struct out *o, const struct request *r,
                       uint64_t *detail) {
  static const uint32_t kinds[] = {0, 6, 0x7fffffff, 0xffffffff};

  out_begin(o, 0, r->stream, OP_RESULT);
  switch (detail_below(detail, 6)) {
  case 0:
    odd_rows(o, r, true);
    return;
  case 1:
    odd_rows(o, r, false);
    return;
  case 2:
    out_int(o, RESULT_SET_KEYSPACE);
    out_string(o, "ks");
    return;
  case 3:
    out_int(o, RESULT_SCHEMA_CHANGE);
    out_string(o, "DROPPED");
    out_string(o, "KEYSPACE");
    out_string(o, "ks");
    return;
  case 4:
    if (r->answer == ANSWER_ROWS || r->answer == ANSWER_PREPARED) {
      out_int(o, RESULT_VOID);
      return;
    }
    return; /* an empty body */
  default:
    out_int(o, kinds[detail_below(detail, 4)]);
    out_fill(o, 0, 8);
  }
}

void shape_odd(struct out *o, struct request *r) {
  uint64_t detail = r->odd;

  /* The detail's first question was for the effect. */
  switch ((detail >> 8) % 5) {
  case 0:
    cut(o, r, false, &detail);
    break;
  case 1:
    cut(o, r, true, &detail);
    break;
  case 2:
    odd_opcode(o, r, &detail);
    break;
  default:
    odd_result(o, r, &detail);
  }
  out_end(o);
}

/* ---- Headers ------------------------------------------------------------ */

static void set_length(struct out *o, uint32_t len) {
  for (int i = 0; i < 4; i++)
    o->bytes[5 + i] = (uint8_t)(len >> (24 - 8 * i));
}

void shape_garble(struct out *o, uint64_t detail) {
  static const uint32_t lengths[] = {0x10000000, 0x7fffffff, 0xffffffff};
  static const uint8_t versions[] = {0x04, 0x85, 0x83, 0x15, 'H'};
  unsigned bit;

  switch (detail_below(&detail, 6)) {
  case 0:
    set_length(o, lengths[detail_below(&detail, 3)]);
    return;
  case 1:
    o->bytes[0] = versions[detail_below(&detail, 5)];
    return;
  case 2:
    o->bytes[0] ^= (uint8_t)(1u << detail_below(&detail, 8));
    return;
  case 3:
    o->bytes[1] ^= (uint8_t)(1u << detail_below(&detail, 8));
    return;
  case 4:
    o->bytes[4] ^= (uint8_t)(1u << detail_below(&detail, 8));
    return;
  default:
    bit = (unsigned)detail_below(&detail, 32);
    o->bytes[5 + bit / 8] ^= (uint8_t)(1u << bit % 8);
  }
}

/* ---- Prepared ----------------------------------------------------------- */

enum odd_markers { MARKERS_MOVED, MARKER_OTHER_TYPE, MARKERS_FEWER };

static void odd_markers(struct out *o, const struct statement *s,
                        enum odd_markers how) {
  unsigned n = s->marker_count;

  if (n == 0 && how != MARKERS_MOVED)
    how = MARKERS_MOVED;
  out_int(o, METADATA_GLOBAL);
  out_int(o, how == MARKERS_FEWER ? n - 1 : n == 0 ? 1 : n);
  out_int(o, 0);
  out_string(o, s->table != NULL ? s->table->keyspace : "ks");
  out_string(o, s->table != NULL ? s->table->name : "t");
  if (n == 0) {
    out_string(o, "one_more");
    out_short(o, TYPE_INT);
  }
  if (n == 1 && how == MARKERS_MOVED)
    how = MARKER_OTHER_TYPE;
  for (unsigned i = 0; i < n - (how == MARKERS_FEWER); i++) {
    unsigned at = how == MARKERS_MOVED ? (i + 1) % n : i;
    const struct column *c = &s->table->columns[s->markers[at].column];

    out_string(o, c->name);
    out_short(o, how == MARKER_OTHER_TYPE && i == 0 ? TYPE_BLOB : c->type);
  }
}

/* An id of its own, that must not be used, for all that lies about the
 * markers. */
static void odd_prepared(struct out *o, struct request *r,
                         enum odd_markers how) {
  struct statement *s = r->statement;
  uint8_t id[ID_LEN];

  s->at[r->host].variation++;
  id_issue(r->host, s, true, id);
  s->at[r->host].variation++;
  out_int(o, RESULT_PREPARED);
  out_short(o, ID_LEN);
  out_bytes(o, id, ID_LEN);
  odd_markers(o, s, how);
}

static void cut_prepared(struct out *o, struct request *r, uint64_t *detail) {
  size_t begin = o->len;

  odd_prepared(o, r, MARKERS_MOVED);
  o->len = begin + (size_t)detail_below(detail, o->len - begin);
}

static void prepare_refused(struct out *o, struct request *r,
                            uint64_t *detail) {
  static const struct refusal refusals[] = {
      {ERROR_SERVER, "java.lang.NullPointerException"},
      {ERROR_OVERLOADED, "Server is overloaded"},
      {ERROR_BOOTSTRAPPING, "Cannot read from a bootstrapping node"},
      {ERROR_INVALID, "table page_hits does not exist"},
      {ERROR_SYNTAX, "line 1:0 no viable alternative at input 'UPDATE'"},
      {ERROR_UNAUTHORIZED, "User anonymous has no MODIFY permission"},
      {ERROR_READ_TIMEOUT, "Operation timed out"},
      {ERROR_NOBODY_KNOWS, ""}};

  r->answer = ANSWER_REFUSED;
  r->refusal =
      refusals[detail_below(detail, sizeof refusals / sizeof refusals[0])];
  o->bytes[4] = OP_ERROR;
  shape_error(o, r);
}

static void no_prepared(struct out *o, uint64_t *detail) {
  static const uint32_t kinds[] = {RESULT_VOID, RESULT_SET_KEYSPACE,
                                   RESULT_SCHEMA_CHANGE, 9};

  out_int(o, kinds[detail_below(detail, 4)]);
  out_string(o, "ks");
}

/* The same statement under an id that it never had. */
static void renamed(struct out *o, struct request *r) {
  r->statement->at[r->host].variation++;
  r->faults &= ~(unsigned)ODD_PREPARED;
  answer_prepared(o, r);
}

void shape_prepared(struct out *o, struct request *r) {
  uint64_t detail = r->odd;

  switch (detail_below(&detail, 7)) {
  case 0:
    prepare_refused(o, r, &detail);
    return;
  case 1:
    renamed(o, r);
    return;
  case 2:
    odd_prepared(o, r, MARKERS_MOVED);
    break;
  case 3:
    odd_prepared(o, r, MARKER_OTHER_TYPE);
    break;
  case 4:
    odd_prepared(o, r, MARKERS_FEWER);
    break;
  case 5:
    cut_prepared(o, r, &detail);
    return;
  default:
    no_prepared(o, &detail);
    return;
  }
  answer_rows_metadata(o, r->statement, false, NULL);
}

/* ---- Frames that nobody asked for ---------------------------------------- */

/* On a stream far above any that a client can have used, or below 0. */
void shape_astray(struct out *o, uint64_t detail) {
  uint64_t below = detail_below(&detail, 1000);
  bool negative = detail_below(&detail, 2) == 0;

  out_begin(o, 0, negative ? -2 - (int)below : 32767 - (int)below, OP_RESULT);
  out_int(o, RESULT_VOID);
  out_end(o);
}

/* Of the cluster, and true or not. */
void shape_change(struct out *o, enum event_kind kind, unsigned place) {
  static const char *const changes[EVENT_KINDS] = {
      "NEW_NODE", "REMOVED_NODE", "MOVED_NODE", "UP", "DOWN", "UPDATED"};
  const uint8_t address[] = {4, 10, 0, 0, (uint8_t)place, 0, 0, 0x23, 0x52};

  out_begin(o, 0, -1, OP_EVENT);
  out_string(o, kind == EVENT_KEYSPACE                   ? "SCHEMA_CHANGE"
                : kind == EVENT_UP || kind == EVENT_DOWN ? "STATUS_CHANGE"
                                                         : "TOPOLOGY_CHANGE");
  out_string(o, changes[kind]);
  if (kind == EVENT_KEYSPACE) {
    out_string(o, "KEYSPACE");
    out_string(o, "ks");
  } else {
    out_bytes(o, address, sizeof address);
  }
  out_end(o);
}

void shape_event(struct out *o, uint64_t detail) {
  static const uint8_t address[] = {4, 10, 0, 0, 1, 0, 0, 0x23, 0x52};

  out_begin(o, 0, -1, OP_EVENT);
  switch (detail_below(&detail, 3)) {
  case 0:
    out_string(o, "SCHEMA_CHANGE");
    out_string(o, "CREATED");
    out_string(o, "TABLE");
    out_string(o, "ks");
    out_string(o, "t");
    break;
  case 1:
    out_string(o, "STATUS_CHANGE");
    out_string(o, detail_below(&detail, 2) == 0 ? "UP" : "DOWN");
    out_bytes(o, address, sizeof address);
    break;
  default:
    out_string(o, "TOPOLOGY_CHANGE");
    out_string(o, "REMOVED_NODE");
    out_bytes(o, address, sizeof address);
  }
  if (detail_below(&detail, 4) == 0)
    o->len = HEADER_LEN + (size_t)detail_below(&detail, o->len - HEADER_LEN);
  out_end(o);
}
