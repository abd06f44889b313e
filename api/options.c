/* api/options.c - options: defaults, text settings, checks. */
#include "api/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert((int)TALLY_COMPRESSION_NONE == (int)COMPRESSION_NONE &&
                   (int)TALLY_COMPRESSION_LZ4 == (int)COMPRESSION_LZ4 &&
                   (int)TALLY_COMPRESSION_LZ4_REQUIRED ==
                       (int)COMPRESSION_LZ4_REQUIRED,
               "core and api number the kinds of compression alike");

void tally_options_init_sized(tally_options *options, size_t size) {
  static const tally_options defaults = {
      .hosts = "127.0.0.1",
      .port = 9042,
      .io_threads = 1,
      .consistency = TALLY_LOCAL_QUORUM,
      .read_consistency = TALLY_LOCAL_QUORUM,
      .connect_timeout_ms = 2000,
      .increment_timeout_ms = 6000,
      .read_timeout_ms = 2000,
      .schema_timeout_ms = 10000,
      .close_timeout_ms = 6000,
      .heartbeat_ms = 10000,
      .heartbeat_timeout_ms = 5000,
      .reconnect_min_ms = 50,
      .reconnect_max_ms = 10000,
      .max_in_flight = 8192,
      .connection_max_in_flight = 2048,
      .max_abandoned = 256,
      .max_frame_bytes = 16 * 1024 * 1024,
      .log_level = TALLY_LOG_WARNING,
      .connections_per_host = 1,
  };

  /* The caller's size, never ours: it may be older than this library. */
  memset(options, 0, size);
  memcpy(options, &defaults, size < sizeof defaults ? size : sizeof defaults);
  options->struct_size = size;
}

void tally_log(tally_options *options, tally_log_callback callback, void *user,
               int level) {
  options->log = callback;
  options->log_user = user;
  options->log_level = level;
}

/* ---- Settings as text --------------------------------------------------- */

enum setting_kind {
  SETTING_TEXT,
  SETTING_HOSTS,
  SETTING_PORT,
  SETTING_COUNT,
  SETTING_THREADS,
  SETTING_TIME,
  SETTING_CONSISTENCY,
  SETTING_SWITCH,
  SETTING_TLS,
  SETTING_COMPRESSION,
};

struct setting {
  const char *name;
  enum setting_kind kind;
  size_t offset;
  uint32_t min;
  uint32_t max;
};

