"""The store on real SQLite: what its contract promises, one test a promise."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from ledger.domain.entry import cut, leaf_hash
from ledger.errors import CorruptError
from ledger.store.ports.log import AppendResult, Membership, Needs, Receipt, Stale, Taken, Write
from ledger.store.sqlite.store import SqliteLog
from tests.support.refusals import refused
from tests.support.states import folded
from tests.support.writes import AT_MS, STATE, stored, write

ONE, TWO = UUID(int=1), UUID(int=2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "log.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteLog]:
    opened = SqliteLog(path)
    yield opened
    opened.close()


def positions(outcomes: list[AppendResult]) -> list[int]:
    assert all(isinstance(outcome, Receipt) for outcome in outcomes), outcomes
    return [outcome.position for outcome in outcomes if isinstance(outcome, Receipt)]


def owner(store: SqliteLog, name: str) -> UUID | None:
    (facts,) = store.load([Needs(names=(name,))])
    return facts.owners.get(name)


# --- positions -----------------------------------------------------------------------------------


def test_a_new_log_is_empty(store: SqliteLog) -> None:
    assert store.head().stored == 0
    assert store.read(0, 10) == []


def test_positions_are_dense_and_in_the_order_of_the_batch(store: SqliteLog) -> None:
    assert positions(store.append([write(ONE, 1, 2), write(TWO), write()])) == [2, 3, 4]
    assert positions(store.append([write(ONE, 3), write()])) == [5, 6]
    assert store.head().stored == 6
    assert [position for position, _ in store.read(0, 10)] == [1, 2, 3, 4, 5, 6]
    assert [position for position, _ in store.read(2, 2)] == [3, 4]
    assert [row[:4] for row in store.rows(1, None, 10)] == [
        (1, ONE, 1, "tag.v1"),
        (2, ONE, 2, "tag.v1"),
        (3, TWO, 1, "tag.v1"),
        (4, store.rows(4, 4, 1)[0][1], 1, "tag.v1"),
        (5, ONE, 3, "tag.v1"),
        (6, store.rows(6, 6, 1)[0][1], 1, "tag.v1"),
    ]


def test_each_event_is_stored_with_its_leaf_hash(store: SqliteLog, path: Path) -> None:
    store.append([write()])
    with closing(sqlite3.connect(path)) as raw:
        query = "SELECT entry, data, leaf FROM ev JOIN body USING(pos)"
        assert raw.execute(query).fetchone() == (*cut(STATE), leaf_hash(STATE))


def test_a_stream_is_read_in_either_direction_and_in_part(store: SqliteLog) -> None:
    store.append([write(ONE, 1, 2, 3, 4), write(TWO)])
    assert [row[0] for row in store.stream(ONE)] == [1, 2, 3, 4]
    assert [row[0] for row in store.stream(ONE, gt=1, lte=3)] == [2, 3]
    assert [row[0] for row in store.stream(ONE, desc=True, limit=2)] == [4, 3]
    assert store.stream(uuid4()) == []


def test_states_are_found_by_position_in_the_order_asked_for(store: SqliteLog) -> None:
    store.append([write(), write()])
    assert store.states([2, 1]) == [(2, STATE), (1, STATE)]
    with refused(CorruptError, "position_missing"):
        store.states([1, 3])


def test_what_was_written_is_there_after_closing(path: Path) -> None:
    first = SqliteLog(path)
    first.append([write(ONE, 1, 2)])
    first.close()
    again = SqliteLog(path)
    assert (again.head().stored, len(again.stream(ONE))) == (2, 2)
    assert positions(again.append([write(ONE, 3)])) == [3]
    again.close()


# --- a write is all or nothing, and alone --------------------------------------------------------


def test_a_bad_write_of_a_batch_fails_alone(store: SqliteLog) -> None:
    store.append([write(ONE), write(TWO, claims=(("kid/a", TWO),))])
    good = write(ONE, 2)
    outcomes = store.append(
        [
            write(TWO, 3),
            write(claims=(("kid/a", ONE),)),
            good,
            write(TWO, 2, reads=((ONE, 1),)),
            write(groups=(("role/creator", 1),)),
            write(TWO, 2),
        ]
    )
    assert outcomes[0] == Stale()
    assert outcomes[1] == Taken("kid/a")
    assert outcomes[3] == Stale()
    assert outcomes[4] == Stale()
    assert positions([outcomes[2], outcomes[5]]) == [3, 4]
    assert store.head().stored == 4


def test_a_write_whose_last_event_is_stale_leaves_none_of_them(store: SqliteLog) -> None:
    (outcome,) = store.append([write(ONE, 1, 2, 4)])
    assert outcome == Stale()
    assert (store.head().stored, store.stream(ONE)) == (0, [])


@pytest.mark.parametrize("versions", [(2,), (0,), (1, 1), (2, 1), (1, 3)])
def test_versions_begin_at_one_and_follow_each_other(
    store: SqliteLog, versions: tuple[int, ...]
) -> None:
    (outcome,) = store.append([write(ONE, *versions)])
    assert outcome == Stale()


def test_a_version_is_written_once(store: SqliteLog) -> None:
    first, second = store.append([write(ONE), write(ONE)])
    assert positions([first]) == [1]
    assert second == Stale()
    (third,) = store.append([write(ONE)])
    assert third == Stale()


def test_a_write_that_read_a_stream_is_stale_once_it_moved(store: SqliteLog) -> None:
    store.append([write(ONE)])
    assert positions(store.append([write(reads=((ONE, 1), (TWO, 0)))])) == [2]
    before, moved, after = store.append(
        [write(reads=((ONE, 1),)), write(ONE, 2), write(reads=((ONE, 1),))]
    )
    assert positions([before, moved]) == [3, 4]
    assert after == Stale()


def test_a_write_that_counted_people_is_stale_once_one_came(store: SqliteLog) -> None:
    store.append([write(joins=(("role/investor", ONE),))])
    counting = (("role/investor", 1), ("role/creator", 0))
    before, joined, after = store.append(
        [
            write(groups=counting),
            write(joins=(("role/investor", TWO),)),
            write(groups=counting),
        ]
    )
    assert positions([before, joined]) == [2, 3]
    assert after == Stale()
    (facts,) = store.load([Needs(groups=("role/investor", "role/creator"))])
    assert facts.groups == {
        "role/investor": Membership(3, frozenset({ONE, TWO})),
        "role/creator": Membership(),
    }
    assert store.members() == {ONE, TWO}
    assert positions(store.append([write(groups=(("role/investor", 3),))])) == [4]


def test_a_name_is_taken_for_ever(store: SqliteLog) -> None:
    claim = (("kid/a", ONE),)
    first, same_batch = store.append([write(claims=claim), write(claims=claim)])
    (later,) = store.append([write(claims=(("kid/a", TWO),))])
    assert positions([first]) == [1]
    assert same_batch == later == Taken("kid/a")
    assert owner(store, "kid/a") == ONE
    assert owner(store, "kid/b") is None
    assert store.head().stored == 1


# --- exactly once --------------------------------------------------------------------------------


def test_a_repeated_write_is_answered_as_the_first_and_writes_nothing(store: SqliteLog) -> None:
    first = write(ONE, 1, 2, answer=b'{"first":1}')
    again = Write(key=first.key, events=(stored(TWO, 1),), answer=b'{"second":1}')
    store.append([write()])
    store.append([first])
    store.append([write(ONE, 3)])
    (outcome,) = store.append([again])
    assert outcome == Receipt(position=3, answer=b'{"first":1}', count=2, repeated=True)
    (facts,) = store.load([Needs(key=first.key)])
    assert facts.receipt == outcome
    assert store.head().stored == 4


def test_a_write_repeated_in_its_own_batch_is_written_once(store: SqliteLog) -> None:
    once = write(ONE, answer=b'{"a":1}')
    assert store.append([once, once, write(), once]) == [
        Receipt(position=1, answer=b'{"a":1}', count=1, at_ms=AT_MS),
        Receipt(position=1, answer=b'{"a":1}', count=1, repeated=True),
        Receipt(position=2, answer=b"{}", count=1, at_ms=AT_MS),
        Receipt(position=1, answer=b'{"a":1}', count=1, repeated=True),
    ]


def test_a_refused_write_may_be_sent_again(store: SqliteLog) -> None:
    early = write(ONE, 2)
    (outcome,) = store.append([early])
    assert outcome == Stale()
    assert store.load([Needs(key=early.key)])[0].receipt is None
    store.append([write(ONE)])
    assert positions(store.append([early])) == [2]


# --- append-only ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ev SET entry = x'00'",
        "UPDATE ev SET pos = 9 WHERE pos = 1",
        "UPDATE OR REPLACE ev SET version = 2",
        "DELETE FROM ev",
        "DELETE FROM ev WHERE pos = 2",
        "INSERT OR REPLACE INTO ev SELECT pos, zeroblob(16), 7, tag, x'00', leaf FROM ev",
        "INSERT OR REPLACE INTO ev(stream, version, tag, entry, leaf)"
        " SELECT stream, version, tag, x'00', leaf FROM ev",
        "REPLACE INTO ev SELECT * FROM ev",
        "UPDATE body SET data = zeroblob(40)",
        "DELETE FROM body",
        "INSERT OR REPLACE INTO body SELECT pos, zeroblob(40) FROM body",
        "UPDATE member SET pos = 9",
        "DELETE FROM member",
        "INSERT OR REPLACE INTO member SELECT grp, stream, pos, 0 FROM member",
        "UPDATE cmd SET answer = x'00'",
        "DELETE FROM cmd",
        "INSERT OR REPLACE INTO cmd SELECT key, pos, n, x'00' FROM cmd",
        "UPDATE claim SET stream = x'00'",
        "DELETE FROM claim",
        "INSERT OR REPLACE INTO claim SELECT name, zeroblob(16), pos FROM claim",
        "UPDATE log_head SET size = size - 1",
        "UPDATE log_head SET epoch = epoch - 1",
        "UPDATE log_head SET at_ms = at_ms - 1",
        "DELETE FROM log_head",
        "INSERT OR REPLACE INTO log_head VALUES(1, 0, 0, 0, 0)",
        "INSERT INTO log_head VALUES(2, 0, 0, 0, 0)",
    ],
)
def test_nothing_that_was_written_is_changed_or_deleted(
    store: SqliteLog, path: Path, statement: str
) -> None:
    store.append([write(ONE, 1, 2, claims=(("kid/a", ONE),), joins=(("role/a", ONE),))])
    with closing(sqlite3.connect(path)) as raw:
        before = list(raw.iterdump())
        with pytest.raises(sqlite3.IntegrityError):
            raw.execute(statement)
        raw.rollback()
        assert list(raw.iterdump()) == before
    assert store.head().stored == 2


def test_only_the_owner_reads_the_files(path: Path) -> None:
    before = os.umask(0o022)
    try:
        opened = SqliteLog(path)
        opened.append([write()])
        names = {each.name for each in path.parent.iterdir()}
        assert names == {"log.sqlite", "log.sqlite-wal", "log.sqlite-shm"}
        modes = {stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
        assert modes == {0o600}
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        opened.close()
    finally:
        os.umask(before)


@pytest.mark.parametrize("number", [-1, 2, 3])
def test_a_file_of_another_format_is_not_opened(path: Path, number: int) -> None:
    SqliteLog(path).close()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(f"PRAGMA user_version = {number}")
    with refused(CorruptError, "format_unknown"):
        SqliteLog(path)


def test_a_row_that_is_not_its_entrys_is_refused(store: SqliteLog) -> None:
    store.append([write(ONE)])
    with refused(CorruptError, "entry_malformed"):
        folded(store, ONE)
