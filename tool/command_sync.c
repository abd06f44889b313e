/* tool/command_sync.c - tally sync: a definition from words.  What a counter
 * table may have is the library's to say; here is only how words are read. */
#include "tool/command.h"

#include "tool/session.h"
#include "tool/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS_MAX = 4, TYPES_MAX = 32 };

struct schema {
  char *words; /* copies: cut at the colons, at the dot, and at "=" */
  tally_column *columns;
  tally_table_option *options;
  tally_definition definition;
};

/* "a:b:c" into its parts, in place; 0 when there are too many. */
static size_t cut(char *word, char **parts) {
  size_t count = 0;

  for (char *s = word; s != NULL;) {
    char *colon = strchr(s, ':');

    if (count == PARTS_MAX)
      return 0;
    if (colon != NULL)
      *colon++ = '\0';
    parts[count++] = s;
    s = colon;
  }
  return count;
}

static int bad_column(const char *word) {
  return report_usage("write NAME:TYPE:partition, "
                      "NAME:TYPE:clustering[:asc|:desc] or "
                      "NAME:counter[:static]",
                      "\"%s\" is no column", word);
}

static int read_role(tally_column *c, char **parts, size_t count,
                     const char *word) {
  const char *role = count > 2 ? parts[2] : "";

  c->kind = TALLY_KIND_COUNTER;
  if (strcmp(role, "partition") == 0)
    c->kind = TALLY_KIND_PARTITION_KEY;
  else if (strcmp(role, "clustering") == 0)
    c->kind = TALLY_KIND_CLUSTERING_KEY;
  else if (strcmp(role, "static") == 0)
    c->kind = TALLY_KIND_STATIC_COUNTER;
  else if (count > 2)
    return bad_column(word);
  if (count < 4)
    return STATUS_DONE;
  if (c->kind != TALLY_KIND_CLUSTERING_KEY)
    return bad_column(word);
  if (strcmp(parts[3], "asc") != 0 && strcmp(parts[3], "desc") != 0)
    return report_usage(NULL,
                        "column %s has an unknown order \"%s\": asc or "
                        "desc",
                        parts[0], parts[3]);
  c->order = parts[3][0] == 'd' ? TALLY_DESC : TALLY_ASC;
  return STATUS_DONE;
}

static int bad_type(const char *column, const char *type) {
  const char *names[TYPES_MAX];
  char list[256] = "", hint[64];
  size_t count = 0, len = 0;
  int nearest;

  for (int i = 0; i < TYPES_MAX; i++) {
    const char *name = tally_type_name(i);

    if (name == NULL)
      continue;
    len += (size_t)snprintf(list + len, sizeof list - len, "%s%s",
                            count > 0 ? ", " : "", name);
    names[count++] = name;
  }
  nearest = tally_nearest(type, names, count);
  snprintf(hint, sizeof hint, "did you mean %s?",
           nearest < 0 ? "" : names[nearest]);
  return report_usage(nearest < 0 ? NULL : hint,
                      "column %s: \"%s\" is not the type of a key: %s are",
                      column, type, list);
}

/* Its type is that of nothing in the table. */
static int unknown_type(tally_column *c, char **parts, size_t count) {
  static const char *const counter[] = {"counter"};
  bool counts =
      c->kind == TALLY_KIND_COUNTER || c->kind == TALLY_KIND_STATIC_COUNTER;

  if (counts && text_nearest(parts[1], counter, 1) == 0)
    return report_usage("did you mean counter?", "column %s: \"%s\" is no type",
                        parts[0], parts[1]);
  if (count > 2)
    return bad_type(parts[0], parts[1]);
  /* A plain column is refused by the library, whatever its type. */
  c->type = TALLY_TEXT;
  return STATUS_DONE;
}

static int read_column(struct schema *s, char *copy, const char *word) {
  tally_definition *d = &s->definition;
  tally_column *c = &s->columns[d->column_count];
  char *parts[PARTS_MAX];
  size_t count = cut(copy, parts);
  int status;

  if (count < 2 || parts[0][0] == '\0' || parts[1][0] == '\0')
    return bad_column(word);
  status = read_role(c, parts, count, word);
  if (status != STATUS_DONE)
    return status;
  c->struct_size = sizeof *c;
  c->name = parts[0];
  c->type = tally_type_find(parts[1]);
  if (c->type == 0)
    status = unknown_type(c, parts, count);
  if (status != STATUS_DONE)
    return status;
  c->offset = d->row_size;
  c->size = tally_type_size(c->type);
  d->row_size += (c->size + 7) / 8 * 8;
  d->column_count++;
  return STATUS_DONE;
}

