#!/usr/bin/env python3
"""What an increment costs, in what does not depend on the machine's mood:
instructions (callgrind) and system calls (valgrind's own list of them).

The difference of two runs of different length is what the increments between
them cost: start and end of the program are in both.

    test_costs.py ANSWER TALLY_BENCH
"""

import collections
import re
import subprocess
import sys
import tempfile

ANSWER, BENCH = sys.argv[1:3]
SHORT, LONG = 20_000, 60_000

# Per increment, at so many in flight, 500 of which find its replica.  A change
# that needs more should know.
INSTRUCTIONS = {64: 2_100, 1024: 2_140}
FRAME_BYTES, STEP_BYTES = 72, 32 * 1024


def bench(port, in_flight, operations, *tool):
    return subprocess.run(
        ["valgrind", *tool, BENCH, "--port", port, "--in-flight",
         str(in_flight), "--operations", str(operations), "--seconds", "600",
         "--json"],
        check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def instructions(port, in_flight, operations):
    with tempfile.NamedTemporaryFile() as out:
        done = bench(port, in_flight, operations, "--tool=callgrind",
                     "--callgrind-out-file=" + out.name)
    return int(re.search(r"Collected : (\d+)", done.stderr).group(1))


def system_calls(port, in_flight, operations):
    done = bench(port, in_flight, operations, "--tool=none",
                 "--trace-syscalls=yes")
    # valgrind hides the vDSO, so that reading the clock shows up here.
    return collections.Counter(re.findall(
        r"SYSCALL\[\d+,\d+\]\(\s*\d+\) sys_(?!clock_gettime)(\w+)",
        done.stderr))


def check_system_calls(port, in_flight):
    """A turn is one wait, one read, and one write for each 32 KiB begun."""
    calls = system_calls(port, in_flight, LONG)
    calls.subtract(system_calls(port, in_flight, SHORT))
    reads, writes = calls.pop("recvfrom"), calls.pop("sendto")
    waits = calls.pop("epoll_wait")
    steps = (LONG - SHORT) * FRAME_BYTES / STEP_BYTES
    return all([
        check("writes a turn", in_flight, writes / reads,
              1.05 + steps / reads),
        check("waits a turn", in_flight, waits / reads, 1.05),
        check("other system calls a turn", in_flight,
              sum(calls.values()) / reads, 0.05)])


def per_increment(count, port, in_flight):
    return ((count(port, in_flight, LONG) - count(port, in_flight, SHORT)) /
            (LONG - SHORT))


def check(what, in_flight, found, most):
    good = found <= most
    print(f"{'ok' if good else 'not ok'}: {in_flight} in flight: "
          f"{found:.4g} {what}, at most {most:.4g}")
    return good


def main():
    server = subprocess.Popen([ANSWER, "--no-upstream", "--listen",
                               "127.0.0.1:0"], stdout=subprocess.PIPE,
                              text=True)
    try:
        port = re.search(r":(\d+)", server.stdout.readline()).group(1)
        good = [check("instructions an increment", n,
                      per_increment(instructions, port, n), most)
                for n, most in INSTRUCTIONS.items()]
        good += [check_system_calls(port, n) for n in INSTRUCTIONS]
    finally:
        server.terminate()
        server.wait()
    return 0 if all(good) else 1


sys.exit(main())
