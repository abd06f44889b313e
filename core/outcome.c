#include "core/outcome.h"

#include "proto/protocol.h"

#define NOT OUTCOME_NOT_APPLIED
#define UNK OUTCOME_UNKNOWN

const struct outcome_row outcome_table[EVENT_COUNT] = {
    [EVENT_VOID] = {"RESULT Void", OUTCOME_APPLIED, NEXT_NONE, 0, "applied",
                    NEXT_NONE},
    [EVENT_NEVER_ENCODED] = {"never encoded", NOT, NEXT_HOST, FAILURE_NO_HOST,
                             "no connection ready in time", NEXT_HOST},
    [EVENT_LOST_UNACCEPTED] = {"connection lost before the frame's last byte "
                               "was accepted",
                               NOT, NEXT_HOST, FAILURE_LOST,
                               "connection lost before it was sent", NEXT_HOST},
    [EVENT_LOST_ACCEPTED] = {"connection lost after the frame was accepted",
                             UNK, NEXT_NONE, FAILURE_LOST,
                             "connection lost before the answer",
                             NEXT_HOST_ONCE},
    [EVENT_DEADLINE] = {"client deadline after encoding", UNK, NEXT_NONE,
                        FAILURE_TIMED_OUT, "no answer in time", NEXT_NONE},
    [EVENT_STREAM_0] = {"PROTOCOL_ERROR on stream 0", UNK, NEXT_NONE,
                        FAILURE_PROTOCOL,
                        "the server could not decode what it was sent",
                        NEXT_NONE},
    [EVENT_STREAM_0_OTHER] = {"another ERROR on stream 0", UNK, NEXT_NONE,
                              FAILURE_SERVER,
                              "the server gave the connection up", NEXT_NONE},
    [EVENT_UNDECODABLE] = {"undecodable answer", UNK, NEXT_NONE,
                           FAILURE_PROTOCOL, "an answer that cannot be decoded",
                           NEXT_NONE},
    [EVENT_OTHER_RESULT] = {"RESULT that is not Void", UNK, NEXT_NONE,
                            FAILURE_PROTOCOL, "an unexpected answer",
                            NEXT_NONE},
    [EVENT_BOOTSTRAPPING] = {"IS_BOOTSTRAPPING", NOT, NEXT_HOST, FAILURE_SERVER,
                             "the host is bootstrapping", NEXT_HOST_ONCE},
    [EVENT_UNAVAILABLE_ONE] = {"UNAVAILABLE, one partition, Cassandra", NOT,
                               NEXT_HOST_ONCE, FAILURE_UNAVAILABLE,
                               "not enough replicas alive", NEXT_HOST_ONCE},
    [EVENT_UNAVAILABLE] = {"UNAVAILABLE, several partitions or ScyllaDB", UNK,
                           NEXT_NONE, FAILURE_UNAVAILABLE,
                           "not enough replicas alive", NEXT_HOST_ONCE},
    [EVENT_UNPREPARED] = {"UNPREPARED", NOT, NEXT_PREPARE, FAILURE_SERVER,
                          "the server keeps forgetting the statement",
                          NEXT_PREPARE},
    [EVENT_SYNTAX] = {"SYNTAX_ERROR", NOT, NEXT_NONE, FAILURE_SERVER,
                      "syntax error", NEXT_NONE},
    [EVENT_UNAUTHORIZED] = {"UNAUTHORIZED", NOT, NEXT_NONE, FAILURE_SERVER,
                            "not authorized", NEXT_NONE},
    [EVENT_INVALID] = {"INVALID", NOT, NEXT_NONE, FAILURE_SERVER,
                       "refused as invalid", NEXT_NONE},
    [EVENT_CONFIG] = {"CONFIG_ERROR, Cassandra", NOT, NEXT_NONE, FAILURE_SERVER,
                      "configuration error", NEXT_NONE},
    [EVENT_CONFIG_SCYLLA] = {"CONFIG_ERROR, ScyllaDB", UNK, NEXT_NONE,
                             FAILURE_SERVER, "configuration error", NEXT_NONE},
    [EVENT_ALREADY_EXISTS] = {"ALREADY_EXISTS", NOT, NEXT_NONE, FAILURE_SERVER,
                              "it exists already", NEXT_NONE},
    [EVENT_RATE_LIMIT_COORDINATOR] = {"rate limit, rejected by the coordinator",
                                      NOT, NEXT_NONE, FAILURE_SERVER,
                                      "rate limit reached", NEXT_NONE},
    [EVENT_RATE_LIMIT_REPLICA] = {"rate limit, rejected by a replica", UNK,
                                  NEXT_NONE, FAILURE_SERVER,
                                  "rate limit reached", NEXT_NONE},
    [EVENT_WRITE_TIMEOUT] = {"WRITE_TIMEOUT", UNK, NEXT_NONE, FAILURE_SERVER,
                             "write timeout", NEXT_NONE},
    [EVENT_WRITE_FAILURE] = {"WRITE_FAILURE", UNK, NEXT_NONE, FAILURE_SERVER,
                             "write failure", NEXT_NONE},
    [EVENT_OVERLOADED] = {"OVERLOADED", UNK, NEXT_NONE, FAILURE_SERVER,
                          "the server is overloaded", NEXT_HOST_ONCE},
    [EVENT_TRUNCATE] = {"TRUNCATE_ERROR", UNK, NEXT_NONE, FAILURE_SERVER,
                        "truncate error", NEXT_NONE},
    [EVENT_SERVER_ERROR] = {"SERVER_ERROR", UNK, NEXT_NONE, FAILURE_SERVER,
                            "server error", NEXT_NONE},
    [EVENT_READ_TIMEOUT_ENOUGH] =
        {"READ_TIMEOUT of a read, with enough answers", UNK, NEXT_NONE,
         FAILURE_SERVER, "read timeout", NEXT_HOST_ONCE},
    [EVENT_OTHER_ERROR] = {"any other code", UNK, NEXT_NONE, FAILURE_SERVER,
                           "the server answered with an error", NEXT_NONE},
};

