"""tests/chaos/tool_loop.py - the `tally` command, again and again, with a line
in a history of its own for every increment."""

import os
import random
import re
import signal
import subprocess
import threading
import time

# A process for each takes much more of the machine than the increment.
PAUSE_SECONDS = 0.2
# To start, to connect (2 s), to ask for the columns (2 s), to count (6 s).
TIMEOUT_MS = 12000
# What the statuses of tool/help.c say of an increment: outcome, code, cause.
APPLIED = ("applied", "-", "-")
STATUSES = {
    0: APPLIED,
    1: ("not applied", "exit 1", "exit 1"),
    3: ("not applied", "exit 3", "exit 3"),
    4: ("unknown", "TALLY_EUNKNOWN", "TALLY_EUNKNOWN"),
    130: ("unknown", "TALLY_EUNKNOWN", "interrupted"),
    # Before it has begun to take notice of signals.
    -signal.SIGINT: ("unknown", "TALLY_EUNKNOWN", "interrupted"),
    -signal.SIGKILL: ("unknown", "TALLY_EUNKNOWN", "killed"),
}

SAYS = re.compile(r"\boutcome (applied|not applied|unknown)\b")
ACKNOWLEDGED = "interrupted detail what was under way is done and acknowledged"


class ToolLoop(threading.Thread):
    def __init__(self, name, program, hosts, keyspace, seed, path):
        super().__init__(name=name, daemon=True)
        self.program = program
        self.random = random.Random("%s %s" % (seed, name))
        self.environment = {**os.environ, "TALLY_HOSTS": hosts,
                            "TALLY_KEYSPACE": keyspace}
        self.history = open(path, "w", encoding="utf-8")
        self.stopping = threading.Event()
        self.failure = None
        self.count = 0

    def stop(self):
        self.stopping.set()
        self.join()
        print("end", self.count + 1, self.count + 1, sep="\t", file=self.history)
        self.history.close()

    def run(self):
        self.write("session", self.name, "tool", "proxied", TIMEOUT_MS)
        try:
            while not self.stopping.wait(PAUSE_SECONDS):
                self.once()
        except Exception as failure:  # told by the harness
            self.failure = failure

    def write(self, *fields):
        print(*fields, sep="\t", file=self.history, flush=True)

    def once(self):
        self.count += 1
        table, key = "ops", "%s-%d" % (self.name, self.count)
        if self.random.random() < 0.1:
            table, key = "hot", "hot/%d" % self.random.randrange(8)
        n = self.random.choice((1, 2, 3, 1000003))
        twice = 2 * n * self.random.randrange(2)
        verb = self.random.choice(("increment", "decrement"))
        words = [verb, table, "key=" + key, "n=%d" % n]
        if twice:
            words.append("twice=%d" % twice)
        begin = time.monotonic_ns() // 1000
        status, said = self.tally(words)
        end = time.monotonic_ns() // 1000
        said = " ".join(said.split())
        verdict = self.verdict(status, said)
        sign = 1 if verb == "increment" else -1
        self.write("op", "%s-%d" % (self.name, self.count), self.name, "tool",
                   table, key, sign * n, sign * twice, begin, end,
                   *verdict, 0, said)

    def verdict(self, status, said):
        """Status and sentence have to agree; the books find fault otherwise."""
        if status not in STATUSES:
            raise RuntimeError("tally: status %d: %s" % (status, said))
        outcome, code, cause = STATUSES[status]
        told = SAYS.search(said)
        if status == 130 and ACKNOWLEDGED in said:
            return APPLIED
        if told and status == 130:
            code = "TALLY_EUNKNOWN" if told[1] == "unknown" else cause
            return told[1], code, cause
        if status != -signal.SIGKILL and told and told[1] != outcome:
            code = "status %d, and says %s" % (status, told[1])
        return outcome, code, cause

    def tally(self, words):
        """Now and then it is interrupted, or killed."""
        tool = subprocess.Popen(
            [self.program, *words], env=self.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)
        if self.random.random() < 0.05:
            number = self.random.choice((signal.SIGINT, signal.SIGKILL))
            try:
                tool.wait(self.random.uniform(0, 0.05))
            except subprocess.TimeoutExpired:
                tool.send_signal(number)
        said = tool.communicate(timeout=60)[1]
        return tool.returncode, said
