"""tests/cluster/test_increments.py PROGRAM - increments reach a replica of
their key, by what the nodes themselves have counted.

Each node counts in system_views.coordinator_write_latency what clients have
sent to it, and in local_write_latency what it has written as a replica.  The
keys are chosen by their owners, as `nodetool describering` names them, and
counted owner by owner, so that no two mistakes can make up for each other.
"""

import random
import subprocess
import sys
import unittest

import servers

INCREMENTS = 10000
PROGRAM = sys.argv.pop()


def counted(host, view, keyspace):
    """What a node has counted of the keyspace's table."""
    with servers.session(host) as opened:
        row = opened.execute(
            f"SELECT count FROM system_views.{view} WHERE keyspace_name = %s "
            "AND table_name = 'page_hits'", [keyspace]).one()
        return row.count if row else 0


def totals(keyspace, view="coordinator_write_latency"):
    return {host: counted(with_port, view, keyspace) for host, with_port
            in zip(servers.addresses(), servers.HOSTS.split(","))}


class Program:
    """The counting program, which is told keys and tells its metrics."""

    NAMES = "to_replica to_other unrouted remote retries".split()

    def __init__(self, keyspace):
        self.process = subprocess.Popen(
            [PROGRAM, servers.HOSTS, keyspace], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)

    def count(self, keys):
        self.process.stdin.write("\n".join([*keys, "", ""]))
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the program has ended"
        return dict(zip(self.NAMES, map(int, line.split())))

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait()


class Increments(unittest.TestCase):
    def make(self, keyspace, replication, increments):
        with servers.session() as opened:
            servers.make_keyspace(opened, keyspace, replication)
        self.ring = servers.Ring(keyspace)
        seed = random.randrange(1 << 32)
        self.seed = f"seed {seed}"
        choice = random.Random(seed)
        self.keys = [f"/{choice.randrange(1 << 60):x}"
                     for _ in range(increments)]
        self.assertEqual(len(set(self.keys)), increments)

    def replicas(self, key):
        return self.ring.replicas(servers.token_of(key.encode()))

    def read_back(self, keyspace):
        """By Python's driver, every row: each key has been counted once."""
        with servers.session() as opened:
            rows = opened.execute(
                f"SELECT url, views FROM {keyspace}.page_hits")
            have = sorted((row.url, row.views) for row in rows)
        self.assertEqual(have, sorted((key, 1) for key in self.keys), self.seed)

    def test_one_replica(self):
        """Of 10,000 at least 99 % go to the owner: all, if no connection is
        lost meanwhile."""
        keyspace, right = "owned", 0
        metrics = dict.fromkeys(Program.NAMES, 0)
        self.make(keyspace, "{'class': 'NetworkTopologyStrategy', 'dc1': 1}",
                  INCREMENTS)
        program = Program(keyspace)
        before = totals(keyspace)
        self.assertEqual(set(before.values()), {0})
        for owner in servers.addresses():
            mine = [k for k in self.keys if self.replicas(k) == {owner}]
            retries = -metrics["retries"]
            metrics = program.count(mine)
            retries += metrics["retries"]
            after = totals(keyspace)
            grown = {h: after[h] - before[h] for h in after}
            self.assertEqual(sum(grown.values()), len(mine) + retries,
                             self.seed)
            print(f"{len(mine):>6} keys of {owner} were sent to", grown)
            right += grown[owner]
            before = after
        self.assertEqual(program.close(), 0)
        self.read_back(keyspace)
        self.assertGreaterEqual(right, 0.99 * INCREMENTS, self.seed)
        # What the client says of itself is the same.
        self.assertEqual(metrics["to_replica"], right, self.seed)
        self.assertEqual(metrics["to_replica"] + metrics["to_other"],
                         INCREMENTS + metrics["retries"])
        self.assertEqual(metrics["unrouted"], 0)
        # Every node has written what it owns, and three share it.
        written = totals(keyspace, "local_write_latency")
        self.assertEqual(sum(written.values()), INCREMENTS)
        self.assertEqual(sum(n > 0 for n in written.values()), 3)

    def test_two_data_centers(self):
        """With a replica in each, those of the local one alone are asked."""
        keyspace, keys = "in_both", INCREMENTS // 4
        self.make(keyspace,
                  "{'class': 'NetworkTopologyStrategy', 'dc1': 1, 'dc2': 1}",
                  keys)
        far = servers.addresses()[3]
        program = Program(keyspace)
        metrics = program.count(self.keys)
        sent = totals(keyspace)
        self.assertEqual(program.close(), 0)
        owned = {host: sum(host in self.replicas(key) for key in self.keys)
                 for host in sent}
        print("    owned by", owned, "\n     sent to", sent)
        self.assertEqual(owned[far], keys)
        self.assertEqual(sent[far], 0)
        self.assertEqual(sum(sent.values()), keys + metrics["retries"])
        self.assertGreaterEqual(metrics["to_replica"], 0.99 * keys, self.seed)
        self.assertEqual((metrics["unrouted"], metrics["remote"]), (0, 0))
        elsewhere = metrics["to_other"] + metrics["retries"]
        for host in set(sent) - {far}:
            self.assertLessEqual(abs(sent[host] - owned[host]), elsewhere,
                                 self.seed)
        self.read_back(keyspace)


if __name__ == "__main__":
    unittest.main()
