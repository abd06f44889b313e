/* tool/contacts.h - the hosts of --hosts, one by one. */
#ifndef TOOL_CONTACTS_H
#define TOOL_CONTACTS_H

#include <stdbool.h>
#include <stdint.h>

struct contact {
  char name[256]; /* without brackets; longer ones are cut */
  uint16_t port;
};

/* The next of "host[:port],...", and *hosts is behind it; false: none is left.
 * `port` is for those that name none.  The library has checked the list. */
bool contact_next(const char **hosts, uint16_t port, struct contact *c);

#endif
