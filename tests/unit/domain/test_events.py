"""Events: permanent tags, strict bodies, the names that they take for ever."""

import sqlite3
from contextlib import closing
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain import entry, events
from ledger.domain.events import BODIES, Event, KeyRevoked, RoleEnded, RoleGranted, UserRegistered
from ledger.encoding import sha256_hex
from ledger.errors import CorruptError
from projections import facts
from tests.golden.make import events_of_every_type
from tests.support.examples import FEW
from tests.support.refusals import refused

STREAM = UUID("7d3c2a52-1f6a-4a52-8b39-0d5c53a4f001")
AT = "2026-11-21T03:04:05.678Z"
GRANTED = RoleGranted(change="c", role="auditor")
BODY = b'{"change":"c","role":"auditor"}'
BY_TAG = {event.body.TAG: event for event in events_of_every_type()}


def stored(body: bytes, tag: str = "role-granted.v1") -> bytes:
    return entry.seal(at=AT, seq=4, stream=STREAM, tag=tag, body=body, salt=bytes(32))


def test_an_event_is_stored_under_its_tag_version_and_time() -> None:
    event = Event(stream=STREAM, version=4, at=AT, body=GRANTED)
    assert events.encode(event, salt=bytes(32)) == stored(BODY)
    assert events.decode(stored(BODY)) == event


def test_the_library_knows_an_events_place_by_its_own_names() -> None:
    event = Event(stream=STREAM, version=4, at=AT, body=GRANTED)
    assert (event.originator_id, event.originator_version) == (STREAM, 4)


@pytest.mark.parametrize("tag", ["", "role-granted", "role-granted.v2", "Role-Granted.v1", "x.v1"])
def test_an_unknown_tag_is_refused(tag: str) -> None:
    with refused(CorruptError, "event_unknown"):
        events.decode(stored(BODY, tag))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"null",
        b"\xff",
        BODY[:-1],
        BODY + b"}",
        BODY.replace(b'"c"', b'"\xff"'),
        BODY.replace(b'"c"', b"7"),
        BODY.replace(b'"c"', b"null"),
        BODY.replace(b'"change":"c"', b'"change":"c","more":1'),
        BODY.replace(b'"change":"c",', b""),
        b"[" * 100_000,
    ],
    ids=range(12),
)
def test_a_malformed_body_is_refused(body: bytes) -> None:
    with refused(CorruptError, "event_malformed"):
        events.decode(stored(body))


@pytest.mark.parametrize(
    "body",
    [
        BODY.replace(b'"change":"c"', b'"change":"c","change":"c"'),
        BODY.replace(b'"change":"c"', b'"change":"x","change":"c"'),
        BODY.replace(b'"change"', b'"\\u0063hange"'),
        BODY.replace(b":", b": "),
        BODY + b"\n",
        b'{"role":"auditor","change":"c"}',
    ],
    ids=["twice", "two values", "escaped", "spaces", "a newline", "another order"],
)
def test_a_body_in_another_form_is_refused(body: bytes) -> None:
    with refused(CorruptError, "event_malformed"):
        events.decode(stored(body))


@pytest.mark.parametrize("number", [2**53, -(2**53), 10**21])
def test_a_number_that_javascript_would_change_is_refused(number: int) -> None:
    stored_event = events.encode(BY_TAG["passkey-added.v1"], salt=bytes(32))
    _, _, body = entry.split(stored_event)
    assert body.count(b'"signCount":1,') == 1
    other = body.replace(b'"signCount":1,', b'"signCount":%d,' % number)
    with refused(CorruptError, "event_malformed"):
        events.decode(stored(other, "passkey-added.v1"))


@pytest.mark.parametrize(
    ("tag", "member", "word", "foreign"),
    [
        ("ledger-created.v1", "registration", "open", "closed"),
        ("ledger-created.v1", "registration", "open", "Open"),
        ("statement-signed.v1", "form", "shared", "oral"),
        ("statement-signed.v1", "status", "pending", "blessed"),
        ("statement-signed.v1", "status", "pending", ""),
        ("statement-rejected.v1", "status", "pending", "superceded"),
    ],
)
def test_a_word_outside_its_closed_set_is_refused_by_the_log_and_by_the_views(
    tag: str, member: str, word: str, foreign: str
) -> None:
    body = msgspec.to_builtins(BY_TAG[tag].body) | {member: word}
    good, bad = (
        entry.seal(
            at=AT, seq=1, stream=STREAM, tag=tag, body=msgspec.json.encode(each), salt=bytes(32)
        )
        for each in (body, body | {member: foreign})
    )
    assert getattr(events.decode(good).body, member) == word
    with refused(CorruptError, "event_malformed"):
        events.decode(bad)
    with closing(sqlite3.connect(":memory:")) as db, refused(CorruptError, "event_malformed"):
        facts.decode(db, facts.Streams(), [(1, bad)])


@FEW
@given(st.sampled_from(sorted(BODIES)), st.binary(max_size=40))
def test_garbage_is_no_body_of_any_event(tag: str, body: bytes) -> None:
    with refused(CorruptError, "event_malformed"):
        events.decode(stored(body, tag))


