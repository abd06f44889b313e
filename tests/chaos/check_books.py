"""tests/chaos/check_books.py - do the books balance?

    check_books.py [--least INCREMENTS] HOSTS KEYSPACE HISTORY...

Reads both tables with a client that is not ours and compares every row with
what the histories (driver.c, chaos.py) say of the increments:

  a row of its own  holds what its increment added when that was APPLIED, and
                    nothing when it was NOT_APPLIED; one or the other for an
                    UNKNOWN one
  a hot row         lies between the least and the most that its increments
                    allow, and so does whatever was read of any row on the way

What was UNKNOWN and was settled later counts as what it was settled to.
Exit status 0 when all of it holds, otherwise 1 and the lines in question.
"""

import argparse
import bisect
import collections
import itertools
import os
import re
import sys

OUTCOMES = ("applied", "not applied", "unknown")
COUNTERS = ("n", "twice")
# How late an increment may end: for machines with too much to do.
OVERRUN_US = 2000000
# What these faults can lead to.  They never alter a byte, so that nothing may
# look like a server that broke the protocol or lost its schema.
CODES = {
    "-",
    "TALLY_EBUSY",
    "TALLY_ECLOSED",
    "TALLY_ECONNECT",
    "TALLY_ENOHOST",
    "TALLY_ETIMEDOUT",
    "TALLY_ELOST",
    "TALLY_EUNKNOWN",
    "TALLY_ESERVER",
    "TALLY_EUNAVAILABLE",
    "TALLY_ENOTFOUND",
    # The tool's, in histories of chaos.py.
    "exit 1",
    "exit 3",
    "interrupted",
    "killed",
}
# A server may say so on no stream in particular, which leaves open what it was
# about: so one that only "broke the protocol" does.
SHUTTING_DOWN = "Server is shutting down"

Read = collections.namedtuple("Read", "table key values begin end line")
Settled = collections.namedtuple(
    "Settled", "session operation outcome at row line"
)


class Op:
    """An increment, with the lines that tell of it."""

    def __init__(self, fields, line):
        self.number, self.session, self.form = fields[0:3]
        self.table, self.key = fields[3:5]
        self.deltas = (int(fields[5]), int(fields[6]))
        self.begin, self.end = int(fields[7]), int(fields[8])
        self.outcome, self.code, self.cause = fields[9:12]
        self.operation = fields[12]
        self.first = self.outcome  # as the call said; a settling changes it
        self.lines = [line]
        self.settled = False
        self.known = self.end  # when the outcome was certain
        if self.outcome not in OUTCOMES:
            raise ValueError("no such outcome: " + line)

    @property
    def row(self):
        return self.table, self.key


