/* core/tls.h - the second seam: TLS, as bytes in and bytes out.
 *
 * core/tls.c is OpenSSL's side, and with core/tls_session.c all there is of
 * it; a build without TLS has core/tls_none.c.  Nothing here knows of sockets:
 * the caller brings what the peer sent, takes away what is to be sent, and
 * nothing is called back. */
#ifndef TLS_H
#define TLS_H

#include <stdbool.h>

#include "core/failure.h"

/* What all connections of a session have in common: immutable, and shared by
 * all loops. */
struct tls_context;

struct tls_settings {
  const char *ca;   /* a file of certificates; NULL: the system's store */
  const char *crl;  /* a file of lists of revoked ones; NULL: not looked for */
  const char *cert; /* files of the client's own; NULL: none */
  const char *key;
  bool verify; /* chain and name: always, but for who said "insecure" */
  /* Nanoseconds since a peer was verified in which its TLS session may be gone
   * on with; 0: it never is, as for peers that are not verified. */
  uint64_t resume_for;
  /* Writes the passphrase of the key, with its NUL; false: there is none. */
  bool (*passphrase)(void *arg, const char *file, char *out, size_t size);
  void *arg;
};

/* True when this build has TLS. */
bool tls_is_built_in(void);
/* NULL and *why: a file cannot be read, or does not fit. */
struct tls_context *tls_context_make(const struct tls_settings *settings,
                                     struct failure *why);
void tls_context_free(struct tls_context *c);

/* One connection. */
struct tls;
enum { TLS_NAME = 256 }; /* with its NUL */

/* `name` is what the peer's certificate must be valid for: a host name, or an
 * address as text.  `address` is where it is; it goes on with sessions of the
 * same name and address alone.  NULL: no memory. */
struct tls *tls_open(struct tls_context *c, const char *name,
                     const char *address);
void tls_free(struct tls *t);

enum tls_rc {
  TLS_DONE,
  TLS_MORE,   /* the peer is to speak first */
  TLS_FAILED, /* and *why says how */
};

/* Go on with the handshake.  Nothing of the caller's is sealed before it is
 * done, which includes that the peer is who it should be. */
enum tls_rc tls_handshake(struct tls *t, struct failure *why);
/* What the peer sent.  False: no memory. */
bool tls_feed(struct tls *t, const uint8_t *bytes, size_t n);
/* What is to be sent, and how much of it the system has taken. */
size_t tls_pending(struct tls *t, const uint8_t **bytes);
void tls_sent(struct tls *t, size_t n);
/* The most that one record has. */
enum { TLS_RECORD = 16 * 1024 };
/* Make one record of n bytes, TLS_RECORD at most; pending is what is to be
 * sent then.  TLS_MORE: half of something has come that is to be whole before;
 * TLS_FAILED: it is over.  Both have made none. */
enum tls_rc tls_seal(struct tls *t, const uint8_t *bytes, size_t n);
/* What the peer's records have: bytes, 0 at the end, -EAGAIN when it is to
 * speak first, -EPROTO when it breaks the rules. */
ptrdiff_t tls_read(struct tls *t, void *buf, size_t len);
/* Why it was -EPROTO: "tlsv13 alert certificate required". */
const char *tls_reason(const struct tls *t);
/* Say goodbye: pending has it. */
void tls_shut(struct tls *t);

#endif
