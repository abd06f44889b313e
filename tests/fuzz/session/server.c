#include "tests/fuzz/session/server.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/lz4_block.h"

enum { HEADER = 9, EVENT_STREAM = 0xffff };

/* ---- Buffers ------------------------------------------------------------ */

void buffer_add(struct buffer *b, const void *p, size_t n) {
  if (b->cap - b->len < n) {
    b->cap = 2 * (b->cap + n);
    b->p = realloc(b->p, b->cap);
    if (b->p == NULL)
      abort();
  }
  if (n > 0)
    memcpy(b->p + b->len, p, n);
  b->len += n;
}

void buffer_drop(struct buffer *b, size_t n) {
  b->len -= n;
  if (b->len > 0)
    memmove(b->p, b->p + n, b->len);
}

void buffer_free(struct buffer *b) {
  free(b->p);
  memset(b, 0, sizeof *b);
}

static void add_number(struct buffer *b, uint64_t n, unsigned width) {
  uint8_t bytes[8];

  for (unsigned i = 0; i < width; i++)
    bytes[i] = (uint8_t)(n >> (8 * (width - 1 - i)));
  buffer_add(b, bytes, width);
}

static void add_string(struct buffer *b, const char *text) {
  add_number(b, strlen(text), 2);
  buffer_add(b, text, strlen(text));
}

static void add_cell(struct buffer *b, const void *p, size_t n) {
  add_number(b, n, 4);
  buffer_add(b, p, n);
}

static void add_text_cell(struct buffer *b, const char *text) {
  add_cell(b, text, strlen(text));
}

/* ---- Requests ----------------------------------------------------------- */

