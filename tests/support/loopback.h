/* tests/support/loopback.h - sockets to this machine, for servers of the tests'
 * own.  What fails ends the process. */
#ifndef TALLY_TESTS_LOOPBACK_H
#define TALLY_TESTS_LOOPBACK_H

#include <stdint.h>

/* Listens at a port that the system chooses. */
int loopback_listen(uint16_t *port);

#endif
