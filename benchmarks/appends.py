"""Appends without HTTP: ours, those of the eventsourcing library's own recorders, raw inserts.

The library's recorder for PostgreSQL needs psycopg_pool, which nothing else here does; without it
its row is left out, and a note says so.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
from eventsourcing.persistence import ApplicationRecorder, StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from benchmarks.databases import addresses
from benchmarks.report import Bar, Result
from ledger.sqlite.files import open_private
from ledger.store.async_log import AsyncLog
from ledger.store.engines import open_log
from ledger.store.ports.log import LogStore, Write
from tests.support.logs import draft

CREATOR = "00000000-0000-0000-0000-000000000001"
BATCH = 100
CLIENTS = (1, 16, 64, 256)
RAW = "CREATE TABLE raw_event(pos INTEGER PRIMARY KEY, state {bytes})"


def run(*, quick: bool, stores: Sequence[str] = ("sqlite", "postgres")) -> list[Result]:
    """Measure events per second on each store, all in the same run."""
    events = 400 if quick else 20_000
    result = Result("appends", "Appends without HTTP", ("store", "what", "events/s", "of raw %"))
    for store in stores:
        with (
            tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name,
            addresses(store, Path(name)) as (address, peers),
        ):
            raw, library = _peers(store, peers, Path(name))
            rates = {"raw inserts, 1 a commit": per_second(raw, events // 4, 1)}
            rates[f"raw inserts, {BATCH} a commit"] = per_second(raw, events, BATCH)
            if library is not None:
                rates["the library, 1 a commit"] = per_second(library, events // 4, 1)
                rates[f"the library, {BATCH} a commit"] = per_second(library, events, BATCH)
            else:
                result.notes.append("Without psycopg_pool: no figures of the library's recorder.")
            with closing(open_log(address, quorum=store == "quorum")) as log:
                for clients in CLIENTS:
                    count = events // (8 if clients == 1 else 1)
                    rates[f"ours, {clients} clients"] = asyncio.run(ours(log, count, clients))
            most = rates[f"raw inserts, {BATCH} a commit"]
            for what, rate in rates.items():
                result.measured(store, what, f"{rate:,.0f}", f"{100 * rate / most:.0f}")
                result.bars.append(Bar(f"{store}: {what}", rate))
    result.notes.append(
        "With `quorum` each commit waits for a second node; all three share this machine."
        " An event is a draft of 1 KiB. Ours checks keys, versions and names, hashes the entry, and"
        " acknowledges each event by itself; events of clients that wait share a commit."
    )
    return [result]


async def ours(store: LogStore, events: int, clients: int) -> float:
    """Return the events per second of so many clients, each of which waits for its answer."""
    writes = iter([draft(CREATOR) for _ in range(events)])
    log = AsyncLog(store, lambda _: None)

    async def client() -> None:
        for write in writes:
            await log.append(write)

    begun_s = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    took_s = time.perf_counter() - begun_s
    await asyncio.to_thread(log.close)
    return events / took_s


def per_second(insert: Callable[[Sequence[bytes]], None], events: int, batch: int) -> float:
    """Return the events per second of one caller that commits so many at a time."""
    write: Write = draft(CREATOR)
    states = [write.events[0].state] * batch
    begun_s = time.perf_counter()
    for _ in range(max(events // batch, 1)):
        insert(states)
    return max(events // batch, 1) * batch / (time.perf_counter() - begun_s)


Insert = Callable[[Sequence[bytes]], None]


def _peers(store: str, url: str, directory: Path) -> tuple[Insert, Insert | None]:
    """Return what inserts raw rows, and what the library's recorder does, None without it."""
    if store == "sqlite":
        path = directory / "library.sqlite"
        recorder = SQLiteApplicationRecorder(SQLiteDatastore(str(path)))
        recorder.create_table()
        return _raw_sqlite(directory / "raw.sqlite"), _by(recorder)
    raw = _raw_postgres(url)
    if find_spec("psycopg_pool") is None:
        return raw, None
    from eventsourcing.postgres import (  # only where psycopg_pool is
        PostgresApplicationRecorder,
        PostgresDatastore,
    )

    given = psycopg.conninfo.conninfo_to_dict(url)
    datastore = PostgresDatastore(
        str(given["dbname"]),
        str(given["host"]),
        str(given.get("port", 5432)),
        str(given["user"]),
        str(given.get("password", "")),
    )
    found = PostgresApplicationRecorder(datastore)
    found.create_table()
    return raw, _by(found)


def _by(recorder: ApplicationRecorder) -> Insert:
    def insert(states: Sequence[bytes]) -> None:
        stream: UUID = uuid4()
        recorder.insert_events(
            [StoredEvent(stream, version, "drafted", state) for version, state in enumerate(states)]
        )

    return insert


def _raw_sqlite(path: Path) -> Insert:
    db = open_private(path)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute(RAW.format(bytes="BLOB"))

    def insert(states: Sequence[bytes]) -> None:
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO raw_event(state) VALUES(?)", ((each,) for each in states))
        db.execute("COMMIT")

    return insert


def _raw_postgres(url: str) -> Insert:
    connection = psycopg.connect(url, autocommit=True)
    connection.execute(RAW.replace("INTEGER", "bigserial").format(bytes="bytea").encode())
    query = "INSERT INTO raw_event(state) SELECT unnest(%s::bytea[])"

    def insert(states: Sequence[bytes]) -> None:
        connection.execute(query, ([*states],), binary=True)

    return insert
