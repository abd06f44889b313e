/* core/timer.h - the timers of a loop: few, and most of them never fire.
 * Deadlines of operations are not here (see core/deadline.h). */
#ifndef TIMER_H
#define TIMER_H

#include <stdint.h>

#include "core/list.h"

struct timer {
  struct list link;
  uint64_t at; /* net_clock() */
  void (*fire)(struct timer *timer);
};

/* A sorted list; most timers are set for later than all others, so that the
 * search for their place, from the end, is short. */
struct timer_list {
  struct list timers;
};

void timer_list_init(struct timer_list *l);
void timer_init(struct timer *t, void (*fire)(struct timer *timer));
/* Also moves one that is set already. */
void timer_set(struct timer_list *l, struct timer *t, uint64_t at);
void timer_stop(struct timer *t);
bool timer_is_set(const struct timer *t);
/* When the first is due; 0 when none is set. */
uint64_t timer_next(const struct timer_list *l);
/* Fire what is due at `now`; a timer may set or stop any other. */
void timer_run(struct timer_list *l, uint64_t now);

#endif
