/* api/url.c - options from a URL. */
#include "api/internal.h"

#include <string.h>

/* One part of it, undecoded. */
struct part {
  const char *p;
  size_t len;
};

static int refuse_password(tally_error *e) {
  error_set(e, TALLY_EINVAL,
            "url: it has a password, and a URL is shown to others (in front of "
            "\"@\" is no \":\", elsewhere \"@\" is written %%40)");
  if (e != NULL)
    text_copy(e->hint, sizeof e->hint,
              "set the option password; the command reads TALLY_PASSWORD and "
              "--password-file");
  return TALLY_EINVAL;
}

/* ---- %41 ---------------------------------------------------------------- */

static int hex(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c = (char)(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False: a "%" without two digits behind it, or %00. */
static bool decode(struct text *to, struct part part) {
  for (size_t i = 0; i < part.len; i++) {
    char c = part.p[i];

    if (c == '%') {
      int high = i + 2 < part.len ? hex(part.p[i + 1]) : -1;
      int low = high < 0 ? -1 : hex(part.p[i + 2]);

      if (low < 0 || high + low == 0)
        return false;
      c = (char)(high * 16 + low);
      i += 2;
    }
    text_bytes(to, &c, 1);
  }
  return true;
}

/* ---- Parts -------------------------------------------------------------- */

static int set(tally_options *o, struct part name, struct part value,
               tally_error *e) {
  static const struct net_heap heap;
  struct text setting;
  int rc;

  text_init(&setting, &heap);
  text_bytes(&setting, name.p, name.len);
  text_add(&setting, "=");
  if (!decode(&setting, value))
    rc = error_set(e, TALLY_EINVAL,
                   "url: %.*s: \"%.*s\": behind \"%%\" stand two hexadecimal "
                   "digits, and not 00; \"%%\" itself is %%25",
                   (int)name.len, name.p, (int)value.len, value.p);
  else
    rc = setting.failed ? error_no_memory(e)
                        : tally_options_set(o, setting.p, e);
  net_free(&heap, setting.p);
  return rc;
}

static int set_place(tally_options *o, const char *name, struct part value,
                     tally_error *e) {
  return set(o, (struct part){name, strlen(name)}, value, e);
}

/* What has to be asked before any part is shown: where is the "@" that a user,
 * and perhaps a password with whatever in it, stands in front of? */
static int cut_user(const char **rest, struct part *user, tally_error *e) {
  const char *at = NULL;

  for (const char *s = *rest; *s != '\0'; s++)
    at = *s == '@' ? s : at;
  if (at == NULL)
    return 0;
  *user = (struct part){*rest, (size_t)(at - *rest)};
  *rest = at + 1;
  if (memchr(user->p, ':', user->len) != NULL)
    return refuse_password(e);
  if (user->len == 0 || strcspn(user->p, "/?,") < user->len)
    return error_set(e, TALLY_EINVAL,
                     "url: \"@\" stands behind a user, and for itself as %%40");
  return 0;
}

static int set_keyspace(tally_options *o, struct part keyspace,
                        tally_error *e) {
  if (keyspace.len == 0)
    return 0;
  if (memchr(keyspace.p, '/', keyspace.len) != NULL)
    return error_set(e, TALLY_EINVAL,
                     "url: keyspace \"%.*s\": there is nothing behind its name "
                     "but \"?\" (%%2F stands for \"/\")",
                     (int)keyspace.len, keyspace.p);
  return set_place(o, "keyspace", keyspace, e);
}

/* ---- Parameters --------------------------------------------------------- */

static struct part name_of(const char *parameter) {
  return (struct part){parameter, strcspn(parameter, "=&")};
}

/* `first` is the first parameter; this one may be given, and was not yet? */
static int check_name(const char *first, struct part name, tally_error *e) {
  static const char *const places[] = {"hosts", "user", "keyspace"};

  if (options_same_name(name.p, name.len, "password"))
    return refuse_password(e);
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
    if (options_same_name(name.p, name.len, places[i]))
      return error_set(e, TALLY_EINVAL,
                       "url: %s is no parameter: write "
                       "cassandra://user@hosts/keyspace",
                       places[i]);
  for (const char *s = first; s < name.p; s += strcspn(s, "&") + 1) {
    struct part other = name_of(s);

    if (other.len == name.len && memcmp(other.p, name.p, name.len) == 0)
      return error_set(e, TALLY_EINVAL, "url: %.*s is given twice",
                       (int)name.len, name.p);
  }
  return 0;
}

static int set_parameters(tally_options *o, const char *first, tally_error *e) {
  int rc = 0;

  for (const char *s = first; rc == 0 && *s != '\0';) {
    size_t len = strcspn(s, "&");
    struct part name = name_of(s);
    size_t value = name.len + (name.len < len);

    rc = check_name(first, name, e);
    if (rc == 0 && name.len == len)
      rc = error_set(e, TALLY_EINVAL, "url: \"%.*s\" is not name=value",
                     (int)len, s);
    if (rc == 0)
      rc = set(o, name, (struct part){s + value, len - value}, e);
    s += len;
    s += *s == '&';
  }
  return rc;
}

/* ------------------------------------------------------------------------- */

static const char *behind_scheme(const char *url) {
  static const char *const schemes[] = {"cassandra://", "scylla://"};

  for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
    size_t len = strlen(schemes[i]);

    if (strncmp(url, schemes[i], len) == 0)
      return url + len;
  }
  return NULL;
}

static int read_url(tally_options *o, const char *url, tally_error *e) {
  struct part hosts, keyspace = {"", 0}, user = {"", 0};
  const char *rest = behind_scheme(url);
  size_t len;
  int rc;

  if (rest == NULL)
    return error_set(e, TALLY_EINVAL,
                     "url: \"%.*s\" is not how it begins: write cassandra:// "
                     "or scylla://",
                     (int)strcspn(url, ":/@?"), url);
  rc = cut_user(&rest, &user, e);
  if (rc != 0)
    return rc;
  len = strcspn(rest, "/?");
  hosts = (struct part){rest, len};
  rest += len;
  if (*rest == '/') {
    keyspace = (struct part){rest + 1, strcspn(rest + 1, "?")};
    rest = keyspace.p + keyspace.len;
  }
  if (user.len > 0)
    rc = set_place(o, "user", user, e);
  if (rc == 0)
    rc = set_parameters(o, rest + (*rest == '?'), e);
  if (rc == 0)
    rc = set_keyspace(o, keyspace, e);
  if (rc == 0 && len == 0)
    rc = error_set(e, TALLY_EINVAL, "url: it names no host");
  return rc == 0 ? set_place(o, "hosts", hosts, e) : rc;
}

/* All of it or nothing. */
int tally_options_url(tally_options *options, const char *url,
                      tally_error *error) {
  size_t size = options->struct_size;
  tally_options next;
  void *texts;
  int rc;

  if (size > sizeof next)
    size = sizeof next;
  memset(&next, 0, sizeof next);
  memcpy(&next, options, size);
  texts = next.texts;
  rc = read_url(&next, url, error);
  if (rc == 0)
    memcpy(options, &next, size);
  else
    options_forget(&next, texts);
  return rc;
}
