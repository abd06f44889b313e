"""tests/chaos/faults.py - what happens to the node and to the connections, and
when: a plan that follows from a seed."""

import collections
import random
import subprocess
import time

# A fault every so many seconds, counted from the end of the one before; some
# go on for a time and meet the next ones.
GAP_SECONDS = (2.0, 6.0)
# What killing and restarting the node may take of the time that is left.
RESTART_SECONDS = 25

WAYS = ("up", "down", "both")
# How often each is in the deck, which is shuffled and dealt, again and again.
DECK = {
    "kill": 1,
    "restart": 1,
    "pause": 2,
    "reset all": 1,
    "reset one": 2,
    "cut up": 2,
    "cut down": 2,
    "stall": 2,
    "choke": 2,
    "split": 2,
    "swallow": 2,
    "refuse": 1,
}


class Proxy:
    """The process of proxy.c, and its commands."""

    def __init__(self, program, listen, node, seed, errors):
        self.process = subprocess.Popen(
            [program, *listen, *node, str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )

    def tell(self, command):
        """Returns how many connections there are."""
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("the proxy ended at: " + command)
        return int(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


class Faults:
    def __init__(self, seed, proxy, node, log):
        self.random = random.Random(seed)
        # node: scripts/cassandra, with these words.
        self.proxy, self.node, self.log = proxy, node, log
        self.counts = collections.Counter()
        self.deck = []
        self.where = ""  # which node, where there are several
        self.begin = time.monotonic()

    def note(self, kind, detail):
        now = time.monotonic()
        line = "%6.1f s  %-10s %s" % (now - self.begin, kind, detail)
        self.log.write("%d %s\n" % (now * 1e6, line))
        self.log.flush()
        print(line, flush=True)

    # -- The plan -----------------------------------------------------------

    def shuffled(self):
        deck = [kind for kind, times in DECK.items() for _ in range(times)]
        self.random.shuffle(deck)
        # Short runs, too, see a node die; once, for that takes long.
        deck.remove("kill")
        deck.remove("restart")
        half = len(deck) // 2
        deck.insert(half + self.random.randrange(half), "restart")
        deck.insert(self.random.randrange(4), "kill")
        return deck

    def deal(self, seconds_left):
        if not self.deck:
            self.deck = self.shuffled()
        for i, kind in enumerate(self.deck):
            if kind not in ("kill", "restart") or seconds_left > RESTART_SECONDS:
                return self.deck.pop(i)
        self.deck = []
        return "reset all"

    def run(self, seconds, stopped):
        """Faults for so long; `stopped` waits, and tells when to give up."""
        end = self.begin + seconds
        while True:
            gap = self.random.uniform(*GAP_SECONDS)
            left = end - time.monotonic()
            if stopped(max(0.0, min(gap, left))) or gap >= left:
                return
            kind = self.deal(left - gap)
            self.counts[kind] += 1
            name = kind.split()[0]
            getattr(self, name)(kind)

    # -- The node -----------------------------------------------------------

    def kill(self, kind):
        dead = self.random.uniform(0, 2)
        self.note(kind, "SIGKILL, started again after %.1f s" % dead)
        self.node("kill", 1)
        time.sleep(dead)
        self.node("restart", 1)
        self.note(kind, "the node is back")

    def restart(self, kind):
        self.note(kind, "SIGTERM")
        self.node("restart", 1)
        self.note(kind, "the node is back")

    def pause(self, kind):
        seconds = self.random.uniform(1, 8)
        self.note(kind, "SIGSTOP for %.1f s" % seconds)
        self.node("pause", 1)
        time.sleep(seconds)
        self.node("resume", 1)

    # -- Connections --------------------------------------------------------

    def tell(self, kind, command):
        left = self.proxy.tell(command)
        self.note(kind, "%s%s: %d connections then"
                  % (self.where, command, left))

    def reset(self, kind):
        self.tell(kind, kind)

    def cut(self, kind):
        # From inside the next header to the middle of much later frames.
        most = self.random.choice((20, 200, 20000))
        self.tell(kind, "%s %d" % (kind, self.random.randint(1, most)))

    def lasting(self, kind, least, most, way=True):
        where = " " + self.random.choice(WAYS) if way else ""
        ms = int(self.random.uniform(least, most) * 1000)
        self.tell(kind, "%s%s %d" % (kind, where, ms))

    def stall(self, kind):
        self.lasting(kind, 0.2, 8)

    def choke(self, kind):
        """Nothing is read until the client's own socket is full, and takes
        parts of frames; then that is lost."""
        seconds = self.random.uniform(2, 5)
        self.tell(kind, "stall up %d" % (seconds * 1000 + 1000))
        time.sleep(seconds)
        self.tell(kind, "reset all")

    def split(self, kind):
        self.lasting(kind, 1, 6, way=False)

    def swallow(self, kind):
        self.lasting(kind, 0.1, 4)

    def refuse(self, kind):
        self.lasting(kind, 0.5, 3, way=False)
