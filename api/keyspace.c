/* api/keyspace.c - keyspaces: made, and dropped. */
#include "api/schema.h"

#include <stdio.h>
#include <string.h>

/* "dc1:3,dc2:3" -> , 'dc1': 3, 'dc2': 3 */
static bool add_replication(struct text *text, const char *replication) {
  const char *s = replication;

  for (;;) {
    size_t len = strcspn(s, ",");
    char dc[64];
    char digits[4];
    int end = 0;

    if (sscanf(s, "%63[^:,]:%3[0-9]%n", dc, digits, &end) != 2 ||
        (size_t)end != len || digits[0] == '0')
      return false;
    text_add(text, ", ");
    text_literal(text, dc);
    text_addf(text, ": %s", digits);
    if (s[len] == '\0')
      return true;
    s += len + 1;
  }
}

static int options_check(const char *name, const tally_keyspace_options *o,
                         tally_error *e) {
  int rc = name_check(name, "keyspace", KEYSPACE_NAME, e);

  if (rc != 0)
    return rc;
  if (o->struct_size != sizeof *o)
    return error_set(e, TALLY_EINVAL,
                     "keyspace options: struct_size is not set");
  if (o->replication_factor < 0)
    return error_set(e, TALLY_EINVAL,
                     "keyspace %s: replication_factor %d is below 1", name,
                     o->replication_factor);
  return 0;
}

static int create_cql(tally_session *s, const char *name,
                      const tally_keyspace_options *options, struct text *text,
                      tally_error *e) {
  tally_keyspace_options o = {.struct_size = sizeof o};
  int rc;

  if (options != NULL)
    o = *options;
  rc = options_check(name, &o, e);
  if (rc != 0)
    return rc;
  text_init(text, &s->heap);
  text_add(text, "CREATE KEYSPACE IF NOT EXISTS ");
  text_name(text, name);
  text_add(text, " WITH replication = {'class': ");
  if (o.replication == NULL) {
    text_addf(text, "'SimpleStrategy', 'replication_factor': %d}",
              o.replication_factor == 0 ? 1 : o.replication_factor);
  } else {
    text_add(text, "'NetworkTopologyStrategy'");
    if (!add_replication(text, o.replication)) {
      net_free(&s->heap, text->p);
      return error_set(e, TALLY_EINVAL,
                       "keyspace %s: replication \"%s\" is not dc1:3,dc2:3",
                       name, o.replication);
    }
    text_add(text, "}");
  }
  if (o.no_durable_writes)
    text_add(text, " AND durable_writes = false");
  if (o.no_tablets)
    text_add(text, " AND tablets = {'enabled': false}");
  return 0;
}

static int drop_cql(tally_session *s, const char *name, struct text *text,
                    tally_error *e) {
  int rc = name_check(name, "keyspace", KEYSPACE_NAME, e);

  if (rc != 0)
    return rc;
  text_init(text, &s->heap);
  text_add(text, "DROP KEYSPACE IF EXISTS ");
  text_name(text, name);
  return 0;
}

int tally_create_keyspace(tally_session *session, const char *name,
                          const tally_keyspace_options *options,
                          tally_error *error) {
  struct change_of of = {.doing = "creating keyspace", .about = name};
  struct text text;
  int rc = create_cql(session, name, options, &text, error);

  return rc != 0 ? rc : change_wait(session, &text, &of, error);
}

int tally_create_keyspace_async(tally_session *session, const char *name,
                                const tally_keyspace_options *options,
                                tally_callback callback, void *user,
                                tally_error *error) {
  struct change_of of = {.doing = "creating keyspace", .about = name};
  struct listener to = {NULL, callback, user};
  struct text text;
  int rc = create_cql(session, name, options, &text, error);

  return rc != 0 ? rc : change_tell(session, &text, &of, &to, error);
}

int tally_drop_keyspace(tally_session *session, const char *name,
                        tally_error *error) {
  struct change_of of = {.doing = "dropping keyspace", .about = name};
  struct text text;
  int rc = drop_cql(session, name, &text, error);

  return rc != 0 ? rc : change_wait(session, &text, &of, error);
}

int tally_drop_keyspace_async(tally_session *session, const char *name,
                              tally_callback callback, void *user,
                              tally_error *error) {
  struct change_of of = {.doing = "dropping keyspace", .about = name};
  struct listener to = {NULL, callback, user};
  struct text text;
  int rc = drop_cql(session, name, &text, error);

  return rc != 0 ? rc : change_tell(session, &text, &of, &to, error);
}
