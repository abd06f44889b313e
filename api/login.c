/* api/login.c - whose session it is: what the options say of logins, and the
 * callbacks that the program has for them. */
#include "api/internal.h"

#include <string.h>

_Static_assert((int)TALLY_SASL_BEGIN == (int)SASL_BEGIN &&
                   (int)TALLY_SASL_CHALLENGE == (int)SASL_CHALLENGE &&
                   (int)TALLY_SASL_SUCCESS == (int)SASL_SUCCESS &&
                   (int)TALLY_SASL_END == (int)SASL_END,
               "core and api number the steps of a login alike");

/* No sentence has the password. */
int login_check(const tally_options *o, tally_error *e) {
  if (is_given(o->user) && o->password == NULL)
    return error_set(e, TALLY_EINVAL,
                     "option user: there is no password for \"%.255s\": set "
                     "the option password",
                     o->user);
  if (!is_given(o->user) && is_given(o->password))
    return error_set(e, TALLY_EINVAL,
                     "option password: nobody to log in as: set the option "
                     "user");
  if (is_given(o->user) && o->credentials != NULL)
    return error_set(e, TALLY_EINVAL,
                     "option credentials: user and password are set already");
  if (is_given(o->user) && strlen(o->user) >= LOGIN_USER_MAX)
    return error_set(e, TALLY_EINVAL, "option user: longer than %d bytes",
                     LOGIN_USER_MAX - 1);
  if (is_given(o->user) && strlen(o->password) >= LOGIN_PASSWORD_MAX)
    return error_set(e, TALLY_EINVAL, "option password: longer than %d bytes",
                     LOGIN_PASSWORD_MAX - 1);
  return 0;
}

bool login_keep(tally_session *s, const tally_options *o) {
  s->credentials = o->credentials;
  s->sasl = o->sasl;
  s->login_user = o->login_user;
  s->allow_plaintext_password = o->allow_plaintext_password != 0;
  if (!keep_text(&s->heap, &s->authenticator, o->authenticator) ||
      !keep_text(&s->heap, &s->user, o->user))
    return false;
  if (s->user == NULL)
    return true;
  s->password_size = strlen(o->password) + 1;
  s->password = net_secret_alloc(s->password_size);
  if (s->password == NULL)
    return false;
  memcpy(s->password, o->password, s->password_size);
  return true;
}

void login_forget(tally_session *s) {
  net_secret_free(s->password, s->password_size);
  net_free(&s->heap, s->user);
  net_free(&s->heap, s->authenticator);
}

static bool ask_credentials(void *arg, const char *host,
                            char user[LOGIN_USER_MAX],
                            char password[LOGIN_PASSWORD_MAX]) {
  tally_session *s = arg;

  return s->credentials(s->login_user, host, user, password) == 0;
}

static bool ask_sasl(void *arg, struct sasl *of) {
  tally_session *s = arg;
  tally_sasl exchange = {.host = of->host,
                         .authenticator = of->authenticator,
                         .step = (int)of->step,
                         .challenge = of->challenge.p,
                         .challenge_len = of->challenge.len,
                         .response = of->response,
                         .response_cap = LOGIN_TOKEN_MAX,
                         .state = of->state};
  bool content = s->sasl(s->login_user, &exchange) == 0;

  of->response_len = exchange.response_len;
  of->state = exchange.state;
  return content;
}

void login_options(tally_session *s, struct login_settings *to) {
  to->user = s->user;
  to->password = s->password;
  to->authenticator = s->authenticator;
  to->plaintext = s->allow_plaintext_password;
  to->credentials = s->credentials != NULL ? ask_credentials : NULL;
  to->sasl = s->sasl != NULL ? ask_sasl : NULL;
  to->arg = s;
}
