"""tests/simulacron/test_simulacron.py - what Simulacron can do to a prepared
increment: its outcome, how often the server saw it, and the connection after.

    SIMULACRON_INCREMENT=build/dev/tests/simulacron/simulacron_increment \
        python3 tests/simulacron/test_simulacron.py

Needs nothing but Python and scripts/simulacron.  What is expected stands in
tables.py, and is held against docs/outcomes.md.  Every case runs on a session
with a thread of its own and on an inline one, and after it the next increment
of the same session must be applied.

What Simulacron 0.12.0 cannot do, and other suites do (tests/unit, tests/sim):
answers that cannot be decoded, half an answer, warnings, the codes 0x1600 and
0x1700 and ScyllaDB's, and anything but silence for STARTUP.  Its "unprepared"
fails inside (ClassCastException) and arrives as a server_error; the UNPREPARED
that it sends of itself is in Forgetting."""

import os
import unittest

from case import Case, expand, for_each_mode, for_each_row
from connections import Closed, Ends, Refusing, Silence  # noqa: F401, run here
from simulacron import NO_KEY, PREPARED, ROOT, VOID, until
from tables import ANSWERS, CLOSED, EXECUTE_ANSWERED, EXECUTE_ANSWERED_LATE
from tables import LATE_MS, LOST, PATIENCE_MS, PREPARE_ANSWERED
from tables import at_prepare, late, rows


@for_each_row(EXECUTE_ANSWERED)
class ExecuteAnswered(Case):
    def check(self, mode, answer, event, outcome, status, cause, code, tries,
              prepares, connection):
        cluster = self.cluster()
        cluster.serve({"/case": ANSWERS[answer]})
        client = self.client(cluster, mode)
        self.applied(client, "/before")
        before = cluster.connection()
        self.ends(client.increment("/case", -7), outcome, status, cause, code)
        self.goes_on(cluster, client, before, connection)
        self.closes(client)
        seen = [s for s in cluster.executes() if s.url == "/case"]
        self.assertEqual([s.views for s in seen], [-7] * int(tries))
        self.assertEqual(cluster.prepares(), int(prepares))


@expand
class ExecuteAnsweredLate(Case):
    @for_each_mode
    def test_all(self, mode):
        """All at once, since each takes its time."""
        answers = {self.url(answer): ANSWERS[answer]
                   for answer, *_ in EXECUTE_ANSWERED_LATE}
        cluster = self.cluster()
        cluster.serve({
            **{url: late(then, LATE_MS) for url, then in answers.items()},
            # Comes after them on the same connection, and is heard of.
            "/mark": late(VOID, LATE_MS + 100),
        })
        client = self.client(cluster, mode, increment_timeout=PATIENCE_MS)
        self.applied(client, "/before")
        before = cluster.connection()
        for url in [*answers, "/mark"]:
            client.submit(url, 7)
        ends = {url: client.ended(url) for url in [*answers, "/mark"]}
        self.settles(client, ends["/mark"], "applied")
        for answer, event, settled in EXECUTE_ANSWERED_LATE:
            with self.subTest(answer):
                self.timed_out(ends[self.url(answer)])
                self.assertGreaterEqual(ends[self.url(answer)]["ms"], PATIENCE_MS)
                if settled != "never":
                    self.settles(client, ends[self.url(answer)], settled)
        self.goes_on(cluster, client, before, "kept")
        self.closes(client)
        for url in answers:
            self.assertEqual(cluster.tries(url), 1, url)
        self.assertEqual(cluster.prepares(), 1)

    def url(self, answer):
        return "/" + answer.replace(" ", "_")

    def settles(self, client, end, outcome):
        self.assertEqual(
            client.line("settled", end["ended"]),
            {"settled": end["ended"], "operation": end["operation"],
             "outcome": outcome, "views": 7},
        )


@for_each_row(PREPARE_ANSWERED)
class PrepareAnswered(Case):
    def check(self, mode, answer, status, code, connection):
        cluster = self.cluster()
        cluster.serve()
        cluster.override(at_prepare(ANSWERS[answer]))
        client = self.client(cluster, mode)
        before = cluster.connection()
        self.not_applied(client.increment("/case"), status, code)
        self.assertEqual(cluster.prepares(), 1)
        cluster.restore()
        self.goes_on(cluster, client, before, connection)
        self.closes(client)
        self.assertEqual(cluster.prepares(), 2)
        self.assertEqual(cluster.tries("/case"), 0)


