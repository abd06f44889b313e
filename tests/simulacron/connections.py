"""tests/simulacron/connections.py - connections that end, go silent, or cannot
be had.  test_simulacron.py runs these, too."""

from case import MODES, PROGRAM, Case, expand, for_each_mode, for_each_row
from simulacron import FIRST, VOID, Client, until
from tables import ALERT, ANSWERS, CLOSED, HANDSHAKE_ANSWERED, LATE_MS
from tables import PATIENCE_MS, late


@for_each_row(CLOSED, columns=2)
class Closed(Case):
    def check(self, mode, scope, how, outcome, status, cause, tries, connection,
              others):
        cluster = self.cluster(nodes=(2, 1))
        home, neighbour, abroad = cluster.hosts
        cluster.serve({"/case": {"result": "close_connection", "scope": scope,
                                 "close_type": how}})
        client = self.client(cluster, mode, **ALERT)
        self.applied(client, "/before")
        mine = cluster.connection()
        around = []
        for name, host in [("node", home), ("center", neighbour),
                           ("cluster", abroad)]:
            known = set(cluster.connections(host))
            other = self.client(cluster, "threads", [host], **ALERT)
            self.applied(other, "/before_" + name)
            (its,) = set(cluster.connections(host)) - known
            around.append((name, host, other, its))
        self.ends(client.increment("/case"), outcome, status, cause)
        self.settles(cluster, "/after", client, mine, connection)
        for name, host, other, its in around:
            state = connection if name in others.split(", ") else "kept"
            self.settles(cluster, "/after_" + name, other, its, state)
            self.closes(other)
        self.closes(client)
        self.assertEqual(cluster.tries("/case"), int(tries))

    def settles(self, cluster, url, client, old, state):
        """As goes_on(), among other connections."""
        if state != "kept":
            until(lambda: client.said().count("connected to ") >= 2,
                  lambda: f"a new connection; {old} is "
                  f"{'there' if old in cluster.connections() else 'gone'}, "
                  f"and the client said: {client.said()}")
        self.applied(client, url)
        (seen,) = [s for s in cluster.executes() if s.url == url]
        self.assertEqual(seen.connection == old, state == "kept")
        until(lambda: (old in cluster.connections(seen.node)) == (state != "lost"),
              f"{old} to be {state}")


