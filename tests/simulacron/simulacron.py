"""tests/simulacron/simulacron.py - Simulacron, its clusters, and the program
that increments: what the tests are written with."""

import base64
import collections
import itertools
import json
import os
import queue
import socket
import struct
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PATIENCE = 30  # seconds; what takes longer has failed

# What tally_increment() prepares for tests/simulacron/increment.c, and the
# types its markers have.
UPDATE = 'UPDATE ks.page_hits SET "views" = "views" + ? WHERE "url" = ?'
MARKERS = {"views": "counter", "url": "varchar"}

VOID = {"result": "void"}
# Simulacron answers PREPARE by the first prime with its text, and with errors
# and rows only so that it tells the markers: a prime that no EXECUTE matches.
NO_KEY = "/of no row"
PREPARED = {"result": "server_error", "message": "no row has this key"}
# What the control connection reads.  Simulacron tells of system.local and
# system.peers only what drivers ask for that it knows.  To each node it is a
# cluster of its own, whose ring is not known: what a test wants to go to
# another node, it names as a contact point.
TABLES = {
    "SELECT host_id, data_center, rack, release_version, schema_version, "
    "tokens, partitioner FROM system.local WHERE key = 'local'": {
        "host_id": "uuid", "data_center": "varchar", "rack": "varchar",
        "release_version": "varchar", "schema_version": "uuid",
        "tokens": "set<varchar>", "partitioner": "varchar"},
    "SELECT host_id, data_center, rack, release_version, schema_version, "
    "tokens, peer, native_address, native_port FROM system.peers_v2": {
        "host_id": "uuid", "data_center": "varchar", "rack": "varchar",
        "release_version": "varchar", "schema_version": "uuid",
        "tokens": "set<varchar>", "peer": "inet", "native_address": "inet",
        "native_port": "int"},
    "SELECT replication FROM system_schema.keyspaces "
    "WHERE keyspace_name = ?": {"replication": "map<varchar,varchar>"},
}


def table_rows(types):
    """The row of system.local; of the other tables, none."""
    if "partitioner" not in types:
        return []
    return [{
        "host_id": str(uuid.UUID(int=1)), "data_center": "dc1",
        "rack": "rack1", "release_version": "4.1.0",
        "schema_version": str(uuid.UUID(int=7)), "tokens": None,
        "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner"}]


# A data center's primes come before the cluster's.  (A node's come first of
# all, but Simulacron 0.12.0 cannot remove them: it takes DELETE for POST.)
FIRST = "/dc0"


def until(condition, what):
    """Waits until the condition holds, and returns what it said."""
    deadline = time.monotonic() + PATIENCE
    while not (held := condition()):
        if time.monotonic() > deadline:
            raise AssertionError("waited in vain for " +
                                 (what() if callable(what) else what))
        time.sleep(0.005)
    return held


class Simulacron:
    """The simulator, a process of ours."""

    def __init__(self):
        with socket.socket() as s:  # it cannot choose a free port itself
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        ip = f"127.77.{port % 256}.1"  # another for each run, nearly
        self.base = f"http://127.0.0.1:{port}"
        self.names = itertools.count(1)
        self.log = tempfile.TemporaryFile("w+")
        script = os.path.join(ROOT, "scripts", "simulacron")
        subprocess.run([script, "fetch"], check=True, stdout=subprocess.DEVNULL)
        self.process = subprocess.Popen(
            [script, "run", "--ip", ip, "--http-port", str(port)],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
        )
        try:
            until(self.answers, "Simulacron's HTTP")
        except BaseException:
            self.stop()
            raise

    def answers(self):
        if self.process.poll() is not None:
            self.log.seek(0)
            raise SystemExit("Simulacron does not start:\n" + self.log.read())
        try:
            return self.ask("GET", "/cluster") is not None
        except urllib.error.URLError:
            return False

    def ask(self, method, path, body=None):
        request = urllib.request.Request(
            self.base + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                text = answer.read()  # some answers are empty
                return json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read()}") from error

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


Seen = collections.namedtuple("Seen", "url views connection node")