class Books:
    def __init__(self):
        self.ops, self.reads, self.settled = [], [], []
        self.sessions, self.timeouts, self.alive = {}, {}, []
        self.overrun = 0  # of a deadline, microseconds
        self.failures = collections.Counter()
        self.wrong = []  # (sentence, lines)

    def blame(self, sentence, *lines):
        self.wrong.append((sentence, list(lines)))

    # -- Reading a history --------------------------------------------------

    def take(self, lines):
        begun, here = None, len(self.ops)
        for line in lines:
            line = line.rstrip("\n")
            kind, *fields = line.split("\t")
            if kind == "end":
                begun = int(fields[0])
            else:
                getattr(self, "take_" + kind)(fields, line)
        if begun is None:
            self.blame("a history has no end: its writer died")
        elif begun - 1 != len(self.ops) - here:
            self.blame(
                "%d increments were begun, and %d ended"
                % (begun - 1, len(self.ops) - here)
            )

    def take_op(self, fields, line):
        self.ops.append(Op(fields, line))

    def take_read(self, fields, line):
        table, key, n, twice = fields[1:5]
        if n == "absent":
            values = (0, 0)
        elif n.startswith("TALLY_"):
            self.failures["read", n] += 1
            self.check_code(n, line)
            return
        else:
            values = (int(n), int(twice))
        begin, end = int(fields[5]), int(fields[6])
        self.reads.append(Read(table, key, values, begin, end, line))

    def take_settled(self, fields, line):
        session, operation, outcome, at, table, key, n, twice = fields
        row = (table, key, (int(n), int(twice)))
        self.settled.append(
            Settled(session, operation, outcome, int(at), row, line)
        )

    def take_session(self, fields, line):
        self.sessions[fields[0]] = fields[1]
        self.timeouts[fields[0]] = int(fields[3]) * 1000

    def take_alive(self, fields, line):
        self.alive.append((fields[0], int(fields[1])))
        if fields[1] == "-1":
            self.blame("a session did not come back after the faults", line)

    def take_fail(self, fields, line):
        self.failures[fields[1], fields[2]] += 1
        self.check_code(fields[2], line)

    def take_log(self, fields, line):
        pass  # for people

    def take_host(self, fields, line):
        pass  # for check_flow.py

    def check_code(self, code, line):
        if code == "TALLY_EPROTOCOL" and SHUTTING_DOWN in line:
            return
        if code not in CODES:
            self.blame(code + " cannot come of these faults", line)

    # -- Late settlings -----------------------------------------------------

    def settle(self):
        unknown = {
            (op.session, op.operation): op
            for op in self.ops
            if op.outcome == "unknown" and op.operation != "0"
        }
        for s in self.settled:
            op = unknown.get((s.session, s.operation))
            if op is None:
                self.blame("settled, but no UNKNOWN has that id", s.line)
                continue
            op.lines.append(s.line)
            if op.settled:
                self.blame("settled twice", *op.lines)
            elif s.outcome not in OUTCOMES[:2]:
                self.blame("settled to neither", *op.lines)
            elif s.row[1] != "?" and s.row != (*op.row, op.deltas):
                self.blame("settled with another row", *op.lines)
            else:
                op.settled = True
                op.outcome = s.outcome
                op.known = max(op.known, s.at)

    # -- Each increment alone -----------------------------------------------

    def check_ops(self):
        seen = {}
        for op in self.ops:
            again = seen.setdefault((op.session, op.number), op)
            if again is not op:
                self.blame("ended twice", *again.lines, *op.lines)
            for code in {op.code, op.cause}:
                self.check_code(code, op.lines[0])
            self.check_deadline(op)
            said = "applied" if op.code == "-" else None
            if op.code == "TALLY_EUNKNOWN":
                said = "unknown"
            if (said or "not applied") != op.first:
                self.blame("the code is not the outcome's", *op.lines)

    def check_deadline(self, op):
        if op.session not in self.timeouts:
            return
        over = op.end - op.begin - self.timeouts[op.session]
        self.overrun = max(self.overrun, over)
        if over > OVERRUN_US:
            late = over / 1000
            self.blame("ended %d ms after its deadline" % late, *op.lines)

    # -- Rows ---------------------------------------------------------------

    def by_row(self):
        rows = collections.defaultdict(list)
        for op in self.ops:
            rows[op.row].append(op)
        return rows

    def check_final(self, rows, have):
        """have: (table, key) -> (n, twice) as the other client read them."""
        for row in have.keys() - rows.keys():
            told = (*row, have[row])
            self.blame("a row that nobody counted in: %s %s = %s" % told)
        # Rows of their own first: they tell which increment it was.
        for row, ops in sorted(rows.items(), key=lambda item: len(item[1])):
            values = have.get(row, (0, 0))
            if len(ops) == 1:
                self.check_own(ops[0], values)
            else:
                self.check_bounds(row, ops, values)

    def check_own(self, op, values):
        fine = {
            "applied": [op.deltas],
            "not applied": [(0, 0)],
            "unknown": [op.deltas, (0, 0)],
        }[op.outcome]
        if values in fine:
            return
        sentence = "%s, but the row has %s" % (op.outcome, values)
        self.blame(sentence, *op.lines)

    def check_bounds(self, row, ops, values):
        for i, counter in enumerate(COUNTERS):
            low, high = bounds(ops, i)
            if low <= values[i] <= high:
                continue
            unsure = [op for op in ops if op.outcome == "unknown"]
            self.blame(
                "%s %s.%s is %d, not in %d..%d; the UNKNOWN ones:"
                % (*row, counter, values[i], low, high),
                *itertools.chain.from_iterable(op.lines for op in unsure),
            )

    # -- What was read on the way -------------------------------------------

    def check_reads(self, rows):
        walks = {}
        for read in self.reads:
            row = (read.table, read.key)
            if row not in walks:
                walks[row] = [Walk(rows[row], i) for i in range(len(COUNTERS))]
            for walk, value, counter in zip(walks[row], read.values, COUNTERS):
                low, high = walk.bounds(read.begin, read.end)
                if not low <= value <= high:
                    sentence = "read %s = %d, not in %d..%d" % (
                        counter, value, low, high)
                    lines = rows[row][0].lines if len(rows[row]) == 1 else []
                    self.blame(sentence, read.line, *lines)


def bounds(ops, i):
    sure = sum(op.deltas[i] for op in ops if op.outcome == "applied")
    unsure = [op.deltas[i] for op in ops if op.outcome == "unknown"]
    return (
        sure + sum(d for d in unsure if d < 0),
        sure + sum(d for d in unsure if d > 0),
    )


class Sums:
    """Of deltas up to a time."""

    def __init__(self, pairs):
        pairs = sorted(pairs)
        self.times = [at for at, _ in pairs]
        self.sums = [0, *itertools.accumulate(delta for _, delta in pairs)]

    def until(self, at):
        return self.sums[bisect.bisect_right(self.times, at)]

    def before(self, at):
        return self.sums[bisect.bisect_left(self.times, at)]


class Walk:
    """What one counter can have been at any time.  An increment may have
    happened from its beginning on, and has when it is known to be APPLIED."""

    def __init__(self, ops, i):
        may = [op for op in ops if op.outcome != "not applied"]
        has = [op for op in ops if op.outcome == "applied"]
        self.may_add = Sums((o.begin, max(o.deltas[i], 0)) for o in may)
        self.may_take = Sums((o.begin, min(o.deltas[i], 0)) for o in may)
        self.has_added = Sums((o.known, max(o.deltas[i], 0)) for o in has)
        self.has_taken = Sums((o.known, min(o.deltas[i], 0)) for o in has)

    def bounds(self, begin, end):
        return (
            self.has_added.before(begin) + self.may_take.until(end),
            self.may_add.until(end) + self.has_taken.before(begin),
        )


