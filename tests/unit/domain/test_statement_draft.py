"""Drafting, and folding a statement's stream."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from ledger import clock
from ledger.domain import drafting, statement
from ledger.domain.charter import STREAM
from ledger.domain.events import Event, RoleGranted, StatementDrafted, StatementWithdrawn
from ledger.errors import ConflictError, ForbiddenError, MalformedError, RefusedError
from tests.support.keys import ed25519_key, es256_key
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB, ERIN, Scene, user
from tests.support.signers import CHARTER, NOW_MS, TWO_OF_TWO, Signer

BOTH = Signer(6, "creator", "auditor")


def draft(
    raw: bytes, act: str | None = None, who: Signer = ALICE, **changes: Any
) -> StatementDrafted:
    body, _ = drafting.draft(
        raw,
        act or who.draft_act(raw),
        changes.get("person", who.person),
        charter=CHARTER,
        now_ms=changes.get("now_ms", NOW_MS),
    )
    return body


def test_a_creator_drafts_the_exact_bytes_they_signed_for() -> None:
    raw = ALICE.document(title="Ångström")
    act = ALICE.draft_act(raw)
    assert draft(raw, act) == StatementDrafted(
        document=raw.decode(),
        creator=ALICE.user,
        kid=ALICE.key.kid,
        act=act,
        ends_at="2027-12-26T03:04:05.678Z",  # 400 days later
        read_by="everyone",
        seen={str(STREAM): 1, ALICE.user: 3},
    )


def test_a_drafted_statement_is_pending_and_undecided() -> None:
    state = Scene().statement
    assert (state.id, state.version) == ("7d3c2a52-1f6a-4a52-8b39-0d5c53a4f001", 1)
    assert (state.creator, state.title, state.status) == (ALICE.user, "Series A", "pending")
    assert (state.approvals, state.rejections, state.decided) == ({}, {}, {})
    assert state.policy.of == ("role:creator", "role:investor")


@pytest.mark.parametrize("key", [es256_key(6)], ids=["ES256"])
def test_a_key_of_another_type_drafts_as_well(key: Any) -> None:
    raw = ALICE.document()
    body = draft(raw, Signer(1, key=key).draft_act(raw), person=ALICE.person_with(key))
    assert body.kid == key.kid


def test_a_creator_who_is_an_auditor_too_drafts() -> None:
    assert draft(BOTH.document(), who=BOTH).creator == BOTH.user


def test_only_a_creator_drafts() -> None:
    with refused(ForbiddenError, "creator_only"):
        draft(BOB.document(), who=BOB)


def test_nobody_drafts_in_anothers_name() -> None:
    with refused(RefusedError, "document_creator_mismatch"):
        draft(ALICE.document(creator=BOB.user))


def test_a_document_for_another_ledger_is_refused() -> None:
    with refused(RefusedError, "ledger_mismatch"):
        draft(ALICE.document(ledger="another.example/ledger"))


@pytest.mark.parametrize(
    "created", ["2026-11-21T02:59:05.677Z", "2026-11-21T03:09:05.679Z", "1970-01-01T00:00:00.000Z"]
)
def test_a_document_of_another_time_is_refused(created: str) -> None:
    with refused(RefusedError, "document_time_stale"):
        draft(ALICE.document(createdAt=created))


@pytest.mark.parametrize("created", ["2026-11-21T02:59:05.678Z", "2026-11-21T03:09:05.678Z"])
def test_a_document_is_taken_for_five_minutes_either_way(created: str) -> None:
    draft(ALICE.document(createdAt=created))


@pytest.mark.parametrize("ends", ["2026-11-21T03:04:05.678Z", "2025-01-01T00:00:00.000Z"])
def test_a_policy_whose_end_is_past_is_refused(ends: str) -> None:
    with refused(ConflictError, "statement_expired"):
        draft(ALICE.document(policy=TWO_OF_TWO | {"expiresAt": ends}))


@pytest.mark.parametrize(
    ("days", "ms", "code"),
    [(400, 0, None), (400, 1, "expires_too_late"), (4000, 0, "expires_too_late")],
)
def test_a_policy_ends_within_the_longest_wait(days: int, ms: int, code: str | None) -> None:
    ends = clock.to_text(NOW_MS + days * 86_400_000 + ms)
    raw = ALICE.document(policy=TWO_OF_TWO | {"expiresAt": ends})
    if code is None:
        draft(raw)
        return
    with refused(ConflictError, code):
        draft(raw)


def test_who_waits_too_long_is_told_the_longest_wait_as_a_number() -> None:
    """Its digits have no marks: 9,600 is less than ten in some languages."""
    ends = clock.to_text(NOW_MS + 4000 * 86_400_000)
    with pytest.raises(ConflictError, match="9,600 hours") as refusal:
        draft(ALICE.document(policy=TWO_OF_TWO | {"expiresAt": ends}))
    assert refusal.value.evidence == {"hours": 9600}


@pytest.mark.parametrize(
    "members",
    [
        {"sha256": "0" * 64},
        {"sha256": ""},
        {"statementId": "7d3c2a52-1f6a-4a52-8b39-0d5c53a4f002"},
        {"act": "withdraw"},
        {"act": "reject", "reason": "Not enough."},
    ],
    ids=str,
)
def test_an_act_for_another_document_drafts_none(members: dict[str, Any]) -> None:
    raw = ALICE.document()
    with refused(RefusedError, "act_mismatch"):
        draft(raw, ALICE.draft_act(raw, **members))


def test_one_changed_byte_is_another_document() -> None:
    raw = ALICE.document()
    with refused(RefusedError, "act_mismatch"):
        draft(raw.replace(b"1000000", b"1000001"), ALICE.draft_act(raw))


def test_a_stale_act_drafts_nothing() -> None:
    raw = ALICE.document()
    with refused(RefusedError, "iat_stale"):
        draft(raw, ALICE.draft_act(raw, iat=NOW_MS // 1000 - 301))


def test_an_approval_drafts_nothing() -> None:
    raw = ALICE.document()
    with refused(RefusedError, "jws_typ_mismatch"):
        draft(raw, ALICE.shared(raw))


def test_a_revoked_key_drafts_nothing() -> None:
    person = ALICE.person_with(ALICE.key, revoked=(ALICE.key.kid,))
    with refused(RefusedError, "key_revoked"):
        draft(ALICE.document(), person=person)


def test_somebody_elses_key_drafts_nothing() -> None:
    raw = ALICE.document()
    with refused(RefusedError, "key_unknown"):
        draft(raw, BOB.draft_act(raw))


def test_a_forged_act_drafts_nothing() -> None:
    raw = ALICE.document()
    forger = Signer(1, key=ed25519_key(99))
    forged = forger.draft_act(raw)
    with refused(RefusedError, "key_unknown"):
        draft(raw, forged)


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ({"threshold": 0, "of": ["role:investor"]}, "policy_invalid"),
        ({"threshold": 257, "of": ["role:investor"]}, "policy_too_complex"),
        ({"threshold": 1, "of": ["role:king"]}, "policy_invalid"),
        ({"threshold": 2, "of": [user(BOB)]}, "policy_impossible"),
        ({"threshold": 1, "of": [user(ALICE)], "creatorMaySign": False}, "policy_impossible"),
    ],
)
def test_a_policy_that_nobody_can_meet_is_refused(policy: Any, code: str) -> None:
    with refused(MalformedError, code):
        draft(ALICE.document(policy=policy))


# --- whether today's people could meet it --------------------------------------------------------

PEOPLE = {ALICE.user: {"creator"}, BOB.user: {"investor"}, ERIN.user: {"auditor"}}


@pytest.mark.parametrize(
    ("policy", "satisfiable"),
    [
        (TWO_OF_TWO, True),
        ({"threshold": 2, "of": ["role:investor"]}, False),
        ({"threshold": 1, "of": ["role:administrator"]}, False),
        ({"threshold": 2, "of": [user(ALICE), user(BOB)]}, True),
        ({"threshold": 1, "of": ["user:00000000-0000-4000-8000-000000000099"]}, False),
        ({"threshold": 1, "of": [user(ERIN)]}, False),
        (TWO_OF_TWO | {"creatorMaySign": False}, False),
    ],
    ids=range(7),
)
def test_a_draft_warns_of_what_todays_people_cannot_meet(policy: Any, *, satisfiable: bool) -> None:
    raw = ALICE.document(policy=policy)
    _, document = drafting.draft(
        raw, ALICE.draft_act(raw), ALICE.person, charter=CHARTER, now_ms=NOW_MS
    )
    assert drafting.satisfiable(document, PEOPLE) is satisfiable


# --- expiry and folding --------------------------------------------------------------------------


def test_a_pending_statement_expires_by_the_clock_alone() -> None:
    ends = "2026-11-22T00:00:00.000Z"
    scene = Scene(TWO_OF_TWO | {"expiresAt": ends})
    end_ms = 1_795_305_600_000
    assert scene.statement.status_at(end_ms - 1) == "pending"
    assert scene.statement.status_at(end_ms) == "expired"
    for status in ("approved", "rejected", "withdrawn"):
        ended = msgspec.structs.replace(scene.statement, status=status)
        assert ended.status_at(end_ms) == status


def test_a_statement_without_an_end_expires_400_days_after_its_draft() -> None:
    scene = Scene()
    end_ms = NOW_MS + 400 * 86_400_000
    assert scene.statement.status_at(end_ms - 1) == "pending"
    assert scene.statement.status_at(end_ms) == "expired"


def test_a_stream_that_begins_otherwise_is_impossible() -> None:
    body = StatementWithdrawn(signer="", kid="", act="")
    with pytest.raises(AssertionError):
        statement.evolve(None, Event(UUID(int=1), 1, "", body))


def test_another_streams_event_is_impossible() -> None:
    body = RoleGranted("change", "auditor")
    with pytest.raises(AssertionError):
        statement.evolve(Scene().statement, Event(UUID(int=1), 2, "", body))
