/* tests/unit/suites.h - every suite, one line each.  A line here is all that a
 * new suite needs: the runner and ctest are made from it. */
#ifndef TALLY_TESTS_SUITES_H
#define TALLY_TESTS_SUITES_H

#include <check.h>

#define TALLY_SUITES(X)                                                        \
  X(wire)                                                                      \
  X(frame)                                                                     \
  X(request)                                                                   \
  X(response)                                                                  \
  X(result)                                                                    \
  X(type)                                                                      \
  X(value)                                                                     \
  X(murmur3)                                                                   \
  X(conn_fsm)                                                                  \
  X(pool_fsm)                                                                  \
  X(control_fsm)                                                               \
  X(timer)                                                                     \
  X(topology)                                                                  \
  X(sharding)                                                                  \
  X(routing_key)                                                               \
  X(snapshot)                                                                  \
  X(router)                                                                    \
  X(ring)                                                                      \
  X(op)                                                                        \
  X(streams)                                                                   \
  X(output)                                                                    \
  X(source_port)                                                               \
  X(compress)                                                                  \
  X(outcome)                                                                   \
  X(options)                                                                   \
  X(url)                                                                       \
  X(definition)                                                                \
  X(conformance)                                                               \
  X(conformance_table)                                                         \
  X(conformance_find)                                                          \
  X(bad_input)                                                                 \
  X(statement)                                                                 \
  X(key_types)                                                                 \
  X(query)                                                                     \
  X(batch)                                                                     \
  X(execute)                                                                   \
  X(execute_answers)                                                           \
  X(bind)                                                                      \
  X(connect)                                                                   \
  X(answers)                                                                   \
  X(prepare)                                                                   \
  X(lost)                                                                      \
  X(late)                                                                      \
  X(settle)                                                                    \
  X(settled_row)                                                               \
  X(kept)                                                                      \
  X(unknown_id)                                                                \
  X(session)                                                                   \
  X(cluster)                                                                   \
  X(hosts)                                                                     \
  X(odd_hosts)                                                                 \
  X(connections)                                                               \
  X(elsewhere)                                                                 \
  X(login)                                                                     \
  X(channel)                                                                   \
  X(tls)                                                                       \
  X(tls_matrix)                                                                \
  X(tls_session)                                                               \
  X(tls_relay)                                                                 \
  X(tls_hostile)                                                               \
  X(secrets)                                                                   \
  X(lz4)                                                                       \
  X(shards)                                                                    \
  X(host_options)                                                              \
  X(guest)                                                                     \
  X(rounds)                                                                    \
  X(hostile)                                                                   \
  X(sync)                                                                      \
  X(memory)

#define TALLY_SUITE_DECLARE(name) Suite *name##_suite(void);
TALLY_SUITES(TALLY_SUITE_DECLARE)
#undef TALLY_SUITE_DECLARE

#endif
