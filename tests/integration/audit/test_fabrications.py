"""An attacker who adds events that never happened: what came before them says otherwise."""

import json
from typing import Any
from uuid import UUID

import msgspec
import pytest

from ledger import clock
from ledger.domain import charter
from ledger.domain.drafting import draft
from ledger.domain.events import (
    Event,
    LedgerCreated,
    StatementDrafted,
    StatementSigned,
    UserNamed,
    UserRegistered,
)
from ledger.verify.auditor import AuditError
from tests.support.chronicle import Chronicle
from tests.support.event_names import positions
from tests.support.every_event import every_type
from tests.support.forgery import refusal, resealed, sealed
from tests.support.heads import HEADS, HEADS_JWK
from tests.support.links import link_jwk, link_key
from tests.support.signers import CHARTER, Clock, Signer
from tests.support.versions import version_of_nothing

STORY = every_type()
STATES, EVENTS = STORY.states, STORY.events
NEXT = len(STATES) + 1
AT = positions(STORY)
DRAFT = AT["statement-3 statement-drafted"]
CAROL_JOINS = AT["carol user-registered"]
ALICE, BOB, CAROL = (str(UUID(int=number)) for number in (1, 2, 3))


def told(event: Event) -> Any:
    return refusal([*STATES, sealed(event)])


def test_an_approval_by_a_key_that_nobody_attested_is_refused() -> None:
    raw = EVENTS[DRAFT - 1].body.document.encode()  # type: ignore[union-attr]  # a draft
    mallory = Signer(66, "investor")
    body = StatementSigned(
        signer=BOB,
        kid=mallory.key.kid,
        roles=("investor",),
        form="shared",
        iat=1,
        status="pending",
        jws=mallory.shared(raw),
    )
    assert told(Event(EVENTS[DRAFT - 1].stream, 4, "2026-11-21T03:05:00.000Z", body)) == (
        NEXT,
        "KeyError",
    )


def test_a_person_registered_twice_is_refused() -> None:
    again = UserRegistered(CAROL, "creator")
    assert told(Event(UUID(CAROL), 5, str(STORY.time), again)) == (NEXT, "event_misplaced")


def test_two_people_whose_names_look_alike_are_refused() -> None:
    story = Chronicle()
    story.found()
    story.register(story.signer(1, "creator"), "Alice")
    with pytest.raises(AuditError) as second:
        story.register(story.signer(2, "creator"), "ALlCE")
    assert getattr(second.value.__cause__, "code", None) == "claimed_twice"


def test_a_name_whose_skeletons_are_by_other_tables_is_accepted() -> None:
    """A log stays verifiable though later tables find other names alike."""
    body = {"name_skeletons": ("0" * 64,), "unicode": "99.0.0"}
    position = next(n for n, each in enumerate(EVENTS) if isinstance(each.body, UserNamed))
    states = [*STATES]
    states[position] = resealed(states[position], body=body)
    assert refusal(states) is None


def test_a_statement_drafted_twice_is_refused() -> None:
    """Or a creator and a server could make approvals of the first draft disappear."""
    story = Chronicle()
    story.found()
    alice = story.signer(1, "creator")
    story.register(alice, "Alice")
    raw = story.draft(alice, 1)
    story.sign(alice, alice.shared(raw), raw)
    with pytest.raises(AuditError) as caught:
        story.draft(alice, 1, title="Series B")
    assert caught.value.evidence == {"position": 8}
    assert str(caught.value.__cause__).startswith("event_misplaced")


def test_a_second_founding_is_refused() -> None:
    second = msgspec.structs.replace(EVENTS[0], version=3)
    assert told(second) == (NEXT, "ledger_founded_twice")


def test_a_ledger_that_mallory_founded_is_another_ledger() -> None:
    first = Clock(clock.to_ms(EVENTS[0].at))
    mallory = Signer(66, time=first)
    mallory.ledger = "mallory.example/ledger"
    rules: dict[str, Any] = {
        "rpId": "localhost",
        "origin": "http://localhost:8000",
        "registration": "open",
    }
    act = mallory.act("create-ledger", **rules, setup=link_jwk("setup"), heads=HEADS_JWK)
    unsigned = LedgerCreated(
        mallory.ledger,
        rules["origin"],
        "localhost",
        "open",
        mallory.key.jwk,
        "",
        link_key("setup").jwk,
        HEADS,
    )
    body = charter.create(act, unsigned, now_ms=first.ms)
    founding = sealed(Event(charter.STREAM, 1, str(first), body))
    assert refusal([founding]) is None
    # Carol's registration needs no invitation; her passkey was made for this ledger and no other.
    registration = STATES[CAROL_JOINS - 1 : CAROL_JOINS + 2]
    assert refusal([founding, *registration]) == (3, "passkey_registration_refused")


def test_a_registration_is_not_interrupted() -> None:
    before, after = STATES[:CAROL_JOINS], STATES[CAROL_JOINS:]
    torn = [*before, STATES[AT["statement-1 statement-drafted"] - 1], *after]
    assert refusal(torn) == (CAROL_JOINS + 1, "registration_torn")


def test_a_statement_does_not_take_a_persons_stream() -> None:
    story = Chronicle()
    story.found()
    alice = story.signer(1, "creator")
    story.register(alice, "Alice")
    raw = alice.document(statementId=ALICE)
    body, _ = draft(
        raw,
        alice.draft_act(raw),
        story.auditor.people[UUID(ALICE)],
        charter=story.auditor.charter or CHARTER,
        now_ms=story.time.ms,
    )
    assert isinstance(body, StatementDrafted)
    event = Event(UUID(ALICE), 1, str(story.time), body)
    assert refusal([*story.states, sealed(event)]) == (6, "event_misplaced")


def test_names_are_taken_once() -> None:
    story = Chronicle()
    story.found()
    dave, alice = story.signer(4, "administrator"), story.signer(1, "creator")
    story.register(dave, "Dave", "setup")
    story.register(alice, "Alice")
    first = "0f0f0f0f-0000-4000-8000-000000000001"
    story.invite(dave, 101, "investor", first)
    with pytest.raises(AuditError) as same_key:
        story.attest(alice, dave.key)
    assert getattr(same_key.value.__cause__, "code", None) == "key_shared"
    story.register(story.signer(5, "investor"), "Eve", first)
    with pytest.raises(AuditError) as used:
        story.register(story.signer(6, "investor"), "Frank", first)
    assert getattr(used.value.__cause__, "code", None) == "claimed_twice"


def test_a_statement_supersedes_one_that_is_there() -> None:
    story = Chronicle()
    story.found()
    alice = story.signer(1, "creator")
    story.register(alice, "Alice")
    body = version_of_nothing(alice, story.auditor.people[UUID(alice.user)], story.time.ms)
    with pytest.raises(AuditError) as caught:
        story.tell(json.loads(body.document)["statementId"], body)
    assert getattr(caught.value.__cause__, "code", None) == "statement_unknown"
