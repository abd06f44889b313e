/* tool/password.h - logins from files that nobody else may read. */
#ifndef TOOL_PASSWORD_H
#define TOOL_PASSWORD_H

#include "tool/report.h"

struct login {
  char user[256];
  char password[1024];
  char source[144]; /* "FILE line 3", for messages */
};

/* The login for these options' hosts, keyspace and, if one is named, user: from
 * `file`, or (NULL) from the default files that are there.  *to is zeroes
 * before, and stays so when there is none.  Returns a status; what is not 0 has
 * been reported. */
int password_find(const tally_options *o, const char *file, struct login *to);
/* Wipes it. */
void password_forget(struct login *login);

#endif
