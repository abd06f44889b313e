"""tests/live/test_lz4.py - compressed frames, with a real node.

    TALLY_TOOL=build/asan/tool/tally TALLY_TEST_HOSTS=127.0.0.1:9042 \
        build/asan/tests/live/venv/bin/python tests/live/test_lz4.py

What the tool counts is read by the independent client, which does not compress;
what goes over the wire is read along by a tap between the tool and the node."""

import json
import secrets
import string
import unittest

from connect import connect
from tap import Tap
from test_tool import DONE, HOSTS, KEYSPACE, tally

STARTUP, EXECUTE = 0x01, 0x0A
LONG = 20000
COMPRESSED = 0x01


def letters(n):
    return "".join(secrets.choice(string.ascii_letters) for _ in range(n))


class Lz4(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster, cls.session = connect(HOSTS)
        cls.session.execute(
            f"CREATE KEYSPACE {KEYSPACE} WITH replication = "
            "{'class': 'SimpleStrategy', 'replication_factor': 1}"
        )
        cls.session.execute(
            f"CREATE TABLE {KEYSPACE}.hits (url text PRIMARY KEY, views counter)"
        )
        cls.read = cls.session.prepare(
            f"SELECT views FROM {KEYSPACE}.hits WHERE url = ?"
        )

    @classmethod
    def tearDownClass(cls):
        cls.session.execute(f"DROP KEYSPACE {KEYSPACE}")
        cls.cluster.shutdown()

    def setUp(self):
        self.tap = Tap()

    def tearDown(self):
        self.tap.close()

    def run_tool(self, *words):
        r = tally(*words, env={"TALLY_HOSTS": self.tap.address})
        self.assertEqual(r.status, DONE, r)
        self.assertNotIn("lz4", r.err)
        return r

    def count(self, key, *options):
        for views in 1, 2, 3:
            self.run_tool(
                *options, "increment", "hits", f"url={key}", f"views={views}"
            )
        self.run_tool(*options, "decrement", "hits", f"url={key}", "views=4")
        rows = list(self.session.execute(self.read, [key]))
        self.assertEqual([row.views for row in rows], [2])
        r = self.run_tool(*options, "get", "hits", f"url={key}", "--json")
        self.assertEqual(json.loads(r.out), {"url": key, "views": 2})

    def answers_compressed(self):
        """Of those that follow a STARTUP, and its own is one: how many are, and
        how many are not."""
        yes = no = 0
        for sent, answered in self.tap.pipes:
            wanted = [f for f in self.tap.frames(sent) if f[0] == STARTUP]
            self.assertLessEqual(len(wanted), 1)
            for _, flags, _ in list(self.tap.frames(answered))[1:]:
                yes += flags & COMPRESSED
                no += not flags & COMPRESSED
        return yes, no

    def test_short_keys(self):
        self.count("/home", "--lz4")
        self.assertEqual({f for f, _ in self.tap.requests(EXECUTE)}, {0})
        self.assertTrue(self.tap.requests(STARTUP))
        for flags, body in self.tap.requests(STARTUP):
            self.assertEqual(flags, 0)
            self.assertIn(b"\0\x0bCOMPRESSION\0\x03lz4", body)
        yes, no = self.answers_compressed()
        self.assertGreater(yes, 20)
        self.assertEqual(no, 0)

    def test_long_keys(self):
        self.count("/long" + "k" * LONG, "--lz4")
        requests = self.tap.requests(EXECUTE)
        self.assertEqual(len(requests), 5)
        for flags, body in requests:
            self.assertEqual(flags, COMPRESSED)
            self.assertLess(len(body), 500)
            self.assertGreater(int.from_bytes(body[:4], "big"), LONG)

    def test_keys_that_stay_as_long(self):
        key = letters(LONG)
        self.count(key, "--lz4")
        requests = self.tap.requests(EXECUTE)
        self.assertEqual(len(requests), 5)
        for flags, body in requests:
            self.assertEqual(flags, 0)
            self.assertIn(key.encode(), body)

    def test_keys_half_of_which_repeats(self):
        self.count(letters(LONG // 2) * 2, "--lz4")
        for flags, body in self.tap.requests(EXECUTE):
            self.assertEqual(flags, COMPRESSED)
            self.assertGreater(len(body), LONG // 2)

    def test_not_asked_for(self):
        self.count("/plain" + "k" * LONG)
        self.assertEqual({f for f, _ in self.tap.requests(EXECUTE)}, {0})
        for _, body in self.tap.requests(STARTUP):
            self.assertNotIn(b"COMPRESSION", body)
        self.assertEqual(self.answers_compressed()[0], 0)

    def test_all_commands(self):
        r = self.run_tool("--lz4", "cluster", "--json")
        self.assertTrue(all(h["up"] for h in json.loads(r.out)["hosts"]))
        self.run_tool(
            "--lz4", "sync", "more", "url:text:partition", "views:counter"
        )
        self.assertEqual(
            list(self.session.execute(f"SELECT * FROM {KEYSPACE}.more")), []
        )


if __name__ == "__main__":
    unittest.main()
