/* tests/sim/model_cql.c - the statements that were ever seen, by their text. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/model_private.h"

enum { STATEMENT_BUCKETS = 128 };
static struct statement *statements[STATEMENT_BUCKETS];

void refuse(struct refusal *r, int32_t code, const char *format, ...) {
  va_list args;

  r->code = code;
  va_start(args, format);
  vsnprintf(r->text, sizeof r->text, format, args);
  va_end(args);
}

static void statement_free(struct statement *s) {
  free(s->made);
  free(s->text);
  free(s);
}

void cql_end(void) {
  for (unsigned i = 0; i < STATEMENT_BUCKETS; i++)
    while (statements[i] != NULL) {
      struct statement *s = statements[i];

      statements[i] = s->next;
      statement_free(s);
    }
}

static struct statement *new_statement(struct slice text) {
  struct statement *s = calloc(1, sizeof *s);

  s->text_len = (size_t)text.len;
  s->text = malloc(s->text_len + 1);
  if (s->text_len > 0)
    memcpy(s->text, text.p, s->text_len);
  s->text[s->text_len] = '\0';
  return s;
}

/* What is refused is not kept: it may be fine when the table is there. */
struct statement *cql_find(struct slice text, struct refusal *why) {
  uint64_t hash = data_hash(text.p, (size_t)text.len, 0);
  struct statement **bucket = &statements[hash % STATEMENT_BUCKETS];
  struct statement *s;

  for (s = *bucket; s != NULL; s = s->next)
    if (s->hash == hash && s->text_len == (size_t)text.len &&
        memcmp(s->text, text.p, s->text_len) == 0)
      return s;
  s = new_statement(text);
  s->hash = hash;
  if (!cql_parse(s, why)) {
    statement_free(s);
    return NULL;
  }
  s->next = *bucket;
  *bucket = s;
  return s;
}

bool cql_is_own_words(const struct statement *s) {
  return s->kind == CQL_UPDATE && strchr(s->text, '"') == NULL;
}

void cql_forget_all(unsigned host) {
  for (unsigned i = 0; i < STATEMENT_BUCKETS; i++)
    for (struct statement *s = statements[i]; s != NULL; s = s->next) {
      s->at[host].prepared = false;
      s->at[host].forgetful_until = 0;
    }
}
