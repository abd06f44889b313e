/* tool/password.c - two kinds of files: lines of
 * host:port:keyspace:user:password as PostgreSQL's .pgpass has them, and
 * cqlsh's credentials.  No message has anything of what is in them but numbers
 * of lines. */
#include "tool/password.h"

#include "tool/contacts.h"
#include "tool/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HOST, PORT, KEYSPACE, USER, PASSWORD, FIELDS };

static bool is_set(const char *text) {
  return text != NULL && text[0] != '\0';
}

/* What stands in the file must fit where it goes. */
static int take(struct login *to, const struct secret *file, int line,
                const char *user, const char *password) {
  if (user[0] == '\0' || strlen(user) >= sizeof to->user ||
      password[0] == '\0' || strlen(password) >= sizeof to->password)
    return report_usage(NULL,
                        "password file %s line %d: user or password is empty, "
                        "or longer than %zu and %zu bytes",
                        file->path, line, sizeof to->user - 1,
                        sizeof to->password - 1);
  snprintf(to->user, sizeof to->user, "%s", user);
  snprintf(to->password, sizeof to->password, "%s", password);
  snprintf(to->source, sizeof to->source, "%.120s line %d", file->path, line);
  return STATUS_DONE;
}

/* ---- host:port:keyspace:user:password ----------------------------------- */

/* The field that *s begins with, without its escapes, in place; *s is behind
 * its colon afterwards, or NULL. */
static char *cut_field(char **s) {
  char *field = *s, *from = *s, *to = *s;

  for (; *from != '\0' && *from != ':'; from++) {
    if (*from == '\\' && from[1] != '\0')
      from++;
    *to++ = *from;
  }
  *s = *from == ':' ? from + 1 : NULL;
  *to = '\0';
  return field;
}

static bool cut_line(char *line, char *fields[FIELDS]) {
  for (int i = 0; i < FIELDS; i++) {
    if (line == NULL)
      return false;
    fields[i] = cut_field(&line);
  }
  return line == NULL;
}

static bool fits(const char *field, const char *value) {
  return strcmp(field, "*") == 0 || strcmp(field, value) == 0;
}

/* Any of the hosts will do: they are of one cluster, which has one login. */
static bool fits_a_host(char *const *fields, const tally_options *o) {
  const char *hosts = o->hosts;
  struct contact c;
  char port[8];

  while (contact_next(&hosts, o->port, &c)) {
    snprintf(port, sizeof port, "%u", (unsigned)c.port);
    if ((fits(fields[HOST], c.name) || strcasecmp(fields[HOST], c.name) == 0) &&
        fits(fields[PORT], port))
      return true;
  }
  return false;
}

/* Without a user in the options the line has to name one. */
static bool fits_options(char *const *fields, const tally_options *o) {
  return fits_a_host(fields, o) &&
         fits(fields[KEYSPACE], o->keyspace == NULL ? "" : o->keyspace) &&
         (is_set(o->user) ? fits(fields[USER], o->user)
                          : strcmp(fields[USER], "*") != 0);
}

static int read_lines(struct secret *file, const tally_options *o,
                      struct login *to) {
  char *fields[FIELDS];
  char *line;

  for (int n = 1; (line = secret_line(file)) != NULL; n++) {
    if (line[0] == '\0' || line[0] == '#')
      continue;
    if (!cut_line(line, fields))
      return report_usage("write host:port:keyspace:user:password; * is any, "
                          "\\: a colon and \\\\ a backslash",
                          "password file %s line %d has not five parts",
                          file->path, n);
    if (fits_options(fields, o))
      return take(to, file, n, is_set(o->user) ? o->user : fields[USER],
                  fields[PASSWORD]);
  }
  return STATUS_DONE;
}

/* ---- cqlsh's ------------------------------------------------------------ */

/* Its two sections for a login; the first one wins. */
static const char *const sections[] = {"[plain_text_auth]",
                                       "[PlainTextAuthProvider]"};
enum { SECTIONS = sizeof sections / sizeof sections[0] };

struct pair {
  char *user;
  char *password;
  int line; /* of the password */
};

static char *trim(char *s) {
  size_t len;

  s += strspn(s, " \t");
  for (len = strlen(s); len > 0 && strchr(" \t", s[len - 1]) != NULL;)
    s[--len] = '\0';
  return s;
}

/* name = value, or name: value */
static void read_setting(struct pair *pair, char *s, int line) {
  size_t len = strcspn(s, "=:");
  char *value;

  if (s[len] == '\0')
    return;
  s[len] = '\0';
  value = trim(s + len + 1);
  s = trim(s);
  if (strcasecmp(s, "username") == 0)
    pair->user = value;
  if (strcasecmp(s, "password") == 0) {
    pair->password = value;
    pair->line = line;
  }
}

static int read_credentials(struct secret *file, const tally_options *o,
                            struct login *to) {
  struct pair pairs[SECTIONS + 1] = {
      {NULL, NULL, 0}}; /* the last is no login's */
  struct pair *in = &pairs[SECTIONS];
  char *line;

  for (int n = 1; (line = secret_line(file)) != NULL; n++) {
    char *s = trim(line);

    if (s[0] == '[') {
      in = pairs;
      while (in < pairs + SECTIONS && strcmp(s, sections[in - pairs]) != 0)
        in++;
    } else if (s[0] != '#' && s[0] != ';') {
      read_setting(in, s, n);
    }
  }
  for (size_t i = 0; i < SECTIONS; i++) {
    const struct pair *p = &pairs[i];

    if (p->user != NULL && p->password != NULL &&
        (!is_set(o->user) || strcmp(o->user, p->user) == 0))
      return take(to, file, p->line, p->user, p->password);
  }
  return STATUS_DONE;
}

/* ------------------------------------------------------------------------- */

typedef int reader(struct secret *file, const tally_options *o,
                   struct login *to);

static int look(const char *path, reader *read, bool must_exist,
                const tally_options *o, struct login *to) {
  struct secret file;
  int status = secret_open(&file, path, must_exist);

  if (status == STATUS_DONE)
    status = read(&file, o, to);
  secret_close(&file);
  return status;
}

static int look_in_defaults(const tally_options *o, struct login *to) {
  const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
  char path[4096];
  int status = STATUS_DONE;

  if (is_set(config))
    snprintf(path, sizeof path, "%s/tally/passwords", config);
  else
    snprintf(path, sizeof path, "%s/.config/tally/passwords",
             is_set(home) ? home : "");
  if (is_set(config) || is_set(home))
    status = look(path, read_lines, false, o, to);
  if (status != STATUS_DONE || to->user[0] != '\0' || !is_set(home))
    return status;
  snprintf(path, sizeof path, "%s/.cassandra/credentials", home);
  return look(path, read_credentials, false, o, to);
}

int password_find(const tally_options *o, const char *file, struct login *to) {
  int status;

  if (file == NULL)
    return look_in_defaults(o, to);
  status = look(file, read_lines, true, o, to);
  if (status != STATUS_DONE || to->user[0] != '\0')
    return status;
  return report_usage("write host:port:keyspace:user:password; * is any, but "
                      "for a user that no option names",
                      "password file %s has no line for %s%s%s%s", file,
                      is_set(o->user) ? "the user \"" : "",
                      is_set(o->user) ? o->user : "",
                      is_set(o->user) ? "\" at " : "", o->hosts);
}

void password_forget(struct login *login) {
  secret_wipe(login, sizeof *login);
}
