"""tests/chaos/cluster_faults.py - what happens to several nodes, and to the
connections to each.

Every fault has a node, a beginning and an end, and at any time one node at
least is well for a client that knows its hosts: nobody has an excuse to stop.
check_flow.py holds the histories against that."""

import math
import random
import socket
import threading
import time

from faults import WAYS, Faults

# A node is well again so long after a fault: what a client has for coming back.
# Where the node itself was away, and where only connections to it were harmed.
BACK_SECONDS = {"node": 10, "proxy": 5}
# Between faults of nodes, so that one can see how the last one was borne.
QUIET_SECONDS = (3.0, 5.0)
# Before the first, which is what normal is.
NORMAL_SECONDS = 6
GAP_SECONDS = (0.5, 2.0)
PAUSE_SECONDS = 20
# The longest; where there is time, until heartbeats find silent connections,
# after 10 s and 5 s.  A paused node has them do so in short runs.
SWALLOW_SECONDS = 5
LONG_SWALLOW_SECONDS = 18
PORT_SECONDS = 0.05
# What a round of all nodes takes.
ROUND_SECONDS = 110
# From so many minutes on a node joins, and leaves.
MINUTES_TO_JOIN = 5

DECK = ("reset all", "reset one", "cut up", "cut down", "stall", "choke",
        "split", "swallow", "refuse")


