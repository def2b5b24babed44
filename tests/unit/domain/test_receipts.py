"""A request's key and its answer follow from the events alone.

The keys are stored, and a retry is recognised by them: what is hashed is written out here.
"""

import hashlib
import json
from typing import Any
from uuid import UUID

import msgspec
import pytest

from ledger.domain import receipts
from ledger.domain.events import (
    ApprovalRetracted,
    Body,
    CharterSet,
    Event,
    GovernanceSet,
    HeadsKeyReplaced,
    InvitationCancelled,
    InvitationIssued,
    KeyAttested,
    KeyRevoked,
    LedgerCreated,
    LogFrozen,
    LogKeysAnnounced,
    LogKeysRetired,
    OutcomeReported,
    PasskeyAdded,
    PasskeyRemoved,
    RoleClosed,
    RoleDefined,
    RoleEnded,
    RoleGranted,
    StandingSet,
    StatementDrafted,
    StatementRejected,
    StatementSigned,
    StatementUsed,
    StatementWithdrawn,
    UserNamed,
    UserRegistered,
)
from ledger.domain.passkey import AssertionEvidence, RegistrationEvidence
from ledger.domain.policy import Node
from ledger.errors import CorruptError
from tests.support.changes import values
from tests.support.heads import HEADS
from tests.support.keys import ed25519_key
from tests.support.links import link_key
from tests.support.refusals import refused

STREAM = "7d3c2a52-1f6a-4a52-8b39-0d5c53a4f001"
AT = "2026-11-21T03:04:05.678Z"
JWK = ed25519_key(1).jwk
OKP = link_key("setup").jwk

REGISTERED = UserRegistered(STREAM, "investor")
NAMED = UserNamed("Åsa", ("0" * 64,), "17.0.0")
ADDED = PasskeyAdded(
    credential_id="credential",
    public_key="public",
    algorithm=-7,
    sign_count=0,
    aaguid="",
    backed_up=False,
    transports=(),
    nonce="nonce",
    registration=RegistrationEvidence("client", "attestation"),
)
ATTESTED = KeyAttested(
    kid="kid",
    jwk=JWK,
    nonce="nonce",
    home="device",
    assertion=AssertionEvidence("credential", "client", "data", "signature"),
    sign_count=0,
    possession="possession",
)
SIGNED = StatementSigned("bob", "kid", ("investor",), "shared", 1, "approved", "JWS")
REJECTED = StatementRejected("bob", "kid", ("investor",), "Too little.", 1, "rejected", "ACT")
RETRACTED = ApprovalRetracted("bob", "kid", 1, "ACT")
USED = StatementUsed("bob", "kid", 2, 1, "NONCE", "ACT")
REPORTED = OutcomeReported("bob", "kid", 2, 1, "not-done", True, "ACT")
WITHDRAWN = StatementWithdrawn("alice", "kid", "ACT")
DRAFTED = StatementDrafted("DOCUMENT", "alice", "kid", "ACT", AT)
OF_THE_LEDGER: list[Body] = [
    LedgerCreated("ledger", "origin", "rp", "open", JWK, "ACT", OKP, HEADS),
    LogKeysAnnounced(("vkey",), 1, "ACT"),
    LogKeysRetired(("vkey",), 1, "ACT"),
    HeadsKeyReplaced(HEADS, "ACT"),
    LogFrozen("Because it ends.", "ACT"),
]


def event(body: Body, version: int = 1) -> Event:
    return Event(UUID(STREAM), version, AT, body)


def sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def written(*bodies: Body) -> tuple[bytes, list[Any]]:
    """Return the key and the decoded answers of a write about people or the ledger."""
    told = [event(body, version) for version, body in enumerate(bodies, start=1)]
    receipt = receipts.written(told, [b"state %d" % version for version in range(len(told))])
    return receipt.key, [json.loads(each) for each in receipt.answers]


@pytest.mark.parametrize(
    ("body", "hashed", "status"),
    [
        (SIGNED, f"sign\0{STREAM}\0JWS", "approved"),
        (msgspec.structs.replace(SIGNED, status="pending"), f"sign\0{STREAM}\0JWS", "pending"),
        (REJECTED, f"reject\0{STREAM}\0ACT", "rejected"),
        (RETRACTED, f"retract\0{STREAM}\0ACT", "pending"),
        (WITHDRAWN, f"withdraw\0{STREAM}\0ACT", "withdrawn"),
    ],
)
def test_the_answer_to_a_decision_is_the_status_and_the_number_of_approvals(
    body: Body, hashed: str, status: str
) -> None:
    receipt = receipts.written_about_statement(event(body), approvals=2)
    assert receipt.key == sha256(hashed)
    assert [json.loads(each) for each in receipt.answers] == [
        {"statementId": STREAM, "status": status, "approvals": 2}
    ]


@pytest.mark.parametrize(
    ("body", "hashed", "more"),
    [
        (USED, f"use\0{STREAM}\0bob\0NONCE", {}),
        (REPORTED, f"outcome\0{STREAM}\0ACT", {"outcome": "not-done", "frees": True}),
    ],
)
def test_a_use_is_known_by_its_user_and_nonce_and_an_outcome_by_its_act(
    body: Body, hashed: str, more: dict[str, Any]
) -> None:
    receipt = receipts.written_about_statement(event(body), approvals=2)
    answer = {"statementId": STREAM, "number": 2, "generation": 1} | more
    assert receipt.key == sha256(hashed)
    assert [json.loads(each) for each in receipt.answers] == [answer]


