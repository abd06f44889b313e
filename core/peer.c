#include "core/peer.h"

#include <stdio.h>
#include <string.h>

enum { TLS_ALERT = 0x15, TLS_HANDSHAKE = 0x16 };

bool peer_same_address(const struct net_address *a,
                       const struct net_address *b) {
  return a->len == b->len && a->port == b->port && a->scope == b->scope &&
         memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* 127.0.0.0/8, ::1, and the former as an IPv6 address. */
bool peer_is_loopback(const struct net_address *a) {
  static const uint8_t one[16] = {[15] = 1};
  static const uint8_t mapped[13] = {[10] = 0xff, [11] = 0xff, [12] = 127};

  if (a->len == 4)
    return a->bytes[0] == 127;
  return memcmp(a->bytes, one, sizeof one) == 0 ||
         memcmp(a->bytes, mapped, sizeof mapped) == 0;
}

void peer_address(const struct net_address *a, char out[PEER_ADDRESS]) {
  char full[NET_ADDRESS_TEXT];
  bool is_v6 = a->len == 16;
  const char *from = full + is_v6;
  size_t len;

  net_address_text(a, full);
  len = strcspn(from, is_v6 ? "]" : ":");
  if (len >= PEER_ADDRESS)
    len = PEER_ADDRESS - 1;
  memcpy(out, from, len);
  out[len] = '\0';
}

/* As much of the bytes as is plain text. */
static size_t printable(char *out, size_t size, const uint8_t *bytes,
                        size_t n) {
  size_t i;

  for (i = 0; i < n && i + 1 < size; i++) {
    if (bytes[i] < 0x20 || bytes[i] > 0x7e)
      break;
    out[i] = (char)bytes[i];
  }
  out[i] = '\0';
  return i;
}

void peer_describe_stranger(char *out, size_t size, const uint8_t *bytes,
                            size_t n) {
  char text[41];

  if (bytes[0] >= 0x81 && bytes[0] <= 0x83)
    snprintf(out, size,
             "the server speaks v%d only; Tally needs native protocol v4 "
             "(Cassandra 2.2 or later, ScyllaDB)",
             bytes[0] & 0x7f);
  else if (bytes[0] == TLS_ALERT || bytes[0] == TLS_HANDSHAKE)
    snprintf(out, size, "it answered with a TLS record: this port wants TLS");
  else if (printable(text, sizeof text, bytes, n) >= 4)
    snprintf(out, size,
             "it answered \"%s\": not a CQL server, perhaps the wrong port",
             text);
  else
    snprintf(out, size, "its first byte is 0x%02x, a v4 server's is 0x84",
             (unsigned)bytes[0]);
}
