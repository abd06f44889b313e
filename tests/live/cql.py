"""tests/live/cql.py HOSTS STATEMENT... - run CQL by a client that is not ours.

Prints a line a row, values separated by tabs, null as null.
"""

import sys

from connect import connect


def main(hosts, *statements):
    cluster, session = connect(hosts)
    for statement in statements:
        for row in session.execute(statement):
            print("\t".join("null" if v is None else str(v) for v in row))
    cluster.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
