"""tests/live/coodie_counts.py HOSTS FORM DOCUMENT KEYSPACE TABLE COMMAND... - coodie
at work, the Python library, on one table.

FORM is sync or async, DOCUMENT one of the classes below.  Commands, each one
argument of words with blanks between:

    sync                          the statements that it ran, a line each
    increment|decrement NAME=VALUE...   keys and deltas
    batch NAME=VALUE...           increments of the row; the batch is one of all
                                  batch commands, and is sent at the end
    get|rows NAME=VALUE...        one row, all rows: a line each, values
                                  separated by tabs, null as null
    sum|min|max NAME NAME=VALUE..., count NAME=VALUE...
"""

import asyncio
import inspect
import sys
from datetime import date, datetime, timezone
from typing import Annotated
from uuid import UUID

from coodie.aio.document import CounterDocument as AsyncDocument
from coodie.batch import AsyncBatchQuery, BatchQuery
from coodie.cql_builder import build_counter_update
from coodie.drivers import init_coodie
from coodie.fields import ClusteringKey, Counter, PrimaryKey, Static
from coodie.sync.document import CounterDocument as SyncDocument

from connect import connect

FORMS = {"sync": SyncDocument, "async": AsyncDocument}


def page_hits(base, place):
    class PageHits(base):
        url: Annotated[str, PrimaryKey()]
        views: Annotated[int, Counter()] = 0
        unique_visitors: Annotated[int, Counter()] = 0

        class Settings(place):
            pass

    return PageHits


def visits(base, place):
    class Visits(base):
        site: Annotated[str, PrimaryKey(partition_key_index=0)]
        day: Annotated[date, PrimaryKey(partition_key_index=1)]
        at: Annotated[
            datetime, ClusteringKey(order="DESC", clustering_key_index=0)
        ]
        id: Annotated[UUID, ClusteringKey(clustering_key_index=1)]
        views: Annotated[int, Counter()] = 0
        bytes: Annotated[int, Counter()] = 0
        total: Annotated[int, Counter(), Static()] = 0

        class Settings(place):
            pass

    return Visits


DOCUMENTS = {"PageHits": page_hits, "Visits": visits}
KEYS = {
    "url": str,
    "site": str,
    "day": date.fromisoformat,
    "at": lambda ms: datetime.fromtimestamp(int(ms) / 1000, timezone.utc),
    "id": UUID,
}


def parse(words):
    """Keys, and what is none."""
    pairs = [word.split("=", 1) for word in words]
    keys = {k: KEYS[k](v) for k, v in pairs if k in KEYS}
    return keys, {k: int(v) for k, v in pairs if k not in KEYS}


def line(row):
    values = [getattr(row, name) for name in type(row).model_fields]
    return "\t".join("null" if v is None else str(v) for v in values)


class Work:
    def __init__(self, form, document):
        self.document = document
        self.batch = (AsyncBatchQuery if form == "async" else BatchQuery)(
            batch_type="COUNTER"
        )
        self.batched = 0

    def add(self, keys, deltas):
        settings = self.document.Settings
        self.batch.add(
            *build_counter_update(
                settings.name,
                settings.keyspace,
                deltas,
                [(k, "=", v) for k, v in keys.items()],
            )
        )
        self.batched += 1

    def start(self, verb, words):
        """What it gives, or what will give it."""
        if verb == "sync":
            return self.document.sync_table()
        if verb in ("sum", "min", "max"):
            query = self.document.find(**parse(words[1:])[0])
            return getattr(query, verb)(words[0])
        keys, deltas = parse(words)
        if verb in ("increment", "decrement"):
            return getattr(self.document(**keys), verb)(**deltas)
        if verb == "batch":
            return self.add(keys, deltas)
        if verb == "get":
            return self.document.get(**keys)
        if verb == "rows":
            return self.document.find(**keys).all()
        return self.document.find(**keys).count()

    async def run(self, command):
        verb, *words = command.split()
        result = self.start(verb, words)
        if inspect.isawaitable(result):
            result = await result
        if result is None:
            return
        for one in result if isinstance(result, list) else [result]:
            plain = isinstance(one, (str, int))
            print(str(one) if plain else line(one))

    async def finish(self):
        if self.batched:
            result = self.batch.execute()
            if inspect.isawaitable(result):
                await result


async def main(hosts, form, document, keyspace, table, *commands):
    cluster, session = connect(hosts)
    init_coodie(session=session, keyspace=keyspace, driver_type="cassandra")
    place = type("Place", (), {"name": table, "keyspace": keyspace})
    work = Work(form, DOCUMENTS[document](FORMS[form], place))
    for command in commands:
        await work.run(command)
    await work.finish()
    cluster.shutdown()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
