/* tool/text.h - small work on text: numbers, UTF-8, copies. */
#ifndef TOOL_TEXT_H
#define TOOL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum number { NUMBER_OK, NUMBER_BAD, NUMBER_RANGE };

/* A decimal int64 with an optional sign, and nothing around it. */
enum number text_int64(const char *text, int64_t *value);

/* Bytes of the UTF-8 sequence that `text` starts with, and its code point; 0
 * when it is not valid. */
size_t text_utf8(const char *text, uint32_t *code_point);
bool text_is_utf8(const char *text);

/* Is this tally_type text, or ascii? */
bool text_is_type(int type);

/* What stands for a NUL in a text that ends with one: no valid UTF-8 has it. */
#define TEXT_NUL "\xc0\x80"
/* Such a text, to be freed; NULL: no memory. */
char *text_with_nuls(const char *bytes, size_t len);

/* The name of a keyspace as the servers' tables have it: "MyKs" without its
 * quotes, MyKs as myks.  To be freed; NULL: no memory. */
char *text_folded(const char *name);

/* The name that `word` is a misspelling of: up to two letters were added, left
 * out, mistaken, or swapped with their neighbour, one in a name of up to four.
 * -1: none.  tally_nearest() guesses more. */
int text_nearest(const char *word, const char *const *names, size_t count);

/* Copies of texts; NULL stays NULL.  False: no memory, and no copies. */
bool text_copies(char **to, const char *const *from, size_t count);
void text_free(char **copies, size_t count);

#endif