@expand
class Preparing(Case):
    """PREPARE in other ways."""

    def refused(self, mode, markers):
        cluster = self.cluster()
        cluster.serve()
        cluster.override(PREPARED, markers)
        client = self.client(cluster, mode)
        before = cluster.connection()
        self.not_applied(client.increment("/case"), "ESCHEMA")
        cluster.restore()
        self.goes_on(cluster, client, before, "kept")
        self.assertEqual(cluster.tries("/case"), 0)

    @for_each_mode
    def test_other_types(self, mode):
        self.refused(mode, {"views": "bigint", "url": "varchar"})

    @for_each_mode
    def test_other_names(self, mode):
        self.refused(mode, {"views": "counter", "page": "varchar"})

    @for_each_mode
    def test_other_order(self, mode):
        self.refused(mode, {"url": "varchar", "views": "counter"})

    @for_each_mode
    def test_too_few(self, mode):
        self.refused(mode, {"views": "counter"})

    def slow(self, delay_ms):
        """Simulacron delays PREPARE only of what then answers rows."""
        cluster = self.cluster()
        cluster.update(NO_KEY, late(at_prepare(rows()), delay_ms))
        cluster.update(None, VOID)
        return cluster

    @for_each_mode
    def test_slow(self, mode):
        cluster = self.slow(200)
        client = self.client(cluster, mode)
        before = cluster.connection()
        end = client.increment("/case")
        self.ends(end, "applied", "OK", "OK")
        self.assertGreaterEqual(end["ms"], 200)
        self.goes_on(cluster, client, before, "kept")
        self.assertEqual(cluster.tries("/case"), 1)
        self.assertEqual(cluster.prepares(), 1)

    @for_each_mode
    def test_too_slow(self, mode):
        """What ended meanwhile is not sent when the statement is ready."""
        cluster = self.slow(LATE_MS)
        client = self.client(cluster, mode, increment_timeout=PATIENCE_MS)
        before = cluster.connection()
        self.not_applied(client.increment("/case"), "ETIMEDOUT")
        self.goes_on(cluster, client, before, "kept")
        self.closes(client)
        self.assertEqual(cluster.tries("/case"), 0)
        self.assertEqual(cluster.prepares(), 1)

    @for_each_mode
    def test_unanswered(self, mode):
        cluster = self.cluster()
        cluster.serve()
        cluster.override({"result": "no_result"})
        client = self.client(
            cluster, mode, increment_timeout=300, read_timeout=400
        )
        before = cluster.connection()
        self.not_applied(client.increment("/case"), "ETIMEDOUT")
        cluster.restore()
        # The PREPARE has a timeout of its own, after which it is asked again.
        self.goes_on(cluster, client, before, "kept")
        self.assertEqual(cluster.tries("/case"), 0)
        self.assertEqual(cluster.prepares(), 2)

    @for_each_mode
    def test_closed(self, mode):
        """It is asked again on the next connection, within the deadline."""
        cluster = self.cluster()
        cluster.serve()
        cluster.override({"result": "close_connection"})
        client = self.client(cluster, mode)
        before = cluster.connection()
        client.submit("/case")
        until(lambda: cluster.prepares() >= 2, "the second PREPARE")
        cluster.restore()
        self.ends(client.ended("/case"), "applied", "OK", "OK")
        self.goes_on(cluster, client, before, "lost")
        self.assertEqual(cluster.tries("/case"), 1)

    @for_each_mode
    def test_closed_for_too_long(self, mode):
        cluster = self.cluster()
        cluster.serve()
        cluster.override({"result": "close_connection"})
        client = self.client(cluster, mode, increment_timeout=300)
        before = cluster.connection()
        end = client.increment("/case")
        self.assertEqual(end["outcome"], "not applied")
        # Where the deadline finds it: without a connection, or on one that has
        # not prepared the statement yet.
        self.assertIn(end["status"], ["TALLY_ENOHOST", "TALLY_ETIMEDOUT"])
        cluster.restore()
        self.goes_on(cluster, client, before, "lost")
        self.assertGreaterEqual(cluster.prepares(), 2)
        self.assertEqual(cluster.tries("/case"), 0)


