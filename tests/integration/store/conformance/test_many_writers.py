"""Writers at once, in threads and in processes: nothing is lost, nothing is stored twice."""

import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from uuid import UUID

from ledger.store.ports.log import LogStore, Needs, Receipt, Stale, Write
from tests.support.engines import ENGINES, Engine
from tests.support.writes import stored, write

ONE, SHARED = UUID(int=1), UUID(int=99)
ROOT = Path(__file__).parents[4]
WRITERS, EACH = 3, 25


def append_shared(store: LogStore, writer: int, count: int) -> None:
    """Append `count` events to the stream that all writers share, each under a key of its own."""
    for number in range(count):
        key = bytes([writer, number]).ljust(32)
        while True:
            newest = store.stream(SHARED, desc=True, limit=1)
            event = stored(SHARED, newest[0][0] + 1 if newest else 1)
            (outcome,) = store.append([Write(key=key, events=(event,), answer=key)])
            if isinstance(outcome, Receipt):
                break
            assert isinstance(outcome, Stale), outcome


def require_all(store: LogStore) -> None:
    total = WRITERS * EACH
    assert store.head().stored == total
    assert [position for position, _ in store.read(0, 1_000)] == [*range(1, total + 1)]
    assert [version for version, _, _ in store.stream(SHARED)] == [*range(1, total + 1)]
    keys = [bytes([w, n]).ljust(32) for w in range(WRITERS) for n in range(EACH)]
    receipts = [facts.receipt for facts in store.load([Needs(key=key) for key in keys])]
    assert all(each is not None and each.count == 1 for each in receipts)
    assert len({each.position for each in receipts if each is not None}) == total


def test_threads_that_share_a_log_store_every_write_once(engine: Engine, data: Path) -> None:
    with closing(engine.open_log(data)) as store:
        threads = [
            threading.Thread(target=append_shared, args=(store, writer, EACH))
            for writer in range(WRITERS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        require_all(store)


def test_processes_that_share_a_log_store_every_write_once(engine: Engine, data: Path) -> None:
    with closing(engine.open_log(data)) as store:
        command = [sys.executable, "-m", __name__, engine.name, str(data)]
        running = [subprocess.Popen([*command, str(writer)], cwd=ROOT) for writer in range(WRITERS)]
        assert [process.wait(timeout=60) for process in running] == [0] * WRITERS
        require_all(store)


def test_what_another_process_wrote_makes_a_write_stale(
    engine: Engine, store: LogStore, data: Path
) -> None:
    with closing(engine.open_log(data)) as other:
        store.append([write(ONE)])
        other.append([write(ONE, 2, claims=(("kid/a", ONE),), joins=(("role/a", ONE),))])
        read, counted, written, good = store.append(
            [write(reads=((ONE, 1),)), write(groups=(("role/a", 0),)), write(ONE, 2), write(ONE, 3)]
        )
        assert read == counted == written == Stale()
        assert isinstance(good, Receipt)
        needs = [Needs(names=("kid/a",), groups=("role/a",))]
        assert other.load(needs) == store.load(needs)


if __name__ == "__main__":
    _, given, directory, writer = sys.argv
    with closing(ENGINES[given].open_log(Path(directory))) as opened:
        append_shared(opened, int(writer), EACH)
