"""tests/live/check_counts.py HOSTS KEYSPACE.TABLE EXPECTED - compare a table.

EXPECTED is a file: first a line with the names of the columns, then a line a
row, separated by tabs.  The table must hold these rows and no others.  Exit
status 0 when it does; otherwise the first differences, and 1.
"""

import sys

from connect import connect


def read_expected(path):
    with open(path, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file]
    return lines[0], {tuple(line) for line in lines[1:]}, len(lines) - 1


def main(hosts, table, path):
    columns, want, count = read_expected(path)
    assert len(want) == count, "a row is expected twice"
    cluster, session = connect(hosts)
    names = ", ".join('"%s"' % c for c in columns)
    have = {
        tuple("null" if v is None else str(v) for v in row)
        for row in session.execute(f"SELECT {names} FROM {table}")
    }
    cluster.shutdown()
    for row in sorted(want - have)[:5]:
        print("missing:", *row)
    for row in sorted(have - want)[:5]:
        print("not expected:", *row)
    print(f"{len(have)} rows read, {len(want)} expected")
    return 0 if have == want else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
