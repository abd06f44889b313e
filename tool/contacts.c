#include "tool/contacts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "host", "host:port", "[::1]", "[::1]:port", "::1". */
static void read_contact(struct contact *c, const char *s, size_t len) {
  const char *colon = memchr(s, ':', len), *end = s + len;

  if (*s == '[') {
    s++;
    end = memchr(s, ']', len - 1);
    colon = end == NULL || end[1] != ':' ? NULL : end + 1;
    end = end == NULL ? s : end;
  } else if (colon != NULL &&
             memchr(colon + 1, ':', len - 1 - (size_t)(colon - s)) == NULL) {
    end = colon;
  } else {
    colon = NULL; /* none, or an address of IPv6 */
  }
  snprintf(c->name, sizeof c->name, "%.*s", (int)(end - s), s);
  if (colon != NULL)
    c->port = (uint16_t)strtoul(colon + 1, NULL, 10);
}

bool contact_next(const char **hosts, uint16_t port, struct contact *c) {
  const char *s = *hosts;
  size_t len;

  s += strspn(s, ", ");
  len = strcspn(s, ", ");
  *hosts = s + len;
  c->port = port;
  if (len > 0)
    read_contact(c, s, len);
  return len > 0;
}
