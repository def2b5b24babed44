"""Erasing: an event that names positions of its stream deletes their bodies; nothing else does."""

from contextlib import closing
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from ledger.domain.entry import cut, is_erased, join
from ledger.domain.events import claims
from ledger.store.ports.log import LogStore, Needs, NotStored, Receipt, Write
from tests.support.dossier import append_of
from tests.support.engines import Engine
from tests.support.erased import without_erased
from tests.unit.verify.test_erased import FIRST, SECOND, replaced
from tests.unit.verify.test_erased_names import told as named

TOLD = replaced(3)
LEFT = without_erased(TOLD.states)
GONE = [n for n, state in enumerate(LEFT, start=1) if is_erased(state)]
WRITES = [append_of(state, erases=True) for state in TOLD.states]


def fill(store: LogStore) -> None:
    for result in store.append(WRITES):
        assert isinstance(result, Receipt), result


def test_the_bodies_are_gone_in_the_commit_that_erases_them(store: LogStore) -> None:
    fill(store)
    stored = store.read(0, len(LEFT) + 1)
    assert stored == list(enumerate(LEFT, start=1))
    assert store.states(GONE) == [(position, LEFT[position - 1]) for position in GONE]
    placed = store.placed(UUID(FIRST), len(LEFT))
    assert [position for position, state in placed if is_erased(state)] == GONE
    assert [state for *_, state in store.stream(UUID(FIRST))] == [state for _, state in placed]
    assert [row[-1] for row in store.rows(1, None, len(LEFT))] == LEFT
    assert store.extent(len(LEFT))[0] == len(LEFT)


def test_the_positions_of_streams_are_loaded_with_their_events(store: LogStore) -> None:
    fill(store)
    asked = Needs(streams=((UUID(FIRST), 0),), placed=(UUID(FIRST), UUID(SECOND)))
    (facts,) = store.load([asked])
    assert [len(cut(each.state)[1]) > 0 for each in facts.events[UUID(FIRST)]] == [
        False, False, False, True,
    ]  # fmt: skip
    expected = {
        UUID(each): tuple(n for n, e in enumerate(TOLD.events, 1) if str(e.stream) == each)
        for each in (FIRST, SECOND)
    }
    assert facts.placed == expected


@pytest.mark.parametrize("positions", [(1,), (len(LEFT) - 1,), (len(LEFT),), (len(LEFT) + 7,)])
def test_a_position_that_the_event_does_not_name_is_not_erased(
    store: LogStore, positions: tuple[int, ...]
) -> None:
    bad = msgspec.structs.replace(WRITES[-1], erases=tuple((0, each) for each in positions))
    assert all(isinstance(each, Receipt) for each in store.append(WRITES[:-1]))
    (result,) = store.append([bad])
    assert isinstance(result, NotStored)
    assert store.read(0, 1_000) == list(enumerate(TOLD.states[:-1], start=1))


def test_another_event_erases_nothing(store: LogStore) -> None:
    bad = msgspec.structs.replace(WRITES[-2], erases=((0, GONE[0]),))
    assert all(isinstance(each, Receipt) for each in store.append(WRITES[:-2]))
    (result,) = store.append([bad])
    assert isinstance(result, NotStored)


def test_a_repeated_erasure_gets_its_receipt(store: LogStore) -> None:
    fill(store)
    (result,) = store.append(WRITES[-1:])
    assert isinstance(result, Receipt)
    assert (result.position, result.repeated) == (len(LEFT), True)


def test_an_audit_reads_what_was_erased(engine: Engine, tmp_path: Path) -> None:
    with closing(engine.open_log(tmp_path)) as store:
        fill(store)
    with closing(engine.source(tmp_path).open()) as rows:
        assert rows.erased() == [(position, len(LEFT)) for position in GONE]
        assert [row[4] for row in rows.events()] == LEFT
        left = [row[4] for row in rows.of_stream(UUID(FIRST).bytes)]
        assert left[:3] == [LEFT[each - 1] for each in GONE]
        assert rows.places(UUID(FIRST).bytes, GONE[-1]) == GONE[:-1]
        assert rows.group(f"replaces/{FIRST}", len(LEFT)) == [UUID(SECOND).bytes]
        assert rows.group(f"replaces/{SECOND}", len(LEFT)) == []
        assert rows.stray_body(len(LEFT)) is None
        assert rows.receipts_from([GONE[0], len(LEFT) + 1]) == {GONE[0]}
        assert rows.engine_finding() is None


def test_the_state_of_an_erased_event_is_its_entry_alone() -> None:
    assert all(state == join(cut(state)[0], b"") for state in map(LEFT.__getitem__, [GONE[0] - 1]))
    assert isinstance(WRITES[0], Write)


def writes_of_names() -> list[Write]:
    pairs = zip(named().states, named().events, strict=True)
    return [
        msgspec.structs.replace(
            append_of(state, erases=True),
            claims=tuple((name, event.stream) for name in claims(event)),
        )
        for state, event in pairs
    ]


def test_an_erased_name_frees_what_it_took_and_nothing_else(store: LogStore) -> None:
    writes = writes_of_names()
    taken = tuple(name for write in writes for name, _ in write.claims)
    for result in store.append(writes[:-1]):
        assert isinstance(result, Receipt), result
    (before,) = store.load([Needs(names=taken)])
    assert before.owners.keys() == {*taken}
    (result,) = store.append(writes[-1:])
    assert isinstance(result, Receipt), result
    (after,) = store.load([Needs(names=taken)])
    ivys = {name for name in taken if name.startswith("name/")} & {
        name for name, owner in before.owners.items() if str(owner) == named().ivy.user
    }
    assert before.owners.keys() - after.owners.keys() == ivys
    assert len(ivys) > 0


def test_the_position_of_another_event_of_a_person_is_not_erased(store: LogStore) -> None:
    writes = writes_of_names()
    assert all(isinstance(each, Receipt) for each in store.append(writes[:-1]))
    (position,) = (at for _, at in writes[-1].erases)
    bad = msgspec.structs.replace(writes[-1], erases=((0, position - 1),))
    (result,) = store.append([bad])
    assert isinstance(result, NotStored)
