"""tests/live/test_tool.py - the `tally` command, against a real node.

    TALLY_TOOL=build/dev/tool/tally TALLY_TEST_HOSTS=127.0.0.1 \
        python3 tests/live/test_tool.py

Needs nothing but Python.  Works in keyspaces of its own, and drops them."""

import json
import os
import pty
import re
import secrets
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

TOOL = os.path.abspath(os.environ.get("TALLY_TOOL", "build/dev/tool/tally"))
HOSTS = os.environ.get("TALLY_TEST_HOSTS", "127.0.0.1")
KEYSPACE = "tool_" + secrets.token_hex(4)

DONE, FAILED, USAGE, CONNECT, UNKNOWN, NOT_FOUND = 0, 1, 2, 3, 4, 5
INT64_MAX = 2**63 - 1
INT64_MIN = -(2**63)

STARTUP, PREPARE, EXECUTE = 0x01, 0x09, 0x0A


def environment(**more):
    kept = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith("TALLY_") and k != "NO_COLOR"
    }
    kept.pop("XDG_CONFIG_HOME", None)
    kept.update(TALLY_HOSTS=HOSTS, TALLY_KEYSPACE=KEYSPACE, TERM="xterm")
    kept.update(HOME="/dev/null")  # nobody's passwords
    kept.update(more)
    return {k: v for k, v in kept.items() if v is not None}


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __repr__(self):
        return f"status {self.status}\n{self.out}\n{self.err}"


# Runs every command under another program, for example valgrind.
WRAPPER = os.environ.get("TALLY_TOOL_WRAPPER", "").split()


