#include "tool/interrupt.h"

#include "tool/report.h"

#include <signal.h>
#include <string.h>

static volatile sig_atomic_t caught;

static void on_signal(int number) {
  caught = number;
}

void interrupt_begin(void) {
  struct sigaction action;

  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal;
  action.sa_flags = (int)SA_RESETHAND;
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

bool interrupt_caught(void) {
  return caught != 0;
}

int interrupt_status(int status) {
  return caught == 0 || status == STATUS_UNKNOWN ? status : 128 + (int)caught;
}
