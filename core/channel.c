#include "core/channel.h"

#include <errno.h>

enum {
  HANDSHAKE_READS = 4,        /* of the socket, in one turn */
  HANDSHAKE_MAX = 256 * 1024, /* bytes: long chains have 10 KiB */
  ANSWERS_MAX = 64 * 1024,    /* of TLS to the peer's TLS, unsent */
};

int channel_open(struct channel *ch, struct net_loop *loop,
                 const struct net_address *to, const struct net_source *from,
                 uint32_t user_timeout_ms,
                 const struct net_socket_events *events, void *arg,
                 struct tls_context *tls, const char *name) {
  char address[NET_ADDRESS_TEXT];
  int rc;

  *ch = (struct channel){0};
  if (tls != NULL) {
    net_address_text(to, address);
    ch->tls = tls_open(tls, name, address);
    if (ch->tls == NULL)
      return -ENOMEM;
  }
  rc = net_socket_open(&ch->socket, loop, to, from, user_timeout_ms, events,
                       arg);
  if (rc != 0) {
    ch->socket = NULL;
    channel_close(ch);
  }
  return rc;
}

/* ---- What TLS itself sends ---------------------------------------------- */

bool channel_is_blocked(const struct channel *ch) {
  return ch->blocked;
}

bool channel_is_pending(const struct channel *ch) {
  const uint8_t *bytes;

  return ch->tls != NULL && tls_pending(ch->tls, &bytes) > 0;
}

/* Hand over what is pending.  Returns 0 when all of it was taken, else what the
 * socket says; *accepted is the bytes of the record that was taken whole. */
static int send_pending(struct channel *ch, size_t *accepted) {
  const uint8_t *bytes;
  size_t n;

  *accepted = 0;
  while ((n = tls_pending(ch->tls, &bytes)) > 0) {
    ptrdiff_t taken = net_socket_write(ch->socket, bytes, n);

    if (taken < 0)
      return (int)taken;
    tls_sent(ch->tls, (size_t)taken);
    if (ch->record > (size_t)taken) {
      ch->record -= (size_t)taken;
    } else if (ch->record > 0) {
      *accepted += ch->sealed;
      ch->record = ch->sealed = 0;
    }
    if ((size_t)taken < n)
      return -EAGAIN;
  }
  return 0;
}

/* ---- Handshake ---------------------------------------------------------- */

/* What one read of the socket has, handed to TLS. */
static ptrdiff_t take_records(struct channel *ch) {
  uint8_t bytes[TLS_RECORD];
  ptrdiff_t n = net_socket_read(ch->socket, bytes, sizeof bytes);

  ch->filled = n == (ptrdiff_t)sizeof bytes;
  if (n > 0)
    ch->blocked = false;
  if (n > 0 && !tls_feed(ch->tls, bytes, (size_t)n))
    return -ENOMEM;
  return n;
}

static enum tls_rc lost(struct failure *why, ptrdiff_t n) {
  why->code = FAILURE_CONNECT;
  why->what = "the server closed the connection";
  failure_detail(why, "while TLS was agreed on%s%s", n < 0 ? ": " : "",
                 n < 0 ? net_error_text((int)n) : "");
  return TLS_FAILED;
}

enum tls_rc channel_handshake(struct channel *ch, struct failure *why) {
  enum tls_rc rc;
  size_t accepted;
  ptrdiff_t n;
  int sent;

  if (ch->tls == NULL)
    return TLS_DONE;
  for (int reads = 0;; reads++) {
    rc = tls_handshake(ch->tls, why);
    /* An alert, too: the peer may want to know. */
    sent = send_pending(ch, &accepted);
    if (rc == TLS_FAILED)
      return rc;
    if (sent != 0 && sent != -EAGAIN)
      return lost(why, sent);
    if (rc == TLS_DONE)
      return rc;
    n = reads < HANDSHAKE_READS ? take_records(ch) : -EAGAIN;
    if (n == -EAGAIN)
      return TLS_MORE;
    if (n <= 0)
      return lost(why, n);
    ch->greeted += (size_t)n;
    if (ch->greeted > HANDSHAKE_MAX) {
      why->what = "the TLS handshake failed";
      failure_detail(why, "it has no end: over %d bytes", HANDSHAKE_MAX);
      return TLS_FAILED;
    }
  }
}

/* ---- Bytes -------------------------------------------------------------- */

void channel_begin_reads(struct channel *ch, unsigned turns) {
  ch->turns = turns;
}

/* It asks for handshakes, and takes no answer. */
static bool is_flooded(const struct channel *ch) {
  const uint8_t *bytes;

  return tls_pending(ch->tls, &bytes) > ch->record + ANSWERS_MAX;
}

ptrdiff_t channel_read(struct channel *ch, void *buf, size_t len) {
  ptrdiff_t n;

  if (ch->tls == NULL) {
    n = net_socket_read(ch->socket, buf, len);
    ch->filled = n > 0 && (size_t)n == len;
    return n;
  }
  while ((n = tls_read(ch->tls, buf, len)) == -EAGAIN && ch->turns > 0) {
    ch->turns--;
    n = take_records(ch);
    if (n <= 0)
      return n;
  }
  return is_flooded(ch) ? -EPROTO : n;
}

const char *channel_error_text(const struct channel *ch, ptrdiff_t error) {
  if (ch->tls == NULL || error != -EPROTO)
    return net_error_text((int)error);
  return is_flooded(ch) ? "it asks for TLS handshakes and takes no answer"
                        : tls_reason(ch->tls);
}

ptrdiff_t channel_write(struct channel *ch, const void *buf, size_t len) {
  const uint8_t *bytes = buf, *pending;
  size_t accepted = 0, some;
  enum tls_rc sealed;
  int rc;

  if (ch->tls == NULL)
    return net_socket_write(ch->socket, buf, len);
  for (;;) {
    rc = send_pending(ch, &some);
    accepted += some;
    /* An error comes back; what was accepted is not told again. */
    if (rc != 0)
      return accepted > 0 ? (ptrdiff_t)accepted : rc;
    if (accepted == len)
      return (ptrdiff_t)accepted;
    ch->sealed = len - accepted;
    if (ch->sealed > TLS_RECORD)
      ch->sealed = TLS_RECORD;
    sealed = tls_seal(ch->tls, bytes + accepted, ch->sealed);
    if (sealed != TLS_DONE) {
      ch->sealed = 0;
      ch->blocked = sealed == TLS_MORE;
      if (accepted > 0)
        return (ptrdiff_t)accepted;
      return ch->blocked ? -EAGAIN : -EPROTO;
    }
    ch->record = tls_pending(ch->tls, &pending);
  }
}

void channel_close(struct channel *ch) {
  size_t accepted;

  if (ch->tls != NULL && ch->socket != NULL && ch->record == 0) {
    tls_shut(ch->tls);
    (void)send_pending(ch, &accepted);
  }
  tls_free(ch->tls);
  ch->tls = NULL;
  if (ch->socket != NULL)
    net_socket_close(ch->socket);
  ch->socket = NULL;
  ch->filled = false;
}
