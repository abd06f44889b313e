"""tests/cluster/servers.py - what the nodes themselves say: nodetool, and CQL
by Python's driver.

TALLY_TEST_HOSTS are their addresses, "host[:port],...", node 1 first;
TALLY_CASSANDRA_DIR is where scripts/cassandra keeps them.
"""

import contextlib
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "live"))

from cassandra.metadata import Murmur3Token  # noqa: E402
from connect import connect  # noqa: E402

HOSTS = os.environ.get("TALLY_TEST_HOSTS", "")


def addresses():
    """Without ports, node 1 first."""
    assert HOSTS, "TALLY_TEST_HOSTS is not set"
    return [host.partition(":")[0] for host in HOSTS.split(",")]


@contextlib.contextmanager
def session(hosts=None):
    cluster, opened = connect(hosts or HOSTS)
    try:
        yield opened
    finally:
        cluster.shutdown()


def cassandra(*arguments):
    """Of node 1, or as said."""
    done = subprocess.run(
        [ROOT / "scripts" / "cassandra", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


RANGE = re.compile(r"\bTokenRange\(start_token:(-?\d+), end_token:(-?\d+), "
                   r"endpoints:\[([^\]]*)\]")


class Ring:
    """The ranges of a keyspace, as `nodetool describering` prints them."""

    def __init__(self, keyspace):
        text = cassandra("nodetool", 1, "describering", keyspace)
        found = [(int(start), int(end), frozenset(hosts.split(", ")))
                 for start, end, hosts in RANGE.findall(text)]
        assert len(found) == text.count("TokenRange(start_token"), text
        self.ranges = sorted(found)
        # They are the whole ring: each begins where another ends.
        assert found and (sorted(r[0] for r in found)
                          == sorted(r[1] for r in found)), text

    def replicas(self, token):
        """A range is what is above its start, up to its end; one wraps."""
        held = [hosts for start, end, hosts in self.ranges
                if (start < token <= end if start < end
                    else token > start or token <= end)]
        assert len(held) == 1, (token, held)
        return held[0]


def token_of(*parts):
    """Of a partition key, its parts in wire form."""
    if len(parts) == 1:
        return Murmur3Token.hash_fn(parts[0])
    return Murmur3Token.hash_fn(b"".join(
        len(part).to_bytes(2, "big") + part + b"\0" for part in parts))


def make_keyspace(opened, name, replication):
    opened.execute(f"DROP KEYSPACE IF EXISTS {name}")
    opened.execute(f"CREATE KEYSPACE {name} WITH replication = {replication}")
    opened.execute(f"CREATE TABLE {name}.page_hits "
                   "(url text PRIMARY KEY, views counter)")
    opened.execute(f"CREATE TABLE {name}.page_hits_by_day (url text, day int, "
                   "views counter, PRIMARY KEY ((url, day)))")