def check(histories, have):
    """histories: iterables of lines.  Returns the books, with what is wrong."""
    books = Books()
    for lines in histories:
        books.take(lines)
    books.check_ops()
    books.settle()
    rows = books.by_row()
    books.check_final(rows, have)
    books.check_reads(rows)
    return books


# ---- The report -----------------------------------------------------------


def table(title, counts):
    parts = ["%s %d" % (name, count) for name, count in counts]
    print("%-17s %s" % (title, ", ".join(parts) or "none"))


def report(books, have):
    first = collections.Counter(op.first for op in books.ops)
    print("increments        %d" % len(books.ops))
    table("  by outcome", [(o, first[o]) for o in OUTCOMES])
    crews = collections.Counter(
        books.sessions.get(op.session, op.session) for op in books.ops
    )
    table("  by crew", crews.most_common())
    for outcome in OUTCOMES[1:]:
        causes = collections.Counter(
            op.cause for op in books.ops if op.first == outcome
        )
        table("  " + outcome, causes.most_common())
    settled = collections.Counter(op.outcome for op in books.ops if op.settled)
    table("late settlings", [(o, settled[o]) for o in OUTCOMES[:2]])
    report_unknown(books, have)
    print("sessions          %d" % len(books.sessions))
    failures = books.failures.most_common()
    table("failed calls", [("%s %s" % what, n) for what, n in failures])
    if books.alive:
        worst = max(books.alive, key=lambda a: a[1])
        print(
            "back after faults %d sessions, the last after %d ms"
            % (len(books.alive), worst[1])
        )
    print("reads             %d" % len(books.reads))
    print("deadlines         overrun by %d ms at most" % (books.overrun / 1000))
    report_hot(books, have)


def report_unknown(books, have):
    """Of those in rows of their own: how many had counted after all."""
    all_, counted = collections.Counter(), collections.Counter()
    for op in books.ops:
        if op.outcome == "unknown" and op.table != "hot":
            all_[op.cause] += 1
            counted[op.cause] += have.get(op.row) == op.deltas
    parts = ["%s %d of %d" % (c, counted[c], n) for c, n in all_.most_common()]
    print("unknown, counted  %s" % (", ".join(parts) or "none"))


def report_hot(books, have):
    hot = [(row, ops) for row, ops in books.by_row().items() if len(ops) > 1]
    widths = []
    for row, ops in hot:
        low, high = bounds(ops, 0)
        widths.append((high - low, low, have.get(row, (0, 0))[0], high, row[1]))
    if widths:
        width, low, value, high, key = max(widths)
        print(
            "hot rows          %d, exact %d; widest: %s in %d..%d, is %d"
            % (len(hot), sum(w[0] == 0 for w in widths), key, low, high, value)
        )


def complain(books, alike_most=3, lines_most=12):
    """A few of each kind; all are in the histories."""
    kinds = collections.defaultdict(list)
    for sentence, lines in books.wrong:
        kinds[re.sub(r"-?\d+", "N", sentence)].append((sentence, lines))
    for found in kinds.values():
        for sentence, lines in found[:alike_most]:
            print("WRONG: " + sentence)
            for line in lines[:lines_most]:
                print("    " + line)
            if len(lines) > lines_most:
                print("    ... %d lines more" % (len(lines) - lines_most))
        if len(found) > alike_most:
            print("... and %d more like it" % (len(found) - alike_most))


def brief(key):
    """As the histories write long keys."""
    number, slash, pad = key.partition("/x")
    return "%s/x*%d" % (number, len(pad) + 1) if slash else key


def read_tables(hosts, keyspace):
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path.insert(0, os.path.join(here, "..", "live"))
    from cassandra import ConsistencyLevel
    from cassandra.query import SimpleStatement
    from connect import connect

    cluster, session = connect(hosts)
    have = {}
    for name in ("hot", "ops"):
        # Every replica is asked: none may have what the others lack.
        query = SimpleStatement(
            f"SELECT key, n, twice FROM {keyspace}.{name}",
            consistency_level=ConsistencyLevel.ALL)
        for key, n, twice in session.execute(query):
            have[name, brief(key)] = (n or 0, twice or 0)
    cluster.shutdown()
    return have


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--least", type=int, default=1)
    parser.add_argument("hosts")
    parser.add_argument("keyspace")
    parser.add_argument("histories", nargs="+")
    return parser.parse_args()


def main(options):
    have = read_tables(options.hosts, options.keyspace)
    files = [
        open(path, encoding="utf-8", errors="replace")
        for path in options.histories
    ]
    books = check(files, have)
    if len(books.ops) < options.least:
        books.blame("fewer than %d increments" % options.least)
    report(books, have)
    complain(books)
    return 1 if books.wrong else 0


if __name__ == "__main__":
    sys.exit(main(arguments()))
