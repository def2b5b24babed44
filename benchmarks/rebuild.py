"""The speed and memory use of rebuilding all read models."""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

from eventsourcing.persistence import StoredEvent

from benchmarks.report import Bar, Result
from benchmarks.synthetic import NOW_MS, grow
from ledger import clock
from ledger.domain.code_points import UNICODE
from ledger.domain.events import Body, Event, UserNamed, UserRegistered
from ledger.store.log import EventMapper, Log
from ledger.store.ports.log import Write
from ledger.store.sqlite.store import SqliteLog
from projections.follower import rebuild

SIZES = (100_000, 300_000, 1_000_000)
QUICK_SIZES = (10_000, 30_000)
EVENTS_PER_STATEMENT = 3.5
TARGET_PER_S = 100_000


def run(*, quick: bool) -> list[Result]:
    """Rebuild from logs of growing size, each in its own process."""
    result = Result(
        "rebuild",
        "Rebuilding all read models from the log",
        ("events", "seconds", "events per second", "peak memory MiB"),
    )
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        for size in QUICK_SIZES if quick else SIZES:
            path = Path(name) / f"log-{size}.sqlite"
            _make(path, size)
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.rebuild", str(path)],
                stdout=subprocess.PIPE,
                check=True,
            )
            events, seconds, peak = done.stdout.decode().split()
            per_s = int(events) / float(seconds)
            result.rows.append((f"{int(events):,}", f"{float(seconds):.2f}", f"{per_s:,.0f}", peak))
            result.bars.append(Bar(f"{int(events):,} events", per_s, TARGET_PER_S))
    result.notes.append(
        "Each draft has a 1 KiB document and two or three approvals; one process, one core."
        f" Aim: {TARGET_PER_S:,} events per second, linear, with constant memory."
    )
    return [result]


def _make(path: Path, size: int) -> None:
    store = SqliteLog(path)
    people = [uuid4() for _ in range(3)]
    rows = tuple(each for who in zip(people, "ABC", strict=True) for each in _registration(*who))
    store.append([Write(key=bytes(32), events=rows)])
    grow(store, people, round(size / EVENTS_PER_STATEMENT))
    store.close()


def _registration(person: UUID, name: str) -> Iterator[StoredEvent]:
    role = "creator" if name == "A" else "investor"
    bodies: list[Body] = [UserRegistered(str(person), role), UserNamed(name, (name,), UNICODE)]
    for version, body in enumerate(bodies, start=1):
        event = Event(stream=person, version=version, at=clock.to_text(NOW_MS), body=body)
        yield EventMapper(None).to_stored_event(event)  # type: ignore[arg-type]  # our mapper transcodes nothing


def main() -> None:
    """Rebuild from one log and print events, seconds and peak memory in MiB."""
    path = Path(sys.argv[1])
    store = SqliteLog(path)
    log = Log(store)
    begun_s = time.perf_counter()
    events = rebuild(path.with_suffix(".views"), log)
    seconds = time.perf_counter() - begun_s
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(events, seconds, peak)
    log.close()


if __name__ == "__main__":
    main()
