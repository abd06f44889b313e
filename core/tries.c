#include "core/tries.h"

#include <string.h>

#include "core/mark.h"

void tries_add(struct tries **tries, const struct net_heap *heap,
               uint32_t host) {
  struct tries *t = *tries;

  if (t == NULL)
    t = *tries = net_alloc(heap, sizeof *t);
  if (t == NULL)
    MARK(oom_tries);
  else if (t->count < TRIES_MAX)
    t->hosts[t->count++] = host;
}

bool tries_may_go_on(const struct tries *t) {
  return t != NULL && t->count < TRIES_MAX;
}

void tries_note(struct tries *t, const struct failure *why) {
  char start[161];

  /* Others need room, too. */
  text_copy(start, sizeof start, why->detail);
  failure_list(t->text, sizeof t->text, why->host, why->what, start);
}

void tries_tell(const struct tries *t, struct failure *f) {
  char list[sizeof f->detail];

  if (t->text[0] == '\0')
    return;
  text_copy(list, sizeof list, t->text);
  failure_list(list, sizeof list, f->host, f->what, f->detail);
  memcpy(f->detail, list, sizeof f->detail);
}
