/* api/text.c - CQL text: a string that grows, and quoting. */
#include "api/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void text_init(struct text *t, const struct net_heap *heap) {
  memset(t, 0, sizeof *t);
  t->heap = heap;
}

void text_fail(struct text *t) {
  net_free(t->heap, t->p);
  t->p = NULL;
  t->failed = true;
}

void text_bytes(struct text *t, const char *s, size_t len) {
  if (t->failed)
    return;
  if (t->len + len + 1 > t->cap) {
    size_t cap = (t->len + len + 1) * 2;
    char *p = net_resize(t->heap, t->p, cap);

    if (p == NULL) {
      text_fail(t);
      return;
    }
    t->p = p;
    t->cap = cap;
  }
  memcpy(t->p + t->len, s, len);
  t->len += len;
  t->p[t->len] = '\0';
}

void text_add(struct text *t, const char *s) {
  text_bytes(t, s, strlen(s));
}

void text_addf(struct text *t, const char *format, ...) {
  char buf[256];
  va_list args;

  va_start(args, format);
  vsnprintf(buf, sizeof buf, format, args);
  va_end(args);
  text_add(t, buf);
}

static void add_doubling(struct text *t, const char *s, char quote) {
  text_bytes(t, &quote, 1);
  for (; *s != '\0'; s++) {
    if (*s == quote)
      text_bytes(t, s, 1);
    text_bytes(t, s, 1);
  }
  text_bytes(t, &quote, 1);
}

void text_quoted(struct text *t, const char *name) {
  add_doubling(t, name, '"');
}

void text_literal(struct text *t, const char *value) {
  add_doubling(t, value, '\'');
}

/* Words that CQL does not take as bare names (Cassandra's reserved keywords,
 * and those of ScyllaDB), in lower case. */
static const char *const reserved[] = {"add",
                                       "allow",
                                       "alter",
                                       "and",
                                       "apply",
                                       "asc",
                                       "authorize",
                                       "batch",
                                       "begin",
                                       "by",
                                       "columnfamily",
                                       "create",
                                       "default",
                                       "delete",
                                       "desc",
                                       "describe",
                                       "drop",
                                       "entries",
                                       "execute",
                                       "from",
                                       "full",
                                       "grant",
                                       "if",
                                       "in",
                                       "index",
                                       "infinity",
                                       "insert",
                                       "into",
                                       "is",
                                       "keyspace",
                                       "limit",
                                       "materialized",
                                       "mbean",
                                       "mbeans",
                                       "modify",
                                       "nan",
                                       "norecursive",
                                       "not",
                                       "null",
                                       "of",
                                       "on",
                                       "or",
                                       "order",
                                       "primary",
                                       "rename",
                                       "replace",
                                       "revoke",
                                       "schema",
                                       "scylla_clustering_bound",
                                       "scylla_counter_shard_list",
                                       "scylla_timeuuid_list_index",
                                       "select",
                                       "set",
                                       "table",
                                       "to",
                                       "token",
                                       "truncate",
                                       "unlogged",
                                       "unset",
                                       "update",
                                       "use",
                                       "using",
                                       "view",
                                       "where",
                                       "with"};

static bool is_reserved(const char *word) {
  for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
    if (strcmp(word, reserved[i]) == 0)
      return true;
  return false;
}

static bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

static bool is_bare(const char *name) {
  const char *s = name;

  if (!is_lower(*s))
    return false;
  for (; *s != '\0'; s++)
    if (!is_lower(*s) && !(*s >= '0' && *s <= '9') && *s != '_')
      return false;
  return !is_reserved(name);
}

static bool is_quoted(const char *name, size_t len) {
  return len > 2 && name[0] == '"' && name[len - 1] == '"';
}

/* Cassandra's SchemaConstants: \w+, also of names that stand in quotes, which
 * keep their capitals by that and no more. */
int name_check(const char *name, const char *what, size_t most,
               tally_error *e) {
  size_t len = name == NULL ? 0 : strlen(name);
  bool quoted = len > 0 && is_quoted(name, len);
  size_t inner = len - (quoted ? 2 : 0);

  if (len == 0)
    return error_set(e, TALLY_EINVAL, "the %s has no name", what);
  if (!value_is_text(name, len))
    return error_set(e, TALLY_EINVAL, "the %s's name is not UTF-8", what);
  if (strspn(name + quoted, WORD_BYTES) != inner)
    return error_set(e, TALLY_EINVAL,
                     "%s %.100s: its name may have letters (a to z), digits "
                     "and _, also where it stands in quotes",
                     what, name);
  if (inner > most)
    return error_set(e, TALLY_EINVAL,
                     "%s %.100s: its name has %zu characters, and %zu are the "
                     "most",
                     what, name, inner, most);
  return 0;
}

char *name_folded(const struct net_heap *heap, const char *name) {
  size_t len = strlen(name);
  char *copy = string_copy(heap, name);

  if (copy == NULL)
    return NULL;
  if (is_quoted(copy, len)) {
    memmove(copy, copy + 1, len - 2);
    copy[len - 2] = '\0';
    return copy;
  }
  for (char *s = copy; *s != '\0'; s++)
    if (*s >= 'A' && *s <= 'Z')
      *s = (char)(*s - 'A' + 'a');
  return copy;
}

void text_name(struct text *t, const char *name) {
  char *folded = name_folded(t->heap, name);

  if (folded == NULL) {
    text_fail(t);
    return;
  }
  if (is_bare(folded))
    text_add(t, folded);
  else
    text_quoted(t, folded);
  net_free(t->heap, folded);
}

bool is_given(const char *text) {
  return text != NULL && text[0] != '\0';
}

bool keep_text(const struct net_heap *heap, char **to, const char *from) {
  if (!is_given(from))
    return true;
  *to = string_copy(heap, from);
  return *to != NULL;
}
