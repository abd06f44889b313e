/* tests/support/tls_front.h - TLS in front of a server that has none: takes
 * connections, agrees on TLS with whatever certificate it is told to have, and
 * hands the bytes on. */
#ifndef TALLY_TESTS_TLS_FRONT_H
#define TALLY_TESTS_TLS_FRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/support/tls_certs.h"

struct front_settings {
  struct cert cert;            /* kept by the caller */
  const struct cert *along[2]; /* sent along; NULL: none */
  const struct cert *clients;  /* who signs those of clients; NULL: not asked */
  int max_version;             /* TLS1_1_VERSION, ...; 0: any */
  int min_version;
  const char *ciphers; /* of TLS 1.2; NULL: the usual ones */
  unsigned tickets;    /* sessions go on where this is the same; 0: nowhere */
  unsigned record;     /* bytes of the server's in each; 0: as they come */
  bool deaf;           /* reads nothing until that is taken back */
  unsigned cut_after;  /* bytes of the server's, then FIN; 0: never */
  const void *instead; /* said instead of TLS, then FIN; NULL: it speaks TLS */
  size_t instead_len;
};

struct front;

/* backend: a port; 0: none, bytes are read and that is it.  Threads of their
 * own; the settings may be changed at any time, for the
 * connections to come. */
struct front *front_start(uint16_t backend);
void front_set(struct front *f, const struct front_settings *settings);
void front_stop(struct front *f);
uint16_t front_port(const struct front *f);
/* Connections whose handshakes have succeeded, and those that were taken; of
 * the former the ones that have gone on with a session. */
unsigned front_agreed(struct front *f);
unsigned front_resumed(struct front *f);
unsigned front_taken(struct front *f);
/* What the client named as the host it wants, of the last one; "": nothing. */
void front_wanted(struct front *f, char name[256]);
/* Bytes of the client's that came after a handshake, or instead of one. */
unsigned front_heard(struct front *f);
/* What came over the wire on the connection that was taken as number n (from
 * 0): copies the first of it, and returns how much it was.  Of the first so
 * many connections alone. */
enum { FRONT_RAW = 4096, FRONT_RAW_LINKS = 64 };
size_t front_raw(struct front *f, unsigned n, uint8_t bytes[FRONT_RAW]);
/* Until all connections are over. */
void front_wait(struct front *f);
/* Close all connections. */
void front_drop(struct front *f);

#endif
