"""tests/simulacron/tables.py - what Simulacron is told, and what Tally must
make of it: literally, and held against docs/outcomes.md by Documented."""

from simulacron import VOID


def error(name, **more):
    return {"result": name, "message": "simulated", **more}


def rows():
    return {"result": "success", "rows": [{"a": 1}], "column_types": {"a": "int"}}


def late(then, delay_ms):
    return {**then, "delay_in_ms": delay_ms}


def at_prepare(then):
    return {**then, "ignore_on_prepare": False}


def replicas(name, **more):
    counts = {"consistency_level": "LOCAL_QUORUM", "received": 1, "block_for": 2}
    return {"result": name, **counts, **more}


FAILED = {"127.0.77.1": "UNKNOWN"}
UNAVAILABLE = {
    "result": "unavailable", "consistency_level": "LOCAL_QUORUM",
    "required": 2, "alive": 1,
}
WRITE_TYPES = ["SIMPLE", "BATCH", "UNLOGGED_BATCH", "COUNTER", "BATCH_LOG",
               "CAS", "VIEW", "CDC"]

ANSWERS = {
    "void": VOID,
    "rows": rows(),
    "server_error": error("server_error"),
    "protocol_error": error("protocol_error"),
    "authentication_error": error("authentication_error"),
    "unavailable": UNAVAILABLE,
    "overloaded": error("overloaded"),
    "is_bootstrapping": {"result": "is_bootstrapping"},
    "truncate_error": error("truncate_error"),
    "read_timeout": replicas("read_timeout", data_present=False),
    "read_failure": replicas(
        "read_failure", failure_reasons=FAILED, data_present=False
    ),
    "function_failure": {
        "result": "function_failure", "keyspace": "ks", "function": "f",
        "arg_types": ["int"], "detail": "simulated",
    },
    "syntax_error": error("syntax_error"),
    "unauthorized": error("unauthorized"),
    "invalid": error("invalid"),
    "config_error": error("config_error"),
    "already_exists": error("already_exists", keyspace="ks", table="page_hits"),
}
for kind in WRITE_TYPES:
    ANSWERS["write_timeout " + kind] = replicas("write_timeout", write_type=kind)
    ANSWERS["write_failure " + kind] = replicas(
        "write_failure", failure_reasons=FAILED, write_type=kind
    )


def table(text):
    """The rows, as tuples, of a table drawn with |; the first names columns."""
    lines = [line.strip().strip("|") for line in text.strip().splitlines()]
    return [tuple(c.strip() for c in line.split("|")) for line in lines[1:]]


