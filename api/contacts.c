/* api/contacts.c - the hosts that options name. */
#include "api/internal.h"

#include <string.h>

void options_contacts_free(const struct net_heap *heap,
                           struct contact *contacts, size_t count) {
  for (size_t i = 0; contacts != NULL && i < count; i++)
    net_free(heap, contacts[i].name);
  net_free(heap, contacts);
}

/* "host", "host:port", "[::1]", "[::1]:port", "::1". */
static bool split_host(const char *text, size_t len, size_t *name_at,
                       size_t *name_len, const char **port) {
  const char *colon = memchr(text, ':', len);

  *port = NULL;
  *name_at = 0;
  *name_len = len;
  if (len > 0 && text[0] == '[') {
    const char *end = memchr(text, ']', len);

    if (end == NULL)
      return false;
    *name_at = 1;
    *name_len = (size_t)(end - text) - 1;
    if (end + 1 < text + len) {
      if (end[1] != ':')
        return false;
      *port = end + 2;
    }
  } else if (colon != NULL &&
             memchr(colon + 1, ':', len - (size_t)(colon + 1 - text)) == NULL) {
    *name_len = (size_t)(colon - text);
    *port = colon + 1;
  }
  return *name_len > 0;
}

static int read_contact(struct contact *c, const tally_options *o,
                        const struct net_heap *heap, const char *text,
                        size_t len, tally_error *e) {
  char number[8] = "";
  size_t name_at, name_len;
  const char *port;
  uint64_t n = o->port;

  if (!split_host(text, len, &name_at, &name_len, &port))
    return error_set(e, TALLY_EINVAL,
                     "option hosts: \"%.*s\" is no host[:port]", (int)len,
                     text);
  if (port != NULL) {
    size_t digits = (size_t)(text + len - port);

    memcpy(number, port, digits < 7 ? digits : 7);
    if (digits > 5 || !options_number(number, &n) || n < 1 || n > 65535)
      return error_set(e, TALLY_EINVAL,
                       "option hosts: the port of \"%.*s\" is not a number "
                       "from 1 to 65535",
                       (int)len, text);
  }
  c->port = (uint16_t)n;
  c->name = net_alloc(heap, name_len + 1);
  if (c->name == NULL)
    return error_no_memory(e);
  memcpy(c->name, text + name_at, name_len);
  return 0;
}

int options_contacts(const tally_options *o, const struct net_heap *heap,
                     struct contact **contacts, size_t *count, tally_error *e) {
  const char *s = o->hosts == NULL ? "" : o->hosts;
  size_t max = 1, n = 0;
  int rc = 0;

  for (const char *p = s; *p != '\0'; p++)
    max += *p == ',';
  *contacts = net_alloc(heap, max * sizeof **contacts);
  *count = 0;
  if (*contacts == NULL)
    return error_no_memory(e);
  while (rc == 0 && *s != '\0') {
    size_t len = strcspn(s, ",");
    const char *item = s, *end = s + len;

    while (item < end && *item == ' ')
      item++;
    while (end > item && end[-1] == ' ')
      end--;
    if (end > item) {
      rc =
          read_contact(&(*contacts)[n], o, heap, item, (size_t)(end - item), e);
      n += rc == 0;
    }
    s += len;
    s += *s == ',';
  }
  if (rc == 0 && n == 0)
    rc = error_set(e, TALLY_EINVAL, "option hosts names no host");
  *count = n;
  if (rc != 0) {
    options_contacts_free(heap, *contacts, n);
    *contacts = NULL;
  }
  return rc;
}
