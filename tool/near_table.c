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
  char **names = realloc(tables->names, (tables->count + 1) * sizeof *names);

  if (names == NULL)
    return STATUS_FAILED;
  tables->names = names;
  names[tables->count] = ask_text(row, "table_name");
  if (names[tables->count] == NULL)
    return STATUS_FAILED;
  tables->count++;
  return STATUS_DONE;
}

/* Both as the servers have them; so much of the word stands before the table's
 * name. */
static void find(tally_error *error, tally_session *session,
                 const char *keyspace, const char *table, const char *word,
                 int prefix) {
  struct tables tables = {0};
  int nearest;

  ask_counter_tables(session, keyspace, on_table, &tables);
  nearest =
      text_nearest(table, (const char *const *)tables.names, tables.count);
  if (nearest >= 0)
    snprintf(error->hint, sizeof error->hint, "did you mean %.*s%.64s?",
             prefix < 64 ? prefix : 64, word, tables.names[nearest]);
  text_free(tables.names, tables.count);
  free(tables.names);
}

void near_table(tally_error *error, tally_session *session,
                const struct options *o, const char *word) {
  size_t dot = session_table_dot(word), prefix = word[dot] == '.' ? dot + 1 : 0;
  char *table = text_folded(word + prefix), *keyspace;

  if (session_keyspace(o, word, &keyspace) == STATUS_DONE && keyspace != NULL &&
      table != NULL)
    find(error, session, keyspace, table, word, (int)prefix);
  free(table);
  free(keyspace);
}
