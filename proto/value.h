/* proto/value.h - values of every v4 type, both ways (section 6 of the
 * specification): the bytes inside a [value] or a cell, without its length.
 *
 * Decoders return CQL_ESIZE when the number of bytes does not fit the type
 * and CQL_ERANGE when the content may not stand there.  An empty value (length
 * 0) is legal for most types and is CQL_ESIZE here: who wants to accept it
 * looks at the length first. */
#ifndef CQL_VALUE_H
#define CQL_VALUE_H

#include "proto/type.h"

enum cql_rc cql_decode_boolean(struct cql_span v, bool *out);
enum cql_rc cql_decode_tinyint(struct cql_span v, int8_t *out);
enum cql_rc cql_decode_smallint(struct cql_span v, int16_t *out);
enum cql_rc cql_decode_int(struct cql_span v, int32_t *out);
/* bigint, counter, timestamp (ms since 1970, signed) */
enum cql_rc cql_decode_bigint(struct cql_span v, int64_t *out);
enum cql_rc cql_decode_float(struct cql_span v, float *out);
enum cql_rc cql_decode_double(struct cql_span v, double *out);
/* Days since 1970-01-01, signed; the wire has an unsigned number around
 * 2^31. */
enum cql_rc cql_decode_date(struct cql_span v, int64_t *days);
/* Nanoseconds since midnight, 0 to 86,399,999,999,999; else CQL_ERANGE. */
enum cql_rc cql_decode_time(struct cql_span v, int64_t *ns);
enum cql_rc cql_decode_uuid(struct cql_span v, uint8_t out[16]);
/* As uuid; CQL_ERANGE unless version 1. */
enum cql_rc cql_decode_timeuuid(struct cql_span v, uint8_t out[16]);
/* A value has no port: it is 0. */
enum cql_rc cql_decode_inet(struct cql_span v, struct cql_inet *out);
/* ascii: CQL_ERANGE for a byte above 0x7f.  text: CQL_ERANGE for what is not
 * UTF-8. */
enum cql_rc cql_check_ascii(struct cql_span v);
enum cql_rc cql_check_text(struct cql_span v);
/* A varint that fits 64 bits; CQL_ERANGE beyond.  Its bytes (two's
 * complement, big-endian) are the value itself for those that do not fit. */
enum cql_rc cql_decode_varint(struct cql_span v, int64_t *out);
/* value = unscaled * 10^-scale; unscaled is a varint's bytes. */
enum cql_rc cql_decode_decimal(struct cql_span v, int32_t *scale,
                               struct cql_span *unscaled);
struct cql_duration {
  int32_t months;
  int32_t days;
  int64_t nanoseconds;
};
enum cql_rc cql_decode_duration(struct cql_span v, struct cql_duration *out);

/* Elements of a list, set, map (key, value, key, value, ...), tuple, UDT or
 * vector.  cql_elements_init() checks the count against the bytes present.
 * A tuple or UDT that stops early gives CQL_END early: the rest is null.
 * init: CQL_ESIZE when the count or the dimension does not fit the bytes,
 * CQL_ERANGE for a type that has no elements.  next: CQL_END, or CQL_ESHORT
 * when an element reaches beyond the value.  Bytes after the last are data. */
struct cql_elements {
  struct cql_reader r;
  uint32_t left;      /* elements to come, at most */
  uint32_t fixed_len; /* vector of a fixed-size type; else 0 */
  bool vint_len;      /* vector of a variable-size type */
  bool may_stop;      /* tuple, udt */
};
enum cql_rc cql_elements_init(struct cql_elements *e,
                              const struct cql_type *type, struct cql_span v);
/* A vector whose elements' cql_type_fixed_len() is known. */
enum cql_rc cql_elements_vector(struct cql_elements *e, uint32_t dimension,
                                uint32_t fixed_len, struct cql_span v);
enum cql_rc cql_elements_next(struct cql_elements *e, struct cql_span *out);

/* Encoders append to a writer, without a length in front. */
void cql_encode_boolean(struct cql_writer *w, bool v);
void cql_encode_tinyint(struct cql_writer *w, int8_t v);
void cql_encode_smallint(struct cql_writer *w, int16_t v);
void cql_encode_int(struct cql_writer *w, int32_t v);
/* bigint, counter, timestamp */
void cql_encode_bigint(struct cql_writer *w, int64_t v);
void cql_encode_float(struct cql_writer *w, float v);
void cql_encode_double(struct cql_writer *w, double v);
enum cql_rc cql_encode_date(struct cql_writer *w, int64_t days);
enum cql_rc cql_encode_time(struct cql_writer *w, int64_t ns);
void cql_encode_uuid(struct cql_writer *w, const uint8_t v[16]);
enum cql_rc cql_encode_timeuuid(struct cql_writer *w, const uint8_t v[16]);
enum cql_rc cql_encode_inet(struct cql_writer *w, const struct cql_inet *v);
void cql_encode_varint(struct cql_writer *w, int64_t v);
/* Any size: leading bytes that only repeat the sign are dropped. */
enum cql_rc cql_encode_varint_bytes(struct cql_writer *w, struct cql_span v);
enum cql_rc cql_encode_decimal(struct cql_writer *w, int32_t scale,
                               struct cql_span unscaled);
enum cql_rc cql_encode_duration(struct cql_writer *w,
                                const struct cql_duration *v);

/* Unsigned vint, as durations (zig-zag) and vectors (lengths) use it. */
uint64_t cql_get_vint(struct cql_reader *r);
void cql_put_vint(struct cql_writer *w, uint64_t v);

/* A collection is built in place: begin writes the count (list, set, map:
 * elements or pairs) and each element is put with cql_put_bytes(); tuples and
 * UDTs have no count; vectors neither count nor (for fixed-size elements)
 * lengths. */
void cql_encode_count(struct cql_writer *w, int32_t count);
void cql_encode_vector_element(struct cql_writer *w, bool fixed_size,
                               struct cql_span v);

#endif
