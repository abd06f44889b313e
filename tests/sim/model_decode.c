/* tests/sim/model_decode.c - what a request says.  What no server could make
 * sense of is a violation: the client must never send garbage. */
#include <string.h>

#include "tests/sim/model_private.h"

struct parameters {
  uint16_t consistency;
  bool timestamp;
  int32_t page_size;
  struct slice paging_state; /* p == NULL: none */
  unsigned count;
  struct slice values[COLUMNS_MAX];
};

static void check_whole(const struct request *r, const struct in *in) {
  if (in->bad)
    violation("host %u: a request 0x%02x that is cut short", r->host,
              (unsigned)r->opcode);
  if (in->left != 0)
    violation("host %u: a request 0x%02x with %zu bytes behind its end",
              r->host, (unsigned)r->opcode, in->left);
}

static void refused(struct request *r) {
  r->answer = ANSWER_REFUSED;
}

/* ---- Query parameters --------------------------------------------------- */

static void read_values(struct request *r, struct in *in,
                        struct parameters *p) {
  unsigned n = in_short(in);

  if (n > COLUMNS_MAX)
    violation("host %u: %u bound values", r->host, n);
  for (p->count = 0; p->count < n; p->count++)
    p->values[p->count] = in_value(in);
}

static void read_parameters(struct request *r, struct in *in,
                            struct parameters *p) {
  unsigned flags;

  p->consistency = in_short(in);
  flags = in_byte(in);
  p->count = 0;
  if ((flags & (PARAM_NAMES | 0x80)) != 0)
    violation("host %u: query parameters with flags 0x%02x", r->host, flags);
  if ((flags & PARAM_VALUES) != 0)
    read_values(r, in, p);
  p->page_size = (flags & PARAM_PAGE_SIZE) != 0 ? in_int(in) : 0;
  p->paging_state = (struct slice){NULL, 0};
  if ((flags & PARAM_PAGING_STATE) != 0)
    p->paging_state = in_value(in);
  if ((flags & PARAM_SERIAL) != 0)
    in_short(in);
  p->timestamp = (flags & PARAM_TIMESTAMP) != 0;
  if (p->timestamp)
    in_skip(in, 8);
  r->skip_metadata = (flags & PARAM_SKIP_METADATA) != 0;
  check_whole(r, in);
}

/* True: refused. */
static bool check_consistency(struct request *r, const struct parameters *p) {
  bool writes = r->statement->kind == CQL_UPDATE;

  if (p->consistency > CONSISTENCY_LOCAL_ONE)
    refuse(&r->refusal, ERROR_PROTOCOL,
           "Unknown code %u for a consistency level", (unsigned)p->consistency);
  else if (writes && p->consistency == CONSISTENCY_ANY)
    refuse(&r->refusal, ERROR_INVALID,
           "Consistency level ANY is not yet supported for counter table %s",
           r->statement->table->name);
  else if (writes && (p->consistency == CONSISTENCY_SERIAL ||
                      p->consistency == CONSISTENCY_LOCAL_SERIAL))
    refuse(&r->refusal, ERROR_INVALID,
           "Counter operations are inherently non-serializable");
  else if (p->consistency == CONSISTENCY_ANY)
    refuse(&r->refusal, ERROR_INVALID,
           "ANY ConsistencyLevel is only supported for writes");
  else
    return false;
  refused(r);
  return true;
}

/* ---- Bound values ------------------------------------------------------- */

static bool check_key_value(struct request *r, const struct column *c,
                            struct slice v) {
  const struct table *t = r->statement->table;
  int32_t size = c->type == TYPE_INT ? 4 : c->type == TYPE_BIGINT ? 8 : 0;

  if (v.len == LEN_NULL)
    refuse(&r->refusal, ERROR_INVALID,
           "Invalid null value in condition for column %s", c->name);
  else if (v.len == LEN_UNSET)
    refuse(&r->refusal, ERROR_INVALID, "Invalid unset value for column %s",
           c->name);
  else if (v.len == 0 && t->partition_keys == 1 && c->kind == COLUMN_PARTITION)
    refuse(&r->refusal, ERROR_INVALID, "Key may not be empty");
  else if (v.len > UINT16_MAX)
    refuse(&r->refusal, ERROR_INVALID,
           "Key length of %d is longer than maximum of 65535", (int)v.len);
  else if (size != 0 && v.len != 0 && v.len != size)
    refuse(&r->refusal, ERROR_INVALID, "Expected %d or 0 byte %s (%d)",
           (int)size, size == 4 ? "int" : "long", (int)v.len);
  else
    return true;
  refused(r);
  return false;
}

