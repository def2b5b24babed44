"""The cost of the public log: appends with and without a publisher, and proofs at any size."""

import hashlib
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.report import Result
from ledger.publish.publisher import Publisher
from ledger.tlog.merkle import Edge, Prover, ReadTile, verify_consistency, verify_inclusion
from tests.support.logs import Ledger, draft, opened, settings_of

BATCH = 100
CREATOR = "00000000-0000-0000-0000-000000000001"


def run(*, quick: bool) -> list[Result]:
    """Measure the tree in memory, and the log's file with its publisher."""
    size = 100_000 if quick else 1_000_000
    tree = Figures("tree", "The log's tree, in memory")
    tiles = grow(tree, size)
    for total in (size // 1000, size):
        prove(tree, total, lambda level, n, width: tiles[level, n][: 32 * width])
    published = Figures("published", "The public log's share of the log's file")
    append(published, rounds=3 if quick else 6, events=20_000 if quick else 60_000)
    catch_up(published, size // 5)
    return [tree.result, published.result]


class Figures:
    """Figures with different units, one per row."""

    def __init__(self, name: str, title: str) -> None:
        self.result = Result(name, title, ("what", "figure", "unit"))

    def add(self, name: str, value: float, unit: str) -> None:
        """Add a row."""
        text = f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"
        self.result.rows.append((name, text, unit))


def grow(figures: Figures, size: int) -> dict[tuple[int, int], bytes]:
    """Measure building a tree from leaf hashes; return its tiles."""
    leaves = b"".join(hashlib.sha256(b"%d" % index).digest() for index in range(size))
    hashed = measured(lambda: bytes_hashed(size))
    begun = time.process_time()
    _, touched = Edge().extend(leaves)
    cost = time.process_time() - begun
    figures.add(f"append {size:,} leaves", size / cost, "leaves/s")
    figures.add(
        "… as interior hashes alone", hashed / cost * 100, "% of the rate of hashing 65 bytes"
    )
    return {(tile.level, tile.n): tile.hashes for tile in touched}


def bytes_hashed(count: int) -> None:
    raw = bytes(65)
    for _ in range(count):
        hashlib.sha256(raw).digest()


def prove(figures: Figures, size: int, read: ReadTile) -> None:
    """Measure 200 proofs in a tree of `size`; the verifier has none of the tiles."""
    indexes = [random.randrange(1, size) for _ in range(200)]
    prover = Prover(size, read)
    root, roots = prover.root(), {index: prover.root(index) for index in indexes}
    leaf = {index: read(0, index // 256, index % 256 + 1)[-32:] for index in indexes}
    places = {index: prover.inclusion(index) for index in indexes}
    joins = {index: prover.consistency(index) for index in indexes}

    def each(name: str, work: Callable[[int], object]) -> None:
        cost = measured(lambda: [work(index) for index in indexes])
        figures.add(f"{name} at {size:,}", 1000 * cost / len(indexes), "ms")

    each("make an inclusion proof", lambda i: Prover(size, read).inclusion(i))
    each("verify it", lambda i: verify_inclusion(leaf[i], i, size, places[i], root))
    each("make a consistency proof", lambda i: Prover(size, read).consistency(i))
    each("verify it", lambda i: verify_consistency(i, roots[i], size, root, joins[i]))
    figures.add("hashes of a proof, at most", max(map(len, places.values())), "")


def append(figures: Figures, rounds: int, events: int) -> None:
    """Measure durable appends in batches, alternately with and without a publisher."""
    rates: dict[bool, list[float]] = {False: [], True: []}
    published = 0
    with tempfile.TemporaryDirectory() as directory:
        for turn in range(2 * rounds):
            with_publisher = bool(turn % 2)
            with opened(settings_of(Path(directory) / str(turn))) as ledger:
                now_ms = ledger.writer.now_ms
                publisher = Publisher(ledger.tree, ledger.memory, ledger.keys, now_ms)
                if with_publisher:
                    publisher.open()
                    publisher.start()
                rates[with_publisher].append(events / appended(ledger, publisher, events))
                publisher.stop()
                published += len(ledger.tree.checkpoints(0, 1000))
    without, along = (sorted(each)[len(each) // 2] for each in (rates[False], rates[True]))
    figures.add(f"append, {BATCH} events a commit, no publisher", without, "events/s")
    figures.add("… with the publisher", along, "events/s")
    figures.add("… share of the rate without it", along / without * 100, "%")
    figures.add("… checkpoints per run", published / rounds, "")


def appended(ledger: Ledger, publisher: Publisher, events: int) -> float:
    batches = [[draft(CREATOR) for _ in range(BATCH)] for _ in range(events // BATCH)]
    begun = time.perf_counter()
    for batch in batches:
        ledger.store.append(batch)
        publisher.committed(ledger.tree.head())
    return time.perf_counter() - begun


def catch_up(figures: Figures, events: int) -> None:
    """Measure the publisher's cost per event: read, hash, compare, put into tiles."""
    with (
        tempfile.TemporaryDirectory() as directory,
        opened(settings_of(Path(directory) / "data")) as ledger,
    ):
        ledger.fill(events)
        begun, cpu = time.perf_counter(), time.process_time()
        assert ledger.publication().catch_up() == events
        cpu, took = time.process_time() - cpu, time.perf_counter() - begun
        figures.add(f"publish {events:,} stored events", events / took, "events/s")
        figures.add("… CPU per event", cpu / events * 1e6, "µs")
        ledger.fill(events + 1)
        cpu = time.process_time()
        ledger.publication().catch_up()
        figures.add(
            "… CPU per checkpoint, both signatures", (time.process_time() - cpu) * 1000, "ms"
        )
        prover = Prover(events, ledger.tree.tile)
        index = int.from_bytes(os.urandom(4), "big") % events
        cost = measured(lambda: Prover(events, ledger.tree.tile).inclusion(index))
        figures.add(f"inclusion proof from the file at {events:,}", cost * 1000, "ms")
        assert prover.root() == Prover(events, ledger.tree.tile).root()


def measured(work: Callable[[], object]) -> float:
    """Return the CPU seconds of the fastest of five runs."""
    costs = []
    for _ in range(5):
        begun = time.process_time()
        work()
        costs.append(time.process_time() - begun)
    return min(costs)
