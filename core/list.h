/* core/list.h - intrusive, circular, doubly linked lists: a member can leave
 * from anywhere without a search. */
#ifndef LIST_H
#define LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
  struct list *next;
  struct list *prev;
};

#define LIST_ENTRY(node, type, member)                                         \
  ((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline void list_init(struct list *l) {
  l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l) {
  return l->next == l;
}

static inline void list_push(struct list *l, struct list *node) {
  node->prev = l->prev;
  node->next = l;
  l->prev->next = node;
  l->prev = node;
}

static inline void list_push_front(struct list *l, struct list *node) {
  list_push(l->next, node);
}

/* Harmless for a node that is in no list but was initialised. */
static inline void list_remove(struct list *node) {
  node->prev->next = node->next;
  node->next->prev = node->prev;
  list_init(node);
}

static inline struct list *list_shift(struct list *l) {
  struct list *node = l->next;

  if (node == l)
    return NULL;
  list_remove(node);
  return node;
}

/* All of `from` to the end of `to`; from is empty afterwards. */
static inline void list_append(struct list *to, struct list *from) {
  if (list_empty(from))
    return;
  from->next->prev = to->prev;
  to->prev->next = from->next;
  from->prev->next = to;
  to->prev = from->prev;
  list_init(from);
}

#endif
