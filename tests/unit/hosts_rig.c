#include "tests/unit/hosts_rig.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

/* ---- A second host ------------------------------------------------------ */

static void add_cell(struct bytes *b, const void *p, size_t len) {
  bytes_u32(b, (uint32_t)len);
  bytes_add(b, p, len);
}

static void add_column(struct bytes *b, const char *name, unsigned type) {
  bytes_string(b, name);
  bytes_u16(b, type);
}

static const uint8_t address[4] = {127, 0, 0, 1};

/* RESULT Rows of one host with the smallest token: half of the ring is its own,
 * for the first server's token is 0. */
static void make_rows(struct peer *p) {
  struct bytes *b = &p->rows;
  uint8_t port[4] = {0, 0, (uint8_t)(script_port(p->server) >> 8),
                     (uint8_t)script_port(p->server)};

  bytes_u32(b, 2); /* Rows */
  bytes_u32(b, 1);
  bytes_u32(b, 9);
  bytes_string(b, "system");
  bytes_string(b, "peers_v2");
  add_column(b, "host_id", 0x0c);
  add_column(b, "data_center", 0x0d);
  add_column(b, "rack", 0x0d);
  add_column(b, "release_version", 0x0d);
  add_column(b, "schema_version", 0x0c);
  add_column(b, "tokens", 0x22);
  bytes_u16(b, 0x0d);
  add_column(b, "peer", 0x10);
  add_column(b, "native_address", 0x10);
  add_column(b, "native_port", 0x09);
  bytes_u32(b, 1);
  add_cell(b, "the second host!", 16);
  add_cell(b, p->dc, strlen(p->dc));
  add_cell(b, p->rack, strlen(p->rack));
  add_cell(b, "4.1.9", 5);
  add_cell(b, "0123456789abcdef", 16);
  bytes_u32(b, 28); /* a set of one text */
  bytes_u32(b, 1);
  add_cell(b, "-9223372036854775808", 20);
  add_cell(b, address, 4);
  add_cell(b, address, 4);
  add_cell(b, port, 4);
}

void peer_init(struct peer *p, struct rig *r, const char *dc,
               const char *rack) {
  struct script_step rows = {.kind = SCRIPT_FRAME, .opcode = 0x08};

  memset(p, 0, sizeof *p);
  p->server = script_start();
  p->dc = dc;
  p->rack = rack;
  make_rows(p);
  rows.bytes = p->rows.p;
  rows.len = p->rows.len;
  /* REGISTER, system.local, then the peers. */
  script_next_kind(r->server, AT_CONTROL, SCRIPT_NORMAL, 2);
  script_next(r->server, AT_CONTROL, &rows, 1);
  r->tasks = rig_tasks(); /* with that server's thread */
}

void peer_fini(struct peer *p) {
  script_stop(p->server);
  bytes_free(&p->rows);
  bytes_free(&p->body);
}

void peer_told(struct peer *p, struct script_server *s, const char *change) {
  static const uint8_t far[5] = {4, 10, 9, 9, 9};
  struct bytes frame = {0};

  p->body.len = 0;
  bytes_string(&p->body, "STATUS_CHANGE");
  bytes_string(&p->body, change);
  bytes_add(&p->body, far, 5);
  bytes_u32(&p->body, 9042);
  bytes_u8(&frame, 0x84);
  bytes_u8(&frame, 0);
  bytes_u16(&frame, 0xffff);
  bytes_u8(&frame, 0x0c);
  bytes_u32(&frame, (uint32_t)p->body.len);
  bytes_add(&frame, p->body.p, p->body.len);
  script_say(s, frame.p, frame.len);
  bytes_free(&frame);
}

/* ---- What was seen of them ---------------------------------------------- */

void seen_note(void *user, const tally_host *host) {
  struct seen *s = user;
  struct seen_host *h = &s->hosts[atomic_load(&s->count) % SEEN_MAX];

  h->host = *host;
  snprintf(h->address, sizeof h->address, "%s", host->address);
  snprintf(h->dc, sizeof h->dc, "%s", host->dc);
  snprintf(h->rack, sizeof h->rack, "%s", host->rack);
  snprintf(h->version, sizeof h->version, "%s", host->version);
  snprintf(h->why, sizeof h->why, "%s", host->why);
  atomic_fetch_add(&s->count, 1);
}

struct wanted {
  struct seen *seen;
  unsigned count;
};

static bool has_seen(void *arg) {
  const struct wanted *w = arg;

  return atomic_load(&w->seen->count) >= w->count;
}

bool seen_until(struct rig *r, struct seen *s, unsigned count) {
  struct wanted w = {s, count};

  return rig_until(r, has_seen, &w);
}

void seen_look(struct rig *r, struct seen *s) {
  memset(s, 0, sizeof *s);
  if (r->mode != RIG_GUEST) {
    ck_assert_msg(tally_hosts(r->session, seen_note, s, &r->error) == 0, "%s",
                  r->error.message);
    return;
  }
  ck_assert_int_eq(tally_hosts(r->session, seen_note, s, &r->error),
                   TALLY_EDEADLK);
  ck_assert_uint_eq(s->count, 0);
  ck_assert_int_eq(tally_hosts_async(r->session, seen_note, NULL, s, &r->error),
                   0);
  ck_assert(seen_until(r, s, 1));
}

void log_note(void *user, int level, const char *text) {
  struct log *l = user;

  (void)level;
  if (strstr(text, l->word) == NULL)
    return;
  snprintf(l->text, sizeof l->text, "%s", text);
  atomic_fetch_add(&l->count, 1);
}

bool log_has(void *arg) {
  return atomic_load(&((struct log *)arg)->count) > 0;
}
