/* tests/unit/house.h - a rig whose server is behind TLS, with certificates of
 * any kind. */
#ifndef TALLY_TESTS_HOUSE_H
#define TALLY_TESTS_HOUSE_H

#include "tests/support/tls_front.h"
#include "tests/unit/hosts_rig.h"

/* What one case needs; the files are in a folder of their own. */
struct pki {
  struct cert ca, other_ca, server, client;
  char folder[32];
  char ca_file[64], crl_file[64], cert_file[64], key_file[64];
};

struct house {
  struct rig r;
  struct pki pki;
  struct front *front;
  struct front_settings settings;
  char hosts[64];
};

/* The server is db.example, which is good, and the client is to verify it: edit
 * the options then, and connect. */
void house_begin(struct house *h, int mode);
void house_end(struct house *h);
/* The contact point is called so. */
void house_names(struct house *h, const char *host);
/* Another certificate, signed by the CA that the client trusts unless the
 * specification says who does. */
void house_cert(struct house *h, const struct cert_spec *spec);
/* The server wants a login, and the client has one. */
void house_wants_login(struct house *h);
/* On the connections that the front has taken since number n, of which there
 * are some, a client has said no more than it takes for a handshake to fail: no
 * data, and nothing of the login or of a table.  They have to be over. */
void house_was_silent(struct front *f, unsigned n);
/* It connects, and an increment counts. */
void house_counts(struct house *h);
/* It does not, and says these words; nothing was sent to whoever that is. */
void house_refuses(struct house *h, int code, const char *words);

/* A second host of the cluster, behind a front of its own, where the client is
 * led: the servers know of their own ports alone. */
struct street {
  struct peer peer;
  struct front *front;
  const char *name;       /* what tls_name_of() says of it, where that is set */
  _Atomic unsigned named; /* ... and how often */
};

/* After house_begin(); the front has the house's settings until told. */
void street_begin(struct street *s, struct house *h);
/* The name of the second host is `name`, by tls_name_of(). */
void street_names(struct street *s, struct house *h, const char *name);
/* Instead of house_end(). */
void street_end(struct street *s, struct house *h);
/* The second host is up; *seen is what there is to see of it. */
bool street_is_up(struct house *h, struct seen *seen);

#endif
