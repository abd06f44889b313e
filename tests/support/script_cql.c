/* tests/support/script_cql.c - what the script server answers: v4 frames,
 * written by hand. */
#include "tests/support/lz4_block.h"
#include "tests/support/script_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  OP_ERROR = 0x00,
  OP_STARTUP = 0x01,
  OP_READY = 0x02,
  OP_AUTHENTICATE = 0x03,
  OP_OPTIONS = 0x05,
  OP_SUPPORTED = 0x06,
  OP_QUERY = 0x07,
  OP_RESULT = 0x08,
  OP_PREPARE = 0x09,
  OP_EXECUTE = 0x0a,
  OP_REGISTER = 0x0b,
  OP_BATCH = 0x0d,
  OP_AUTH_RESPONSE = 0x0f,
  OP_AUTH_SUCCESS = 0x10,
};

/* One request under way. */
struct request {
  enum script_place place;
  unsigned opcode;
  uint16_t stream;
  const uint8_t *body;
  size_t len;
  struct script_statement *statement; /* of an EXECUTE */
  const uint8_t *values;              /* ... from their count on */
  size_t values_len;
};

enum { FLAG_COMPRESSED = 0x01, FLAG_TRACING = 0x02, FLAG_PAYLOAD = 0x04 };

/* A body of a length and one LZ4 block. */
static void pack(struct bytes *packed, const struct bytes *body) {
  bytes_u32(packed, (uint32_t)body->len);
  bytes_reserve(packed, lz4_block_bound(body->len));
  packed->len += lz4_block_encode(body->p, body->len, packed->p + packed->len);
}

/* What is flagged as compressed is sent as it was scripted. */
static void send_frame(struct script_conn *c, const struct request *r,
                       bool held, unsigned flags, unsigned opcode,
                       const struct bytes *body) {
  struct bytes *to = held ? &c->held : &c->out;
  struct bytes packed = {0};

  if (c->packs && (flags & FLAG_COMPRESSED) == 0) {
    pack(&packed, body);
    flags |= FLAG_COMPRESSED;
    body = &packed;
  }
  bytes_u8(to, 0x84);
  bytes_u8(to, flags);
  bytes_u16(to, r->stream);
  bytes_u8(to, opcode);
  bytes_u32(to, (uint32_t)body->len);
  bytes_add(to, body->p, body->len);
  bytes_free(&packed);
  if (held)
    c->held_count[r->place]++;
  else
    c->queued[r->place]++;
}

/* ---- Healthy answers ---------------------------------------------------- */

static void add_pair(struct bytes *b, const char *key, const char *value) {
  bytes_string(b, key);
  bytes_u16(b, 1);
  bytes_string(b, value);
}

static void body_supported(const struct script_server *s,
                           const struct script_conn *c, struct bytes *b) {
  bytes_u16(b,
            (s->lz4 ? 3U : 2U) + (s->shards > 0 ? SHARD_OPTIONS : s->scylla));
  add_pair(b, "PROTOCOL_VERSIONS", "4/v4");
  add_pair(b, "CQL_VERSION", "3.4.7");
  if (s->lz4) {
    bytes_string(b, "COMPRESSION");
    bytes_u16(b, 2);
    bytes_string(b, "snappy");
    bytes_string(b, "lz4");
  }
  if (s->shards > 0)
    script_shard_options(s, c, b);
  else if (s->scylla)
    add_pair(b, "SCYLLA_SHARD", "0");
}

/* RESULT Prepared: an id, the bind markers, no result columns (or those of the
 * SELECT). */
static void body_prepared(struct script_server *s, const struct request *r,
                          struct bytes *b) {
  struct script_statement *st =
      script_prepare(s, (const char *)r->body + 4, r->len - 4);
  char id[17];

  snprintf(id, sizeof id, "scripted-id-%04u",
           (unsigned)(st - s->statements) % 10000);
  bytes_u32(b, 4);
  bytes_u16(b, 16);
  bytes_add(b, id, 16);
  bytes_u32(b, 1); /* global table names */
  bytes_u32(b, st->bind_count);
  bytes_u32(b, 0); /* no partition key indexes */
  bytes_string(b, "my_ks");
  bytes_string(b, "page_hits");
  for (unsigned i = 0; i < st->bind_count; i++) {
    bytes_string(b, st->binds[i].name);
    bytes_u16(b, st->binds[i].type);
  }
  bytes_u32(b, st->column_count > 0 ? 1 : 4);
  bytes_u32(b, st->column_count);
  if (st->column_count == 0)
    return;
  bytes_string(b, "my_ks");
  bytes_string(b, "page_hits");
  for (unsigned i = 0; i < st->column_count; i++) {
    bytes_string(b, st->columns[i]);
    bytes_u16(b, 0x05);
  }
}

