/* tests/sim/view.h - reads along what each loop of the client knows of the
 * cluster, and holds what it does against that, and against the model.
 *
 * The only part of the simulator that looks into the library's own state: what
 * a loop believes cannot be seen from outside. */
#ifndef SIM_VIEW_H
#define SIM_VIEW_H

#include "core/net.h"

/* `loop` is the client's, as net_loop_open() was given it. */
void view_begin(void);
void view_loop_opened(const void *loop);
void view_loop_closed(const void *loop);
/* Its turn is over. */
void view_turned(const void *loop);

/* It opens a socket to this address; the socket was connected; it is closed.
 * `host` is MODEL_HOSTS where nobody is. */
/* So many connections to a host one loop may want. */
unsigned view_wanted(void);
void view_opens(const void *loop, const struct net_address *to);
void view_connected(const void *loop, unsigned host);
void view_closed(const void *loop, unsigned host, bool connected);

/* What went over a socket of this connection to the host: an EXECUTE with the
 * id (and of the increment with that number, or 0), an answer to a PREPARE, any
 * answer.  first: of the connection. */
void view_executes(const void *loop, const void *conn, unsigned host,
                   uint32_t stream, uint32_t number, const uint8_t *id,
                   size_t id_len);
void view_prepared(const void *loop, unsigned host, const uint8_t *id,
                   size_t id_len);
void view_answered(const void *loop, unsigned host, bool first);

/* All loops know the cluster as it is. */
bool view_is_true(void);

#endif
