"""A restore from before an erasure: newer copies say what would return, and it is refused."""

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ledger.data_files import LOG_FILE
from ledger.errors import ConflictError, UnavailableError
from ledger.recovery.erased_later import ErasedLater, from_copies, require_none
from ledger.store.engines import address_of, copies, open_log
from tests.support.erasing import approved, erase, name_of
from tests.support.ledgers import Cast, Process, know_everybody, settled
from tests.support.refusals import refused
from tests.support.states import without_triggers


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    return settled(tmp_path_factory.mktemp("cast"))


@contextmanager
def backed_up(cast: Cast, tmp_path: Path) -> Iterator[tuple[Process, Path, bytes, int]]:
    """Give the process of the log `newer`, its backup, a statement in it, and the backup's size."""
    newer, backup = tmp_path / "newer", tmp_path / "backup"
    process = Process(cast.copy(newer), cast.time)
    know_everybody(process, cast)
    try:
        raw = asyncio.run(approved(process, cast))
        size = process.store.head().sealed
        backup.mkdir()
        copies().copy_all(newer, backup)
        yield process, backup, raw, size
    finally:
        process.close()


@pytest.fixture
def logs(cast: Cast, tmp_path: Path) -> tuple[Path, Path, str, int]:
    """A backup, the newer log that erased a statement of it, the statement, the backup's size."""
    with backed_up(cast, tmp_path) as (process, backup, raw, size):
        asyncio.run(process.change(cast.dave, erase(raw)))
    return backup, tmp_path / "newer", name_of(raw), size


def test_the_own_log_says_what_it_erased_after_the_backup(
    logs: tuple[Path, Path, str, int],
) -> None:
    backup, newer, statement, size = logs
    own = address_of(newer)
    found = from_copies((), own, size, backup)
    assert (found.read, found.silent) == ([own], [])
    assert found.size > size
    (each,) = found.erased
    assert isinstance(each, ErasedLater)
    assert (each.kind, each.id, each.bodies) == ("statement", statement, 2)
    with refused(ConflictError, "erasures_return"):
        require_none(found, brings_back=False)
    require_none(found, brings_back=True)


def test_the_holds_of_the_newer_log_are_named_unless_they_were_released(
    cast: Cast, tmp_path: Path
) -> None:
    with backed_up(cast, tmp_path) as (process, backup, raw, size):
        statement, name = {"statement": name_of(raw)}, {"name": cast.bob.user}
        asyncio.run(process.change(cast.dave, {"hold": statement}, {"hold": name}))
        asyncio.run(process.change(cast.dave, {"release-hold": name}))
    found = from_copies((), address_of(tmp_path / "newer"), size, backup)
    assert found.erased == []
    assert [(each.kind, each.id) for each in found.held] == [("statement", name_of(raw))]
    assert size < found.held[0].position <= found.size
    require_none(found, brings_back=False)


def test_a_copy_elsewhere_says_the_same_when_the_own_log_is_gone(
    logs: tuple[Path, Path, str, int], tmp_path: Path
) -> None:
    backup, newer, statement, size = logs
    gone = str(tmp_path / "gone" / LOG_FILE)
    assert from_copies((), gone, size, backup).erased == []
    assert from_copies((), gone, size, backup).read == []
    found = from_copies((str(newer),), gone, size, backup)
    assert [each.id for each in found.erased] == [statement]
    assert len(found.silent) == 1


def test_a_backup_after_the_erasure_brings_nothing_back(logs: tuple[Path, Path, str, int]) -> None:
    _, newer, _, size = logs
    found = from_copies((), address_of(newer), size + 10, newer)
    assert found.erased == []
    require_none(found, brings_back=False)


def test_a_copy_that_cannot_be_read_or_is_of_another_log_is_refused(
    logs: tuple[Path, Path, str, int], tmp_path: Path
) -> None:
    backup, newer, _, size = logs
    with refused(UnavailableError, "copy_unread"):
        from_copies((str(tmp_path / "nowhere"),), address_of(newer), size, backup)
    broken = tmp_path / "broken"
    shutil.copytree(newer, broken)
    (broken / LOG_FILE).write_bytes(b"no database at all" * 100)
    with refused(UnavailableError, "copy_unread"):
        from_copies((str(broken),), address_of(newer), size, backup)
    other = settled(tmp_path / "other")
    with refused(ConflictError, "copy_differs"):
        from_copies((str(other.directory),), address_of(newer), size, backup)


def test_a_log_that_is_not_newer_than_the_backup_tells_nothing(
    logs: tuple[Path, Path, str, int], tmp_path: Path
) -> None:
    backup, _, _, size = logs
    empty = tmp_path / "empty"
    open_log(address_of(empty)).close()
    for own in (backup, empty):
        found = from_copies((), address_of(own), size, backup)
        assert (found.erased, found.read, found.size) == ([], [], 0)
        assert found.silent == ["the log in the data directory is not newer than the backup"]


def test_a_copy_that_lost_the_event_of_an_erasure_is_not_said_to_have_erased_nothing(
    logs: tuple[Path, Path, str, int], tmp_path: Path
) -> None:
    backup, newer, _, size = logs
    with (
        closing(sqlite3.connect(address_of(newer))) as raw,
        without_triggers(raw),
    ):
        raw.execute("DELETE FROM ev WHERE pos = (SELECT max(by_pos) FROM erased)")
        raw.commit()
    found = from_copies((), address_of(newer), size, backup)
    assert (found.erased, found.read) == ([], [])
    assert "no event at position" in found.silent[0]
    with refused(UnavailableError, "copy_unread"):
        from_copies((str(newer),), str(tmp_path / "gone" / LOG_FILE), size, backup)
