"""Copies of a log: all of it, what is new since an earlier one, and their checks."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger.domain.entry import leaf_hash
from ledger.errors import CorruptError, NotFoundError
from ledger.store.ports.log import LogStore
from ledger.tlog.merkle import Edge
from tests.support.engines import FilesEngine
from tests.support.logs import draft
from tests.support.refusals import refused
from tests.support.writes import positions


def fill(store: LogStore, count: int) -> None:
    """Append drafts, whose bodies their entries commit to."""
    positions(store.append([draft("content") for _ in range(count)]))


def root(store: LogStore) -> bytes:
    leaves = b"".join(leaf_hash(state) for _, state in store.read(0, 1_000))
    return Edge().extend(leaves)[0].root()


@pytest.fixture
def store(files: FilesEngine, data: Path) -> Iterator[LogStore]:
    with closing(files.open_log(data)) as opened:
        yield opened


def test_a_copy_has_the_log_as_it_is_and_is_verified(
    files: FilesEngine, store: LogStore, data: Path, tmp_path: Path
) -> None:
    fill(store, 40)
    target = tmp_path / "copy"
    target.mkdir()
    copies = files.copies()
    copies.copy_all(data, target)
    fill(store, 1)
    found = copies.examine(target)
    assert (found.size, found.epoch, found.note) == (40, 0, None)
    assert (copies.newest(data), copies.newest(target)) == ((41, None), (40, None))
    assert copies.root_of(data, 40) == copies.root_of(target, 40) == found.edge.root()
    assert copies.stored_bytes(target) > 0


def test_what_is_new_since_a_copy_joins_to_the_same_log(
    files: FilesEngine, store: LogStore, data: Path, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    copies = files.copies()
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
    files: FilesEngine, store: LogStore, data: Path, tmp_path: Path
) -> None:
    fill(store, 3)
    files.damage(data)
    target = tmp_path / "copy"
    target.mkdir()
    files.copies().copy_all(data, target)
    with refused(CorruptError, "body_mismatch"):
        files.copies().examine(target)


def test_a_copy_that_is_shorter_than_the_one_it_continues_is_refused(
    files: FilesEngine, store: LogStore, data: Path, tmp_path: Path
) -> None:
    fill(store, 3)
    target = tmp_path / "copy"
    target.mkdir()
    copies = files.copies()
    copies.copy_all(data, target)
    before = copies.examine(target)
    files.forget_newest(data)
    shorter = tmp_path / "shorter"
    shorter.mkdir()
    copies.copy_new(data, shorter, before.marks)
    with refused(CorruptError, "log_rolled_back"):
        copies.examine(shorter, before)


def test_a_copy_takes_a_logs_place_and_the_old_log_is_kept(
    files: FilesEngine, data: Path, tmp_path: Path
) -> None:
    copies = files.copies()
    with closing(files.open_log(data)) as store:
        fill(store, 5)
    staged, aside = tmp_path / "staged", tmp_path / "aside"
    staged.mkdir()
    copies.copy_all(data, staged)
    copies.raise_epoch(staged, 3)
    copies.settle(staged)
    copies.set_aside(data, aside)
    assert (copies.exists(data), copies.exists(aside)) == (False, True)
    copies.move(staged, data)
    with closing(files.open_log(data)) as store:
        assert (store.head().stored, store.head().epoch) == (5, 3)
    copies.set_aside(tmp_path / "nothing", tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_directory_without_a_log_is_said_to_have_none(files: FilesEngine, tmp_path: Path) -> None:
    assert not files.copies().exists(tmp_path)
    with refused(NotFoundError, "not_founded"):
        files.copies().newest(tmp_path)
    with refused(NotFoundError, "not_founded"):
        files.source(tmp_path).open()
