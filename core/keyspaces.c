#include "core/keyspaces.h"

#include <string.h>

#include "core/copy.h"

void keyspaces_init(struct keyspaces *k, const struct net_heap *heap) {
  k->heap = *heap;
  atomic_init(&k->newest, NULL);
}

static void keyspace_free(const struct net_heap *heap, struct keyspace *ks) {
  net_free(heap, ks->name);
  net_free(heap, ks);
}

void keyspaces_fini(struct keyspaces *k) {
  struct keyspace *next, *ks = atomic_load(&k->newest);

  for (; ks != NULL; ks = next) {
    next = ks->next;
    keyspace_free(&k->heap, ks);
  }
}

static struct keyspace *keyspace_new(const struct net_heap *heap,
                                     const char *name) {
  struct keyspace *ks = net_alloc(heap, sizeof *ks);

  if (ks == NULL)
    return NULL;
  ks->name = string_copy(heap, name);
  if (ks->name != NULL)
    return ks;
  net_free(heap, ks);
  return NULL;
}

/* Among those that were there when `newest` was the newest. */
static struct keyspace *look_up(struct keyspace *newest, const char *name) {
  while (newest != NULL && strcmp(newest->name, name) != 0)
    newest = newest->next;
  return newest;
}

struct keyspace *keyspaces_find(struct keyspaces *k, const char *name) {
  struct keyspace *newest = atomic_load(&k->newest), *made = NULL, *found;

  while ((found = look_up(newest, name)) == NULL) {
    if (made == NULL)
      made = keyspace_new(&k->heap, name);
    if (made == NULL)
      return NULL;
    made->next = newest;
    made->number = newest == NULL ? 0 : newest->number + 1;
    if (atomic_compare_exchange_strong(&k->newest, &newest, made))
      return made;
  }
  if (made != NULL)
    keyspace_free(&k->heap, made);
  return found;
}