#define SETTING(name, kind, min, max)                                          \
  { #name, kind, offsetof(tally_options, name), min, max }

/* A day: longer times are a mistake in the unit. */
enum { DAY_MS = 24 * 60 * 60 * 1000 };

static const struct setting settings[] = {
    SETTING(hosts, SETTING_HOSTS, 0, 0),
    SETTING(port, SETTING_PORT, 1, 65535),
    SETTING(keyspace, SETTING_TEXT, 0, 0),
    SETTING(io_threads, SETTING_THREADS, 0, 64),
    SETTING(consistency, SETTING_CONSISTENCY, 0, 0),
    SETTING(read_consistency, SETTING_CONSISTENCY, 0, 0),
    SETTING(connect_timeout_ms, SETTING_TIME, 1, DAY_MS),
    SETTING(increment_timeout_ms, SETTING_TIME, 1, DAY_MS),
    SETTING(read_timeout_ms, SETTING_TIME, 1, DAY_MS),
    SETTING(schema_timeout_ms, SETTING_TIME, 1, DAY_MS),
    SETTING(close_timeout_ms, SETTING_TIME, 1, DAY_MS),
    SETTING(heartbeat_ms, SETTING_TIME, 1, DAY_MS),
    SETTING(heartbeat_timeout_ms, SETTING_TIME, 1, DAY_MS),
    SETTING(reconnect_min_ms, SETTING_TIME, 1, DAY_MS),
    SETTING(reconnect_max_ms, SETTING_TIME, 1, DAY_MS),
    SETTING(max_in_flight, SETTING_COUNT, 1, 16777216),
    SETTING(connection_max_in_flight, SETTING_COUNT, 1, 32000),
    SETTING(max_abandoned, SETTING_COUNT, 1, 32000),
    SETTING(max_frame_bytes, SETTING_COUNT, 1024, 256 * 1024 * 1024),
    SETTING(local_dc, SETTING_TEXT, 0, 0),
    SETTING(local_rack, SETTING_TEXT, 0, 0),
    SETTING(allow_remote, SETTING_SWITCH, 0, 1),
    SETTING(connections_per_host, SETTING_COUNT, 1, 16),
    SETTING(user, SETTING_TEXT, 0, 0),
    SETTING(password, SETTING_TEXT, 0, 0),
    SETTING(authenticator, SETTING_TEXT, 0, 0),
    SETTING(allow_plaintext_password, SETTING_SWITCH, 0, 1),
    SETTING(tls, SETTING_TLS, 0, 2),
    SETTING(tls_ca, SETTING_TEXT, 0, 0),
    SETTING(tls_crl, SETTING_TEXT, 0, 0),
    SETTING(tls_cert, SETTING_TEXT, 0, 0),
    SETTING(tls_key, SETTING_TEXT, 0, 0),
    SETTING(tls_name, SETTING_TEXT, 0, 0),
    SETTING(compression, SETTING_COMPRESSION, TALLY_COMPRESSION_NONE,
            TALLY_COMPRESSION_LZ4_REQUIRED),
};

struct word {
  const char *name;
  int value;
};

static const struct word consistencies[] = {
    {"one", TALLY_ONE},
    {"two", TALLY_TWO},
    {"three", TALLY_THREE},
    {"quorum", TALLY_QUORUM},
    {"all", TALLY_ALL},
    {"local_quorum", TALLY_LOCAL_QUORUM},
    {"each_quorum", TALLY_EACH_QUORUM},
    {"local_one", TALLY_LOCAL_ONE},
};

static const struct word tls_modes[] = {
    {"off", TALLY_TLS_OFF},
    {"verify-full", TALLY_TLS_VERIFY_FULL},
    {"insecure-no-verify", TALLY_TLS_INSECURE_NO_VERIFY},
};
static const struct word compressions[] = {
    {"none", TALLY_COMPRESSION_NONE},
    {"lz4", TALLY_COMPRESSION_LZ4},
    {"lz4_required", TALLY_COMPRESSION_LZ4_REQUIRED},
};

enum {
  CONSISTENCIES = sizeof consistencies / sizeof consistencies[0],
  TLS_MODES = sizeof tls_modes / sizeof tls_modes[0],
  COMPRESSIONS = sizeof compressions / sizeof compressions[0],
};

static char plain_letter(char c) {
  return c == '-' ? '_' : (char)tolower((unsigned char)c);
}

/* Names match without regard to case and with "-" for "_". */
static bool same_name(const char *a, size_t a_len, const char *b) {
  for (size_t i = 0; i < a_len; i++)
    if (b[i] == '\0' || plain_letter(a[i]) != plain_letter(b[i]))
      return false;
  return b[a_len] == '\0';
}

bool options_same_name(const char *name, size_t len, const char *option) {
  return same_name(name, len, option);
}

/* "500ms", "5s", "2m", "250". */
static bool parse_number(const char *text, bool is_time, uint64_t *out) {
  uint64_t n = 0, unit = 1;
  const char *s = text;

  if (!isdigit((unsigned char)*s))
    return false;
  for (; isdigit((unsigned char)*s); s++) {
    n = n * 10 + (uint64_t)(*s - '0');
    if (n > UINT32_MAX)
      return false;
  }
  if (is_time && strcmp(s, "ms") == 0)
    s += 2;
  else if (is_time && strcmp(s, "s") == 0)
    unit = 1000, s++;
  else if (is_time && strcmp(s, "m") == 0)
    unit = 60000, s++;
  *out = n * unit;
  return *s == '\0';
}

bool options_number(const char *text, uint64_t *n) {
  return parse_number(text, false, n);
}

static int set_number(void *member, const struct setting *s, const char *value,
                      tally_error *e) {
  uint64_t n = 0;

  if (!parse_number(value, s->kind == SETTING_TIME, &n) || n < s->min ||
      n > s->max)
    return error_set(e, TALLY_EINVAL,
                     "option %s: \"%s\" is not %s from %u to "
                     "%u%s",
                     s->name, value,
                     s->kind == SETTING_TIME ? "a time" : "a whole number",
                     (unsigned)s->min, (unsigned)s->max,
                     s->kind == SETTING_TIME ? " ms (500ms, 5s, 2m)" : "");
  if (s->kind == SETTING_PORT)
    *(uint16_t *)member = (uint16_t)n;
  else if (s->kind == SETTING_THREADS)
    *(int *)member = (int)n;
  else
    *(uint32_t *)member = (uint32_t)n;
  return 0;
}

static int set_word(int *member, const char *name, const struct word *words,
                    size_t count, const char *value, tally_error *e) {
  char names[128] = "";
  size_t len = 0;

  for (size_t i = 0; i < count; i++) {
    if (same_name(value, strlen(value), words[i].name)) {
      *member = words[i].value;
      return 0;
    }
    len += (size_t)snprintf(names + len, sizeof names - len, "%s%s",
                            i > 0 ? ", " : "", words[i].name);
  }
  return error_set(e, TALLY_EINVAL, "option %s: \"%s\" is none of %s", name,
                   value, names);
}

static int set_switch(int *member, const char *name, const char *value,
                      tally_error *e) {
  bool yes = same_name(value, strlen(value), "yes");

  if (!yes && !same_name(value, strlen(value), "no"))
    return error_set(e, TALLY_EINVAL, "option %s: \"%s\" is neither yes nor no",
                     name, value);
  *member = yes;
  return 0;
}

/* ---- Texts, copied ------------------------------------------------------ */

struct option_text {
  struct option_text *next;
  size_t size;
  char text[];
};

/* Not the session's: there is none yet. */
static const struct net_heap texts_heap;

void options_forget(tally_options *o, void *before) {
  while (o->texts != before) {
    struct option_text *t = o->texts;

    o->texts = t->next;
    net_wipe(t->text, t->size); /* it may be the password */
    net_free(&texts_heap, t);
  }
}

static int set_text(tally_options *o, const char **member, const char *value,
                    tally_error *e) {
  size_t size = strlen(value) + 1;
  struct option_text *t = net_alloc(&texts_heap, sizeof *t + size);

  if (t == NULL)
    return error_no_memory(e);
  t->next = o->texts;
  t->size = size;
  *member = memcpy(t->text, value, size);
  o->texts = t;
  return 0;
}

/* The program's tally.h has a place for them? */
static bool keeps_texts(const tally_options *o) {
  return o->struct_size >= offsetof(tally_options, texts) + sizeof o->texts;
}

void tally_options_free(tally_options *options) {
  if (keeps_texts(options))
    options_forget(options, NULL);
  tally_options_init_sized(options, options->struct_size);
}

/* ---- Settings ----------------------------------------------------------- */

static bool is_text(const struct setting *s) {
  return s->kind == SETTING_TEXT || s->kind == SETTING_HOSTS;
}

static int set_hosts(tally_options *o, const char *value, tally_error *e) {
  tally_options trial;
  struct contact *contacts;
  size_t count;
  int rc;

  tally_options_init(&trial);
  trial.hosts = value;
  rc = options_contacts(&trial, &texts_heap, &contacts, &count, e);
  if (rc != 0)
    return rc;
  options_contacts_free(&texts_heap, contacts, count);
  return set_text(o, &o->hosts, value, e);
}

static int set_one(tally_options *o, const struct setting *s, const char *value,
                   tally_error *e) {
  void *member = (char *)o + s->offset;

  /* The program was built with an older tally.h, without this option, or
   * without a place for the copies of texts. */
  if (s->offset + sizeof(uint64_t) > o->struct_size ||
      (is_text(s) && !keeps_texts(o)))
    return error_set(e, TALLY_EINVAL,
                     "option %s: the program's tally.h does not have it",
                     s->name);
  switch (s->kind) {
  case SETTING_HOSTS:
    return set_hosts(o, value, e);
  case SETTING_TEXT:
    return set_text(o, member, value, e);
  case SETTING_CONSISTENCY:
    return set_word(member, s->name, consistencies, CONSISTENCIES, value, e);
  case SETTING_COMPRESSION:
    return set_word(member, s->name, compressions, COMPRESSIONS, value, e);
  case SETTING_SWITCH:
    return set_switch(member, s->name, value, e);
  case SETTING_TLS:
    return set_word(member, s->name, tls_modes, TLS_MODES, value, e);
  default:
    return set_number(member, s, value, e);
  }
}

static const struct setting *find_setting(const char *name, size_t len) {
  for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
    const struct setting *s = &settings[i];
    size_t full = strlen(s->name);
    char stem[64];

    if (same_name(name, len, s->name))
      return s;
    /* "connect_timeout" is good enough for connect_timeout_ms. */
    if (s->kind != SETTING_TIME)
      continue;
    memcpy(stem, s->name, full - 3);
    stem[full - 3] = '\0';
    if (same_name(name, len, stem))
      return s;
  }
  return NULL;
}

