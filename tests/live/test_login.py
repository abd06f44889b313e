"""tests/live/test_login.py - logins, on a node that wants them.

    TALLY_TOOL=build/asan/tool/tally TALLY_TEST_HOSTS=127.0.0.1:9042 \
        build/asan/tests/live/venv/bin/python tests/live/test_login.py

The node was started with --auth, or with --auth --tls --client-cert; then
TALLY_TEST_CERTIFICATES is its folder tls.  What the tool counts is read by the
independent client, which also makes the users."""

import json
import os
import secrets
import tempfile
import unittest

from connect import first_login, for_tool, secured
from test_tool import CONNECT, DONE, FAILED, HOSTS, KEYSPACE, USAGE, tally

AUTHENTICATOR = "org.apache.cassandra.auth.PasswordAuthenticator"
PASSWORD = "p'w\u00e4 " + secrets.token_hex(8)
WRONG = "wrong" + secrets.token_hex(8)


def as_user(user, *words, password=PASSWORD):
    env = {"TALLY_USER": user, "TALLY_PASSWORD": password}
    return tally(*words, env={**for_tool(), **env})


class Login(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster, cls.session = first_login(HOSTS)
        run = cls.session.execute
        run(
            f"CREATE KEYSPACE {KEYSPACE} WITH replication = "
            "{'class': 'SimpleStrategy', 'replication_factor': 1}"
        )
        for table in "hits", "secret":
            run(
                f"CREATE TABLE {KEYSPACE}.{table} "
                "(url text PRIMARY KEY, views counter)"
            )
        quoted = PASSWORD.replace("'", "''")
        run(f"CREATE ROLE jane WITH LOGIN = true AND PASSWORD = '{quoted}'")
        run(f"GRANT MODIFY ON {KEYSPACE}.hits TO jane")
        run(f"GRANT SELECT ON {KEYSPACE}.hits TO jane")

    @classmethod
    def tearDownClass(cls):
        cls.session.execute(f"DROP KEYSPACE {KEYSPACE}")
        cls.session.execute("DROP ROLE jane")
        cls.cluster.shutdown()

    def check(self, r, status, *texts):
        self.assertEqual(r.status, status, r)
        for text in texts:
            self.assertIn(text, r.err, r)
        for word in PASSWORD, WRONG:
            self.assertNotIn(word, r.err + r.out)

    def test_doctor(self):
        r = as_user("jane", "doctor", "hits")
        self.check(r, DONE)
        steps = dict(line.split("\tok\t") for line in r.out.splitlines())
        self.assertEqual(steps["login"], "user jane")
        self.assertEqual(steps["tls"], for_tool().get("TALLY_TLS", "off"))
        self.assertEqual(steps["table"], f"{KEYSPACE}.hits: views")
        r = as_user("jane", "doctor", "hits", password=WRONG)
        self.check(r, CONNECT, 'user "jane"')
        self.assertIn("\ncql\tok\t", r.out)
        self.assertIn("\nlogin\tfails\t", r.out)
        r = as_user("jane", "doctor", "secret")
        self.check(r, FAILED, "jane")
        self.assertIn("\ntable\tfails\t", r.out)

    def test_counts(self):
        for _ in range(5):
            r = as_user("jane", "increment", "hits", "url=/home", "views=3")
            self.check(r, DONE)
        rows = self.session.execute(
            f"SELECT views FROM {KEYSPACE}.hits WHERE url = '/home'"
        )
        self.assertEqual([row.views for row in rows], [15])
        r = as_user("jane", "get", "hits", "url=/home", "--json")
        self.check(r, DONE)
        self.assertEqual(json.loads(r.out)["views"], 15)

    def test_hosts(self):
        r = as_user("jane", "cluster", "--json")
        self.check(r, DONE)
        self.assertTrue(all(h["up"] for h in json.loads(r.out)["hosts"]))

    def test_wrong_password(self):
        r = as_user("jane", "get", "hits", "url=/a", password=WRONG)
        self.check(r, CONNECT, HOSTS, 'user "jane"', "0x0100")

    def test_password_file(self):
        with tempfile.TemporaryDirectory() as home:
            path = os.path.join(home, ".config/tally/passwords")
            os.makedirs(os.path.dirname(path))
            with open(path, "w", opener=lambda *a: os.open(*a, 0o600)) as file:
                file.write(f"*:*:{KEYSPACE}:jane:{PASSWORD}\n")
            r = tally(
                "increment", "hits", "url=/file", "views=1",
                env={**for_tool(), "HOME": home},
            )
            self.check(r, DONE)

    def test_unknown_user(self):
        r = as_user("nobody", "get", "hits", "url=/a")
        self.check(r, CONNECT, HOSTS, 'user "nobody"', "0x0100")

    def test_no_login(self):
        r = tally("get", "hits", "url=/a", env=for_tool())
        self.check(r, CONNECT, "the server asks for a login", AUTHENTICATOR)
        r = tally(
            "get", "hits", "url=/a", env={**for_tool(), "TALLY_USER": "jane"}
        )
        self.check(r, USAGE, "set TALLY_PASSWORD")

    @unittest.skipIf(secured()[2], "the node speaks TLS")
    def test_tls_on_a_plaintext_port(self):
        for mode in "verify-full", "insecure-no-verify":
            r = as_user("jane", f"--tls={mode}", "get", "hits", "url=/a")
            self.check(r, CONNECT, HOSTS, "TLS")

    def test_without_permission(self):
        r = as_user("jane", "increment", "secret", "url=/a", "views=1")
        self.check(r, FAILED, "not applied", "0x2100", f"{KEYSPACE}.secret")
        r = as_user("jane", "get", "secret", "url=/a")
        self.check(r, FAILED, "0x2100", f"{KEYSPACE}.secret")
        rows = self.session.execute(f"SELECT * FROM {KEYSPACE}.secret")
        self.assertEqual(list(rows), [])


if __name__ == "__main__":
    unittest.main()
