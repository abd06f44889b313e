"""tests/chaos/check_flow.py - did counting go on, and come back to normal?

    check_flow.py HISTORY FAULTS

HISTORY is the driver's, FAULTS that of cluster_faults.py.  By the latter one
node at least was well at any time, or else it is to blame.  So, of the sessions
that last:

  always      no increment ends NOT_APPLIED for what another host would not have
              said; those of the impatient may
  always      an increment is APPLIED within GAP_US of the one before, or
              ONE_GAP_US where there is but one at a time
  afterwards  the node's host is up again, BACK_US after a fault of the node
              (from when its port was open), or BACK_PROXY_US after one of the
              connections to it
  afterwards  as many increments are APPLIED as before the first fault, nearly
              (NORMAL), BACK_US after a fault of a node
  at the end  an increment is APPLIED within BACK_US of the last fault

and sessions that do not last can always be opened.
Exit status 0 when all of it holds, otherwise 1 and the lines in question.
"""

import bisect
import collections
import math
import sys

from check_books import Books, complain, table

BACK_US = 10000000
BACK_PROXY_US = 5000000
NORMAL = 0.7
GAP_US = 5000000
# Cassandra lets any replica in the data center apply an increment first, and
# waits 5 s for it, until it knows that the node is dead: some 10 s.
ONE_GAP_US = 20000000
ONE_AT_A_TIME = "inline"
# Rates are those of so long.
SPAN_US = 2000000
STEP_US = 100000
# Their timeout leaves no time for another host: what they miss is no fault.
IMPATIENT_US = 2000000
# What no increment may end with, for it goes to the next host then.
WANTING = ("TALLY_ENOHOST", "TALLY_EUNAVAILABLE", "TALLY_ELOST",
           "TALLY_ESERVER")

NODES = {1, 2, 3}  # that are there all the time, unlike one that joins

Fault = collections.namedtuple("Fault", "kind node where begin end line")
Turn = collections.namedtuple("Turn", "session node up at line")


class FlowBooks(Books):
    """Keeps what the other books skip."""

    def __init__(self):
        super().__init__()
        self.turns, self.failed = [], []

    def take_host(self, fields, line):
        session, address, state, at = fields[:4]
        # A.B.C.N is node N, and so is its proxy, A.B.C.(100 + N).
        node = int(address.partition(":")[0].rpartition(".")[2]) % 100
        self.turns.append(Turn(session, node, state == "up", int(at), line))

    def take_fail(self, fields, line):
        self.failed.append(line)


