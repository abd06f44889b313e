/* tests/support/script_ledger.c - statements that were prepared, and every
 * update that arrived. */
#include "tests/support/script_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Statements --------------------------------------------------------- */

/* Key columns are text but for these names. */
static uint16_t type_of(const char *name, bool is_key) {
  if (!is_key)
    return 0x05;
  if (strcmp(name, "day") == 0)
    return 0x09;
  if (strcmp(name, "at") == 0)
    return 0x02;
  return 0x0d;
}

/* The text between double quotes; doubled ones inside stand for one. */
static const char *read_quoted(const char *p, char name[64]) {
  size_t n = 0;

  for (p++; *p != '\0'; p++) {
    if (*p == '"' && p[1] != '"')
      break;
    if (*p == '"')
      p++;
    if (n < 63)
      name[n++] = *p;
  }
  name[n] = '\0';
  return *p == '"' ? p + 1 : p;
}

/* A bind marker belongs to the last column named before it. */
static void read_binds(struct script_statement *st) {
  bool where = false, from = false;
  const char *p = st->text;
  char name[64] = "";

  while (*p != '\0') {
    if (*p == '"') {
      p = read_quoted(p, name);
      if (st->is_select && !from && st->column_count < BINDS_MAX)
        memcpy(st->columns[st->column_count++], name, sizeof name);
      continue;
    }
    where |= strncmp(p, " WHERE ", 7) == 0;
    from |= strncmp(p, " FROM ", 6) == 0;
    if (*p == '?' && st->bind_count < BINDS_MAX) {
      struct script_bind *bind = &st->binds[st->bind_count++];

      memcpy(bind->name, name, sizeof name);
      bind->is_key = where;
      bind->type = type_of(name, where);
    }
    p++;
  }
}

struct script_statement *script_prepare(struct script_server *s,
                                        const char *text, size_t len) {
  struct script_statement *st;

  for (unsigned i = 0; i < s->statement_count; i++)
    if (strlen(s->statements[i].text) == len &&
        memcmp(s->statements[i].text, text, len) == 0)
      return &s->statements[i];
  if (s->statement_count == STATEMENTS_MAX)
    abort();
  st = &s->statements[s->statement_count++];
  st->text = calloc(1, len + 1);
  if (st->text == NULL)
    abort();
  memcpy(st->text, text, len);
  st->is_select = strncmp(st->text, "SELECT ", 7) == 0;
  read_binds(st);
  return st;
}

/* ---- Values ------------------------------------------------------------- */

static int32_t read_i32(const uint8_t *p) {
  return (int32_t)((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
                   (uint32_t)p[2] << 8 | p[3]);
}

static int64_t read_i64(const uint8_t *p) {
  return (int64_t)((uint64_t)(uint32_t)read_i32(p) << 32 |
                   (uint32_t)read_i32(p + 4));
}

struct walk {
  const uint8_t *p;
  const uint8_t *end;
};

static void walk_begin(struct walk *w, const struct script_statement *st,
                       const uint8_t *values, size_t len) {
  if (len < 2 || (unsigned)(values[0] << 8 | values[1]) != st->bind_count)
    abort(); /* the library bound another number than was prepared */
  w->p = values + 2;
  w->end = values + len;
}

/* The value's length, or a negative one. */
static int32_t walk_next(struct walk *w, const uint8_t **value) {
  int32_t n;

  if (w->end - w->p < 4)
    abort();
  n = read_i32(w->p);
  w->p += 4;
  *value = w->p;
  if (n > 0) {
    if (w->end - w->p < n)
      abort();
    w->p += n;
  }
  return n;
}

static void add_part(char key[96], const struct script_bind *bind,
                     const uint8_t *value, int32_t n) {
  size_t at = strlen(key);
  const char *bar = at > 0 ? "|" : "";

  if (bind->type == 0x0d)
    snprintf(key + at, 96 - at, "%s%.*s", bar, (int)n, (const char *)value);
  else
    snprintf(key + at, 96 - at, "%s%lld", bar,
             n == 4 ? (long long)read_i32(value) : (long long)read_i64(value));
}

void script_key(const struct script_statement *st, const uint8_t *values,
                size_t len, char key[96]) {
  struct walk w;

  key[0] = '\0';
  walk_begin(&w, st, values, len);
  for (unsigned i = 0; i < st->bind_count; i++) {
    const uint8_t *value;
    int32_t n = walk_next(&w, &value);

    if (st->binds[i].is_key)
      add_part(key, &st->binds[i], value, n);
  }
}

/* ---- The ledger --------------------------------------------------------- */

static struct script_entry *new_entry(struct script_server *s) {
  if (s->entry_count == s->entry_cap) {
    s->entry_cap = s->entry_cap == 0 ? 64 : s->entry_cap * 2;
    s->entries = realloc(s->entries, s->entry_cap * sizeof *s->entries);
    if (s->entries == NULL)
      abort();
  }
  memset(&s->entries[s->entry_count], 0, sizeof *s->entries);
  return &s->entries[s->entry_count++];
}

void script_enter(struct script_server *s, const struct script_statement *st,
                  const uint8_t *values, size_t len, unsigned shard,
                  bool applied) {
  struct script_entry *e = new_entry(s);
  struct walk w;

  script_key(st, values, len, e->key);
  e->shard = shard;
  e->applied = applied;
  walk_begin(&w, st, values, len);
  for (unsigned i = 0; i < st->bind_count; i++) {
    const uint8_t *value;
    int32_t n = walk_next(&w, &value);

    if (st->binds[i].is_key || n == -2 || e->delta_count == 4)
      continue;
    if (n != 8)
      abort(); /* a counter is 8 bytes */
    memcpy(e->deltas[e->delta_count].column, st->binds[i].name, 64);
    e->deltas[e->delta_count++].value = read_i64(value);
  }
}

bool script_touched(struct script_server *s, const char *key,
                    const char *column, int64_t *sum) {
  bool touched = false;

  *sum = 0;
  for (size_t i = 0; i < s->entry_count; i++) {
    const struct script_entry *e = &s->entries[i];

    if (!e->applied || strcmp(e->key, key) != 0)
      continue;
    touched |= column == NULL;
    for (unsigned d = 0; column != NULL && d < e->delta_count; d++)
      if (strcmp(e->deltas[d].column, column) == 0) {
        *sum += e->deltas[d].value;
        touched = true;
      }
  }
  return touched;
}