static void read_name(tally_definition *d, char *name) {
  size_t dot = session_table_dot(name);

  d->name = name;
  if (name[dot] == '\0')
    return;
  name[dot] = '\0';
  d->keyspace = name;
  d->name = name + dot + 1;
}

/* "comment=hits of each page" */
static int read_option(struct schema *s, char *copy, const char *word) {
  tally_definition *d = &s->definition;
  char *equals = strchr(copy, '=');

  if (equals == NULL || equals == copy)
    return report_usage("write --with 'comment=hits of each page'",
                        "--with: \"%s\" is not name=value", word);
  *equals = '\0';
  s->options[d->option_count++] = (tally_table_option){copy, equals + 1};
  return STATUS_DONE;
}

static int read_word(struct schema *s, const struct options *o, size_t i,
                     char *copy) {
  if (i >= o->word_count)
    return read_option(s, copy, o->with.values[i - o->word_count]);
  if (i > 0)
    return read_column(s, copy, o->words[i]);
  read_name(&s->definition, copy);
  return STATUS_DONE;
}

static const char *word_at(const struct options *o, size_t i) {
  return i < o->word_count ? o->words[i] : o->with.values[i - o->word_count];
}

/* All words, then all options. */
static int read_words(struct schema *s, const struct options *o) {
  size_t size = 1, count = o->word_count + o->with.count;
  int status = STATUS_DONE;
  char *copy;

  for (size_t i = 0; i < count; i++)
    size += strlen(word_at(o, i)) + 1;
  copy = s->words = malloc(size);
  s->columns = calloc(o->word_count, sizeof *s->columns);
  s->options = calloc(o->with.count + 1, sizeof *s->options);
  if (s->words == NULL || s->columns == NULL || s->options == NULL)
    return report_no_memory();
  for (size_t i = 0; i < count && status == STATUS_DONE; i++) {
    size_t len = strlen(word_at(o, i)) + 1;

    memcpy(copy, word_at(o, i), len);
    status = read_word(s, o, i, copy);
    copy += len;
  }
  return status;
}

static int read_schema(struct schema *s, const struct options *o) {
  int status;

  if (o->word_count < 2)
    return report_usage("see \"tally help sync\"",
                        "sync needs a table and its columns");
  status = session_check_table(o, o->words[0]);
  if (status == STATUS_DONE)
    status = read_words(s, o);
  s->definition.struct_size = sizeof s->definition;
  s->definition.columns = s->columns;
  s->definition.options = s->options;
  return status;
}

/* It may be meant for the key. */
static const tally_column *plain_column(const tally_definition *d) {
  for (size_t i = 0; i < d->column_count; i++)
    if (d->columns[i].kind == TALLY_KIND_COUNTER &&
        d->columns[i].type != TALLY_TYPE_COUNTER)
      return &d->columns[i];
  return NULL;
}

/* What the library would refuse is a usage error, whether a server is there or
 * not. */
static int check_schema(const struct schema *s) {
  const tally_column *plain = plain_column(&s->definition);
  tally_error error;

  if (tally_definition_check(&s->definition, &error) == 0)
    return STATUS_DONE;
  if (plain != NULL && error.hint[0] == '\0')
    snprintf(error.hint, sizeof error.hint,
             "if column %.64s is of the key, :partition or :clustering is "
             "missing behind its type",
             plain->name);
  return report_error(&error, WORK_READ);
}

static void on_statement(void *user, const char *cql) {
  (void)user;
  fprintf(stderr, "%s;\n", cql);
}

static int sync_schema(const struct schema *s, const struct options *o) {
  const tally_sync_options how = {.struct_size = sizeof how,
                                  .dry_run = o->value[OPTION_DRY_RUN] != NULL,
                                  .on_statement = on_statement};
  enum work work = how.dry_run ? WORK_READ : WORK_SCHEMA;
  tally_session *session = NULL;
  tally_table *table;
  tally_error error;
  int status = session_open(&session, o, work);

  if (status != STATUS_DONE)
    return status;
  if (tally_table_open(&table, session, &s->definition, &error) != 0)
    status = report_error(&error, WORK_READ);
  else if (tally_sync_table(table, &how, &error) != 0)
    status = report_error(&error, work);
  else
    report_log_flush(NULL);
  tally_close(session);
  return status;
}

int command_sync(struct options *o) {
  struct schema s = {0};
  int status = read_schema(&s, o);

  if (status == STATUS_DONE)
    status = check_schema(&s);
  if (status == STATUS_DONE)
    status = sync_schema(&s, o);
  free(s.options);
  free(s.columns);
  free(s.words);
  return status;
}
