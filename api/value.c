/* api/value.c - values without a row: to text, from text, and UUIDs made. */
#include "api/internal.h"

#include "core/net.h"

#include <string.h>

static const struct net_heap system_heap;

static int column_of(tally_column *c, int type, size_t size, tally_error *e) {
  const struct type_info *info = type_find(type);

  if (info == NULL)
    return error_set(e, TALLY_EINVAL, "type %d is none of tally_type", type);
  if (!type_takes(info, size))
    return error_set(e, TALLY_EINVAL, "%s needs a member of %zu bytes, not %zu",
                     info->name, info->sizes[0], size);
  memset(c, 0, sizeof *c);
  c->type = type;
  c->size = size;
  return 0;
}

/* Text stays where it is. */
static int keep(struct value *v, const char *text, void *room, size_t room_size,
                tally_error *e) {
  if (v->p == NULL || v->p == (const uint8_t *)text || v->type == TALLY_UUID ||
      v->type == TALLY_TIMEUUID || v->type == TALLY_INET)
    return 0;
  if (v->len > room_size)
    return error_set(e, TALLY_ERANGE, "there is room for %zu bytes, not %zu",
                     room_size, v->len);
  if (v->len > 0)
    memcpy(room, v->p, v->len);
  v->p = room != NULL ? room : (const uint8_t *)""; /* empty, not none */
  return 0;
}

int tally_parse(int type, void *value, size_t size, const char *text,
                void *room, size_t room_size, tally_error *error) {
  char fault[FAULT_TEXT];
  tally_column c;
  struct value v;
  uint8_t *made;
  int rc = column_of(&c, type, size, error);

  if (rc != 0)
    return rc;
  made = net_alloc(&system_heap, PARSE_ROOM(strlen(text)));
  if (made == NULL)
    return error_no_memory(error);
  if (!value_parse(&v, type, text, made, fault))
    rc = error_set(error, TALLY_EINVAL, "\"%.100s\" %s", text, fault);
  else if (type != TALLY_VARINT || column_has_bytes(&c))
    rc = keep(&v, text, room, room_size, error);
  if (rc == 0 && !member_store(&c, value, &v))
    rc = error_set(error, TALLY_ETYPE,
                   "\"%.100s\" does not fit a member of %zu bytes", text, size);
  net_free(&system_heap, made);
  return rc;
}

int tally_print(int type, const void *value, size_t size, char *out,
                size_t out_size) {
  struct text text;
  tally_column c;
  struct value v;
  size_t len;
  int rc = column_of(&c, type, size, NULL);

  if (rc != 0)
    return rc;
  text_init(&text, &system_heap);
  text_add(&text, "");
  if (member_load(&c, value, &v))
    value_print(&v, &text);
  if (text.failed)
    return TALLY_ENOMEM;
  if (out_size > 0) {
    len = text.len < out_size ? text.len : out_size - 1;
    memcpy(out, text.p, len);
    out[len] = '\0';
  }
  net_free(&system_heap, text.p);
  return (int)text.len;
}

/* ---- UUIDs (RFC 9562) --------------------------------------------------- */

static void put(uint8_t *to, uint64_t n, size_t len) {
  for (size_t i = 0; i < len; i++)
    to[i] = (uint8_t)(n >> 8 * (len - 1 - i));
}

static uint64_t take(const uint8_t *from, size_t len) {
  uint64_t n = 0;

  for (size_t i = 0; i < len; i++)
    n = n << 8 | from[i];
  return n;
}

void tally_uuid_random(tally_uuid *uuid) {
  put(uuid->bytes, net_random(), 8);
  put(uuid->bytes + 8, net_random(), 8);
  uuid->bytes[6] = (uint8_t)(0x40 | (uuid->bytes[6] & 0x0f));
  uuid->bytes[8] = (uint8_t)(0x80 | (uuid->bytes[8] & 0x3f));
}

/* Ticks of 100 ns since 1582-10-15. */
enum { TICKS_PER_MS = 10000 };
#define TICKS_TO_1970 UINT64_C(0x01b21dd213814000)

/* The low bits of the time are random below the millisecond. */
void tally_uuid_at(tally_uuid *uuid, int64_t ms) {
  uint64_t ticks =
      TICKS_TO_1970 + (uint64_t)ms * TICKS_PER_MS + net_random() % TICKS_PER_MS;

  put(uuid->bytes, ticks, 4);
  put(uuid->bytes + 4, ticks >> 32, 2);
  put(uuid->bytes + 6, ticks >> 48, 2);
  put(uuid->bytes + 8, net_random(), 8);
  uuid->bytes[6] = (uint8_t)(0x10 | (uuid->bytes[6] & 0x0f));
  uuid->bytes[8] = (uint8_t)(0x80 | (uuid->bytes[8] & 0x3f));
  uuid->bytes[10] |= 1; /* no card's address */
}

int64_t tally_uuid_time(const tally_uuid *uuid) {
  uint64_t ticks;

  if (uuid->bytes[6] >> 4 != 1)
    return 0;
  ticks = (take(uuid->bytes + 6, 2) & 0x0fff) << 48 |
          take(uuid->bytes + 4, 2) << 32 | take(uuid->bytes, 4);
  ticks -= TICKS_TO_1970;
  /* Towards the past also before 1970. */
  return (int64_t)ticks / TICKS_PER_MS - ((int64_t)ticks % TICKS_PER_MS < 0);
}
