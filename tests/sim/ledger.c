/* tests/sim/ledger.c - what the hosts know of each operation. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/model_private.h"

struct page {
  struct ledger_entry entry;
  uint32_t open; /* EXECUTEs that may have been applied, for all that the
                    client can know */
};

/* More operations than a run can have: a larger number is no number. */
enum { NUMBERS_MAX = 1 << 22 };

static struct {
  struct page *pages;
  uint32_t cap;
  uint32_t used; /* the highest number, plus 1 */
  uint32_t to_come;
} ledger;

void ledger_begin(void) {
  if (ledger.used > 0)
    memset(ledger.pages, 0, sizeof *ledger.pages * ledger.used);
  ledger.used = 0;
  ledger.to_come = 0;
}

void ledger_end(void) {
  free(ledger.pages);
  memset(&ledger, 0, sizeof ledger);
}

static struct page *page(uint32_t number) {
  if (number >= NUMBERS_MAX)
    violation("an increment of operation %u, which is none", number);
  if (number >= ledger.cap) {
    uint32_t cap = ledger.cap == 0 ? 512 : ledger.cap * 2;

    while (cap <= number)
      cap *= 2;
    ledger.pages = realloc(ledger.pages, sizeof *ledger.pages * cap);
    memset(ledger.pages + ledger.cap, 0,
           sizeof *ledger.pages * (cap - ledger.cap));
    ledger.cap = cap;
  }
  if (number >= ledger.used)
    ledger.used = number + 1;
  return &ledger.pages[number];
}

void ledger_seen(uint32_t number) {
  struct page *p = page(number);

  if (p->open > 0)
    violation("operation %u was sent again: seen %u times before, applied %u "
              "times, %u to come, and no answer proved that it was not applied",
              number, p->entry.seen, p->entry.applied, p->entry.to_come);
  p->entry.seen++;
  p->open++;
  p->entry.excused = false;
}

void ledger_due(uint32_t number) {
  page(number)->entry.to_come++;
  ledger.to_come++;
}

void ledger_cancelled(uint32_t number) {
  page(number)->entry.to_come--;
  ledger.to_come--;
}

void ledger_applied(uint32_t number) {
  struct page *p = page(number);

  p->entry.to_come--;
  ledger.to_come--;
  p->entry.applied++;
  p->entry.applied_at = world_now();
  if (p->entry.applied > 1)
    violation("operation %u was applied %u times", number, p->entry.applied);
}

void ledger_excused(uint32_t number) {
  struct page *p = page(number);

  p->open--;
  p->entry.excused = p->open == 0;
}

struct ledger_entry model_ledger(uint32_t number) {
  static const struct ledger_entry none;

  return number < ledger.used ? ledger.pages[number].entry : none;
}

uint32_t model_to_come(void) {
  return ledger.to_come;
}
