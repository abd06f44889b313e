"""tests/cluster/test_replicas.py PROGRAM - the replicas that Tally computes are
those that the servers name.

On four nodes, of which three are in dc1 (in two racks) and one is in dc2: for
2,000 keys in each of four keyspaces, with a key of one part and one of two, the
token is the one that Python's driver computes, and the set of replicas is that
of the range in `nodetool describering`; for 20 of them also what
`nodetool getendpoints` says, which hashes the key itself.
"""

import random
import subprocess
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor

import servers

KEYS = 2000
ASKED = 20
KEYSPACES = {
    "simple_1": ("{'class': 'SimpleStrategy', 'replication_factor': 1}", 1),
    "simple_3": ("{'class': 'SimpleStrategy', 'replication_factor': 3}", 3),
    "two_racks": ("{'class': 'NetworkTopologyStrategy', 'dc1': 2}", 2),
    "two_dcs": ("{'class': 'NetworkTopologyStrategy', 'dc1': 2, 'dc2': 1}", 3),
}
PROGRAM = sys.argv.pop()


def parse(line):
    """(table, key, token, replicas), the key as nodetool takes it."""
    table, key, token, hosts = line.split("\t")
    return table, key, int(token), [h.rpartition(":")[0]
                                    for h in hosts.split(",")]


def wire(table, key):
    if not table.endswith("_by_day"):
        return [key.encode()]
    url, _, day = key.rpartition(":")
    return [url.encode(), int(day).to_bytes(4, "big", signed=True)]


class Replicas(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with servers.session() as opened:
            for name, (replication, _) in KEYSPACES.items():
                servers.make_keyspace(opened, name, replication)
        with servers.session(servers.HOSTS.partition(",")[0]) as first:
            cls.places = sorted(
                tuple(row) for table in ["local", "peers"] for row in
                first.execute(f"SELECT data_center, rack FROM system.{table}"))
        done = subprocess.run([PROGRAM, servers.HOSTS, str(KEYS), *KEYSPACES],
                              stdout=subprocess.PIPE, encoding="utf-8",
                              check=True)
        cls.computed = [parse(line) for line in done.stdout.splitlines()]

    def test_there_is_something_to_tell_apart(self):
        self.assertEqual(self.places, [("dc1", "r1"), ("dc1", "r1"),
                                       ("dc1", "r2"), ("dc2", "r1")])
        for name, (_, factor) in KEYSPACES.items():
            sets = set()
            for table in [name + ".page_hits", name + ".page_hits_by_day"]:
                mine = [c for c in self.computed if c[0] == table]
                self.assertEqual(len({key for _, key, _, _ in mine}), KEYS)
                sets.update(frozenset(hosts) for *_, hosts in mine)
            self.assertEqual({len(s) for s in sets}, {factor}, name)
            self.assertGreater(len(sets), 1, name)
        self.assertEqual(len(self.computed), len(KEYSPACES) * 2 * KEYS)

    def test_tokens(self):
        for table, key, token, _ in self.computed:
            self.assertEqual(servers.token_of(*wire(table, key)), token,
                             (table, key))

    def test_describering(self):
        rings = {name: servers.Ring(name) for name in KEYSPACES}
        for table, key, token, hosts in self.computed:
            ring = rings[table.partition(".")[0]]
            self.assertEqual(len(set(hosts)), len(hosts), (table, key, hosts))
            self.assertEqual(ring.replicas(token), set(hosts),
                             (table, key, token))

    def test_getendpoints(self):
        # Java takes arguments beyond ASCII as the locale has them.
        plain = [c for c in self.computed if c[1].isascii()]
        tables = sorted({table for table, *_ in plain})
        asked = [random.choice([c for c in plain if c[0] == table])
                 for table in (tables * ASKED)[:ASKED]]

        def endpoints(which):
            table, key, *_ = which
            return set(servers.cassandra("nodetool", 1, "getendpoints",
                                         *table.split("."), key).split())

        with ThreadPoolExecutor(2) as pool:
            for which, said in zip(asked, pool.map(endpoints, asked)):
                self.assertEqual(said, set(which[3]), which)


if __name__ == "__main__":
    unittest.main()
