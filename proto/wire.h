/* proto/wire.h - bounds-checked big-endian cursors: the notations of
 * section 3 of the protocol.  No allocation, no I/O. */
#ifndef CQL_WIRE_H
#define CQL_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed bytes.  p == NULL is CQL null; a length of 0 with p != NULL is an
 * empty value, which is something else. */
struct cql_span {
  const uint8_t *p;
  size_t len;
};

/* Read cursor over borrowed bytes.  `bad` is sticky: after the first short
 * read every getter returns 0 or an empty span and moves no further, so that
 * a decoder reads straight down and checks once, at the end. */
struct cql_reader {
  const uint8_t *p;
  const uint8_t *end;
  bool bad;
};

/* Write cursor.  `need` keeps counting past `cap`, so that one failed pass
 * tells the caller the exact size to bring back.  Nothing is ever written at
 * or beyond buf + cap. */
struct cql_writer {
  uint8_t *buf;
  size_t cap;
  size_t need;
};

/* `data` may be NULL when len is 0; what is read from it is empty, not null. */
void cql_reader_init(struct cql_reader *r, const void *data, size_t len);
size_t cql_left(const struct cql_reader *r);

/* The next n bytes, or NULL (and r->bad) when fewer remain. */
const uint8_t *cql_take(struct cql_reader *r, size_t n);

uint8_t cql_get_byte(struct cql_reader *r);
uint16_t cql_get_short(struct cql_reader *r);
int32_t cql_get_int(struct cql_reader *r);
int64_t cql_get_long(struct cql_reader *r);
struct cql_span cql_get_string(struct cql_reader *r);      /* [string] */
struct cql_span cql_get_long_string(struct cql_reader *r); /* [long string] */
struct cql_span cql_get_short_bytes(struct cql_reader *r);
struct cql_span cql_get_bytes(struct cql_reader *r); /* n < 0 is null */

/* [value] (section 3): null, not set and bytes are told apart; a length below
 * -2 makes the reader bad. */
enum cql_value_kind { CQL_VALUE_BYTES, CQL_VALUE_NULL, CQL_VALUE_UNSET };
enum cql_value_kind cql_get_value(struct cql_reader *r, struct cql_span *out);

/* [inet]: 4 or 16 address bytes and a port; any other size makes r bad. */
struct cql_inet {
  uint8_t address[16];
  uint8_t len; /* 4 or 16 */
  int32_t port;
};
void cql_get_inet(struct cql_reader *r, struct cql_inet *out);

/* buf may be NULL when cap is 0: such a writer only counts.  What a notation
 * cannot hold (a [string] over 65,535 bytes, [bytes] over 2 GiB) makes `need`
 * SIZE_MAX for good, which never fits. */
void cql_writer_init(struct cql_writer *w, void *buf, size_t cap);
bool cql_writer_fits(const struct cql_writer *w);
void cql_put_byte(struct cql_writer *w, uint8_t v);
void cql_put_short(struct cql_writer *w, uint16_t v);
void cql_put_int(struct cql_writer *w, int32_t v);
void cql_put_long(struct cql_writer *w, int64_t v);
void cql_put_raw(struct cql_writer *w, const void *p, size_t n);
void cql_put_string(struct cql_writer *w, struct cql_span s);
void cql_put_long_string(struct cql_writer *w, struct cql_span s);
void cql_put_short_bytes(struct cql_writer *w, struct cql_span s);
void cql_put_bytes(struct cql_writer *w, struct cql_span s); /* NULL: null */
void cql_put_unset(struct cql_writer *w);                    /* [value] -2 */

/* Write a big-endian int32 over already written bytes at `at`, where a length
 * is known only afterwards.  Ignored when it would not fit. */
void cql_patch_int(struct cql_writer *w, size_t at, int32_t v);

struct cql_span cql_span_of(const char *text); /* strlen; NULL gives null */
/* The same bytes; null equals null alone. */
bool cql_span_equal(struct cql_span a, struct cql_span b);

#endif
