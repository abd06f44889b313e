/* tests/docs/print_page.c - pages of docs/ that are made from the code:
 *
 *   print_page outcomes > docs/outcomes.md
 *   print_page options > docs/options.md
 *
 * A test compares what it prints with what is committed. */
#include <stdio.h>
#include <string.h>

#include "api/tally.h"
#include "core/outcome.h"

static const char *next_text(enum next_step next) {
  switch (next) {
  case NEXT_HOST:
    return "next host, within the deadline";
  case NEXT_HOST_ONCE:
    return "next host, once";
  case NEXT_PREPARE:
    return "prepare and send again, twice at most";
  case NEXT_NONE:
  default:
    return "";
  }
}

static void print_what_to_do(void) {
  puts(
      "\n## What to do with UNKNOWN\n\n"
      "The increment counted once, or not at all, and it may still count "
      "after you were told: a server\nthat timed out may apply it later. "
      "Calling again may count twice. So, by what the counter is\nfor:\n\n"
      "- **A statistic** (page views): note it and go on. The error is at "
      "most the sum of the unknown\n  deltas; log it, so that somebody sees "
      "when it grows.\n"
      "- **A number that must be right**: wait for `options.on_settled`, "
      "which names the increment by\n  `error.operation` when its answer "
      "comes after all; most answers that are merely late do, within\n  the "
      "server's own limit (5 s unless changed). Where nothing comes (the "
      "connection was lost, the\n  server itself does not know, too many "
      "others waited), read the row once that limit has passed.\n  One reading "
      "decides only if you are the row's only writer: give each increment "
      "that matters a\n  row of its own (a key with its number in it) and sum "
      "them up when reading.\n"
      "- **Money**: a counter table cannot do this. Use a table with "
      "conditional writes.\n\n"
      "Fewer of them: keep `increment_timeout_ms` above the server's own "
      "limit, keep few increments in\nflight on one row, and let "
      "`tally_close()` wait for what is under way (`close_timeout_ms`).\n\n"
      "## How it is known\n\n"
      "`scripts/sim` runs the whole client against a model of the server that "
      "applies and answers\nindependently of each other, and compares, for "
      "every single increment, what was told with what was\ndone. "
      "`scripts/mutants` shows that it would notice. `scripts/chaos` does the "
      "same on a real node, and\n`tests/simulacron` goes through the rows "
      "above one by one.");
}

static void print_outcomes(void) {
  puts("# What each event says about an increment\n\n"
       "Made from the table in `core/outcome.c`; do not edit.\n\n"
       "`UNKNOWN` is returned as `TALLY_EUNKNOWN`, and the code below is then "
       "in `error.cause`.\nReads are never applied, and return the code "
       "itself; the last column is theirs.\n\n\"Next host\" is one where the "
       "operation has not been yet, a replica if there is one; once it was\n"
       "everywhere, any. An answer is final when no other host is ready; what "
       "was not sent waits for\none.\n\n"
       "| event | outcome | next | code | in words | a read, next |\n"
       "|---|---|---|---|---|---|");
  for (int i = 0; i < EVENT_COUNT; i++) {
    const struct outcome_row *row = &outcome_table[i];
    const char *outcome = row->outcome == OUTCOME_APPLIED       ? "APPLIED"
                          : row->outcome == OUTCOME_NOT_APPLIED ? "NOT_APPLIED"
                                                                : "UNKNOWN";

    printf("| %s | %s | %s | %s | %s | %s |\n", row->name, outcome,
           next_text(row->next),
           row->code == 0 ? "" : tally_error_name(row->code), row->what,
           next_text(row->read_next));
  }
  print_what_to_do();
}