static unsigned key_of(const struct table *t, unsigned column) {
  unsigned k = 0;

  while (t->keys[k] != column)
    k++;
  return k;
}

static bool read_key(struct request *r, const struct parameters *p,
                     struct slice key[KEYS_MAX]) {
  const struct statement *s = r->statement;

  for (unsigned i = s->delta_count; i < s->marker_count; i++) {
    unsigned column = s->markers[i].column;

    if (!check_key_value(r, &s->table->columns[column], p->values[i]))
      return false;
    key[key_of(s->table, column)] = p->values[i];
  }
  return true;
}

static bool read_delta(struct request *r, const struct marker *m,
                       struct slice v) {
  struct delta *d = &r->deltas[r->delta_count];
  uint64_t by;

  if (v.len == LEN_UNSET)
    return true;
  if (v.len == LEN_NULL)
    refuse(&r->refusal, ERROR_INVALID,
           "Invalid null value for counter increment");
  else if (v.len == 0)
    refuse(&r->refusal, ERROR_SERVER, "java.lang.IndexOutOfBoundsException");
  else if (v.len != 8)
    refuse(&r->refusal, ERROR_INVALID, "Expected 8 or 0 byte long (%d)",
           (int)v.len);
  else if (by = load64(v.p), m->negated && by == UINT64_C(1) << 63)
    refuse(&r->refusal, ERROR_INVALID,
           "The negation of -9223372036854775808 overflows supported counter "
           "precision (signed 8 bytes integer)");
  else {
    d->column = m->column;
    d->by = m->negated ? 0 - by : by;
    r->delta_count++;
    return true;
  }
  refused(r);
  return false;
}

/* The operation that it belongs to: see model.h. */
static uint32_t number_of(const struct request *r) {
  for (unsigned i = 0; i < r->delta_count; i++) {
    uint64_t by = r->deltas[i].by;

    if (by == 0)
      continue;
    if (by >> 63 != 0)
      by = 0 - by;
    by >>= LEDGER_SHIFT;
    return by > UINT32_MAX ? UINT32_MAX : (uint32_t)by;
  }
  return 0;
}

/* ---- Statements --------------------------------------------------------- */

static void bind_update(struct request *r, const struct parameters *p) {
  struct statement *s = r->statement;
  struct slice key[KEYS_MAX];
  bool fits = true;

  model_counts.executes++;
  if (p->timestamp)
    violation("host %u: an increment with a timestamp", r->host);
  for (unsigned i = 0; i < s->delta_count && fits; i++)
    fits = read_delta(r, &s->markers[i], p->values[i]);
  r->number = number_of(r);
  if (r->number != 0) {
    r->counted = true;
    ledger_seen(r->number);
  }
  if (!fits || r->answer == ANSWER_REFUSED || !read_key(r, p, key) ||
      check_consistency(r, p))
    return;
  r->row = data_row(s->table, key, s->key_count);
  r->answer = ANSWER_VOID;
  r->effective = true;
  if (r->counted)
    ledger_due(r->number);
}

static const struct table *named_table(struct slice keyspace,
                                       struct slice name) {
  char names[2][NAME_MAX_LEN] = {"", ""};

  if (keyspace.len >= NAME_MAX_LEN || name.len >= NAME_MAX_LEN)
    return NULL;
  if (keyspace.len > 0)
    memcpy(names[0], keyspace.p, (size_t)keyspace.len);
  if (name.len > 0)
    memcpy(names[1], name.p, (size_t)name.len);
  return data_table(names[0], names[1]);
}

static const struct replication_map *named_keyspace(struct slice keyspace) {
  char name[NAME_MAX_LEN] = "";

  if (keyspace.len < 1 || keyspace.len >= NAME_MAX_LEN)
    return NULL;
  memcpy(name, keyspace.p, (size_t)keyspace.len);
  return data_keyspace(name);
}

/* Where it is told of changes the client reads what has changed, at most once
 * a second however much it is told: as many at once as a slow network may have
 * put together. */
static void check_rate(struct request *r, unsigned which, const char *what) {
  uint64_t now = world_now(), *due = &r->conn->reads_due[which];

  if (!r->conn->registered)
    return;
  if (*due < now)
    *due = now;
  *due += SECOND;
  if (*due > now + 14 * SECOND)
    violation("host %u: a storm of reads of %s", r->host, what);
}