@expand
class Ends(Case):
    """Ends of connections in other ways."""

    def delayed(self, mode, delay_ms):
        cluster = self.cluster()
        cluster.serve({"/case": late({"result": "close_connection"}, delay_ms)})
        client = self.client(cluster, mode, increment_timeout=PATIENCE_MS)
        self.applied(client, "/before")
        before = cluster.connection()
        end = client.increment("/case")
        self.goes_on(cluster, client, before, "lost")
        self.closes(client)
        self.assertEqual(cluster.tries("/case"), 1)
        return end

    @for_each_mode
    def test_delayed(self, mode):
        end = self.delayed(mode, 200)
        self.lost(end)
        self.assertGreaterEqual(end["ms"], 200)

    @for_each_mode
    def test_delayed_too_long(self, mode):
        """Nobody will ever know: it is not settled."""
        self.timed_out(self.delayed(mode, LATE_MS))

    def unasked(self, mode, how, state):
        """Between two increments."""
        cluster = self.cluster()
        cluster.serve()
        client = self.client(cluster, mode, **ALERT)
        self.applied(client, "/before")
        before = cluster.connection()
        cluster.cut(how)
        self.goes_on(cluster, client, before, state)
        self.assertEqual(len(cluster.executes()), 2)
        # It may have been restarted: the statement is prepared again.
        self.assertEqual(cluster.prepares(), 2)

    @for_each_mode
    def test_idle_disconnect(self, mode):
        self.unasked(mode, "disconnect", "lost")

    @for_each_mode
    def test_idle_shutdown_read(self, mode):
        self.unasked(mode, "shutdown_read", "left")

    @for_each_mode
    def test_idle_shutdown_write(self, mode):
        self.unasked(mode, "shutdown_write", "lost")

    @for_each_mode
    def test_many_in_flight(self, mode):
        """All that were sent are UNKNOWN, and sent once."""
        cluster = self.cluster()
        cluster.serve({"/case": {"result": "no_result"}})
        client = self.client(cluster, mode)
        self.applied(client, "/before")
        before = cluster.connection()
        for _ in range(50):
            client.submit("/case")
        until(lambda: cluster.tries("/case") == 50, "50 in flight")
        cluster.cut()
        for _ in range(50):
            self.lost(client.ended("/case"))
        self.goes_on(cluster, client, before, "lost")
        self.closes(client)
        self.assertEqual(cluster.tries("/case"), 50)

    @for_each_mode
    def test_in_the_middle(self, mode):
        """A server that does not read leaves requests on the client's side when
        the connection ends.  Those go over the next one; those of which it may
        have had the last byte do not."""
        count, size = 250, 60000  # far more than the two sockets hold
        cluster = self.cluster()
        cluster.serve()
        client = self.client(cluster, mode)
        self.applied(client, "/before")
        before = cluster.connection()
        cluster.pause()
        urls = [f"/{i:{size}}".replace(" ", "_") for i in range(count)]
        for url in urls:
            client.submit(url)
        cluster.cut()
        ends = {url: client.ended(url)["outcome"] for url in urls}
        self.goes_on(cluster, client, before, "lost")
        self.closes(client)
        seen = cluster.executes()
        moved = 0
        for url in urls:
            tries = [s.connection for s in seen if s.url == url]
            if ends[url] == "applied":
                self.assertEqual(len(tries), 1)
                moved += tries != [before]
            else:
                self.assertEqual(ends[url], "unknown")
                self.assertIn(tries, ([], [before]))
        self.assertGreater(moved, count // 10)
        self.assertIn("unknown", ends.values())

    @for_each_mode
    def test_other_host(self, mode):
        """A node that stops: the next one takes over."""
        cluster = self.cluster(nodes=(2,))
        cluster.serve({"/case": {"result": "no_result"}})
        client = self.client(cluster, mode, hosts=cluster.hosts)
        self.applied(client, "/before")
        client.submit("/case")
        until(lambda: cluster.tries("/case") == 1, "the increment in flight")
        cluster.refuse("stop", node="/dc0/node0")
        self.lost(client.ended("/case"))
        self.applied(client, "/after")
        self.closes(client)
        self.assertEqual(
            [(s.url, s.node) for s in cluster.executes()],
            [("/before", cluster.hosts[0]), ("/case", cluster.hosts[0]),
             ("/after", cluster.hosts[1])],
        )
        self.assertEqual(cluster.prepares(), 2)


@expand
class Silence(Case):
    @for_each_mode
    def test_slow(self, mode):
        cluster = self.cluster()
        cluster.serve({"/case": late(VOID, 200)})
        client = self.client(cluster, mode)
        self.applied(client, "/before")
        before = cluster.connection()
        end = client.increment("/case")
        self.ends(end, "applied", "OK", "OK")
        self.assertGreaterEqual(end["ms"], 200)
        self.goes_on(cluster, client, before, "kept")
        self.closes(client)
        self.assertEqual(cluster.tries("/case"), 1)

    @for_each_mode
    def test_unanswered(self, mode):
        cluster = self.cluster()
        cluster.serve({"/case": {"result": "no_result"}})
        client = self.client(cluster, mode, increment_timeout=PATIENCE_MS)
        self.applied(client, "/before")
        before = cluster.connection()
        self.timed_out(client.increment("/case"))
        self.goes_on(cluster, client, before, "kept")
        self.closes(client)
        self.assertEqual(cluster.tries("/case"), 1)

    @for_each_mode
    def test_out_of_order(self, mode):
        """Each answer belongs to its own increment."""
        cluster = self.cluster()
        cluster.serve({
            "/third": late(ANSWERS["invalid"], 300),
            "/second": late(ANSWERS["write_timeout COUNTER"], 200),
            "/first": late(VOID, 100),
        })
        client = self.client(cluster, mode)
        self.applied(client, "/before")
        for url in ["/third", "/second", "/first"]:
            client.submit(url)
        self.ends(client.ended("/first"), "applied", "OK", "OK")
        self.ends(client.ended("/second"), "unknown", "EUNKNOWN", "ESERVER",
                  "0x1100")
        self.not_applied(client.ended("/third"), "ESERVER", "0x2200")
        self.closes(client)
        self.assertEqual(len(cluster.executes()), 4)

    @for_each_mode
    def test_unread(self, mode):
        """The server reads it after all, and it counts."""
        cluster = self.cluster()
        cluster.serve()
        client = self.client(cluster, mode, increment_timeout=PATIENCE_MS)
        self.applied(client, "/before")
        before = cluster.connection()
        cluster.pause()
        client.increment("/last_read")
        end = client.increment("/case", 7)
        self.timed_out(end)
        cluster.resume()
        self.assertEqual(
            client.line("settled", "/case"),
            {"settled": "/case", "operation": end["operation"],
             "outcome": "applied", "views": 7},
        )
        self.goes_on(cluster, client, before, "kept")
        self.closes(client)
        self.assertEqual(cluster.tries("/case"), 1)

    @for_each_mode
    def test_too_many_unanswered(self, mode):
        """A connection that owes too many answers is replaced, and drained."""
        cluster = self.cluster()
        cluster.serve({"/case": {"result": "no_result"}})
        client = self.client(
            cluster, mode, increment_timeout=PATIENCE_MS, max_abandoned=2
        )
        self.applied(client, "/before")
        before = cluster.connection()
        for _ in range(3):
            client.submit("/case")
        for _ in range(3):
            self.timed_out(client.ended("/case"))
        # Until the new one is ready, the old one is in use.
        until(lambda: client.said().count("connected to ") >= 2,
              "a new connection")
        self.goes_on(cluster, client, before, "left")
        self.closes(client)
        self.assertEqual(cluster.tries("/case"), 3)

    def heartbeat(self, mode, then):
        """How an increment in flight ends when a heartbeat is answered so."""
        cluster = self.cluster()
        cluster.serve({"/case": {"result": "no_result"}})
        client = self.client(cluster, mode, **ALERT)
        self.applied(client, "/before")
        before = cluster.connection()
        cluster.prime({"request": "options"}, then, FIRST)
        end = client.increment("/case")
        cluster.restore()
        self.goes_on(cluster, client, before, "lost")
        self.closes(client)
        self.assertEqual(cluster.tries("/case"), 1)
        return end

    @for_each_mode
    def test_heartbeat_unanswered(self, mode):
        self.lost(self.heartbeat(mode, {"result": "no_result"}))

    @for_each_mode
    def test_heartbeat_refused(self, mode):
        end = self.heartbeat(mode, ANSWERS["server_error"])
        self.ends(end, "unknown", "EUNKNOWN", "ESERVER", "0x0000")


@expand
class Refusing(Case):
    """Nodes that take no connections."""

    def away(self, mode, how, cut, **options):
        """An increment while there is no connection to be had, and one when
        there is again."""
        cluster = self.cluster()
        cluster.serve()
        client = self.client(
            cluster, mode, increment_timeout=PATIENCE_MS, connect_timeout=300,
            **options
        )
        self.applied(client, "/before")
        before = cluster.connection()
        cluster.refuse(how)
        if cut:
            self.applied(client, "/still")
            self.assertEqual(cluster.connections(), [before])
            cluster.cut()
        until(lambda: before not in cluster.connections(), "its end")
        self.not_applied(client.increment("/case"), "ENOHOST")
        cluster.accept()
        self.goes_on(cluster, client, before, "lost")
        self.closes(client)
        self.assertEqual(cluster.tries("/case"), 0)

    @for_each_mode
    def test_unbind(self, mode):
        self.away(mode, "unbind", True)

    @for_each_mode
    def test_stop(self, mode):
        self.away(mode, "stop", False)

    @for_each_mode
    def test_reject_startup(self, mode):
        self.away(mode, "reject_startup", True)

    @for_each_mode
    def test_back_in_time(self, mode):
        """It waits for the connection, within its deadline."""
        cluster = self.cluster()
        cluster.serve()
        client = self.client(cluster, mode)
        self.applied(client, "/before")
        before = cluster.connection()
        cluster.refuse("stop")
        until(lambda: before not in cluster.connections(), "its end")
        client.submit("/case")
        cluster.accept()
        self.ends(client.ended("/case"), "applied", "OK", "OK")
        self.goes_on(cluster, client, before, "lost")
        self.assertEqual(cluster.tries("/case"), 1)

    @for_each_mode
    def test_one_more(self, mode):
        """The node accepts one more session, and then nobody."""
        cluster = self.cluster()
        cluster.serve()
        # REGISTER counts as if it were a second STARTUP.
        cluster.refuse("unbind", after=2)
        client = self.client(cluster, mode)
        self.applied(client, "/case")
        self.fails(cluster, mode, "ECONNECT")
        self.goes_on(cluster, client, cluster.connection(), "kept")

    def fails(self, cluster, mode, status):
        client = Client(PROGRAM, cluster.hosts[:1], io_threads=MODES[mode],
                        connect_timeout=300)
        self.addCleanup(client.kill)
        self.assertEqual(client.first, {"failed": "TALLY_" + status},
                         client.said())

    @for_each_mode
    def test_from_the_start(self, mode):
        for how, status in [("unbind", "ECONNECT"), ("stop", "ECONNECT"),
                            ("reject_startup", "ETIMEDOUT")]:
            cluster = self.cluster()
            cluster.refuse(how)
            self.fails(cluster, mode, status)

    @for_each_mode
    def test_other_version(self, mode):
        for version in [3, 5]:
            self.fails(self.cluster(version=version), mode, "EPROTOCOL")

    @for_each_mode
    def test_handshake_answered(self, mode):
        for answer, status in HANDSHAKE_ANSWERED:
            with self.subTest(answer):
                cluster = self.cluster()
                cluster.prime({"request": "options"},
                              ANSWERS.get(answer, {"result": answer}))
                self.fails(cluster, mode, status)