class Flow:
    def __init__(self, books, faults):
        self.books = books
        self.go = self.calm = None
        self.leaves = math.inf  # the node that has joined
        self.faults = []
        for line in faults:
            self.take_fault(line.rstrip("\n"))
        self.lasting = [s for s, crew in books.sessions.items()
                        if crew.split()[0] not in ("churn", "setup")]
        self.by_session = collections.defaultdict(list)
        for op in books.ops:
            self.by_session[op.session].append(op)
        self.applied = sorted(
            op.end for s in self.lasting for op in self.by_session[s]
            if op.first == "applied")
        self.gaps, self.backs, self.rates = [], [], []

    def take_fault(self, line):
        word, *fields = line.split("\t")
        if word == "fault":
            kind, node, where, begin, end = fields
            self.faults.append(
                Fault(kind, int(node), where, int(begin), int(end), line))
        else:
            setattr(self, word, int(fields[0]))

    def blame(self, *what):
        self.books.blame(*what)

    def check(self):
        self.check_plan()
        self.check_wanting()
        self.check_gaps()
        self.check_hosts()
        self.check_rates()
        self.check_end()
        for line in self.books.failed:
            self.blame("could not be opened, with a node that was well", line)

    def patient(self, session):
        return self.books.timeouts[session] > IMPATIENT_US

    def check_plan(self):
        for fault in self.faults:
            ill = {f.node for f in self.faults
                   if f.begin <= fault.begin <= f.end + patience(f)}
            joined = {f.node for f in self.faults if f.kind == "add"
                      and f.end + BACK_US <= fault.begin < self.leaves}
            if ill >= NODES | joined:
                self.blame("the faults left no node well", fault.line)

    # -- Always -------------------------------------------------------------

    def check_wanting(self):
        for session in self.lasting:
            for op in self.by_session[session]:
                if op.first == "not applied" and op.code in WANTING \
                        and self.patient(session):
                    self.blame("not applied, with a node that was well: "
                               + op.code, op.lines[0])

    def check_gaps(self):
        for session in self.lasting:
            crew = self.books.sessions[session].split()
            most = ONE_GAP_US if ONE_AT_A_TIME in crew else GAP_US
            ends = sorted(op.end for op in self.by_session[session]
                          if op.first == "applied" and op.begin < self.calm)
            ends = [self.go, *(e for e in ends if e > self.go), self.calm]
            gap, at = max((b - a, a) for a, b in zip(ends, ends[1:]))
            self.gaps.append((gap, session))
            if gap > most:
                self.blame("session %s: nothing was applied for %d ms after %d"
                           % (session, gap / 1000, at))

    # -- Afterwards ---------------------------------------------------------

    def check_hosts(self):
        turns = collections.defaultdict(list)
        for turn in sorted(self.books.turns, key=lambda t: t.at):
            turns[turn.session, turn.node].append(turn)
        for fault in self.faults:
            most = patience(fault)
            for session in self.lasting:
                back = up_again(turns[session, fault.node], fault.end)
                self.backs.append((back, fault.kind, session))
                if back > most:
                    self.blame("session %s had no connection to node %d again "
                               "in %d s" % (session, fault.node, most / 1e6),
                               fault.line)

    def rate(self, begin, end):
        """APPLIED a second."""
        count = (bisect.bisect_left(self.applied, end)
                 - bisect.bisect_left(self.applied, begin))
        return count * 1e6 / (end - begin)

    def check_rates(self):
        first = min(fault.begin for fault in self.faults)
        self.normal = self.rate(self.go, first)
        for fault in self.faults:
            if fault.where != "node":
                continue
            last = fault.end + BACK_US - SPAN_US
            back = next(
                (at + SPAN_US - fault.end
                 for at in range(fault.end, last + 1, STEP_US)
                 if self.rate(at, at + SPAN_US) >= NORMAL * self.normal), None)
            self.rates.append((self.rate(fault.begin, fault.end), back or 0))
            if back is None:
                self.blame("not back to %d of %d increments a second"
                           % (NORMAL * self.normal, self.normal), fault.line)

    def check_end(self):
        self.ends = []
        last = max(fault.end for fault in self.faults)
        for session in self.lasting:
            back = min((op.end - last for op in self.by_session[session]
                        if op.first == "applied" and op.begin > last),
                       default=None)
            self.ends.append(back or 0)
            if back is None or back > BACK_US:
                self.blame("session %s did not count again after the last fault"
                           % session)

    # -- The report ---------------------------------------------------------

    def report(self):
        crew = self.books.sessions
        table("ms without any", [(crew[session], gap / 1000)
                                 for gap, session in sorted(self.gaps)])
        unsent = collections.Counter(
            crew[s] for s in self.lasting for op in self.by_session[s]
            if op.first == "not applied" and op.code == "TALLY_ETIMEDOUT")
        table("not sent in time", unsent.most_common())
        worst = collections.Counter()
        for back, kind, _ in self.backs:
            worst[kind] = max(worst[kind], back)
        table("host up after ms", [(kind, back / 1000)
                                   for kind, back in worst.most_common()])
        print("a second          %d; while a node was away %s; %d ms after at "
              "most as before" % (
                  self.normal, ", ".join("%d" % r for r, _ in self.rates),
                  max(back for _, back in self.rates) / 1000))
        print("after the last    %d sessions count, after %d ms at most"
              % (len(self.ends), max(self.ends) / 1000))


def patience(fault):
    """How long after its end it may still be felt."""
    return BACK_US if fault.where == "node" else BACK_PROXY_US


def up_again(turns, at):
    """How long after `at` the host is up; a very long time when it is not."""
    up = False
    for turn in turns:
        if turn.at > at and up:
            break
        up = turn.up
        if turn.at > at and up:
            return turn.at - at
    return 0 if up else sys.maxsize


def main(history, faults):
    books = FlowBooks()
    with open(history, encoding="utf-8", errors="replace") as file:
        books.take(file)
    with open(faults, encoding="utf-8") as file:
        flow = Flow(books, file)
    flow.check()
    flow.report()
    complain(books)
    return 1 if books.wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