class Cluster:
    """Simulated nodes, in data centers of as many as `nodes` says, that speak
    the protocol's version 4 alone."""

    def __init__(self, simulacron, nodes=(1,), version=4):
        self.simulacron = simulacron
        self.name = f"tally{next(simulacron.names)}"
        made = simulacron.ask("POST", "/cluster", {
            "name": self.name,
            "peer_info": {"protocol_versions": [version]},
            "data_centers": [
                {"id": i, "name": f"dc{i}",
                 "nodes": [{"id": n, "name": f"node{n}"} for n in range(count)]}
                for i, count in enumerate(nodes)
            ],
        })
        self.hosts = [
            node["address"]
            for dc in made["data_centers"]
            for node in dc["nodes"]
        ]
        self.tables()

    def remove(self):
        self.simulacron.ask("DELETE", "/cluster/" + self.name)

    # -- What it answers

    def tables(self):
        for query, types in TABLES.items():
            self.prime({"query": query}, {
                "result": "success", "rows": table_rows(types),
                "column_types": types})

    def prime(self, when, then, place=""):
        self.simulacron.ask(
            "POST", f"/prime/{self.name}{place}", {"when": when, "then": then}
        )

    def update(self, url, then, place="", markers=None):
        """What the statement answers for this row, or (None) for any.  Among
        several that match, the first one counts."""
        when = {"query": UPDATE, "param_types": markers or MARKERS}
        if url is not None:
            when["params"] = {"views": "*", "url": url}
        self.prime(when, then, place)

    def serve(self, answers=None):
        """Answers PREPARE, these urls as told, and all others with Void."""
        self.update(NO_KEY, PREPARED)
        for url, then in (answers or {}).items():
            self.update(url, then)
        self.update(None, VOID)

    def override(self, then, markers=None):
        """What the first data center answers until restore(), whatever the
        cluster would: one step from one to the other."""
        self.update(None, then, FIRST, markers)

    def restore(self):
        self.simulacron.ask("DELETE", f"/prime/{self.name}{FIRST}")

    def clear(self):
        self.simulacron.ask("DELETE", "/prime/" + self.name)
        self.tables()

    # -- What it has seen

    def nodes(self, path):
        report = self.simulacron.ask("GET", f"/{path}/{self.name}")
        nodes = [n for dc in report["data_centers"] for n in dc["nodes"]]
        return dict(zip(self.hosts, nodes))

    def requests(self, kind):
        return [
            (host, q)
            for host, node in self.nodes("log").items()
            for q in node["queries"]
            if q["type"] == kind
        ]

    def prepares(self):
        return len(self.requests("PREPARE"))

    def executes(self):
        """Every increment that arrived."""
        seen = []
        for host, q in self.requests("EXECUTE"):
            values = q["frame"]["message"]["options"]["positional_values"]
            views, url = [base64.b64decode(v) for v in values]
            seen.append(Seen(url.decode(), struct.unpack(">q", views)[0],
                             q["connection"], host))
        return seen

    def tries(self, url):
        return sum(seen.url == url for seen in self.executes())

    def connections(self, host=None):
        return self.nodes("connections")[host or self.hosts[0]]["connections"]

    def connection(self, host=None):
        """The one that there is."""
        (one,) = self.connections(host)
        return one

    def replaces(self, old, host=None):
        """Waits for another connection than this one."""
        until(lambda: set(self.connections(host)) - {old},
              f"another connection than {old}")

    # -- What happens to it

    def cut(self, kind="disconnect"):
        self.simulacron.ask("DELETE", f"/connections/{self.name}?type={kind}")

    def refuse(self, kind, after=0, node=""):
        self.simulacron.ask(
            "DELETE", f"/listener/{self.name}{node}?after={after}&type={kind}"
        )

    def accept(self):
        self.simulacron.ask("PUT", f"/listener/{self.name}")

    def pause(self):
        """Does not read any more; what each connection sends next may still be
        read, though."""
        self.simulacron.ask("PUT", f"/pause-reads/{self.name}")

    def resume(self):
        self.simulacron.ask("DELETE", f"/pause-reads/{self.name}")


class Client:
    """tests/simulacron/increment.c: a session."""

    def __init__(self, program, hosts, **options):
        options = {"keyspace": "ks", "reconnect_min": 10, "reconnect_max": 50,
                   **options}
        self.stderr = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [program, "hosts=" + ",".join(hosts),
             *(f"{name}={value}" for name, value in options.items())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.stderr,
            text=True,
        )
        self.lines = queue.Queue()
        self.waiting = []  # lines that nobody has asked for yet
        threading.Thread(target=self.read, daemon=True).start()
        self.first = self.next()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))
        self.lines.put(None)

    def next(self):
        try:
            return self.lines.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError("it says nothing:\n" + self.said()) from None

    def line(self, key, value):
        """Waits for a line that has this."""
        for i, line in enumerate(self.waiting):
            if line.get(key) == value:
                return self.waiting.pop(i)
        while (line := self.next()) is not None:
            if line.get(key) == value:
                return line
            self.waiting.append(line)
        raise AssertionError(f"it ended before {key} {value}:\n" + self.said())

    def submit(self, url, delta=1):
        self.process.stdin.write(f"{url} {delta}\n")
        self.process.stdin.flush()

    def ended(self, url):
        return self.line("ended", url)

    def increment(self, url, delta=1):
        self.submit(url, delta)
        return self.ended(url)

    def said(self):
        """Read where the file begins, without a seek: the offset is the
        program's as well, which would write over what it has said."""
        file = self.stderr.fileno()
        return os.pread(file, os.fstat(file).st_size, 0).decode()

    def close(self):
        """Closes the session; returns what it told that nobody asked for."""
        self.process.stdin.close()
        while (line := self.next()) is not None:
            self.waiting.append(line)
        self.process.wait()
        return self.waiting

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.stderr.close()
