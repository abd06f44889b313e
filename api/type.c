/* api/type.c - the types that a column may have, and the C members for them. */
#include "api/internal.h"

#include <string.h>

/* The public table is in tally.h, at tally_type. */
static const struct type_info types[] = {
    {TALLY_TEXT, "text", {sizeof(char *), sizeof(tally_bytes)}},
    {TALLY_ASCII, "ascii", {sizeof(char *), sizeof(tally_bytes)}},
    {TALLY_BLOB, "blob", {sizeof(tally_bytes)}},
    {TALLY_BOOLEAN, "boolean", {sizeof(bool)}},
    {TALLY_TINYINT, "tinyint", {sizeof(int8_t)}},
    {TALLY_SMALLINT, "smallint", {sizeof(int16_t)}},
    {TALLY_INT, "int", {sizeof(int32_t)}},
    {TALLY_BIGINT, "bigint", {sizeof(int64_t)}},
    {TALLY_VARINT, "varint", {sizeof(int64_t), sizeof(tally_bytes)}},
    {TALLY_DECIMAL, "decimal", {sizeof(tally_decimal)}},
    {TALLY_FLOAT, "float", {sizeof(float)}},
    {TALLY_DOUBLE, "double", {sizeof(double)}},
    {TALLY_UUID, "uuid", {sizeof(tally_uuid)}},
    {TALLY_TIMEUUID, "timeuuid", {sizeof(tally_uuid)}},
    {TALLY_TIMESTAMP, "timestamp", {sizeof(int64_t)}},
    {TALLY_DATE, "date", {sizeof(int32_t)}},
    {TALLY_TIME, "time", {sizeof(int64_t)}},
    {TALLY_INET, "inet", {sizeof(tally_inet)}},
    {TALLY_TYPE_COUNTER, "counter", {sizeof(int64_t)}},
};

enum { TYPE_COUNT = sizeof types / sizeof types[0] };

_Static_assert(sizeof(char *) != sizeof(tally_bytes) &&
                   sizeof(int64_t) != sizeof(tally_bytes),
               "a member's size tells which of two it is");

const struct type_info *type_find(int type) {
  for (size_t i = 0; i < TYPE_COUNT; i++)
    if (types[i].type == type)
      return &types[i];
  return NULL;
}

bool type_takes(const struct type_info *type, size_t size) {
  return size != 0 && (size == type->sizes[0] || size == type->sizes[1]);
}

const char *tally_type_name(int type) {
  const struct type_info *info = type_find(type);

  return info == NULL ? NULL : info->name;
}

int tally_type_find(const char *name) {
  /* One type has two names. */
  if (strcmp(name, "varchar") == 0)
    return TALLY_TEXT;
  for (size_t i = 0; i < TYPE_COUNT; i++)
    if (strcmp(types[i].name, name) == 0)
      return types[i].type;
  return 0;
}

size_t tally_type_size(int type) {
  const struct type_info *info = type_find(type);

  if (info == NULL)
    return 0;
  return info->sizes[1] != 0 ? info->sizes[1] : info->sizes[0];
}