enum event outcome_event(int32_t server_code, size_t partitions,
                         enum server_kind server) {
  switch (server_code) {
  case CQL_ERROR_SERVER:
    return EVENT_SERVER_ERROR;
  case CQL_ERROR_UNAVAILABLE:
    /* Cassandra counts live replicas before it forwards anything; of several
     * partitions the first ones may have been forwarded by then.  ScyllaDB
     * gives this code for a broken link to the leader, too. */
    return partitions == 1 && server == SERVER_CASSANDRA ? EVENT_UNAVAILABLE_ONE
                                                         : EVENT_UNAVAILABLE;
  case CQL_ERROR_OVERLOADED:
    return EVENT_OVERLOADED;
  case CQL_ERROR_IS_BOOTSTRAPPING:
    return EVENT_BOOTSTRAPPING;
  case CQL_ERROR_TRUNCATE:
    return EVENT_TRUNCATE;
  case CQL_ERROR_WRITE_TIMEOUT:
    return EVENT_WRITE_TIMEOUT;
  case CQL_ERROR_WRITE_FAILURE:
    return EVENT_WRITE_FAILURE;
  case CQL_ERROR_SYNTAX:
    return EVENT_SYNTAX;
  case CQL_ERROR_UNAUTHORIZED:
    return EVENT_UNAUTHORIZED;
  case CQL_ERROR_INVALID:
    return EVENT_INVALID;
  case CQL_ERROR_CONFIG:
    return server == SERVER_SCYLLA ? EVENT_CONFIG_SCYLLA : EVENT_CONFIG;
  case CQL_ERROR_ALREADY_EXISTS:
    return EVENT_ALREADY_EXISTS;
  case CQL_ERROR_UNPREPARED:
    return EVENT_UNPREPARED;
  default:
    return EVENT_OTHER_ERROR;
  }
}
