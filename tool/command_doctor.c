/* tool/command_doctor.c - tally doctor: what counting needs, one thing after
 * another, up to the first that fails. */
#include "tool/command.h"

#include "tool/ask.h"
#include "tool/contacts.h"
#include "tool/interrupt.h"
#include "tool/output.h"
#include "tool/reach.h"
#include "tool/replicas.h"
#include "tool/session.h"
#include "tool/target.h"
#include "tool/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FOUND_MAX = 32, TEXT = 512 };

struct found {
  char address[REACH_ADDRESS];
  uint16_t port;
};

struct doctor {
  struct options *options;
  struct found found[FOUND_MAX]; /* addresses of the contact points */
  size_t found_count;
  tally_session *session;
  struct data_centers centers;
  char why[TEXT]; /* of the last thing that failed */
};

/* "tcp          ok      10.0.0.1:9042" */
static void put_step(const char *step, bool ok, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

static void put_step(const char *step, bool ok, const char *format, ...) {
  char text[TEXT];
  va_list args;

  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  printf(isatty(STDOUT_FILENO) ? "%-13s%-7s" : "%s\t%s\t", step,
         ok ? "ok" : "fails");
  output_text(text);
  putchar('\n');
  fflush(stdout); /* the next one may take its time */
}

static int failed(const struct doctor *d, int status, const char *what,
                  const char *hint) {
  report(what, d->why, NULL, hint);
  return status;
}

/* ---- Names and ports ---------------------------------------------------- */

static void find_contact(struct doctor *d, const struct contact *c) {
  char addresses[FOUND_MAX][REACH_ADDRESS], list[TEXT] = "", reason[128];
  size_t room = FOUND_MAX - d->found_count, len = 0;
  size_t count = reach_find(c->name, addresses, room, reason, sizeof reason);

  if (count == 0)
    snprintf(d->why, sizeof d->why, "%s: %s", c->name, reason);
  for (size_t i = 0; i < count; i++) {
    struct found *f = &d->found[d->found_count++];

    memcpy(f->address, addresses[i], sizeof f->address);
    f->port = c->port;
    if (len < sizeof list)
      len += (size_t)snprintf(list + len, sizeof list - len, "%s%s",
                              i > 0 ? ", " : "", f->address);
  }
  if (count == 0)
    put_step("name", false, "%s", d->why);
  else if (strcmp(c->name, list) == 0)
    put_step("name", true, "%s", list);
  else
    put_step("name", true, "%s: %s", c->name, list);
}

static int check_names(struct doctor *d) {
  const tally_options *o = &d->options->session;
  const char *hosts = o->hosts;
  struct contact c;

  while (d->found_count < FOUND_MAX && contact_next(&hosts, o->port, &c))
    find_contact(d, &c);
  return d->found_count > 0
             ? STATUS_DONE
             : failed(d, STATUS_CONNECT, "no host has an address",
                      "is the name in --hosts right, and does this machine "
                      "know it? see \"getent hosts NAME\"");
}

static int check_ports(struct doctor *d) {
  uint32_t ms = d->options->session.connect_timeout_ms;
  int last = 0;
  bool any = false;

  for (size_t i = 0; i < d->found_count && !interrupt_caught(); i++) {
    const struct found *f = &d->found[i];
    bool v6 = strchr(f->address, ':') != NULL;
    int error = reach_connect(f->address, f->port, ms);
    char at[REACH_ADDRESS + 16];

    snprintf(at, sizeof at, v6 ? "[%s]:%u" : "%s:%u", f->address,
             (unsigned)f->port);
    any = any || error == 0;
    if (error != 0 && interrupt_caught()) /* EINTR says nothing of the host */
      break;
    if (error == 0) {
      put_step("tcp", true, "%s", at);
      continue;
    }
    last = error;
    snprintf(d->why, sizeof d->why, "%s: %s", at, strerror(error));
    put_step("tcp", false, "%s", d->why);
  }
  if (any || interrupt_caught())
    return STATUS_DONE;
  return failed(d, STATUS_CONNECT, "no host takes connections",
                last == ECONNREFUSED
                    ? "does a server run there, for clients at this port "
                      "(native_transport_port)?"
                    : "something on the way holds it up: a firewall, a route, "
                      "or --connect-timeout is too short");
}

/* ---- What connecting is made of ----------------------------------------- */

enum part { PART_TLS, PART_CQL, PART_LOGIN, PART_DC, PART_COUNT };

static enum part part_of(const struct doctor *d, const tally_error *e) {
  bool tls = d->options->session.tls != TALLY_TLS_OFF;

  switch (e->code) {
  case TALLY_EINVAL: /* of the options servers can check one alone */
    return strstr(e->detail, "option local_dc") != NULL ? PART_DC : PART_TLS;
  case TALLY_EAUTH:
    return PART_LOGIN;
  case TALLY_EPROTOCOL:
    return PART_CQL;
  case TALLY_ETLS:
    return PART_TLS;
  default: /* silence, or a connection that was closed */
    return tls ? PART_TLS : PART_CQL;
  }
}

static void put_parts(const struct doctor *d, enum part end) {
  static const char *const tls[] = {"off", "verify-full", "insecure-no-verify"};
  const tally_options *o = &d->options->session;
  bool user = o->user != NULL && o->user[0] != '\0';

  if (end > PART_TLS)
    put_step("tls", true, "%s", tls[o->tls]);
  if (end > PART_CQL)
    put_step("cql", true, "version 4 of the protocol");
  if (end > PART_LOGIN)
    put_step("login", true, "%s%s", user ? "user " : "nobody is asked for one",
             user ? o->user : "");
}

static int check_session(struct doctor *d) {
  static const char *const names[] = {"tls", "cql", "login", "data center"};
  enum part at;
  tally_error error;

  if (session_try(&d->session, d->options, &error) == 0) {
    report_log_flush(NULL);
    put_parts(d, PART_COUNT);
    return STATUS_DONE;
  }
  at = part_of(d, &error);
  put_parts(d, at);
  put_step(names[at], false, "%s",
           error.detail[0] != '\0' ? error.detail : error.message);
  return session_failed(d->options, &error, WORK_READ);
}

/* ---- Hosts and replicas ------------------------------------------------- */

static int check_hosts(struct doctor *d) {
  struct data_centers *c = &d->centers;
  char more[64] = "";
  tally_error error;

  if (centers_read(c, d->session, &error) != 0) {
    put_step("data center", false, "%s", error.message);
    return report_error(&error, WORK_READ);
  }
  if (c->all.hosts > c->local.hosts)
    snprintf(more, sizeof more, "; %zu of %zu in others",
             c->all.up - c->local.up, c->all.hosts - c->local.hosts);
  put_step("data center", true, "%s: %zu of %zu hosts up%s%s%s", c->name,
           c->local.up, c->local.hosts, more, c->why[0] != '\0' ? "; " : "",
           c->why);
  return STATUS_DONE;
}

static int no_keyspace(struct doctor *d, const char *keyspace) {
  snprintf(d->why, sizeof d->why, "there is no keyspace %s", keyspace);
  put_step("replication", false, "%s", d->why);
  return failed(d, STATUS_FAILED, "no such keyspace",
                "see \"tally help create-keyspace\"");
}

/* Are enough of them there for what increments ask for? */
static int check_replicas(struct doctor *d, const char *keyspace) {
  const struct data_centers *c = &d->centers;
  int level = d->options->session.consistency;
  bool local = replicas_are_local(level);
  size_t up = local ? c->local.up : c->all.up, of, needed;
  struct replicas r;
  int status = replicas_read(&r, d->session, keyspace, c->name);

  if (status != STATUS_DONE)
    return status;
  if (!r.found)
    return no_keyspace(d, keyspace);
  of = local ? r.local : r.all;
  if (!r.known) {
    put_step("replication", true, "%s", keyspace);
    return STATUS_DONE;
  }
  needed = replicas_needed(&r, level);
  if (needed <= of && needed <= up) {
    put_step("replication", true, "%s: %s; %s needs %zu", keyspace, r.text,
             replicas_level(level), needed);
    return STATUS_DONE;
  }
  snprintf(d->why, sizeof d->why,
           "%s: %s; %s needs %zu of %zu replicas; hosts up: %zu", keyspace,
           r.text, replicas_level(level), needed, of, up);
  put_step("replication", false, "%s", d->why);
  return failed(d, STATUS_FAILED, "not enough replicas",
                "see \"tally cluster\"; or take another --consistency, "
                "--local-dc or replication");
}

static int check_keyspace(struct doctor *d) {
  const struct options *o = d->options;
  char *keyspace;
  int status =
      session_keyspace(o, o->word_count == 0 ? "" : o->words[0], &keyspace);

  if (status == STATUS_DONE && keyspace != NULL)
    status = check_replicas(d, keyspace);
  free(keyspace);
  return status;
}

/* ---- The table ---------------------------------------------------------- */

/* A row of it, if it has any: what counting takes beyond that is said by
 * counting alone. */
static int read_row(const struct target *t, tally_error *error) {
  tally_query *query;
  int rc = tally_find(&query, t->table, error);

  if (rc != 0)
    return rc;
  rc = tally_first(query, tally_row_data(t->row), error);
  tally_query_free(query);
  return rc == TALLY_ENOTFOUND ? 0 : rc;
}

static int check_table(struct doctor *d) {
  struct target t = {.session = d->session};
  char name[128], counters[256];
  tally_error error;
  int rc;

  if (d->options->word_count == 0)
    return STATUS_DONE;
  rc = target_table(&t, d->options, &error);
  if (rc == 0)
    rc = read_row(&t, &error);
  if (rc == 0) {
    target_name(&t, name, sizeof name);
    target_counters(&t, counters, sizeof counters);
    put_step("table", true, "%s: %s", name, counters);
  } else {
    put_step("table", false, "%s", error.message);
  }
  tally_row_free(t.row);
  return rc == 0 ? STATUS_DONE : report_error(&error, WORK_READ);
}

/* ------------------------------------------------------------------------- */

int command_doctor(struct options *o) {
  static int (*const steps[])(struct doctor *) = {check_names,    check_ports,
                                                  check_session,  check_hosts,
                                                  check_keyspace, check_table};
  struct doctor d = {.options = o};
  int status = STATUS_DONE;

  if (o->word_count > 1)
    return report_usage("see \"tally help doctor\"",
                        "doctor takes one TABLE, or none");
  if (o->word_count == 1)
    status = session_check_table(o, o->words[0]);
  if (o->value[OPTION_CONSISTENCY] != NULL)
    o->session.read_consistency = o->session.consistency;
  /* Who asks what is wrong wants to know it now; and which hosts are up shows
   * connecting to them alone. */
  o->wait_ms = 0;
  o->session.allow_remote = 1;
  o->session.log_level = TALLY_LOG_ERROR;
  for (size_t i = 0; i < sizeof steps / sizeof steps[0] &&
                     status == STATUS_DONE && !interrupt_caught();
       i++)
    status = steps[i](&d);
  tally_close(d.session);
  return status;
}