def test_a_draft_is_answered_with_or_without_the_warning_that_nobody_can_meet_its_policy() -> None:
    receipt = receipts.written_about_statement(event(DRAFTED), approvals=0)
    answer = {
        "statementId": STREAM,
        "sha256": hashlib.sha256(b"DOCUMENT").hexdigest(),
        "status": "pending",
    }
    assert receipt.key == sha256("draft\0ACT\0DOCUMENT")
    assert [json.loads(each) for each in receipt.answers] == [
        answer | {"warnings": []},
        answer | {"warnings": ["policy_not_yet_satisfiable"]},
    ]


@pytest.mark.parametrize(
    ("body", "hashed", "answer"),
    [
        (ATTESTED, "add-key\0signature\0possession", {"kid": "kid"}),
        (
            msgspec.structs.replace(ADDED, act="ACT"),
            "add-passkey\0attestation\0ACT",
            {"credentialId": "credential"},
        ),
        (ADDED, "add-passkey\0attestation\0", {"credentialId": "credential"}),
        (
            KeyRevoked("kid", "another", "ACT"),
            f"act\0{STREAM}\0ACT",
            {"kid": "kid"},
        ),
        (
            PasskeyRemoved("credential", "kid", "ACT", ATTESTED.assertion, 0),
            f"act\0{STREAM}\0ACT",
            {"credentialId": "credential"},
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_request_about_a_person_has_the_key_of_its_evidence(
    body: Body, hashed: str, answer: dict[str, str]
) -> None:
    assert written(body) == (sha256(hashed), [answer])


EFFECT = RoleGranted("change", "auditor")
CHANGE_DRAFTED = msgspec.structs.replace(DRAFTED, type="ledger/change")


@pytest.mark.parametrize("effects", [(), (EFFECT,), (EFFECT, EFFECT)])
def test_a_change_is_one_request_with_its_approval_and_its_effects(
    effects: tuple[RoleGranted, ...],
) -> None:
    bodies: list[Body] = [CHANGE_DRAFTED, SIGNED, *effects]
    told = [event(each) for each in bodies]
    receipt = receipts.written_about_change(told, approvals=1)
    assert receipt.key == sha256("change\0ACT\0DOCUMENT\0JWS")
    assert [json.loads(each) for each in receipt.answers] == [
        {
            "statementId": STREAM,
            "sha256": hashlib.sha256(b"DOCUMENT").hexdigest(),
            "status": "approved",
            "approvals": 1,
        }
    ]


def test_a_later_approval_of_a_change_is_answered_as_any_other() -> None:
    receipt = receipts.written_about_change([event(SIGNED), event(EFFECT)], approvals=2)
    assert receipt == receipts.written_about_statement(event(SIGNED), approvals=2)


def test_a_change_that_is_drafted_alone_is_a_request_without_an_approval() -> None:
    receipt = receipts.written_about_change([event(CHANGE_DRAFTED)], approvals=0)
    assert receipt.key == sha256("change\0ACT\0DOCUMENT\0")
    (answer,) = map(json.loads, receipt.answers)
    assert (answer["status"], answer["approvals"]) == ("pending", 0)


@pytest.mark.parametrize(
    "body",
    [
        EFFECT,
        RoleEnded("change", "auditor"),
        StandingSet("change", "suspended"),
        InvitationIssued("change", "id", "investor", OKP, AT),
        InvitationCancelled("change", "id"),
        RoleDefined("change", "legal"),
        RoleClosed("change", "legal"),
        CharterSet("change", values("open")),
        GovernanceSet("change", Node(1, ("role:administrator",))),
    ],
    ids=lambda body: type(body).__name__,
)
def test_an_effect_is_no_request_of_its_own(body: Body) -> None:
    with refused(CorruptError, "event_misplaced"):
        written(body)


@pytest.mark.parametrize("named", [(NAMED,), ()], ids=["named", "its name is erased"])
def test_a_registration_is_one_request_with_four_events(named: tuple[Body, ...]) -> None:
    assert written(REGISTERED, ADDED, ATTESTED, *named) == (
        sha256("register\0attestation\0possession"),
        [
            {
                "user": {
                    "id": STREAM,
                    "roles": ["investor"],
                    "credentialIds": ["credential"],
                    "kids": ["kid"],
                },
                "kid": "kid",
            }
        ],
    )


@pytest.mark.parametrize(
    "bodies",
    [
        (REGISTERED,),
        (REGISTERED, ADDED),
        (REGISTERED, ATTESTED, ADDED),
        (REGISTERED, ADDED, ATTESTED, ATTESTED),
        (REGISTERED, ADDED, ATTESTED, NAMED, NAMED),
        (NAMED,),
    ],
    ids=len,
)
def test_a_registration_without_its_passkey_and_key_has_no_receipt(bodies: tuple[Body]) -> None:
    with refused(CorruptError, "registration_torn"):
        written(*bodies)


@pytest.mark.parametrize("body", OF_THE_LEDGER, ids=lambda body: body.TAG)
def test_an_event_of_the_ledger_was_asked_for_by_nobody(body: Body) -> None:
    receipt = receipts.written([event(body)], [b"one ", b"after another"])
    assert (receipt.key, receipt.answers) == (sha256("one after another"), (b"",))


@pytest.mark.parametrize("body", [*OF_THE_LEDGER, REGISTERED, ADDED], ids=lambda body: body.TAG)
def test_only_events_of_a_statement_are_about_a_statement(body: Body) -> None:
    with refused(CorruptError, "event_misplaced"):
        receipts.written_about_statement(event(body), approvals=0)


@pytest.mark.parametrize("body", [DRAFTED, SIGNED, REJECTED, WITHDRAWN], ids=lambda body: body.TAG)
def test_an_event_of_a_statement_is_not_about_people(body: Body) -> None:
    with refused(CorruptError, "event_misplaced"):
        written(body)
