"""tests/chaos/chaos.py - one run: scripts/chaos has built, and started a node.

Starts the proxy, the driver and loops of the tool; then the faults; then all is
healed, everybody has to count again, and check_books.py has the last word."""

import argparse
import os
import signal
import subprocess
import sys
import time

from faults import Faults, Proxy
from tool_loop import ToolLoop

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TOOLS = 3
# Longer than the server's own limit for a counter (5 s): what it had begun when
# the last connection ended is done, or never will be.
SETTLE_SECONDS = 7
# An idle run proves nothing.
FAULTS_A_MINUTE = 4
INCREMENTS_A_MINUTE = 10000
DRIVER_SECONDS = 150


class Broken(Exception):
    """The run failed, which says nothing about the books."""


class Run:
    def __init__(self, options):
        self.options = options
        self.keyspace = "chaos_%d" % options.seed
        self.node = (options.base + ".1", str(options.port))
        self.proxied = (options.base + ".101", str(options.port))
        self.node_log = open(self.path("node.log"), "a")
        self.begin = time.monotonic()

    def path(self, name):
        return os.path.join(self.options.folder, name)

    def program(self, *names):
        return os.path.join(self.options.build, *names)

    def cassandra(self, command):
        subprocess.run(
            [os.path.join(ROOT, "scripts", "cassandra"), command, "1"],
            stdout=self.node_log, stderr=self.node_log, check=True)

    # -- Beginning ----------------------------------------------------------

    def start(self):
        seed = self.options.seed
        self.proxy = Proxy(
            self.program("tests", "chaos", "chaos_proxy"),
            self.proxied, self.node, seed, open(self.path("proxy.err"), "w"))
        self.driver = subprocess.Popen(
            [self.program("tests", "chaos", "chaos_driver"),
             ":".join(self.proxied), ":".join(self.node), self.keyspace,
             str(seed), self.path("driver.history")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            stderr=open(self.path("driver.err"), "w"))
        if self.driver.stdout.readline() != "ready\n":
            raise Broken("the driver does not start")
        self.tools = [
            ToolLoop("tool%d" % i, self.program("tool", "tally"),
                     ":".join(self.proxied), self.keyspace, seed,
                     self.path("tool%d.history" % i))
            for i in range(TOOLS)]
        for tool in self.tools:
            tool.start()
        self.faults = Faults(seed, self.proxy, self.cassandra,
                             open(self.path("faults.log"), "w"))

    def stopped(self, seconds):
        """Waits so long; whether there is no point in going on."""
        try:
            self.driver.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            dead = self.proxy.process.poll() is not None
            return dead or any(tool.failure for tool in self.tools)

    # -- End ----------------------------------------------------------------

    def finish(self):
        self.proxy.tell("heal")
        for tool in self.tools:
            tool.stop()
            if tool.failure:
                raise Broken("the tool: %s" % tool.failure)
        if self.driver.poll() is None:
            self.driver.stdin.close()
        try:
            status = self.driver.wait(DRIVER_SECONDS)
        except subprocess.TimeoutExpired:
            raise Broken("the driver hangs") from None
        if status != 0:
            raise Broken("the driver ended with %d" % status)
        self.proxy.close()
        time.sleep(SETTLE_SECONDS)

    def check(self):
        o = self.options
        tools = ["tool%d.history" % i for i in range(TOOLS)]
        books = subprocess.run(
            [self.program("tests", "live", "venv", "bin", "python"),
             os.path.join(HERE, "check_books.py"),
             "--least", str(INCREMENTS_A_MINUTE * o.minutes),
             ":".join(self.node), self.keyspace,
             *map(self.path, ["driver.history", *tools])])
        if books.returncode not in (0, 1):
            raise Broken("the books were not checked")
        return books.returncode

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
        for name in ("driver", "proxy"):
            process = getattr(self, name, None)
            process = getattr(process, "process", process)
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=int, required=True)
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
