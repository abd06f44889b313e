"""tests/live/test_tls.py - TLS, on a node that speaks nothing else.

    TALLY_TOOL=build/asan/tool/tally TALLY_TEST_HOSTS=127.0.0.1:9042 \
        TALLY_TEST_CERTIFICATES=build/cassandra/tls \
        build/asan/tests/live/venv/bin/python tests/live/test_tls.py

The node was started with --auth --tls --client-cert.  What the tool counts is
read by the independent client."""

import json
import os
import socket
import subprocess
import tempfile
import threading
import unittest

from connect import first_login
from test_tool import (
    CONNECT,
    DONE,
    HOSTS,
    KEYSPACE,
    NOT_FOUND,
    USAGE,
    Peer,
    tally,
)

FOLDER = os.path.abspath(os.environ.get("TALLY_TEST_CERTIFICATES", "."))
LOGIN = {"TALLY_USER": "cassandra", "TALLY_PASSWORD": "cassandra"}


def file(name):
    return os.path.join(FOLDER, name)


OWN = [f"--cert={file('client.pem')}", f"--key={file('client.key')}"]
TRUST = ["--tls=verify-full", f"--ca={file('ca.pem')}"]
GET = ["get", "hits", "url=/home", "--json"]


def over_tls(*words, env=None):
    return tally(*words, env={**LOGIN, **(env or {})})


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster, cls.session = first_login(HOSTS)
        cls.session.execute(
            f"CREATE KEYSPACE {KEYSPACE} WITH replication = "
            "{'class': 'SimpleStrategy', 'replication_factor': 1}"
        )
        cls.session.execute(
            f"CREATE TABLE {KEYSPACE}.hits (url text PRIMARY KEY, views counter)"
        )

    @classmethod
    def tearDownClass(cls):
        cls.session.execute(f"DROP KEYSPACE {KEYSPACE}")
        cls.cluster.shutdown()

    def check(self, r, status, *texts):
        self.assertEqual(r.status, status, r)
        for text in texts:
            self.assertIn(text, r.err, r)

    def views(self, url):
        rows = self.session.execute(
            f"SELECT views FROM {KEYSPACE}.hits WHERE url = %s", (url,)
        )
        return [row.views for row in rows]

    def test_counts(self):
        for mode in TRUST, ["--tls=insecure-no-verify"]:
            for _ in range(3):
                r = over_tls(
                    *mode, *OWN, "increment", "hits", "url=/a", "views=2"
                )
                self.check(r, DONE)
        self.assertEqual(self.views("/a"), [12])
        r = over_tls(*TRUST, *OWN, "get", "hits", "url=/a", "--json")
        self.assertEqual(json.loads(r.out)["views"], 12)

    def test_large(self):
        url = "/" + "x" * 60000
        r = over_tls(*TRUST, *OWN, "increment", "hits", f"url={url}", "views=1")
        self.check(r, DONE)
        self.assertEqual(self.views(url), [1])

    def test_no_trust(self):
        r = over_tls("--tls=verify-full", *OWN, *GET)
        self.check(r, CONNECT, "certificate is not to be trusted", HOSTS)

    def test_another_name(self):
        r = over_tls(*TRUST, *OWN, *GET)
        self.assertEqual(r.status, NOT_FOUND, r)
        with Peer(forward_to(HOSTS)) as other:
            r = over_tls(*TRUST, *OWN, *GET, env={"TALLY_HOSTS": other.address})
        self.check(r, CONNECT, 'it is not for "127.0.0.1"')

    def test_no_certificate_of_ours(self):
        r = over_tls(*TRUST, *GET)
        self.check(r, CONNECT, "alert certificate required")

    def test_encrypted_key(self):
        with tempfile.TemporaryDirectory() as folder:
            key = os.path.join(folder, "encrypted.key")
            subprocess.run(
                ["openssl", "pkcs8", "-topk8", "-in", file("client.key"),
                 "-out", key, "-passout", "pass:sesame"],
                check=True,
            )
            r = over_tls(*TRUST, OWN[0], f"--key={key}", *GET)
        self.check(r, USAGE, "bad value for --key", "it is encrypted")

    def test_plaintext(self):
        r = over_tls(*GET)
        self.check(r, CONNECT, HOSTS)

    def test_files(self):
        for word in "--ca", "--cert", "--key":
            words = {"--ca": file("ca.pem"), "--cert": file("client.pem"),
                     "--key": file("client.key"), word: "/nowhere/x.pem"}
            r = over_tls(
                "--tls=verify-full", *(f"{k}={v}" for k, v in words.items()),
                *GET,
            )
            self.check(r, USAGE, f"bad value for {word}", "No such file")

    def test_mode(self):
        r = over_tls("--tls=prefer", *GET)
        self.check(r, USAGE, "bad value for --tls", "verify-full")
        r = over_tls(f"--ca={file('ca.pem')}", *GET)
        self.check(r, USAGE, "TLS is off")


def forward_to(hosts):
    """Somebody in the middle, who has no certificate of his own."""
    name, colon, port = hosts.rpartition(":")
    address = (name, int(port)) if colon else (hosts, 9042)

    def pump(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
        except OSError:
            pass
        for end in a, b:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def serve(client):
        server = socket.create_connection(address)
        back = threading.Thread(target=pump, args=(server, client))
        back.start()
        pump(client, server)
        back.join()
        server.close()

    return serve


if __name__ == "__main__":
    unittest.main()