def tally(*words, env=None, lines=b"", **popen):
    """`lines` are its standard input."""
    done = subprocess.run(
        [*WRAPPER, TOOL, *words],
        env=environment(**(env or {})),
        input=lines if isinstance(lines, bytes) else lines.encode(),
        stdout=popen.pop("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        timeout=120,
        **popen,
    )
    out = None if done.stdout is None else done.stdout.decode()
    return Result(done.returncode, out, done.stderr.decode())


def on_terminal(*words, env=None):
    """Standard output is a terminal; returns what it shows."""
    leader, follower = pty.openpty()
    tool = subprocess.Popen(
        [*WRAPPER, TOOL, *words],
        env=environment(**(env or {})),
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=subprocess.PIPE,
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # the terminal's way to say end
            break
        if not part:
            break
        shown += part
    os.close(leader)
    err = tool.stderr.read().decode()
    tool.stderr.close()
    return Result(tool.wait(), shown.decode().replace("\r\n", "\n"), err)


def listener(port=0):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", port))
    server.listen(16)
    return server, "127.0.0.1:%d" % server.getsockname()[1]


class Peer:
    """A server on a port of its own; `serve` has each connection."""

    def __init__(self, serve, port=0):
        self.server, self.address = listener(port)
        self.serve = serve
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(
                target=self.guarded, args=(client,), daemon=True
            ).start()

    def guarded(self, client):
        try:
            self.serve(client)
        except OSError:
            pass
        finally:
            client.close()

    def close(self):
        # A shutdown ends the accept() that the other thread is in.
        try:
            self.server.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.server.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def read_frame(sock):
    head = b""
    while len(head) < 9:
        part = sock.recv(9 - len(head))
        if not part:
            return None
        head += part
    left = struct.unpack(">I", head[5:])[0]
    body = b""
    while len(body) < left:
        part = sock.recv(left - len(body))
        if not part:
            return None
        body += part
    return head + body


class Gate(Peer):
    """Forwards to the node; `on_frame(gate, client, frame)` decides about each
    frame of the client: True forwards it; `answer(bytes)` makes of what the node
    says what the client hears."""

    def __init__(self, on_frame, port=0, answer=lambda part: part):
        self.on_frame, self.answer = on_frame, answer
        super().__init__(self.forward, port)

    def forward(self, client):
        host, _, port = HOSTS.split(",")[0].rpartition(":")
        node = socket.create_connection(
            (host, int(port)) if host else (port, 9042)
        )

        def back():
            try:
                while part := node.recv(65536):
                    client.sendall(self.answer(part))
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

        threading.Thread(target=back, daemon=True).start()
        try:
            while frame := read_frame(client):
                if self.on_frame(self, client, frame):
                    node.sendall(frame)
        finally:
            node.close()


def execute(cql):
    """What the tool has no command for; returns the answer's frame."""
    host, _, port = HOSTS.split(",")[0].rpartition(":")
    startup = struct.pack(">HH", 1, 11) + b"CQL_VERSION" + b"\0\5" + b"3.0.0"
    query = struct.pack(">I", len(cql)) + cql.encode() + struct.pack(">HB", 1, 0)
    address = (host, int(port)) if host else (port, 9042)
    with socket.create_connection(address, timeout=60) as node:
        for opcode, body in [(1, startup), (7, query)]:
            head = struct.pack(">BBhBI", 4, 0, 0, opcode, len(body))
            node.sendall(head + body)
            answer = read_frame(node)
    return answer


def data_center():
    """As the node itself calls it."""
    answer = execute("SELECT data_center FROM system.local")
    # The last cell: four bytes of length, of which three are 0, and the name.
    length = answer.rindex(b"\0\0\0", 0, len(answer) - 1)
    return answer[length + 4 :].decode()


class ToolTest(unittest.TestCase):
    maxDiff = None

    def check(self, result, status, *errors, out=None):
        self.assertEqual(result.status, status, result)
        for text in errors:
            self.assertIn(text, result.err, result)
        if not errors:
            self.assertEqual(result.err, "", result)
        if out is not None:
            self.assertEqual(result.out, out, result)

    def make(self, table, *columns):
        # It prints the statement that made the table, or nothing.
        self.assertEqual(tally("sync", table, *columns).status, DONE)
        return table

    def hits(self, table):
        return self.make(
            table, "url:text:partition", "views:counter", "unique_visitors:counter"
        )

    def done(self, *words, **more):
        self.check(tally(*words, **more), DONE, out="")

    def shows(self, row, *words, **more):
        self.check(tally("get", *words, "--json", **more), DONE, out=row + "\n")


class Help(ToolTest):
    def test_version(self):
        r = tally("--version")
        self.check(r, DONE)
        self.assertRegex(r.out, r"^tally \d+\.\d+\.\d+\n$")

    def test_overview_fits_a_screen(self):
        r = tally("--help")
        self.check(r, DONE)
        self.assertLessEqual(len(r.out.splitlines()), 24)
        self.assertLessEqual(max(map(len, r.out.splitlines())), 84)
        for word in ["create-keyspace", "increment", "--hosts LIST", "TALLY_"]:
            self.assertIn(word, r.out)
        self.check(tally("-h"), DONE, out=r.out)
        self.check(tally("help"), DONE, out=r.out)

    def test_options(self):
        r = tally("help", "options")
        self.check(r, DONE)
        for word in ["--url URL", "cassandra://", "--hosts LIST", "--wait TIME",
                     "--timeout TIME", "500ms", "TALLY_LOCAL_DC"]:
            self.assertIn(word, r.out)
        self.assertNotIn("--tls", r.out)

    def test_secure(self):
        r = tally("help", "secure")
        self.check(r, DONE)
        for word in ["--user", "--tls MODE", "--ca FILE", "--crl FILE", "--lz4"]:
            self.assertIn(word, r.out)

    def test_no_command(self):
        r = tally()
        self.check(r, USAGE, "usage: tally", out="")

    def test_of_commands(self):
        for name in (
            "create-keyspace sync increment decrement get find watch describe "
            "cluster doctor completion"
        ).split():
            r = tally("help", name)
            self.check(r, DONE)
            self.assertTrue(r.out.startswith("usage: tally " + name), r)
            self.check(tally(name, "--help"), DONE, out=r.out)
            self.check(tally("-h", name), DONE, out=r.out)

    def test_exit_status_is_documented(self):
        r = tally("help", "exit-status")
        self.check(r, DONE)
        for status in range(6):
            self.assertIn(f"\n  {status}  ", r.out)
        # What --stdin sent before a bad line was sent.
        self.assertIn("nothing was sent; --stdin: the lines before\n", r.out)
        self.assertIn("delete, truncate, drop", r.out)

    def test_help_with_a_bad_environment(self):
        self.assertEqual(tally("--help", env={"TALLY_PORT": "x"}).status, DONE)

    def test_help_of_nothing(self):
        self.check(tally("help", "gett"), USAGE, 'did you mean "tally get"?')
        self.check(tally("help", "get", "sync"), USAGE, "one thing at a time")


class Demo(ToolTest):
    demo = os.path.join(
        os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts", "demo"
    )

    def run_it(self, *words):
        done = subprocess.run(
            [self.demo, *words], capture_output=True, text=True, timeout=60
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def test_help_runs_nothing(self):
        r = self.run_it("--help")
        self.check(r, DONE)
        self.assertIn("throwaway Cassandra node", r.out)
        self.assertIn("\n  scripts/demo\n", r.out)
        self.assertNotIn("==", r.out)
        self.check(self.run_it("-h"), DONE, out=r.out)

    def test_other_words_are_refused(self):
        for words in ["--fast"], ["x"], [""], ["", "--help"]:
            r = self.run_it(*words)
            self.check(r, USAGE, "is not understood", "--help", out="")


class Completion(ToolTest):
    def script(self, shell):
        r = tally("completion", shell, env={"TALLY_PORT": "x", "TALLY_USER": "jane"})
        self.check(r, DONE)
        self.assertNotEqual(r.out, "")
        return r.out

    def needs(self, shell):
        if shutil.which(shell) is None:
            self.skipTest(f"there is no {shell}")

    def bash(self, *words):
        """What is offered for the last word."""
        done = subprocess.run(
            ["bash", "--norc", "-c", self.script("bash") + """
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_tally
printf '%s\\n' "${COMPREPLY[@]}"
""", "bash", *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split()

    def test_bash(self):
        with tempfile.NamedTemporaryFile(prefix="tally ca", suffix=".pem") as ca:
            for words, offered in [
                ("cl", "cluster"),
                ("de", "decrement delete describe"),
                ("--consistency lo", "local_quorum local_one"),
                # As bash takes --consistency=lo apart.
                ("--consistency = lo", "local_quorum local_one"),
                ("--tls =", "off verify-full insecure-no-verify"),
                ("get t a = b --consistency e", "each_quorum"),
                ("--hosts cluster cl", "cluster"),
                ("--hosts = cluster cl", "cluster"),
                ("--hosts c", ""),
                ("--lo", "--local-dc"),
                ("get t --j", "--json"),
                ("sync t --j", ""),
                ("--hosts h get --j", "--json"),
                ("completion ,", "bash zsh fish"),
                ("help e", "exit-status"),
                ("help w", "watch"),
                ("get ,", ""),
                (f"--ca {ca.name[:-8].replace(' ', '~')}", ca.name),
            ]:
                words = [w.replace("~", " ") for w in words.replace(",", "").split(" ")]
                with self.subTest(words=words):
                    self.assertEqual(self.bash("tally", *words), offered.split())

    def test_all_of_it_is_offered(self):
        commands = self.bash("tally", "")
        overview = tally("--help").out.partition("\n\n")[2].partition("\n\n")[0]
        listed = [line.split()[0] for line in overview.splitlines()]
        self.assertEqual(commands, listed + ["help"])
        for command in listed:
            offered = self.bash("tally", command, "--")
            usage = tally("help", command).out.splitlines()[0]
            for option in re.findall(r"\[(--[a-z-]+)", usage):
                self.assertIn(option, offered)
            for option in "--hosts", "--tls", "--verbose":
                self.assertIn(option, offered)

    def test_values_are_taken(self):
        found = 0
        for option in self.bash("tally", "--"):
            offered = self.bash("tally", option, "=")
            if "cluster" in offered or any(map(os.path.exists, offered)):
                continue  # takes none, or a file
            for value in offered:
                r = tally("get", "t", "a=b", f"{option}={value}", "--hosts=127.0.0.1:1")
                self.check(r, CONNECT, "refused")
                found += 1
        self.assertEqual(found, 8 + 3 + 3 + 2)

    def test_fish_of_old(self):
        """"$(...)" came with fish 3.4 alone."""
        lines = self.script("fish").splitlines()
        self.assertFalse([s for s in lines if "$(" in s and not s.startswith("#")])

    def test_fish(self):
        self.needs("fish")
        with tempfile.TemporaryDirectory() as home:
            for words, offered in [
                ("cl", "cluster"),
                ("--consistency lo", "local_one local_quorum"),
                ("--hosts cluster cl", "cluster"),
                ("get t --js", "--json"),
                ("sync t --js", ""),
                ("completion ", "bash fish zsh"),
                ("help e", "exit-status"),
                ("dro", "drop"),
                ("--hosts drop --tls off dro", "drop"),
                ("drop dro", ""),
            ]:
                done = subprocess.run(
                    ["fish", "-c", self.script("fish") + f"\ncomplete -C 'tally {words}'"],
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                    timeout=60, env={**os.environ, "HOME": home},
                )
                self.assertEqual(done.stderr, "")
                lines = [line.split("\t")[0] for line in done.stdout.splitlines()]
                self.assertEqual(lines, offered.split(), words)

    def test_zsh(self):
        """On a terminal: only there it completes."""
        self.needs("zsh")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        with open(os.path.join(folder.name, "script"), "w") as file:
            file.write(self.script("zsh"))
        leader, follower = pty.openpty()
        zsh = subprocess.Popen(
            ["zsh", "-f", "-i"], stdin=follower, stdout=follower, stderr=follower,
            env={**os.environ, "PS1": "", "TERM": "dumb", "HOME": folder.name},
            start_new_session=True, cwd=folder.name,
        )
        os.close(follower)
        self.addCleanup(os.close, leader)
        self.addCleanup(zsh.wait)
        self.addCleanup(zsh.kill)

        def shows(text):
            seen = b""
            while text.encode() not in seen:
                ready, _, _ = select.select([leader], [], [], 30)
                self.assertTrue(ready, seen)
                seen += os.read(leader, 4096)

        # What is typed is shown: "done" is not what is typed.
        os.write(leader, b"autoload -U compinit && compinit -D -u; . ./script; "
                         b"echo do''ne\n")
        shows("done\r\n")
        for typed, text in [
            ("tally clus", "tally cluster "),
            ("tally cluster --js", "--json "),
            ("tally get t a=b --js", "--json "),
            ("tally find t --in a=b --i", "one of these values"),
            ("tally sync t --with a=b --wi", "an option of the table"),
            ("tally --consistency local_q", "local_quorum "),
            ("tally get --consistency=each", "each_quorum "),
            ("tally completion fi", "fish "),
            ("tally help exi", "exit-status "),
            ("tally --ca scri", "script "),
        ]:
            os.write(leader, typed.encode() + b"\t")
            shows(text)
            os.write(leader, b"\x15")  # the line is forgotten

    def test_refused(self):
        for words in [], ["csh"], ["bash", "zsh"]:
            self.check(
                tally("completion", *words), USAGE,
                "completion is for bash, zsh or fish", out="",
            )


class Usage(ToolTest):
    def test_unknown_command(self):
        for word, near in [
            ("incremnt", "increment"),
            ("inc", "increment"),
            ("decrment", "decrement"),
            ("create", "create-keyspace"),
            ("gte", "get"),
            ("snc", "sync"),
        ]:
            self.check(
                tally(word, "t"),
                USAGE,
                f'tally: unknown command "{word}"\n',
                f'  hint     did you mean "tally {near}"?\n',
                out="",
            )
        self.check(tally("zzz"), USAGE, 'unknown command "zzz"', "--help")
        self.check(tally("version"), USAGE, 'did you mean "tally --version"?')

    def test_destructive_commands_are_no_guess(self):
        for word, near in [
            ("delte", "delete"), ("truncat", "truncate"), ("dorp", "drop"),
        ]:
            self.check(
                tally(word, "t"), USAGE, f'did you mean "tally {near}"?', out=""
            )
        for word in (
            "update drop-keyspace drop-table create-table del trunc dr rm top "
            "stop select reset"
        ).split():
            r = tally(word, "t")
            self.check(r, USAGE, 'listed by "tally --help"', out="")
            self.assertNotIn("did you mean", r.err)

    def test_unknown_option(self):
        self.check(
            tally("--hots", "x", "get"), USAGE, "--hots", "did you mean --hosts?"
        )
        self.check(tally("get", "--jsn"), USAGE, "did you mean --json?")
        r = tally("-x")
        self.check(r, USAGE, "unknown option -x", '"tally help options"')
        self.check(tally("drop", "t", "-y"), USAGE, "did you mean --yes?")
        self.check(tally("-V"), USAGE, "did you mean --version?")
        # The start of a name is not the name.
        self.check(tally("--host=a", "get"), USAGE, "did you mean --hosts?")
        # Its value is not shown: it may be a secret.
        r = tally("--zzzzzzzz=secret", "get")
        self.check(r, USAGE, "unknown option --zzzzzzzz\n")
        self.assertNotIn("secret", r.err)

    def test_password(self):
        for word in "--password", "--password=s3cret":
            r = tally("get", "t", "a=b", word)
            self.check(r, USAGE, "hint     set TALLY_PASSWORD", out="")
            self.assertNotIn("s3cret", r.err)
        r = tally("get", "t", "a=b", "--user=jane")
        self.check(r, USAGE, 'no password for the user "jane"', out="")

    def test_values_of_options(self):
        self.check(tally("get", "--port"), USAGE, "option --port needs a value")
        self.check(tally("get", "--json=1"), USAGE, "--json takes no value")
        for option, text in [
            ("--port=0", "from 1 to 65535"),
            ("--port=x", '"x" is not a whole number'),
            ("--timeout=5parsecs", "500ms, 5s, 2m"),
            ("--connect-timeout=-1s", "500ms, 5s, 2m"),
            ("--wait=soon", "500ms, 5s, 2m"),
            ("--consistency=most", "local_quorum"),
            ("--color=red", "auto, always, never"),
            ("--hosts=a:b", 'the port of "a:b"'),
            ("--hosts=,", "names no host"),
        ]:
            name = option.partition("=")[0]
            self.check(
                tally("get", "t", "a=b", option),
                USAGE,
                f"tally: bad value for {name}\n  detail   ",
                text,
                out="",
            )

    def test_options_of_other_commands(self):
        self.check(
            tally("increment", "t", "a=b", "c=1", "--json"),
            USAGE,
            "increment takes no --json; it belongs to get, find, watch, describe, cluster",
        )
        self.check(tally("get", "t", "a=b", "--dry-run"), USAGE, "sync")

    def test_missing_words(self):
        for command in "increment decrement get".split():
            self.check(tally(command), USAGE, f"{command} needs a table")
            self.check(tally(command, "t"), USAGE, "needs the row's key")
        for command in "truncate drop".split():
            self.check(
                tally(command), USAGE, f"{command} wants one TABLE\n",
                f'  hint     see "tally help {command}"\n', out="",
            )
        self.check(tally("sync"), USAGE, "needs a table and its columns")
        self.check(tally("sync", "t"), USAGE, "needs a table and its columns")
        self.check(tally("create-keyspace"), USAGE, "needs one name")
        self.check(tally("create-keyspace", "a", "b"), USAGE, "needs one name")

    def test_words_that_are_no_assignment(self):
        for word in ["url", "=x", ""]:
            self.check(
                tally("get", "t", word), USAGE, f'"{word}" is not column=value'
            )
        for command, hint in [
            ("increment", "write url=/home views=1\n"),
            ("get", "write url=/home: key columns\n"),
            ("watch", "write url=/home: key columns\n"),
            ("delete", "write url=/home: key columns\n"),
        ]:
            self.check(tally(command, "t", "/home"), USAGE, "  hint     " + hint)
        self.check(
            tally("increment", "t", "a=1", "b=2", "a=3"),
            USAGE,
            "column a is given twice",
        )

    def test_names_of_tables(self):
        for name in ["", ".t", "ks."]:
            self.check(tally("get", name, "a=b"), USAGE, "is no name of a table")
            self.check(
                tally("sync", name, "a:text:partition"), USAGE, "is no name of"
            )

    def test_no_keyspace(self):
        for words in [("get", "t", "a=b"), ("sync", "t", "a:int:partition")]:
            self.check(
                tally(*words, env={"TALLY_KEYSPACE": None}),
                USAGE,
                "table t: no keyspace configured",
                "TALLY_KEYSPACE",
            )

    def test_save_and_insert(self):
        for verb in ["save", "insert"]:
            for words in [(), ("page_hits", "url=/home", "views=1")]:
                self.check(
                    # No server is asked.
                    tally(verb, *words, env={"TALLY_HOSTS": "127.0.0.1:1"}),
                    USAGE,
                    f"tally: Counter tables do not support {verb}(). "
                    "Use increment() or decrement() instead.\n",
                    out="",
                )


class Environment(ToolTest):
    def test_bad_values_name_the_variable(self):
        for name, value in [
            ("TALLY_PORT", "x"),
            ("TALLY_TIMEOUT", "x"),
            ("TALLY_CONNECT_TIMEOUT", "0"),
            ("TALLY_CONSISTENCY", "x"),
            ("TALLY_WAIT", "x"),
            ("TALLY_COLOR", "x"),
            ("TALLY_HOSTS", "a:b"),
            ("TALLY_LZ4", "1"),
            ("TALLY_VERBOSE", "true"),
        ]:
            self.check(
                tally("get", "t", "a=b", env={name: value}),
                USAGE,
                f"tally: bad value in the environment: {name}\n  detail   ",
                out="",
            )

    def test_option_beats_environment(self):
        table = self.hits("env_order")
        wrong = {
            "TALLY_HOSTS": "127.0.0.1:1",
            "TALLY_KEYSPACE": "nowhere",
            "TALLY_CONSISTENCY": "x",
            "TALLY_TIMEOUT": "x",
        }
        right = [
            "--hosts=" + HOSTS,
            "--keyspace",
            KEYSPACE,
            "--consistency=ONE",
            "--timeout=5s",
        ]
        # Before the command and behind it.
        self.done("increment", table, "url=/", "views=3", *right, env=wrong)
        self.done(*right, "increment", table, "url=/", "views=1", env=wrong)
        self.done(
            right[0], "increment", table, *right[1:], "url=/", "views=1", env=wrong
        )
        self.shows('{"url":"/","unique_visitors":0,"views":5}', table, "url=/")

    def test_environment_beats_default(self):
        table = self.hits("env_used")
        r = tally(
            "increment", table, "url=/", "views=1", env={"TALLY_CONSISTENCY": "THREE"}
        )
        self.check(
            r,
            FAILED,
            f"tally: increment {KEYSPACE}.{table} failed: not enough replicas alive\n",
            "  detail   ",
            "THREE needs 3",
            "  outcome  not applied\n",
            "  hint     ",
        )
        self.assertEqual(len(r.err.splitlines()), 4, r)
        # The level is that of reads, too.
        r = tally("get", table, "url=/", "--consistency=three")
        self.check(r, FAILED, "THREE needs 3", out="")
        self.assertNotIn("outcome", r.err)

    def test_flags(self):
        """LZ4 is asked for, or not, when a connection starts."""
        table = self.hits("env_flags")
        url = f"cassandra://{HOSTS}/{KEYSPACE}?compression=lz4"
        for words, env, asked in [
            ([], {}, False),
            ([], {"TALLY_LZ4": "yes"}, True),
            ([], {"TALLY_LZ4": "no"}, False),
            (["--lz4"], {"TALLY_LZ4": "no"}, True),
            (["--url", url], {}, True),
            (["--url", url], {"TALLY_LZ4": "no"}, False),
        ]:
            seen = []

            def on_frame(gate, client, frame):
                seen.append(b"COMPRESSION" in frame and frame[4] == STARTUP)
                return True

            with Gate(on_frame) as gate:
                r = tally("find", table, "--hosts=" + gate.address, *words, env=env)
            self.check(r, DONE, out="")
            self.assertEqual(any(seen), asked, (words, env))
        r = tally("find", table, env={"TALLY_VERBOSE": "yes"})
        self.check(r, DONE, "SELECT", out="")
        self.assertEqual(tally("find", table, "--verbose").err.count("SELECT"),
                         r.err.count("SELECT"))
        self.check(tally("find", table, env={"TALLY_VERBOSE": "no"}), DONE, out="")
        # What must be said each time is said on the command line.
        r = tally("truncate", table, env={"TALLY_YES": "yes"})
        self.check(r, USAGE, "say --yes where nobody can be asked")

    def test_port(self):
        self.check(
            tally("get", "t", "a=b", env={"TALLY_HOSTS": None, "TALLY_PORT": "1"}),
            CONNECT,
            "127.0.0.1:1",
        )
        self.check(
            tally("get", "t", "a=b", "--port=2", "--hosts=127.0.0.1"),
            CONNECT,
            "127.0.0.1:2",
        )

    def test_empty_is_unset(self):
        self.check(
            tally("get", "t", "a=b", env={"TALLY_PORT": "", "TALLY_KEYSPACE": ""}),
            USAGE,
            "no keyspace configured",
        )


class Url(ToolTest):
    bare = {"TALLY_HOSTS": None, "TALLY_KEYSPACE": None}

    def setUp(self):
        self.table = self.hits("by_url")
        self.url = f"cassandra://{HOSTS}/{KEYSPACE}"

    def test_all_of_it(self):
        words = ("increment", self.table, "url=/", "views=1")
        self.done(*words, "--url", self.url, env=self.bare)
        self.done(
            *words,
            env={**self.bare, "TALLY_URL": self.url.replace("cassandra", "scylla")
                 + f"?local-dc={data_center()}&consistency=one&timeout=30s"},
        )
        # Everything is beaten by something.
        wrong = f"cassandra://127.0.0.1:1/nowhere?consistency=three"
        env = {**self.bare, "TALLY_URL": "no URL at all", "TALLY_HOSTS": HOSTS,
               "TALLY_CONSISTENCY": "one"}
        self.done(*words, "--url", wrong, "--keyspace", KEYSPACE, env=env)
        r = tally("get", self.table, "url=/", "--json")
        self.check(r, DONE)
        self.assertGreaterEqual(json.loads(r.out)["views"], 3)

    def test_consistency(self):
        """Names mean what they mean in a program."""
        words = ("increment", self.table, "url=/", "views=1")
        r = tally(*words, env={**self.bare, "TALLY_URL": self.url + "?consistency=three"})
        self.check(r, FAILED, "THREE needs 3", "  outcome  not applied")
        url = self.url + "?read_consistency=three"
        self.done(*words, "--url", url, env=self.bare)
        r = tally("get", self.table, "url=/", "--url", url, env=self.bare)
        self.check(r, FAILED, "THREE needs 3")

    def test_refused(self):
        for url, *texts in [
            ("h/ks", "url:", "write cassandra:// or scylla://"),
            ("cassandra://h:x/ks", 'the port of "h:x"'),
            ("cassandra://h/ks?tls=of", "option tls:", "verify-full"),
            ("cassandra://h/ks?tsl=off", 'no option "tsl"', "  hint     did you mean tls?"),
            ("cassandra://h/ks?a%", '"a%" is not name=value'),
        ]:
            self.check(
                tally("get", "t", "a=b", "--url", url),
                USAGE, "tally: bad value for --url\n", *texts, out="",
            )
            self.check(
                tally("get", "t", "a=b", env={"TALLY_URL": url}),
                USAGE, "bad value in the environment: TALLY_URL\n", *texts, out="",
            )

    def test_password(self):
        for url in [
            "cassandra://jane:s3cret@h/ks",
            "cassandra://jane:s3c/ret@h/ks",
            "cassandra://h/ks?password=s3cret",
        ]:
            r = tally("get", "t", "a=b", "--url", url)
            self.check(r, USAGE, "it has a password", "hint     set the option")
            self.assertNotIn("s3c", r.err)
        r = tally("get", "t", "a=b", "--url", "cassandra://jane@h/ks")
        self.check(r, USAGE, 'no password for the user "jane"')

    def test_what_only_the_server_knows(self):
        r = tally(
            "get", self.table, "url=/", "--url", self.url + "?local_dc=mars",
            env=self.bare,
        )
        self.check(
            r, USAGE, "tally: bad value for --url\n",
            'option local_dc: "mars" is no data center', out="",
        )


class Asking(Peer):
    """A server that wants a login, keeps what it is told, and says no."""

    def __init__(self):
        self.logins = []
        super().__init__(self.talk)

    def talk(self, client):
        def answer(frame, opcode, body):
            head = b"\x84\0" + frame[2:4] + bytes([opcode])
            client.sendall(head + struct.pack(">I", len(body)) + body)

        while frame := read_frame(client):
            if frame[4] == 0x05:  # OPTIONS
                answer(frame, 0x06, b"\0\0")
            elif frame[4] == STARTUP:
                name = b"org.apache.cassandra.auth.PasswordAuthenticator"
                answer(frame, 0x03, struct.pack(">H", len(name)) + name)
            elif frame[4] == 0x0F:  # AUTH_RESPONSE
                _, user, password = frame[13:].split(b"\0")
                self.logins.append((user.decode(), password.decode()))
                answer(frame, 0x00, struct.pack(">IH", 0x0100, 2) + b"no")


class Passwords(ToolTest):
    words = ("get", "t", "a=b")

    def setUp(self):
        self.peer = Asking()
        self.addCleanup(self.peer.close)
        self.port = self.peer.address.partition(":")[2]
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = folder.name

    def write(self, name, text, mode=0o600):
        path = os.path.join(self.home, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        os.chmod(path, mode)
        return path

    def run_it(self, *options, **env):
        env = {"HOME": self.home, "TALLY_HOSTS": self.peer.address, **env}
        r = tally(*self.words, *options, env=env)
        self.assertNotIn("s3cret", r.err + r.out)
        return r

    def told(self, *options, **env):
        """The login that the server was told."""
        del self.peer.logins[:]
        r = self.run_it(*options, **env)
        self.assertEqual(r.status, CONNECT, r)
        self.assertEqual(len(self.peer.logins), 1, r)
        return self.peer.logins[0]

    def test_lines(self):
        port = self.port
        jane = ("jane", "s3cret")
        for lines, options, login in [
            (f"127.0.0.1:{port}:{KEYSPACE}:jane:s3cret", [], jane),
            ("*:*:*:jane:s3cret\n", [], jane),
            ("*:*:*:jane:s3cret\r\n", [], jane),
            ("\n# *:*:*:jane:x\n*:*:*:jane:s3cret", [], jane),
            # The first that fits, in each part.
            (f"other:*:*:joe:x\n*:{port}1:*:joe:x\n*:*:other:joe:x\n*:*:*:jane:s3cret", [], jane),
            ("*:*:*:joe:x\n*:*:*:jane:s3cret", ["--user=jane"], jane),
            ("*:*:*:*:s3cret", ["--user=jane"], jane),
            ("*:*:*:*:x\n*:*:*:jane:s3cret", [], jane),
            ("*:*:*:jane:s3cret\n*:*:*:jane:x", [], jane),
            # One of the hosts is enough.
            (f"LocalHost:{port}:*:jane:s3cret", ["--hosts", f"127.0.0.1:1,localhost:{port}"], jane),
            ("*:*:*:ja\\:ne:\\\\s3cret\\:x ", [], ("ja:ne", "\\s3cret:x ")),
            ("*:*:*:jåne:s3crét", [], ("jåne", "s3crét")),
        ]:
            with self.subTest(lines=lines):
                path = self.write("p", lines)
                self.assertEqual(self.told("--password-file", path, *options), login)
        self.assertEqual(self.told(TALLY_PASSWORD_FILE=path), login)

    def test_order(self):
        own = self.write("given", "*:*:*:given:s3cret")
        self.write("xdg/tally/passwords", "*:*:*:xdg:s3cret")
        self.write(".config/tally/passwords", "*:*:*:config:s3cret")
        self.write(".cassandra/credentials", "[plain_text_auth]\nusername=cqlsh\npassword=s3cret")
        xdg = {"XDG_CONFIG_HOME": os.path.join(self.home, "xdg")}
        self.assertEqual(self.told("--password-file", own, **xdg)[0], "given")
        self.assertEqual(self.told(**xdg)[0], "xdg")
        self.assertEqual(self.told()[0], "config")
        self.assertEqual(self.told("--user=cqlsh"), ("cqlsh", "s3cret"))
        login = self.told("--user=joe", TALLY_PASSWORD="s3cret2")
        self.assertEqual(login, ("joe", "s3cret2"))
        os.remove(os.path.join(self.home, ".config/tally/passwords"))
        self.assertEqual(self.told(), ("cqlsh", "s3cret"))
        self.check(
            self.run_it("--user=joe"), USAGE, 'no password for the user "joe"',
            "TALLY_PASSWORD",
        )
        # A file that was named is the only one.
        self.check(
            self.run_it("--user=joe", "--password-file", own), USAGE,
            "has no line for the user \"joe\" at 127.0.0.1",
        )

    def test_credentials_of_cqlsh(self):
        for text, user in [
            ("[plain_text_auth]\nusername = jane\npassword = s3cret = x\n", "jane"),
            ("; c\n[other]\nusername=joe\npassword=x\n[PlainTextAuthProvider]\n"
             "USERNAME: jane\n  Password:s3cret = x", "jane"),
            ("[PlainTextAuthProvider]\nusername=joe\npassword=x\n"
             "[plain_text_auth]\nusername=jane\npassword=s3cret = x\n", "jane"),
        ]:
            self.write(".cassandra/credentials", text)
            self.assertEqual(self.told(), (user, "s3cret = x"))
        self.write(".cassandra/credentials", "[plain_text_auth]\nusername=jane\n")
        r = self.run_it()
        self.check(r, CONNECT, "asks for a login")

    def test_where_it_was(self):
        path = self.write("p", "#\n*:*:*:jane:s3cret")
        self.check(
            self.run_it("--password-file", path), CONNECT, 'user "jane"',
            f"  hint     the password is from {path} line 2\n",
        )

    def test_refused(self):
        for name, mode in [("a", 0o644), ("b", 0o640), ("c", 0o602), ("d", 0o700)]:
            path = self.write(name, "*:*:*:jane:s3cret", mode)
            self.check(
                self.run_it("--password-file", path), USAGE,
                f"password file {path} has mode {mode:04o}",
                f"  hint     chmod 600 {path}\n", out="",
            )
        path = self.write("it's mine", "*:*:*:jane:s3cret", 0o604)
        r = self.run_it("--password-file", path)
        self.check(r, USAGE, "chmod 600 '")
        # What the hint says is what has to be typed.
        hint = r.err.partition("  hint     ")[2].strip()
        subprocess.run(["sh", "-c", hint], check=True)
        self.assertEqual(self.told("--password-file", path)[0], "jane")
        # Also those that nobody named.
        path = self.write(".cassandra/credentials", "", 0o644)
        self.check(self.run_it(), USAGE, f"chmod 600 {path}\n")
        path = self.write(".config/tally/passwords", "", 0o644)
        self.check(self.run_it(), USAGE, f"chmod 600 {path}\n")
        # Unless nothing is looked up there.
        self.assertEqual(self.told("--user=joe", TALLY_PASSWORD="x")[0], "joe")

    def test_no_files(self):
        os.mkfifo(os.path.join(self.home, "fifo"), 0o600)
        for name, text in [
            ("nowhere", "No such file"),
            ("", "is no regular file"),
            ("fifo", "is no regular file"),
        ]:
            path = os.path.join(self.home, name)
            self.check(self.run_it("--password-file", path), USAGE, path, text)

    def test_bad_lines(self):
        for text, message in [
            ("*:*:*:jane", "line 1 has not five parts"),
            ("#\n*:*:*:jane:s3cret:x", "line 2 has not five parts"),
            ("s3cret", "line 1 has not five parts"),
            ("*:*:*:jane:", "line 1: user or password is empty"),
            ("*:*:*::s3cret", "line 1: user or password is empty"),
            ("*:*:*:jane:" + "s3cret" * 200, "or longer than 255 and 1023 bytes"),
            ("*:*:*:" + "j" * 256 + ":s3cret", "or longer than 255 and 1023 bytes"),
            (b"*:*:*:jane:s3c\0ret", "it has a NUL byte"),
            ("", "has no line for 127.0.0.1"),
            ("*:*:*:*:s3cret", "has no line for 127.0.0.1"),
            ("other:*:*:jane:s3cret", "has no line for 127.0.0.1"),
        ]:
            path = self.write("p", text)
            r = self.run_it("--password-file", path)
            self.check(r, USAGE, f"password file {path}", message, out="")


class Connecting(ToolTest):
    words = ("get", "t", "a=b")

    def once(self, err, text):
        self.assertEqual(err.count(text), 1, err)

    def test_refused(self):
        r = tally(*self.words, "--hosts=127.0.0.1:1")
        self.check(
            r,
            CONNECT,
            "tally: connecting failed: could not connect\n",
            "  detail   127.0.0.1:1: could not connect: connection refused\n",
            "  hint     ",
            out="",
        )
        self.once(r.err, "refused")
        r = tally("increment", "t", "a=b", "c=1", "--hosts=127.0.0.1:1")
        self.check(r, CONNECT, "  outcome  not applied\n", out="")

    def test_every_host_is_named(self):
        r = tally(*self.words, "--hosts=127.0.0.1:1,127.0.0.1:2")
        self.check(r, CONNECT, "127.0.0.1:1: ", "127.0.0.1:2: ")

    def test_unknown_name(self):
        r = tally(*self.words, "--hosts=nohost.invalid")
        self.check(r, CONNECT, "nohost.invalid: unknown host name", out="")
        self.assertIn("  hint     is the name in --hosts right", r.err)
        r = tally(*self.words, "--hosts=nohost.invalid,nix.invalid")
        self.check(r, CONNECT, "  hint     is the name in --hosts right")
        # Of the other host more can be said.
        for hosts in "nohost.invalid,127.0.0.1:1", "127.0.0.1:1,nohost.invalid":
            r = tally(*self.words, "--hosts=" + hosts)
            self.check(r, CONNECT, "nohost.invalid: unknown", "is this its CQL port")

    def test_no_tls(self):
        r = tally(*self.words, "--tls=verify-full")
        self.check(
            r, CONNECT, "wrong version number",
            "  hint     the server does not speak TLS on this port", out="",
        )

    def test_hint_has_the_names_of_options(self):
        # Whatever it says, TLS it is not.
        def serve(client):
            client.recv(1)
            client.sendall(b"\x15\x03\x03\x00\x02\x02\x28")  # handshake failure
            while client.recv(4096):
                pass

        with Peer(serve) as peer:
            r = tally(*self.words, "--tls=verify-full", "--hosts=" + peer.address)
        self.check(
            r, CONNECT, "  hint     --ca has who is trusted, --tls-name the", out=""
        )

    def test_http(self):
        def serve(client):
            client.recv(1)
            client.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            while client.recv(4096):
                pass

        with Peer(serve) as peer:
            start = time.monotonic()
            r = tally(*self.words, "--hosts=" + peer.address, "--wait=20s")
            self.check(r, CONNECT, peer.address, out="")
            # That does not get better by waiting.
            self.assertLess(time.monotonic() - start, 15)

    def test_closed_at_once(self):
        with Peer(lambda client: None) as peer:
            r = tally(*self.words, "--hosts=" + peer.address)
            self.check(r, CONNECT, peer.address, out="")

    def test_silent(self):
        with Peer(lambda client: time.sleep(30)) as peer:
            r = tally(*self.words, "--hosts=" + peer.address, "--connect-timeout=300ms")
            self.check(r, CONNECT, peer.address, out="")

    def test_wait_until_it_is_up(self):
        table = self.hits("waited")
        holder, address = listener()
        holder.close()  # nobody listens there now
        tool = subprocess.Popen(
            [*WRAPPER, TOOL, "increment", table, "url=/", "views=1", "--wait=60s"],
            env=environment(TALLY_HOSTS=address),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.assertEqual(tool.stderr.readline(), "tally: no server yet, waiting\n")
        with Gate(lambda *_: True, int(address.rpartition(":")[2])):
            with tool.stderr:
                rest = tool.stderr.read()
            self.assertEqual(tool.wait(), DONE, rest)
        # Said once, however often it was tried.
        self.assertEqual(len(rest.splitlines()), 1, rest)
        self.assertIn("refused", rest)
        self.shows('{"url":"/","unique_visitors":0,"views":1}', table, "url=/")

    def test_wait_ends(self):
        start = time.monotonic()
        r = tally(*self.words, "--hosts=127.0.0.1:1", "--wait=1s")
        self.check(r, CONNECT, "refused")
        self.assertGreaterEqual(time.monotonic() - start, 1)


class Schema(ToolTest):
    def test_create_keyspace(self):
        name = KEYSPACE + "_more"
        self.done("create-keyspace", name)
        self.done("create-keyspace", name)
        self.done("create-keyspace", name, "--replication-factor", "1")
        self.done("create-keyspace", name, "--replication", f"{data_center()}:1")

    def test_no_tablets(self):
        """Cassandra does not know what they are."""
        asked = []

        def on_frame(gate, client, frame):
            asked.append(frame)
            return True

        with Gate(on_frame) as gate:
            r = tally("create-keyspace", KEYSPACE + "_more", "--no-tablets",
                      "--replication", data_center() + ":1",
                      "--hosts=" + gate.address)
        asked = [f for f in asked if b"CREATE KEYSPACE" in f]
        self.assertTrue(asked and b"tablets = {'enabled': false}" in asked[0], asked)
        if r.status != DONE:  # ScyllaDB has them
            self.check(r, FAILED, "tablets", out="")
        self.check(tally("sync", "t", "--no-tablets"), USAGE, "create-keyspace")

    def test_create_keyspace_refused(self):
        for words, text in [
            (["--replication-factor=0"], "whole number of at least 1"),
            (["--replication-factor=x"], "whole number of at least 1"),
            (["--replication=dc1"], "is not dc1:3,dc2:3"),
            (["--replication=a:1", "--replication-factor=1"], "not both"),
        ]:
            self.check(tally("create-keyspace", "x", *words), USAGE, text, out="")
        r = tally("create-keyspace", KEYSPACE + "_bad", "--replication=nodc:1")
        self.check(
            r, FAILED, "configuration error", "  detail   ", "  outcome  not applied\n"
        )

    def test_sync_prints_what_it_ran(self):
        r = tally(
            "sync",
            "synced",
            "day:text:partition",
            "hour:int:clustering:desc",
            "views:counter",
            "total:counter:static",
        )
        self.check(
            r,
            DONE,
            f'CREATE TABLE IF NOT EXISTS {KEYSPACE}.synced ("day" text, "hour" int, '
            '"views" counter, "total" counter static, PRIMARY KEY ("day", "hour")) '
            'WITH CLUSTERING ORDER BY ("hour" DESC);\n',
            out="",
        )

    def test_sync_alters(self):
        self.make("grows", "k:text:partition", "n:counter")
        self.check(
            tally("sync", "grows", "k:text:partition", "n:counter", "m:counter"),
            DONE,
            f'ALTER TABLE {KEYSPACE}.grows ADD "m" counter;\n',
            out="",
        )
        self.done("sync", "grows", "k:text:partition", "n:counter", "m:counter")
        self.check(
            tally("sync", "grows", "k:text:partition", "n:counter"),
            DONE,
            "columns that the definition does not know: m",
        )
        self.check(
            tally("sync", "grows", "k:int:partition", "n:counter"),
            FAILED,
            "column k is text there, and int in the definition",
            "  outcome  not applied\n",
        )

    def test_sync_with_options(self):
        words = ("sync", "optioned", "k:text:partition", "n:counter")
        options = (
            "--with", "comment=it's = so",
            "--with=compaction={'class': 'LeveledCompactionStrategy'}",
            "--with", "gc_grace_seconds=3600",
        )
        self.check(
            tally(*words, *options),
            DONE,
            f'CREATE TABLE IF NOT EXISTS {KEYSPACE}.optioned ("k" text, "n" counter, '
            "PRIMARY KEY (\"k\")) WITH comment = 'it''s = so' AND "
            "compaction = {'class': 'LeveledCompactionStrategy'} AND "
            "gc_grace_seconds = 3600;\n",
            out="",
        )
        self.done(*words, *options)
        # What is not said stays as it is.
        self.done(*words)
        self.check(
            tally(*words, "--with=comment=", "--with=gc_grace_seconds=3600"),
            DONE, f"ALTER TABLE {KEYSPACE}.optioned WITH comment = '';\n", out="",
        )
        options = json.loads(tally("describe", "optioned", "--json").out)["options"]
        self.assertEqual(options["comment"], "")
        self.assertEqual(options["gc_grace_seconds"], 3600)
        self.assertIn("Leveled", options["compaction"]["class"])
        for option, text in [
            ("comment", '--with: "comment" is not name=value'),
            ("=x", '--with: "=x" is not name=value'),
            ("default_time_to_live=60", "counters do not expire"),
            ("gc_grace_second=60", "  hint     did you mean gc_grace_seconds?\n"),
            ("gc_grace_seconds=x", 'gc_grace_seconds is a whole number, not "x"'),
            ("compaction=x", "compaction is a map of CQL"),
        ]:
            self.check(tally(*words, "--with", option), USAGE, text, out="")
        self.check(
            tally(*words, "--with=comment=a", "--with=comment=b"), USAGE,
            "option comment stands twice", out="",
        )
        self.check(tally("drop", "t", "--with=a=b"), USAGE, "it belongs to sync")

    def test_dry_run_runs_nothing(self):
        r = tally("sync", "dry", "k:text:partition", "n:counter", "--dry-run")
        self.check(r, DONE, "CREATE TABLE", out="")
        self.check(tally("get", "dry", "k=a"), FAILED, "there is no table")

    def test_qualified_and_quoted_names(self):
        name = f'"{KEYSPACE}"."MixedCase"'
        self.make(name, "k:text:partition", "n:counter")
        self.done("increment", name, "k=a", "n=1", env={"TALLY_KEYSPACE": None})
        self.shows('{"k":"a","n":1}', name, "k=a", env={"TALLY_KEYSPACE": None})

    def test_missing_keyspace(self):
        r = tally("sync", "nowhere_at_all.t", "k:text:partition", "n:counter")
        self.check(
            r,
            FAILED,
            "tally: creating table nowhere_at_all.t failed",
            "  detail   ",
            "nowhere_at_all",
            "  outcome  not applied\n",
            "tally help create-keyspace",
            out="",
        )

    def test_columns_that_are_none(self):
        for word in [
            "k",
            ":text:partition",
            "k::partition",
            "k:text:part",
            "k:text:partition:desc",
            "k:text:clustering:asc:x",
        ]:
            self.check(
                tally("sync", "t", word, "n:counter"),
                USAGE,
                f'"{word}" is no column',
                "NAME:TYPE:partition",
                out="",
            )
        self.check(
            tally("sync", "t", "k:timeuid:partition", "n:counter"),
            USAGE,
            'column k: "timeuid" is not the type of a key: ascii, bigint,',
            "did you mean timeuuid?",
        )
        self.check(
            tally("sync", "t", "k:int:partition", "c:int:clustering:up", "n:counter"),
            USAGE,
            'column c has an unknown order "up"',
        )
        for word in "n:conter", "n:couter:static":
            self.check(
                tally("sync", "t", "k:text:partition", word), USAGE,
                "is no type\n", "  hint     did you mean counter?\n", out="",
            )
        self.check(
            tally("sync", "t", "k:text", "n:counter"), USAGE,
            "data columns found: k\n",
            "if column k is of the key, :partition or :clustering is missing",
        )

    def test_tables_that_are_misspelled(self):
        self.hits("near_hits")
        self.make("far_away", "k:text:partition", "n:counter")
        for words in [
            ("find", "near_hit"),
            ("describe", "near_hti"),
            ("get", "NEAR_HIT", "url=a"),
            ("drop", "nearhits", "--yes"),
            ("increment", "naer_hits", "url=a", "views=1"),
        ]:
            self.check(
                tally(*words), FAILED, f"there is no table {KEYSPACE}.",
                "  hint     did you mean near_hits?\n", out="",
            )
        self.check(
            tally("find", KEYSPACE + ".near_hit"), FAILED,
            f"  hint     did you mean {KEYSPACE}.near_hits?\n",
        )
        r = tally("doctor", "near_hit")
        self.check(r, FAILED, "  hint     did you mean near_hits?\n")
        for word in "hits", "nowhere.near_hit":
            self.check(tally("find", word), FAILED, 'hint     see "tally help')

    def test_definitions_that_are_refused(self):
        key, n = "k:text:partition", "n:counter"
        for words, text in [
            ([n], "no partition key"),
            ([key], "no counter"),
            (["k:counter:partition", n], "a counter cannot be part of"),
            ([key, n, n], "column n stands twice"),
            ([key, "n:counter:static"], "static counter and no clustering key"),
            (
                [key, n, "note:text", "age:int", "other:uuid"],
                "tally: Counter tables can only have counter and primary key "
                "columns. Non-counter data columns found: note, age, other\n",
            ),
        ]:
            self.check(tally("sync", "refused", *words), USAGE, text, out="")
        self.check(tally("get", "refused", "k=a"), FAILED, "there is no table")


class Counting(ToolTest):
    def test_the_page(self):
        table = self.hits("page_hits")
        self.done("increment", table, "url=/home", "views=2", "unique_visitors=1")
        self.shows(
            '{"url":"/home","unique_visitors":1,"views":2}', table, "url=/home"
        )
        self.done("increment", table, "views=+5", "url=/home")
        self.done("decrement", table, "url=/home", "views=1", "unique_visitors=-3")
        self.done("increment", table, "url=/home", "views=-4", "unique_visitors=0")
        self.shows(
            '{"url":"/home","unique_visitors":4,"views":2}', table, "url=/home"
        )

    def test_untouched_is_zero(self):
        table = self.hits("untouched")
        self.done("increment", table, "url=/", "views=1")
        self.shows('{"url":"/","unique_visitors":0,"views":1}', table, "url=/")

    def test_not_found(self):
        table = self.hits("not_found")
        r = tally("get", table, "url=/nope")
        self.check(
            r, NOT_FOUND, f"tally: read {KEYSPACE}.{table}: no such row\n", out=""
        )
        self.check(tally("get", table, "url=/nope", "--json"), NOT_FOUND, "no", out="")

    def test_no_table(self):
        for command in [["get"], ["increment", "views=1"]]:
            r = tally(command[0], "no_such", "url=/", *command[1:])
            self.check(r, FAILED, f"there is no table {KEYSPACE}.no_such", out="")
            r = tally(command[0], "nowhere.t", "url=/", *command[1:])
            self.check(r, FAILED, "there is no table nowhere.t", out="")

    def test_no_counter_table(self):
        r = tally("get", "system.local", "key=local")
        self.check(r, FAILED, "not a counter table", out="")

    def test_bad_words(self):
        table = self.hits("bad_words")
        name = f"{KEYSPACE}.{table}"
        big = str(INT64_MAX + 1)
        for command, words, text in [
            ("increment", ["url=/"], "no counter given; it has unique_visitors, views"),
            ("increment", ["url=/", "views=0"], "nothing to add: every delta is 0"),
            ("decrement", ["url=/", "views=-0"], "nothing to add: every delta is 0"),
            ("increment", ["views=1"], f"{name}: key column url is missing"),
            (
                "increment",
                ["url=/", "vews=1"],
                f"{name} has no column vews; it has url, unique_visitors, views",
            ),
            ("increment", ["url=/", "vews=1"], "did you mean views?"),
            ("increment", ["URL=/", "views=1"], "no column URL"),
            ("get", ["path=/"], "it has url, unique_visitors, views"),
            ("get", ["url=/", "views=1"], "column views is a counter"),
            ("increment", ["url=/", "views=x"], '"x" is not a whole number'),
            ("increment", ["url=/", "views="], '"" is not a whole number'),
            ("increment", ["url=/", "views= 1"], '" 1" is not a whole number'),
            ("increment", ["url=/", "views=1.5"], '"1.5" is not a whole number'),
            ("increment", ["url=/", "views=0x10"], "is not a whole number"),
            ("increment", ["url=/", "views=+-1"], "is not a whole number"),
            ("increment", ["url=/", "views=" + big], f'views: "{big}" is out of range: a delta goes from'),
            ("increment", ["url=/", "views=-9" + big], "is out of range"),
            ("decrement", ["url=/", f"views={INT64_MIN}"], "cannot be subtracted"),
            ("increment", ["url=", "views=1"], "url is empty"),
            ("increment", ["url=" + "k" * 65536, "views=1"], "65535 are the most"),
            ("increment", [b"url=\xff", "views=1"], "url: the value is not UTF-8"),
            ("increment", [b"url=\xed\xa0\x80", "views=1"], "is not UTF-8"),
        ]:
            with self.subTest(words=words[:1] + [text]):
                self.check(tally(command, table, *words), USAGE, text, out="")
        self.check(tally("get", table, "url=/"), NOT_FOUND, "no such row")

    def test_static_counters_are_found(self):
        table = self.make(
            "counted_static", "k:text:partition", "c:int:clustering",
            "n:counter", "s:counter:static",
        )
        hint = '  hint     static counters of a partition are seen with "tally find"\n'
        for command in "get", "watch":
            r = tally(command, table, "k=a")
            self.check(r, USAGE, "key column c is missing\n" + hint, out="")
            r = tally(command, table, "c=1")
            self.check(r, USAGE, "key column k is missing\n")
            self.assertNotIn("hint", r.err)
        r = tally("get", self.make("counted_plain", "k:text:partition",
                                   "c:int:clustering", "n:counter"), "k=a")
        self.check(r, USAGE, "key column c is missing\n")
        self.assertNotIn("hint", r.err)
        self.assertIn("static counters of a partition", tally("help", "get").out)
        self.assertIn("One CR at the end", tally("help", "increment").out)

    def test_ends_of_the_range(self):
        table = self.hits("range")
        self.done("increment", table, "url=/", f"views={INT64_MAX}")
        self.done("increment", table, "url=/", f"unique_visitors={INT64_MIN}")
        self.shows(
            f'{{"url":"/","unique_visitors":{INT64_MIN},"views":{INT64_MAX}}}',
            table,
            "url=/",
        )

    def test_values_with_equals(self):
        table = self.hits("equals")
        self.done("increment", table, "url=/?a=b&c==", "views=1")
        self.shows(
            '{"url":"/?a=b&c==","unique_visitors":0,"views":1}', table, "url=/?a=b&c=="
        )

    def test_words_like_options(self):
        table = self.hits("dashes")
        self.done("increment", table, "--", "url=--json", "views=1")
        self.shows(
            '{"url":"--json","unique_visitors":0,"views":1}', table, "url=--json"
        )
        # Options are found in any order, whatever this says.
        r = tally(
            "get", table, "url=--json", "--json", env={"POSIXLY_CORRECT": "1"}
        )
        self.check(r, DONE)
        self.assertTrue(r.out.startswith("{"), r)


class Stream(ToolTest):
    """increment --stdin"""

    def account(self, applied, not_applied=0, unknown=0, lines=None):
        lines = applied + not_applied + unknown if lines is None else lines
        return (
            f"tally: {lines} line{'' if lines == 1 else 's'}: {applied} applied, "
            f"{not_applied} not applied, {unknown} unknown"
        )

    def counts(self, lines, *words, status=DONE, errors=(), **account):
        r = tally("increment", *words, "--stdin", lines=lines)
        account.setdefault("applied", lines.count("\n"))
        self.check(r, status, self.account(**account) + "\n", *errors, out="")
        return r

    def test_key_and_delta(self):
        table = self.make("streamed", "k:text:partition", "n:counter")
        r = self.counts("a\t2\nb\t-1\na\t+3\n", table)
        self.assertEqual(len(r.err.splitlines()), 1, r)
        self.shows('{"k":"a","n":5}', table, "k=a")
        self.shows('{"k":"b","n":-1}', table, "k=b")
        r = tally("decrement", table, "--stdin", lines="a\t4\n")
        self.check(r, DONE, self.account(1), out="")
        self.shows('{"k":"a","n":1}', table, "k=a")
        # The last line needs no end, and others may have that of Windows.
        self.counts("c\t1\r\nc\t2", table, applied=2)
        self.shows('{"k":"c","n":3}', table, "k=c")
        self.counts("", table, applied=0)
        r = tally("increment", table, "--stdin", lines="a\t0\na\t1\nb\t0\n")
        self.check(
            r, DONE, self.account(1, lines=3) + ", 2 with nothing to add\n", out=""
        )

    def test_columns(self):
        table = self.make(
            "streamed_keys", "site:text:partition", "day:date:partition",
            "path:text:clustering", "views:counter", "bytes:counter",
            "total:counter:static",
        )
        self.counts(
            "/x\t5\t2026-11-01\ta\n", table, "path", "views", "day", "site"
        )
        self.counts(
            "a\t2026-11-01\t/x\t1\t70\n", table,
            "site", "day", "path", "views", "bytes",
        )
        self.counts("a\t2026-11-01\t9\n", table, "site", "day", "total")
        self.shows(
            '{"site":"a","day":"2026-11-01","path":"/x","total":9,"bytes":70,'
            '"views":6}',
            table, "site=a", "day=2026-11-01", "path=/x",
        )
        name = f"{KEYSPACE}.{table}"
        for words, text in [
            ([], f"increment {name} --stdin: which counter? it has total, bytes,"),
            (["site", "day", "path"], "no counter given; it has total, bytes, views"),
            (["site", "day", "views"], f"{name}: key column path is missing"),
            (["day", "total"], "key column site is missing"),
            (["site", "dya"], "did you mean day?"),
            (["site", "site"], "column site is given twice"),
            (["site=a"], "with --stdin values stand in the lines"),
        ]:
            r = tally("increment", table, "--stdin", *words, lines="a\t1\n")
            self.check(r, USAGE, text, out="")
        self.check(tally("increment", "--stdin"), USAGE, "needs a table")

    def test_many(self):
        """What is read back is what was said."""
        table = self.make("streamed_much", "k:int:partition", "n:counter")
        lines = [(n % 97, n % 13 - 3) for n in range(5000)]
        nothing = sum(delta == 0 for _, delta in lines)
        r = tally(
            "increment", table, "--stdin",
            lines="".join(f"{k}\t{delta}\n" for k, delta in lines),
        )
        self.check(r, DONE, self.account(5000 - nothing, lines=5000))
        sums = {}
        for k, delta in lines:
            sums[k] = sums.get(k, 0) + delta
        found = (row.split("\t") for row in tally("find", table).out.splitlines())
        self.assertEqual({int(k): int(n) for k, n in found}, sums)

    def test_what_find_writes(self):
        """Whatever is in a text."""
        columns = ("k:text:partition", "c:text:clustering", "n:counter")
        table, copy = self.make("streamed_from", *columns), self.make(
            "streamed_to", *columns
        )
        for n, key in enumerate([Output.odd, "\\t", "a\\\\n", "\r"], 1):
            self.done("increment", table, "k=" + key, "c=" + key[::-1], f"n={n}")
        self.done("increment", table, "k=empty", "c=", "n=7")
        found = tally("find", table).out
        self.counts(found, copy)
        self.assertEqual(tally("find", copy).out, found)

    def test_nul(self):
        """It ends no text, and looks like no other one."""
        columns = ("k:text:partition", "c:ascii:clustering", "n:counter")
        table = self.make("streamed_nul", *columns)
        lines = "a\\0b\t\\0\t1\na\t\t2\na\\\\x00b\t\t4\na\\\\0b\t\t8\n\\0\tc\\0\t16\n"
        self.counts(lines, table)
        keys = {"a\0b": 1, "a": 2, "a\\x00b": 4, "a\\0b": 8, "\0": 16}
        found = tally("find", table).out
        self.assertEqual(set(found.splitlines()), set(lines.splitlines()))
        rows = tally("find", table, "--json")
        self.assertIn('{"k":"a\\u0000b","c":"\\u0000","n":1}\n', rows.out)
        rows = [json.loads(line) for line in rows.out.splitlines()]
        self.assertEqual({row["k"]: row["n"] for row in rows}, keys)
        self.assertIn("\0,c\0,16\r\n", tally("find", table, "--csv").out)
        best = tally("find", table, "--top", "1", "--by", "n")
        self.assertEqual(best.out, "\\0\tc\\0\t16\n")
        shown = on_terminal("find", table, "--top", "1", "--by", "n").out
        self.assertIn("\\u0000  c\\u0000  16\n", shown)
        self.counts(found, table)
        rows = map(json.loads, tally("find", table, "--json").out.splitlines())
        self.assertEqual(
            {row["k"]: row["n"] for row in rows}, {k: 2 * n for k, n in keys.items()}
        )
        table = self.make("streamed_blob", "k:blob:partition", "n:counter")
        for line in "0xca\\0fe\t1\n", "0xca\t1\\00\n":
            self.counts(line, table, status=USAGE, applied=0,
                        errors=["line 1: a NUL can be in text alone"])

    def test_lines_that_cannot_be_read(self):
        table = self.make("streamed_badly", "k:text:partition", "n:counter")
        name = f"{KEYSPACE}.{table}"
        for line, text in [
            ("", "0 values, where 2 are wanted\n  hint     a TAB stands"),
            ("a", "1 value, where 2 are wanted"),
            ("a\t1\t2", "3 values, where 2 are wanted"),
            ("a\tx", f'{name}: column n: "x" is not a whole number'),
            ("a\t", f'{name}: column n: "" is not a whole number'),
            ("a\t9223372036854775808", "is out of range"),
            ("\t1", f"{name}: key column k is empty"),
            ("a\\q\t1", "an unknown letter behind a backslash"),
            ("a\\\t1", "an unknown letter behind a backslash"),
            ("a\0\t1", "it has a NUL byte"),
            ("k" * 2**16 + "\t1", "65535 are the most"),
            ("k" * 2**20 + "\t1", "it is longer than 1 MiB"),
        ]:
            with self.subTest(line=line[:20]):
                self.counts(
                    f"good\t1\n{line}\ngood\t10\n", table, status=USAGE,
                    errors=["tally: line 2: ", text], applied=1,
                )
        r = tally("increment", table, "--stdin", lines=b"\xff\t1\n")
        self.check(r, USAGE, "line 1: column k: the value is not UTF-8")
        r = tally("decrement", table, "--stdin", lines=f"a\t{INT64_MIN}")
        self.check(r, USAGE, "line 1: ", "cannot be subtracted")
        self.shows('{"k":"good","n":12}', table, "k=good")
        self.assertEqual(tally("get", table, "k=a").status, NOT_FOUND)

    def test_not_applied(self):
        table = self.make("streamed_nowhere", "k:text:partition", "n:counter")
        r = self.counts(
            "a\t1\nb\t1\n", table, "--consistency=three", status=FAILED,
            applied=0, not_applied=2,
        )
        for line in 1, 2:
            self.assertIn(
                f"tally: line {line}: increment {KEYSPACE}.{table} failed: not "
                "enough replicas alive\n", r.err,
            )
        self.assertEqual(r.err.count("  outcome  not applied\n"), 2)

    def test_unknown(self):
        table = self.make("streamed_lost", "k:text:partition", "n:counter")
        seen = []

        def on_frame(gate, client, frame):
            seen.append(frame[4] == EXECUTE)
            return not seen[-1] or sum(seen) != 3

        with Gate(on_frame) as gate:
            r = self.counts(
                "a\t1\na\t2\na\t4\na\t8\n", table, "--hosts=" + gate.address,
                "--timeout=500ms", status=UNKNOWN, applied=3, unknown=1,
            )
        self.assertIn("tally: line 3: ", r.err)
        self.assertIn("  outcome  unknown: it counted once or not at all", r.err)
        self.shows('{"k":"a","n":11}', table, "k=a")
        # That wins over a line that cannot be read.
        del seen[:]
        with Gate(on_frame) as gate:
            self.counts(
                "a\t1\na\t2\na\t4\na\n", table, "--hosts=" + gate.address,
                "--timeout=500ms", status=UNKNOWN, applied=2, unknown=1,
                errors=["tally: line 4: "],
            )

    def test_interrupted_and_drained(self):
        table = self.make("streamed_until", "k:text:partition", "n:counter")
        asked, go_on = threading.Event(), threading.Event()

        def on_frame(gate, client, frame):
            if frame[4] == EXECUTE:
                asked.set()
                go_on.wait(30)
            return True

        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            asked.clear()
            go_on.clear()
            with Gate(on_frame) as gate, subprocess.Popen(
                [TOOL, "increment", table, "--stdin", "--hosts=" + gate.address],
                env=environment(), stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True,
            ) as process:
                # A line is counted while the next one is waited for.
                process.stdin.write("a\t1\na")
                process.stdin.flush()
                self.assertTrue(asked.wait(30))
                process.send_signal(number)
                go_on.set()
                err = process.stderr.read()
                self.assertEqual(process.wait(60), status, err)
                process.stdin.close()
            self.assertIn(self.account(1) + "\n", err)
            self.assertIn("done and acknowledged", err)
        self.shows('{"k":"a","n":2}', table, "k=a")

    def test_interrupted_twice(self):
        def signal_is_taken(process, number):
            bit = 1 << (number - 1)
            with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                return not any(
                    int(line.split()[1], 16) & bit
                    for line in status
                    if line.startswith(("SigPnd", "ShdPnd"))
                )

        for second in signal.SIGINT, signal.SIGTERM:
            asked, seen = threading.Event(), []
            table = self.make(
                f"streamed_twice_{second}", "k:text:partition", "n:counter"
            )

            def on_frame(gate, client, frame, asked=asked, seen=seen):
                if frame[4] != EXECUTE:
                    return True
                seen.append(frame)
                if len(seen) == 3:
                    asked.set()
                return len(seen) == 1

            with Gate(on_frame) as gate, subprocess.Popen(
                [TOOL, "increment", table, "--stdin", "--timeout=1m",
                 "--hosts=" + gate.address],
                env=environment(), stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True,
            ) as process:
                process.stdin.write("a\t1\nb\t1\nc\t1\nd")
                process.stdin.flush()
                self.assertTrue(asked.wait(30))
                # One of them is known before.
                while '"n":1}' not in tally("get", table, "k=a", "--json").out:
                    pass
                process.send_signal(signal.SIGINT)
                while not signal_is_taken(process, signal.SIGINT):
                    pass
                start = time.monotonic()
                process.send_signal(second)
                err = process.stderr.read()
                self.assertEqual(process.wait(60), UNKNOWN, err)
                self.assertLess(time.monotonic() - start, 20)
                process.stdin.close()
            self.assertIn(self.account(1, unknown=2) + "\n", err)
            for line in 2, 3:
                self.assertIn(f"tally: line {line}: ", err)

    def test_input_that_fails(self):
        table = self.make("streamed_folder", "k:text:partition", "n:counter")
        folder = os.open("/", os.O_RDONLY)
        try:
            done = subprocess.run(
                [TOOL, "increment", table, "--stdin"], env=environment(),
                stdin=folder, stderr=subprocess.PIPE, text=True, timeout=60,
            )
        finally:
            os.close(folder)
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("cannot read standard input\n  detail   Is a dir", done.stderr)
        self.assertIn(self.account(0), done.stderr)


class Watch(ToolTest):
    def setUp(self):
        self.table = self.hits("watched")
        self.words = ("watch", self.table, "url=" + secrets.token_hex(4))

    def count(self, **deltas):
        self.done(
            "increment", self.table, self.words[2],
            *(f"{name}={delta}" for name, delta in deltas.items()),
        )

    def start(self, *options, words=None, **popen):
        return subprocess.Popen(
            [TOOL, *(words or self.words), *options], env=environment(),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **popen,
        )

    def test_lines(self):
        with self.start("--interval=100ms") as process:
            time_and_zeros = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t0\t\t0\t\n$"
            self.assertRegex(process.stdout.readline(), time_and_zeros)
            self.count(views=5, unique_visitors=-2)
            rates = []
            while True:
                _, visitors, visitors_rate, views, rate = (
                    process.stdout.readline().rstrip("\n").split("\t")
                )
                rates.append((float(rate), float(visitors_rate)))
                if views == "5":
                    break
            self.assertEqual(visitors, "-2")
            # Five in a tenth of a second, or in a bit more.
            self.assertTrue(5 < rates[-1][0] <= 60, rates)
            self.assertAlmostEqual(rates[-1][1], -0.4 * rates[-1][0], delta=0.11)
            self.assertEqual(set(rates[:-1]) - {(0, 0)}, set())
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(60), 130)
            self.assertEqual(process.stderr.read(), "")

    def test_terminated(self):
        # In the middle of a pause.
        with self.start("--interval=60m") as process:
            self.assertNotEqual(process.stdout.readline(), "")
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(60), 143)
            self.assertEqual(process.stderr.read(), "")

    def test_rounds_and_json(self):
        self.count(views=INT64_MAX)
        r = tally(*self.words, "--rounds=2", "--interval=50ms", "--json")
        self.check(r, DONE)
        first, second = map(json.loads, r.out.splitlines())
        self.assertEqual(list(first), ["time", "counters"])
        self.assertEqual(
            [first["counters"], second["counters"]],
            [
                {
                    "unique_visitors": {"total": 0, "per_second": rate},
                    "views": {"total": INT64_MAX, "per_second": rate},
                }
                for rate in (None, 0.0)
            ],
        )
        self.assertLess(first["time"], second["time"])
        start = time.monotonic()
        self.check(tally(*self.words, "--rounds=2"), DONE)
        self.assertGreaterEqual(time.monotonic() - start, 1)

    def test_terminal(self):
        self.count(views=7)
        r = on_terminal(*self.words, "--rounds=2", "--interval=50ms", "--color=never")
        self.assertEqual((r.status, r.err), (DONE, ""), r)
        name = f"{KEYSPACE}.{self.table} {self.words[2]}"
        first, second = r.out.split("\x1b[H\x1b[2J")[1:]
        self.assertEqual(
            second,
            f"{name}\n\n"
            "counter          total  per second\n"
            "unique_visitors      0         0.0\n"
            "views                7         0.0\n",
        )
        self.assertNotIn("0.0", first)
        r = on_terminal("watch", self.table, "url=a\x1b[3J", "--rounds=1", "--color=never")
        self.assertIn("(no such row)", r.out)
        self.assertNotIn("\x1b[3J", r.out)
        # One that cannot go back gets lines.
        r = on_terminal(*self.words, "--rounds=1", env={"TERM": "dumb"})
        self.assertRegex(r.out, r"^[^\t\x1b]+Z\t0\t\t7\t\n$")

    def test_what_passes_and_what_does_not(self):
        self.count(views=1)
        lost = [2]

        def on_frame(gate, client, frame):
            on_frame.seen += frame[4] == EXECUTE
            return frame[4] != EXECUTE or on_frame.seen not in lost

        options = ["--timeout=300ms", "--rounds=3", "--interval=10ms"]
        for lost, status in ([2], DONE), ([3], FAILED):
            on_frame.seen = 0
            with Gate(on_frame) as gate:
                r = tally(*self.words, "--hosts=" + gate.address, *options)
            self.check(r, status, "no answer in time")
            self.assertEqual(len(r.out.splitlines()), 2, r)
        with self.start("--interval=50ms") as process:
            process.stdout.readline()
            execute(f"DROP TABLE {KEYSPACE}.{self.table}")
            self.assertEqual(process.wait(60), FAILED)
            self.assertNotEqual(process.stderr.read(), "")

    def test_closed_pipe(self):
        with self.start("--interval=10ms") as process:
            process.stdout.close()
            self.assertEqual(process.wait(60), FAILED)
            self.assertIn("Broken pipe", process.stderr.read())

    def test_refused(self):
        for words, text in [
            ([], "needs the row's key"),
            (["views=1", "url=/"], "column views is a counter: it is what watch reads"),
            (["url=/", "--interval=soon"], "bad value for --interval"),
            (["url=/", "--interval=0"], '"0" is not a time'),
            (["url=/", "--rounds=0"], 'bad value for --rounds: "0"'),
            (["url=/", "--csv"], "watch takes no --csv"),
        ]:
            self.check(tally("watch", self.table, *words), USAGE, text, out="")


class Remove(ToolTest):
    def test_delete(self):
        table = self.make(
            "goes", "day:int:partition", "hour:int:clustering", "views:counter"
        )
        for hour in "123":
            self.done("increment", table, "day=1", "hour=" + hour, "views=5")
        self.done("delete", table, "day=1", "hour=2", "--yes")
        self.assertEqual(tally("get", table, "day=1", "hour=2").status, NOT_FOUND)
        self.shows('{"day":1,"hour":3,"views":5}', table, "day=1", "hour=3")

    def test_delete_refused(self):
        table = self.hits("stays")
        self.done("increment", table, "url=/", "views=5")
        for words, text in [
            (["url=/"], "say --yes where nobody can be asked"),
            (["--yes"], "needs the row's key"),
            (["url=/", "views=1", "--yes"], "views is a counter"),
            (["ur=/", "--yes"], "did you mean url?"),
        ]:
            self.check(tally("delete", table, *words), USAGE, text, out="")
        self.shows('{"url":"/","unique_visitors":0,"views":5}', table, "url=/")

    def test_truncate_and_drop(self):
        table = self.hits("emptied")
        self.done("increment", table, "url=/", "views=5")
        self.check(tally("truncate", table), USAGE, "--yes", out="")
        self.done("truncate", table, "--yes")
        self.assertEqual(tally("get", table, "url=/").status, NOT_FOUND)
        self.done("increment", table, "url=/", "views=2")
        self.shows('{"url":"/","unique_visitors":0,"views":2}', table, "url=/")
        self.check(tally("drop", table), USAGE, "--yes", "goes with all", out="")
        self.done("drop", table, "--yes")
        self.check(tally("get", table, "url=/"), FAILED, "there is no table")
        self.check(tally("drop", table, "--yes"), FAILED, "there is no table")
        self.check(tally("drop", "--yes"), USAGE, "wants one TABLE")

    def test_unknown(self):
        """Run again, each of them would take what was counted meanwhile."""
        table = self.hits("perhaps")
        self.done("increment", table, "url=/", "views=5")

        def on_frame(gate, client, frame):
            asks = [b"TRUNCATE", b"DROP TABLE"]
            if frame[4] == EXECUTE or any(text in frame for text in asks):
                client.shutdown(socket.SHUT_RDWR)
                return False
            return True

        for words in ("delete", table, "url=/"), ("truncate", table), ("drop", table):
            with Gate(on_frame) as gate:
                r = tally(*words, "--yes", "--hosts=" + gate.address)
            self.check(
                r, UNKNOWN, f"{KEYSPACE}.{table}",
                "  outcome  unknown: it was done, or not, or in part, or is done "
                "yet; it was not sent again\n",
                "  hint     look first what is there: run again it also takes what "
                "was counted meanwhile\n", out="",
            )
        self.shows('{"url":"/","unique_visitors":0,"views":5}', table, "url=/")

    def ask(self, answer, *words):
        """On a terminal."""
        leader, follower = pty.openpty()
        tool = subprocess.Popen(
            [TOOL, *words],
            env=environment(),
            stdin=follower,
            stdout=follower,
            stderr=follower,
        )
        os.close(follower)
        os.write(leader, answer)
        out = b""
        try:
            while chunk := os.read(leader, 4096):
                out += chunk
        except OSError:  # the other side is closed
            pass
        os.close(leader)
        return tool.wait(), out.decode()

    def test_asks(self):
        table = self.hits("asked")
        self.done("increment", table, "url=/", "views=5")
        status, out = self.ask(b"n\n", "delete", table, "url=/")
        self.assertEqual(status, FAILED, out)
        self.assertIn("may go on from the old sum", out)
        self.assertIn("Go on? [y/N]", out)
        self.assertIn("nothing was done", out)
        self.shows('{"url":"/","unique_visitors":0,"views":5}', table, "url=/")
        for command in "truncate", "drop":
            status, out = self.ask(b"n\n", command, table)
            self.assertEqual(status, FAILED, out)
            self.assertIn("at 0", out)
            self.assertIn("at 0", tally("help", command).out)
        self.assertIn("may go on from the old sum", tally("help", "delete").out)
        status, out = self.ask(b"y\n", "delete", table, "url=/")
        self.assertEqual(status, DONE, out)
        self.assertEqual(tally("get", table, "url=/").status, NOT_FOUND)


class Find(ToolTest):
    def setUp(self):
        super().setUp()
        self.table = self.make(
            "hits" + secrets.token_hex(3),
            "site:text:partition",
            "day:date:partition",
            "path:text:clustering",
            "views:counter",
            "bytes:counter",
        )
        for n, path in enumerate(["/a", "/b, c", '/"q"', "/z"], 1):
            self.done(
                "increment", self.table, "site=a", "day=2026-11-01",
                f"path={path}", f"views={n}", f"bytes={10 * n}",
            )
        self.done(
            "increment", self.table, "site=b", "day=2026-11-02", "path=/", "views=9"
        )

    def found(self, *words):
        r = tally("find", self.table, *words)
        self.assertEqual((r.status, r.err), (DONE, ""), r)
        return r.out

    def test_order_and_limit(self):
        self.assertEqual(
            self.found("site=a", "day=2026-11-01", "--order-by", "-path",
                       "--limit", "2", "--json"),
            '{"site":"a","day":"2026-11-01","path":"/z","bytes":40,"views":4}\n'
            '{"site":"a","day":"2026-11-01","path":"/b, c","bytes":20,"views":2}\n',
        )

    def test_conditions(self):
        key = ["site=a", "day=2026-11-01"]
        self.assertEqual(
            self.found(*key, "path>=/b", "path</z"),
            "a\t2026-11-01\t/b, c\t20\t2\n",
        )
        self.assertEqual(
            self.found("views>4", "--allow-filtering"),
            "b\t2026-11-02\t/\t0\t9\n",
        )
        self.assertEqual(
            self.found("--in", "site=a,b", "--in", "path=/,/a", "day=2026-11-02"),
            "b\t2026-11-02\t/\t0\t9\n",
        )
        self.assertEqual(self.found("site=c", "day=2026-11-01"), "")
        self.assertEqual(
            len(self.found("--page-size", "1").splitlines()), 5
        )
        self.assertEqual(
            len(self.found("--per-partition-limit", "1").splitlines()), 2
        )

    def test_csv(self):
        self.assertEqual(
            self.found("site=a", "day=2026-11-01", "--csv"),
            "site,day,path,bytes,views\r\n"
            'a,2026-11-01,"/""q""",30,3\r\n'
            "a,2026-11-01,/a,10,1\r\n"
            'a,2026-11-01,"/b, c",20,2\r\n'
            "a,2026-11-01,/z,40,4\r\n",
        )

    def test_top(self):
        self.assertEqual(
            self.found("--top", "2", "--by", "views"),
            "b\t2026-11-02\t/\t0\t9\na\t2026-11-01\t/z\t40\t4\n",
        )
        self.assertEqual(
            len(self.found("--top", "99", "--by", "bytes").splitlines()), 5
        )

    def test_static_alone(self):
        """A partition without rows has no clustering key to show."""
        table = self.make(
            "alone", "k:int:partition", "c:decimal:clustering", "t:text:clustering",
            "n:counter", "s:counter:static",
        )
        self.done("increment", table, "k=1", "s=4")
        self.done("increment", table, "k=2", "c=1.5", "t=", "n=1")
        rows = {'{"k":1,"c":null,"t":null,"s":4,"n":0}',
                '{"k":2,"c":1.5,"t":"","s":0,"n":1}'}
        r = tally("find", table, "--json")
        self.assertEqual(set(r.out.splitlines()), rows, r)
        r = tally("find", table, "--json", "--top", "9", "--by", "s")
        self.assertEqual(set(r.out.splitlines()), rows, r)
        r = tally("find", table, "k=1")
        self.assertEqual(r.out, "1\t\t\t4\t0\n", r)
        r = tally("find", table, "k=1", "--csv")
        self.assertEqual(r.out, "k,c,t,s,n\r\n1,,,4,0\r\n", r)

    def test_terminal(self):
        r = on_terminal("find", self.table, "site=b", "day=2026-11-02")
        self.assertEqual(r.status, DONE, r)
        self.assertIn("site  day         path  bytes  views", r.out)
        self.assertIn("b     2026-11-02  /         0      9", r.out)

    def big(self):
        """A table of 1000 rows of a kilobyte."""
        table = self.make("big", "k:int:partition", "t:text:clustering", "n:counter")
        lines = "".join(f"{k}\t{'x' * 1000}\t1\n" for k in range(1000))
        r = tally("increment", table, "--stdin", lines=lines)
        self.assertEqual(r.status, DONE, r)
        return table

    def pages(self, table, at, then, stdout=subprocess.PIPE, **popen):
        """Runs find by pages of 10 rows, and calls then(gate, process, client)
        when page `at` is asked for, which says whether to forward that; returns
        status, outputs and how many pages were asked for."""
        asked = []

        def on_frame(gate, client, frame):
            if frame[4] != EXECUTE:
                return True
            asked.append(frame)
            return len(asked) != at or then(gate, process, client)

        popen.setdefault("stderr", subprocess.PIPE)
        with Gate(on_frame) as gate, subprocess.Popen(
            [TOOL, "find", table, "--page-size=10", "--hosts=" + gate.address],
            env=environment(), stdout=stdout, **popen,
        ) as process:
            out, err = process.communicate(timeout=60)
        return process.returncode, (out or b"").decode(), (err or b"").decode(), len(asked)

    def test_ends_early(self):
        table = self.big()

        def interrupt(gate, process, client):
            process.send_signal(signal.SIGINT)
            return True

        status, out, err, pages = self.pages(table, 5, interrupt)
        self.assertEqual(
            (status, err), (130, "tally: interrupted\n  detail   there may be more rows\n")
        )
        self.assertLess(pages, 10)
        self.assertIn(len(out.splitlines()), range(40, 100))

        # As "| head -1".
        reader, writer = os.pipe()

        def close(gate, process, client):
            os.close(reader)
            return True

        status, out, err, pages = self.pages(table, 5, close, stdout=writer)
        os.close(writer)
        self.assertEqual(
            (status, err),
            (FAILED, "tally: cannot write to standard output\n"
                     "  detail   Broken pipe\n"),
        )
        self.assertLess(pages, 20)

    def test_fails_half_way(self):
        """What was read is shown, and before the error."""
        table = self.make("halved", "k:int:partition", "n:counter")
        lines = "".join(f"{k}\t1\n" for k in range(100))
        self.assertEqual(tally("increment", table, "--stdin", lines=lines).status, DONE)

        def lose(gate, process, client):
            gate.close()
            client.shutdown(socket.SHUT_RDWR)
            return False

        leader, follower = pty.openpty()
        status, *_ = self.pages(table, 5, lose, stdout=follower, stderr=follower)
        os.close(follower)
        shown = b""
        try:
            while part := os.read(leader, 65536):
                shown += part
        except OSError:  # the terminal's way to say end
            pass
        os.close(leader)
        self.assertIn(status, (FAILED, CONNECT))
        rows = shown.decode().partition("\033[1;31mtally:")[0].splitlines()
        self.assertEqual(len(rows), 1 + 40, shown)

    def test_interrupted_without_a_sentence(self):
        """A row that was read is no work that had to be done."""
        def interrupt(gate, client, frame):
            if frame[4] == EXECUTE:
                process.send_signal(signal.SIGINT)
            return True

        with Gate(interrupt) as gate, subprocess.Popen(
            [TOOL, "get", self.table, "site=b", "day=2026-11-02", "path=/",
             "--hosts=" + gate.address],
            env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process:
            out, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, out, err), (130, "b\t2026-11-02\t/\t0\t9\n", ""))

    def test_refused(self):
        for words, text in [
            (["site"], '"site" is no condition'),
            (["=a"], '"=a" is no condition'),
            (["site", "!=", "a"], "there are = < <= > >=, without blanks"),
            (["site!=a"], '"site!=a" is no condition'),
            (["site!=a"], "there are = < <= > >=, without blanks around them"),
            (["site > a"], '"site > a" is no condition'),
            (["site==a"], '"site==a" is no condition'),
            (["views<>4"], '"views<>4" is no condition'),
            (["views=>4"], '"views=>4" is no condition'),
            (["sites=a"], "has no column sites; it has site, day,"),
            (["sites=a"], "did you mean site?"),
            (["site=a"], "a relation on site needs column day"),
            (["site=a", "day=x"], 'column day: "x" is not a date'),
            (["views>4"], "column views is a counter"),
            (["--in", "site"], '"site" is not column=value'),
            (["--in", "site="], '"site=" is not column=value'),
            (["--limit", "0"], 'bad value for --limit: "0"'),
            (["--top", "3"], "--top and --by go together"),
            (
                ["--top", "3", "--by", "views", "--limit", "2"],
                "--top and --limit do not go together",
            ),
            (["--json", "--csv"], "--csv and --json are two ways to write rows"),
            (["--top", "3", "--by", "path"], "that column is no counter"),
            (["--order-by", "path"], "rows have an order in one partition"),
            (["--page-size", "x"], 'bad value for --page-size: "x"'),
        ]:
            self.check(tally("find", self.table, *words), USAGE, text, out="")
        self.check(tally("find"), USAGE, "find needs a table", out="")
        self.check(
            tally("get", self.table, "site=a", "--limit", "1"),
            USAGE, "get takes no --limit; it belongs to find", out="",
        )


class Keys(ToolTest):
    def test_composite(self):
        table = self.make(
            "composite",
            "site:text:partition",
            "day:bigint:partition",
            "hour:int:clustering:desc",
            "url:text:clustering",
            "views:counter",
            "clicks:counter",
            "total:counter:static",
            "all:counter:static",
        )
        key = ["site=a", "day=20261124", "hour=-7", "url=/x"]
        self.done("increment", table, *key, "views=3", "total=4")
        self.shows(
            '{"site":"a","day":20261124,"hour":-7,"url":"/x",'
            '"all":0,"total":4,"clicks":0,"views":3}',
            table,
            *key,
        )
        r = tally("get", table, *reversed(key))
        self.check(r, DONE, out="a\t20261124\t-7\t/x\t0\t4\t0\t3\n")
        # Static counters are the partition's.
        self.done("increment", table, *key[:2], "total=1", "all=2")
        self.assertIn('"all":2,"total":5', tally("get", table, *key, "--json").out)
        name = f"{KEYSPACE}.{table}"
        for words, column in [
            ([*key[:3], "views=1"], "url"),
            ([*key[:3], "views=1", "total=1"], "url"),
            ([key[0], "total=1"], "day"),
        ]:
            self.check(
                tally("increment", table, *words),
                USAGE,
                f"{name}: key column {column} is missing",
            )
        self.check(tally("get", table, *key[:2]), USAGE, "key column hour is missing")

    def test_ranges(self):
        table = self.make("ranges", "i:int:partition", "b:bigint:clustering", "n:counter")
        for i, b in [(2**31 - 1, INT64_MAX), (-(2**31), INT64_MIN), (0, 0)]:
            self.done("increment", table, f"i={i}", f"b={b}", "n=1")
            self.shows(f'{{"i":{i},"b":{b},"n":1}}', table, f"i={i}", f"b={b}")
        for i, b, text in [
            (2**31, 0, 'column i: "2147483648" is out of range'),
            (-(2**31) - 1, 0, 'column i: "-2147483649" is out of range'),
            (2**64, 0, "numbers go from -2147483648 to 2147483647"),
            (0, 2**63, "numbers go from -9223372036854775808 to"),
            ("one", 0, 'column i: "one" is not a whole number'),
            (0, "", 'column b: "" is not a whole number'),
        ]:
            self.check(tally("get", table, f"i={i}", f"b={b}"), USAGE, text, out="")

    def test_quoting(self):
        table = self.make("quoting", 'ke"y:text:partition', 'we"ird:counter', "Ünï:counter")
        self.done("increment", table, 'ke"y=a', 'we"ird=2', "Ünï=3")
        self.shows('{"ke\\"y":"a","we\\"ird":2,"Ünï":3}', table, 'ke"y=a')


class Output(ToolTest):
    odd = 'é☃\U0001f600 "q" \\ \t\n\r\b\f\x01\x1b\x7f/'

    def setUp(self):
        self.table = self.hits("output")
        tally("increment", self.table, "url=" + self.odd, "views=1")

    def test_json(self):
        r = tally("get", self.table, "url=" + self.odd, "--json")
        self.check(r, DONE)
        row = json.loads(r.out)
        self.assertEqual(row["url"], self.odd)
        self.assertEqual(list(row), ["url", "unique_visitors", "views"])
        self.assertIs(type(row["views"]), int)
        self.assertEqual(
            r.out,
            '{"url":"é☃\U0001f600 \\"q\\" \\\\ \\t\\n\\r\\b\\f\\u0001\\u001b\x7f/",'
            f'"unique_visitors":0,"views":{row["views"]}}}\n',
        )

    def test_pipe(self):
        r = tally("get", self.table, "url=" + self.odd)
        self.check(r, DONE)
        self.assertEqual(r.out.count("\n"), 1)
        self.assertEqual(r.out.count("\t"), 2)
        self.assertTrue(
            r.out.startswith(
                'é☃\U0001f600 "q" \\\\ \\t\\n\\r\b\f\x01\x1b\x7f/\t0\t'
            ),
            repr(r.out),
        )
        colored = tally("get", self.table, "url=" + self.odd, "--color=always")
        self.check(colored, DONE, out=r.out)

    def test_terminal(self):
        table = self.hits("terminal")
        tally("increment", table, "url=/é", "views=1234567")
        plain = (
            "url  unique_visitors    views\n"
            "/é                 0  1234567\n"
        )
        bold = plain.replace("\n", "\033[0m\n", 1)
        for words, env, shown in [
            ([], {}, "\033[1m" + bold),
            (["--color=never"], {}, plain),
            ([], {"NO_COLOR": "1"}, plain),
            ([], {"NO_COLOR": ""}, "\033[1m" + bold),
            ([], {"TERM": "dumb"}, plain),
            ([], {"TALLY_COLOR": "never"}, plain),
            (["--color=always"], {"NO_COLOR": "1"}, "\033[1m" + bold),
            (["--color=auto"], {"TALLY_COLOR": "never", "NO_COLOR": "1"}, plain),
        ]:
            r = on_terminal("get", table, "url=/é", *words, env=env)
            self.assertEqual((r.status, r.out, r.err), (DONE, shown, ""))
        r = on_terminal("get", table, "url=/é", "--json")
        self.assertEqual(r.out, '{"url":"/é","unique_visitors":0,"views":1234567}\n')

    def test_terminal_is_safe(self):
        r = on_terminal("get", self.table, "url=" + self.odd, "--color=never")
        self.assertEqual(r.status, DONE, r)
        self.assertEqual(len(r.out.splitlines()), 2)
        for control in "\t\x1b\x01\x7f\x08":
            self.assertNotIn(control, r.out)

    def test_errors_are_safe(self):
        r = tally("get", self.table, "u\x1b[2J\nrl=x")
        self.check(r, USAGE, "has no column")
        self.assertNotIn("\x1b", r.err)
        self.assertEqual(len(r.err.splitlines()), 1, r)

    def test_color_of_errors(self):
        self.assertTrue(
            tally("save", "--color=always").err.startswith("\033[1;31mtally:\033[0m ")
        )
        self.assertTrue(tally("save").err.startswith("tally: "))

    def test_data_alone_on_standard_output(self):
        table = self.table
        for words in [
            ("get", table, "url=x\x01"),
            ("increment", table, "url=x"),
            ("sync", table, "url:text:partition", "views:counter", "unique_visitors:counter"),
            ("find", table, "nix=1"),
        ]:
            self.assertEqual(tally(*words).out, "", words)


class Describe(ToolTest):
    columns = (
        "site:text:partition",
        "day:date:partition",
        "path:text:clustering:desc",
        "hour:int:clustering",
        'we"ird:counter',
        "total:counter:static",
    )

    def test_statement(self):
        """It makes the same table again."""
        table = self.make("described", *self.columns)
        comment = "it''s\nso much"
        execute(f"ALTER TABLE {KEYSPACE}.{table} WITH comment = '{comment}' AND "
                "compaction = {'class': 'LeveledCompactionStrategy'} AND "
                "gc_grace_seconds = 3600")
        r = tally("describe", table)
        self.check(r, DONE)
        start = (
            f"CREATE TABLE {KEYSPACE}.described (\n"
            '  "site" text,\n'
            '  "day" date,\n'
            '  "path" text,\n'
            '  "hour" int,\n'
            '  "total" counter static,\n'
            '  "we""ird" counter,\n'
            '  PRIMARY KEY (("site", "day"), "path", "hour")\n'
            ') WITH CLUSTERING ORDER BY ("path" DESC, "hour" ASC)\n'
            "  AND "
        )
        self.assertTrue(r.out.startswith(start), r)
        self.assertIn(f"\n  AND comment = '{comment}'\n", r.out)
        self.assertIn("\n  AND gc_grace_seconds = 3600\n", r.out)
        self.assertIn("LeveledCompactionStrategy'", r.out)
        self.assertTrue(r.out.endswith(";\n"), r)
        again = r.out.replace("described", "redescribed")
        answer = execute(again.rstrip(";\n"))
        self.assertEqual(answer[4], 0x08, answer)
        self.check(tally("describe", "redescribed"), DONE, out=again)

    def test_one_key(self):
        self.make("Plain", "k:text:partition", "n:counter")
        r = tally("describe", "plain")
        self.check(r, DONE)
        self.assertIn('  PRIMARY KEY ("k")\n) WITH ', r.out)
        self.assertNotIn("CLUSTERING", r.out)
        name = f'{KEYSPACE}."Mixed"'
        self.make(name, "k:text:partition", "n:counter")
        r = tally("describe", name)
        self.check(r, DONE)
        self.assertTrue(r.out.startswith(f"CREATE TABLE {name} (\n"), r)

    def test_json(self):
        table = self.make("described_json", *self.columns)
        r = tally("describe", table, "--json")
        self.check(r, DONE)
        self.assertEqual(len(r.out.splitlines()), 1)
        told = json.loads(r.out)
        self.assertEqual(list(told), ["keyspace", "table", "columns", "options"])
        self.assertEqual((told["keyspace"], told["table"]), (KEYSPACE, table))
        self.assertEqual(
            [tuple(c.values()) for c in told["columns"]],
            [
                ("site", "partition", "text"),
                ("day", "partition", "date"),
                ("path", "clustering", "text", "desc"),
                ("hour", "clustering", "int", "asc"),
                ("total", "static", "counter"),
                ('we"ird', "counter", "counter"),
            ],
        )
        options = told["options"]
        self.assertEqual(options["gc_grace_seconds"], 864000)
        self.assertEqual(options["comment"], "")
        self.assertIn("class", options["compaction"])
        for name in "id", "flags", "table_name", "default_time_to_live":
            self.assertNotIn(name, options)

    def test_list(self):
        name = KEYSPACE + "_more"
        env = {"TALLY_KEYSPACE": name}
        self.done("create-keyspace", name)
        for table in "list_b", "list_a":
            tally("sync", table, "k:text:partition", "n:counter", env=env)
        execute(f"CREATE TABLE IF NOT EXISTS {name}.list_c (k int PRIMARY KEY)")
        execute(f"ALTER TABLE {name}.list_b WITH comment = 'a\tb'")
        lines = tally("describe", env=env).out.splitlines()
        self.assertIn("list_a\t", lines)
        self.assertIn("list_b\ta\\tb", lines)
        self.assertFalse([line for line in lines if "list_c" in line])
        r = tally("describe", "--json", env={"TALLY_KEYSPACE": name.upper()})
        self.check(r, DONE)
        told = json.loads(r.out)
        self.assertEqual(told["keyspace"], name)
        self.assertIn({"table": "list_b", "comment": "a\tb"}, told["tables"])
        r = on_terminal("describe", "--color=never", env=env)
        self.assertRegex(r.out, r"^table +comment\n")

    def test_terminal_is_safe(self):
        table = self.make("described_safely", "k\x1b[2J:text:partition", "n:counter")
        r = on_terminal("describe", table)
        self.assertEqual((r.status, r.err), (DONE, ""), r)
        self.assertIn('"k\\u001b[2J" text,\n', r.out)
        self.assertIn("\x1b[2J", tally("describe", table).out)
        # ... and as it is otherwise, to be pasted.
        comment = "a\\n\\ b"
        execute(f"ALTER TABLE {KEYSPACE}.{table} WITH comment = '{comment}\x1b'")
        r = on_terminal("describe", table)
        self.assertIn(f"  AND comment = '{comment}\\u001b'\n", r.out)

    def test_refused(self):
        self.check(tally("describe", "a", "b"), USAGE, "one TABLE, or none", out="")
        self.check(
            tally("describe", env={"TALLY_KEYSPACE": None}),
            USAGE, "no keyspace configured", "--keyspace", out="",
        )
        self.check(tally("describe", "nope"), FAILED, "there is no table", out="")
        self.check(tally("describe", "system.local"), FAILED, "not a counter table")
        self.check(
            tally("describe", "--keyspace=nowhere"),
            FAILED, "there is no keyspace nowhere", "create-keyspace", out="",
        )


class Cluster(ToolTest):
    def hosts(self, **more):
        r = tally("cluster", "--json", **more)
        self.check(r, DONE)
        self.assertEqual(len(r.out.splitlines()), 1, r)
        return json.loads(r.out)["hosts"]

    def test_json(self):
        hosts = self.hosts()
        names = (
            "address port dc rack version up since_ms connections in_flight "
            "tokens share why shards"
        )
        for host in hosts:
            self.assertEqual(list(host), names.split())
            self.assertIs(host["up"], True)
            self.assertIsNone(host["why"])
            self.assertEqual(host["connections"], 1)
            self.assertEqual(host["in_flight"], 0)
            self.assertEqual(host["dc"], data_center())
            self.assertRegex(host["version"], r"^\d+\.\d+")
            self.assertGreater(host["tokens"], 0)
            self.assertLess(host["since_ms"], 60_000)
        self.assertAlmostEqual(sum(h["share"] for h in hosts), 1, places=4)
        first = HOSTS.split(",")[0].partition(":")[0]
        self.assertIn(first, [h["address"] for h in hosts])

    def test_pipe(self):
        r = tally("cluster")
        self.check(r, DONE)
        lines = [line.split("\t") for line in r.out.splitlines()]
        self.assertEqual(len(lines), len(self.hosts()))
        for line in lines:
            self.assertEqual(len(line), 11)
            self.assertRegex(line[0], r"^[\d.]+:\d+$")
            self.assertEqual(line[1], data_center())
            self.assertEqual(line[4], "up")
            self.assertEqual(line[6:8], ["1", "0"])
            self.assertEqual(line[10], "")

    def test_terminal(self):
        r = on_terminal("cluster", "--color=never")
        header, *lines = r.out.splitlines()
        self.assertEqual(
            header.split(),
            "address dc rack version state since connections in_flight tokens "
            "share".split(),
        )
        self.assertEqual(len(lines), len(self.hosts()))
        for line in lines:
            self.assertEqual(len(line), len(header))
            self.assertRegex(line, r" up  +\d+\.?\d*s  +1  +0  .*%$")

    def test_data_center(self):
        self.assertTrue(self.hosts(env={"TALLY_LOCAL_DC": data_center()}))
        r = tally("cluster", "--local-dc", "mars")
        self.check(
            r,
            USAGE,
            "tally: bad value for --local-dc\n",
            '"mars" is no data center of the cluster',
            "which has " + data_center(),
            out="",
        )
        r = tally("cluster", env={"TALLY_LOCAL_DC": "mars"})
        self.check(r, USAGE, "in the environment: TALLY_LOCAL_DC", out="")

    def test_usage(self):
        self.check(tally("cluster", "x"), USAGE, 'takes no "x"', out="")

    def test_nobody_there(self):
        r = tally("cluster", env={"TALLY_HOSTS": "127.0.0.1:1"})
        self.check(r, CONNECT, "connection refused", out="")


class Doctor(ToolTest):
    def steps(self, result):
        return [line.split("\t")[:2] for line in result.out.splitlines()]

    def passes(self, *names):
        return [[name, "ok"] for name in names]

    before = ["name", "tcp", "tls", "cql", "login", "data center", "replication"]

    def fails(self, at, status, *errors, words=(), **more):
        """All is well up to that step."""
        r = tally("doctor", *words, **more)
        self.check(r, status, *errors)
        order = [*self.before, "table"]
        expected = self.passes(*order[: order.index(at)]) + [[at, "fails"]]
        self.assertEqual(self.steps(r), expected, r)
        # What failed stands in the line as well.
        self.assertNotEqual(r.out.splitlines()[-1].split("\t")[2], "")
        return r

    def test_all_is_well(self):
        if "," in HOSTS:
            self.skipTest("has a line for each host")
        table = self.hits("healthy")
        r = tally("doctor", table)
        self.check(r, DONE)
        self.assertEqual(self.steps(r), self.passes(*self.before, "table"))
        texts = dict(line.split("\tok\t") for line in r.out.splitlines())
        self.assertEqual(texts["tls"], "off")
        self.assertEqual(texts["login"], "nobody is asked for one")
        self.assertRegex(texts["data center"], data_center() + r": \d of \d hosts up$")
        self.assertRegex(
            texts["replication"],
            f"^{KEYSPACE}: replication factor 1; LOCAL_QUORUM needs 1$",
        )
        self.assertEqual(
            texts["table"], f"{KEYSPACE}.{table}: unique_visitors, views"
        )
        # Without a table, and without a keyspace.
        r = tally("doctor", "--consistency=one")
        self.check(r, DONE)
        self.assertEqual(self.steps(r), self.passes(*self.before))
        self.assertIn("ONE needs 1", r.out)
        r = tally("doctor", env={"TALLY_KEYSPACE": None})
        self.check(r, DONE)
        self.assertEqual(self.steps(r), self.passes(*self.before[:-1]))
        r = on_terminal("doctor", table)
        self.assertEqual((r.status, r.err), (DONE, ""), r)
        self.assertRegex(r.out, r"(?m)^data center  ok     ")

    def test_data_centers_of_a_keyspace(self):
        name = KEYSPACE + "_more"
        execute(f"DROP KEYSPACE IF EXISTS {name}")
        self.done("create-keyspace", name, "--replication", f"{data_center()}:1")
        r = tally("doctor", f"{name.upper()}.t")
        self.check(r, FAILED, "there is no table")
        self.assertIn(
            f"replication\tok\t{name}: {data_center()} 1; LOCAL_QUORUM needs 1", r.out
        )

    def test_name(self):
        self.fails(
            "name", CONNECT, "tally: no host has an address\n",
            "  detail   nohost.invalid: unknown host name\n", "  hint     ",
            words=["--hosts=nohost.invalid"],
        )
        # One is enough.
        r = tally("doctor", "--hosts=nohost.invalid," + HOSTS)
        self.check(r, DONE)
        self.assertEqual(self.steps(r)[:2], [["name", "fails"], ["name", "ok"]])

    def test_tcp(self):
        r = self.fails(
            "tcp", CONNECT, "tally: no host takes connections\n",
            "  detail   127.0.0.1:1: Connection refused\n", "native_transport_port",
            words=["--hosts=127.0.0.1:1", "--wait=1m"],
        )
        # It does not wait for a server to come.
        self.assertNotIn("waiting", r.err)
        r = tally("doctor", "--hosts=127.0.0.1:1," + HOSTS)
        self.check(r, DONE)
        self.assertIn("tcp\tfails\t127.0.0.1:1: Connection refused\n", r.out)

    def test_tls(self):
        self.fails(
            "tls", CONNECT, "the TLS handshake failed",
            "  hint     the server does not speak TLS",
            words=["--tls=verify-full", "--hosts", HOSTS.split(",")[0]],
        )
        self.fails(
            "tls", USAGE, "tally: bad value for --ca\n", "No such file",
            words=["--tls=verify-full", "--ca=/nowhere"],
        )

    def test_protocol(self):
        def serve(client):
            client.recv(1)
            client.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            while client.recv(4096):
                pass

        with Peer(serve) as peer:
            self.fails("cql", CONNECT, peer.address, words=["--hosts", peer.address])
        with Peer(lambda client: time.sleep(30)) as peer:
            self.fails(
                "cql", CONNECT, peer.address,
                words=["--hosts", peer.address, "--connect-timeout=300ms"],
            )

    def test_login(self):
        with Asking() as peer:
            self.fails(
                "login", CONNECT, 'user "jane"',
                words=["--hosts", peer.address, "--user=jane"],
                env={"TALLY_PASSWORD": "s3cret"},
            )
            self.assertIn(("jane", "s3cret"), peer.logins)
            self.fails("login", CONNECT, "asks for a login",
                       words=["--hosts", peer.address])

    def test_data_center(self):
        self.fails(
            "data center", USAGE, "tally: bad value for --local-dc\n",
            "which has " + data_center(), words=["--local-dc=mars"],
        )

    def test_replication(self):
        self.fails(
            "replication", FAILED, "there is no keyspace nowhere",
            words=["nowhere.t"],
        )
        self.fails(
            "replication", FAILED, "tally: not enough replicas\n",
            f"{KEYSPACE}: replication factor 1; THREE needs 3 of 1 replicas",
            words=["--consistency=three"],
        )

    def test_no_replicas(self):
        """Of none, "all" are none."""
        one, none = (b"replication_factor\0\0\0\1" + n for n in (b"1", b"0"))
        with Gate(lambda *_: True, answer=lambda b: b.replace(one, none)) as gate:
            for level in "all", "one":
                self.fails(
                    "replication", FAILED, f"{level.upper()} needs 1 of 0 replicas",
                    words=["--hosts=" + gate.address, "--consistency=" + level],
                )

    def test_interrupted(self):
        """A host whose answer nobody waited for is not called a silent one."""
        # Its queue is full: it takes no more connections, and refuses none.
        server = socket.socket()
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        address = server.getsockname()
        waiting = []
        for _ in range(4):
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(address)
        with subprocess.Popen(
            [TOOL, "doctor", "--hosts=127.0.0.1:%d" % address[1],
             "--connect-timeout=60s"],
            env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        ) as process:
            self.assertEqual(process.stdout.readline(), "name\tok\t127.0.0.1\n")
            state = ""
            while state != "S":  # asleep: it waits for the connection
                with open(f"/proc/{process.pid}/stat") as file:
                    state = file.read().rpartition(")")[2].split()[0]
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        for s in [server, *waiting]:
            s.close()
        self.assertEqual((process.returncode, out, err), (130, "", ""))

    def test_table(self):
        self.fails("table", FAILED, "there is no table", words=["no_such"])
        self.fails("table", FAILED, "not a counter table", words=["system.local"])

    def test_usage(self):
        self.check(tally("doctor", "a", "b"), USAGE, "one TABLE, or none", out="")
        self.check(
            tally("doctor", "t", env={"TALLY_KEYSPACE": None}), USAGE,
            "no keyspace configured", out="",
        )


class WriteErrors(ToolTest):
    def setUp(self):
        self.table = self.hits("write_errors")
        tally("increment", self.table, "url=/", "views=1")
        self.words = ("get", self.table, "url=/")

    def test_full_disk(self):
        with open("/dev/full", "w") as full:
            for words in [self.words, ("--help",), ("--version",)]:
                self.check(
                    tally(*words, stdout=full),
                    FAILED,
                    "tally: cannot write to standard output\n",
                    "  detail   No space left on device\n",
                )

    def test_closed_pipe(self):
        reader, writer = os.pipe()
        os.close(reader)
        try:
            self.check(
                tally(*self.words, stdout=writer),
                FAILED,
                "cannot write to standard output",
                "Broken pipe",
            )
        finally:
            os.close(writer)

    @unittest.skipIf(WRAPPER, "a wrapper may open descriptors of its own")
    def test_closed_descriptor(self):
        # Else the first socket would become standard output.
        def close():
            os.close(1)

        self.check(
            tally(*self.words, preexec_fn=close),
            FAILED,
            "cannot write to standard output",
        )
        tally("increment", self.table, "url=/closed", "views=1", preexec_fn=close)
        self.shows(
            '{"url":"/closed","unique_visitors":0,"views":1}',
            self.table,
            "url=/closed",
        )


class Outcomes(ToolTest):
    def setUp(self):
        self.table = self.hits("outcomes")
        self.words = ("increment", self.table, "url=/", "views=1")

    def test_lost_after_it_was_sent(self):
        def on_frame(gate, client, frame):
            if frame[4] == EXECUTE:
                client.shutdown(socket.SHUT_RDWR)
                return False
            return True

        with Gate(on_frame) as gate:
            r = tally(*self.words, "--hosts=" + gate.address)
            self.check(
                r,
                UNKNOWN,
                f"tally: increment {KEYSPACE}.{self.table} failed: the connection was lost\n  detail   "
                + gate.address,
                "  outcome  unknown: it counted once or not at all; "
                "it was not sent again\n",
                '  hint     look with "tally get"',
                out="",
            )
            r = tally(*self.words, "--hosts=" + gate.address)
            self.assertEqual(r.err.count("closed by the server"), 1, r)

    def test_no_answer(self):
        def on_frame(gate, client, frame):
            return frame[4] != EXECUTE

        with Gate(on_frame) as gate:
            r = tally(*self.words, "--hosts=" + gate.address, "--timeout=300ms")
            self.check(r, UNKNOWN, "no answer in time", "  outcome  unknown: ", out="")
            r = tally(
                "get", self.table, "url=/", "--hosts=" + gate.address, "--timeout=300ms"
            )
            self.check(r, FAILED, "no answer in time", out="")
            self.assertNotIn("  outcome", r.err)

    def interrupted(self, number, answered, *options):
        """The signal comes while the server works on the increment."""
        asked = threading.Event()
        go_on = threading.Event()

        def on_frame(gate, client, frame):
            if frame[4] == EXECUTE:
                asked.set()
                go_on.wait(30)
                return answered
            return True

        with Gate(on_frame) as gate:
            with subprocess.Popen(
                [TOOL, *self.words, "--hosts=" + gate.address,
                 f"--keyspace={KEYSPACE}", *options],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            ) as process:
                self.assertTrue(asked.wait(30))
                process.send_signal(number)
                go_on.set()
                out, err = process.communicate(timeout=60)
        self.assertEqual(out, "")
        return process.returncode, err

    def test_interrupted_and_drained(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            got, err = self.interrupted(number, True)
            self.assertEqual(got, status)
            self.assertIn("interrupted", err)
            self.assertIn("done and acknowledged", err)
        self.shows(
            '{"url":"/","unique_visitors":0,"views":2}', self.table, "url=/"
        )

    def test_interrupted_and_unknown(self):
        status, err = self.interrupted(signal.SIGINT, False, "--timeout=300ms")
        self.assertEqual(status, UNKNOWN)
        self.assertIn("  outcome  unknown: ", err)

    def test_interrupted_while_waiting(self):
        with subprocess.Popen(
            [TOOL, *self.words, "--hosts=127.0.0.1:1", "--wait=5m",
             f"--keyspace={KEYSPACE}"],
            stderr=subprocess.PIPE, text=True,
        ) as process:
            self.assertIn("no server yet", process.stderr.readline())
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)

    def test_interrupted_before_anything_was_sent(self):
        asked = threading.Event()
        go_on = threading.Event()

        def on_frame(gate, client, frame):
            if frame[4] == STARTUP:
                asked.set()
                go_on.wait(30)
            return True

        with Gate(on_frame) as gate:
            with subprocess.Popen(
                [TOOL, *self.words, "--hosts=" + gate.address,
                 f"--keyspace={KEYSPACE}"],
                stderr=subprocess.PIPE, text=True,
            ) as process:
                self.assertTrue(asked.wait(30))
                process.send_signal(signal.SIGINT)
                go_on.set()
                err = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 130)
        self.assertIn("nothing was sent", err)
        self.assertIn("  outcome  not applied", err)

    def test_no_host_any_more(self):
        def on_frame(gate, client, frame):
            if frame[4] == PREPARE:
                gate.close()
                client.shutdown(socket.SHUT_RDWR)
                return False
            return True

        with Gate(on_frame) as gate:
            r = tally(*self.words, "--hosts=" + gate.address, "--timeout=500ms")
            if len(json.loads(tally("cluster", "--json").out)["hosts"]) > 1:
                self.check(r, DONE, gate.address, out="")  # another host did it
                return
            self.check(r, CONNECT, "  outcome  not applied\n", gate.address, out="")
            self.assertLessEqual(r.err.count("connection refused"), 1, r)

    def test_error_of_the_server(self):
        """A write timeout, as the server would tell it."""

        def on_frame(gate, client, frame):
            if frame[4] != EXECUTE:
                return True
            text = b"Operation timed out\nhere\x1b[2J"
            body = struct.pack(">IH", 0x1100, len(text)) + text
            body += struct.pack(">HII", 0x0006, 0, 1)
            body += struct.pack(">H", 7) + b"COUNTER"
            client.sendall(b"\x84\x00" + frame[2:4] + b"\x00"
                           + struct.pack(">I", len(body)) + body)
            return False

        with Gate(on_frame) as gate:
            r = tally(*self.words, "--hosts=" + gate.address)
            self.check(
                r, UNKNOWN, "write timeout", "0x1100", "  outcome  unknown: ", out=""
            )
            self.assertEqual(len(r.err.splitlines()), 4, r)
            self.assertNotIn("\x1b", r.err)


def setUpModule():
    if not os.access(TOOL, os.X_OK):
        raise SystemExit(f"no tool at {TOOL}: set TALLY_TOOL")
    r = tally("create-keyspace", KEYSPACE, "--wait=60s")
    if r.status != DONE:
        raise SystemExit(f"no keyspace at {HOSTS}: {r}")


def tearDownModule():
    for name in [KEYSPACE, KEYSPACE + "_more"]:
        execute(f"DROP KEYSPACE IF EXISTS {name}")


if __name__ == "__main__":
    unittest.main(verbosity=1)