static int no_such_option(const char *name, size_t len, tally_error *e) {
  enum { COUNT = sizeof settings / sizeof settings[0] };
  const char *names[COUNT + 1] = {"timeout"};
  char plain[64];
  size_t n = 0;

  for (; n < len && n + 1 < sizeof plain; n++)
    plain[n] = plain_letter(name[n]);
  plain[n] = '\0';
  for (size_t i = 0; i < COUNT; i++)
    names[i + 1] = settings[i].name;
  error_set(e, TALLY_EINVAL, "there is no option \"%.*s\"", (int)len, name);
  error_did_you_mean(e, plain, names, COUNT + 1);
  return TALLY_EINVAL;
}

int tally_options_set(tally_options *options, const char *setting,
                      tally_error *error) {
  const char *equals = strchr(setting, '=');
  size_t len = equals == NULL ? strlen(setting) : (size_t)(equals - setting);
  const struct setting *s;

  if (equals == NULL)
    return error_set(error, TALLY_EINVAL,
                     "option \"%s\" has no value: write name=value", setting);
  if (same_name(setting, len, "timeout")) {
    int rc = set_one(options, find_setting("increment_timeout_ms", 20),
                     equals + 1, error);

    return rc != 0 ? rc
                   : set_one(options, find_setting("read_timeout_ms", 15),
                             equals + 1, error);
  }
  s = find_setting(setting, len);
  if (s == NULL)
    return no_such_option(setting, len, error);
  return set_one(options, s, equals + 1, error);
}

