/* tests/support/tls_certs.h - certificates of any kind, made when they are
 * needed. */
#ifndef TALLY_TESTS_TLS_CERTS_H
#define TALLY_TESTS_TLS_CERTS_H

#include <openssl/x509.h>
#include <stdbool.h>

struct cert {
  X509 *x509;
  EVP_PKEY *key;
};

/* Zeroed is a good certificate of a server, but for its names. */
struct cert_spec {
  const char *common_name;
  const char *names;         /* "DNS:db.example,IP:127.0.0.1"; NULL: none */
  const struct cert *issuer; /* NULL: it signs itself */
  const struct cert *twin;   /* another one of the same key; NULL: its own */
  bool is_ca;
  bool for_clients; /* that alone is what it may be used for */
  bool weak;        /* 1,024 bits of RSA */
  bool sha1;        /* signed with that */
  long from_days;   /* from today on */
  long to_days;     /* 0: 30 */
};

void cert_make(struct cert *c, const struct cert_spec *spec);
void cert_free(struct cert *c);
/* Into a file of this folder; the passphrase of the key may be NULL. */
void cert_write(const struct cert *c, const char *path);
void cert_write_key(const struct cert *c, const char *path,
                    const char *passphrase);
/* At the end of the file: the issuer's list of revoked certificates, which has
 * this one (NULL: none), until so many days from today on. */
void cert_revoke(const struct cert *issuer, const struct cert *revoked,
                 long days, const char *path);

#endif
