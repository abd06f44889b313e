/* core/handshake.h - a connection's own messages, on stream 0: the handshake
 * and heartbeats. */
#ifndef HANDSHAKE_H
#define HANDSHAKE_H

#include "core/conn_fsm.h"
#include "core/context.h"
#include "core/login.h"
#include "core/peer.h"
#include "proto/frame.h"

/* OPTIONS, STARTUP, or the login's AUTH_RESPONSE; as the encoders of
 * proto/request.h.  None of them is ever compressed: STARTUP must not be, and
 * how long a password is when compressed tells of it. */
size_t handshake_encode(enum cql_opcode opcode, const struct peer *peer,
                        const struct login *login, void *out, size_t cap);

/* What a message of the peer's is for the life of a connection in this state.
 * `why` is filled in for those that end it; SUPPORTED says what kind of server
 * the peer is and whether compression, if it is wanted, will be; and the login
 * takes its own steps. */
enum conn_event handshake_event(struct context *c,
                                const struct cql_frame *frame,
                                enum conn_state state, struct peer *peer,
                                struct login *login, struct failure *why);

#endif
