"""What a process knows of the log, while loads, commits and evictions cross each other."""

from uuid import UUID

import pytest

from ledger.commands import known
from ledger.commands.known import KnownLog, Reads
from ledger.domain.charter import STREAM
from ledger.domain.events import UserRegistered
from ledger.domain.person import Person
from ledger.store.log import EVENTS
from ledger.store.ports.log import Facts, Head
from tests.support.every_event import every_type

CHARTER = [EVENTS.to_stored_event(each) for each in every_type().events if each.stream == STREAM]


def facts(*events: int) -> Facts:
    """Return a load that brings these of the charter's events."""
    head = Head(stored=9, sealed=9, epoch=0, at_ms=0)
    return Facts(head, {STREAM: tuple(CHARTER[each] for each in events)}, {}, {})


def version(seen: KnownLog) -> int:
    state = seen.state(STREAM)
    return 0 if state is None else state.version


def test_a_state_that_was_dropped_during_its_load_is_continued(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen, reads = KnownLog(), Reads(streams={STREAM})
    seen.learn(facts(0), {})
    before = seen.states(reads.streams)
    assert reads.needs(b"", before).streams == ((STREAM, 1),)
    monkeypatch.setattr(known, "CACHED_STREAMS", 1)
    state = seen.state(STREAM)
    assert state is not None
    seen.keep(UUID(int=5), state)  # drops the charter
    assert version(seen) == 0
    seen.learn(facts(1), before)
    assert version(seen) == 2


def test_a_load_that_brings_what_a_commit_brought_before_changes_nothing() -> None:
    seen = KnownLog()
    seen.learn(facts(0), {})
    before = seen.states([STREAM])
    seen.learn(facts(1), before)
    newest = seen.state(STREAM)
    seen.learn(facts(1), before)
    assert seen.state(STREAM) == newest
    seen.learn(facts(0, 1), {})
    assert seen.state(STREAM) == newest


def test_nothing_is_known_of_a_stream_that_does_not_exist() -> None:
    seen = KnownLog()
    seen.learn(facts(), {})
    assert (seen.state(STREAM), seen.states([STREAM])) == (None, {})


def test_a_new_loss_forgets_people_whose_later_events_were_folded_without_it() -> None:
    seen, head = KnownLog(), Head(stored=9, sealed=9, epoch=0, at_ms=0)
    dave = next(e.stream for e in every_type().events if isinstance(e.body, UserRegistered))
    mine = [EVENTS.to_stored_event(each) for each in every_type().events if each.stream == dave]
    seen.learn(Facts(head, {dave: tuple(mine)}, {}, {}), {})
    assert seen.state(dave) is not None
    seen.learn(Facts(head, {STREAM: tuple(CHARTER)}, {}, {}), {})
    assert seen.state(dave) is None
    seen.learn(Facts(head, {dave: tuple(mine)}, {}, {}), {})
    state = seen.state(dave)
    assert isinstance(state, Person)
    assert [key.unaffirmed for key in state.keys.values()] == [False]
    assert state.accepted
