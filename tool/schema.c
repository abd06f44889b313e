#include "tool/schema.h"

#include "tool/ask.h"
#include "tool/output.h"
#include "tool/target.h"
#include "tool/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- Options ------------------------------------------------------------ */

/* What is no option, or of no use to say. */
static bool is_left_out(const char *name, const char *value) {
  static const char *const others[] = {"keyspace_name", "table_name", "id",
                                       "flags"};
  /* Of old, and that a counter table cannot have; nothing is their default. */
  static const char *const nothing[] = {"default_time_to_live", "extensions",
                                        "read_repair_chance",
                                        "dclocal_read_repair_chance"};

  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
    if (strcmp(name, others[i]) == 0)
      return true;
  for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++)
    if (strcmp(name, nothing[i]) == 0 && value[strspn(value, "{0.}")] == '\0')
      return true;
  return false;
}

/* The next option of the row and its value as text, to be freed; *index is
 * behind it.  NULL: there are no more, or no memory, which *ok tells. */
static const char *next_option(tally_answer *row, size_t *index,
                               tally_value *value, char **text, bool *ok) {
  const char *name;

  while ((name = tally_answer_column(row, *index)) != NULL) {
    if (tally_answer_at(row, (*index)++, value, NULL) != 0 || value->p == NULL)
      continue;
    *text = ask_print(value);
    if (*text == NULL) {
      *ok = false;
      return NULL;
    }
    if (!is_left_out(name, *text))
      return name;
    free(*text);
  }
  return NULL;
}

/* False is how cqlsh writes it. */
static void put_lower(FILE *to, const char *text) {
  for (; *text != '\0'; text++)
    putc(tolower((unsigned char)*text), to);
}

/* ---- CQL ---------------------------------------------------------------- */

/* In quotes, which stand twice inside. */
static void put_quoted(FILE *to, const char *text, char quote) {
  putc(quote, to);
  for (; *text != '\0'; text++) {
    if (*text == quote)
      putc(quote, to);
    putc(*text, to);
  }
  putc(quote, to);
}

static void put_option(FILE *to, const char *name, const tally_value *value,
                       const char *text) {
  fprintf(to, "%s = ", name);
  if (text_is_type(tally_value_type(value)))
    put_quoted(to, text, '\'');
  else if (tally_value_type(value) == TALLY_BOOLEAN)
    put_lower(to, text);
  else
    fputs(text, to);
}

static void put_columns(FILE *to, const tally_table *table) {
  const tally_column *c;

  for (size_t i = 0; (c = tally_table_column(table, i)) != NULL; i++) {
    fputs("  ", to);
    put_quoted(to, c->name, '"');
    fprintf(to, " %s%s,\n", tally_type_name(c->type),
            c->kind == TALLY_KIND_STATIC_COUNTER ? " static" : "");
  }
}

/* ", " between them; `ordered`: "c" DESC. */
static void put_names(FILE *to, const tally_table *table, int kind,
                      bool ordered) {
  const tally_column *c;
  const char *between = "";

  for (size_t i = 0; (c = tally_table_column(table, i)) != NULL; i++) {
    if (c->kind != kind)
      continue;
    fputs(between, to);
    between = ", ";
    put_quoted(to, c->name, '"');
    if (ordered)
      fputs(c->order == TALLY_DESC ? " DESC" : " ASC", to);
  }
}

bool schema_cql(FILE *to, const tally_table *table, tally_answer *options) {
  bool clustered = target_count_kind(table, TALLY_KIND_CLUSTERING_KEY) > 0,
       ok = true;
  bool composite = target_count_kind(table, TALLY_KIND_PARTITION_KEY) > 1;
  const char *before = " WITH ", *name;
  tally_value value;
  size_t index = 0;
  char *text;

  fprintf(to, "CREATE TABLE %s (\n", tally_table_qualified(table));
  put_columns(to, table);
  fputs(composite ? "  PRIMARY KEY ((" : "  PRIMARY KEY (", to);
  put_names(to, table, TALLY_KIND_PARTITION_KEY, false);
  fputs(composite ? ")" : "", to);
  if (clustered) {
    fputs(", ", to);
    put_names(to, table, TALLY_KIND_CLUSTERING_KEY, false);
  }
  fputs(")\n)", to);
  if (clustered) {
    fputs(" WITH CLUSTERING ORDER BY (", to);
    put_names(to, table, TALLY_KIND_CLUSTERING_KEY, true);
    fputs(")", to);
    before = "\n  AND ";
  }
  while ((name = next_option(options, &index, &value, &text, &ok)) != NULL) {
    fputs(before, to);
    put_option(to, name, &value, text);
    free(text);
    before = "\n  AND ";
  }
  fputs(";\n", to);
  return ok;
}

/* ---- JSON --------------------------------------------------------------- */

/* As tally sync takes them. */
static const char *kind_name(int kind) {
  switch (kind) {
  case TALLY_KIND_PARTITION_KEY:
    return "partition";
  case TALLY_KIND_CLUSTERING_KEY:
    return "clustering";
  case TALLY_KIND_STATIC_COUNTER:
    return "static";
  default:
    return "counter";
  }
}

static void put_json_column(const tally_column *c) {
  fputs("{\"name\":", stdout);
  output_json_text(c->name);
  printf(",\"kind\":\"%s\",\"type\":\"%s\"", kind_name(c->kind),
         tally_type_name(c->type));
  if (c->kind == TALLY_KIND_CLUSTERING_KEY)
    printf(",\"order\":\"%s\"", c->order == TALLY_DESC ? "desc" : "asc");
  putchar('}');
}

static bool put_json_map(const tally_value *map) {
  tally_parts parts;
  tally_value part;
  bool ok = tally_parts_init(&parts, map, NULL) == 0;

  putchar('{');
  for (size_t i = 0; ok && tally_parts_next(&parts, &part, NULL) > 0; i++) {
    char *text = ask_print(&part);

    ok = text != NULL;
    fputs(i == 0 ? "" : i % 2 == 1 ? ":" : ",", stdout);
    output_json_text(text);
    free(text);
  }
  putchar('}');
  return ok;
}

static bool put_json_option(const tally_value *value, const char *text) {
  switch (tally_value_type(value)) {
  case TALLY_MAP:
    return put_json_map(value);
  case TALLY_BOOLEAN:
    put_lower(stdout, text);
    return true;
  case TALLY_INT:
  case TALLY_DOUBLE:
    fputs(text, stdout);
    return true;
  default:
    output_json_text(text);
    return true;
  }
}

bool schema_json(const tally_table *table, tally_answer *options) {
  const tally_column *c;
  const char *name;
  tally_value value;
  size_t index = 0;
  bool ok = true;
  char *text;

  fputs("{\"keyspace\":", stdout);
  output_json_text(tally_table_keyspace(table));
  fputs(",\"table\":", stdout);
  output_json_text(tally_table_name(table));
  fputs(",\"columns\":[", stdout);
  for (size_t i = 0; (c = tally_table_column(table, i)) != NULL; i++) {
    fputs(i > 0 ? "," : "", stdout);
    put_json_column(c);
  }
  fputs("],\"options\":{", stdout);
  for (bool first = true;
       (name = next_option(options, &index, &value, &text, &ok)) != NULL;
       first = false) {
    fputs(first ? "" : ",", stdout);
    output_json_text(name);
    putchar(':');
    ok = put_json_option(&value, text) && ok;
    free(text);
  }
  fputs("}}\n", stdout);
  return ok;
}
