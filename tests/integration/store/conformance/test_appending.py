"""Appending: positions, batches, staleness, names, repetitions, times, the epoch, the anchor."""

from contextlib import closing
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from ledger.domain.entry import leaf_hash
from ledger.domain.events import FROZEN
from ledger.errors import UnavailableError
from ledger.store.ports.log import (
    EpochMoved,
    Frozen,
    LogStore,
    Membership,
    Needs,
    Receipt,
    RolledBack,
    Stale,
    Taken,
    Unknown,
    Write,
)
from ledger.store.results import require_stored
from tests.support.engines import Engine
from tests.support.refusals import refused
from tests.support.writes import AT, AT_MS, positions, state_at, stored, write

ONE, TWO = UUID(int=1), UUID(int=2)
EARLIER, LATER = "2026-11-21T03:04:05.677Z", "2026-11-21T03:04:06.000Z"
LATER_MS = 1_795_230_246_000


def owner(store: LogStore, name: str) -> UUID | None:
    (facts,) = store.load([Needs(names=(name,))])
    return facts.owners.get(name)


# --- positions -----------------------------------------------------------------------------------


# --- a write is all or nothing, and alone --------------------------------------------------------


def test_a_bad_write_of_a_batch_fails_alone(store: LogStore) -> None:
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


def test_a_write_whose_last_event_is_stale_leaves_none_of_them(store: LogStore) -> None:
    (outcome,) = store.append([write(ONE, 1, 2, 4)])
    assert outcome == Stale()
    assert (store.head().stored, store.stream(ONE)) == (0, [])


@pytest.mark.parametrize("versions", [(2,), (0,), (1, 1), (2, 1), (1, 3)])
def test_versions_begin_at_one_and_follow_each_other(
    store: LogStore, versions: tuple[int, ...]
) -> None:
    (outcome,) = store.append([write(ONE, *versions)])
    assert outcome == Stale()


def test_a_version_is_written_once(store: LogStore) -> None:
    first, second = store.append([write(ONE), write(ONE)])
    assert positions([first]) == [1]
    assert second == Stale()
    (third,) = store.append([write(ONE)])
    assert third == Stale()


def test_a_write_that_read_a_stream_is_stale_once_it_moved(store: LogStore) -> None:
    store.append([write(ONE)])
    assert positions(store.append([write(reads=((ONE, 1), (TWO, 0)))])) == [2]
    before, moved, after = store.append(
        [write(reads=((ONE, 1),)), write(ONE, 2), write(reads=((ONE, 1),))]
    )
    assert positions([before, moved]) == [3, 4]
    assert after == Stale()


def test_a_write_that_counted_people_is_stale_once_one_came(store: LogStore) -> None:
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
    assert positions(store.append([write(groups=(("role/investor", 3),))])) == [4]


def test_a_name_is_taken_for_ever(store: LogStore) -> None:
    claim = (("kid/a", ONE),)
    first, same_batch = store.append([write(claims=claim), write(claims=claim)])
    (later,) = store.append([write(claims=(("kid/a", TWO),))])
    assert positions([first]) == [1]
    assert same_batch == later == Taken("kid/a")
    assert owner(store, "kid/a") == ONE
    assert owner(store, "kid/b") is None
    assert store.head().stored == 1


# --- exactly once --------------------------------------------------------------------------------


def test_a_repeated_write_is_answered_as_the_first_and_writes_nothing(store: LogStore) -> None:
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


def test_a_write_repeated_in_its_own_batch_is_written_once(store: LogStore) -> None:
    once = write(ONE, answer=b'{"a":1}')
    assert store.append([once, once, write(), once]) == [
        Receipt(position=1, answer=b'{"a":1}', count=1, at_ms=AT_MS),
        Receipt(position=1, answer=b'{"a":1}', count=1, repeated=True),
        Receipt(position=2, answer=b"{}", count=1, at_ms=AT_MS),
        Receipt(position=1, answer=b'{"a":1}', count=1, repeated=True),
    ]


def test_a_refused_write_may_be_sent_again(store: LogStore) -> None:
    early = write(ONE, 2)
    (outcome,) = store.append([early])
    assert outcome == Stale()
    assert store.load([Needs(key=early.key)])[0].receipt is None
    store.append([write(ONE)])
    assert positions(store.append([early])) == [2]


# --- times ---------------------------------------------------------------------------------------


