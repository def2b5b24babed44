"""A bundle with very many of one kind costs a verifier in proportion, not by the square.

Each test counts the lines of Python that run for so many and for four times as many.
"""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any
from uuid import UUID

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import clock
from ledger.domain import charter, person
from ledger.domain.charter import STREAM
from ledger.domain.entry import entry_hash
from ledger.domain.erasure import StatedErasure
from ledger.domain.events import (
    ApprovalRetracted,
    BodiesErased,
    Event,
    KeyAttested,
    KeyRevoked,
    LedgerCreated,
    LedgerRestored,
    Recorded,
    StatementDrafted,
    StatementSigned,
    UserNamed,
    UserRegistered,
)
from ledger.domain.ledger_acts import KeptTree
from ledger.domain.log_keys import require_new_keys
from ledger.errors import CorruptError
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.merkle import Edge
from ledger.tlog.vkeys import NoteSigner
from ledger.verify.auditor import Auditor
from ledger.verify.exhibits import exhibits
from ledger.verify.lost import compare_restored
from ledger.verify.report import VerifiedRestoration
from ledger.verify.tree import require_kept
from tests.support.every_event import every_type

FEW, TIMES = 260, 4  # more than a tile has
STORY = [Recorded(n, event) for n, event in enumerate(every_type().events, start=1)]


def first(kind: type[Any]) -> Recorded:
    return next(each for each in STORY if isinstance(each.event.body, kind))


def changed(recorded: Recorded, position: int, **members: Any) -> Recorded:
    event = recorded.event
    body = msgspec.structs.replace(event.body, **members)
    return Recorded(position, Event(event.stream, position, event.at, body))


def steps(work: Callable[[], object]) -> int:
    """Return how many lines run in this thread, each turn of a comprehension counted."""
    found = 0

    def trace(_: FrameType, what: str, __: object) -> Any:
        nonlocal found
        found += what == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return found


def restores(count: int) -> Callable[[], object]:
    example = first(LedgerRestored)
    entries = {n: b"%d" % n for n in range(count)}
    edge, found = Edge(), []
    for size in range(count):
        kept = KeptTree(size=size, root=edge.root().hex())
        found.append(changed(example, size + 1, kept=kept))
        edge, _ = edge.extend(entry_hash(entries[size]))
    return lambda: require_kept(entries, found)


def keys_of_a_person(count: int) -> Callable[[], object]:
    """Return the exhibits of a statement that so many keys of one person signed."""
    attested, signed, drafted = first(KeyAttested), first(StatementSigned), first(StatementDrafted)
    mine = [each for each in STORY if each.event.stream == attested.event.stream]
    statement = drafted.event.stream
    further = [changed(attested, 100 + n, kid=f"kid{n}") for n in range(count)]
    decisions = [
        Recorded(
            1_000 + n,
            Event(statement, n + 2, signed.event.at, changed(signed, 1, kid=f"kid{n}").event.body),
        )
        for n in range(count)
    ]
    founding = [each for each in STORY if each.event.stream == STREAM]
    return lambda: exhibits([*founding, *mine, *further, drafted, *decisions], [str(statement)])


def approvals_taken_back(count: int) -> Callable[[], object]:
    signed, retracted = first(StatementSigned), first(ApprovalRetracted)
    drafted = next(each for each in STORY if each.event.stream == signed.event.stream)
    stream = drafted.event.stream

    def one(position: int, example: Recorded, signer: str) -> Recorded:
        body = changed(example, 1, signer=signer).event.body
        return Recorded(position, Event(stream, position, example.event.at, body))

    decided = [one(n + 100, signed, f"user{n}") for n in range(count)]
    decided += [one(n + 100 + count, retracted, f"user{n}") for n in range(count)]
    return lambda: exhibits([drafted, *decided], [str(stream)])


def losses_with_acts_between(count: int) -> Callable[[], object]:
    """Return the work of so many losses, each with new log keys and an act of a person after it."""
    created, registered, named = first(LedgerCreated), first(UserRegistered), first(UserNamed)
    example = first(LedgerRestored)
    signers = [NoteSigner("o", Ed25519PrivateKey.generate()).key.vkey for _ in range(count + 1)]

    def work() -> None:
        rules = charter.evolve(None, created.event)
        member = person.evolve(None, registered.event)
        at_ms = clock.to_ms(example.event.at)
        for n in range(count):
            body = changed(example, 1, vkeys=(signers[n],), epoch=n + 1).event.body
            at = clock.to_text(at_ms + n)
            rules = charter.evolve(rules, Event(STREAM, n + 2, at, body))
            require_new_keys(rules, signers[n + 1 :][:1], "o")
            member = person.evolve(
                member, Event(registered.event.stream, n + 2, at, named.event.body), rules.losses
            )
            assert rules.stops(None, registered.event.at)
            assert member.lost_at == at

    return work


@pytest.mark.parametrize(
    "made", [restores, keys_of_a_person, approvals_taken_back, losses_with_acts_between]
)
def test_four_times_as_many_cost_about_four_times_as_much(
    made: Callable[[int], Callable[[], object]],
) -> None:
    few, many = steps(made(FEW)), steps(made(FEW * TIMES))
    assert few > FEW
    assert many < 1.5 * TIMES * few


def test_a_signer_whose_stream_is_no_persons_is_refused_and_ends_no_verifier() -> None:
    """The exhibits are computed before anything is decided."""
    attested, drafted = first(KeyAttested), first(StatementDrafted)
    mine = [each for each in STORY if each.event.stream == attested.event.stream]
    assert isinstance(attested.event.body, KeyAttested)
    signed = changed(first(StatementSigned), 1, kid=attested.event.body.kid).event
    statement = drafted.event.stream
    decided = Recorded(1_000, Event(statement, 2, signed.at, signed.body))
    founding = [each for each in STORY if each.event.stream == STREAM]
    begun = [*founding, drafted, decided]
    assert exhibits([*mine, *begun], [str(statement)])
    unknown = changed(first(KeyRevoked), 900, kid="nobody's").event
    revoked = Recorded(900, Event(attested.event.stream, 9, unknown.at, unknown.body))
    for broken in (mine[1:], [*mine, revoked]):
        with pytest.raises(CorruptError) as error:
            exhibits([*broken, *begun], [str(statement)])
        assert error.value.code == "event_misplaced"


def test_the_positions_that_an_erasure_states_are_looked_up_and_not_searched() -> None:
    body = msgspec.structs.replace(first(BodiesErased).event.body, positions=(3, 1, 2))
    assert isinstance(body, StatedErasure)
    auditor = Auditor()
    auditor.erasures = {UUID(int=9): body}
    assert auditor._erased_places(UUID(int=9)) == {1, 2, 3}
    assert auditor._erased_places(UUID(int=9)) is auditor._erased_places(UUID(int=9))
    assert auditor._erased_places(UUID(int=8)) == frozenset()


def test_a_receipt_is_compared_with_the_restores_after_its_own_origin() -> None:
    older = Checkpoint("a/3", 10, bytes(32))

    def restored(origin: str, kept: int) -> VerifiedRestoration:
        return VerifiedRestoration(
            position=1, at="", epoch=1, origin=origin, kept=kept, lost="unknown", reason=""
        )

    past = [restored(f"a/{n}", 1) for n in range(1, 4)]
    assert compare_restored(older, None, past) is None
    found = compare_restored(older, None, [*past, restored("a/4", 9)])
    assert found is not None
    assert found.outcome == "lost"
