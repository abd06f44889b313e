/* tests/sim/wire.h - one TCP connection, as the server's end sees it.  The
 * network (wire.c) delivers bytes with delays, in order, in any pieces. */
#ifndef SIM_WIRE_H
#define SIM_WIRE_H

#include "tests/sim/world.h"

struct wire;
struct model_conn;

/* ---- The server does ---------------------------------------------------- */

/* Bytes for the client; copied. Ignored after wire_finish() and wire_reset(),
 * and once the connection is gone. */
void wire_send(struct wire *w, const void *bytes, size_t n);
/* FIN after what was sent.  Bytes of the client are still delivered. */
void wire_finish(struct wire *w);
/* RST: what was sent and has not arrived yet is lost.  model_gone() is not
 * called for it; the wire must not be used afterwards. */
void wire_reset(struct wire *w);
/* Nothing is delivered to the server until then. */
void wire_pause(struct wire *w, uint64_t until);

/* ---- The server is told (tests/sim/model.h) ----------------------------- */

/* A client has connected to this shard of host number `host`. */
struct model_conn *model_accept(unsigned host, unsigned shard, struct wire *w);
void model_receive(struct model_conn *c, const uint8_t *bytes, size_t n);
/* The client has closed, or the connection was lost: the wire must not be used
 * afterwards. What the host had received may still be applied. */
void model_gone(struct model_conn *c);

#endif
