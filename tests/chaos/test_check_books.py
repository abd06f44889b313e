"""tests/chaos/test_check_books.py - the books find fault where there is one.

Histories with one planted lie each, and the same without it.  No server."""

import unittest

from check_books import brief, check


def op(number, key, n, outcome="applied", code=None, *, table="ops", twice=0,
       begin=10, end=20, operation=0, session=1):
    codes = {"applied": "-", "unknown": "TALLY_EUNKNOWN",
             "not applied": "TALLY_ELOST"}
    code = code or codes[outcome]
    cause = "TALLY_ETIMEDOUT" if outcome == "unknown" else code
    return "\t".join(map(str, (
        "op", number, session, "async", table, key, n, twice, begin, end,
        outcome, code, cause, operation, "")))


def settled(operation, outcome, key, n, *, at=30, session=1, table="ops"):
    return "\t".join(map(str, (
        "settled", session, operation, outcome, at, table, key, n, 0)))


def read(key, n, begin, end, table="hot"):
    return "\t".join(map(str, ("read", 1, table, key, n, 0, begin, end)))


class BooksTest(unittest.TestCase):
    def wrong(self, lines, have, ops=None):
        if ops is None:
            ops = sum(line.startswith("op\t") for line in lines)
        have = {key if isinstance(key, tuple) else ("ops", key): value
                if isinstance(value, tuple) else (value, 0)
                for key, value in have.items()}
        books = check([[*lines, "end\t%d\t%d" % (ops + 1, ops + 1)]], have)
        return [sentence for sentence, _ in books.wrong]

    def balanced(self, lines, have, **more):
        self.assertEqual(self.wrong(lines, have, **more), [])

    def blamed(self, lines, have, sentence, **more):
        wrong = self.wrong(lines, have, **more)
        self.assertTrue(any(sentence in w for w in wrong), wrong)

    # -- Rows of their own --------------------------------------------------

    def test_the_truth(self):
        self.balanced(
            [op(1, "1", 5), op(2, "2", -3, "not applied"),
             op(3, "3", 7, "unknown"), op(4, "4", 7, "unknown")],
            {"1": 5, "3": 7})

    def test_a_lost_applied(self):
        self.blamed([op(1, "1", 5), op(2, "2", 4)], {"2": 4},
                    "applied, but the row has (0, 0)")

    def test_a_doubled_applied(self):
        self.blamed([op(1, "1", 5)], {"1": 10}, "applied, but the row has (10, 0)")

    def test_a_doubled_unknown(self):
        self.blamed([op(1, "1", 5, "unknown")], {"1": 10},
                    "unknown, but the row has (10, 0)")

    def test_not_applied_that_was(self):
        self.blamed([op(1, "1", 5, "not applied")], {"1": 5},
                    "not applied, but the row has (5, 0)")

    def test_one_lost_and_one_doubled_that_cancel(self):
        lines = [op(1, "1", 5), op(2, "2", 5)]
        self.blamed(lines, {"2": 10}, "applied, but the row has (0, 0)")
        self.blamed(lines, {"2": 10}, "applied, but the row has (10, 0)")

    def test_half_of_an_increment(self):
        self.blamed([op(1, "1", 5, "unknown", twice=10)], {"1": (5, 0)},
                    "unknown, but the row has (5, 0)")

    def test_a_row_of_nobody(self):
        self.blamed([op(1, "1", 5)], {"1": 5, "2": 1}, "nobody counted in")

    # -- Hot rows -----------------------------------------------------------

    def hot(self, *more):
        return [op(1, "h", 5, table="hot"), op(2, "h", -2, table="hot"), *more]

    def test_hot_exactly(self):
        self.balanced(self.hot(), {("hot", "h"): 3})
        for value in (2, 4, 8, 0):
            self.blamed(self.hot(), {("hot", "h"): value}, "not in 3..3")

    def test_hot_bounds_are_signed(self):
        lines = self.hot(op(3, "h", 4, "unknown", table="hot"),
                         op(4, "h", -9, "unknown", table="hot"),
                         op(5, "h", 100, "not applied", table="hot"))
        for value in (-6, 3, 7):
            self.balanced(lines, {("hot", "h"): value})
        for value in (-7, 8, 103):
            self.blamed(lines, {("hot", "h"): value}, "not in -6..7")

    # -- Reads on the way ---------------------------------------------------

    def test_reads(self):
        lines = [op(1, "h", 5, table="hot", begin=10, end=20),
                 op(2, "h", -2, table="hot", begin=30, end=40),
                 op(3, "h", 1, "unknown", table="hot", begin=50, end=60)]
        lines.append(op(4, "h", 8, "not applied", table="hot", begin=1, end=2))
        have = {("hot", "h"): 3}
        fine = [(0, 1, 9), (5, 1, 10), (0, 11, 12), (5, 11, 12), (0, 20, 22),
                (5, 21, 22), (3, 31, 35), (5, 31, 35), (3, 41, 45), (3, 51, 55),
                (4, 51, 99), (3, 61, 99)]
        wrong = [(5, 1, 9), (0, 21, 22), (3, 21, 29), (5, 41, 45), (4, 41, 45),
                 (2, 51, 99), (8, 3, 9)]
        for value, begin, end in fine:
            self.balanced([*lines, read("h", value, begin, end)], have)
        for value, begin, end in wrong:
            self.blamed([*lines, read("h", value, begin, end)], have, "read n")

    def test_a_read_of_what_was_acknowledged(self):
        lines = [op(1, "1", 5, begin=10, end=20)]
        self.balanced([*lines, read("1", 5, 21, 22, "ops")], {"1": 5})
        self.blamed([*lines, read("1", "absent", 21, 22, "ops")], {"1": 5}, "read n")

    # -- Late settlings -----------------------------------------------------

    def test_settled_counts_as_what_it_was_settled_to(self):
        lines = [op(1, "1", 5, "unknown", operation=77)]
        yes, no = settled(77, "applied", "1", 5), settled(77, "not applied", "1", 5)
        self.balanced([*lines, yes], {"1": 5})
        self.balanced([yes, *lines], {"1": 5})  # it may come first
        self.balanced([*lines, no], {})
        self.blamed([*lines, yes], {}, "applied, but the row has (0, 0)")
        self.blamed([*lines, no], {"1": 5}, "not applied, but the row has (5, 0)")

    def test_settled_is_certain_from_then_on(self):
        lines = [op(1, "1", 5, "unknown", operation=77, end=20),
                 settled(77, "applied", "1", 5, at=30)]
        for value, begin in ((5, 21), (0, 21), (5, 31)):
            self.balanced([*lines, read("1", value, begin, 99, "ops")], {"1": 5})
        self.blamed([*lines, read("1", 0, 31, 99, "ops")], {"1": 5}, "read n")

    def test_settlings_that_must_not_be(self):
        lines = [op(1, "1", 5, "unknown", operation=77), op(2, "2", 5)]
        have = {"1": 5, "2": 5}
        yes = settled(77, "applied", "1", 5)
        self.blamed([*lines, yes, yes], have, "settled twice")
        self.blamed([*lines, settled(77, "unknown", "1", 5)], have, "to neither")
        self.blamed([*lines, settled(78, "applied", "1", 5)], have, "no UNKNOWN")
        self.blamed([*lines, settled(77, "applied", "1", 5, session=2)], have,
                    "no UNKNOWN")
        self.blamed([*lines, settled(77, "applied", "2", 5)], have, "another row")
        self.blamed([*lines, settled(77, "applied", "1", -5)], have, "another row")

    # -- The history itself -------------------------------------------------

    def test_every_increment_ends_once(self):
        self.blamed([op(1, "1", 5), op(1, "1", 5)], {"1": 5}, "ended twice")
        self.blamed([op(1, "1", 5)], {"1": 5}, "2 increments were begun", ops=2)
        books = check([[op(1, "1", 5)]], {("ops", "1"): (5, 0)})
        self.assertIn("no end", books.wrong[0][0])

    def test_a_server_that_shuts_down(self):
        line = op(1, "1", 5, "unknown").replace(
            "TALLY_ETIMEDOUT", "TALLY_EPROTOCOL")
        self.blamed([line], {}, "cannot come of these faults")
        self.balanced([line + "0x1001: Server is shutting down"], {})

    def test_codes(self):
        self.blamed([op(1, "1", 5, "not applied", "TALLY_EPROTOCOL")], {},
                    "cannot come of these faults")
        self.blamed([op(1, "1", 5, "not applied", "TALLY_EUNKNOWN")], {},
                    "the code is not the outcome's")
        self.blamed([op(1, "1", 5, "unknown", "TALLY_ELOST")], {},
                    "the code is not the outcome's")
        self.blamed([op(1, "1", 5, "applied", "TALLY_ELOST")], {"1": 5},
                    "the code is not the outcome's")

    SESSION = "session\t1\tloop\tproxied\t6000"

    def test_a_session_that_stays_dead(self):
        self.balanced([self.SESSION, "alive\t1\t40"], {})
        self.blamed([self.SESSION, "alive\t1\t-1"], {}, "did not come back")

    def test_an_increment_that_takes_too_long(self):
        self.balanced([self.SESSION, op(1, "1", 5, end=7000000)], {"1": 5})
        self.blamed([self.SESSION, op(1, "1", 5, end=9000000)], {"1": 5},
                    "2999 ms after its deadline")

    def test_long_keys(self):
        self.assertEqual(brief("12/" + "x" * 40), "12/x*40")
        self.assertEqual(brief("12"), "12")
        self.assertEqual(brief("hot/3"), "hot/3")


if __name__ == "__main__":
    unittest.main()
