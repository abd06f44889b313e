/* tests/support/relay.h - a port that leads to another, and meddles with the
 * bytes that pass: cuts them off, flips, drops, repeats and delays them. */
#ifndef TALLY_TESTS_RELAY_H
#define TALLY_TESTS_RELAY_H

#include <stdbool.h>
#include <stdint.h>

enum relay_way { RELAY_UP, RELAY_DOWN, RELAY_WAYS }; /* to the server; back */

/* Zeroed: all passes as it is.  For the connections to come. */
struct relay_settings {
  bool cuts; /* each one, after so much in one direction: */
  enum relay_way way;
  unsigned records; /* whole records of TLS ... */
  unsigned bytes;   /* ... and so many bytes */
  bool reset;       /* by RST, else by FIN */
  unsigned seed;    /* not 0: something happens to each, by chance */
};

struct relay;

/* A thread of its own for each connection. */
struct relay *relay_start(uint16_t to);
void relay_set(struct relay *r, const struct relay_settings *settings);
void relay_stop(struct relay *r);
uint16_t relay_port(const struct relay *r);
/* Close all connections. */
void relay_drop(struct relay *r);
/* How often something has happened by chance. */
unsigned relay_meddled(struct relay *r);

#endif