/* RESULT Rows without metadata: the sums of the ledger. */
static void body_rows(struct script_server *s, const struct request *r,
                      struct bytes *b) {
  const struct script_statement *st = r->statement;
  char key[96];
  int64_t sum;
  bool exists;

  script_key(st, r->values, r->values_len, key);
  exists = script_touched(s, key, NULL, &sum);
  bytes_u32(b, 2);
  bytes_u32(b, 4);
  bytes_u32(b, st->column_count);
  bytes_u32(b, exists ? 1 : 0);
  for (unsigned i = 0; exists && i < st->column_count; i++) {
    if (!script_touched(s, key, st->columns[i], &sum)) {
      bytes_u32(b, 0xffffffff);
      continue;
    }
    bytes_u32(b, 8);
    bytes_i64(b, sum);
  }
}

static bool body_has(const struct request *r, const void *part, size_t n) {
  for (size_t i = 0; i + n <= r->len; i++)
    if (memcmp(r->body + i, part, n) == 0)
      return true;
  return false;
}

static bool text_has(const struct request *r, const char *part) {
  return body_has(r, part, strlen(part));
}

/* ---- Other queries ------------------------------------------------------ */

static void body_query(const struct request *r, struct bytes *b) {
  bool local = text_has(r, "FROM system.local");

  if (text_has(r, "CREATE TABLE ")) {
    bytes_u32(b, 5); /* Schema_change: it was not there */
    bytes_string(b, "CREATED");
    bytes_string(b, "TABLE");
    bytes_string(b, "my_ks");
    bytes_string(b, "page_hits");
    return;
  }
  if (!local && !text_has(r, "SELECT ")) {
    bytes_u32(b, 1); /* Void: "IF NOT EXISTS" that found it there */
    return;
  }
  bytes_u32(b, 2);
  bytes_u32(b, 1);
  bytes_u32(b, 1);
  bytes_string(b, "system");
  bytes_string(b, local ? "local" : "peers");
  bytes_string(b, "schema_version");
  bytes_u16(b, 0x0c);
  bytes_u32(b, local ? 1 : 0);
  if (local) {
    bytes_u32(b, 16);
    bytes_add(b, "0123456789abcdef", 16);
  }
}

static unsigned body_login(const struct script_server *s,
                           const struct request *r, struct bytes *b) {
  if (r->len == 4 + s->login_len &&
      memcmp(r->body + 4, s->login, s->login_len) == 0) {
    bytes_u32(b, 0xffffffff); /* a null token */
    return OP_AUTH_SUCCESS;
  }
  bytes_u32(b, 0x0100);
  bytes_string(b, "Provided username and/or password are incorrect");
  return OP_ERROR;
}

static void answer_normally(struct script_server *s, struct script_conn *c,
                            const struct request *r, bool held) {
  struct bytes body = {0};
  unsigned opcode = OP_RESULT;

  switch (r->place) {
  case AT_OPTIONS:
    opcode = OP_SUPPORTED;
    body_supported(s, c, &body);
    break;
  case AT_STARTUP:
    opcode = s->authenticator != NULL ? OP_AUTHENTICATE : OP_READY;
    if (s->authenticator != NULL)
      bytes_string(&body, s->authenticator);
    break;
  case AT_LOGIN:
    opcode = body_login(s, r, &body);
    break;
  case AT_CONTROL:
    if (r->opcode == OP_REGISTER)
      opcode = OP_READY;
    else
      script_tables(s, (const char *)r->body, r->len, &body);
    break;
  case AT_QUERY:
    body_query(r, &body);
    break;
  case AT_PREPARE:
    body_prepared(s, r, &body);
    break;
  case AT_SELECT:
    body_rows(s, r, &body);
    break;
  default:
    bytes_u32(&body, 1);
  }
  send_frame(c, r, held, 0, opcode, &body);
  bytes_free(&body);
}

/* ---- Scripted answers --------------------------------------------------- */

static struct script_step step_for(struct script_server *s,
                                   enum script_place place) {
  struct script_steps *steps = &s->steps[place];
  struct script_step step = {.kind = SCRIPT_NORMAL};

  if (steps->count == 0)
    return step;
  step = steps->steps[0];
  if (steps->times[0] == 0 || --steps->times[0] > 0)
    return step;
  steps->count--;
  memmove(steps->steps, steps->steps + 1,
          steps->count * sizeof steps->steps[0]);
  memmove(steps->times, steps->times + 1,
          steps->count * sizeof steps->times[0]);
  return step;
}

static void answer_error(struct script_conn *c, const struct request *r,
                         const struct script_step *step) {
  struct bytes body = {0};

  bytes_u32(&body, (uint32_t)step->code);
  bytes_string(&body, "scripted");
  bytes_add(&body, step->bytes, step->len);
  send_frame(c, r, step->held, step->flags, OP_ERROR, &body);
  bytes_free(&body);
}

