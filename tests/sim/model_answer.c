/* tests/sim/model_answer.c - answers as they should be, and how any is sent. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/model_private.h"

/* ---- Frames of the handshake, and errors --------------------------------- */

static void pair(struct out *o, const char *key, const char *value) {
  out_string(o, key);
  out_short(o, 1);
  out_string(o, value);
}

static void number(struct out *o, const char *key, unsigned value) {
  char text[12];

  snprintf(text, sizeof text, "%u", value);
  pair(o, key, text);
}

void answer_supported(struct out *o, const struct model_conn *c,
                      unsigned more_keys) {
  bool shards = model.plan.shards > 0;

  out_short(o, (shards ? 9 : model.plan.scylla ? 5 : 3) + more_keys);
  out_string(o, "PROTOCOL_VERSIONS");
  out_short(o, 4);
  out_string(o, "3/v3");
  out_string(o, "4/v4");
  out_string(o, "5/v5");
  out_string(o, "6/v6-beta");
  out_string(o, "COMPRESSION");
  out_short(o, model.plan.no_lz4 ? 1 : 2);
  out_string(o, "snappy");
  if (!model.plan.no_lz4)
    out_string(o, "lz4");
  pair(o, "CQL_VERSION", "3.4.7");
  if (!model.plan.scylla)
    return;
  pair(o, "SCYLLA_PARTITIONER", "org.apache.cassandra.dht.Murmur3Partitioner");
  pair(o, "SCYLLA_SHARDING_ALGORITHM", "biased-token-round-robin");
  if (!shards)
    return;
  number(o, "SCYLLA_SHARD", c->shard);
  number(o, "SCYLLA_NR_SHARDS", model.plan.shards);
  number(o, "SCYLLA_SHARDING_IGNORE_MSB", 12);
  number(o, "SCYLLA_SHARD_AWARE_PORT", MODEL_SHARD_PORT);
}

void answer_error(struct out *o, int stream, int32_t code, const char *text) {
  out_begin(o, 0, stream, OP_ERROR);
  out_int(o, (uint32_t)code);
  out_string(o, text);
  out_end(o);
}

/* ---- RESULTs ------------------------------------------------------------ */

static void changed(struct out *o, const struct request *r) {
  const struct statement *s = r->statement;
  bool table = s->kind == CQL_CREATE_TABLE;

  if (!r->changed) {
    out_int(o, RESULT_VOID);
    return;
  }
  out_int(o, RESULT_SCHEMA_CHANGE);
  out_string(o, "CREATED");
  out_string(o, table ? "TABLE" : "KEYSPACE");
  out_string(o, s->keyspace);
  if (table)
    out_string(o, s->table_name);
}

static void partition_markers(struct out *o, const struct statement *s) {
  const struct table *t = s->table;

  if (s->key_count < t->partition_keys) {
    out_int(o, 0);
    return;
  }
  out_int(o, t->partition_keys);
  for (unsigned k = 0; k < t->partition_keys; k++)
    for (unsigned m = s->delta_count; m < s->marker_count; m++)
      if (s->markers[m].column == t->keys[k])
        out_short(o, m);
}

void answer_prepared(struct out *o, struct request *r) {
  struct statement *s = r->statement;
  uint8_t id[ID_LEN];

  s->at[r->host].prepared = true;
  id_issue(r->host, s, false, id);
  out_int(o, RESULT_PREPARED);
  out_short(o, ID_LEN);
  out_bytes(o, id, ID_LEN);
  if (s->marker_count == 0) {
    out_int(o, 0);
    out_int(o, 0);
    out_int(o, 0);
  } else {
    out_int(o, METADATA_GLOBAL);
    out_int(o, s->marker_count);
    partition_markers(o, s);
    out_string(o, s->table->keyspace);
    out_string(o, s->table->name);
    for (unsigned i = 0; i < s->marker_count; i++) {
      const struct column *c = &s->table->columns[s->markers[i].column];
      bool bound = s->markers[i].bound != 0;

      out_string(o, bound ? "partition key token" : c->name);
      out_short(o, bound ? TYPE_BIGINT : c->type);
    }
  }
  answer_rows_metadata(o, s, false, NULL);
}

static enum opcode opcode_of(const struct request *r) {
  switch (r->answer) {
  case ANSWER_SUPPORTED:
    return OP_SUPPORTED;
  case ANSWER_READY:
    return OP_READY;
  case ANSWER_AUTHENTICATE:
    return OP_AUTHENTICATE;
  case ANSWER_AUTH_SUCCESS:
    return OP_AUTH_SUCCESS;
  case ANSWER_REFUSED:
    return OP_ERROR;
  case ANSWER_VOID:
  case ANSWER_ROWS:
  case ANSWER_PREPARED:
  case ANSWER_CHANGED:
  default:
    return OP_RESULT;
  }
}

