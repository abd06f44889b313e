#include "tool/near_table.h"

#include "tool/ask.h"
#include "tool/session.h"
#include "tool/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tables {
  char **names;
  size_t count;
};

static int on_table(void *user, tally_answer *row) {
  struct tables *tables = user;
  tally_value flags;
  char **names;

  if (tally_answer_get(row, "flags", &flags, NULL) != 0 ||
      !ask_has(&flags, "counter"))
    return STATUS_DONE;
  names = realloc(tables->names, (tables->count + 1) * sizeof *names);
  if (names == NULL)
    return STATUS_FAILED;
  tables->names = names;
  names[tables->count] = ask_text(row, "table_name");
  if (names[tables->count] == NULL)
    return STATUS_FAILED;
  tables->count++;
  return STATUS_DONE;
}

/* Both as the servers have them; `prefix` is what the word has before the
 * table's name. */
static void find(tally_error *error, tally_session *session,
                 const char *keyspace, const char *table, const char *prefix) {
  const char *const values[] = {keyspace, NULL};
  struct tables tables = {0};
  int nearest;

  ask(session,
      "SELECT table_name, flags FROM system_schema.tables WHERE keyspace_name "
      "= ?",
      values, on_table, &tables);
  nearest =
      text_nearest(table, (const char *const *)tables.names, tables.count);
  if (nearest >= 0)
    snprintf(error->hint, sizeof error->hint, "did you mean %.64s%.64s?",
             prefix, tables.names[nearest]);
  text_free(tables.names, tables.count);
  free(tables.names);
}

void near_table(tally_error *error, tally_session *session,
                const struct options *o, const char *word) {
  size_t dot = session_table_dot(word);
  bool qualified = word[dot] == '.';
  const char *name = qualified ? word + dot + 1 : word;
  char *prefix = calloc(1, dot + 2);
  char *table = text_folded(name), *keyspace = NULL;

  if (prefix != NULL && qualified) {
    memcpy(prefix, word, dot);
    keyspace = text_folded(prefix);
    prefix[dot] = '.';
  } else if (o->session.keyspace != NULL) {
    keyspace = text_folded(o->session.keyspace);
  }
  if (prefix != NULL && table != NULL && keyspace != NULL)
    find(error, session, keyspace, table, prefix);
  free(prefix);
  free(table);
  free(keyspace);
}
