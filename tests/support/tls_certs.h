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
  bool is_ca;
  bool for_clients; /* that alone is what it may be used for */
  bool weak;        /* 1,024 bits, SHA-1 */
  long from_days;   /* from today on */
  long to_days;     /* 0: 30 */
};

void cert_make(struct cert *c, const struct cert_spec *spec);
void cert_free(struct cert *c);
/* Into a file of this folder; the passphrase of the key may be NULL. */
void cert_write(const struct cert *c, const char *path);
void cert_write_key(const struct cert *c, const char *path,
                    const char *passphrase);

#endif
