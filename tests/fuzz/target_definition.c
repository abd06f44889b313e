/* tests/fuzz/target_definition.c - table definitions of any shape: refused with
 * a sentence, or made into CQL that says nothing but that.
 *
 * Input: names as texts that end with a NUL; columns of five bytes and a
 * name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/schema.h"
#include "tests/fuzz/fuzz.h"

enum { COLUMNS = 80 };

static char keyspace[] = "ks";

/* ---- The text ----------------------------------------------------------- */

/* Steps over "a ""quoted"" name", whose bytes are those of `name`, unless that
 * is NULL.  NULL: it is none. */
static const char *skip_quoted(const char *s, const char *name) {
  if (*s++ != '"')
    return NULL;
  for (; *s != '\0'; s++) {
    if (*s == '"' && *++s != '"')
      return name == NULL || *name == '\0' ? s : NULL;
    if (name != NULL && *s != *name++)
      return NULL;
  }
  return NULL;
}

/* Outside quotes nothing stands that a name could have brought along. */
static unsigned check_text(const char *s) {
  unsigned markers = 0;

  while (*s != '\0') {
    if (*s == '"') {
      s = skip_quoted(s, NULL);
      FUZZ_CHECK(s != NULL);
      continue;
    }
    FUZZ_CHECK((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
               (*s >= '0' && *s <= '9') || strchr(" _.,()+=?", *s) != NULL);
    markers += *s++ == '?';
  }
  return markers;
}

/* Does the text have "name" followed by a blank? */
static bool names_column(const char *s, const char *name) {
  while (*s != '\0') {
    const char *end = *s == '"' ? skip_quoted(s, name) : NULL;

    if (end != NULL && *end == ' ')
      return true;
    s = *s == '"' ? skip_quoted(s, NULL) : s + 1;
  }
  return false;
}

static void check_create(const tally_table *t) {
  struct text text;

  text_init(&text, &t->session->heap);
  statement_create(t, &text);
  FUZZ_CHECK(!text.failed && check_text(text.p) == 0);
  for (size_t i = 0; i < t->column_count; i++)
    FUZZ_CHECK(names_column(text.p, tally_table_column(t, i)->name));
  net_free(&t->session->heap, text.p);
}

static void check_statements(tally_table *t, uint64_t mask) {
  uint64_t all = t->counter_count == 64 ? UINT64_MAX
                                        : (UINT64_C(1) << t->counter_count) - 1;
  const struct update *u;

  FUZZ_CHECK(check_text(t->select.text) == t->key_count);
  FUZZ_CHECK(t->select.text_len == strlen(t->select.text));
  mask &= all;
  if (mask == 0)
    mask = all;
  u = table_update(t, mask);
  FUZZ_CHECK(u != NULL);
  FUZZ_CHECK(check_text(u->statement.text) ==
             (unsigned)__builtin_popcountll(mask) +
                 (u->partition_only ? t->partition_count : t->key_count));
}

/* ---- The definition ----------------------------------------------------- */

static void read_columns(struct fuzz_input *in, tally_column *columns,
                         char **names, size_t count) {
  static const int types[] = {TALLY_BIGINT,       TALLY_INT,   TALLY_TEXT,
                              TALLY_TYPE_COUNTER, 0,           -1,
                              TALLY_TEXT,         TALLY_BIGINT};
  static const size_t sizes[] = {8, 8, 4, sizeof(const char *), 8, 1, 16, 0};

  for (size_t i = 0; i < count; i++) {
    uint8_t how = fuzz_byte(in);

    columns[i].struct_size = how == 255 ? 0 : sizeof columns[i];
    columns[i].kind = fuzz_byte(in) % 6;
    columns[i].type = types[fuzz_byte(in) % 8u];
    columns[i].order = fuzz_byte(in) % 3;
    columns[i].size = sizes[fuzz_byte(in) % 8u];
    columns[i].offset = 8 * i + how % 2u;
    /* Mostly a column that could be: blind bytes nearly never are. */
    if (how % 4u != 0 && how != 255) {
      columns[i].kind = TALLY_KIND_PARTITION_KEY + columns[i].kind % 4;
      if (columns[i].kind > TALLY_KIND_CLUSTERING_KEY)
        columns[i].type = TALLY_TYPE_COUNTER;
      columns[i].size = columns[i].type == TALLY_INT ? 4 : 8;
      columns[i].offset = 8 * i;
    }
    names[i] = fuzz_text(in);
    columns[i].name = how == 254 ? NULL : names[i];
  }
}

static void try_table(const tally_definition *d, uint64_t mask) {
  tally_session session;
  tally_table *t = NULL;
  tally_error e = {.code = 0};
  int rc;

  memset(&session, 0, sizeof session);
  session.keyspace = keyspace;
  rc = tally_definition_check(d, &e);
  FUZZ_CHECK(rc == 0 || (rc == TALLY_EINVAL && e.message[0] != '\0'));
  FUZZ_CHECK((tally_table_open(&t, &session, d, &e) == 0) <= (rc == 0));
  if (t != NULL) {
    check_create(t);
    check_statements(t, mask);
    table_free(t);
  } else {
    FUZZ_CHECK(e.code == TALLY_EINVAL &&
               memchr(e.message, 0, sizeof e.message));
  }
  keyspaces_fini(&session.keyspaces);
}

void fuzz_one(const uint8_t *data, size_t size) {
  struct fuzz_input in = {data, size};
  tally_column columns[COLUMNS];
  char *names[COLUMNS], *name, *ks;
  size_t count = fuzz_byte(&in) % (COLUMNS + 1u);
  uint8_t how = fuzz_byte(&in);
  uint64_t mask = fuzz_u64(&in);
  tally_definition d;

  memset(columns, 0, sizeof columns);
  name = fuzz_text(&in);
  ks = fuzz_text(&in);
  read_columns(&in, columns, names, count);
  memset(&d, 0, sizeof d);
  d.struct_size = how == 255 ? 1 : sizeof d;
  d.name = how == 254 ? NULL : name;
  d.keyspace = how % 2 == 0 ? NULL : ks;
  d.columns = how == 253 ? NULL : columns;
  d.column_count = count;
  d.row_size = 8 * count;
  try_table(&d, mask);
  for (size_t i = 0; i < count; i++)
    free(names[i]);
  free(name);
  free(ks);
}