/* ---- Checks ------------------------------------------------------------- */

bool consistency_exists(int value) {
  for (size_t i = 0; i < CONSISTENCIES; i++)
    if (consistencies[i].value == value)
      return true;
  return false;
}

static int check_consistency(int value, const char *name, tally_error *e) {
  if (consistency_exists(value))
    return 0;
  return error_set(e, TALLY_EINVAL, "option %s: there is no level %d", name,
                   value);
}

static int64_t number_of(const tally_options *o, const struct setting *s) {
  const void *member = (const char *)o + s->offset;

  switch (s->kind) {
  case SETTING_PORT:
    return *(const uint16_t *)member;
  case SETTING_THREADS:
  case SETTING_SWITCH:
  case SETTING_TLS:
  case SETTING_COMPRESSION:
    return *(const int *)member;
  default:
    return *(const uint32_t *)member;
  }
}

static int check_values(const tally_options *o, tally_error *e) {
  const tally_allocator *a = &o->allocator;
  int rc;

  for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
    const struct setting *s = &settings[i];
    int64_t n;

    if (is_text(s) || s->kind == SETTING_CONSISTENCY)
      continue;
    n = number_of(o, s);
    if (n < (int64_t)s->min || n > (int64_t)s->max)
      return error_set(e, TALLY_EINVAL, "option %s: %lld is not from %u to %u",
                       s->name, (long long)n, (unsigned)s->min,
                       (unsigned)s->max);
  }
  if ((a->allocate == NULL) != (a->resize == NULL) ||
      (a->allocate == NULL) != (a->release == NULL))
    return error_set(e, TALLY_EINVAL,
                     "option allocator: give all three functions or none");
  if (o->reconnect_min_ms > o->reconnect_max_ms)
    return error_set(e, TALLY_EINVAL,
                     "option reconnect_min_ms: %u is above reconnect_max_ms %u",
                     (unsigned)o->reconnect_min_ms,
                     (unsigned)o->reconnect_max_ms);
  if (o->compression != TALLY_COMPRESSION_NONE && !compress_is_built())
    return error_set(e, TALLY_EINVAL,
                     "option compression: this build of tally has no lz4 "
                     "(TALLY_LZ4=OFF)");
  rc = check_consistency(o->consistency, "consistency", e);
  if (rc == 0)
    rc = check_consistency(o->read_consistency, "read_consistency", e);
  if (rc == 0)
    rc = login_check(o, e);
  return rc == 0 ? tls_check(o, e) : rc;
}

