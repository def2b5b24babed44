"""A log's rows as an audit reads them."""

from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from ledger.audit.source import AuditedLog, RowFilter
from ledger.domain.entry import cut, leaf_hash
from ledger.store.ports.log import LogStore
from tests.support.engines import Engine
from tests.support.logs import draft
from tests.support.writes import positions


def fill(store: LogStore, count: int) -> None:
    """Append drafts, whose bodies their entries commit to."""
    positions(store.append([draft("content") for _ in range(count)]))


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
    assert [*rows.of_stream(stream)] == [*rows.events(last=1)]
    assert [row[4] for row in rows.of_stream(stream)] == states[:1]
    assert [*rows.of_stream(stream, before=1)] == []
    assert [*rows.of_stream(stream, after=1)] == []
    assert rows.beginnings([bytes(16), stream]) == {stream: 1}
    assert rows.beginnings([]) == {}
    assert [row[0] for row in rows.of_people(3, stream)] == [1]


def test_a_filter_finds_the_rows_of_a_stream_a_type_and_a_person(
    engine: Engine, store: LogStore, data: Path
) -> None:
    person = UUID(int=7)
    fill(store, 3)
    positions(store.append([draft(str(person)), draft(str(person))]))
    with closing(engine.source(data).open()) as rows:
        (*_, third, _, _) = every = [*rows.events()]
        assert [*rows.filtered(RowFilter())] == every
        assert [*rows.filtered(RowFilter(after=1, last=4))] == every[1:4]
        assert [*rows.filtered(RowFilter(stream=third[1]))] == [third]
        assert [*rows.filtered(RowFilter(tags=(third[3], "key-revoked.v1")))] == every
        assert [*rows.filtered(RowFilter(tags=("key-revoked.v1",)))] == []
        assert [*rows.filtered(RowFilter(mentions=UUID(bytes=third[1])))] == [third]
        assert [*rows.filtered(RowFilter(mentions=person))] == every[3:]
        assert [*rows.filtered(RowFilter(mentions=person, after=4))] == every[4:]


def test_a_snapshot_shows_nothing_that_is_stored_later(
    engine: Engine, store: LogStore, data: Path
) -> None:
    fill(store, 2)
    with closing(engine.source(data).open()) as rows, rows.snapshot():
        assert rows.newest() == 2
        fill(store, 1)
        assert rows.newest() == 2
        assert [row[0] for row in rows.events()] == [1, 2]
