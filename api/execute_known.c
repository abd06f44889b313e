/* api/execute_known.c - texts of tally_execute() whose markers' types were
 * asked for.  A session keeps some of them for ever, since its hosts' tables of
 * prepared statements point to them. */
#include "api/execute.h"

#include "core/copy.h"

#include <string.h>

enum { KEPT_MAX = 256 };

struct known *known_find(const tally_statement *s) {
  struct known *k = atomic_load(&s->session->known);

  while (k != NULL &&
         (strcmp(k->statement.text, s->text) != 0 || atomic_load(&k->stale)))
    k = k->next;
  return k;
}

void known_free(const struct net_heap *heap, struct known *k) {
  if (k == NULL)
    return;
  specs_free(&k->binds, heap);
  net_free(heap, k->text);
  net_free(heap, k->about);
  net_free(heap, k->columns);
  net_free(heap, k);
}

void knowns_free(tally_session *s) {
  struct known *next, *k = atomic_load(&s->known);

  for (; k != NULL; k = next) {
    next = k->next;
    known_free(&s->heap, k);
  }
}

/* What a host says of the same text has to be the same. */
static bool set_binds(struct known *k, const struct net_heap *heap) {
  uint32_t count = k->binds.count;
  struct statement_column *binds = net_alloc(heap, sizeof *binds * (count + 1));

  if (binds == NULL)
    return false;
  for (uint32_t i = 0; i < count; i++)
    binds[i] = (struct statement_column){
        k->binds.all[i].name, k->binds.all[i].type.id, &k->binds.all[i].type};
  k->columns = binds;
  k->statement.binds = binds;
  k->statement.bind_count = (uint16_t)count;
  return true;
}

static bool set_key(struct known *k, tally_session *s,
                    const struct reply *prepared) {
  uint16_t count = reply_key(prepared, &k->key_first);

  if (count == 0 || k->binds.count < count)
    return true;
  k->statement.key_count = count;
  k->statement.keyspace =
      keyspaces_find(&s->keyspaces, k->binds.all[k->key_first].keyspace);
  return k->statement.keyspace != NULL;
}

static void keep(struct known *k, tally_session *s) {
  uint32_t count = 0;

  for (const struct known *i = atomic_load(&s->known); i != NULL; i = i->next)
    count += !atomic_load(&i->stale);
  if (count >= KEPT_MAX)
    return;
  k->kept = true;
  k->statement.number = atomic_fetch_add(&s->statement_count, 1);
  k->next = atomic_load(&s->known);
  while (!atomic_compare_exchange_weak(&s->known, &k->next, k))
    continue;
}

/* Many may have asked what a new text is before the first answer came: the
 * first to come here makes it known to all.  Two loops may still do so at once,
 * and then both are kept. */
struct known *known_make(const tally_statement *s, struct reply *prepared) {
  const struct net_heap *heap = &s->session->heap;
  struct known *k = known_find(s);

  if (k != NULL)
    return k;
  k = net_alloc(heap, sizeof *k);
  if (k == NULL)
    return NULL;
  k->binds = prepared->specs;
  memset(&prepared->specs, 0, sizeof prepared->specs);
  k->text = string_copy(heap, s->text);
  k->about = string_copy(heap, s->about);
  k->statement.text = k->text;
  k->statement.table = k->about;
  k->statement.text_len = strlen(s->text);
  k->statement.effect = s->effect;
  k->statement.whole = true;
  if (k->text == NULL || k->about == NULL || !set_binds(k, heap) ||
      !set_key(k, s->session, prepared)) {
    known_free(heap, k);
    return NULL;
  }
  keep(k, s->session);
  return k;
}