int options_read(tally_options *to, const tally_options *from, tally_error *e) {
  const unsigned char *tail;
  size_t size;

  if (from == NULL || from->struct_size < offsetof(tally_options, port))
    return error_set(e, TALLY_EINVAL,
                     "options were not set up with tally_options_init()");
  size = from->struct_size;
  /* A newer program asks for what this library does not have: say so. */
  tail = (const unsigned char *)from + sizeof *to;
  for (; size > sizeof *to; size--, tail++)
    if (*tail != 0)
      return error_set(e, TALLY_EINVAL,
                       "options has settings that version %s does not know",
                       TALLY_VERSION);
  tally_options_init(to);
  memcpy(to, from, size);
  to->struct_size = sizeof *to;
  to->texts = NULL; /* the program's, to free and to keep */
  return check_values(to, e);
}

/* ---- For the loops ------------------------------------------------------- */

void options_settings(const tally_options *o, uint32_t loops,
                      struct loop_settings *s) {
  const uint64_t ms = 1000000;
  struct config *c = &s->config;

  c->timeout[TIMEOUT_INCREMENT] = o->increment_timeout_ms * ms;
  c->timeout[TIMEOUT_READ] = o->read_timeout_ms * ms;
  c->timeout[TIMEOUT_SCHEMA] = o->schema_timeout_ms * ms;
  c->timeout[TIMEOUT_PAUSE] = 50 * ms;
  c->connect_timeout = o->connect_timeout_ms * ms;
  c->close_timeout = o->close_timeout_ms * ms;
  c->heartbeat = o->heartbeat_ms * ms;
  c->heartbeat_timeout = o->heartbeat_timeout_ms * ms;
  c->reconnect_min = o->reconnect_min_ms * ms;
  c->reconnect_max = o->reconnect_max_ms * ms;
  c->connection_max_in_flight = o->connection_max_in_flight;
  c->max_abandoned = o->max_abandoned;
  /* What waits for late answers leaves half of the slots to what comes. */
  c->max_unsettled = o->max_in_flight / 2 / loops;
  c->max_frame = o->max_frame_bytes;
  c->connections_per_host = o->connections_per_host;
  c->remote = o->allow_remote != 0;
  c->compression = (enum compression)o->compression;
  c->resolve = o->resolve;
  c->resolve_user = o->resolve_user;
  s->log.write = o->log;
  s->log.user = o->log_user;
  s->log.level = o->log_level;
}
