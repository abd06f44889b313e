/* tests/fuzz/target_words.c - what people type, and the library reads: values,
 * settings, URLs, options of tables, first words of statements.
 *
 * Input: a byte that says which, another one that goes with some, and a
 * text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/execute.h"
#include "api/schema.h"
#include "tests/fuzz/fuzz.h"

enum { TEXT_MAX = 4096 };

static void check_refusal(int rc, const tally_error *e) {
  FUZZ_CHECK(rc == e->code && rc < 0 && e->message[0] != '\0' &&
             memchr(e->message, 0, sizeof e->message) != NULL);
}

/* ---- Values ------------------------------------------------------------- */

static const struct {
  int type;
  size_t size;
} members[] = {
    {TALLY_TEXT, sizeof(char *)},
    {TALLY_ASCII, sizeof(char *)},
    {TALLY_BLOB, sizeof(tally_bytes)},
    {TALLY_BOOLEAN, 1},
    {TALLY_TINYINT, 1},
    {TALLY_SMALLINT, 2},
    {TALLY_INT, 4},
    {TALLY_BIGINT, 8},
    {TALLY_VARINT, sizeof(tally_bytes)},
    {TALLY_DECIMAL, sizeof(tally_decimal)},
    {TALLY_FLOAT, 4},
    {TALLY_DOUBLE, 8},
    {TALLY_UUID, 16},
    {TALLY_TIMEUUID, 16},
    {TALLY_TIMESTAMP, 8},
    {TALLY_DATE, 4},
    {TALLY_TIME, 8},
    {TALLY_INET, sizeof(tally_inet)},
    {TALLY_VARINT, 8},
};

/* A member, with its bytes in a block of just the documented size. */
struct member {
  _Alignas(16) char value[64];
  char *room;
  char *text;
};

static int read_text(struct member *m, unsigned which, const char *text,
                     tally_error *e) {
  size_t room = strlen(text) + 1;

  memset(m->value, 0, sizeof m->value);
  m->room = malloc(room);
  m->text = strdup(text);
  return tally_parse(members[which].type, m->value, members[which].size,
                     m->text, m->room, room, e);
}

static void drop(struct member *m) {
  free(m->room);
  free(m->text);
}

/* What was read is written, and read again as the same. */
static void try_value(unsigned which, const char *text) {
  char once[2 * TEXT_MAX + 512], twice[sizeof once];
  struct member m, again;
  tally_error e;
  int len, rc;

  which %= sizeof members / sizeof members[0];
  rc = read_text(&m, which, text, &e);
  if (rc == 0) {
    len = tally_print(members[which].type, m.value, members[which].size, once,
                      sizeof once);
    FUZZ_CHECK(len >= 0 && (size_t)len < sizeof once &&
               (size_t)len == strlen(once));
    rc = read_text(&again, which, once, &e);
    FUZZ_CHECK(rc == 0);
    tally_print(members[which].type, again.value, members[which].size, twice,
                sizeof twice);
    FUZZ_CHECK(strcmp(once, twice) == 0);
    drop(&again);
  } else {
    check_refusal(rc, &e);
  }
  drop(&m);
}

/* ---- Options ------------------------------------------------------------ */

static void try_options(bool url, const char *text) {
  tally_options o;
  tally_error e;
  int rc;

  tally_options_init(&o);
  rc = url ? tally_options_url(&o, text, &e) : tally_options_set(&o, text, &e);
  if (rc != 0)
    check_refusal(rc, &e);
  FUZZ_CHECK(o.hosts == NULL || o.hosts[0] != '\0');
  tally_options_free(&o);
}

/* ---- Options of tables -------------------------------------------------- */

/* Outside of '...' nothing ends the statement, begins a comment, or quotes. */
static void check_option(const char *s) {
  for (; *s != '\0'; s++) {
    if (*s == '\'') {
      for (s++; *s != '\'' || s[1] == '\''; s += *s == '\'' ? 2 : 1)
        FUZZ_CHECK(*s != '\0');
      continue;
    }
    FUZZ_CHECK(strchr(";\"/$", *s) == NULL);
    FUZZ_CHECK(*s != '-' || s[1] != '-');
  }
}

static void try_table_option(const char *name, const char *value) {
  tally_table_option option = {name, value};
  tally_definition d = {.struct_size = sizeof d,
                        .name = "t",
                        .options = &option,
                        .option_count = 1};
  struct net_heap heap = {0};
  struct text text;
  tally_error e;
  int rc = table_options_check(&d, &e);

  if (rc != 0) {
    check_refusal(rc, &e);
    return;
  }
  text_init(&text, &heap);
  table_option_cql(&option, &text);
  FUZZ_CHECK(!text.failed);
  check_option(text.p);
  net_free(&heap, text.p);
}

/* ---- Statements --------------------------------------------------------- */

static void try_statement(const char *cql) {
  tally_session session;
  tally_statement *s;
  tally_error e;
  int rc;

  memset(&session, 0, sizeof session);
  rc = tally_statement_new(&s, &session, cql, &e);
  if (rc != 0)
    check_refusal(rc, &e);
  else
    FUZZ_CHECK(memchr(s->about, 0, sizeof s->about) != NULL &&
               strcmp(s->text, cql) == 0);
  tally_statement_free(s);
}

void fuzz_one(const uint8_t *data, size_t size) {
  static const char *const options[] = {
      "comment", "compaction",        "caching",     "gc_grace_seconds",
      "cdc",     "speculative_retry", "read_repair", "bloom_filter_fp_chance"};
  struct fuzz_input in = {data, size};
  uint8_t what = fuzz_byte(&in), how = fuzz_byte(&in);
  char *text = fuzz_text(&in);

  if (strlen(text) < TEXT_MAX)
    switch (what % 8) {
    case 0:
      try_options(true, text);
      break;
    case 1:
      try_options(false, text);
      break;
    case 2:
      try_table_option(options[how % 8], text);
      break;
    case 3:
      try_statement(text);
      break;
    default:
      try_value(how, text);
    }
  free(text);
}
