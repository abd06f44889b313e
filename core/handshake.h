/* core/handshake.h - a connection's own messages, on stream 0: the handshake
 * and heartbeats. */
#ifndef HANDSHAKE_H
#define HANDSHAKE_H

#include "core/conn_fsm.h"
#include "core/peer.h"
#include "proto/frame.h"

enum { HANDSHAKE_BYTES = 128 }; /* the longest request has fewer */

/* OPTIONS or STARTUP; returns its length. */
size_t handshake_encode(enum cql_opcode opcode, uint8_t out[HANDSHAKE_BYTES]);

/* What a message of the peer's is for the life of a connection in this state.
 * `why` is filled in for those that end it; SUPPORTED says what kind of server
 * the peer is. */
enum conn_event handshake_event(const struct cql_frame *frame,
                                enum conn_state state, struct peer *peer,
                                struct failure *why);

#endif
