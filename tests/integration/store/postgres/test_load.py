"""Many writers, and a PostgreSQL that is killed under their load."""

import random
import threading
import time
from contextlib import closing
from uuid import UUID, uuid4

from ledger.store.ports.log import Receipt, Write
from ledger.store.postgres.store import PostgresLog
from tests.support.postgres import Cluster
from tests.support.writes import stored

WRITERS, EACH, KILLS = 8, 25, 3


class Writer:
    """Appends one event after the other to a stream of its own, on connections of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.stream = uuid4()
        self.acknowledged: dict[int, bytes] = {}
        self.errors: list[BaseException] = []
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Let the running append finish."""
        self._ends.set()
        self._thread.join()

    def wait(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        try:
            with closing(PostgresLog(self._url)) as store:
                for version in range(1, 1_000_000):
                    if self._ends.is_set() or (version > EACH and not self._lasts):
                        return
                    self._append(store, version)
        except BaseException as error:  # noqa: BLE001  # it would be lost with its thread
            self.errors.append(error)

    _lasts = False

    def _append(self, store: PostgresLog, version: int) -> None:
        key = self.stream.bytes + version.to_bytes(16, "big")
        event = stored(self.stream, version)
        while True:
            (result,) = store.append([Write(key=key, events=(event,), answer=key)])
            if isinstance(result, Receipt):
                self.acknowledged[result.position] = key
                return
            assert not self._ends.is_set() or type(result).__name__ in ("NotStored", "Unknown")


class LastingWriter(Writer):
    """Goes on until it is told to end."""

    _lasts = True


def require_once(store: PostgresLog, writers: list[Writer]) -> None:
    """Expect dense positions, and every acknowledged event once, where it was said to be."""
    rows = store.rows(1, None, 1_000_000)
    assert [row[0] for row in rows] == [*range(1, store.head().stored + 1)]
    places: dict[tuple[UUID, int], int] = {}
    for position, stream, version, _, _ in rows:
        assert places.setdefault((stream, version), position) == position
    for writer in writers:
        assert writer.errors == []
        for position, key in writer.acknowledged.items():
            assert places[writer.stream, int.from_bytes(key[16:], "big")] == position


def test_eight_writers_store_in_order_and_a_reader_never_misses_a_position(url: str) -> None:
    writers = [Writer(url) for _ in range(WRITERS)]
    with closing(PostgresLog(url)) as store:
        for writer in writers:
            writer.start()
        last = 0
        while last < WRITERS * EACH:
            found = [position for position, _ in store.read(last, 1_000)]
            assert found == [*range(last + 1, last + 1 + len(found))]
            last += len(found)
            assert all(writer.errors == [] for writer in writers)
        for writer in writers:
            writer.wait()
        require_once(store, writers)
        assert sum(len(writer.acknowledged) for writer in writers) == WRITERS * EACH


def test_a_database_that_is_killed_under_load_loses_nothing_and_stores_nothing_twice(
    own_cluster: Cluster, own_url: str
) -> None:
    chance = random.Random(3)
    with closing(PostgresLog(own_url)) as store:
        writers: list[Writer] = [LastingWriter(own_url) for _ in range(4)]
        for writer in writers:
            writer.start()
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.3, 0.8))  # the moment of the kill has to be arbitrary
            own_cluster.kill()
            own_cluster.start()
        before = store.head().stored
        while store.head().stored < before + 10:
            assert all(writer.errors == [] for writer in writers)
            time.sleep(0.02)
        for writer in writers:
            writer.end()
        require_once(store, writers)