static void check_reads(struct request *r) {
  const struct statement *s = r->statement;

  if (s->table->is == TABLE_IS_LOCAL && strstr(s->text, "tokens") != NULL)
    check_rate(r, 0, "system.local");
  else if (s->table->is == TABLE_IS_KEYSPACES)
    check_rate(r, 1, "system_schema.keyspaces");
}

/* What it asks for; a paging state is what an answer had. */
static void bind_scan(struct request *r, const struct parameters *p) {
  const struct statement *s = r->statement;

  r->from = (struct spot){INT64_MIN, UINT64_MAX};
  r->last = INT64_MAX;
  for (unsigned i = 0; i < s->marker_count; i++) {
    if (p->values[i].len != 8)
      violation("host %u: a token of %d bytes", r->host, (int)p->values[i].len);
    if (s->markers[i].bound == '>')
      r->from.token = (int64_t)load64(p->values[i].p);
    else
      r->last = (int64_t)load64(p->values[i].p);
  }
  r->page_size = p->page_size;
  if (p->paging_state.p != NULL) {
    if (p->paging_state.len != 16)
      violation("host %u: a paging state that nobody gave", r->host);
    r->from.token = (int64_t)load64(p->paging_state.p);
    r->from.born = load64(p->paging_state.p + 8);
  }
  r->answer = ANSWER_ROWS;
}

static void bind_select(struct request *r, const struct parameters *p) {
  struct statement *s = r->statement;
  struct slice key[KEYS_MAX];

  model_counts.reads++;
  check_reads(r);
  if (s->scans) {
    if (r->answer != ANSWER_REFUSED && !check_consistency(r, p))
      bind_scan(r, p);
    return;
  }
  if (r->answer == ANSWER_REFUSED || !read_key(r, p, key) ||
      check_consistency(r, p))
    return;
  r->answer = ANSWER_ROWS;
  if (s->table->is == TABLE_IS_COUNTERS) {
    r->row = data_row(s->table, key, s->key_count);
    return;
  }
  if (s->table->is == TABLE_IS_COLUMNS && s->key_count == 2) {
    r->about = named_table(key[0], key[1]);
  } else if (s->table->is == TABLE_IS_KEYSPACES && s->key_count == 1) {
    r->how = named_keyspace(key[0]);
  } else if (s->table->is == TABLE_IS_COLUMNS ||
             s->table->is == TABLE_IS_KEYSPACES) {
    refuse(&r->refusal, ERROR_INVALID,
           "the model tells of one table or keyspace only");
    refused(r);
  }
}

static void bind(struct request *r, const struct parameters *p) {
  const struct statement *s = r->statement;

  if (p->count != s->marker_count)
    violation("host %u: %u values for the %u markers of %s", r->host, p->count,
              s->marker_count, s->text);
  if (s->kind == CQL_UPDATE)
    bind_update(r, p);
  else if (s->kind == CQL_SELECT)
    bind_select(r, p);
}

static void create(struct request *r) {
  const struct statement *s = r->statement;

  if (s->kind == CQL_CREATE_TABLE && data_keyspace(s->keyspace) == NULL) {
    refuse(&r->refusal, ERROR_INVALID, "Keyspace '%s' doesn't exist",
           s->keyspace);
    refused(r);
    return;
  }
  r->answer = ANSWER_CHANGED;
  r->effective = true;
}

static void decode_query(struct request *r, struct in *in) {
  struct slice text = in_long_string(in);
  struct parameters p;

  read_parameters(r, in, &p);
  r->statement = cql_find(text, &r->refusal);
  if (r->statement == NULL) {
    refused(r);
    return;
  }
  bind(r, &p);
  if (r->statement->kind == CQL_CREATE_KEYSPACE ||
      r->statement->kind == CQL_CREATE_TABLE)
    create(r);
}

/* ---- BATCH --------------------------------------------------------------- */

/* As many as the client promises to put in one. */
enum { ENTRIES_MAX = 10, BATCH_COUNTER = 2 };

static struct request *decode_entry(struct request *r, struct in *in,
                                    struct parameters *p) {
  struct slice text;

  if (in_byte(in) != 0)
    violation("host %u: a batch with an entry that is no text", r->host);
  text = in_long_string(in);
  p->timestamp = false;
  read_values(r, in, p);
  r->statement = in->bad ? NULL : cql_find(text, &r->refusal);
  if (r->statement == NULL)
    refused(r);
  else if (r->statement->kind != CQL_UPDATE)
    violation("host %u: a counter batch with %s", r->host, r->statement->text);
  return r;
}

