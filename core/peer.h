/* core/peer.h - who is on the other side of a connection. */
#ifndef PEER_H
#define PEER_H

#include <stddef.h>
#include <stdint.h>

#include "core/net.h"
#include "core/outcome.h"
#include "core/sharding.h"

struct peer {
  char name[64];   /* "127.0.0.1:9042" */
  uint32_t number; /* of its host; 0: not known whose it is */
  enum server_kind kind;
  struct sharding sharding;
  bool lz4; /* frames to it and from it may be compressed */
};

bool peer_same_address(const struct net_address *a,
                       const struct net_address *b);
/* Whatever is sent there stays in this machine. */
bool peer_is_loopback(const struct net_address *a);
/* "10.0.0.1", "::1": without brackets and port. */
enum { PEER_ADDRESS = 46 };
void peer_address(const struct net_address *a, char out[PEER_ADDRESS]);
/* The first bytes are not those of a v4 server: say whose they look like, in
 * one line.  n is at least 1. */
void peer_describe_stranger(char *out, size_t size, const uint8_t *bytes,
                            size_t n);

#endif