def test_times_never_decrease_and_the_leaf_is_of_the_time_that_is_stored(store: LogStore) -> None:
    later, earlier = stored(ONE, 1, state_at(LATER)), stored(TWO, 1, state_at(EARLIER))
    _, second = store.append([write(events=(later,)), write(events=(earlier,))])
    assert isinstance(second, Receipt)
    assert second.at_ms == LATER_MS
    (third,) = store.append([write()])
    assert isinstance(third, Receipt)
    assert (third.at_ms, store.head().at_ms) == (LATER_MS, LATER_MS)
    assert [state for _, state in store.read(0, 9)] == [state_at(LATER)] * 3
    with closing(store.tree()) as tree:
        claimed = [leaf.claimed for leaf in tree.leaves(0, 9)]
    assert claimed == [leaf_hash(state_at(LATER))] * 3


def test_a_decision_that_no_longer_holds_at_the_newest_time_is_stale(store: LogStore) -> None:
    store.append([write(events=(stored(ONE, 1, state_at(LATER)),))])
    ended = write(until_ms=LATER_MS)
    assert store.append([ended]) == [Stale()]
    (receipt,) = store.append([msgspec.structs.replace(ended, until_ms=LATER_MS + 1)])
    assert isinstance(receipt, Receipt)


def test_the_events_of_one_write_have_one_time(store: LogStore) -> None:
    events = (stored(ONE, 1, state_at(AT)), stored(ONE, 2, state_at(LATER)))
    store.append([write(events=events)])
    assert [state for _, state in store.read(0, 9)] == [state_at(LATER)] * 2


# --- what is not known, and what is not this log any more -----------------------------------------


@pytest.mark.parametrize("stores", [True, False])
def test_a_commit_that_may_have_failed_is_tried_again_and_stores_once(
    engine: Engine, store: LogStore, monkeypatch: pytest.MonkeyPatch, stores: bool
) -> None:
    engine.fail_commits(monkeypatch, 1, stores=stores)
    (result,) = store.append([write(ONE)])
    assert require_stored(result).position == 1
    assert (store.head().stored, len(store.stream(ONE))) == (1, 1)


@pytest.mark.parametrize("stores", [True, False])
def test_what_stays_unknown_is_said_to_be_and_the_same_request_tells(
    engine: Engine, store: LogStore, monkeypatch: pytest.MonkeyPatch, stores: bool
) -> None:
    sent = write(ONE)
    with monkeypatch.context() as patch:
        engine.fail_commits(patch, 1_000, stores=stores)
        (result,) = store.append([sent])
    assert isinstance(result, Unknown)
    with refused(UnavailableError, "outcome_unknown"):
        require_stored(result)
    (again,) = store.append([sent])
    assert isinstance(again, Receipt)
    assert (again.position, again.repeated) == (1, stores)
    assert store.head().stored == 1


def test_a_process_of_an_earlier_epoch_appends_nothing(
    engine: Engine, store: LogStore, data: Path
) -> None:
    first = write(ONE)
    store.append([first])
    engine.raise_epoch(data)
    (result, repeated) = store.append([write(), first])
    assert result == EpochMoved(1)
    assert isinstance(repeated, Receipt)  # what is stored is stored
    with refused(UnavailableError, "epoch_moved"):
        require_stored(result)
    with closing(engine.open_log(data)) as later:
        assert later.head().epoch == 1
        assert isinstance(later.append([write()])[0], Receipt)


def test_a_log_that_lacks_what_this_process_stored_takes_nothing(
    engine: Engine, store: LogStore, data: Path
) -> None:
    store.append([write(), write()])
    engine.forget_newest(data)
    (result,) = store.append([write()])
    assert result == RolledBack(2)
    with refused(UnavailableError, "log_rolled_back"):
        require_stored(result)


def test_after_the_event_that_freezes_the_log_only_repetitions_are_answered(
    store: LogStore,
) -> None:
    first = write(ONE, answer=b"first")
    store.append([first])
    freezing, same_batch = store.append([write(claims=((FROZEN, TWO),)), write()])
    assert isinstance(freezing, Receipt)
    later, repeated = store.append([write(), first])
    assert same_batch == later == Frozen()
    assert isinstance(repeated, Receipt)
    assert (repeated.position, repeated.answer) == (1, b"first")


def test_everything_that_is_acknowledged_is_sealed(store: LogStore) -> None:
    assert store.seal() == 0
    store.append([write(), write()])
    assert (store.head().sealed, store.seal()) == (2, 2)