# Outcome, status and cause as tally.h has them (status and cause without their
# TALLY_), the server's code or -1, EXECUTEs of this increment and PREPAREs in
# all that the server saw, and what became of the connection.  The event is the
# row of docs/outcomes.md that says so.
EXECUTE_ANSWERED = table("""
answer                       | event                                  | outcome     | status       | cause        | code   | tries | prepares | connection
void                         | RESULT Void                            | applied     | OK           | OK           | -1     | 1     | 1        | kept
rows                         | RESULT that is not Void                | unknown     | EUNKNOWN     | EPROTOCOL    | -1     | 1     | 1        | kept
server_error                 | SERVER_ERROR                           | unknown     | EUNKNOWN     | ESERVER      | 0x0000 | 1     | 1        | kept
protocol_error               | any other code                         | unknown     | EUNKNOWN     | ESERVER      | 0x000a | 1     | 1        | kept
authentication_error         | any other code                         | unknown     | EUNKNOWN     | ESERVER      | 0x0100 | 1     | 1        | kept
unavailable                  | UNAVAILABLE, one partition, Cassandra  | not applied | EUNAVAILABLE | EUNAVAILABLE | 0x1000 | 1     | 1        | kept
overloaded                   | OVERLOADED                             | unknown     | EUNKNOWN     | ESERVER      | 0x1001 | 1     | 1        | kept
is_bootstrapping             | IS_BOOTSTRAPPING                       | not applied | ESERVER      | ESERVER      | 0x1002 | 1     | 1        | kept
truncate_error               | TRUNCATE_ERROR                         | unknown     | EUNKNOWN     | ESERVER      | 0x1003 | 1     | 1        | kept
write_timeout SIMPLE         | WRITE_TIMEOUT                          | unknown     | EUNKNOWN     | ESERVER      | 0x1100 | 1     | 1        | kept
write_timeout BATCH          | WRITE_TIMEOUT                          | unknown     | EUNKNOWN     | ESERVER      | 0x1100 | 1     | 1        | kept
write_timeout UNLOGGED_BATCH | WRITE_TIMEOUT                          | unknown     | EUNKNOWN     | ESERVER      | 0x1100 | 1     | 1        | kept
write_timeout COUNTER        | WRITE_TIMEOUT                          | unknown     | EUNKNOWN     | ESERVER      | 0x1100 | 1     | 1        | kept
write_timeout BATCH_LOG      | WRITE_TIMEOUT                          | unknown     | EUNKNOWN     | ESERVER      | 0x1100 | 1     | 1        | kept
write_timeout CAS            | WRITE_TIMEOUT                          | unknown     | EUNKNOWN     | ESERVER      | 0x1100 | 1     | 1        | kept
write_timeout VIEW           | WRITE_TIMEOUT                          | unknown     | EUNKNOWN     | ESERVER      | 0x1100 | 1     | 1        | kept
write_timeout CDC            | WRITE_TIMEOUT                          | unknown     | EUNKNOWN     | ESERVER      | 0x1100 | 1     | 1        | kept
read_timeout                 | any other code                         | unknown     | EUNKNOWN     | ESERVER      | 0x1200 | 1     | 1        | kept
read_failure                 | any other code                         | unknown     | EUNKNOWN     | ESERVER      | 0x1300 | 1     | 1        | kept
function_failure             | any other code                         | unknown     | EUNKNOWN     | ESERVER      | 0x1400 | 1     | 1        | kept
write_failure SIMPLE         | WRITE_FAILURE                          | unknown     | EUNKNOWN     | ESERVER      | 0x1500 | 1     | 1        | kept
write_failure BATCH          | WRITE_FAILURE                          | unknown     | EUNKNOWN     | ESERVER      | 0x1500 | 1     | 1        | kept
write_failure UNLOGGED_BATCH | WRITE_FAILURE                          | unknown     | EUNKNOWN     | ESERVER      | 0x1500 | 1     | 1        | kept
write_failure COUNTER        | WRITE_FAILURE                          | unknown     | EUNKNOWN     | ESERVER      | 0x1500 | 1     | 1        | kept
write_failure BATCH_LOG      | WRITE_FAILURE                          | unknown     | EUNKNOWN     | ESERVER      | 0x1500 | 1     | 1        | kept
write_failure CAS            | WRITE_FAILURE                          | unknown     | EUNKNOWN     | ESERVER      | 0x1500 | 1     | 1        | kept
write_failure VIEW           | WRITE_FAILURE                          | unknown     | EUNKNOWN     | ESERVER      | 0x1500 | 1     | 1        | kept
write_failure CDC            | WRITE_FAILURE                          | unknown     | EUNKNOWN     | ESERVER      | 0x1500 | 1     | 1        | kept
syntax_error                 | SYNTAX_ERROR                           | not applied | ESERVER      | ESERVER      | 0x2000 | 1     | 1        | kept
unauthorized                 | UNAUTHORIZED                           | not applied | ESERVER      | ESERVER      | 0x2100 | 1     | 1        | kept
invalid                      | INVALID                                | not applied | ESERVER      | ESERVER      | 0x2200 | 1     | 1        | kept
config_error                 | CONFIG_ERROR, Cassandra                | not applied | ESERVER      | ESERVER      | 0x2300 | 1     | 1        | kept
already_exists               | ALREADY_EXISTS                         | not applied | ESERVER      | ESERVER      | 0x2400 | 1     | 1        | kept
""")

