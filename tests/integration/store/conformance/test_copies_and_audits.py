"""Copies of a log, and its rows as an audit reads them."""

from contextlib import closing
from pathlib import Path

import pytest

from ledger.audit.source import AuditedLog
from ledger.domain.entry import cut, leaf_hash
from ledger.errors import CorruptError, NotFoundError
from ledger.store.ports.log import LogStore
from ledger.tlog.merkle import Edge
from tests.support.engines import Engine
from tests.support.logs import draft
from tests.support.refusals import refused
from tests.support.writes import positions


def fill(store: LogStore, count: int) -> None:
    """Append drafts, whose bodies their entries commit to."""
    positions(store.append([draft("content") for _ in range(count)]))


def root(store: LogStore) -> bytes:
    leaves = b"".join(leaf_hash(state) for _, state in store.read(0, 1_000))
    return Edge().extend(leaves)[0].root()


def test_a_copy_has_the_log_as_it_is_and_is_verified(
    engine: Engine, store: LogStore, data: Path, tmp_path: Path
) -> None:
    fill(store, 40)
    target = tmp_path / "copy"
    target.mkdir()
    copies = engine.copies()
    copies.copy_all(data, target)
    fill(store, 1)
    found = copies.examine(target)
    assert (found.size, found.epoch, found.note) == (40, 0, None)
    assert (copies.newest(data), copies.newest(target)) == ((41, None), (40, None))
    assert copies.root_of(data, 40) == copies.root_of(target, 40) == found.edge.root()
    assert copies.stored_bytes(target) > 0


def test_what_is_new_since_a_copy_joins_to_the_same_log(
    engine: Engine, store: LogStore, data: Path, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    copies = engine.copies()
    fill(store, 10)
    first.mkdir()
    copies.copy_all(data, first)
    before = copies.examine(first)
    fill(store, 20)
    second.mkdir()
    copies.copy_new(data, second, before.marks)
    after = copies.examine(second, before)
    copies.join(first, second)
    joined = copies.examine(first)
    assert (joined.size, joined.edge.root()) == (30, root(store))
    assert (after.size, after.edge.root()) == (30, root(store))


def test_a_damaged_copy_is_refused(
    engine: Engine, store: LogStore, data: Path, tmp_path: Path
) -> None:
    fill(store, 3)
    engine.damage(data)
    target = tmp_path / "copy"
    target.mkdir()
    engine.copies().copy_all(data, target)
    with refused(CorruptError, "body_mismatch"):
        engine.copies().examine(target)


def test_a_copy_that_is_shorter_than_the_one_it_continues_is_refused(
    engine: Engine, store: LogStore, data: Path, tmp_path: Path
) -> None:
    fill(store, 3)
    target = tmp_path / "copy"
    target.mkdir()
    copies = engine.copies()
    copies.copy_all(data, target)
    before = copies.examine(target)
    engine.forget_newest(data)
    shorter = tmp_path / "shorter"
    shorter.mkdir()
    copies.copy_new(data, shorter, before.marks)
    with refused(CorruptError, "log_rolled_back"):
        copies.examine(shorter, before)


def test_a_copy_takes_a_logs_place_and_the_old_log_is_kept(
    engine: Engine, data: Path, tmp_path: Path
) -> None:
    copies = engine.copies()
    with closing(engine.open_log(data)) as store:
        fill(store, 5)
    staged, aside = tmp_path / "staged", tmp_path / "aside"
    staged.mkdir()
    copies.copy_all(data, staged)
    copies.raise_epoch(staged, 3)
    copies.settle(staged)
    copies.set_aside(data, aside)
    assert (copies.exists(data), copies.exists(aside)) == (False, True)
    copies.move(staged, data)
    with closing(engine.open_log(data)) as store:
        assert (store.head().stored, store.head().epoch) == (5, 3)
    copies.set_aside(tmp_path / "nothing", tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_directory_without_a_log_is_said_to_have_none(engine: Engine, tmp_path: Path) -> None:
    assert not engine.copies().exists(tmp_path)
    with refused(NotFoundError, "not_founded"):
        engine.copies().newest(tmp_path)
    with refused(NotFoundError, "not_founded"):
        engine.source(tmp_path).open()


# --- rows as an audit reads them -----------------------------------------------------------------


@pytest.mark.parametrize("parts", [1, 3])
def test_the_shares_of_statements_are_complete_streams_and_all_of_them(
    engine: Engine, store: LogStore, data: Path, parts: int
) -> None:
    fill(store, 50)
    with closing(engine.source(data).open()) as rows:
        shares = [[*rows.of_statements(50, part, parts)] for part in range(parts)]
        streams = [{row[1] for row in share} for share in shares]
        assert sorted(row[0] for share in shares for row in share) == [*range(1, 51)]
        assert sum(map(len, streams)) == len(set().union(*streams))
        assert [*rows.of_people(50)] == []


def test_the_rows_are_the_stored_bytes(engine: Engine, store: LogStore, data: Path) -> None:
    fill(store, 3)
    states = [state for _, state in store.read(0, 9)]
    with closing(engine.source(data).open()) as rows:
        rows.require_format()
        assert rows.engine_finding() is None
        assert rows.newest() == 3
        assert [row[4] for row in rows.events()] == states
        assert [row[0] for row in rows.events(1, 2)] == [2]
        assert [row[4] for row in rows.leaves()] == [leaf_hash(state) for state in states]
        assert [rows.entry(position) for position in (1, 2, 3, 4)] == [
            *(cut(state)[0] for state in states),
            None,
        ]
        assert rows.heads() == [(3, 0, store.head().at_ms)]
        assert rows.receipt_count() == len([*rows.receipts()]) == 3
        assert rows.stray_body(3) is None
        assert rows.stray_body(2) == 3
        require_streams(rows, states)


def require_streams(rows: AuditedLog, states: list[bytes]) -> None:
    (_, stream, *_), *_ = rows.events()
    assert [*rows.of_stream(stream)] == states[:1]
    assert [*rows.of_stream(stream, before=1)] == []
    assert rows.has_begun(stream, 2)
    assert not rows.has_begun(stream, 1)
    assert [row[0] for row in rows.of_people(3, stream)] == [1]


def test_a_snapshot_shows_nothing_that_is_stored_later(
    engine: Engine, store: LogStore, data: Path
) -> None:
    fill(store, 2)
    with closing(engine.source(data).open()) as rows, rows.snapshot():
        assert rows.newest() == 2
        fill(store, 1)
        assert rows.newest() == 2
        assert [row[0] for row in rows.events()] == [1, 2]
