"""tests/chaos/test_check_flow.py - what stops is found, and what goes on is not
blamed.  Histories with one planted fault each.  No server."""

import unittest

from check_flow import Flow, FlowBooks

SECOND = 1000000
GO, BEGIN, END, CALM = 0, 10 * SECOND, 30 * SECOND, 60 * SECOND


def op(number, begin, end=None, outcome="applied", code="-", session="1"):
    return "\t".join(map(str, (
        "op", number, session, "async", "ops", number, 1, 0, begin,
        begin + 1000 if end is None else end, outcome, code, code, 0, "")))


def host(at, state="up", session="1", address="127.0.0.102:9042"):
    return "\t".join(map(str, ("host", session, address, state, at, "")))


def steady(least=GO, most=CALM, step=SECOND // 10):
    return [op(at, at) for at in range(least, most, step)]


class FlowTest(unittest.TestCase):
    SESSION = "session\t1\tloop\tproxied\t6000"
    FAULT = "fault\tkill\t2\tnode\t%d\t%d" % (BEGIN, END)

    def wrong(self, lines, faults=(FAULT,), session=SESSION):
        books = FlowBooks()
        lines = [session, *lines]
        count = sum(line.startswith("op\t") for line in lines) + 1
        books.take([*lines, "end\t%d\t%d" % (count, count)])
        flow = Flow(books, ["go\t%d" % GO, *faults, "calm\t%d" % CALM])
        flow.check()
        return [sentence for sentence, _ in books.wrong]

    def fine(self, lines, **more):
        self.assertEqual(self.wrong(lines, **more), [])

    def blamed(self, lines, sentence, **more):
        wrong = self.wrong(lines, **more)
        self.assertTrue(any(sentence in w for w in wrong), wrong)

    def test_it_goes_on(self):
        self.fine([host(GO), *steady()])

    def test_a_host_is_back(self):
        down = host(BEGIN + 5, "down")
        for up in (END - SECOND, END + 9 * SECOND):
            self.fine([host(GO), down, host(up), *steady()])
        sentence = "no connection to node 2 again"
        self.blamed([host(GO), down, *steady()], sentence)
        self.blamed([host(GO), down, host(END + 11 * SECOND), *steady()],
                    sentence)
        self.blamed(steady(), sentence)
        self.blamed([host(GO, address="127.0.0.3:9042"), *steady()], sentence)

    def test_connections_are_back_sooner(self):
        fault = self.FAULT.replace("node", "proxy")
        down = [host(GO), host(BEGIN + 5, "down"), *steady()]
        self.fine([*down, host(END + 4 * SECOND)], faults=[self.FAULT, fault])
        self.blamed([*down, host(END + 6 * SECOND)],
                    "no connection to node 2 again",
                    faults=[self.FAULT, fault])

    def test_a_host_that_flaps_is_back_when_it_was(self):
        self.fine([host(GO), host(BEGIN, "down"), host(END + SECOND),
                   host(END + 40 * SECOND, "down"), *steady()])

    def test_nothing_for_long(self):
        one = self.SESSION.replace("loop", "inline direct")
        gap = [host(GO), *steady(GO, 14 * SECOND), *steady(18 * SECOND)]
        self.fine(gap)
        gap = [host(GO), *steady(GO, 14 * SECOND), *steady(20 * SECOND)]
        self.blamed(gap, "nothing was applied for")
        self.fine(gap, session=one)
        gap = [host(GO), *steady(GO, 9 * SECOND), *steady(30 * SECOND)]
        self.blamed(gap, "nothing was applied for", session=one)

    def test_not_as_many_as_before(self):
        slow = steady(BEGIN, CALM, SECOND // 5)
        self.blamed([host(GO), *steady(GO, BEGIN), *slow], "not back to")
        fast = steady(END + 7 * SECOND)
        slow = steady(BEGIN, END + 7 * SECOND, SECOND // 5)
        self.fine([host(GO), *steady(GO, BEGIN), *slow, *fast])

    def test_for_want_of_a_host(self):
        for code in ("TALLY_ENOHOST", "TALLY_EUNAVAILABLE", "TALLY_ELOST",
                     "TALLY_ESERVER"):
            lines = [host(GO), *steady(),
                     op(7, 7, 9, "not applied", code)]
            self.blamed(lines, "with a node that was well: " + code)
            self.fine(lines, session=self.SESSION.replace("6000", "200"))

    def test_the_end(self):
        lines = [host(GO), *steady(GO, END - SECOND)]
        self.blamed(lines, "did not count again")

    def test_a_plan_that_leaves_nobody_well(self):
        faults = ["fault\tstall\t%d\tproxy\t%d\t%d" % (n, BEGIN + n, END)
                  for n in (1, 2, 3)]
        nodes = [host(GO, address="127.0.0.%d:9042" % n) for n in (1, 2, 3)]
        self.fine([*nodes, *steady()], faults=[self.FAULT, *faults[:2]])
        self.blamed([*nodes, *steady()], "left no node well",
                    faults=[self.FAULT, *faults])

    def test_a_fourth_node_that_is_well(self):
        faults = ["fault\tadd\t4\tnode\t0\t0"]
        faults += ["fault\tstall\t%d\tproxy\t%d\t%d" % (n, BEGIN + n, END)
                   for n in (1, 2, 3)]
        for leaves, wrong in ((END, 0), (BEGIN, 1)):
            flow = Flow(FlowBooks(), [*faults, "leaves\t%d" % leaves])
            flow.check_plan()
            self.assertEqual(len(flow.books.wrong), wrong)

    def test_opening(self):
        lines = [host(GO), *steady()]
        self.blamed([*lines, "fail\t9\tconnect\tTALLY_ECONNECT\t5\t"],
                    "could not be opened")


if __name__ == "__main__":
    unittest.main()
