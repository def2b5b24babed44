"""What events declare of themselves, and what is derived from it."""

from typing import get_args
from uuid import UUID

import msgspec
import pytest

from ledger.domain import events
from ledger.domain.events import (
    BODIES,
    TAKEN,
    Event,
    EvidenceMember,
    Explained,
    UserRegistered,
    kid_of,
    signature_of,
)
from tests.golden.make import events_of_every_type

ALICE = "00000000-0000-0000-0000-000000000001"
DAVE = "00000000-0000-0000-0000-000000000004"
EVERY = events_of_every_type()
EFFECTS = ("change", "version")  # the actors of what nobody signs


def last(tag: str) -> Event:
    return [each for each in EVERY if tag == each.body.TAG][-1]


def test_every_class_of_an_event_is_in_the_union_of_all() -> None:
    assert {*Explained.__subclasses__()} == {*BODIES.values()}


@pytest.mark.parametrize("tag", BODIES)
def test_a_declaration_names_fields_that_its_class_has(tag: str) -> None:
    kind, meaning = BODIES[tag], last(tag).body.MEANING
    fields = {field.name for field in msgspec.structs.fields(kind)}
    named = {*meaning.evidence, meaning.actor, meaning.words.about, meaning.words.detail}
    assert named - {"ledger", "owner", "version", "stream", None} <= fields


@pytest.mark.parametrize("tag", BODIES)
def test_no_field_that_proves_something_is_left_out_of_the_evidence(tag: str) -> None:
    fields = {field.name for field in msgspec.structs.fields(BODIES[tag])}
    if tag == "ledger-created.v1":  # here `registration` is who may register
        fields.remove("registration")
    assert {*last(tag).body.MEANING.evidence} == fields & {*get_args(EvidenceMember)}


@pytest.mark.parametrize("tag", BODIES)
def test_an_event_of_another_person_depends_on_that_persons_stream(tag: str) -> None:
    meaning = last(tag).body.MEANING
    assert ("actor" in meaning.depends_on) == (meaning.actor not in ("ledger", "owner", *EFFECTS))


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("ledger-created.v1", None),
        ("log-keys-announced.v1", None),
        ("log-keys-retired.v1", None),
        ("heads-key-replaced.v1", None),
        ("log-frozen.v1", None),
        ("invitation-issued.v1", None),
        ("user-registered.v1", "00000000-0000-0000-0000-000000000005"),
        ("passkey-added.v1", DAVE),
        ("passkey-removed.v1", ALICE),
        ("key-attested.v1", "00000000-0000-0000-0000-000000000003"),
        ("key-revoked.v1", "00000000-0000-0000-0000-000000000002"),
        ("role-granted.v1", None),
        ("statement-drafted.v1", "00000000-0000-0000-0000-000000000004"),
        ("statement-signed.v1", "00000000-0000-0000-0000-000000000003"),
        ("statement-rejected.v1", "00000000-0000-0000-0000-000000000003"),
        ("approval-retracted.v1", ALICE),
        ("statement-used.v1", "00000000-0000-0000-0000-000000000002"),
        ("outcome-reported.v1", "00000000-0000-0000-0000-000000000002"),
        ("statement-superseded.v1", None),
        ("statement-withdrawn.v1", ALICE),
        ("statement-withdrawn-by-change.v1", None),
    ],
)
def test_who_acted_is_the_person_that_the_event_names_or_the_ledger(
    tag: str, expected: str | None
) -> None:
    assert events.actor(last(tag)) == expected


def test_an_approval_is_proved_by_its_jws_and_everything_else_by_an_act() -> None:
    for event in EVERY:
        body = event.body
        match body:
            case events.StatementSigned():
                assert signature_of(body) == body.jws
            case (
                events.UserRegistered()
                | events.UserNamed()
                | events.KeyAttested()
                | events.ServiceAccountAdded()
            ):
                assert signature_of(body) == ""
            case events.PasskeyAdded():
                assert signature_of(body) == (body.act or "")
            case _ if body.MEANING.actor in EFFECTS:
                assert signature_of(body) == ""
            case _:
                assert signature_of(body) == getattr(body, "act")  # noqa: B009  # of each other class


def test_the_kid_is_that_of_the_key_that_signed_and_not_of_the_key_that_is_revoked() -> None:
    revoked = last("key-revoked.v1").body
    assert isinstance(revoked, events.KeyRevoked)
    assert kid_of(revoked) == revoked.by_kid
    attested = last("key-attested.v1").body
    assert isinstance(attested, events.KeyAttested)
    assert kid_of(attested) == attested.kid
    registered = last("user-registered.v1").body
    assert kid_of(registered) == ""


def test_a_name_is_claimed_only_where_its_member_is_there() -> None:
    stream = UUID(ALICE)
    alone = UserRegistered(ALICE, "creator")
    invited = msgspec.structs.replace(alone, invitation="setup")
    at = "2026-11-21T03:04:05.678Z"
    assert events.claims(Event(stream, 1, at, alone)) == ()
    assert events.claims(Event(stream, 1, at, invited)) == ("used/setup",)


def test_each_value_of_a_member_with_several_is_a_name() -> None:
    named = events.UserNamed("Alice", ("a1", "b2"), "17.0.0")
    event = Event(UUID(ALICE), 4, "2026-11-21T03:04:05.678Z", named)
    assert events.claims(event) == ("name/a1", "name/b2")


def test_there_are_words_for_every_name_that_is_taken() -> None:
    claimed = {name.partition("/")[0] for event in EVERY for name in events.claims(event)}
    assert claimed == TAKEN.keys()
