/* core/tls_session.h - TLS sessions to go on with: tickets of servers, of which
 * each is used once.
 *
 * Whoever goes on with a session is not verified again: it is the one that was,
 * so sessions are kept for a peer, which is an address and the name that its
 * certificate was valid for, and for a time since that was verified.  All loops
 * share them. */
#ifndef TLS_SESSION_H
#define TLS_SESSION_H

#include <openssl/ssl.h>
#include <stdint.h>

/* Of all peers, and of one: the oldest go. */
enum { TLS_SESSIONS = 128, TLS_SESSIONS_PEER = 4 };

struct tls_sessions;

/* NULL: no memory. */
struct tls_sessions *tls_sessions_make(void);
void tls_sessions_free(struct tls_sessions *s);
/* The session is given away.  It may be taken until `end` (net_clock()). */
void tls_sessions_put(struct tls_sessions *s, const char *peer,
                      SSL_SESSION *session, uint64_t end);
/* The latest of this peer's, with its end; NULL: there is none. */
SSL_SESSION *tls_sessions_take(struct tls_sessions *s, const char *peer,
                               uint64_t now, uint64_t *end);

#endif
