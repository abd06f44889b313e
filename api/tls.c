/* api/tls.c - what the options say of TLS. */
#include "api/internal.h"

#include <stdio.h>
#include <string.h>

/* An hour in which a server's certificate may be withdrawn unseen, as it may as
 * long as a connection stands. */
#define RESUME_FOR (UINT64_C(3600) * 1000000000)

int tls_check(const tally_options *o, tally_error *e) {
  const struct {
    const char *name;
    const char *value;
  } texts[] = {{"tls_ca", o->tls_ca},
               {"tls_crl", o->tls_crl},
               {"tls_cert", o->tls_cert},
               {"tls_key", o->tls_key},
               {"tls_name", o->tls_name}};

  if (o->tls != TALLY_TLS_OFF && !tls_is_built_in())
    return error_set(e, TALLY_EINVAL,
                     "option tls: this build of Tally has no TLS "
                     "(TALLY_TLS=OFF)");
  /* Somebody believes to be safe. */
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
    if (o->tls == TALLY_TLS_OFF && is_given(texts[i].value))
      return error_set(e, TALLY_EINVAL,
                       "option %s: TLS is off: set the option tls",
                       texts[i].name);
  if (is_given(o->tls_cert) != is_given(o->tls_key))
    return error_set(e, TALLY_EINVAL,
                     "options tls_cert and tls_key: give both or none");
  if (is_given(o->tls_name) && o->tls_name_of != NULL)
    return error_set(e, TALLY_EINVAL,
                     "option tls_name_of: tls_name is set already");
  if (is_given(o->tls_name) && strlen(o->tls_name) >= TLS_NAME)
    return error_set(e, TALLY_EINVAL, "option tls_name: longer than %d bytes",
                     TLS_NAME - 1);
  return 0;
}

static bool ask_passphrase(void *arg, const char *file, char *out,
                           size_t size) {
  const tally_options *o = arg;

  return o->tls_passphrase(o->tls_user, file, out, size) == 0;
}

int tls_keep(tally_session *s, const tally_options *o, tally_error *e) {
  tally_options copy = *o;
  const struct tls_settings settings = {
      .ca = is_given(o->tls_ca) ? o->tls_ca : NULL,
      .crl = is_given(o->tls_crl) ? o->tls_crl : NULL,
      .cert = is_given(o->tls_cert) ? o->tls_cert : NULL,
      .key = is_given(o->tls_key) ? o->tls_key : NULL,
      .resume_for = o->tls == TALLY_TLS_VERIFY_FULL ? RESUME_FOR : 0,
      .verify = o->tls == TALLY_TLS_VERIFY_FULL,
      .passphrase = o->tls_passphrase != NULL ? ask_passphrase : NULL,
      .arg = &copy,
  };
  struct failure why;

  if (o->tls == TALLY_TLS_OFF)
    return 0;
  if (o->tls == TALLY_TLS_INSECURE_NO_VERIFY && o->log != NULL &&
      o->log_level >= TALLY_LOG_WARNING)
    o->log(o->log_user, TALLY_LOG_WARNING,
           "option tls: insecure-no-verify: whoever answers is believed, and "
           "may read and change all of it");
  s->tls_name_of = o->tls_name_of;
  s->tls_user = o->tls_user;
  if (!keep_text(&s->heap, &s->tls_name, o->tls_name))
    return error_no_memory(e);
  s->tls = tls_context_make(&settings, &why);
  if (s->tls != NULL)
    return 0;
  if (why.code == FAILURE_NO_MEMORY)
    return error_no_memory(e);
  return error_set(e, why.code, "option %s: %s", why.what, why.detail);
}

void tls_forget(tally_session *s) {
  tls_context_free(s->tls);
  net_free(&s->heap, s->tls_name);
}

static bool name_of(void *user, const struct net_address *address,
                    char name[TLS_NAME]) {
  tally_session *s = user;
  char text[PEER_ADDRESS];

  if (s->tls_name != NULL) {
    snprintf(name, TLS_NAME, "%s", s->tls_name);
    return true;
  }
  peer_address(address, text);
  if (s->tls_name_of(s->tls_user, text, address->port, name) != 0)
    return false;
  name[TLS_NAME - 1] = '\0';
  return name[0] != '\0';
}

void tls_options(tally_session *s, struct config *to) {
  to->tls = s->tls;
  to->tls_name = s->tls_name != NULL || s->tls_name_of != NULL ? name_of : NULL;
  to->tls_user = s;
}
