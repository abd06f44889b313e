/* core/channel.h - the bytes of one connection: a socket, and TLS around it
 * where there is any.
 *
 * What is written is accepted when the system has it: under TLS that is when it
 * has all of the record which the bytes are in, since a record that is cut off
 * is none.  So one record is under way at a time. */
#ifndef CHANNEL_H
#define CHANNEL_H

#include "core/net.h"
#include "core/tls.h"

struct channel {
  struct net_socket *socket; /* NULL: closed */
  struct tls *tls;           /* NULL: plaintext */
  size_t sealed;             /* bytes in the record under way ... */
  size_t record;             /* ... and those of it that are to be sent */
  size_t greeted;            /* bytes of the peer's handshake */
  bool blocked;              /* TLS is to hear more before it seals */
  bool filled;               /* more may wait than the last read took */
  unsigned turns;            /* the socket may be read so often, under TLS */
};

/* 0, or a negative errno.  tls == NULL: plaintext; `name` is the peer's. */
int channel_open(struct channel *ch, struct net_loop *loop,
                 const struct net_address *to, const struct net_source *from,
                 uint32_t user_timeout_ms,
                 const struct net_socket_events *events, void *arg,
                 struct tls_context *tls, const char *name);
/* After `connected`, and with whatever becomes readable until it is done; done
 * at once without TLS.  A peer that says more than a handshake has is given
 * up: anybody may be who speaks there. */
enum tls_rc channel_handshake(struct channel *ch, struct failure *why);
/* Before the reads of a turn.  Under TLS a read of the socket may have many
 * records, which nothing else tells of: channel_read() is to be called until
 * it has none, and reads the socket so often meanwhile. */
void channel_begin_reads(struct channel *ch, unsigned turns);
/* As net_socket_read(); -EPROTO: the peer has ended TLS or broken its rules. */
ptrdiff_t channel_read(struct channel *ch, void *buf, size_t len);
/* What a negative number of channel_read() or channel_write() says. */
const char *channel_error_text(const struct channel *ch, ptrdiff_t error);
/* As net_socket_write(): how many bytes of buf are accepted.  The rest must be
 * what the next call begins with.  -EAGAIN and channel_is_blocked(): it can go
 * on when a read has brought something, and not before. */
ptrdiff_t channel_write(struct channel *ch, const void *buf, size_t len);
bool channel_is_blocked(const struct channel *ch);
/* The channel itself has something to send. */
bool channel_is_pending(const struct channel *ch);
void channel_close(struct channel *ch);

#endif