@FEW
@given(st.sampled_from(sorted(BODIES)), st.integers(min_value=0))
def test_one_changed_bit_decodes_to_another_event_or_none(tag: str, bit: int) -> None:
    good = events.encode(BY_TAG[tag], salt=bytes(32))
    bad = bytearray(good)
    bad[bit // 8 % len(bad)] ^= 1 << bit % 8
    try:
        event = events.decode(bytes(bad))
        raw, salt, body = entry.split(bytes(bad))
        entry.check_commitment(entry.parse_entry(raw), salt, body)
    except CorruptError:
        return
    assert event != BY_TAG[tag]


@FEW
@given(st.sampled_from(sorted(BODIES)), st.integers(0, 4000))
def test_a_truncated_event_is_refused(tag: str, end: int) -> None:
    good = events.encode(BY_TAG[tag], salt=bytes(32))
    with pytest.raises(CorruptError):
        events.decode(good[: min(end, len(good) - 1)])


@pytest.mark.parametrize(
    ("tag", "names"),
    [
        ("statement-drafted.v1", ()),
        ("statement-signed.v1", ()),
        ("statement-rejected.v1", ()),
        ("approval-retracted.v1", ()),
        ("statement-withdrawn.v1", ()),
    ],
)
def test_these_events_take_no_names(tag: str, names: tuple[str, ...]) -> None:
    assert events.claims(BY_TAG[tag]) == names


def test_a_registration_takes_its_invitation_and_joins_its_role() -> None:
    invited = UserRegistered(str(STREAM), "investor", "i")
    uninvited = UserRegistered(str(STREAM), "creator")
    by_invitation = Event(stream=STREAM, version=1, at=AT, body=invited)
    by_choice = Event(stream=STREAM, version=1, at=AT, body=uninvited)
    assert (events.claims(by_invitation), events.memberships([by_invitation])) == (
        ("used/i",),
        {("role/investor", STREAM): True},
    )
    assert (events.claims(by_choice), events.memberships([by_choice])) == (
        (),
        {("role/creator", STREAM): True},
    )


def test_a_grant_joins_its_role_and_the_roles_end_leaves_it() -> None:
    granted = Event(stream=STREAM, version=4, at=AT, body=GRANTED)
    ended = Event(stream=STREAM, version=5, at=AT, body=RoleEnded(change="c", role="auditor"))
    assert events.memberships([granted]) == {("role/auditor", STREAM): True}
    assert events.memberships([ended]) == {("role/auditor", STREAM): False}


def test_of_one_write_the_last_join_or_leave_counts() -> None:
    granted = Event(stream=STREAM, version=4, at=AT, body=GRANTED)
    ended = Event(stream=STREAM, version=5, at=AT, body=RoleEnded(change="c", role="auditor"))
    assert events.memberships([granted, ended]) == {("role/auditor", STREAM): False}
    assert events.memberships([ended, granted]) == {("role/auditor", STREAM): True}


@pytest.mark.parametrize(
    "tag",
    [
        "ledger-created.v1",
        "log-keys-announced.v1",
        "log-keys-retired.v1",
        "heads-key-replaced.v1",
        "ledger-restored.v1",
        "log-frozen.v1",
        "passkey-removed.v1",
        "key-revoked.v1",
        "person-suspended.v1",
        "compromise-declared.v1",
        "recovery-codes-set.v1",
        "recovery-cancelled.v1",
    ],
)
def test_every_act_but_a_decision_takes_the_digest_of_what_was_signed(tag: str) -> None:
    event = BY_TAG[tag]
    signing_input, _, _ = getattr(event.body, "act").rpartition(".")  # noqa: B009  # each has one
    assert f"act/{sha256_hex(signing_input.encode())}" in events.claims(event)


REVOKED = KeyRevoked(kid="k", by_kid="k", act="h.p.s")


def test_another_signature_over_the_same_act_takes_the_same_name() -> None:
    other = msgspec.structs.replace(REVOKED, act="h.p.another")
    assert other.act_sha256 == REVOKED.act_sha256 == sha256_hex(b"h.p")


@pytest.mark.parametrize(
    ("tag", "kinds"),
    [
        ("ledger-created.v1", ["key-material", "key-material", "key-material", "act"]),
        ("log-keys-announced.v1", ["key-material", "key-material", "act"]),
        ("ledger-restored.v1", ["key-material", "key-material", "act"]),
        ("passkey-added.v1", ["credential", "key-material", "act"]),
        ("key-attested.v1", ["key-material", "kid"]),
        ("invitation-issued.v1", ["key-material", "invitation"]),
    ],
)
def test_keys_passkeys_and_invitations_take_their_names(tag: str, kinds: list[str]) -> None:
    names = events.claims(BY_TAG[tag])
    assert [name.partition("/")[0] for name in names] == kinds
    assert len(set(names)) == len(kinds)


def test_every_kind_of_name_has_its_own_refusal() -> None:
    assert {kind: code for kind, (code, _) in events.TAKEN.items()} == {
        "act": "act_known",
        "frozen": "ledger_frozen",
        "credential": "credential_known",
        "invitation": "invitation_known",
        "key-material": "key_known",
        "kid": "key_known",
        "name": "name_taken",
        "use": "used_up",
        "used": "invitation_used",
    }
