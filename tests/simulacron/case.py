"""tests/simulacron/case.py - what every test says and asks: it has a cluster
and a session of its own, with a thread of its own or inline."""

import atexit
import functools
import os
import re
import unittest

from simulacron import Client, Cluster, Simulacron, until

PROGRAM = os.path.abspath(
    os.environ.get(
        "SIMULACRON_INCREMENT",
        "build/dev/tests/simulacron/simulacron_increment",
    )
)
MODES = {"threads": 1, "inline": 0}


@functools.cache
def simulacron():
    """Started by the first who asks, for all of them."""
    if not os.access(PROGRAM, os.X_OK):
        raise SystemExit(f"no program at {PROGRAM}: set SIMULACRON_INCREMENT")
    started = Simulacron()
    atexit.register(started.stop)
    return started


class Case(unittest.TestCase):
    maxDiff = None

    def cluster(self, *args, **more):
        cluster = Cluster(simulacron(), *args, **more)
        self.addCleanup(cluster.remove)
        return cluster

    def client(self, cluster, mode, hosts=None, **options):
        client = Client(
            PROGRAM, hosts or cluster.hosts[:1], io_threads=MODES[mode], **options
        )
        self.addCleanup(client.kill)
        self.assertEqual(client.first, {"connected": True}, client.said())
        return client

    def applied(self, client, url):
        self.ends(client.increment(url), "applied", "OK", "OK")

    def ends(self, line, outcome, status, cause, code="-1"):
        """An "ended" line says this."""
        def full(name):
            return name if name == "OK" else "TALLY_" + name
        self.assertEqual(
            (line["outcome"], line["status"], line["cause"], line["server_code"]),
            (outcome, full(status), full(cause), int(code, 0)),
            line,
        )
        self.assertEqual(line["operation"] != 0, outcome == "unknown", line)

    def not_applied(self, line, status, code="-1"):
        self.ends(line, "not applied", status, status, code)

    def lost(self, line):
        self.ends(line, "unknown", "EUNKNOWN", "ELOST")

    def timed_out(self, line):
        self.ends(line, "unknown", "EUNKNOWN", "ETIMEDOUT")

    def closes(self, client):
        """... and has told nothing that was not asked for: no late answer,
        and no end for the second time."""
        self.assertEqual(client.close(), [{"closed": "OK"}], client.said())
        self.assertEqual(client.process.returncode, 0, client.said())

    def goes_on(self, cluster, client, connection, state, host=None):
        """The connection was "kept", "lost", or (so that the server still has
        it) "left", and the session works."""
        if state == "kept":
            self.assertEqual(cluster.connections(host), [connection])
        else:
            cluster.replaces(connection, host)
        self.applied(client, "/after")
        (seen,) = [s for s in cluster.executes() if s.url == "/after"]
        # One that was given up while it was made may still be there a moment.
        left = {connection} if state == "left" else set()
        until(lambda: set(cluster.connections(host)) == left | {seen.connection},
              "the connections of a session that goes on")
        self.assertEqual(seen.connection == connection, state == "kept")


def for_each_mode(test):
    """Two tests of one that takes a mode."""
    test.modes = MODES
    return test


def expand(cls):
    for name, test in list(vars(cls).items()):
        if hasattr(test, "modes"):
            delattr(cls, name)
            for mode in MODES:
                setattr(cls, f"{name}_{mode}", lambda self, t=test, m=mode: t(self, m))
    return cls


def for_each_row(rows, columns=1):
    """A test of each row of a table, called by its first columns."""
    def made(cls):
        for row in rows:
            name = re.sub(r"\W", "_", "_".join(row[:columns]))
            for mode in MODES:
                setattr(cls, f"test_{name}_{mode}",
                        lambda self, r=row, m=mode: self.check(m, *r))
        return cls
    return made
