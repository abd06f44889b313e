#include "tool/interrupt.h"

#include "tool/report.h"

#include <signal.h>
#include <string.h>
#include <sys/select.h>

static volatile sig_atomic_t caught, count, noted;

/* A second one of the other kind is a second one. */
static void on_signal(int number) {
  caught = number;
  if (++count < noted)
    return;
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
}

void interrupt_begin(void) {
  struct sigaction action;

  caught = count = 0;
  noted = 1;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

void interrupt_note_second(void) {
  noted = 2;
}

bool interrupt_caught(void) {
  return caught != 0;
}

bool interrupt_caught_twice(void) {
  return count > 1;
}

/* The signals are let in by pselect() alone: one that came between a look at
 * `caught` and a plain sleep would be slept over. */
void interrupt_pause_ms(uint64_t ms) {
  struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
  sigset_t both, before;

  sigemptyset(&both);
  sigaddset(&both, SIGINT);
  sigaddset(&both, SIGTERM);
  sigprocmask(SIG_BLOCK, &both, &before);
  if (caught == 0)
    pselect(0, NULL, NULL, NULL, &t, &before);
  sigprocmask(SIG_SETMASK, &before, NULL);
}

int interrupt_status(int status) {
  return caught == 0 || status == STATUS_UNKNOWN ? status : 128 + (int)caught;
}