#define NUMBER(name, unit, text)                                               \
  printf("| `%s` | %lld%s | %s |\n", #name, (long long)o.name, unit, text)

static void print_options(void) {
  tally_options o;

  tally_options_init(&o);
  puts("# Options and their defaults\n\n"
       "Made from `tally_options_init()`; do not edit. `tally_options_set()` "
       "takes the same names as\ntext, with or without the `_ms`, and "
       "`tally_options_url()` behind the `?` of\n\n"
       "    cassandra://[user@]host[:port][,...]/keyspace?local_dc=dc1&"
       "consistency=local_quorum&tls=verify-full&timeout=5s\n\n"
       "(`scylla://` is the same; `%40` stands for `@`; a password is "
       "refused). In both, `timeout` sets the ones\nof increments and reads "
       "at once. The tool has `--url`, and `--hosts`, `--port`, "
       "`--keyspace`,\n`--local-dc`, `--user`, `--password-file`, "
       "`--allow-plaintext-password`, `--tls`, `--ca`,\n`--crl`, `--cert`, "
       "`--key`, `--tls-name`, `--lz4`, `--consistency` (of both), `--timeout` "
       "and\n`--connect-timeout`; each of them also as a variable "
       "(`TALLY_URL`, `TALLY_LOCAL_DC`, ...;\n`TALLY_LZ4` and `TALLY_VERBOSE` "
       "are yes or no). An option beats its variable, which beats\n`--url`, "
       "which beats `TALLY_URL`, which beats the default.\n`tally help secure` "
       "says where it finds passwords.\n\n"
       "In a program only: `allocator`, `log`, `resolve`, `on_settled`, "
       "`host_filter`,\n`translate_address`, `on_host`, `credentials`, "
       "`sasl`, `tls_name_of` and `tls_passphrase`; see\n`api/tally.h`.\n\n"
       "| option | default | what it is |\n|---|---|---|");
  printf("| `hosts` | %s | contact points: `host[:port],...` |\n", o.hosts);
  NUMBER(port, "", "for hosts that name none");
  puts("| `keyspace` | none | for tables that name none |");
  NUMBER(io_threads, "", "loops of the session's own; 0 is inline");
  puts("| `consistency` | local_quorum | of increments |\n"
       "| `read_consistency` | local_quorum | of reads |");
  NUMBER(connect_timeout_ms, " ms",
         "for a round over all contact points, and for each connection");
  NUMBER(increment_timeout_ms, " ms",
         "above the server's own 5 s for counters: a shorter one only turns "
         "answers into UNKNOWN");
  NUMBER(read_timeout_ms, " ms", "for a read");
  NUMBER(schema_timeout_ms, " ms", "for a schema change and its agreement");
  NUMBER(close_timeout_ms, " ms", "for operations in flight when closing");
  NUMBER(heartbeat_ms, " ms", "silence before the server is asked to speak");
  NUMBER(heartbeat_timeout_ms, " ms", "and the time it has for that");
  NUMBER(reconnect_min_ms, " ms",
         "the first pause before a host is tried again");
  NUMBER(reconnect_max_ms, " ms", "the longest; full jitter");
  NUMBER(max_in_flight, "",
         "operations of the session, with those that wait for late answers; "
         "TALLY_EBUSY beyond");
  NUMBER(connection_max_in_flight, "", "requests of one connection");
  NUMBER(max_abandoned, "",
         "answers a connection may owe before it is replaced");
  NUMBER(max_frame_bytes, " bytes", "the largest answer that is accepted");
  puts("| `local_dc` | learned | the data center that requests go to; without "
       "it that of the first contact point that answers, with a warning when "
       "there are others |\n"
       "| `local_rack` | none | its hosts are preferred; without it racks are "
       "alike |");
  printf("| `allow_remote` | %s | yes: other data centers are connected to, "
         "and used when no host of the local one is ready |\n",
         o.allow_remote ? "yes" : "no");
  NUMBER(connections_per_host, "",
         "of each loop, up to 16; to a ScyllaDB host with a shard-aware port "
         "one for each shard instead");
  puts("| `user`, `password` | none | of logins, by SASL PLAIN |\n"
       "| `authenticator` | none | one more class that may have the password, "
       "beside those of Cassandra, ScyllaDB, DSE and Amazon |");
  printf("| `allow_plaintext_password` | %s | yes: the password may cross any "
         "network, not this machine alone |\n",
         o.allow_plaintext_password ? "yes" : "no");
  puts("| `tls` | off | `verify-full`: on every connection, and the server's "
       "certificate has to be trusted and valid for its name; "
       "`insecure-no-verify`: whoever answers is believed |\n"
       "| `tls_ca` | the system's | a file of the certificates that are "
       "trusted, PEM |\n"
       "| `tls_crl` | none | a file of lists of revoked certificates, PEM; one "
       "of every authority in a chain has to be there |\n"
       "| `tls_cert`, `tls_key` | none | files of the client's own, PEM |\n"
       "| `tls_name` | each its own | the one name that all servers' "
       "certificates are valid for |");
  puts("| `compression` | none | lz4: of frames, with servers that offer it; "
       "lz4_required: with no others |");
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "outcomes") == 0)
    print_outcomes();
  else if (argc == 2 && strcmp(argv[1], "options") == 0)
    print_options();
  else
    return 2;
  return fflush(stdout) == 0 ? 0 : 1;
}