static size_t length_at(const struct server *s, size_t at) {
  const uint8_t *p = s->requests.p + at + 5;

  return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

static bool is_whole(const struct server *s, size_t at) {
  return s->requests.len - at >= HEADER &&
         s->requests.len - at - HEADER >= length_at(s, at);
}

/* Bodies are compressed once that was agreed upon. */
static void read_body(const struct server *s, size_t at, struct buffer *body) {
  const uint8_t *p = s->requests.p + at;
  size_t n = length_at(s, at), len;

  if ((p[1] & 1) == 0) {
    buffer_add(body, p + HEADER, n);
    return;
  }
  FUZZ_CHECK(n >= 4);
  len = (size_t)p[9] << 24 | (size_t)p[10] << 16 | (size_t)p[11] << 8 | p[12];
  FUZZ_CHECK(len <= 1 << 20);
  body->p = malloc(len + 1);
  body->cap = len + 1;
  body->len = len;
  FUZZ_CHECK(lz4_block_decode(p + 13, n - 4, body->p, len));
}

/* The numbers of increments are in their deltas. */
static void note_increments(const struct buffer *body) {
  uint8_t wanted[8];

  for (size_t i = 0; i + 8 <= body->len; i++)
    for (unsigned n = 0; body->p[i] == 0x4d && n < WORLD_INCREMENTS; n++) {
      for (unsigned k = 0; k < 8; k++)
        wanted[k] = (uint8_t)((uint64_t)world_delta(n) >> (56 - 8 * k));
      world.seen[n] += memcmp(body->p + i, wanted, 8) == 0;
    }
}

void server_read(struct server *s, const void *p, size_t n) {
  buffer_add(&s->requests, p, n);
  for (; is_whole(s, s->noted); s->noted += HEADER + length_at(s, s->noted)) {
    const uint8_t *header = s->requests.p + s->noted;
    struct buffer body = {0};

    FUZZ_CHECK(header[0] == 0x04 && header[4] <= 0x0f);
    read_body(s, s->noted, &body);
    if (header[4] == 0x0a)
      note_increments(&body);
    buffer_free(&body);
  }
}

bool server_is_asked(const struct server *s) {
  return is_whole(s, 0);
}

void server_forget(struct server *s) {
  size_t n = HEADER + length_at(s, 0);

  s->noted -= n;
  buffer_drop(&s->requests, n);
}

/* ---- Answers ------------------------------------------------------------ */

void server_babble(struct server *s, const uint8_t *p, size_t n) {
  buffer_add(&s->answers, p, n);
  world.given += n;
}

static void send_frame(struct server *s, unsigned stream, uint8_t flags,
                       uint8_t opcode, const uint8_t *body, size_t n) {
  struct buffer frame = {0};

  add_number(&frame, 0x84, 1);
  add_number(&frame, flags, 1);
  add_number(&frame, stream, 2);
  add_number(&frame, opcode, 1);
  add_number(&frame, n, 4);
  buffer_add(&frame, body, n);
  server_babble(s, frame.p, frame.len);
  buffer_free(&frame);
}

void server_tell(struct server *s, uint8_t opcode, const uint8_t *body,
                 size_t n) {
  send_frame(s, EVENT_STREAM, 0, opcode, body, n);
}

void server_say(struct server *s, uint8_t flags, uint8_t opcode,
                const uint8_t *body, size_t n) {
  unsigned stream = (unsigned)s->requests.p[2] << 8 | s->requests.p[3];

  server_forget(s);
  send_frame(s, stream, flags, opcode, body, n);
}

void server_refuse(struct server *s, int32_t code, const uint8_t *tail,
                   size_t n) {
  struct buffer body = {0};

  add_number(&body, (uint32_t)code, 4);
  add_string(&body, "no");
  buffer_add(&body, tail, n);
  server_say(s, 0, 0x00, body.p, body.len);
  buffer_free(&body);
}

/* ---- Healthy ones ------------------------------------------------------- */

static bool says(const struct buffer *request, const char *text) {
  return request->len > 0 &&
         memmem(request->p, request->len, text, strlen(text)) != NULL;
}

/* RESULT Rows without metadata. */
static void begin_rows(struct buffer *b, unsigned columns, unsigned rows) {
  add_number(b, 2, 4);
  add_number(b, 4, 4);
  add_number(b, columns, 4);
  add_number(b, rows, 4);
}

static void local_row(struct buffer *b) {
  static const uint8_t tokens[] = {0, 0, 0, 1, 0, 0, 0, 2, '4', '2'};

  begin_rows(b, 7, 1);
  add_text_cell(b, "fuzzed-server-id");
  add_text_cell(b, "dc1");
  add_text_cell(b, "r1");
  add_text_cell(b, "5.0.6");
  add_text_cell(b, "fuzzed-schema-id");
  add_cell(b, tokens, sizeof tokens);
  add_text_cell(b, "org.apache.cassandra.dht.Murmur3Partitioner");
}

static void keyspace_row(struct buffer *b) {
  struct buffer map = {0};

  add_number(&map, 2, 4);
  add_text_cell(&map, "class");
  add_text_cell(&map, "org.apache.cassandra.locator.SimpleStrategy");
  add_text_cell(&map, "replication_factor");
  add_text_cell(&map, "1");
  begin_rows(b, 1, 1);
  add_cell(b, map.p, map.len);
  buffer_free(&map);
}

static void columns_rows(struct buffer *b) {
  static const char *const names[] = {"unique_visitors", "url", "views"};

  begin_rows(b, 5, 3);
  for (int i = 0; i < 3; i++) {
    bool key = i == 1;
    uint8_t position[4] = {0, 0, 0, 0};

    if (!key)
      memset(position, 0xff, sizeof position);
    add_text_cell(b, names[i]);
    add_text_cell(b, key ? "partition_key" : "regular");
    add_cell(b, position, sizeof position);
    add_text_cell(b, "none");
    add_text_cell(b, key ? "text" : "counter");
  }
}

static void answer_query(const struct buffer *request, struct buffer *b) {
  if (says(request, "system.local"))
    local_row(b);
  else if (says(request, "system.peers"))
    begin_rows(b, says(request, "peers_v2") ? 9 : 8, 0);
  else if (says(request, "system_schema.keyspaces"))
    keyspace_row(b);
  else if (says(request, "system_schema.columns"))
    columns_rows(b);
  else
    add_number(b, 1, 4);
}

/* One bind marker for each "?": a counter behind each "+", else the key. */
static void answer_prepare(const struct buffer *request, struct buffer *b) {
  bool reads = says(request, "SELECT");
  unsigned binds = 0;

  for (size_t i = 0; i < request->len; i++)
    binds += request->p[i] == '?';
  add_number(b, 4, 4);
  add_string(b, reads ? "read" : "count");
  add_number(b, 1, 4);
  add_number(b, binds, 4);
  add_number(b, 1, 4);
  add_number(b, binds - 1, 2); /* the key stands last */
  add_string(b, "ks");
  add_string(b, "page_hits");
  for (unsigned i = 0; i < binds; i++) {
    bool key = i + 1 == binds;
    bool views = says(request, "\"views\" = ") && i == 0;

    add_string(b, key ? "url" : views ? "views" : "unique_visitors");
    add_number(b, key ? 0x0d : 0x05, 2);
  }
  add_number(b, reads ? 1 : 4, 4);
  add_number(b, reads ? 2 : 0, 4);
  if (!reads)
    return;
  add_string(b, "ks");
  add_string(b, "page_hits");
  add_string(b, "views");
  add_number(b, 0x05, 2);
  add_string(b, "unique_visitors");
  add_number(b, 0x05, 2);
}

static void answer_execute(const struct buffer *request, struct buffer *b) {
  if (!says(request, "\004read")) {
    add_number(b, 1, 4);
    return;
  }
  begin_rows(b, 2, 1);
  for (int i = 0; i < 2; i++) {
    add_number(b, 8, 4);
    add_number(b, 7, 8);
  }
}

static void answer_options(struct buffer *b) {
  add_number(b, 2, 2);
  add_string(b, "COMPRESSION");
  add_number(b, 1, 2);
  add_string(b, "lz4");
  add_string(b, "CQL_VERSION");
  add_number(b, 1, 2);
  add_string(b, "3.4.7");
}

static uint8_t healthy(uint8_t opcode, const struct buffer *request,
                       struct buffer *b) {
  switch (opcode) {
  case 0x01:
    if (!world.login)
      return 0x02;
    add_string(b, "org.apache.cassandra.auth.PasswordAuthenticator");
    return 0x03;
  case 0x05:
    answer_options(b);
    return 0x06;
  case 0x07:
    answer_query(request, b);
    return 0x08;
  case 0x09:
    answer_prepare(request, b);
    return 0x08;
  case 0x0a:
    answer_execute(request, b);
    return 0x08;
  case 0x0f:
    add_number(b, UINT32_MAX, 4);
    return 0x10;
  default:
    return 0x02;
  }
}

void server_answer(struct server *s) {
  struct buffer request = {0}, body = {0};
  uint8_t opcode;

  read_body(s, 0, &request);
  opcode = healthy(s->requests.p[4], &request, &body);
  server_say(s, 0, opcode, body.p, body.len);
  buffer_free(&request);
  buffer_free(&body);
}

void server_free(struct server *s) {
  buffer_free(&s->requests);
  buffer_free(&s->answers);
}