# The same, where the client's patience ends first: "settled" is what
# options.on_settled hears then.
EXECUTE_ANSWERED_LATE = table("""
answer                | event                                 | settled
void                  | RESULT Void                           | applied
rows                  | RESULT that is not Void               | never
server_error          | SERVER_ERROR                          | never
protocol_error        | any other code                        | never
unavailable           | UNAVAILABLE, one partition, Cassandra | not applied
overloaded            | OVERLOADED                            | never
is_bootstrapping      | IS_BOOTSTRAPPING                      | not applied
write_timeout COUNTER | WRITE_TIMEOUT                         | never
write_failure COUNTER | WRITE_FAILURE                         | never
syntax_error          | SYNTAX_ERROR                          | not applied
unauthorized          | UNAUTHORIZED                          | not applied
invalid               | INVALID                               | not applied
config_error          | CONFIG_ERROR, Cassandra               | not applied
""")
PATIENCE_MS, LATE_MS = 1000, 1500

# PREPARE answered so: nothing was sent that could count.
PREPARE_ANSWERED = table("""
answer                | status       | code   | connection
void                  | EPROTOCOL    | -1     | kept
server_error          | ESERVER      | 0x0000 | kept
protocol_error        | ESERVER      | 0x000a | kept
authentication_error  | ESERVER      | 0x0100 | kept
unavailable           | EUNAVAILABLE | 0x1000 | kept
overloaded            | ESERVER      | 0x1001 | kept
is_bootstrapping      | ESERVER      | 0x1002 | kept
truncate_error        | ESERVER      | 0x1003 | kept
write_timeout COUNTER | ESERVER      | 0x1100 | kept
read_timeout          | ESERVER      | 0x1200 | kept
read_failure          | ESERVER      | 0x1300 | kept
function_failure      | ESERVER      | 0x1400 | kept
write_failure COUNTER | ESERVER      | 0x1500 | kept
syntax_error          | ESERVER      | 0x2000 | kept
unauthorized          | ESERVER      | 0x2100 | kept
invalid               | ESCHEMA      | 0x2200 | kept
config_error          | ESERVER      | 0x2300 | kept
already_exists        | ESERVER      | 0x2400 | kept
""")

# EXECUTE answered by an end of connections.  Besides the session with the
# increment there is one on the same node, one on another node of its data
# center, and one in another data center: "others" are those that lose theirs.
# After shutdown_read the server is deaf, and says nothing, not even that: the
# client's heartbeats find out, and it leaves.
LOST = "connection lost after the frame was accepted"
ALERT = {"heartbeat": 200, "heartbeat_timeout": 1000}
CLOSED = table("""
scope       | how            | outcome | status   | cause | tries | connection | others
connection  | disconnect     | unknown | EUNKNOWN | ELOST | 1     | lost       | none
connection  | shutdown_read  | unknown | EUNKNOWN | ELOST | 1     | left       | none
connection  | shutdown_write | unknown | EUNKNOWN | ELOST | 1     | lost       | none
node        | disconnect     | unknown | EUNKNOWN | ELOST | 1     | lost       | node
node        | shutdown_read  | unknown | EUNKNOWN | ELOST | 1     | left       | node
node        | shutdown_write | unknown | EUNKNOWN | ELOST | 1     | lost       | node
data_center | disconnect     | unknown | EUNKNOWN | ELOST | 1     | lost       | node, center
data_center | shutdown_read  | unknown | EUNKNOWN | ELOST | 1     | left       | node, center
data_center | shutdown_write | unknown | EUNKNOWN | ELOST | 1     | lost       | node, center
cluster     | disconnect     | unknown | EUNKNOWN | ELOST | 1     | lost       | node, center, cluster
cluster     | shutdown_read  | unknown | EUNKNOWN | ELOST | 1     | left       | node, center, cluster
cluster     | shutdown_write | unknown | EUNKNOWN | ELOST | 1     | lost       | node, center, cluster
""")

# OPTIONS answered so when a session is opened.  (Simulacron takes no primes
# for STARTUP.)
HANDSHAKE_ANSWERED = table("""
answer               | status
server_error         | EPROTOCOL
protocol_error       | EPROTOCOL
overloaded           | EPROTOCOL
is_bootstrapping     | EPROTOCOL
void                 | EPROTOCOL
authentication_error | EAUTH
no_result            | ETIMEDOUT
close_connection     | ECONNECT
""")