static void answer(struct script_server *s, struct script_conn *c,
                   const struct request *r, const struct script_step *step) {
  struct script_step unprepared = {.kind = SCRIPT_ERROR, .code = 0x2500};
  struct bytes body = {0};

  switch (step->kind) {
  case SCRIPT_NORMAL:
  case SCRIPT_HOLD:
    answer_normally(s, c, r, step->kind == SCRIPT_HOLD);
    return;
  case SCRIPT_ERROR:
    answer_error(c, r, step);
    return;
  case SCRIPT_UNPREPARED:
    unprepared.bytes = r->body; /* [short bytes] id comes first in it */
    unprepared.len = 18;
    unprepared.held = step->held;
    answer_error(c, r, &unprepared);
    return;
  case SCRIPT_FRAME:
    bytes_add(&body, step->bytes, step->len);
    send_frame(c, r, step->held, step->flags, step->opcode, &body);
    bytes_free(&body);
    return;
  case SCRIPT_BYTES:
    bytes_add(&c->out, step->bytes, step->len);
    c->queued[r->place]++;
    return;
  case SCRIPT_CLOSE:
  case SCRIPT_RESET:
    script_conn_close(c, step->kind == SCRIPT_RESET);
    return;
  case SCRIPT_IGNORE:
    return;
  }
}

/* ---- Requests ----------------------------------------------------------- */

/* EXECUTE: [short bytes] id, [short] consistency, [byte] flags, values. */
static void read_execute(struct script_server *s, struct request *r) {
  unsigned number;

  if (body_has(r, "\0\10given-id", 10)) {
    r->place = AT_GIVEN;
    return;
  }
  if (r->len < 21 || sscanf((const char *)r->body + 14, "%4u", &number) != 1 ||
      number >= s->statement_count || (r->body[20] & 1) == 0)
    abort(); /* an id that was never given, or no values */
  r->statement = &s->statements[number];
  r->place = r->statement->is_select ? AT_SELECT : AT_UPDATE;
  r->values = r->body + 21;
  r->values_len = r->len - 21;
}

static void read_request(struct script_server *s, struct request *r) {
  switch (r->opcode) {
  case OP_OPTIONS:
    r->place = AT_OPTIONS;
    return;
  case OP_STARTUP:
    r->place = AT_STARTUP;
    return;
  case OP_AUTH_RESPONSE:
    r->place = AT_LOGIN;
    return;
  case OP_QUERY:
    r->place = script_is_control((const char *)r->body, r->len) ? AT_CONTROL
                                                                : AT_QUERY;
    return;
  case OP_REGISTER:
    r->place = AT_CONTROL;
    return;
  case OP_PREPARE:
    r->place = AT_PREPARE;
    return;
  case OP_EXECUTE:
    read_execute(s, r);
    return;
  case OP_BATCH:
    r->place = AT_BATCH;
    return;
  default:
    abort(); /* the library has no other requests yet */
  }
}

/* Everything from here on may be compressed, the answer to this included. */
static void agree(const struct script_server *s, struct script_conn *c,
                  const struct request *r) {
  if (!text_has(r, "COMPRESSION"))
    return;
  if (!s->lz4 || !body_has(r,
                           "\0\x0b"
                           "COMPRESSION\0\3lz4",
                           18))
    abort(); /* what was not offered */
  c->lz4 = true;
  c->packs = s->lz4_packs;
}

/* The body as it is without compression. */
static void unpack(const struct script_conn *c, struct request *r,
                   struct bytes *body) {
  uint32_t len;

  if (!c->lz4 || r->opcode == OP_STARTUP || r->opcode == OP_AUTH_RESPONSE ||
      r->len < 4)
    abort(); /* what may not be compressed */
  len = (uint32_t)r->body[0] << 24 | (uint32_t)r->body[1] << 16 |
        (uint32_t)r->body[2] << 8 | r->body[3];
  bytes_reserve(body, len);
  if (len <= r->len || !lz4_block_decode(r->body + 4, r->len - 4, body->p, len))
    abort(); /* what is not smaller, or no such block */
  body->len = len;
  r->body = body->p;
  r->len = len;
}

void script_request(struct script_server *s, struct script_conn *c,
                    const uint8_t *frame, size_t len) {
  struct request r = {.stream = (uint16_t)(frame[2] << 8 | frame[3]),
                      .opcode = frame[4],
                      .body = frame + 9,
                      .len = len - 9};
  struct bytes unpacked = {0};
  struct script_step step;

  if (frame[0] != 0x04 ||
      (frame[1] & ~(FLAG_COMPRESSED | FLAG_TRACING | FLAG_PAYLOAD)) != 0)
    abort();
  if (frame[1] & FLAG_COMPRESSED)
    unpack(c, &r, &unpacked);
  read_request(s, &r);
  s->compressed[r.place] += frame[1] & FLAG_COMPRESSED;
  s->last_flags[r.place] = frame[1];
  if (r.place == AT_STARTUP)
    agree(s, c, &r);
  s->counts[r.place]++;
  s->last[r.place].len = 0;
  s->last_stream[r.place] = (uint16_t)r.stream;
  bytes_add(&s->last[r.place], r.body, r.len);
  step = step_for(s, r.place);
  if (r.place == AT_UPDATE)
    script_enter(s, r.statement, r.values, r.values_len, c->shard,
                 step.kind == SCRIPT_NORMAL || step.kind == SCRIPT_HOLD);
  answer(s, c, &r, &step);
  bytes_free(&unpacked);
}
