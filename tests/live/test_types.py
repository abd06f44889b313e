"""tests/live/test_types.py - keys of every type, with a real node.

    TALLY_TOOL=build/static/tool/tally TALLY_TEST_HOSTS=127.0.0.1 \
        build/asan/tests/live/venv/bin/python tests/live/test_types.py

Each value of tests/vectors/key_types.tsv is the partition key of one table and
the clustering key of another.  The tool counts and the independent client reads
what is there: bytes and token are those of the vectors.  Then the other way
round: what that client has counted, by the bytes alone, the tool reads."""

import collections
import json
import os
import unittest

from connect import connect
from test_tool import DONE, HOSTS, KEYSPACE, USAGE, tally

VECTORS = os.path.join(
    os.path.dirname(__file__), "..", "vectors", "key_types.tsv"
)
Vector = collections.namedtuple("Vector", "type typed bytes token printed")


def vectors():
    with open(VECTORS, encoding="utf-8") as lines:
        for line in lines:
            name, typed, data, token, printed = line.rstrip("\n").split("\t")
            yield Vector(name, typed, data, int(token), printed)


VALUES = list(vectors())
TYPES = sorted({v.type for v in VALUES})


def values_of(name):
    """Each once: some are typed in two ways."""
    return {v.bytes: v for v in VALUES if v.type == name}.values()


class Types(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster, cls.session = connect(HOSTS)
        cls.session.execute(
            f"CREATE KEYSPACE {KEYSPACE} WITH replication = "
            "{'class': 'SimpleStrategy', 'replication_factor': 1}"
        )

    @classmethod
    def tearDownClass(cls):
        cls.session.execute(f"DROP KEYSPACE {KEYSPACE}")
        cls.cluster.shutdown()

    def run_tool(self, *words):
        r = tally(*words)
        self.assertEqual(r.status, DONE, (words, r))
        return r.out

    def rows(self, cql):
        return list(self.session.execute(cql))

    def both_ways(self, name, table, fixed):
        """fixed: further key columns, as words and as CQL."""
        words, where = fixed
        blob = {"text": "textAsBlob", "ascii": "asciiAsBlob"}.get(
            name, f"{name}AsBlob"
        )
        column = "k" if name == "blob" else f"{blob}(k)"
        for v in values_of(name):
            self.run_tool("increment", table, *words, "k=" + v.typed, "c=2")
        token = "" if words else ", token(k)"
        seen = {
            row[0].hex(): tuple(row[1:])
            for row in self.rows(
                f"SELECT {column}, c{token} FROM {KEYSPACE}.{table}"
            )
        }
        for v in values_of(name):
            want = (2,) if words else (2, v.token)
            self.assertEqual(seen.get(v.bytes), want, v)
        self.assertEqual(len(seen), len(values_of(name)))
        for v in values_of(name):
            key = f"0x{v.bytes}"
            if name != "blob":
                key = f"blobAs{name.capitalize()}({key})"
            self.session.execute(
                f"UPDATE {KEYSPACE}.{table} SET c = c + 3 WHERE {where}k = {key}"
            )
            shown = self.run_tool("get", table, *words, "k=" + v.printed)
            self.assertEqual(shown.split("\t")[-2:], [v.printed, "5\n"], v)

    def test_partition_keys(self):
        for name in TYPES:
            with self.subTest(type=name):
                self.run_tool("sync", f"p_{name}", f"k:{name}:partition",
                              "c:counter")
                self.both_ways(name, f"p_{name}", ((), ""))

    def test_clustering_keys(self):
        for name in TYPES:
            with self.subTest(type=name):
                self.run_tool(
                    "sync", f"c_{name}", "p:int:partition",
                    f"k:{name}:clustering:desc", "c:counter",
                )
                self.both_ways(name, f"c_{name}", (("p=1",), "p = 1 AND "))

    def test_all_in_one_key(self):
        """A composite partition key of every type, and the token of it."""
        one = {v.type: v for v in VALUES}
        columns = [f"k_{name}:{name}:partition" for name in TYPES]
        self.run_tool("sync", "composite", *columns, "c:counter")
        key = [f"k_{name}={one[name].typed}" for name in TYPES]
        self.run_tool("increment", "composite", *key, "c=7")
        shown = json.loads(self.run_tool("get", "composite", *key, "--json"))
        self.assertEqual(shown["c"], 7)
        self.assertIs(shown["k_boolean"], False)
        self.assertEqual(shown["k_tinyint"], 127)
        self.assertEqual(shown["k_inet"], one["inet"].printed)
        names = ", ".join(f"k_{name}" for name in TYPES)
        token, = self.rows(f"SELECT token({names}) FROM {KEYSPACE}.composite")[0]
        parts = b"".join(
            len(data).to_bytes(2, "big") + data + b"\0"
            for data in (bytes.fromhex(one[name].bytes) for name in TYPES)
        )
        from cassandra.metadata import Murmur3Token

        self.assertEqual(token, Murmur3Token.hash_fn(parts))

    def test_not_of_the_type(self):
        self.run_tool("sync", "typed", "day:date:partition", "c:counter")
        r = tally("increment", "typed", "day=yesterday", "c=1")
        self.assertEqual(r.status, USAGE, r)
        self.assertIn('column day: "yesterday" is not a date', r.err)
        self.assertEqual(self.rows(f"SELECT * FROM {KEYSPACE}.typed"), [])


if __name__ == "__main__":
    unittest.main()
