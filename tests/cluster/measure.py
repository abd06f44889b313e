"""tests/cluster/measure.py PROGRAM [--repetitions N] - increments that go to a
replica of their key, and the same ones to any host, side by side.

Both take turns, so that the machine's moods meet both alike, and who is first
changes from turn to turn.  Prints the medians of all turns, of the ratio too,
with the smallest and the largest.  In the end every row is read by Python's
driver: what was measured has been counted.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess

import servers

KEYSPACES = {1: "measured_1", 3: "measured_3"}
OPERATIONS = {1: 2000, 16: 8000}  # by in flight; some four seconds each
WAYS = ["routed", "any"]


def measure(program, factor, in_flight, way, books, operations=None):
    done = subprocess.run(
        [program, servers.HOSTS, KEYSPACES[factor], str(in_flight),
         str(operations or OPERATIONS[in_flight]), way],
        stdout=subprocess.PIPE, text=True, check=True)
    figures = json.loads(done.stdout)
    books[factor] += figures["operations"] + figures["warm_up"]
    return figures


def turns(program, factor, in_flight, repetitions, books):
    runs = {way: [] for way in WAYS}
    for i in range(repetitions):
        for way in WAYS if i % 2 == 0 else reversed(WAYS):
            runs[way].append(measure(program, factor, in_flight, way, books))
    return runs


def spread(values, digits):
    return (f"{statistics.median(values):.{digits}f} "
            f"[{min(values):.{digits}f}..{max(values):.{digits}f}]")


def report(factor, in_flight, runs):
    def ms(way, figure):
        return [run[figure] / 1e3 for run in runs[way]]

    ratios = [routed["mean_us"] / other["mean_us"]
              for routed, other in zip(runs["routed"], runs["any"])]
    cells = [factor, in_flight]
    for way in WAYS:
        cells += [spread(ms(way, "mean_us"), 2),
                  f"{statistics.median(ms(way, 'p50_us')):.2f}",
                  f"{statistics.median(ms(way, 'p99_us')):.1f}"]
    print("|", " | ".join(map(str, [*cells, spread(ratios, 2)])), "|",
          flush=True)


def heading(repetitions):
    model = next((line.split(":", 1)[1].strip() for line in
                  open("/proc/cpuinfo") if line.startswith("model name")), "?")
    print(f"{platform.system()} {platform.release()}, {os.cpu_count()} CPUs "
          f"({model}), three nodes on the same machine; {repetitions} turns of "
          f"{OPERATIONS} increments; milliseconds\n")
    print("| RF | in flight | to a replica: mean | p50 | p99 | to any host: "
          "mean | p50 | p99 | ratio of the means |\n"
          "|---|---|---|---|---|---|---|---|---|", flush=True)


def read_back(books):
    with servers.session() as opened:
        for factor, keyspace in KEYSPACES.items():
            rows = opened.execute(f"SELECT views FROM {keyspace}.page_hits")
            have = sum(row.views for row in rows)
            assert have == books[factor], (keyspace, have, books[factor])
    print(f"\n{sum(books.values())} increments sent, and as many read back")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("--repetitions", type=int, default=9)
    arguments = parser.parse_args()
    books = dict.fromkeys(KEYSPACES, 0)

    with servers.session() as opened:
        for factor, keyspace in KEYSPACES.items():
            servers.make_keyspace(
                opened, keyspace, "{'class': 'NetworkTopologyStrategy', "
                f"'dc1': {factor}}}")
    # Young servers get faster by the second, which says nothing of routes.
    for factor in KEYSPACES:
        for way in WAYS:
            measure(arguments.program, factor, 16, way, books, 20000)
    heading(arguments.repetitions)
    for factor in KEYSPACES:
        for in_flight in OPERATIONS:
            report(factor, in_flight,
                   turns(arguments.program, factor, in_flight,
                         arguments.repetitions, books))
    read_back(books)


if __name__ == "__main__":
    main()
