#include "core/timer.h"

#include "core/mark.h"

void timer_list_init(struct timer_list *l) {
  list_init(&l->timers);
}

void timer_init(struct timer *t, void (*fire)(struct timer *timer)) {
  list_init(&t->link);
  t->at = 0;
  t->fire = fire;
}

void timer_set(struct timer_list *l, struct timer *t, uint64_t at) {
  struct list *before;

  ENSURE(at != 0);
  list_remove(&t->link);
  t->at = at;
  before = l->timers.prev;
  while (before != &l->timers &&
         LIST_ENTRY(before, struct timer, link)->at > at)
    before = before->prev;
  list_push_front(before, &t->link);
}

void timer_stop(struct timer *t) {
  list_remove(&t->link);
}

bool timer_is_set(const struct timer *t) {
  return !list_empty(&t->link);
}

uint64_t timer_next(const struct timer_list *l) {
  if (list_empty(&l->timers))
    return 0;
  return LIST_ENTRY(l->timers.next, struct timer, link)->at;
}

void timer_run(struct timer_list *l, uint64_t now) {
  while (!list_empty(&l->timers)) {
    struct timer *t = LIST_ENTRY(l->timers.next, struct timer, link);

    if (t->at > now)
      return;
    list_remove(&t->link);
    t->fire(t);
  }
}
