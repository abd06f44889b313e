"""tests/chaos/chaos.py - one run: scripts/chaos has built, and started nodes.

Starts the proxies, the driver and loops of the tool; then the faults; then all
is healed, everybody has to count again, and check_books.py has the last word.
With several nodes, check_flow.py says whether counting went on."""

import argparse
import os
import signal
import subprocess
import sys
import time

from cluster_faults import ClusterFaults
from faults import Faults, Proxy
from resources import Resources
from tool_loop import ToolLoop

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
# Longer than the server's own limit for a counter (5 s): what it had begun when
# the last connection ended is done, or never will be.
SETTLE_SECONDS = 7
# An idle run proves nothing.
FAULTS_A_MINUTE = 4
# By how many nodes there are: three share a machine, and each increment is
# written three times.
INCREMENTS_A_MINUTE = {1: 10000, 3: 3000}
TICK_MS = {1: 20, 3: 200}
TOOLS = {1: 3, 3: 1}
DRIVER_SECONDS = 150


class Broken(Exception):
    """The run failed, which says nothing about the books."""


class Run:
    def __init__(self, options):
        self.options = options
        self.keyspace = "chaos_%d" % options.seed
        places = range(1, options.nodes + 1)
        if options.nodes > 1:
            places = range(1, options.nodes + 2)  # one may join
        self.nodes = {n: "%s.%d" % (options.base, n) for n in places}
        self.proxied = {n: "%s.%d" % (options.base, 100 + n) for n in places}
        self.node_log = open(self.path("node.log"), "a")
        self.begin = time.monotonic()

    def path(self, name):
        return os.path.join(self.options.folder, name)

    def program(self, *names):
        return os.path.join(self.options.build, *names)

    def contacts(self, addresses):
        return ",".join("%s:%d" % (addresses[n], self.options.port)
                        for n in range(1, self.options.nodes + 1))

    def cassandra(self, *words):
        subprocess.run(
            [os.path.join(ROOT, "scripts", "cassandra"), *map(str, words)],
            stdout=self.node_log, stderr=self.node_log, check=True)

    # -- Beginning ----------------------------------------------------------

    def start(self):
        seed, nodes = self.options.seed, self.options.nodes
        port, errors = str(self.options.port), open(self.path("proxy.err"), "w")
        self.proxies = {}
        for n in self.nodes:
            self.proxies[n] = Proxy(
                self.program("tests", "chaos", "chaos_proxy"),
                (self.proxied[n], port), (self.nodes[n], port), seed + n,
                errors)
        self.driver = subprocess.Popen(
            [self.program("tests", "chaos", "chaos_driver"),
             self.contacts(self.proxied), self.contacts(self.nodes), str(nodes),
             self.keyspace, str(seed), str(TICK_MS[nodes]),
             self.path("driver.history")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            stderr=open(self.path("driver.err"), "w"))
        if self.driver.stdout.readline() != "ready\n":
            raise Broken("the driver does not start")
        if nodes > 1:
            self.resources = Resources(self.driver)
            self.resources.before()
        self.tools = [
            ToolLoop("tool%d" % i, self.program("tool", "tally"),
                     self.contacts(self.proxied), self.keyspace, seed,
                     self.path("tool%d.history" % i))
            for i in range(TOOLS[nodes])]
        for tool in self.tools:
            tool.start()
        log = open(self.path("faults.log"), "w")
        if nodes == 1:
            self.faults = Faults(seed, self.proxies[1], self.cassandra, log)
        else:
            self.faults = ClusterFaults(
                seed, self.proxies,
                {n: (a, self.options.port) for n, a in self.nodes.items()},
                self.cassandra, self.resources.note_bytes, log,
                open(self.path("faults.history"), "w"))

    def stopped(self, seconds):
        """Waits so long; whether there is no point in going on."""
        try:
            self.driver.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            dead = any(p.process.poll() is not None
                       for p in self.proxies.values())
            return dead or any(tool.failure for tool in self.tools)

    # -- End ----------------------------------------------------------------

    def finish(self):
        for proxy in self.proxies.values():
            proxy.tell("heal")
        for tool in self.tools:
            tool.stop()
            if tool.failure:
                raise Broken("the tool: %s" % tool.failure)
        if self.driver.poll() is None and self.options.nodes > 1:
            self.resources.after()
        if self.driver.poll() is None:
            self.driver.stdin.close()
        try:
            status = self.driver.wait(DRIVER_SECONDS)
        except subprocess.TimeoutExpired:
            raise Broken("the driver hangs") from None
        if status != 0:
            raise Broken("the driver ended with %d" % status)
        for proxy in self.proxies.values():
            proxy.close()
        time.sleep(SETTLE_SECONDS)

    def check(self):
        o = self.options
        tools = ["tool%d.history" % i for i in range(TOOLS[o.nodes])]
        books = subprocess.run(
            [self.program("tests", "live", "venv", "bin", "python"),
             os.path.join(HERE, "check_books.py"),
             "--least", str(INCREMENTS_A_MINUTE[o.nodes] * o.minutes),
             self.contacts(self.nodes), self.keyspace,
             *map(self.path, ["driver.history", *tools])])
        if books.returncode not in (0, 1):
            raise Broken("the books were not checked")
        return books.returncode

    def check_flow(self):
        if self.options.nodes == 1:
            return 0
        flow = subprocess.run(
            [sys.executable, os.path.join(HERE, "check_flow.py"),
             self.path("driver.history"), self.path("faults.history")])
        if flow.returncode not in (0, 1):
            raise Broken("whether counting went on was not checked")
        return self.resources.report() or flow.returncode

    def report_faults(self):
        counts = self.faults.counts
        total = sum(counts.values())
        parts = ("%s %d" % c for c in counts.most_common())
        print("faults            %d: %s" % (total, ", ".join(parts)))
        print("time              %d s, seed %d"
              % (time.monotonic() - self.begin, self.options.seed))
        if total < FAULTS_A_MINUTE * self.options.minutes:
            print("WRONG: too few faults to mean anything")
            return 1
        return 0

    def complain(self, sentence):
        print("chaos: %s" % sentence, file=sys.stderr)
        for name in ("driver.err", "proxy.err", "node.log"):
            with open(self.path(name), errors="replace") as file:
                sys.stderr.writelines(file.readlines()[-30:])

    def end_all(self):
        proxies = getattr(self, "proxies", {}).values()
        for process in [getattr(self, "driver", None),
                        *(proxy.process for proxy in proxies)]:
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=int, required=True)
    parser.add_argument("--nodes", type=int, choices=(1, 3), required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--base", required=True)
    parser.add_argument("--port", type=int, required=True)
    return parser.parse_args()


def main():
    run = Run(arguments())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        print("seed %d" % run.options.seed, flush=True)
        run.start()
        run.faults.run(run.options.minutes * 60, run.stopped)
        run.finish()
        status = run.check()
        status = run.check_flow() or status
        status = run.report_faults() or status
        print("the books balance" if status == 0 else "NOT in order, see above")
        return status
    except (Broken, RuntimeError, OSError,
            subprocess.CalledProcessError) as failure:
        run.complain(failure)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        run.end_all()


if __name__ == "__main__":
    sys.exit(main())