@expand
class Forgetting(Case):
    """UNPREPARED as servers send it, with the id: Simulacron's answer to what
    no prime matches."""

    @for_each_mode
    def test_for_good(self, mode):
        cluster = self.cluster()
        cluster.update(NO_KEY, PREPARED)
        client = self.client(cluster, mode)
        before = cluster.connection()
        self.not_applied(client.increment("/case"), "ESERVER", "0x2500")
        self.assertEqual(cluster.tries("/case"), 3)
        cluster.update(None, VOID)
        self.goes_on(cluster, client, before, "kept")
        self.closes(client)
        self.assertEqual(cluster.tries("/case"), 3)

    @for_each_mode
    def test_once(self, mode):
        """Sent again when it is prepared again, and applied once."""
        cluster = self.cluster()
        cluster.serve()
        client = self.client(cluster, mode)
        self.applied(client, "/before")
        before = cluster.connection()
        cluster.clear()
        # The slow PREPARE leaves the time to remember.
        cluster.update(NO_KEY, late(at_prepare(rows()), 1000))
        client.submit("/case")
        until(lambda: cluster.prepares() == 2, "the second PREPARE")
        self.assertEqual(cluster.tries("/case"), 1)
        cluster.update(None, VOID)
        self.ends(client.ended("/case"), "applied", "OK", "OK")
        self.goes_on(cluster, client, before, "kept")
        self.closes(client)
        self.assertEqual(cluster.tries("/case"), 2)
        self.assertEqual(cluster.prepares(), 2)


class Numbers(Case):
    """What the errors count reaches the program."""

    def test_replicas(self):
        cluster = self.cluster()
        counting = ["unavailable", "read_timeout", "read_failure",
                    "write_timeout COUNTER", "write_failure COUNTER"]
        urls = {"/" + name.replace(" ", "_"): ANSWERS[name] for name in counting}
        cluster.serve(urls)
        client = self.client(cluster, "threads")
        for url in urls:
            end = client.increment(url)
            self.assertEqual((end["required"], end["received"]), (2, 1), url)
        end = client.increment("/after")
        self.assertEqual((end["required"], end["received"]), (-1, -1))


class Documented(unittest.TestCase):
    """The tables above say what docs/outcomes.md says."""

    # What Simulacron does not do; tests/unit has these.  (A frame that was cut is
    # in Ends.test_in_the_middle, but cannot be told from one never encoded.)
    NOT_HERE = {
        "connection lost before the frame's last byte was accepted",
        "PROTOCOL_ERROR on stream 0",
        "undecodable answer",
        "UNAVAILABLE, several partitions or ScyllaDB",
        "CONFIG_ERROR, ScyllaDB",
        "rate limit, rejected by the coordinator",
        "rate limit, rejected by a replica",
        "READ_TIMEOUT of a read, with enough answers",
    }
    # Rows that other tests than those of the tables come by.
    ELSEWHERE = {
        "UNPREPARED",  # Forgetting
        "never encoded",  # Refusing
        "connection lost after the frame was accepted",  # Closed, Ends
        "client deadline after encoding",  # ExecuteAnsweredLate, Silence
        "another ERROR on stream 0",  # Silence
    }

    @classmethod
    def setUpClass(cls):
        with open(os.path.join(ROOT, "docs", "outcomes.md")) as page:
            lines = [line for line in page if line.startswith("| ")]
        cells = [[c.strip() for c in line.split("|")] for line in lines]
        cls.page = {c[1]: (c[2], c[4]) for c in cells if c[1] != "event"}

    def documented(self, event):
        outcome, code = self.page[event]
        return outcome.lower().replace("_", " "), code.replace("TALLY_", "")

    def test_answers(self):
        for row in EXECUTE_ANSWERED:
            answer, event, outcome, status, cause, _, tries, _, _ = row
            with self.subTest(answer):
                self.assertEqual(self.documented(event),
                                 (outcome, cause if cause != "OK" else ""))
                self.assertEqual(status, "EUNKNOWN" if outcome == "unknown" else cause)
                if outcome == "unknown":
                    self.assertEqual(tries, "1")

    def test_late(self):
        for answer, event, settled in EXECUTE_ANSWERED_LATE:
            with self.subTest(answer):
                outcome, _ = self.documented(event)
                self.assertEqual(settled,
                                 "never" if outcome == "unknown" else outcome)

    def test_closed(self):
        for _, _, outcome, _, cause, tries, _, _ in CLOSED:
            self.assertEqual(self.documented(LOST), (outcome, cause))
            self.assertEqual(tries, "1")

    def test_no_row_is_left_out(self):
        here = {row[1] for row in EXECUTE_ANSWERED}
        self.assertEqual(here | self.ELSEWHERE | self.NOT_HERE, set(self.page))

    def test_all_of_simulacron(self):
        self.assertEqual({row[0] for row in EXECUTE_ANSWERED}, set(ANSWERS))


if __name__ == "__main__":
    unittest.main(verbosity=1)
