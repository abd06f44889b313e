#include "core/tries.h"

#include <stdio.h>
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

void tries_note(struct tries *t, const struct failure *why) {
  size_t len = strlen(t->text);
  char text[sizeof t->text];

  snprintf(text, sizeof text, "%s%s: %s%s%.160s", len > 0 ? "; " : "",
           why->host, why->what, why->detail[0] != '\0' ? ": " : "",
           why->detail);
  text_copy(t->text + len, sizeof t->text - len, text);
}

void tries_tell(const struct tries *t, struct failure *f) {
  char last[sizeof f->detail];

  if (t->text[0] == '\0')
    return;
  snprintf(last, sizeof last, "%s", f->detail);
  failure_detail(f, "%s; %s%s%s%s%s", t->text, f->host,
                 f->host[0] != '\0' ? ": " : "", f->what,
                 last[0] != '\0' ? ": " : "", last);
}
