/* tool/reach.h - names and ports, asked plainly: for the library an unknown
 * name and a closed port are both "could not connect". */
#ifndef TOOL_REACH_H
#define TOOL_REACH_H

#include <stddef.h>
#include <stdint.h>

enum { REACH_ADDRESS = 46 };

/* Addresses of a name (or of an address, itself) as text, `max` at most; how
 * many, or 0 with the reason. */
size_t reach_find(const char *name, char (*addresses)[REACH_ADDRESS],
                  size_t max, char *why, size_t why_size);
/* Connect, and close again: 0 or an errno. */
int reach_connect(const char *address, uint16_t port, uint32_t timeout_ms);

#endif
