#include "tests/support/tls_certs.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

static void must(bool done) {
  if (!done)
    abort();
}

static void extend(X509 *x509, X509 *issuer, int nid, const char *value) {
  X509V3_CTX ctx;
  X509_EXTENSION *e;

  X509V3_set_ctx(&ctx, issuer, x509, NULL, NULL, 0);
  e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
  must(e != NULL && X509_add_ext(x509, e, -1) == 1);
  X509_EXTENSION_free(e);
}

void cert_make(struct cert *c, const struct cert_spec *s) {
  static long serial = 1000;
  X509_NAME *name;
  X509 *issuer;

  if (s->twin != NULL && EVP_PKEY_up_ref(s->twin->key) == 1)
    c->key = s->twin->key;
  else
    c->key = s->weak ? EVP_RSA_gen(1024) : EVP_EC_gen("P-256");
  c->x509 = X509_new();
  must(c->key != NULL && c->x509 != NULL);
  issuer = s->issuer != NULL ? s->issuer->x509 : c->x509;
  X509_set_version(c->x509, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(c->x509), serial++);
  X509_time_adj_ex(X509_getm_notBefore(c->x509), (int)s->from_days, -3600,
                   NULL);
  X509_time_adj_ex(X509_getm_notAfter(c->x509),
                   (int)(s->to_days != 0 ? s->to_days : 30), 0, NULL);
  X509_set_pubkey(c->x509, c->key);
  name = X509_get_subject_name(c->x509);
  must(X509_NAME_add_entry_by_txt(
           name, "CN", MBSTRING_UTF8,
           (const unsigned char *)(s->common_name ? s->common_name : "tests"),
           -1, -1, 0) == 1);
  must(X509_set_issuer_name(c->x509, X509_get_subject_name(issuer)) == 1);
  extend(c->x509, issuer, NID_basic_constraints,
         s->is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (!s->is_ca)
    extend(c->x509, issuer, NID_ext_key_usage,
           s->for_clients ? "clientAuth" : "serverAuth");
  if (s->names != NULL)
    extend(c->x509, issuer, NID_subject_alt_name, s->names);
  must(X509_sign(c->x509, s->issuer != NULL ? s->issuer->key : c->key,
                 s->sha1 ? EVP_sha1() : EVP_sha256()) > 0);
}

void cert_free(struct cert *c) {
  X509_free(c->x509);
  EVP_PKEY_free(c->key);
  *c = (struct cert){NULL, NULL};
}

void cert_write(const struct cert *c, const char *path) {
  FILE *file = fopen(path, "w");

  must(file != NULL && PEM_write_X509(file, c->x509) == 1);
  must(fclose(file) == 0);
}

void cert_write_key(const struct cert *c, const char *path,
                    const char *passphrase) {
  FILE *file = fopen(path, "w");

  must(file != NULL &&
       PEM_write_PKCS8PrivateKey(
           file, c->key, passphrase != NULL ? EVP_aes_256_cbc() : NULL, NULL, 0,
           NULL, (void *)(uintptr_t)passphrase) == 1);
  must(fclose(file) == 0);
}

void cert_revoke(const struct cert *issuer, const struct cert *revoked,
                 long days, const char *path) {
  FILE *file = fopen(path, "a");
  X509_REVOKED *entry;
  ASN1_TIME *when = ASN1_TIME_new();
  X509_CRL *crl = X509_CRL_new();

  must(file != NULL && when != NULL && crl != NULL);
  X509_CRL_set_version(crl, X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->x509));
  X509_time_adj_ex(when, days < 0 ? (int)days - 1 : 0, -3600, NULL);
  X509_CRL_set1_lastUpdate(crl, when);
  if (revoked != NULL) {
    entry = X509_REVOKED_new();
    must(entry != NULL);
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked->x509));
    X509_REVOKED_set_revocationDate(entry, when);
    must(X509_CRL_add0_revoked(crl, entry) == 1);
  }
  X509_time_adj_ex(when, (int)days, 0, NULL);
  X509_CRL_set1_nextUpdate(crl, when);
  must(X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0 &&
       PEM_write_X509_CRL(file, crl) == 1 && fclose(file) == 0);
  ASN1_TIME_free(when);
  X509_CRL_free(crl);
}
