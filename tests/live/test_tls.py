"""tests/live/test_tls.py - TLS, on a node that speaks nothing else.

    TALLY_TOOL=build/asan/tool/tally TALLY_TEST_HOSTS=127.0.0.1:9042 \
        TALLY_TEST_CERTIFICATES=build/cassandra/tls \
        build/asan/tests/live/venv/bin/python tests/live/test_tls.py

The node was started with --auth --tls --client-cert, and TALLY_TEST_TLS_VERSION is
what it had for --tls-version.  What the tool counts is read by the independent
client."""

import json
import os
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

from connect import first_login
from tap import Tap
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


VERSION = os.environ.get("TALLY_TEST_TLS_VERSION")


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
        # TLS 1.2 has no alert of its own for that.
        self.check(r, CONNECT, HOSTS, "alert")

    def test_wrong_password(self):
        r = over_tls(*TRUST, *OWN, *GET, env={"TALLY_PASSWORD": "wr0ng"})
        self.check(r, CONNECT, HOSTS, 'user "cassandra"', "0x0100")
        self.assertNotIn("wr0ng", r.err)

    @unittest.skipIf(VERSION is None, "the node speaks any")
    def test_version(self):
        """The node speaks this one alone, and so all the rest is over it."""
        agreed = {}
        for version in "1.2", "1.3":
            tls = ssl.create_default_context(cafile=file("ca.pem"))
            tls.load_cert_chain(file("client.pem"), file("client.key"))
            tls.minimum_version = tls.maximum_version = ssl.TLSVersion[
                "TLSv" + version.replace(".", "_")
            ]
            try:
                with socket.create_connection(address_of(HOSTS)) as s:
                    with tls.wrap_socket(s, server_hostname=HOSTS) as w:
                        agreed[version] = w.version()
            except OSError:
                pass
        self.assertEqual(agreed, {VERSION: "TLSv" + VERSION})
        r = over_tls(*TRUST, *OWN, *GET)
        self.assertEqual(r.status, NOT_FOUND, r)

    def said_through_a_tap(self, host, *trust):
        """The types of the TLS records in which the tool has said something to
        whoever is called so."""
        tap = Tap()
        r = over_tls(
            *trust, *OWN, "increment", "hits", "url=/tap", "views=1",
            env={"TALLY_HOSTS": tap.address.replace("127.0.0.1", host)},
        )
        tap.close()
        said = [bytes(sent) for sent, _ in tap.pipes]
        self.assertTrue(said)
        for sent in said:
            for word in "cassandra", KEYSPACE, "hits", "/tap", "CQL_VERSION":
                self.assertNotIn(word.encode(), sent)
        return r, {type for sent in said for type in tap.records(sent)}

    def test_man_in_the_middle(self):
        """To who is not to be trusted, or has another name, nothing is said but
        what it takes for a handshake to fail."""
        another_ca = ["--tls=verify-full", f"--ca={file('client.pem')}"]
        for host, trust, text in (
            ("127.0.0.1", TRUST, 'it is not for "127.0.0.1"'),
            ("localhost", another_ca, "certificate is not to be trusted"),
        ):
            r, types = self.said_through_a_tap(host, *trust)
            self.check(r, CONNECT, text)
            self.assertLessEqual(types, {20, 21, 22})
        self.assertEqual(self.views("/tap"), [])
        r, types = self.said_through_a_tap("localhost", *TRUST)
        self.check(r, DONE)
        self.assertIn(23, types)
        self.assertEqual(self.views("/tap"), [1])

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
        for word in "--ca", "--crl", "--cert", "--key":
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


def address_of(hosts):
    name, colon, port = hosts.rpartition(":")
    return (name, int(port)) if colon else (hosts, 9042)


def forward_to(hosts):
    """Somebody in the middle, who has no certificate of his own."""
    address = address_of(hosts)

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