class ClusterFaults(Faults):
    def __init__(self, seed, proxies, nodes, node, after_each, log, history):
        """proxies and nodes: by number, nodes are (address, port).  after_each
        is called after each fault of a node."""
        super().__init__(seed, None, node, log)
        self.proxies, self.nodes, self.history = proxies, nodes, history
        self.after_each = after_each
        self.well_from = {n: 0.0 for n in nodes if n <= 3}
        self.changed = threading.Condition()
        self.over = threading.Event()
        self.waiting = False  # for a node: no more faults of connections
        self.failure = None

    def write(self, *fields):
        print(*fields, sep="\t", file=self.history, flush=True)

    def tell_time(self, word):
        self.write(word, int(time.monotonic() * 1e6))

    # -- Which nodes are well -----------------------------------------------

    def spare(self):
        """Nodes that may be harmed now: another one is well."""
        now = time.monotonic()
        well = [n for n, since in self.well_from.items() if since <= now]
        return well if len(well) > 1 else []

    def claim(self, n):
        """Waits until it may be harmed; whether it may, or all is over."""
        with self.changed:
            self.waiting = True
            while n not in self.spare() and not self.over.is_set():
                self.changed.wait(0.1)
            self.waiting = False
            self.well_from[n] = math.inf
        return not self.over.is_set()

    def claim_any(self):
        with self.changed:
            spare = [] if self.waiting else self.spare()
            if not spare:
                return None
            n = self.random.choice(spare)
            self.well_from[n] = math.inf
            return n

    def release(self, n, where, kind, begin, end=None):
        now = time.monotonic()
        self.write("fault", kind, n, where, int(begin * 1e6),
                   int((end or now) * 1e6))
        with self.changed:
            self.well_from[n] = now + BACK_SECONDS[where]
            self.changed.notify_all()

    # -- The plan -----------------------------------------------------------

    def run(self, seconds, stopped):
        """Faults for so long, and until all nodes had theirs; `stopped` waits,
        and tells when to give up."""
        self.swallow_seconds = (
            SWALLOW_SECONDS if seconds < MINUTES_TO_JOIN * 60
            else LONG_SWALLOW_SECONDS)
        self.tell_time("go")
        if stopped(NORMAL_SECONDS):
            return
        nodes = threading.Thread(target=self.work, args=(seconds,), daemon=True)
        nodes.start()
        while nodes.is_alive():
            if stopped(self.random.uniform(*GAP_SECONDS)):
                break
            n = self.claim_any()
            if n is not None:
                self.harm(n)
        self.over.set()
        nodes.join()
        if self.failure is not None:
            raise self.failure
        stopped(max(BACK_SECONDS.values()))
        self.tell_time("calm")

    def work(self, seconds):
        try:
            self.work_on_nodes(seconds, random.Random(self.random.random()))
        except Exception as failure:  # told by run()
            self.failure = failure

    def work_on_nodes(self, seconds, chance):
        joins = seconds >= MINUTES_TO_JOIN * 60
        while True:
            self.round(chance)
            if joins:
                self.join_and_leave(chance)
            joins = False
            left = self.begin + seconds - time.monotonic()
            while 0 < left < ROUND_SECONDS and not self.over.is_set():
                self.node_fault("kill", chance.randint(1, 3), chance)
                left = self.begin + seconds - time.monotonic()
            if left <= 0 or self.over.is_set():
                return

    def round(self, chance):
        """Node 1 is the contact point of all sessions that last."""
        steps = [("kill", n) for n in (1, 2, 3)]
        steps += [("restart", 1), ("pause", chance.randint(1, 3))]
        chance.shuffle(steps)
        for kind, n in steps:
            self.node_fault(kind, n, chance)

    # -- Nodes --------------------------------------------------------------

    def node_fault(self, kind, n, chance):
        if not self.claim(n):
            return
        self.counts[kind] += 1
        begin = time.monotonic()
        end = getattr(self, "node_" + kind)(n, chance)
        self.release(n, "node", kind, begin, end)
        self.quiet(chance)

    def quiet(self, chance):
        if not self.over.wait(chance.uniform(*QUIET_SECONDS)):
            self.after_each()

    def node_kill(self, n, chance):
        dead = chance.uniform(0, 3)
        self.note("kill", "node %d: SIGKILL, started again after %.1f s"
                  % (n, dead))
        self.node("kill", n)
        self.over.wait(dead)
        return self.start_again("kill", n)

    def node_restart(self, n, chance):
        self.note("restart", "node %d: SIGTERM" % n)
        return self.start_again("restart", n)

    def node_pause(self, n, chance):
        self.note("pause", "node %d: SIGSTOP for %d s" % (n, PAUSE_SECONDS))
        self.node("pause", n)
        try:
            self.over.wait(PAUSE_SECONDS)
        finally:
            self.node("resume", n)
        self.note("pause", "node %d goes on" % n)
        return None

    def start_again(self, kind, n):
        opened = Opening(self.nodes[n])
        self.node("restart", n)
        at = opened.end()
        self.note(kind, "node %d is back, its port open for %.1f s"
                  % (n, time.monotonic() - at))
        return at

    def join_and_leave(self, chance):
        """While all others are there: so the server wants it."""
        self.note("add", "node 4 joins")
        self.counts["add"] += 1
        begin = time.monotonic()
        opened = Opening(self.nodes[4])
        self.node("add")
        at = opened.end()
        self.note("add", "node 4 has its tokens, after %d s"
                  % (time.monotonic() - begin))
        self.release(4, "node", "add", begin, at)
        self.quiet(chance)
        self.node_fault("kill", chance.randint(1, 4), chance)
        if not self.claim(4):
            return
        self.note("decommission", "node 4 leaves")
        self.tell_time("leaves")
        self.counts["decommission"] += 1
        begin = time.monotonic()
        self.node("decommission", 4)
        self.note("decommission", "node 4 is gone, after %d s"
                  % (time.monotonic() - begin))
        with self.changed:
            del self.well_from[4]
        self.quiet(chance)

    # -- Connections --------------------------------------------------------

    def harm(self, n):
        """One fault of the connections to a node, from beginning to end."""
        if not self.deck:
            self.deck = list(DECK)
            self.random.shuffle(self.deck)
        kind = self.deck.pop()
        self.counts[kind] += 1
        self.proxy, self.where = self.proxies[n], "node %d: " % n
        begin = time.monotonic()
        getattr(self, kind.split()[0])(kind)
        self.proxy.tell("heal")
        self.release(n, "proxy", kind, begin)

    def cut(self, kind):
        most = self.random.choice((20, 200, 2000))
        self.tell(kind, "%s %d" % (kind, self.random.randint(1, most)))
        self.over.wait(self.random.uniform(1, 3))

    def lasting(self, kind, least, most, way=True):
        where = " " + self.random.choice(WAYS) if way else ""
        seconds = self.random.uniform(least, most)
        self.tell(kind, "%s%s %d" % (kind, where, seconds * 1000))
        self.over.wait(seconds)

    def swallow(self, kind):
        self.lasting(kind, 1, self.swallow_seconds)


class Opening:
    """When a port that is closed, or is being closed, accepts again."""

    def __init__(self, address):
        self.address, self.at = address, None
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        closed = False
        while not (self.done.is_set() or self.at):
            try:
                socket.create_connection(self.address, 1).close()
                if closed:
                    self.at = time.monotonic()
            except OSError:
                closed = True
            self.done.wait(PORT_SECONDS)

    def end(self):
        """The time; now when it was missed."""
        self.done.set()
        self.thread.join()
        return self.at or time.monotonic()