static void message(struct out *o, struct request *r) {
  switch (r->answer) {
  case ANSWER_VOID:
    out_int(o, RESULT_VOID);
    return;
  case ANSWER_ROWS:
    out_int(o, RESULT_ROWS);
    answer_rows(o, r);
    return;
  case ANSWER_PREPARED:
    if ((r->faults & ODD_PREPARED) != 0)
      shape_prepared(o, r);
    else
      answer_prepared(o, r);
    return;
  case ANSWER_CHANGED:
    changed(o, r);
    return;
  case ANSWER_SUPPORTED:
    answer_supported(o, r->conn, 0);
    return;
  case ANSWER_REFUSED:
    shape_error(o, r);
    return;
  case ANSWER_AUTHENTICATE:
    out_string(o, "org.apache.cassandra.auth.PasswordAuthenticator");
    return;
  case ANSWER_AUTH_SUCCESS:
    out_int(o, 0xffffffff); /* a null token */
    return;
  case ANSWER_READY:
  default:
    return;
  }
}

void answer_frame(struct out *o, struct request *r) {
  out_begin(o, 0, r->stream, opcode_of(r));
  if ((r->faults & DECOR) != 0)
    shape_decor(o, r);
  message(o, r);
  if ((r->faults & DECOR) != 0 && (r->decor & 8) != 0)
    out_fill(o, 'x', 1 + (r->decor >> 8) % 40);
  out_end(o);
}

/* ---- Sending ------------------------------------------------------------ */

static void send(struct request *r, const struct out *o) {
  enum opcode opcode = (enum opcode)o->bytes[4];

  TRACE("host %u: answers stream %d with opcode 0x%02x, 0x%08x; faults 0x%x",
        r->host, r->stream, (unsigned)opcode,
        o->len >= HEADER_LEN + 4 ? load32(o->bytes + HEADER_LEN) : 0,
        r->faults);
  world_hash((uint64_t)opcode << 32 | (uint64_t)r->stream);
  if (opcode == OP_ERROR)
    model_counts.errors++;
  wire_send(r->conn->wire, o->bytes, o->len);
}

/* Nothing more is said of the request itself: its stream stays taken. */
static void send_on_stream_0(struct out *o, struct request *r) {
  uint64_t detail = r->refused;
  bool ends = detail_below(&detail, 2) == 0;

  answer_error(o, 0, ERROR_PROTOCOL,
               "Cannot decode the request: java.nio.BufferUnderflowException");
  if (r->stream == 0)
    conn_set_stream(r->conn, 0, STREAM_FREE);
  send(r, o);
  if (ends && conn_can_send(r->conn))
    conn_finish(r->conn, true);
}

/* The client may take it for the proof that it is, whatever else is wrong with
 * it: so it may send the increment again. */
static void excuse(const struct request *r, const struct out *o) {
  if (r->answer != ANSWER_REFUSED || !fault_is_proof(r, r->refusal.code))
    return;
  if ((r->faults & ODD) != 0 &&
      (o->len < HEADER_LEN + 4 ||
       load32(o->bytes + HEADER_LEN) != (uint32_t)r->refusal.code))
    return;
  for (; r != NULL; r = r->more)
    if (r->counted)
      ledger_excused(r->number);
}

static void send_astray(struct out *o, struct request *r) {
  if ((r->faults & ASTRAY) == 0 || !conn_can_send(r->conn))
    return;
  shape_astray(o, r->astray);
  wire_send(r->conn->wire, o->bytes, o->len);
}

static bool may_speak(const struct request *r) {
  enum host_state host = model_host(r->host);
  bool basic = r->opcode == OP_OPTIONS || r->opcode == OP_STARTUP ||
               r->opcode == OP_AUTH_RESPONSE;

  return conn_can_send(r->conn) &&
         (host == HOST_UP || (host == HOST_DEAF && basic));
}

/* How the frame looks on the wire, when it is one. */
static void dress(struct out *o, const struct request *r) {
  uint64_t detail;

  if (fault(FAULT_ANSWER_PACKED, &detail))
    lz4_broken(o, r->conn, detail);
  else
    lz4_answer(o, r->conn);
}

void answer_send(struct request *r) {
  static struct out o;

  if (!may_speak(r))
    return;
  if ((r->faults & BROKEN_HANDSHAKE) != 0) {
    handshake_answer(&o, r);
    return;
  }
  if ((r->faults & ON_STREAM_0) != 0) {
    send_on_stream_0(&o, r);
    return;
  }
  if ((r->faults & ODD) != 0)
    shape_odd(&o, r);
  else
    answer_frame(&o, r);
  excuse(r, &o);
  conn_set_stream(r->conn, r->stream, STREAM_FREE);
  if ((r->faults & GARBLED) != 0)
    shape_garble(&o, r->garbled);
  else
    dress(&o, r);
  if ((r->faults & TWICE) != 0)
    out_bytes(&o, o.bytes, o.len);
  send(r, &o);
  send_astray(&o, r);
}
