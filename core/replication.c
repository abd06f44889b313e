#include "core/replication.h"

#include <string.h>

#include "proto/value.h"

static bool is_text(struct cql_span v, const char *text) {
  return cql_span_equal(v, cql_span_of(text));
}

/* "org.apache.cassandra.locator.SimpleStrategy", or the last part alone. */
static bool is_class(struct cql_span v, const char *name) {
  size_t n = strlen(name);

  return v.p != NULL && v.len >= n && memcmp(v.p + v.len - n, name, n) == 0 &&
         (v.len == n || v.p[v.len - n - 1] == '.');
}

static bool take_number(struct cql_span *v, uint32_t *out) {
  size_t digits = 0;

  for (*out = 0; v->len > 0 && *v->p >= '0' && *v->p <= '9' && digits < 6;
       digits++) {
    *out = *out * 10 + (uint32_t)(*v->p - '0');
    v->p++;
    v->len--;
  }
  return digits > 0;
}

/* "3", or "3/1": three replicas of which one is transient, and holds nothing
 * for long. */
static bool take_factor(struct cql_span v, uint32_t *out) {
  uint32_t transient = 0;

  if (v.p == NULL || !take_number(&v, out))
    return false;
  if (v.len > 0 && *v.p == '/') {
    v.p++;
    v.len--;
    if (!take_number(&v, &transient) || transient > *out)
      return false;
    *out -= transient;
  }
  return v.len == 0;
}

static bool take_dc(struct replication *how, struct cql_span name,
                    struct cql_span factor) {
  if (how->dc_count == REPLICATION_DCS || name.p == NULL ||
      name.len >= REPLICATION_NAME ||
      !take_factor(factor, &how->dcs[how->dc_count].factor))
    return false;
  memcpy(how->dcs[how->dc_count].dc, name.p, name.len);
  how->dcs[how->dc_count++].dc[name.len] = '\0';
  return true;
}

static enum replication_class class_of(struct cql_span name) {
  if (is_class(name, "SimpleStrategy"))
    return REPLICATION_SIMPLE;
  if (is_class(name, "NetworkTopologyStrategy"))
    return REPLICATION_NETWORK;
  if (is_class(name, "LocalStrategy"))
    return REPLICATION_LOCAL;
  return REPLICATION_OTHER;
}

/* The next pair of the map. */
static bool next_pair(struct cql_elements *e, struct cql_span *key,
                      struct cql_span *value) {
  return cql_elements_next(e, key) == CQL_OK &&
         cql_elements_next(e, value) == CQL_OK;
}

static bool begin(struct cql_elements *e, const struct cell *cell) {
  static const struct cql_type map = {.id = CQL_TYPE_MAP, .part_count = 2};
  struct cql_span v = {cell->p, cell->len};

  return cell->p != NULL && cql_elements_init(e, &map, v) == CQL_OK;
}

/* Pairs come in any order: the class first. */
static enum replication_class find_class(const struct cell *cell) {
  struct cql_elements e;
  struct cql_span key, value;

  if (!begin(&e, cell))
    return REPLICATION_OTHER;
  while (next_pair(&e, &key, &value))
    if (is_text(key, "class"))
      return class_of(value);
  return REPLICATION_OTHER;
}

static bool take_pair(struct replication *how, struct cql_span key,
                      struct cql_span value) {
  if (is_text(key, "class"))
    return true;
  if (how->class == REPLICATION_NETWORK)
    return take_dc(how, key, value);
  return is_text(key, "replication_factor") && take_factor(value, &how->factor);
}

void replication_parse(struct replication *how, const struct cell *cell) {
  struct cql_elements e;
  struct cql_span key, value;

  memset(how, 0, sizeof *how);
  how->class = find_class(cell);
  if (how->class == REPLICATION_OTHER || !begin(&e, cell))
    return;
  while (e.left > 0)
    if (!next_pair(&e, &key, &value) || !take_pair(how, key, value)) {
      memset(how, 0, sizeof *how);
      how->class = REPLICATION_OTHER;
      return;
    }
}