/* Section 4.1.7.  One entry that is refused stands for all. */
static void decode_batch(struct request *r, struct in *in) {
  static struct parameters p[ENTRIES_MAX];
  unsigned type = in_byte(in), n = in_short(in), consistency;
  struct request *entry = r;

  if (type != BATCH_COUNTER || n == 0 || n > ENTRIES_MAX)
    violation("host %u: a batch of type %u with %u entries", r->host, type, n);
  for (unsigned i = 0; i < n; i++)
    entry = decode_entry(i == 0 ? r : request_more(entry), in, &p[i]);
  consistency = in_short(in);
  if (in_byte(in) != 0)
    violation("host %u: a batch with flags", r->host);
  check_whole(r, in);
  entry = r;
  for (unsigned i = 0; i < n; i++, entry = entry->more) {
    p[i].consistency = (uint16_t)consistency;
    if (entry->statement != NULL)
      bind(entry, &p[i]);
    if (entry->answer != ANSWER_REFUSED || r->answer == ANSWER_REFUSED)
      continue;
    r->refusal = entry->refusal;
    refused(r);
  }
  if (r->answer == ANSWER_REFUSED)
    request_never(r);
}

static void decode_prepare(struct request *r, struct in *in) {
  struct slice text = in_long_string(in);

  check_whole(r, in);
  model_counts.prepares++;
  r->answer = ANSWER_PREPARED;
  r->statement = cql_find(text, &r->refusal);
  if (r->statement == NULL)
    refused(r);
}

/* ---- EXECUTE ------------------------------------------------------------ */

static void refuse_id(struct request *r) {
  static const char digits[] = "0123456789abcdef";
  char hex[2 * ID_LEN + 1] = "";

  for (unsigned i = 0; i < ID_LEN; i++) {
    hex[2 * i] = digits[r->id[i] >> 4];
    hex[2 * i + 1] = digits[r->id[i] & 15];
  }
  refuse(&r->refusal, ERROR_UNPREPARED,
         "Prepared query with ID %s not found (either the query was not "
         "prepared on this host (maybe the host has been restarted?) or you "
         "have prepared too many queries)",
         hex);
  refused(r);
}

static void decode_execute(struct request *r, struct in *in) {
  struct slice id = in_short_bytes(in);
  const struct issued *issued = in->bad ? NULL : id_find(id);
  const struct known *known;
  struct parameters p;

  if (issued == NULL)
    violation("host %u: EXECUTE of an id that no host has told", r->host);
  if (issued->odd && !cql_is_own_words(issued->statement))
    violation("host %u: EXECUTE of an id that was told with other markers than "
              "%s has",
              r->host, issued->statement->text);
  memcpy(r->id, id.p, ID_LEN);
  r->statement = issued->statement;
  if (issued->odd) {
    refuse(&r->refusal, ERROR_INVALID, "There were other markers in bind");
    refused(r);
    return;
  }
  known = &r->statement->at[r->host];
  if (issued->host != r->host || !known->prepared ||
      world_now() < known->forgetful_until)
    refuse_id(r);
  read_parameters(r, in, &p);
  bind(r, &p);
}

/* ---- Any ---------------------------------------------------------------- */

static void decode_register(struct request *r, struct in *in) {
  unsigned n = in_short(in);

  r->answer = ANSWER_READY;
  while (n-- > 0 && !in->bad) {
    struct slice type = in_string(in);

    if (slice_is(type, "TOPOLOGY_CHANGE") || slice_is(type, "STATUS_CHANGE") ||
        slice_is(type, "SCHEMA_CHANGE"))
      continue;
    refuse(&r->refusal, ERROR_PROTOCOL, "Invalid value '%.*s' for Type",
           (int)(type.len < 100 ? type.len : 100), (const char *)type.p);
    refused(r);
  }
  check_whole(r, in);
  r->conn->registered = r->answer == ANSWER_READY;
}

void request_decode(struct request *r, struct in body) {
  switch (r->opcode) {
  case OP_OPTIONS:
    check_whole(r, &body);
    r->answer = ANSWER_SUPPORTED;
    return;
  case OP_QUERY:
    decode_query(r, &body);
    return;
  case OP_PREPARE:
    decode_prepare(r, &body);
    return;
  case OP_EXECUTE:
    decode_execute(r, &body);
    return;
  case OP_BATCH:
    decode_batch(r, &body);
    return;
  case OP_REGISTER:
    decode_register(r, &body);
    return;
  default:
    violation("host %u: a request 0x%02x, which the client has no use for",
              r->host, (unsigned)r->opcode);
  }
}
